"""Makes ICC profiles of known primaries and curves, and says what their colours look like. No bpy.

The truth is that of Little CMS, by way of Pillow.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Array = NDArray[np.float64]

# Red, green and blue to XYZ under D50, one primary a row, as their makers publish them.
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71187, 0.0), (0.03135, 0.00009, 0.82491))

# Parameters g, a, b, c, d of the curve, or an exponent.
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
Curve = tuple[float, ...] | float


def fixed(*values: float) -> bytes:
    """Numbers with 16 bits behind the point."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def curve_tag(curve: Curve, *, table: bool = False) -> bytes:
    """A tone curve, as a formula, an exponent or a table."""
    if table:
        x = np.linspace(0, 1, 1024)
        values = x**curve if isinstance(curve, float) else srgb_light(x)
        numbers = [round(value * 65535) for value in values]
        return b"curv" + struct.pack(">II1024H", 0, 1024, *numbers)
    if isinstance(curve, float):
        return b"curv" + struct.pack(">IIH", 0, 1, round(curve * 256))
    return b"para" + struct.pack(">IHH", 0, 3, 0) + fixed(*curve)


def srgb_light(x: Array) -> Array:
    return np.where(x < 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def name_tag(name: str, *, is_new: bool) -> bytes:
    """The description, as versions 2 and 4 have it."""
    if is_new:
        text = name.encode("utf-16-be")
        return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(text), 28) + text
    text = name.encode("ascii") + b"\0"
    return b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(78)


def make_icc(
    name: str, primaries: Any, curve: Curve, *, table: bool = False, is_new: bool = True
) -> bytes:
    """A profile for displays."""
    trc = curve_tag(curve, table=table)
    tags = {b"desc": name_tag(name, is_new=is_new), b"wtpt": xyz(0.9642, 1.0, 0.8249)}
    tags |= {b"cprt": name_tag("none", is_new=is_new)}
    for letter, primary in zip((b"r", b"g", b"b"), primaries, strict=True):
        tags[letter + b"XYZ"] = xyz(*primary)
        tags[letter + b"TRC"] = trc
    place = 128 + 4 + 12 * len(tags)
    table_of_tags, content = struct.pack(">I", len(tags)), b""
    for signature, data in tags.items():
        table_of_tags += struct.pack(">4sII", signature, place + len(content), len(data))
        content += data.ljust(-(-len(data) // 4) * 4, b"\0")
    head = bytearray(128)
    struct.pack_into(
        ">I4sI4s4s4s", head, 0, place + len(content), b"", 0, b"mntr", b"RGB ", b"XYZ "
    )
    struct.pack_into(">I", head, 8, 0x04400000 if is_new else 0x02400000)
    head[36:40] = b"acsp"
    head[68:80] = fixed(0.9642, 1.0, 0.8249)
    return bytes(head) + table_of_tags + content


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*values)


def seen(picture: Array, icc: bytes) -> Array:
    """A picture of that profile, (height, width, 3), 0 to 1, as sRGB, to 8 bits."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    # Not the optimized way, which calculates with few bits.
    flags = ImageCms.Flags.NOOPTIMIZE
    srgb = ImageCms.createProfile("sRGB")
    found: Any = ImageCms.profileToProfile(image, profile, srgb, intent, flags=flags)
    return np.asarray(found, np.float64) / 255.0


def save(picture: Array, file: Path, icc: bytes, **options: Any) -> Path:
    """Write a picture with a profile; the file's ending says in which format."""
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    image.save(file, icc_profile=icc, **options)
    return file
