"""See-through areas inside a picture, through which another one is to be seen. No bpy."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .resampling import Array

SEE_THROUGH = 0.9  # opacity under which something behind shows
CLEAR = 0.5  # and under which at least half of a hole is, or it is a shade
SMALLEST = 0.04  # of the picture's width and height: smaller ones are no holes
CELLS = 256  # along the longest side, for finding which pixels belong together

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, the last two outside of it."""


def largest_hole(opacity: Array) -> Box | None:
    """The box around the largest see-through area that most of the picture lies around.

    It may reach to one side, as a door does; what touches two is a rim, or a corner cut off.

    Args:
        opacity: (height, width) in pixels, 0 to 1.

    Returns:
        None where there is no such area, or only small ones.
    """
    height, width = opacity.shape
    clear: NDArray[np.bool_] = opacity < SEE_THROUGH
    if not clear.any():
        return None
    cell = -(-max(height, width) // CELLS)
    rows, columns = -(-height // cell), -(-width // cell)
    padded = np.zeros((rows * cell, columns * cell), bool)
    padded[:height, :width] = clear
    cells = padded.reshape(rows, cell, columns, cell).max(axis=(1, 3)).astype(bool)
    boxes = [_exact(clear, area * cell) for area in _areas(cells)]
    holes = [box for box in boxes if box and _is_hole(opacity, box)]
    return max(holes, key=_size, default=None)


def _areas(cells: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """The boxes of connected cells that touch one side at most: left, top, right, bottom."""
    left = cells.copy()
    rows, columns = cells.shape
    found = []
    for start in zip(*np.nonzero(cells), strict=True):
        if not left[start]:
            continue
        left[start] = False
        area, waiting = [], [start]
        while waiting:
            row, column = waiting.pop()
            area.append((row, column))
            for there in (
                (row + 1, column),
                (row - 1, column),
                (row, column + 1),
                (row, column - 1),
            ):
                if 0 <= there[0] < rows and 0 <= there[1] < columns and left[there]:
                    left[there] = False
                    waiting.append(there)
        places = np.array(area)
        (top, first), (bottom, last) = places.min(axis=0), places.max(axis=0)
        if sum((top == 0, first == 0, bottom == rows - 1, last == columns - 1)) < 2:
            found.append(np.array((first, top, last + 1, bottom + 1)))
    return found


def _exact(clear: NDArray[np.bool_], around: NDArray[np.int64]) -> Box | None:
    """The box of what is see-through within another one."""
    left, top, right, bottom = (int(part) for part in around)
    inside = clear[top:bottom, left:right]
    down, across = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(down):
        return None
    return (
        left + int(across[0]),
        top + int(down[0]),
        left + int(across[-1]) + 1,
        top + int(down[-1]) + 1,
    )


def _is_hole(opacity: Array, box: Box) -> bool:
    left, top, right, bottom = box
    inside = opacity[top:bottom, left:right]
    seen = inside[inside < SEE_THROUGH]
    height, width = opacity.shape
    is_large = right - left >= SMALLEST * width and bottom - top >= SMALLEST * height
    return bool(is_large and (seen < CLEAR).mean() > 0.5)


def _size(box: Box) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)
