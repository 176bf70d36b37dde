"""A copy of the open file that any machine renders, in any chunks. Touches bpy.

The copy needs nothing else: images, sounds and fonts are packed into it, and what Blender cannot
pack lies in a folder beside it. The open file is as before when the copy is written.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...core.files.folder import check_name
from ...core.files.output import FRAME_NAME, check_frame_size
from ...core.files.places import check_file
from ...core.files.writing import Writing
from ...core.findings import listed
from ...errors import EverZoomError, reason_of
from ...settings import Engine, FileFormat
from ...stopping import heed
from ...texts import Text
from ...wording import Way, sentence
from .. import compat
from ..loading import image_file
from ..paths import absolute
from ..planes.objects import controls, image_node, parts
from ..strips.strips import has_strips
from . import blend_file, output_settings
from .rendering import other_cameras

NEEDS_OPENGL = {
    output_settings.ENGINE_IDS[Engine.EEVEE]: "EEVEE",
    output_settings.ENGINE_IDS[Engine.WORKBENCH]: "Workbench",
}
RUNS_EVERYWHERE = output_settings.ENGINE_IDS[Engine.CYCLES]


def prepare(scene: Any, file: Path) -> list[Text]:
    """Write a copy of the open file that `blender -b FILE -s A -e B -a` renders anywhere.

    Its frames are single pictures in the folder STEM_frames beside it. Drivers, images and settings
    are in the file, so neither the add-on nor the permission to run scripts is needed. The open
    file stays as it is, except that what was painted in Blender and never saved is packed.

    Args:
        scene: What is to be rendered.
        file: The copy, a name that ends in .blend.

    Returns:
        What was done and what is to be known, in sentences.

    Raises:
        EverZoomError: Something is missing that frames need, or the copy cannot be written.
    """
    if file.suffix != ".blend":
        raise EverZoomError("{file}: use a name that ends in .blend.", file=file.name)
    file = check_file(file.absolute())
    if bpy.data.filepath and Path(bpy.data.filepath).resolve() == file.resolve():
        raise EverZoomError(
            "{file} is the open file: choose another name, and go on working in this one.",
            file=file.name,
        )
    output_settings.check_frames(file.with_name(f"{file.stem}_frames"))
    _check(scene)
    said: list[Text] = []
    try:
        with contextlib.ExitStack() as undo, Writing() as writing:
            changes = _Changes(undo, file.parent)
            said += _leave_out_planes(scene, changes)
            said += _pack(changes)
            said += _copy_the_rest(changes, file.with_name(f"{file.stem}_files"), writing)
            said += _set_output(scene, changes, file.stem)
            said += _remarks(scene)
            window = bpy.context.window
            if window is not None and window.scene != scene:  # the one in view is rendered
                undo.callback(setattr, window, "scene", window.scene)
                window.scene = scene
            blend_file.save(writing, file, is_copy=True)
    except OSError as error:
        raise EverZoomError(
            "{file} cannot be read or written ({reason}): check the free space and the "
            "permissions.",
            file=error.filename or file.parent,
            reason=error.strerror,
        ) from error
    width, height = output_settings.scene_resolution(scene)
    said.append(
        Text(
            "Wrote {file}: frames {first} to {last}, {width} x {height} px.",
            file=file,
            first=scene.frame_start,
            last=scene.frame_end,
            width=width,
            height=height,
        )
    )
    return said


@dataclass
class _Changes:
    """Changes of the open file for the copy's sake, which are undone when that is written."""

    undo: contextlib.ExitStack
    folder: Path  # the copy's

    def set(self, owner: Any, name: str, value: Any) -> bool:
        """Give a property another value; whether it is another one."""
        before = getattr(owner, name)
        if before == value:
            return False
        self.undo.callback(setattr, owner, name, before)
        setattr(owner, name, value)
        return True

    def relative(self, path: Path) -> str:
        """A path as the copy has it; on another drive, on Windows, as it is."""
        try:
            return str(bpy.path.relpath(str(path), start=str(self.folder)))
        except ValueError:
            return str(path)


# --- What is outside of the open file -------------------------------------------------------------


@dataclass(frozen=True)
class _Outside:
    """Something that Blender cannot pack.

    Attributes:
        owner: The data-block or strip.
        path_name: Its property that holds the path, of the folder or of the first file.
        files: All files that it shows.
    """

    owner: Any
    path_name: str
    files: list[Path]


def _packable() -> list[Any]:
    """Images, sounds and fonts that are used and can be packed."""
    items: list[Any] = [
        image
        for image in bpy.data.images
        if image.users and (image.source in {"FILE", "TILED"} or image.is_dirty)
    ]
    items += [sound for sound in bpy.data.sounds if sound.users]
    items += [font for font in bpy.data.fonts if font.users and font.filepath != "<builtin>"]
    return items


def _unpackable() -> Iterator[_Outside]:
    """Movies, sequences of images, strips, simulated volumes and the like."""
    for image in bpy.data.images:
        if image.users and image.source in {"SEQUENCE", "MOVIE"} and not image.packed_files:
            files = _frames_of(image_file(image), image.source == "SEQUENCE")
            yield _Outside(image, "filepath_raw", files)
    for clip in bpy.data.movieclips:
        if clip.users:
            path = Path(absolute(clip.filepath))
            yield _Outside(clip, "filepath", _frames_of(path, clip.source == "SEQUENCE"))
    for item in (*bpy.data.volumes, *bpy.data.cache_files):
        if item.users and not getattr(item, "packed_file", None):
            path = Path(absolute(item.filepath))
            yield _Outside(item, "filepath", _frames_of(path, item.is_sequence))
    for scene in bpy.data.scenes:
        editor = scene.sequence_editor
        for strip in compat.all_strips(editor) if editor is not None else ():
            if strip.type == "IMAGE":
                folder = Path(absolute(strip.directory))
                names = dict.fromkeys(element.filename for element in strip.elements)
                yield _Outside(strip, "directory", [folder / name for name in names])
            elif strip.type == "MOVIE":
                yield _Outside(strip, "filepath", [Path(absolute(strip.filepath))])


def _frames_of(file: Path, is_sequence: bool) -> list[Path]:
    """The files of a sequence that a file belongs to: their names differ in the last number."""
    match = re.fullmatch(r"(.*?)\d+(\D*)", file.name)
    if not is_sequence or match is None:
        return [file]
    name = re.compile(re.escape(match[1]) + r"\d+" + re.escape(match[2]))
    there = file.parent.iterdir() if file.parent.is_dir() else ()
    return sorted(path for path in there if name.fullmatch(path.name)) or [file]


def _is_there(item: Any) -> bool:
    file = image_file(item)
    if getattr(item, "source", "") == "TILED":
        return any(file.parent.glob(file.name.replace("<UDIM>", "[0-9]" * 4)))
    return file.is_file()


def _check(scene: Any) -> None:
    """Make sure that nothing is wrong that only the user can mend."""
    collections: tuple[Any, ...] = (
        bpy.data.collections,
        bpy.data.images,
        bpy.data.materials,
        bpy.data.meshes,
        bpy.data.node_groups,
        bpy.data.objects,
        bpy.data.worlds,
    )
    items = (item for collection in collections for item in collection)
    linked = {item.library.name for item in items if item.library is not None and item.users}
    if linked:
        raise EverZoomError(
            "Parts of the scene are linked from {files}: make them local (Object > Relations "
            "> Make Local > All), so that they come with the file.",
            files=", ".join(sorted(linked)),
        )
    lost = [
        str(image_file(item))
        for item in _packable()
        if item.packed_file is None and not getattr(item, "is_dirty", False) and not _is_there(item)
    ]
    lost += [str(path) for item in _unpackable() for path in item.files if not path.is_file()]
    if lost:
        raise EverZoomError(
            "Files are missing: {files}: put them back, or choose File > External Data "
            "> Find Missing Files.",
            files=listed(lost, 3),
        )
    output_settings.check_range(scene)
    if has_strips(scene):
        return
    if scene.camera is None:
        raise EverZoomError("The scene has no camera: press Build Again, or choose one.")
    if scene.render.engine not in {RUNS_EVERYWHERE, *NEEDS_OPENGL}:
        raise EverZoomError(
            "The engine {engine} belongs to an add-on, which other machines may not have: "
            "choose Cycles.",
            engine=scene.render.engine,
        )


# --- Repairs --------------------------------------------------------------------------------------


def _leave_out_planes(scene: Any, changes: _Changes) -> Iterator[Text]:
    """The planes of a zoom that the sequencer shows go without images: its pictures are enough."""
    taken = 0
    for control in controls(scene) if has_strips(scene) else ():
        for layer in parts(control, "layer"):
            node = image_node(layer)
            if node is not None and all(map(has_strips, layer.users_scene)):
                taken += changes.set(node, "image", None)
    if taken:
        yield Text(
            "The zoom's planes are without images in the copy: the sequencer shows its pictures."
        )


def _pack(changes: _Changes) -> Iterator[Text]:
    packed = painted = 0
    for item in _packable():
        heed()
        is_painted = getattr(item, "is_dirty", False)
        if item.packed_file is None or is_painted:
            try:
                item.pack()
            except RuntimeError as error:
                raise EverZoomError(
                    "{item} cannot be packed ({reason}): check its file.",
                    item=item.name,
                    reason=reason_of(error),
                ) from error
            if is_painted:
                painted += 1
            else:
                packed += 1
                changes.undo.callback(item.unpack, method=_unpack_method(item))
        if item.filepath:
            name = "filepath_raw" if hasattr(item, "filepath_raw") else "filepath"
            changes.set(item, name, changes.relative(image_file(item)))
    if packed:
        yield Text(
            "Packed {count} files: images, sounds and fonts."
            if packed > 1
            else "Packed {count} file: images, sounds and fonts.",
            count=packed,
        )
    if painted:
        yield Text(
            "Packed {count} that had changes which were never saved, in the open file, too.",
            count=painted,
        )


def _unpack_method(item: Any) -> str:
    """How to forget what was packed, and go on with the file that is there."""
    return "REMOVE" if isinstance(item, bpy.types.Image) else "USE_ORIGINAL"


def _copy_the_rest(changes: _Changes, folder: Path, writing: Writing) -> Iterator[Text]:
    """Copy what cannot be packed; each folder's files together, so that no names meet."""
    numbers: dict[Path, int] = {}
    copied = 0
    for item in list(_unpackable()):
        source = item.files[0].parent
        target = folder / str(numbers.setdefault(source, len(numbers)))
        for path in item.files:
            heed()
            check_name(target / path.name)
            if not (target / path.name).exists() or not path.samefile(target / path.name):
                shutil.copyfile(path, writing.place(target / path.name))
                copied += 1
        is_folder = item.path_name == "directory"
        path = target if is_folder else target / item.files[0].name
        changes.set(item.owner, item.path_name, changes.relative(path) + "/" * is_folder)
    if numbers:
        yield Text(
            "Copied {count} files that cannot be packed to {folder}: keep that folder beside the "
            "file.",
            count=copied,
            folder=folder.name,
        )


def _set_output(scene: Any, changes: _Changes, stem: str) -> Iterator[Text]:
    """Single pictures beside the copy: only they can be made by several machines at once."""
    options, image = scene.render, scene.render.image_settings
    place = f"{stem}_frames"
    if options.is_movie_format:
        names = "file_format", "color_mode", "color_depth", "compression"
        before = [(image, name, getattr(image, name)) for name in names]
        # Choosing a video's format again, Blender forgets how it was to be encoded.
        before += [
            (options.ffmpeg, item.identifier, getattr(options.ffmpeg, item.identifier))
            for item in options.ffmpeg.bl_rna.properties
            if not item.is_readonly
        ]

        def restore() -> None:
            compat.set_media_type(scene, video=True)
            for owner, name, value in before:
                setattr(owner, name, value)

        depth = "8" if image.color_depth == "8" else "16"
        changes.undo.callback(restore)
        compat.set_media_type(scene, video=False)
        image.file_format, image.color_mode, image.color_depth = "PNG", "RGB", depth
        image.compression = 15
        yield Text(
            "Frames, not a video: they go to {folder} beside the file, as PNG.", folder=place
        )
    else:
        yield Text("Frames go to {folder} beside the file.", folder=place)
    changes.set(options, "filepath", compat.literal_path(f"//{place}/{FRAME_NAME}"))
    for name, value in (
        ("use_file_extension", True),
        ("use_overwrite", True),  # a part that is rendered again takes the place of what was there
        ("use_placeholder", False),
    ):
        changes.set(options, name, value)
    if changes.set(scene, "frame_step", 1):
        yield Text("Every frame is rendered: with a step, parts would not fit together.")


def _remarks(scene: Any) -> Iterator[Text]:
    """What the file leaves to the machines, and what may not be meant so."""
    engine = scene.render.engine
    if not has_strips(scene):
        if engine in NEEDS_OPENGL:
            yield Text(
                "{engine} needs a GPU, or software OpenGL, on every machine, and differs a little "
                "from one to another: Cycles needs neither.",
                engine=NEEDS_OPENGL[engine],
            )
        elif scene.cycles.device == "GPU":
            yield Text("Cycles takes the processor where a machine has no GPU set up.")
        if controls(scene):
            yield from (
                sentence(finding, Way.WINDOW) for finding in output_settings.changed_colours(scene)
            )
    for name, first, last in other_cameras(scene):
        yield Text(
            "In frames {first} to {last} markers of the timeline switch to the camera {camera}.",
            first=first,
            last=last,
            camera=name,
        )
    if scene.render.use_border:
        yield Text("Only the Render Region of every frame is rendered.")
    if scene.render.resolution_percentage != 100:
        yield Text(
            "Frames are rendered at {percentage} % of their resolution.",
            percentage=scene.render.resolution_percentage,
        )
    try:
        check_frame_size(FileFormat.H264, *output_settings.scene_resolution(scene))
    except EverZoomError as error:
        yield Text("The job template can make no video of the frames: {error}", error=error.text)
    drivers = sorted({owner.name for owner in _owners_of_python_drivers()})
    if drivers:
        yield Text(
            "Drivers that need Python stand still where scripts are not allowed: see {drivers}.",
            drivers=", ".join(drivers[:3]),
        )
    texts = [text.name for text in bpy.data.texts if text.use_module]
    if texts:
        yield Text(
            "Scripts that do not run where they are not allowed: {scripts}.",
            scripts=", ".join(texts),
        )


def _owners_of_python_drivers() -> Iterator[Any]:
    for item in bpy.data.user_map():
        for owner in (item, getattr(item, "node_tree", None)):
            animation = getattr(owner, "animation_data", None)
            for curve in animation.drivers if animation is not None else ():
                driver = curve.driver
                if driver.type == "SCRIPTED" and not driver.is_simple_expression:
                    yield item
