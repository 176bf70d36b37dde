"""Whether the languages are whole. What they look like is seen in the real window."""

from __future__ import annotations

import functools
import json
from typing import Any

import bpy
import pytest

import tools.languages
from ai_ever_zoom_addon.ui.languages import CONTEXT
from tools.languages import FOLDER, WHOLE, collect, main, places, registered, update

pytestmark = pytest.mark.newest
FILES = sorted(FOLDER.glob("*.json"))


_collected = functools.cache(collect)


@pytest.fixture
def texts(addon: None) -> list[str]:
    return _collected()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_language_has_all_texts_and_their_places(file: Any, texts: list[str]) -> None:
    held = json.loads(file.read_text(encoding="utf-8"))
    assert list(held) == texts, "run python3 build.py languages"
    missing = [english for english, text in held.items() if not text.strip()]
    assert missing == [] or file.stem not in WHOLE
    for english, text in held.items():
        if english in missing:
            continue
        assert places(text) == places(english)
        assert (text[:1] == " ", text[-1:] == " ") == (english[:1] == " ", english[-1:] == " ")


def test_five_languages_are_whole() -> None:
    assert set(WHOLE) <= {file.stem for file in FILES}
    assert len(WHOLE) == 5


def test_all_kinds_of_texts_are_collected(texts: list[str]) -> None:
    for text in (
        "Build Infinite Zoom",  # a button
        "Build from {folder}",  # one with a value
        "Timing",  # a panel
        "Frames from one image to the next",  # a tooltip
        "There and Back",  # a choice
        "{count} images",
        "choose By the Pictures as Order",  # what to do about a finding
        "The folder {folder} does not exist: check the path.",  # an error
        "Build a zoom first",  # why a button is grey
        "Reading {file}",  # at work
    ):
        assert text in texts
    assert not [text for text in texts if "--zoom-factor" in text or "EVERZOOM_" in text]


def test_new_texts_come_in_and_old_ones_go_and_the_rest_stays(tmp_path: Any) -> None:
    file = tmp_path / "it.json"
    assert update(file, ["Crop", "Loop"]) == 2
    file.write_text(json.dumps({"Crop": "Ritaglia", "Gone": "Via"}), encoding="utf-8")
    assert update(file, ["Crop", "Loop"]) == 1
    assert json.loads(file.read_text(encoding="utf-8")) == {"Crop": "Ritaglia", "Loop": ""}


@pytest.mark.parametrize("content", ['{"Crop": "Ritaglia",}', '["Crop"]', '{"Crop": 3}'])
def test_a_slip_in_a_file_is_told_and_the_file_stays(
    tmp_path: Any, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "it.json"
    file.write_text(content, encoding="utf-8")
    monkeypatch.setattr(tools.languages, "FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=r"it\.json"):
        main([])
    assert file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("code", ["italian", "IT", "pt-BR", "../it", "it.json"])
def test_a_language_that_blender_has_not_gets_no_file(code: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([code])
    assert ended.value.code == 2
    assert not (FOLDER / f"{code}.json").exists()


def test_our_words_are_looked_up_apart_from_blenders(addon: None) -> None:
    for kind in registered():
        rna: Any = kind.bl_rna
        if issubclass(kind, bpy.types.Operator):
            group, name = kind.bl_idname.split(".")
            rna = getattr(getattr(bpy.ops, group), name).get_rna_type()
        if hasattr(kind, "bl_label") and "INTERNAL" not in getattr(kind, "bl_options", ()):
            assert kind.bl_translation_context == CONTEXT, kind.__name__
        of_blender = kind.__base__.bl_rna.properties
        for item in rna.properties:
            if item.identifier == "filepath" or item.is_hidden:  # of Blender's own mix-ins
                continue
            if item.identifier not in of_blender:
                assert item.translation_context == CONTEXT, (kind.__name__, item.identifier)
