"""Judges what was measured: which pairs deserve a look, and what the user should know."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..findings import Finding, FindingKind
from .report import Analysis, Pair, Source

FACTOR_TOLERANCE = 0.01
PAINTED_AGAIN = 0.9  # score under which the inner area was not copied but painted again

# What is found of the pairs, and not of the order.
JUDGED = frozenset(
    {
        *(FindingKind.ALL_IN_MIDDLE, FindingKind.NOT_FOUND, FindingKind.PLACED_AS_OTHERS),
        *(FindingKind.PAINTED_AGAIN, FindingKind.MISSING_IMAGES),
        *(FindingKind.VARYING_FACTOR, FindingKind.OTHER_FACTOR),
    }
)


def judge(pairs: Sequence[Pair], given_factor: float | None) -> Analysis:
    """The analysis of a series whose order is given, from its measured pairs.

    Args:
        pairs: All neighbours, outermost first, at least one.
        given_factor: What the user says the zoom factor is; None: not known.
    """
    return Analysis(
        order=(pairs[0].outer, *(pair.inner for pair in pairs)),
        file_order="",
        zoom_factor=math.exp(float(np.median([math.log(pair.factor) for pair in pairs]))),
        loops=False,
        pairs=tuple(pairs),
        left_out=(),
        findings=(*_judge_pairs(pairs), *_judge_factors(pairs, given_factor)),
    )


def is_odd(pair: Pair) -> bool:
    """Whether a pair deserves a look: it was painted again, or not found.

    Not for an unusual factor: what is alike lies where it was found.
    """
    is_painted_again = pair.source is Source.MEASURED and pair.score < PAINTED_AGAIN
    return is_painted_again or pair.source is Source.USUAL


def _judge_pairs(pairs: Sequence[Pair]) -> list[Finding]:
    found = []
    taken = [pair for pair in pairs if pair.as_others]
    if taken:
        worst = min(taken, key=lambda pair: pair.score)
        named = {"inner": worst.inner, "outer": worst.outer, "factor": worst.factor}
        counted = {"count": len(taken), "pairs": len(pairs)}
        found.append(Finding(FindingKind.PLACED_AS_OTHERS, counted | named))
    unknown = [pair for pair in pairs if pair.source is Source.USUAL]
    if unknown and len(unknown) == len(pairs):
        values = {"count": len(pairs) + 1, "factor": unknown[0].factor}
        found.append(Finding(FindingKind.ALL_IN_MIDDLE, values))
    elif unknown:
        first = unknown[0]
        named = {"inner": first.inner, "outer": first.outer, "factor": first.factor}
        counted = {"count": len(unknown), "pairs": len(pairs)}
        found.append(Finding(FindingKind.NOT_FOUND, counted | named))
    again = [pair for pair in pairs if is_odd(pair) and pair.source is Source.MEASURED]
    if again:
        worst = min(again, key=lambda pair: pair.score)
        named = {"inner": worst.inner, "outer": worst.outer, "score": worst.score}
        counted = {"count": len(again), "pairs": len(pairs)}
        found.append(Finding(FindingKind.PAINTED_AGAIN, counted | named))
    return found


def _judge_factors(pairs: Sequence[Pair], given_factor: float | None) -> list[Finding]:
    measured = [pair for pair in pairs if pair.source is not Source.USUAL]
    if not measured:
        return []
    found = []
    median = float(np.median([math.log(pair.factor) for pair in measured]))
    single, apart = [], []
    for pair in measured:
        steps = math.log(pair.factor) / median
        whole = round(steps)
        if len(measured) > 2 and whole > 1 and abs(steps - whole) < 0.04 * whole:
            named = {"outer": pair.outer, "inner": pair.inner}
            figures = {"steps": whole, "factor": pair.factor, "usual": math.exp(median)}
            apart.append(named | figures)
        else:
            single.append(pair.factor)
    if apart:
        found.append(Finding(FindingKind.MISSING_IMAGES, {"count": len(apart)} | apart[0]))
    least, most = min(single), max(single)
    if most / least > 1 + 2 * FACTOR_TOLERANCE:
        found.append(Finding(FindingKind.VARYING_FACTOR, {"least": least, "most": most}))
    usual = math.exp(float(np.mean(np.log(single))))
    # What few pairs say may be of images that are no neighbours.
    is_sure = 2 * len(measured) > len(pairs)
    if given_factor and is_sure and abs(given_factor / usual - 1) > FACTOR_TOLERANCE:
        found.append(Finding(FindingKind.OTHER_FACTOR, {"given": given_factor, "shown": usual}))
    return found
