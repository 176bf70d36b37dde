"""Strips that wait for pictures: old ones are shown until all new ones are there. Touches bpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.scene import recipe, tags, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.strips.strips import picture_files
from ai_ever_zoom_addon.scene.strips.waiting import all_waiting
from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui import exchange
from ai_ever_zoom_addon.ui.exchange import Exchange
from ai_ever_zoom_addon.ui.reporting import warned

from .test_strip_pictures import SETTINGS, write_series

pytestmark = pytest.mark.newest


def shown() -> list[str]:
    return [file.name for file in picture_files(bpy.context.scene)]


def scale(control: Any) -> float:
    """How large the plane of the second image is: its mesh says where it is trimmed."""
    mesh = objects.numbered(control, "layer")[1].data
    return max(vertex.co.x for vertex in mesh.vertices)


def test_strips_wait_and_all_else_is_there_at_once(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = write_series(tmp_path)
    control = zooms.build_zoom(scene, series, SETTINGS)
    old, before = shown(), scale(control)

    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.6), may_wait=True)
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.5), may_wait=True)
    assert shown() == old
    assert recipe.stored_settings(control).crop == 0.5
    assert scale(control) == pytest.approx(before * 0.5 / 0.8)
    (waiting,) = all_waiting()
    assert waiting.shown == SETTINGS

    run(zooms.picture_steps(waiting))
    assert shown() == old
    zooms.end_waiting(waiting)
    assert not all_waiting()
    new = shown()
    assert new[0] == old[0] and not set(new[1:]) & set(old)
    # As where nothing waits.
    zooms.change_zoom(scene, control, SETTINGS)
    assert shown() == old
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.5))
    assert shown() == new


def test_what_needs_no_new_picture_does_not_wait(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    old = shown()
    zooms.change_zoom(scene, control, replace(SETTINGS, zoom_steps=9), may_wait=True)
    assert not all_waiting()
    zooms.change_zoom(scene, control, replace(SETTINGS, feather=0.2), may_wait=True)
    assert all_waiting()
    zooms.change_zoom(scene, control, SETTINGS, may_wait=True)  # as where a drag is cancelled
    assert not all_waiting()
    assert shown() == old
    zooms.change_zoom(scene, control, replace(SETTINGS, feather=0.2), may_wait=True)
    zooms.change_zoom(scene, control, replace(SETTINGS, engine=Engine.CYCLES), may_wait=True)
    assert not all_waiting()
    zooms.change_zoom(scene, control, replace(SETTINGS, feather=0.25), may_wait=True)
    (waiting,) = all_waiting()
    assert shown() == []
    zooms.stop_waiting(waiting)
    assert recipe.stored_settings(control).engine is Engine.CYCLES


def test_to_stop_waiting_takes_the_settings_back(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    old, before = shown(), scale(control)
    for crop in (0.6, 0.5):
        zooms.change_zoom(scene, control, replace(SETTINGS, crop=crop), may_wait=True)
    (waiting,) = all_waiting()
    steps = zooms.picture_steps(waiting)
    next(steps)
    steps.close()
    zooms.stop_waiting(waiting)
    assert not all_waiting()
    assert recipe.stored_settings(control) == SETTINGS
    assert (shown(), scale(control)) == (old, before)


@pytest.mark.parametrize("note", ["", "[", "[{}]", "[1, 2]", "[{}, {}]", '[{"crop": 7}, {}]', 3])
def test_a_note_that_says_nothing_is_removed(note: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    scene[tags.STRIPS_WAIT] = note
    assert not all_waiting()
    assert tags.STRIPS_WAIT not in scene


def test_a_further_change_begins_anew(addon: None, tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.6), may_wait=True)
    first = Exchange.running = Exchange(all_waiting()[0])
    assert first.waiting() is not None
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.5), may_wait=True)
    assert first.waiting() is None
    while exchange.tick() is not None:
        assert Exchange.running is not first
    assert Exchange.running is None and not all_waiting()
    new = shown()
    zooms.change_zoom(scene, control, SETTINGS)
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.5))
    assert shown() == new


def test_a_picture_that_cannot_be_made_takes_the_settings_back(addon: None, tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = write_series(tmp_path)
    control = zooms.build_zoom(scene, series, replace(SETTINGS, crop=0.6))
    in_the_way = list(picture_files(scene))[1]
    zooms.change_zoom(scene, control, SETTINGS)
    old = shown()
    in_the_way.unlink()
    in_the_way.mkdir()  # where a file is to be written
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.6), may_wait=True)
    while exchange.tick() is not None:
        assert Exchange.running is not None
    assert "cannot be written" in warned[-1]
    assert not all_waiting()
    assert recipe.stored_settings(control) == SETTINGS
    assert shown() == old


def test_an_add_on_that_is_switched_off_takes_the_settings_back(
    addon: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    old = shown()
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.6), may_wait=True)
    exchange.unregister()
    try:
        assert not all_waiting()
        assert recipe.stored_settings(control) == SETTINGS
        assert shown() == old
        assert "when the add-on was switched off" in capsys.readouterr().out
    finally:
        exchange.register()


def test_a_save_makes_the_rest_first(addon: None, tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    old = shown()
    zooms.change_zoom(scene, control, replace(SETTINGS, crop=0.6), may_wait=True)
    blend = tmp_path / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    assert not all_waiting()
    assert not set(shown()[1:]) & set(old)
    assert {file.name for file in (tmp_path / "zoom_strips").iterdir()} == set(shown()[1:])
