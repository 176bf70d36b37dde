"""What the buttons beside the list of images make of its rows. Never touches bpy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .series import ListedImage

Rows = tuple[ListedImage, ...]


@dataclass(frozen=True)
class Selection:
    """A list, and what of it the user means.

    Attributes:
        rows: The list.
        chosen: Indices of the rows that are selected, or of the active one where none is.
        active: Index of the row that is active.
        places: Where the rows are by now that the window has under their numbers.
    """

    rows: Rows
    chosen: frozenset[int]
    active: int
    places: tuple[int | None, ...]


def moved(rows: Sequence[ListedImage], chosen: Collection[int], *, outwards: bool) -> Rows:
    """Some rows moved by one place; those that have arrived at the end wait for the others.

    Args:
        rows: The list.
        chosen: Indices of the rows to be moved.
        outwards: Towards the list's beginning.
    """
    changed = list(rows)
    where = set(chosen)
    step = -1 if outwards else 1
    for index in sorted(chosen, reverse=not outwards):
        place = index + step
        if 0 <= place < len(changed) and place not in where:
            changed[index], changed[place] = changed[place], changed[index]
            where = where - {index} | {place}
    return tuple(changed)


def used(rows: Sequence[ListedImage], chosen: Collection[int], is_used: bool) -> Rows:
    """The rows with some of them taken in or left out."""
    return tuple(
        replace(row, is_used=is_used) if index in chosen else row for index, row in enumerate(rows)
    )


def removed(rows: Sequence[ListedImage], chosen: Collection[int]) -> Rows:
    """The rows without some of them."""
    return tuple(row for index, row in enumerate(rows) if index not in chosen)


@dataclass(frozen=True)
class Pending:
    """What a list is going to be, while it is found out how its new neighbours lie.

    Attributes:
        before: The rows as the zoom has them.
        rows: As they are going to be.
    """

    before: Rows
    rows: Rows

    def places(self) -> list[int | None]:
        """The new place of each row of before; None: it is not in the list any more.

        A row that shows another file from now on keeps its place. A row that is new has none here.
        """
        new = {row.file: place for place, row in enumerate(self.rows)}
        old = {row.file for row in self.before}
        gone = [row.file for row in self.before if row.file not in new]
        come = [place for place, row in enumerate(self.rows) if row.file not in old]
        if len(gone) == len(come):
            new |= dict(zip(gone, come, strict=True))
        places = [new.get(row.file) for row in self.before]
        known = sorted(place for place in places if place is not None)
        return [None if place is None else known.index(place) for place in places]

    def is_used(self, index: int) -> bool:
        """Whether a row of before is going to be part of the zoom."""
        file = self.before[index].file
        return any(row.is_used for row in self.rows if row.file == file)

    def is_new_pair(self, index: int) -> bool:
        """Whether a row of before gets another neighbour that is larger."""
        file = self.before[index].file
        return _larger(self.rows, file) != _larger(self.before, file)


def _larger(rows: Rows, file: object) -> object:
    files = [row.file for row in rows if row.is_used]
    return next((outer for outer, inner in pairwise(files) if inner == file), None)
