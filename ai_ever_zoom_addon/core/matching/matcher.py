"""Which images of a folder contain which: pairs screened, the promising ones registered. No bpy.

The result is a set of components (images that belong together) with a position on the zoom's axis
for each image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..steps import Steps
from .ordering import Components, groups
from .picture import Picture
from .placement import Placement
from .registration import Registration, refine, register
from .screening import Screen, bank, screen, template, template_shape, template_step

SAME_STEP = math.log(1.04)  # images closer than this on the zoom's axis show the same step
LOW_FACTORS = (1.0, 3.0)  # searched for every pair; most series are in here
HIGH_FACTORS = (3.0, 8.5)  # searched for what is not placed yet
SMALL_STRUCTURE, LARGE_STRUCTURE = 3.0, 8.0  # sigma of flatten, in pixels of a template
PROMISING = 0.35  # correlation in the screening from which a pair is looked at closely
PEAKS = 8  # places at which an image is looked for where nothing else has led to it
CLOSER_LOOKS = 4  # how many partners of an image are looked at closely, at most
PATIENCE = 16  # pairs in a row that turn out unrelated, after which the less likely ones are left
CERTAIN = 11.0  # a correlation must be this many times what chance gives
LOWEST_CORRELATION = 0.15
SAME_STEP_CORRELATION = 0.5


def holds(found: Registration) -> bool:
    """Whether a registration cannot be chance: its correlation measured in chance's own spread."""
    return found.certainty > CERTAIN and found.correlation > LOWEST_CORRELATION


class Matcher:
    """The images of a folder and what is known about how they lie in each other.

    pictures: by number. found: registrations that hold, by (outer, inner).
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures
        self.found: dict[tuple[int, int], Registration] = {}
        self.components = Components(len(pictures))
        shape = template_shape(pictures)
        self._shape = shape
        self._templates = {
            sigma: np.stack([template(picture, shape, sigma) for picture in pictures])
            for sigma in (SMALL_STRUCTURE, LARGE_STRUCTURE)
        }
        self._steps: NDArray[np.float64] = np.array(
            [template_step(picture, shape) for picture in pictures]
        )

    def relate(self, neighbours: bool) -> Steps[None]:
        """Finds the components. Yields (fraction done, text).

        neighbours: whether files that follow each other are to be looked at closely in any case.
        """
        everyone = list(range(len(self.pictures)))
        for done, text in self._relate(
            everyone, everyone, bank(*LOW_FACTORS), neighbours, SMALL_STRUCTURE
        ):
            yield 0.6 * done, text
        # What is left: at the factor that is known by now, then at larger ones.
        # Images that were painted again keep their large structures best.
        searches: list[tuple[Callable[[], list[float]], float, int]] = [
            (lambda: self._usual_bank(2), SMALL_STRUCTURE, 1),
            (self._high_bank, SMALL_STRUCTURE, 1),
            (lambda: self._usual_bank(1), SMALL_STRUCTURE, 1),
            (lambda: self._usual_bank(1), LARGE_STRUCTURE, PEAKS),
        ]
        for number, (factors, sigma, peaks) in enumerate(searches):
            outers, inners = self._ends()
            if len(self.components.all()) == 1:
                return
            for done, text in self._relate(outers, inners, factors(), neighbours, sigma, peaks):
                yield 0.6 + 0.4 * (number + done) / len(searches), text

    def depth(self, outer: int, inner: int, placement: Placement) -> float:
        """Logarithm of the factor: the outer image's width over the inner one's width in it."""
        widths = self.pictures[outer].width, self.pictures[inner].width
        return math.log(widths[0] / (widths[1] * placement.scale))

    def try_pair(
        self, outer: int, inner: int, start: Placement, enough: float
    ) -> Registration | None:
        """Registers a pair from a guess, until it is certain enough; None: it does not hold."""
        found = register(self.pictures[outer], self.pictures[inner], start, enough=enough)
        alike = abs(self.depth(outer, inner, found.placement)) < SAME_STEP
        if alike and found.correlation < SAME_STEP_CORRELATION:
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
        result = self._screen(
            outer, [inner], bank(LOW_FACTORS[0], HIGH_FACTORS[1]), SMALL_STRUCTURE
        )
        best = int(result.score.argmax())
        return self._look_closer(outer, inner, result, best, 0)

    def _ends(self) -> tuple[list[int], list[int]]:
        """The innermost images of all components (they may hold another), and the outermost."""
        position = self.components.position
        outers, inners = [], []
        for members in self.components.all():
            outers += [k for k in members if position[members[-1]] - position[k] < SAME_STEP]
            inners += [k for k in members if position[k] - position[members[0]] < SAME_STEP]
        return outers, inners

    def _usual_bank(self, least: int) -> list[float]:
        """Around the usual distance of two images in a row, if `least` of them are known."""
        position = self.components.position
        distances = [
            position[after[0]] - position[before[0]]
            for members in self.components.all()
            for before, after in pairwise(groups(members, position, SAME_STEP))
        ]
        if len(distances) < least:
            return []
        usual = math.exp(float(np.median(distances)))
        return bank(usual / 1.06, usual * 1.06)

    def _high_bank(self) -> list[float]:
        return bank(*HIGH_FACTORS)

    def _screen(
        self, outer: int, inners: list[int], factors: list[float], sigma: float, peaks: int = 1
    ) -> Screen:
        templates = self._templates[sigma][inners]
        steps = self._steps[inners]
        picture = self.pictures[outer]
        return screen(picture, templates, steps, self._shape, factors, sigma, peaks)

    def _relate(
        self,
        outers: list[int],
        inners: list[int],
        factors: list[float],
        neighbours: bool,
        sigma: float,
        peaks: int = 1,
    ) -> Steps[None]:
        """Screens and then registers the best pairs, best first, until all are joined that can."""
        if not factors:
            return
        results = []
        for number, outer in enumerate(outers):
            yield (
                0.6 * number / len(outers),
                f"Comparing {self.pictures[outer].name}",
            )
            results.append(self._screen(outer, inners, factors, sigma, peaks))
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
        candidates.sort(reverse=True)
        failures = 0
        for number, (_, row, column) in enumerate(candidates):
            outer, inner = outers[row], inners[column]
            if self.components.joined(outer, inner):
                continue
            text = f"Looking for {self.pictures[inner].name} in {self.pictures[outer].name}"
            yield 0.6 + 0.4 * number / len(candidates), text
            best = np.argsort(-scores[row, :, column])[:peaks]
            looks = (self._look_closer(outer, inner, results[row], at, column) for at in best)
            found = next(filter(None, looks), None)
            failures = 0 if found else failures + 1
            if failures > PATIENCE + len(outers) // 2:
                break
            if found:
                self.found[outer, inner] = found
                depth = self.depth(outer, inner, found.placement)
                self.components.join(outer, inner, depth, found.placement)

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
