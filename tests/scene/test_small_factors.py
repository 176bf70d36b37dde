"""Where images hardly differ in size, few of them are seen at a time, and frames are right.

Touches bpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, MaskShape, ZoomSettings
from tests.pictures import Array, Nest, read, waves

SIZE = (96, 96)
STEPS = 4  # frames from one image to the next
# A pixel on a hard edge may go to either side. A strip's soft edge is a picture, which is read
# between its pixels: corners come out rounder.
MAY_BE_WRONG = {Engine.WORKBENCH: 0.02, Engine.SEQUENCER: 0.002}
ENGINES = pytest.mark.parametrize(
    "engine", [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH, Engine.SEQUENCER]
)


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def build(scene: Any, nest: Nest, folder: Path, engine: Engine, **values: Any) -> Any:
    images = [SeriesImage(file, *nest.size) for file in nest.files(folder)]
    series = Series(tuple(images[::-1]), uniform_steps(len(images), nest.factor))
    settings = ZoomSettings(
        zoom_factor=nest.factor,
        zoom_steps=STEPS,
        start_frame=0,
        crop=nest.crop,
        feather=nest.feather,
        mask_shape=MaskShape.ELLIPSE if nest.ellipse else MaskShape.RECTANGLE,
        roll=nest.roll,
        engine=engine,
        **values,
    )
    return zooms.build_zoom(scene, series, settings)


def render(scene: Any, folder: Path, frames: Sequence[int]) -> list[Array]:
    for frame in frames:
        rendering.render_animation(scene, f"{folder}/", frame, frame)
    return [read(folder / f"frame_{frame:05}.png") for frame in frames]


def layers_seen(scene: Any, frame: int) -> int:
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    return sum(
        not item.evaluated_get(graph).hide_render for item in scene.objects if item.type == "MESH"
    )


@ENGINES
@pytest.mark.parametrize(
    ("count", "factor", "stays", "values"),
    [
        pytest.param(16, 1.333, 1, {"feather": 0.25}, id="usual steps"),
        pytest.param(48, 1.06, 8, {"feather": 0.25}, id="soft"),
        pytest.param(64, 1.01, 22, {"feather": 0.25}, id="soft, tiny steps"),
        pytest.param(48, 1.06, 4, {"feather": 0.05, "roll": 0.1, "crop": 0.65}, id="rolled"),
        pytest.param(48, 1.06, 12, {"feather": 0.25, "ellipse": True}, id="ellipses"),
    ],
)
def test_every_image_is_seen_as_much_as_it_should(
    count: int,
    factor: float,
    stays: int,
    values: dict[str, Any],
    engine: Engine,
    scene: Any,
    tmp_path: Path,
    picture_folder: Path,
) -> None:
    """The pictures have nothing in common: one that is missing or before another is seen."""
    nest = Nest([waves(seed, 1.0) for seed in range(count)], SIZE, factor, stays=stays, **values)
    build(scene, nest, tmp_path, engine)
    is_hard = engine is Engine.WORKBENCH
    arrival = STEPS * (count - 8)
    frames = [arrival, arrival + 6]  # the other one between two images
    for frame, picture in zip(frames, render(scene, picture_folder, frames), strict=True):
        truth = nest.view(
            frame / STEPS,
            soft=not is_hard,
            fade=not is_hard,
            encoded=engine is Engine.SEQUENCER,
        )
        wrong = np.abs(picture - truth).max(axis=2) * 255 > 4.0
        assert wrong.mean() <= MAY_BE_WRONG.get(engine, 0.0), frame
        if engine is not Engine.SEQUENCER:
            assert layers_seen(scene, frame) <= 6
