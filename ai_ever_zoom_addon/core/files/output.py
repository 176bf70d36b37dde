"""Where a zoom goes: a video file or a folder of frames. Never touches bpy."""

from __future__ import annotations

import struct
from pathlib import Path

from ...errors import EverZoomError
from .image_file import read_header

VIDEO_SUFFIX = ".mp4"
FRAME_NAME = "frame_#####"  # Blender puts the frame's number in place of the signs


def is_whole_picture(file: Path, size: tuple[int, int]) -> bool:
    """Whether a PNG file is there, complete and of a size (width, height) in pixels."""
    try:
        header = read_header(file)
    except EverZoomError:
        return False
    return header is not None and header.size == size and not header.is_cut


def is_whole_video(file: Path) -> bool:
    """Whether an MP4 file is there and complete: its index, "moov", is written last.

    Source: ISO/IEC 14496-12, 4.2: a file is a row of boxes, each led by its size and type.
    """
    try:
        with file.open("rb") as stream:
            length = stream.seek(0, 2)
            position, kinds = 0, set()
            while position < length:
                stream.seek(position)
                size, kind = struct.unpack(">I4s", stream.read(8))
                if size == 1:
                    (size,) = struct.unpack(">Q", stream.read(8))
                if size < 8:
                    return False
                kinds.add(kind)
                position += size
    except (OSError, struct.error):
        return False
    return position == length and {b"mdat", b"moov"} <= kinds


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
