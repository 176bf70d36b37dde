"""Renders a scene as Blender's Render Animation does, but in other processes. Touches bpy."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...core.files.image_file import read_header
from ...core.files.places import check_file, make_folder
from ...core.files.stamps import check_unchanged
from ...core.files.temporary import claim
from ...core.files.video_file import finish_video, is_rendered_file
from ...core.files.writing import Writing, real_file
from ...core.steps import Steps
from ...errors import EverZoomError
from ...texts import Text
from .. import compat
from ..loading import image_file
from ..paths import absolute
from ..strips.storing import Saving
from ..strips.strips import has_strips
from . import blend_file, encoding, output_settings
from .crew import Crew, Job, WorkerError
from .rendering import failed_at, incomplete, processes
from .watching import keep_others_away, stamps_of_scene


class BackgroundRender:
    """A scene that is rendered to where its own settings say, as it is now.

    The open file may be changed meanwhile, and another one may be opened. A video gets its name
    when it is whole; of frames those that are finished stay.

    Args:
        scene: It is as before when this returns; pictures that were painted and never saved get
            packed, so that the copy of the file has them.

    Raises:
        EverZoomError: It cannot be rendered.

    Attributes:
        output: The video, or the folder of the frames.
        notes: What the user should know of how it went.
        fraction: How much of it is done, 0 to 1.
        text: What is being done.
        is_paused: It waits.
        count: How many frames are rendered.
        first: How many of them were the first to be there, and after how many seconds of work.
    """

    def __init__(self, scene: Any) -> None:
        file = Path(scene.render.frame_path(frame=scene.frame_start))
        self.output = file if scene.render.is_movie_format else file.parent
        self.notes: list[str] = []
        self.fraction = 0.0
        self.text: str = Text("Starting")
        self.is_paused = False
        self.count = 0
        self.first = 0, 0.0
        self._since, self._before = time.monotonic(), 0.0
        self._crew: Crew | None = None
        self._steps = self._work(scene)
        try:
            next(self._steps)
        except OSError as error:
            raise incomplete(str(self.output), error.strerror or str(error)) from error

    def tick(self) -> bool:
        """See how far it is; whether it has come to its end.

        Raises:
            EverZoomError: It could not be rendered. It has ended.
        """
        try:
            self.fraction, self.text = next(self._steps)
            if self.fraction and not self.first[0]:
                self.first = self.done, self.seconds
        except StopIteration:
            return True
        except WorkerError as error:
            raise incomplete(str(self.output), failed_at(self.text, error)) from None
        except OSError as error:
            raise incomplete(str(self.output), error.strerror or str(error)) from error
        return False

    def pause(self, is_paused: bool) -> None:
        """Wait, after the frames that are being rendered, or go on."""
        self._before, self._since = self.seconds, time.monotonic()
        self.is_paused = is_paused
        if self._crew is not None:
            self._crew.pause(is_paused)

    @property
    def seconds(self) -> float:
        """How long it has worked, without its pauses."""
        return self._before + (0.0 if self.is_paused else time.monotonic() - self._since)

    @property
    def done(self) -> int:
        """How many frames are there."""
        return round(self.fraction * self.count)

    @property
    def left(self) -> float | None:
        """About how many seconds of work are left; None where it is too early to say."""
        early, until = self.first
        if self.done <= early:
            return None
        return (self.seconds - until) / (self.done - early) * (self.count - self.done)

    def end(self) -> None:
        """Give it up; once is enough."""
        self._steps.close()

    def _work(self, scene: Any) -> Steps[None]:
        is_video = scene.render.is_movie_format
        numbers = output_settings.frames_rendered(scene)
        output_settings.check_range(scene)
        stamps = stamps_of_scene(scene, self.output)
        with contextlib.ExitStack() as stack:
            writing = stack.enter_context(Writing())
            place: Path | None = None
            files: dict[int, Path] = {}
            if is_video:
                make_folder(writing, check_file(self.output).parent)
                place = writing.place(self.output)
            else:
                keep_others_away(scene, self.output, writing)
                files = _frames(scene, numbers)
            self.count = len(numbers) if is_video else len(files)
            parent = claim(Path(bpy.app.tempdir))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent)))
            copy = folder / "scene.blend"
            _save(scene, copy, place)
            job = Job(copy, scene.name, False, scene.frame_step, gently=True)
            count = min(_jobs(scene), len(numbers))
            width, height = output_settings.scene_resolution(scene)
            crew = stack.enter_context(Crew(job, max(1, count), self.notes.append))
            self._crew = crew
            has_pictures = has_strips(scene)
            del scene  # which may be gone when the next step is done
            yield 0.0, self.text
            if has_pictures:
                yield from crew.redraw(folder / "redrawn.blend")
            if not is_video:
                yield from crew.render(files)
            elif count > 1:
                waiting = encoding.waiting_frames(crew.frames, numbers)
                yield from crew.encode(waiting, width * height * 3)
            else:
                yield from crew.record(numbers)
            if place is not None and not is_rendered_file(place, len(numbers)):
                raise incomplete(str(self.output), Text("the video is not whole"))
            if place is not None:
                finish_video(place)
        try:
            check_unchanged(stamps)
        except EverZoomError as error:
            self.notes.append(error.text)


def _frames(scene: Any, numbers: range) -> dict[int, Path]:
    """The files of the frames that are to be rendered; others are kept, where the user wants it."""
    files = {number: real_file(Path(scene.render.frame_path(frame=number))) for number in numbers}
    if scene.render.use_overwrite:
        return files
    return {number: file for number, file in files.items() if not file.exists()}


def _save(scene: Any, copy: Path, video: Path | None) -> None:
    """Save a copy of the open file whose scene renders to another place than to the video's own."""
    for image in bpy.data.images:
        if image.users and image.is_dirty and image.source != "VIEWER":
            with contextlib.suppress(RuntimeError):
                image.pack()
    render = scene.render
    before = render.filepath
    if video is None and compat.has_variables(before):
        raise EverZoomError(
            "The output path {before} has variables in braces, which mean something else in a "
            "copy of the file: choose a path without them, or press Render Animation.",
            before=before,
        )
    # Its own pictures: those of the open file come and go with what is done there.
    with Writing() as writing, contextlib.ExitStack() as undo:
        saving = Saving(copy, writing)
        undo.callback(saving.put_back)
        undo.callback(setattr, render, "filepath", before)
        render.filepath = compat.literal_path(str(video)) if video else absolute(before)
        blend_file.save_snapshot(copy)


def _jobs(scene: Any) -> int:
    """By how many processes at once: by one where a video could come out as another one."""
    options, image = scene.render, scene.render.image_settings
    is_plain = (
        (image.color_mode, image.color_depth, scene.frame_step) == ("RGB", "8", 1)
        and options.frame_map_old == options.frame_map_new
        and not (options.use_multiview or options.use_border)
    )
    if options.is_movie_format and not is_plain:
        return 1
    return processes(scene, sizes=() if has_strips(scene) else _sizes())


def _sizes() -> Iterator[tuple[int, int]]:
    """Of the images' files, as far as they say so themselves."""
    for image in bpy.data.images:
        with contextlib.suppress(EverZoomError, OSError):
            header = read_header(image_file(image)) if image.users else None
            if header is not None:
                yield header.size
