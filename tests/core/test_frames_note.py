"""The note in a folder of frames is checked as whatever comes out of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.frames_note import NOTE, FramesNote, read_note


def test_a_note_comes_back_as_it_was(tmp_path: Path) -> None:
    note = FramesNote({"-zs": 4, "a.png": [1, 2]}, frozenset({0, 1, 2, 7, 9, 10}))
    note.write(tmp_path)
    assert read_note(tmp_path) == note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"zoom": {}}',
        '{"zoom": [], "frames": []}',
        '{"zoom": {}, "frames": {"1": 2}}',
        '{"zoom": {}, "frames": [[1]]}',
        '{"zoom": {}, "frames": [["1", 2]]}',
        '{"zoom": {}, "frames": [[0, 1e15]]}',
        '{"zoom": {}, "frames": [[-1, 3]]}',
    ],
)
def test_what_is_no_note_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text(text, encoding="utf-8")
    assert read_note(tmp_path) is None
