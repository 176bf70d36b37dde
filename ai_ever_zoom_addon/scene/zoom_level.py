"""The curve of the one property that everything follows, and what the user made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.plan.timing import LevelKey, level_at
from . import compat
from .tags import ZOOM_LEVEL_PATH

# What Blender's numbers round, and a picture does not show.
_SAME_LEVEL = 2e-3
_SAME_FRAME = 1e-2


def curve_of(owner: Any, path: str = ZOOM_LEVEL_PATH) -> Any:
    """The curve of a control's Zoom Level, or of another property; None where there is none."""
    return next((curve for curve in compat.fcurves(owner) if curve.data_path == path), None)


def is_edited(owner: Any, keys: Sequence[LevelKey]) -> bool:
    """Whether a curve is no longer what it was made from."""
    curve = curve_of(owner)
    if curve is None:
        return False
    points = curve.keyframe_points
    frames = [key.frame for key in keys]
    if len(points) != len(keys) or any(
        abs(point.co[0] - frame) > _SAME_FRAME for point, frame in zip(points, frames, strict=True)
    ):
        return True
    moments = np.sort(np.concatenate([frames, np.convolve(frames, [0.5, 0.5], "valid")]))
    return any(
        abs(curve.evaluate(moment) - level_at(keys, moment)) > _SAME_LEVEL for moment in moments
    )


def moved(frame: float, before: Sequence[LevelKey], after: Sequence[LevelKey]) -> float:
    """Where a frame goes when `before` become `after`, as many other keys."""
    old, new = [key.frame for key in before], [key.frame for key in after]
    inside = min(max(frame, old[0]), old[-1])
    stretch = (new[-1] - new[0]) / (old[-1] - old[0])
    return float(np.interp(inside, old, new)) + (frame - inside) * stretch


def move(owner: Any, before: Sequence[LevelKey], after: Sequence[LevelKey]) -> None:
    """Let a curve keep its shape while the keys that it was made from get other frames.

    Args:
        owner: Of the curve.
        before: The keys that it was made from.
        after: As many other ones.
    """
    curve = curve_of(owner)
    for point in curve.keyframe_points:
        # All from where they are now: moving a key moves its handles.
        places = [tuple(getattr(point, name)) for name in ("co", "handle_left", "handle_right")]
        (frame, level), left, right = [(moved(x, before, after), y) for x, y in places]
        point.co = frame, level
        point.handle_left, point.handle_right = left, right
    curve.update()
