"""The built-in sample series is one deterministic, truly nested world."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.sample import sample_image, sample_view


def shrunk(picture: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    height, width, channels = picture.shape
    blocks = picture.reshape(height // by, by, width // by, by, channels)
    mean: NDArray[np.float32] = blocks.mean(axis=(1, 3))
    return mean


def test_same_arguments_give_the_same_pixels() -> None:
    first, second = (sample_image(1, size=(96, 96)) for _ in range(2))
    assert np.array_equal(first, second)


def test_another_seed_is_another_journey() -> None:
    one, other = (sample_image(0, size=(64, 64), seed=seed) for seed in (0, 1))
    assert np.abs(one - other).mean() > 0.05


def test_view_at_a_whole_level_is_that_image() -> None:
    assert np.array_equal(sample_view(2.0, size=(64, 48)), sample_image(2, size=(64, 48)))


@pytest.mark.parametrize("k", [0, 3, 6])
def test_each_image_holds_the_next_one_shrunk(k: int) -> None:
    # Both pictures are drawn with soft edges of one pixel of their own, so lines differ a little.
    outer = sample_image(k, size=(512, 512))[128:384, 128:384]
    inner = shrunk(sample_image(k + 1, size=(512, 512)), 2)
    difference = np.abs(outer - inner)
    assert difference.mean() < 0.012
    assert np.abs(outer - np.roll(inner, 2, axis=0)).mean() > 3 * difference.mean()


def test_next_but_one_image_lies_in_the_middle_at_another_factor() -> None:
    outer = sample_image(0, size=(360, 360), zoom_factor=1.5)[60:300, 60:300]
    inner = sample_image(1, size=(720, 720), zoom_factor=1.5)
    assert np.abs(outer - shrunk(inner, 3)).mean() < 0.015


@pytest.mark.parametrize("level", [0.0, 17.3, 398.5, 399.0])
def test_four_hundred_levels_stay_full_of_detail(level: float) -> None:
    picture = sample_view(level, count=400, size=(128, 128))
    assert np.isfinite(picture).all()
    for part in (picture, picture[32:96, 32:96]):
        assert part.std() > 0.1


@pytest.mark.parametrize("size", [(64, 64), (120, 68), (68, 120), (33, 31)])
def test_any_size_and_aspect(size: tuple[int, int]) -> None:
    picture = sample_image(1, size=size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0.0
    assert picture.max() <= 1.0
