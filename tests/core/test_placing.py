"""Placements that the user gives: their form in files, and what is refused."""

from __future__ import annotations

import cmath
import json
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis.placing import (
    GivenPlacement,
    placement_of,
    read_placements,
    snap_steps,
)
from ai_ever_zoom_addon.core.analysis.report import Pair, Source
from ai_ever_zoom_addon.core.matching.picture import Picture, shrink
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.errors import EverZoomError
from tests.series_maker import drawn

# As it stands in the description of the form.
TEXT = """{"pairs": [{"outer": "b.png", "inner": "a.png", "factor": 2.5, "offset_px": [0, 156],
 "turn_deg": 12.5, "outer_size_px": [1280, 720], "source": "given"}]}"""
PLACEMENT = GivenPlacement("b.png", "a.png", 2.5, (0.0, 156.0), (1280, 720), 12.5)


def test_a_file_is_read_and_written_in_the_one_form() -> None:
    assert read_placements(TEXT, "places.json") == (PLACEMENT,)
    assert {"pairs": [PLACEMENT.to_json()]} == json.loads(TEXT)


def test_a_reports_pair_can_be_given_back() -> None:
    gains = (1.0, 1.0, 1.0)
    pair = Pair(
        *("b.png", "a.png", 3.0, (-4.5, 7.25), (640, 480), -90.0),
        source=Source.MEASURED,
        score=0.97,
        gain=gains,
        linear_gain=gains,
    )
    report = json.dumps({"order": ["b.png", "a.png"], "pairs": [pair.to_json()]})
    assert read_placements(report, "report.json") == (
        GivenPlacement("b.png", "a.png", 3.0, (-4.5, 7.25), (640, 480), -90.0),
    )


def test_an_upscaled_outer_image_keeps_the_place() -> None:
    larger = PLACEMENT.in_pixels_of((2560, 1440))
    assert larger.offset_px == (0.0, 312.0)
    assert larger.outer_size_px == (2560, 1440)
    assert (larger.factor, larger.turn_deg) == (PLACEMENT.factor, PLACEMENT.turn_deg)


def test_without_a_size_the_place_is_in_pixels_of_the_image_as_it_is() -> None:
    text = TEXT.replace('"outer_size_px": [1280, 720], ', "")
    (given,) = read_placements(text, "places.json")
    assert given.in_pixels_of((1280, 720)) == PLACEMENT
    assert read_placements(json.dumps({"pairs": [given.to_json()]}), "places.json") == (given,)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"factor": 1.0}, "above 1"),
        ({"factor": math.nan}, "nan is not"),
        ({"factor": "wide"}, "wide"),
        ({"factor": "2"}, "'2' is no number"),
        ({"factor": 1e200}, "is not from"),
        ({"factor": 10**400}, "is not from"),
        ({"offset_px": [1.0]}, "has not 2 parts"),
        ({"offset_px": [0.0] * 10**6}, "has not 2 parts"),
        ({"offset_px": [math.inf, 0.0]}, "inf is not"),
        ({"offset_px": None}, "None is no list"),
        ({"turn_deg": 1e30}, "is not from -3600 to 3600"),
        ({"outer_size_px": [0, 720]}, "0 is not from 1"),
        ({"outer_size_px": [1e18, 720]}, "is not from 1"),
        ({"outer": ...}, "outer"),
        ({"outer": 7}, "7 is no text"),
        ({"outer": "a\0"}, "zero"),
        ({"factor": ...}, "factor"),
    ],
)
def test_what_is_not_of_that_form_is_refused_in_one_line(
    changed: dict[str, Any], said: str
) -> None:
    values = PLACEMENT.to_json() | changed
    text = json.dumps({"pairs": [{k: v for k, v in values.items() if v is not ...}]})
    with pytest.raises(EverZoomError, match=said) as refused:
        read_placements(text, "places.json")
    assert str(refused.value).startswith("places.json")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", '"pairs"', '{"pairs": {}}', '{"pairs": [1]}', "[" * 10**6],
    ids=lambda text: text[:20],
)
def test_any_other_file_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(EverZoomError, match="form that a report has") as refused:
        read_placements(text, "places.json")
    assert "\n" not in str(refused.value)


def test_what_is_given_is_found_by_its_pair() -> None:
    other = GivenPlacement("c.png", "b.png", 2.0, (0.0, 0.0), (1280, 720))
    assert placement_of((other, PLACEMENT), "b.png", "a.png") == PLACEMENT
    assert placement_of((other, PLACEMENT), "a.png", "b.png") is None


# --- What the pictures say ------------------------------------------------------------------------

WORLD = (1600, 1200)
OUTER, INNER = (640, 480), (400, 480)  # other shapes
TRUE = GivenPlacement("outer", "inner", 3.0, (120.0, -60.0), OUTER, 25.0)


def pair_of_pictures(seed: int = 5) -> tuple[Picture, Picture]:
    """Two pictures of one drawn world, which lie in each other as `TRUE` says."""
    world = Image.fromarray(drawn(WORLD, seed))
    pictures = []
    # Of each: where its middle is in the world, world pixels in one of its own, and its turn.
    outer_pixel = WORLD[0] / OUTER[0]
    inner_pixel = outer_pixel * OUTER[0] / (INNER[0] * TRUE.factor)
    middle = complex(*WORLD) / 2
    inner_middle = middle + outer_pixel * complex(*TRUE.offset_px)
    for size, centre, pixel, turn in (
        (OUTER, middle, outer_pixel, 0.0),
        (INNER, inner_middle, inner_pixel, TRUE.turn_deg),
    ):
        along = pixel * cmath.exp(1j * math.radians(turn))
        first = centre - along * complex(*size) / 2
        rows = (along.real, -along.imag, first.real, along.imag, along.real, first.imag)
        seen = world.transform(size, Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
        pictures.append(shrink("outer", np.asarray(seen, np.float32) / 255.0))
    outer, inner = pictures
    return outer, inner


@pytest.mark.parametrize("seed", range(6))
def test_what_was_placed_roughly_is_measured_from_there(seed: int) -> None:
    off, width = np.random.default_rng(seed).uniform(-1.0, 1.0, 4), OUTER[0] / TRUE.factor
    near = GivenPlacement(
        *TRUE.names,
        factor=TRUE.factor * 1.12 ** float(off[0]),
        offset_px=(120.0 + 0.12 * width * float(off[1]), -60.0 + 0.12 * width * float(off[2])),
        outer_size_px=OUTER,
        turn_deg=25.0 + 8.0 * float(off[3]),
    )
    result = run(snap_steps(near, *pair_of_pictures()))
    assert result is not None
    found, score = result
    assert found.factor == pytest.approx(TRUE.factor, rel=1e-3)
    assert found.offset_px == pytest.approx(TRUE.offset_px, abs=0.2)
    assert found.turn_deg == pytest.approx(TRUE.turn_deg, abs=0.05)
    assert score > 0.95


def test_nothing_is_measured_between_pictures_of_different_things() -> None:
    outer, _ = pair_of_pictures()
    _, inner = pair_of_pictures(seed=6)
    assert run(snap_steps(TRUE, outer, inner)) is None
