"""Placements that the user gives: their form in files, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from ai_ever_zoom_addon.core.analysis.placing import (
    GivenPlacement,
    placement_of,
    read_placements,
    with_placement,
)
from ai_ever_zoom_addon.core.analysis.report import Pair, Source
from ai_ever_zoom_addon.errors import EverZoomError

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
        *("b.png", "a.png", 3.0, (-4.5, 7.25), (640, 480), Source.MEASURED),
        *(0.97, gains, gains, -90.0),
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


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"factor": 1.0}, "above 1"),
        ({"factor": math.nan}, "above 1"),
        ({"factor": "wide"}, "wide"),
        ({"offset_px": [1.0]}, "values to unpack"),
        ({"offset_px": [math.inf, 0.0]}, "nowhere"),
        ({"offset_px": None}, "no pair"),
        ({"outer_size_px": [0, 720]}, "no pixels"),
        ({"outer": ...}, "outer"),
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
    "text", ["", "no JSON", "[]", '"pairs"', '{"pairs": {}}', '{"pairs": [1]}']
)
def test_any_other_file_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(EverZoomError, match="form that a report has") as refused:
        read_placements(text, "places.json")
    assert "\n" not in str(refused.value)


def test_a_new_placement_takes_the_place_of_its_pairs_old_one() -> None:
    other = GivenPlacement("c.png", "b.png", 2.0, (0.0, 0.0), (1280, 720))
    moved = GivenPlacement("b.png", "a.png", 4.0, (1.0, 2.0), (1280, 720))
    placements = with_placement(with_placement((PLACEMENT,), other), moved)
    assert set(placements) == {other, moved}
    assert placement_of(placements, "b.png", "a.png") == moved
    assert placement_of(placements, "a.png", "b.png") is None
