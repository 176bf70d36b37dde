"""Of files that end too early those are taken that Blender opens whole. Touches bpy.

The truth: the whole file's pixels.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import loading, measuring
from tests.pictures import levels, paint, waves

WIDTH, HEIGHT = 50, 33

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("jpeg", {"quality": 90}),
    "jpeg progressive": ("jpeg", {"quality": 90, "progressive": True}),
    "png": ("png", {}),
    "webp": ("webp", {}),
    "webp lossless": ("webp", {"lossless": True}),
    "webp with extras": ("webp", {"exif": b"MM\0*\0\0\0\x08\0\0"}),
    "tiff": ("tiff", {}),
    "tiff in strips": ("tiff", {"strip_size": 500}),
    "tiff LZW": ("tiff", {"compression": "tiff_lzw"}),
    "tiff JPEG": ("tiff", {"compression": "jpeg"}),
}


def encoded(kind: str) -> bytes:
    noise = np.random.default_rng(3).normal(0, 0.03, (HEIGHT, WIDTH, 3))
    picture = Image.fromarray(levels(paint(waves(2, 6.0), (WIDTH, HEIGHT)) + noise))
    stream = io.BytesIO()
    name, options = KINDS[kind]
    picture.save(stream, name, **options)
    return stream.getvalue()


def pixels_of(file: Path) -> Any:
    try:
        return loading.read_pixels(file)
    except EverZoomError:
        return None


def is_taken(file: Path) -> bool:
    try:
        (found,) = measuring.measure_images([file])
    except EverZoomError as error:
        assert "export" in str(error) and file.name in str(error)
        return False
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    return True


def check(file: Path, data: bytes, whole: Any, *, must_be_taken: bool = False) -> None:
    """A file is not taken if Blender shows less than the whole picture."""
    file.write_bytes(data)
    pixels = pixels_of(file)
    has_all = pixels is not None and pixels.shape == whole.shape and bool((pixels == whole).all())
    taken = is_taken(file)
    assert has_all or not taken, len(data)
    assert taken or not must_be_taken, len(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_is_taken_only_if_nothing_is_missing(kind: str, tmp_path: Path) -> None:
    data, file = encoded(kind), tmp_path / "a.dat"
    file.write_bytes(data)
    whole = pixels_of(file)
    step = max(1, len(data) // 100)
    for length in sorted({*range(12, len(data), step), *range(len(data) - 9, len(data))}):
        check(file, data[:length], whole)


@pytest.mark.parametrize("kind", ["jpeg", "jpeg progressive"])
def test_a_jpeg_file_without_its_end_mark_is_whole(kind: str, tmp_path: Path) -> None:
    data, file = encoded(kind), tmp_path / "a.jpg"
    file.write_bytes(data)
    whole = pixels_of(file)
    assert data.endswith(b"\xff\xd9")
    for missing in (1, 2):
        check(file, data[:-missing], whole, must_be_taken=True)


@pytest.mark.parametrize("kind", ["jpeg", "jpeg progressive"])
def test_the_zeros_of_a_download_that_was_given_up_are_no_picture(
    kind: str, tmp_path: Path
) -> None:
    data, file = encoded(kind), tmp_path / "a.jpg"
    file.write_bytes(data)
    whole = pixels_of(file)
    check(file, data[:-2] + bytes(500), whole, must_be_taken=True)
    for length in range(len(data) // 3, len(data) - 3, 7):
        check(file, data[:length] + bytes(len(data) - length + 16), whole)


@pytest.mark.parametrize("kind", ["webp", "webp lossless", "tiff LZW", "tiff JPEG"])
def test_the_zeros_of_a_download_whose_length_was_known(kind: str, tmp_path: Path) -> None:
    data, file = encoded(kind), tmp_path / "a.dat"
    file.write_bytes(data)
    whole = pixels_of(file)
    for length in range(len(data) // 3, len(data) - 16, max(7, len(data) // 60)):
        check(file, data[:length] + bytes(len(data) - length), whole)


def test_a_png_file_without_its_end_mark_is_whole(tmp_path: Path) -> None:
    data, file = encoded("png"), tmp_path / "a.png"
    file.write_bytes(data)
    whole = pixels_of(file)
    assert data[-12:] == b"\0\0\0\0IEND\xaeB`\x82"
    for missing in (1, 4, 8, 12):
        check(file, data[:-missing], whole, must_be_taken=True)


@pytest.mark.parametrize("kind", ["tiff", "tiff in strips"])
def test_a_tiff_file_whose_last_strip_counts_too_many_bytes_is_whole(
    kind: str, tmp_path: Path
) -> None:
    """Some programs give the last one as many as the others."""
    data, file = bytearray(encoded(kind)), tmp_path / "a.tif"
    file.write_bytes(data)
    whole = pixels_of(file)
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    for number in range(count):
        entry = directory + 2 + 12 * number
        tag, _, length, place = struct.unpack_from("<HHII", data, entry)
        if tag == 279:
            last = entry + 8 if length == 1 else place + 4 * (length - 1)
            size = struct.unpack_from("<I", data, last)[0]
            struct.pack_into("<I", data, last, size + 5000)
    check(file, bytes(data), whole, must_be_taken=True)
