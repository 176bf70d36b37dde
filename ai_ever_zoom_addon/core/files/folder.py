"""The images of a folder, in natural order. Never touches bpy."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...errors import EverZoomError
from .image_file import IMAGE_SUFFIXES
from .moving import choose_moving, holds_pictures, is_movie


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key of a file's name: img before img2 before img10, letters' case does not matter."""
    stem = name.casefold().rpartition(".")[0] or name.casefold()
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"([0-9]+)", stem)
        if part
    ]


def find_images(folder: Path) -> tuple[list[Path], list[str]]:
    """The images of a folder in natural order, and the names of what was skipped.

    Movies and folders of numbered pictures are images, too, where `choose_moving` takes them for
    parts of the series. Hidden files and other folders are passed over without a word.

    Raises:
        EverZoomError: The folder is missing, unreadable, or holds fewer than two images.
    """
    if not folder.exists():
        raise EverZoomError(f"The folder {folder} does not exist: check the path.")
    if not folder.is_dir():
        raise EverZoomError(f"{folder} is not a folder: choose the folder that holds the images.")
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise EverZoomError(
            f"The folder {folder} cannot be read ({error.strerror}): check its permissions."
        ) from error
    files = [entry for entry in entries if entry.is_file()]
    stills = [entry for entry in files if entry.suffix.casefold() in IMAGE_SUFFIXES]
    able = [entry for entry in entries if is_movie(entry) or holds_pictures(entry)]
    moving = choose_moving(able, stills)
    replaced = {entry.stem.casefold() for entry in moving}
    images = [entry for entry in stills if entry.stem.casefold() not in replaced] + moving
    for entry in images:
        check_name(entry)
    images.sort(key=lambda entry: (natural_key(entry.name), entry.name))
    skipped = sorted(entry.name for entry in files if entry not in {*stills, *images})
    if len(images) < 2:
        found = "no images" if not images else f"only one image ({images[0].name})"
        raise EverZoomError(
            f"The folder {folder} holds {found}: an infinite zoom needs at least two."
        )
    return images, skipped


def check_name(path: Path) -> None:
    """Let pass only what Blender can name: on Linux a file's name may be any bytes.

    Raises:
        EverZoomError: The name is no text.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise EverZoomError(f"The name {name} is no text in UTF-8: choose another one.") from None
