"""The built-in sample series, as files."""

from __future__ import annotations

from pathlib import Path

from ..core.sample import sample_image
from ..core.steps import Progress, Steps, run
from . import loading

COUNT = 8


def write_sample(
    folder: Path,
    size: tuple[int, int] = (1024, 1024),
    progress: Progress = lambda *_: None,
) -> None:
    """Write the built-in sample series as PNG files, the first one the innermost."""
    run(sample_steps(folder, size), progress)


def sample_steps(folder: Path, size: tuple[int, int] = (1024, 1024)) -> Steps[None]:
    """`write_sample` in short steps."""
    for number in range(COUNT):
        yield number / COUNT, f"Painting sample image {number + 1} of {COUNT}"
        pixels = sample_image(COUNT - 1 - number, count=COUNT, size=size)
        loading.write_png(folder / f"sample_{number + 1:02}.png", pixels)
