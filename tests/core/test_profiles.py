"""What colour profiles in files mean; the truth is that of Little CMS."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from ai_ever_zoom_addon.core.files.image_file import Header, header_of
from ai_ever_zoom_addon.core.files.profiles import PROBES, Profile, read_icc
from tests.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    SRGB_CURVE,
    make_icc,
    seen,
)

OTHERS: dict[str, tuple[Any, Any, str]] = {
    "Display P3": (DISPLAY_P3, SRGB_CURVE, "paler"),
    "Adobe RGB (1998)": (ADOBE_RGB, 563 / 256, "paler"),
    "ProPhoto RGB": (PROPHOTO, 1.8, "paler"),
    "Linear sRGB": (SRGB, 1.0, "darker"),
    "sRGB with gamma 3": (SRGB, 3.0, "lighter"),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
def test_colours_of_other_profiles(name: str, table: bool, is_new: bool) -> None:
    primaries, curve, effect = OTHERS[name]
    icc = make_icc(name, primaries, curve, table=table, is_new=is_new)
    profile = read_icc(icc)
    assert profile is not None
    assert (profile.name, profile.effect) == (name, effect)
    found = np.reshape(profile.seen, PROBES.shape)
    assert np.abs(found - seen(PROBES[None], icc)[0]).max() * 255 < 1.5


@pytest.mark.parametrize(
    "icc",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        make_icc("sRGB IEC61966-2.1", SRGB, SRGB_CURVE, table=True, is_new=False),
        make_icc("c2", SRGB, SRGB_CURVE, table=True, is_new=False),
        make_icc("GIMP built-in sRGB", SRGB, SRGB_CURVE),
        make_icc("uRGB", np.round(SRGB, 4), SRGB_CURVE),
        make_icc("sRGB v4 preference", SRGB, 1.8).replace(b"rXYZ", b"A2B0", 1),
        b"",
        b"no profile" * 20,
        bytes(200),
    ],
)
def test_srgb_says_nothing_whatever_it_is_called(icc: bytes) -> None:
    assert read_icc(icc) is None


def test_profiles_of_tables_and_for_inks_are_named() -> None:
    icc = make_icc("Some Scanner", SRGB, 1.8)
    assert read_icc(icc.replace(b"rXYZ", b"A2B0", 1)) == Profile("Some Scanner")
    inks = icc[:16] + b"CMYK" + icc[20:]
    assert read_icc(inks) == Profile("Some Scanner")
    assert Profile("Some Scanner").effect == "different"


@given(st.data())
def test_damaged_profiles_stop_nothing(data: st.DataObject) -> None:
    icc = bytearray(make_icc("Display P3", DISPLAY_P3, SRGB_CURVE))
    for _ in range(data.draw(st.integers(1, 8))):
        icc[data.draw(st.integers(0, len(icc) - 1))] = data.draw(st.integers(0, 255))
    profile = read_icc(bytes(icc[: data.draw(st.integers(0, len(icc)))]))
    if profile is not None:
        assert profile.effect in {"paler", "stronger", "lighter", "darker", "different"}


P3 = make_icc("Display P3", DISPLAY_P3, SRGB_CURVE)
LARGE = P3 + bytes(200000)  # in a JPEG file in several parts


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
@pytest.mark.parametrize("icc", [P3, LARGE], ids=["small", "large"])
def test_every_kind_of_file_may_have_one(kind: str, icc: bytes) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (5, 4)).save(stream, kind, icc_profile=icc)
    header = header_of("a", stream.getvalue())
    assert header is not None and header.size == (5, 4) and not header.is_cut
    assert header.profile is not None and header.profile.name == "Display P3"


def png(*chunks: tuple[bytes, bytes]) -> Header:
    """What is said of a PNG file with further chunks."""
    stream = io.BytesIO()
    Image.new("RGB", (5, 4)).save(stream, "png")
    data = stream.getvalue()
    more = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    header = header_of("a", data[:33] + more + data[33:])
    assert header is not None
    return header


GAMMA = (b"gAMA", struct.pack(">I", 45455))
PLACES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
PLACES_P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
P3_CODES = (b"cICP", bytes([12, 13, 0, 1]))
ICC = (b"iCCP", b"x\0\0" + zlib.compress(P3))


@pytest.mark.parametrize(
    ("chunks", "name"),
    [
        ([], None),
        ([(b"sRGB", b"\0")], None),
        ([GAMMA], None),
        ([GAMMA, (b"cHRM", struct.pack(">8I", *PLACES))], None),
        ([(b"cICP", bytes([1, 13, 0, 1]))], None),
        ([(b"cICP", bytes([99, 99, 0, 1]))], None),
        ([(b"cICP", b"")], None),
        ([(b"iCCP", b"x\0\0no")], None),
        ([(b"gAMA", bytes(4))], None),
        ([(b"cHRM", bytes(32))], None),
        ([(b"gAMA", struct.pack(">I", 100000))], "gamma 1"),
        ([GAMMA, (b"cHRM", struct.pack(">8I", *PLACES_P3))], "other primaries"),
        ([(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))], None),
        ([P3_CODES], "Display P3"),
        ([ICC], "Display P3"),
        ([(b"cICP", bytes([9, 16, 0, 1]))], "Rec. 2020 PQ"),
        ([(b"cICP", bytes([1, 13, 0, 1])), ICC], None),  # the first counts
    ],
)
def test_what_png_files_say_in_their_chunks(
    chunks: list[tuple[bytes, bytes]], name: str | None
) -> None:
    profile = png(*chunks).profile
    assert (profile and profile.name) == name
    if name == "Display P3":
        icc = read_icc(P3)
        assert icc is not None and profile is not None
        assert np.abs(np.subtract(profile.seen, icc.seen)).max() * 255 < 1.0
