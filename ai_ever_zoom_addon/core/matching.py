"""Which images of a folder contain which: all pairs screened, the promising ones registered. No bpy.

The result is a set of components (images that belong together) with a position on the zoom's axis
for each image.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from .ordering import Components, Relation
from .picture import Picture
from .registration import Placement, Registration, register
from .resampling import Array
from .screening import Screen, bank, screen, template, template_shape, template_step

Progress = tuple[float, str]

SAME_STEP = math.log(1.04)  # images closer than this on the zoom's axis show the same step
LOW_FACTORS = (1.0, 3.0)  # searched for every pair; most series are in here
HIGH_FACTORS = (3.0, 8.5)  # searched for what is not placed yet
PROMISING = 0.35  # correlation in the screening from which a pair is looked at closely
CLOSER_LOOKS = 4  # how many partners of an image are looked at closely, at most
INDEPENDENT = 5.0  # pixels of a locally normalised picture that count as one independent sample
CERTAIN = 10.0  # a correlation must be this many times what chance gives (1 / sqrt(samples))
LOWEST_CORRELATION = 0.25
CHECK_SIDE = 160  # longest side of the outer image in that closer look


def holds(found: Registration) -> bool:
    """Whether a registration cannot be chance: its correlation measured in chance's own spread."""
    chance = math.sqrt(INDEPENDENT / max(found.samples, 1))
    return found.correlation > max(LOWEST_CORRELATION, CERTAIN * chance)


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
        self._templates: Array = np.stack([template(picture, shape) for picture in pictures])
        self._steps: NDArray[np.float64] = np.array(
            [template_step(picture, shape) for picture in pictures]
        )

    def relate(self) -> Generator[Progress, None, None]:
        """Finds the components. Yields (fraction done, text)."""
        count = len(self.pictures)
        everyone = list(range(count))
        low = []
        for outer in everyone:
            yield 0.5 * outer / count, f"Comparing {self.pictures[outer].name} with all others"
            low.append(self._screen(outer, everyone, bank(*LOW_FACTORS)))
        for done, (outer, inner) in self._closer_looks(everyone, everyone, low):
            yield (
                0.5 + 0.2 * done,
                f"Looking for {self.pictures[inner].name} in {self.pictures[outer].name}",
            )
        yield from self._relate_high()

    def depth(self, outer: int, inner: int, placement: Placement) -> float:
        """Logarithm of the factor: the outer image's width over the inner one's width in it."""
        widths = self.pictures[outer].width, self.pictures[inner].width
        return math.log(widths[0] / (widths[1] * placement.scale))

    def try_pair(
        self, outer: int, inner: int, start: Placement, finest: float
    ) -> Registration | None:
        """Registers a pair from a guess; None where it does not hold."""
        found = register(self.pictures[outer], self.pictures[inner], start, finest=finest)
        return found if holds(found) else None

    def predicted(self, outer: int, inner: int) -> Placement:
        """Where the positions of two images of one component put one in the other, centred."""
        depth = self.components.position[inner] - self.components.position[outer]
        ratio = self.pictures[outer].width / self.pictures[inner].width
        return Placement(ratio * math.exp(-depth), (0.0, 0.0))

    def search(self, outer: int, inner: int) -> Registration | None:
        """The whole search for one image in another one, at all factors."""
        factors = bank(LOW_FACTORS[0], HIGH_FACTORS[1])
        result = self._screen(outer, [inner], factors)
        start = Placement(
            float(result.scale[0]), (float(result.offset[0, 0]), float(result.offset[0, 1]))
        )
        return self.try_pair(outer, inner, start, self._finest(float(result.factor[0])))

    def _relate_high(self) -> Generator[Progress, None, None]:
        """Large factors, only between components: their innermost images and outermost ones."""
        known: list[float] = []
        for narrow in (True, False):
            outers, inners = self._ends()
            if len(self.components.all()) == 1:
                return
            for number, outer in enumerate(outers):
                name = self.pictures[outer].name
                yield 0.7 + 0.3 * number / len(outers), f"Comparing {name} with all others, closer"
                wanted = [k for k in inners if not self.components.joined(outer, k)]
                if not wanted:
                    continue
                factors = bank(*HIGH_FACTORS)
                if narrow and len(known) >= 3 and max(known) / min(known) < 1.03:
                    middle = float(np.median(known))
                    factors = bank(middle / 1.06, middle * 1.06)
                result = self._screen(outer, wanted, factors)
                for _, pair in self._closer_looks([outer], wanted, [result]):
                    if pair in self.found:
                        known.append(math.exp(self.depth(*pair, self.found[pair].placement)))
            if len(known) < 3:
                return

    def _ends(self) -> tuple[list[int], list[int]]:
        """The innermost images of all components (they may hold another), and the outermost."""
        position = self.components.position
        outers, inners = [], []
        for members in self.components.all():
            outers += [k for k in members if position[members[-1]] - position[k] < SAME_STEP]
            inners += [k for k in members if position[k] - position[members[0]] < SAME_STEP]
        return outers, inners

    def _screen(self, outer: int, inners: list[int], factors: list[float]) -> Screen:
        result = screen(
            self.pictures[outer], self._templates[inners], self._steps[inners], self._shape, factors
        )
        for place in np.flatnonzero(np.array(inners) == outer):
            result.score[place] = -1.0
        return result

    def _closer_looks(
        self, outers: list[int], inners: list[int], results: list[Screen]
    ) -> Generator[tuple[float, tuple[int, int]], None, None]:
        """Registers the best pairs, best first, until everything that can be joined is joined.

        Yields (fraction done, pair) after each registration.
        """
        scores = np.stack([result.score for result in results])
        keep = min(CLOSER_LOOKS, *scores.shape) if min(scores.shape) > 1 else CLOSER_LOOKS
        candidates = []
        for row, column in np.argwhere(scores > PROMISING):
            score = scores[row, column]
            if (scores[row] > score).sum() < keep or (scores[:, column] > score).sum() < keep:
                candidates.append((float(score), int(row), int(column)))
        candidates.sort(reverse=True)
        for number, (_, row, column) in enumerate(candidates):
            outer, inner = outers[row], inners[column]
            if self.components.joined(outer, inner):
                continue
            result = results[row]
            x, y = result.offset[column]
            start = Placement(float(result.scale[column]), (float(x), float(y)))
            found = self.try_pair(outer, inner, start, self._finest(float(result.factor[column])))
            if found:
                self.found[outer, inner] = found
                depth = self.depth(outer, inner, found.placement)
                self.components.join(Relation(outer, inner, depth))
            yield number / len(candidates), (outer, inner)

    @staticmethod
    def _finest(factor: float) -> float:
        return max(CHECK_SIDE, 80.0 * factor)
