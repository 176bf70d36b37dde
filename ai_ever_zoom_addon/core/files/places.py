"""Whether what is asked for can be written where it is wanted: found out before it is made."""

from __future__ import annotations

import errno
import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...errors import EverZoomError
from ...names import folded
from .folder import check_name
from .output import FRAME_NAME, FRAME_SUFFIXES
from .writing import LONGEST_PARTIAL, Writing, is_stream, real_file, write_probe

FRAME_FILE = re.compile(
    FRAME_NAME.replace("#####", r"(\d+)") + f"({'|'.join(map(re.escape, sorted(FRAME_SUFFIXES)))})",
    re.IGNORECASE,
)


def check_folder(folder: Path) -> None:
    """Make sure that files can be written to a folder, or that it can be made.

    Raises:
        EverZoomError: They cannot.
    """
    for place in (folder, *folder.parents):
        if place.name == ".." and not place.parent.is_dir():  # no way leads through it
            raise _not_writable(folder, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    folder = Path(os.path.realpath(folder))
    try:
        write_probe(next(place for place in (folder, *folder.parents) if place.exists()))
    except OSError as error:
        raise _not_writable(folder, error) from error


def make_folder(writing: Writing, folder: Path) -> None:
    """Make a folder and those that it lies in, which go again if the writing fails.

    Raises:
        EverZoomError: It cannot be made.
    """
    try:
        writing.folder(folder)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _not_writable(folder: Path, error: OSError) -> EverZoomError:
    return EverZoomError(
        "The output folder {folder} cannot be written ({reason}): choose another one.",
        folder=folder,
        reason=error.strerror,
    )


def check_file(path: Path, *, streams: bool = False) -> Path:
    """Make sure that a file can be written; where it really lies, beyond all links.

    Args:
        path: The file, which need not be there, nor its folder.
        streams: Whether it may be a device or a pipe. Blender's own files may not: Blender would
            replace them, or has to go back in what it writes.

    Raises:
        EverZoomError: It cannot.
    """
    _check_file_name(path)
    if path.is_dir():
        raise EverZoomError("{path} is a folder: choose a name for a file.", path=path)
    if is_stream(path):
        if streams:
            return path
        raise EverZoomError("{path} is a device or a pipe: choose a name for a file.", path=path)
    try:
        file = real_file(path)
    except OSError as error:
        raise EverZoomError(
            "{path} cannot be written ({reason}): choose another place.",
            path=path,
            reason=error.strerror,
        ) from error
    _check_file_name(file)
    check_folder(file.parent)
    return file


def _check_file_name(path: Path) -> None:
    """Let pass what has room for the name that a file has while it is made.

    Raises:
        EverZoomError: It has none.
    """
    check_name(path, room=max(0, LONGEST_PARTIAL - len(os.fsencode(path.name))))


def check_apart(files: Mapping[str, Path], folders: Mapping[str, Path]) -> None:
    """Make sure that no two options name the same place, nor a file where another has a folder.

    Names that differ in upper and lower case only are the same on many disks. Devices and pipes
    can take more than one thing.

    Args:
        files: What is to be written, by option.
        folders: Where frames are to be written, by option.

    Raises:
        EverZoomError: Two do.
    """
    named = {option: path for option, path in files.items() if not is_stream(path)}
    everything = named | dict(folders)
    for (one, first), (other, second) in itertools.combinations(everything.items(), 2):
        if _is_same(first, second) or (other in folders and _is_frame(first, second)):
            raise EverZoomError(
                "{one} and {other} name the same file, {first}: choose another one.",
                one=one,
                other=other,
                first=first,
            )
    for one, first in named.items():
        for other, second in everything.items():
            if _folded(first) in _folded(second).parents:
                raise EverZoomError(
                    "{other} {second} would lie in the file of {one}: choose another place.",
                    other=other,
                    second=second,
                    one=one,
                )


def _is_same(one: Path, other: Path) -> bool:
    there = one.exists() and other.exists()
    return (there and one.samefile(other)) or _folded(one) == _folded(other)


def is_written(file: Path, output: Path) -> bool:
    """Whether a file is the video that is rendered, or one of the frames in its folder."""
    return _folded(file) == _folded(output) or _is_frame(file, output)


def is_rendered(output: Path, frames: tuple[int, int] | None = None) -> bool:
    """Whether something that was rendered before would be replaced.

    Args:
        output: A video, or a folder of frames.
        frames: The first and the last that are rendered; None: all of a zoom.
    """
    if not output.is_dir():
        return output.exists() and not is_stream(output)
    names = [file.name for file in output.iterdir() if file.exists()]
    numbers = [int(frame[1]) for frame in map(FRAME_FILE.fullmatch, names) if frame]
    first, last = frames or (0, math.inf)
    return any(first <= number <= last for number in numbers)


def _is_frame(file: Path, folder: Path) -> bool:
    is_inside = _folded(file).parent == _folded(folder)
    return is_inside and FRAME_FILE.fullmatch(file.name) is not None


def _folded(path: Path) -> Path:
    return Path(folded(os.path.realpath(path)))


def check_kept(places: Mapping[str, Path], files: Iterable[Path]) -> None:
    """Make sure that nothing is written over a file that is read.

    Args:
        places: What is to be written, by option.
        files: What is read.

    Raises:
        EverZoomError: Something is.
    """
    read = [file for file in files if file.exists()]
    for option, path in places.items():
        # A file has more names than its links: on many disks capitals do not count.
        if path.exists() and any(map(path.samefile, read)):
            raise EverZoomError(
                "{option} {path} is a file that the zoom is made from: choose another name.",
                option=option,
                path=path,
            )
