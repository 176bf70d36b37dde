"""The zoom as image strips in the Video Sequencer: the fast way to frames where there is no GPU.

Each layer is one strip. Its soft edge is the alpha channel of a copy of its image, trimmed to the
crop, in a folder of its own; the outermost layer shows the image file itself. Where strips are, how
large and how faded, follows the property Zoom Level of the SCENE by drivers that run without
Python: drivers that read from an object, such as the zoom's control, are not evaluated while the
sequencer renders, so the scene has a copy of the control's curve.
"""

from __future__ import annotations

import math
import shutil
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.files.places import check_file
from ...core.files.writing import write_whole
from ...core.plan.mask import Mask
from ...core.plan.plan import Layer, Plan
from ...errors import EverZoomError
from .. import compat, zoom_level
from ..drivers import drive, drive_by_table, fade_expression, roll_expression
from ..loading import read_pixels
from ..tags import ROLE, ZOOM_LEVEL, ZOOM_LEVEL_PATH

# A strip's role is "original" or "copy" of an image, or a "group" of strips.

# Blender has 128 channels; more layers go into groups, each with channels of its own.
LAYERS_PER_GROUP = 100

CENTRE_PATHS = ('["View Centre X"]', '["View Centre Y"]')
ROLL_PATH = '["Roll"]'

# Exponent and offset of the sRGB curve (IEC 61966-2-1): a gain in linear light is a slope and an
# offset for encoded values.
_EXPONENT, _OFFSET = 2.4, 0.055
_GAIN_KEYS_PER_STEP = 4


def has_strips(scene: Any) -> bool:
    """Whether a scene's sequencer shows a zoom."""
    return any(True for _ in _own_strips(scene))


def remove_strips(scene: Any) -> None:
    """Take everything out of a scene that `build_strips` made; the pictures' folder stays."""
    for path in (*CENTRE_PATHS, ROLL_PATH, ZOOM_LEVEL_PATH):
        scene.driver_remove(path)
        scene.pop(path[2:-2], None)
    for curve in compat.fcurves(scene):
        if curve.data_path == ZOOM_LEVEL_PATH:
            compat.remove_fcurve(scene, curve)
    for strip in list(_own_strips(scene)):
        animation = scene.animation_data
        prefix = strip.path_from_id()
        for curve in list(animation.drivers) if animation else []:
            if curve.data_path.startswith(prefix):
                animation.drivers.remove(curve)
    for strip in list(_top_strips(scene)):
        if ROLE in strip:
            compat.strips(scene.sequence_editor).remove(strip)


def build_strips(scene: Any, control: Any, plan: Plan, folder: Path) -> None:
    """Make the strips of a zoom, in place of those that an earlier build made.

    Args:
        scene: Gets the strips and the properties that they follow.
        control: The zoom's control, whose curve is copied.
        plan: What to build.
        folder: Where the trimmed copies of the images go.

    Raises:
        EverZoomError: An image cannot be read, or the folder cannot be written.
    """
    files = _write_pictures(plan, folder)
    remove_strips(scene)
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    _copy_zoom_level(scene, control)
    if not plan.is_centred:
        keys = plan.path.keys()
        for axis, path in enumerate(CENTRE_PATHS):
            scene[path[2:-2]] = 0.0
            drive_by_table(
                scene,
                path,
                (scene, ZOOM_LEVEL_PATH),
                [(key.level, key.value[axis]) for key in keys],
                [key.slope[axis] for key in keys],
            )
    if plan.roll:
        scene[ROLL_PATH[2:-2]] = 0.0
        drive(scene, ROLL_PATH, roll_expression(plan), {"z": (scene, ZOOM_LEVEL_PATH)})
    places = compat.strips(scene.sequence_editor)
    first_channel = 1 + max((strip.channel for strip in _top_strips(scene)), default=0)
    for layer, file in zip(plan.layers, files, strict=True):
        number, group = layer.index, places
        if len(plan.layers) > LAYERS_PER_GROUP:
            number = layer.index % LAYERS_PER_GROUP
            if number == 0:
                meta = places.new_meta(
                    name="Ever Zoom",
                    channel=first_channel + layer.index // LAYERS_PER_GROUP,
                    frame_start=plan.first_frame,
                )
                meta[ROLE] = "group"
                meta.blend_type = "ALPHA_OVER"
            group = compat.strips(meta)
        channel = number + (first_channel if group is places else 1)
        _add_strip(scene, group, plan, layer, file, channel)
        if group is not places and (number == 0 or layer is plan.layers[-1]):
            compat.set_duration(meta, _last_frame(scene, plan) - plan.first_frame + 1)


def picture_files(scene: Any) -> Iterator[Path]:
    """The files that a scene's strips show."""
    for strip in _own_strips(scene):
        if strip.type == "IMAGE":
            yield Path(bpy.path.abspath(strip.directory)) / strip.elements[0].filename


def default_folder() -> Path:
    """Where pictures go: beside the .blend file, or for as long as Blender runs."""
    if bpy.data.filepath:
        return folder_of(Path(bpy.data.filepath))
    return Path(bpy.app.tempdir) / "ever_zoom_strips"


def folder_of(blend: Path) -> Path:
    """The folder of pictures that belongs to a .blend file."""
    return blend.with_name(f"{blend.stem}_strips")


def store_pictures(scene: Any, blend: Path, *, pack: bool = False) -> None:
    """Move the pictures beside a .blend file that is about to be written, with relative paths.

    Args:
        scene: Its strips are looked after.
        blend: The file.
        pack: Copy the user's own image there, too: strips cannot have their images inside the file.

    Raises:
        EverZoomError: The folder cannot be written.
    """
    folder = folder_of(blend)
    for strip in _own_strips(scene):
        if strip.type != "IMAGE":
            continue
        here = Path(bpy.path.abspath(strip.directory))
        try:
            is_copy = strip[ROLE] == "copy"
            if (is_copy or pack) and here != folder:
                folder.mkdir(parents=True, exist_ok=True)
                name = strip.elements[0].filename
                target = check_file(folder / name)
                (shutil.move if is_copy else shutil.copyfile)(here / name, target)
                here = folder
                strip[ROLE] = "copy"
            strip.directory = bpy.path.relpath(str(here), start=str(blend.parent)) + "/"
        except OSError as error:
            raise _not_written(folder, error) from error
        except ValueError:  # another drive, on Windows
            strip.directory = str(here)


def _top_strips(scene: Any) -> Iterator[Any]:
    if scene.sequence_editor is not None:
        yield from compat.strips(scene.sequence_editor)


def _own_strips(scene: Any) -> Iterator[Any]:
    for strip in _top_strips(scene):
        if ROLE in strip:
            yield strip
            if strip.type == "META":
                yield from compat.strips(strip)


def _copy_zoom_level(scene: Any, control: Any) -> None:
    """Give the scene the control's Zoom Level, with its curve as it is now."""
    scene[ZOOM_LEVEL] = control[ZOOM_LEVEL]
    source = zoom_level.curve_of(control)
    if source is None or not len(source.keyframe_points):
        return
    scene.keyframe_insert(ZOOM_LEVEL_PATH, frame=source.keyframe_points[0].co[0])
    curve = zoom_level.curve_of(scene)
    curve.extrapolation = source.extrapolation
    curve.keyframe_points.clear()
    curve.keyframe_points.add(len(source.keyframe_points))
    for copied, point in zip(curve.keyframe_points, source.keyframe_points, strict=True):
        for name in (
            "co",
            "interpolation",
            "easing",
            "handle_left_type",
            "handle_right_type",
            "handle_left",
            "handle_right",
        ):
            setattr(copied, name, getattr(point, name))
    curve.update()


def _last_frame(scene: Any, plan: Plan) -> int:
    """The scene's, where the user has made the zoom longer."""
    return max(plan.last_frame, int(scene.frame_end))


def _add_strip(scene: Any, group: Any, plan: Plan, layer: Layer, file: Path, channel: int) -> None:
    image = layer.image
    strip = group.new_image(
        name=f"Ever Zoom {layer.index:04}",  # the drivers' paths contain it
        filepath=str(file),
        channel=channel,
        frame_start=plan.first_frame,
        fit_method="ORIGINAL",
    )
    strip[ROLE] = "original" if file == image.file else "copy"
    compat.set_duration(strip, _last_frame(scene, plan) - plan.first_frame + 1)
    strip.blend_type = "ALPHA_OVER"
    strip.alpha_mode = "STRAIGHT"
    strip.transform.filter = "BILINEAR"

    level = {"z": (scene, ZOOM_LEVEL_PATH)}
    pixels = plan.resolution[0] / plan.view_size[0]  # of the frame, for one view's unit
    grown = f"pow({plan.zoom_factor!r}, z - {layer.level!r})"
    across, down = pixels / image.width, pixels * plan.aspect / image.height
    drive(strip.transform, "scale_x", f"{across!r} * {grown}", level)
    drive(strip.transform, "scale_y", f"{down!r} * {grown}", level)
    # A picture that was padded at the right and below has its centre half a pixel further there.
    centre = (
        pixels * layer.centre[0] + (0.5 * across if image.width % 2 else 0.0),
        pixels * layer.centre[1] - (0.5 * down if image.height % 2 else 0.0),
    )
    if plan.roll:
        drive(strip.transform, "rotation", "-r", {"r": (scene, ROLL_PATH)})
    if not plan.is_centred or centre != (0.0, 0.0):
        # Expressions may not be longer than 255 characters.
        place = [
            f"{value:.12g} * pow({plan.zoom_factor:.12g}, z - {layer.level:.12g})"
            for value in centre
        ]
        sources = dict(level)
        if not plan.is_centred:
            sources |= {"c": (scene, CENTRE_PATHS[0]), "d": (scene, CENTRE_PATHS[1])}
            place = [f"{place[0]} - {pixels:.12g} * c", f"{place[1]} - {pixels:.12g} * d"]
        if plan.roll:
            sources |= {"r": (scene, ROLL_PATH)}
            place = [
                f"cos(r) * ({place[0]}) + sin(r) * ({place[1]})",
                f"cos(r) * ({place[1]}) - sin(r) * ({place[0]})",
            ]
        drive(strip.transform, "offset_x", place[0], sources)
        drive(strip.transform, "offset_y", place[1], sources)
    opacity = [expression] if (expression := fade_expression(layer)) else []
    if layer.visible_until <= plan.depth and not math.isfinite(layer.fades_from):
        opacity.append(f"(z <= {layer.visible_until!r})")
    if opacity:
        drive(strip, "blend_alpha", " * ".join(opacity), level)
    if plan.has_colour_match:
        _match_colours(scene, strip, plan, layer)


def _match_colours(scene: Any, strip: Any, plan: Plan, layer: Layer) -> None:
    """A gain in linear light, for the sRGB-encoded values that the sequencer works on.

    With e = 1.055 l**(1/2.4) - 0.055, a gain g of l takes e to s e + 0.055 (s - 1), where s is
    g**(1/2.4).
    """
    balance = strip.modifiers.new("Colour Match", "COLOR_BALANCE").color_balance
    balance.correction_method = "OFFSET_POWER_SLOPE"
    keys = plan.gain_keys(layer.index)
    levels = [level for level, _ in keys]
    parts = _GAIN_KEYS_PER_STEP * max(1, len(keys) - 1)
    between = np.interp(np.linspace(0, len(keys) - 1, parts + 1), range(len(keys)), levels)
    for channel in range(3):
        gains = np.interp(between, levels, [gain[channel] for _, gain in keys])
        slopes = gains ** (1.0 / _EXPONENT)
        table = list(zip(between.tolist(), slopes.tolist(), strict=True))
        drive_by_table(balance, "slope", (scene, ZOOM_LEVEL_PATH), table, index=channel)
        # In this property 1 stands for no offset.
        table = [(level, 1.0 + _OFFSET * (slope - 1.0)) for level, slope in table]
        drive_by_table(balance, "offset", (scene, ZOOM_LEVEL_PATH), table, index=channel)


# --- Pictures with soft edges ---------------------------------------------------------------------


def _write_pictures(plan: Plan, folder: Path) -> list[Path]:
    """The files of all layers: trimmed copies with soft edges of all but the outermost.

    Blender places pictures to the half pixel only if their sides are even, as the frame's are: so
    all get even ones.
    """
    files = []
    alphas: dict[tuple[int, int], NDArray[np.uint8]] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Compressing takes most of the time, and lets other threads run.
        with ThreadPoolExecutor(max_workers=2) as pool:
            jobs = []
            for layer in plan.layers:
                image = layer.image
                size = image.width, image.height
                is_even = image.width % 2 == image.height % 2 == 0
                if layer.index == 0 and is_even:
                    files.append(image.file)
                    continue
                left, top = _margins(plan.mask, plan.aspect, *size) if layer.index else (0, 0)
                if layer.index and size not in alphas:
                    alphas[size] = _alpha(plan.mask, plan.aspect, *size)
                pixels = read_pixels(image.file)
                trimmed = pixels[top : image.height - top, left : image.width - left]
                colour = np.rint(trimmed * 255.0).astype(np.uint8)
                alpha = alphas[size] if layer.index else np.full(colour.shape[:2], 255, np.uint8)
                picture = np.dstack([colour, alpha])
                if not is_even:
                    padding = (0, image.height % 2), (0, image.width % 2), (0, 0)
                    picture = np.pad(picture, padding, "edge")
                file = folder / f"{layer.index:04} {image.file.stem}.png"
                jobs.append(pool.submit(_write_png, file, picture))
                files.append(file)
                if len(jobs) > 4:  # keeps few pictures in memory
                    jobs.pop(0).result()
            for job in jobs:
                job.result()
    except OSError as error:
        raise _not_written(folder, error) from error
    return files


def _not_written(folder: Path, error: OSError) -> EverZoomError:
    return EverZoomError(
        f"The folder {folder} for the sequencer's pictures cannot be written ({error.strerror}): "
        "check the free space and the permissions."
    )


def _margins(mask: Mask, aspect: float, width: int, height: int) -> tuple[int, int]:
    """Pixels of an image that are trimmed at the left and right, and at the top and bottom."""
    return (
        max(0, int((0.5 - mask.half_size[0]) * width + 1e-6)),
        max(0, int((0.5 - mask.half_size[1] / aspect) * height + 1e-6)),
    )


def _alpha(mask: Mask, aspect: float, width: int, height: int) -> NDArray[np.uint8]:
    """The opacity of the trimmed image's pixels, 0 to 255."""
    left, top = _margins(mask, aspect, width, height)
    x = (np.arange(left, width - left) + 0.5) / width - 0.5
    y = ((np.arange(top, height - top) + 0.5) / height - 0.5) * aspect
    inside = mask.inside(x[None, :], y[:, None])
    return np.rint(inside * inside * (3.0 - 2.0 * inside) * 255.0).astype(np.uint8)


def _write_png(file: Path, pixels: NDArray[np.uint8]) -> None:
    """Write RGBA pixels, fast (PNG, W3C Recommendation (Third Edition); filter type 2, "Up")."""
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    filtered = np.empty((height, 1 + width * channels), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    write_whole(
        file,
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(filtered.tobytes(), 1))
        + chunk(b"IEND", b""),
    )
