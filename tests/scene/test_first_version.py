"""Files that version 0.1.0 saved, in Blender 4.2 and 5.2: they open, and can be changed. bpy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests import pictures
from tests.scene.command import FRAME, assert_shows, view

# Made by `-i nested -zs 4 --pack --save-blend ...` and PLAIN of three images of make_series().
KEPT = Path(__file__).parents[1] / "first_version"
READABLE = [
    path
    for path in sorted(KEPT.glob("*.blend"))
    if tuple(map(int, path.stem.removeprefix("first-").split("."))) <= bpy.app.version[:2]
]

operators: Any = bpy.ops  # the add-on's are not in its stubs


def frame(number: int, folder: Path) -> pictures.Array:
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = FRAME
    scene.render.resolution_percentage = 100
    scene.render.filepath = str(folder / "frame_#####")
    scene.frame_start = scene.frame_end = number
    operators.render.render(animation=True)
    return pictures.read(folder / f"frame_{number:05}.png")


@pytest.mark.parametrize("kept", READABLE, ids=lambda path: path.stem)
def test_opens_and_can_be_changed(addon: None, kept: Path, tmp_path: Path) -> None:
    blend = shutil.copy(kept, tmp_path / "zoom.blend")
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    zoom: Any = bpy.context.scene.ever_zoom
    assert (zoom.zoom_steps, zoom.zoom_factor, zoom.engine) == (4, 2.0, "cycles")
    assert zoom.crop == pytest.approx(0.8)
    scene: Any = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (0, 8)

    zoom.zoom_steps = 6
    assert (scene.frame_start, scene.frame_end) == (0, 12)
    zoom.crop = 0.6
    assert not zoom.problem
    zoom.file_format = "png"
    assert_shows(frame(3, tmp_path), view(0.5, width=0.6))

    zoom.reverse = True
    assert operators.ever_zoom.build() == {"FINISHED"}  # the folder is gone; the images are packed
    zoom = bpy.context.scene.ever_zoom
    assert not zoom.problem
    assert_shows(frame(3, tmp_path), view(1.5, width=0.6))
