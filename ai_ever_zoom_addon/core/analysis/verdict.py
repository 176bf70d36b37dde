"""Judges what was measured: which pairs deserve a look, and what the user should know."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .report import Analysis, Pair

FACTOR_TOLERANCE = 0.01
PAINTED_AGAIN = 0.9  # score under which the inner area was not copied but painted again


def judge(
    pairs: Sequence[Pair], sizes: Sequence[tuple[int, int]], given_factor: float | None
) -> Analysis:
    """The analysis of a series whose order is given, from its measured pairs.

    Args:
        pairs: All neighbours, outermost first, at least one.
        sizes: Width and height of the images in pixels.
        given_factor: What the user says the zoom factor is; None: not known.
    """
    return Analysis(
        order=(pairs[0].outer, *(pair.inner for pair in pairs)),
        file_order="",
        zoom_factor=math.exp(float(np.mean([math.log(pair.factor) for pair in pairs]))),
        loops=False,
        pairs=tuple(pairs),
        left_out=(),
        warnings=(
            *_judge_pairs(pairs),
            *_judge_factors(pairs, given_factor),
            *_judge_sizes(sizes),
        ),
    )


def odd_pairs(scores: Sequence[float], factors: Sequence[float]) -> list[bool]:
    """Which pairs deserve a look: painted again, not found, or by an unusual factor.

    Args:
        scores: Of all pairs, -1 to 1.
        factors: Of all pairs, > 1.
    """
    if not factors:
        return []
    # Of two middle ones the smaller: where an image is missing, factors are larger.
    usual = math.log(sorted(factors)[(len(factors) - 1) // 2])
    return [
        score < PAINTED_AGAIN or not 0.7 < math.log(factor) / usual < 1.4
        for score, factor in zip(scores, factors, strict=True)
    ]


def _judge_pairs(pairs: Sequence[Pair]) -> list[str]:
    warnings = [
        f"{pair.inner} was not found in {pair.outer}: it is placed at the centre with a zoom "
        f"factor of {pair.factor:.4g}; check the order, or turn Auto Sort on."
        for pair in pairs
        if pair.score == 0.0
    ]
    again = [pair for pair in pairs if 0.0 < pair.score < PAINTED_AGAIN]
    if again:
        worst = min(again, key=lambda pair: pair.score)
        warnings.append(
            f"{len(again)} of {len(pairs)} inner images were painted again in the next larger "
            f"one (worst: {worst.inner} in {worst.outer}, score {worst.score:.2f}): alignment "
            "cannot hide that, a wide feather softens it."
        )
    return warnings


def _judge_factors(pairs: Sequence[Pair], given_factor: float | None) -> list[str]:
    found = [pair for pair in pairs if pair.score > 0.0]
    if not found:
        return []
    warnings = []
    median = float(np.median([math.log(pair.factor) for pair in found]))
    single = []
    for pair in found:
        steps = math.log(pair.factor) / median
        whole = round(steps)
        if len(found) > 2 and whole > 1 and abs(steps - whole) < 0.04 * whole:
            warnings.append(
                f"{_number(whole - 1)} missing between {pair.outer} and {pair.inner}: the zoom "
                f"factor there is {pair.factor:.4g}, elsewhere about {math.exp(median):.4g}."
            )
        else:
            single.append(pair.factor)
    least, most = min(single), max(single)
    if most / least > 1 + 2 * FACTOR_TOLERANCE:
        warnings.append(
            f"The zoom factor varies from {least:.4g} to {most:.4g}: each pair keeps its own."
        )
    usual = math.exp(float(np.mean(np.log(single))))
    if given_factor and abs(given_factor / usual - 1) > FACTOR_TOLERANCE:
        warnings.append(
            f"The given zoom factor is {given_factor:.4g}, but the images show "
            f"{usual:.4g}: use that, or auto."
        )
    return warnings


def _judge_sizes(sizes: Sequence[tuple[int, int]]) -> list[str]:
    if len(set(sizes)) < 2:
        return []
    widths, heights = zip(*sizes, strict=True)
    return [
        f"The images' sizes differ, from {min(widths)} to {max(widths)} pixels in width "
        f"and {min(heights)} to {max(heights)} in height: factors are ratios of widths."
    ]


def _number(steps: int) -> str:
    return "A step is" if steps == 1 else f"{steps} steps are"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Some names in one line."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
