"""Pictures with opacity as the bytes of image files, fast, in threads of their own. No bpy.

Sources: PNG, W3C Recommendation (Third Edition); OpenEXR File Layout (openexr.com).
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BRIGHTEST = 65504.0  # that half precision has, as Blender's textures do
_COLOUR = {3: 2, 4: 6}  # what PNG calls RGB and RGBA
_EXR_LINES = 16  # of one block, with the compression that is called ZIP
_EXR_FLOAT, _EXR_ZIP = 2, 3


def png_bytes(pixels: NDArray[np.uint8], *, is_packed: bool = True) -> bytes:
    """A PNG file of RGB or RGBA pixels.

    Args:
        pixels: Shape (height, width, 3 or 4), 0 to 255, opacity not multiplied in.
        is_packed: Whether it is to be small, or made and read fast.
    """
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    filtered = np.empty((height, 1 + width * channels), np.uint8)
    if is_packed:
        filtered[:, 0] = 2  # "Up": each row as its difference to the one above
        filtered[0, 1:] = rows[0]
        np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    else:
        filtered[:, 0] = 0
        filtered[:, 1:] = rows

    def chunk(name: bytes, data: bytes) -> tuple[bytes, ...]:
        check = zlib.crc32(data, zlib.crc32(name))
        return struct.pack(">I", len(data)), name, data, struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    parts = (
        *chunk(b"IHDR", head),
        *chunk(b"IDAT", _packed(filtered) if is_packed else zlib.compress(filtered.data, 0)),
        *chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _packed(rows: NDArray[np.uint8]) -> bytes:
    """Filtered rows, packed in two thirds of the time of zlib's fastest level.

    Only what repeats at once is looked for, as of areas of one colour: photos come out smaller all
    the same, drawings up to a third larger.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, strategy=zlib.Z_RLE)
    return packer.compress(rows.data) + packer.flush()


def is_rgb_png(file: Path) -> bool:
    """Whether a file of `png_bytes` has no opacity."""
    with file.open("rb") as stream:
        return stream.read(26)[25:] == bytes([_COLOUR[3]])


def exr_bytes(pixels: NDArray[np.float32]) -> bytes:
    """An OpenEXR file, in single precision, of RGBA pixels, shape (height, width, 4).

    The values are stored as they are: by custom, opacity is multiplied in. Half precision would
    leave 11 bits of a fine gradient of 16.
    """
    height, width, _ = pixels.shape
    values = np.clip(pixels, -_BRIGHTEST, _BRIGHTEST).astype("<f4")
    lines = values[..., ::-1].transpose(0, 2, 1)  # each line: all of A, then of B, G and R
    blocks = []
    for top in range(0, height, _EXR_LINES):
        raw = lines[top : top + _EXR_LINES].tobytes()
        # All first bytes of the numbers, then all second ones, each as its difference to the last.
        parted = np.frombuffer(raw, np.uint8).reshape(-1, 2).T.ravel()
        apart = np.concatenate([parted[:1], parted[1:] - parted[:-1] + np.uint8(128)])
        packed = zlib.compress(apart.tobytes(), 1)
        data = packed if len(packed) < len(raw) else raw
        blocks.append(struct.pack("<ii", top, len(data)) + data)

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value

    channels = b"".join(
        name + b"\0" + struct.pack("<iiii", _EXR_FLOAT, 0, 1, 1)
        for name in (b"A", b"B", b"G", b"R")
    )
    window = struct.pack("<iiii", 0, 0, width - 1, height - 1)
    head = (
        struct.pack("<ii", 20000630, 2)
        + attribute("channels", "chlist", channels + b"\0")
        + attribute("compression", "compression", bytes([_EXR_ZIP]))
        + attribute("dataWindow", "box2i", window)
        + attribute("displayWindow", "box2i", window)
        + attribute("lineOrder", "lineOrder", b"\0")
        + attribute("pixelAspectRatio", "float", struct.pack("<f", 1.0))
        + attribute("screenWindowCenter", "v2f", struct.pack("<ff", 0.0, 0.0))
        + attribute("screenWindowWidth", "float", struct.pack("<f", 1.0))
        + b"\0"
    )
    sizes = [len(block) for block in blocks]
    first = len(head) + 8 * len(blocks)
    starts = first + np.concatenate([[0], np.cumsum(sizes[:-1])])
    return head + starts.astype("<u8").tobytes() + b"".join(blocks)
