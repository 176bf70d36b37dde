"""Images that are nested in each other, and the steps between them. Never touches bpy."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import EverZoomError
from ..settings import ZoomSettings
from .analysis.report import Analysis, Pair
from .files.moving import is_moving

# Sizes that differ by more than this from the usual one are not a matter of a few pixels.
SIZE_TOLERANCE = 0.03

# Differences below these are noise of the measurement: without them a series that is nested exactly
# is built exactly, and needs fewer drivers.
FACTOR_NOISE = 5e-4
OFFSET_NOISE = 0.1  # pixels
GAIN_NOISE = 3e-3


@dataclass(frozen=True)
class SeriesImage:
    """One image and its size in pixels.

    Attributes:
        file: An image, a movie, or the folder of a sequence of numbered pictures.
        width, height: In pixels.
    """

    file: Path
    width: int
    height: int


@dataclass(frozen=True)
class Step:
    """How an image lies in the next larger one.

    Attributes:
        factor: How many times larger the outer image's field of view is, > 1.
        offset: Centre of the inner image relative to the centre of the outer one, in widths of the
            outer image, x to the right, y UP (as in the scene).
        gain: By what the inner image's linear light is multiplied, per channel, to get the outer's.
    """

    factor: float
    offset: tuple[float, float] = (0.0, 0.0)
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Series:
    """Images from the outermost to the innermost, and the steps between neighbours.

    Attributes:
        images: At least two.
        steps: One for each pair of neighbours; `steps[k]` leads from image k to image k + 1.
        skipped: Names of files in the folder that are no images.
        closing: How the outermost image lies in the innermost one, where the series is a ring.
    """

    images: tuple[SeriesImage, ...]
    steps: tuple[Step, ...]
    skipped: tuple[str, ...] = field(default=())
    closing: Step | None = None

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.images) - 1:
            raise ValueError("a series needs one step between each two neighbours")

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


def check_sizes(images: Sequence[SeriesImage]) -> None:
    """Let sizes pass that differ by a few pixels (they are fitted).

    Of what moves only the shape counts: movies are made of images in sizes of their own.

    Raises:
        EverZoomError: Some images are grossly larger or smaller than most; the message names them.
    """
    width = statistics.median_low(image.width for image in images)
    height = statistics.median_low(image.height for image in images)

    def is_odd(image: SeriesImage) -> bool:
        across, up = image.width / width, image.height / height
        if is_moving(image.file):
            return abs(across / up - 1) > SIZE_TOLERANCE
        return max(abs(across - 1), abs(up - 1)) > SIZE_TOLERANCE

    odd = [image for image in images if is_odd(image)]
    if odd:
        names = ", ".join(f"{image.file.name} ({image.width}x{image.height})" for image in odd[:5])
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        raise EverZoomError(
            f"The images have unequal sizes: most are {width}x{height}, but not {names}{more}. "
            "Resize or remove the odd ones."
        )


def uniform_steps(count: int, zoom_factor: float) -> tuple[Step, ...]:
    """The steps of `count` images that are nested around one point by one factor."""
    return (Step(zoom_factor),) * (count - 1)


def measured_steps(
    images: Sequence[SeriesImage], analysis: Analysis, settings: ZoomSettings
) -> tuple[Step, ...]:
    """The steps that an analysis found, as far as the settings ask for them.

    Args:
        images: The images of `analysis.order`.
        analysis: What was found.
        settings: Whether to use given factors, measured offsets and colours.
    """
    return _steps_of(analysis.pairs, images, analysis, settings)


def closing_step(
    images: Sequence[SeriesImage], analysis: Analysis, settings: ZoomSettings
) -> Step | None:
    """The step that closes a ring, as `measured_steps`; None where the series is none."""
    if analysis.closing is None:
        return None
    return _steps_of((*analysis.pairs, analysis.closing), images, analysis, settings)[-1]


def _steps_of(
    pairs: Sequence[Pair],
    images: Sequence[SeriesImage],
    analysis: Analysis,
    settings: ZoomSettings,
) -> tuple[Step, ...]:
    factors = [pair.factor for pair in pairs]
    given = settings.zoom_factor
    if given is not None and not settings.align:
        factors = [given] * len(pairs)
    elif all(abs(factor / analysis.zoom_factor - 1) < FACTOR_NOISE for factor in factors):
        is_given = given is not None and abs(given / analysis.zoom_factor - 1) < FACTOR_NOISE
        factors = [given if is_given and given else analysis.zoom_factor] * len(pairs)
    offsets = [(0.0, 0.0)] * len(pairs)
    if settings.align and any(abs(v) > OFFSET_NOISE for pair in pairs for v in pair.offset_px):
        offsets = [
            (pair.offset_px[0] / outer.width, -pair.offset_px[1] / outer.width)
            for pair, outer in zip(pairs, images, strict=False)
        ]
    gains = [(1.0, 1.0, 1.0)] * len(pairs)
    if settings.match_colour and any(_has_colour_step(pair) for pair in pairs):
        gains = [pair.linear_gain for pair in pairs]
    return tuple(
        Step(factor, offset, gain)
        for factor, offset, gain in zip(factors, offsets, gains, strict=True)
    )


def _has_colour_step(pair: Pair) -> bool:
    return any(abs(gain - 1.0) > GAIN_NOISE for gain in pair.linear_gain)
