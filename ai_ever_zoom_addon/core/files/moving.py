"""Entries of a series that move: movies, and folders of numbered pictures. Never touches bpy."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import EverZoomError
from ...names import folded
from .image_file import IMAGE_SUFFIXES

# What Blender opens as a movie (Image Editor > Open).
MOVIE_SUFFIXES = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm"}
)

LARGEST_FRAME_NUMBER = 1_000_000_000  # of a picture of a sequence

ENTRY_SUFFIXES = IMAGE_SUFFIXES | MOVIE_SUFFIXES


def is_movie(entry: Path) -> bool:
    """Whether an entry of a series is a movie, by its name."""
    return entry.suffix.casefold() in MOVIE_SUFFIXES


def is_moving(entry: Path) -> bool:
    """Whether an entry of a series moves."""
    return is_movie(entry) or entry.is_dir()


def holds_pictures(folder: Path) -> bool:
    """Whether a path is a folder with pictures in it."""
    return folder.is_dir() and os.access(folder, os.R_OK) and any(picture_files(folder))


def picture_files(folder: Path) -> Iterator[Path]:
    """The files directly in a folder that are pictures by their names."""
    for path in folder.iterdir():
        if path.suffix.casefold() in IMAGE_SUFFIXES and not path.name.startswith("."):
            yield path


def frame_number(picture: Path) -> int:
    """The number of a picture of a sequence: the last one in its name."""
    return int(re.findall(r"\d+", picture.stem)[-1])


def pictures_of(folder: Path) -> list[Path]:
    """The pictures of a folder that is an entry of a series, in their order.

    Raises:
        EverZoomError: The folder does not hold one sequence of numbered pictures.
    """
    try:
        pictures = sorted(picture_files(folder))
    except OSError as error:
        raise EverZoomError(
            "The folder {folder} cannot be read ({reason}): check its permissions.",
            folder=folder,
            reason=error.strerror,
        ) from error
    if not pictures:
        raise EverZoomError(
            "The folder {folder} holds no pictures: fill or remove it.", folder=folder.name
        )
    # The last number in each name, but for one in its ending.
    named = {re.sub(r"\d+(?=\D*$)", "", path.stem) + path.suffix for path in pictures}
    if len(named) > 1 or not all(re.search(r"\d", path.stem) for path in pictures):
        raise EverZoomError(
            "The pictures in {folder} are not one sequence: name them alike, with a number at "
            "the end, such as a_001.png, a_002.png.",
            folder=folder.name,
        )
    pictures.sort(key=frame_number)
    for before, after in itertools.pairwise(pictures):
        if frame_number(after) != frame_number(before) + 1:
            raise EverZoomError(
                "The sequence in {folder} has a gap between {before} and {after}: number the "
                "pictures without gaps.",
                folder=folder.name,
                before=before.name,
                after=after.name,
            )
    if frame_number(pictures[-1]) > LARGEST_FRAME_NUMBER:
        raise EverZoomError(
            "The sequence in {folder} goes up to {last}, which Blender cannot count: number "
            "the pictures up to {largest_frame_number}.",
            folder=folder.name,
            last=pictures[-1].name,
            largest_frame_number=LARGEST_FRAME_NUMBER,
        )
    return pictures


def still_of(entry: Path) -> Path:
    """The file that shows an entry as it begins: a sequence's first picture, else the entry."""
    return pictures_of(entry)[0] if entry.is_dir() else entry


def choose_moving(entries: Sequence[Path], stills: Sequence[Path]) -> list[Path]:
    """Which movies and folders beside a series' still images belong to it.

    A folder of images may also hold a rendered video or frames. So what moves has to be named after
    one of the images, whose place it then takes, or to go on with their numbers: img1.png,
    img2.mp4, a folder img3. Where there are no stills, movies that are numbered alike are a series.
    """
    names = {folded(path.stem) for path in stills}
    patterns = [_pattern(path) for path in stills or filter(is_movie, entries)]
    usual = max(patterns, key=patterns.count, default="")
    return [
        entry
        for entry in entries
        if folded(entry.stem) in names or ("#" in usual and _pattern(entry) == usual)
    ]


def _pattern(entry: Path) -> str:
    """A name without its numbers."""
    return re.sub(r"\d+", "#", folded(entry.stem))
