"""How near what a picture shows is: a depth map, as little of it as a relief needs.

Never touches bpy.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plain
from ..texts import Text
from .matching.resampling import box_matrix, resample

# Of the longer side; finer steps than a hundredth of the picture would be smoothed away.
MOST_CELLS = 128

# Another shape than the picture's, by more than this part, is another picture's map.
_SHAPE_NOISE = 0.03

# Grey values that differ by less are the same, as part of the largest, at least of 1.
_SAME_GREY = 1e-5

# Beyond this a number stands for "nothing there", as renderers write it.
_FARTHEST = 1e9
# What is left out at either end of a map with numbers of any range, in percent.
_OUTLIERS = 0.5


class Flaw(StrEnum):
    """Why depth maps cannot be used, as the end of a sentence about some of them."""

    UNREAD = Text("cannot be read as still pictures")
    OTHER_SHAPE = Text("have another shape than their images")
    NO_DEPTH = Text("have no depth in them")
    OF_MOVING = Text("are of images that move")


@dataclass(frozen=True)
class DepthMap:
    """What is known of a picture's depth map.

    Attributes:
        file: The name of its file.
        text: Its cells, as `encoded` gives them; "" where it could not be used.
        flaw: Why not.
    """

    file: str
    text: str = ""
    flaw: Flaw | None = None

    @cached_property
    def cells(self) -> NDArray[np.float64]:
        """How near each part of the upright picture is, 0 to 1, shape (rows, columns), top first.

        Raises:
            ValueError: The text is not of that form.
        """
        size, _, data = self.text.partition(":")
        columns, _, rows = size.partition("x")
        shape = tuple(plain.whole(int(side), 1, MOST_CELLS) for side in (rows, columns))
        try:
            packed = base64.b64decode(data, validate=True)
            # No more than there should be, whatever else is in it.
            found = zlib.decompressobj().decompress(packed, shape[0] * shape[1] + 1)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(f"its cells cannot be unpacked: {error}") from None
        if len(found) != shape[0] * shape[1]:
            raise ValueError("its cells are not as many as they should be")
        cells: NDArray[np.float64] = np.frombuffer(found, np.uint8).reshape(shape) / 255.0
        return cells

    def to_json(self) -> list[str]:
        """The attributes as plain JSON values."""
        return [self.file, self.text, self.flaw or ""]

    @classmethod
    def from_json(cls, values: Any) -> DepthMap:
        """What `to_json` has written.

        Raises:
            ValueError: It is not of that form.
        """
        file, text, flaw = map(plain.text, plain.row(values, 3))
        found = cls(file, text, Flaw(flaw) if flaw else None)
        if found.text:
            _check(found.text)
        return found


@lru_cache(maxsize=1024)  # a panel asks for all of them again and again
def _check(text: str) -> None:
    """Find out whether a text can be read, see `DepthMap.cells`."""
    _ = DepthMap("", text).cells


def encoded(cells: NDArray[np.float64]) -> str:
    """Cells as a text, in steps of 1/255.

    Args:
        cells: 0 to 1, shape (rows, columns), each at most `MOST_CELLS`.
    """
    rows, columns = cells.shape
    packed = zlib.compress(np.rint(cells * 255.0).astype(np.uint8).tobytes(), 9)
    return f"{columns}x{rows}:{base64.b64encode(packed).decode('ascii')}"


def cells_of(values: NDArray[np.float32], aspect: float) -> NDArray[np.float64]:
    """A depth map, as few cells as are needed.

    What is from 0 to 1 stays as it is; numbers of another range, as floating-point files have them,
    go from 0 to 1 but for a few that are far off.

    Args:
        values: The whole map, white (large) is near, shape (height, width).
        aspect: Height of the picture in its widths.

    Returns:
        0 to 1, shape (rows, columns).

    Raises:
        ValueError: It has a `Flaw`, which is all that is said.
    """
    height, width = values.shape
    if abs(height / width / aspect - 1.0) > _SHAPE_NOISE and abs(height - width * aspect) > 2.0:
        raise ValueError(Flaw.OTHER_SHAPE.value)
    is_there = np.isfinite(values) & (np.abs(values) < _FARTHEST)
    if not is_there.any():
        raise ValueError(Flaw.NO_DEPTH.value)
    least, most = values[is_there].min(), values[is_there].max()
    if is_there.all() and most - least <= _SAME_GREY * max(1.0, abs(least), abs(most)):
        raise ValueError(Flaw.NO_DEPTH.value)
    if least < 0.0 or most > 1.0:
        least, most = np.percentile(values[is_there], [_OUTLIERS, 100.0 - _OUTLIERS])
        values = (values - least) / max(most - least, 1e-12)
    # What stands for "nothing there" is as far as the farthest that is there, on the same side.
    values = np.clip(np.where(np.isnan(values), 0.0, values), 0.0, 1.0).astype(np.float32)
    longest = max(width, height)
    rows, columns = (
        max(1, min(side, round(side * MOST_CELLS / longest))) for side in (height, width)
    )
    down, across = (
        box_matrix(length, 0.0, length / count, count)
        for length, count in ((height, rows), (width, columns))
    )
    cells: NDArray[np.float64] = resample(down, values, across).astype(np.float64)
    return np.clip(cells, 0.0, 1.0)
