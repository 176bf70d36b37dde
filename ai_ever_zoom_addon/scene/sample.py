"""The built-in sample series, as files."""

from __future__ import annotations

from pathlib import Path

from ..core.sample import sample_image
from ..core.series import Series, SeriesImage, uniform_steps
from ..core.steps import Progress, Steps, run
from ..texts import Text
from . import loading

COUNT = 8
SIZE = (1024, 1024)


def write_sample(
    folder: Path,
    size: tuple[int, int] = SIZE,
    progress: Progress = lambda *_: None,
) -> None:
    """Write the built-in sample series as PNG files, the first one the innermost."""
    run(sample_steps(folder, size), progress)


def sample_steps(folder: Path, size: tuple[int, int] = SIZE) -> Steps[None]:
    """`write_sample` in short steps."""
    for number in range(COUNT):
        yield (
            number / COUNT,
            Text("Painting sample image {number} of {count}", number=number + 1, count=COUNT),
        )
        pixels = sample_image(COUNT - 1 - number, count=COUNT, size=size)
        loading.write_png(_file(folder, number), pixels)


def sample_series(folder: Path) -> Series:
    """What `sample_steps` is going to write, by which a zoom can be planned before."""
    images = [SeriesImage(_file(folder, number), *SIZE) for number in range(COUNT)]
    return Series(tuple(images[::-1]), uniform_steps(COUNT, 2.0))


def _file(folder: Path, number: int) -> Path:
    return folder / f"sample_{number + 1:02}.png"
