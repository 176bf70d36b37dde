"""What a frame shows, and how it is turned. Never touches bpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...settings import Turn, ZoomSettings
from ..findings import Finding, FindingKind
from .framing import Framing
from .nesting import Nesting
from .timing import monotone_slopes


@dataclass(frozen=True)
class Turning:
    """An angle as a smooth function of the zoom level: a cubic Hermite curve.

    Where images are turned by the same angle again and again, it grows at a constant rate.

    Attributes:
        levels: Of the keys, ascending.
        angles: At the keys, clockwise, in radians.
        slopes: Their derivatives by the level.
        round_levels: Levels after which the curve goes on as it began; 0 if it is no ring's.
        round_angle: How much the angle has grown then.
    """

    levels: tuple[float, ...]
    angles: tuple[float, ...]
    slopes: tuple[float, ...]
    round_levels: int = 0
    round_angle: float = 0.0

    @cached_property
    def is_level(self) -> bool:
        """Whether the angle is 0 all the way."""
        return not any(self.angles)

    @cached_property
    def fastest(self) -> float:
        """The greatest change in one level, in radians, or a little more."""
        if self.is_level:
            return 0.0
        secants = np.diff(self.angles) / np.diff(self.levels)
        return float(max(np.abs(self.slopes).max(), 1.5 * np.abs(secants).max()))

    def __call__(
        self, levels: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The angle and its derivative at zoom levels, two arrays of their shape.

        Before the first and after the last key it stays.
        """
        if self.is_level:
            return np.zeros(np.shape(levels)), np.zeros(np.shape(levels))
        grown: float | NDArray[np.float64] = 0.0
        if self.round_levels:
            rounds, levels = np.divmod(levels, self.round_levels)
            grown = rounds * self.round_angle
        starts, angles, slopes = (
            np.array(values) for values in (self.levels, self.angles, self.slopes)
        )
        step = np.clip(np.searchsorted(starts, levels, "right") - 1, 0, len(starts) - 2)
        span = starts[step + 1] - starts[step]
        part = (levels - starts[step]) / span
        is_inside = (part >= 0.0) & (part <= 1.0)
        p = np.clip(part, 0.0, 1.0)
        q = p * p
        way = angles[step + 1] - angles[step]
        start, end = slopes[step] * span, slopes[step + 1] * span
        angle = (
            angles[step]
            + way * (3 * q - 2 * q * p)
            + start * (q * p - 2 * q + p)
            + end * (q * p - q)
        )
        change = (
            way * (6 * p - 6 * q) + start * (3 * q - 4 * p + 1) + end * (3 * q - 2 * p)
        ) / span
        return angle + grown, change * is_inside

    def none(self) -> Turning:
        """The same without any angle."""
        zeros = (0.0,) * len(self.levels)
        return replace(self, angles=zeros, slopes=zeros, round_angle=0.0)

    def keys(self) -> list[tuple[float, float, float]]:
        """(level, angle, slope) for cubic (Hermite) interpolation."""
        return list(zip(self.levels, self.angles, self.slopes, strict=True))


@dataclass(frozen=True)
class View:
    """What a frame shows at zoom level z.

    Attributes:
        size: Width and height in units of `zoom_factor**-z`.
        roll: Turns of the picture in one zoom level, clockwise.
        turning: How far the view goes with the images as they are turned.
    """

    size: tuple[float, float]
    roll: float
    turning: Turning

    @property
    def is_upright(self) -> bool:
        """Whether the view lies as the outermost image does all the way."""
        return not self.roll and self.turning.is_level

    @property
    def fastest(self) -> float:
        """The greatest part of a turn in one level."""
        return abs(self.roll) + self.turning.fastest / math.tau

    def angle(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """How the view lies at zoom levels, anticlockwise, in radians."""
        angle: NDArray[np.float64] = 2.0 * np.pi * self.roll * levels
        return angle if self.turning.is_level else angle - self.turning(levels)[0]

    def half_extent(
        self, levels: NDArray[np.float64], between: float = 0.0, turned: float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Half the width and height of the upright rectangle around the view, as it is turned.

        Args:
            levels: Zoom levels, any shape.
            between: The rectangle is good for so many levels before and after, too.
            turned: What the rectangle is upright in is turned so far clockwise, in radians.

        Returns:
            Two arrays of that shape, in units of `zoom_factor**-level`.
        """
        width, height = self.size
        angle = self.angle(levels) + turned
        # A corner that is further out in between is so much further out at most.
        most = min(2.0 * math.pi * self.fastest * between, math.pi)
        more = math.hypot(width, height) * (1.0 - math.cos(most))
        across, along = np.abs(np.cos(angle)), np.abs(np.sin(angle))
        return (
            (width * across + height * along + more) / 2.0,
            (width * along + height * across + more) / 2.0,
        )

    def shrunk(self, times: float) -> View:
        """The view so many times smaller."""
        return replace(self, size=(self.size[0] / times, self.size[1] / times))


def images_turning(nesting: Nesting) -> Turning:
    """How the images lie turned: at the level of each by its angle, smoothly in between."""
    slopes = [0.0] * len(nesting.levels)
    if any(nesting.angles):
        slopes = monotone_slopes(nesting.levels, nesting.angles, is_at_rest=False)
    return Turning(
        nesting.levels,
        nesting.angles,
        tuple(slopes),
        nesting.round_levels,
        nesting.round_angle if nesting.round_levels else 0.0,
    )


def find_view(
    nesting: Nesting, framing: Framing, images: Turning, settings: ZoomSettings
) -> tuple[View, tuple[Finding, ...]]:
    """How the view is turned.

    A loop ends as it begins: it rolls whole turns, and where its images do not come again as they
    lay, a view that should stay level goes with them, by the shorter way and at a constant rate.

    Args:
        nesting: The images.
        framing: What a frame shows.
        images: How the images are turned.
        settings: What the user chose.

    Returns:
        The view, and what the user should know.
    """
    roll, count = settings.roll, nesting.round_levels
    findings = []
    if count:
        roll = round(roll * count) / count
        if abs(roll - settings.roll) > 1e-6:
            findings.append(
                Finding(FindingKind.ROUNDED_ROLL, {"roll": roll, "wanted": settings.roll})
            )
    turning = images
    if settings.turn is Turn.LEVEL:
        angle = math.remainder(nesting.round_angle, math.tau) if count else 0.0
        rate = angle / count if count and abs(angle) > 1e-9 else 0.0
        angles = tuple(rate * level for level in nesting.levels)
        turning = Turning(nesting.levels, angles, (rate,) * len(angles), count, rate * count)
    return View(framing.size, roll, turning), tuple(findings)
