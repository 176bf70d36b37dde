"""What the panels show is computed when it changes, and only then. Touches bpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene import tags
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.ui import data

from .drawing import draw_panels, shown_text
from .nested import write_series

operators: Any = bpy.ops


@pytest.fixture
def control(addon: None, tmp_path: Path) -> Any:
    write_series(tmp_path)
    group = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    operators.ever_zoom.build()
    return objects.controls(bpy.context.scene)[0]


@pytest.fixture
def loads(control: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one whenever what is shown is computed."""
    draw_panels()
    found: list[str] = []
    load = data._load

    def counted(scene: Any, zoom: Any) -> data.Shown:
        found.append(scene.name)
        return load(scene, zoom)

    monkeypatch.setattr(data, "_load", counted)
    return found


def test_drawing_computes_nothing(loads: list[str]) -> None:
    for _ in range(3):
        draw_panels()
    assert loads == []


def test_moving_things_computes_nothing(loads: list[str], control: Any) -> None:
    for step in range(3):
        control.location.x = step + 1.0
        draw_panels()
    assert loads == []


def delete(role: str) -> Callable[[Any], None]:
    def act(control: Any) -> None:
        bpy.data.objects.remove(next(objects.parts(control, role)))

    return act


def take_the_picture_away(control: Any) -> None:
    objects.image_node(next(objects.parts(control, "layer"))).image = None


def take_the_level_away(control: Any) -> None:
    control.driver_remove(tags.ZOOM_LEVEL_PATH)
    del control[tags.ZOOM_LEVEL]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (delete("camera"), "The zoom's camera is gone"),
        (delete("layer"), "1 of 4 layers are gone"),
        (take_the_picture_away, "has lost the image"),
        (take_the_level_away, "The property Zoom Level is gone"),
        (lambda control: bpy.data.objects.remove(control), "The control of a zoom is gone"),
        (lambda control: setattr(control.ever_zoom, "align", True), "Not built yet: Align"),
    ],
)
def test_a_change_is_shown_and_undone(
    control: Any, change: Callable[[Any], None], words: str
) -> None:
    assert words not in shown_text()
    bpy.ops.ed.undo_push(message="before")
    change(control)
    assert words in shown_text()
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert words not in shown_text()
    bpy.ops.ed.redo()
    assert words in shown_text()
