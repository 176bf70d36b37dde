"""What a file's own bytes say about an image, without decoding it. Never touches bpy.

Sizes are read from the header, so that a zoom of a hundred large images can be planned before one
of them is decoded, and files that end too early are found: Blender shows those with a grey or black
rest.
Formats that are not known here are left to Blender's own reader.

Sources: PNG, W3C Recommendation (Third Edition), 5; JPEG, ITU-T T.81, Annex B; WebP, RFC 9649, 2;
TIFF, Revision 6.0, 2 and 15.
"""

from __future__ import annotations

import struct
from pathlib import Path

from ...errors import EverZoomError

# Everything that Blender reads as a still image (Image Editor > Open).
IMAGE_SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".cin",
        ".dds",
        ".dpx",
        ".exr",
        ".hdr",
        ".j2c",
        ".j2k",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".png",
        ".psd",
        ".rgb",
        ".rgba",
        ".sgi",
        ".tga",
        ".tif",
        ".tiff",
        ".tx",
        ".webp",
    }
)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_MARKERS_WITHOUT_LENGTH = frozenset(range(0xD0, 0xD9)) | {0x01}
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_STRIPS, _TIFF_TILES = (273, 279), (324, 325)  # where pixels are, and how many bytes
_TIFF_TAGS = frozenset({_TIFF_WIDTH, _TIFF_HEIGHT, *_TIFF_STRIPS, *_TIFF_TILES})
_TIFF_SIZES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8), start=1))  # of kinds of numbers
_TIFF_KINDS = {3: "H", 4: "I"}


def read_size(path: Path) -> tuple[int, int] | None:
    """Width and height of an image in pixels, or None where only Blender can tell.

    Raises:
        EverZoomError: The file cannot be read, is empty, or ends before the image does.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EverZoomError(
            f"The image {path.name} cannot be read ({error.strerror}): check the file."
        ) from error
    if not data:
        raise EverZoomError(
            f"The image {path.name} is an empty file: export it again or remove it."
        )
    try:
        if data.startswith(_PNG_SIGNATURE):
            return _png_size(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
        if data[:4] in (b"II*\0", b"MM\0*"):
            return _tiff_size(data)
    except (struct.error, IndexError, ValueError):
        raise EverZoomError(
            f"The image {path.name} is incomplete: export or download it again, or remove it."
        ) from None
    return None


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", data[16:24])
    position = len(_PNG_SIGNATURE)
    while True:  # walk the chunks to the last one
        length, name = struct.unpack(">I4s", data[position : position + 8])
        position += 12 + length
        if position > len(data):
            raise ValueError("a chunk is cut off")
        if name == b"IEND":
            return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    position = 2
    while True:
        while data[position] != 0xFF:
            position += 1
        marker = data[position + 1]
        position += 1 if marker == 0xFF else 2
        if marker == 0xFF or marker in _JPEG_MARKERS_WITHOUT_LENGTH:
            continue
        if marker == 0xDA:  # the picture itself; inside it 0xFF is escaped, so 0xFFD9 is its end
            data.index(b"\xff\xd9", position)
            if size is None:
                raise ValueError("no frame header")
            return size
        (length,) = struct.unpack(">H", data[position : position + 2])
        if marker in _JPEG_FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[position + 3 : position + 7])
            size = width, height
        position += length


def _webp_size(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack("<I", data[4:8])
    if length + 8 > len(data):
        raise ValueError("the container is cut off")
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _tiff_size(data: bytes) -> tuple[int, int]:
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    tags: dict[int, tuple[int, ...]] = {}
    for number in range(count):
        entry = directory + 2 + 12 * number
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        size = length * _TIFF_SIZES.get(kind, 0)
        place = entry + 8
        if size > 4:
            (place,) = struct.unpack_from(order + "I", data, place)
            if place + size > len(data):
                raise ValueError("a value is cut off")
        if tag in _TIFF_TAGS and kind in _TIFF_KINDS:
            tags[tag] = struct.unpack_from(f"{order}{length}{_TIFF_KINDS[kind]}", data, place)
    for offsets, sizes in (_TIFF_STRIPS, _TIFF_TILES):
        for offset, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False):
            if offset + size > len(data):
                raise ValueError("pixels are cut off")
    if not {_TIFF_WIDTH, _TIFF_HEIGHT} <= tags.keys():
        raise ValueError("no size")
    return tags[_TIFF_WIDTH][0], tags[_TIFF_HEIGHT][0]
