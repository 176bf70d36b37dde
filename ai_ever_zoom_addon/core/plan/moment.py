"""Where a moment of the zoom comes to lie when its timing changes. Never touches bpy."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence

from .timing import LevelKey, level_at

_SAME_WAY = 1e-6  # levels
_SAME_LEVEL = 1e-3  # which no picture shows, and by which levels differ that are measured anew


def same_moment(
    frame: float, before: Sequence[LevelKey], after: Sequence[LevelKey], frames: range
) -> int:
    """The frame of a timing that shows what a frame of another one does.

    It lies as far along the way that the zoom goes, and in a hold as far into it. Where the zoom
    goes another way, it is the nearest frame that shows the same.

    Args:
        frame: Of the timing that was; beside the zoom it stays beside it.
        before: The keys of that timing.
        after: The keys of the new one.
        frames: The frames that the zoom has now.
    """
    inside = min(max(frame, before[0].frame), before[-1].frame)
    if inside != frame:
        was, new = (keys[-1].frame - keys[0].frame for keys in (before, after))
        beside = round((frame - inside) * new / was)
        return same_moment(inside, before, after, frames) + beside
    level, (way, share) = level_at(before, frame), _moment(before, frame)
    arrives, leaves = _visit(after, way)
    if abs(level_at(after, arrives) - level) > _SAME_LEVEL:
        far = [(round(abs(level_at(after, n) - level), 3), abs(n - frame), n) for n in frames]
        return min(far)[-1]
    found = round(arrives + share * (leaves - arrives))
    if math.floor(leaves) >= math.ceil(arrives):  # rounded, it is in the hold still
        found = min(max(found, math.ceil(arrives)), math.floor(leaves))
    return min(max(found, frames[0]), frames[-1])


def _ways(keys: Sequence[LevelKey]) -> list[float]:
    """How many levels the zoom has gone at each key, in and out."""
    steps = (abs(after.level - here.level) for here, after in itertools.pairwise(keys))
    return list(itertools.accumulate(steps, initial=0.0))


def _moment(keys: Sequence[LevelKey], frame: float) -> tuple[float, float]:
    """How many levels the zoom has gone at a frame, and which part of a hold is over there."""
    number = max(0, bisect.bisect_left(keys, frame, key=lambda key: key.frame) - 1)
    way = _ways(keys)[number] + abs(level_at(keys, frame) - keys[number].level)
    arrives, leaves = _visit(keys, way)
    if not arrives < frame <= leaves:
        return way, 0.0
    return way, (frame - arrives) / (leaves - arrives)


def _visit(keys: Sequence[LevelKey], way: float) -> tuple[float, float]:
    """When the zoom has gone so many levels, and when it goes on: the same frame if it is not held.

    The end, where it does not go so far.
    """
    ways = _ways(keys)
    number = bisect.bisect_left(ways, way - _SAME_WAY)
    if number == len(keys):
        return keys[-1].frame, keys[-1].frame
    if ways[number] <= way + _SAME_WAY:
        last = bisect.bisect_right(ways, way + _SAME_WAY) - 1
        return keys[number].frame, keys[last].frame
    here, after = keys[number - 1], keys[number]
    low, high = here.frame, after.frame
    for _ in range(50):  # it never goes back between two keys
        middle = (low + high) / 2.0
        if ways[number - 1] + abs(level_at(keys, middle) - here.level) < way:
            low = middle
        else:
            high = middle
    return high, high
