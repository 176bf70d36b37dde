"""Test images, and the picture that must be seen of them at a zoom level. Never touches bpy.

The images are samples of smooth patterns that are known at every point. So the picture that must be
there is calculated from the patterns themselves, not resampled from pixels, and an engine's filter
leaves but a small difference. Nothing here uses the code under test.

Coordinates: x to the right and y up, from an image's centre, in widths of that image.
Pictures: (height, width, 3), sRGB-encoded 0..1, top row first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]
Pattern = Callable[[Array, Array], Array]
Size = tuple[int, int]  # width, height
Triple = tuple[float, float, float]

# An image is faded in over this part of the step that leads to it.
FADED_IN = 0.35


def waves(seed: int, cycles: float = 2.0) -> Pattern:
    """A smooth colourful pattern, 0.15 to 0.85, of at most `cycles` waves across the image."""
    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, (3, 3))
    length = random.uniform(0.5, 1.0, (3, 3)) * cycles * 2 * np.pi
    phase = random.uniform(0, 2 * np.pi, (3, 3))

    def pattern(x: Array, y: Array) -> Array:
        along = x[..., None, None] * np.cos(angle) + y[..., None, None] * np.sin(angle)
        result: Array = 0.5 + 0.35 * np.sin(along * length + phase).mean(axis=-1)
        return result

    return pattern


def flat(colour: Triple) -> Pattern:
    """One colour."""
    return lambda x, _y: np.broadcast_to(np.array(colour), (*x.shape, 3)).astype(np.float64)


_CELLS = np.random.default_rng(3).uniform(0.1, 0.9, (30, 25, 3))


def cells(x: Array, y: Array) -> NDArray[np.float32]:
    """Soft cells around the origin; the same again when they are enlarged 32 times."""
    rings, sectors = _CELLS.shape[:2]
    ring = np.log(np.maximum(np.hypot(x, y), 1e-6)) / math.log(32.0) * rings
    sector = np.arctan2(y, x) / (2 * np.pi) * sectors
    picture = np.zeros((*x.shape, 3))
    for i in (0, 1):
        for j in (0, 1):
            row, column = np.floor(ring) + i, np.floor(sector) + j
            weight = (
                (1 + np.cos(np.pi * (ring - row))) * (1 + np.cos(np.pi * (sector - column))) / 4
            )
            cell = _CELLS[row.astype(int) % rings, column.astype(int) % sectors]
            picture += cell * weight[..., None]
    return picture.astype(np.float32)


def grid(size: Size, view: tuple[float, float] | None = None) -> tuple[Array, Array]:
    """Coordinates of the pixels' centres of a picture that shows `view`; default: a whole image."""
    width, height = size
    across, up = view or (1.0, height / width)
    x = ((np.arange(width) + 0.5) / width - 0.5) * across
    y = (0.5 - (np.arange(height) + 0.5) / height) * up
    return np.meshgrid(x, y)


def paint(pattern: Pattern, size: Size) -> Array:
    """A pattern as an image."""
    return pattern(*grid(size))


def save(picture: Array, file: Path) -> Path:
    """Write an 8-bit picture; the file's ending says in which format."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels(picture)).save(file)
    return file


def levels(picture: Array) -> NDArray[np.uint8]:
    """A picture in 8 bits."""
    return np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def read(file: Path) -> Array:
    """A picture from a file."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), np.float64) / 255.0


def to_linear(encoded: Array) -> Array:
    """sRGB to linear light, IEC 61966-2-1."""
    low = encoded <= 0.04045
    return np.where(low, encoded / 12.92, ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Array) -> Array:
    """Linear light to sRGB, IEC 61966-2-1."""
    low = linear <= 0.0031308
    return np.where(low, linear * 12.92, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


def even(value: float) -> int:
    """The nearest even whole number."""
    return 2 * round(value / 2)


def smoothstep(value: Array) -> Array:
    """0 below 0, 1 above 1, 3 v^2 - 2 v^3 in between."""
    clipped = np.clip(value, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def ellipse_depth(x: Array, y: Array, feather_x: float, feather_y: float) -> Array:
    """How deep in a soft edge points are, 0 at its outside to 1, -1 beyond.

    The edge is made of ellipses whose axes are shorter by one length each; all in half widths and
    half heights of the largest. Which of them goes through a point is found by halving.
    """
    result = np.zeros(x.shape)
    for part in 0.5 ** np.arange(1, 13):
        more = result + part
        is_inside = np.hypot(x / (1 - more * feather_x), y / (1 - more * feather_y)) <= 1.0
        result = np.where(is_inside, more, result)
    return np.where(np.hypot(x, y) <= 1.0, result, -1.0)


@dataclass(frozen=True)
class Nest:
    """A nested series whose picture is known at every zoom level.

    Attributes:
        patterns: Of the images, outermost first.
        size: Of the images, in pixels.
        factors: From each image to the next; one number for all.
        offsets: Where the next image's centre lies, in widths of the image; none: all centred.
        crop, feather, ellipse: As chosen.
        gains: What to multiply linear light by, at a zoom level, for each image.
        stays: Every so many-th image stays until others cover it. The rest fade out while the
            second one after them comes.
        roll: Turns of the picture from one image to the next, clockwise.
        own: What single images have of their own of `crop`, `feather` and `ellipse`, by number.
    """

    patterns: Sequence[Pattern]
    size: Size = (96, 96)
    factors: Sequence[float] | float = 2.0
    offsets: Sequence[tuple[float, float]] = field(default=())
    crop: float = 0.8
    feather: float = 0.05
    ellipse: bool = False
    gains: Callable[[int, float], Array] = lambda _index, _level: np.ones(3)
    stays: int = 1
    roll: float = 0.0
    own: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def steps(self) -> list[float]:
        if isinstance(self.factors, float | int):
            return [float(self.factors)] * (len(self.patterns) - 1)
        return list(self.factors)

    @property
    def factor(self) -> float:
        """The geometric mean."""
        return math.prod(self.steps) ** (1 / len(self.steps))

    @property
    def widths(self) -> list[float]:
        """Of all images, in widths of the outermost."""
        return [1 / math.prod(self.steps[:index]) for index in range(len(self.patterns))]

    @property
    def levels(self) -> list[float]:
        """Zoom levels at which the images fill the view."""
        return [-math.log(width) / math.log(self.factor) for width in self.widths]

    @property
    def centres(self) -> list[Array]:
        """Of all images, from that of the outermost, in its widths."""
        places = [np.zeros(2)]
        for width, offset in zip(self.widths, self.offsets or [(0, 0)] * 999, strict=False):
            places.append(places[-1] + width * np.array(offset))
        return places[: len(self.patterns)]

    @property
    def cropped(self) -> Size:
        """Size of the middle part that is used, and of the frames, in pixels."""
        return even(self.size[0] * self.crop), even(self.size[1] * self.crop)

    def files(self, folder: Path, ending: str = "png") -> list[Path]:
        """Write the images; the files in the order of their names, the innermost first."""
        count = len(self.patterns)
        return [
            save(paint(pattern, self.size), folder / f"image_{count - index}.{ending}")
            for index, pattern in reversed(list(enumerate(self.patterns)))
        ]

    def opacity(self, x: Array, y: Array, *, soft: bool = True) -> Array:
        """Of an inner image at points of it. Without `soft` the mask ends where it is trimmed."""
        half_x, half_y = (part / self.size[0] / 2 for part in self.cropped)
        feather = self.feather * min(1.0, self.size[1] / self.size[0])
        if self.ellipse:
            depth = ellipse_depth(x / half_x, y / half_y, feather / half_x, feather / half_y)
            depth *= feather or 1.0  # beyond the edge it stays below 0
        else:
            depth = np.minimum(half_x - np.abs(x), half_y - np.abs(y))
        if not soft or feather == 0.0:
            return (depth >= 0.0).astype(np.float64)
        return smoothstep(depth / feather)

    def view(
        self,
        level: float,
        *,
        centre: Array | None = None,
        resolution: Size | None = None,
        soft: bool = True,
        fade: bool = True,
        encoded: bool = False,
    ) -> Array:
        """The picture at a zoom level.

        Args:
            level: Zoom level.
            centre: Of the view, from the outermost image's, in its widths; None: the innermost's.
            resolution: Size of the picture; None: that of the cropped images.
            soft: Whether the renderer knows soft edges.
            fade: Whether it lets images fade in, over the first part of the step that leads to
                them; otherwise they are there at once.
            encoded: Whether it mixes the encoded values and not the light.
        """
        resolution = resolution or self.cropped
        across, up = (part / self.size[0] for part in self.cropped)
        across = min(across, up * resolution[0] / resolution[1])
        scale = self.factor**-level
        x, y = grid(resolution, (across * scale, across * scale * resolution[1] / resolution[0]))
        turn = 2 * np.pi * self.roll * level
        x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        middle = self.centres[-1] if centre is None else centre
        x, y = x + middle[0], y + middle[1]
        mixed = np.zeros((*x.shape, 3))
        for index, pattern in enumerate(self.patterns):
            masked = replace(self, **self.own.get(index, {}))
            inside_x = (x - self.centres[index][0]) / self.widths[index]
            inside_y = (y - self.centres[index][1]) / self.widths[index]
            alpha = np.ones(x.shape)
            if index:
                before, here = self.levels[index - 1 : index + 1]
                part = (level - before) / (here - before)
                visible = smoothstep(np.array(part / FADED_IN)) if fade else float(part > 1e-9)
                if index % self.stays and index + 1 < len(self.patterns):
                    gone = level - self.levels[index + 1]
                    visible *= 1.0 - smoothstep(np.array(gone)) if fade else float(gone <= 1.0)
                alpha = visible * masked.opacity(inside_x, inside_y, soft=soft)
            own = to_linear(pattern(inside_x, inside_y)) * self.gains(index, level)
            if encoded:
                own = to_srgb(own)
            mixed += alpha[..., None] * (own - mixed)
        return np.clip(mixed if encoded else to_srgb(mixed), 0.0, 1.0)


def self_similar(factor: float = 2.0) -> Pattern:
    """A pattern that is the same again when it is enlarged by `factor` around its centre."""

    def pattern(x: Array, y: Array) -> Array:
        octave = 2 * np.pi * np.log(np.maximum(np.hypot(x, y), 1e-4)) / math.log(factor)
        angle = np.arctan2(y, x)
        waves_of = [np.sin(octave + angle), np.cos(octave - 2 * angle), np.sin(3 * angle)]
        result: Array = 0.5 + 0.3 * np.stack(waves_of, axis=-1)
        return result

    return pattern


def error(picture: Array, truth: Array) -> tuple[float, float]:
    """Root mean square and greatest difference, in levels of 255."""
    assert picture.shape == truth.shape, (picture.shape, truth.shape)
    difference = 255.0 * np.abs(picture - truth)
    return float(np.sqrt(np.mean(difference**2))), float(difference.max())


def misplacement(
    picture: Array, truth: Array, *, border: int = 2
) -> tuple[float, float, float, float]:
    """How far a picture lies off: pixels right, pixels down, growth as a fraction, radians of turn.

    It is turned clockwise. Least squares over a linear model of small displacements.
    """
    inner = (slice(border, -border), slice(border, -border))
    down, right = np.gradient(truth, axis=(0, 1))
    height, width = truth.shape[:2]
    x = (np.arange(width) - (width - 1) / 2)[None, :, None]
    y = (np.arange(height) - (height - 1) / 2)[:, None, None]
    columns = [right, down, right * x + down * y, down * x - right * y]
    matrix = np.stack([column[inner].ravel() for column in columns], axis=1)
    (dx, dy, growth, turn), *_ = np.linalg.lstsq(
        matrix, (truth - picture)[inner].ravel(), rcond=None
    )
    return float(dx), float(dy), float(growth), float(turn)
