"""How the images lie in each other: their levels, centres and turns. Never touches bpy."""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import EverZoomError
from ...settings import Travel, ZoomSettings
from ..findings import Finding, FindingKind
from ..series import Series
from .framing import LEAST_RATIO, Framing, span_ratios
from .mask import Mask, whole

# Around the outermost image of a ring more images are only seen if they lie further off each
# other's centres than can be shown well. They are at least so many, and go on for so many
# doublings.
_MOST_LAYERS_AROUND = 24
AROUND_OCTAVES = 6.0

# Through a hole an image is seen, if the hole itself is, from so many doublings before it fills the
# view: as a speck.
HOLE_OCTAVES = 5.0

# By so many pixels of both images what is seen through a hole goes on behind its edge, as it ends:
# there engines mix the pixels of either image with nothing.
_BEHIND_HOLE = 1.5


@dataclass(frozen=True)
class Nesting:
    """The images as rectangles in rectangles, of whatever is seen of them later on.

    Attributes:
        series: The images, outermost first; those of a ring again and again (`Series.unrolled`).
        zoom_factor: Geometric mean of the ratios of the images' spans: the level of the innermost
            image is then exactly the number of steps.
        round_levels: Levels after which everything is the same again; 0 if the zoom is no ring.
        around: Images of a ring that lie around its outermost one, which has level 0.
        levels: Zoom level at which each image fills the view, ascending; its span is
            `zoom_factor**-level`.
        centres: Each image's centre in spans of that image, x right, y up, as the outermost image
            lies: from the innermost image's, or from the point on which a ring closes in.
        angles: How each image lies turned against the outermost one, or a ring's at level 0,
            clockwise, in radians; from one to the next by less than half a turn.
        widths: Of each image in its spans.
        masks: What is seen of each image, in its widths: all of the outermost one, and of those
            that are seen through a hole.
        after: Images of a ring that go on after its outermost one comes again.
    """

    series: Series
    zoom_factor: float
    round_levels: int
    around: int
    levels: tuple[float, ...]
    centres: tuple[tuple[float, float], ...]
    angles: tuple[float, ...]
    widths: tuple[float, ...]
    masks: tuple[Mask, ...]
    after: int

    @property
    def shown_levels(self) -> list[float]:
        """Levels of the images at which the zoom arrives; a ring's outermost one counts twice."""
        last = self.around + self.round_levels + 1 if self.round_levels else None
        return list(self.levels[self.around : last])

    @property
    def shown_names(self) -> list[str]:
        """Names of the files of these images."""
        images = self.series.images[self.around :][: len(self.shown_levels)]
        return [image.file.name for image in images]

    @property
    def round_angle(self) -> float:
        """How far a ring lies turned when it comes again, clockwise, in radians."""
        return self.angles[self.around + self.round_levels] - self.angles[self.around]

    @property
    def is_alike(self) -> bool:
        """Whether all images are of one shape, and as much is seen of all but the outermost."""
        alike = len(set(self.widths)) == 1 and len(set(self.masks[1:])) == 1
        return alike and not any(self.angles)

    def place_in(self, index: int, other: int) -> complex:
        """Where the centre of an image lies from that of another, in widths and axes of that."""
        shrink = self.zoom_factor ** (self.levels[other] - self.levels[index])
        away = complex(*self.centres[index]) * shrink - complex(*self.centres[other])
        return away * cmath.rect(1.0, self.angles[other]) / self.widths[other]


def nest(
    series: Series, framing: Framing, settings: ZoomSettings
) -> tuple[Nesting, tuple[Finding, ...]]:
    """Lay the images into each other, and unroll a ring.

    Returns:
        The nesting, and what the user should know.

    Raises:
        EverZoomError: An image shows no less than the one around it in frames of that shape, or
            the mask leaves nothing of one.
    """
    is_ring = settings.travel is Travel.LOOP and series.closing is not None
    around = round_levels = after = 0
    findings = []
    if settings.travel is Travel.LOOP and not is_ring:
        findings.append(Finding(FindingKind.NO_RING))
    ratios = span_ratios(series, framing, is_ring=is_ring)
    _check(series, framing, ratios)
    zoom_factor = math.exp(math.fsum(math.log(ratio) for ratio in ratios) / len(ratios))
    if is_ring:
        round_levels = len(ratios)
        around = max(_MOST_LAYERS_AROUND, math.ceil(AROUND_OCTAVES / math.log2(zoom_factor)))
        # One more at the inner end, by which the view's path goes on as it began, and as many as
        # are seen through holes.
        after = 1
        if series.closing is not None and any(s.is_hole for s in (*series.steps, series.closing)):
            after += math.ceil(HOLE_OCTAVES / math.log2(min(ratios)))
        series = series.unrolled(around, after)
    all_ratios = span_ratios(series, framing, is_ring=False)
    levels = [0.0]
    for ratio in all_ratios:
        levels.append(levels[-1] + math.log(ratio) / math.log(zoom_factor))
    levels = [level - levels[around] for level in levels]
    if max(ratios) / min(ratios) < 1.0 + 1e-12:
        levels = [float(index - around) for index in range(len(levels))]  # no rounding errors
    angles = list(
        itertools.accumulate(
            (math.radians(math.remainder(step.turn, 360.0)) for step in series.steps), initial=0.0
        )
    )
    angles = [angle - angles[around] for angle in angles]
    widths = [framing.width_of(image) for image in series.images]
    offsets = [
        complex(*step.offset) * width * cmath.rect(1.0, -angle)
        for step, width, angle in zip(series.steps, widths, angles, strict=False)
    ]
    centres = _centres(offsets, all_ratios, 0j)
    if round_levels:
        # Seen from the point on which it closes in, a ring is the same after each round, but for
        # its turn.
        turned = cmath.rect(1.0, angles[around] - angles[around + round_levels])
        part = 1.0 - zoom_factor**-round_levels * turned
        centres = _centres(offsets, all_ratios, centres[-1 - round_levels] * turned / part)
    nesting = Nesting(
        series,
        zoom_factor,
        round_levels,
        around,
        tuple(levels),
        tuple((centre.real, centre.imag) for centre in centres),
        tuple(angles),
        tuple(widths),
        (whole(series.images[0].aspect), *_inner_masks(series, framing)),
        after,
    )
    return nesting, tuple(findings)


def _inner_masks(series: Series, framing: Framing) -> Iterator[Mask]:
    for step, (outer, inner) in zip(series.steps, itertools.pairwise(series.images), strict=True):
        if step.is_hole:
            more = _BEHIND_HOLE * (step.factor / outer.width + 1.0 / inner.width)
            yield whole(inner.aspect, more)
        else:
            yield framing.mask_of(inner)


def _check(series: Series, framing: Framing, ratios: list[float]) -> None:
    names = [image.file.name for image in series.images]
    for number, ratio in enumerate(ratios):
        if ratio < LEAST_RATIO:
            outer, inner = names[number], names[(number + 1) % len(names)]
            width, height = framing.resolution
            raise EverZoomError(
                "In frames of {width}x{height} pixels {inner} shows no less than {outer} around "
                "it, as their shapes differ: choose frames of another shape, or leave one of the "
                "two out.",
                width=width,
                height=height,
                inner=inner,
                outer=outer,
            )


def _centres(offsets: list[complex], ratios: list[float], innermost: complex) -> list[complex]:
    """Centres of all images, in spans of each, from the point from which the innermost's is."""
    centres = [innermost]
    for offset, ratio in zip(reversed(offsets), reversed(ratios), strict=True):
        centres.append(centres[-1] / ratio - offset)
    return centres[::-1]
