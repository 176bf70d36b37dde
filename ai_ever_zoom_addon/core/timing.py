"""The zoom level over time. Never touches bpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import EverZoomError
from ..settings import Travel, ZoomSettings

LAST_FRAME = 1_048_574  # of Blender's timeline


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
    return round(settings.delay * settings.frames_per_second)


def frames_per_step(step_count: int, settings: ZoomSettings) -> float:
    """Frames from one image to the next, such that the whole zoom ends on a whole frame.

    Args:
        step_count: From the outermost image to the innermost.
        settings: How long an image, or the whole, takes.

    Raises:
        EverZoomError: There is less than a frame for an image.
    """
    steps = step_count * _legs(settings)
    rate = settings.frames_per_second
    others = 1 + (1 + _legs(settings)) * held_frames(settings)
    if settings.length is not None:
        frames = round(settings.length * rate)
        if frames < steps + others:
            raise EverZoomError(
                f"{settings.length:g} seconds are too short for a frame from each image to the "
                f"next: choose {math.ceil(10 * (steps + others) / rate) / 10:g} or more."
            )
        return (frames - others) / steps
    if settings.seconds_per_image is not None:
        frames = round(steps * settings.seconds_per_image * rate)
        if frames < steps:
            raise EverZoomError(
                f"{settings.seconds_per_image:g} seconds per image are less than a frame: choose "
                f"{math.ceil(1000 / rate) / 1000:g} or more."
            )
        return frames / steps
    return settings.zoom_steps


def frame_count(image_count: int, settings: ZoomSettings) -> int:
    """Frames of the whole zoom.

    Raises:
        EverZoomError: As `level_keys`.
    """
    keys = level_keys(image_count, settings)
    return round(keys[-1].frame - keys[0].frame) + 1


def level_keys(image_count: int, settings: ZoomSettings) -> tuple[LevelKey, ...]:
    """The keys of the zoom level's curve.

    There is one for each image; with eased ends there is one at either end of each ease, which are
    fewer and easier to edit. Where the picture is held there is one more. The first and the last
    key are on whole frames.

    Raises:
        EverZoomError: The zoom is too short for its images, or longer than Blender's timeline.
    """
    step_count = image_count - 1
    frames = frames_per_step(step_count, settings) * step_count
    hold = held_frames(settings)
    ends = 0.0, float(step_count)
    if settings.reverse:
        ends = ends[::-1]
    keys: list[LevelKey] = []
    frame: float = settings.start_frame
    for start, end in (ends, ends[::-1])[: _legs(settings)]:
        if hold and not keys:
            keys.append(LevelKey(frame, start, 0.0 if settings.ease else None))
        frame += hold
        leg = _leg(frame, start, frame + frames, end, settings)
        # Where the zoom turns and nothing is held, its ways share a key.
        keys += leg if hold or not keys else leg[1:]
        frame += frames
    if hold:
        keys.append(keys[-1]._replace(frame=frame + hold))
    keys[-1] = keys[-1]._replace(frame=round(keys[-1].frame))
    if keys[-1].frame > LAST_FRAME:
        raise EverZoomError(
            f"The zoom would end with frame {keys[-1].frame:.0f}, but Blender's last is "
            f"{LAST_FRAME}: make it shorter."
        )
    return tuple(keys)


def _legs(settings: ZoomSettings) -> int:
    return 2 if settings.travel is Travel.THERE_AND_BACK else 1


def _leg(
    first: float, start: float, last: float, end: float, settings: ZoomSettings
) -> list[LevelKey]:
    """From one end of the zoom to the other."""
    ease = settings.ease * settings.frames_per_second
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
    for here, after in itertools.pairwise(keys):
        if frame > after.frame:
            continue
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
    return keys[-1].level


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
