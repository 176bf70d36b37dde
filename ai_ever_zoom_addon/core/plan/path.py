"""The way of the view: where its centre is at every zoom level. Never touches bpy."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .view import Turning

# By how many degrees images may be turned from one key of the path to the next.
_KEY_DEGREES = 12.0

# Points of the plane: shape (n, 2), or where images are turned (n, 1), complex. The same formulas
# are good for both, and a zoom that knows no turns is worked out in real numbers, which are exact.
_Points = NDArray[Any]


@dataclass(frozen=True)
class CentreKey:
    """The view's centre at one zoom level, in spans of the view's level, `zoom_factor**-level`.

    Attributes:
        level: Zoom level.
        value: Centre (x, y), seen from the point at which the zoom ends.
        slope: Its derivative by the zoom level.
    """

    level: float
    value: tuple[float, float]
    slope: tuple[float, float]


@dataclass(frozen=True)
class Path:
    """Where the view's centre is, as a function of the zoom level.

    Within a step the centre runs along the part of the way that a zoom around the step's fixed
    point would have run: constant off-centre nesting becomes a pure zoom around one point, and with
    turned images a pure spiral. Where the offsets change, speeds are averaged, so that the picture
    never jerks at a step.

    Attributes:
        zoom_factor: The view is `zoom_factor**-level` as wide as at level 0.
        round_levels: Levels after which the path is the same again; 0 if it is no ring's.
        levels: Zoom level at which each image fills the view, ascending.
        centres: Centre of each image in its spans, seen from the point at which the zoom ends.
        aims: The view's centre when an image fills the view, measured like `centres`.
        turning: How the images lie turned.
    """

    zoom_factor: float
    round_levels: int
    levels: tuple[float, ...]
    centres: tuple[tuple[float, float], ...]
    aims: tuple[tuple[float, float], ...]
    turning: Turning

    @cached_property
    def is_centred(self) -> bool:
        """Whether the view stays on one point all the way."""
        return all(aim == (0.0, 0.0) for aim in self.aims)

    def __call__(
        self, levels: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The view's centre and its derivative by the level, each of shape (n, 2).

        Args:
            levels: Zoom levels, shape (n,).

        Returns:
            From the point at which the zoom ends, in units of `zoom_factor**-level`.
        """
        if self.is_centred:
            return np.zeros((len(levels), 2)), np.zeros((len(levels), 2))
        back: Any = 1.0
        if not self.turning.is_level:
            back = np.exp(-1j * self.turning(levels)[0])[:, None]
        if self.round_levels:
            levels = levels % self.round_levels
        growth = math.log(self.zoom_factor)
        starts = np.array(self.levels)
        step = np.clip(np.searchsorted(starts, levels, "right") - 1, 0, len(starts) - 2)
        way = self._ways[step]
        here = starts[step]
        whole = (1.0 - self._shrinks[step])[:, None]
        inside = np.maximum(levels, here)
        shrink = (self.zoom_factor ** (here - inside))[:, None]
        rate: Any = growth
        if not self.turning.is_level:
            angle, change_of_angle = self.turning(inside)
            shrink = shrink * np.exp(1j * (self._angles[step] - angle))[:, None]
            rate = growth + 1j * change_of_angle[:, None]
        p = (1.0 - shrink) / whole
        q = p * p
        # From here on in spans of the step's outer layer, and as that is turned.
        start_slope = self._speeds[step] * whole / self._rates[step]
        end_slope = self._speeds[step + 1] * whole / self._rates[step + 1]
        value = (
            self._own_aims[step]
            + way * (3 * q - 2 * q * p)
            + start_slope * (q * p - 2 * q + p)
            + end_slope * (q * p - q)
        )
        change = (
            way * (6 * p - 6 * q) + start_slope * (3 * q - 4 * p + 1) + end_slope * (3 * q - 2 * p)
        )
        value = value / shrink
        slope = change * rate / whole + growth * value
        is_inside = (levels <= starts[-1])[:, None]
        return _as_pairs(value * back) * is_inside, _as_pairs(slope * back) * is_inside

    def keys(self) -> list[CentreKey]:
        """The path for cubic (Hermite) interpolation.

        With 4 keys a step, or more where images are turned far, it is within 1 % of the largest
        offset: still a smooth path, and the layers do not lie on it.
        """
        levels = []
        for (here, after), turn in zip(
            itertools.pairwise(self.levels), np.degrees(np.diff(self.turning.angles)), strict=True
        ):
            count = 4
            if not self.turning.is_level:
                count = max(4, math.ceil(4 * (after - here)), math.ceil(abs(turn) / _KEY_DEGREES))
            levels += [here + (after - here) * part / count for part in range(count)]
        levels.append(self.levels[-1])
        values, slopes = self(np.array(levels))
        return [
            CentreKey(level, (float(x), float(y)), (float(x_slope), float(y_slope)))
            for level, (x, y), (x_slope, y_slope) in zip(levels, values, slopes, strict=True)
        ]

    def without_outermost(self, count: int) -> Path:
        """The same path without that many of the outermost images."""
        turning = self.turning
        return replace(
            self,
            levels=self.levels[count:],
            centres=self.centres[count:],
            aims=self.aims[count:],
            turning=replace(
                turning,
                levels=turning.levels[count:],
                angles=turning.angles[count:],
                slopes=turning.slopes[count:],
            ),
        )

    @cached_property
    def _angles(self) -> NDArray[np.float64]:
        return np.array(self.turning.angles)

    @cached_property
    def _own_aims(self) -> _Points:
        """`aims` as each image is turned."""
        aims = np.array(self.aims)
        if self.turning.is_level:
            return aims
        turned: _Points = (aims[:, :1] + 1j * aims[:, 1:]) * np.exp(1j * self._angles)[:, None]
        return turned

    @cached_property
    def _shrinks(self) -> NDArray[Any]:
        """The inner image's span in the outer one's, and its turn, for each step."""
        levels = np.array(self.levels)
        shrinks: NDArray[Any] = self.zoom_factor ** (levels[:-1] - levels[1:])
        if not self.turning.is_level:
            shrinks = shrinks * np.exp(-1j * np.diff(self._angles))
        return shrinks

    @cached_property
    def _rates(self) -> NDArray[Any]:
        """How fast the picture grows, and turns (imaginary), at each image; shape (images, 1)."""
        rates: NDArray[Any] = np.full((len(self.levels), 1), math.log(self.zoom_factor))
        if not self.turning.is_level:
            rates = rates + 1j * np.array(self.turning.slopes)[:, None]
        return rates

    @cached_property
    def _ways(self) -> _Points:
        """From where the view is at each step's start to where it is at its end, in outer spans."""
        aims = self._own_aims
        ways: _Points = aims[1:] * self._shrinks[:, None] - aims[:-1]
        return ways

    @cached_property
    def _speeds(self) -> _Points:
        """How fast the picture moves sideways where each image fills the view, one for each image.

        In spans of that image per zoom level, as it is turned: the mean of what the steps on both
        sides ask for.
        """
        whole = (1.0 - self._shrinks)[:, None]
        before = self._ways * self._rates[1:] / whole
        after = self._ways * self._rates[:-1] / whole
        speeds: _Points = (
            np.concatenate([after[:1], before]) + np.concatenate([after, before[-1:]])
        ) / 2.0
        return speeds


def _as_pairs(points: _Points) -> NDArray[np.float64]:
    """Points as x and y, shape (n, 2)."""
    if not np.iscomplexobj(points):
        return points
    return np.concatenate([points.real, points.imag], axis=1)
