"""What a file's own bytes say about an image; the files are written by Pillow."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ai_ever_zoom_addon.core.files.image_file import (
    IMAGE_SUFFIXES,
    UNREAD_SUFFIXES,
    Header,
    header_of,
    read_header,
)
from ai_ever_zoom_addon.errors import EverZoomError

WIDTH, HEIGHT = 37, 23
PIXELS = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "png RGB": ("RGB", {"format": "png"}),
    "png RGBA": ("RGBA", {"format": "png"}),
    "png grey": ("L", {"format": "png"}),
    "png palette": ("P", {"format": "png"}),
    "png 16 bit": ("I;16", {"format": "png"}),
    "png 1 bit": ("1", {"format": "png"}),
    "jpeg": ("RGB", {"format": "jpeg"}),
    "jpeg grey": ("L", {"format": "jpeg"}),
    "jpeg progressive": ("RGB", {"format": "jpeg", "progressive": True}),
    "jpeg with a comment": ("RGB", {"format": "jpeg", "comment": b"\xff\xd9\xff\xc0" * 9}),
    "webp": ("RGB", {"format": "webp"}),
    "webp lossless": ("RGB", {"format": "webp", "lossless": True}),
    "webp with alpha": ("RGBA", {"format": "webp"}),
    "tiff": ("RGB", {"format": "tiff"}),
    "tiff grey": ("L", {"format": "tiff"}),
    "tiff 16 bit": ("I;16", {"format": "tiff"}),
    "tiff LZW": ("RGB", {"format": "tiff", "compression": "tiff_lzw"}),
    "tiff in strips": ("RGBA", {"format": "tiff", "strip_size": 500}),
    "tiff big-endian": ("I;16B", {"format": "tiff"}),
    "webp with extras": ("RGB", {"format": "webp", "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
}


def encoded(kind: str) -> bytes:
    mode, options = KINDS[kind]
    picture = Image.fromarray(PIXELS, "RGBA").convert("RGBA")
    stream = io.BytesIO()
    if mode.startswith("I;16"):
        order = ">" if mode.endswith("B") else "<"
        Image.fromarray((PIXELS[..., 0] * np.uint16(257)).astype(order + "u2")).save(
            stream, **options
        )
    else:
        picture.convert("RGB" if mode in ("P", "L", "1") else mode).convert(mode).save(
            stream, **options
        )
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_size(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "é 🐱.dat"
    file.write_bytes(encoded(kind))
    assert read_header(file) == Header(WIDTH, HEIGHT, is_deep="16" in kind or "big" in kind)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_ends_too_early_is_noticed(kind: str) -> None:
    whole = encoded(kind)
    # Up to the last two bytes: WebP may be padded by one that says nothing.
    for length in {*range(12, len(whole) - 2, max(1, len(whole) // 60)), len(whole) - 2}:
        try:
            header = header_of("cut.dat", whole[:length])
        except EverZoomError as error:
            assert re.search(r"cut\.dat is incomplete.*again", str(error))
        else:
            is_deep = "16" in kind or "big" in kind
            assert header == Header(WIDTH, HEIGHT, is_cut=True, is_deep=is_deep), length


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "none.png"
    file.touch()
    with pytest.raises(EverZoomError, match=r"none\.png is an empty file"):
        read_header(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(EverZoomError, match=r"gone\.png cannot be read"):
        read_header(tmp_path / "gone.png")


@pytest.mark.parametrize("format_name", ["bmp", "avif", "jpeg2000", "tga"])
def test_other_formats_are_left_to_blender(format_name: str, tmp_path: Path) -> None:
    file = tmp_path / "image"
    Image.fromarray(PIXELS[..., :3]).save(file, format_name)
    assert read_header(file) is None


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [
        ("GIF", b"GIF89a\1\0\1\0"),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("HEIC", b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic"),
        ("JPEG XL", b"\xff\x0a\0"),
        ("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n"),
        ("PDF", b"%PDF-1.7"),
        ("SVG", b'<?xml version="1.0"?><svg'),
    ],
)
def test_what_blender_does_not_read_is_named_whatever_its_ending(
    kind: str, beginning: bytes
) -> None:
    said = f"a.jpg is a {kind} file, which Blender does not read: convert it"
    with pytest.raises(EverZoomError, match=said):
        header_of("a.jpg", beginning + bytes(100))


@given(
    st.sampled_from(
        [
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8",
            b"\xff\xd8\xff",
            b"RIFF\x20\0\0\0WEBP",
            b"II*\0\x08\0\0\0\x02\0",
            b"MM\0*",
        ]
    ),
    st.binary(max_size=200),
)
def test_nonsense_is_told_or_left_to_blender(start: bytes, rest: bytes) -> None:
    try:
        header = header_of("odd.png", start + rest)
    except EverZoomError as error:
        assert "odd.png" in str(error)
    else:
        assert header is None or min(header.size) > 0


def test_the_usual_endings() -> None:
    usual = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".bmp", ".tga", ".hdr"}
    assert usual | {".jfif", ".jpe", ".psd", ".psb"} <= IMAGE_SUFFIXES
    assert not IMAGE_SUFFIXES & set(UNREAD_SUFFIXES)
    assert not {".gif", ".mp4", ".txt", ".svg", ".blend"} & IMAGE_SUFFIXES
