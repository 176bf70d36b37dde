"""Colours of a picture where it is see-through. Never touches bpy.

Between the pixels of 8-bit pictures Blender's sequencer, EEVEE and Workbench interpolate colours
without regard to their opacity: so what is hidden would show at the edges of what is not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Hidden colours give way to those around them where the opacity is below about this.
_FAINT = 1 / 64


def bleed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy in which colours that hardly show are those of what shows beside them.

    Args:
        pixels: Shape (height, width, 4), 0 to 255, opacity not multiplied in.
    """
    result = pixels.copy()
    if (pixels[..., 3] == 255).all():
        return result
    alpha = pixels[..., 3:].astype(np.float32) / 255.0
    # By weight: the pixel's own grows with the square of its opacity, so that it counts alone
    # wherever it is seen.
    own = alpha**2 / _FAINT**2
    around = np.concatenate([pixels[..., :3] * alpha, alpha], axis=2)
    weighted = np.concatenate([pixels[..., :3] * own, own], axis=2)
    for neighbour in _neighbours(around):
        weighted += neighbour
    colour, weight = weighted[..., :3], weighted[..., 3:]
    mixed = np.rint(colour / np.maximum(weight, 1e-6)).astype(np.uint8)
    result[..., :3] = np.where(alpha == 1.0, pixels[..., :3], mixed)
    return result


def _neighbours(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The eight neighbours of each pixel; zero beyond the sides."""
    height, width = values.shape[:2]
    wide = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                yield wide[down : down + height, right : right + width]
