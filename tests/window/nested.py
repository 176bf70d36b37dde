"""A small series that is cut out of one drawn picture, so what any view must show is known.

Never touches bpy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.series_maker import drawn

SIDE = 2048
Pixels = NDArray[np.uint8]


class NestedSeries:
    """Square images in a folder, each the middle of the next larger one, `img1.png` the innermost.

    Every image shows `factor` times as much as the next smaller one, exactly in the middle.
    """

    def __init__(self, folder: Path, count: int = 4, side: int = 256, factor: float = 2.0) -> None:
        self.folder = folder
        self.count = count
        self.factor = factor
        self._whole = Image.fromarray(drawn((SIDE, SIDE)))
        folder.mkdir(parents=True, exist_ok=True)
        for level in range(count):
            image = Image.fromarray(self.view(level, 1.0, side))
            image.save(folder / f"img{count - level}.png")

    def view(
        self, level: float, crop: float, side: int, right: float = 0.0, down: float = 0.0
    ) -> Pixels:
        """What fills the view at a zoom level, `side` pixels square.

        `right` and `down` move it, in widths of what fills the view.
        """
        width = SIDE * crop / self.factor**level
        left, top = SIDE / 2 + (right - 0.5) * width, SIDE / 2 + (down - 0.5) * width
        box = (left, top, left + width, top + width)
        return np.asarray(self._whole.resize((side, side), Image.Resampling.LANCZOS, box))


def likeness(seen: Pixels, expected: Pixels) -> float:
    """Which part of the pixels is the same to the eye: off by at most 24 of 255 in each channel.

    The screen shows an image of 256 pixels blown up, with the cursor, lines and buttons over it:
    both pictures are compared after shrinking them to 96 pixels.
    """
    small = [
        np.asarray(Image.fromarray(picture).resize((96, 96), Image.Resampling.BOX), np.int16)
        for picture in (seen, expected)
    ]
    return float((np.abs(small[0] - small[1]).max(axis=2) <= 24).mean())
