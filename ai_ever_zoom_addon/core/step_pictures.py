"""One picture for each step: all layers that are seen in it, over one another. Never touches bpy.

While the view goes from one image to the next, nothing moves but the view: so all that is seen can
be drawn once, with a good filter, and each frame is a part of that picture. While the next image
fades in, its step's picture fades in over that of the step before; nothing else is different in it.

A step's picture is finer than the frames that are made from it: then the bilinear filter of the
Video Sequencer, which makes them, softens little, and as much in every frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .plan.plan import Layer, Plan
from .plan.visibility import FADE_IN

# Pixels of a step's picture for one of a frame, along a side, where the step's image fills the
# view: where factors are small, more cost nothing. With whole or half ones, values would lie just
# between two levels and be rounded all to one side.
_FINE, _FINEST = 1.53, 2.0
_STEP_BEGINS_AT = 3.06  # where the view is widest
# A picture has no more pixels than that, unless it would be coarser than frames are.
_MANY_PIXELS = 12_000_000
# All pictures of a zoom have no more, or it is not made of them: the disk has to hold them.
MOST_PIXELS = 300_000_000
MOST_PICTURES = 100  # as many as the sequencer has channels for

# So much of a pixel's difference to the mean of its neighbours is added, along either axis: about
# what a bilinear filter takes away.
_SHARPENING = 0.03

# Of sRGB-encoded values, 0 to 1: nearly one level of 255. So far may the colours of a picture be
# off at most, as they stay the same.
_UNSEEN_CHANGE = 0.95 / 255.0

_RADIUS = 4.0  # of the Lanczos filter
_LEVELS_LOOKED_AT = 33
_MARGIN_PIXELS = 3
# Of the view: Blender's curve of the view's centre is not quite the plan's.
_MARGIN = 0.01

_BAND_ROWS, _BLOCK = 256, 64

# Exponent and offset of the sRGB curve (IEC 61966-2-1): a gain in linear light is a slope and an
# offset for encoded values.
EXPONENT, OFFSET = 2.4, 0.055

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.float32]
_Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture


@dataclass(frozen=True)
class StepPicture:
    """What is seen from one layer's appearance until the next one has faded in.

    Attributes:
        zoom_factor: The plan's.
        layers: Those that are seen, the hindmost first; the last one is the step's own.
        gains: Of each layer, what its linear light is multiplied by, red, green and blue: to have
            the colours of the step's own, as nearly as one sees.
        centre: Of the picture, seen as `Layer.centre` of the step's own layer, in its spans.
        pixel: A pixel's side, in spans of that layer.
        size: Width and height in pixels, both even.
        visible_until: Zoom level from which the next step's picture hides it, inf for the last.
    """

    zoom_factor: float
    layers: tuple[Layer, ...]
    gains: tuple[tuple[float, float, float], ...]
    centre: tuple[float, float]
    pixel: float
    size: tuple[int, int]
    visible_until: float

    @property
    def layer(self) -> Layer:
        """The step's own layer."""
        return self.layers[-1]

    @property
    def visible_from(self) -> float:
        """Zoom level from which it is seen."""
        return self.layer.visible_from

    @property
    def made_of(self) -> tuple[object, ...]:
        """What makes the picture, besides the images' own pixels."""
        own = self.layer
        places = [
            (
                round(layer.level - own.level, 9),
                *(round(value, 9) for value in layer.centre),
                round(layer.width, 9),
                layer.mask if layer.is_trimmed else None,
                gain,
            )
            for layer, gain in zip(self.layers, self.gains, strict=True)
        ]
        centre = tuple(round(value, 9) for value in self.centre)
        return self.zoom_factor, places, centre, self.pixel, self.size


def step_pictures(plan: Plan) -> tuple[StepPicture, ...]:
    """One for each layer but the outermost, in their order; none where they cannot show the zoom.

    They cannot where images are turned, are seen through holes or fade out again, and would take
    too much room in a very long zoom of large frames.
    """
    layers = plan.layers
    if len(layers) > MOST_PICTURES or any(
        layer.turn or layer.has_hole or math.isfinite(layer.fades_from) for layer in layers
    ):
        return ()
    found = tuple(_step_picture(plan, index) for index in range(1, len(layers)))
    pixels = sum(picture.size[0] * picture.size[1] for picture in found)
    return found if pixels <= MOST_PIXELS else ()


def changes_colours(plan: Plan, picture: StepPicture) -> bool:
    """Whether one sees it if a picture has the same colours from when it is faded in to the end."""
    return _change(plan, picture.layer.index) * (1.0 - FADE_IN) > 2.0 * _UNSEEN_CHANGE


def _change(plan: Plan, index: int) -> float:
    """How far encoded values come to be off if a layer has the colours of the one before it."""
    slopes = np.array(plan.gain(index, index - 1)) ** (1.0 / EXPONENT)
    return float(np.abs(slopes - 1.0).max())


def _gains(plan: Plan, layer: Layer, index: int) -> tuple[float, float, float]:
    """What a layer's light is multiplied by in a step's picture.

    While that is alone, the colours of what is seen still go over from those of the layer before to
    those of its own. Where one would see that in the beginning, it keeps some of the former.
    """
    change = _change(plan, index)
    share = min(1.0, FADE_IN + _UNSEEN_CHANGE / change) if change else 1.0
    before, after = (np.array(plan.gain(layer.index, other)) for other in (index - 1, index))
    red, green, blue = (before + share * (after - before)).tolist()
    return red, green, blue


def _step_picture(plan: Plan, index: int) -> StepPicture:
    own = plan.layers[index]
    until = plan.layers[index + 1].opaque_from if index + 1 < len(plan.layers) else math.inf
    levels = np.linspace(own.visible_from, min(until, plan.depth), _LEVELS_LOOKED_AT)
    between = (levels[-1] - levels[0]) / (_LEVELS_LOOKED_AT - 1)
    scale = plan.zoom_factor ** (own.level - levels)  # from units of the view to spans of the layer
    centres = plan.path(levels)[0] * scale[:, None]
    half = np.stack(plan.view.half_extent(levels, between), axis=1) * scale[:, None] * (1 + _MARGIN)
    low, high = (centres - half).min(axis=0), (centres + half).max(axis=0)
    pixel = _pixel(plan, own, high - low)
    middle = (low + high) / 2.0
    width, height = (
        2 * (math.ceil(side / pixel / 2.0) + _MARGIN_PIXELS) for side in (high - low).tolist()
    )
    layers = tuple(
        layer for layer in plan.layers[: index + 1] if layer.visible_until > own.visible_from
    )
    return StepPicture(
        zoom_factor=plan.zoom_factor,
        layers=layers,
        gains=tuple(_gains(plan, layer, index) for layer in layers),
        centre=(float(middle[0]), float(middle[1])),
        pixel=pixel,
        size=(width, height),
        visible_until=until,
    )


def _pixel(plan: Plan, layer: Layer, room: NDArray[np.float64]) -> float:
    """The side of a picture's pixel, in spans of the layer."""
    of_frame = plan.view_size[0] / plan.resolution[0]
    # What the frame has more pixels than the image gains nothing by more of them.
    coarsest = max(of_frame, layer.width / layer.image.width)
    factor = plan.zoom_factor ** (layer.level - layer.visible_from)
    fineness = min(max(_FINE, _STEP_BEGINS_AT / factor), _FINEST)
    pixels = float(room[0] * room[1]) / coarsest**2
    fineness = max(1.0, min(fineness, math.sqrt(_MANY_PIXELS / pixels)))
    return coarsest / fineness


# --- Drawing it -----------------------------------------------------------------------------------


def draw(picture: StepPicture, sources: Sequence[Pixels]) -> Pixels:
    """A step's picture.

    Args:
        picture: The step.
        sources: The pixels of the images of its layers, shape (height, width, 4), as `read_rgba`
            gives them.

    Returns:
        Such pixels; (height, width, 3) where all of it is opaque and has 8 bits.
    """
    painters = [
        _Painter(picture, layer, source, gain)
        for layer, source, gain in zip(picture.layers, sources, picture.gains, strict=True)
    ]
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
    """Draws one layer into a step's picture.

    Attributes:
        box: The part of the picture in which something of the layer is seen.
        opaque_box: The part of it that hides what is behind it, if the image is opaque.
        is_opaque: Whether the image is.
        is_over_nothing: Nothing is behind the layer, though it may be trimmed.
    """

    def __init__(
        self,
        picture: StepPicture,
        layer: Layer,
        source: Pixels,
        gain: tuple[float, float, float],
    ) -> None:
        self._source = source
        scale = _ratio(picture, layer)  # from the picture's spans to the layer's widths
        # Where the picture's first pixel begins and how far the next one is, in layer widths from
        # the layer's centre, to the right and down.
        self._step = picture.pixel * scale
        centre = (
            picture.centre[0] * scale - layer.centre[0] / layer.width,
            layer.centre[1] / layer.width - picture.centre[1] * scale,
        )
        self._start = tuple(
            middle - self._step * count / 2.0
            for middle, count in zip(centre, picture.size, strict=True)
        )
        self._mask, self._aspect = layer.mask, layer.aspect
        self._slopes = np.array(gain, np.float32) ** np.float32(1.0 / EXPONENT)
        self.is_over_nothing = layer.index > 0 and layer is picture.layers[0]
        self.is_opaque = source.dtype == np.uint8 and bool((source[..., 3] == 255).all())
        self._is_trimmed = layer.is_trimmed and not self.is_over_nothing
        self.box = self._pixels_within(self._mask.half_size, math.floor, math.ceil)
        opaque = layer.mask.opaque_rectangle
        self.opaque_box = self._pixels_within(opaque, math.ceil, math.floor)

    def _pixels_within(
        self,
        half_size: tuple[float, float],
        first: Callable[[float], int],
        last: Callable[[float], int],
    ) -> _Box:
        left, top, right, bottom = (
            (sign * half - start) / self._step
            for sign in (-1.0, 1.0)
            for half, start in zip(half_size, self._start, strict=True)
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
        for plane, slope in zip(planes, self._slopes.tolist(), strict=False):
            if slope != 1.0:
                plane *= slope
                plane += OFFSET * (slope - 1.0) * (planes[3] if len(planes) == 4 else 1.0)
        if self._is_trimmed and _common(box, self.opaque_box) != box:
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

    def _alpha(self, columns: range, rows: range) -> Floats | None:
        """The mask's opacity, shape (rows, columns); None: 1 everywhere."""
        x, y = (
            start + (np.array(places) + 0.5) * self._step
            for start, places in zip(self._start, (columns, rows), strict=True)
        )
        opacity = self._mask.opacity(x[None, :], y[:, None])
        return None if opacity.min() >= 1.0 else opacity.astype(np.float32)

    def _resampled(self, columns: range, rows: range, channels: int) -> Floats:
        """The image, planes of shape (channels, rows, columns), opacity multiplied in."""
        height, width = self._source.shape[:2]
        first, across = _weights(width, self._start[0], self._step, columns, 1.0)
        top, down = _weights(height, self._start[1], self._step, rows, self._aspect)
        part = self._source[
            top[0] : top[-1] + down[-1].shape[1], first[0] : first[-1] + across[-1].shape[1]
        ]
        planes = part[..., :channels].transpose(2, 0, 1).astype(np.float32, order="C")
        if self._source.dtype == np.uint8:
            planes *= np.float32(1.0 / 255.0)
            if channels == 4:
                planes[:3] *= planes[3]
        result = np.empty((channels, len(rows), len(columns)), np.float32)
        # In matrices so small that numpy does not share their multiplication among threads, which
        # wait for each other longer than they work.
        for i, (upper, down_weights) in enumerate(zip(top, down, strict=True)):
            lines = planes[:, upper - top[0] : upper - top[0] + down_weights.shape[1]]
            for k, (left, across_weights) in enumerate(zip(first, across, strict=True)):
                tile = lines[:, :, left - first[0] : left - first[0] + across_weights.shape[1]]
                result[:, i * _BLOCK : (i + 1) * _BLOCK, k * _BLOCK : (k + 1) * _BLOCK] = (
                    down_weights @ (tile @ across_weights.T)
                )
        return result


def _ratio(picture: StepPicture, layer: Layer) -> float:
    """The step's own layer's span in widths of another layer."""
    return float(picture.zoom_factor ** (layer.level - picture.layer.level) / layer.width)


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
    for begin in range(0, len(places), _BLOCK):
        end = min(begin + _BLOCK, len(places)) + 2
        low, high = int(taps[begin, 0]), int(taps[end - 1, -1]) + 1
        dense = np.zeros((end - begin, high - low))
        numbers = np.arange(end - begin)[:, None]
        np.add.at(dense, (numbers, taps[begin:end] - low), values[begin:end])
        sharp = dense[1:-1] * (1.0 + 2.0 * _SHARPENING) - _SHARPENING * (dense[:-2] + dense[2:])
        starts.append(low)
        blocks.append(sharp.astype(np.float32))
    return starts, blocks
