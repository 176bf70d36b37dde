"""How the images lie in each other: their levels and centres. Never touches bpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...settings import Travel, ZoomSettings
from ..findings import Finding, FindingKind
from ..series import Series

# Around the outermost image of a ring more images are only seen if they lie further off each
# other's centres than can be shown well. They are at least so many, and go on for so many
# doublings.
_MOST_LAYERS_AROUND = 24
AROUND_OCTAVES = 6.0


@dataclass(frozen=True)
class Nesting:
    """The images as squares in squares, of whatever is seen of them later on.

    Attributes:
        series: The images, outermost first; those of a ring again and again (`Series.unrolled`).
        zoom_factor: Geometric mean of the steps' factors: the level of the innermost image is then
            exactly the number of steps.
        aspect: Height of every image in image widths.
        round_levels: Levels after which everything is the same again; 0 if the zoom is no ring.
        around: Images of a ring that lie around its outermost one, which has level 0.
        levels: Zoom level at which each image fills the view, ascending; it is
            `zoom_factor**-level` wide.
        centres: Each image's centre in widths of that image, x right, y up: from the innermost
            image's, or from the point on which a ring closes in.
    """

    series: Series
    zoom_factor: float
    aspect: float
    round_levels: int
    around: int
    levels: tuple[float, ...]
    centres: tuple[tuple[float, float], ...]

    @property
    def shown_levels(self) -> list[float]:
        """Levels of the images at which the zoom arrives; a ring's outermost one counts twice."""
        last = self.around + self.round_levels + 1 if self.round_levels else None
        return list(self.levels[self.around : last])


def nest(series: Series, settings: ZoomSettings) -> tuple[Nesting, tuple[Finding, ...]]:
    """Lay the images into each other, and unroll a ring.

    Returns:
        The nesting, and what the user should know.
    """
    first = series.images[0]
    factors = [step.factor for step in series.steps]
    around = round_levels = 0
    findings = []
    if settings.travel is Travel.LOOP and series.closing is not None:
        factors.append(series.closing.factor)
        round_levels = len(factors)
    elif settings.travel is Travel.LOOP:
        findings.append(Finding(FindingKind.NO_RING))
    zoom_factor = math.exp(math.fsum(math.log(factor) for factor in factors) / len(factors))
    if round_levels:
        around = max(_MOST_LAYERS_AROUND, math.ceil(AROUND_OCTAVES / math.log2(zoom_factor)))
        # One more at the inner end, by which the view's path goes on as it began.
        series = series.unrolled(around, 1)
    levels = [0.0]
    for step in series.steps:
        levels.append(levels[-1] + math.log(step.factor) / math.log(zoom_factor))
    levels = [level - levels[around] for level in levels]
    if max(factors) / min(factors) < 1.0 + 1e-12:
        levels = [float(index - around) for index in range(len(levels))]  # no rounding errors
    centres = _centres(series, (0.0, 0.0))
    if round_levels:
        # Seen from the point on which it closes in, a ring is the same after each round.
        x, y = centres[-1 - round_levels]
        part = 1.0 - zoom_factor**-round_levels
        centres = _centres(series, (x / part, y / part))
    nesting = Nesting(
        series,
        zoom_factor,
        first.height / first.width,
        round_levels,
        around,
        tuple(levels),
        tuple(centres),
    )
    return nesting, tuple(findings)


def _centres(series: Series, innermost: tuple[float, float]) -> list[tuple[float, float]]:
    """Centres of all images, in widths of each, from the point from which the innermost's is."""
    centres = [innermost]
    for step in reversed(series.steps):
        inner = centres[-1]
        centres.append(
            (inner[0] / step.factor - step.offset[0], inner[1] / step.factor - step.offset[1])
        )
    return centres[::-1]
