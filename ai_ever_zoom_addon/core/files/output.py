"""Where a zoom goes: a video file or a folder of frames. Never touches bpy."""

from __future__ import annotations

import itertools
import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ...errors import EverZoomError
from .image_file import read_header

VIDEO_SUFFIX = ".mp4"
DEFAULT_VIDEO = f"infinite_zoom{VIDEO_SUFFIX}"
FOLDER_NAME = "{folder}"  # stands for the name of the images' folder
OWN_VIDEO = f"{FOLDER_NAME}_zoom"  # no image in it would be called so
_NO_NAME = '/\\<>:"|?*'
_LONGEST_NAME = 200  # bytes of a folder, so that there is room for endings and numbers
LEAST_VIDEO_SIDE = 16  # pixels: Blender encodes no smaller ones
# What lies beside the images because a zoom was made of them, with Blender's backups of files.
_OURS = re.compile(r".*_zoom(-\d+)?\.mp4|.*\.blend\d*", re.IGNORECASE)
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


def video_pattern(text: str) -> str:
    """A name for videos, as a user has typed it, without what no file's name can have.

    Where nothing of it is left it is the usual one.
    """
    kept = "".join(sign for sign in text if sign.isprintable() and sign not in _NO_NAME)
    return kept.strip().removesuffix(VIDEO_SUFFIX).strip(" .") or OWN_VIDEO


def free_video(path: str, is_taken: Callable[[str], bool], ending: str = VIDEO_SUFFIX) -> str:
    """The path of a video, or one like it with a number at its end, that nothing else has."""
    stem = path.removesuffix(ending)
    numbered = (f"{stem}-{number}{ending}" for number in itertools.count(2))
    return next(name for name in itertools.chain([path], numbered) if not is_taken(name))


def is_ours(name: str) -> bool:
    """Whether a file is called as a zoom's video is, or as Blender's own files are."""
    return _OURS.fullmatch(name) is not None


def is_whole_picture(file: Path, size: tuple[int, int]) -> bool:
    """Whether a PNG file is there, complete and of a size (width, height) in pixels."""
    try:
        header = read_header(file)
    except EverZoomError:
        return False
    return header is not None and header.size == size and not header.is_cut


def frames_of_video(file: Path) -> int:
    """The number of frames of an MP4 file, 0 where it is not there or not complete.

    Its index, "moov", is written last. Source: ISO/IEC 14496-12, 4.2 (a file is a row of boxes,
    each led by its size and type), 8.4.3 (a track's kind), 8.7.3 (how many samples it has).
    """
    try:
        with file.open("rb") as stream:
            length = stream.seek(0, 2)
            boxes = dict(_boxes(stream, 0, length))
            tracks = [box for kind, box in _boxes(stream, *boxes[b"moov"]) if kind == b"trak"]
            media = [
                dict(_boxes(stream, *dict(_boxes(stream, *track))[b"mdia"])) for track in tracks
            ]
            counts = [_count(stream, parts) for parts in media if _kind(stream, parts) == b"vide"]
            return max(counts, default=0) if b"mdat" in boxes else 0
    except (OSError, KeyError, struct.error):
        return 0


Box = tuple[int, int]  # where what is in it starts and ends


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, Box]]:
    while start < end:
        stream.seek(start)
        head = 8
        size, kind = struct.unpack(">I4s", stream.read(8))
        if size == 1:
            head = 16
            (size,) = struct.unpack(">Q", stream.read(8))
        if size < head or start + size > end:
            raise struct.error("a box that is cut")
        yield kind, (start + head, start + size)
        start += size


def _kind(stream: BinaryIO, media: dict[bytes, Box]) -> bytes:
    stream.seek(media[b"hdlr"][0] + 8)
    return stream.read(4)


def _count(stream: BinaryIO, media: dict[bytes, Box]) -> int:
    table = dict(_boxes(stream, *dict(_boxes(stream, *media[b"minf"]))[b"stbl"]))
    stream.seek(table[b"stsz"][0] + 8)
    (count,) = struct.unpack(">I", stream.read(4))
    return int(count)


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


def is_video(output: str) -> bool:
    """Whether an output path names a video; a name without an ending is a folder of frames.

    Raises:
        EverZoomError: It has the ending of another kind of file.
    """
    path = Path(output)
    suffix = path.suffix.casefold()
    if output.endswith(("/", "\\")) or path.is_dir():
        return False
    if suffix == VIDEO_SUFFIX:
        return True
    if len(suffix) > 5 or not any(sign.isalpha() for sign in suffix):
        return False
    raise EverZoomError(
        f"The output {output} ends in {suffix}: use a name that ends in .mp4 for a video, or a "
        "folder (without an ending) for single frames."
    )


def check_frame_size(output: str, width: int, height: int) -> None:
    """Make sure that frames of a size in pixels can be written to an output.

    Raises:
        EverZoomError: They are too small for a video, or as `is_video`.
    """
    if is_video(output) and min(width, height) < LEAST_VIDEO_SIDE:
        raise EverZoomError(
            f"Frames of {width} x {height} pixels are too small for a video: use a Resolution of "
            f"at least {LEAST_VIDEO_SIDE} x {LEAST_VIDEO_SIDE}, or render to a folder of frames."
        )
