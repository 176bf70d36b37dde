"""Images that are found by their keypoints: turned, far off the centre, partly outside."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ai_ever_zoom_addon.core.matching.keypoints import keypoints, locate
from ai_ever_zoom_addon.core.matching.matcher import Matcher
from ai_ever_zoom_addon.core.matching.picture import shrink
from ai_ever_zoom_addon.core.matching.placement import Placement, upright
from ai_ever_zoom_addon.core.steps import run
from tests.series_maker import Array, earth, scenes, view

SIDE = 512


def pair(place: Placement, size: tuple[int, int] = (SIDE, SIDE)) -> list[Array]:
    """A view and one that lies in it at `place`; in pixels of the outer one."""
    world = earth()
    pixels = world.shape[0] / SIDE / 1.6
    middle = complex(0.53 * world.shape[1], 0.36 * world.shape[0])
    return [
        view(middle, pixels, 0.0, (SIDE, SIDE)),
        view(middle + pixels * complex(*place.offset), pixels * place.scale, place.turn, size),
    ]


PLACES = [
    Placement(1 / 2, (0.0, 0.0), 15.0),
    Placement(1 / 2, (20.0, -30.0), -90.0),
    Placement(1 / 3, (130.0, 120.0), 0.0),
    Placement(1 / 2.5, (-150.0, 10.0), 161.0),
    Placement(1 / 1.3, (150.0, 0.0), 0.0),  # an eighth of it is outside
    Placement(1 / 2, (0.0, 0.0), 0.0),
]


@pytest.mark.parametrize("place", PLACES)
def test_keypoints_agree_on_a_place(place: Placement) -> None:
    outer, inner = (keypoints(shrink("", image)) for image in pair(place))
    found, votes = locate(outer, inner, SIDE / math.sqrt(2)) or (None, 0)
    assert found and votes > 8
    assert found.scale == pytest.approx(place.scale, rel=0.02)
    assert found.offset == pytest.approx(place.offset, abs=4.0)
    assert upright(found.turn - place.turn) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("place", PLACES)
def test_a_pair_is_found_and_measured_exactly(place: Placement) -> None:
    matcher = Matcher([shrink(str(k), image) for k, image in enumerate(pair(place))])
    run(matcher.relate(neighbours=False), lambda *_: None)
    found = matcher.go_on(0, 1, matcher.found[0, 1], math.inf).placement
    assert found.scale == pytest.approx(place.scale, rel=0.001)
    assert found.offset == pytest.approx(place.offset, abs=0.25)
    assert upright(found.turn - place.turn) == pytest.approx(0.0, abs=0.05)
    assert found.turn == 0.0 or place.turn


def test_unrelated_images_share_no_place() -> None:
    points = [
        keypoints(shrink("", image)) for image in scenes((SIDE, SIDE), np.random.default_rng(3), 4)
    ][:4]
    assert not [
        (a, b)
        for a in range(4)
        for b in range(4)
        if a != b and locate(points[a], points[b], SIDE / math.sqrt(2))
    ]


def test_an_image_without_anything_in_it_has_no_keypoints() -> None:
    flat = keypoints(shrink("", np.full((200, 300, 3), 0.5, np.float32)))
    assert len(flat.places) == 0
    assert locate(flat, flat, 180.0) is None
