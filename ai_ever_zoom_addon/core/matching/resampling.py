"""Resampling of small pictures by matrices. Pure numpy, never touches bpy.

Where nothing is turned, a resampling is separable: one matrix for the rows and one for the columns,
`rows @ picture @ columns.T`. That is short and exact about where a pixel lies. What is turned
is looked up point by point (`cubic_at`).

Coordinates: pixel i of a picture covers the interval [i, i + 1); its centre is at i + 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..products import product

Array = NDArray[np.float32]

BAND = 32  # rows of a matrix that are applied at a time


def box_matrix(length: int, start: float, step: float, count: int) -> Array:
    """Area averages: row r is the input's mean over start + r * step to start + (r + 1) * step.

    `length` is the number of input pixels, `count` the number of rows. The part of an interval that
    lies outside the input does not count; an interval wholly outside takes the nearest pixel.
    """
    edges = np.clip(start + step * np.arange(count + 1), 0.0, length)
    begin, end = edges[:-1, None], edges[1:, None]
    reach = math.ceil(step) + 1  # pixels that an interval touches, at most
    pixels = np.minimum(begin.astype(np.int64), length - 1) + np.arange(reach)
    weights = np.clip(np.minimum(end, pixels + 1) - np.maximum(begin, pixels), 0.0, None)
    total = weights.sum(axis=1, keepdims=True)
    is_outside = total[:, 0] < 1e-6
    weights[is_outside, 0] = total[is_outside] = 1.0
    matrix = np.zeros((count, length + reach), np.float32)  # beyond the input all are 0
    np.put_along_axis(matrix, pixels, (weights / total).astype(np.float32), axis=1)
    return matrix[:, :length]


def resample(rows: Array, picture: Array, columns: Array) -> Array:
    """rows @ picture @ columns.T, without the parts of both matrices that are 0.

    picture: (height, width); rows: (R, height); columns: (C, width). Returns (R, C).
    """
    lines = np.empty((len(rows), picture.shape[1]), np.float32)
    for band, near in _bands(rows):
        lines[band] = product(rows[band, near], picture[near])
    result = np.empty((len(rows), len(columns)), np.float32)
    for band, near in _bands(columns):
        result[:, band] = product(lines[:, near], columns[band, near].T)
    return result


def _bands(matrix: Array) -> Iterator[tuple[slice, slice]]:
    """Rows of a matrix, BAND at a time, and the columns in which some of them are not 0."""
    if len(matrix) <= BAND:
        yield slice(None), slice(None)
        return
    for start in range(0, len(matrix), BAND):
        band = slice(start, start + BAND)
        used = np.flatnonzero(matrix[band].any(axis=0))
        yield band, slice(used[0], used[-1] + 1)


def cubic_matrix(length: int, positions: NDArray[np.float64]) -> Array:
    """Catmull-Rom interpolation at `positions` (coordinates as above), edges repeated."""
    whole, taps = _catmull_rom(positions)
    matrix = np.zeros((len(positions), length), np.float32)
    rows = np.arange(len(positions))
    for tap, weight in enumerate(taps):
        np.add.at(matrix, (rows, np.clip(whole + tap - 1, 0, length - 1)), weight)
    return matrix


def cubic_at(picture: Array, x: NDArray[np.float64], y: NDArray[np.float64]) -> Array:
    """Catmull-Rom interpolation of a (height, width, ...) picture at points, edges repeated.

    x, y: coordinates as above, of one shape, which the result has (with the picture's channels).
    """
    height, width, *channels = picture.shape
    # Two repeated pixels all around, so that no tap has to be asked whether it lies inside.
    padded = np.pad(picture, ((2, 2), (2, 2), *((0, 0) for _ in channels)), mode="edge")
    flat = padded.reshape(-1, *channels).astype(np.float32, copy=False)
    left, across = _catmull_rom(np.clip(x, 0.0, width))
    top, down = _catmull_rom(np.clip(y, 0.0, height))
    first = (top + 1) * (width + 4) + left + 1
    inside = (..., *(None for _ in channels))
    result = np.zeros((*x.shape, *channels), np.float32)
    for row, weight in enumerate(down):
        line = np.zeros_like(result)
        for column, share in enumerate(across):
            taken = np.take(flat, first + (row * (width + 4) + column), axis=0)
            line += taken * share.astype(np.float32)[inside]
        result += line * weight.astype(np.float32)[inside]
    return result


def linear_at(
    picture: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear interpolation of a (height, width) picture at points, edges repeated.

    x, y: as of `cubic_at`.
    """
    height, width = picture.shape
    x, y = np.clip(x - 0.5, 0.0, width - 1.0), np.clip(y - 0.5, 0.0, height - 1.0)
    left, top = x.astype(int), y.astype(int)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x, y = x - left, y - top
    upper = picture[top, left] * (1.0 - x) + picture[top, right] * x
    lower = picture[below, left] * (1.0 - x) + picture[below, right] * x
    values: NDArray[np.float64] = upper * (1.0 - y) + lower * y
    return values


def _catmull_rom(
    positions: NDArray[np.float64],
) -> tuple[NDArray[np.int64], tuple[NDArray[np.float64], ...]]:
    """The pixel before each position, and the weights of four: from the one before that one."""
    centre = positions - 0.5
    whole = np.floor(centre).astype(np.int64)
    t = centre - whole
    return whole, (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )


def centred(count: int) -> NDArray[np.float64]:
    """Coordinates of `count` pixels' centres, from the centre of them all."""
    return np.arange(count, dtype=np.float64) - (count - 1) / 2


@lru_cache(maxsize=64)
def gauss_matrix(length: int, sigma: float) -> Array:
    """Gaussian blur of a line of `length` pixels; at the edges the weights are renormalised."""
    pixels = np.arange(length)
    weights = np.exp(-0.5 * np.square((pixels[:, None] - pixels) / sigma))
    weights[weights < 1e-6] = 0.0  # numbers too small for their exponent are slow
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of a (height, width) picture; sigma in pixels."""
    return _blur_rows(_blur_rows(picture, sigma).T, sigma).T


def _blur_rows(picture: Array, sigma: float) -> Array:
    """The same in one direction, by the part of the matrix that lies near its diagonal."""
    length, reach = len(picture), math.ceil(4 * sigma)
    matrix = gauss_matrix(length, sigma)
    blurred = np.empty_like(picture)
    for start in range(0, length, BAND):
        rows = slice(start, start + BAND)
        near = slice(max(0, start - reach), start + BAND + reach)
        blurred[rows] = product(matrix[rows, near], picture[near])
    return blurred


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
