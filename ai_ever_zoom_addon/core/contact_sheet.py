"""A contact sheet: one picture of all joins of a zoom, before it is rendered. Never touches bpy.

For each join it shows the frame in which the seam is best seen, the difference of both images
there, and, where there are few, either image alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..texts import Text
from .cropping import UNSEEN, SeamDifference, seam_difference, widths_to_look
from .joins import (
    DIFFERENCE_TIMES,
    Bytes,
    Join,
    JoinPictures,
    find_joins,
    join_pictures,
    source_of,
)
from .plan.plan import Plan
from .steps import Steps

# All of a sheet has about so many pixels at most, and a picture in it so many along a side.
_MOST_PIXELS = 20_000_000
_LARGEST = 400
_SMALLEST = 24
# Where pictures would be smaller than that, each image alone is left out.
_SMALL = 240

_SHAPE = 1.4  # of a sheet, width to height
_GAP = 4
_LETTERS = 18  # height of the line above the pictures
_PAPER, _INK = 24, 230

ALL = ("seam", "difference", "outer", "inner")
FEW = ALL[:2]

# A line of text as opacity, 0 to 1, of a height in pixels, and as wide as it is.
Lettering = Callable[[str, int], NDArray[np.float32]]


@dataclass(frozen=True)
class Layout:
    """How a sheet is divided.

    Attributes:
        kinds: Which pictures of each join are shown, side by side.
        tile: Width and height of such a picture.
        columns: How many joins lie side by side.
    """

    kinds: tuple[str, ...]
    tile: tuple[int, int]
    columns: int

    @property
    def block(self) -> tuple[int, int]:
        """Width and height of the place of one join, with the gap behind it."""
        width, height = self.tile
        return len(self.kinds) * (width + _GAP) + 2 * _GAP, height + _LETTERS + 3 * _GAP


def layout_of(count: int, aspect: float) -> Layout:
    """How a sheet of so many joins is divided; aspect: height of the frames in their widths."""
    for kinds in (ALL, FEW):
        room = _MOST_PIXELS / count / len(kinds)
        line = _LETTERS + 3 * _GAP  # above each picture
        width = aspect**-0.5 * (math.sqrt(room) - line / 2.0 * aspect**-0.5)
        width = min(width, _LARGEST, _LARGEST / aspect)
        if width * max(1.0, aspect) >= _SMALL:
            break
    tile = max(_SMALLEST, round(width)), max(_SMALLEST, round(width * aspect))
    layout = Layout(kinds, tile, 1)
    across, up = layout.block
    columns = round(math.sqrt(count * up * _SHAPE / across))
    return Layout(kinds, tile, min(max(columns, 1), count))


def sheet_steps(
    plan: Plan, read: Callable[[Path], NDArray[np.float32]], lettering: Lettering
) -> Steps[Bytes]:
    """Draw the sheet of a zoom; each image is read once.

    Args:
        plan: The zoom.
        read: The upright pixels of an image, shape (height, width, 3 or 4), 0 to 1.
        lettering: Draws text.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        Shape (height, width, 3), 0 to 255.
    """
    joins = find_joins(plan)
    layout = layout_of(len(joins), plan.view_size[1] / plan.view_size[0])
    width = layout.tile[0]
    needs = [widths_to_look(plan, join, width) for join in joins]
    most: dict[Path, float] = {}
    last: dict[Path, int] = {}
    for number, need in enumerate(needs):
        for file, pixels in need.items():
            most[file] = max(most.get(file, 0.0), pixels)
            last[file] = number
    rows = math.ceil(len(joins) / layout.columns)
    across, up = layout.block
    sheet = np.full((rows * up + _GAP, layout.columns * across, 3), _PAPER, np.uint8)
    sources: dict[Path, Bytes] = {}
    for number, (join, need) in enumerate(zip(joins, needs, strict=True)):
        yield (
            number / len(joins),
            Text("Drawing join {number} of {count}", number=number + 1, count=len(joins)),
        )
        for file in need.keys() - sources.keys():
            sources[file] = source_of(read(file), most[file])
        row, column = divmod(number, layout.columns)
        place = sheet[row * up : (row + 1) * up, column * across : (column + 1) * across]
        _fill(place, layout, join_pictures(plan, join, sources, width))
        told = f"{number + 1}   frame {join.frame}{_warning(seam_difference(plan, join, sources))}"
        for left, text in _lines(layout, told, join):
            _write(place[:, left:], text, lettering)
        for file in [file for file in sources if last[file] <= number]:
            del sources[file]
    return sheet


def _warning(found: SeamDifference | None) -> str:
    """That a seam is seen, and which crop hides it; "" if it is not seen."""
    if found is None or found.now <= UNSEEN:
        return ""
    crop = "no crop hides it" if found.suggested is None else f"crop {found.suggested:.2f}"
    return f"   differs by {found.now:.0f}: {crop}"


def _lines(layout: Layout, told: str, join: Join) -> list[tuple[int, str]]:
    """What is written above the pictures of a join, from the left to the right, and where."""
    inner, outer = join.inner.image.file.name, join.outer.image.file.name
    if layout.kinds == FEW:
        return [(0, f"{told}   {inner} in {outer}")]
    texts = {
        "seam": told,
        "difference": f"difference, {DIFFERENCE_TIMES:.0f} times",
        "outer": outer,
        "inner": inner,
    }
    step = layout.tile[0] + _GAP
    return [(number * step, texts[kind]) for number, kind in enumerate(layout.kinds)]


def _fill(place: Bytes, layout: Layout, pictures: JoinPictures) -> None:
    top = _LETTERS + 3 * _GAP
    for number, kind in enumerate(layout.kinds):
        picture = getattr(pictures, kind)
        left = _GAP + number * (layout.tile[0] + _GAP)
        height, width = picture.shape[:2]
        place[top : top + height, left : left + width] = picture


def _write(place: Bytes, text: str, lettering: Lettering) -> None:
    """Write a line above the pictures; what has no room is cut."""
    letters = lettering(text, _LETTERS)[:_LETTERS, : place.shape[1] - 2 * _GAP]
    height, width = letters.shape
    line = place[2 * _GAP : 2 * _GAP + height, _GAP : _GAP + width]
    place[2 * _GAP : 2 * _GAP + height, _GAP:] = _PAPER  # the end of one that was too long
    line[:] = np.rint(_PAPER + (_INK - _PAPER) * letters[..., None])
