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
from tests.pictures import levels, paint, save, waves
from tests.scene.command import PLAIN, SIZE, Run, view

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


JPEGS: dict[str, dict[str, Any]] = {
    "fine colours": {"subsampling": 0},
    "coarse colours": {"subsampling": 2},
    "restarts": {"restart_marker_blocks": 3},
}


def jpeg_of(picture: Any, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "jpeg", quality=90, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("is_grey", [False, True])
def test_a_jpeg_file_with_an_end_mark_that_comes_too_early(
    kind: str, is_grey: bool, tmp_path: Path
) -> None:
    picture = levels(paint(waves(2, 6.0), (WIDTH, HEIGHT)))
    data = jpeg_of(picture[..., 0] if is_grey else picture, JPEGS[kind])
    file = tmp_path / "a.jpg"
    file.write_bytes(data)
    whole = pixels_of(file)
    start = data.index(b"\xff\xda") + 20
    taken = []
    for length in range(start, len(data) - 2, 11):
        file.write_bytes(data[:length].rstrip(b"\xff") + b"\xff\xd9")
        pixels = pixels_of(file)
        if pixels is not None:
            taken.append(length)
            missing = (pixels != whole).any(axis=2)
            missing[-2:, -3:] = False  # the last block, and what bleeds out of it: it has begun
            assert not missing.any(), (length, len(data))
    assert not taken or taken[0] > start + (len(data) - start) // 2


def test_a_jpeg_file_that_ends_in_the_grey_of_missing_blocks_is_whole(tmp_path: Path) -> None:
    picture = levels(paint(waves(2, 6.0), (WIDTH, HEIGHT)))
    picture[16:] = 128
    file = tmp_path / "a.jpg"
    for more in (b"", b"more", bytes(500)):
        file.write_bytes(jpeg_of(picture, {}) + more)
        assert pixels_of(file) is not None


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


def test_an_image_whose_pixels_stop_before_its_end_mark_is_left_out(
    run: Run, tmp_path: Path
) -> None:
    for number in range(3):
        picture = view(number, SIZE, width=1.0)
        file = save(picture, tmp_path / f"images/{number}.jpg")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 3 // 4] + b"\xff\xd9")
    order = ("--order", "outermost-first")
    ran = run("-i", file.parent, "-o", "out", "-zs", 1, "--engine", "cycles", *order)
    assert ran.status == 0, ran.lines
    assert (
        "Warning: Left out: 2.jpg, which is incomplete: export or download it again." in ran.lines
    )
    ran = run("-i", file.parent, "-o", "other", "-zs", 1, *PLAIN[:2], "--engine", "sequencer")
    assert ran.error == (
        "Error: The image 2.jpg is incomplete: export or download it again, or remove it."
    )
