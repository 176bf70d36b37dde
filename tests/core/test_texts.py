"""Texts of the window: what they are in another language, and in a file. No bpy."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from ai_ever_zoom_addon.core.analysis.report import LeftOut
from ai_ever_zoom_addon.core.findings import listed
from ai_ever_zoom_addon.core.image_settings import read_timing
from ai_ever_zoom_addon.errors import EverZoomError, UnusableError
from ai_ever_zoom_addon.texts import Clause, Text
from ai_ever_zoom_addon.wording import left_out_lines

GERMAN = {
    "{frames} in {folder}": "{frames} im Ordner {folder}",
    "{count} frames": "{count} Bilder",
    "It failed ({reason}): try again.": "Fehlgeschlagen ({reason}): noch einmal.",
    "The disk is full.": "Kein Platz.",
    "{names} and {count} more": "{names} und {count} weitere",
    "Flash": "Blitz",
    "{value} is no number": "{value} ist keine Zahl",
    "Left out: {files}, {reason}.": "Weggelassen: {files}, {reason}.",
    "which {wrong}": "das {wrong}",
    "has {width} x {height} pixels": "{width} x {height} Pixel hat",
}


def german(text: str) -> str:
    return Text(text).said(lambda template: GERMAN.get(template, template))


def test_a_text_within_a_text_comes_back_from_a_file() -> None:
    frames = Text("{frames} in {folder}", frames=Text("{count} frames", count=3), folder="{a}")
    kept = Text.from_json(json.loads(json.dumps(frames.to_json())))
    assert kept == "3 frames in {a}"
    assert german(kept) == "3 Bilder im Ordner {a}"
    assert Text.from_json(Text("a { {b}").to_json()) == "a { {b}"


def test_a_name_in_a_file_is_not_taken_for_a_word() -> None:
    for folder, shown in (("Flash", "Flash"), (Text("Flash"), "Blitz")):
        frames = Text("{frames} in {folder}", frames="{3}", folder=folder)
        assert german(Text.from_json(frames.to_json())) == f"{{3}} im Ordner {shown}"


@pytest.mark.parametrize(
    "found",
    [
        None,
        7,
        [],
        {"template": "{a}"},
        {"template": "{a}", "values": {"b": 1}},
        {"template": "{a}", "values": 5},
        {"template": 5, "values": {}},
        {"template": ["a"], "values": {}},
        {"template": "{a:999999999}", "values": {"a": 1}},
        {"template": "{a.__class__}", "values": {"a": 1}},
        {"template": "{a[0]}", "values": {"a": "b"}},
        {"template": "{a:.3g}", "values": {"a": "b"}},
        {"template": "{a:f}", "values": {"a": 10**400}},
        {"template": "{template}", "values": {"template": 1}},
        {"template": "{0}", "values": {"0": 1}},
    ],
)
def test_a_text_that_was_tampered_with_is_none(found: Any) -> None:
    with pytest.raises(ValueError, match=r"text|places|format"):
        Text.from_json(found)


def test_texts_lie_in_each_other_only_so_deep() -> None:
    found: Any = "a"
    for _ in range(5000):
        found = {"template": "{a}", "values": {"a": found}}
    with pytest.raises(ValueError, match="deep"):
        Text.from_json(found)


def test_a_text_in_a_file_does_not_fill_the_memory() -> None:
    found: Any = "a" * 100
    for _ in range(4):
        found = {"template": "{a}" * 100, "values": {"a": found}}
    with pytest.raises(ValueError, match="long"):
        Text.from_json(found)


def test_a_clause_has_no_full_stop_in_any_language() -> None:
    text = Text("It failed ({reason}): try again.", reason=Clause(Text("The disk is full.")))
    assert text == "It failed (The disk is full): try again."
    assert german(text) == "Fehlgeschlagen (Kein Platz): noch einmal."


def test_words_in_a_list_are_translated_and_names_are_not() -> None:
    things = listed([Text("Flash"), "Flash", "b", "c", "d", "e"])
    assert things == "Flash, Flash, b, c, d and 1 more"
    assert german(things) == "Blitz, Flash, b, c, d und 1 weitere"


def test_why_an_image_was_left_out_can_be_said_in_another_language_after_saving() -> None:
    error = UnusableError("a.png", Text("has {width} x {height} pixels", width=2, height=3))
    left_out = LeftOut.unusable("a.png", error)
    values = json.loads(json.dumps(left_out.to_json()))
    assert values["reason"] == "which has 2 x 3 pixels"
    (line,) = left_out_lines([LeftOut.from_json(values)])
    assert line == "Left out: a.png, which has 2 x 3 pixels."
    assert german(line) == "Weggelassen: a.png, das 2 x 3 Pixel hat."
    del values["text"]  # of an older version
    assert LeftOut.from_json(values) == left_out
    assert LeftOut.from_json({**values, "text": "something else"}) == left_out


def test_what_is_wrong_in_a_file_can_be_said_in_another_language() -> None:
    with pytest.raises(EverZoomError) as caught:
        read_timing('{"images": [{"image": "a.png", "hold": "long"}]}', "b.json")
    assert "hold of a.png: 'long' is no number" in str(caught.value)
    assert "hold of a.png: 'long' ist keine Zahl" in german(caught.value.text)


def test_without_values_braces_are_braces() -> None:
    assert german(Text("{folder} stands for a {")) == "{folder} stands for a {"


def test_a_text_that_is_passed_on_keeps_how_it_was_made() -> None:
    text = Text("{count} frames", count=3)
    for passed_on in (Text(text), pickle.loads(pickle.dumps(text))):
        assert passed_on == "3 frames"
        assert german(passed_on) == "3 Bilder"


def test_a_mistyped_place_is_no_reason_to_say_nothing() -> None:
    text = Text("{count} frames", count=3)
    for wrong in ("{conto} fotogrammi", "{count:q} fotogrammi", "{count fotogrammi"):
        assert text.said(lambda _, wrong=wrong: wrong) == "3 frames"  # type: ignore[misc]
