"""Which images of a folder contain which: pairs screened, the promising ones registered. No bpy.

The result is a set of components (images that belong together) with a position on the zoom's axis
for each image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...texts import Text
from ..parallel import each
from ..steps import Steps
from .keypoints import Keypoints, keypoints, locate
from .marks import without_marks
from .ordering import Components, groups
from .picture import Picture
from .placement import Placement
from .registration import Registration, refine, register
from .screening import SEARCH, Screen, Templates, bank, screen, templates_of

CLOSE = math.log(1.04)  # on the zoom's axis; images that are closer may show the same step
SMALL_STEPS = math.log(1.15)  # whose order the errors of a few pairs could change
SMALL_ERROR = 2e-3  # of a depth, that cannot
COARSE_ERROR = 0.015  # of a depth from a coarse level, at most
SAME_FACTOR = 1.5e-3  # logarithm of a factor that cannot be told from 1 in any pictures
CLEARLY = 3.0  # times the least factor that is one, from which a rough measurement says enough
TOLD_APART = 10.0  # a factor must be this many times its likely error from 1
LOW_FACTORS = (1.0, 3.0)  # searched for every pair; most series are in here
HIGH_FACTORS = (3.0, 8.5)  # searched for what is not placed yet
HIGHEST_FACTORS = (8.5, 17.0)  # the same, with all pixels of a template only near the centre
NEAR_CENTRE = 0.12  # as a part of the outer image
# Kinds of templates: as large as a square of so many pixels, and what flatten's sigma is in them.
# A tiny image may be in a hundred thousand places of the outer one: few pixels are compared there.
USUAL, LARGE_STRUCTURE, FEW_PIXELS = (24, 3.0), (24, 8.0), (12, 3.0)
PROMISING = 0.35  # correlation in the screening from which a pair is looked at closely
PEAKS = 8  # places at which an image is looked for where nothing else has led to it
CLOSER_LOOKS = 4  # how many partners of an image are looked at closely, at most
MOST_PAIRS = 2500  # of images that are compared by their keypoints
SETTLINGS = 8  # times that the order of small steps is looked at again, at most
PATIENCE = 16  # pairs in a row that turn out unrelated, after which the less likely ones are left
CERTAIN = 11.0  # a correlation must be this many times what chance gives
CLEAR = 15.0  # the same, for a pair that need not wait until all clearer ones are joined
LOWEST_CORRELATION = 0.15
SAME_STEP_CORRELATION = 0.5


def holds(found: Registration) -> bool:
    """Whether a registration cannot be chance: its correlation measured in chance's own spread."""
    return found.certainty > CERTAIN and found.correlation > LOWEST_CORRELATION


def best_first(candidates: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """The order in which candidates (how likely they are, then which) are looked at closely."""
    return sorted(candidates, reverse=True)


class Matcher:
    """The images of a folder and what is known about how they lie in each other.

    pictures: by number, without marks that are the same on all. found: registrations that hold,
    by (outer, inner).
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures = without_marks(pictures)
        self.found: dict[tuple[int, int], Registration] = {}
        self.components = Components(len(pictures))
        self._keypoints: dict[int, Keypoints] = {}
        self._waiting: list[tuple[int, int, Registration]] = []  # outer, inner, barely certain
        self._same: dict[tuple[int, int], bool] = {}
        self._made: dict[tuple[int, float], Templates] = {}

    def relate(self, neighbours: bool) -> Steps[None]:
        """Finds the components. Yields (fraction done, text).

        neighbours: whether files that follow each other are to be looked at closely in any case.
        """
        everyone = list(range(len(self.pictures)))
        low = bank(*LOW_FACTORS)
        # What is left after the first: at the factor that is known by now, turned or anywhere, at
        # larger factors. Images that were painted again keep their large structures best.
        searches: list[Callable[[], Steps[None]]] = [
            lambda: self._relate(everyone, everyone, low, neighbours, reach=1.0),
            lambda: self._relate(*self._ends(), self._usual_bank(2), neighbours),
            self._relate_by_keypoints,
            lambda: self._relate(*self._ends(), bank(*HIGH_FACTORS), neighbours),
            lambda: self._relate(
                *self._ends(), bank(*HIGHEST_FACTORS), neighbours, reach=NEAR_CENTRE
            ),
            lambda: self._relate(
                *self._ends(), bank(*HIGHEST_FACTORS), neighbours, FEW_PIXELS, reach=1.0
            ),
            lambda: self._relate(*self._ends(), self._usual_bank(1), neighbours),
            lambda: self._relate(
                *self._ends(), self._usual_bank(1), neighbours, LARGE_STRUCTURE, PEAKS
            ),
        ]
        shares = [0.5, *[0.1] * (len(searches) - 1)]
        for number, (search, share) in enumerate(zip(searches, shares, strict=True)):
            if len(self.components.all()) == 1:
                break
            for done, text in search():
                yield sum(shares[:number]) + share * done, text
            self._join_waiting()
        yield from self._settle()

    def depth(self, outer: int, inner: int, placement: Placement) -> float:
        """Logarithm of the factor: the outer image's width over the inner one's width in it."""
        widths = self.pictures[outer].width, self.pictures[inner].width
        return math.log(widths[0] / (widths[1] * placement.scale))

    def try_pair(
        self, outer: int, inner: int, start: Placement, enough: float
    ) -> Registration | None:
        """Registers a pair from a guess, until it is certain enough; None: it does not hold.

        start: whatever suggests a place, wrong by up to some 5 % in scale, 5 degrees, and a few
        percent of the inner image's size: a screening, another pair of the series (its factor,
        offset as a part of the outer image, and turn), the user.
        """
        found = register(self.pictures[outer], self.pictures[inner], start, enough=enough)
        is_alike = abs(self.depth(outer, inner, found.placement)) < CLOSE
        if is_alike and found.correlation < SAME_STEP_CORRELATION:
            return None  # two skies with the same gradient have the same bands of grey levels
        return found if holds(found) else None

    def go_on(self, outer: int, inner: int, known: Registration, enough: float) -> Registration:
        """Makes a registration that holds more exact."""
        return refine(self.pictures[outer], self.pictures[inner], known, enough=enough)

    def predicted(self, outer: int, inner: int) -> Placement:
        """Where two images of one component lie in each other, by way of the others."""
        return self.components.between(outer, inner)

    def search(self, outer: int, inner: int) -> Registration | None:
        """The whole search for one image in another one, at all factors."""
        templates = self._templates(USUAL).of([inner])
        result = screen(self.pictures[outer], templates, bank(LOW_FACTORS[0], HIGH_FACTORS[1]))
        best = int(result.score.argmax())
        found = self._look_closer(outer, inner, result, best, 0)
        start = None if found else self._located(outer, inner)
        return self.try_pair(outer, inner, start[0], CERTAIN) if start else found

    def search_elsewhere(self, outer: int, inner: int, known: Placement) -> Registration | None:
        """A registration somewhere else than where the pair was found, if keypoints lead to one.

        Round things look alike however they are turned, and so may be found in a wrong place.
        """
        located = self._located(outer, inner)
        if located is None:
            return None
        start = located[0]
        moved = start @ known.inverse()
        picture = self.pictures[outer]
        is_near = (
            abs(math.log(moved.scale)) < 0.02
            and abs(moved.turn) < 1.0
            and math.dist(start.offset, known.offset) < 0.02 * max(picture.width, picture.height)
        )
        found = None if is_near else self.try_pair(outer, inner, start, CERTAIN)
        return found and self.go_on(outer, inner, found, math.inf)

    def is_same_step(self, one: int, other: int) -> bool:
        """Whether two images of a component show the same step: their places are the same.

        However small a factor: what can be told from 1 by measurement is a step.
        """
        pair = min(one, other), max(one, other)
        if abs(self.components.position[one] - self.components.position[other]) > CLOSE:
            return False
        if pair not in self._same:
            self._same[pair] = self._is_same_step(*pair)
        return self._same[pair]

    def tell_apart(self, one: int, other: int) -> None:
        """Take two images for different steps, whatever they show: it is known from elsewhere."""
        self._same[min(one, other), max(one, other)] = False

    def _is_same_step(self, one: int, other: int) -> bool:
        position = self.components.position
        outer, inner = (one, other) if position[one] <= position[other] else (other, one)
        found = self.found.get((outer, inner)) or self.try_pair(
            outer, inner, self.predicted(outer, inner), CERTAIN
        )
        if not found:
            return True  # two takes: they lie at the same place and show different things
        if abs(self.depth(outer, inner, found.placement)) < COARSE_ERROR:
            found = self._go_on_to_depth(outer, inner, found, SAME_FACTOR / 2)
            least = max(SAME_FACTOR, self._error_of_depth(outer, found))
            if abs(self.depth(outer, inner, found.placement)) < CLEARLY * least:
                found = self.go_on(outer, inner, found, math.inf)
        self.found[outer, inner] = found
        depth = abs(self.depth(outer, inner, found.placement))
        return depth < max(SAME_FACTOR, self._error_of_depth(outer, found))

    def _error_of_depth(self, outer: int, found: Registration) -> float:
        """How far a depth may be wrong, at most."""
        return TOLD_APART * found.error / self._radius(outer)

    def _radius(self, number: int) -> float:
        """Root mean square of an image's pixels' distances from its centre."""
        picture = self.pictures[number]
        return math.hypot(picture.width, picture.height) / math.sqrt(12)

    def _go_on_to_depth(
        self, outer: int, inner: int, known: Registration, error: float
    ) -> Registration:
        """Makes a registration exact until its depth is wrong by no more than `error`."""
        exact = error * self._radius(outer) / TOLD_APART
        return refine(self.pictures[outer], self.pictures[inner], known, exact=exact)

    def _settle(self) -> Steps[None]:
        """Puts images in their true order whose steps are smaller than what errors add up to.

        Where a place is known by way of many pairs, so many errors are in it: neighbours are
        measured, and lie where they themselves say; where that changes who they are, once more.
        """
        position = self.components.position
        for members in self.components.all():
            for _ in range(SETTLINGS):
                moved = 0.0
                before = position[members[0]]
                for outer, inner in itertools.pairwise(members):
                    step = position[inner] - before
                    before = position[inner]
                    if step < CLOSE:
                        yield 1.0, Text("Comparing {image}", image=self.pictures[inner].name)
                        shown = self._small_step(outer, inner)
                        moved += 0.0 if shown is None else shown - step
                    position[inner] += moved
                ordered = sorted(members, key=lambda k: (position[k], k))
                if ordered == members:
                    break
                members = ordered

    def _small_step(self, outer: int, inner: int) -> float | None:
        """The depth of one image in another one that is close to it, if it can be measured."""
        self.is_same_step(outer, inner)
        for sign, pair in ((1.0, (outer, inner)), (-1.0, (inner, outer))):
            if pair in self.found:
                return sign * self.depth(*pair, self.found[pair].placement)
        return None

    def _ends(self) -> tuple[list[int], list[int]]:
        """The innermost images of all components (they may hold another), and the outermost."""
        position = self.components.position
        outers, inners = [], []
        for members in self.components.all():
            outers += [k for k in members if position[members[-1]] - position[k] < CLOSE]
            inners += [k for k in members if position[k] - position[members[0]] < CLOSE]
        return outers, inners

    def _usual_bank(self, least: int) -> list[float]:
        """Around the usual distance of two images in a row, if `least` of them are known."""
        position = self.components.position
        distances = [
            position[after[0]] - position[before[0]]
            for members in self.components.all()
            for before, after in itertools.pairwise(groups(members, self.is_same_step))
        ]
        if len(distances) < least:
            return []
        usual = math.exp(float(np.median(distances)))
        return bank(usual / 1.06, usual * 1.06)

    def _relate_by_keypoints(self) -> Steps[None]:
        """Joins what keypoints find, best first, among the ends of what is joined so far."""
        images = sorted(set(itertools.chain(*self._ends())))
        pairs = [
            pair for pair in itertools.combinations(images, 2) if not self.components.joined(*pair)
        ]
        pairs.sort(key=lambda pair: pair[1] - pair[0])  # the likely ones, if there are too many
        found = []
        for number, (one, other) in enumerate(pairs[:MOST_PAIRS]):
            yield (
                0.6 * number / len(pairs),
                Text("Comparing {image}", image=self.pictures[one].name),
            )
            located = self._located(one, other)
            if located:
                found.append((located[1], one, other, located[0]))
        found.sort(key=lambda entry: -entry[0])
        for number, (_, one, other, placement) in enumerate(found):
            if self.components.joined(one, other):
                continue
            outer, inner = one, other
            if self.depth(one, other, placement) < 0:
                outer, inner, placement = other, one, placement.inverse()
            text = Text(
                "Looking for {inner} in {outer}",
                inner=self.pictures[inner].name,
                outer=self.pictures[outer].name,
            )
            yield 0.6 + 0.4 * number / len(found), text
            self._join(outer, inner, self.try_pair(outer, inner, placement, CERTAIN))

    def _located(self, outer: int, inner: int) -> tuple[Placement, int] | None:
        """Where the keypoints of a pair agree that the one lies in the other, how many do."""
        unknown = [image for image in (outer, inner) if image not in self._keypoints]
        found = each(keypoints, [self.pictures[image] for image in unknown])
        self._keypoints |= zip(unknown, found, strict=True)
        picture = self.pictures[inner]
        reach = math.hypot(picture.width, picture.height) / 2
        return locate(self._keypoints[outer], self._keypoints[inner], reach)

    def _join(self, outer: int, inner: int, found: Registration | None) -> None:
        """Joins a pair whose registration holds, later if it may still be chance."""
        if not found:
            return
        if found.certainty < CLEAR:
            found = self.go_on(outer, inner, found, CLEAR)
        if found.certainty < CLEAR:
            self._waiting.append((outer, inner, found))
        else:
            self._join_now(outer, inner, found)

    def _join_waiting(self) -> None:
        """Joins what has waited for clearer pairs, and is not joined by them."""
        for outer, inner, found in sorted(self._waiting, key=lambda entry: -entry[2].certainty):
            if not self.components.joined(outer, inner):
                self._join_now(outer, inner, found)
        self._waiting.clear()

    def _join_now(self, outer: int, inner: int, found: Registration) -> None:
        """Notes a registration and joins what it joins."""
        is_small = abs(self.depth(outer, inner, found.placement)) < SMALL_STEPS
        if is_small and self._error_of_depth(outer, found) > SMALL_ERROR:
            # Errors must not add up to a step.
            found = self._go_on_to_depth(outer, inner, found, SMALL_ERROR)
        self.found[outer, inner] = found
        depth = self.depth(outer, inner, found.placement)
        self.components.join(outer, inner, depth, found.placement)

    def _templates(self, kind: tuple[int, float]) -> Templates:
        """Of all images."""
        if kind not in self._made:
            self._made[kind] = templates_of(self.pictures, *kind)
        return self._made[kind]

    def _relate(
        self,
        outers: list[int],
        inners: list[int],
        factors: list[float],
        neighbours: bool,
        kind: tuple[int, float] = USUAL,
        peaks: int = 1,
        reach: float = SEARCH,
    ) -> Steps[None]:
        """Screens and then registers the best pairs, best first, until all are joined that can."""
        if not factors:
            return
        results = []
        templates = self._templates(kind).of(inners)
        screens = each(
            lambda outer: screen(self.pictures[outer], templates, factors, peaks, reach), outers
        )
        for number, outer in enumerate(outers):
            yield (
                0.6 * number / len(outers),
                Text("Comparing {image}", image=self.pictures[outer].name),
            )
            results.append(next(screens))
        scores = np.stack([result.score for result in results])  # (outer, place, inner)
        score = scores.max(axis=1)
        # How far a pair is above what chance gives the one image, and the other one.
        chance = np.stack([result.chance for result in results]).mean(axis=1)
        height = score / np.sqrt(np.sqrt(np.outer(chance.mean(axis=1), chance.mean(axis=0))) + 1e-9)
        pairs = [
            (row, column)
            for row, outer in enumerate(outers)
            for column, inner in enumerate(inners)
            if not self.components.joined(outer, inner)
        ]
        rivals = np.zeros_like(height)
        rivals[tuple(np.transpose(pairs))] = height[tuple(np.transpose(pairs))]
        candidates = [
            (float(height[row, column]), row, column)
            for row, column in pairs
            if (score[row, column] > PROMISING and self._leads(rivals, row, column))
            or (neighbours and abs(outers[row] - inners[column]) == 1)
        ]
        failures = 0
        for number, (_, row, column) in enumerate(best_first(candidates)):
            outer, inner = outers[row], inners[column]
            if self.components.joined(outer, inner):
                continue
            text = Text(
                "Looking for {inner} in {outer}",
                inner=self.pictures[inner].name,
                outer=self.pictures[outer].name,
            )
            yield 0.6 + 0.4 * number / len(candidates), text
            best = np.argsort(-scores[row, :, column])[:peaks]
            looks = (self._look_closer(outer, inner, results[row], at, column) for at in best)
            found = next(filter(None, looks), None)
            failures = 0 if found else failures + 1
            if failures > PATIENCE + len(outers) // 2:
                break
            self._join(outer, inner, found)

    @staticmethod
    def _leads(height: NDArray[np.float64], row: int, column: int) -> bool:
        """Whether a pair is among the best of either image."""
        top = height[row, column]
        return bool(
            (height[row] > top).sum() < CLOSER_LOOKS
            or (height[:, column] > top).sum() < CLOSER_LOOKS
        )

    def _look_closer(
        self, outer: int, inner: int, result: Screen, row: int, column: int
    ) -> Registration | None:
        start = Placement(
            float(result.scale[row, column]),
            (float(result.x[row, column]), float(result.y[row, column])),
        )
        return self.try_pair(outer, inner, start, CERTAIN)
