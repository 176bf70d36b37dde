"""The curve by which things fade and glide. Never touches bpy."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part", float, NDArray[np.float64])


def smoothstep(part: Part) -> Part:
    """From 0 to 1 without a bend at either end, as `smoothstep` of drivers and shaders goes.

    Args:
        part: Of the way, 0 to 1; a number, or an array of any shape.
    """
    return part * part * (3.0 - 2.0 * part)
