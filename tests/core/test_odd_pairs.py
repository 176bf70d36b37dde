"""Which pairs are marked in the list."""

from __future__ import annotations

import pytest

from ai_ever_zoom_addon.core.analysis.verdict import odd_pairs


@pytest.mark.parametrize(
    ("scores", "factors", "odd"),
    [
        ([1.0, 0.99, 0.95], [2.0, 2.0, 2.0], []),
        ([1.0, 0.85, 0.95], [2.0, 2.0, 2.0], [1]),  # painted again
        ([1.0, 0.0, 0.95], [2.0, 2.0, 2.0], [1]),  # not found
        ([1.0, 1.0, 1.0], [2.0, 4.0, 2.0], [1]),  # one is missing
        ([1.0, 1.0], [4.0, 2.0], [0]),
        ([1.0, 1.0], [2.0, 4.0], [1]),
        ([1.0, 1.0, 1.0], [2.0, 2.0, 1.2], [2]),
        ([1.0, 1.0, 1.0], [1.5, 1.6, 1.4], []),  # they vary, as of some generators
        ([1.0], [8.0], []),
        ([], [], []),
    ],
)
def test_odd_pairs(scores: list[float], factors: list[float], odd: list[int]) -> None:
    assert [n for n, is_odd in enumerate(odd_pairs(scores, factors)) if is_odd] == odd
