"""Where exactly one image lies in another: sub-pixel registration of a pair. No bpy.

Efficient second-order minimisation (the mean of both pictures' gradients) of the difference between
locally normalised pictures over scale, turn, offset, gain and bias, from coarse to fine, with
Tukey's weights so that what a generator has redrawn does not pull. The pictures are compared on
the grid of the outer image's pixels, to which the inner image is shrunk by area averaging.

A turn is only believed where it stands out of its own likely error: what is not turned comes out
with a turn of exactly 0, and is compared without being looked up point by point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import dot, product
from .picture import Picture
from .placement import Placement
from .resampling import Array, centred, cubic_at, cubic_matrix, flatten, resample

TRIM = 0.06  # rim of the inner image that is not compared, per side
COARSE_SIDE = 48  # at the coarsest level an image's longest side is about this many pixels
MARGIN = 8  # pixels around the compared ones, for the local means and for the place to move
UNSURE = 0.04  # likely error, in pixels of a level, from which local structure is tried as well
# Certainty per pixel of the inner image's side under which a pair is given up at a coarse level
# (one of the first two); pairs that were painted again have 0.1, others more, unrelated ones
# about 0.04.
HOPELESS = 0.07
SETTLED = 0.1  # pixels of a level: the last movement of a place that is not on its way elsewhere
NOTICED = 0.3  # pixels by which a turn moves the compared area's rim, from which it is followed
LEAST_TURN = 0.03  # degrees under which nothing is turned
CERTAIN_TURN = 6.0  # a turn must be this many times its own likely error
ROUNDING = 1e-3  # of 0..1: how wrong a pixel may be in a picture of 8 bits
SEEN = 0.9  # opacity from which a pixel is compared
SMALLEST = 20  # pixels of the inner image's shorter side, under which a level says nothing


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


NOTHING = Registration(Placement(1.0, (0.0, 0.0)), 0.0, 0.0, math.inf, math.inf)


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
    outer: Picture,
    inner: Picture,
    known: Registration,
    *,
    enough: float = math.inf,
    exact: float = 0.0,
) -> Registration:
    """Goes on with a registration that stopped early, at the levels that are left.

    enough, exact: the certainty and the likely error at which it stops.
    """
    best = known
    for number, step in enumerate(levels(outer, inner, known.placement)):
        is_left = step < known.step or (step == known.step and not known.is_settled)
        if not is_left or best.certainty > enough or best.error < exact:
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
    target = inner.boxes((0.0, 0.0), step / start.scale, shape)
    place = Placement(1.0, (start.offset[0] / step, start.offset[1] / step), start.turn)
    if abs(math.radians(start.turn)) * max(shape) / 2 < NOTICED:
        place = replace(place, turn=0.0)
    source = _Source(outer, step, place, shape)
    target_seen = inner.seen_boxes((0.0, 0.0), step / start.scale, shape)
    if structure:
        source.pixels, target = flatten(source.pixels), flatten(target)

    x, y = centred(shape[1]), centred(shape[0])
    light = [-target, np.full_like(target, -1.0)]
    if not structure:
        light += [
            np.broadcast_to(-2 * x / shape[1], shape),
            np.broadcast_to(-2 * y[:, None] / shape[0], shape),
        ]
    # A row for each of scale, turn, offset (right, down) and light, a column for each pixel.
    jacobian = np.empty((4 + len(light), target.size), np.float32)
    photometric = jacobian[4:]
    for row, part in zip(photometric, light, strict=True):
        row[:] = part.ravel()
    x_pixels, y_pixels = x.astype(np.float32), y.astype(np.float32)[:, None]
    values = np.zeros(len(light))
    values[0] = 1.0
    target_slopes = target_y, target_x = _slopes(target)
    steep = np.hypot(target_x, target_y).ravel()
    is_settled = is_decided = False
    for _ in range(8 if structure else 15):
        sample, valid = source.seen_at(place, x, y)
        if target_seen is not None:
            valid = valid & (target_seen > SEEN)
        if np.count_nonzero(valid) < SMALLEST**2 / 4:
            return NOTHING
        residual = sample.ravel() + product(values[None].astype(np.float32), photometric)[0]
        sample_slopes = sample_y, sample_x = _slopes(sample)
        edge = np.minimum(steep, np.hypot(sample_x, sample_y).ravel())
        weight = _trust(residual, valid.ravel(), edge)
        slope_x, slope_y = (sample_x + target_x) / 2, (sample_y + target_y) / 2
        jacobian[0] = (slope_x * x_pixels + slope_y * y_pixels).ravel()
        jacobian[1] = (slope_y * x_pixels - slope_x * y_pixels).ravel()
        jacobian[2], jacobian[3] = slope_x.ravel(), slope_y.ravel()
        update = _gauss_newton(jacobian, weight, residual)
        values += update[4:]
        larger, turn, right, down = (float(value) for value in update[:4])
        distance = math.hypot(right, down)
        limit = min(1.0, 2.0 / max(1e-9, distance))
        turn = float(np.clip(limit * turn, -0.05, 0.05))
        turned = place.turn + math.degrees(turn)
        if not place.turn and (is_decided or abs(turn) * max(shape) / 2 < NOTICED):
            turn = 0.0  # as good as in a straight line: it need not be followed
        place @= Placement(
            math.exp(float(np.clip(limit * larger, -0.05, 0.05))),
            (limit * right, limit * down),
            math.degrees(turn),
        )
        swing = max(abs(larger), abs(turn)) * len(x)
        is_settled = distance < SETTLED and swing < SETTLED
        if distance < 3e-3 and swing < 6e-3:
            is_turned = abs(turned) > LEAST_TURN and _stands_out(
                turned,
                _displacement_error(sample_slopes, target_slopes, residual, weight),
                shape,
            )
            if is_decided or is_turned == bool(place.turn):
                break
            place, is_decided = replace(place, turn=turned if is_turned else 0.0), True
    error = step * _displacement_error(sample_slopes, target_slopes, residual, weight)
    if not structure:
        sample, target = flatten(sample), flatten(target)
    placement = Placement(
        start.scale * place.scale, (place.offset[0] * step, place.offset[1] * step), place.turn
    )
    correlation = correlation_of(sample[valid], target[valid])
    samples = float(valid.mean()) * _independent_samples([sample], [target])
    certainty = correlation * math.sqrt(samples)
    return Registration(placement, correlation, certainty, error, step, is_settled)


def _trust(residual: Array, valid: NDArray[np.bool_], edge: Array) -> Array:
    """How much each pixel counts, 0 to 1, shape (pixels,): what lies far off is something else.

    Args:
        residual: By how much the pictures differ.
        valid: Whether there is something to compare.
        edge: How steep both pictures are. At an edge a small displacement makes a large difference:
            no reason to distrust it, if both have it. A caption has edges in one of them.
    """
    spread = 1.4826 * median(np.abs(residual[valid])) + ROUNDING
    bound = 4 * np.float32(spread) + edge
    weight: Array = np.square(np.clip(1 - np.square(residual / bound), 0, None))
    weight *= valid
    return weight


def _gauss_newton(jacobian: Array, weight: Array, residual: Array) -> NDArray[np.floating[Any]]:
    """The step that makes the weighted squares of the residuals least, shape (unknowns,).

    Args:
        jacobian: What each unknown changes, shape (unknowns, pixels).
        weight: Of the pixels.
        residual: The same.
    """
    weighted = jacobian * weight
    normal = product(weighted, jacobian.T).astype(np.float64)
    normal += np.diag(1e-6 * (np.diag(normal) + 1e-6))
    slope = product(weighted, residual[:, None])[:, 0].astype(np.float64)
    return -np.linalg.solve(normal, slope)


class _Source:
    """The part of the outer image that a level looks at, at `step` full-size pixels per pixel.

    pixels: the outer picture's own where it is shrunk by whole blocks: not resampled.
    """

    def __init__(
        self, outer: Picture, step: float, place: Placement, shape: tuple[int, int]
    ) -> None:
        self._size = outer.width / step, outer.height / step
        self._middle = complex(*self._size) / 2
        along, across = abs(place.vector.real), abs(place.vector.imag)
        # The grid's edges are moved onto those of the outer picture's pixels.
        grid, first = [], []
        for size, other, middle, offset in zip(
            shape[::-1], shape, self._size, place.offset, strict=True
        ):
            reach = math.ceil(along * size + across * other) + 2 * MARGIN
            first.append(math.floor(middle / 2 + offset - reach / 2))
            grid.append(reach + 1)
        centre = [
            (start + count / 2 - middle / 2) * step
            for start, count, middle in zip(first, grid, self._size, strict=True)
        ]
        self._first = first
        self.pixels = outer.boxes((centre[0], centre[1]), step, (grid[1], grid[0]))
        self._seen = outer.seen_boxes((centre[0], centre[1]), step, (grid[1], grid[0]))

    def seen_at(
        self, place: Placement, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """What is seen at the points of a grid that lies at `place`, and where it is in the image.

        x, y: of the grid's columns and rows, from its centre.
        """
        if place.turn:
            points = place.vector * (x + 1j * y[:, None]) + (complex(*place.offset) + self._middle)
            at_x, at_y = points.real, points.imag
            inside = at_x - self._first[0], at_y - self._first[1]
            sample = cubic_at(self.pixels, *inside)
            seen: Array | None = None if self._seen is None else cubic_at(self._seen, *inside)
        else:
            at_x = (self._middle.real + place.offset[0] + place.scale * x)[None]
            at_y = (self._middle.imag + place.offset[1] + place.scale * y)[:, None]
            columns = cubic_matrix(self.pixels.shape[1], at_x[0] - self._first[0])
            rows = cubic_matrix(self.pixels.shape[0], at_y[:, 0] - self._first[1])
            sample = resample(rows, self.pixels, columns)
            seen = None if self._seen is None else resample(rows, self._seen, columns)
        width, height = self._size
        valid = (at_x > 0) & (at_x < width) & (at_y > 0) & (at_y < height)
        return sample, valid if seen is None else valid & (seen > SEEN)


def _stands_out(turn: float, error: float, shape: tuple[int, int]) -> bool:
    """Whether a turn (degrees) is more than what the likely error of a place makes of none.

    error: in pixels of a grid of this shape.
    """
    radius = math.hypot(*shape) / math.sqrt(12)  # root mean square, from the centre
    return abs(turn) > CERTAIN_TURN * math.degrees(error / radius)


def _slopes(picture: Array) -> tuple[Array, Array]:
    """The gradient of a picture, down and across."""
    down: Array = np.gradient(picture, axis=0)
    return down, np.gradient(picture, axis=1)


def median(values: Array) -> float:
    """The median of a row of numbers, which is not empty."""
    middle = len(values) // 2
    parted = np.partition(values, middle)
    upper = float(parted[middle])
    return upper if len(values) % 2 else (upper + float(parted[:middle].max())) / 2


def _displacement_error(
    one: tuple[Array, Array], other: tuple[Array, Array], residual: Array, weight: Array
) -> float:
    """The likely error of a least-squares displacement, in pixels.

    Only gradients that both pictures share tell about the place; noise has gradients as well.
    one, other: the pictures' slopes. residual, weight: of all pixels, in one row.
    """
    shape = one[0].shape
    residual, weight = residual.reshape(shape), weight.reshape(shape)
    shared = float((weight * (one[0] * other[0] + one[1] * other[1])).sum())
    used = float((weight * sum(np.square(slope) for slope in (*one, *other))).sum()) / 2
    variance = float((weight * np.square(residual)).sum() / max(float(weight.sum()), 1e-9))
    if shared <= 0.0:
        return math.inf
    # What differs may lie in bands or terraces, as rounding leaves them of a smooth picture: then
    # it pulls in the same way over large areas.
    area = residual.size / _independent_samples([weight * residual], other)
    variance = variance * max(1.0, area) + ROUNDING**2
    return math.sqrt(2 * variance * used) / shared


def _independent_samples(one: Sequence[Array], other: Sequence[Array]) -> float:
    """How many independent samples two unrelated pictures with these power spectra would share.

    The variance of their correlation is the sum of the product of the spectra over the product of
    their sums. one, other: a picture's channels, whose spectra are added.
    """
    # A Fourier transform is slow where a side has large prime factors: a few pixels are left out.
    height, width = (side - side % max(1, side // 16) for side in one[0].shape)
    powers = [
        _power([channel[:height, :width] for channel in channels]) for channels in (one, other)
    ]
    # Frequencies of which the spectrum has only one half stand for two.
    count = np.full(width // 2 + 1, 2.0, np.float32)
    count[0] = 1.0
    if width % 2 == 0:
        count[-1] = 1.0
    together = float(((powers[0] * powers[1]) @ count).sum())
    sums = [float((power @ count).sum()) for power in powers]
    return sums[0] * sums[1] / max(together, 1e-30)


def _power(channels: Sequence[Array]) -> Array:
    """The power spectrum of a picture, smoothed over three frequencies each way: its left half."""
    height, width = channels[0].shape
    half = width // 2 + 1
    power = np.zeros((height, half + 2), np.float32)
    for channel in channels:
        spectrum = np.fft.rfft2(channel - channel.mean())
        power[:, 1:-1] += np.square(spectrum.real) + np.square(spectrum.imag)
    # What lies beyond the half is in it, on the other side of the centre.
    mirrored = -np.arange(height) % height
    power[:, 0] = power[mirrored, 1 + 1 % width]
    power[:, -1] = power[mirrored, 1 + width - half]
    power = power[:, :-2] + power[:, 1:-1] + power[:, 2:]
    smoothed: Array = power + np.roll(power, 1, 0) + np.roll(power, -1, 0)
    return smoothed


def correlation_of(one: Array, other: Array) -> float:
    """Pearson's correlation of two sets of samples; 0 where one has no variation."""
    if one.size < 4:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    scale = math.sqrt(dot(one, one) * dot(other, other))
    return dot(one, other) / scale if scale > 1e-6 else 0.0
