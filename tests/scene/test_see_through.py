"""What is see-through shows what is behind it, in every engine, and no hidden colour. bpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import loading, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings

WIDTH, HEIGHT = 200, 160
SETTINGS = ZoomSettings(is_factor_measured=True, zoom_steps=4, start_frame=0, crop=0.8, feather=0.1)
STEPS = (Step(2.0), Step(2.0))
HIDDEN = (1.0, 0.0, 1.0)  # a colour that nothing else has anything of

# What is see-through of an image, in its widths from its centre: all around, and a hole.
RIM = 0.36, 0.27
HOLE_CENTRE, HOLE_RADIUS = (0.17, 0.08), 0.07

# Of the planes without feather, trimmed by their mesh
HARD = replace(SETTINGS, feather=0.0)


def light(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The one smooth picture that all images are views of: linear light, most of it green."""
    wave = 0.4 + 0.1 * np.sin(20 * x) + 0.1 * np.cos(17 * y)
    return np.asarray(np.stack([0.2 * wave, 0.2 + wave, 0.3 * wave], axis=-1) ** 2)


def encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light from 0 to 1, sRGB-encoded (IEC 61966-2-1)."""
    above = 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, above)


def distance_into(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far places are inside the visible part of an image, in its widths."""
    within_rim = np.minimum(RIM[0] - abs(x), RIM[1] - abs(y))
    return np.minimum(within_rim, np.hypot(x - HOLE_CENTRE[0], y - HOLE_CENTRE[1]) - HOLE_RADIUS)


def centres(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places of pixels, in widths from the middle, y up."""
    y, x = np.mgrid[:height, :width] + 0.5
    return x / width - 0.5, (0.5 * height - y) / width


def write_series(folder: Path) -> Series:
    """Three images with a see-through rim and hole, in which a colour is hidden."""
    images = []
    x, y = centres(WIDTH, HEIGHT)
    for number in range(len(STEPS) + 1):
        picture = np.empty((HEIGHT, WIDTH, 4), np.float32)
        picture[..., :3] = encoded(light(x / 2**number, y / 2**number))
        is_seen = distance_into(x, y) > 0.0
        picture[..., 3] = is_seen
        picture[~is_seen, :3] = HIDDEN
        file = folder / f"picture_{number}.png"
        save(file, picture)
        images.append(SeriesImage(file, WIDTH, HEIGHT))
    return Series(tuple(images), STEPS)


def save(file: Path, picture: NDArray[np.float32]) -> None:
    """Write RGBA, opacity not multiplied in, as an 8-bit PNG file, by Blender."""
    height, width = picture.shape[:2]
    image: Any = bpy.data.images.new("picture", width, height, alpha=True)
    image.alpha_mode = "CHANNEL_PACKED"  # so that hidden colours are kept
    image.pixels.foreach_set(picture[::-1].ravel())
    image.filepath_raw, image.file_format = str(file), "PNG"
    image.save()
    bpy.data.images.remove(image)


def expected(plan: Plan, frame: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The frame, sRGB-encoded 0 to 1, and where it is known: away from edges and soft ones."""
    level = plan.level_at(frame)
    width, height = plan.resolution
    x, y = (value * plan.view_size[0] / 2.0**level for value in centres(width, height))
    pixel = plan.view_size[0] / 2.0**level / width
    covered, is_known = np.zeros_like(x), np.ones(x.shape, bool)
    for layer in plan.layers:
        if not layer.visible_from < level <= layer.visible_until:
            continue
        scale = 2.0**layer.index
        into = distance_into(x * scale, y * scale)
        opacity = (into > 0.0).astype(float)
        is_known &= abs(into) > 2.0 * max(pixel * scale, 1.0 / WIDTH)
        if layer.index:
            half = plan.settings.crop / 2.0
            inside = np.minimum(half - abs(x * scale), half * HEIGHT / WIDTH - abs(y * scale))
            is_known &= abs(inside) > 2.0 * max(pixel * scale, 1.0 / WIDTH)
            feather = max(plan.settings.feather * HEIGHT / WIDTH, 1e-9)
            part = np.clip(inside / feather, 0.0, 1.0)
            opacity *= part * part * (3.0 - 2.0 * part)
            fade = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
            fade = np.clip(fade, 0.0, 1.0)
            opacity *= fade * fade * (3.0 - 2.0 * fade)
        covered += (1.0 - covered) * opacity
    is_known &= (covered == 0.0) | (covered == 1.0)
    return encoded(light(x, y) * covered[..., None]), is_known


@pytest.mark.parametrize(
    ("engine", "numbers"),
    [
        pytest.param(Engine.CYCLES, range(9), id="cycles"),
        pytest.param(Engine.SEQUENCER, range(9), id="sequencer"),
        pytest.param(Engine.WORKBENCH, range(9), id="workbench"),
        pytest.param(Engine.EEVEE, range(4, 5), id="eevee"),
    ],
)
def test_no_engine_shows_hidden_colours(engine: Engine, numbers: range, tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = write_series(tmp_path)
    settings = replace(HARD if engine is Engine.WORKBENCH else SETTINGS, engine=engine)
    zooms.build_zoom(scene, series, settings)
    plan = make_plan(series, settings)
    out = tmp_path / "out"
    rendering.render_animation(scene, f"{out}/", numbers[0], numbers[-1])
    for number in numbers:
        shown = loading.read_pixels(out / f"frame_{number:05}.png")
        truth, is_known = expected(plan, number)
        assert is_known.mean() > 0.7
        assert abs(shown - truth)[is_known].max() * 255 < 2.0, number
        hidden = np.minimum(shown[..., 0], shown[..., 2]) - shown[..., 1]
        assert hidden.max() * 255 < 3.0, number
        if number == 0:  # there is something to see through
            assert (truth[is_known].max(axis=1) == 0.0).mean() > 0.2
