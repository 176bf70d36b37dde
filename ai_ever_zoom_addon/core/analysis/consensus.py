"""What the pairs of a series say together, where nearly all of them say the same. No bpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from .report import UNCHANGED, Pair, Source
from .verdict import PAINTED_AGAIN

LEAST_AGREEING = 3  # pairs that must say the same before they speak for the others
MOST_AGREE = 0.6  # and this share of all that are sure


@dataclass(frozen=True)
class Usual:
    """A placement without the sizes of the images, so that pairs can be compared.

    Attributes:
        depth: Logarithm of the factor.
        x, y: Offset as parts of the outer image's width and height, y down.
        turn: In degrees.
    """

    depth: float
    x: float
    y: float
    turn: float

    def pair(self, outer: str, inner: str, outer_size_px: tuple[int, int]) -> Pair:
        """The stand-in for a pair of which the one image was not found in the other."""
        width, height = outer_size_px
        return Pair(
            *(outer, inner, math.exp(self.depth), (self.x * width, self.y * height), outer_size_px),
            source=Source.USUAL,
            score=0.0,
            gain=UNCHANGED,
            linear_gain=UNCHANGED,
            turn_deg=self.turn,
        )

    def agrees(self, other: Usual) -> bool:
        """Whether two say the same, as far as a user would see."""
        turn = (self.turn - other.turn + 180.0) % 360.0 - 180.0
        return (
            abs(self.depth - other.depth) < 0.01 + 0.01 * abs(self.depth)
            and max(abs(self.x - other.x), abs(self.y - other.y)) < 0.01
            and abs(turn) < 1.0
        )


def said_by(pairs: Sequence[Pair]) -> list[Usual]:
    """What those pairs say that are sure: they were measured, and not painted again."""
    return [
        Usual(
            math.log(pair.factor),
            pair.offset_px[0] / pair.outer_size_px[0],
            pair.offset_px[1] / pair.outer_size_px[1],
            pair.turn_deg,
        )
        for pair in pairs
        if pair.source is Source.MEASURED and pair.score >= PAINTED_AGAIN and pair.outer_size_px
    ]


def consensus(sure: Sequence[Usual]) -> Usual | None:
    """What is usual in a series, if nearly all that are sure say the same."""
    if len(sure) < LEAST_AGREEING:
        return None
    columns = zip(*map(astuple, sure), strict=True)
    usual = Usual(*(sorted(values)[len(sure) // 2] for values in columns))
    agreeing = sum(map(usual.agrees, sure))
    return usual if agreeing >= max(LEAST_AGREEING, MOST_AGREE * len(sure)) else None
