"""Pictures that are stored lying or mirrored; the truth, and the files, are Pillow's."""

from __future__ import annotations

import io
import itertools
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ai_ever_zoom_addon.core.files.image_file import header_of
from ai_ever_zoom_addon.core.files.orientation import orientation_in, stored, upright, upright_size

CODES = range(1, 9)
WIDTH, HEIGHT = 7, 5
PIXELS = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
every_code = pytest.mark.parametrize("code", CODES)


def exif_of(code: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = code
    return exif


def seen(code: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The picture as programs show it that know of orientation."""
    picture = Image.fromarray(PIXELS)
    picture.getexif()[274] = code
    return np.asarray(ImageOps.exif_transpose(picture))


@every_code
def test_pixels_are_put_upright(code: int) -> None:
    assert (upright(PIXELS, code) == seen(code)).all()
    assert upright_size(WIDTH, HEIGHT, code) == seen(code).shape[1::-1]


@every_code
def test_places_are_found_in_the_stored_picture(code: int) -> None:
    picture = seen(code)
    height, width = picture.shape[:2]
    for row, column in itertools.product(range(height), range(width)):
        place = np.array([[(column + 0.5) / width, 1 - (row + 0.5) / height]])
        ((x, y),) = stored(place, code)
        found = PIXELS[int((1 - y) * HEIGHT), int(x * WIDTH)]
        assert (found == picture[row, column]).all()


@every_code
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_every_kind_of_file_says_it(code: int, kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, kind, exif=exif_of(code))
    header = header_of("a", stream.getvalue())
    assert header is not None
    assert (header.orientation, header.is_cut) == (code, False)
    assert header.size == seen(code).shape[1::-1]


def directory(
    *entries: tuple[int, int, int, int], order: str = "<", at: int = 8, count: int | None = None
) -> bytes:
    """Exif data of entries (tag, kind of number, length, value)."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    packed = b"".join(struct.pack(order + "HHIHH", *entry, 0) for entry in entries)
    counted = struct.pack(order + "H", len(entries) if count is None else count)
    return mark + struct.pack(order + "I", at) + bytes(at - 8) + counted + packed + bytes(4)


ORIENTATION = (274, 3, 1)


@every_code
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("at", [8, 9, 100])
def test_exif_in_either_order_of_bytes(code: int, order: str, at: int) -> None:
    entries = [(271, 2, 4, 65), (*ORIENTATION, code), (306, 2, 4, 65)]
    assert orientation_in(directory(*entries, order=order, at=at)) == code


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif",
        b"II*\0",
        directory((*ORIENTATION, 0)),
        directory((*ORIENTATION, 9)),
        directory((*ORIENTATION, 600)),
        directory((274, 2, 1, 6)),  # a letter
        directory((274, 3, 2, 6)),  # two numbers
        directory((271, 3, 1, 6)),  # another tag
        directory((271, 2, 4, 65), count=60000),
        directory((*ORIENTATION, 6))[:14],
        struct.pack("<4sI", b"II*\0", 0xFFFFFFFF),
    ],
)
def test_what_says_nothing_or_nonsense_leaves_a_picture_as_it_is(exif: bytes) -> None:
    assert orientation_in(exif) == 1


def test_a_thumbnails_own_orientation_is_not_the_pictures() -> None:
    """It stands in the directory that comes after the picture's."""
    first = directory((271, 2, 4, 65))[:-4]
    second = struct.pack("<HHHIHHI", 1, *ORIENTATION, 6, 0, 0)
    exif = first + struct.pack("<I", len(first) + 4) + second
    assert orientation_in(exif) == 1
    jpeg = io.BytesIO()
    Image.fromarray(PIXELS).save(jpeg, "jpeg", exif=b"Exif\0\0" + exif)
    header = header_of("a", jpeg.getvalue())
    assert header is not None and header.orientation == 1


@given(st.sampled_from([b"II*\0", b"MM\0*", b""]), st.binary(max_size=60))
def test_no_exif_data_stops_anything(start: bytes, rest: bytes) -> None:
    assert orientation_in(start + rest) in CODES


@given(st.binary(max_size=60))
def test_a_picture_with_damaged_exif_data_is_still_a_picture(exif: bytes) -> None:
    jpeg = io.BytesIO()
    Image.fromarray(PIXELS).save(jpeg, "jpeg", exif=b"Exif\0\0" + exif)
    header = header_of("a", jpeg.getvalue())
    assert header is not None
    assert header.size == upright_size(WIDTH, HEIGHT, header.orientation)
