"""Colour profiles in picture files: what their colours look like in sRGB. Never touches bpy.

Sources: ICC.1:2022 (profile version 4.4), 7, 9 and 10; PNG, W3C Recommendation (Third Edition),
11.3.2; ITU-T H.273, 8.1 and 8.2 (code points); IEC 61966-2-1 (sRGB); the Bradford adaptation,
ICC.1:2022, annex E.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...texts import Text

Array = NDArray[np.float64]

# Encoded colours by which profiles are compared, shape (216, 3).
PROBES: Array = np.array(list(itertools.product((5, 26, 77, 128, 204, 255), repeat=3))) / 255.0

# In steps of 8-bit values: what nobody sees, and roundings in profiles cost.
TOLERANCE = 2.0

_LONGEST_NAME = 60

_BRADFORD: Array = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50: Array = np.array([0.9642, 1.0, 0.8249])  # of the ICC
_D65 = (0.3127, 0.3290)
_SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))

# By code: name, red, green, blue and white.
_PRIMARIES = {
    1: ("Rec. 709", *_SRGB_PRIMARIES, _D65),
    9: ("Rec. 2020", (0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ("DCI-P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ("Display P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_VIDEO_TRANSFERS = frozenset({1, 6, 14, 15})
_SRGB_TRANSFER = 13
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Profile:
    """What a file's colours mean, where that is not sRGB.

    Attributes:
        name: As the file calls it.
        seen: What `PROBES` look like, sRGB-encoded and clipped to 0 to 1, one number after the
            other; none where it is not known.
    """

    name: str
    seen: tuple[float, ...] = ()

    @property
    def effect(self) -> str:
        """What happens to the colours that are taken for sRGB, in one word."""
        if not self.seen:
            return Text("different")
        meant = np.reshape(self.seen, PROBES.shape)
        lighter = float((PROBES - meant).mean())
        stronger = float((np.ptp(PROBES, axis=1) - np.ptp(meant, axis=1)).mean())
        if abs(lighter) > abs(stronger):
            return Text("lighter") if lighter > 0 else Text("darker")
        return Text("stronger") if stronger > 0 else Text("paler")


def distance(one: Array, other: Array) -> float:
    """How far colours are from others at most, in steps of 8-bit values."""
    return float(np.abs(one - other).max() * 255.0)


def read_icc(data: bytes) -> Profile | None:
    """What an ICC profile says; None for sRGB, or what is no profile."""
    if len(data) < 132 or data[36:40] != b"acsp":
        return None
    try:
        tags = _icc_tags(data)
        name = _text(tags.get(b"desc", b"")) or "without a name"
    except struct.error:  # damaged
        return None
    try:
        return _unless_srgb(name, *_icc_numbers(data[16:20], tags))
    except (LookupError, ValueError, struct.error):  # made of tables, or for other inks
        return None if "srgb" in name.casefold() else Profile(name)


def read_cicp(primaries: int, transfer: int) -> Profile | None:
    """What code points for video say (PNG's chunk cICP); None for sRGB, or what is not known."""
    if primaries not in _PRIMARIES:
        return None
    name, red, green, blue, white = _PRIMARIES[primaries]
    matrix = _matrix((red, green, blue), white)
    if transfer in _HDR_TRANSFERS:
        return Profile(f"{name} {_HDR_TRANSFERS[transfer]}")
    if transfer in _GAMMAS:
        gamma = _GAMMAS[transfer]
        return _unless_srgb(f"{name}, gamma {gamma:g}", matrix, PROBES**gamma)
    if transfer in _VIDEO_TRANSFERS:
        low = PROBES < 0.081
        light = np.where(low, PROBES / 4.5, ((PROBES + 0.099) / 1.099) ** (1.0 / 0.45))
        return _unless_srgb(f"{name} for video", matrix, light)
    if transfer == _SRGB_TRANSFER:
        return _unless_srgb(name, matrix, decode_srgb(PROBES))
    return None


def read_gamma(gamma: float | None, chromaticities: tuple[float, ...]) -> Profile | None:
    """What PNG's older chunks say, gAMA and cHRM; None for sRGB.

    Args:
        gamma: The exponent of light, as in the file; None: that of sRGB.
        chromaticities: x and y of white, red, green and blue; none: those of sRGB.
    """
    if gamma is not None and not 0.05 < gamma < 20.0:
        return None
    name = []
    matrix = _srgb()
    if chromaticities:
        white, *primaries = zip(chromaticities[::2], chromaticities[1::2], strict=True)
        try:
            matrix = _matrix(primaries, white)
        except (ZeroDivisionError, np.linalg.LinAlgError):  # no colours
            return None
        name.append("other primaries")
    light = decode_srgb(PROBES)
    if gamma is not None and abs(gamma - 1.0 / 2.2) > 0.005:  # by which files mean sRGB's curve
        light = PROBES ** (1.0 / gamma)
        name.append(f"gamma {1.0 / gamma:.3g}")
    return _unless_srgb(", ".join(name), matrix, light)


def decode_srgb(encoded: Array) -> Array:
    """sRGB-encoded values to linear light (IEC 61966-2-1)."""
    low = encoded <= 0.04045
    return np.where(low, encoded / 12.92, ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4)


def encode_srgb(light: Array) -> Array:
    """Linear light to sRGB-encoded values, clipped to 0 to 1."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    )


def _unless_srgb(name: str, matrix: Array, light: Array) -> Profile | None:
    """A profile of what the probes' light is, (216, 3), and of the XYZ of its primaries."""
    if not (np.isfinite(matrix).all() and np.isfinite(light).all()):
        return Profile(name)
    seen = encode_srgb(light @ (np.linalg.inv(_srgb()) @ matrix).T)
    if distance(seen, PROBES) <= TOLERANCE:
        return None
    return Profile(name, tuple(seen.ravel().tolist()))


@lru_cache(maxsize=1)
def _srgb() -> Array:
    return _matrix(_SRGB_PRIMARIES, _D65)


def _matrix(primaries: Sequence[tuple[float, float]], white: tuple[float, float]) -> Array:
    """Linear red, green and blue to XYZ as seen under the ICC's white; of places in the diagram."""
    columns = np.array([(x / y, 1.0, (1.0 - x - y) / y) for x, y in primaries]).T
    x, y = white
    parts = np.linalg.solve(columns, np.array([x / y, 1.0, (1.0 - x - y) / y]))
    return _adapted(columns * parts)


def _adapted(matrix: Array) -> Array:
    """The same colours seen under the ICC's white, which is then what white is."""
    white = matrix.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a damaged profile
        ratio = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ (ratio[:, None] * _BRADFORD) @ matrix


# --- Inside of ICC profiles -----------------------------------------------------------------------


def _icc_tags(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    entries = (struct.unpack_from(">4sII", data, 132 + 12 * n) for n in range(min(count, 100)))
    return {name: data[offset : offset + size] for name, offset, size in entries}


def _text(tag: bytes) -> str:
    if tag[:4] == b"mluc":
        length, offset = struct.unpack_from(">II", tag, 20)
        text = tag[offset : offset + length].decode("utf-16-be", "replace")
    else:
        text = tag[12:].partition(b"\0")[0].decode("latin-1")
    return "".join(sign for sign in text if sign.isprintable()).strip()[:_LONGEST_NAME]


def _icc_numbers(space: bytes, tags: dict[bytes, bytes]) -> tuple[Array, Array]:
    """The primaries' XYZ, and the light of the probes."""
    if space == b"GRAY":
        return _srgb(), _curve(tags[b"kTRC"], PROBES)
    if space != b"RGB ":
        raise ValueError("other inks")
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    names = (b"rTRC", b"gTRC", b"bTRC")
    curves = [_curve(tags[name], PROBES[:, n]) for n, name in enumerate(names)]
    return _adapted(np.array(columns).T / 65536.0), np.stack(curves, axis=1)


def _curve(tag: bytes, values: Array) -> Array:
    """The light of encoded values by a tag of type "curv" or "para"."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return values
        if count == 1:
            return values ** (struct.unpack_from(">H", tag, 12)[0] / 256.0)
        table = np.array(struct.unpack_from(f">{count}H", tag, 12)) / 65535.0
        return np.interp(values, np.linspace(0.0, 1.0, count), table)
    if tag[:4] != b"para":
        raise ValueError("no curve")
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    g, a, b, c, d, e, f = (*(n / 65536.0 for n in struct.unpack_from(f">{count}i", tag, 12)),) + (
        (0.0,) * (7 - count)
    )
    if kind == 0:
        return values**g
    if kind in (1, 2):  # the fourth number is what is added everywhere
        return np.maximum(a * values + b, 0.0) ** g + c
    return np.where(values >= d, np.maximum(a * values + b, 0.0) ** g + e, c * values + f)
