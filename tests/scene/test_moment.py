"""What is in view, and which frames are rendered, when the pace changes. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.zooms import told_frames

from .drawing import draw_panel, shown_text
from .nested import write_series

operators: Any = bpy.ops


@pytest.fixture
def control(addon: None, tmp_path: Path) -> Any:
    """A zoom through four images, 60 frames each: 1 to 181."""
    write_series(tmp_path, 4)
    group = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order, group.zoom_steps = "outermost-first", 60
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    return control


def level(control: Any) -> float:
    """What is in view, as Blender has it."""
    bpy.context.view_layer.update()
    found = objects.level_now(control.evaluated_get(bpy.context.evaluated_depsgraph_get()))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"zoom_steps": 20}, 1 / 20),
        ({"zoom_steps": 61}, 1 / 61),
        ({"reverse": True}, 1 / 60),
        ({"travel": "there-and-back"}, 1 / 60),
        ({"delay": 0.5}, 1 / 60),
        ({"ease": 1.0}, 1 / 60),
        ({"start_frame": 100}, 1 / 60),
        ({"crop": 0.5}, 0.0),
    ],
)
@pytest.mark.parametrize("frame", [1, 91, 100, 181])
def test_the_moment_in_view_stays(
    control: Any, change: dict[str, Any], step: float, frame: int
) -> None:
    scene: Any = bpy.context.scene
    scene.frame_set(frame)
    before = level(control)
    assert before == pytest.approx((frame - 1) / 60, abs=1e-3)
    for name, value in change.items():
        setattr(scene.ever_zoom, name, value)
    assert scene.ever_zoom.problem == ""
    assert level(control) == pytest.approx(before, abs=step / 2 + 2e-3)
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert level(control) == pytest.approx(before, abs=step / 2 + 2e-3)


def test_a_hold_keeps_the_playhead(control: Any) -> None:
    """Whichever of the timing changes, what is in view stays, and how much of its hold is over."""
    scene: Any = bpy.context.scene
    scene.ever_zoom.frames_per_second = 20.0
    first, third = (control.ever_zoom.images[number] for number in (0, 2))
    third.hold = 3.0
    scene.frame_set(1 + 2 * 60 + 20)  # a third of it
    for owner, name, value, frame in (
        (first, "hold", 0.5, 10 + 121 + 20),
        (third, "hold", 1.5, 10 + 121 + 10),
        (scene.ever_zoom, "zoom_steps", 20, 10 + 41 + 10),
        (first, "frames", 7, 10 + 1 + 7 + 20 + 10),
        (first, "hold", 0.0, 1 + 7 + 20 + 10),
        (third, "hold", 0.0, 1 + 7 + 20),
    ):
        setattr(owner, name, value)
        assert scene.ever_zoom.problem == ""
        assert scene.frame_current == frame
        assert level(control) == pytest.approx(2.0, abs=1e-3)


def test_frames_that_were_chosen_are_said_and_kept(control: Any) -> None:
    scene: Any = bpy.context.scene
    assert "181 frames of" in shown_text()
    scene.frame_start, scene.frame_end = 61, 121  # the second step
    assert told_frames(scene, control) == "61 of 181 frames"
    assert "61 of 181 frames of" in shown_text()
    group = scene.ever_zoom
    for name, value, ends in (
        ("crop", 0.5, (61, 121)),
        ("zoom_steps", 20, (21, 41)),
        ("frames_per_second", 50.0, (21, 41)),
        ("reverse", True, (21, 41)),  # the same step, seen the other way round
        ("start_frame", 101, (121, 141)),
    ):
        setattr(group, name, value)
        assert group.problem == ""
        assert (scene.frame_start, scene.frame_end) == ends, name
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert (scene.frame_start, scene.frame_end) == (121, 141)
    assert "21 of 61 frames of" in shown_text()
    assert operators.ever_zoom.take_recipe() == {"FINISHED"}
    assert (scene.frame_start, scene.frame_end) == (101, 161)
    group.zoom_steps = 10  # all of it stays all of it
    assert (scene.frame_start, scene.frame_end) == (101, 131)
    assert "ever_zoom.render" in draw_panel("EVERZOOM_PT_main").buttons
