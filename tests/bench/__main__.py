"""`python3 build.py bench`: every figure beside its limit, from one run. Touches bpy.

With --quick pictures are smaller and measurements fewer; it ends within three minutes on two cores.
The panel is measured only where the environment names a complete Blender (see
tests/window/driver.py).
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

from tests.bench import exactness, redraw, sizes, speed
from tests.bench.quiet import only_ours
from tests.bench.table import Row

ROOT = Path(__file__).resolve().parents[2]


def processor() -> str:
    """Its name."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or "unknown"


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a figure misses its limit."""
    quick = "--quick" in arguments
    unknown = [argument for argument in arguments if argument != "--quick"]
    if unknown:
        print(f"Unknown: {' '.join(unknown)}. Only --quick can be given.", file=sys.stderr)
        return 2
    shared = next((p for p in (ROOT.parent / "shared", ROOT / "shared") if p.is_dir()), None)
    if shared is None:
        print("The test material ../shared is missing.", file=sys.stderr)
        return 2
    begin = time.perf_counter()
    missed = 0
    with only_ours(), tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        print(
            f"Blender {bpy.app.version_string}, {platform.system()}, {os.cpu_count()} cores of "
            f"{processor()}{', quick' if quick else ''}\n",
            flush=True,
        )
        parts: list[Iterator[Row]] = [
            exactness.exactness(shared, folder / "exactness", quick=quick),
            exactness.depth(folder / "depth", quick=quick),
            speed.frames(folder / "speed", quick=quick),
            speed.building(folder / "building"),
            speed.sequencer(folder / "sequencer", quick=quick),
            sizes.dragging(folder / "dragging", quick=quick),
            sizes.large_frames(folder / "large", quick=quick),
            sizes.thousand(folder / "thousand" / "images", quick=quick),
            speed.whole_job(shared, folder / "job", quick=quick),
            speed.processes(folder / "processes", quick=quick),
            speed.jobs(folder / "jobs" / "images", quick=quick),
            speed.analysing(),
            redraw.redraw(speed.images(folder / "redraw", 200, 64), folder / "window"),
        ]
        for part in parts:
            for row in part:
                print(row, flush=True)
                missed += not row.is_met
        print(f"\n{missed} missed, {time.perf_counter() - begin:.0f} s", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
