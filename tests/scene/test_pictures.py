"""Rendered frames are the pictures that a zoom must show: place, size, mask, colour. Touches bpy.

The pictures are calculated from patterns in tests/pictures.py, without the code under test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import animation, build
from ai_ever_zoom_addon.settings import MaskShape, ZoomSettings
from tests.pictures import Array, Nest, Pattern, error, read, waves

PLAIN = ZoomSettings(
    zoom_factor=2.0, zoom_steps=4, align=False, match_colour=False, start_frame=0, feather=0.05
)
PATTERNS: list[Pattern] = [waves(seed) for seed in range(3)]


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def render(scene: Any, folder: Path, first: int, last: int | None = None) -> list[Array]:
    last = first if last is None else last
    animation.render_animation(scene, f"{folder}/", first, last)
    return [read(folder / f"frame_{number:05}.png") for number in range(first, last + 1)]


def build_files(scene: Any, files: Iterable[Path], settings: ZoomSettings) -> Any:
    series, _ = build.find_series(list(files), settings)
    return build.build_zoom(scene, series, settings)


def build_nest(scene: Any, nest: Nest, folder: Path, settings: ZoomSettings) -> Any:
    """Build a series whose steps are known."""
    files = reversed(nest.files(folder))
    images = tuple(SeriesImage(file, *nest.size) for file in files)
    offsets = nest.offsets or [(0.0, 0.0)] * len(nest.steps)
    steps = tuple(Step(f, o) for f, o in zip(nest.steps, offsets, strict=True))
    shape = MaskShape.ELLIPSE if nest.ellipse else MaskShape.RECTANGLE
    settings = replace(settings, crop=nest.crop, feather=nest.feather, mask_shape=shape)
    return build.build_zoom(scene, Series(images, steps), settings)


NESTS = {
    "square": Nest(PATTERNS),
    "landscape": Nest(PATTERNS, (120, 80), feather=0.1),
    "portrait, odd": Nest(PATTERNS, (71, 113), crop=0.6),
    "factor 1.333": Nest(PATTERNS, (100, 80), factors=1.333),
    "large factor": Nest(PATTERNS, (100, 80), factors=3.7),
    "uneven factors": Nest(PATTERNS, (100, 80), factors=[1.6, 2.5]),
    "ellipse": Nest(PATTERNS, (100, 100), ellipse=True, feather=0.1),
    "wide feather": Nest(PATTERNS, (100, 80), feather=0.25),
    "small crop": Nest(PATTERNS, (200, 160), crop=0.3),
    "large crop": Nest(PATTERNS, (100, 80), crop=0.94),
}


@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS.keys())
def test_every_frame_is_right_in_cycles(
    nest: Nest, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    # 7 frames a step: levels that are no fractions of whole pixels.
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=7))
    for frame, picture in enumerate(render(scene, picture_folder, 0, 14)):
        deviation, worst = error(picture, nest.view(frame / 7))
        # Twice rounding to 8 bits, and what interpolating between pixels costs: no more.
        assert deviation < 0.5, frame
        assert worst < 2.0, frame


def test_a_second_render_shows_its_own_images(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    """Engines keep images for the next frame; they must not for the next render."""
    nest = NESTS["square"]
    build_nest(scene, nest, tmp_path, replace(PLAIN, zoom_steps=4))
    for _ in range(3):
        for frame in (1, 6, 3, 8):
            (picture,) = render(scene, picture_folder, frame)
            assert error(picture, nest.view(frame / 4))[1] < 2.0
