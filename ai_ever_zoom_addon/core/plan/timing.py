"""The zoom level over time. Never touches bpy."""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from ...errors import EverZoomError
from ...settings import LAST_FRAME, Travel, ZoomSettings

# A usual step that differs from the mean one by less than this part of it counts as that one: in
# real series (8 images by Midjourney) both differ by 0.0002, as factors are measured, and a pace
# that is changed by a fiftieth nobody sees.
_ALIKE = 0.02


class LevelKey(NamedTuple):
    """The zoom level at one frame.

    Attributes:
        frame: May lie between two frames.
        level: Zoom level.
        slope: Levels per frame, where the curve is a cubic Hermite curve; None: straight lines.
    """

    frame: float
    level: float
    slope: float | None = None


def held_frames(settings: ZoomSettings) -> int:
    """Frames for which the picture is held in addition at each end, and where the zoom turns."""
    return round(settings.held_seconds * settings.frames_per_second)


def usual_step(levels: Sequence[float]) -> float:
    """How many levels the usual step has: the median one, which one that is wrong does not change.

    Args:
        levels: At which each image fills the view, ascending; a step has one in the mean.

    Returns:
        1 where that is as good as the mean: then a whole zoom has a whole number of steps.
    """
    step = statistics.median(after - here for here, after in itertools.pairwise(levels))
    return 1.0 if abs(step - 1.0) < _ALIKE else step


def frames_per_step(levels: Sequence[float], settings: ZoomSettings) -> float:
    """Frames of the usual step.

    Args:
        levels: As for `level_keys`.
        settings: How long an image, or the whole, takes.

    Raises:
        EverZoomError: As `level_keys`.
    """
    return _leg_frames(levels, settings) / (len(levels) - 1) * usual_step(levels)


def _leg_frames(levels: Sequence[float], settings: ZoomSettings) -> float:
    """Frames from one end to the other, such that the whole zoom ends on a whole frame."""
    legs = _legs(settings)
    steps = (len(levels) - 1) * legs
    usual_steps = steps / usual_step(levels)
    rate = settings.frames_per_second
    others = last_frames(settings) + (1 + legs) * held_frames(settings)
    length, seconds = settings.given_length, settings.given_seconds
    if length is not None:
        frames = round(length * rate)
        if frames < steps + others:
            raise EverZoomError(
                f"{length:g} seconds are too short for a frame from each image to the "
                f"next: choose {math.ceil(10 * (steps + others) / rate) / 10:g} or more."
            )
        return (frames - others) / legs
    if seconds is not None:
        frames = round(usual_steps * seconds * rate)
        if frames < steps:
            raise EverZoomError(
                f"{seconds:g} seconds per image are less than a frame: choose "
                f"{math.ceil(1000 / rate) / 1000:g} or more."
            )
        return frames / legs
    return max(steps, round(usual_steps * settings.zoom_steps)) / legs


def frame_count(levels: Sequence[float], settings: ZoomSettings) -> int:
    """Frames of the whole zoom.

    Args:
        levels: As for `level_keys`.
        settings: How long everything takes.

    Raises:
        EverZoomError: As `level_keys`.
    """
    return frames_between(level_keys(levels, settings), settings)


def frames_between(keys: Sequence[LevelKey], settings: ZoomSettings) -> int:
    """Frames of a zoom from its first key to its last."""
    return round(keys[-1].frame - keys[0].frame) + last_frames(settings)


def last_frames(settings: ZoomSettings) -> int:
    """Whether the last key has a frame, 1 or 0: that of a loop is the first frame again."""
    return 0 if settings.travel is Travel.LOOP else 1


def level_keys(levels: Sequence[float], settings: ZoomSettings) -> tuple[LevelKey, ...]:
    """The keys of the zoom level's curve.

    There is one for each image; with eased ends there is one at either end of each ease, which are
    fewer and easier to edit. Where the picture is held there is one more. The first and the last
    key are on whole frames.

    Args:
        levels: At which each image fills the view, ascending from 0, at least two; a step has one
            in the mean. In a ring the outermost image counts twice.
        settings: How long everything takes.

    Raises:
        EverZoomError: The zoom is too short for its images, or longer than Blender's timeline.
    """
    if settings.arrivals:
        return _checked(_on_beats(levels, settings))
    frames = _leg_frames(levels, settings)
    hold = held_frames(settings)
    ends = 0.0, float(len(levels) - 1)
    if settings.reverse:
        ends = ends[::-1]
    keys: list[LevelKey] = []
    frame: float = settings.start_frame
    for start, end in (ends, ends[::-1])[: _legs(settings)]:
        if hold and not keys:
            keys.append(LevelKey(frame, start, 0.0 if settings.eased_seconds else None))
        frame += hold
        leg = _leg(frame, start, frame + frames, end, settings)
        # Where the zoom turns and nothing is held, its ways share a key.
        keys += leg if hold or not keys else leg[1:]
        frame += frames
    if hold:
        keys.append(keys[-1]._replace(frame=frame + hold))
    keys[-1] = keys[-1]._replace(frame=round(keys[-1].frame))
    return _checked(keys)


def _checked(keys: Sequence[LevelKey]) -> tuple[LevelKey, ...]:
    if keys[-1].frame > LAST_FRAME:
        raise EverZoomError(
            f"The zoom would end with frame {keys[-1].frame:.0f}, but Blender's last is "
            f"{LAST_FRAME}: make it shorter."
        )
    return tuple(keys)


def _on_beats(levels: Sequence[float], settings: ZoomSettings) -> list[LevelKey]:
    """One key for each arrival at an image, on the beats as long as there are any.

    From there on the zoom goes on as fast as it came. Its speed changes gradually, and it never
    goes past an image and back.
    """
    path = list(levels)[:: -1 if settings.reverse else 1]
    if settings.travel is Travel.THERE_AND_BACK:
        path += path[-2::-1]
    start = settings.start_frame + held_frames(settings)
    frames = [start, *settings.arrivals[: len(path) - 1]]
    if frames[1] <= start:
        raise EverZoomError(
            f"The first beat, at frame {frames[1]}, is not after the zoom's start, at frame "
            f"{start}: let it start earlier, or take the beat away."
        )
    came = len(frames) - 1
    pace = (frames[came] - frames[came - 1]) / abs(path[came] - path[came - 1])
    for here, after in itertools.pairwise(path[came:]):
        frames.append(frames[-1] + max(1, round(pace * abs(after - here))))
    is_at_rest = settings.eased_seconds > 0.0 or settings.held_seconds > 0.0
    slopes = monotone_slopes(frames, path, is_at_rest=is_at_rest)
    keys = [LevelKey(*key) for key in zip(frames, path, slopes, strict=True)]
    if held_frames(settings):
        keys.insert(0, keys[0]._replace(frame=settings.start_frame))
        keys.append(keys[-1]._replace(frame=keys[-1].frame + held_frames(settings)))
    return keys


def monotone_slopes(
    frames: Sequence[float], levels: Sequence[float], *, is_at_rest: bool
) -> list[float]:
    """Slopes of a smooth curve through points that turns nowhere but where the points do.

    In between it is the weighted harmonic mean of Fritsch and Butland, "A Method for Constructing
    Local Monotone Piecewise Cubic Interpolants", SIAM J. Sci. Stat. Comput. 5 (1984).
    """
    spans = [b - a for a, b in itertools.pairwise(frames)]
    speeds = [
        (b - a) / span for (a, b), span in zip(itertools.pairwise(levels), spans, strict=True)
    ]
    slopes = [0.0 if is_at_rest else speeds[0]]
    for (before, after), (span, next_span) in zip(
        itertools.pairwise(speeds), itertools.pairwise(spans), strict=True
    ):
        if before * after <= 0.0:
            slopes.append(0.0)
            continue
        first, second = 2.0 * next_span + span, next_span + 2.0 * span
        slopes.append((first + second) / (first / before + second / after))
    slopes.append(0.0 if is_at_rest else speeds[-1])
    return slopes


def beats_of_markers(
    markers: Sequence[int], settings: ZoomSettings, image_count: int, largest_change: float
) -> tuple[int, ...]:
    """The frames of markers as `ZoomSettings.beats`.

    Args:
        markers: Frames, in any order; those before the zoom moves, and those for which there is no
            image, do not count.
        settings: Say when the zoom begins to move.
        image_count: At least 2.
        largest_change: How many times faster or slower the zoom may be from one image to the next.

    Raises:
        EverZoomError: No marker is left, or the speed would change more than is allowed.
    """
    start = settings.start_frame + held_frames(settings)
    arrivals = (image_count - 1) * _legs(settings)
    beats = sorted({frame for frame in markers if frame > start})[:arrivals]
    if not beats:
        raise EverZoomError(f"No marker is after the zoom's start, at frame {start}: set some.")
    for before, here, after in zip([start, *beats], beats, beats[1:], strict=False):
        change = max((after - here) / (here - before), (here - before) / (after - here))
        if change > largest_change:
            raise EverZoomError(
                f"At frame {here} the zoom would change its speed {change:.3g} times, and "
                f"{largest_change:.3g} times is allowed: move the marker, or allow more."
            )
    return tuple(beats)


def _legs(settings: ZoomSettings) -> int:
    return 2 if settings.travel is Travel.THERE_AND_BACK else 1


def _leg(
    first: float, start: float, last: float, end: float, settings: ZoomSettings
) -> list[LevelKey]:
    """From one end of the zoom to the other."""
    ease = settings.eased_seconds * settings.frames_per_second
    if ease > 0.0:
        return _eased(first, start, last, end, ease)
    count = round(abs(end - start))
    return [
        LevelKey(first + (last - first) * number / count, start + (end - start) * number / count)
        for number in range(count + 1)
    ]


def level_at(keys: Sequence[LevelKey], frame: float) -> float:
    """The zoom level at a frame or sub-frame; before the first and after the last key it stays."""
    if frame <= keys[0].frame:
        return keys[0].level
    number = bisect.bisect_left(keys, frame, key=lambda key: key.frame)
    if number == len(keys):
        return keys[-1].level
    here, after = keys[number - 1], keys[number]
    span = after.frame - here.frame
    part = (frame - here.frame) / span
    if here.slope is None or after.slope is None:
        return here.level + part * (after.level - here.level)
    rest = 1.0 - part
    return (
        here.level * rest * rest * (1.0 + 2.0 * part)
        + here.slope * span * part * rest * rest
        + after.level * part * part * (1.0 + 2.0 * rest)
        - after.slope * span * part * part * rest
    )


def _eased(first: float, start: float, last: float, end: float, ease: float) -> list[LevelKey]:
    """Constant acceleration from rest, constant speed, and the same slowing down."""
    ease = min(ease, (last - first) / 2.0)
    speed = (end - start) / (last - first - ease)
    keys = [
        LevelKey(first, start, 0.0),
        LevelKey(first + ease, start + speed * ease / 2.0, speed),
        LevelKey(last - ease, end - speed * ease / 2.0, speed),
        LevelKey(last, end, 0.0),
    ]
    if keys[2].frame - keys[1].frame < 1e-3:  # both eases meet
        del keys[2]
    return keys
