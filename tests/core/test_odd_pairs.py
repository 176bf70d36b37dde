"""Which pairs are marked in the list."""

from __future__ import annotations

import pytest

from ai_ever_zoom_addon.core.analysis.report import Pair, Source
from ai_ever_zoom_addon.core.analysis.verdict import is_odd


@pytest.mark.parametrize(
    ("source", "factor", "score", "odd"),
    [
        (Source.MEASURED, 2.0, 1.0, False),
        (Source.MEASURED, 2.0, 0.85, True),  # painted again
        (Source.MEASURED, 4.0, 0.97, False),  # unlike the others, and yet it lies there
        (Source.MEASURED, 1.2, 0.97, False),
        (Source.USUAL, 2.0, 0.0, True),  # not found
        (Source.USUAL, 2.0, 0.95, True),
        (Source.GIVEN, 2.0, 0.1, False),  # by the user, who has seen it
        (Source.HOLE, 2.0, 0.1, False),  # nothing of it is in the other one
    ],
)
def test_odd_pairs(source: Source, factor: float, score: float, odd: bool) -> None:
    pair = Pair(
        outer="a.png",
        inner="b.png",
        factor=factor,
        offset_px=(0.0, 0.0),
        turn_deg=0.0,
        outer_size_px=(64, 64),
        source=source,
        score=score,
        gain=(1.0, 1.0, 1.0),
        linear_gain=(1.0, 1.0, 1.0),
    )
    assert is_odd(pair) is odd
