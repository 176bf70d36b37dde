"""The zoom level over time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.timing import held_frames, level_keys
from ai_ever_zoom_addon.settings import ZoomSettings

counts = st.integers(2, 40)
steps = st.integers(1, 200)


def settings(**values: object) -> ZoomSettings:
    return ZoomSettings(**{"start_frame": 0, **values})  # type: ignore[arg-type]


@given(counts, steps, st.integers(0, 5), st.sampled_from([24.0, 25.0, 30.0, 60.0]), st.booleans())
def test_number_of_frames(count: int, step: int, delay: int, fps: float, reverse: bool) -> None:
    chosen = settings(
        zoom_steps=step, delay=float(delay), frames_per_second=fps, reverse=reverse, start_frame=7
    )
    keys = level_keys(count, chosen)
    assert keys[0].frame == 7
    frames = keys[-1].frame - keys[0].frame + 1
    assert frames == (count - 1) * step + 1 + 2 * int(delay * fps)


def test_a_key_for_each_zoom_step() -> None:
    assert level_keys(4, settings(zoom_steps=10)) == ((0, 0.0), (10, 1.0), (20, 2.0), (30, 3.0))


def test_reverse_zooms_out() -> None:
    keys = level_keys(3, settings(zoom_steps=10, reverse=True, start_frame=1))
    assert keys == ((1, 2.0), (11, 1.0), (21, 0.0))


def test_delay_holds_both_ends() -> None:
    keys = level_keys(3, settings(zoom_steps=10, delay=0.5, frames_per_second=24.0))
    assert keys == ((0, 0.0), (12, 0.0), (22, 1.0), (32, 2.0), (44, 2.0))


@pytest.mark.parametrize(
    ("delay", "fps", "held"), [(0.0, 30.0, 0), (1.0, 30.0, 30), (1.0, 29.97, 30), (0.01, 30.0, 0)]
)
def test_held_frames(delay: float, fps: float, held: int) -> None:
    assert held_frames(settings(delay=delay, frames_per_second=fps)) == held


@given(counts, steps, st.booleans(), st.floats(0, 3))
def test_frames_never_meet(count: int, step: int, reverse: bool, delay: float) -> None:
    keys = level_keys(count, settings(zoom_steps=step, reverse=reverse, delay=delay))
    assert all(a.frame < b.frame for a, b in itertools.pairwise(keys))
