"""How small and how large a picture may be is known from its header."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.files import limits
from ai_ever_zoom_addon.core.files.image_file import look_at
from ai_ever_zoom_addon.core.files.limits import check_memory, check_size
from ai_ever_zoom_addon.errors import EverZoomError

WIDTH, HEIGHT = 37, 23
PICTURE = Image.fromarray(
    np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), "RGB"
)

# Suffix, mode, Pillow's options, and whether it is known where the picture ends.
KINDS: dict[str, tuple[str, str, dict[str, Any], bool]] = {
    "bmp": ("bmp", "RGB", {}, False),
    "tga": ("tga", "RGB", {}, True),
    "tga packed": ("tga", "RGBA", {"compression": "tga_rle"}, True),
    "tga with a palette": ("tga", "P", {}, True),
    "tga grey": ("tga", "L", {"compression": "tga_rle"}, True),
    "dds": ("dds", "RGBA", {}, True),
    "dds DXT1": ("dds", "RGBA", {"pixel_format": "DXT1"}, True),
    "dds DXT5": ("dds", "RGBA", {"pixel_format": "DXT5"}, True),
    "dds DX10": ("dds", "RGB", {"pixel_format": "BC5"}, True),
    "sgi": ("sgi", "RGB", {}, False),
    "jp2": ("jpeg2000", "RGB", {}, False),
    "j2k": ("jpeg2000", "RGB", {"no_jp2": True}, False),
    "avif": ("avif", "RGB", {}, False),
}


def encoded(kind: str) -> tuple[str, bytes]:
    suffix, mode, options, _ = KINDS[kind]
    stream = io.BytesIO()
    PICTURE.convert(mode).save(stream, suffix, **options)
    return f"a.{suffix}", stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_known_of_what_only_blender_reads(kind: str) -> None:
    found = look_at(*encoded(kind))
    assert found is not None and (found.width, found.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("kind", [kind for kind, known in KINDS.items() if known[3]])
def test_one_that_ends_too_early_is_told(kind: str) -> None:
    name, whole = encoded(kind)
    footer = 26 if name == "a.tga" else 0  # that says nothing of the picture
    assert look_at(name, whole[: len(whole) - footer]) is not None
    for length in range(20, len(whole) - footer, 7):
        with pytest.raises(EverZoomError, match=r"is incomplete: export or download it again"):
            look_at(name, whole[:length])


def big_png(width: int, height: int) -> bytes:
    """Only the header says how large it is."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (1, 256, "at least 8 x 8"),
        (256, 1, "at least 8 x 8"),
        (7, 8, "at least 8 x 8"),
        (8192, 8, "at most 20 times as long as wide"),
        (8, 161, "at most 20 times as long as wide"),
        (100_000, 100_000, "at most 65536 a side"),
        (60_000, 60_000, "too large: it takes 161 GiB of memory, and there are 8; scale"),
    ],
)
def test_a_picture_that_cannot_be_used(
    width: int, height: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "memory", lambda: 8 << 30)
    found = look_at("a.png", big_png(width, height))
    assert found is not None
    with pytest.raises(EverZoomError, match=rf"^The image a\.png .*{said}") as raised:
        check_size("a.png", found.width, found.height, is_deep=found.is_deep)
    assert "\n" not in str(raised.value)


def test_no_size_at_all_is_incomplete() -> None:
    for size in ((0, 0), (0, 9), (9, 0)):
        with pytest.raises(EverZoomError, match="is incomplete"):
            look_at("a.png", big_png(*size))


@pytest.mark.parametrize("size", [(8, 8), (8, 160), (20_000, 1000), (16_384, 8192)])
def test_a_picture_that_can_be_used(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory", lambda: 8 << 30)
    assert check_size("a.png", *size) == size[0] * size[1] * 36


def test_a_picture_with_more_bits_takes_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_size("a.png", 100, 100, is_deep=True) == 100 * 100 * 48
    monkeypatch.setattr(limits, "memory", lambda: 79 * 100 * 100)
    check_size("a.png", 100, 100)
    with pytest.raises(EverZoomError, match="too large"):
        check_size("a.png", 100, 100, is_deep=True)


def test_two_pictures_are_in_sight_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory", lambda: 10)
    check_memory([("a", 5), ("b", 5), ("c", 5), ("d", 0)])
    with pytest.raises(EverZoomError, match="The image b is too large"):
        check_memory([("a", 5), ("b", 6), ("c", 1)])
    monkeypatch.setattr(limits, "memory", lambda: None)
    check_memory([("a", 1 << 60)])


def test_the_memory_of_this_machine_is_known() -> None:
    there = limits.memory()
    assert there is not None and 1 << 28 < there < 1 << 50
