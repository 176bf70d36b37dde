"""The way of the view: where its centre is at every zoom level. Never touches bpy."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...settings import Centre, ZoomSettings
from ..findings import Finding, FindingKind
from .framing import View
from .nesting import Nesting

# Parts of a level in which the view is looked for beyond the outermost image's border.
_ROOM_SEARCH_STEPS = 32
_TARGET_SEARCH = 20


@dataclass(frozen=True)
class CentreKey:
    """The view's centre at one zoom level, in widths of the view's layer `zoom_factor**-level`.

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
    point would have run: constant off-centre nesting becomes a pure zoom around one point. Where
    the offsets change, speeds are averaged, so that the picture never jerks at a step.

    Attributes:
        zoom_factor: The view is `zoom_factor**-level` as wide as at level 0.
        round_levels: Levels after which the path is the same again; 0 if it is no ring's.
        levels: Zoom level at which each image fills the view, ascending.
        centres: Centre of each image in its widths, seen from the point at which the zoom ends.
        aims: The view's centre when an image fills the view, measured like `centres`.
    """

    zoom_factor: float
    round_levels: int
    levels: tuple[float, ...]
    centres: tuple[tuple[float, float], ...]
    aims: tuple[tuple[float, float], ...]

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
        if self.round_levels:
            levels = levels % self.round_levels
        growth = math.log(self.zoom_factor)
        starts = np.array(self.levels)
        step = np.clip(np.searchsorted(starts, levels, "right") - 1, 0, len(starts) - 2)
        way = self._ways[step]
        here, after = starts[step], starts[step + 1]
        whole = (1.0 - self.zoom_factor ** (here - after))[:, None]
        shrink = (self.zoom_factor ** (here - np.maximum(levels, here)))[:, None]
        p = (1.0 - shrink) / whole
        q = p * p
        # From here on in widths of the step's outer layer.
        start_slope = self._speeds[step] * whole / growth
        end_slope = self._speeds[step + 1] * whole / growth
        value = (
            np.array(self.aims)[step]
            + way * (3 * q - 2 * q * p)
            + start_slope * (q * p - 2 * q + p)
            + end_slope * (q * p - q)
        )
        change = (
            way * (6 * p - 6 * q) + start_slope * (3 * q - 4 * p + 1) + end_slope * (3 * q - 2 * p)
        )
        value = value / shrink
        slope = change * growth / whole + growth * value
        is_inside = (levels <= starts[-1])[:, None]
        return value * is_inside, slope * is_inside

    def keys(self, keys_per_step: int = 4) -> list[CentreKey]:
        """The path for cubic (Hermite) interpolation.

        With 4 keys a step it is within 1 % of the largest offset: still a smooth path, and the
        layers do not lie on it.
        """
        levels = [
            here + (after - here) * part / keys_per_step
            for here, after in itertools.pairwise(self.levels)
            for part in range(keys_per_step)
        ]
        levels.append(self.levels[-1])
        values, slopes = self(np.array(levels))
        return [
            CentreKey(level, (float(x), float(y)), (float(x_slope), float(y_slope)))
            for level, (x, y), (x_slope, y_slope) in zip(levels, values, slopes, strict=True)
        ]

    def without_outermost(self, count: int) -> Path:
        """The same path without that many of the outermost images."""
        return replace(
            self,
            levels=self.levels[count:],
            centres=self.centres[count:],
            aims=self.aims[count:],
        )

    @cached_property
    def _ways(self) -> NDArray[np.float64]:
        """From where the view is at each step's start to where it is at its end, in outer widths.

        Shape (steps, 2).
        """
        aims, levels = np.array(self.aims), np.array(self.levels)
        shrink = (self.zoom_factor ** (levels[:-1] - levels[1:]))[:, None]
        ways: NDArray[np.float64] = aims[1:] * shrink - aims[:-1]
        return ways

    @cached_property
    def _speeds(self) -> NDArray[np.float64]:
        """How fast the picture moves sideways where each image fills the view, shape (images, 2).

        In widths of that image per zoom level: the mean of what the steps on both sides ask for.
        """
        levels = np.array(self.levels)
        whole = (1.0 - self.zoom_factor ** (levels[:-1] - levels[1:]))[:, None]
        asked = self._ways * math.log(self.zoom_factor) / whole
        asked = np.concatenate([asked[:1], asked, asked[-1:]])
        speeds: NDArray[np.float64] = (asked[:-1] + asked[1:]) / 2.0
        return speeds


def find_path(
    nesting: Nesting, view: View, settings: ZoomSettings
) -> tuple[Path, View, tuple[Finding, ...]]:
    """Aim the view, and keep it within the outermost image.

    Where it would leave it by itself, as when it is turned, it is made smaller; where it would for
    the sake of the target, it goes there only in part.

    Args:
        nesting: The images.
        view: What a frame shows, before it is kept within the outermost image.
        settings: What the user chose.

    Returns:
        The path, the view, and what the user should know.
    """
    half_width, half_height = view.half_extent(np.array(nesting.levels))
    slack = np.maximum(0.0, np.stack([0.5 - half_width, nesting.aspect / 2.0 - half_height], 1))
    # The zoom ends nowhere in a ring.
    target = settings.aim
    wanted = np.array(target) * [1.0, nesting.aspect]
    limited = np.clip(wanted, -slack[-1], slack[-1])

    def aimed(part: float) -> Path:
        return _aimed(nesting, part * limited, slack, settings.centre)

    findings = []
    enlarged = max(1.0, 1.0 / _room(nesting, view, aimed(0.0)))
    if enlarged > 1.0:
        view = view.shrunk(enlarged * (1.0 + 1e-9))
    low, high = 0.0, 1.0  # parts of the way to the target
    part = high
    for _ in range(_TARGET_SEARCH):
        low, high = (part, high) if _room(nesting, view, aimed(part)) >= 1.0 else (low, part)
        if low == 1.0:
            break
        part = (low + high) / 2.0
    if enlarged > 1.005:
        kind = FindingKind.ENLARGED_BY_ROLL if view.roll else FindingKind.ENLARGED_AT_BORDER
        findings.append(Finding(kind, {"times": enlarged}))
    if np.abs(low * limited - wanted).max() > 1e-3:
        x, y = low * limited / [1.0, nesting.aspect]
        findings.append(
            Finding(
                FindingKind.NEARER_TARGET, {"target": [float(x), float(y)], "wanted": list(target)}
            )
        )
    return aimed(low), view, tuple(findings)


def _aimed(
    nesting: Nesting, target: NDArray[np.float64], slack: NDArray[np.float64], centre: Centre
) -> Path:
    """The path of a zoom that ends at a place of the innermost image.

    Everything is measured from there; so a zoom that is centred stays as simple as it is.

    Args:
        nesting: The images.
        target: Where to, (x, y), from the innermost image's centre in its widths.
        slack: How far the view may be off each image's centre, in its widths; shape (images, 2).
        centre: What the view keeps to.
    """
    levels = np.array(nesting.levels)
    scale = nesting.zoom_factor ** (levels - levels[-1])
    centres = np.array(nesting.centres) - target * scale[:, None]
    # The view keeps to the images' centres as before, or goes to where the zoom ends.
    aims = np.array(nesting.centres)
    if centre is Centre.FIXED_POINT:
        aims = centres - np.clip(centres, -slack, slack)
    return Path(
        nesting.zoom_factor,
        nesting.round_levels,
        nesting.levels,
        tuple((float(x), float(y)) for x, y in centres),
        tuple((float(x), float(y)) for x, y in aims),
    )


def _room(nesting: Nesting, view: View, path: Path) -> float:
    """How many times larger the view could be before it leaves the outermost image."""
    if path.is_centred and not view.roll:
        return math.inf
    parts = _ROOM_SEARCH_STEPS * (1 + math.ceil(8.0 * abs(view.roll)))
    end = len(nesting.shown_levels) - 1
    levels = np.linspace(0.0, end, 1 + math.ceil(end * parts))
    scale = nesting.zoom_factor ** (nesting.levels[0] - levels)
    x, y = np.abs(path(levels)[0] * scale[:, None] - path.centres[0]).T
    pixel = 1.0 / nesting.series.images[0].width  # engines smooth the border
    half_width, half_height = view.half_extent(levels, 0.5 / parts)
    return float(
        min(
            ((0.5 - pixel - x) / (half_width * scale)).min(),
            ((nesting.aspect / 2.0 - pixel - y) / (half_height * scale)).min(),
        )
    )
