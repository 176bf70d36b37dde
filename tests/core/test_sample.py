"""The built-in sample series is one deterministic, truly nested world."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.sample import sample_image, sample_view
from ai_ever_zoom_addon.core.sample.paper import (
    Canvas,
    Points,
    coverage,
    disc,
    leaf,
    rectangle,
    ring,
    star,
    stroke,
)
from ai_ever_zoom_addon.core.sample.scenes import OVERHANG


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


@pytest.mark.parametrize("k", range(7))
def test_each_image_holds_the_next_one_shrunk(k: int) -> None:
    # Where several edges meet in a pixel, the shares it is covered by hide one another by chance:
    # there, along lines and petals, the two pictures differ a little, nowhere else. One pixel out
    # of place is several times as much.
    outer = sample_image(k, size=(512, 512))[128:384, 128:384]
    inner = shrunk(sample_image(k + 1, size=(512, 512)), 2)
    difference = np.abs(outer - inner)
    assert difference.mean() < 0.010
    assert np.abs((outer - inner).mean(axis=(0, 1))).max() < 0.005  # no drift of the colours
    for axis in (0, 1):
        assert np.abs(outer - np.roll(inner, 1, axis=axis)).mean() > 4 * difference.mean()


def test_next_image_lies_in_the_middle_at_another_factor() -> None:
    outer = sample_image(0, size=(360, 360), zoom_factor=1.5)[60:300, 60:300]
    inner = sample_image(1, size=(720, 720), zoom_factor=1.5)
    assert np.abs(outer - shrunk(inner, 3)).mean() < 0.015


@pytest.mark.parametrize(("number", "seed"), [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1)])
def test_a_scene_is_left_out_only_when_nothing_of_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, number: int, seed: int
) -> None:
    # Eight images hold five scenes and the end, each portal showing 7 / 5 octaves further on. This
    # is the first level at which the scene before `number` is not painted any more.
    level = number * 7 / 5 - math.log2(1 - OVERHANG) + 1e-6
    without = sample_view(level, size=(128, 128), seed=seed)
    monkeypatch.setattr("ai_ever_zoom_addon.core.sample.OVERHANG", 0.9)
    assert np.abs(sample_view(level, size=(128, 128), seed=seed) - without).max() < 1 / 255


@pytest.mark.parametrize("level", [0.0, 17.3, 211.0, 398.5, 399.0])
def test_four_hundred_levels_stay_full_of_detail(level: float) -> None:
    picture = sample_view(level, count=400, size=(128, 128))
    assert np.isfinite(picture).all()
    for part in (picture, picture[32:96, 32:96]):
        assert part.std() > 0.1


def test_deep_levels_are_as_exact_as_the_first() -> None:
    outer = sample_view(390.0, count=400, size=(256, 256))[64:192, 64:192]
    inner = shrunk(sample_view(391.0, count=400, size=(256, 256)), 2)
    assert np.abs(outer - inner).mean() < 0.02


@pytest.mark.parametrize("size", [(64, 64), (120, 68), (68, 120), (33, 31), (2, 1)])
def test_any_size_and_aspect(size: tuple[int, int]) -> None:
    picture = sample_image(1, size=size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0.0
    assert picture.max() <= 1.0


@pytest.mark.parametrize(("count", "zoom_factor"), [(1, 2.0), (2, 1.1), (3, 10.0)])
def test_any_count_and_factor(count: int, zoom_factor: float) -> None:
    for k in range(count):
        picture = sample_image(k, count=count, size=(48, 48), zoom_factor=zoom_factor)
        assert picture.std() > 0.05


def test_coverage_is_the_area_of_a_polygon_pixel_by_pixel() -> None:
    share = coverage([rectangle(1.25, 0.5, 3.5, 2.0)], (3, 5))
    expected = np.outer([0.5, 1.0, 0.0], [0.0, 0.75, 1.0, 0.5, 0.0])
    np.testing.assert_allclose(share, expected, atol=1e-6)


def test_coverage_agrees_with_counting_points() -> None:
    triangle = np.array([(-3.0, 2.2), (9.7, -4.1), (14.3, 18.9)])  # reaches out on all sides
    fine = (np.arange(12 * 64) + 0.5) / 64
    x, y = np.meshgrid(fine, fine)
    inside = np.ones(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
    counted = inside.reshape(12, 64, 12, 64).mean(axis=(1, 3))
    np.testing.assert_allclose(coverage([triangle], (12, 12)), counted, atol=0.01)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (disc(3.0), math.pi * 9.0),
        (ring(2.0, 3.0), math.pi * 5.0),
        (leaf(6.0, 3.0, 0.5, 400), 6.0 * 3.0 * 2.0 / math.pi),
        (rectangle(-1.0, -2.0, 3.0, 1.0), 12.0),
        (star(0.0, 0.0, 3.0, 4, math.sqrt(0.5)), 18.0),  # a square
        (stroke([(-3, 0), (0, 0), (3, 0)], 1.0, 2.0), 9.0),
    ],
)
def test_shapes_have_their_area_and_turn_counter_clockwise(shape: Points, area: float) -> None:
    x, y = shape.T
    assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2 == pytest.approx(area, rel=2e-4)


@pytest.mark.parametrize("softness", [0.02, 0.2, 2.0])
def test_a_shadow_takes_as_much_light_at_any_softness(softness: float) -> None:
    canvas = Canvas(
        np.ones((3, 80, 80), np.float32), 4.0, (40.0, 40.0), np.eye(3, dtype=np.float32)
    )
    canvas.shade([disc(3.0)], softness, 0.5)
    assert (1.0 - canvas.pixels).sum() / 3 == pytest.approx(0.5 * math.pi * 12.0**2, rel=0.02)
    assert canvas.pixels[0, 0, 0] == 1.0
