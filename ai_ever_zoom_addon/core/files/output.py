"""Where a zoom goes: a video file or a folder of frames. Never touches bpy."""

from __future__ import annotations

import itertools
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import EverZoomError
from ...names import NOT_IN_NAMES, ending_of, is_possible_on_windows
from ...settings import FileFormat
from .image_file import look
from .stated import Stated


@dataclass(frozen=True)
class Kind:
    """How a format is written.

    Attributes:
        suffix: Of the video's name, or of each frame's.
        is_video: All frames are in one file.
        sides: The least and the greatest side of a frame that its encoder takes, in pixels.
        is_even: Its encoder takes no odd ones.
    """

    suffix: str
    is_video: bool
    sides: tuple[int, int] = (1, 65536)
    is_even: bool = False

    @property
    def ending(self) -> str:
        """Of an output's name: a folder of frames has none."""
        return self.suffix if self.is_video else ""


def _video(suffix: str, *, is_even: bool = False) -> Kind:
    """A video of Blender's, which encodes no smaller ones."""
    return Kind(suffix, is_video=True, sides=(16, 65536), is_even=is_even)


KINDS = {
    FileFormat.H264: _video(".mp4", is_even=True),
    FileFormat.H265: _video(".mp4", is_even=True),
    FileFormat.AV1: _video(".mp4"),
    FileFormat.WEBM: _video(".webm"),
    FileFormat.PRORES: _video(".mov", is_even=True),
    FileFormat.WEBP: Kind(".webp", is_video=True, sides=(1, 16383)),
    FileFormat.PNG: Kind(".png", is_video=False),
    FileFormat.PNG_16: Kind(".png", is_video=False),
    FileFormat.EXR: Kind(".exr", is_video=False),
    FileFormat.JPEG: Kind(".jpg", is_video=False),
}
FRAME_SUFFIXES = {kind.suffix for kind in KINDS.values() if not kind.is_video}
# What a name says by itself.
_BY_ENDING = {
    "": FileFormat.PNG,
    ".mp4": FileFormat.H264,
    ".webm": FileFormat.WEBM,
    ".mov": FileFormat.PRORES,
    ".webp": FileFormat.WEBP,
}
VIDEO_SUFFIXES = {".mp4", ".webm", ".mov"}  # of Blender's own
VIDEO_SUFFIX = ".mp4"
DEFAULT_VIDEO = f"infinite_zoom{VIDEO_SUFFIX}"
FOLDER_NAME = "{folder}"  # stands for the name of the images' folder
OWN_VIDEO = f"{FOLDER_NAME}_zoom"  # no image in it would be called so
_LONGEST_NAME = 200  # bytes of a folder, so that there is room for endings and numbers
# Of frames that are no squares: Blender has AV1 cut in four along their longer side, in blocks of
# 64 pixels.
LEAST_AV1 = 3 * 64 + 1
# What lies beside the images because a zoom was made of them, with Blender's backups of files.
_OURS = re.compile(r".*_zoom(-\d+)?\.(mp4|webm|mov|webp)|.*\.blend\d*", re.IGNORECASE)
FRAME_NAME = "frame_#####"  # Blender puts the frame's number in place of the signs


def video_of(folder: Path, pattern: str = OWN_VIDEO) -> str:
    """The name of a video of the images in a folder.

    Args:
        folder: Of the images.
        pattern: What it is called, as from `video_pattern`.
    """
    name = pattern.replace(FOLDER_NAME, folder.name)
    longest = max(len(os.fsencode(text)) for text in (name, folder.name, pattern))
    is_usable = folder.name and longest < _LONGEST_NAME + len(OWN_VIDEO) - len(FOLDER_NAME)
    return f"{name}{VIDEO_SUFFIX}" if is_usable else DEFAULT_VIDEO


def zoom_name(folder: Path) -> str:
    """What the scene, collection and page of a zoom of the images in a folder are called."""
    return Path(os.path.normpath(folder)).name or "Zoom"  # not ".."


def video_pattern(text: str) -> str:
    """A name for videos, as a user has typed it, without what no file's name can have.

    Where nothing of it is left, or what some system keeps for a device, it is the usual one.
    """
    kept = "".join(sign for sign in text if sign.isprintable() and sign not in NOT_IN_NAMES)
    name = kept.strip().removesuffix(VIDEO_SUFFIX).strip(" .")
    return name if name and is_possible_on_windows(name) else OWN_VIDEO


def free_video(path: str, is_taken: Callable[[str], bool], ending: str = VIDEO_SUFFIX) -> str:
    """The path of a video, or one like it with a number at its end, that nothing else has."""
    stem = path.removesuffix(ending)
    numbered = (f"{stem}-{number}{ending}" for number in itertools.count(2))
    return next(name for name in itertools.chain([path], numbered) if not is_taken(name))


def is_ours(name: str) -> bool:
    """Whether a file is called as a zoom's video is, or as Blender's own files are."""
    return _OURS.fullmatch(name) is not None


def is_whole_picture(file: Path, size: tuple[int, int]) -> bool:
    """Whether a PNG, JPEG or EXR file is there, whole and of a size (width, height) in pixels."""
    try:
        found = look(file)
        if isinstance(found, Stated):
            return (found.width, found.height) == size and _is_whole_exr(file.read_bytes())
    except (EverZoomError, OSError):
        return False
    return found is not None and found.size == size and not found.is_cut


# How many rows of pixels a part of an EXR file has, by the number of its compression.
_EXR_ROWS = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256, 256, 32)


def _is_whole_exr(data: bytes) -> bool:
    """Whether all rows of pixels are there; of tiles and several parts it is not known here.

    Where they lie says a table behind the header, which is written last. Source: OpenEXR File
    Layout.
    """
    place, height, rows = 8, 0, 1
    try:
        if data[:5] != b"\x76\x2f\x31\x01\x02" or data[5] & 0b11010:
            return False
        while data[place]:
            name_end = data.index(0, place)
            kind_end = data.index(0, name_end + 1)
            (length,) = struct.unpack_from("<I", data, kind_end + 1)
            value = kind_end + 5
            if data[place:name_end] == b"compression":
                rows = _EXR_ROWS[data[value]]
            elif data[place:name_end] == b"dataWindow":
                _, top, _, bottom = struct.unpack_from("<4i", data, value)
                height = bottom - top + 1
            place = value + length
        parts = struct.unpack_from(f"<{-(-height // rows)}Q", data, place + 1)
        ends = [part + 8 + struct.unpack_from("<I", data, part + 4)[0] for part in parts]
    except (struct.error, LookupError, ValueError):
        return False
    return bool(ends) and min(parts) > place and max(ends) <= len(data)


def is_whole_blend(file: Path) -> bool:
    """Whether a .blend file is there and ends as it has to.

    It ends in a block of its own, ENDB; since 5.0 the file's header says how long a block's header
    is. Packed by Zstandard it ends in a table of its parts (RFC 8878, 3.1.2, and the seekable
    format, whose last four bytes are 0x8F92EAB1).
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(9)
            stream.seek(-min(32, stream.seek(0, 2)), 2)
            tail = stream.read()
    except OSError:
        return False
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return tail.endswith(b"\xb1\xea\x92\x8f")
    length = 32 if head[7:9].isdigit() else 24
    return head.startswith(b"BLENDER") and tail[-length:].startswith(b"ENDB")


def format_of(output: str, chosen: FileFormat = FileFormat.AUTO) -> FileFormat:
    """The format in which an output is written.

    Args:
        output: A video's name, or a folder of frames: a name without an ending.
        chosen: What the user wants; AUTO: what the name says, which is PNG for a folder.

    Raises:
        EverZoomError: It has the ending of another kind of file, or of another format.
    """
    ending = _ending(output)
    if ending in _BY_ENDING:
        if chosen is FileFormat.AUTO:
            return _BY_ENDING[ending]
        if KINDS[chosen].ending == ending:
            return chosen
        wanted = KINDS[chosen].ending
        raise EverZoomError(
            "The format {chosen} does not go into {output}: use a name that ends in {wanted}, or "
            "another format."
            if wanted
            else "The format {chosen} does not go into {output}: use a folder (without an ending), "
            "or another format.",
            chosen=chosen.value,
            output=output,
            wanted=wanted,
        )
    if ending in FRAME_SUFFIXES:
        frames = next(item for item, kind in KINDS.items() if kind.suffix == ending)
        raise EverZoomError(
            "The output {output} is the name of one picture: use a folder (without an ending) "
            "and the format {frames} for single frames.",
            output=output,
            frames=frames.value,
        )
    if ending == ".gif":
        raise EverZoomError(
            "The output {output} is a GIF, whose 256 colours show in a zoom: use a name that "
            "ends in .webp for a picture that moves, or let ffmpeg make a GIF of a video.",
            output=output,
        )
    raise EverZoomError(
        "The output {output} ends in {ending}: use a name that ends in .mp4, .webm or "
        ".mov for a video, in .webp for a picture that moves, in .html for a page, or a "
        "folder (without an ending) for single frames.",
        output=output,
        ending=ending,
    )


def is_video(output: str) -> bool:
    """Whether an output path names a video; a name without an ending is a folder of frames.

    Raises:
        EverZoomError: It has the ending of another kind of file.
    """
    return KINDS[format_of(output)].is_video


def _ending(output: str) -> str:
    """The ending of a file's name, in small letters; "" of a folder's."""
    suffix = ending_of(output).casefold()
    if output.endswith(("/", "\\")) or Path(output).is_dir():
        return ""
    if suffix in _BY_ENDING:
        return suffix
    is_usual = suffix == ".blend" or (len(suffix) <= 5 and any(sign.isalpha() for sign in suffix))
    return suffix if is_usual else ""


def check_frame_size(file_format: FileFormat, width: int, height: int) -> None:
    """Make sure that frames of a size in pixels can be written in a format.

    Raises:
        EverZoomError: Its encoder does not take them.
    """
    kind = KINDS[file_format]
    least, most = kind.sides
    if min(width, height) < least:
        raise EverZoomError(
            "Frames of {width} x {height} pixels are too small for a video: use a Resolution of "
            "at least {least} x {least}, or render to a folder of frames.",
            width=width,
            height=height,
            least=least,
        )
    if max(width, height) > most:
        raise EverZoomError(
            "Frames of {width} x {height} pixels are too large for a loop: use a Resolution of "
            "at most {most} x {most}, or render a video.",
            width=width,
            height=height,
            most=most,
        )
    if kind.is_even and (width % 2 or height % 2):
        raise EverZoomError(
            "Frames of {width} x {height} pixels cannot be a video of this format, whose sides "
            "are even: use a Resolution of {even_width} x {even_height}.",
            width=width,
            height=height,
            even_width=width + width % 2,
            even_height=height + height % 2,
        )
    if file_format is FileFormat.AV1 and width != height and max(width, height) < LEAST_AV1:
        raise EverZoomError(
            "Frames of {width} x {height} pixels are too small for Blender's encoder of AV1, "
            "which takes squares, or a longer side of at least {least_av1}: use a larger "
            "Resolution, or another format.",
            width=width,
            height=height,
            least_av1=LEAST_AV1 + 1,
        )
