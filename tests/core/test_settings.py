"""The user's choices and their ranges."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import Centre, Engine, MaskShape, Order, Travel, ZoomSettings

BAD: list[tuple[str, Any, str]] = [
    ("zoom_factor", 1.0, "greater than 1"),
    ("zoom_factor", 0.5, "greater than 1"),
    ("zoom_factor", -2.0, "greater than 1"),
    ("zoom_factor", math.nan, "greater than 1"),
    ("zoom_factor", math.inf, "greater than 1"),
    ("zoom_factor", 65.0, "at most 64"),
    ("zoom_steps", 0, "at least 1 frame"),
    ("zoom_steps", -5, "at least 1 frame"),
    ("crop", 0.05, "from 0.1 to 0.95"),
    ("crop", 1.0, "from 0.1 to 0.95"),
    ("crop", math.nan, "from 0.1 to 0.95"),
    ("feather", -0.01, "from 0 to 0.25"),
    ("feather", 0.3, "from 0 to 0.25"),
    ("frames_per_second", 0.0, "0.1 to 1000"),
    ("frames_per_second", math.nan, "0.1 to 1000"),
    ("seconds_per_image", 0.0, "more than 0"),
    ("seconds_per_image", math.nan, "more than 0"),
    ("length", -1.0, "more than 0"),
    ("length", math.inf, "at most 86400"),
    ("roll", 4.1, "from -4 to 4"),
    ("roll", math.nan, "from -4 to 4"),
    ("target", (0.6, 0.0), "from -0.5 to 0.5"),
    ("target", (0.0, math.nan), "from -0.5 to 0.5"),
    ("start_frame", -1, "0 or a later"),
    ("delay", -1.0, "0 to 3600"),
    ("delay", math.inf, "0 to 3600"),
    ("ease", -0.1, "0 to 3600"),
    ("ease", math.nan, "0 to 3600"),
    ("samples", 0, "at least 1"),
    ("resolution", (0, 100), "4 to 65536"),
    ("resolution", (100, 100000), "4 to 65536"),
    ("aspect_ratio", (16, 0), "two whole numbers"),
    ("aspect_ratio", (1, 11), "at most 10 times"),
]


@pytest.mark.parametrize(("name", "value", "said"), BAD)
def test_outside_its_range(name: str, value: Any, said: str) -> None:
    with pytest.raises(EverZoomError, match=said) as raised:
        ZoomSettings(**{name: value})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zoom_factor", 1.0001),
        ("zoom_factor", 64.0),
        ("zoom_factor", None),
        ("zoom_steps", 1),
        ("crop", 0.1),
        ("crop", 0.95),
        ("feather", 0.0),
        ("feather", 0.25),
        ("frames_per_second", 23.976),
        ("delay", 0.0),
    ],
)
def test_at_its_limits(name: str, value: Any) -> None:
    assert getattr(ZoomSettings(**{name: value}), name) == value


@pytest.mark.parametrize(
    "values",
    [
        {"resolution": (100, 100), "aspect_ratio": (1, 1)},
        {"resolution": (100, 100), "scene_resolution": True},
        {"aspect_ratio": (1, 1), "scene_resolution": True},
    ],
)
def test_one_resolution_is_enough(values: dict[str, Any]) -> None:
    with pytest.raises(EverZoomError, match="not two"):
        ZoomSettings(**values)


@pytest.mark.parametrize("values", [{"delay": 1.0}, {"ease": 0.5}, {"target": (0.0, 0.1)}])
def test_a_loop_has_no_ends(values: dict[str, Any]) -> None:
    with pytest.raises(EverZoomError, match="no ends"):
        ZoomSettings(travel=Travel.LOOP, **values)


def test_one_length_is_enough() -> None:
    with pytest.raises(EverZoomError, match="not both"):
        ZoomSettings(seconds_per_image=1.0, length=10.0)


@given(
    st.builds(
        ZoomSettings,
        zoom_factor=st.none() | st.floats(1.001, 64.0),
        zoom_steps=st.integers(1, 1000),
        crop=st.floats(0.1, 0.95),
        feather=st.floats(0.0, 0.25),
        mask_shape=st.sampled_from(MaskShape),
        order=st.sampled_from(Order),
        centre=st.sampled_from(Centre),
        length=st.none() | st.floats(0.01, 1000.0),
        reverse=st.booleans(),
        travel=st.sampled_from([Travel.ONE_WAY, Travel.THERE_AND_BACK]),
        delay=st.floats(0.0, 60.0),
        ease=st.floats(0.0, 60.0),
        engine=st.sampled_from(Engine),
        roll=st.floats(-4.0, 4.0),
        target=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
        samples=st.none() | st.integers(1, 64),
        resolution=st.none() | st.tuples(st.integers(4, 4000), st.integers(4, 4000)),
    )
)
def test_kept_as_json(settings: ZoomSettings) -> None:
    text = json.dumps(settings.to_dict())
    assert ZoomSettings.from_dict(json.loads(text)) == settings


def test_what_another_version_adds_is_passed_over() -> None:
    values = ZoomSettings(crop=0.7).to_dict() | {"wobble": 3}
    assert ZoomSettings.from_dict(values).crop == 0.7


@pytest.mark.parametrize("values", [{"engine": "crayon"}, {"crop": 7.0}, {"resolution": [1]}])
def test_what_cannot_be_understood_is_an_error_for_the_user(values: dict[str, Any]) -> None:
    with pytest.raises(EverZoomError):
        ZoomSettings.from_dict(ZoomSettings().to_dict() | values)


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, False),
        ({"align": True}, True),
        ({"match_colour": True}, True),
        ({"auto_sort": True}, True),
        ({"order": Order.AUTO}, True),
        ({"zoom_factor": None}, True),
        ({"travel": Travel.LOOP}, True),
        ({"travel": Travel.THERE_AND_BACK}, False),
    ],
)
def test_when_the_pictures_have_to_be_looked_at(values: dict[str, Any], needed: bool) -> None:
    assert (
        ZoomSettings(**{"align": False, "match_colour": False, **values}).needs_analysis == needed
    )
