"""Images that are nested in each other, and the steps between them. Never touches bpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import plain
from ..names import native
from ..settings import Travel, ZoomSettings
from .analysis.report import (
    LARGEST_FACTOR,
    LARGEST_TURN,
    SMALLEST_FACTOR,
    Analysis,
    Source,
    gains,
    size_in_pixels,
)
from .depth_map import DepthMap
from .files.orientation import UPRIGHT
from .matching.gliding import Glide

# Differences below these are noise of the measurement: without them a series that is nested exactly
# is built exactly, and needs fewer drivers.
FACTOR_NOISE = 5e-4
OFFSET_NOISE = 0.1  # pixels
TURN_NOISE = 0.03  # degrees
GAIN_NOISE = 3e-3


@dataclass(frozen=True)
class SeriesImage:
    """One image and its size in pixels.

    Attributes:
        file: An image, a movie, or the folder of a sequence of numbered pictures.
        width, height: In pixels, upright.
        orientation: How the stored picture is to be turned, see `files.orientation`.
        depth: How near what it shows is; None: nothing is known of it.
    """

    file: Path
    width: int
    height: int
    orientation: int = UPRIGHT
    depth: DepthMap | None = None

    @property
    def aspect(self) -> float:
        """Its height in its widths."""
        return self.height / self.width

    @property
    def depth_text(self) -> str:
        """The cells of its depth map; "" where there is none that can be used."""
        return self.depth.text if self.depth else ""

    def to_json(self) -> list[Any]:
        """The attributes as plain JSON values."""
        depth = [self.depth.to_json()] if self.depth else []
        return [str(self.file), self.width, self.height, self.orientation, *depth]

    @classmethod
    def from_json(cls, values: Any) -> SeriesImage:
        """What `to_json` has written.

        Raises:
            ValueError: It is not of that form.
        """
        values = plain.row(values)
        file, width, height, orientation = plain.row(values[:4], 4)
        size = size_in_pixels([width, height])
        depth = DepthMap.from_json(plain.row(values[4:], 1)[0]) if values[4:] else None
        return cls(Path(native(plain.text(file))), *size, plain.whole(orientation, 1, 8), depth)


@dataclass(frozen=True)
class Step:
    """How an image lies in the next larger one.

    Attributes:
        factor: How many times larger the outer image's field of view is, > 1.
        offset: Centre of the inner image relative to the centre of the outer one, in widths of the
            outer image, x to the right, y UP (as in the scene).
        gain: By what the inner image's linear light is multiplied, per channel, to get the outer's.
        turn: By how many degrees, clockwise, the inner image is turned to lie in the outer one.
        is_hole: The inner image is seen through a hole of the outer one, which lies in front.
        is_given: It is by hand or by a hole, and holds whatever else is asked for.
        glide: Where the things have gone in the inner image, where it was painted again.
    """

    factor: float
    offset: tuple[float, float] = (0.0, 0.0)
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    turn: float = 0.0
    is_hole: bool = False
    is_given: bool = False
    glide: Glide | None = None

    def to_json(self) -> list[Any]:
        """The attributes as plain JSON values; those that only a report says are not kept."""
        return [self.factor, self.offset, self.gain, self.turn, self.is_hole]

    @classmethod
    def from_json(cls, values: Any) -> Step:
        """What `to_json` has written.

        Raises:
            ValueError: It is not of that form.
        """
        factor, offset, gain, turn, is_hole = plain.row(values, 5)
        right, up = (plain.number(part, -1e6, 1e6) for part in plain.row(offset, 2))
        return cls(
            plain.number(factor, SMALLEST_FACTOR, LARGEST_FACTOR),
            (right, up),
            gains(gain),
            plain.number(turn, -LARGEST_TURN, LARGEST_TURN),
            plain.flag(is_hole),
        )


@dataclass(frozen=True)
class Series:
    """Images from the outermost to the innermost, and the steps between neighbours.

    Attributes:
        images: At least two, or one that comes again within itself, by `closing`.
        steps: One for each pair of neighbours; `steps[k]` leads from image k to image k + 1.
        skipped: Names of files in the folder that are no images.
        closing: How the outermost image lies in the innermost one, where the series is a ring.
        is_measured: The steps were found or given; otherwise nothing is known but the factor that
            the user says.
    """

    images: tuple[SeriesImage, ...]
    steps: tuple[Step, ...]
    skipped: tuple[str, ...] = field(default=())
    closing: Step | None = None
    is_measured: bool = True

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.images) - 1:
            raise ValueError("a series needs one step between each two neighbours")

    @property
    def depth_count(self) -> int:
        """How many images have a depth map that can be used."""
        return sum(bool(image.depth_text) for image in self.images)

    def unrolled(self, before: int, after: int) -> Series:
        """A ring as a series that goes around once, and on at both ends.

        Args:
            before: How many images come in addition before the outermost one.
            after: How many images come after the outermost one comes again.
        """
        if self.closing is None:
            raise ValueError("only a ring can be unrolled")
        count = len(self.images)
        ring = (*self.steps, self.closing)
        around = range(-before, count + after + 1)
        return Series(
            tuple(self.images[number % count] for number in around),
            tuple(ring[number % count] for number in around[:-1]),
            self.skipped,
            is_measured=self.is_measured,
        )


@dataclass(frozen=True)
class ListedImage:
    """A row of a zoom's list of images, which runs from the outermost to the innermost.

    Attributes:
        file: The image.
        is_used: Whether it is part of the zoom.
        layer: Number of the layer that shows it so far; None: it has none yet.
    """

    file: Path
    is_used: bool = True
    layer: int | None = None


@dataclass(frozen=True)
class Listing:
    """What the user made of the list of images.

    Attributes:
        rows: Outermost first, at least two of them used.
        is_own_order: The order is the user's: it is no longer looked for.
        sources: Files that were chosen one by one; none: those of the folder.
    """

    rows: tuple[ListedImage, ...]
    is_own_order: bool = False
    sources: tuple[Path, ...] = ()

    @property
    def used(self) -> list[ListedImage]:
        """The rows that are part of the zoom."""
        return [row for row in self.rows if row.is_used]

    def to_json(self) -> dict[str, object]:
        """All but the used rows, which the series has, as plain JSON values."""
        unused = [[place, str(row.file)] for place, row in enumerate(self.rows) if not row.is_used]
        return {
            "unused": unused,
            "is_own_order": self.is_own_order,
            "sources": [str(file) for file in self.sources],
        }


def uniform_steps(count: int, zoom_factor: float) -> tuple[Step, ...]:
    """The steps of `count` images that are nested around one point by one factor."""
    return (Step(zoom_factor),) * (count - 1)


def series_of(
    images: Sequence[SeriesImage], analysis: Analysis, skipped: Sequence[str] = ()
) -> Series:
    """The series that an analysis found.

    Args:
        images: The images of `analysis.order`.
        analysis: What was found.
        skipped: Names of files in the folder that are no images.
    """
    pairs = [*analysis.pairs, *([analysis.closing] if analysis.closing else [])]
    steps = [
        Step(
            pair.factor,
            (pair.offset_px[0] / outer.width, -pair.offset_px[1] / outer.width),
            pair.linear_gain,
            pair.turn_deg,
            pair.source is Source.HOLE,
            pair.source in (Source.GIVEN, Source.HOLE),
            pair.glide,
        )
        for pair, outer in zip(pairs, images, strict=False)
    ]
    closing = steps[-1] if analysis.closing else None
    return Series(tuple(images), tuple(steps[: len(images) - 1]), tuple(skipped), closing)


def as_asked(series: Series, settings: ZoomSettings) -> Series:
    """A series with as much of what was found as the settings ask for.

    Args:
        series: As it was found.
        settings: Whether to use a given factor, the places and the colours that were found. A
            place that is given stays.
    """
    if len(series.images) == 1 and settings.travel is not Travel.LOOP:
        series = series.unrolled(0, 0)  # once from the image to itself
    steps = (*series.steps, *([series.closing] if series.closing else []))
    if not series.is_measured and settings.given_factor is not None:
        steps = tuple(replace(step, factor=settings.given_factor) for step in steps)
    elif series.is_measured:
        factors = _factors(series, steps, settings)
        steps = tuple(
            replace(step, factor=factor) for step, factor in zip(steps, factors, strict=True)
        )
    is_off_centre = settings.align and any(
        abs(part) * image.width > OFFSET_NOISE
        for step, image in zip(steps, series.images, strict=False)
        for part in step.offset
    )
    has_colours = settings.match_colour and any(
        abs(gain - 1.0) > GAIN_NOISE for step in steps for gain in step.gain
    )
    is_turned = settings.align and any(abs(step.turn) > TURN_NOISE for step in steps)
    if not is_turned:
        steps = tuple(step if step.is_given else replace(step, turn=0.0) for step in steps)
    if not is_off_centre:
        steps = tuple(step if step.is_given else replace(step, offset=(0.0, 0.0)) for step in steps)
    if not has_colours:
        steps = tuple(replace(step, gain=(1.0, 1.0, 1.0)) for step in steps)
    if not (settings.glide and settings.align):
        steps = tuple(replace(step, glide=None) for step in steps)
    count = len(series.steps)
    return replace(series, steps=steps[:count], closing=steps[count] if series.closing else None)


def _factors(series: Series, steps: Sequence[Step], settings: ZoomSettings) -> list[float]:
    factors = [step.factor for step in steps]
    given = settings.given_factor
    if given is not None and not settings.align:
        return [step.factor if step.is_given else given for step in steps]
    inside = series.steps or steps
    mean = math.exp(math.fsum(math.log(step.factor) for step in inside) / len(inside))
    if len(set(factors)) == 1:  # not a rounding error off
        mean = factors[0]
    if any(abs(factor / mean - 1) >= FACTOR_NOISE for factor in factors):
        return factors
    is_given = given is not None and abs(given / mean - 1) < FACTOR_NOISE
    return [given if is_given and given else mean] * len(steps)
