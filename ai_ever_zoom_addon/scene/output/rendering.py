"""Renders a zoom headless, and makes sure that everything was written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy

from ...core.files.frames_note import NOTE, FramesNote, Zoom, check_goes_on, read_note
from ...core.files.locking import is_held
from ...core.files.moving import pictures_of
from ...core.files.output import check_frame_size, format_of, is_video, is_whole_picture
from ...core.files.places import FRAME_FILE, check_file, check_folder, is_written, make_folder
from ...core.files.stamps import Stamps, check_unchanged, stamps_of
from ...core.files.temporary import claim
from ...core.files.video_file import finish_video, frames_of_video
from ...core.files.webp_file import frames_of_animation, shown_frames, write_animation
from ...core.files.writing import Writing, in_use, lock_of, real_file, why_full
from ...core.findings import listed
from ...core.machine import suitable_jobs
from ...core.steps import Progress, Steps
from ...errors import EverZoomError, reason_of, text_of
from ...settings import FileFormat
from ...stopping import Stop, heed, stoppable
from ...texts import Clause, Text
from ..loading import image_file
from ..strips.strips import has_strips, picture_files
from ..tags import CAMERA
from . import blend_file, encoding, output_settings
from .crew import Crew, Job, WorkerError
from .stream import streamed_images

# In a folder of frames that are being rendered.
FRAMES_LOCK = ".ever_zoom.lock"

# How often it is tried, while a video is written, whether the disk is full.
FRAMES_PER_PROBE = 50

# Of pictures in Blender's formats of these names it is known whether they are whole.
_CHECKED = ("PNG", "JPEG", "OPEN_EXR")

# How often workers are asked how far they are.
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class _How:
    """How frames are rendered: as in `render_animation`."""

    sharp: bool
    jobs: int
    say: Callable[[str], None]
    file_format: FileFormat


def check_output(output: str) -> None:
    """Make sure that an output can be written, before anything long begins. Nothing is left there.

    Raises:
        EverZoomError: It cannot, or another run is doing so.
    """
    if is_video(output):
        _check_unused(lock_of(check_file(Path(output))), output)
        return
    _check_unused(Path(output) / FRAMES_LOCK, output)
    output_settings.check_frames(Path(output))
    check_folder(Path(output))
    for file in Path(output).iterdir() if Path(output).exists() else ():
        if FRAME_FILE.fullmatch(file.name):
            check_file(file)


def _check_unused(lock: Path, output: str) -> None:
    if is_held(lock):
        raise in_use(Path(output))


def render_animation(
    scene: Any,
    output: str,
    first: int,
    last: int,
    progress: Progress = lambda *_: None,
    *,
    file_format: FileFormat = FileFormat.AUTO,
    sharp: bool = True,
    jobs: int = 1,
    say: Callable[[str], None] = print,
    resume: bool = False,
    stamps: Stamps = MappingProxyType({}),
    zoom: Zoom | None = None,
) -> int:
    """Render frames to a video or a folder, blocking.

    A video gets its name only when it is whole, so that an interrupted one never looks finished.
    Whatever goes wrong, frames in a folder that are whole stay there.

    Args:
        scene: A scene with a zoom, ready to render.
        output: As in `output_settings.set_output`; the scene's own output path is left as it was.
        first: First frame.
        last: Last frame.
        progress: Called after each frame with the fraction done and a text.
        file_format: As in `output_settings.set_output`.
        sharp: Interpolate the images better than the scene by itself does (see stream.py); without
            it frames are exactly what `blender -b FILE -a` renders.
        jobs: By how many processes at once (see crew.py); frames are the same.
        say: Gets a sentence for the user where one of them has died.
        resume: Keep the frames that are whole in the folder, and render only the others.
        stamps: Of files, as they were when the scene was made from them; of others it counts how
            they are now.
        zoom: What the frames show; a folder of them keeps it, and `resume` goes on with no others.

    Returns:
        The number of frames that were rendered.

    Raises:
        EverZoomError: Not every frame could be written, files changed meanwhile, or what is in the
            folder is of another zoom.
        KeyboardInterrupt: The user stopped it.
    """
    if resume and is_video(output):
        raise EverZoomError(
            "{output} is one file, which cannot be gone on with: render to a folder of frames.",
            output=output,
        )
    check_output(output)
    size = output_settings.scene_resolution(scene)
    check_frame_size(format_of(output, file_format), *size)
    check_images(scene)
    # A screen in another scene shows the very frames that are rendered.
    files = {file for file in files_read(scene) if not is_written(file, Path(output))}
    stamps = stamps_of(files) | {file: stamps[file] for file in files & stamps.keys()}
    how = _How(sharp, jobs, say, file_format)
    try:
        with _as_before(scene), Writing() as writing:
            scene.frame_start, scene.frame_end = first, last
            if is_video(output):
                count = _render_video(scene, output, writing, progress, how)
            else:
                count = _render_frames(scene, output, writing, progress, how, resume, zoom)
            check_unchanged(stamps)
            return count
    except OSError as error:
        raise incomplete(output, error.strerror or str(error)) from error


@contextlib.contextmanager
def _as_before(scene: Any) -> Iterator[None]:
    """Give a scene its output path and its frames back in the end."""
    names = "frame_start", "frame_end", "frame_step", "frame_current"
    places = [(scene.render, "filepath"), (scene.render, "use_overwrite")]
    with contextlib.ExitStack() as undo:
        for owner, name in (*places, *((scene, name) for name in names)):
            undo.callback(setattr, owner, name, getattr(owner, name))
        yield


def _render_video(scene: Any, output: str, writing: Writing, progress: Progress, how: _How) -> int:
    """Render the scene's frame range to a video; how many frames that was."""
    make_folder(writing, check_file(Path(output)).parent)
    partial = writing.place(Path(output))
    total = int(scene.frame_end - scene.frame_start + 1)
    if format_of(output, how.file_format) is FileFormat.WEBP:
        return _render_loop(scene, output, partial, progress, how)
    output_settings.set_output(scene, str(partial), how.file_format)
    if processes(scene, min(how.jobs, total)) > 1:
        width, height = output_settings.scene_resolution(scene)
        with _crew(scene, min(how.jobs, total), how) as crew:
            numbers = range(scene.frame_start, scene.frame_end + 1)
            files = encoding.waiting_frames(crew.frames, numbers)
            _finish(crew.encode(files, width * height * 3), output, progress)
    else:
        _render(scene, output, total, progress, how)
    if frames_of_video(partial) != total:
        raise incomplete(output, Text("the video is not whole"))
    finish_video(partial)
    return total


def processes(scene: Any, wanted: int | None = None, sizes: Iterable[tuple[int, int]] = ()) -> int:
    """By how many processes a scene is rendered.

    Frames of a video wait for being encoded with 8 bits: one of more is made by one process.

    Args:
        scene: As it is to be rendered.
        wanted: How many the user wants; None: as many as suit the machine.
        sizes: Of the pictures, in pixels.
    """
    is_video = scene.render.is_movie_format
    if is_video and scene.render.image_settings.color_depth != "8":
        return 1
    if wanted is not None:
        return wanted
    return suitable_jobs(sizes, is_video_of_strips=is_video and has_strips(scene))


def _render_loop(scene: Any, output: str, partial: Path, progress: Progress, how: _How) -> int:
    """Render the scene's frame range to an animated WebP file, made of single pictures.

    How many are in it.
    """
    wanted = range(scene.frame_start, scene.frame_end + 1)
    rate = scene.render.fps / scene.render.fps_base
    numbers = shown_frames(wanted, rate)
    if numbers != wanted:
        how.say(
            Text(
                "Warning: browsers do not show {rate:g} pictures a second: {count} of {all} "
                "frames are in the loop, which keeps its speed.",
                rate=rate,
                count=len(numbers),
                all=len(wanted),
            )
        )
    scene.frame_end, scene.frame_step = numbers[-1], numbers.step
    size = output_settings.scene_resolution(scene)
    with tempfile.TemporaryDirectory(dir=claim(Path(bpy.app.tempdir))) as folder:
        output_settings.set_output(scene, f"{folder}/loop.webp", FileFormat.WEBP)
        files = {number: Path(scene.render.frame_path(frame=number)) for number in numbers}
        if min(how.jobs, len(numbers)) > 1:
            with _crew(scene, min(how.jobs, len(numbers)), how) as crew:
                _finish(crew.render(files), output, progress)
        else:
            _render(scene, output, len(numbers), progress, how)
        write_animation(partial, files, size, rate, wanted.stop)
    if frames_of_animation(partial) != len(numbers):
        raise incomplete(output, Text("the loop is not whole"))
    return len(numbers)


def _render_frames(
    scene: Any,
    output: str,
    writing: Writing,
    progress: Progress,
    how: _How,
    resume: bool,
    zoom: Zoom | None,
) -> int:
    """Render the scene's frame range to pictures; how many were rendered."""
    folder = Path(output)
    make_folder(writing, folder)
    writing.lock(folder / FRAMES_LOCK, folder)
    output_settings.set_output(scene, output, how.file_format)
    size = output_settings.scene_resolution(scene)
    # A link to a file stays: it is what it leads to that is made anew.
    files = {
        number: real_file(Path(scene.render.frame_path(frame=number)))
        for number in range(scene.frame_start, scene.frame_end + 1)
    }
    zoom = json.loads(json.dumps(zoom))  # as it comes back from a file
    note = read_note(folder)
    # In whatever format: of one number there is one frame.
    if resume and any(number in files for number, _ in _frames_in(folder)):
        check_goes_on(note, zoom or {}, folder)
    known = note.numbers if note is not None and note.zoom == zoom else frozenset()
    kept = {
        number
        for number, file in files.items()
        if resume and number in known and is_whole_picture(file, size)
    }
    # At no moment does it say of other frames that they are of this zoom.
    _note(folder, zoom, known - files.keys() | kept)
    for number in files.keys() - kept:
        files[number].unlink(missing_ok=True)
    _note(folder, zoom, known | files.keys())
    # Blender itself passes over the frames that are there.
    scene.render.use_overwrite = False
    missing = {number: file for number, file in files.items() if number not in kept}
    total = len(missing)
    try:
        if min(how.jobs, total) > 1:
            with _crew(scene, min(how.jobs, total), how) as crew:
                _finish(crew.render(missing), output, progress)
        elif total:
            _render(scene, output, total, progress, how)
    finally:
        broken = [file for file in files.values() if not is_whole_picture(file, size)]
        for file in broken:
            file.unlink(missing_ok=True)
        if len(broken) == len(files) and not any(_frames_in(folder)):
            (folder / NOTE).unlink(missing_ok=True)
    if broken:
        raise incomplete(output, Text("{file} is missing", file=broken[0].name))
    _tell_of_others(scene, folder, known | files.keys(), how)
    return total


def _frames_in(folder: Path) -> Iterator[tuple[int, str]]:
    """The numbers and the names of the frames that are in a folder, in any format.

    None where the folder is gone.
    """
    for path in folder.glob("*"):
        if found := FRAME_FILE.fullmatch(path.name):
            yield int(found[1]), path.name


def _tell_of_others(scene: Any, folder: Path, numbers: Set[int], how: _How) -> None:
    """Say that frames are in a folder that are not among a zoom's, which has these numbers."""
    own = {Path(scene.render.frame_path(frame=number)).name for number in numbers}
    others = sorted(name for _, name in _frames_in(folder) if name not in own)
    if others:
        how.say(
            Text(
                "Warning: in {folder} are {count} frames that are not of this zoom, {file} for "
                "one: remove what you do not need before a program takes all that is there."
                if len(others) > 1
                else "Warning: in {folder} is a frame that is not of this zoom, {file} for one: "
                "remove what you do not need before a program takes all that is there.",
                folder=folder,
                count=len(others),
                file=others[0],
            )
        )


def _note(folder: Path, zoom: Zoom | None, numbers: Set[int]) -> None:
    if zoom is not None:
        FramesNote(zoom, frozenset(numbers)).write(folder)
    else:
        (folder / NOTE).unlink(missing_ok=True)


def _render(scene: Any, output: str, total: int, progress: Progress, how: _How) -> None:
    """Render the scene's frame range in this process."""
    written, problem = render_range(scene, total, progress, sharp=how.sharp)
    if problem:
        raise incomplete(
            output,
            Text(
                "only {written} of {total} frames were written: {problem}",
                written=written,
                total=total,
                problem=problem,
            ),
        )


@contextlib.contextmanager
def _crew(scene: Any, count: int, how: _How) -> Iterator[Crew]:
    """Workers for the scene as it is."""
    with tempfile.TemporaryDirectory(dir=claim(Path(bpy.app.tempdir))) as folder:
        file = Path(folder) / "scene.blend"
        blend_file.save_snapshot(file)
        with Crew(Job(file, scene.name, how.sharp, scene.frame_step), count, how.say) as crew:
            yield crew


def _finish(steps: Steps[None], output: str, progress: Progress) -> None:
    """Let workers come to their end."""
    told = ""
    try:
        for fraction, text in steps:
            heed()
            if text != told:
                progress(fraction, text)
                told = text
            time.sleep(_POLL_SECONDS)
    except WorkerError as error:
        raise incomplete(output, failed_at(told or Text("frame 0"), error)) from None


def render_range(
    scene: Any, total: int, progress: Progress = lambda *_: None, *, sharp: bool
) -> tuple[int, str]:
    """Render the scene's frame range in this process, to its output path.

    Args:
        scene: A scene with a zoom, ready to render.
        total: How many frames are to be written.
        progress: As in `render_animation`.
        sharp: As in `render_animation`.

    Returns:
        How many frames were written, and why not all, in a few words; "" if all were.

    Raises:
        KeyboardInterrupt: The user stopped it.
    """
    written = 0
    problem: list[str] = []
    lost_pictures = _lost_pictures(scene)
    frame_file = scene.render.frame_path(frame=scene.frame_start)
    video = Path(frame_file) if scene.render.is_movie_format else None

    def count(*_: Any) -> None:
        nonlocal written
        frame = Path(scene.render.frame_path(frame=scene.frame_current))
        file = None if video else real_file(frame)
        problem.extend(lost_pictures())
        # Blender itself goes on when the disk is full.
        if file and not problem and not _is_written(scene, file):
            problem.append(Text("{file} is not whole", file=file.name))
        if video and written % FRAMES_PER_PROBE == 0:
            problem.extend(filter(None, [why_full(video.parent)]))
        if problem:
            # The picture of a frame that something was missing for is not left looking finished.
            if file:
                file.unlink(missing_ok=True)
        else:
            written += 1
            said = Text("frame {number} of {count}", number=written, count=total)
            progress(written / total, said)
        if problem or stop.signal:
            scene.frame_current = scene.frame_end + 1  # ends Blender's loop over the frames

    with (
        # A saved file's frames are those of any Blender, with preferences that nobody has chosen.
        _headless_preferences() if sharp else contextlib.nullcontext(),
        # The sequencer reads files by itself, and shows no planes.
        contextlib.nullcontext()
        if has_strips(scene)
        else streamed_images(scene, problem.append, sharp=sharp),
        _handler(bpy.app.handlers.render_write, count),
        stoppable() if bpy.app.background else contextlib.nullcontext(Stop()) as stop,
    ):
        try:
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            problem.append(_in_our_words(error))
    if written == total:
        return written, ""
    stop.heed()
    return written, problem[0] if problem else Text("Blender stopped early")


def _is_written(scene: Any, file: Path) -> bool:
    """Whether the picture of a frame is there and whole, as far as can be told of its kind."""
    options = scene.render
    if options.use_multiview:  # has names of its own for each view
        return True
    if options.image_settings.file_format in _CHECKED and not options.use_border:
        return is_whole_picture(file, output_settings.scene_resolution(scene))
    return file.is_file() and file.stat().st_size > 0


def _in_our_words(error: RuntimeError) -> str:
    """Why Blender did not render; where it writes no frame it says "Success" as the reason."""
    return reason_of(error).replace("Render error (Success) cannot", "Blender cannot")


def files_read(scene: Any) -> set[Path]:
    """The files that rendering a scene reads: pictures, sounds, fonts and what else there is."""
    files = {Path(path) for path in bpy.utils.blend_paths(absolute=True)}
    for image in bpy.data.images:
        if image.source == "SEQUENCE" and not image.packed_files:
            with contextlib.suppress(EverZoomError):  # the user's own, of whatever names
                files.update(pictures_of(image_file(image).parent))
    if has_strips(scene):  # the planes are not seen then
        files -= {image_file(image) for image in bpy.data.images}
        files.update(picture_files(scene))
    return files


def _lost_pictures(scene: Any) -> Callable[[], list[Text]]:
    """A function that names, in a sentence, a picture of the sequencer's that has just vanished.

    The sequencer would say nothing and show something else. The times of the folders tell whether
    it is worth while to look at the files.
    """
    files = list(picture_files(scene))
    folders = sorted({file.parent for file in files})

    def times() -> list[int]:
        return [folder.stat().st_mtime_ns if folder.exists() else 0 for folder in folders]

    before = times()

    def lost() -> list[Text]:
        nonlocal before
        now = times()
        if now == before:
            return []
        before = now
        gone = (file for file in files if not file.exists())
        return [
            Text("The image {file} cannot be read any more: put it back.", file=file)
            for file in gone
        ][:1]

    return lost


def incomplete(output: str, reason: str) -> EverZoomError:
    """What to say of a zoom that could not be written, for a reason in a few words."""
    return EverZoomError(
        "The zoom could not be written to {output} ({reason}): check the free space, the "
        "folder and the images, then render again.",
        output=output,
        reason=Clause(reason),
    )


def failed_at(text: str, error: Exception) -> Text:
    """What workers could not do, and how far they were."""
    return Text("{frame}: {problem}", frame=text, problem=text_of(error))


def check_images(scene: Any) -> None:
    """Make sure that the images of a scene's zooms are there.

    Raises:
        EverZoomError: Some are missing; the message names them.
    """
    from ..planes.objects import controls, image_node, parts

    missing = []
    # The sequencer shows no planes.
    for control in () if has_strips(scene) else controls(scene):
        for layer in parts(control, "layer"):
            node = image_node(layer)
            if node is None:  # the user's own material
                continue
            image = node.image
            if image is None:
                raise EverZoomError(
                    "{image} has lost its image: press Build Again.", image=layer.name
                )
            if image.packed_file is not None or image.source == "GENERATED":
                continue
            file = image_file(image)
            if not file.exists():
                missing.append(str(file))
    missing += [str(file) for file in picture_files(scene) if not file.exists()]
    if missing:
        raise EverZoomError(
            "Images are missing: {files}: put them back, or choose File > External Data "
            "> Find Missing Files.",
            files=listed(missing, 3),
        )


def other_cameras(scene: bpy.types.Scene) -> list[tuple[str, int, int]]:
    """Where markers of the timeline switch from a zoom's camera to another one.

    Blender heeds them whenever it renders: they are the user's, and are left alone.

    Returns:
        The other camera's name, the first and the last frame, within the scene's frames.
    """
    from ..planes.objects import controls, parts

    own = {camera for control in controls(scene) for camera in parts(control, CAMERA)}
    if not own or has_strips(scene):
        return []
    markers = [marker for marker in scene.timeline_markers if marker.camera is not None]
    markers = sorted(
        (marker for marker in markers if not marker.camera.hide_render),
        key=lambda marker: marker.frame,
    )
    found = []
    for number, marker in enumerate(markers):
        first = max(scene.frame_start, marker.frame) if number else scene.frame_start
        last = markers[number + 1].frame - 1 if number + 1 < len(markers) else scene.frame_end
        last = min(last, scene.frame_end)
        if marker.camera not in own and first <= last:
            found.append((marker.camera.name, first, last))
    return found


@contextlib.contextmanager
def _handler(handlers: Any, function: Callable[..., None]) -> Iterator[None]:
    handlers.append(function)
    try:
        yield
    finally:
        handlers.remove(function)


@contextlib.contextmanager
def _headless_preferences() -> Iterator[None]:
    """Switch the anisotropic texture filter off where no window's user has chosen it.

    In software OpenGL it blurs even pictures that are shown at their own size.
    """
    system = bpy.context.preferences.system
    before = system.anisotropic_filter
    if bpy.app.background:
        system.anisotropic_filter = "FILTER_0"
        # Since 5.2 EEVEE does not heed that; Mesa reads this when OpenGL is first used.
        os.environ.setdefault(
            "MESA_EXTENSION_OVERRIDE",
            "-GL_EXT_texture_filter_anisotropic -GL_ARB_texture_filter_anisotropic",
        )
    try:
        yield
    finally:
        system.anisotropic_filter = before
