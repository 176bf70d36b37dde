"""The zoom level over time. Never touches bpy."""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
from collections.abc import Iterator, Sequence
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


def frames_per_step(
    levels: Sequence[float], settings: ZoomSettings, names: Sequence[str] = ()
) -> float:
    """Frames of the usual step, of those that have no pace of their own if there are such.

    Args:
        levels: As for `level_keys`.
        settings: How long an image, or the whole, takes.
        names: As for `level_keys`.

    Raises:
        EverZoomError: As `level_keys`.
    """
    stretches = stretches_of(levels, settings, names)
    counted = [stretch for stretch in stretches if not stretch.is_own] or stretches
    frames = math.fsum(stretch.frames for stretch in counted)
    return frames / math.fsum(stretch.span for stretch in counted) * usual_step(levels)


def _own_frames(
    levels: Sequence[float], settings: ZoomSettings, names: Sequence[str]
) -> list[int | None]:
    """Frames of each step, inwards, whose outer image says them; None: it does not."""
    own: list[int | None] = [None] * (len(levels) - 1)
    if settings.of_images and not settings.arrivals:
        for number, name in enumerate(names[: len(own)]):
            image = settings.of_image(name)
            if image.seconds is not None:
                own[number] = max(1, round(image.seconds * settings.frames_per_second))
            else:
                own[number] = image.frames
    return own


class Stretch(NamedTuple):
    """What lies between two images.

    Attributes:
        span: Levels, more than 0.
        frames: That it takes, one way.
        is_own: Its outer image says how many.
    """

    span: float
    frames: float
    is_own: bool


def stretches_of(
    levels: Sequence[float], settings: ZoomSettings, names: Sequence[str]
) -> list[Stretch]:
    """What lies between images, inwards, such that the whole zoom ends on a whole frame.

    Those without a pace of their own share what a whole length leaves. If all have one, they are
    as long as it takes, in proportion.

    Args:
        levels: As for `level_keys`.
        settings: How long an image, or the whole, takes.
        names: As for `level_keys`.

    Raises:
        EverZoomError: As `level_keys`.
    """
    legs = _legs(settings)
    rate = settings.frames_per_second
    own = _own_frames(levels, settings, names)
    spans = [after - here for here, after in itertools.pairwise(levels)]
    rest = math.fsum(span for span, step in zip(spans, own, strict=True) if step is None)
    steps = own.count(None) * legs  # that share what is left
    usual_steps = rest * legs / usual_step(levels)
    given = sum(step for step in own if step is not None) * legs
    others = last_frames(settings) + sum(_held(levels, settings, names, on_beats=False))
    length, seconds = settings.given_length, settings.given_seconds
    times = 1.0  # by which paces of their own are longer
    if length is not None:
        frames = round(length * rate)
        least = others + (steps + given if steps else len(own) * legs)
        if frames < least:
            raise EverZoomError(
                "{length:g} seconds are too short for a frame from each image to the next: choose "
                "{least:g} or more.",
                length=length,
                least=math.ceil(10 * least / rate) / 10,
            )
        shared: float = frames - others - given
        if not steps:
            times = (frames - others) / given
    elif seconds is not None:
        shared = round(usual_steps * seconds * rate)
        if shared < steps:
            raise EverZoomError(
                "{seconds:g} seconds per image are less than a frame: choose {least:g} or more.",
                seconds=seconds,
                least=math.ceil(1000 / rate) / 1000,
            )
    else:
        shared = max(steps, round(usual_steps * settings.zoom_steps))
    pace = shared / legs / rest if steps else 0.0
    return [
        Stretch(span, pace * span if step is None else times * step, step is not None)
        for span, step in zip(spans, own, strict=True)
    ]


def frame_count(levels: Sequence[float], settings: ZoomSettings, names: Sequence[str] = ()) -> int:
    """Frames of the whole zoom.

    Args:
        levels: As for `level_keys`.
        settings: How long everything takes.
        names: As for `level_keys`.

    Raises:
        EverZoomError: As `level_keys`.
    """
    return frames_between(level_keys(levels, settings, names), settings)


def frames_between(keys: Sequence[LevelKey], settings: ZoomSettings) -> int:
    """Frames of a zoom from its first key to its last."""
    return round(keys[-1].frame - keys[0].frame) + last_frames(settings)


def last_frames(settings: ZoomSettings) -> int:
    """Whether the last key has a frame, 1 or 0: that of a loop is the first frame again."""
    return 0 if settings.travel is Travel.LOOP else 1


class _Visit(NamedTuple):
    """The arrival at an image.

    Attributes:
        level: Of the image.
        arrives, leaves: Frames; may lie between two.
    """

    level: float
    arrives: float
    leaves: float


def level_keys(
    levels: Sequence[float], settings: ZoomSettings, names: Sequence[str] = ()
) -> tuple[LevelKey, ...]:
    """The keys of the zoom level's curve.

    There is one for each image; with eased ends there is one at either end of each ease, which are
    fewer and easier to edit. Where the picture is held there is one more. The first and the last
    key are on whole frames.

    Args:
        levels: At which each image fills the view, ascending from 0, at least two; a step has one
            in the mean. In a ring the outermost image counts twice.
        settings: How long everything takes.
        names: Of the images' files, one for each level; without them no image has anything of its
            own.

    Raises:
        EverZoomError: The zoom is too short for its images, or longer than Blender's timeline.
    """
    stretches = () if settings.arrivals else stretches_of(levels, settings, names)
    visits = _visits(levels, settings, names, stretches)
    is_smooth = bool(settings.arrivals) or any(stretch.is_own for stretch in stretches)
    keys: list[LevelKey] = []
    for run in _runs(visits):
        way = _smooth(run, visits, settings) if is_smooth else _leg(run, settings)
        # Where the zoom turns and nothing is held, its ways share a key.
        keys += way[1:] if keys and run[0].leaves == run[0].arrives else way
    first, last = visits[0], visits[-1]
    if first.leaves > first.arrives:
        keys.insert(0, keys[0]._replace(frame=first.arrives))
    if last.leaves > last.arrives:
        keys.append(keys[-1]._replace(frame=last.leaves))
    keys[-1] = keys[-1]._replace(frame=round(keys[-1].frame))
    return _checked(keys)


def _way(levels: Sequence[float], settings: ZoomSettings) -> list[int]:
    """Numbers of the images at which the zoom arrives, one after the other."""
    way = list(range(len(levels)))[:: -1 if settings.reverse else 1]
    return way + way[-2::-1] if settings.travel is Travel.THERE_AND_BACK else way


def _held(
    levels: Sequence[float], settings: ZoomSettings, names: Sequence[str], *, on_beats: bool
) -> list[int]:
    """For how many frames the picture is held at each arrival; on beats `delay` is of the ends."""
    held = [0] * len(levels)
    if settings.of_images:
        for number, name in enumerate(names):
            held[number] = round(settings.of_image(name).hold * settings.frames_per_second)
    frames = [held[number] for number in _way(levels, settings)]
    if settings.travel is Travel.LOOP and names and names[0] == names[-1]:
        frames[-1] = 0  # it is the first one again
    ends = {0, len(frames) - 1}
    for place in ends if on_beats else {*ends, len(levels) - 1}:  # where it turns
        frames[place] += held_frames(settings)
    return frames


def _visits(
    levels: Sequence[float],
    settings: ZoomSettings,
    names: Sequence[str],
    stretches: Sequence[Stretch],
) -> list[_Visit]:
    """The arrivals at images, one after the other; on beats stretches say nothing."""
    way, held = (
        _way(levels, settings),
        _held(levels, settings, names, on_beats=bool(settings.arrivals)),
    )
    if settings.arrivals:
        return _on_beats([levels[number] for number in way], held, settings)
    frame = float(settings.start_frame)
    visits = [_Visit(levels[way[0]], frame, frame + held[0])]
    for (here, after), hold in zip(itertools.pairwise(way), held[1:], strict=True):
        frame = visits[-1].leaves + stretches[min(here, after)].frames
        visits.append(_Visit(levels[after], frame, frame + hold))
    return visits


def _runs(visits: Sequence[_Visit]) -> Iterator[Sequence[_Visit]]:
    """The visits from one at which the zoom stops or turns to the next such one, with both."""
    start = 0
    for number in range(1, len(visits)):
        before, here, after = visits[number - 1], visits[number], visits[number + 1 :][:1]
        turns = after and (after[0].level > here.level) != (here.level > before.level)
        if here.leaves > here.arrives or turns or not after:
            yield visits[start : number + 1]
            start = number


def _checked(keys: Sequence[LevelKey]) -> tuple[LevelKey, ...]:
    if keys[-1].frame > LAST_FRAME:
        raise EverZoomError(
            "The zoom would end with frame {frame:.0f}, but Blender's last is {last_frame}: "
            "make it shorter.",
            frame=keys[-1].frame,
            last_frame=LAST_FRAME,
        )
    return tuple(keys)


def _on_beats(path: Sequence[float], held: Sequence[int], settings: ZoomSettings) -> list[_Visit]:
    """The arrivals, on the beats as long as there are any.

    From there on the zoom goes on as fast as it came.

    Args:
        path: Levels of the images, one after the other.
        held: Frames for which the picture is held at each of them.
        settings: The beats.
    """
    start = settings.start_frame
    visits = [_Visit(path[0], start, start + held[0])]
    pace = 0.0
    for number, (here, after) in enumerate(itertools.pairwise(path)):
        leaves = visits[-1].leaves
        if number < len(settings.arrivals):
            frame = settings.arrivals[number]
            if frame <= leaves:
                raise EverZoomError(
                    "The first beat, at frame {frame}, is not after the zoom's start, at frame "
                    "{leaves:g}: let it start earlier, or take the beat away."
                    if number == 0
                    else "The beat at frame {frame} comes while the image before it is held, "
                    "until frame {leaves:g}: hold it for less, or take the beat away.",
                    frame=frame,
                    leaves=leaves,
                )
            pace = (frame - leaves) / abs(after - here)
        else:
            frame = round(leaves + max(1, round(pace * abs(after - here))))
        visits.append(_Visit(after, frame, frame + held[number + 1]))
    return visits


def _around(values: Sequence[float]) -> list[float]:
    """Values of a round with the ones before and after it, from the rounds beside it."""
    return [
        values[0] + values[-2] - values[-1],
        *values,
        values[-1] + values[1] - values[0],
    ]


def _smooth(
    run: Sequence[_Visit], visits: Sequence[_Visit], settings: ZoomSettings
) -> list[LevelKey]:
    """A run whose speed changes gradually from image to image; it never goes back.

    Args:
        run: Some of the visits.
        visits: All of them. Where the zoom stops in between, it comes to rest gradually; at its
            ends if it is held there, or they are eased.
        settings: Of the ends.
    """
    frames = [run[0].leaves, *(visit.arrives for visit in run[1:])]
    levels = [visit.level for visit in run]
    ends = visits[0], visits[-1]
    is_held = any(visit.leaves > visit.arrives for visit in ends)
    rests = is_held or settings.eased_seconds > 0.0 or settings.held_seconds > 0.0
    if settings.travel is Travel.LOOP and len(run) == len(visits):  # it goes on as it began
        slopes = monotone_slopes(_around(frames), _around(levels), is_at_rest=False)[1:-1]
    else:
        slopes = monotone_slopes(frames, levels, is_at_rest=False)
    if rests or run[0] is not visits[0]:
        slopes[0] = 0.0
    if rests or run[-1] is not visits[-1]:
        slopes[-1] = 0.0
    return [LevelKey(*key) for key in zip(frames, levels, slopes, strict=True)]


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
    markers: Sequence[int], settings: ZoomSettings, names: Sequence[str], largest_change: float
) -> tuple[int, ...]:
    """The frames of markers as `ZoomSettings.beats`.

    Args:
        markers: Frames, in any order; those before the zoom moves, and those for which there is no
            image, do not count.
        settings: Say when the zoom begins to move, and where it rests.
        names: Of the images' files, outermost first, at least 2.
        largest_change: How many times faster or slower the zoom may be from one image to the next.

    Raises:
        EverZoomError: No marker is left, or the speed would change more than is allowed.
    """
    held = _held(range(len(names)), settings, names, on_beats=True)
    start = settings.start_frame + held[0]
    arrivals = (len(names) - 1) * _legs(settings)
    beats = sorted({frame for frame in markers if frame > start})[:arrivals]
    if not beats:
        raise EverZoomError(
            "No marker is after the zoom's start, at frame {start}: set some.", start=start
        )
    left = [start, *(beat + hold for beat, hold in zip(beats, held[1:], strict=False))]
    spans = [beat - frame for frame, beat in zip(left, beats, strict=False)]
    for here, before, after in zip(beats, spans, spans[1:], strict=False):
        change = max(after / before, before / after) if min(after, before) > 0 else math.inf
        if change > largest_change:
            raise EverZoomError(
                "At frame {here} the zoom would change its speed {change:.3g} times, and "
                "{largest_change:.3g} times is allowed: move the marker, or allow more.",
                here=here,
                change=change,
                largest_change=largest_change,
            )
    return tuple(beats)


def _legs(settings: ZoomSettings) -> int:
    return 2 if settings.travel is Travel.THERE_AND_BACK else 1


def _leg(run: Sequence[_Visit], settings: ZoomSettings) -> list[LevelKey]:
    """A run at constant speed, with eased ends where they are asked for."""
    first, last = run[0].leaves, run[-1].arrives
    start, end = run[0].level, run[-1].level
    ease = settings.eased_seconds * settings.frames_per_second
    if ease > 0.0:
        return _eased(first, start, last, end, ease)
    count = max(1, round(abs(end - start)))
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
