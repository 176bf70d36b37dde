"""Strips that are drawn anew, one picture a step, for a render in other processes. Touches bpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.scene import compat, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.output.redrawing import redraw_steps
from ai_ever_zoom_addon.scene.strips.strips import picture_files, picture_strips
from ai_ever_zoom_addon.settings import Engine
from tests.pictures import read
from tests.scene.room import LAST, make_zoom


@pytest.fixture
def control(tmp_path: Path) -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return make_zoom(tmp_path / "images", bpy.context.scene, engine=Engine.SEQUENCER)


def group(scene: Any) -> Any:
    (found,) = compat.strips(scene.sequence_editor)
    return found


def frames(scene: Any, folder: Path) -> list[Any]:
    rendering.render_animation(scene, f"{folder}/", 0, LAST, sharp=False)
    return [np.asarray(read(file)) for file in sorted(folder.glob("*.png"))]


def test_the_frames_are_those_of_the_command_line(control: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    layers = frames(scene, tmp_path / "layers")
    before = list(picture_files(scene))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    for strip in picture_strips(scene):  # as they are in a file that was saved
        strip.directory = bpy.path.relpath(strip.directory) + "/"
    assert run(redraw_steps(scene))
    assert set(picture_files(scene)) & set(before) <= {before[0]}  # the outermost image
    found = frames(scene, tmp_path / "redrawn")
    series, settings = recipe.stored_series(control), recipe.stored_settings(control)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings, frames=range(LAST + 1))
    truth = frames(scene, tmp_path / "truth")
    assert len(truth) == LAST + 1
    assert all(np.array_equal(one, other) for one, other in zip(found, truth, strict=True))
    # They show what plays, though sharper.
    off = [np.abs(one - other).mean() for one, other in zip(found, layers, strict=True)]
    assert 0.0 < max(off) < 0.01


def _first(scene: Any) -> Any:
    return next(strip for strip in picture_strips(scene) if strip.name.endswith("0001"))


def _paler(scene: Any) -> None:
    _first(scene).color_saturation = 0.5


def _turned(scene: Any) -> None:
    _first(scene).transform.rotation = 0.1


def _muted(scene: Any) -> None:
    _first(scene).mute = True


def _shorter(scene: Any) -> None:
    compat.set_range(_first(scene), 0, 3)


def _brighter(scene: Any) -> None:
    _first(scene).modifiers.new("Mine", "BRIGHT_CONTRAST")


def _gone(scene: Any) -> None:
    compat.strips(group(scene)).remove(_first(scene))


def _driven(scene: Any) -> None:
    _first(scene).driver_add("color_saturation").driver.expression = "frame / 8"


def _other_place(scene: Any) -> None:
    path = f"{_first(scene).path_from_id()}.transform.scale_x"
    scene.animation_data.drivers.find(path).driver.expression += " * 1.1"


@pytest.mark.parametrize(
    "change",
    [_paler, _turned, _muted, _shorter, _brighter, _gone, _driven, _other_place],
)
def test_strips_that_somebody_has_changed_are_not_drawn_anew(
    control: Any, change: Callable[[Any], None]
) -> None:
    scene: Any = bpy.context.scene
    change(scene)
    assert not run(redraw_steps(scene))


def test_what_somebody_made_of_the_whole_zoom_stays(control: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    group(scene).blend_alpha = 0.5
    group(scene).modifiers.new("Mine", "BRIGHT_CONTRAST").bright = 20.0
    above = compat.strips(group(scene)).new_image("Above", str(next(picture_files(scene))), 9, 0)
    compat.set_range(above, 0, LAST)
    above.blend_type, above.blend_alpha = "ALPHA_OVER", 0.5
    before = frames(scene, tmp_path / "before")
    assert run(redraw_steps(scene))
    assert group(scene).blend_alpha == 0.5
    assert [modifier.name for modifier in group(scene).modifiers] == ["Mine"]
    assert "Above" in compat.strips(group(scene))
    after = frames(scene, tmp_path / "after")
    assert all(np.abs(a - b).mean() < 0.01 for a, b in zip(after, before, strict=True))


def test_a_curve_that_goes_elsewhere_is_followed(control: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    for point in compat.fcurves(control)[0].keyframe_points:
        point.co[1] = 1.3 - 0.4 * point.co[1]  # backwards, and slower
    zooms.change_zoom(scene, control, recipe.stored_settings(control))
    before = frames(scene, tmp_path / "before")
    assert run(redraw_steps(scene))
    after = frames(scene, tmp_path / "after")
    assert all(np.abs(a - b).mean() < 0.01 for a, b in zip(after, before, strict=True))


def test_a_scene_without_strips_is_left_alone(control: Any) -> None:
    scene: Any = bpy.context.scene
    zooms.change_zoom(
        scene, control, replace(recipe.stored_settings(control), engine=Engine.CYCLES)
    )
    assert not run(redraw_steps(scene))
