"""However deep a zoom is, its frames are as exact as the first ones. Touches bpy.

The series is one image over and over, which contains itself at a smaller size. So the same picture
must come again with every image, to the last bit: what gets lost with depth shows as a difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import compat, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Array, Nest, error, paint, read, save, self_similar


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def build_deep(scene: Any, folder: Path, count: int, factor: float, engine: Engine) -> Any:
    """The same image `count` times, two frames from one to the next."""
    file = save(paint(self_similar(factor), (80, 60)), folder / "spiral.png")
    image = SeriesImage(file, 80, 60)
    series = Series((image,) * count, uniform_steps(count, factor))
    settings = ZoomSettings(zoom_factor=factor, zoom_steps=2, start_frame=0, engine=engine)
    return zooms.build_zoom(scene, series, settings)


def render(scene: Any, folder: Path, first: int, last: int, *, sharp: bool = True) -> list[Array]:
    rendering.render_animation(scene, f"{folder}/", first, last, sharp=sharp)
    return [read(folder / f"frame_{number:05}.png") for number in range(first, last + 1)]


def largest_difference(
    scene: Any, folder: Path, levels: list[int], *, sharp: bool = True
) -> dict[int, float]:
    """How far frames at zoom levels, and half a level on, are off those at the third image."""
    # In EEVEE a frame takes seconds on a machine without a GPU.
    also = 0 if scene.render.engine == compat.EEVEE else 1
    first = render(scene, folder, 4, 4 + also, sharp=sharp)
    assert first[0].shape == (48, 64, 3)
    assert np.ptp(first[0]) > 0.3  # there is something to see
    assert not also or np.abs(first[0] - first[1]).max() > 0.1
    result = {}
    for level in levels:
        again = render(scene, folder, 2 * level, 2 * level + also, sharp=sharp)
        result[level] = 255 * float(np.abs(np.array(again) - np.array(first)).max())
    return result


# Around where the world is re-based, every 12 doublings, and near the end: the last images lack the
# smaller ones in their middle.
@pytest.mark.parametrize(
    ("engine", "sharp", "count", "levels"),
    [
        (Engine.CYCLES, True, 60, [11, 12, 13, 53]),
        (Engine.CYCLES, True, 400, [208, 393]),
        (Engine.CYCLES, False, 60, [4, 16, 35]),
        (Engine.CYCLES, False, 200, [148, 193]),
        (Engine.WORKBENCH, False, 60, [11, 12, 13, 53]),
        (Engine.WORKBENCH, False, 400, [208, 393]),
        (Engine.SEQUENCER, False, 60, [11, 12, 13, 53]),
        (Engine.SEQUENCER, False, 200, [148, 193]),
        (Engine.EEVEE, True, 200, [148]),
    ],
)
def test_every_image_shows_the_same_picture(
    engine: Engine,
    sharp: bool,
    count: int,
    levels: list[int],
    scene: Any,
    tmp_path: Path,
    picture_folder: Path,
) -> None:
    build_deep(scene, tmp_path, count, 2.0, engine)
    found = largest_difference(scene, picture_folder, levels, sharp=sharp)
    assert found == dict.fromkeys(levels, 0.0)


@pytest.mark.parametrize("factor", [1.5, 1.333, 3.0])
def test_other_factors_differ_by_no_more_than_rounding(
    factor: float, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    """Powers of them are no exact numbers: a value between two levels may go to either."""
    build_deep(scene, tmp_path, 100, factor, Engine.CYCLES)
    found = largest_difference(scene, picture_folder, [20, 88])
    assert max(found.values()) <= 1.0001


def test_the_camera_scales_by_exact_powers_of_two(scene: Any, tmp_path: Path) -> None:
    control = build_deep(scene, tmp_path, 200, 2.0, Engine.CYCLES)
    camera = next(objects.parts(control, "camera"))
    seen = set()
    for level in range(199):
        scene.frame_set(2 * level)
        evaluated = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        distance = evaluated.matrix_world.translation.length
        seen.add(
            (
                np.frexp(evaluated.location[2])[0],
                np.frexp(evaluated.data.clip_start)[0],
                np.frexp(evaluated.data.clip_end)[0],
            )
        )
        assert 1e-4 < distance < 100.0
    assert len(seen) == 1


def test_a_thousand_images(scene: Any, tmp_path: Path, picture_folder: Path) -> None:
    build_deep(scene, tmp_path, 1000, 2.0, Engine.CYCLES)
    assert scene.frame_end == 1998
    (frame,) = render(scene, picture_folder, 1980, 1980)
    nest = Nest([self_similar()] * 12, (80, 60))
    truth = nest.view(9.0)
    # All but the middle, where the spiral is finer than a pixel.
    away = np.abs(frame - truth).max(axis=2) * 255 > 4.0
    assert away.mean() < 0.01
    assert error(frame, truth)[0] < 4.0
