"""The built-in sample series: worlds of cut paper, each inside the next. numpy only, no bpy.

Scene s is painted in units of its own: it fills the disc of radius 1, and in its middle a portal
shows scene s + 1. Whatever the zoom level, only the few scenes in sight are painted, each relative
to the view, so that no depth runs out of precision.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .paper import Canvas, ring
from .scenes import LAST_SCENE, OVERHANG, SCENES

OCTAVES_PER_SCENE = 1.45  # about; the last scene ends the journey, so their number is whole
HUE_CHANGE = 0.10  # in turns, at most: when the scenes come round again, they do in other colours
MARGIN = 1.12  # a scene is painted up to here
SMALLEST = 1.0  # radius of a scene, in pixels, below which it is a grey dot


def sample_image(
    k: int,
    *,
    count: int = 8,
    size: tuple[int, int] = (1024, 1024),
    zoom_factor: float = 2.0,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Image k of the series.

    Args:
        k: 0 is the outermost, `count` - 1 the innermost.
        count: Number of images; the innermost one shows the end of the journey.
        size: Width and height in pixels.
        zoom_factor: > 1.
        seed: Another number is another journey.

    Returns:
        Shape (height, width, 3), sRGB-encoded 0 to 1, top row first.
    """
    return sample_view(float(k), count=count, size=size, zoom_factor=zoom_factor, seed=seed)


def sample_view(
    zoom_level: float,
    *,
    count: int = 8,
    size: tuple[int, int] = (1024, 1024),
    zoom_factor: float = 2.0,
    seed: int = 0,
) -> NDArray[np.float32]:
    """The true picture at any zoom level; arguments and result as of `sample_image`."""
    octaves = math.log2(zoom_factor)
    last = max(1, round((count - 1) * octaves / OCTAVES_PER_SCENE))
    spacing = max(1.0, (count - 1) * octaves / last)
    hole = 2.0**-spacing
    width, height = size
    reach = math.hypot(width, height) / 2  # scene 0 just fills image 0
    seen = zoom_level * octaves / spacing  # scenes passed
    # The first scene whose portal does not yet show the next one only.
    first = min(last, max(0, math.floor(seen + math.log2(1 - OVERHANG) / spacing)))
    deepest = min(last, math.floor(seen + math.log2(reach / SMALLEST) / spacing))
    inner: Canvas | None = None
    corner = (0, 0)
    for number in range(deepest, first - 1, -1):
        scale = reach * 2.0 ** (spacing * (seen - number))
        left, right = _span(width, scale if number > first else math.inf)
        top, bottom = _span(height, scale if number > first else math.inf)
        canvas = Canvas(
            np.zeros((3, bottom - top, right - left), np.float32),
            scale,
            (width / 2 - left, height / 2 - top),
            _hue_turned(HUE_CHANGE * math.sin(1.3 * (number // len(SCENES))) * (number < last)),
        )
        random = np.random.Generator(np.random.PCG64([seed, number % 1_000_003]))
        scene = SCENES[(number + seed) % len(SCENES)] if number < last else LAST_SCENE
        for portal in scene(canvas, hole, random):
            if inner is not None:
                inner.shade([ring(1.0, 3.0)], 0.05, 0.6)
                canvas.inlay(portal, inner.pixels, corner[0] - left, corner[1] - top)
            else:
                canvas.fill(portal, "808080")
        inner, corner = canvas, (left, top)
    assert inner is not None
    return np.ascontiguousarray(inner.pixels.transpose(1, 2, 0))


def _span(length: int, scale: float) -> tuple[int, int]:
    """The first and the last but one pixel of a scene in a view's width or height."""
    half = min(length / 2, MARGIN * scale)
    return math.floor(length / 2 - half), math.ceil(length / 2 + half)


def _hue_turned(turns: float) -> NDArray[np.float32]:
    """Matrix that turns the hue of a colour and keeps its luma."""
    to_luma = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    cosine, sine = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return (np.linalg.inv(to_luma) @ turn @ to_luma).astype(np.float32)
