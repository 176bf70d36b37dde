"""A zoom as a page for a browser, with Blender as what opens pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..core.files.image_writing import png_bytes
from ..core.files.orientation import UPRIGHT
from ..core.page import PageImage, page_steps
from ..core.plan.plan import Plan
from ..core.steps import Steps
from . import colours, loading, zoom_level

# What browsers show, by how such files begin: the media type, and what stands at the ninth byte.
_SHOWN = {
    b"\x89PNG": ("image/png", b""),
    b"\xff\xd8\xff": ("image/jpeg", b""),
    b"RIFF": ("image/webp", b"WEBP"),
}


def write_steps(
    plan: Plan, file: Path, control: Any = None, *, is_beside: bool = False
) -> Steps[None]:
    """Write a zoom as a page, see `page_steps`.

    Args:
        plan: The zoom.
        file: See `check_file`; what is there is replaced.
        control: Whose curve, which the user may have edited, says what frames show.
        is_beside: The pictures lie in files beside it.
    """
    curve, levels = control and zoom_level.curve_of(control), None
    if curve is not None:
        levels = [curve.evaluate(frame) for frame in plan.frames]
    yield from page_steps(plan, file, page_image, levels, is_beside=is_beside)


def page_image(file: Path) -> PageImage:
    """A picture as Blender shows it: its file, if browsers show the same, or else a PNG file.

    Raises:
        EverZoomError: It cannot be read.
    """
    with loading.no_image_left():
        image = loading.load_image(file)
        alpha_mode, space = image.alpha_mode, image.colorspace_settings.name
    header = loading.read_header(file)
    is_plain = header and not (header.is_deep or header.is_cut or header.is_cmyk)
    if header and is_plain and header.orientation == UPRIGHT:
        data = loading.data_of(file)
        kinds = (
            kind
            for beginning, (kind, ninth) in _SHOWN.items()
            if data.startswith(beginning) and data[8:].startswith(ninth)
        )
        kind = next(kinds, None)
        if kind and alpha_mode == "STRAIGHT" and space == colours.picture_space():
            return PageImage(kind, data)
    pixels = loading.read_rgba(file, alpha_mode, space)
    if pixels.dtype != np.uint8:
        alpha = np.clip(pixels[..., 3:], 0.0, 1.0)
        colour = pixels[..., :3] / np.where(alpha == 0.0, 1.0, alpha)
        pixels = np.concatenate([colour, alpha], axis=2)
        pixels = np.rint(np.clip(np.nan_to_num(pixels), 0.0, 1.0) * 255.0).astype(np.uint8)
    values = cast("NDArray[np.uint8]", pixels)
    is_opaque = bool((values[..., 3] == 255).all())
    return PageImage("image/png", png_bytes(values[..., :3] if is_opaque else values))
