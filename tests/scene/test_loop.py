"""A loop's last frame continues into its first. Touches bpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.core.plan.plan import make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import compat, loading, measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors, objects
from ai_ever_zoom_addon.settings import Engine, FrameSize, Travel, ZoomSettings
from tests.pictures import cells

WIDTH, HEIGHT = 120, 80
LOOP = ZoomSettings(
    is_factor_measured=True, zoom_steps=3, start_frame=0, travel=Travel.LOOP, feather=0.08
)
BOTH = pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])
CENTRED = (Step(2.0), Step(2.0), Step(2.0))
UNEVEN = (
    Step(2.0, (0.04, -0.02), (0.9, 1.0, 1.1)),
    Step(1.5, (-0.03, 0.02)),
    Step(1.8, (0.0, 0.03), (1.1, 0.95, 1.0)),
)


def unlike(folder: Path, steps: tuple[Step, ...]) -> Series:
    """A ring of smooth pictures that have nothing in common, so that every seam is seen."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / 40.0
    pictures = []
    for number in range(len(steps)):
        wave = np.sin((number + 2) * x + np.array([[[0.0]], [[1.5]], [[3.0]]]) + y * (3 - number))
        picture = 0.5 + 0.3 * wave.transpose(1, 2, 0)
        file = folder / f"{number}.png"
        loading.write_png(file, picture.astype(np.float32))
        pictures.append(SeriesImage(file, WIDTH, HEIGHT))
    return Series(tuple(pictures), steps[:-1], (), steps[-1])


def write_cells(folder: Path, size: int) -> None:
    """Five images of it, each of half the width of the one before; the first is the innermost."""
    place = (np.arange(size) + 0.5) / size - 0.5
    for number in range(5):
        x, y = np.meshgrid(place, -place)
        loading.write_png(folder / f"{number + 1}.png", cells(x * 2.0**number, y * 2.0**number))


def level_curves(scene: Any, control: Any) -> list[Any]:
    curves = [*compat.fcurves(control), *compat.fcurves(scene)]
    return [curve for curve in curves if curve.data_path == '["Zoom Level"]']


def frame(scene: Any, folder: Path, number: int) -> NDArray[np.float32]:
    rendering.render_animation(scene, f"{folder}/", number, number, sharp=False)
    return loading.read_pixels(folder / f"frame_{number:05}.png")


@BOTH
@pytest.mark.parametrize(
    ("steps", "values"),
    [
        pytest.param(CENTRED, {}, id="centred"),
        pytest.param(
            CENTRED, {"roll": 0.3, "resolution_from": FrameSize.UPRIGHT}, id="rolled, upright"
        ),
        pytest.param(UNEVEN, {"crop": 0.9}, id="off centre, colours"),
        pytest.param((Step(1.06),) * 14, {"feather": 0.25}, id="small steps"),
    ],
)
def test_the_frame_after_the_last_is_the_first(
    tmp_path: Path,
    picture_folder: Path,
    engine: Engine,
    steps: tuple[Step, ...],
    values: dict[str, Any],
) -> None:
    scene = bpy.context.scene
    series = unlike(tmp_path, steps)
    settings = replace(LOOP, engine=engine, **values)
    control = zooms.build_zoom(scene, series, settings)
    last = 3 * len(steps) - 1
    assert (scene.frame_start, scene.frame_end) == (0, last)
    first = frame(scene, picture_folder / "first", 0)
    other = frame(scene, picture_folder / "other", last // 2)
    for curve in level_curves(scene, control):
        assert curve.evaluate(last + 1) == pytest.approx(len(steps))
        curve.keyframe_points[0].co[1] = len(steps)  # frame 0 shows what would come after the last
        curve.update()
    again = frame(scene, picture_folder / "again", 0)
    assert np.abs(again - first).max() * 255 <= 1.01
    assert np.abs(other - first).max() * 255 > 30  # there is something to see


@BOTH
def test_every_frame_of_a_loop_is_right(
    tmp_path: Path, picture_folder: Path, engine: Engine
) -> None:
    """From files to frames: it is found out that the series closes."""
    folder = tmp_path / "cells"
    folder.mkdir()
    write_cells(folder, 160)
    scene = bpy.context.scene
    settings = replace(LOOP, engine=engine)
    files = sorted(folder.iterdir())
    series, analysis = measuring.find_series(files, settings)
    assert analysis is not None and analysis.loops and analysis.closing is not None
    assert analysis.closing.factor == pytest.approx(2.0, rel=2e-3)
    zooms.build_zoom(scene, series, settings, report=analysis.to_json())
    rendering.render_animation(scene, f"{picture_folder}/", 0, 14, sharp=False)
    for number in range(15):
        picture = loading.read_pixels(picture_folder / f"frame_{number:05}.png")
        place = (np.arange(128) + 0.5) / 160 - 0.4
        x, y = np.meshgrid(place, -place)
        scale = 16.0 * 2.0 ** (-number / 3)  # the outermost image is the fifth
        error = np.abs(picture - cells(x * scale, y * scale)).max(axis=2)
        away = np.hypot(x, y) > 0.15  # from the middle, where cells are as small as pixels
        assert np.percentile(error[away], 99) * 255 < 6, number


def test_a_zoom_becomes_a_loop_and_back(tmp_path: Path) -> None:
    """The layers that both have stay the same objects."""
    scene = bpy.context.scene
    series = unlike(tmp_path, CENTRED)
    one_way = replace(LOOP, travel=Travel.ONE_WAY)
    control = zooms.build_zoom(scene, series, one_way)
    before = objects.numbered(control, "layer")
    corners = {number: len(item.data.vertices) for number, item in before.items()}
    zooms.change_zoom(scene, control, LOOP)
    layers = objects.numbered(control, "layer")
    assert {number: layers[number] for number in before} == before
    assert sorted(layers) == [layer.number for layer in make_plan(series, LOOP).layers]
    assert len(layers) > 4
    for number, item in layers.items():
        assert Path(objects.layer_image(item).filepath).stem == str(number % 3)
        assert len(item.data.vertices) == corners[0 if number == min(layers) else 1]
    assert recipe.stored_series(control) == series
    assert anchors.frame_of_image(control, 2) == 6
    zooms.change_zoom(scene, control, one_way)
    assert objects.numbered(control, "layer") == before
    assert {number: len(item.data.vertices) for number, item in before.items()} == corners


def test_what_does_not_close_jumps_and_says_so(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = replace(unlike(tmp_path, CENTRED), closing=None)
    control = zooms.build_zoom(scene, series, LOOP)
    assert recipe.stored_findings(control) == (Finding(FindingKind.NO_RING),)
    assert (scene.frame_start, scene.frame_end) == (0, 2 * 3 - 1)
