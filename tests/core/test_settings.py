"""The user's choices and their ranges."""

from __future__ import annotations

import json
import math
import re
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import (
    TABLE,
    Centre,
    Engine,
    FileFormat,
    FrameSize,
    ImageSettings,
    LengthBy,
    MaskShape,
    Order,
    Travel,
    Turn,
    ZoomSettings,
)

BAD: list[tuple[str, Any, str]] = [
    ("zoom_factor", 1.0, "from 1.0001 to 64"),
    ("zoom_factor", 0.5, "from 1.0001 to 64"),
    ("zoom_factor", -2.0, "from 1.0001 to 64"),
    ("zoom_factor", math.nan, "from 1.0001 to 64"),
    ("zoom_factor", math.inf, "from 1.0001 to 64"),
    ("zoom_factor", 65.0, "or measure it"),
    ("zoom_steps", 0, "from 1 to"),
    ("zoom_steps", -5, "from 1 to"),
    ("crop", 0.05, "from 0.1 to 0.95"),
    ("crop", 1.0, "from 0.1 to 0.95"),
    ("crop", math.nan, "from 0.1 to 0.95"),
    ("feather", -0.01, "from 0 to 0.25"),
    ("feather", 0.3, "from 0 to 0.25"),
    ("frames_per_second", 0.0, "0.1 to 1000"),
    ("frames_per_second", math.nan, "0.1 to 1000"),
    ("seconds_per_image", 0.0, "from 0.001"),
    ("seconds_per_image", math.nan, "from 0.001"),
    ("length", -1.0, "to 86400"),
    ("length", math.inf, "to 86400"),
    ("roll", 4.1, "from -4 to 4"),
    ("roll", math.nan, "from -4 to 4"),
    ("target", (0.6, 0.0), "from -0.5 to 0.5"),
    ("target", (0.0, math.nan), "from -0.5 to 0.5"),
    ("start_frame", -1, "from 0 to"),
    ("delay", -1.0, "0 to 3600"),
    ("delay", math.inf, "0 to 3600"),
    ("ease", -0.1, "0 to 3600"),
    ("ease", math.nan, "0 to 3600"),
    ("samples", -1, "from 0 to"),
    ("resolution", (0, 100), "4 to 65536"),
    ("resolution", (100, 100000), "4 to 65536"),
    ("shape", (16, 0), "from 1 to"),
    ("shape", (1, 11), "at most 10 times"),
    ("beats", (3, 3), "ascending order"),
    ("beats", (3, 4, 10**9), "Beats is 1000000000; use a value from 0 to 1048574"),
    # As many digits as tell it from the limit.
    ("feather", 0.2500001, "Feather is 0.2500001; use a value from 0 to 0.25"),
    ("samples", 99999999999, "Samples is 99999999999; use a value from 0 to 1000000"),
    ("samples", 10**400, "Samples is over 1e15; use"),
    ("folder", "a\0b", "Folder is no text"),
    ("sound", "\udcff", "Sound is no text"),
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


def test_a_loop_has_no_ends_and_forgets_none() -> None:
    one_way = ZoomSettings(delay=1.0, ease=0.5, target=(0.0, 0.1))
    loop = one_way.having({"travel": "loop"})
    assert (loop.held_seconds, loop.eased_seconds, loop.aim) == (0.0, 0.0, (0.0, 0.0))
    assert loop.having({"travel": "one-way"}) == one_way
    assert (one_way.held_seconds, one_way.eased_seconds, one_way.aim) == (1.0, 0.5, (0.0, 0.1))


def test_what_says_the_length_is_one_thing() -> None:
    settings = ZoomSettings(seconds_per_image=1.5, length=10.0, beats=(7, 9), sound_seconds=4.0)

    def given(way: LengthBy) -> tuple[Any, ...]:
        chosen = settings.having({"length_by": way})
        return chosen.given_seconds, chosen.given_length, chosen.arrivals

    assert given(LengthBy.FRAMES) == (None, None, ())
    assert given(LengthBy.SECONDS) == (1.5, None, ())
    assert given(LengthBy.WHOLE) == (None, 10.0, ())
    assert given(LengthBy.SOUND) == (None, 4.0, ())
    assert given(LengthBy.MARKERS) == (None, None, (7, 9))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"))

ANY: dict[str, st.SearchStrategy[Any]] = {
    "folder": NAMES,
    "depth_folder": NAMES,
    "depth_strength": st.floats(0.0, 0.5),
    "is_near_black": st.booleans(),
    "order": st.sampled_from(Order),
    "series": st.integers(1, 10_000),
    "is_factor_measured": st.booleans(),
    "zoom_factor": st.floats(1.0001, 64.0),
    "align": st.booleans(),
    "match_colour": st.booleans(),
    "glide": st.booleans(),
    "centre": st.sampled_from(Centre),
    "length_by": st.sampled_from(LengthBy),
    "zoom_steps": st.integers(1, 1000),
    "seconds_per_image": st.floats(0.01, 1000.0),
    "length": st.floats(0.01, 1000.0),
    "beats": st.lists(st.integers(0, 1000), unique=True).map(sorted).map(tuple),
    "sound": NAMES,
    "sound_seconds": st.floats(0.0, 1000.0),
    "travel": st.sampled_from(Travel),
    "reverse": st.booleans(),
    "ease": st.floats(0.0, 60.0),
    "delay": st.floats(0.0, 60.0),
    "frames_per_second": st.floats(0.1, 1000.0),
    "start_frame": st.integers(0, 10_000),
    "crop": st.floats(0.1, 0.95),
    "feather": st.floats(0.0, 0.25),
    "mask_shape": st.sampled_from(MaskShape),
    "of_images": st.lists(
        st.builds(
            ImageSettings,
            NAMES,
            hold=st.floats(0.1, 3600.0),
            seconds=st.none() | st.floats(0.001, 1000.0),
            crop=st.none() | st.floats(0.1, 0.95),
            feather=st.none() | st.floats(0.0, 0.25),
            mask=st.none() | st.sampled_from(MaskShape),
        ),
        max_size=3,
        unique_by=lambda item: item.image,
    ).map(tuple),
    "resolution_from": st.sampled_from(FrameSize),
    "file_format": st.sampled_from(FileFormat),
    "shape": st.tuples(st.integers(4, 40), st.integers(4, 40)),
    "resolution": st.tuples(st.integers(4, 4000), st.integers(4, 4000)),
    "roll": st.floats(-4.0, 4.0),
    "turn": st.sampled_from(Turn),
    "target": st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    "engine": st.sampled_from(Engine),
    "samples": st.integers(0, 64),
    "pack_images": st.booleans(),
    "debug_overlay": st.booleans(),
}


def test_every_setting_is_called_and_explained_once() -> None:
    assert set(ANY) == set(TABLE)
    labels = [choice.label for choice in TABLE.values()]
    flags = [flag for choice in TABLE.values() for flag in choice.flags]
    assert len(set(labels)) == len(labels)
    assert len(set(flags)) == len(flags)
    for name, choice in TABLE.items():
        assert choice.help
        assert not choice.help.endswith(".")
        if isinstance(getattr(ZoomSettings(), name), StrEnum):
            values = {value.value for value in type(getattr(ZoomSettings(), name))}
            assert set(choice.items) == values - choice.shown_as.keys()
            assert set(choice.shown_as.values()) <= set(choice.items)


@given(st.builds(ZoomSettings, **ANY))
def test_kept_as_json(settings: ZoomSettings) -> None:
    text = json.dumps(settings.to_dict())
    assert ZoomSettings.from_dict(json.loads(text)) == settings


def test_what_another_version_adds_is_passed_over() -> None:
    values = ZoomSettings(crop=0.7).to_dict() | {"wobble": 3}
    assert ZoomSettings.from_dict(values).crop == 0.7


@pytest.mark.parametrize(
    ("kept", "order"),
    [
        ({"order": "innermost-first", "auto_sort": True}, Order.SORTED),
        ({"order": "auto", "auto_sort": True}, Order.SORTED),
        ({"order": "outermost-first", "auto_sort": False}, Order.OUTERMOST_FIRST),
        ({"auto_sort": False}, Order.INNERMOST_FIRST),
    ],
)
def test_an_older_versions_order_means_the_same(kept: dict[str, Any], order: Order) -> None:
    """Sorting was a setting of its own, with which the order by name did not count."""
    settings = ZoomSettings.from_dict(kept)
    assert settings.order is order
    assert "auto_sort" not in settings.to_dict()


@pytest.mark.parametrize(
    "values",
    [
        {"engine": "crayon"},
        {"engine": {}},
        {"engine": "x" * 10**6},
        {"crop": 7.0},
        {"crop": "0.5"},
        {"crop": True},
        {"crop": 10**400},
        {"zoom_steps": 2.5},
        {"zoom_steps": math.inf},
        {"zoom_steps": math.nan},
        {"align": 1},
        {"resolution": [1]},
        {"resolution": [8] * 10**6},
        {"target": None},
        {"beats": 5},
        {"beats": [1, 2, 9**99]},
        {"beats": list(range(-(10**5), 0))},
        {"folder": ["a"]},
    ],
    ids=lambda values: str(values)[:30],
)
def test_what_cannot_be_understood_is_an_error_for_the_user(values: dict[str, Any]) -> None:
    with pytest.raises(EverZoomError) as raised:
        ZoomSettings.from_dict(ZoomSettings().to_dict() | values)
    assert len(str(raised.value)) < 200 and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, False),
        ({"align": True}, True),
        ({"match_colour": True}, True),
        ({"order": Order.SORTED}, True),
        ({"order": Order.AUTO}, True),
        ({"is_factor_measured": True}, True),
        ({"travel": Travel.LOOP}, True),
        ({"travel": Travel.THERE_AND_BACK}, False),
    ],
)
def test_when_the_pictures_have_to_be_looked_at(values: dict[str, Any], needed: bool) -> None:
    assert (
        ZoomSettings(**{"align": False, "match_colour": False, **values}).needs_analysis == needed
    )


def test_each_setting_has_its_passage_in_the_guide() -> None:
    for name, choice in TABLE.items():
        assert re.fullmatch(r"[a-z-]+#[a-z-]+", choice.guide), name
