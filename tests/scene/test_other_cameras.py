"""Markers of the user's that switch cameras: left alone, and named. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene.output import farm, rendering
from ai_ever_zoom_addon.settings import Engine
from tests.pictures import read
from tests.scene.room import LAST, make_zoom

operators: Any = bpy.ops


def shown_scene() -> Any:
    return bpy.context.scene


def new_camera(name: str, *, hidden: bool = False) -> Any:
    """A camera that sees nothing."""
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera.location, camera.hide_render = (1e3, 1e3, 1e3), hidden
    shown_scene().collection.objects.link(camera)
    return camera


def bind(*cuts: tuple[int, Any]) -> None:
    for frame, camera in cuts:
        shown_scene().timeline_markers.new("cut", frame=frame).camera = camera


@pytest.mark.parametrize("seed", range(8))
def test_the_frames_are_those_in_which_blender_switches(tmp_path: Path, seed: int) -> None:
    scene = shown_scene()
    make_zoom(tmp_path, scene)
    own = scene.camera
    cameras = [own, new_camera("one"), new_camera("other"), new_camera("hidden", hidden=True)]
    random = np.random.default_rng(seed)
    frames = random.choice(np.arange(-3, LAST + 3), size=random.integers(0, 6), replace=False)
    bind(*((int(frame), cameras[random.integers(4)]) for frame in frames))
    scene.timeline_markers.new("beat", frame=2)
    said = {
        frame: name
        for name, first, last in rendering.other_cameras(scene)
        for frame in range(first, last + 1)
    }
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        assert said.pop(frame, own.name) == scene.camera.name
    assert not said


def test_the_button_names_them_and_renders_as_blender_does(
    addon: None, tmp_path: Path, picture_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    scene = shown_scene()
    make_zoom(tmp_path, scene)
    other = new_camera("Other")
    bind((0, scene.camera), (3, other))
    scene.render.filepath = f"{picture_folder}/"
    capfd.readouterr()
    assert operators.ever_zoom.render() == {"FINISHED"}
    said = [line for line in capfd.readouterr().out.splitlines() if line.startswith("Warning")]
    assert len(said) == 1 and f"switch to Other in frames 3 to {LAST}" in said[0]
    for frame in range(LAST + 1):
        is_black = read(Path(scene.render.frame_path(frame=frame))).max() < 0.1
        assert is_black == (frame >= 3)
    assert [marker.camera for marker in scene.timeline_markers][1] == other
    blend = tmp_path / "farm" / "zoom.blend"
    blend.parent.mkdir()
    assert any("switch to the camera Other" in line for line in farm.prepare(scene, blend))


def test_nothing_is_said_where_no_camera_is_seen_through(tmp_path: Path) -> None:
    scene = shown_scene()
    control = make_zoom(tmp_path, scene, engine=Engine.SEQUENCER)
    bind((0, new_camera("other")))
    assert rendering.other_cameras(scene) == []
    bpy.data.objects.remove(control)
    assert rendering.other_cameras(scene) == []
