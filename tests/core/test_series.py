"""Images and steps."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, check_sizes, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError


def sized(*sizes: tuple[int, int]) -> list[SeriesImage]:
    return [SeriesImage(Path(f"{n}.png"), *size) for n, size in enumerate(sizes)]


def test_sizes_a_few_pixels_apart_pass() -> None:
    check_sizes(sized((1024, 768), (1023, 768), (1020, 771), (1028, 766)))


@pytest.mark.parametrize("odd", [(1024, 1024), (512, 384), (768, 1024), (1100, 768)])
def test_grossly_unequal_sizes_are_named(odd: tuple[int, int]) -> None:
    images = sized((1024, 768), (1024, 768), odd, (1024, 768))
    with pytest.raises(EverZoomError) as raised:
        check_sizes(images)
    assert f"2.png ({odd[0]}x{odd[1]})" in str(raised.value)
    assert "1024x768" in str(raised.value)
    assert not re.search(r"[013]\.png", str(raised.value))


def test_many_odd_ones_are_counted() -> None:
    images = sized(*[(100, 100)] * 9, *[(50 + n, 50) for n in range(8)])
    with pytest.raises(EverZoomError, match=r"and 3 more\. Resize"):
        check_sizes(images)


@pytest.mark.parametrize("sizes", list(itertools.permutations([(64, 64), (128, 64)])))
def test_of_two_images_one_is_named(sizes: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(EverZoomError, match="unequal sizes"):
        check_sizes(sized(*sizes))


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
