"""Holds and paces of single images, and the file that says them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.image_settings import images_to_json, read_timing
from ai_ever_zoom_addon.core.plan.timing import (
    beats_of_markers,
    frame_count,
    frames_per_step,
    level_at,
    level_keys,
)
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import (
    ImageSettings,
    LengthBy,
    MaskShape,
    Travel,
    ZoomSettings,
)

NAMES = [f"{number}.png" for number in range(12)]
FEW = NAMES[:4]
BASE = ZoomSettings(start_frame=1, frames_per_second=10.0, zoom_steps=20)


def own(number: int, **values: Any) -> ImageSettings:
    return ImageSettings(NAMES[number], **values)


def having(*images: ImageSettings, **values: Any) -> ZoomSettings:
    return replace(BASE, of_images=images, **values)


def is_still(keys: Sequence[Any], level: float, first: float, last: float) -> bool:
    """Whether the zoom rests at a level between two frames, and neither before nor after."""
    inside = [level_at(keys, frame) for frame in np.linspace(first, last, 9)]
    outside = [level_at(keys, first - 0.5), level_at(keys, last + 0.5)]
    return np.allclose(inside, level, atol=1e-9) and not np.isclose(outside, level, atol=1e-7).any()


def test_the_view_rests_where_it_arrives() -> None:
    keys = level_keys(range(4), having(own(1, hold=1.5)), FEW)
    assert [tuple(key)[:2] for key in keys] == [(1, 0), (21, 1), (36, 1), (56, 2), (76, 3)]


@pytest.mark.parametrize("ease", [0.0, 0.5])
@pytest.mark.parametrize("seconds", [None, 3.0])
def test_it_rests_on_either_way(ease: float, seconds: float | None) -> None:
    images = own(1, hold=1.0), own(2, seconds=seconds)
    chosen = having(*images, travel=Travel.THERE_AND_BACK, ease=ease)
    keys = level_keys(range(4), chosen, FEW)
    third = 30 if seconds else 20  # from image 2 to 3, and back
    assert is_still(keys, 1.0, 21, 31)
    assert level_at(keys, 31 + 20 + third) == pytest.approx(3.0)
    back = 31 + 20 + 2 * third + 20
    assert is_still(keys, 1.0, back, back + 10)
    assert keys[-1].frame == back + 10 + 20


def test_at_the_ends_it_comes_on_top_of_the_delay() -> None:
    images = own(0, hold=1.0), own(3, hold=2.0)
    chosen = having(*images, delay=0.5, travel=Travel.THERE_AND_BACK)
    keys = level_keys(range(4), chosen, FEW)
    assert [tuple(key)[:2] for key in (*keys[:2], *keys[4:6], *keys[-2:])] == [
        *[(1, 0), (16, 0), (76, 3), (101, 3), (161, 0), (176, 0)]
    ]


def test_a_loop_holds_its_first_image_once() -> None:
    ring = [*FEW, FEW[0]]
    chosen = having(own(0, hold=1.0), travel=Travel.LOOP)
    keys = level_keys(range(5), chosen, ring)
    assert [tuple(key)[:2] for key in keys[:3]] == [(1, 0), (11, 0), (31, 1)]
    assert keys[-1].frame == 91 and frame_count(range(5), chosen, ring) == 90


def test_a_loop_with_paces_goes_on_as_it_ends() -> None:
    ring = [*FEW, FEW[0]]
    keys = level_keys(range(5), having(own(0, frames=60), travel=Travel.LOOP), ring)
    first, last = keys[0].frame, keys[-1].frame
    start = level_at(keys, first + 1e-6) - level_at(keys, first)
    end = level_at(keys, last) - level_at(keys, last - 1e-6)
    assert start == pytest.approx(end, rel=1e-3)


@pytest.mark.parametrize(
    ("pace", "frames"), [({"frames": 45}, 45), ({"seconds": 4.5}, 45), ({"seconds": 0.001}, 1)]
)
def test_a_pace_is_kept_and_the_others_keep_theirs(pace: dict[str, Any], frames: int) -> None:
    for reverse in (False, True):
        keys = level_keys(range(4), having(own(1, **pace), reverse=reverse), FEW)
        arrivals = [1, 21, 21 + frames, 41 + frames]
        for frame, level in zip(arrivals, [3, 2, 1, 0] if reverse else range(4), strict=True):
            assert level_at(keys, frame) == pytest.approx(level, abs=1e-9)


def test_of_the_innermost_image_there_is_no_next_one() -> None:
    assert level_keys(range(4), having(own(3, frames=99)), FEW) == level_keys(range(4), BASE)


def test_a_whole_length_leaves_the_rest_to_the_others() -> None:
    whole = {"length_by": LengthBy.WHOLE, "length": 20.0}
    chosen = having(own(1, seconds=5.0, hold=1.0), delay=1.0, **whole)
    keys = level_keys(range(4), chosen, FEW)
    assert frame_count(range(4), chosen, FEW) == 200
    # 200 frames, one of them the last: 199 - 30 of holds - 50 of image 1 are for two others.
    assert frames_per_step(range(4), chosen, FEW) == pytest.approx(59.5)
    arrivals = [11, 11 + 59.5, 11 + 59.5 + 10 + 50, 11 + 59.5 + 10 + 50 + 59.5]
    for frame, level in zip(arrivals, range(4), strict=True):
        assert level_at(keys, frame) == pytest.approx(level, abs=1e-9)
    # Where all have a pace they share it in proportion.
    chosen = having(*(own(number, seconds=number + 1.0) for number in range(3)), **whole)
    keys = level_keys(range(4), chosen, FEW)
    assert [level_at(keys, 1 + 199 * part) for part in (1 / 6, 3 / 6, 1)] == pytest.approx(
        [1, 2, 3], abs=1e-9
    )


def test_what_is_too_long_for_the_whole_is_refused() -> None:
    chosen = having(own(1, seconds=18.0, hold=2.5), length_by=LengthBy.WHOLE, length=20.0)
    # 180 + 25 of its own, one for each of two others, and the last.
    with pytest.raises(EverZoomError, match=r"20 seconds are too short .* choose 20\.8 or more"):
        level_keys(range(4), chosen, FEW)
    assert level_keys(range(4), replace(chosen, length=20.8), FEW)[-1].frame == 208


def test_on_beats_a_hold_comes_after_the_arrival_and_a_pace_does_nothing() -> None:
    beats = {"length_by": LengthBy.MARKERS, "beats": (31, 61, 91)}
    keys = level_keys(range(4), having(own(1, hold=1.0, frames=5), **beats), FEW)
    assert is_still(keys, 1.0, 31, 41)
    assert level_at(keys, 61) == pytest.approx(2.0) and keys[-1].frame == 91
    with pytest.raises(EverZoomError, match=r"frame 61 comes while .* until frame 61: hold it for"):
        level_keys(range(4), having(own(1, hold=3.0), **beats), FEW)
    chosen = having(own(0, hold=1.0), own(1, hold=1.0))
    assert beats_of_markers([5, 31, 61], chosen, FEW, 1.0) == (31, 61)  # twenty frames each
    with pytest.raises(EverZoomError, match="2 times"):
        beats_of_markers([31, 81], chosen, FEW, 1.9)


images = st.builds(
    lambda number, hold, pace: own(number, hold=hold, **pace),
    st.integers(0, 11),
    st.sampled_from([0.0, 0.0, 0.1, 2.0]),
    st.sampled_from([{}, {}, {"frames": 1}, {"frames": 70}, {"seconds": 2.5}]),
)


@given(
    st.lists(st.floats(0.3, 3.0), min_size=1, max_size=8),
    st.lists(images, max_size=6, unique_by=lambda item: item.image),
    st.sampled_from(Travel),
    st.booleans(),
    st.sampled_from([0.0, 0.7, 30.0]),
    st.sampled_from([0.0, 0.3]),
)
def test_any_timing_visits_every_image_and_never_turns_between(
    spans: list[float],
    some: list[ImageSettings],
    travel: Travel,
    reverse: bool,
    ease: float,
    delay: float,
) -> None:
    levels = np.concatenate([[0.0], np.cumsum(spans) * len(spans) / math.fsum(spans)])
    names = NAMES[: len(levels)]
    chosen = having(*some, travel=travel, reverse=reverse, ease=ease, delay=delay)
    keys = level_keys(levels.tolist(), chosen, names)
    frames = [key.frame for key in keys]
    assert all(after > here for here, after in itertools.pairwise(frames))
    assert (frames[0], frames[-1] % 1) == (1, 0)
    # The frames, counted anew: what each image has of its own, and the rest at the usual speed.
    by_name = {item.image: item for item in some}
    legs = 2 if travel is Travel.THERE_AND_BACK else 1
    of_own = [by_name.get(name, ImageSettings(name)) for name in names[:-1]]
    paces = [image.frames or (image.seconds or 0) * 10 for image in of_own]
    rest = math.fsum(
        b - a for a, b, pace in zip(levels, levels[1:], paces, strict=False) if not pace
    )
    held = [round(by_name[name].hold * 10) if name in by_name else 0 for name in names]
    waits = sum(held) if legs == 1 else 2 * sum(held) - held[0 if reverse else -1]
    waits += (0 if travel is Travel.LOOP else legs + 1) * round(delay * 10)
    usual = float(np.median(np.diff(levels)))
    usual = 1.0 if abs(usual - 1.0) < 0.02 else usual
    count = paces.count(0) * legs
    moving = legs * sum(paces) + (max(count, round(rest * legs / usual * 20)) if count else 0)
    assert frames[-1] - frames[0] == pytest.approx(moving + waits, abs=0.51)
    # Ways without a turn.
    moments = sorted([*np.linspace(1, frames[-1], 1500), *frames])
    shown = np.array([level_at(keys, frame) for frame in moments])
    assert (shown.min(), shown.max()) == pytest.approx((levels[0], levels[-1]), abs=1e-6)
    moves = np.sign(np.diff(shown))[np.abs(np.diff(shown)) > 1e-9]
    assert np.count_nonzero(np.diff(moves)) == legs - 1


# --- The file -------------------------------------------------------------------------------------


def test_a_file_says_what_single_images_have() -> None:
    entries = [
        {"image": "0.png", "hold": 1.5, "frames": 30},
        {"image": "1.png", "seconds": 2, "crop": 0.5, "feather": 0, "mask": "ellipse"},
        {"image": "2.png", "hold": 0},
    ]
    found = read_timing(json.dumps({"pairs": [], "images": entries}), "a.json")
    assert found == (
        ImageSettings("0.png", hold=1.5, frames=30),
        ImageSettings("1.png", seconds=2.0, crop=0.5, feather=0.0, mask=MaskShape.ELLIPSE),
    )
    assert images_to_json(found) == entries[:2]
    assert ZoomSettings.from_dict(having(*found).to_dict()).of_images == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "a.json says no settings of images (Expecting value"),
        ("[]", 'there is no list of "images"'),
        ('{"images": 3}', 'there is no list of "images"'),
        ('{"images": [3]}', "entry 1: 3 has no named parts"),
        ('{"images": [{"hold": 3}]}', 'entry 1: "image", the name of a file, is missing'),
        (
            '{"images": [{"image": "0.png", "holds": 3}]}',
            "entry 1: 'holds' is none of hold, frames, seconds, crop, feather, mask",
        ),
        (
            '{"images": [{"image": "0.png", "hold": -1}]}',
            "entry 1: 0.png: Hold is -1; use a value from 0 to 3600",
        ),
        (
            '{"images": [{"image": "0.png"}, {"image": "1.png", "crop": "wide"}]}',
            "entry 2: crop of 1.png: 'wide' is no number",
        ),
        ('{"images": [{"image": "0.png", "mask": "oval"}]}', "'oval' is none of its words"),
        ('{"images": [{"image": "0.png", "frames": 1.5}]}', "1.5 is no whole number"),
        (
            '{"images": [{"image": "0.png", "frames": 1, "seconds": 1}]}',
            "The pace of 0.png is given in frames and in seconds: take one of them",
        ),
        (
            '{"images": [{"image": "0.png"}, {"image": "0.png"}]}',
            "entry 2: 0.png is named once more",
        ),
    ],
)
def test_files_that_say_something_else_are_refused(text: str, said: str) -> None:
    with pytest.raises(EverZoomError) as refused:
        read_timing(text, "a.json")
    assert said in str(refused.value)
    assert str(refused.value).endswith(": take the form that a report has.")


def test_one_image_is_given_others_and_gives_them_up() -> None:
    chosen = having(own(0, hold=1.0)).with_image(own(1, crop=0.5)).with_image(own(0))
    assert chosen.of_images == (own(1, crop=0.5),)
    assert chosen.of_image("0.png") == own(0)
    with pytest.raises(EverZoomError, match=r"0\.png has its own settings twice"):
        having(own(0, hold=1.0), own(0, hold=2.0))
