"""The order of a series: what its files' names say, and what the pictures do. No bpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ...texts import Text
from ..findings import Finding, FindingKind
from ..matching.colour import likeness
from ..matching.matcher import CERTAIN, SAME_FACTOR, Matcher
from ..matching.ordering import direction, groups, rotate
from .choosing import way_of
from .pairing import Places, register_pair

AUTO, INNERMOST_FIRST, OUTERMOST_FIRST = "auto", "innermost-first", "outermost-first"
COPY = 0.98  # score of two files that are the same picture
COPY_OFFSET = 0.005  # and how far apart, as a part of the width
AS_GOOD = 0.01  # fits that differ by less are as good: noise of one level changes them


@dataclass
class Arrangement:
    """The order of a series.

    Attributes:
        sequence: Numbers of images, outermost first.
        file_order: "innermost-first", "outermost-first" or "shuffled": what the pictures say about
            the order of the files.
        is_ring: The innermost image contains the outermost one, or goes over into it.
        left_out: Why images of the series are not in `sequence`.
        findings: What the user should know of it.
    """

    sequence: list[int]
    file_order: str = "shuffled"
    is_ring: bool = False
    left_out: dict[int, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def arrange(
    matcher: Matcher, members: Sequence[int], order: str, places: Places, *, auto_sort: bool
) -> Arrangement:
    """Puts the images of a series in order.

    Args:
        matcher: Knows how they lie in each other.
        members: Their numbers, at least two.
        order: "innermost-first" or "outermost-first", and the files' order is kept; "auto": it is
            kept where the pictures agree with it.
        places: What is not to be measured.
        auto_sort: Never mind the names.
    """
    work = _Arranging(matcher, sorted(members), places)
    if auto_sort and work.can_be_sorted:
        work.sort()
    else:
        work.take_out_copy_at_end()
        work.keep_file_order(order)
    return work.result


class _Arranging:
    def __init__(self, matcher: Matcher, files: list[int], places: Places) -> None:
        self._matcher = matcher
        self._places = places
        self._files = files
        self._position = matcher.components.position
        self.result = Arrangement([])

    def _name(self, number: int) -> str:
        return self._matcher.pictures[number].name

    @property
    def can_be_sorted(self) -> bool:
        """Whether the pictures say of all images how they lie in each other."""
        first, *others = self._files
        return all(self._matcher.components.joined(first, other) for other in others)

    def sort(self) -> None:
        """As the pictures show it."""
        members = sorted(self._files, key=lambda k: (self._position[k], k))
        self.result.sequence = self._one_per_step(members)
        self._close_ring(sort=True)
        self.result.file_order = direction(self.result.sequence)

    def keep_file_order(self, order: str) -> None:
        """The files' own order, in the direction that was chosen or that the pictures show."""
        result, kept = self.result, self._files
        inwards, outwards = self._ways(kept)
        shown = OUTERMOST_FIRST if inwards > outwards else INNERMOST_FIRST
        chosen = shown if order == AUTO else order
        result.sequence = kept if chosen == OUTERMOST_FIRST else kept[::-1]
        if self._unroll():
            inwards, outwards = self._ways(kept)
        against = min(inwards, outwards)
        if against and order == AUTO and self.can_be_sorted:
            self.sort()
            if result.file_order == "shuffled":
                values = {"against": against, "pairs": len(kept) - 1}
                result.findings.append(Finding(FindingKind.SORTED_BY_PICTURES, values))
            return
        result.file_order = shown if inwards or outwards else chosen
        self._drop_same_steps()
        self._close_ring(sort=False)
        if result.is_ring:
            return
        agreeing, pairs = max(inwards, outwards), len(kept) - 1
        if agreeing and chosen != shown and not against and 2 * agreeing > pairs:
            told = {"chosen": chosen, "shown": shown, "agreeing": agreeing, "pairs": pairs}
            result.findings.append(Finding(FindingKind.CONTRADICTED_ORDER, told))
        elif against or (agreeing and chosen != shown):
            result.file_order = "shuffled"
            values = {"against": against if chosen == shown else agreeing, "pairs": pairs}
            result.findings.append(Finding(FindingKind.SHUFFLED_FILES, values))

    def _ways(self, files: Sequence[int]) -> tuple[int, int]:
        """How many neighbours lie the one way round, the second in the first, and the other."""
        ways = [way_of(self._matcher, a, b) for a, b in pairwise(files)]
        return ways.count(1), ways.count(-1)

    # Loops

    def take_out_copy_at_end(self) -> None:
        """A first picture that was copied to the end says that the series is a loop."""
        first, *inside, last = self._files
        if len(inside) < 1 or not self._are_copies(first, last):
            return
        ways = {way_of(self._matcher, a, b) for a, b in pairwise(self._files[:-1])}
        if len(ways - {0}) != 1:
            return
        self._files = self._files[:-1]
        self.result.is_ring = True
        self.result.left_out[last] = Text(
            "a copy of {image}, which makes it a loop", image=self._name(first)
        )
        values = {"copy": self._name(last), "image": self._name(first)}
        self.result.findings.append(Finding(FindingKind.LOOP_BY_COPY, values))

    def _are_copies(self, one: int, other: int) -> bool:
        """Whether two files show the very same."""
        components = self._matcher.components
        if not components.joined(one, other) or not self._matcher.is_same_step(one, other):
            return False
        found = register_pair(self._matcher, one, other, np.inf)
        if found is None:
            return False
        pictures = self._matcher.pictures
        moved = max(map(abs, found.placement.offset)) / pictures[one].width
        score = likeness(pictures[one], pictures[other], found.placement).score
        return moved < COPY_OFFSET and score > COPY

    def _unroll(self) -> bool:
        """In a ring, positions may jump back anywhere: let them do so where the files end."""
        position = self._position
        pairs = list(pairwise(self.result.sequence))
        ways = [way_of(self._matcher, *pair) for pair in pairs]
        forward = [
            position[b] - position[a] for (a, b), way in zip(pairs, ways, strict=True) if way == 1
        ]
        back = [number for number, way in enumerate(ways) if way == -1]
        if len(back) != 1 or not forward:
            return False
        outer, inner = pairs[back[0]]
        depth = self._depth_between(outer, inner)
        step = float(np.median(forward))
        if not step / 2 < depth < step * 2:
            return False
        shift = position[outer] + depth - position[inner]
        for member in self.result.sequence[back[0] + 1 :]:
            position[member] += shift
        return True

    def _close_ring(self, sort: bool) -> None:
        """Whether the innermost image contains the outermost one; if so, where to cut the ring."""
        sequence = self.result.sequence
        first, last = sequence[0], sequence[-1]
        length = self._position[last] - self._position[first]
        if len(sequence) < 3 or length < SAME_FACTOR or self.result.is_ring:
            return
        step = length / (len(sequence) - 1)
        depth = self._depth_between(last, first)
        is_given = (last, first) in self._places
        self.result.is_ring = is_given or step / 2 < depth < step * 2
        if self.result.is_ring and sort:
            # Around a ring the positions are only known up to its length.
            start = self._position[first]
            sequence.sort(key=lambda k: (self._position[k] - start) % (length + depth))
            self.result.sequence = rotate(sequence)

    def _depth_between(self, outer: int, inner: int) -> float:
        """How far one image lies in another one, whatever else is known; 0 where it does not."""
        if (outer, inner) in self._places:
            return self._matcher.depth(outer, inner, self._places[outer, inner][0])
        found = self._matcher.search(outer, inner)
        return self._matcher.depth(outer, inner, found.placement) if found else 0.0

    # Images of the same step

    def _one_per_step(self, members: list[int]) -> list[int]:
        """Of images that show the same step the one that fits its neighbours best."""
        steps = groups(members, self._matcher.is_same_step)
        chosen = [step[0] for step in steps]
        for number, step in enumerate(steps):
            if len(step) > 1:
                before = chosen[number - 1 : number]
                after = [steps[number + 1][0]] if number + 1 < len(steps) else []
                chosen[number] = self._best_of(step, before, after)
        return chosen

    def _drop_same_steps(self) -> None:
        """In file order: of neighbours that show the same step only one is kept."""
        kept: list[int] = []
        for member in self.result.sequence:
            same = (
                kept
                and self._matcher.components.joined(kept[-1], member)
                and self._matcher.is_same_step(kept[-1], member)
            )
            if same:
                kept[-1] = self._best_of([kept[-1], member], kept[-2:-1], [])
            else:
                kept.append(member)
        self.result.sequence = kept

    def _best_of(self, step: list[int], before: list[int], after: list[int]) -> int:
        """The best of images of one step; the others are left out, with the reason."""
        fits = {}
        for member in step:
            pairs = [(k, member) for k in before] + [(member, k) for k in after]
            scores = [self._fit(*pair) for pair in pairs]
            fits[member] = sum(scores) / max(1, len(scores))
        best = min(k for k in step if fits[k] > max(fits.values()) - AS_GOOD)
        for member in step:
            if member != best:
                self.result.left_out[member] = Text(
                    "same step as {image}, which fits its neighbours better ({best:.2f} against "
                    "{own:.2f})"
                    if fits[best] >= fits[member] + AS_GOOD
                    else "same step as {image}, which comes first",
                    image=self._name(best),
                    best=float(fits[best]),
                    own=float(fits[member]),
                )
        return best

    def _fit(self, outer: int, inner: int) -> float:
        found = register_pair(self._matcher, outer, inner, 4 * CERTAIN)
        if found is None:
            return 0.0
        pictures = self._matcher.pictures
        return likeness(pictures[outer], pictures[inner], found.placement).score
