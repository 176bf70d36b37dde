"""The zoom level over time. Never touches bpy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from ..settings import ZoomSettings


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
    """Frames for which the first and the last picture are held in addition."""
    return round(settings.delay * settings.frames_per_second)


def level_keys(image_count: int, settings: ZoomSettings) -> tuple[LevelKey, ...]:
    """The keys of the zoom level's curve.

    There is one for each image; with eased ends there is one at either end of each ease, which are
    fewer and easier to edit. Where the picture is held there is one more.

    The zoom takes `(image_count - 1) * zoom_steps + 1` frames, the holds `held_frames` each.
    """
    hold = held_frames(settings)
    start = settings.start_frame + hold
    ease = settings.ease * settings.frames_per_second
    levels = [float(level) for level in range(image_count)]
    if settings.reverse:
        levels.reverse()
    if ease > 0.0:
        length = (image_count - 1) * settings.zoom_steps
        keys = _eased(start, levels[0], start + length, levels[-1], ease)
    else:
        keys = [
            LevelKey(start + number * settings.zoom_steps, level)
            for number, level in enumerate(levels)
        ]
    if hold:
        keys.insert(0, keys[0]._replace(frame=keys[0].frame - hold))
        keys.append(keys[-1]._replace(frame=keys[-1].frame + hold))
    return tuple(keys)


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
