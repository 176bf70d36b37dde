"""Finds out what a folder of images is: order, direction, zoom factor, alignment, colour.

numpy only. Whoever calls brings a function that decodes an image; each image is decoded once, and
only a small picture of it is kept (see picture.py). Images of slightly different sizes are taken as
they are: a factor is the ratio of widths, an offset is in pixels of the outer image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import EverZoomError
from ..findings import Finding, FindingKind, listed
from ..matching.colour import likeness
from ..matching.matcher import CERTAIN, SAME_STEP, Matcher
from ..matching.ordering import direction, groups, rotate
from ..matching.picture import shrink
from ..matching.registration import Registration
from ..steps import Progress, Steps, run
from .report import Analysis, LeftOut, Pair, Source, missing_pair
from .verdict import judge

Loader = Callable[[Path], NDArray[np.float32]]
"""Decodes a file: (height, width, 3) sRGB-encoded 0..1, top row first, full size."""

STRONG_MISALIGNMENT = 0.2  # of the outer image's width or height


def analyse(
    files: Sequence[Path],
    load: Loader,
    *,
    order: str = "auto",
    auto_sort: bool = False,
    zoom_factor: float | None = None,
    progress: Progress = lambda *_: None,
) -> Analysis:
    """`analysis_steps` in one go; `progress` is called with (fraction done, text)."""
    steps = analysis_steps(files, load, order=order, auto_sort=auto_sort, zoom_factor=zoom_factor)
    return run(steps, progress)


def analysis_steps(
    files: Sequence[Path],
    load: Loader,
    *,
    order: str = "auto",
    auto_sort: bool = False,
    zoom_factor: float | None = None,
) -> Steps[Analysis]:
    """Finds out what the images are, in short steps, so that a window stays alive.

    Args:
        files: Images in natural file order, at least two.
        load: Decodes one of them.
        order: "innermost-first", "outermost-first" or "auto": what the first file is. With
            `auto_sort` it has no effect.
        auto_sort: Find the order in the pictures. Without it the files' order is kept, and what the
            pictures say against it becomes a finding.
        zoom_factor: What the user says the factor is; None: not known. It is never believed, only
            compared, and taken for pairs whose pictures do not match.

    Yields:
        (fraction done 0..1, one line of text).

    Returns:
        The Analysis.

    Raises:
        EverZoomError: Fewer than two images; no image lies in another; an inner image lies further
            off the centre than a fifth of the outer one; `load` failed.
    """
    if len(files) < 2:
        raise EverZoomError("An infinite zoom needs at least two images: choose more.")
    pictures = []
    for number, file in enumerate(files):
        yield 0.5 * number / len(files), f"Reading {file.name}"
        pictures.append(shrink(file.name, load(file)))
    matcher = Matcher(pictures)
    for done, text in matcher.relate(neighbours=not auto_sort):
        yield 0.5 + 0.35 * done, text
    draft = _Draft(matcher, zoom_factor)
    if auto_sort:
        draft.sort()
    else:
        draft.keep_file_order(order)
    for done, text in draft.measure_pairs():
        yield 0.85 + 0.15 * done, text
    return draft.finish()


class _Draft:
    """The analysis while it is made. `sequence`: numbers of images, outermost first."""

    def __init__(self, matcher: Matcher, given_factor: float | None) -> None:
        self.matcher = matcher
        self.names = [picture.name for picture in matcher.pictures]
        self.given_factor = given_factor
        self.sequence: list[int] = []
        self.file_order = "shuffled"
        self.loops = False
        self.measured: list[Registration | None] = []
        self.closing: Registration | None = None
        self.left_out: dict[int, str] = {}
        self.findings: list[Finding] = []
        self.components = matcher.components.all()
        self.position = matcher.components.position

    # The order

    def sort(self) -> None:
        """The longest series that the pictures show."""
        self._need_relations()
        main = self.components[0]
        self.sequence = self._one_per_step(main)
        self._close_ring(sort=True)
        self.file_order = direction(self.sequence)
        for members in self.components[1:]:
            for member in members:
                self.left_out[member] = self._reason(member, members)
        others = [members for members in self.components[1:] if len(members) > 1]
        if others:
            files = [self.names[k] for members in others for k in members]
            values = {"count": 1 + len(others), "files": files}
            self.findings.append(Finding(FindingKind.SEPARATE_SERIES, values))

    def keep_file_order(self, order: str) -> None:
        """The files' own order, in the direction that was chosen or that the pictures show."""
        related = [k for members in self.components if len(members) > 1 for k in members]
        if not related and self.given_factor is None:
            self._need_relations()
        kept = list(range(len(self.names)))
        if related:
            kept = sorted(related)
            for members in self.components:
                if len(members) == 1:
                    self.left_out[members[0]] = self._reason(members[0], members)
        votes = [self._vote(a, b) for a, b in itertools.pairwise(kept)]
        inwards, outwards = votes.count(1), votes.count(-1)
        shown = "outermost-first" if inwards > outwards else "innermost-first"
        self.loops = False
        chosen = shown if order == "auto" else order
        self.sequence = kept if chosen == "outermost-first" else kept[::-1]
        if self._unroll():
            votes = [self._vote(a, b) for a, b in itertools.pairwise(kept)]
            inwards, outwards = votes.count(1), votes.count(-1)
        agreeing = max(inwards, outwards)
        self.file_order = chosen if not related else shown
        if related:
            self._drop_same_steps()
            self._close_ring(sort=False)
        if agreeing and chosen != shown and not self.loops:
            values = {"chosen": chosen, "shown": shown, "agreeing": agreeing, "pairs": len(votes)}
            self.findings.append(Finding(FindingKind.CONTRADICTED_ORDER, values))
        elif min(inwards, outwards) and not self.loops:
            self.file_order = "shuffled"
            values = {"against": min(inwards, outwards), "pairs": len(votes)}
            self.findings.append(Finding(FindingKind.SHUFFLED_FILES, values))

    def _unroll(self) -> bool:
        """In a ring, positions may jump back anywhere: let them do so where the files end."""
        position = self.position
        pairs = list(itertools.pairwise(self.sequence))
        forward = [position[b] - position[a] for a, b in pairs if self._vote(a, b) == 1]
        back = [number for number, (a, b) in enumerate(pairs) if self._vote(a, b) == -1]
        if len(back) != 1 or not forward:
            return False
        outer, inner = pairs[back[0]]
        found = self.matcher.search(outer, inner)
        depth = self.matcher.depth(outer, inner, found.placement) if found else 0.0
        step = float(np.median(forward))
        if not step / 2 < depth < step * 2:
            return False
        shift = position[outer] + depth - position[inner]
        for member in self.sequence[back[0] + 1 :]:
            position[member] += shift
        return True

    def _need_relations(self) -> None:
        if len(self.components[0]) < 2:
            raise EverZoomError(
                f"None of the {len(self.names)} images lies in another one: check that they are "
                "outpainted from each other, and by no more than 8 times a step."
            )

    def _vote(self, first: int, second: int) -> int:
        """1: the second file lies in the first; -1: the other way round; 0: neither is known."""
        depth = self.position[second] - self.position[first]
        if not self.matcher.components.joined(first, second) or abs(depth) < SAME_STEP:
            return 0
        return 1 if depth > 0 else -1

    def _reason(self, member: int, component: list[int]) -> str:
        if len(component) == 1:
            return "related to no other image"
        others = [self.names[k] for k in component if k != member]
        return f"belongs to another series, with {listed(others)}"

    def _one_per_step(self, members: list[int]) -> list[int]:
        """Of images that show the same step the one that fits its neighbours best."""
        steps = groups(members, self.position, SAME_STEP)
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
        for member in self.sequence:
            same = (
                kept
                and self.matcher.components.joined(kept[-1], member)
                and abs(self.position[member] - self.position[kept[-1]]) < SAME_STEP
            )
            if same:
                kept[-1] = self._best_of([kept[-1], member], kept[-2:-1], [])
            else:
                kept.append(member)
        self.sequence = kept

    def _best_of(self, step: list[int], before: list[int], after: list[int]) -> int:
        """The best of images of one step; the others are left out, with the reason."""
        fits = {}
        for member in step:
            pairs = [(k, member) for k in before] + [(member, k) for k in after]
            scores = [self._fit(*pair) for pair in pairs]
            fits[member] = round(sum(scores) / max(1, len(scores)), 2)
        best = min(step, key=lambda k: (-fits[k], k))
        for member in step:
            if member != best:
                why = (
                    "which fits its neighbours better "
                    f"({fits[best]:.2f} against {fits[member]:.2f})"
                    if fits[best] > fits[member]
                    else "which comes first"
                )
                self.left_out[member] = f"same step as {self.names[best]}, {why}"
        return best

    def _fit(self, outer: int, inner: int) -> float:
        found = self._register(outer, inner, 4 * CERTAIN)
        return found.correlation if found else 0.0

    def _close_ring(self, sort: bool) -> None:
        """Whether the innermost image contains the outermost one; if so, where to cut the ring."""
        first, last = self.sequence[0], self.sequence[-1]
        length = self.position[last] - self.position[first]
        if len(self.sequence) < 3 or length < SAME_STEP:
            return
        found = self.matcher.search(last, first)
        step = length / (len(self.sequence) - 1)
        depth = self.matcher.depth(last, first, found.placement) if found else 0.0
        self.loops = step / 2 < depth < step * 2
        if self.loops and sort:
            # Around a ring the positions are only known up to its length.
            start = self.position[first]
            self.sequence.sort(key=lambda k: (self.position[k] - start) % (length + depth))
            self.sequence = rotate(self.sequence)

    # The pairs

    def measure_pairs(self) -> Steps[None]:
        """Registers all neighbours as exactly as can be."""
        pairs = list(zip(self.sequence, self.sequence[1:], strict=False))
        for number, (outer, inner) in enumerate(pairs):
            yield number / len(pairs), f"Measuring {self.names[inner]} in {self.names[outer]}"
            self.measured.append(self._register(outer, inner, math.inf))
        if self.loops:
            ends = self.sequence[-1], self.sequence[0]
            self.closing = self._register(*ends, math.inf)

    def _register(self, outer: int, inner: int, enough: float) -> Registration | None:
        """Where one image lies in another one; None where it does not."""
        known = self.matcher.found.get((outer, inner))
        if known:
            return self.matcher.go_on(outer, inner, known, enough)
        is_placed = self.matcher.components.joined(outer, inner)
        if is_placed and self.position[inner] - self.position[outer] > SAME_STEP:
            start = self.matcher.predicted(outer, inner)
            found = self.matcher.try_pair(outer, inner, start, enough)
            if found:
                return found
        found = self.matcher.search(outer, inner)
        return found and self.matcher.go_on(outer, inner, found, enough)

    # The report

    def finish(self) -> Analysis:
        """Checks what was measured."""
        depths = [
            self.matcher.depth(outer, inner, found.placement)
            for outer, inner, found in self._neighbours()
            if found
        ]
        usual = float(np.mean(depths)) if depths else math.log(self.given_factor or 2.0)
        pairs = tuple(self._pair(*neighbours, usual) for neighbours in self._neighbours())
        closing = None
        if self.closing:
            closing = self._pair(self.sequence[-1], self.sequence[0], self.closing, usual)
        found = judge(pairs, [self._size(k) for k in self.sequence], self.given_factor)
        return replace(
            found,
            order=tuple(self.names[k] for k in self.sequence),
            file_order=self.file_order,
            loops=self.loops,
            left_out=tuple(LeftOut(self.names[k], why) for k, why in sorted(self.left_out.items())),
            findings=(*self.findings, *found.findings),
            closing=closing,
        )

    def _neighbours(self) -> list[tuple[int, int, Registration | None]]:
        return list(zip(self.sequence, self.sequence[1:], self.measured, strict=False))

    def _size(self, number: int) -> tuple[int, int]:
        picture = self.matcher.pictures[number]
        return picture.width, picture.height

    def _pair(self, outer: int, inner: int, found: Registration | None, usual: float) -> Pair:
        names = self.names[outer], self.names[inner]
        if not found:
            factor = self.given_factor or math.exp(usual)
            return missing_pair(*names, self._size(outer), factor)
        outer_picture, inner_picture = (self.matcher.pictures[k] for k in (outer, inner))
        x, y = found.placement.offset
        share = max(abs(x) / outer_picture.width, abs(y) / outer_picture.height)
        if share > STRONG_MISALIGNMENT:
            raise EverZoomError(
                f"Strong misalignment: the centre of {names[1]} lies {x:+.0f}, {y:+.0f} pixels "
                f"(right, down) from the centre of {names[0]}, {share:.0%} of its size; at most "
                f"{STRONG_MISALIGNMENT:.0%} can be followed: crop {names[0]} around it, or remove "
                "it."
            )
        alike = likeness(outer_picture, inner_picture, found.placement)
        factor = math.exp(self.matcher.depth(outer, inner, found.placement))
        return Pair(
            *names,
            factor=factor,
            offset_px=(x, y),
            outer_size_px=self._size(outer),
            source=Source.MEASURED,
            score=alike.score,
            gain=alike.gain,
            linear_gain=alike.linear_gain,
            turn_deg=found.placement.turn,
        )


def pair_steps(outer: Path, inner: Path, load: Loader) -> Steps[Pair | None]:
    """Finds where one image lies in another one, in short steps.

    Yields:
        (fraction done 0..1, one line of text).

    Returns:
        None where it does not, where both show the same step, or where the one lies further off
        the other's centre than can be followed.

    Raises:
        EverZoomError: `load` failed.
    """
    matcher = Matcher([shrink(file.name, load(file)) for file in (outer, inner)])
    yield from matcher.relate(neighbours=True)
    draft = _Draft(matcher, None)
    found = draft._register(0, 1, math.inf)
    if found is None:
        return None
    try:
        pair = draft._pair(0, 1, found, 0.0)
    except EverZoomError:  # strong misalignment
        return None
    return pair if math.log(pair.factor) > SAME_STEP else None
