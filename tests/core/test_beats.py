"""Arrivals on beats: on the frame, and smooth in between."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.plan.timing import beats_of_markers, level_at, level_keys
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import LengthBy, Travel, ZoomSettings

SETTINGS = ZoomSettings(start_frame=1)
NAMES = [f"{number}.png" for number in range(100)]
spans = st.lists(st.integers(1, 200), min_size=1, max_size=12)


def on_beats(**values: Any) -> ZoomSettings:
    return replace(SETTINGS, length_by=LengthBy.MARKERS, **values)


def beats_from(gaps: list[int], start: int = 1) -> tuple[int, ...]:
    return tuple(int(frame) for frame in start + np.cumsum(gaps))


@given(spans)
def test_each_image_fills_the_view_on_its_beat(gaps: list[int]) -> None:
    beats = beats_from(gaps)
    keys = level_keys(range(len(beats) + 1), on_beats(beats=beats))
    assert (keys[0].frame, keys[-1].frame) == (1, beats[-1])
    for number, frame in enumerate(beats, 1):
        assert level_at(keys, frame) == pytest.approx(number, abs=1e-12)


@given(spans, st.floats(0.0, 1.0))
def test_the_zoom_never_turns_and_its_speed_never_jumps(gaps: list[int], delay: float) -> None:
    beats = beats_from(gaps, start=1 + round(delay * 30))
    keys = level_keys(
        range(len(beats) + 1),
        on_beats(beats=beats, delay=delay),
    )
    last = keys[-1].frame
    levels = np.array([level_at(keys, frame) for frame in np.linspace(1, last, 500)])
    assert (np.diff(levels) >= -1e-9).all()
    tiny = 1e-6
    for frame in beats[:-1]:
        before = (level_at(keys, frame) - level_at(keys, frame - tiny)) / tiny
        after = (level_at(keys, frame + tiny) - level_at(keys, frame)) / tiny
        assert before == pytest.approx(after, abs=1e-4)


def test_even_beats_are_the_plain_zoom() -> None:
    plain = level_keys(range(6), replace(SETTINGS, zoom_steps=20))
    keys = level_keys(range(6), on_beats(beats=(21, 41, 61, 81, 101)))
    for frame in np.linspace(0.0, 105.0, 50):
        assert level_at(keys, frame) == pytest.approx(level_at(plain, frame), abs=1e-12)


def test_images_without_a_beat_follow_at_the_last_pace() -> None:
    keys = level_keys(range(6), on_beats(beats=(11, 31, 61)))
    assert [key.frame for key in keys] == [1, 11, 31, 61, 91, 121]


def test_beats_without_an_image_do_not_count() -> None:
    keys = level_keys(range(3), on_beats(beats=(11, 31, 61)))
    assert [key.frame for key in keys] == [1, 11, 31]


def test_out_there_and_back() -> None:
    beats = (11, 31, 41, 51)
    out = level_keys(range(3), on_beats(beats=beats, reverse=True))
    assert [(key.frame, key.level) for key in out] == [(1, 2), (11, 1), (31, 0)]
    both = level_keys(
        range(3),
        on_beats(beats=beats, travel=Travel.THERE_AND_BACK),
    )
    assert [key.level for key in both] == [0, 1, 2, 1, 0]
    assert both[2].slope == 0.0  # where it turns


def test_the_ends_are_held() -> None:
    keys = level_keys(range(3), on_beats(beats=(41, 51), delay=1.0))
    assert [(key.frame, key.level) for key in keys] == [(1, 0), (31, 0), (41, 1), (51, 2), (81, 2)]
    assert [key.slope for key in keys[:2] + keys[-2:]] == [0.0] * 4


def test_images_arrive_at_their_own_levels() -> None:
    keys = level_keys([0.0, 0.8, 2.0], on_beats(beats=(11, 31)))
    assert level_at(keys, 11) == 0.8


@pytest.mark.parametrize("beats", [(5, 5), (9, 3)])
def test_beats_out_of_order_are_refused(beats: tuple[int, ...]) -> None:
    with pytest.raises(EverZoomError, match="ascending"):
        on_beats(beats=beats)


def test_a_beat_before_the_start_is_refused() -> None:
    with pytest.raises(EverZoomError, match="frame 1, is not after"):
        level_keys(range(3), on_beats(beats=(1, 20)))


def test_settings_keep_the_beats() -> None:
    settings = on_beats(beats=(3, 9))
    assert ZoomSettings.from_dict(settings.to_dict()) == settings


def test_markers_become_beats() -> None:
    assert beats_of_markers([61, 31, 31, 1, -4], SETTINGS, NAMES[:8], 4.0) == (31, 61)
    assert beats_of_markers([11, 21, 31, 41], SETTINGS, NAMES[:3], 4.0) == (11, 21)


@given(spans, st.floats(1.0, 20.0))
def test_a_change_of_speed_beyond_what_is_allowed_is_named(gaps: list[int], most: float) -> None:
    beats = beats_from(gaps)
    changes = [max(a / b, b / a) for a, b in itertools.pairwise(gaps)]
    if not changes or max(changes) <= most:
        assert beats_of_markers(beats, SETTINGS, NAMES[: len(gaps) + 1], most) == beats
        return
    first = next(number for number, change in enumerate(changes) if change > most)
    with pytest.raises(EverZoomError, match=f"At frame {beats[first]} "):
        beats_of_markers(beats, SETTINGS, NAMES[: len(gaps) + 1], most)


def test_no_marker_after_the_start() -> None:
    with pytest.raises(EverZoomError, match="set some"):
        beats_of_markers([0, 1], SETTINGS, NAMES[:4], 4.0)
