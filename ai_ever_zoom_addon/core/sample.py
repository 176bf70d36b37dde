"""The built-in sample series: a journey through sheets of cut paper. numpy only, never touches bpy.

The world is an endless stack of paper sheets, each with a hole, seen from above: the deeper a
sheet lies, the smaller its hole. Sheet s has the hole radius `HOLE * zoom_factor**-(s / sheets)`,
measured in half widths of image 0; every `sheets` sheets form a level with a palette and a motif of
its own. Everything is worked out relative to the view, so that no depth runs out of precision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating[Any]]

HOLE = 1.1
SHEETS_PER_OCTAVE = 5
OUTLINE_RANGE = (0.82, 1.15)  # of every hole's edge, in its mean radii
OUTLINE_POINTS = 1 << 14
LIGHT_ANGLE = math.radians(120.0)  # from the upper left
SHADOW_REACH = 0.055  # in hole radii
SHADOW_SOFTNESS = 0.05
SHADOW = 0.62
INLAY = 0.045  # distance of the thin line from a sheet's edge, in hole radii

# From the rim of a level to its glowing inside, and the accent of its inlay and stars.
PALETTES = (
    ("101a3c", "1f3a6e", "3f6fa8", "f3d9a4"),
    ("3a1030", "8a2846", "e0704f", "ffd08a"),
    ("06302f", "12645a", "4fae86", "f4edb0"),
    ("1d1240", "51308c", "a46cc8", "ffd9ec"),
    ("3b1a0c", "9a4a1c", "e9a23b", "fff0c2"),
    ("0a2540", "1876a0", "6fc7d0", "fff6dc"),
    ("3c0d1f", "b03a5b", "f29ca3", "fff1d6"),
    ("14300f", "4b7a22", "b4c44a", "fdf6c9"),
)
MOTIFS = ("clouds", "peaks", "waves", "petals", "crystals", "dunes")


@dataclass(frozen=True)
class _View:
    """What is seen, its pixels sorted by their distance from the centre, each array of shape (n,).

    Attributes:
        order: Numbers of the pixels, row by row.
        radius: In half widths of the view, ascending.
        turn: Angle, counter-clockwise, in whole turns from 0 to 1.
        toward_light: Cosine of the angle to the light.
        pixel: Size of a pixel in half widths of the view.
    """

    order: NDArray[np.intp]
    radius: Pixels
    turn: Pixels
    toward_light: Pixels
    pixel: float

    @classmethod
    def of_size(cls, width: int, height: int) -> _View:
        pixel = 2.0 / width
        x = ((np.arange(width) + 0.5 - width / 2) * pixel)[None, :]
        y = ((height / 2 - np.arange(height) - 0.5) * pixel)[:, None]
        radius = np.hypot(x, y).ravel()
        order = np.argsort(radius, kind="stable")
        angle = np.arctan2(y, x).ravel()[order]
        return cls(
            order=order,
            radius=radius[order].astype(np.float32),
            turn=(angle / (2 * math.pi) % 1.0).astype(np.float32),
            toward_light=np.cos(angle - LIGHT_ANGLE).astype(np.float32),
            pixel=pixel,
        )

    def ring(self, inner: float, outer: float) -> slice:
        """The pixels between two radii."""
        start, stop = np.searchsorted(self.radius, [inner, outer])
        return slice(int(start), int(stop))


@dataclass(frozen=True)
class _Sheet:
    """One sheet: its hole, motif and colours, from its number alone."""

    number: int
    sheets: int
    seed: int

    @property
    def level(self) -> int:
        return self.number // self.sheets

    @property
    def part(self) -> float:
        """0 for the first sheet of a level, towards 1 for the last."""
        return (self.number % self.sheets) / self.sheets

    def random(self) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64([self.seed, self.number % 100_003]))

    def colours(self) -> tuple[Pixels, Pixels]:
        """Paper and accent."""
        dark, middle, light, accent = (
            _colour(code) for code in PALETTES[(self.level + self.seed) % len(PALETTES)]
        )
        part = self.part
        paper = dark + (middle - dark) * min(1.0, 2 * part)
        if part > 0.5:
            paper = middle + (light - middle) * (2 * part - 1)
        return paper, accent

    def outline(self, turn: Pixels) -> Pixels:
        """The hole's radius by angle, in mean hole radii: within `OUTLINE_RANGE`.

        Read from a table: a sheet has a million pixels, but few corners.
        """
        angle = np.arange(OUTLINE_POINTS + 1) * (2 * math.pi / OUTLINE_POINTS)
        table = self._outline_at(angle).astype(np.float32)
        place = turn * OUTLINE_POINTS
        start = place.astype(np.int32)
        result: Pixels = table[start] + (place - start) * (table[1:] - table[:-1])[start]
        return result

    def _outline_at(self, angle: Pixels) -> Pixels:
        random = self.random()
        phase = random.uniform(0, 2 * math.pi, 4)
        count = int(random.integers(0, 3))
        motif = MOTIFS[(self.level + self.seed) % len(MOTIFS)]
        turned = angle + phase[0]
        slow = 0.035 * np.sin(2 * angle + phase[1]) + 0.025 * np.sin(3 * angle + phase[2])
        if motif == "clouds":
            bumps = np.abs(np.sin((5 + count) * turned))
            bumps = bumps + 0.5 * np.abs(np.sin(8 * angle + phase[3]))
            radius: Pixels = 1.0 + slow - 0.055 * bumps
        elif motif == "peaks":
            ridge = _triangle((7 + count) * turned / (2 * math.pi))
            ridge = ridge + 0.45 * _triangle((17 + 2 * count) * turned / (2 * math.pi) + 0.3)
            pines = 0.25 * _triangle(96 * angle / (2 * math.pi))
            below = 0.25 + 0.75 * np.clip(0.6 - 0.6 * np.sin(angle), 0.0, 1.0)
            radius = 1.03 + slow - 0.085 * below * (ridge + pines * below)
        elif motif == "waves":
            wave = np.sin((9 + count) * turned + 0.9 * np.sin((9 + count) * turned))
            radius = 1.0 + slow + 0.04 * wave + 0.012 * np.sin(27 * angle + phase[3])
        elif motif == "petals":
            radius = 1.03 + 0.5 * slow - 0.11 * np.abs(np.sin((4 + count) * turned)) ** 0.7
        elif motif == "crystals":
            radius = 1.02 + 0.5 * slow - 0.12 * _triangle((8 + count) * turned / (2 * math.pi))
        else:
            dunes = np.sin((3 + count) * turned) + 0.5 * np.sin(5 * angle + phase[3])
            radius = 1.0 + slow + 0.04 * dunes
        return radius


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
        count: Number of images; the journey ends in the innermost one.
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
    view = _View.of_size(*size)
    sheets = max(2, round(SHEETS_PER_OCTAVE * math.log2(zoom_factor)))
    reach = float(view.radius[-1]) / OUTLINE_RANGE[0]
    # Sheets whose hole is larger than the view are out of sight, those below a pixel do not matter.
    first = math.floor(sheets * (zoom_level - math.log(reach / HOLE, zoom_factor)))
    last = math.ceil(sheets * (zoom_level - math.log(0.5 * view.pixel / HOLE, zoom_factor)))
    end = sheets * (count + 1)  # the lamp behind the last sheet
    picture = np.empty((len(view.radius), 3), np.float32)
    picture[:] = _Sheet(min(last, end), sheets, seed).colours()[0]
    if last >= end:
        _paint_lamp(picture, view, HOLE * zoom_factor ** (zoom_level - end / sheets))
    for number in range(min(last, end), first - 1, -1):
        radius = HOLE * zoom_factor ** (zoom_level - number / sheets)
        _lay_sheet(picture, view, _Sheet(number, sheets, seed), radius, zoom_factor ** (1 / sheets))
    result = np.empty_like(picture)
    result[view.order] = np.clip(picture, 0.0, 1.0)
    return result.reshape(size[1], size[0], 3)


def _lay_sheet(picture: Pixels, view: _View, sheet: _Sheet, radius: float, spacing: float) -> None:
    """Lay a sheet over what is painted so far: its shadow in the hole, the paper around it.

    Args:
        picture: Painted on, shape (n, 3), pixels sorted as in the view.
        view: What is seen.
        sheet: The sheet.
        radius: Of its hole, in half widths of the view.
        spacing: Hole radius of a sheet over that of the next one.
    """
    # Nearer to the centre there is not even its shadow, and farther out the sheet above hides it.
    least, most = OUTLINE_RANGE
    ring = view.ring(radius * (least - SHADOW_REACH - SHADOW_SOFTNESS), radius * spacing * most)
    if ring.start == ring.stop:
        return
    below = picture[ring]
    paper, accent = sheet.colours()
    soft = view.pixel / radius
    r = view.radius[ring] / np.float32(radius)
    edge = r - sheet.outline(view.turn[ring])
    blur = max(SHADOW_SOFTNESS, soft)
    cast = edge + np.float32(SHADOW_REACH) * view.toward_light[ring]
    shadow = SHADOW * _smooth(0.5 + cast / (2 * blur))
    below *= 1.0 - shadow[:, None] * np.array([0.95, 1.0, 0.85], np.float32)

    colour = paper * (1.0 + 0.10 * _smooth((edge - 0.02) / 0.5))[:, None]
    rim = _stripe(edge, 0.004, 0.009, soft)
    inlay = _stripe(edge, INLAY, 0.007, soft)
    marks = np.maximum(0.55 * rim, 0.8 * inlay)
    _punch_stars(marks, sheet, r, view.turn[ring], edge, soft)
    colour += (accent - colour) * marks[:, None]
    below += (colour - below) * _smooth_edge(edge, soft)[:, None]


def _punch_stars(
    marks: Pixels, sheet: _Sheet, r: Pixels, turn: Pixels, edge: Pixels, soft: float
) -> None:
    """Add a row of punched dots and small four-pointed stars along a sheet's edge."""
    near = np.flatnonzero(np.abs(edge - 2.1 * INLAY) < 0.026 + soft)
    random = sheet.random()
    count = int(random.integers(36, 60))
    place = (turn[near] + np.float32(random.uniform())) * count
    along = (place - np.floor(place) - 0.5) * (2 * math.pi / count) * r[near]
    across = edge[near] - 2.1 * INLAY
    star = np.sqrt(np.abs(along) / 0.026) + np.sqrt(np.abs(across) / 0.026) - 1.0
    dot = np.hypot(along, across) - 0.0075
    is_star = np.floor(place) % 3 == 0
    marks[near] = np.maximum(
        marks[near], 0.9 * _smooth_edge(-np.where(is_star, star * 0.016, dot), soft)
    )


def _paint_lamp(picture: Pixels, view: _View, radius: float) -> None:
    """What the last hole opens on: a moon in a warm glow."""
    r = view.radius / np.float32(radius)
    x, y = r * np.cos(2 * math.pi * view.turn), r * np.sin(2 * math.pi * view.turn)
    glow = np.exp(-((r / 0.9) ** 2))[:, None]
    picture[:] = _colour("f08a4b") + (_colour("fff3cf") - _colour("f08a4b")) * glow
    soft = view.pixel / radius
    moon = _smooth_edge(0.42 - r, soft) * _smooth_edge(np.hypot(x - 0.16, y - 0.10) - 0.36, soft)
    picture += (_colour("7a2b52") - picture) * moon[:, None]


def _colour(code: str) -> Pixels:
    return np.array([int(code[at : at + 2], 16) / 255.0 for at in (0, 2, 4)], np.float32)


def _triangle(turns: Pixels) -> Pixels:
    """0 at whole turns, 1 half way between."""
    result: Pixels = 1.0 - np.abs(2.0 * (turns - np.floor(turns)) - 1.0)
    return result


def _smooth(value: Pixels) -> Pixels:
    """Smoothstep from 0 to 1."""
    t = np.clip(value, 0.0, 1.0)
    result: Pixels = t * t * (3.0 - 2.0 * t)
    return result


def _smooth_edge(distance: Pixels, pixel: float) -> Pixels:
    """How much of a pixel lies on the positive side of an edge, by its distance."""
    share: Pixels = np.clip(0.5 + distance / pixel, 0.0, 1.0)
    return share


def _stripe(distance: Pixels, start: float, width: float, pixel: float) -> Pixels:
    """How much of a pixel a stripe from `start` to `start + width` covers."""
    return _smooth_edge(distance - start, pixel) - _smooth_edge(distance - start - width, pixel)
