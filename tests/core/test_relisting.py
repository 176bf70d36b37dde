"""What the buttons beside the list of images make of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.relisting import Pending, Rows, moved, removed, used
from ai_ever_zoom_addon.core.series import ListedImage


def rows(letters: str) -> Rows:
    """A row for each letter; small ones are left out."""
    return tuple(ListedImage(Path(letter.upper()), letter.isupper()) for letter in letters)


def letters(found: Iterable[ListedImage]) -> str:
    return "".join(row.file.name if row.is_used else row.file.name.lower() for row in found)


@pytest.mark.parametrize(
    ("chosen", "outwards", "inwards"),
    [
        ({2}, "ACBDE", "ABDCE"),
        ({0}, "ABCDE", "BACDE"),
        ({4}, "ABCED", "ABCDE"),
        ({1, 2}, "BCADE", "ADBCE"),
        ({1, 3}, "BADCE", "ACBED"),
        ({0, 1, 3}, "ABDCE", "CABED"),
        ({0, 2}, "ACBDE", "BADCE"),
        ({3, 4}, "ABDEC", "ABCDE"),
        (set(), "ABCDE", "ABCDE"),
        ({0, 1, 2, 3, 4}, "ABCDE", "ABCDE"),
    ],
)
def test_chosen_rows_move_by_one_place_and_wait_at_the_end(
    chosen: set[int], outwards: str, inwards: str
) -> None:
    assert letters(moved(rows("ABCDE"), chosen, outwards=True)) == outwards
    assert letters(moved(rows("ABCDE"), chosen, outwards=False)) == inwards


def test_chosen_rows_are_used_left_out_and_removed() -> None:
    assert letters(used(rows("AbCd"), {0, 1}, is_used=True)) == "ABCd"
    assert letters(used(rows("AbCd"), {0, 1}, is_used=False)) == "abCd"
    assert letters(removed(rows("AbCd"), {1, 2})) == "Ad"


def test_the_window_shows_what_the_list_is_going_to_be() -> None:
    # A to E were built; B is behind C now, D is left out.
    pending = Pending(rows("ABCDE"), rows("ACBdE"))
    assert pending.places() == [0, 2, 1, 3, 4]
    assert [pending.is_used(number) for number in range(5)] == [True, True, True, False, True]
    # C lies in A, B in C, and E in B, as never before; D lies nowhere.
    assert [pending.is_new_pair(number) for number in (1, 2, 4)] == [True, True, True]
    assert not pending.is_new_pair(0)


def test_what_is_as_it_was_is_not_measured() -> None:
    pending = Pending(rows("ABCDE"), rows("ABDEC"))
    assert [pending.is_new_pair(number) for number in range(5)] == [False, False, True, True, False]
    same = Pending(rows("AbC"), rows("AbC"))
    assert same.places() == [0, 1, 2]
    assert not any(map(same.is_new_pair, range(3)))


def test_removed_rows_have_no_place_and_new_ones_take_none() -> None:
    assert Pending(rows("ABCD"), rows("DA")).places() == [1, None, None, 0]
    assert Pending(rows("ABC"), rows("XYABC")).places() == [0, 1, 2]
    assert Pending(rows("ABC"), rows("CXA")).places() == [2, 1, 0]  # X in the place of B
