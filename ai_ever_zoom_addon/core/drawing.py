"""What is seen of layers in a rectangle: drawn with a good filter. Never touches bpy."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .matching.resampling import cubic_at
from .plan.plan import Layer, Plan

# So much of a pixel's difference to the mean of its neighbours is added, along either axis: about
# what a bilinear filter takes away.
_SHARPENING = 0.03

_RADIUS = 4.0  # of the Lanczos filter

# Pixels of a picture that are drawn at a time, and of what they are made of.
_BAND_ROWS, _BLOCK, _BLOCK_OF_LINE = 256, 64, 44

# Radians by which a layer may lie turned and be drawn upright: a thousandth of a pixel.
_UPRIGHT = 1e-6

# Exponent and offset of the sRGB curve (IEC 61966-2-1): a gain in linear light is a slope and an
# offset for encoded values.
EXPONENT, OFFSET = 2.4, 0.055

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.float32]
_Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture


@dataclass(frozen=True)
class Drawing:
    """What a rectangle shows of layers over one another.

    Attributes:
        zoom_factor: The plan's.
        level: Zoom level whose spans, `zoom_factor**-level`, lengths are measured in here.
        layers: Those that are seen, the hindmost first.
        gains: Of each layer, what its linear light is multiplied by, red, green and blue.
        opacities: Of each layer, 0 to 1.
        centre: Of the rectangle, seen as `Layer.centre`, in spans of the level.
        pixel: A pixel's side, in the same spans.
        size: Width and height in pixels.
        angle: How it lies, anticlockwise, in radians.
        goes_on: The hindmost layer goes on beyond its mask, as nothing is behind it.
        bent_at: Zoom level at which layers that bend are shown; None: flat.
    """

    zoom_factor: float
    level: float
    layers: tuple[Layer, ...]
    gains: tuple[tuple[float, float, float], ...]
    opacities: tuple[float, ...]
    centre: tuple[float, float]
    pixel: float
    size: tuple[int, int]
    angle: float
    goes_on: bool
    bent_at: float | None = field(default=None, kw_only=True)

    def span_in(self, layer: Layer) -> float:
        """The level's span in widths of a layer."""
        return float(self.zoom_factor ** (layer.level - self.level) / layer.width)


def view_of(plan: Plan, level: float, width: int) -> Drawing:
    """A frame of a zoom.

    Args:
        plan: The zoom.
        level: Zoom level that it shows.
        width: Of the frame in pixels; its height is as the plan's frames are.
    """
    at = np.array([level])
    seen = [layer for layer in plan.stacked if layer.opacity_at(level) > 0.0]
    x, y = plan.path(at)[0][0].tolist()
    height = max(1, round(width * plan.view_size[1] / plan.view_size[0]))
    return Drawing(
        zoom_factor=plan.zoom_factor,
        level=level,
        layers=tuple(seen),
        gains=tuple(plan.gain_at(layer.index, level) for layer in seen),
        opacities=tuple(layer.opacity_at(level) for layer in seen),
        centre=(x, y),
        pixel=plan.view_size[0] / width,
        size=(width, height),
        angle=float(plan.view.angle(at)[0]),
        goes_on=False,
        bent_at=level,
    )


# --- Drawing it -----------------------------------------------------------------------------------


def draw(picture: Drawing, sources: Sequence[Pixels]) -> Pixels:
    """The picture of a drawing.

    Args:
        picture: What it shows.
        sources: The pixels of the images of its layers, shape (height, width, 4), as `read_rgba`
            gives them.

    Returns:
        Such pixels; (height, width, 3) where all of it is opaque and has 8 bits.
    """
    painters = [_Painter(picture, number, source) for number, source in enumerate(sources)]
    width, height = picture.size
    places = _places(painters, (0, 0, width, height))
    is_opaque = all(painter.is_opaque for painter in painters) and places[0][1] == []
    is_float = any(source.dtype != np.uint8 for source in sources)
    channels = 3 if is_opaque and not is_float else 4
    result = np.empty((height, width, channels), np.float32 if is_float else np.uint8)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, height)
        band = np.zeros((channels, bottom - top, width), np.float32)
        for painter, (boxes, _) in zip(painters, places, strict=True):
            for left, upper, right, lower in boxes:
                box = left, max(upper, top), right, min(lower, bottom)
                if box[1] < box[3]:
                    part = band[:, box[1] - top : box[3] - top, left:right]
                    painter.paint(part, box)
        _store(band, result[top:bottom])
    return result


def _store(band: Floats, result: Pixels) -> None:
    """Planes of colours with opacity multiplied in, as the pixels of a picture."""
    if len(band) == 4 and result.dtype == np.uint8:
        band[:3] /= np.maximum(band[3], 1e-6)
    if result.dtype == np.uint8:
        band *= 255.0
        band += 0.5
        np.clip(band, 0.0, 255.0, out=band)
    for channel, plane in enumerate(band):
        result[..., channel] = plane


def _places(painters: Sequence[_Painter], whole: _Box) -> list[tuple[list[_Box], list[_Box]]]:
    """For each painter what it has to paint, and what is still seen of those behind it."""
    seen = [whole]
    places = []
    for number in range(len(painters) - 1, -1, -1):
        painter = painters[number]
        boxes = [box for box in (_common(box, painter.box) for box in seen) if box]
        if painter.is_opaque:
            hidden = painter.opaque_box
            # The hindmost one of those that are seen is over nothing.
            if number == 0 and painter.is_over_nothing:
                hidden = whole
                boxes = seen
            seen = [part for box in seen for part in _without(box, hidden)]
        # Where a mask is opaque there is nothing to be mixed.
        inner = [part for box in boxes if (part := _common(box, painter.opaque_box))]
        edges = [part for box in boxes for part in _without(box, painter.opaque_box)]
        places.append(([*inner, *edges], seen))
    return places[::-1]


def _common(one: _Box, other: _Box) -> _Box | None:
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _without(box: _Box, hole: _Box) -> Iterator[_Box]:
    """The parts of a box that are left when another is taken out of it."""
    common = _common(box, hole)
    if common is None:
        yield box
        return
    parts = (
        (box[0], box[1], box[2], common[1]),
        (box[0], common[3], box[2], box[3]),
        (box[0], common[1], common[0], common[3]),
        (common[2], common[1], box[2], common[3]),
    )
    yield from (part for part in parts if part[0] < part[2] and part[1] < part[3])


class _Painter:
    """Draws one layer into a picture.

    Attributes:
        box: The part of the picture in which something of the layer is seen.
        opaque_box: The part of it that hides what is behind it, if the image is opaque.
        is_opaque: Whether the image is.
        is_over_nothing: Nothing is behind the layer, though it may be trimmed.
    """

    def __init__(self, picture: Drawing, number: int, source: Pixels) -> None:
        self._source = source
        layer = picture.layers[number]
        scale = picture.span_in(layer)
        away = complex(*picture.centre) * scale - complex(*layer.centre) / layer.width
        # From here on in layer widths, as the layer lies.
        self._middle = away * cmath.rect(1.0, layer.turn)
        self._turn = math.remainder(picture.angle + layer.turn, math.tau)
        self._is_upright = abs(self._turn) < _UPRIGHT
        # Where the picture's first pixel begins and how far the next one is, to the right and down:
        # from the layer's centre, or from the picture's where the layer lies turned in it.
        self._step = picture.pixel * scale
        centre = (self._middle.real, -self._middle.imag) if self._is_upright else (0.0, 0.0)
        self._start = tuple(
            middle - self._step * count / 2.0
            for middle, count in zip(centre, picture.size, strict=True)
        )
        self._mask, self._aspect = layer.mask, layer.aspect
        self._slopes = np.array(picture.gains[number], np.float32) ** np.float32(1.0 / EXPONENT)
        self._opacity = picture.opacities[number]
        self.is_over_nothing = picture.goes_on and number == 0 and layer.index > 0
        self.is_opaque = (
            source.dtype == np.uint8
            and self._opacity == 1.0
            and bool((source[..., 3] == 255).all())
        )
        self._is_trimmed = layer.is_trimmed and not self.is_over_nothing
        self._bent_at = level = picture.bent_at
        self._bends = [] if level is None else [b for b in layer.bends if b.shares(level)]
        self._is_plain = self._is_upright and not self._bends
        far = max((bend.farthest for bend in self._bends), default=0.0)
        wide, high = self._mask.half_size
        self.box = self._pixels_within((wide + far, high + far), math.floor, math.ceil)
        self.opaque_box = (0, 0, 0, 0)
        if self._is_plain:
            opaque = layer.mask.opaque_rectangle
            self.opaque_box = self._pixels_within(opaque, math.ceil, math.floor)

    def _pixels_within(
        self,
        half_size: tuple[float, float],
        first: Callable[[float], int],
        last: Callable[[float], int],
    ) -> _Box:
        reach, middle = complex(*half_size), 0j
        if not self._is_upright:  # the upright rectangle around the turned one
            back = cmath.rect(1.0, -self._turn)
            corners = reach * back, reach.conjugate() * back
            across, along = (max(abs(part) for part in parts) for parts in _parts(corners))
            reach, middle = complex(across, along), (-self._middle * back).conjugate()
        left, top, right, bottom = (
            (at + sign * half - start) / self._step
            for sign in (-1.0, 1.0)
            for (at, half), start in zip(_parts((middle, reach)), self._start, strict=True)
        )
        return first(left + 1e-6), first(top + 1e-6), last(right - 1e-6), last(bottom - 1e-6)

    def paint(self, part: Floats, box: _Box) -> None:
        """Draw it over what is there.

        Args:
            part: Planes of a part of the picture, opacity multiplied in; changed.
            box: Where that is.
        """
        left, top, right, bottom = box
        planes = self._resampled(range(left, right), range(top, bottom), len(part))
        planes *= np.float32(self._opacity)
        for plane, slope in zip(planes, self._slopes.tolist(), strict=False):
            if slope != 1.0:
                plane *= slope
                plane += OFFSET * (slope - 1.0) * (planes[3] if len(planes) == 4 else 1.0)
        if (self._is_trimmed or not self._is_plain) and _common(box, self.opaque_box) != box:
            alpha = self._alpha(range(left, right), range(top, bottom))
            if alpha is not None:
                planes *= alpha
                part *= 1.0 - (planes[3] if len(planes) == 4 else alpha)
                part += planes
                return
        if len(planes) == 4:
            part *= 1.0 - planes[3]
            part += planes
        else:
            part[:] = planes

    def _points(self, columns: range, rows: range) -> NDArray[np.complex128]:
        """What pixels of the picture show, right and up from the layer's centre, in its widths."""
        x, y = (
            start + (np.array(places) + 0.5) * self._step
            for start, places in zip(self._start, (columns, rows), strict=True)
        )
        places: NDArray[np.complex128] = x[None, :] - 1j * y[:, None]
        if not self._is_upright:
            places = self._middle + places * cmath.rect(1.0, self._turn)
        for bend in self._bends:
            assert self._bent_at is not None
            places = bend.sources(places, self._bent_at)
        return places

    def _alpha(self, columns: range, rows: range) -> Floats | None:
        """The mask's opacity, shape (rows, columns); None: 1 everywhere."""
        places = self._points(columns, rows)
        opacity = self._mask.opacity(places.real, places.imag)
        return None if opacity.min() >= 1.0 else opacity.astype(np.float32)

    def _resampled(self, columns: range, rows: range, channels: int) -> Floats:
        """The image, planes of shape (channels, rows, columns), opacity multiplied in."""
        if not self._is_plain:
            places = self._points(columns, rows)
            height, width = self._source.shape[:2]
            x, y = (places.real + 0.5) * width, (0.5 - places.imag / self._aspect) * height
            picture = _premultiplied(self._source, channels).transpose(1, 2, 0)
            return np.ascontiguousarray(cubic_at(picture, x, y).transpose(2, 0, 1))
        height, width = self._source.shape[:2]
        first, across = _weights(width, self._start[0], self._step, columns, 1.0)
        top, down = _weights(height, self._start[1], self._step, rows, self._aspect)
        part = self._source[
            top[0] : top[-1] + down[-1].shape[1], first[0] : first[-1] + across[-1].shape[1]
        ]
        planes = _premultiplied(part, channels)
        result = np.empty((channels, len(rows), len(columns)), np.float32)
        # In matrices so small that numpy does not share their multiplication among threads, which
        # wait for each other longer than they work.
        row = 0
        for upper, down_weights in zip(top, down, strict=True):
            lines = planes[:, upper - top[0] : upper - top[0] + down_weights.shape[1]]
            column = 0
            for left, across_weights in zip(first, across, strict=True):
                tile = lines[:, :, left - first[0] : left - first[0] + across_weights.shape[1]]
                block = down_weights @ (tile @ across_weights.T)
                height, width = block.shape[1:]
                result[:, row : row + height, column : column + width] = block
                column += width
            row += height
        return result


def _premultiplied(pixels: Pixels, channels: int) -> Floats:
    """Pixels as planes of shape (channels, height, width), opacity multiplied in."""
    planes = pixels[..., :channels].transpose(2, 0, 1).astype(np.float32, order="C")
    if pixels.dtype == np.uint8:
        planes *= np.float32(1.0 / 255.0)
        if channels == 4:
            planes[:3] *= planes[3]
    return planes


def _parts(points: Sequence[complex]) -> tuple[list[float], list[float]]:
    return [point.real for point in points], [point.imag for point in points]


@lru_cache(maxsize=16)  # one band needs those of the one before once more
def _weights(
    length: int, start: float, step: float, places: range, side: float
) -> tuple[list[int], list[Floats]]:
    """What resamples a line of pixels, by blocks of the result.

    Beyond its ends the line goes on as it ends.

    Args:
        length: Pixels of the line.
        start: Where the result's pixel 0 begins, from the line's middle, in image widths.
        step: Such a pixel's length.
        places: The pixels of the result that are wanted.
        side: The line's length in image widths.

    Returns:
        For each block of pixels the first pixel of the line that it needs, and the weights, shape
        (pixels of the block, pixels of the line).
    """
    pixels = length / side
    spread = max(1.0, step * pixels)
    reach = math.ceil(_RADIUS * spread)
    wide = np.arange(places.start - 1, places.stop + 1)  # with both neighbours
    positions = (start + (wide + 0.5) * step + side / 2.0) * pixels - 0.5
    taps = np.floor(positions).astype(np.int64)[:, None] + np.arange(1 - reach, reach + 1)
    x = (taps - positions[:, None]) / spread
    values = np.where(np.abs(x) < _RADIUS, np.sinc(x) * np.sinc(x / _RADIUS), 0.0)
    values /= values.sum(axis=1, keepdims=True)
    taps = np.clip(taps, 0, length - 1)
    starts, blocks = [], []
    block = min(_BLOCK, max(1, round(_BLOCK_OF_LINE / (step * pixels))))
    for begin in range(0, len(places), block):
        end = min(begin + block, len(places)) + 2
        low, high = int(taps[begin, 0]), int(taps[end - 1, -1]) + 1
        dense = np.zeros((end - begin, high - low))
        numbers = np.arange(end - begin)[:, None]
        np.add.at(dense, (numbers, taps[begin:end] - low), values[begin:end])
        sharp = dense[1:-1] * (1.0 + 2.0 * _SHARPENING) - _SHARPENING * (dense[:-2] + dense[2:])
        starts.append(low)
        blocks.append(sharp.astype(np.float32))
    return starts, blocks
