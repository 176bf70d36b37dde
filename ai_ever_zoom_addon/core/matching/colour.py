"""How the colours of two nested images differ where they show the same thing. No bpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..products import dot
from .picture import Picture
from .placement import Placement
from .registration import TRIM, correlation_of, median
from .resampling import Array, centred, cubic_at, cubic_matrix, resample

TOO_DARK = 0.03  # encoded value under which a pixel says nothing about a gain
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Likeness:
    """How alike the outer image's inside and the shrunk inner image are.

    score: Pearson's correlation of the encoded grey values, -1..1: 1 is the same picture, 0.7 to
    0.95 one that was painted again. gain, linear_gain: see analysis.Pair.
    """

    score: float
    gain: Triple
    linear_gain: Triple


def linear_from_srgb(encoded: Array) -> Array:
    """Linear light (0..1) of sRGB-encoded values (IEC 61966-2-1)."""
    low = encoded / 12.92
    high = ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high).astype(np.float32)


def likeness(outer: Picture, inner: Picture, placement: Placement) -> Likeness:
    """Compares the two images on a grid of the outer image's coarse colour pixels."""
    step = float(outer.colour_block)
    across = placement.scale * (1 - 2 * TRIM) / step
    shape = max(2, int(inner.height * across)), max(2, int(inner.width * across))
    rows, columns = inner.box_matrices(
        inner.colour.shape[:2], inner.colour_block, (0.0, 0.0), step / placement.scale, shape
    )
    theirs = _resample(rows, inner.colour, columns)
    broken = resample(rows, inner.clipped.astype(np.float32), columns)
    hidden = np.zeros(shape, np.float32)
    if inner.hidden is not None:
        hidden += resample(rows, inner.hidden, columns)

    middle = complex(outer.width, outer.height) / 2 + complex(*placement.offset)
    x, y = step * centred(shape[1]), step * centred(shape[0])
    if placement.turn:
        points = placement.vector / placement.scale * (x + 1j * y[:, None]) + middle
        at_x, at_y = points.real / step, points.imag / step
        ours = cubic_at(outer.colour.astype(np.float32), at_x, at_y)
        broken += np.abs(cubic_at(outer.clipped.astype(np.float32), at_x, at_y))
        if outer.hidden is not None:
            hidden += np.abs(cubic_at(outer.hidden, at_x, at_y))
    else:
        at_x, at_y = ((middle.real + x) / step)[None], ((middle.imag + y) / step)[:, None]
        rows = cubic_matrix(outer.colour.shape[0], at_y[:, 0])
        columns = cubic_matrix(outer.colour.shape[1], at_x[0])
        ours = _resample(rows, outer.colour, columns)
        broken += resample(np.abs(rows), outer.clipped.astype(np.float32), np.abs(columns))
        if outer.hidden is not None:
            hidden += resample(np.abs(rows), outer.hidden, np.abs(columns))
    inside = (at_y > 0) & (at_y < outer.height / step) & (at_x > 0) & (at_x < outer.width / step)
    inside &= hidden < 0.05
    usable = (inside & (broken < 1e-3))[..., None] & (np.minimum(ours, theirs) > TOO_DARK)

    return Likeness(
        score=correlation_of(ours.mean(axis=2)[inside], theirs.mean(axis=2)[inside]),
        gain=_gains(ours, theirs, usable),
        linear_gain=_gains(linear_from_srgb(ours), linear_from_srgb(theirs), usable),
    )


def _resample(rows: Array, colour: NDArray[np.float16], columns: Array) -> Array:
    """Each channel of a (height, width, 3) picture resampled."""
    channels = [resample(rows, colour[:, :, c].astype(np.float32), columns) for c in range(3)]
    return np.stack(channels, axis=2)


def _gains(ours: Array, theirs: Array, usable: NDArray[np.bool_]) -> Triple:
    """Per channel the factor from `theirs` to `ours`, from the pixels that agree on one.

    usable: of each pixel and channel.
    """
    red, green, blue = (_gain(ours[usable[..., c], c], theirs[usable[..., c], c]) for c in range(3))
    return red, green, blue


def _gain(ours: Array, theirs: Array) -> float:
    """A robust ratio of sums.

    A ratio of sums, unlike a regression, is not biased by noise, nor by one picture being blurrier
    than the other. Tukey's weights, wide ones, take out what does not fit at all: narrow ones would
    find a wrong gain in an area that was painted again as a whole.
    """
    if ours.size < 16:
        return 1.0
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    gain = float(ours.sum() / theirs.sum())
    weight = np.empty_like(ours)  # one piece of memory for all that is worked out on the way
    for _ in range(10):
        residual = ours - gain * theirs
        spread = 1.4826 * median(np.abs(residual, out=weight)) + 1e-4
        residual /= 8 * spread
        np.subtract(1.0, np.square(residual, out=weight), out=weight)
        np.square(np.maximum(weight, 0.0, out=weight), out=weight)
        before, gain = gain, dot(weight, ours) / dot(weight, theirs)
        if abs(gain - before) < 1e-5:
            break
    return gain
