"""Images and steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, as_asked, uniform_steps
from ai_ever_zoom_addon.settings import ZoomSettings


def sized(*sizes: tuple[int, int]) -> list[SeriesImage]:
    return [SeriesImage(Path(f"{n}.png"), *size) for n, size in enumerate(sizes)]


def test_a_series_has_a_step_between_neighbours() -> None:
    images = tuple(sized((4, 4), (4, 4), (4, 4)))
    assert Series(images, uniform_steps(3, 1.5)).steps == (Step(1.5), Step(1.5))
    with pytest.raises(ValueError, match="one step between"):
        Series(images, uniform_steps(4, 1.5))


def test_a_ring_goes_round_and_on_at_both_ends() -> None:
    images = tuple(sized((10, 10), (11, 10), (12, 10)))
    steps = (Step(1.5), Step(2.0))
    ring = Series(images, steps, (), Step(3.0)).unrolled(4, 1)
    assert [image.width for image in ring.images] == [12, 10, 11, 12, 10, 11, 12, 10, 11]
    assert [step.factor for step in ring.steps] == [3.0, 1.5, 2.0, 3.0, 1.5, 2.0, 3.0, 1.5]
    assert ring.closing is None


def test_only_a_ring_goes_round() -> None:
    with pytest.raises(ValueError, match="ring"):
        Series(tuple(sized((10, 10), (10, 10))), (Step(2.0),)).unrolled(1, 1)


def test_a_given_place_holds_whatever_else_is_asked_for() -> None:
    """As with a given factor and no alignment, which all else follows."""
    images = tuple(sized((100, 100), (100, 100), (100, 100)))
    given = Step(3.0, (0.2, -0.1), turn=30.0, is_given=True)
    series = Series(images, (Step(1.9, (0.1, 0.0), turn=5.0), given))
    settings = ZoomSettings(zoom_factor=2.0, is_factor_measured=False, align=False)
    assert as_asked(series, settings).steps == (Step(2.0), given)
