"""Lines of text as pixels. Touches bpy."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene.lettering import lettered


def counts() -> list[int]:
    return [len(items) for items in (bpy.data.objects, bpy.data.curves, bpy.data.meshes)]


def test_letters_have_their_strokes_where_they_belong() -> None:
    before = counts()
    one, ring, bar = (lettered(text, 60) for text in ("l", "O", "-"))
    assert counts() == before  # nothing is left in the file
    for letters in (one, ring, bar):
        assert len(letters) == 60 and letters.dtype == np.float32
        assert letters.min() == 0.0 and letters.max() == 1.0
    rows, columns = np.nonzero(one > 0.5)
    assert np.ptp(rows) > 4 * np.ptp(columns)  # upright
    rows, columns = np.nonzero(bar > 0.5)
    assert np.ptp(columns) > 2 * np.ptp(rows)  # flat
    rows, columns = np.nonzero(ring > 0.5)
    middle = ring[round(rows.mean()), columns.min() : columns.max() + 1]
    assert middle[len(middle) // 2] == 0.0  # a hole
    assert middle[1] > 0.5 and middle[-2] > 0.5  # between two strokes


def test_a_line_is_as_wide_as_its_text_and_written_from_left_to_right() -> None:
    short, long = lettered("1", 20), lettered("1                 8", 20)
    assert long.shape[1] > 3 * short.shape[1]
    start = short.shape[1] - 2
    assert np.array_equal(long[:, :start], short[:, :start])
    assert long[:, -short.shape[1] :].any()
    assert lettered("", 20).shape[0] == 20 and not lettered("", 20).any()


@pytest.mark.parametrize("text", ["g", "Å"])
def test_what_reaches_far_is_not_cut(text: str) -> None:
    letters = lettered(text, 40)
    assert not letters[0].any() and not letters[-1].any() and letters.any()
    assert not letters[:, -1].any()
