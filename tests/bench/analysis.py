"""Time and memory of the analysis beside the size of the work. No bpy.

Run as `python -m tests.bench.analysis` from the project's folder; no figure is a test. Decoding
stands in its own column: the images wait in memory as bytes, and turning them into floats, which is
what a decoder ends with, is not the analysis' own work. Memory is what the analysis allocates
beyond one decoded image.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import numpy as np

from ai_ever_zoom_addon.core.analysis.making import analyse
from tests.series_maker import Array, Memory, outpaint

# Images, side in pixels, factor
WORK = ((8, 1024, 2.0), (32, 1024, 2.0), (32, 1024, 4.0), (8, 4096, 2.0), (200, 512, 1.5))


class TimedMemory(Memory):
    """A loader that knows how long it took."""

    seconds = 0.0

    def load(self, file: Path) -> Array:
        start = time.perf_counter()
        image = super().load(file)
        self.seconds += time.perf_counter() - start
        return image


def measure(count: int, side: int, factor: float) -> tuple[float, float, float, bool]:
    """Seconds of decoding, seconds beyond it, peak bytes beyond one image, whether it was right."""
    images = outpaint([factor] * (count - 1), (side, side), seed=count, redrawn_rim=0.03).images
    names = [f"{k:03d}.png" for k in range(count)]
    random.Random(count).shuffle(names)
    shuffled = dict(sorted(zip(names, images, strict=True)))
    source = TimedMemory(shuffled)
    start = time.perf_counter()
    found = analyse(source.files, source.load, auto_sort=True)
    total = time.perf_counter() - start

    tracemalloc.start()
    analyse(source.files, source.load, auto_sort=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    decoded = side * side * 3 * np.dtype(np.float32).itemsize
    return source.seconds, total - source.seconds, peak - decoded, list(found.order) == names


def main() -> None:
    """Prints the table."""
    print("images  side  factor   decoding   analysis   memory beyond one image   order")
    for count, side, factor in WORK:
        decoding, seconds, peak, right = measure(count, side, factor)
        print(
            f"{count:6d} {side:5d} {factor:7.3f} {decoding:8.2f} s {seconds:8.2f} s "
            f"{peak / 2**20:20.0f} MiB     {'right' if right else 'WRONG'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
