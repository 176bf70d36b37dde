"""Where a moment of the zoom is when its timing becomes another one.

Expected frames come from a sum: an image is reached after so many steps and holds before it.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.plan.moment import same_moment
from ai_ever_zoom_addon.core.plan.timing import LevelKey, level_at, level_keys
from ai_ever_zoom_addon.settings import ImageSettings, Travel, ZoomSettings

RATE = 10.0
COUNT = 5
NAMES = [f"{number}.png" for number in range(COUNT)]

holds = st.lists(st.integers(0, 30), min_size=COUNT, max_size=COUNT)
steps = st.integers(1, 40)
starts = st.integers(0, 50)


def timed(held: list[int], step: int, start: int = 1, **others: Any) -> tuple[LevelKey, ...]:
    """A zoom whose images are held for so many frames, with so many from one to the next."""
    own = [ImageSettings(n, hold=frames / RATE) for n, frames in zip(NAMES, held, strict=True)]
    chosen: dict[str, Any] = {
        "zoom_steps": step,
        "start_frame": start,
        "frames_per_second": RATE,
        "of_images": tuple(image for image in own if image.hold),
        **others,
    }
    return level_keys(range(COUNT), ZoomSettings(**chosen), NAMES)


def all_frames(keys: tuple[LevelKey, ...]) -> range:
    return range(round(keys[0].frame), round(keys[-1].frame) + 1)


def reached(image: int, held: list[int], step: int, start: int) -> int:
    return start + image * step + sum(held[:image])


@given(holds, steps, starts, holds, steps, starts, st.data())
def test_a_frame_in_a_hold_stays_in_it_with_its_share(
    held: list[int],
    step: int,
    start: int,
    new_held: list[int],
    new_step: int,
    new_start: int,
    data: st.DataObject,
) -> None:
    image = data.draw(st.integers(0, COUNT - 1))
    passed = data.draw(st.integers(0, held[image]))
    before, after = timed(held, step, start), timed(new_held, new_step, new_start)
    frame = reached(image, held, step, start) + passed
    share = passed / held[image] if held[image] else 0.0
    wanted = reached(image, new_held, new_step, new_start) + share * new_held[image]
    found = same_moment(frame, before, after, all_frames(after))
    assert abs(found - wanted) <= 0.5
    assert level_at(after, found) == pytest.approx(image, abs=1e-9)


@given(holds, steps, holds, steps, st.sampled_from([0.0, 1.5]), st.data())
def test_the_level_in_view_stays_between_images(
    held: list[int], step: int, new_held: list[int], new_step: int, ease: float, data: st.DataObject
) -> None:
    before = timed(held, step, ease=ease)
    after = timed(new_held, new_step, ease=ease)
    frame = data.draw(st.sampled_from(all_frames(before)))
    found = same_moment(frame, before, after, all_frames(after))
    level = level_at(before, frame)
    around = [level_at(after, found + beside) for beside in (-0.5, 0.5)]
    assert min(around) - 1e-6 <= level <= max(around) + 1e-6


@given(steps, steps, st.integers(0, 20), st.data())
def test_in_and_out_again_are_not_confused(
    step: int, new_step: int, rest: int, data: st.DataObject
) -> None:
    travel = Travel.THERE_AND_BACK
    held = [0, 0, rest, 0, 0]
    before, after = timed(held, step, travel=travel), timed(held, new_step, travel=travel)
    frame = data.draw(st.sampled_from(all_frames(before)))
    found = same_moment(frame, before, after, all_frames(after))
    turn, new_turn = 1 + 4 * step + rest, 1 + 4 * new_step + rest
    assert (found - new_turn) * (frame - turn) >= 0


@pytest.mark.parametrize(("frame", "wanted"), [(1, 41), (11, 31), (21, 21), (38, 4)])
def test_the_other_way_round_it_is_the_frame_that_shows_the_same(frame: int, wanted: int) -> None:
    before, after = timed([0] * COUNT, 10), timed([0] * COUNT, 10, reverse=True)
    assert same_moment(frame, before, after, all_frames(after)) == wanted


def test_beside_the_zoom_it_stays_beside_it() -> None:
    before, after = timed([0] * COUNT, 10), timed([0] * COUNT, 20)
    frames = all_frames(after)
    assert [same_moment(frame, before, after, frames) for frame in (-4, 0, 46)] == [-9, -1, 91]
