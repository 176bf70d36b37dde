"""Image files as bytes, read back here by hand."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.files.image_writing import exr_bytes, png_bytes

RANDOM = np.random.default_rng(7)


def read_png(data: bytes) -> NDArray[np.uint8]:
    """8-bit RGB or RGBA with the filters "None" and "Up"."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, {}
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (check,) = struct.unpack_from(">I", data, position + 8 + length)
        assert check == zlib.crc32(kind + body)
        chunks[kind] = body
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    channels = {2: 3, 6: 4}[colour]
    assert (depth, rest) == (8, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    result = np.zeros((height, width * channels), np.uint8)
    for number, row in enumerate(rows):
        above = result[number - 1] if number and row[0] == 2 else 0
        result[number] = row[1:] + above
    return result.reshape(height, width, channels)


def read_exr(data: bytes) -> NDArray[np.float32]:
    """Single precision, ZIP, channels A, B, G and R."""
    assert data[:8] == struct.pack("<ii", 20000630, 2)
    position, head = 8, {}
    while data[position]:
        name, kind, _ = data[position:].split(b"\0", 2)
        position += len(name) + len(kind) + 2
        (length,) = struct.unpack_from("<i", data, position)
        head[name.decode()] = data[position + 4 : position + 4 + length]
        position += 4 + length
    position += 1
    left, top, right, bottom = struct.unpack("<iiii", head["dataWindow"])
    assert (left, top) == (0, 0)
    assert head["displayWindow"] == head["dataWindow"]
    assert head["compression"] == b"\3"
    assert head["channels"][0::18] == b"ABGR\0"
    width, height = right + 1, bottom + 1
    lines = []
    starts = struct.unpack_from(f"<{-(-height // 16)}Q", data, position)
    assert starts[0] == position + 8 * len(starts)
    for number, start in enumerate(starts):
        line, length = struct.unpack_from("<ii", data, start)
        assert line == 16 * number
        count = min(16, height - line)
        block = data[start + 8 : start + 8 + length]
        if length < count * width * 16:
            apart = np.frombuffer(zlib.decompress(block), np.uint8)
            values = np.cumsum(np.r_[apart[:1].astype(int), apart[1:].astype(int) - 128]) % 256
            block = values.astype(np.uint8).reshape(2, -1).T.tobytes()
        lines.append(np.frombuffer(block, "<f4").reshape(count, 4, width))
    return np.concatenate(lines).transpose(0, 2, 1)[..., ::-1]


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 33)])
@pytest.mark.parametrize("channels", [3, 4])
def test_png(size: tuple[int, int], channels: int) -> None:
    pixels = RANDOM.integers(0, 256, (size[1], size[0], channels), np.uint8)
    for is_packed in (True, False):
        assert (read_png(png_bytes(pixels, is_packed=is_packed)) == pixels).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 33)])
def test_exr(size: tuple[int, int]) -> None:
    noise = RANDOM.normal(0.0, 10.0, (size[1], size[0], 4)).astype(np.float32)
    smooth = np.full_like(noise, 0.25)  # the one packs, the other does not
    for pixels in (noise, smooth):
        assert (read_exr(exr_bytes(pixels)) == pixels).all()


def test_what_is_too_bright_stays_finite() -> None:
    pixels = np.full((2, 2, 4), [1e9, -1e9, np.inf, 1.0], np.float32)
    assert read_exr(exr_bytes(pixels))[0, 0].tolist() == [65504.0, -65504.0, 65504.0, 1.0]
