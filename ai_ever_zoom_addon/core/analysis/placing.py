"""Placements that the user gives: by hand, or in a file of the form that reports have."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ... import plain
from ...errors import EverZoomError, text_of
from ...names import composed
from ...texts import Text
from ..matching.colour import likeness
from ..matching.matcher import CERTAIN, Matcher
from ..matching.picture import Picture
from ..matching.placement import Placement
from ..steps import Steps
from .report import Place, Source, size_in_pixels

SAME_SCENE = 0.5  # score from which the colours of two pictures can be compared

# From where an image is measured that the user has put near its place, the nearest first: parts of
# its width and height to the right and down, how much larger, and degrees of more turn. They lie
# about as far apart as the registration reaches.
STARTS = [
    (0.12 * right, 0.12 * down, 1.12**larger, 8.0 * turn)
    for right, down, larger, turn in sorted(
        itertools.product(range(-2, 3), range(-2, 3), range(-1, 2), range(-1, 2)),
        key=lambda start: sum(map(abs, start)),
    )
    if abs(right) + abs(down) + abs(larger) + abs(turn) <= 3
]


@dataclass(frozen=True)
class GivenPlacement(Place):
    """How the user says that one image lies in another one."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.factor) and self.factor > 1.0):
            raise ValueError(
                Text(
                    "the factor of {inner} in {outer} is not above 1",
                    inner=self.inner,
                    outer=self.outer,
                )
            )
        if not all(map(math.isfinite, (*self.offset_px, self.turn_deg))):
            raise ValueError(
                Text("{inner} lies nowhere in {outer}", inner=self.inner, outer=self.outer)
            )
        if min(self.outer_size_px or (1,)) < 1:
            raise ValueError(Text("{image} has no pixels", image=self.outer))

    @property
    def names(self) -> tuple[str, str]:
        """The outer and the inner image's file names."""
        return self.outer, self.inner

    def is_of(self, outer: str, inner: str) -> bool:
        """Whether it is that of two images, by file names, however their accents are written."""
        return [*map(composed, self.names)] == [composed(outer), composed(inner)]

    def in_pixels_of(self, size: tuple[int, int]) -> GivenPlacement:
        """The same place in an outer image of another size in pixels, as it is when upscaled."""
        x, y = self.offset_px
        before = self.outer_size_px or size
        across, up = (now / then for now, then in zip(size, before, strict=True))
        return replace(self, offset_px=(x * across, y * up), outer_size_px=size)

    def to_json(self) -> dict[str, Any]:
        """The placement as plain JSON values, as a report has it."""
        return {**super().to_json(), "source": Source.GIVEN.value}

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        # Whoever gives back a pair that was measured gives it: its source is passed over.
        size = values.get("outer_size_px")
        return {
            **super()._read({"turn_deg": 0.0, **values}),
            "outer_size_px": None if size is None else size_in_pixels(size),
        }


def placements_from_json(values: Any) -> tuple[GivenPlacement, ...]:
    """The placements of `{"pairs": [...]}`, such as a report, and its closing pair if it has one.

    Raises:
        ValueError: It is not of that form.
    """
    pairs = values.get("pairs") if isinstance(values, Mapping) else None
    if not isinstance(pairs, list):
        raise ValueError(Text('there is no list of "pairs"'))
    closing = values.get("closing")
    placements = []
    for number, item in enumerate([*pairs, *([closing] if closing else [])], 1):
        try:
            placements.append(GivenPlacement.from_json(item))
        except ValueError as error:
            raise ValueError(
                Text("pair {number}: {error}", number=number, error=text_of(error))
            ) from None
    return tuple(placements)


def read_placements(text: str, name: str) -> tuple[GivenPlacement, ...]:
    """The placements of a file.

    Args:
        text: What is in the file.
        name: What the file is called.

    Raises:
        EverZoomError: It is no JSON, or not of the form that reports have.
    """
    try:
        return placements_from_json(plain.read_json(text))
    except ValueError as error:
        raise EverZoomError(
            "{name} says no placements ({error}): take the form that a report has.",
            name=name,
            error=text_of(error),
        ) from None


def placement_of(
    placements: Sequence[GivenPlacement], outer: str, inner: str
) -> GivenPlacement | None:
    """What is given for a pair, by file names; None: nothing."""
    return next((item for item in placements if item.is_of(outer, inner)), None)


def snap_steps(
    given: GivenPlacement, outer: Picture, inner: Picture
) -> Steps[tuple[GivenPlacement, float] | None]:
    """Let the pictures finish what the user has begun, in short steps.

    Args:
        given: Where the inner image lies about: measured from there.
        outer, inner: The pictures.

    Yields:
        (fraction done, 0 to 1, what is being done).

    Returns:
        Where it was found, and how alike the pictures are there, -1 to 1; None: they do not match.
    """
    given = given.in_pixels_of((outer.width, outer.height))
    matcher = Matcher([outer, inner])
    start = placement_in(given, outer, inner)
    found = None
    for number, (right, down, larger, turn) in enumerate(STARTS):
        yield number / len(STARTS), Text("Looking for {inner}", inner=given.inner)
        x, y = start.offset
        moved = x + right * start.scale * inner.width, y + down * start.scale * inner.height
        near = Placement(start.scale * larger, moved, start.turn + turn)
        found = matcher.try_pair(0, 1, near, CERTAIN)
        if found is not None:
            break
    if found is None:
        return None
    yield 0.9, Text("Measuring {inner}", inner=given.inner)
    # Once more from the coarsest level: it may have come from far.
    found = matcher.try_pair(0, 1, found.placement, math.inf)
    if found is None:
        return None
    placement = found.placement
    factor = outer.width / (inner.width * placement.scale)
    if factor <= 1.0:
        return None
    turn = (placement.turn + 180.0) % 360.0 - 180.0
    placed = replace(given, factor=factor, offset_px=placement.offset, turn_deg=turn)
    return placed, likeness(outer, inner, placement).score


def placement_in(given: GivenPlacement, outer: Picture, inner: Picture) -> Placement:
    """What is given, in pixels of the pictures as they are."""
    size = outer.width, outer.height
    scale = outer.width / (inner.width * given.factor)
    return Placement(scale, given.in_pixels_of(size).offset_px, given.turn_deg)
