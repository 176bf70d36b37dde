"""Measures how the neighbours of a series lie in each other. No bpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ...texts import Text
from ..matching.colour import Likeness, likeness
from ..matching.gliding import Glide, find_glide
from ..matching.matcher import SAME_FACTOR, Matcher
from ..matching.placement import Placement
from ..matching.registration import Registration
from ..parallel import each
from ..steps import Steps
from .consensus import Usual, consensus, said_by
from .placing import SAME_SCENE
from .report import SMALLEST_FACTOR, UNCHANGED, Pair, Source
from .verdict import PAINTED_AGAIN

DEFAULT_FACTOR = 2.0  # where nothing and nobody says one
SMALLEST_DEPTH = 1.01 * math.log(SMALLEST_FACTOR)  # so that what is written can be read
# Scores between which it is looked where things have gone. Copies have more: 0.982 with noise of
# 5 % in both; displacements of half a percent of the width have 0.966, of two 0.64 to 0.94.
LEAST_ALIKE, COPIED = 0.4, 0.98
LOOKS_ELSEWHERE = 6  # at pairs in a row in vain: 0.13 s each, and most were painted again

Places: TypeAlias = dict[tuple[int, int], tuple[Placement, Source]]
"""Placements that are not to be measured, by the numbers of the outer and the inner image."""


def register_pair(matcher: Matcher, outer: int, inner: int, enough: float) -> Registration | None:
    """Where one image lies in another one; None where it does not."""
    known = matcher.found.get((outer, inner))
    if known:
        return matcher.go_on(outer, inner, known, enough)
    if matcher.components.joined(outer, inner):
        start = matcher.predicted(outer, inner)
        # Where a ring is cut, the others say that the inner one is many times larger.
        is_inside = matcher.depth(outer, inner, start) > SAME_FACTOR
        if is_inside and (found := matcher.try_pair(outer, inner, start, enough)):
            return found
    found = matcher.search(outer, inner)
    return found and matcher.go_on(outer, inner, found, enough)


@dataclass(frozen=True)
class _Place:
    """How an image lies in the next larger one, as far as that is known yet.

    Attributes:
        placement: Where; None: not found.
        source: Who says so.
        alike: How alike the two are there; None: not found.
    """

    placement: Placement | None
    source: Source
    alike: Likeness | None

    @property
    def score(self) -> float:
        """-1 to 1; 0 where it was not found."""
        return self.alike.score if self.alike else 0.0


_NOWHERE = _Place(None, Source.USUAL, None)


class Pairing:
    """The pairs of a series, while they are measured and after.

    Attributes:
        pairs: All neighbours, outermost first.
        closing: The outermost image in the innermost one, where they are a ring.
    """

    def __init__(
        self,
        matcher: Matcher,
        sequence: Sequence[int],
        given_factor: float | None,
        places: Places,
        *,
        is_ring: bool = False,
        others: Sequence[Pair] = (),
    ) -> None:
        """Args: sequence: Numbers of images, outermost first. others: Known pairs of the series."""
        self._matcher = matcher
        self._names = [picture.name for picture in matcher.pictures]
        self._neighbours = list(pairwise(sequence))
        self._ends = [(sequence[-1], sequence[0])] if is_ring else []
        self._given_factor = given_factor
        self._places = places
        self._others = others
        self._looks_elsewhere = LOOKS_ELSEWHERE
        self.pairs: tuple[Pair, ...] = ()
        self.closing: Pair | None = None

    def steps(self) -> Steps[None]:
        """Measures all pairs as exactly as can be. Yields (fraction done, text)."""
        wanted = [*self._neighbours, *self._ends]
        own = []
        places = each(self._measured, wanted)
        for number, (outer, inner) in enumerate(wanted):
            yield (
                number / len(wanted),
                Text(
                    "Measuring {inner} in {outer}",
                    inner=self._names[inner],
                    outer=self._names[outer],
                ),
            )
            own.append(self._elsewhere(outer, inner, next(places)))
        inside = own[: len(self._neighbours)]
        usual = self._consensus(inside)
        better = own
        if usual is not None:
            better = [
                self._better(*pair, place, usual) for pair, place in zip(wanted, own, strict=True)
            ]
        factor = self._usual_factor(better[: len(inside)])
        glides = each(self._glide, [*zip(wanted, better, strict=True)])
        pairs = [
            self._pair(*pair, place, factor, glide, as_others=place is not before is not _NOWHERE)
            for pair, before, place, glide in zip(wanted, own, better, glides, strict=True)
        ]
        self.pairs = tuple(pairs[: len(inside)])
        self.closing = pairs[-1] if self._ends else None

    def _measured(self, pair: tuple[int, int]) -> _Place:
        """What is given, what the pictures say, or nothing."""
        if pair in self._places:
            return self._place(*pair, *self._places[pair])
        found = register_pair(self._matcher, *pair, math.inf)
        # An image that is the larger one, after all, does not lie in the other.
        if found is None or self._matcher.depth(*pair, found.placement) < SMALLEST_DEPTH:
            outer, inner = (self._matcher.pictures[number] for number in pair)
            filling = outer.filled_by(inner)
            return self._place(*pair, filling, Source.HOLE) if filling else _NOWHERE
        return self._place(*pair, found.placement, Source.MEASURED)

    def _elsewhere(self, outer: int, inner: int, place: _Place) -> _Place:
        """A better place for what hardly looks like what is there, as long as there are any."""
        is_doubtful = place.source is Source.MEASURED and place.score < PAINTED_AGAIN
        if place.placement is None or not is_doubtful or self._looks_elsewhere <= 0:
            return place
        self._looks_elsewhere -= 1
        other = self._matcher.search_elsewhere(outer, inner, place.placement)
        if other and self._matcher.depth(outer, inner, other.placement) >= SMALLEST_DEPTH:
            there = self._place(outer, inner, other.placement, Source.MEASURED)
            if there.score > place.score:
                self._looks_elsewhere = LOOKS_ELSEWHERE
                return there
        return place

    def _place(self, outer: int, inner: int, placement: Placement, source: Source) -> _Place:
        pictures = self._matcher.pictures
        alike = likeness(pictures[outer], pictures[inner], placement)
        return _Place(placement, source, alike)

    # What the pairs say together

    def _consensus(self, places: Sequence[_Place]) -> Usual | None:
        own = [
            self._as_usual(*pair, place.placement)
            for pair, place in zip(self._neighbours, places, strict=True)
            if place.placement is not None and place.score >= PAINTED_AGAIN
        ]
        return consensus([*own, *said_by(self._others)])

    def _as_usual(self, outer: int, inner: int, placement: Placement) -> Usual:
        picture = self._matcher.pictures[outer]
        x, y = placement.offset
        depth = self._matcher.depth(outer, inner, placement)
        return Usual(depth, x / picture.width, y / picture.height, placement.turn)

    def _better(self, outer: int, inner: int, own: _Place, usual: Usual) -> _Place:
        """A pair's own place, or what the others say, where its own is not clearly better."""
        is_measured = own.source is Source.MEASURED and own.placement is not None
        if own.score >= PAINTED_AGAIN or not (is_measured or own is _NOWHERE):
            return own
        if own.placement and usual.agrees(self._as_usual(outer, inner, own.placement)):
            return own
        pictures = self._matcher.pictures
        scale = pictures[outer].width / pictures[inner].width / math.exp(usual.depth)
        offset = usual.x * pictures[outer].width, usual.y * pictures[outer].height
        start = Placement(scale, offset, usual.turn)
        found = self._matcher.try_pair(outer, inner, start, math.inf)
        is_inside = found and self._matcher.depth(outer, inner, found.placement) >= SMALLEST_DEPTH
        if found and is_inside and usual.agrees(self._as_usual(outer, inner, found.placement)):
            best = self._place(outer, inner, found.placement, Source.MEASURED)
        else:
            best = self._place(outer, inner, start, Source.USUAL)
        return best if own is _NOWHERE or best.score > own.score else own

    def _usual_factor(self, places: Sequence[_Place]) -> float:
        depths = [
            self._matcher.depth(*pair, place.placement)
            for pair, place in zip(self._neighbours, places, strict=True)
            if place.placement is not None
        ]
        if depths:
            return math.exp(float(np.median(depths)))
        return self._given_factor or DEFAULT_FACTOR

    def _glide(self, pair: tuple[tuple[int, int], _Place]) -> Glide | None:
        """Where the things have gone, if the inner image was painted again."""
        (outer, inner), place = pair
        is_known = place.source in (Source.MEASURED, Source.GIVEN) and place.placement is not None
        if not is_known or not LEAST_ALIKE <= place.score < COPIED:
            return None
        assert place.placement is not None
        pictures = self._matcher.pictures
        return find_glide(pictures[outer], pictures[inner], place.placement)

    # What is reported

    def _pair(
        self,
        outer: int,
        inner: int,
        place: _Place,
        usual_factor: float,
        glide: Glide | None,
        *,
        as_others: bool,
    ) -> Pair:
        pictures = self._matcher.pictures
        size = pictures[outer].width, pictures[outer].height
        placement = place.placement
        if placement is None:
            factor = usual_factor
            scale = size[0] / (pictures[inner].width * factor)
            placement = Placement(scale, (0.0, 0.0))
        else:
            factor = math.exp(self._matcher.depth(outer, inner, placement))
        alike = place.alike if place.source is not Source.USUAL else None
        is_comparable = place.source is Source.MEASURED or place.score > SAME_SCENE
        colours = alike if is_comparable else None
        return Pair(
            self._names[outer],
            self._names[inner],
            factor=factor,
            offset_px=placement.offset,
            outer_size_px=size,
            source=place.source,
            score=alike.score if alike else 0.0,
            gain=colours.gain if colours else UNCHANGED,
            linear_gain=colours.linear_gain if colours else UNCHANGED,
            turn_deg=placement.turn,
            as_others=as_others,
            glide=glide,
        )
