"""Placements: similarities of the plane."""

from __future__ import annotations

import cmath
import math
import random

import pytest

from ai_ever_zoom_addon.core.matching.ordering import Components
from ai_ever_zoom_addon.core.matching.placement import CENTRED, Placement, upright


def some(generator: random.Random) -> Placement:
    return Placement(
        generator.uniform(0.1, 3.0),
        (generator.uniform(-500, 500), generator.uniform(-500, 500)),
        generator.uniform(-180, 180),
    )


def shown(placement: Placement, x: float, y: float) -> complex:
    """A point of the inner image in the outer one; a quarter turn clockwise leads right to down."""
    turn = cmath.exp(1j * math.radians(placement.turn))
    return complex(*placement.offset) + placement.scale * turn * complex(x, y)


@pytest.mark.parametrize("seed", range(5))
def test_a_place_in_a_place_and_back(seed: int) -> None:
    generator = random.Random(seed)
    one, two = some(generator), some(generator)
    x, y = generator.uniform(-9, 9), generator.uniform(-9, 9)
    there = shown(two, x, y)
    assert shown(one @ two, x, y) == pytest.approx(shown(one, there.real, there.imag))
    back = one @ one.inverse()
    assert (back.scale, *back.offset, back.turn) == pytest.approx((1, 0, 0, 0), abs=1e-9)
    assert -180 < (one @ two).turn <= 180


def test_a_quarter_clockwise_leads_right_to_down() -> None:
    place = Placement(2.0, (10.0, 20.0), 90.0) @ Placement(1.0, (5.0, 0.0))
    assert place.offset == pytest.approx((10.0, 30.0))


def test_what_is_not_turned_stays_exact() -> None:
    half = Placement(0.5, (3.0, -4.0))
    assert half @ half.inverse() == CENTRED
    assert [upright(turn) for turn in (0, 180, -180, 540, 270)] == [0, 180, 180, 180, -90]


@pytest.mark.parametrize("seed", range(5))
def test_images_lie_in_each_other_by_way_of_others(seed: int) -> None:
    generator = random.Random(seed)
    places = [some(generator) for _ in range(6)]  # of each image in one and the same plane
    pairs = [(a, generator.randrange(a)) for a in range(1, 6)]  # a tree
    generator.shuffle(pairs)
    components = Components(6)
    for inner, outer in pairs:
        components.join(outer, inner, 1.0, places[outer].inverse() @ places[inner])
    for outer, inner in ((0, 5), (4, 2), (3, 1)):
        found, true = components.between(outer, inner), places[outer].inverse() @ places[inner]
        assert found.scale == pytest.approx(true.scale)
        assert found.offset == pytest.approx(true.offset, rel=1e-6, abs=1e-6)
        assert upright(found.turn - true.turn) == pytest.approx(0.0, abs=1e-9)
