"""An animated WebP file, put together of single WebP pictures as they are. Never touches bpy.

Source: RFC 9649, 2.5 to 2.7.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from ...errors import EverZoomError

# Browsers show what is to be seen for less than that for 100 ms.
_SHORTEST = 11  # thousandths of a second
_MOST_PER_SECOND = 50  # where frames are too many for that

_LARGEST_FILE = (1 << 32) - 2
_ANIMATED = 0b00000010
_AS_IT_IS = 0b00000010  # not blended with the frame before
_PICTURE = (b"ALPH", b"VP8 ", b"VP8L")


def shown_frames(numbers: range, frames_per_second: float) -> range:
    """Those of some frames that an animation shows at their speed: at most 50 a second.

    Args:
        numbers: Of all frames.
        frames_per_second: How many there are.
    """
    if 1000.0 / frames_per_second >= _SHORTEST:
        return numbers
    shown = numbers[:: math.ceil(frames_per_second / _MOST_PER_SECOND)]
    is_short = 1000.0 * (numbers.stop - shown[-1]) / frames_per_second < _SHORTEST
    return shown[:-1] if is_short and len(shown) > 1 else shown


def write_animation(
    file: Path,
    pictures: Mapping[int, Path],
    size: tuple[int, int],
    frames_per_second: float,
    end: int,
) -> None:
    """Write pictures that follow each other, over and over.

    Args:
        file: To be written.
        pictures: WebP files without movement, all of them opaque, by the frames that they show,
            which ascend: each is seen until the next one is.
        size: Width and height of each in pixels.
        frames_per_second: A frame's time is given in thousandths of a second: none is lost over
            the length of the whole.
        end: The frame after the last one.

    Raises:
        EverZoomError: They are larger than such a file can be.
        OSError: Something cannot be read or written.
    """
    with file.open("wb") as stream:
        stream.write(b"RIFF\0\0\0\0WEBP")
        canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
        _write(stream, b"VP8X", struct.pack("<I", _ANIMATED) + canvas)
        _write(stream, b"ANIM", struct.pack("<IH", 0, 0))  # a black background, for ever
        numbers, begun = list(pictures), 0
        for number, picture in zip([*numbers[1:], end], pictures.values(), strict=True):
            ended = round(1000.0 * (number - numbers[0]) / frames_per_second)
            head = bytes(6) + canvas + (ended - begun).to_bytes(3, "little") + bytes([_AS_IT_IS])
            parts = [part for part in _parts(picture.read_bytes()) if part[:4] in _PICTURE]
            _write(stream, b"ANMF", head + b"".join(parts))
            begun = ended
        length = stream.tell() - 8
        if length > _LARGEST_FILE:
            raise EverZoomError(
                "The loop is larger than a WebP file can be, 4 GB: render fewer or smaller frames."
            )
        stream.seek(4)
        stream.write(struct.pack("<I", length))


def frames_of_animation(file: Path) -> int:
    """The number of frames of an animated WebP file; 0: it is not there or not complete."""
    try:
        data = file.read_bytes()
        if data[:4] != b"RIFF" or len(data) != 8 + int.from_bytes(data[4:8], "little"):
            return 0
        return sum(part.startswith(b"ANMF") for part in _parts(data))
    except (OSError, struct.error):
        return 0


def _write(stream: BinaryIO, name: bytes, content: bytes) -> None:
    stream.write(struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2))


def _parts(data: bytes) -> Iterator[bytes]:
    """The parts of a WebP file, with their heads."""
    place = 12
    while place < len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        end = place + 8 + length + length % 2
        yield data[place:end]
        place = end
