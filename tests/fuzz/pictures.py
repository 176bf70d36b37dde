"""Picture files of many kinds: bytes changed, cut off, or in the place of others. No bpy."""

from __future__ import annotations

import io
import random
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from ai_ever_zoom_addon.core.files.image_file import Header, look_at, trimmed
from ai_ever_zoom_addon.core.files.limits import check_size

WIDTH, HEIGHT = 50, 33

# What Pillow calls it, the mode, and its options.
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("png", "RGB", {}),
    ("png", "RGBA", {}),
    ("png", "L", {}),
    ("png", "P", {}),
    ("png", "1", {}),
    ("png", "I;16", {}),
    ("jpeg", "RGB", {}),
    ("jpeg", "L", {}),
    ("jpeg", "RGB", {"progressive": True}),
    ("jpeg", "CMYK", {}),
    ("webp", "RGB", {}),
    ("webp", "RGBA", {}),
    ("webp", "RGB", {"lossless": True}),
    ("webp", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
    ("tiff", "RGB", {}),
    ("tiff", "L", {"compression": "tiff_lzw"}),
    ("tiff", "RGB", {"compression": "jpeg"}),
    ("tiff", "RGBA", {"strip_size": 500}),
    ("tiff", "I;16", {"compression": "tiff_adobe_deflate"}),
    ("bmp", "RGB", {}),
    ("bmp", "P", {}),
    ("tga", "RGB", {}),
    ("tga", "RGBA", {"compression": "tga_rle"}),
    ("dds", "RGBA", {}),
    ("dds", "RGBA", {"pixel_format": "DXT5"}),
    ("sgi", "RGB", {}),
    ("jpeg2000", "RGB", {}),
    ("jpeg2000", "RGB", {"no_jp2": True}),
    ("avif", "RGB", {}),
]

_SUFFIXES = {"jpeg": "jpg", "tiff": "tif", "jpeg2000": "jp2"}
_NUMBERS = [0, 1, 2, 7, 255, 256, 8192, 65_535, 65_536, 100_000, 2**31 - 1, 2**31, 2**32 - 1]


@lru_cache(maxsize=1)
def whole() -> list[tuple[str, bytes]]:
    """Of each kind the name of a file and its bytes."""
    noise = np.random.default_rng(5)
    across, down = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    picture = np.stack([across, down, 1 - across, 0.5 + down / 2], axis=2)
    levels = np.rint((0.9 * picture + 0.1 * noise.random(picture.shape)) * 255).astype(np.uint8)
    files = []
    for kind, mode, options in KINDS:
        image = Image.fromarray(levels, "RGBA")
        if mode == "I;16":
            image = Image.fromarray(levels[..., 0].astype(np.uint16) * 257)
        else:
            image = image.convert("RGB").convert(mode) if mode != "RGBA" else image
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        files.append((f"a.{_SUFFIXES.get(kind, kind)}", stream.getvalue()))
    return files


def spoiled(chance: random.Random, files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """One of some files, changed."""
    name, content = chance.choice(files)
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        head = chance.choice((24, 64, 200, len(data)))
        place = chance.randrange(min(head, len(data)) or 1)
        match chance.randrange(8):
            case 0:  # flip
                for _ in range(chance.choice((1, 2, 10))):
                    if data:
                        data[chance.randrange(min(head, len(data)))] ^= 1 << chance.randrange(8)
            case 1:
                del data[chance.randrange(len(data) + 1) :]
            case 2:
                length = len(data) - chance.randrange(len(data) + 1)
                data[len(data) - length :] = bytes(length)
            case 3:
                data[place : place + chance.randrange(1, 40)] = b""
            case 4:
                data[place:place] = chance.randbytes(chance.randrange(1, 40))
            case 5:
                number = chance.choice(_NUMBERS)
                size = chance.choice((2, 4))
                order = chance.choice(("little", "big"))
                value = (number & (256**size - 1)).to_bytes(size, order)
                data[place : place + size] = value
            case 6:
                _, other = chance.choice(files)
                data[place:] = other[chance.randrange(len(other)) :]
            case 7:
                data += chance.choice((bytes(500), chance.randbytes(99), b"\xff\xd9"))
    return name, bytes(data)


def case(chance: random.Random) -> None:
    """What is said of one is a size that can be used, or a sentence."""
    name, data = spoiled(chance, whole())
    found = look_at(name, data)
    if found is not None:
        assert isinstance(found.width, int) and isinstance(found.height, int)
        check_size(name, found.width, found.height, is_deep=found.is_deep)
    if isinstance(found, Header):
        assert 1 <= found.orientation <= 8
    assert len(trimmed(data)) <= len(data)
