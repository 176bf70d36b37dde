"""Resampling of small pictures by matrices. Pure numpy, never touches bpy.

A zoom step has no rotation, so every resampling in the analysis is separable: one matrix for the
rows and one for the columns, `rows @ picture @ columns.T`. That is short, exact about where a pixel
lies, and as fast as the machine's matrix product.

Coordinates: pixel i of a picture covers the interval [i, i + 1); its centre is at i + 0.5.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def box_matrix(length: int, start: float, step: float, count: int) -> Array:
    """Area averages: row r is the input's mean over start + r * step to start + (r + 1) * step.

    `length` is the number of input pixels, `count` the number of rows. The part of an interval that
    lies outside the input does not count; an interval wholly outside takes the nearest pixel.
    """
    edges = np.clip(start + step * np.arange(count + 1), 0.0, length)
    pixels = np.arange(length)
    begin, end = edges[:-1, None], edges[1:, None]
    weights = np.minimum(end, pixels + 1) - np.maximum(begin, pixels)
    np.clip(weights, 0.0, None, out=weights)
    total = weights.sum(axis=1)
    for row in np.flatnonzero(total < 1e-6):
        weights[row, min(int(edges[row]), length - 1)] = 1.0
        total[row] = 1.0
    return (weights / total[:, None]).astype(np.float32)


def cubic_matrix(length: int, positions: NDArray[np.float64]) -> Array:
    """Catmull-Rom interpolation at `positions` (coordinates as above), edges repeated."""
    centre = positions - 0.5
    whole = np.floor(centre).astype(np.int64)
    t = centre - whole
    taps = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    matrix = np.zeros((len(positions), length), np.float32)
    rows = np.arange(len(positions))
    for tap, weight in enumerate(taps):
        np.add.at(matrix, (rows, np.clip(whole + tap - 1, 0, length - 1)), weight)
    return matrix


def centred(count: int) -> NDArray[np.float64]:
    """Coordinates of `count` pixels' centres, from the centre of them all."""
    return np.arange(count, dtype=np.float64) - (count - 1) / 2


@lru_cache(maxsize=64)
def gauss_matrix(length: int, sigma: float) -> Array:
    """Gaussian blur of a line of `length` pixels; at the edges the weights are renormalised."""
    pixels = np.arange(length)
    weights = np.exp(-0.5 * np.square((pixels[:, None] - pixels) / sigma))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of a (height, width) picture; sigma in pixels."""
    height, width = picture.shape
    blurred = gauss_matrix(height, sigma) @ picture @ gauss_matrix(width, sigma).T
    return blurred.astype(np.float32, copy=False)


def flatten(picture: Array, sigma: float = 3.0, floor: float = 0.002) -> Array:
    """The local structure of a picture, whatever its brightness and contrast.

    Subtracts the local mean and divides by the local standard deviation (Gaussian windows of
    `sigma` and 1.5 `sigma` pixels): a gain, a vignette or a gradient in the sky leave no trace, and
    a cloud counts as much as a skyline.
    `floor`: contrast (of 0..1) under which there is only noise.
    """
    detail = picture - blur(picture, sigma)
    energy = blur(detail * detail, 1.5 * sigma)
    return detail / np.sqrt(energy + np.float32(floor * floor))
