"""Small series of image files with a known answer, for tests of the window's half. No bpy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image

from tests.series_maker import drawn

WIDTH, HEIGHT = 128, 96


@lru_cache(maxsize=1)
def _world() -> Image.Image:
    return Image.fromarray(drawn((WIDTH * 16, HEIGHT * 16)))


def write_image(file: Path, depth: int) -> Path:
    """Write the middle of a drawn picture: at depth 0 the whole, at depth 1 half as wide, ...

    So each depth lies in the one before, exactly at its centre and by a factor of exactly 2.
    """
    world = _world()
    width, height = world.width / 2**depth, world.height / 2**depth
    left, top = (world.width - width) / 2, (world.height - height) / 2
    picture = world.resize(
        (WIDTH, HEIGHT), Image.Resampling.LANCZOS, (left, top, left + width, top + height)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file)
    return file


def write_series(folder: Path, count: int = 4, first_depth: int = 0) -> list[Path]:
    """Write images `a_0.png` (the outermost) and on."""
    return [write_image(folder / f"a_{n}.png", first_depth + n) for n in range(count)]
