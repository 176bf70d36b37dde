"""What a file's own bytes say about an image, without decoding it. Never touches bpy.

Headers say sizes, so that a zoom of a hundred large images can be planned before one of them is
decoded, how pictures are to be turned, what their colours mean, and whether files end too early:
Blender shows some of those with a grey or black rest.
Formats that are not known here are left to Blender's own reader.

Sources: PNG, W3C Recommendation (Third Edition), 5 and 11; JPEG, ITU-T T.81, Annex B; WebP,
RFC 9649, 2; TIFF, Revision 6.0, 2 and 15; Exif 3.0, 4.7.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...errors import UnusableError
from ...texts import Text
from .orientation import UPRIGHT, orientation_in, upright_size
from .profiles import Profile, read_cicp, read_gamma, read_icc
from .stated import Stated, read_stated

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
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pdd",
        ".png",
        ".psb",
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

# Pictures that Blender does not read, by the endings of their names.
UNREAD_SUFFIXES = {
    suffix: kind
    for kind, suffixes in {
        "GIF": ".gif",
        "HEIC": ".heic .heif .hif",
        "JPEG XL": ".jxl",
        "SVG": ".svg .svgz",
        "PDF": ".pdf",
        "RAW": ".arw .cr2 .cr3 .dng .nef .nrw .orf .pef .raf .rw2 .srw",
        "XCF": ".xcf",
        "KRA": ".kra",
        "ICO": ".ico",
    }.items()
    for suffix in suffixes.split()
}

# The same by how they begin, whatever their names say.
_UNREAD_BEGINNINGS = {
    "GIF": re.compile(rb"GIF8[79]a"),
    "HEIC": re.compile(rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)(?!....avif)", re.DOTALL),
    "JPEG XL": re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "),
    "SVG": re.compile(rb"\s*<(svg|\?xml|!DOCTYPE svg)"),
    "PDF": re.compile(rb"%PDF-"),
}

CONVERT = Text("convert them to PNG or JPEG")

_PNG_EXTRAS = frozenset({b"eXIf", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
_LARGEST_PROFILE = 1 << 24  # bytes
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # after a scan's pixels
_JPEG_SIGNATURE, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
_FEWEST_ZEROS = 16  # that no encoder writes
_JPEG_PROGRESSIVE_MARKERS = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_JPEG_MARKERS_WITHOUT_LENGTH = frozenset(range(0xD0, 0xD9)) | {0x01}
_WEBP_PICTURES = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_EXIF_MARK = b"Exif\0\0"
_ICC_MARK = b"ICC_PROFILE\0"
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_STRIPS, _TIFF_TILES = (273, 279), (324, 325)  # where pixels are, and how many bytes
_TIFF_COMPRESSION, _TIFF_PLAIN = 259, 1
_TIFF_PROFILE = 34675
_TIFF_BITS, _TIFF_ROWS, _TIFF_PLANES = 258, 278, 284
_TIFF_TAGS = frozenset(
    {
        *(_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_COMPRESSION, _TIFF_BITS, _TIFF_ROWS, _TIFF_PLANES),
        *(*_TIFF_STRIPS, *_TIFF_TILES),
    }
)
_TIFF_SIZES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8), start=1))  # of kinds of numbers
_TIFF_KINDS = {3: "H", 4: "I"}


@dataclass(frozen=True)
class Header:
    """What a file says about its picture.

    Attributes:
        width, height: Of the upright picture, in pixels.
        orientation: How the stored picture is to be turned, see `orientation`.
        profile: What its colours mean; None: sRGB, or it does not say.
        is_cut: By what it says, the file should be longer. Whether the picture misses anything by
            that, only decoding it tells.
        is_deep: It has more than 8 bits for a value.
        is_cmyk: It is a JPEG file of four inks, of which every program makes other colours.
    """

    width: int
    height: int
    orientation: int = UPRIGHT
    profile: Profile | None = None
    is_cut: bool = False
    is_deep: bool = False
    is_cmyk: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


@dataclass
class _Parts:
    """What was found in a file, as it is stored."""

    size: tuple[int, int] | None = None
    exif: bytes = b""
    icc: bytes = b""
    profile: Profile | None = None  # that is written down otherwise
    is_cut: bool = False
    is_deep: bool = False
    is_cmyk: bool = False


def read_header(path: Path) -> Header | None:
    """What a file says about its picture, or None where only Blender can tell.

    Raises:
        UnusableError: The file cannot be read, is empty, ends before its picture does, or is of a
            kind that Blender does not read.
    """
    found = look(path)
    return found if isinstance(found, Header) else None


def header_of(name: str, data: bytes) -> Header | None:
    """`read_header` of the bytes of a file.

    Args:
        name: The file's, for errors.
        data: All of it.
    """
    found = look_at(name, data)
    return found if isinstance(found, Header) else None


def look(path: Path) -> Header | Stated | None:
    """`read_header`, with what is known of formats that only Blender reads."""
    try:
        state = path.stat()
        return _look(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        wrong = Text("cannot be read ({reason}): check the file", reason=error.strerror)
        raise UnusableError(path.name, wrong) from error


@lru_cache(maxsize=4096)
def _look(path: Path, _size: int, _time: int) -> Header | Stated | None:
    return look_at(path.name, path.read_bytes())


def look_at(name: str, data: bytes) -> Header | Stated | None:
    """`look` at the bytes of a file."""
    if not data:
        raise UnusableError(name, "is an empty file: export it again")
    try:
        if data.startswith(_PNG_SIGNATURE):
            parts = _read_png(data)
        elif is_jpeg(data):
            parts = _read_jpeg(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            parts = _read_webp(data)
        elif data[:4] in _TIFF_SIGNATURES:
            parts = _read_tiff(data)
        else:
            _check_kind(name, data)
            stated = read_stated(name, data)
            if stated is not None and stated.end > len(data):
                raise ValueError("pixels are cut off")
            return stated
        if parts.size is None or 0 in parts.size:
            raise ValueError("no size")
    except (struct.error, LookupError, ValueError, ZeroDivisionError):
        raise incomplete(name) from None
    orientation = orientation_in(parts.exif.removeprefix(_EXIF_MARK))
    size = upright_size(*parts.size, orientation)
    profile = parts.profile or read_icc(parts.icc)
    return Header(*size, orientation, profile, parts.is_cut, parts.is_deep, parts.is_cmyk)


def _check_kind(name: str, data: bytes) -> None:
    for kind, beginning in _UNREAD_BEGINNINGS.items():
        if beginning.match(data):
            raise UnusableError(
                name,
                Text(
                    "is a {kind} file, which Blender does not read: convert it to PNG or JPEG",
                    kind=kind,
                ),
            )


def incomplete(name: str) -> UnusableError:
    """The error for an image that misses some of its picture."""
    return UnusableError(name, "is incomplete: export or download it again")


def is_jpeg(data: bytes) -> bool:
    """Whether a file is one of JPEG's, by how it begins."""
    return data.startswith(_JPEG_SIGNATURE)


def trimmed(data: bytes) -> bytes:
    """The bytes of a file that ends too early, without what is no part of its picture.

    That is an end mark of JPEG, or half of it, or the zeros of a download that was given up. Where
    a file says how long it is, there is something else instead of them.
    """
    if is_jpeg(data):
        end = data.find(_JPEG_END, data.rfind(_JPEG_SCAN))
        data = data if end < 0 else data[:end]
    rest = data.rstrip(b"\0")
    zeros = len(data) - len(rest)
    if zeros < _FEWEST_ZEROS:
        return data.removesuffix(b"\xff") if is_jpeg(data) else data
    if is_jpeg(data):
        return rest
    return rest + b"\x55" * zeros if data[:4] in (b"RIFF", *_TIFF_SIGNATURES) else data


def _read_png(data: bytes) -> _Parts:
    parts = _Parts(size=struct.unpack(">II", data[16:24]), is_deep=data[24] > 8)
    chunks: dict[bytes, bytes] = {}
    position = len(_PNG_SIGNATURE)
    while position < len(data):
        length, name = struct.unpack(">I4s", data[position : position + 8].ljust(8))
        begin, position = position + 8, position + 12 + length
        if name in _PNG_EXTRAS:
            chunks.setdefault(name, data[begin : begin + length])
        if name == b"IEND" and position <= len(data):
            break
    else:
        parts.is_cut = True
    parts.exif = chunks.get(b"eXIf", b"")
    _read_png_colours(parts, chunks)
    return parts


def _read_png_colours(parts: _Parts, chunks: Mapping[bytes, bytes]) -> None:
    """The first of these counts: cICP, iCCP, sRGB, gAMA and cHRM."""
    with contextlib.suppress(struct.error, zlib.error):  # damaged: Blender passes over them, too
        if b"cICP" in chunks:
            parts.profile = read_cicp(*struct.unpack_from("BB", chunks[b"cICP"]))
        elif b"iCCP" in chunks:
            packed = chunks[b"iCCP"].partition(b"\0")[2][1:]
            parts.icc = zlib.decompressobj().decompress(packed, _LARGEST_PROFILE)
        elif b"sRGB" not in chunks:
            gamma = chunks.get(b"gAMA")
            places = chunks.get(b"cHRM")
            parts.profile = read_gamma(
                struct.unpack(">I", gamma)[0] / 100000.0 if gamma else None,
                tuple(n / 100000.0 for n in struct.unpack(">8I", places)) if places else (),
            )


def _read_jpeg(data: bytes) -> _Parts:
    parts = _Parts()
    is_progressive = False
    profile: dict[int, bytes] = {}  # in parts, by their numbers
    position = 2
    while True:
        while data[position] != 0xFF:
            position += 1
        marker = data[position + 1]
        position += 1 if marker == 0xFF else 2
        if marker == 0xFF or marker in _JPEG_MARKERS_WITHOUT_LENGTH:
            continue
        if marker == 0xDA:  # the picture itself; inside it 0xFF is escaped, so 0xFFD9 is its end
            parts.is_cut = data.find(_JPEG_END, position) < 0
            if parts.is_cut and is_progressive:
                _check_scans(data, position - 2)
            parts.icc = b"".join(profile[number] for number in sorted(profile))
            return parts
        (length,) = struct.unpack(">H", data[position : position + 2])
        content = data[position + 2 : position + length]
        if marker in _JPEG_FRAME_MARKERS:
            height, width = struct.unpack(">HH", content[1:5])
            parts.size = width, height
            parts.is_cmyk = content[5] == 4  # components
            is_progressive = marker in _JPEG_PROGRESSIVE_MARKERS
        elif marker == 0xE1 and content.startswith(_EXIF_MARK):
            parts.exif = parts.exif or content
        elif marker == 0xE2 and content.startswith(_ICC_MARK):
            profile[content[len(_ICC_MARK)]] = content[len(_ICC_MARK) + 2 :]
        position += length


def _check_scans(data: bytes, position: int) -> None:
    """Go through a progressive file from its first scan to its end.

    Raises:
        ValueError: Scans are missing: those that are there do not give all bits of all frequencies.
    """
    missing: dict[int, dict[int, int]] = {}  # bits, by component and frequency
    while position < len(data):
        marker = data[position + 1]
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        content = data[position + 4 : position + 2 + length]
        position += 2 + length
        if marker != 0xDA:
            continue
        components = content[1 : 1 + 2 * content[0] : 2]
        first, last, bits = content[-3:]
        for component in components:
            known = missing.setdefault(component, dict.fromkeys(range(64), 255))
            known |= dict.fromkeys(range(first, last + 1), bits & 15)
        following = _JPEG_MARKER.search(data, position)
        position = following.start() if following else len(data)
    if any(any(known.values()) for known in missing.values()):
        raise ValueError("scans are missing")


def _read_webp(data: bytes) -> _Parts:
    (length,) = struct.unpack("<I", data[4:8])
    parts = _Parts(is_cut=length + 8 > len(data) or data.endswith(bytes(_FEWEST_ZEROS)))
    for name, content in _webp_chunks(data):
        if name == b"VP8X":
            if len(content) < 10:
                raise ValueError("the header is cut off")
            parts.size = (
                int.from_bytes(content[4:7], "little") + 1,
                int.from_bytes(content[7:10], "little") + 1,
            )
        elif name == b"VP8L" and parts.size is None:
            bits = int.from_bytes(content[1:5], "little")
            parts.size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"VP8 " and parts.size is None:
            width, height = struct.unpack("<HH", content[6:10])
            parts.size = width & 0x3FFF, height & 0x3FFF
        elif name == b"EXIF":
            parts.exif = content
        elif name == b"ICCP":
            parts.icc = content
    return parts


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack("<4sI", data[position : position + 8])
        if name in _WEBP_PICTURES and position + 8 + length > len(data):
            raise ValueError("the picture is cut off")
        yield name, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def _check_strips(data: bytes, tags: Mapping[int, tuple[int, ...]]) -> None:
    """Some programs give the last strip as many bytes as the others, though it has fewer rows.

    Raises:
        ValueError: Pixels are cut off, or packed, when Blender unpacks nothing of what is cut.
    """
    height, width = tags[_TIFF_HEIGHT][0], tags[_TIFF_WIDTH][0]
    if tags.get(_TIFF_COMPRESSION, (_TIFF_PLAIN,)) != (_TIFF_PLAIN,) or _TIFF_TILES[0] in tags:
        raise ValueError("packed pixels are cut off")
    bits = tags.get(_TIFF_BITS, (1,))
    is_apart = tags.get(_TIFF_PLANES, (1,)) == (2,)
    row = -(-width * (bits[0] if is_apart else sum(bits)) // 8)
    rows = min(tags.get(_TIFF_ROWS, (height,))[0], height)
    strips = -(-height // rows)  # of each plane
    for number, offset in enumerate(tags[_TIFF_STRIPS[0]]):
        if offset + row * min(rows, height - rows * (number % strips)) > len(data):
            raise ValueError("pixels are cut off")


def _read_tiff(data: bytes) -> _Parts:
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    parts = _Parts(exif=data)
    tags: dict[int, tuple[int, ...]] = {}
    ends = [directory + 2 + 12 * count]
    for number in range(count):
        entry = directory + 2 + 12 * number
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        size = length * _TIFF_SIZES.get(kind, 0)
        place = entry + 8
        if size > 4:
            (place,) = struct.unpack_from(order + "I", data, place)
        ends.append(place + size)
        if place + size > len(data):
            parts.is_cut = True
        elif tag == _TIFF_PROFILE:
            parts.icc = data[place : place + size]
        elif tag in _TIFF_TAGS and kind in _TIFF_KINDS:
            tags[tag] = struct.unpack_from(f"{order}{length}{_TIFF_KINDS[kind]}", data, place)
    for offsets, sizes in (_TIFF_STRIPS, _TIFF_TILES):
        for offset, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False):
            parts.is_cut |= offset + size > len(data)
    if parts.is_cut:
        _check_strips(data, tags)
    is_packed = tags.get(_TIFF_COMPRESSION, (_TIFF_PLAIN,)) != (_TIFF_PLAIN,)
    if is_packed and data.endswith(bytes(_FEWEST_ZEROS)):
        if max(ends) >= len(data.rstrip(b"\0")) + _FEWEST_ZEROS:
            raise ValueError("tags are missing")
        parts.is_cut = True
    parts.size = tags[_TIFF_WIDTH][0], tags[_TIFF_HEIGHT][0]
    parts.is_deep = max(tags.get(_TIFF_BITS, (1,))) > 8
    return parts
