"""The joins of a zoom: when each seam is best seen, and what both images show there. No bpy."""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..settings import MaskShape
from .drawing import Drawing, Pixels, draw, view_of
from .plan.mask import Mask, whole
from .plan.plan import Layer, Plan

# Of the frame's shorter side: a seam that lies so far inside of the frame is seen well.
_WELL_INSIDE = 0.1
_LEVELS_LOOKED_AT = 33
_POINTS_OF_SIDE = 17

# What a difference of two pictures is multiplied by, so that it is seen.
DIFFERENCE_TIMES = 4.0
_TRIMMED_AWAY = 0.3  # so much of the difference is shown of what the mask takes away

_COLUMNS = 256  # that are worked on at a time

GROUND = 64  # of 255: what is seen where there is no picture

# Pixels of a source for one of what is made from it: what is drawn of it stays sharp.
FINER = 1.25

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Join:
    """Where an image lies in the next larger one.

    Attributes:
        outer: The larger image's layer.
        inner: The other's.
        level: Zoom level at which the seam is best seen: it is all there, and well inside of the
            frame, as far as that can be.
        frame: The frame that comes nearest to it.
    """

    outer: Layer
    inner: Layer
    level: float
    frame: int


@dataclass(frozen=True)
class JoinPictures:
    """What is seen at a join, each of shape (height, width, 3), 0 to 255.

    Attributes:
        seam: The frame as it is.
        outer: The larger image alone, in the same place.
        inner: The other alone, all of it.
        difference: Of the two, enlarged `DIFFERENCE_TIMES`; what the mask takes away is darker.
    """

    seam: Bytes
    outer: Bytes
    inner: Bytes
    difference: Bytes


def find_joins(plan: Plan, levels: Sequence[float] | None = None) -> list[Join]:
    """The joins that a zoom shows, the outermost first; of a ring each of them once.

    Args:
        plan: The zoom.
        levels: Zoom level in each frame, from the plan's first one on; None: as planned.
    """
    if levels is None:
        levels = [plan.level_at(frame) for frame in plan.frames]
    shown = np.array(levels)
    last = plan.round_levels or math.inf
    joins = []
    for outer, inner in itertools.pairwise(plan.layers):
        if outer.level < -1e-6 or inner.level > last + 1e-6:  # around a ring
            continue
        level = _best_level(plan, outer, inner)
        frame = plan.first_frame + int(np.abs(shown - level).argmin())
        joins.append(Join(outer, inner, level, frame))
    return joins


def _best_level(plan: Plan, outer: Layer, inner: Layer) -> float:
    """Zoom level at which the seam of an inner layer is best seen; of equal ones the last."""
    last = min(inner.level, outer.fades_from if outer.has_hole else math.inf)
    first = min(max(outer.level, inner.opaque_from), last)
    levels = np.linspace(first, last, _LEVELS_LOOKED_AT)
    outline = _outline(inner.mask) * cmath.rect(inner.width, -inner.turn) + complex(*inner.centre)
    scale = plan.zoom_factor ** (levels - inner.level)
    x, y = plan.path(levels)[0].T
    away = outline * scale[:, None] - (x + 1j * y)[:, None]
    seen = away * np.exp(-1j * plan.view.angle(levels))[:, None]
    width, height = plan.view_size
    inside = np.minimum(width / 2.0 - np.abs(seen.real), height / 2.0 - np.abs(seen.imag))
    how_well = np.clip(inside / (_WELL_INSIDE * min(width, height)), 0.0, 1.0).mean(axis=1)
    return float(levels[np.flatnonzero(how_well >= how_well.max() - 1e-3)[-1]])


def _outline(mask: Mask) -> NDArray[np.complex128]:
    """Points along the middle of a mask's soft edge, in image widths."""
    x, y = (half - mask.feather / 2.0 for half in mask.half_size)
    if mask.shape is MaskShape.ELLIPSE:
        angles = np.arange(4 * _POINTS_OF_SIDE) * (2.0 * np.pi / (4 * _POINTS_OF_SIDE))
        ellipse: NDArray[np.complex128] = x * np.cos(angles) + 1j * y * np.sin(angles)
        return ellipse
    along = np.linspace(-1.0, 1.0, _POINTS_OF_SIDE)
    sides = (along * x + 1j * y, along * x - 1j * y, x + along * 1j * y, -x + along * 1j * y)
    return np.concatenate(sides)


# --- The pictures ---------------------------------------------------------------------------------


def widths_needed(plan: Plan, join: Join, width: int) -> dict[Path, float]:
    """How wide the images that are seen at a join have to be, in pixels, for `join_pictures`.

    Args:
        plan: The zoom.
        join: One of its joins.
        width: Of the pictures.
    """
    view = view_of(plan, join.level, width)
    needed: dict[Path, float] = {}
    for layer in (*view.layers, join.outer, join.inner):
        pixels = FINER / (view.pixel * view.span_in(layer))
        needed[layer.image.file] = max(needed.get(layer.image.file, 0.0), pixels)
    return needed


def source_of(pixels: NDArray[np.float32], width: float) -> Bytes:
    """An image as `join_pictures` takes it, no wider than needed.

    Args:
        pixels: Shape (height, width, 3 or 4), 0 to 1, opacity not multiplied in.
        width: In pixels.

    Returns:
        Shape (height, width, 4), 0 to 255, opacity not multiplied in.
    """
    high, wide, channels = pixels.shape
    part = min(1.0, width / wide)
    size = max(1, math.ceil(high * part)), max(1, math.ceil(wide * part))
    opacity = np.ones((high, wide), np.float32) if channels == 3 else pixels[..., 3]
    planes = (*(pixels[..., channel] * opacity for channel in range(3)), opacity)
    shrunk = np.stack([_shrunk(_shrunk(plane, size[0]).T, size[1]).T for plane in planes], axis=2)
    shrunk[..., :3] /= np.maximum(shrunk[..., 3:], 1e-6)
    return np.rint(255.0 * np.clip(shrunk, 0.0, 1.0)).astype(np.uint8)


def _shrunk(plane: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """As many rows, each the mean of those that it lies over.

    No product of matrices: numpy shares those of large ones among threads, which wait for each
    other longer than they work where the machine is busy.
    """
    length = len(plane)
    edges = np.linspace(0.0, length, count + 1)
    whole_rows = np.minimum(edges.astype(np.int64), length - 1)
    part = (edges - whole_rows)[:, None]
    result = np.empty((count, plane.shape[1]), np.float32)
    for start in range(0, plane.shape[1], _COLUMNS):
        columns = plane[:, start : start + _COLUMNS]
        sums = np.concatenate([np.zeros((1, columns.shape[1])), columns.cumsum(0, np.float64)])
        until = sums[whole_rows] + part * columns[whole_rows]
        result[:, start : start + _COLUMNS] = np.diff(until, axis=0) * (count / length)
    return result


def join_pictures(
    plan: Plan, join: Join, sources: Mapping[Path, Pixels], width: int, level: float | None = None
) -> JoinPictures:
    """What is seen at a join.

    Args:
        plan: The zoom.
        join: One of its joins.
        sources: The pixels of the images, by their files: at least of those in `widths_needed`.
        width: Of the pictures in pixels.
        level: Zoom level; None: the join's.
    """
    view = view_of(plan, join.level if level is None else level, width)
    seam = draw(view, [sources[layer.image.file] for layer in view.layers])
    outer, inner = (
        alone(plan, view, layer, sources[layer.image.file]) for layer in (join.outer, join.inner)
    )
    mask = alone(plan, view, join.inner, np.full((2, 2, 4), 255, np.uint8), is_trimmed=True)
    return JoinPictures(
        seam=_on_ground(seam),
        outer=_on_ground(outer),
        inner=_on_ground(inner),
        difference=_difference(outer, inner, mask),
    )


def alone(
    plan: Plan, view: Drawing, layer: Layer, source: Pixels, *, is_trimmed: bool = False
) -> Pixels:
    """One layer in a view, RGBA: all of its image, or what the mask leaves of it."""
    shown = layer if is_trimmed else replace(layer, mask=whole(layer.aspect))
    drawing = replace(
        view,
        layers=(shown,),
        gains=(plan.gain_at(layer.index, view.level),),
        opacities=(1.0,),
    )
    picture = draw(drawing, [source])
    if picture.shape[2] == 4:
        return picture
    return np.concatenate([picture, np.full((*picture.shape[:2], 1), 255, np.uint8)], axis=2)


def _difference(outer: Pixels, inner: Pixels, mask: Pixels) -> Bytes:
    both = np.minimum(outer[..., 3:], inner[..., 3:]) > 127
    change = np.abs(outer[..., :3].astype(np.float32) - inner[..., :3]) * DIFFERENCE_TIMES
    change *= _TRIMMED_AWAY + (1.0 - _TRIMMED_AWAY) * (mask[..., 3:] / 255.0)
    return np.where(both, np.clip(change, 0.0, 255.0), 0.0).astype(np.uint8)


def _on_ground(picture: Pixels) -> Bytes:
    if picture.shape[2] == 3:
        return picture.astype(np.uint8)
    alpha = picture[..., 3:] / 255.0
    return np.rint(picture[..., :3] * alpha + GROUND * (1.0 - alpha)).astype(np.uint8)
