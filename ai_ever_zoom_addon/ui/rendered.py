"""What was rendered: where it is, and what it takes to render it again.

Blender's handlers tell of its own renders, whichever button began them, and ui/background.py of the
others. Nothing of it is in the file: what an earlier session has rendered is found where it is, and
how long that took says nothing about another machine or day.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core.files.video_file import finish_video, is_rendered_file
from ..core.files.writing import Writing
from ..errors import EverZoomError, reason_of
from ..scene import active
from ..scene.output import output_settings
from ..scene.paths import absolute
from ..scene.strips.strips import has_strips
from ..texts import Text
from ..wording import told_bytes, told_seconds
from .languages import refuse, translated
from .reporting import Reporting, inform
from .text import draw_lines
from .work import redraw

# Videos that have an index, and how large one is that is written anew while the window waits.
_INDEXED = {".mp4", ".mov"}
_LARGEST_COPIED = 1 << 30  # bytes
_INDEX_SECONDS = 0.2  # after the render


@dataclass(frozen=True)
class Job:
    """What is rendered of a scene, as its settings are then.

    Attributes:
        scene: Its `session_uid`.
        path: Its output path, absolute.
        files: What is written: the video, or the frames.
        frames: The numbers of its frames.
        how: What the pace depends on, beside how large the frames are.
        pixels: Of a frame.
    """

    scene: int
    path: str
    files: tuple[Path, ...]
    frames: range
    how: Hashable
    pixels: int

    @classmethod
    def of(cls, scene: Any) -> Job:
        """What would be rendered now."""
        render = scene.render
        numbers = output_settings.frames_rendered(scene)
        written = numbers[:1] if render.is_movie_format else numbers
        width, height = output_settings.scene_resolution(scene)
        return cls(
            scene=scene.session_uid,
            path=absolute(render.filepath),
            files=tuple(Path(render.frame_path(frame=number)) for number in written),
            frames=numbers,
            how=_how(scene),
            pixels=width * height,
        )

    @property
    def count(self) -> int:
        """How many frames it has."""
        return len(self.frames)

    @property
    def is_video(self) -> bool:
        """Whether all frames are in one file."""
        return len(self.files) < self.count

    @property
    def output(self) -> Path:
        """The video, or the folder of the frames."""
        return self.files[0] if self.is_video else self.files[0].parent


def _how(scene: Any) -> Hashable:
    render = scene.render
    by = "strips" if has_strips(scene) else render.engine
    return by, scene.ever_zoom.samples, render.image_settings.file_format


@dataclass(frozen=True)
class _Pace:
    """What a frame took: seconds, and bytes if they are known, each for a pixel of it.

    Attributes:
        how: As the job's.
        start: Seconds before the first frame was begun.
        seconds: Of a frame, for each of its pixels.
        size: Bytes, too; None where they are not known.
        is_trial: It is of a few frames, and most of the first one's bytes are of a whole picture.
    """

    how: Hashable
    start: float
    seconds: float
    size: float | None
    is_trial: bool


# By scene: how fast it was rendered last, what was rendered to its end, and what was found that an
# earlier session has rendered, with what it was looked for by.
_paces: dict[int, _Pace] = {}
_saved: dict[int, Job] = {}
_found: dict[int, tuple[Hashable, Job | None]] = {}


def remember(
    job: Job,
    count: int,
    seconds: float,
    *,
    is_whole: bool,
    first: tuple[int, float] = (0, 0.0),
    is_trial: bool = False,
) -> None:
    """Remember a render that has ended.

    Args:
        job: What was to be rendered.
        count: How many of its frames were.
        seconds: How long that took.
        is_whole: All that was wanted is there.
        first: How many frames were the first to be there, and after how many seconds.
        is_trial: They were only rendered to know what they take.
    """
    if count:
        size = _mean_size(job, count, is_whole=is_whole)
        early, until = first if first[0] < count else (0, 0.0)
        each = (seconds - until) / (count - early)
        _paces[job.scene] = _Pace(
            how=job.how,
            start=max(0.0, until - early * each),
            seconds=each / job.pixels,
            size=None if size is None else size / job.pixels,
            is_trial=is_trial,
        )
    if is_whole and not is_trial:
        _saved[job.scene] = job
    _found.pop(job.scene, None)


def _mean_size(job: Job, count: int, *, is_whole: bool) -> float | None:
    """Bytes of a frame; None where they are not known."""
    if job.is_video and not is_whole:
        return None
    sizes = []
    for file in job.files[:count]:
        with contextlib.suppress(OSError):
            sizes.append(file.stat().st_size)
    frames = job.count if job.is_video else len(sizes)
    return sum(sizes) / frames if sizes else None


def saved(scene: Any) -> Job | None:
    """What was rendered to where a scene still renders to."""
    job = _saved.get(scene.session_uid)
    return job if job and job.path == absolute(scene.render.filepath) else None


def latest(scene: Any) -> Job | None:
    """What was rendered to where a scene renders to, in this session or an earlier one."""
    return saved(scene) or found(scene)


def found(scene: Any) -> Job | None:
    """What is there where a scene renders to, if it is as many frames: looked for once."""
    render = scene.render
    key = render.filepath, bpy.data.filepath, output_settings.frames_rendered(scene), _how(scene)
    known = _found.get(scene.session_uid)
    if known is None or known[0] != key:
        job = Job.of(scene)
        known = _found[scene.session_uid] = key, job if _is_whole(job) else None
    return known[1]


def _is_whole(job: Job) -> bool:
    if job.is_video:
        return is_rendered_file(job.output, job.count)
    return bool(job.files) and all(map(is_rendered_file, job.files))


def cost(scene: Any) -> tuple[float, float | None] | None:
    """The seconds and bytes that rendering a scene takes about; None where they are not known."""
    pace = _paces.get(scene.session_uid)
    if pace is None or pace.how != _how(scene):
        return None
    width, height = output_settings.scene_resolution(scene)
    pixels = width * height * len(output_settings.frames_rendered(scene))
    return pace.start + pace.seconds * pixels, None if pace.size is None else pace.size * pixels


def lacking_room(scene: Any) -> str:
    """That a render may not find room on its disk, in a few words; "" if nothing says so."""
    _, size = cost(scene) or (0.0, None)
    if size is None:
        return ""
    try:
        places = Job.of(scene).output.parents
        free = shutil.disk_usage(next(place for place in places if place.exists())).free
    except (OSError, StopIteration):  # a place that cannot be written is told otherwise
        return ""
    if size <= free:
        return ""
    return Text(
        "About {size} are to be written, and {free} are free",
        size=told_bytes(size),
        free=told_bytes(free),
    )


# --- What Blender itself renders ------------------------------------------------------------------


class _Now:
    """When it began, how many frames are there, and since when the first is."""

    began = 0.0
    count = 0
    first = 0.0


@persistent  # type: ignore[untyped-decorator]
def _begun(*_: Any) -> None:
    _Now.began, _Now.count = time.monotonic(), 0


@persistent  # type: ignore[untyped-decorator]
def _written(*_: Any) -> None:
    _Now.count += 1
    if _Now.count == 1:
        _Now.first = time.monotonic()


@persistent  # type: ignore[untyped-decorator]
def _completed(scene: Any, *_: Any) -> None:
    _end(scene, is_whole=True)


@persistent  # type: ignore[untyped-decorator]
def _cancelled(scene: Any, *_: Any) -> None:
    _end(scene, is_whole=False)


def _end(scene: Any, *, is_whole: bool) -> None:
    if not _Now.count:  # a single picture
        return
    seconds, first = time.monotonic() - _Now.began, _Now.first - _Now.began
    finish = partial(_finish, scene.session_uid, _Now.count, seconds, first, is_whole)
    if bpy.app.background:
        finish()
    else:  # this is a thread that may not do much
        bpy.app.timers.register(finish)


def _finish(identity: int, count: int, seconds: float, first: float, is_whole: bool) -> None:
    scenes: Any = bpy.data.scenes
    scene = next((scene for scene in scenes if scene.session_uid == identity), None)
    if scene is None or active.zoom_of(scene) is None:
        return
    job = Job.of(scene)
    remember(job, count, seconds, is_whole=is_whole, first=(1, first))
    if is_whole and not bpy.app.background:
        # A little later, when nothing of the render holds the file.
        move = partial(lead_with_index, job.output)
        bpy.app.timers.register(move, first_interval=_INDEX_SECONDS)
        inform(Text("Saved to {output}", output=job.output))
    redraw(bpy.context)


def lead_with_index(video: Path) -> None:
    """Let a video that Blender wrote play while it loads, unless it takes long to write it anew."""
    with contextlib.suppress(EverZoomError, OSError):
        if video.suffix.casefold() in _INDEXED and video.stat().st_size <= _LARGEST_COPIED:
            with Writing() as writing:
                copy = writing.place(video)
                shutil.copyfile(video, copy)
                if not finish_video(copy):  # such as one that the next render has begun
                    raise EverZoomError("{video} has no index that can be moved.", video=video)


# --- What is shown of it --------------------------------------------------------------------------


def draw_before(layout: Any, context: Any, frames: str) -> None:
    """How long the video is, and what it takes to render it."""
    scene = context.scene
    count = len(output_settings.frames_rendered(scene))
    seconds = count * scene.render.fps_base / scene.render.fps
    column = layout.column(align=True)
    column.scale_y = 0.8
    length = Text("{frames}, {seconds:.1f} s", frames=frames, seconds=seconds)
    column.label(text=translated(length), translate=False, icon="TIME")
    known = cost(scene)
    row = column.row()  # one line, so that the buttons stay in their place
    if known is None:
        row = row.split(factor=0.6)  # whole in a narrow sidebar
        row.label(text="Time and size", icon="BLANK1")
        row.operator("ever_zoom.measure_render", text="Measure")
        return
    told = _told_cost(*known, is_trial=_paces[scene.session_uid].is_trial)
    row.label(text=translated(told), translate=False, icon="BLANK1")


def _told_cost(seconds: float, size: float | None, *, is_trial: bool) -> Text:
    time = told_seconds(seconds)
    if size is None:
        if is_trial:
            return Text("About {time}, by a trial", time=time)
        return Text("About {time}, as last time", time=time)
    if is_trial:
        return Text("About {time}, {size}, by a trial", time=time, size=told_bytes(size))
    return Text("About {time}, {size}, as last time", time=time, size=told_bytes(size))


def draw_after(layout: Any, context: Any) -> None:
    """Where it was saved, and what can be done with it.

    It has its place before there is anything: so what is below never moves away from the mouse.
    """
    job = latest(context.scene)
    if job is None:
        text, icon = Text("Not rendered yet"), "BLANK1"
    elif job is saved(context.scene):
        text, icon = Text("Saved to {output}", output=job.output.name), "CHECKMARK"
    else:
        text, icon = Text("{output}, rendered before", output=job.output.name), "CHECKMARK"
    draw_lines(layout, context, text, icon)
    row = layout.row(align=True)
    row.operator(
        EVERZOOM_OT_play_rendered.bl_idname,
        text="Play Video" if context.scene.render.is_movie_format else "Play Frames",
        icon="PLAY",
    )
    row.operator(EVERZOOM_OT_open_folder.bl_idname)  # without an icon it fits beside that


class _OfRendered(Reporting):
    """A mix-in for operators that do something with what was rendered."""

    @classmethod
    def poll(cls: Any, context: Any) -> bool:
        if latest(context.scene) is None:
            return refuse(cls, "Render the zoom first")
        return True

    def job(self, context: Any) -> Job:
        """What was rendered.

        Raises:
            EverZoomError: It is gone.
        """
        job = latest(context.scene)
        if job is None or not job.files[0].exists():
            raise EverZoomError("What was rendered is not there any more: render it again.")
        return job


class EVERZOOM_OT_play_rendered(_OfRendered, bpy.types.Operator):
    """Play what was rendered, in the player that Blender's preferences name under File Paths"""

    bl_idname = "ever_zoom.play_rendered"
    bl_label = "Play What Was Rendered"

    def act(self, context: Any) -> None:
        job, scene = self.job(context), context.scene
        before = scene.frame_start, scene.frame_end, scene.use_preview_range
        try:  # as it was rendered
            scene.frame_start, scene.frame_end = job.frames.start, job.frames.stop - 1
            scene.use_preview_range = False
            bpy.ops.render.play_rendered_anim()
        except RuntimeError as error:
            raise EverZoomError(reason_of(error)) from error
        finally:
            scene.frame_start, scene.frame_end, scene.use_preview_range = before


class EVERZOOM_OT_open_folder(_OfRendered, bpy.types.Operator):
    """Show the folder of what was rendered, as the system shows folders"""

    bl_idname = "ever_zoom.open_folder"
    bl_label = "Open Folder"

    def act(self, context: Any) -> None:
        folder = self.job(context).files[0].parent
        if sys.platform == "linux" and shutil.which("xdg-open") is None:
            raise EverZoomError(
                "This system has no xdg-open, which shows folders: see {folder}.", folder=folder
            )
        bpy.ops.wm.path_open(filepath=str(folder))


CLASSES = (EVERZOOM_OT_play_rendered, EVERZOOM_OT_open_folder)


def _handlers() -> tuple[tuple[Any, Any], ...]:
    handlers = bpy.app.handlers
    return (
        (handlers.render_init, _begun),
        (handlers.render_write, _written),
        (handlers.render_complete, _completed),
        (handlers.render_cancel, _cancelled),
    )


def register() -> None:
    """Add what this module has to Blender."""
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    for handlers, handler in _handlers():
        handlers.append(handler)


def unregister() -> None:
    """Take out what `register` added."""
    for handlers, handler in _handlers():
        handlers.remove(handler)
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
    for known in (_paces, _saved, _found):
        known.clear()
