"""The zoom level over time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.plan.timing import (
    LevelKey,
    frame_count,
    held_frames,
    level_at,
    level_keys,
)
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import LengthBy, Travel, ZoomSettings

counts = st.integers(2, 40)
steps = st.integers(1, 200)
travels = st.sampled_from(Travel)


def settings(**values: object) -> ZoomSettings:
    return ZoomSettings(**{"start_frame": 0, **values})  # type: ignore[arg-type]


def pairs(keys: Sequence[LevelKey]) -> list[tuple[float, float]]:
    return [(key.frame, key.level) for key in keys]


@given(counts, steps, st.integers(0, 5), st.sampled_from([24.0, 25.0, 30.0, 60.0]), st.booleans())
def test_number_of_frames(count: int, step: int, delay: int, fps: float, reverse: bool) -> None:
    chosen = settings(
        zoom_steps=step, delay=float(delay), frames_per_second=fps, reverse=reverse, start_frame=7
    )
    keys = level_keys(range(count), chosen)
    assert keys[0].frame == 7
    frames = keys[-1].frame - keys[0].frame + 1
    assert frames == (count - 1) * step + 1 + 2 * int(delay * fps)


def test_a_key_for_each_zoom_step() -> None:
    keys = level_keys(range(4), settings(zoom_steps=10))
    assert pairs(keys) == [(0, 0.0), (10, 1.0), (20, 2.0), (30, 3.0)]


def test_reverse_zooms_out() -> None:
    keys = level_keys(range(3), settings(zoom_steps=10, reverse=True, start_frame=1))
    assert pairs(keys) == [(1, 2.0), (11, 1.0), (21, 0.0)]


def test_delay_holds_both_ends() -> None:
    keys = level_keys(range(3), settings(zoom_steps=10, delay=0.5, frames_per_second=24.0))
    assert pairs(keys) == [(0, 0.0), (12, 0.0), (22, 1.0), (32, 2.0), (44, 2.0)]


@pytest.mark.parametrize(
    ("delay", "fps", "held"), [(0.0, 30.0, 0), (1.0, 30.0, 30), (1.0, 29.97, 30), (0.01, 30.0, 0)]
)
def test_held_frames(delay: float, fps: float, held: int) -> None:
    assert held_frames(settings(delay=delay, frames_per_second=fps)) == held


@given(counts, steps, st.booleans(), st.floats(0, 3))
def test_frames_never_meet(count: int, step: int, reverse: bool, delay: float) -> None:
    keys = level_keys(range(count), settings(zoom_steps=step, reverse=reverse, delay=delay))
    assert all(a.frame < b.frame for a, b in itertools.pairwise(keys))


@given(st.floats(1.2, 5.0), st.integers(3, 20), st.integers(1, 200), travels)
def test_one_pair_that_is_much_deeper_leaves_the_others_their_pace(
    factor: float, others: int, step: int, travel: Travel
) -> None:
    """As one for whose outer image another was taken: three times as deep, three times as long."""
    depths = [0.0, *(1.0 for _ in range(others)), 3.0]
    mean = sum(depths) * math.log(factor) / (len(depths) - 1)
    levels = [depth * math.log(factor) / mean for depth in itertools.accumulate(depths)]
    for way in (levels, [levels[-1] - level for level in reversed(levels)]):
        keys = level_keys(way, settings(zoom_steps=step, travel=travel))
        legs = 2 if travel is Travel.THERE_AND_BACK else 1
        assert keys[-1].frame == legs * step * (others + 3)
        assert level_at(keys, step * (others + 3)) == pytest.approx(others + 1, abs=1e-9)
        assert level_at(keys, step) == pytest.approx(levels[1], abs=1e-9)


def test_factors_that_differ_as_measured_ones_do_take_a_whole_number_of_steps() -> None:
    factors = np.log(2.0 + 0.004 * np.sin(np.arange(1, 40) ** 2))
    levels = [0.0, *np.cumsum(factors / factors.mean())]
    assert level_keys(levels, settings(zoom_steps=100))[-1].frame == 3900


@given(counts, st.integers(2, 200), st.floats(0.04, 20.0), st.booleans())
def test_an_ease_is_constant_acceleration_to_a_constant_speed(
    count: int, step: int, ease: float, reverse: bool
) -> None:
    keys = level_keys(
        range(count), settings(zoom_steps=step, ease=ease, frames_per_second=25.0, reverse=reverse)
    )
    length = (count - 1) * step
    fade = min(25.0 * ease, length / 2)
    # The speed at each moment, summed up: the level is the area below it.
    moments = np.linspace(0.0, length, 20001)
    middles = (moments[1:] + moments[:-1]) / 2
    speed = np.clip(np.minimum(middles, length - middles) / fade, 0.0, 1.0)
    levels = np.concatenate([[0.0], np.cumsum(speed)]) * (count - 1) / speed.sum()
    if reverse:
        levels = count - 1 - levels
    for number in range(0, 20001, 500):
        assert level_at(keys, moments[number]) == pytest.approx(levels[number], abs=1e-4)


@given(counts, steps, st.floats(0.0, 10.0), st.floats(0.0, 2.0))
def test_an_ease_takes_no_frame_more(count: int, step: int, ease: float, delay: float) -> None:
    linear = level_keys(range(count), settings(zoom_steps=step, delay=delay))
    eased = level_keys(range(count), settings(zoom_steps=step, delay=delay, ease=ease))
    for end in (0, -1):
        assert eased[end].frame == linear[end].frame
        assert eased[end].level == linear[end].level


def test_no_ease_is_a_straight_line() -> None:
    keys = level_keys(range(4), settings(zoom_steps=10, delay=0.1))
    for frame in np.linspace(-5.0, 45.0, 101):
        assert level_at(keys, frame) == pytest.approx(np.clip((frame - 3) / 10, 0.0, 3.0))


def test_there_and_back_turns_at_the_other_end() -> None:
    chosen = settings(zoom_steps=10, travel=Travel.THERE_AND_BACK)
    keys = level_keys(range(3), chosen)
    assert pairs(keys) == [(0, 0.0), (10, 1.0), (20, 2.0), (30, 1.0), (40, 0.0)]
    keys = level_keys(range(2), replace(chosen, reverse=True))
    assert pairs(keys) == [(0, 1.0), (10, 0.0), (20, 1.0)]


def test_there_and_back_holds_where_it_turns_too() -> None:
    chosen = settings(
        zoom_steps=10, travel=Travel.THERE_AND_BACK, delay=0.2, frames_per_second=25.0
    )
    assert pairs(level_keys(range(2), chosen)) == [
        (0, 0.0),
        (5, 0.0),
        (15, 1.0),
        (20, 1.0),
        (30, 0.0),
        (35, 0.0),
    ]


@given(counts, st.integers(2, 90), st.floats(0.0, 5.0), st.floats(0.0, 1.0), st.booleans())
def test_the_way_back_mirrors_the_way_there(
    count: int, step: int, ease: float, delay: float, reverse: bool
) -> None:
    chosen = settings(zoom_steps=step, ease=ease, delay=delay, reverse=reverse)
    one_way = level_keys(range(count), chosen)
    both = level_keys(range(count), replace(chosen, travel=Travel.THERE_AND_BACK))
    for frame in np.linspace(0.0, one_way[-1].frame, 41):
        there = level_at(one_way, frame)
        assert level_at(both, frame) == pytest.approx(there, abs=1e-9)
        assert level_at(both, both[-1].frame - frame) == pytest.approx(there, abs=1e-9)


rates = st.sampled_from([24.0, 25.0, 29.97, 30.0, 60.0])


@given(st.integers(2, 30), st.floats(2.0, 500.0), rates, travels, st.floats(0.0, 0.3))
def test_a_length_is_kept_to_the_frame(
    count: int, length: float, fps: float, travel: Travel, delay: float
) -> None:
    delay = 0.0 if travel is Travel.LOOP else delay
    chosen = settings(
        length_by=LengthBy.WHOLE, length=length, frames_per_second=fps, travel=travel, delay=delay
    )
    try:
        keys = level_keys(range(count), chosen)
    except EverZoomError as error:
        # Too short: the length that it proposes is enough, and a tenth less is not.
        enough = float(str(error).split()[-3])
        level_keys(range(count), replace(chosen, length_by=LengthBy.WHOLE, length=enough))
        assert enough > length
        return
    assert frame_count(range(count), chosen) == round(length * fps)
    # The last key of a loop has no frame: it is the first again.
    last = round(length * fps) - (travel is not Travel.LOOP)
    assert keys[0].frame == 0 and keys[-1].frame == last
    # Every image takes as long as any other.
    moved = [b.frame - a.frame for a, b in itertools.pairwise(keys) if a.level != b.level]
    assert moved == pytest.approx([moved[0]] * len(moved))
    assert moved[0] >= 1 - 1e-9


@given(counts, st.floats(0.05, 20.0), rates, travels)
def test_seconds_per_image(count: int, seconds: float, fps: float, travel: Travel) -> None:
    chosen = settings(
        length_by=LengthBy.SECONDS, seconds_per_image=seconds, frames_per_second=fps, travel=travel
    )
    keys = level_keys(range(count), chosen)
    times = [frame / fps for frame, _ in pairs(keys)]
    legs = 2 if travel is Travel.THERE_AND_BACK else 1
    # Rounded to whole frames only at the very end.
    assert times == pytest.approx(np.arange((count - 1) * legs + 1) * seconds, abs=0.51 / fps)
    assert keys[-1].frame == int(keys[-1].frame)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"length_by": LengthBy.WHOLE, "length": 0.1}, "choose 0.2 or more"),
        ({"length_by": LengthBy.SECONDS, "seconds_per_image": 0.001}, "choose 0.034 or more"),
        ({"zoom_steps": 300_000}, "make it shorter"),
    ],
)
def test_what_does_not_fit_on_the_timeline(values: dict[str, float], said: str) -> None:
    with pytest.raises(EverZoomError, match=said):
        level_keys(range(5), settings(**values))


def test_a_loop_leaves_out_the_frame_that_is_the_first_again() -> None:
    chosen = settings(zoom_steps=10, travel=Travel.LOOP)
    assert pairs(level_keys(range(4), chosen))[-1] == (30, 3.0)
    assert frame_count(range(4), chosen) == 30
