"""What a file says of a picture that only Blender decodes: its size, and where it should end.

A reader that stops early shows a black rest, and one that is asked for a hundred thousand pixels a
side asks for all of the memory. Never touches bpy.

Sources: Truevision TGA File Format Specification 2.0; SMPTE 268M (DPX); Kodak Cineon Digital Film
Formats 4.5; Microsoft, DDS Programming Guide and BITMAPINFOHEADER; Adobe Photoshop File Formats;
SGI Image File Format 1.0; OpenEXR, Technical Introduction; ISO/IEC 15444-1 (JPEG 2000) and 23008-12
(AVIF's ispe).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

_LAST_TGA_HEADER_BYTE = 18
_TGA_PLAIN, _TGA_PACKED = (1, 2, 3), (9, 10, 11)
# How many bytes a block of 4x4 pixels takes, by the kind of its code, or by the number that DXGI
# gives the format.
_DDS_BLOCKS = {
    **dict.fromkeys((b"DXT1", b"ATI1", b"BC4U", b"BC4S"), 8),
    **dict.fromkeys((b"DXT2", b"DXT3", b"DXT4", b"DXT5", b"ATI2", b"BC5U", b"BC5S"), 16),
}
_DXGI_BLOCKS = {
    **dict.fromkeys((70, 71, 72, 79, 80, 81), 8),
    **dict.fromkeys((*range(73, 79), 82, 83, 84, *range(94, 100)), 16),
}
_DDS_UNPACKED = 0x40 | 0x20000  # flags of plain colours and greys
_DPX_COMPONENTS = {50: 3, 51: 4, 52: 4}
_HDR_SIZE = re.compile(rb"\n[-+]Y (\d{1,9}) [-+]X (\d{1,9})\s")


@dataclass(frozen=True)
class Stated:
    """What a file says of its picture.

    Attributes:
        width, height: In pixels.
        is_deep: It has more than 8 bits for a value: Blender then keeps four times as much.
        end: Of the picture in the file, in bytes; 0: that is not known.
    """

    width: int
    height: int
    is_deep: bool = False
    end: int = 0


def read_stated(name: str, data: bytes) -> Stated | None:
    """What a file says; None where its kind is not known here.

    Raises:
        struct.error, LookupError, ValueError: It ends before it says so.
    """
    for beginning, reader in _READERS.items():
        if data.startswith(beginning):
            return reader(data)
    if data[4:12] in (b"jP  \r\n\x87\n", b"ftypavif", b"ftypavis"):
        return _read_boxes(data)
    if name.casefold().endswith(".tga"):
        return _read_tga(data)
    return None


def _read_tga(data: bytes) -> Stated:
    """Packed pixels are gone through, packet by packet: nothing else says where they end."""
    about, _, kind, _, colours, bits, *_, width, height, depth, _ = struct.unpack_from(
        "<BBBHHBHHHHBB", data
    )
    place = _LAST_TGA_HEADER_BYTE + about + colours * -(-bits // 8)
    pixel, count = -(-depth // 8), width * height
    if kind in _TGA_PLAIN:
        return Stated(width, height, end=place + pixel * count)
    if kind in _TGA_PACKED:
        while count > 0 and place < len(data):
            packet = data[place]
            length = (packet & 127) + 1
            place += 1 + pixel * (1 if packet & 128 else length)
            count -= length
        place += count > 0
    return Stated(width, height, end=place)


def _read_dds(data: bytes) -> Stated:
    height, width = struct.unpack_from("<II", data, 12)
    flags, code, bits = struct.unpack_from("<I4sI", data, 80)
    blocks = -(-width // 4) * -(-height // 4)
    if code == b"DX10":
        (number,) = struct.unpack_from("<I", data, 128)
        length = _DXGI_BLOCKS.get(number)
        return Stated(width, height, end=148 + blocks * length if length else 0)
    if code in _DDS_BLOCKS:
        return Stated(width, height, end=128 + blocks * _DDS_BLOCKS[code])
    if flags & _DDS_UNPACKED:
        return Stated(width, height, end=128 + width * height * bits // 8)
    return Stated(width, height)


def _row_length(values: int, bits: int, packing: int) -> int:
    """Bytes of a row of so many values in DPX and Cineon files, whose words have four."""
    if bits == 10 and packing:
        return -(-values // 3) * 4
    if bits == 16 or (bits == 12 and packing):
        return values * 2
    return -(-values * bits // 32) * 4


def _read_dpx(data: bytes) -> Stated:
    order = ">" if data.startswith(b"SDPX") else "<"
    (place,) = struct.unpack_from(order + "I", data, 4)
    width, height = struct.unpack_from(order + "II", data, 772)
    kind, bits, packing = struct.unpack_from(order + "BxxBH", data, 800)
    row = _row_length(width * _DPX_COMPONENTS.get(kind, 1), bits, packing)
    return Stated(width, height, is_deep=bits > 8, end=place + row * height)


def _read_cineon(data: bytes) -> Stated:
    order = ">" if data.startswith(b"\x80") else "<"
    (place,) = struct.unpack_from(order + "I", data, 4)
    width, height = struct.unpack_from(order + "II", data, 200)
    row = _row_length(width * data[193], data[198], 1)
    return Stated(width, height, is_deep=True, end=place + row * height)


def _read_bmp(data: bytes) -> Stated:
    (length,) = struct.unpack_from("<I", data, 14)
    kind, place = ("<HH", 18) if length == 12 else ("<ii", 18)
    width, height = struct.unpack_from(kind, data, place)
    return Stated(abs(width), abs(height))


def _read_psd(data: bytes) -> Stated:
    height, width, depth = struct.unpack_from(">IIH", data, 14)
    return Stated(width, height, is_deep=depth > 8)


def _read_hdr(data: bytes) -> Stated:
    found = _HDR_SIZE.search(data, 0, 1 << 16)
    if found is None:
        raise ValueError("no size")
    return Stated(int(found[2]), int(found[1]), is_deep=True)


def _read_sgi(data: bytes) -> Stated:
    width, height = struct.unpack_from(">HH", data, 6)
    return Stated(width, height, is_deep=data[3] > 1)


def _read_exr(data: bytes) -> Stated:
    place = data.index(b"dataWindow\0box2i\0", 0, 1 << 20) + 17 + 4
    left, top, right, bottom = struct.unpack_from("<iiii", data, place)
    return Stated(right - left + 1, bottom - top + 1, is_deep=True)


def _read_codestream(data: bytes) -> Stated:
    right, bottom, left, top = struct.unpack_from(">IIII", data, 8)
    return Stated(right - left, bottom - top)


def _read_boxes(data: bytes) -> Stated:
    if data[4:8] == b"ftyp":
        width, height = struct.unpack_from(">II", data, data.index(b"ispe") + 8)
        return Stated(width, height)
    height, width, _, bits = struct.unpack_from(">IIHB", data, data.index(b"ihdr") + 4)
    return Stated(width, height, is_deep=bits & 127 > 7)


# By how files begin.
_READERS: dict[bytes, Callable[[bytes], Stated]] = {
    b"DDS ": _read_dds,
    b"SDPX": _read_dpx,
    b"XPDS": _read_dpx,
    b"\x80\x2a\x5f\xd7": _read_cineon,
    b"\xd7\x5f\x2a\x80": _read_cineon,
    b"BM": _read_bmp,
    b"8BPS": _read_psd,
    b"#?RADIANCE": _read_hdr,
    b"#?RGBE": _read_hdr,
    b"\x01\xda": _read_sgi,
    b"\x76\x2f\x31\x01": _read_exr,
    b"\xff\x4f\xff\x51": _read_codestream,
}
