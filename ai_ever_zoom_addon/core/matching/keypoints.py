"""Finding one image in another by what they share, however it is turned and wherever it lies.

Points that stand out from their surroundings at their own size, each with a description of what is
around it that neither light, size nor turn changes (D. Lowe, Distinctive Image Features from
Scale-Invariant Keypoints, IJCV 2004). Points of two images with like descriptions each propose one
similarity; the one that most others agree with is taken, and fitted to them (M. Fischler and
R. Bolles, Random Sample Consensus, CACM 1981; with so few proposals all are tried, none at random).

Good to half a percent and a third of a degree: registration makes it exact. Pure numpy, no bpy.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import product
from .picture import GREY_SIDE, Picture
from .placement import Placement
from .registration import SEEN
from .resampling import Array, blur

SCALES = 3  # sizes looked at in each octave
FIRST_SIGMA = 1.6  # of the smallest, in pixels of a level
LEAST_CONTRAST = 0.004  # of 0..1, between a point and its surroundings
EDGE = 10.0  # a point whose one curvature is this many times the other lies on a line: anywhere
MOST = 900  # points of an image, the strongest of each part of it
PARTS = 6  # of an image each way, from which points are taken evenly
BINS = 36  # of the directions among which a point's own is chosen
CELLS, DIRECTIONS = 4, 8  # a description: gradients in cells x cells x directions
SAMPLES = 16  # of a description's square each way
CELL_WIDTH = 3.0  # of a description, in sigmas of its point
ALIKE = 0.75  # product of two descriptions of length 1 from which they may show the same
LEAST_VOTES = 6  # points that agree on a place


@dataclass(frozen=True)
class Keypoints:
    """N points of an image.

    places: complex, full-size pixels from the image's centre, x right, y down. vectors: complex,
    size (full-size pixels) and direction (clockwise) of each. descriptions: (N, 128), of length 1.
    """

    places: NDArray[np.complex128]
    vectors: NDArray[np.complex128]
    descriptions: Array


@dataclass(frozen=True)
class _Points:
    """N points of one size: where they are in their octave, before they are described.

    slope: the octave's picture's, complex, right and down. x, y: in its pixels. direction: radians.
    places, vectors: as in Keypoints. strength: how far they stand out.
    """

    slope: NDArray[Any]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    direction: NDArray[np.float64]
    sigma: float
    places: NDArray[np.complex128]
    vectors: NDArray[np.complex128]
    strength: Array

    def described(self, chosen: NDArray[np.bool_]) -> Array:
        """The descriptions of some of them."""
        x, y, direction = self.x[chosen], self.y[chosen], self.direction[chosen]
        return _described(self.slope, x, y, direction, self.sigma)


def keypoints(picture: Picture) -> Keypoints:
    """The points of an image that stand out."""
    first = sum(max(grey.shape) > GREY_SIDE for grey in picture.greys)
    levels = range(first, len(picture.greys))
    found = [points for level in levels for points in _of_level(picture, level)]
    places = np.concatenate([points.places for points in found])
    vectors = np.concatenate([points.vectors for points in found])
    kept = _strongest(places, np.concatenate([points.strength for points in found]), picture)
    # A description costs more than all the rest: only what is kept gets one.
    is_kept = np.zeros(len(places), np.bool_)
    is_kept[kept] = True
    ends = np.cumsum([len(points.places) for points in found])[:-1]
    parts = zip(found, np.split(is_kept, ends), strict=True)
    descriptions = np.concatenate([points.described(chosen) for points, chosen in parts])
    return Keypoints(places[kept], vectors[kept], descriptions[(np.cumsum(is_kept) - 1)[kept]])


def locate(outer: Keypoints, inner: Keypoints, reach: float) -> tuple[Placement, int] | None:
    """Where most points of the inner image agree that it lies, and how many do.

    reach: half the inner image's diagonal in full-size pixels: over it a place may be wrong by a
    few percent.
    """
    if not len(outer.places) or not len(inner.places):
        return None
    likeness = product(outer.descriptions, inner.descriptions.T)
    theirs = likeness.argmax(axis=0)
    ours = likeness.argmax(axis=1)
    mine = np.arange(len(theirs))
    alike = (ours[theirs] == mine) & (likeness[theirs, mine] > ALIKE)
    mine, theirs = mine[alike], theirs[alike]
    if len(mine) < LEAST_VOTES:
        return None
    there, here = outer.places[theirs], inner.places[mine]
    vectors = outer.vectors[theirs] / inner.vectors[mine]
    return _consensus(there, here, vectors, reach)


def _consensus(
    there: NDArray[np.complex128],
    here: NDArray[np.complex128],
    vectors: NDArray[np.complex128],
    reach: float,
) -> tuple[Placement, int] | None:
    """The similarity there = offset + vector * here that most matches agree with."""
    apart = here[None] - here[:, None]  # [proposal, match]
    wrong = np.abs(there[None] - there[:, None] - vectors[:, None] * apart)
    ratio = vectors[None] / vectors[:, None]
    agree = wrong < np.abs(vectors)[:, None] * (0.15 * np.abs(apart) + 0.02 * reach)
    agree &= (np.abs(np.log(np.abs(ratio))) < 0.4) & (np.abs(np.angle(ratio)) < 0.45)
    voters = agree[int(agree.sum(axis=1).argmax())]
    for tolerance in (0.06, 0.03, 0.03):
        if _votes(here[voters], reach) < LEAST_VOTES:
            return None
        middle, target = here[voters].mean(), there[voters].mean()
        span = here[voters] - middle
        vector = complex(
            (np.conj(span) @ (there[voters] - target))
            / max(float(np.square(abs(span)).sum()), 1e-9)
        )
        offset = complex(target - vector * middle)
        wrong = np.abs(there - offset - vector * here)
        voters = wrong < tolerance * abs(vector) * reach
    votes = _votes(here[voters], reach)
    if votes < LEAST_VOTES or not vector:
        return None
    turn = math.degrees(cmath.phase(vector))
    return Placement(abs(vector), (offset.real, offset.imag), turn), votes


def _votes(places: NDArray[np.complex128], reach: float) -> int:
    """How many places there are, those that are all but the same taken as one."""
    grid = np.round(places / (0.02 * reach))
    return len(set(grid.tolist()))


def _of_level(picture: Picture, level: int) -> Iterator[_Points]:
    """The points of one octave, the smallest first."""
    grey = picture.greys[level].astype(np.float32)
    step = 2 ** (1 / SCALES)
    sigmas = [FIRST_SIGMA * step**k for k in range(SCALES + 3)]
    blurred = [blur(grey, math.sqrt(FIRST_SIGMA**2 - 0.25))]
    for before, after in itertools.pairwise(sigmas):
        blurred.append(blur(blurred[-1], math.sqrt(after**2 - before**2)))
    difference = np.stack([b - a for a, b in itertools.pairwise(blurred)])
    if picture.seen is not None:
        difference *= picture.seen[level] > SEEN
    scale, row, column = _extremes(difference)
    block = picture.block * 2**level
    middle = complex(picture.width, picture.height) / 2
    for k in range(1, SCALES + 1):
        chosen = scale == k
        y, x = _refined(difference[k], row[chosen], column[chosen])
        strength = np.abs(difference[k][row[chosen], column[chosen]])
        slope_y, slope_x = np.gradient(blurred[k])
        slope: Any = (slope_x + 1j * slope_y).astype(np.complex64)
        which, direction = _directions(slope, x, y, sigmas[k])
        x, y, strength = x[which], y[which], strength[which]
        places = (x + 1j * y + 0.5 + 0.5j) * block - middle
        vectors = sigmas[k] * block * np.exp(1j * direction)
        yield _Points(slope, x, y, direction, sigmas[k], places, vectors, strength)


def _extremes(
    difference: Array,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Scale, row and column of what is higher or lower than all its neighbours."""
    inside = difference[1:-1, 1:-1, 1:-1]
    height, width = difference.shape[1:]
    is_high, is_low = inside > LEAST_CONTRAST, inside < -LEAST_CONTRAST
    # Most fail beside a neighbour in their own line, in which whole lines are compared at once.
    for beside in (difference[1:-1, 1:-1, 2:], difference[1:-1, 1:-1, :-2]):
        is_high &= inside > beside
        is_low &= inside < beside
    scale, row, column = np.nonzero(is_high | is_low)
    flat = difference.reshape(-1)
    at = ((scale + 1) * height + row + 1) * width + column + 1
    value = flat[at]
    sign = np.sign(value)
    for k in (0, -1, 1):
        for y in (0, -1, 1):
            for x in (0, -1, 1):
                if k or y:
                    # Most fail soon: the rest is looked at in fewer and fewer places.
                    left = sign * value > sign * flat[at + (k * height + y) * width + x]
                    at, value, sign = at[left], value[left], sign[left]
    middle = flat[at]
    right, down = flat[at + 1], flat[at + width]
    left_one, up = flat[at - 1], flat[at - width]
    along, across = right + left_one - 2 * middle, down + up - 2 * middle
    slanted = (
        flat[at + width + 1] + flat[at - width - 1] - flat[at + width - 1] - flat[at - width + 1]
    ) / 4
    round_enough = (along + across) ** 2 * EDGE < (EDGE + 1) ** 2 * (along * across - slanted**2)
    at = at[round_enough]
    return at // (height * width), at // width % height, at % width


def _refined(
    picture: Array, row: NDArray[np.int64], column: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of extremes between the pixels, by a parabola each way."""
    middle = picture[row, column]
    moved = []
    for before, after in (
        (picture[row - 1, column], picture[row + 1, column]),
        (picture[row, column - 1], picture[row, column + 1]),
    ):
        bend = before + after - 2 * middle
        bend = np.where(np.abs(bend) < 1e-9, 1e-9, bend)
        moved.append(np.clip((before - after) / (2 * bend), -0.5, 0.5))
    y, x = (np.asarray(move, np.float64) for move in moved)
    return row + y, column + x


def _sampled(
    slope: NDArray[Any],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    around: NDArray[Any],
) -> NDArray[Any]:
    """The nearest pixels at offsets `around` (N or 1, K) from N points: (N, K)."""
    height, width = slope.shape
    columns = np.clip(np.rint(x[:, None] + around.real), 0, width - 1).astype(np.int64)
    rows = np.clip(np.rint(y[:, None] + around.imag), 0, height - 1).astype(np.int64)
    return slope.reshape(-1)[rows * width + columns]


def _directions(
    slope: NDArray[Any], x: NDArray[np.float64], y: NDArray[np.float64], sigma: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The direction in which most gradients around a point lead; for some points two.

    Returns which point each direction belongs to, and the directions in radians.
    """
    line = np.arange(-6, 7) * 0.75
    around = (line[:, None] * 1j + line).ravel()
    share = np.exp(-0.5 * np.square(np.abs(around) / 1.5))
    seen = _sampled(slope, x, y, sigma * around[None])
    turn = np.angle(seen) / (2 * np.pi) * BINS
    bins = np.rint(turn).astype(np.int64) % BINS + BINS * np.arange(len(x))[:, None]
    weight = (np.abs(seen) * share).ravel()
    histogram: Any = np.bincount(bins.ravel(), weight, BINS * len(x)).reshape(-1, BINS)
    for _ in range(3):
        histogram = (histogram + np.roll(histogram, 1, axis=1) + np.roll(histogram, -1, axis=1)) / 3
    before, after = np.roll(histogram, 1, axis=1), np.roll(histogram, -1, axis=1)
    is_peak = (histogram > before) & (histogram >= after)
    is_peak &= histogram > 0.85 * histogram.max(axis=1, keepdims=True)
    which, at = np.nonzero(is_peak)
    low, top, high = before[which, at], histogram[which, at], after[which, at]
    moved = (low - high) / (2 * np.minimum(low + high - 2 * top, -1e-12))
    return which, (at + moved) * (2 * np.pi / BINS)


@cache
def _cells() -> Array:
    """(samples, cells): the share of each sample of a description in each cell."""
    line = (np.arange(SAMPLES) + 0.5) / SAMPLES * CELLS - 0.5
    share = np.maximum(0.0, 1.0 - np.abs(line[:, None] - np.arange(CELLS)))
    cells = np.einsum("ya,xb->yxab", share, share).reshape(SAMPLES**2, CELLS**2)
    away = (np.arange(SAMPLES) + 0.5) / SAMPLES * 2 - 1
    window = np.exp(-0.5 * (np.square(away)[:, None] + np.square(away))).reshape(-1, 1)
    return (cells * window).astype(np.float32)


def _described(
    slope: NDArray[Any],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    direction: NDArray[np.float64],
    sigma: float,
) -> Array:
    """What is around points, seen from their own direction and at their own size: (N, 128)."""
    line = ((np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5) * CELLS * CELL_WIDTH * sigma
    around = (line[:, None] * 1j + line).ravel()
    own = np.exp(1j * direction)[:, None]
    seen = _sampled(slope, x, y, around[None] * own) / own.astype(np.complex64)
    strength = np.abs(seen)
    turn = np.angle(seen) * np.float32(DIRECTIONS / (2 * np.pi))
    cells = _cells()
    parts = []
    for k in range(DIRECTIONS):
        away = np.abs((turn - k + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        parts.append(product((strength * np.maximum(0.0, 1.0 - away)).astype(np.float32), cells))
    described: Array = np.concatenate(parts, axis=1)
    # One strong edge must not drown the rest: as in Lowe, nothing counts for more than a fifth.
    for most in (0.2, 1.0):
        described /= np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-9)
        described = np.minimum(described, np.float32(most))
    return described


def _strongest(
    places: NDArray[np.complex128], strengths: Array, picture: Picture
) -> NDArray[np.int64]:
    """The strongest points of each part of an image, MOST in all."""
    order = np.argsort(-strengths, kind="stable")
    x = (places[order].real / picture.width + 0.5) * PARTS
    y = (places[order].imag / picture.height + 0.5) * PARTS
    part = np.clip(y, 0, PARTS - 1).astype(int) * PARTS + np.clip(x, 0, PARTS - 1).astype(int)
    by_part = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[by_part], np.arange(PARTS**2))
    rank = np.empty(len(part), np.int64)
    rank[by_part] = np.arange(len(part)) - starts[part[by_part]]
    chosen: NDArray[np.int64] = order[np.argsort(rank, kind="stable")[:MOST]]
    return chosen
