"""Images of more than 8 bits, brighter than white or of another colour space, in every engine. bpy.

When a zoom arrives at an image, the frame is that image, whichever layer shows it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.files.image_writing import exr_bytes
from ai_ever_zoom_addon.core.plan.plan import make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import loading, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings

from .test_see_through import encoded

WIDTH, HEIGHT = 100, 80
SETTINGS = ZoomSettings(is_factor_measured=True, zoom_steps=4, start_frame=0, crop=0.8, feather=0.1)

EDGE = 10  # pixels of a frame in which the layer around an image is seen, too

Pixels = NDArray[np.float64]


def light(number: int, brightest: float) -> Pixels:
    """The linear light of an image, from dark to `brightest`, each one's its own."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / 100.0
    waves = [np.sin(9 * x + number), np.cos(7 * y - number), np.sin(5 * (x + y) + 2 * number)]
    return brightest * (0.5 + 0.5 * np.stack(waves, axis=-1)) ** 2


def decoded(values: Pixels) -> Pixels:
    """Linear light from sRGB-encoded values (IEC 61966-2-1)."""
    above = ((np.maximum(values, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(values <= 0.04045, values / 12.92, above)


def write_exr(file: Path, linear: Pixels) -> Pixels:
    rgba = np.ones((HEIGHT, WIDTH, 4), np.float32)
    rgba[..., :3] = linear
    file.write_bytes(exr_bytes(rgba))
    return linear


def write_radiance(file: Path, linear: Pixels) -> Pixels:
    """Without compression (G. Ward, Real Pixels, Graphics Gems II, 1991)."""
    _, exponent = np.frexp(linear.max(axis=2, keepdims=True))
    rgb = linear * 256.0 / np.exp2(exponent)
    rgbe = np.concatenate([rgb, exponent + 128], axis=2).astype(np.uint8)
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {HEIGHT} +X {WIDTH}\n"
    file.write_bytes(head.encode() + rgbe.tobytes())
    # As Blender reads it, without the half that is lost by cutting.
    return np.asarray(rgbe[..., :3] / 256.0 * np.exp2(exponent))


def write_png(file: Path, linear: Pixels, bits: int = 16) -> Pixels:
    values = np.rint(encoded(linear) * (2**bits - 1)).astype(">u2" if bits == 16 else np.uint8)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in values))
    data = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 2, 0, 0, 0)
    for name, part in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b"")):
        data += struct.pack(">I", len(part)) + name + part
        data += struct.pack(">I", zlib.crc32(name + part))
    file.write_bytes(data)
    return decoded(values / (2.0**bits - 1))


def write_png_8(file: Path, linear: Pixels) -> Pixels:
    return write_png(file, linear, 8)


def write_float_tiff(file: Path, linear: Pixels) -> Pixels:
    """Without compression (TIFF, Revision 6.0); Blender takes it for sRGB-encoded."""
    values = encoded(linear).astype("<f4").tobytes()
    entries = [
        (256, 4, 1, WIDTH),
        (257, 4, 1, HEIGHT),
        (258, 3, 3, 8 + len(values)),  # where the bits of each channel are said
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 4, 1, HEIGHT),
        (279, 4, 1, len(values)),
        (284, 3, 1, 1),
        (339, 3, 3, 8 + len(values) + 6),  # that they are floating-point numbers
    ]
    start = 8 + len(values) + 12
    data = b"II*\0" + struct.pack("<I", start) + values + struct.pack("<6H", 32, 32, 32, 3, 3, 3)
    data += struct.pack("<H", len(entries))
    data += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    file.write_bytes(data)
    return linear


@dataclass(frozen=True)
class Case:
    """A kind of file.

    Attributes:
        suffix: Of its name.
        write: Writes one and tells the linear light that it holds.
        brightest: Of its values.
        space: The colour space that the user chooses for the images in Blender.
        to_rec709: What makes linear light of Rec. 709 of that space's.
    """

    suffix: str
    write: Callable[[Path, Pixels], Pixels]
    brightest: float
    space: str | None = None
    to_rec709: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


# From the primaries and the white of each (SMPTE EG 432-1, ITU-R BT.2020, ITU-R BT.709)
P3 = ((1.2249, -0.2249, 0.0), (-0.0421, 1.0421, 0.0), (-0.0196, -0.0786, 1.0982))
REC_2020 = ((1.6605, -0.5876, -0.0729), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1188))

CASES = {
    "EXR": Case("exr", write_exr, 6.0),
    "EXR Rec. 2020": Case("exr", write_exr, 2.0, "Linear Rec.2020", REC_2020),
    "Radiance": Case("hdr", write_radiance, 6.0),
    "TIFF": Case("tif", write_float_tiff, 6.0),
    "PNG of 16 bits": Case("png", write_png, 1.0),
    "PNG P3": Case("png", write_png_8, 1.0, "Display P3", P3),
}


@pytest.mark.parametrize(
    "engine", [Engine.CYCLES, Engine.WORKBENCH, Engine.SEQUENCER], ids=lambda engine: engine.value
)
@pytest.mark.parametrize("name", CASES)
def test_each_arrival_is_the_image(name: str, engine: Engine, tmp_path: Path) -> None:
    case = CASES[name]
    pictures, images = [], []
    for number in range(3):
        file = tmp_path / f"picture_{number}.{case.suffix}"
        pictures.append(case.write(file, light(number, case.brightest)))
        images.append(SeriesImage(file, WIDTH, HEIGHT))
    series = Series(tuple(images), (Step(2.0), Step(2.0)))
    scene = bpy.context.scene
    settings = replace(SETTINGS, engine=engine)
    control = zooms.build_zoom(scene, series, settings)
    if case.space is not None:
        for image in bpy.data.images:
            image.colorspace_settings.name = case.space
        zooms.change_zoom(scene, control, settings)
    width, height = make_plan(series, settings).resolution
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    for exposure in (0.0, -2.0):  # the darker, the more is seen of what is brighter than white
        scene.view_settings.exposure = exposure
        for number, picture in enumerate(pictures):
            out = tmp_path / "out"
            rendering.render_animation(scene, f"{out}/", 4 * number, 4 * number)
            shown = loading.read_pixels(out / f"frame_{4 * number:05}.png")
            part = picture[top : top + height, left : left + width] @ np.array(case.to_rec709).T
            truth = encoded(np.clip(part * 2.0**exposure, 0.0, 1.0))
            away = abs(shown - truth)[EDGE:-EDGE, EDGE:-EDGE] * 255
            assert away.max() < 1.5, (exposure, number)


def test_values_that_are_no_numbers_spoil_no_others(tmp_path: Path) -> None:
    """Renderers leave such pixels where a light is too small or a division fails."""
    linear = np.full((8, 12, 4), 0.25, np.float32)
    linear[..., 3] = 1.0
    wrong = linear.copy()
    wrong[2, 3, :3] = np.nan, np.inf, -np.inf
    wrong[5, 6, 0] = 3e38
    for name, rgba in (("right", linear), ("wrong", wrong)):
        (tmp_path / f"{name}.exr").write_bytes(exr_bytes(rgba))
    right, found = (loading.read_pixels(tmp_path / f"{name}.exr") for name in ("right", "wrong"))
    assert found[2, 3].tolist() == [0.0, 1.0, 0.0]
    assert found[5, 6, 0] == 1.0
    is_left = np.isfinite(wrong[..., :3]).all(axis=2) & (wrong[..., 0] < 1.0)
    assert (found[is_left] == right[is_left]).all()
