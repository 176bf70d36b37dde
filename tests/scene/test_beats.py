"""Snap Steps to Markers: the built zoom arrives at the images on the beat. Touches bpy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon.scene.planes import anchors, objects
from tests.scene.nested import write_series

operators: Any = bpy.ops
MARKERS = (11, 18, 40)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Any]:
    """A zoom through four images, built by the button, with a level for each of them."""
    ai_ever_zoom_addon.register()
    write_series(tmp_path, 4)
    scene: Any = bpy.context.scene
    scene.ever_zoom.folder = str(tmp_path)
    # A measured factor of so small images is a thousandth off, and levels are where images are.
    scene.ever_zoom.is_factor_measured = scene.ever_zoom.align = False
    scene.ever_zoom.zoom_steps = 10
    operators.ever_zoom.build()
    yield objects.controls(scene)[0]
    ai_ever_zoom_addon.unregister()


def set_markers(*frames: int) -> None:
    for frame in frames:
        bpy.context.scene.timeline_markers.new("beat", frame=frame)


def level_at(control: Any, frame: int) -> float:
    bpy.context.scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    return float(control.evaluated_get(depsgraph)["Zoom Level"])


def test_without_markers_the_button_says_what_to_do(control: Any) -> None:
    with pytest.raises(RuntimeError, match="Set markers first"):
        operators.ever_zoom.snap_to_markers()


def test_markers_that_switch_cameras_are_no_beats(control: Any) -> None:
    scene: Any = bpy.context.scene
    other = bpy.data.objects.new("other", bpy.data.cameras.new("other"))
    scene.collection.objects.link(other)
    for frame, camera in ((5, other), (25, scene.camera)):
        scene.timeline_markers.new("cut", frame=frame).camera = camera
    with pytest.raises(RuntimeError, match="Set markers first"):
        operators.ever_zoom.snap_to_markers()
    set_markers(*MARKERS)
    assert operators.ever_zoom.snap_to_markers() == {"FINISHED"}
    for number, frame in enumerate(MARKERS, 1):
        assert anchors.frame_of_image(control, number) == frame
    assert [marker.camera for marker in scene.timeline_markers[:2]] == [
        other,
        next(objects.parts(control, "camera")),
    ]


def test_what_cannot_be_applied_is_no_success(control: Any) -> None:
    set_markers(*MARKERS)
    layer = objects.numbered(control, "layer")[0]
    bpy.context.view_layer.objects.active = layer
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="is in Edit Mode: leave that"):
        operators.ever_zoom.snap_to_markers()
    assert control.ever_zoom.length_by == "frames" and control.ever_zoom.beats == "[]"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.context.scene.frame_end == 31
    assert anchors.frame_of_image(control, 1) == 11


def test_images_arrive_on_the_markers(control: Any) -> None:
    set_markers(*MARKERS)
    assert operators.ever_zoom.snap_to_markers() == {"FINISHED"}
    assert bpy.context.scene.frame_end == 40
    for number, frame in enumerate(MARKERS, 1):
        assert level_at(control, frame) == pytest.approx(number, abs=1e-5)
        assert anchors.frame_of_image(control, number) == frame


def test_other_settings_leave_the_beats(control: Any) -> None:
    set_markers(*MARKERS)
    operators.ever_zoom.snap_to_markers()
    control.ever_zoom.crop = 0.6
    operators.ever_zoom.build()
    for number, frame in enumerate(MARKERS, 1):
        assert level_at(control, frame) == pytest.approx(number, abs=1e-5)


def test_even_steps_come_back(control: Any) -> None:
    set_markers(*MARKERS)
    operators.ever_zoom.snap_to_markers()
    control.ever_zoom.length_by = "frames"
    assert bpy.context.scene.frame_end == 31
    assert level_at(control, 6) == pytest.approx(0.5, abs=1e-5)


def test_too_large_a_change_of_speed_needs_permission(control: Any) -> None:
    set_markers(11, 13, 40)
    with pytest.raises(RuntimeError, match=r"At frame 11 .* 5 times, and 4 times is allowed"):
        operators.ever_zoom.snap_to_markers()
    assert level_at(control, 11) == pytest.approx(1.0, abs=1e-5)
    assert bpy.context.scene.frame_end == 31
    assert operators.ever_zoom.snap_to_markers(largest_change=20.0) == {"FINISHED"}
    assert level_at(control, 13) == pytest.approx(2.0, abs=1e-5)
