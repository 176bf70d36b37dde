"""Where exactly one image lies in another: sub-pixel registration of a pair. No bpy.

Efficient second-order minimisation (the mean of both pictures' gradients) of the difference between
locally normalised pictures over scale, offset, gain and bias, from coarse to fine, with Tukey's
weights so that what a generator has redrawn does not pull. The pictures are compared on the grid of
the outer image's pixels, to which the inner image is shrunk by area averaging.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .picture import Picture
from .resampling import Array, centred, cubic_matrix, flatten

TRIM = 0.06  # rim of the inner image that is not compared, per side
COARSE_SIDE = 80  # at the coarsest level an image's longest side is about this many pixels
MARGIN = 8  # pixels around the compared ones, for the local means and for the place to move
SMALLEST = 12  # pixels of the inner image's shorter side, under which a level says nothing


@dataclass(frozen=True)
class Placement:
    """Where the inner image lies in the outer one.

    scale: full-size pixels of the outer image per pixel of the inner one.
    offset: (x, y) of the inner image's centre from the outer one's, outer pixels, y down.
    """

    scale: float
    offset: tuple[float, float]


@dataclass(frozen=True)
class Registration:
    """A Placement and how well it holds.

    correlation: of local structure, -1..1, at the finest level that still shows any.
    samples: the number of pixels it is over.
    """

    placement: Placement
    correlation: float
    samples: int


def levels(outer: Picture, inner: Picture, placement: Placement, finest: float) -> list[float]:
    """Steps (full-size outer pixels per pixel), coarse to fine; `finest` is the longest side."""
    longest = max(outer.width, outer.height)
    step = float(outer.block)
    while longest / step > finest * 1.01:
        step *= 2
    steps = [step]
    shorter = min(inner.width, inner.height) * placement.scale * (1 - 2 * TRIM)
    while longest / steps[-1] > COARSE_SIDE * 1.5 and shorter / (2 * steps[-1]) > SMALLEST:
        steps.append(2 * steps[-1])
    return steps[::-1]


def register(
    outer: Picture, inner: Picture, start: Placement, *, finest: float = 1e9
) -> Registration:
    """Improves `start`, wrong by up to some 5 % in scale and of the inner's size in place."""
    best = Registration(start, -1.0, 0)
    for step in levels(outer, inner, start, finest):
        found = _register_level(outer, inner, best.placement, step)
        # Where only noise is left, the finer level would only spoil what the coarser one knew.
        if best.samples and found.correlation < 0.5 * best.correlation:
            break
        best = found
    return best


def _register_level(
    outer: Picture, inner: Picture, start: Placement, step: float, iterations: int = 8
) -> Registration:
    across = start.scale * (1 - 2 * TRIM) / step
    shape = max(4, int(inner.height * across)), max(4, int(inner.width * across))
    padded = shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN
    inside = slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN)
    target = flatten(inner.boxes((0.0, 0.0), step / start.scale, padded))[inside]

    # The outer picture's pixels themselves, not resampled: the grid's edges are moved onto theirs.
    first_x = np.floor((outer.width / 2 + start.offset[0]) / step - padded[1] / 2)
    first_y = np.floor((outer.height / 2 + start.offset[1]) / step - padded[0] / 2)
    grid = padded[0] + 1, padded[1] + 1
    centre = (
        (first_x + grid[1] / 2) * step - outer.width / 2,
        (first_y + grid[0] / 2) * step - outer.height / 2,
    )
    source = flatten(outer.boxes(centre, step, grid))

    x, y = centred(shape[1]), centred(shape[0])
    target_y, target_x = np.gradient(target)
    log_scale, moved_x, moved_y = 0.0, start.offset[0] / step, start.offset[1] / step
    gain, bias = 1.0, 0.0
    correlation = -1.0
    for _ in range(iterations):
        at_x = outer.width / 2 / step + moved_x + x * np.exp(log_scale)
        at_y = outer.height / 2 / step + moved_y + y * np.exp(log_scale)
        sample = (
            cubic_matrix(grid[0], at_y - first_y) @ source @ cubic_matrix(grid[1], at_x - first_x).T
        )
        valid = np.outer(
            (at_y > 0) & (at_y < outer.height / step), (at_x > 0) & (at_x < outer.width / step)
        )
        residual = sample - gain * target - bias
        spread = 1.4826 * float(np.median(np.abs(residual[valid]))) + 1e-3
        weight = np.clip(1 - (residual / (4 * spread)) ** 2, 0, None) ** 2 * valid
        sample_y, sample_x = np.gradient(sample)
        slope_x, slope_y = (sample_x + target_x) / 2, (sample_y + target_y) / 2
        columns = (
            slope_x * x + slope_y * y[:, None],
            slope_x,
            slope_y,
            -target,
            np.full_like(target, -1.0),
        )
        jacobian = np.stack([column.ravel() for column in columns], axis=1)
        weighted = jacobian * weight.reshape(-1, 1)
        normal = (weighted.T @ jacobian).astype(np.float64)
        normal += np.diag(1e-6 * (np.diag(normal) + 1e-6))
        update = -np.linalg.solve(normal, (weighted.T @ residual.ravel()).astype(np.float64))
        limit = min(1.0, 2.0 / max(1e-9, np.hypot(update[1], update[2])))
        log_scale += float(np.clip(limit * update[0], -0.05, 0.05))
        moved_x += limit * float(update[1])
        moved_y += limit * float(update[2])
        gain = float(np.clip(gain + update[3], 0.2, 2.0))
        bias += float(update[4])
        correlation = correlation_of(sample[valid], target[valid])
        if np.hypot(update[1], update[2]) < 2e-3 and abs(update[0]) * len(x) < 2e-3:
            break
    placement = Placement(
        scale=start.scale * float(np.exp(log_scale)), offset=(moved_x * step, moved_y * step)
    )
    return Registration(placement, correlation, shape[0] * shape[1])


def correlation_of(one: Array, other: Array) -> float:
    """Pearson's correlation of two sets of samples; 0 where one has no variation."""
    if one.size < 4:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale > 1e-6 else 0.0
