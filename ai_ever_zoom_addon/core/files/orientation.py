"""How a picture that a camera has stored lying or mirrored is put upright. Never touches bpy.

Source: Exif 3.0, tag Orientation (TIFF, Revision 6.0, tag 274): codes 1 to 8. Blender shows the
picture as it is stored.
"""

from __future__ import annotations

import struct
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1

_TAG, _SHORT = 274, 3

# By code: whether the stored picture is transposed, and then mirrored across and up, to be upright.
_TURNS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}

Kind = TypeVar("Kind", bound=np.generic)


def orientation_in(exif: bytes) -> int:
    """The code in Exif data, which is built like a TIFF file; `UPRIGHT` where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return UPRIGHT
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, directory)
        for number in range(count):
            place = directory + 2 + 12 * number
            tag, kind, length, value = struct.unpack_from(order + "HHIH", exif, place)
            if (tag, kind, length) == (_TAG, _SHORT, 1):
                return value if value in _TURNS else UPRIGHT
    except struct.error:  # damaged: what else it says is not known
        pass
    return UPRIGHT


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height of a stored picture once it is upright."""
    return (height, width) if _TURNS[orientation][0] else (width, height)


def upright(pixels: NDArray[Kind], orientation: int) -> NDArray[Kind]:
    """A stored picture, shape (height, width, channels), top row first, as it is to be seen."""
    is_transposed, is_across, is_up = _TURNS[orientation]
    if is_transposed:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if is_up else 1, :: -1 if is_across else 1]


def stored(places: NDArray[np.float64], orientation: int) -> NDArray[np.float64]:
    """Where places of the upright picture are in the stored one.

    Args:
        places: Shape (n, 2), each 0 to 1 from the lower left corner, x right, y up.
        orientation: The code.
    """
    is_transposed, is_across, is_up = _TURNS[orientation]
    across, down = places[:, 0], 1.0 - places[:, 1]
    across = 1.0 - across if is_across else across
    down = 1.0 - down if is_up else down
    if is_transposed:
        across, down = down, across
    return np.stack([across, 1.0 - down], axis=1)
