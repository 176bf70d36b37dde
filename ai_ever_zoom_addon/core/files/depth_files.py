"""Depth maps beside the pictures of a series, by their names. Never touches bpy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...names import folded
from .image_file import IMAGE_SUFFIXES

_FOLDERS = ("depth", "depths")

# name_depth, name-depth, name.depth, "name depth"
_NAMED = re.compile(r"(?P<of>.+)[ ._-]depth(?:[ ._-]?map)?", re.IGNORECASE)


def named_after(file: Path) -> str:
    """The picture's name, without its ending and in small letters, whose depth map a file is.

    "": by its name it is none.
    """
    found = _NAMED.fullmatch(file.stem)
    return folded(found["of"]) if found else ""


def without_depth_maps(files: Sequence[Path]) -> list[Path]:
    """Pictures without those that are depth maps of others of them."""
    names = {(file.parent, folded(file.stem)) for file in files}
    return [file for file in files if (file.parent, named_after(file)) not in names]


def find_depth_maps(pictures: Iterable[Path], folder: Path | None = None) -> dict[Path, Path]:
    """The depth maps of pictures, as far as there are any.

    They lie beside them as NAME_depth, or in a folder `depth` there; the letters' case does not
    matter.

    Args:
        pictures: Still images.
        folder: Where they lie instead.
    """
    found: dict[Path, Path] = {}
    known: dict[Path, dict[str, Path]] = {}
    for picture in pictures:
        place = folder or picture.parent
        if place not in known:
            known[place] = _maps_in(place, is_own=folder is not None)
        depth = known[place].get(folded(picture.stem))
        if depth is not None and depth != picture:
            found[picture] = depth
    return found


def unused_depth_maps(pictures: Sequence[Path], folder: Path | None = None) -> list[Path]:
    """Files in folders for depth maps that are called as none of the pictures is.

    Args:
        pictures: As `find_depth_maps` takes them.
        folder: The same.
    """
    places = [folder] if folder else [f for p in _parents(pictures) for f in _folders(p)]
    names = {folded(picture.stem) for picture in pictures}
    return [
        file
        for place in places
        for file in _files(place)
        if names.isdisjoint((named_after(file), folded(file.stem)))
    ]


def _parents(pictures: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(picture.parent for picture in pictures))


def _maps_in(place: Path, *, is_own: bool) -> dict[str, Path]:
    """The depth maps of a folder by their pictures' names in small letters.

    Args:
        place: The folder.
        is_own: It is for nothing else: there a map may be called as its picture is.
    """
    maps: dict[str, Path] = {}
    files = _files(place)
    for file in filter(named_after, files):
        maps.setdefault(named_after(file), file)
    if is_own:  # after all those, since their pictures may lie there, too
        for file in files:
            maps.setdefault(folded(file.stem), file)
    else:
        for inside in _folders(place):
            for name, file in _maps_in(inside, is_own=True).items():
                maps.setdefault(name, file)
    return maps


def _files(place: Path) -> list[Path]:
    try:
        return sorted(
            file
            for file in place.iterdir()
            if file.suffix.casefold() in IMAGE_SUFFIXES and not file.name.startswith(".")
        )
    except OSError:
        return []


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(f for f in place.iterdir() if f.name.casefold() in _FOLDERS and f.is_dir())
    except OSError:
        return []
