"""Where the pictures of strips are when a .blend file is saved, loaded and undone. Touches bpy.

- A file that is saved, by whatever way, gets the pictures that its strips show in the folder
  `NAME_strips` beside it, as copies, with relative paths: neither another .blend file nor a step of
  Undo loses its own.
- Removed from that folder are only files with names that `pictures` gives, which neither the file
  as it is saved now nor as it was saved before (Blender's backup, `NAME.blend1`) shows. Every save
  sets the times of those that are shown, so what is older than the former save was not. For Undo
  they stay in the session's folder.
- A picture that is missing after a file was loaded, or after Undo, is looked for by its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...core.files.folder import check_name
from ...core.files.writing import Writing
from ..tags import ROLE, STRIP_COPY
from .pictures import find, folder_of, is_own_name, not_writable, session_folder
from .strips import picture_file, picture_strips

# File systems round times.
_SAME_TIME_SECONDS = 3.0

_is_paused = False


@contextlib.contextmanager
def left_alone() -> Iterator[None]:
    """What is saved meanwhile keeps its strips as they are: whoever saves has seen to them."""
    global _is_paused
    _is_paused = True
    try:
        yield
    finally:
        _is_paused = False


class Saving:
    """A .blend file that is about to be written, as another or again.

    Where the open file has another folder, Blender itself is expected to change relative paths
    while it saves, as it does unless it is told not to.

    Args:
        blend: The file.
        writing: The pictures come to be beside it together with it.

    Raises:
        EverZoomError: The folder of pictures cannot be written, or has too long a name. No strip
            has changed then.
    """

    def __init__(self, blend: Path, writing: Writing) -> None:
        self._folder = folder_of(blend)
        self._former_save = blend.stat().st_mtime if blend.is_file() else None
        self._before: list[tuple[Any, str]] = []
        places = [] if _is_paused else list(self._stored(writing))
        start = Path(bpy.data.filepath or blend).parent
        for strip, place in places:
            self._before.append((strip, strip.directory))
            try:
                strip.directory = bpy.path.relpath(str(place), start=str(start)) + "/"
            except ValueError:  # another drive, on Windows
                strip.directory = str(place)

    def finish(self) -> None:
        """The file is written: clear its folder."""
        if _is_paused or not self._folder.is_dir():
            return
        shown = {picture_file(strip).name for strip in _strips()}
        # What stays for want of permissions does no harm.
        with contextlib.suppress(OSError):
            for file in list(self._folder.iterdir()):
                if file.name in shown:
                    os.utime(file)
                elif (
                    self._former_save is not None
                    and file.stat().st_mtime < self._former_save - _SAME_TIME_SECONDS
                    and is_own_name(file.name)
                ):
                    session_folder().mkdir(parents=True, exist_ok=True)
                    shutil.move(file, session_folder() / file.name)
            if not any(self._folder.iterdir()):
                self._folder.rmdir()

    def put_back(self) -> None:
        """The strips go on as before: it was a copy, or was not written."""
        for strip, directory in self._before:
            strip.directory = directory

    def _stored(self, writing: Writing) -> Iterator[tuple[Any, Path]]:
        """Copy what is not there yet; strips, and the folders where their pictures are then."""
        for strip in _strips():
            file = picture_file(strip)
            if strip[ROLE] != STRIP_COPY:
                if not strip.directory.startswith("//"):
                    yield strip, file.parent
            elif (self._folder / file.name).is_file():
                yield strip, self._folder
            elif file.is_file():
                check_name(self._folder / file.name)
                try:
                    shutil.copyfile(file, writing.place(self._folder / file.name))
                except OSError as error:
                    raise not_writable(self._folder, error) from error
                yield strip, self._folder


def find_pictures(scene: Any) -> bool:
    """Let strips whose pictures are missing show those of the same names; whether all are there."""
    are_there = True
    for strip in picture_strips(scene):
        file = picture_file(strip)
        if strip[ROLE] != STRIP_COPY or file.is_file():
            continue
        found = find(file.name)
        if found is None:
            are_there = False
        else:
            strip.directory = str(found.parent)
    return are_there


def _strips() -> Iterator[Any]:
    for scene in bpy.data.scenes:
        if scene.library is None:
            yield from picture_strips(scene)
