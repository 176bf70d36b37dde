"""Small pictures of images, upright: Blender's own show a picture as it is stored in its file."""

from __future__ import annotations

from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from ..core.files.orientation import UPRIGHT, upright
from ..errors import EverZoomError
from ..scene import loading
from .work import redraw

# Between two looks whether Blender has drawn a picture, and how many.
_SECONDS, _MOST_LOOKS = 0.3, 100


class _Turned:
    """Blender's pictures put upright, by the images' numbers.

    Attributes:
        pictures: They, as soon as there is one.
        sources: What each was made from.
        looks: How often it was looked for in vain.
        orientations: How images are stored, by their numbers, files and sizes if they are packed,
            until something in the scene changes: to look into them takes long, and longer into
            packed ones.
    """

    pictures: Any = None
    sources: dict[str, bytes] = {}
    looks: dict[str, int] = {}
    orientations: dict[tuple[int, str, int], int] = {}


def icon_of(image: Any) -> int:
    """The icon that shows an image; 0 where there is none."""
    preview = image.preview_ensure()
    if preview is None:
        return 0
    orientation = orientation_of(image)
    width, height = preview.icon_size
    if orientation == UPRIGHT:
        return int(preview.icon_id)
    name = str(image.session_uid)
    pixels = np.array(preview.icon_pixels, np.int32).reshape(height, width)[::-1]
    if not pixels.any():  # Blender draws it once it is shown, and shows it again then, or not
        _look_again(name)
        return int(preview.icon_id)
    return _turned(name, upright(pixels, orientation))


def orientation_of(image: Any) -> int:
    """How the picture of a Blender image is stored, see `core.files.orientation`."""
    packed = image.packed_file
    key = image.session_uid, image.filepath, packed.size if packed else 0
    if key not in _Turned.orientations:
        _Turned.orientations[key] = _read_orientation(image)
    return _Turned.orientations[key]


def forget_orientations() -> None:
    """Images may be others now."""
    _Turned.orientations.clear()


def _read_orientation(image: Any) -> int:
    try:
        return loading.orientation_of(loading.image_file(image))
    except EverZoomError:  # the file is gone
        return UPRIGHT


def _look_again(name: str) -> None:
    looks = _Turned.looks[name] = _Turned.looks.get(name, 0) + 1
    if looks <= _MOST_LOOKS and not bpy.app.timers.is_registered(_redraw):
        bpy.app.timers.register(_redraw, first_interval=_SECONDS)


def _redraw() -> None:
    redraw(bpy.context)


def _turned(name: str, pixels: Any) -> int:
    if _Turned.pictures is None:
        _Turned.pictures = bpy.utils.previews.new()
    picture = _Turned.pictures.get(name)
    if picture is None:
        picture = _Turned.pictures.new(name)
    source = pixels.tobytes()
    if _Turned.sources.get(name) != source:  # another picture since
        _Turned.sources[name] = source
        picture.icon_size = pixels.shape[::-1]
        picture.icon_pixels = pixels[::-1].ravel().tolist()
    return int(picture.icon_id)


def register() -> None:
    """There is nothing to do before the first picture."""


def unregister() -> None:
    """Free the pictures."""
    if _Turned.pictures is not None:
        bpy.utils.previews.remove(_Turned.pictures)
    _Turned.pictures = None
    _Turned.sources.clear()
    _Turned.looks.clear()
    _Turned.orientations.clear()
    if bpy.app.timers.is_registered(_redraw):
        bpy.app.timers.unregister(_redraw)
