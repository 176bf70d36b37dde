"""Pictures that show all that is seen in a step.

What a pixel must be is worked out here, point by point, from where it lies in the layers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core import step_pictures as module
from ai_ever_zoom_addon.core.drawing import draw
from ai_ever_zoom_addon.core.plan.plan import Layer, Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.core.step_pictures import (
    StepPicture,
    changes_colours,
    step_pictures,
)
from ai_ever_zoom_addon.settings import FrameSize, MaskShape, ZoomSettings

Array = NDArray[np.float64]
Sources = list[NDArray[np.uint8]]

SETTINGS = ZoomSettings(is_factor_measured=True, zoom_steps=10, feather=0.1)
COLOURS = np.array([[200, 60, 40], [50, 180, 70], [40, 70, 210], [220, 210, 90]], np.float64)
UNEVEN = (Step(2.0, (0.06, -0.04)), Step(1.6, (-0.05, 0.03)), Step(2.5, (0.1, 0.1)))
SIZES = [(200, 160), (151, 201), (320, 180), (200, 160)]


def plan_of(
    steps: tuple[Step, ...], settings: ZoomSettings, sizes: list[tuple[int, int]] = SIZES
) -> Plan:
    images = (SeriesImage(Path(f"{n}.png"), *sizes[n % 4]) for n in range(len(steps) + 1))
    return make_plan(Series(tuple(images), steps), settings)


def places(picture: StepPicture, layer: Layer) -> tuple[Array, Array]:
    """Where the pixels of a picture lie, in the layer's widths from its centre, x right, y up."""
    width, height = picture.size
    x = (np.arange(width) + 0.5 - width / 2.0) * picture.pixel + picture.centre[0]
    y = (height / 2.0 - np.arange(height) - 0.5) * picture.pixel + picture.centre[1]
    scale = picture.zoom_factor ** (layer.level - picture.layer.level)
    x, y = (
        (values * scale - centre) / layer.width
        for values, centre in zip((x, y), layer.centre, strict=True)
    )
    return x[None, :], y[:, None]


def expected(picture: StepPicture, opacities: dict[int, float] | None = None) -> Array:
    """Flat images over one another, 0 to 255, with the opacity multiplied in; its own 0 to 255."""
    width, height = picture.size
    result = np.zeros((height, width, 4))
    for layer in picture.layers:
        inside = layer.mask.inside(*places(picture, layer))
        alpha = inside * inside * (3.0 - 2.0 * inside) * (opacities or {}).get(layer.index, 1.0)
        colour = np.array([*COLOURS[layer.index], 255.0])
        result += alpha[..., None] * (colour - result)
    return result


def flat(picture: StepPicture, opacities: dict[int, float] | None = None) -> Sources:
    sources = []
    for layer in picture.layers:
        alpha = 255.0 * (opacities or {}).get(layer.index, 1.0)
        pixel = np.rint([*COLOURS[layer.index], alpha]).astype(np.uint8)
        sources.append(np.tile(pixel, (layer.image.height, layer.image.width, 1)))
    return sources


def seen(picture: StepPicture, plan: Plan) -> tuple[slice, slice]:
    """The part of a picture that is in any view."""
    levels = np.linspace(picture.visible_from, min(picture.visible_until, plan.depth), 50)
    scale = plan.zoom_factor ** (picture.layer.level - levels)[:, None]
    centres = plan.path(levels)[0] * scale
    half = np.stack(plan.view.half_extent(levels), axis=1) * scale
    parts = []
    for axis, sign in ((1, -1.0), (0, 1.0)):
        middle = picture.size[axis] / 2.0
        ends = sign * (centres[:, axis] - picture.centre[axis])
        low = (ends - half[:, axis]).min() / picture.pixel + middle
        high = (ends + half[:, axis]).max() / picture.pixel + middle
        parts.append(slice(math.floor(low), math.ceil(high)))
    return parts[0], parts[1]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(SETTINGS, id="plain"),
        pytest.param(replace(SETTINGS, feather=0.01, crop=0.95), id="narrow"),
        pytest.param(replace(SETTINGS, mask_shape=MaskShape.ELLIPSE), id="ellipse"),
        pytest.param(replace(SETTINGS, roll=0.3, target=(0.1, -0.05)), id="roll, target"),
        pytest.param(
            replace(SETTINGS, resolution_from=FrameSize.PIXELS, resolution=(700, 300)), id="wide"
        ),
    ],
)
@pytest.mark.parametrize("steps", [uniform_steps(4, 2.0), UNEVEN], ids=["centred", "off centre"])
def test_every_layer_is_in_its_place(steps: tuple[Step, ...], settings: ZoomSettings) -> None:
    sizes = SIZES[:1] * 4 if steps is not UNEVEN else SIZES
    plan = plan_of(steps, settings, sizes)
    pictures = step_pictures(plan)
    assert [picture.layer.index for picture in pictures] == [1, 2, 3]
    for picture in pictures:
        part = seen(picture, plan)
        assert all(
            side.start >= 0 and side.stop <= count
            for side, count in zip(part, picture.size[::-1], strict=True)
        )
        drawn = draw(picture, flat(picture))
        wanted = expected(picture)[part]
        if drawn.shape[2] == 4:  # beyond the outermost image there is nothing
            assert np.abs(drawn[part][..., 3] - wanted[..., 3]).mean() < 0.5
            wanted = np.where(wanted[..., 3:] > 250.0, wanted, drawn[part])
        error = np.abs(drawn[part][..., :3] - wanted[..., :3]).max(axis=2)
        hard = 0.02 if drawn.shape[2] == 4 else 0.0
        assert (error > 1.5).mean() <= hard


@pytest.mark.parametrize("factor", [1.4, 2.0, 4.0])
def test_images_are_resampled_to_where_they_lie(factor: float) -> None:
    """A slope, seen through all layers, is the same slope in the picture."""
    steps = tuple(Step(factor, offset) for offset in ((0.03, -0.02), (-0.01, 0.04), (0.02, 0.02)))
    plan = plan_of(steps, SETTINGS)
    for picture in step_pictures(plan):
        width, height = picture.size
        reach = picture.pixel * math.hypot(width, height)

        def slope(
            x: Array, y: Array, picture: StepPicture = picture, reach: float = reach
        ) -> Array:
            x, y = x - picture.centre[0], y - picture.centre[1]
            return 128.0 + 100.0 * (x + 0.5 * y) / reach

        sources = []
        for layer in picture.layers:
            columns, rows = layer.image.width, layer.image.height
            scale = picture.zoom_factor ** (picture.layer.level - layer.level)
            x = ((np.arange(columns) + 0.5) / columns - 0.5) * layer.width + layer.centre[0]
            y = (0.5 - (np.arange(rows) + 0.5) / rows) * layer.width * layer.aspect
            values = slope(x[None, :] * scale, (y[:, None] + layer.centre[1]) * scale)
            values = np.clip(np.rint(values), 0, 255).astype(np.uint8)
            source = np.full((rows, columns, 4), 255, np.uint8)
            source[..., :3] = values[..., None]
            sources.append(source)
        drawn = draw(picture, sources)
        x, y = places(picture, picture.layer)
        x, y = (
            values * picture.layer.width + centre
            for values, centre in zip((x, y), picture.layer.centre, strict=True)
        )
        error = np.abs(drawn[..., 0] - slope(x, y))[seen(picture, plan)]
        assert error.max() < 1.6
        assert error.mean() < 0.4


@pytest.mark.parametrize("much", [0.3, 0.5, 1.0])
def test_all_layers_have_the_colours_of_the_moment(much: float) -> None:
    """To one level, from when the picture is all that is seen until the next one comes."""
    gains = [
        (1.0 + much * red, 1.0 + much * green, 1.0 + much * blue)
        for red, green, blue in ((0.02, -0.01, 0.0), (-0.005, 0.0, 0.025), (0.0, 0.024, -0.02))
    ]
    steps = tuple(Step(2.0, gain=gain) for gain in gains)
    plan = plan_of(steps, SETTINGS, SIZES[:1] * 4)
    light = [np.array([0.3, 0.9, 0.99])]  # in linear light, from the outermost
    for gain in gains:
        light.append(light[-1] / np.array(gain))
    encoded = [1.055 * value ** (1 / 2.4) - 0.055 for value in light]
    for picture in step_pictures(plan):
        assert not changes_colours(plan, picture)
        sources = []
        for layer in picture.layers:
            pixel = np.array([*encoded[layer.index], 1.0], np.float32)
            sources.append(np.tile(pixel, (layer.image.height, layer.image.width, 1)))
        drawn = draw(picture, sources)[..., :3] * 255.0
        assert np.ptp(drawn, axis=(0, 1)).max() < 0.01  # no seam
        step = picture.layer.index
        for part in np.linspace(0.35, 1.0, 20):
            colours = light[step - 1] + part * (light[step] - light[step - 1])
            wanted = 255.0 * (1.055 * colours ** (1 / 2.4) - 0.055)
            assert np.abs(drawn - wanted).max() < 1.0
        if much < 0.5:
            assert np.abs(drawn - 255.0 * encoded[step]).max() < 0.01


def test_a_picture_cannot_show_colours_that_change_much() -> None:
    plan = plan_of((Step(2.0), Step(2.0, gain=(1.0, 1.04, 1.0))), SETTINGS)
    assert [changes_colours(plan, picture) for picture in step_pictures(plan)] == [False, True]


@pytest.mark.parametrize("is_float", [False, True])
def test_what_is_see_through_shows_what_is_behind_it(*, is_float: bool) -> None:
    plan = plan_of(uniform_steps(4, 2.0), SETTINGS, SIZES[:1] * 4)
    opacities = {1: 102 / 255, 2: 204 / 255}
    for picture in step_pictures(plan):
        part = seen(picture, plan)
        sources = flat(picture, opacities)
        if is_float:
            floats = [source.astype(np.float32) / 255.0 for source in sources]
            for source in floats:
                source[..., :3] *= source[..., 3:]
            drawn = draw(picture, floats) * 255.0
        else:
            drawn = draw(picture, sources).astype(np.float64)
            drawn[..., :3] *= drawn[..., 3:] / 255.0
        assert np.abs(drawn - expected(picture, opacities))[part].max() < 2.0


def test_what_no_such_picture_can_show_is_left_to_the_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def count(steps: tuple[Step, ...], feather: float = 0.1) -> int:
        return len(step_pictures(plan_of(steps, replace(SETTINGS, feather=feather))))

    assert count(uniform_steps(4, 2.0)) == 3
    assert count(uniform_steps(100, 2.0)) == 99
    assert count(uniform_steps(101, 2.0)) == 0
    assert count((Step(2.0), Step(2.0, turn=15.0))) == 0
    assert count(uniform_steps(60, 1.05), feather=0.2) == 0  # images fade out again
    monkeypatch.setattr(module, "MOST_PIXELS", 100_000)
    assert count(uniform_steps(4, 2.0)) == 0


def test_pictures_are_finer_than_frames_and_not_finer_than_useful() -> None:
    for size, factor, resolution in (
        ((200, 160), 2.0, (160, 128)),
        ((200, 160), 1.5, (160, 128)),
        ((2000, 1600), 2.0, (160, 128)),
        ((200, 160), 2.0, (1600, 1280)),
        ((8192, 8192), 2.0, (6000, 6000)),
    ):
        settings = replace(SETTINGS, resolution_from=FrameSize.PIXELS, resolution=resolution)
        plan = plan_of(uniform_steps(4, factor), settings, [size] * 4)
        for picture in step_pictures(plan):
            of_frame = plan.view_size[0] / resolution[0]
            coarser = max(of_frame, picture.layer.width / size[0])
            assert 1.0 <= coarser / picture.pixel <= 2.0
            wide = factor * plan.view_size[0] / picture.pixel
            assert wide <= picture.size[0] <= 1.1 * wide + 10
