"""What Blender's own render does not look at, or too late. Touches bpy.

Whether its output can be written and what is there already, other runs, and files that change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...core.files.frames_note import NOTE
from ...core.files.places import check_file, check_folder, is_written
from ...core.files.stamps import Stamps, check_unchanged, stamps_of
from ...core.files.writing import Writing, lock_of
from ...errors import EverZoomError
from ...texts import Text
from ...wording import counted
from .output_settings import frames_rendered
from .rendering import FRAMES_LOCK, files_read


def check_place(scene: Any) -> None:
    """Make sure that a scene's output path can be written.

    Raises:
        EverZoomError: It cannot.
    """
    file = Path(scene.render.frame_path(frame=scene.frame_start))
    if scene.render.is_movie_format:
        check_file(file)
    else:
        check_folder(file.parent)


def replaced(scene: Any) -> str:
    """What of an earlier render would be replaced, in a few words; "" if nothing would."""
    first = Path(scene.render.frame_path(frame=scene.frame_start))
    if scene.render.is_movie_format:
        return first.name if first.is_file() else ""
    if not scene.render.use_overwrite:
        return ""
    numbers = frames_rendered(scene)
    there = sum(Path(scene.render.frame_path(frame=number)).is_file() for number in numbers)
    if not there:
        return ""
    return Text("{frames} in {folder}", frames=counted(there, "frame"), folder=first.parent.name)


def keep_others_away(scene: Any, output: Path, writing: Writing) -> None:
    """Let no other run write where a scene is rendered to, until the writing is over.

    Args:
        scene: About to be rendered to its output path.
        output: Its video, or the folder of its frames.
        writing: Of it.

    Raises:
        EverZoomError: Another run is writing there.
        OSError: It cannot be written.
    """
    file = Path(scene.render.frame_path(frame=scene.frame_start))
    file.parent.mkdir(parents=True, exist_ok=True)
    writing.lock(lock_of(file) if output == file else output / FRAMES_LOCK, output)
    if output != file:  # its frames are not those any more of which it speaks
        (output / NOTE).unlink(missing_ok=True)


def stamps_of_scene(scene: Any, output: Path) -> Stamps:
    """The stamps of all files that a scene reads, but for those that it writes."""
    return stamps_of(file for file in files_read(scene) if not is_written(file, output))


class Watch:
    """Keeps other runs away from what a scene renders, from now until that ends.

    Args:
        scene: About to be rendered to its output path.
        say: Gets a sentence for the user if files have changed meanwhile.

    Raises:
        EverZoomError: Another run is writing there.
    """

    def __init__(self, scene: Any, say: Callable[[str], None]) -> None:
        file = Path(scene.render.frame_path(frame=scene.frame_start))
        output = file if scene.render.is_movie_format else file.parent
        self._say = say
        self._writing = Writing()
        with contextlib.suppress(OSError):  # what cannot be written, Blender tells
            keep_others_away(scene, output, self._writing)
        self._stamps = stamps_of_scene(scene, output)
        self._endings: Any = bpy.app.handlers.render_complete, bpy.app.handlers.render_cancel
        for handlers in self._endings:
            handlers.append(self._ended)

    def _ended(self, *_: Any) -> None:
        if not bpy.app.background:  # where it is called in a thread that may not do much
            bpy.app.timers.register(self.end)

    def end(self) -> None:
        """The render has ended, or was not begun."""
        for handlers in self._endings:
            with contextlib.suppress(ValueError):  # a file that is opened takes them away
                handlers.remove(self._ended)
        self._writing.__exit__(None)
        try:
            check_unchanged(self._stamps)
        except EverZoomError as error:
            self._say(error.text)
