"""What comes out of a file is checked: a bad note is one line, and the zoom stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene import tags
from ai_ever_zoom_addon.scene.planes import objects
from tests.fuzz.trial import is_sentence
from tests.scene.drawing import draw_panels, shown_text
from tests.scene.nested import write_series

pytestmark = pytest.mark.newest

operators: Any = bpy.ops

Note = dict[str, Any]

BAD: dict[str, Callable[[Note], Any]] = {
    "levels without end": lambda note: note.update(levels=-(2**31)),
    "levels that are words": lambda note: note.update(levels=["0", "1", "2"]),
    "a level too few": lambda note: note["levels"].pop(),
    "keys that are words": lambda note: note.update(keys=[["a", "b", None]]),
    "keys that run backwards": lambda note: note["keys"].reverse(),
    "keys at no time": lambda note: note.update(keys=[[float("nan"), 0.0, None]] * 2),
    "a size without end": lambda note: note["images"][0].__setitem__(1, 10**30),
    "an image of no size": lambda note: note["images"][0].__setitem__(1, 0),
    "an image without a name": lambda note: note["images"][0].__setitem__(0, ""),
    "a name that is none": lambda note: note["images"][0].__setitem__(0, "a\0b"),
    "no images": lambda note: note.update(images=[]),
    "an image too many": lambda note: note["images"].append(note["images"][0]),
    "pairs without keys": lambda note: note["report"].update(pairs=[{}, {}]),
    "a pair too few": lambda note: note["report"]["pairs"].pop(),
    "a factor below 1": lambda note: note["report"]["pairs"][0].update(factor=-2.0),
    "a factor without end": lambda note: note["report"]["pairs"][0].update(factor=1e300),
    "colours that are words": lambda note: note["report"]["pairs"][0].update(gain=["r", "g", "b"]),
    "a row beyond all integers": lambda note: note["list"].update(unused=[[10**30, "a.png"]]),
    "findings without figures": lambda note: note["report"].update(
        findings=[{"kind": "not-found", "values": {}}]
    ),
    "what was known is none": lambda note: note["report"].update(known=[["a", "b", 5]]),
    "settings that are none": lambda note: note.update(built={"zoom_steps": "many"}),
}


@pytest.fixture
def control(addon: None, tmp_path: Path) -> Any:
    write_series(tmp_path, 3)
    zoom: Any = bpy.context.scene.ever_zoom
    zoom.folder, zoom.zoom_steps = str(tmp_path), 4
    operators.ever_zoom.build()
    (control,) = objects.controls(bpy.context.scene)
    note = json.loads(control[tags.RECIPE])
    note["list"] = {"unused": [], "is_own_order": False, "sources": []}
    control[tags.RECIPE] = json.dumps(note)
    return control


def check_unreadable(control: Any) -> None:
    """One line says it, and a change is refused without a trace."""
    assert "another version of the add-on, or its note was removed" in shown_text()
    before = {name: control.get(name) for name in (tags.RECIPE, tags.SETTINGS)}
    frames = bpy.context.scene.frame_end
    group: Any = bpy.context.scene.ever_zoom
    group.zoom_steps = 7
    assert is_sentence(group.problem), group.problem
    assert "unexpected" not in group.problem
    assert {name: control.get(name) for name in before} == before
    assert bpy.context.scene.frame_end == frames
    draw_panels()


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_a_bad_note_is_one_line(control: Any, spoil: Callable[[Note], Any]) -> None:
    note = json.loads(control[tags.RECIPE])
    spoil(note)
    control[tags.RECIPE] = json.dumps(note)
    check_unreadable(control)


@pytest.mark.parametrize("text", ["", "[", "[]", "5", "[" * 100_000, '{"a":' * 100_000])
def test_a_note_that_is_none_is_one_line(control: Any, text: str) -> None:
    control[tags.RECIPE] = text
    check_unreadable(control)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"crop": "wide"}', '{"beats": "[1"}', 5])
def test_settings_that_are_none_are_one_line_and_can_be_chosen_again(
    control: Any, tmp_path: Path, text: Any
) -> None:
    control[tags.SETTINGS] = text
    assert "press Build Again" in shown_text() or "choose them again" in shown_text()
    with pytest.raises(RuntimeError, match="choose"):
        operators.ever_zoom.build()
    assert control[tags.SETTINGS] == text
    control.ever_zoom.folder = str(tmp_path)
    operators.ever_zoom.build()
    assert control.ever_zoom.problem == ""


@pytest.mark.parametrize("number", [2**31 - 1, -(2**31), 0.5, "x"])
def test_a_layers_number_beyond_all_others(control: Any, number: Any) -> None:
    next(objects.parts(control, tags.LAYER))[tags.NUMBER] = number
    operators.ever_zoom.reverse_images()
    operators.ever_zoom.build()
    assert sorted(objects.numbered(control, tags.LAYER)) == [0, 1, 2]


@pytest.mark.parametrize("text", ["[1", "7", '{"a": 1}', "[" * 100_000, "[1e999]", "[99999999999]"])
def test_beats_that_are_none_are_refused(control: Any, text: str) -> None:
    group: Any = bpy.context.scene.ever_zoom
    group.beats = text
    assert is_sentence(group.problem), group.problem
    assert "unexpected" not in group.problem
    assert group.beats == "[]"
