"""The plain program that ours is measured against: two warps, one video. Never touches bpy.

Run as `python -m tests.bench.program OUTPUT STEPS WIDTH HEIGHT IMAGE...`, the outermost first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def zoom(
    files: Sequence[Path], output: Path, steps: int, frames: int, size: tuple[int, int]
) -> Iterator[float]:
    """Write a video of square images, each twice as large as the next; the time at each frame."""
    loaded = [cv2.imread(str(file)) for file in files]
    side = loaded[0].shape[0]
    writer = cv2.VideoWriter(str(output), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, size)
    for frame in range(frames):
        level = frame / steps
        number = min(int(level), len(files) - 2)
        result: Any = None
        for image, factor in (
            (loaded[number], 2 ** (level - number)),
            (loaded[number + 1], 2 ** (level - number - 1)),
        ):
            move = np.array(
                [
                    [factor, 0, size[0] / 2 - factor * side / 2],
                    [0, factor, size[1] / 2 - factor * side / 2],
                ]
            )
            if result is None:
                result = cv2.warpAffine(image, move, size, flags=cv2.INTER_LINEAR)
            else:
                cv2.warpAffine(image, move, size, result, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        writer.write(result)
        yield time.perf_counter()
    writer.release()


def main(arguments: list[str]) -> None:
    """The whole job."""
    output, *numbers = arguments[:4]
    steps, width, height = map(int, numbers)
    files = list(map(Path, arguments[4:]))
    for _ in zoom(files, Path(output), steps, (len(files) - 1) * steps + 1, (width, height)):
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
