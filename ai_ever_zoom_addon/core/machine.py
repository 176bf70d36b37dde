"""How many processes that render a machine carries. Never touches bpy."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from .files.limits import HELD, SHOWN, memory

# One process of Blender's keeps two cores busy by itself, whatever the engine: on two, two of them
# took as long together as one after the other.
CORES_EACH = 2
PROCESS_BYTES = 400 << 20  # without the pictures
_USED = 0.75  # of the memory that is free


def suitable_jobs(
    sizes: Iterable[tuple[int, int]],
    *,
    is_video_of_strips: bool = False,
    cores: float | None = None,
) -> int:
    """How many processes should render at once, at least one.

    Args:
        sizes: Of the pictures, in pixels; the largest are held in memory by each process.
        is_video_of_strips: Of a video one process encodes what the others write as pictures. To
            render a frame of the sequencer takes less than to pack, unpack and encode it: on two
            cores two processes took 3.3 times as long as one, and more of them wait for the same
            encoder.
        cores: Of the machine; without it they are counted.
    """
    if is_video_of_strips:
        return 1
    by_cores = (cores_here() if cores is None else cores) // CORES_EACH
    free = _free_memory()
    if free is None:
        return max(1, int(by_cores))
    pixels = sorted((width * height for width, height in sizes), reverse=True)
    each = PROCESS_BYTES + sum(pixels[:HELD]) * SHOWN[False]
    return max(1, int(min(by_cores, free * _USED / each)))


def cores_here() -> float:
    """How many cores this program may use."""
    if hasattr(os, "sched_getaffinity"):
        count = float(len(os.sched_getaffinity(0)))
    else:
        count = float(os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):  # a container, on Linux; "max": no limit
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        count = min(count, int(quota) / int(period))
    return count


def _free_memory() -> int | None:
    """Bytes that are free, or can be made so; None where nothing says it."""
    known = memory()
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) << 10
        return free if known is None else min(known, free)
    return known
