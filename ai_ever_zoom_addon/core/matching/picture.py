"""What the analysis keeps of an image: a small picture. Pure numpy, never touches bpy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from .holes import Box, largest_hole
from .placement import Placement
from .resampling import Array, box_matrix, resample

# Longest side of the grey picture that is kept, of many images. Half precision at this size is
# 0.8 MB an image at most, and sub-pixel registration of it is exact to a few thousandths of its
# pixels.
GREY_SIDE = 640
FEW_SIDE = 1024  # of few images, so that what is small in an image can be seen
FEW_PIXELS = 8e6  # of all grey pictures together, in which few images may be kept larger
# Red, green and blue in a grey picture: more evenly than they are seen, as each was rounded on its
# own, and a dark blue shows what its green does not.
GREY = np.array([0.25, 0.5, 0.25], np.float32)
COLOUR_SIDE = 256
SMALLEST_SIDE = 24  # shorter side of the smallest grey picture that is kept
OPAQUE = 0.99  # opacity under which something is see-through
ON_GRID = 1e-9  # of a pixel: what rounding makes of a whole number of them
CLIPPED = 0.985  # encoded value from which a channel may have lost its highlights


@dataclass(frozen=True)
class Picture:
    """A shrunk image.

    width, height: of the full image, in pixels.
    block: a pixel of `greys[0]` is the mean of block x block pixels of the full image, from its
        top left.
    greys: (height // block, width // block) float16, encoded 0..1; then halved and halved. What
        is not seen goes over smoothly into what is.
    seen: how much is seen of each pixel of each of `greys`, 0..1: what is see-through, or a mark
        that is the same on all images, is not. None: all of it.
    colour_block, colour: the same in colour, coarser; (.., .., 3) float16.
    clipped: the share of full-size pixels in each pixel of `colour` that any channel has clipped.
    hole: the box around its largest hole, in full-size pixels.
    """

    name: str
    width: int
    height: int
    block: int
    greys: tuple[NDArray[np.float16], ...]
    seen: tuple[NDArray[np.float16], ...] | None
    colour_block: int
    colour: NDArray[np.float16]
    clipped: NDArray[np.float16]
    hole: Box | None = None

    def filled_by(self, inner: Picture) -> Placement | None:
        """Where another picture lies that fills the hole, so that none of it stays open."""
        if self.hole is None:
            return None
        left, top, right, bottom = self.hole
        scale = max((right - left) / inner.width, (bottom - top) / inner.height)
        return Placement(scale, ((left + right - self.width) / 2, (top + bottom - self.height) / 2))

    def boxes(self, centre: tuple[float, float], step: float, shape: tuple[int, int]) -> Array:
        """The grey picture on another grid: area means of `step` x `step` full-size pixels.

        centre: (x, y) of the grid's centre, full-size pixels from the image's centre.
        shape: (rows, columns) of the grid.
        """
        return self._boxes(self.greys, centre, step, shape)

    def seen_boxes(
        self, centre: tuple[float, float], step: float, shape: tuple[int, int]
    ) -> Array | None:
        """How much is seen of each pixel of such a grid, 0..1; None: all of it."""
        return None if self.seen is None else self._boxes(self.seen, centre, step, shape)

    def _boxes(
        self,
        sources: tuple[NDArray[np.float16], ...],
        centre: tuple[float, float],
        step: float,
        shape: tuple[int, int],
    ) -> Array:
        level = 0
        while level + 1 < len(sources) and self.block * 2 ** (level + 2) <= step:
            level += 1
        if level + 1 < len(sources) and self.block * 2 ** (level + 1) == step:
            level += 1
        source = sources[level]
        block = self.block * 2**level
        left, top = self._corner(centre, step, shape, block)
        at = round(left), round(top)
        if step == block and max(abs(left - at[0]), abs(top - at[1])) < ON_GRID:
            # The picture's own pixels; beyond its edges the nearest ones.
            lines = np.clip(at[1] + np.arange(shape[0]), 0, source.shape[0] - 1)
            places = np.clip(at[0] + np.arange(shape[1]), 0, source.shape[1] - 1)
            return source[lines[:, None], places].astype(np.float32)
        rows, columns = self.box_matrices(source.shape, block, centre, step, shape)
        return resample(rows, source.astype(np.float32), columns)

    @property
    def hidden(self) -> Array | None:
        """How much of each pixel of `colour` is not seen, 0..1; None: nothing."""
        if self.seen is None:
            return None
        seen = self.seen[0].astype(np.float32)[:, :, None]
        return 1 - block_means(seen, self.colour_block // self.block)[:, :, 0]

    def without(self, mark: NDArray[np.bool_]) -> Picture:
        """The picture without what `mark`, of the shape of `greys[0]`, says is no part of it."""
        seen: Array = 1 - mark.astype(np.float32)[:, :, None]
        if self.seen is not None:
            seen = seen * self.seen[0].astype(np.float32)[:, :, None]
        grey = _filled(self.greys[0].astype(np.float32)[:, :, None], seen)
        return replace(self, greys=_halved(grey), seen=_halved(seen))

    def box_matrices(
        self,
        source: tuple[int, ...],
        block: int,
        centre: tuple[float, float],
        step: float,
        shape: tuple[int, int],
    ) -> tuple[Array, Array]:
        """The matrices of `boxes` for a source of (rows, columns) blocks of this image."""
        left, top = self._corner(centre, step, shape, block)
        return (
            box_matrix(source[0], top, step / block, shape[0]),
            box_matrix(source[1], left, step / block, shape[1]),
        )

    def _corner(
        self, centre: tuple[float, float], step: float, shape: tuple[int, int], block: int
    ) -> tuple[float, float]:
        """Left and top of a grid as in `boxes`, in blocks of this image from its left top."""
        return (
            (self.width / 2 + centre[0] - step * shape[1] / 2) / block,
            (self.height / 2 + centre[1] - step * shape[0] / 2) / block,
        )


def block_means(image: Array, block: int) -> Array:
    """Means of block x block pixels of a (height, width, channels) image, remainder dropped."""
    if block == 1:
        return image
    height, width = image.shape[:2]
    # Rows first: contiguous, so the full image is read once, at the speed of memory.
    lines: Array = reduce(np.add, _every(image, block, height, 0)) / np.float32(block)
    means: Array = reduce(np.add, _every(lines, block, width, 1)) / np.float32(block)
    return means


def _every(image: Array, block: int, length: int, axis: int) -> Iterator[Array]:
    """The first pixels of all blocks along an axis, then the second ones, and so on."""
    end = length // block * block
    for first in range(block):
        yield image[first:end:block] if axis == 0 else image[:, first:end:block]


def grey_side(count: int) -> int:
    """Longest side of the grey pictures of so many images."""
    return max(GREY_SIDE, min(FEW_SIDE, math.isqrt(int(FEW_PIXELS / count))))


def shrink(name: str, image: Array, longest_side: int = GREY_SIDE) -> Picture:
    """The Picture of an image, sRGB-encoded 0..1, top row first.

    longest_side: of the grey picture that is kept, at most (see grey_side).
    image: (height, width, 3), or (height, width, 4) with its opacity, not multiplied in.
    """
    hole = largest_hole(image[:, :, 3]) if image.shape[2] == 4 else None
    height, width = image.shape[:2]
    longest = max(height, width)
    block = -(-longest // longest_side)
    clipped = _clipped(image[:, :, :3], block)
    seen = None
    if image.shape[2] == 4 and image[:, :, 3].min() < OPAQUE:
        seen = block_means(image[:, :, 3:], block)
        lit = block_means(image[:, :, :3] * image[:, :, 3:], block)
        lit /= np.maximum(seen, np.float32(1e-6))
        small = _filled(lit, seen)
    else:
        small = block_means(image[:, :, :3], block)
    again = max(1, -(-small.shape[1] // COLOUR_SIDE), -(-small.shape[0] // COLOUR_SIDE))
    again = min(again, *small.shape[:2])
    return Picture(
        name=name,
        width=width,
        height=height,
        block=block,
        greys=_halved(small @ GREY[:, None]),
        seen=None if seen is None else _halved(seen),
        colour_block=block * again,
        colour=block_means(small, again).astype(np.float16),
        clipped=block_means(clipped, again)[:, :, 0].astype(np.float16),
        hole=hole,
    )


def _halved(picture: Array) -> tuple[NDArray[np.float16], ...]:
    """A (height, width, 1) picture, and halved and halved."""
    levels = [picture]
    while min(levels[-1].shape[:2]) >= 2 * SMALLEST_SIDE:
        levels.append(block_means(levels[-1], 2))
    return tuple(level[:, :, 0].astype(np.float16) for level in levels)


def _filled(picture: Array, seen: Array) -> Array:
    """A picture whose unseen pixels are taken, ever coarser, from what is seen around them.

    So no edge tells where something is not seen. picture: (height, width, channels); seen: (height,
    width, 1), 0..1.
    """
    height, width = picture.shape[:2]
    if min(height, width) < 2:
        total = np.maximum(seen.sum(axis=(0, 1)), np.float32(1e-6))
        around: Array = (picture * seen).sum(axis=(0, 1)) / total
    else:
        share = block_means(seen, 2)
        colour = block_means(picture * seen, 2)
        colour /= np.maximum(share, np.float32(1e-6))
        coarse = _filled(colour, share)
        doubled = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
        rest = ((0, height - doubled.shape[0]), (0, width - doubled.shape[1]), (0, 0))
        around = np.pad(doubled, rest, mode="edge")
    filled: Array = picture * seen + around * (1 - seen)
    return filled


def _clipped(image: Array, block: int) -> Array:
    """Which blocks of an image hold a pixel with a clipped channel: (rows, columns, 1), 0 or 1."""
    height, width = image.shape[:2]
    highest = reduce(np.maximum, _every(image, block, height, 0))
    highest = reduce(np.maximum, _every(highest, block, width, 1))
    highest = np.maximum(np.maximum(highest[..., 0], highest[..., 1]), highest[..., 2])
    return (highest >= CLIPPED).astype(np.float32)[:, :, None]
