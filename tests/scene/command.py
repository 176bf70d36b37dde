"""Runs the command line, and knows what must come of it. Touches bpy."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.frames_note import NOTE
from tests import pictures
from tests.pictures import Array, Pattern, Size

SIZE = (80, 60)
FRAME = (64, 48)  # 0.8 of it
WORLD: Pattern = pictures.waves(1, cycles=4.0)

# What is not looked for in the pictures saves most of the time.
PLAIN = ("--no-align", "--no-match-colour", "--engine", "cycles")


@dataclass
class Ran:
    """What a run of the command line came to."""

    status: int
    lines: list[str]

    @property
    def error(self) -> str:
        """The one line of an error."""
        assert self.status != 0, self.lines
        errors = [line for line in self.lines if line.startswith("Error: ")]
        assert errors == self.lines[-1:], self.lines
        return errors[0]


Run = Callable[..., Ran]


def view(level: float, size: Size = FRAME, factor: float = 2.0, width: float = 0.8) -> Array:
    """The world as it must be seen: `width` of the outermost image at level 0."""
    across = width * factor**-level
    return WORLD(*pictures.grid(size, (across, across * size[1] / size[0])))


def make_series(folder: Path, count: int = 3, factor: float = 2.0) -> Path:
    """Views of one smooth world: masks and fades make no difference to what is to be seen."""
    for index in range(count):
        picture = view(index, SIZE, factor, width=1.0)
        pictures.save(picture, folder / f"image_{count - index}.png")
    return folder


def frames(folder: Path) -> list[Array]:
    """Pictures of all frames in a folder, which holds nothing else but the note of their zoom."""
    files = sorted(file for file in folder.iterdir() if file.name != NOTE)
    assert files
    assert all(re.fullmatch(r"frame_\d{5}\.png", file.name) for file in files), files
    return [pictures.read(file) for file in files]


def assert_shows(picture: Array, truth: Array, limit: float = 2.0) -> None:
    """Root mean square error, in levels; a shift by one pixel, or the next frame, is far more."""
    rms, _ = pictures.error(picture, truth)
    assert rms < limit


@contextlib.contextmanager
def largest_file(length: int) -> Iterator[None]:
    """No file can be written beyond this length, as if the disk were full there."""
    resource = pytest.importorskip("resource", reason="does not apply: no limits on Windows")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
