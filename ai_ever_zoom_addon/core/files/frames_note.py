"""A small file in a folder of frames that says of which zoom they are. Never touches bpy."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import plain
from ...errors import EverZoomError
from ...settings import LAST_FRAME
from ..findings import listed
from .writing import write_whole

NOTE = ".ever_zoom.json"

Zoom = Mapping[str, Any]
"""All that decides what frames show, as JSON values, each by what a user calls it."""


@dataclass(frozen=True)
class FramesNote:
    """Which frames of a folder are of which zoom.

    Attributes:
        zoom: What they show.
        numbers: Of the frames, whether they are rendered by now or not.
    """

    zoom: Zoom
    numbers: frozenset[int]

    def write(self, folder: Path) -> None:
        """Put it into a folder.

        Raises:
            OSError: It cannot be written.
        """
        values = {"zoom": self.zoom, "frames": _ranges(self.numbers)}
        write_whole(folder / NOTE, json.dumps(values, indent=1).encode())


def read_note(folder: Path) -> FramesNote | None:
    """What a folder's note says; None where there is none to read."""
    try:
        values = plain.record(plain.read_json((folder / NOTE).read_text("utf-8")))
        rows = [plain.row(item, 2) for item in plain.row(values["frames"])]
        ends = [[plain.whole(number, 0, LAST_FRAME) for number in row] for row in rows]
        ranges = [range(first, last + 1) for first, last in ends]
        return FramesNote(plain.record(values["zoom"]), frozenset(itertools.chain(*ranges)))
    except (OSError, ValueError, KeyError):
        return None


def check_goes_on(note: FramesNote | None, zoom: Zoom, folder: Path) -> None:
    """Make sure that the frames that are in a folder are of a zoom, so that it can go on there.

    Raises:
        EverZoomError: They are of another one, or that is not known.
    """
    if note is None:
        raise EverZoomError(
            "The frames in {folder} are of a zoom that is not known: replace them by "
            "rendering all of them, or choose another folder.",
            folder=folder,
        )
    names = [name for name in {**note.zoom, **zoom} if note.zoom.get(name) != zoom.get(name)]
    if names:
        raise EverZoomError(
            "The frames in {folder} are of another zoom ({names}): replace them by rendering "
            "all of them, or choose another folder.",
            folder=folder,
            names=listed(names, 3),
        )


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of numbers that follow each other."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return ranges
