"""`python3 build.py bench`: every figure beside its limit, from one run. Touches bpy.

With --quick pictures are smaller and measurements fewer; it ends within three minutes on two cores.
With names of its parts, only these are measured.
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
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

from tests.bench import exactness, redraw, sizes, speed
from tests.bench.quiet import only_ours
from tests.bench.table import Row

ROOT = Path(__file__).resolve().parents[2]
Part = Callable[[Path, Path, bool], Iterator[Row]]  # from the test material, a folder, and --quick

PARTS: dict[str, Part] = {
    "exactness": lambda shared, here, quick: exactness.exactness(shared, here, quick=quick),
    "depth": lambda _, here, quick: exactness.depth(here, quick=quick),
    "frames": lambda _, here, quick: speed.frames(here, quick=quick),
    "building": lambda _, here, __: speed.building(here),
    "sequencer": lambda _, here, quick: speed.sequencer(here, quick=quick),
    "dragging": lambda _, here, quick: sizes.dragging(here, quick=quick),
    "large": lambda _, here, quick: sizes.large_frames(here, quick=quick),
    "thousand": lambda _, here, quick: sizes.thousand(here / "images", quick=quick),
    "job": lambda shared, here, quick: speed.whole_job(shared, here, quick=quick),
    "processes": lambda _, here, quick: speed.processes(here, quick=quick),
    "jobs": lambda _, here, quick: speed.jobs(here / "images", quick=quick),
    "analysing": lambda *_: speed.analysing(),
    "panel": lambda _, here, __: redraw.redraw(
        speed.images(here / "images", 200, 64), here / "window"
    ),
}


def processor() -> str:
    """Its name."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or "unknown"


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a figure misses its limit."""
    quick = "--quick" in arguments
    chosen = [argument for argument in arguments if argument != "--quick"]
    if unknown := [name for name in chosen if name not in PARTS]:
        print(f"Unknown: {' '.join(unknown)}. Known: --quick {' '.join(PARTS)}", file=sys.stderr)
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
        for name in chosen or PARTS:
            for row in PARTS[name](shared, folder / name, quick):
                print(row, flush=True)
                missed += not row.is_met
        print(f"\n{missed} missed, {time.perf_counter() - begin:.0f} s", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
