"""The zoom level over time. Never touches bpy."""

from __future__ import annotations

from typing import NamedTuple

from ..settings import ZoomSettings


class LevelKey(NamedTuple):
    """The zoom level at one frame."""

    frame: int
    level: float


def held_frames(settings: ZoomSettings) -> int:
    """Frames for which the first and the last picture are held in addition."""
    return round(settings.delay * settings.frames_per_second)


def level_keys(image_count: int, settings: ZoomSettings) -> tuple[LevelKey, ...]:
    """One key per zoom step, and one more at either end where the picture is held.

    The zoom takes `(image_count - 1) * zoom_steps + 1` frames, the holds `held_frames` each.
    """
    hold = held_frames(settings)
    start = settings.start_frame + hold
    levels = [float(level) for level in range(image_count)]
    if settings.reverse:
        levels.reverse()
    keys = [
        LevelKey(start + number * settings.zoom_steps, level) for number, level in enumerate(levels)
    ]
    if hold:
        keys.insert(0, LevelKey(keys[0].frame - hold, keys[0].level))
        keys.append(LevelKey(keys[-1].frame + hold, keys[-1].level))
    return tuple(keys)
