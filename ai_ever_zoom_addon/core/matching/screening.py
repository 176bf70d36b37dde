"""Which image may lie in which, at what size and where: a quick look at all pairs. No bpy.

Every image is shrunk to one small template. Every image is also looked at through a bank of zoom
factors: at each, it is resampled so that an image nested at that factor would come out at the
template's size. All its windows of that size are then compared with all templates in one matrix
product: normalised cross-correlation of locally normalised pictures, over the whole range of
offsets. The cost is N times the windows, plus a matrix product that only grows with N squared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..products import product, window_sums
from .picture import Picture
from .resampling import Array, flatten

TRIM = 0.06  # rim of the inner image that generators redraw, and that is not compared; per side
ROWS = 6  # of a window's that are compared at once
PEAK = 3  # pixels of a template's grid around a place that are the same peak
SEARCH = 0.26  # usual largest offset looked at, as a part of the outer image


@dataclass(frozen=True)
class Screen:
    """What one image (the outer) says about M templates at F factors; arrays (F * peaks, M).

    Each factor has a row for the best place and, if more peaks are asked for, for the next ones.
    score: highest correlation, -1..1. scale: full-size pixels of the outer image per pixel of the
    inner one. x, y: centre of inner to centre of outer, outer pixels, right and down.
    chance: mean square of all the windows' correlations: what a pair gets that is not related.
    """

    score: NDArray[np.float64]
    scale: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    chance: NDArray[np.float64]


@dataclass(frozen=True)
class Templates:
    """Images shrunk to some hundred pixels each, to be looked for in another one.

    vectors: (N, pixels), of mean 0 and length 1. shape: rows, columns. steps: (N,), full-size
    pixels of each image per pixel of its template. sigma: how large the structures compared are,
    in pixels of a template (see flatten).
    """

    vectors: Array
    shape: tuple[int, int]
    steps: NDArray[np.float64]
    sigma: float

    def of(self, numbers: Sequence[int]) -> Templates:
        """Those of some of the images."""
        return replace(self, vectors=self.vectors[numbers], steps=self.steps[numbers])


def templates_of(pictures: Sequence[Picture], side: int, sigma: float) -> Templates:
    """Templates with the median aspect of the pictures, of as many pixels as a square of `side`."""
    aspect = float(np.median([picture.width / picture.height for picture in pictures]))
    columns = int(np.clip(round(side * aspect**0.5), side / 2, side * 2))
    shape = max(side // 3, round(side**2 / columns)), columns
    steps = [_template_step(picture, shape) for picture in pictures]
    sized = zip(pictures, steps, strict=True)
    vectors = [_template(picture, step, shape, sigma) for picture, step in sized]
    return Templates(np.stack(vectors), shape, np.array(steps), sigma)


def _template_step(picture: Picture, shape: tuple[int, int]) -> float:
    """Full-size pixels of the image per pixel of its template."""
    inside = 1.0 - 2.0 * TRIM
    return inside * min(picture.width / shape[1], picture.height / shape[0])


def _template(picture: Picture, step: float, shape: tuple[int, int], sigma: float) -> Array:
    """The image's template as a flat vector with mean 0 and length 1."""
    rim = 3  # the local means at the edge need what lies beyond it
    wide = _looked_at(picture, step, (shape[0] + 2 * rim, shape[1] + 2 * rim), sigma)
    vector: Array = wide[rim:-rim, rim:-rim].ravel()
    vector -= vector.mean()
    vector /= max(float(np.linalg.norm(vector)), 1e-6)
    return vector


def bank(lowest: float, highest: float) -> list[float]:
    """Nominal zoom factors that are close enough together for a template to be found."""
    # Half a step of scale moves the template's rim, 12 pixels from its centre, by 0.7 pixels.
    count = int(np.ceil(np.log(highest / lowest) / np.log(1.12)))
    return [lowest * (highest / lowest) ** (k / count) for k in range(count + 1)]


def screen(
    outer: Picture,
    templates: Templates,
    factors: list[float],
    peaks: int = 1,
    reach: float = SEARCH,
) -> Screen:
    """Compares all windows of one image with all templates, at the given nominal zoom factors.

    reach: largest offset looked at, as a part of the outer image; 1: wherever it lies inside.
    peaks: how many places of each factor and template to tell.
    """
    shape, count = templates.shape, len(templates.vectors)
    kind = (len(factors) * peaks, count)
    result = Screen(*(np.zeros(kind) for _ in range(5)))
    own_step = _template_step(outer, shape)
    everyone = np.arange(count)
    for number, factor in enumerate(factors):
        step = own_step / factor
        view = _view(outer, step, shape, templates.sigma, reach)
        scores = _products(view, templates.vectors.reshape(-1, *shape))
        rows, columns, _ = scores.shape
        pixels = shape[0] * shape[1]
        squares, sums = (
            window_sums(values, shape).astype(np.float32) for values in (np.square(view), view)
        )
        energy = squares - np.square(sums) / pixels
        scores /= np.sqrt(np.maximum(energy, 1e-3 * pixels))[..., None]
        scores = scores.reshape(-1, count)
        chance = np.einsum("ij,ij->j", scores, scores) / len(scores)
        for line in range(number * peaks, (number + 1) * peaks):
            place = scores.argmax(axis=0)
            row, column = np.divmod(place, columns)
            result.score[line] = scores[place, everyone]
            result.chance[line] = chance
            result.scale[line] = step / templates.steps
            result.x[line] = (column - (columns - 1) / 2) * step
            result.y[line] = (row - (rows - 1) / 2) * step
            if peaks > 1:
                _clear(scores.reshape(rows, columns, -1), row, column)
    return result


def _products(view: Array, templates: Array) -> Array:
    """Products of all windows of a view with templates (M, rows, columns): (down, across, M).

    Windows of a few rows stand for those that begin as many rows further down, too: so they are
    laid out in memory once, and not for each row that they have.
    """
    height, width = templates.shape[1:]
    windows = np.lib.stride_tricks.sliding_window_view(view, (min(ROWS, height), width))
    down, across = view.shape[0] - height + 1, windows.shape[1]
    strips = windows.reshape(len(windows) * across, -1)
    products = np.zeros((down * across, len(templates)), np.float32)
    for first in range(0, height, ROWS):
        start = min(first, height - windows.shape[2])
        part = templates[:, start : start + ROWS].copy()
        part[:, : first - start] = 0.0  # the strip before has them
        rows = strips[start * across : (start + down) * across]
        products += product(rows, part.reshape(len(part), -1).T)
    return products.reshape(down, across, -1)


def _clear(scores: Array, row: NDArray[np.int64], column: NDArray[np.int64]) -> None:
    """Take a peak out of each of the (rows, columns, M) scores."""
    for number, (y, x) in enumerate(zip(row, column, strict=True)):
        top, left = max(0, y - PEAK), max(0, x - PEAK)
        scores[top : y + PEAK + 1, left : x + PEAK + 1, number] = -1.0


def _view(outer: Picture, step: float, shape: tuple[int, int], sigma: float, reach: float) -> Array:
    """The outer image at `step` pixels per pixel, as much of it as the search needs, flattened."""
    whole = (int(outer.height / step), int(outer.width / step))
    seen = tuple(
        max(size, min(size + 2 * int(np.ceil(reach * full)), full))
        for size, full in zip(shape, whole, strict=True)
    )
    margin = 3
    grid = (seen[0] + 2 * margin, seen[1] + 2 * margin)
    view = _looked_at(outer, step, grid, sigma)
    return np.ascontiguousarray(view[margin:-margin, margin:-margin])


def _looked_at(picture: Picture, step: float, grid: tuple[int, int], sigma: float) -> Array:
    """The middle of a picture, flattened, at `step` pixels per pixel; what is not seen is 0."""
    view = flatten(picture.boxes((0.0, 0.0), step, grid), sigma)
    seen = picture.seen_boxes((0.0, 0.0), step, grid)
    return view if seen is None else view * seen
