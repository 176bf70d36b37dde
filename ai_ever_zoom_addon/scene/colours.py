"""What the colour configuration of this Blender offers. Touches bpy.

Studios have their own (OCIO), with other names than Blender's. So nothing is known by its name:
what a view transform does to the colours of pictures is measured, once.
"""

from __future__ import annotations

import ast
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.files.image_writing import exr_bytes
from ..core.files.profiles import PROBES, TOLERANCE, Profile, distance
from . import compat

# In steps of 8-bit values: what rounding may cost, and no eye sees.
_TOLERANCE = 1.0
_BETTER = 0.05


@dataclass(frozen=True)
class Display:
    """How a scene shows pictures as they are.

    Attributes:
        device: Name of the display device.
        view: Name of the view transform.
        error: By how much of 255 it changes colours at most.
    """

    device: str
    view: str
    error: float

    @property
    def is_exact(self) -> bool:
        """Whether pictures come back as they are."""
        return self.error <= _TOLERANCE


@lru_cache(maxsize=1)  # Blender reads its configuration once
def plain_display() -> Display:
    """The view transform that leaves pictures as they are, or comes nearest to that."""
    scene: Any = bpy.data.scenes.new("Colours")
    probes = [_colours(), _greys()]
    best: Display | None = None
    try:
        scene.render.image_settings.file_format = "PNG"
        scene.render.image_settings.color_mode = "RGB"
        scene.render.dither_intensity = 0.0
        for device in choices(scene.display_settings, "display_device"):
            scene.display_settings.display_device = device
            for view in choices(scene.view_settings, "view_transform"):
                scene.view_settings.view_transform = view
                error = max(_error(scene, *probe) for probe in probes)
                if best is None or error < best.error:
                    best = Display(device, view, error)
                if best.is_exact:
                    return best
    finally:
        for image, _ in probes:
            bpy.data.images.remove(image)
        bpy.data.scenes.remove(scene)
    assert best is not None  # every configuration has a display and a view
    return best


@lru_cache(maxsize=1)
def picture_space() -> str:
    """The colour space that Blender takes 8-bit pictures to be in."""
    image: Any = bpy.data.images.new("Colours", 1, 1)
    try:
        return str(image.colorspace_settings.name)
    finally:
        bpy.data.images.remove(image)


@lru_cache(maxsize=1)
def data_space() -> str:
    """The colour space of files whose numbers are no colours."""
    image: Any = bpy.data.images.new("Data", 1, 1, is_data=True)
    try:
        return str(image.colorspace_settings.name)
    finally:
        bpy.data.images.remove(image)


def space_of(profile: Profile) -> str | None:
    """The colour space in which a file's colours look as its profile says; None: there is none.

    By what Blender makes of colours in each of the spaces that it has here.
    """
    return _space_of(profile, compat.working_space())


@lru_cache(maxsize=64)
def _space_of(profile: Profile, working_space: str) -> str | None:
    if not profile.seen:
        return None
    meant = np.reshape(profile.seen, PROBES.shape)
    found, least = None, TOLERANCE
    for space in _picture_spaces():
        error = distance(_seen_in(space, working_space), meant)
        if error <= least - _BETTER:
            found, least = space, error
    return found


@lru_cache(maxsize=1)
def _picture_spaces() -> tuple[str, ...]:
    """The colour spaces that pictures may be in."""
    image: Any = bpy.data.images.new("Colours", 1, 1)
    settings, spaces = image.colorspace_settings, []
    for space in choices(settings, "name"):
        settings.name = space
        if not settings.is_data:
            spaces.append(space)
    bpy.data.images.remove(image)
    return tuple(spaces)


@lru_cache(maxsize=256)
def _seen_in(space: str, _working_space: str) -> NDArray[np.float64]:
    """What `PROBES` look like in a colour space, sRGB-encoded, 0 to 1."""
    light = light_of(PROBES[None].astype(np.float32), space)
    return np.clip(srgb_of(light)[0], 0.0, 1.0).astype(np.float64)


def is_light_plain() -> bool:
    """Whether Blender calculates with linear light of the very primaries that sRGB has.

    Studios take wider ones (ACEScg): a picture's linear values are others there.
    """
    return np.allclose(_srgb_primaries(compat.working_space()), np.eye(3), atol=1e-3)


@lru_cache(maxsize=1)
def _srgb_primaries(_working_space: str) -> NDArray[np.float32]:
    """The red, green and blue of sRGB in Blender's linear light, (3, 3), one a row."""
    return light_of(np.eye(3, dtype=np.float32)[None], picture_space())[0]


def srgb_of(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blender's linear light as sRGB-encoded values."""
    if not is_light_plain():
        primaries = _srgb_primaries(compat.working_space())
        light = light @ np.linalg.inv(primaries).astype(np.float32)
    return encode_srgb(light)


def light_of(values: NDArray[np.float32], colour_space: str) -> NDArray[np.float32]:
    """Values of a colour space in linear light; shapes (height, width, 3).

    Blender converts only what it reads as floating-point numbers.
    """
    rgba = np.ones((*values.shape[:2], 4), np.float32)
    rgba[..., :3] = values
    with tempfile.TemporaryDirectory(dir=bpy.app.tempdir) as folder:
        file = Path(folder) / "values.exr"
        file.write_bytes(exr_bytes(rgba))
        image: Any = bpy.data.images.load(str(file), check_existing=False)
        image.alpha_mode = "PREMUL"
        image.colorspace_settings.name = colour_space
        image.pixels.foreach_get(rgba.ravel())
        bpy.data.images.remove(image)
    return rgba[::-1, :, :3]


def encode_srgb(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light to sRGB-encoded values (IEC 61966-2-1), also of less than 0 and more than 1."""
    curve = 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curve).astype(np.float32)


def choices(owner: Any, name: str) -> tuple[str, ...]:
    """What an enumeration offers here and now.

    Blender lists those that depend on the configuration nowhere but in what it says to a wrong one.
    """
    before = getattr(owner, name)
    try:
        setattr(owner, name, "?")
    except TypeError as error:
        offered = str(error).rpartition(" not found in ")[2].strip("()")
        return tuple(ast.literal_eval(f"[{offered}]"))
    setattr(owner, name, before)  # somebody has called one so
    return (before, "?")


def _colours() -> tuple[Any, NDArray[np.float32]]:
    """An 8-bit picture of all mixtures of five values, and its pixels, (125, 4), encoded 0 to 1."""
    steps = np.linspace(0.0, 1.0, 6)[:-1] + 0.1
    pixels = np.ones((125, 4), np.float32)
    pixels[:, :3] = np.rint(np.stack(np.meshgrid(*3 * [steps]), -1).reshape(-1, 3) * 255.0) / 255.0
    image: Any = bpy.data.images.new("Colours", 125, 1)
    image.pixels.foreach_set(pixels.ravel())
    return image, pixels


def _greys() -> tuple[Any, NDArray[np.float32]]:
    """Linear greys, and what they are when they are encoded (IEC 61966-2-1), (125, 4), 0 to 1.

    Blender 4.2 does not convert an 8-bit picture for a view of raw values.
    """
    linear = np.linspace(0.01, 1.0, 125)
    pixels = np.ones((125, 4), np.float32)
    pixels[:, :3] = linear[:, None]
    image: Any = bpy.data.images.new("Greys", 125, 1, float_buffer=True)
    image.pixels.foreach_set(pixels.ravel())
    encoded = pixels.copy()
    encoded[:, :3] = (1.055 * linear ** (1.0 / 2.4) - 0.055)[:, None]
    return image, encoded


def _error(scene: Any, image: Any, wanted: NDArray[np.float32]) -> float:
    """By how much of 255 a scene's view changes the colours of a picture at most."""
    with tempfile.TemporaryDirectory(dir=bpy.app.tempdir) as folder:
        file = Path(folder) / "seen.png"
        image.save_render(str(file), scene=scene)
        seen: Any = bpy.data.images.load(str(file), check_existing=False)
        try:
            pixels = np.empty(wanted.size, np.float32)
            seen.pixels.foreach_get(pixels)
        finally:
            bpy.data.images.remove(seen)
    return float(np.abs(pixels.reshape(wanted.shape) - wanted)[:, :3].max() * 255.0)
