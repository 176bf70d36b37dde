"""Where exactly one image lies in another: sub-pixel registration of a pair. No bpy.

Efficient second-order minimisation (the mean of both pictures' gradients) of the difference between
locally normalised pictures over scale, offset, gain and bias, from coarse to fine, with Tukey's
weights so that what a generator has redrawn does not pull. The pictures are compared on the grid of
the outer image's pixels, to which the inner image is shrunk by area averaging.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .picture import Picture
from .resampling import Array, centred, cubic_matrix, flatten

TRIM = 0.06  # rim of the inner image that is not compared, per side
COARSE_SIDE = 48  # at the coarsest level an image's longest side is about this many pixels
MARGIN = 8  # pixels around the compared ones, for the local means and for the place to move
UNSURE = 0.04  # likely error, in pixels of a level, from which local structure is tried as well
# Certainty per pixel of the inner image's side under which a pair is given up at a coarse level
# (one of the first two); pairs that were painted again have 0.1, others more, unrelated ones
# about 0.04.
HOPELESS = 0.07
SETTLED = 0.1  # pixels of a level: the last movement of a place that is not on its way elsewhere
SMALLEST = 20  # pixels of the inner image's shorter side, under which a level says nothing


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

    correlation: of local structure, -1..1. certainty: that correlation in units of what chance
    gives, at the level that shows it best: two unrelated pictures stay under about 10. error: the
    likely error of the offset, in full-size outer pixels. step: of the finest level looked at.
    is_settled: whether the place hardly moved any more at that level.
    """

    placement: Placement
    correlation: float
    certainty: float
    error: float
    step: float
    is_settled: bool = True


def levels(outer: Picture, inner: Picture, placement: Placement) -> list[float]:
    """Steps (full-size outer pixels per pixel), coarse to fine."""
    longest = max(outer.width, outer.height)
    steps = [float(outer.block)]
    shorter = min(inner.width, inner.height) * placement.scale * (1 - 2 * TRIM)
    while longest / steps[-1] > COARSE_SIDE * 1.5 and shorter / (2 * steps[-1]) > SMALLEST:
        steps.append(2 * steps[-1])
    return steps[::-1]


def register(
    outer: Picture, inner: Picture, start: Placement, *, enough: float = math.inf
) -> Registration:
    """Improves `start`, wrong by up to some 5 % in scale and of the inner's size in place.

    enough: the certainty at which it stops, coarse as the place may still be.
    """
    return refine(outer, inner, Registration(start, -1.0, -1.0, math.inf, math.inf), enough=enough)


def refine(
    outer: Picture, inner: Picture, known: Registration, *, enough: float = math.inf
) -> Registration:
    """Goes on with a registration that stopped early, at the levels that are left."""
    best = known
    for number, step in enumerate(levels(outer, inner, known.placement)):
        is_left = step < known.step or (step == known.step and not known.is_settled)
        if not is_left or best.certainty > enough:
            continue
        first = best.step == math.inf
        found = _register_level(outer, inner, best.placement, step, structure=first)
        if not first and found.error > UNSURE * step:
            # Painted again: what differs is mostly large, so the small structure tells more.
            other = _register_level(outer, inner, best.placement, step, structure=True)
            found = min(found, other, key=lambda registration: registration.error)
        # Where a finer level shows more noise than picture, the coarser one knew the place better.
        better = found if found.error < best.error else best
        clearer = found if found.certainty > best.certainty else best
        best = Registration(
            better.placement,
            clearer.correlation,
            clearer.certainty,
            better.error,
            step,
            better.is_settled,
        )
        side = math.sqrt(inner.width * inner.height) * known.placement.scale / step
        if enough < math.inf and number < 2 and best.certainty < HOPELESS * side:
            break
    return best


def _register_level(
    outer: Picture, inner: Picture, start: Placement, step: float, structure: bool
) -> Registration:
    """One level: on local structure, or on grey values with a gain, a bias and a slope.

    The first finds a place from further away and in any light. The second weighs what is seen by
    its contrast, so that noise counts for nothing, and needs no window that looks beyond the pixels
    compared, where a generator has redrawn the rim.
    """
    across = start.scale * (1 - 2 * TRIM) / step
    shape = max(4, int(inner.height * across)), max(4, int(inner.width * across))
    padded = shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN
    target = inner.boxes((0.0, 0.0), step / start.scale, shape)

    # The outer picture's pixels themselves, not resampled: the grid's edges are moved onto theirs.
    first_x = np.floor((outer.width / 2 + start.offset[0]) / step - padded[1] / 2)
    first_y = np.floor((outer.height / 2 + start.offset[1]) / step - padded[0] / 2)
    grid = padded[0] + 1, padded[1] + 1
    centre = (
        (first_x + grid[1] / 2) * step - outer.width / 2,
        (first_y + grid[0] / 2) * step - outer.height / 2,
    )
    source = outer.boxes(centre, step, grid)
    if structure:
        source, target = flatten(source), flatten(target)

    x, y = centred(shape[1]), centred(shape[0])
    light = [-target, np.full_like(target, -1.0)]
    if not structure:
        light += [
            np.broadcast_to(-2 * x / shape[1], shape),
            np.broadcast_to(-2 * y[:, None] / shape[0], shape),
        ]
    photometric = np.stack([part.ravel() for part in light], axis=1).astype(np.float32)
    x_pixels, y_pixels = x.astype(np.float32), y.astype(np.float32)[:, None]
    values = np.zeros(photometric.shape[1])
    values[0] = 1.0
    target_y, target_x = np.gradient(target)
    steep = np.hypot(target_x, target_y).ravel()
    log_scale, moved_x, moved_y = 0.0, start.offset[0] / step, start.offset[1] / step
    is_settled = False
    for _ in range(8 if structure else 15):
        at_x = outer.width / 2 / step + moved_x + x * np.exp(log_scale)
        at_y = outer.height / 2 / step + moved_y + y * np.exp(log_scale)
        rows, columns = cubic_matrix(grid[0], at_y - first_y), cubic_matrix(grid[1], at_x - first_x)
        sample = (rows @ source @ columns.T).astype(np.float32, copy=False)
        valid = np.outer(
            (at_y > 0) & (at_y < outer.height / step), (at_x > 0) & (at_x < outer.width / step)
        )
        residual = sample.ravel() + photometric @ values.astype(np.float32)
        spread = 1.4826 * float(np.median(np.abs(residual[valid.ravel()]))) + 1e-4
        # At an edge a small displacement makes a large difference: no reason to distrust it.
        bound = 4 * np.float32(spread) + steep
        weight = np.square(np.clip(1 - np.square(residual / bound), 0, None))
        weight *= valid.ravel()
        sample_y, sample_x = np.gradient(sample)
        slope_x, slope_y = (sample_x + target_x) / 2, (sample_y + target_y) / 2
        geometric = [slope_x * x_pixels + slope_y * y_pixels, slope_x, slope_y]
        jacobian = np.concatenate(
            [np.stack([part.ravel() for part in geometric], axis=1), photometric], axis=1
        )
        weighted = jacobian * weight[:, None]
        normal = (weighted.T @ jacobian).astype(np.float64)
        normal += np.diag(1e-6 * (np.diag(normal) + 1e-6))
        update = -np.linalg.solve(normal, (weighted.T @ residual).astype(np.float64))
        limit = min(1.0, 2.0 / max(1e-9, float(np.hypot(update[1], update[2]))))
        log_scale += float(np.clip(limit * update[0], -0.05, 0.05))
        moved_x += limit * float(update[1])
        moved_y += limit * float(update[2])
        values += update[3:]
        moved = float(np.hypot(update[1], update[2])), abs(float(update[0])) * len(x)
        is_settled = moved[0] < SETTLED and moved[1] < SETTLED
        if moved[0] < 3e-3 and moved[1] < 6e-3:
            break
    error = step * _displacement_error(
        sample, target, residual.reshape(shape), weight.reshape(shape)
    )
    if not structure:
        sample, target = flatten(sample), flatten(target)
    placement = Placement(
        scale=start.scale * float(np.exp(log_scale)), offset=(moved_x * step, moved_y * step)
    )
    correlation = correlation_of(sample[valid], target[valid])
    samples = float(valid.mean()) * _independent_samples(sample, target)
    certainty = correlation * math.sqrt(samples)
    return Registration(placement, correlation, certainty, error, step, is_settled)


def _displacement_error(one: Array, other: Array, residual: Array, weight: Array) -> float:
    """The likely error of a least-squares displacement, in pixels.

    Only gradients that both pictures share tell about the place; noise has gradients as well.
    """
    slopes = [np.gradient(picture, axis=axis) for picture in (one, other) for axis in (0, 1)]
    shared = float((weight * (slopes[0] * slopes[2] + slopes[1] * slopes[3])).sum())
    used = float((weight * sum(np.square(slope) for slope in slopes)).sum()) / 2
    variance = float((weight * np.square(residual)).sum() / max(float(weight.sum()), 1e-9))
    if shared <= 0.0:
        return math.inf
    return math.sqrt(2 * variance * used * _shared_area(residual, one - other)) / shared


def _independent_samples(one: Array, other: Array) -> float:
    """How many independent samples two unrelated pictures with these power spectra would share.

    The variance of their correlation is the sum of the product of the spectra over the product of
    their sums. Spectra are smoothed over three frequencies each way.
    """
    powers = []
    for picture in (one, other):
        power = np.square(np.abs(np.fft.fft2(picture - picture.mean())))
        for axis in (0, 1):
            power = power + np.roll(power, 1, axis) + np.roll(power, -1, axis)
        powers.append(power)
    together = float((powers[0] * powers[1]).sum())
    return float(powers[0].sum()) * float(powers[1].sum()) / max(together, 1e-30)


def _shared_area(one: Array, other: Array) -> float:
    """Pixels that count as one independent sample when two unrelated pictures are correlated.

    The variance of a correlation is the sum of the product of both autocorrelations over the number
    of pixels; for Gaussian ones, which the curvature at 0 (variance of the differences between
    neighbours over the variance) describes, that sum is 2 pi over the added curvatures.
    """
    curvature = [
        sum(
            float(np.square(np.diff(picture, axis=axis)).mean())
            / max(float(np.square(picture).mean()), 1e-9)
            for picture in (one, other)
        )
        for axis in (0, 1)
    ]
    return max(1.0, 2 * math.pi / math.sqrt(max(curvature[0] * curvature[1], 1e-9)))


def correlation_of(one: Array, other: Array) -> float:
    """Pearson's correlation of two sets of samples; 0 where one has no variation."""
    if one.size < 4:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale > 1e-6 else 0.0
