"""The images of a folder, in natural order. Never touches bpy."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath, PureWindowsPath

from ...errors import EverZoomError
from ...names import (
    LONGEST_ON_WINDOWS,
    folded,
    impossible_part,
    is_too_long_for_windows,
    length_of,
)
from ...texts import Text
from ..findings import Finding, FindingKind, FoundError, listed
from .depth_files import without_depth_maps
from .image_file import CONVERT, IMAGE_SUFFIXES, UNREAD_SUFFIXES
from .moving import choose_moving, holds_pictures, is_movie, picture_files
from .output import is_ours

# Blender keeps 1,023 bytes of a path, and adds endings and numbers of its own to what it writes.
LONGEST_PATH = 1000
_LONGEST_NAME = 255  # see length_of, on all usual disks

# Images are looked for in folders within folders so deep, and in so many at most.
_DEEPEST = 2
_MOST_FOLDERS = 100


def common_beginning(names: Sequence[str]) -> str:
    """What all of some file names begin with, and tells nothing of them; no part of a number."""
    if len(names) < 2:
        return ""
    pairs = zip(min(names), max(names), strict=False)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)
    return "".join(letter for letter, _ in same).rstrip("0123456789")


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key of a file's name: img before img2 before img10, the same on all systems.

    Letters' case does not matter, nor how accents are written.
    """
    stem = folded(name).rpartition(".")[0] or folded(name)
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"([0-9]+)", stem)
        if part
    ]


def find_images(folder: Path, *, is_one_enough: bool = False) -> tuple[list[Path], list[str]]:
    """The images of a folder in natural order, and the names of what was skipped.

    Movies and folders of numbered pictures are images, too, where `choose_moving` takes them for
    parts of the series. Hidden files, depth maps of the images and other folders are passed over
    without a word.

    Args:
        folder: Where they are.
        is_one_enough: One image alone will do, which repeats in itself.

    Raises:
        EverZoomError: The folder is missing, unreadable, or holds fewer than two images.
    """
    if not folder.exists():
        raise EverZoomError("The folder {folder} does not exist: check the path.", folder=folder)
    if not folder.is_dir():
        raise EverZoomError(
            "{folder} is not a folder: choose the folder that holds the images.", folder=folder
        )
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise EverZoomError(
            "The folder {folder} cannot be read ({reason}): check its permissions.",
            folder=folder,
            reason=error.strerror,
        ) from error
    # Of what is too long for it Windows says that it is no file: it is told below.
    files = [entry for entry in entries if entry.is_file() or is_too_long_for_windows(entry)]
    pictures = [entry for entry in files if entry.suffix.casefold() in IMAGE_SUFFIXES]
    able = [entry for entry in entries if is_movie(entry) or holds_pictures(entry)]
    stills = [entry for entry in without_depth_maps(pictures + able) if entry not in able]
    moving = choose_moving(able, stills)
    replaced = {folded(entry.stem) for entry in moving}
    images = [entry for entry in stills if folded(entry.stem) not in replaced] + moving
    for entry in images:
        for file in picture_files(entry) if entry.is_dir() else [entry]:
            check_name(file)
    images.sort(key=lambda entry: (natural_key(entry.name), entry.name))
    skipped = sorted(entry.name for entry in files if entry not in {*pictures, *images})
    if len(images) < (1 if is_one_enough else 2):
        raise _too_few(folder, images, skipped)
    return images, skipped


def check_count(images: Sequence[Path], skipped: Sequence[str]) -> None:
    """Make sure that chosen files are a series.

    Raises:
        EverZoomError: There are fewer than two images.
    """
    if len(images) < 2:
        unread = _unread(skipped)
        if not unread:
            raise EverZoomError("Fewer than two images of the series are chosen: choose all of it.")
        raise EverZoomError(
            "Fewer than two images of the series are chosen: {files} cannot be read by Blender: "
            "{convert}.",
            files=listed(unread),
            convert=CONVERT,
        )


def _too_few(folder: Path, images: Sequence[Path], skipped: Sequence[str]) -> EverZoomError:
    holds = (
        Text(
            "The folder {folder} holds only one image ({image})",
            folder=folder,
            image=images[0].name,
        )
        if images
        else Text("The folder {folder} holds no images", folder=folder)
    )
    unread = _unread(skipped)
    inside = [str(place.relative_to(folder)) for place in folders_inside(folder)]
    if unread:
        return EverZoomError(
            "{holds}, and {files} cannot be read by Blender: {convert}.",
            holds=holds,
            files=listed(unread),
            convert=CONVERT,
        )
    if len(inside) == 1:
        return EverZoomError(
            "{holds}; the folder {inside} in it holds several: choose that.",
            holds=holds,
            inside=inside[0],
        )
    if inside:
        return EverZoomError(
            "{holds}; folders in it hold several, {inside}: choose one.",
            holds=holds,
            inside=listed(inside),
        )
    if images:
        values = {"folder": str(folder), "image": images[0].name}
        return FoundError(Finding(FindingKind.ONE_IMAGE, values))
    return EverZoomError("{holds}: an infinite zoom needs at least two.", holds=holds)


def folders_inside(folder: Path) -> list[Path]:
    """The folders within one, all of the same depth, that hold images, in natural order.

    None where the folder itself holds two or more.
    """
    level = [folder]
    for _ in range(1 + _DEEPEST):
        found = [place for place in level if _holds_two(place)]
        if found:
            return [] if found == [folder] else found
        level = [inside for place in level for inside in _folders(place)][:_MOST_FOLDERS]
    return []


def _holds_two(folder: Path) -> bool:
    try:
        return len(list(itertools.islice(picture_files(folder), 2))) == 2
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    try:
        inside = [e for e in folder.iterdir() if e.is_dir() and not e.name.startswith(".")]
    except OSError:
        return []
    return sorted(inside, key=lambda entry: (natural_key(entry.name), entry.name))


def about_skipped(skipped: Sequence[str]) -> list[Text]:
    """What to say of the files of a folder that are no images, in a line for each kind.

    Nobody wonders about what a zoom itself has left there: its video, the .blend file.
    """
    unread = _unread(skipped)
    others = [name for name in skipped if name not in unread and not is_ours(name)]
    said = [Text("Skipped, no images: {files}.", files=", ".join(others))] if others else []
    if unread:
        said.append(
            Text(
                "Skipped: {files} cannot be read by Blender; {convert}.",
                files=listed(unread),
                convert=CONVERT,
            )
        )
    return said


def _unread(names: Sequence[str]) -> list[str]:
    return [name for name in names if Path(name).suffix.casefold() in UNREAD_SUFFIXES]


def check_name(path: PurePath, room: int = 0) -> None:
    """Let pass only what Blender and the system can name: on Linux a name may be any bytes.

    Args:
        path: A file or a folder; what its system can name depends on its type, see `names`.
        room: How many bytes are added to it for what is in it or beside it.

    Raises:
        EverZoomError: A name is no text, or too long, or the path is, or there is no such name.
    """
    try:
        text = str(path)
        length = len(text.encode("utf-8")) + room
    except UnicodeEncodeError:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise EverZoomError(
            "The name {name} is no text in UTF-8: choose another one.", name=name
        ) from None
    if length > LONGEST_PATH:
        raise EverZoomError(
            "The path {start}...{end} is too long for Blender, which needs {length:,} bytes "
            "for it and has {longest_path:,}: choose a shorter one.",
            start=text[:40],
            end=text[-40:],
            length=length,
            longest_path=LONGEST_PATH,
        )
    is_of_windows = isinstance(path, PureWindowsPath)
    if is_too_long_for_windows(path, room):
        raise EverZoomError(
            "The path {start}...{end} is too long for Windows, which has {longest} signs for it: "
            "choose a shorter one.",
            start=text[:40],
            end=text[-40:],
            longest=LONGEST_ON_WINDOWS,
        )
    for name in path.parts:
        length = length_of(name, path)
        if length > _LONGEST_NAME:
            raise EverZoomError(
                "The name {start}...{end} is too long ({length} signs, {longest_name} at most): "
                "choose a shorter one."
                if is_of_windows
                else "The name {start}...{end} is too long ({length} bytes, {longest_name} at "
                "most): choose a shorter one.",
                start=name[:40],
                end=name[-10:],
                length=length,
                longest_name=_LONGEST_NAME,
            )
    impossible = impossible_part(path)
    if impossible:
        raise EverZoomError(
            "Windows can have no file or folder that is called {name}: choose another name."
            if is_of_windows
            else "Blender can have no file or folder that is called {name}: choose another name.",
            name=impossible,
        )
