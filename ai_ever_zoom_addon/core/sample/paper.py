"""Cut paper: shapes, and a canvas with exact edges and soft shadows. Never touches bpy.

A path is a list of closed polygons, each of shape (n, 2), all counter-clockwise, in the units of a
scene, x to the right and y up. Edges come out exact at any scale: a pixel takes the share of a
colour that it is covered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pixels = NDArray[np.float32]
Path = list[Points]
Random = np.random.Generator
Box = tuple[slice, slice]

POLYGON_COST = 8000  # of filling one polygon, in pixels that could be filled in the same time
RIM = np.array([0.0022, -0.0035])  # from a sheet's lit edge to its face
SHADOW_FALL = np.array([0.35, -0.65])  # of a shadow's softness: the light comes from the upper left


@dataclass(frozen=True)
class Canvas:
    """A picture to paint on.

    Attributes:
        pixels: Shape (3, height, width), sRGB-encoded, top row first.
        scale: Pixels per unit.
        centre: Where the origin lies, in pixels from the upper left corner.
        tint: Matrix by which every colour is multiplied.
    """

    pixels: Pixels
    scale: float
    centre: tuple[float, float]
    tint: NDArray[np.float32]

    @cached_property
    def x(self) -> Pixels:
        """Of each column's centre, shape (1, width), in units."""
        columns = np.arange(self.pixels.shape[2]) + 0.5 - self.centre[0]
        return (columns / self.scale).astype(np.float32)[None, :]

    @cached_property
    def y(self) -> Pixels:
        """Of each row's centre, shape (height, 1), in units."""
        rows = self.centre[1] - np.arange(self.pixels.shape[1]) - 0.5
        return (rows / self.scale).astype(np.float32)[:, None]

    @cached_property
    def radius(self) -> Pixels:
        """Distance from the origin in units, shape (height, width)."""
        return np.hypot(self.x, self.y)

    def colour(self, code: str) -> Pixels:
        """Shape (3, 1, 1), of a hexadecimal code."""
        plain = [int(code[at : at + 2], 16) / 255.0 for at in (0, 2, 4)]
        return np.clip(self.tint @ np.array(plain, np.float32), 0.0, 1.0)[:, None, None]

    def gradient(self, along: Pixels, stops: dict[float, str]) -> Pixels:
        """Colours between the stops, by a value per pixel, row or column."""
        colours = np.stack([self.colour(code).ravel() for code in stops.values()])
        channels = [np.interp(along, list(stops), channel) for channel in colours.T]
        return np.stack(channels).astype(np.float32)

    def fill(self, path: Path, paint: Pixels | str, opacity: float = 1.0) -> None:
        """Fill the union of a path's polygons with a colour or with a picture of the canvas."""
        for points in self._clusters(self._in_pixels(path)):
            box = self._box(points, 0.0)
            share = coverage([p - (box[1].start, box[0].start) for p in points], _shape(box))
            self._mix(box, share if opacity == 1.0 else share * np.float32(opacity), paint)

    def shade(self, path: Path, softness: float, strength: float = 0.5) -> None:
        """Cast the soft shadow of a path on all that is painted so far."""
        points = self._in_pixels([polygon + SHADOW_FALL * softness for polygon in path])
        box = self._box(points, 3.0 * softness * self.scale)
        if not math.prod(_shape(box)):
            return
        # Drawn and blurred in pixels as coarse as the softness allows, then enlarged.
        coarse = max(1.0, 0.7 * softness * self.scale)
        height, width = (math.ceil(length / coarse) + 1 for length in _shape(box))
        corner = (box[1].start, box[0].start)
        share = coverage([(p - corner) / coarse for p in points], (height, width))
        passes = 2 if coarse > 1.0 else round(softness * self.scale)
        share = np.float32(strength) * _blurred(_blurred(share, passes).T, passes).T
        share = _enlarged(share, coarse, _shape(box))
        self.pixels[(slice(None), *box)] *= 1.0 - share

    def lay(self, path: Path, paint: Pixels | str, softness: float, rim: str = "") -> None:
        """A sheet of paper: its shadow, its lit rim where a colour is given, its face."""
        self.shade(path, softness)
        if rim:
            self.fill(path, rim)
            path = [polygon + RIM for polygon in path]
        self.fill(path, paint)

    def glow(self, radius: float, reach: float, code: str, opacity: float) -> None:
        """Light around a disc at the origin, halved with every `reach` of distance."""
        away = np.maximum(self.radius - np.float32(radius), 0.0)
        share = np.float32(opacity) * np.exp2(away * np.float32(-1.0 / reach))
        self._mix((slice(None), slice(None)), share, code)

    def inlay(self, path: Path, picture: Pixels, left: int, top: int) -> None:
        """Show another picture, whose corner lies at a pixel, inside a path."""
        height, width = picture.shape[1:]
        box = (slice(top, top + height), slice(left, left + width))
        share = coverage([p - (left, top) for p in self._in_pixels(path)], (height, width))
        part = self.pixels[(slice(None), *box)]
        part += (picture - part) * share

    def _in_pixels(self, path: Path) -> Path:
        return [polygon * (self.scale, -self.scale) + self.centre for polygon in path]

    def _clusters(self, points: Path) -> list[Path]:
        """The polygons in sight: together, or each alone where that saves a large empty box."""
        if not points:
            return []
        starts = np.cumsum([0, *map(len, points[:-1])])
        corners = np.concatenate(points)
        least = np.floor(np.minimum.reduceat(corners, starts))
        most = np.ceil(np.maximum.reduceat(corners, starts))
        limit = (self.pixels.shape[2], self.pixels.shape[1])
        areas = np.prod(np.clip(most, 0, limit) - np.clip(least, 0, limit), axis=1)
        seen = [polygon for polygon, area in zip(points, areas, strict=True) if area > 0]
        if not seen:
            return []
        together = math.prod(_shape(self._box(seen, 0.0)))
        apart = areas.sum() + POLYGON_COST * len(seen) < together
        return [[polygon] for polygon in seen] if apart else [seen]

    def _box(self, points: Path, margin: float) -> Box:
        """Rows and columns that the points span."""
        corners = np.concatenate(points)
        limit = (self.pixels.shape[2], self.pixels.shape[1])
        left, top = np.clip(np.floor(corners.min(axis=0) - margin), 0, limit).astype(int).tolist()
        right, bottom = (
            np.clip(np.ceil(corners.max(axis=0) + margin), 0, limit).astype(int).tolist()
        )
        return slice(top, bottom), slice(left, right)

    def _mix(self, box: Box, share: Pixels, paint: Pixels | str) -> None:
        if isinstance(paint, str):
            paint = self.colour(paint)
        paint = np.broadcast_to(paint, self.pixels.shape)[(slice(None), *box)]
        for channel, wanted in zip(self.pixels[(slice(None), *box)], paint, strict=True):
            change = wanted - channel
            change *= share
            channel += change


def coverage(path: Path, shape: tuple[int, int]) -> Pixels:
    """The share of each pixel that lies inside a path: exact, by the areas to the right of edges.

    Args:
        path: Polygons in pixels, y down, all turning the same way.
        shape: Height and width of the result.
    """
    height, width = shape
    start = np.concatenate(path)
    end = np.concatenate([part for polygon in path for part in (polygon[1:], polygon[:1])])
    for axis, size in ((1, height), (0, width)):
        start, end = _split(start, end, axis, size)
    middle = (start + end) / 2
    row = np.floor(middle[:, 1]).astype(np.int64)
    inside = (row >= 0) & (row < height)
    x = np.clip(middle[inside, 0], 0.0, width)
    column = x.astype(np.int64)
    cell = row[inside] * (width + 2) + column
    rise = (end - start)[inside, 1]
    later = rise * (x - column)
    total = height * (width + 2)
    area = np.bincount(
        np.concatenate([cell, cell + 1]), np.concatenate([rise - later, later]), total
    )
    winding = np.cumsum(area.astype(np.float32).reshape(height, width + 2), axis=1)[:, :width]
    return np.minimum(np.abs(winding, out=winding), 1.0, out=winding)


def _split(start: Points, end: Points, axis: int, size: int) -> tuple[Points, Points]:
    """Cut lines wherever they pass from one pixel to the next along an axis."""
    first, last = (np.clip(np.floor(p[:, axis]), -1, size) for p in (start, end))
    count = np.abs(last - first).astype(np.int64) + 1
    line = np.repeat(np.arange(len(start)), count)
    piece = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    way = np.sign(last - first)[line]
    border = first[line] + way * piece + (way < 0)
    length = (end - start)[line]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (border - start[line, axis]) / length[:, axis]
    cut = start[line] + length * np.where(piece > 0, part, 0.0)[:, None]
    is_last = piece == count[line] - 1
    later = np.concatenate([cut[1:], cut[:1]])
    return cut, np.where(is_last[:, None], end[line], later)


def _shape(box: Box) -> tuple[int, int]:
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def _blurred(values: Pixels, passes: int) -> Pixels:
    """Along the first axis, each pass with a variance of 1."""
    for _ in range(passes):
        padded = np.pad(values, ((2, 2), (0, 0)), mode="edge")
        outer, inner = padded[:-4] + padded[4:], padded[1:-3] + padded[3:-1]
        values = outer / 16 + inner / 4 + values * np.float32(3 / 8)
    return values


def _enlarged(values: Pixels, by: float, shape: tuple[int, int]) -> Pixels:
    """Linearly interpolated."""
    values = values.T
    for length in shape[::-1]:
        place = np.clip((np.arange(length) + 0.5) / by - 0.5, 0.0, values.shape[0] - 1.001)
        index = place.astype(np.int64)
        share = (place - index).astype(np.float32)[:, None]
        values = (values[index] * (1 - share) + values[index + 1] * share).T
    return values.T


# --- shapes -------------------------------------------------------------------------------------


def disc(radius: float, x: float = 0.0, y: float = 0.0, corners: int = 720) -> Points:
    """A circle, or with few corners a regular polygon."""
    angle = np.arange(corners) * (2 * math.pi / corners)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def ring(inner: float, outer: float, x: float = 0.0, y: float = 0.0) -> Points:
    """Between two circles: around the outer one, and back around the inner one."""
    edge = disc(1.0)[[*range(720), 0]]
    return np.concatenate([outer * edge, inner * edge[::-1]]) + np.array([x, y])


def rectangle(left: float, bottom: float, right: float, top: float) -> Points:
    """By its edges."""
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)])


def star(x: float, y: float, radius: float, arms: int = 4, waist: float = 0.18) -> Points:
    """A star with its first arm up."""
    angle = math.pi / 2 + np.arange(2 * arms) * (math.pi / arms)
    reach = radius * np.where(np.arange(2 * arms) % 2, waist, 1.0)
    return np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=1)


def leaf(length: float, width: float, fullest: float = 0.5, corners: int = 24) -> Points:
    """A pointed leaf from the origin upwards, at its widest at a part of its length."""
    t = np.linspace(0.0, 1.0, corners)
    power = math.log(0.5) / math.log(fullest)
    half = 0.5 * width * np.sin(math.pi * t**power)
    side = np.stack([half, length * t], axis=1)
    return np.concatenate([side, (side * (-1, 1))[-2:0:-1]])


def stroke(line: Sequence[Sequence[float]] | Points, start: float, end: float) -> Points:
    """A line of a width that changes evenly from start to end."""
    middle = np.asarray(line, float)
    along = np.gradient(middle, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    half = across * np.linspace(start / 2, end / 2, len(middle))[:, None]
    return np.concatenate([middle - half, (middle + half)[::-1]])


def placed(shape: Points, x: float, y: float, size: float = 1.0, turn: float = 0.0) -> Points:
    """Scaled, turned counter-clockwise by an angle, and moved."""
    cosine, sine = math.cos(turn), math.sin(turn)
    return size * shape @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def around(shape: Points, count: int, radius: float, start: float = 0.0) -> Path:
    """Copies around the origin, the shape's upward direction pointing outwards."""
    angles = (start + np.arange(count)) * (2 * math.pi / count)
    return [
        placed(shape, radius * math.cos(a), radius * math.sin(a), turn=a - math.pi / 2)
        for a in angles
    ]
