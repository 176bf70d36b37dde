"""What the analysis keeps of an image: a small picture. Pure numpy, never touches bpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .holes import Box, largest_hole
from .resampling import Array, box_matrix

# Longest side of the grey picture that is kept. Half precision at this size is 0.8 MB an image at
# most, and sub-pixel registration of it is exact to a few thousandths of its pixels.
GREY_SIDE = 640
COLOUR_SIDE = 256
SMALLEST_SIDE = 24  # shorter side of the smallest grey picture that is kept
CLIPPED = 0.985  # encoded value from which a channel may have lost its highlights


@dataclass(frozen=True)
class Picture:
    """A shrunk image.

    width, height: of the full image, in pixels.
    block: a pixel of `greys[0]` is the mean of block x block pixels of the full image, from its
        top left.
    greys: (height // block, width // block) float16, encoded 0..1; then halved and halved.
    colour_block, colour: the same in colour, coarser; (.., .., 3) float16.
    clipped: the share of full-size pixels in each pixel of `colour` that any channel has clipped.
    hole: the box around its largest hole, in full-size pixels.
    """

    name: str
    width: int
    height: int
    block: int
    greys: tuple[NDArray[np.float16], ...]
    colour_block: int
    colour: NDArray[np.float16]
    clipped: NDArray[np.float16]
    hole: Box | None = None

    def boxes(self, centre: tuple[float, float], step: float, shape: tuple[int, int]) -> Array:
        """The grey picture on another grid: area means of `step` x `step` full-size pixels.

        centre: (x, y) of the grid's centre, full-size pixels from the image's centre.
        shape: (rows, columns) of the grid.
        """
        level = 0
        while level + 1 < len(self.greys) and self.block * 2 ** (level + 2) <= step:
            level += 1
        if level + 1 < len(self.greys) and self.block * 2 ** (level + 1) == step:
            level += 1
        grey = self.greys[level]
        rows, columns = self.box_matrices(grey.shape, self.block * 2**level, centre, step, shape)
        return rows @ grey.astype(np.float32) @ columns.T

    def box_matrices(
        self,
        source: tuple[int, ...],
        block: int,
        centre: tuple[float, float],
        step: float,
        shape: tuple[int, int],
    ) -> tuple[Array, Array]:
        """The matrices of `boxes` for a source of (rows, columns) blocks of this image."""
        left = (self.width / 2 + centre[0] - step * shape[1] / 2) / block
        top = (self.height / 2 + centre[1] - step * shape[0] / 2) / block
        return (
            box_matrix(source[0], top, step / block, shape[0]),
            box_matrix(source[1], left, step / block, shape[1]),
        )


def block_means(image: Array, block: int) -> Array:
    """Means of block x block pixels of a (height, width, channels) image, remainder dropped."""
    if block == 1:
        return image
    height, width, channels = image.shape
    rows, columns = height // block, width // block
    # Rows first: contiguous, so the full image is read once, at the speed of memory.
    means = image[: rows * block].reshape(rows, block, width, channels).mean(axis=1)
    shrunk: Array = means[:, : columns * block].reshape(rows, columns, block, channels).mean(axis=2)
    return shrunk


def shrink(name: str, image: Array) -> Picture:
    """The Picture of an image, sRGB-encoded 0..1, top row first.

    image: (height, width, 3), or with opacity (height, width, 4).
    """
    hole = largest_hole(image[:, :, 3]) if image.shape[2] == 4 else None
    image = image[:, :, :3]
    height, width = image.shape[:2]
    longest = max(height, width)
    block = -(-longest // GREY_SIDE)
    small = block_means(image[:, :, :3], block)
    clipped = _clipped(image, block)
    again = max(1, -(-small.shape[1] // COLOUR_SIDE), -(-small.shape[0] // COLOUR_SIDE))
    again = min(again, *small.shape[:2])
    greys = [small @ np.array([[0.3], [0.6], [0.1]], np.float32)]
    while min(greys[-1].shape[:2]) >= 2 * SMALLEST_SIDE:
        greys.append(block_means(greys[-1], 2))
    return Picture(
        name=name,
        width=width,
        height=height,
        block=block,
        greys=tuple(grey[:, :, 0].astype(np.float16) for grey in greys),
        colour_block=block * again,
        colour=block_means(small, again).astype(np.float16),
        clipped=block_means(clipped, again)[:, :, 0].astype(np.float16),
        hole=hole,
    )


def _clipped(image: Array, block: int) -> Array:
    """Which blocks of an image hold a pixel with a clipped channel: (rows, columns, 1), 0 or 1."""
    height, width = image.shape[:2]
    rows, columns = height // block, width // block
    highest: Array = image[: rows * block].reshape(rows, block, width, -1).max(axis=1)
    highest = highest[:, : columns * block].reshape(rows, columns, -1).max(axis=2)
    return (highest >= CLIPPED).astype(np.float32)[:, :, None]
