"""The plan of a zoom: where everything is, at every zoom level. Never touches bpy.

Everything is a function of the zoom level z. At z = `Layer.level` that layer fills the view, and
the view is `zoom_factor**-z` as wide as at z = 0. Lengths are measured in widths of the image at
hand, so that nothing loses precision however deep the series is; x is right and y is up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import EverZoomError
from ..settings import Centre, ZoomSettings
from .framing import even, frame_size, framing_warnings
from .mask import Mask
from .series import Series, SeriesImage
from .timing import LevelKey, level_at, level_keys

# A layer is faded in over this first part of the step that leads to it. Earlier, it would be shown
# at less than half its size, where engines that take one sample a pixel err more than by enlarging
# the layer around it a little. No layer ever pops in, and where an image fills the view, the frame
# is that image and no other.
FADE_IN = 0.35

# Steps into which a level is divided to find out when a layer is hidden behind its successors.
_COVER_SEARCH_STEPS = 32
_COVER_SEARCH_LEVELS = 16

# Single precision holds a zoom of this many doublings around one origin without a visible error;
# deeper zooms are cut into stretches of at most `STRETCH_OCTAVES`.
SINGLE_STRETCH_OCTAVES = 26.0
STRETCH_OCTAVES = 12.0


@dataclass(frozen=True)
class Layer:
    """One image's plane.

    Attributes:
        index: 0 is the outermost.
        image: The file and its size in pixels.
        level: Zoom level at which this layer fills the view; its width is `zoom_factor**-level`.
        centre: Its centre, seen from the centre of the innermost layer, in widths of this layer.
        aim: The view's centre when this layer fills the view, measured like `centre`.
        visible_from: Zoom level from which it can be seen, -inf for the outermost.
        opaque_from: Zoom level from which it is fully faded in.
        visible_until: Zoom level from which its successors hide it, inf for the innermost.
    """

    index: int
    image: SeriesImage
    level: float
    centre: tuple[float, float]
    aim: tuple[float, float]
    visible_from: float
    opaque_from: float
    visible_until: float


@dataclass(frozen=True)
class CentreKey:
    """The view's centre at one zoom level, in widths of the view's layer `zoom_factor**-level`.

    Attributes:
        level: Zoom level.
        value: Centre (x, y), seen from the centre of the innermost layer.
        slope: Its derivative by the zoom level.
    """

    level: float
    value: tuple[float, float]
    slope: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """An immutable description of the zoom.

    Attributes:
        settings: What the user chose.
        series: The images, outermost first.
        zoom_factor: Geometric mean of the steps' factors: the level of the innermost layer is then
            exactly the number of steps.
        aspect: Height of every image in image widths.
        resolution: Width and height of a frame in pixels.
        view_size: Width and height of the view at zoom level z in units of `zoom_factor**-z` image
            widths.
        mask: Trimmed shape of the inner layers.
        layers: One for each image.
        keys: The zoom level over time.
        warnings: What the choices cost, in sentences for the user.
    """

    settings: ZoomSettings
    series: Series
    zoom_factor: float
    aspect: float
    resolution: tuple[int, int]
    view_size: tuple[float, float]
    mask: Mask
    layers: tuple[Layer, ...]
    keys: tuple[LevelKey, ...]
    warnings: tuple[str, ...]

    @property
    def first_frame(self) -> int:
        return round(self.keys[0].frame)

    @property
    def last_frame(self) -> int:
        return round(self.keys[-1].frame)

    @property
    def depth(self) -> float:
        """Zoom level of the innermost layer."""
        return self.layers[-1].level

    @property
    def stretch_levels(self) -> int:
        """Levels after which the rig's origin is re-based, 0 for a zoom that needs only one."""
        octaves = math.log2(self.zoom_factor)
        if self.depth * octaves <= SINGLE_STRETCH_OCTAVES:
            return 0
        return max(1, int(STRETCH_OCTAVES / octaves))

    @cached_property
    def is_centred(self) -> bool:
        """Whether the view stays on one point all the way."""
        return all(layer.aim == (0.0, 0.0) for layer in self.layers)

    @cached_property
    def has_colour_match(self) -> bool:
        """Whether the colours of any layer have to change."""
        return any(step.gain != (1.0, 1.0, 1.0) for step in self.series.steps)

    def level_at(self, frame: float) -> float:
        """Zoom level at a frame or sub-frame."""
        return level_at(self.keys, frame)

    def view_centre(self, level: float) -> tuple[float, float]:
        """Centre of the view, from the innermost layer's, in units of `zoom_factor**-level`."""
        value, _ = self._centre_and_slope(level)
        return float(value[0]), float(value[1])

    def centre_keys(self, keys_per_step: int = 4) -> list[CentreKey]:
        """The path of the view's centre, for cubic (Hermite) interpolation.

        With 4 keys a step it is within 1 % of the largest offset: still a smooth path, and the
        layers do not lie on it.
        """
        levels = [
            here.level + (after.level - here.level) * part / keys_per_step
            for here, after in zip(self.layers, self.layers[1:], strict=False)
            for part in range(keys_per_step)
        ]
        keys = []
        for level in (*levels, self.depth):
            value, slope = self._centre_and_slope(level)
            keys.append(
                CentreKey(
                    level,
                    (float(value[0]), float(value[1])),
                    (float(slope[0]), float(slope[1])),
                )
            )
        return keys

    def gain_keys(self, index: int) -> list[tuple[float, tuple[float, float, float]]]:
        """What a layer's linear light is multiplied by, as (zoom level, (r, g, b)), linear between.

        While the view goes from one image to the next, all visible layers go from the colours of
        the one to those of the other by the same ratio: the seam between layers never shows, and
        every image has its own colours when it fills the view, so nothing accumulates.
        """
        layer = self.layers[index]
        first = self._step_at(max(layer.visible_from, 0.0))
        last = min(self._step_at(min(layer.visible_until, self.depth)) + 1, len(self.layers) - 1)
        keys = []
        for other in range(first, last + 1):
            gain = np.ones(3)
            for step in self.series.steps[other:index]:
                gain = gain * step.gain  # outwards, from this layer to a larger one
            for step in self.series.steps[index:other]:
                gain = gain / step.gain
            keys.append((self.layers[other].level, tuple(float(value) for value in gain)))
        return keys  # type: ignore[return-value]

    def _step_at(self, level: float) -> int:
        """Number of the step in which a zoom level lies."""
        levels = [layer.level for layer in self.layers]
        return int(np.clip(np.searchsorted(levels, level, "right") - 1, 0, len(levels) - 2))

    def _centre_and_slope(self, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`view_centre` and its derivative by the level.

        Within a step the centre runs along the part of the way that a zoom around the step's fixed
        point would have run: constant off-centre nesting becomes a pure zoom around one point.
        Where the offsets change, speeds are averaged, so that the picture never jerks at a step.
        """
        if level > self.depth:
            return np.zeros(2), np.zeros(2)
        growth = math.log(self.zoom_factor)
        step = self._step_at(level)
        here, after = self.layers[step], self.layers[step + 1]
        whole = 1.0 - self.zoom_factor ** (here.level - after.level)
        shrink = self.zoom_factor ** (here.level - max(level, here.level))
        part = (1.0 - shrink) / whole
        # From here on in widths of the step's outer layer.
        start = np.array(here.aim)
        way = self._way(step)
        start_slope = self._speed(step) * whole / growth
        end_slope = self._speed(step + 1) * whole / growth
        p, q = part, part * part
        value = (
            start
            + way * (3 * q - 2 * q * p)
            + start_slope * (q * p - 2 * q + p)
            + end_slope * (q * p - q)
        )
        change = (
            way * (6 * p - 6 * q) + start_slope * (3 * q - 4 * p + 1) + end_slope * (3 * q - 2 * p)
        )
        value = value / shrink
        return value, change * growth / whole + growth * value

    def _way(self, step: int) -> NDArray[np.float64]:
        """From where the view is at a step's start to where it is at its end, in outer widths."""
        here, after = self.layers[step], self.layers[step + 1]
        shrink = self.zoom_factor ** (here.level - after.level)
        way: NDArray[np.float64] = np.array(after.aim) * shrink - np.array(here.aim)
        return way

    def _speed(self, index: int) -> NDArray[np.float64]:
        """How fast the picture moves sideways where image `index` fills the view.

        In widths of that image per zoom level: the mean of what the steps on both sides ask for.
        """
        asked = []
        for step in (index - 1, index):
            if 0 <= step < len(self.series.steps):
                levels = self.layers[step + 1].level - self.layers[step].level
                whole = 1.0 - self.zoom_factor**-levels
                asked.append(self._way(step) * math.log(self.zoom_factor) / whole)
        mean: NDArray[np.float64] = np.mean(asked, axis=0)
        return mean


def make_plan(
    series: Series,
    settings: ZoomSettings,
    scene_resolution: tuple[int, int] | None = None,
) -> Plan:
    """Work out the whole zoom.

    Args:
        series: The images and how they are nested.
        settings: What the user chose; factor, order and alignment are already in `series`.
        scene_resolution: The scene's own frame size, for `settings.scene_resolution`.

    Raises:
        EverZoomError: The mask leaves nothing of the images.
    """
    first = series.images[0]
    aspect = first.height / first.width
    factors = [step.factor for step in series.steps]
    zoom_factor = math.exp(math.fsum(math.log(factor) for factor in factors) / len(factors))
    levels = [0.0]
    for factor in factors:
        levels.append(levels[-1] + math.log(factor) / math.log(zoom_factor))
    if max(factors) / min(factors) < 1.0 + 1e-12:
        levels = [float(index) for index in range(len(levels))]  # without rounding errors

    # The crop is rounded to whole, even pixels: then a pixel of the image that fills the view is
    # exactly a pixel of the frame.
    cropped = even(first.width * settings.crop), even(first.height * settings.crop)
    crop = cropped[0] / first.width, cropped[1] / first.width
    resolution = frame_size(cropped, settings, scene_resolution)
    # The largest view of the frame's shape that lies within the crop.
    width = min(crop[0], crop[1] * resolution[0] / resolution[1])
    view_size = width, width * resolution[1] / resolution[0]

    feather = settings.feather * min(1.0, aspect)
    mask = Mask(settings.mask_shape, (crop[0] / 2.0, crop[1] / 2.0), feather)
    if min(mask.opaque_half_size) <= 0.0:
        raise EverZoomError(
            f"A feather of {settings.feather:g} leaves nothing of images that are cropped to "
            f"{settings.crop:g}: make the feather smaller or the crop larger."
        )

    centres = [(0.0, 0.0)]
    for step in reversed(series.steps):
        inner = centres[-1]
        centres.append(
            (inner[0] / step.factor - step.offset[0], inner[1] / step.factor - step.offset[1])
        )
    centres.reverse()

    draft = Plan(
        settings=settings,
        series=series,
        zoom_factor=zoom_factor,
        aspect=aspect,
        resolution=resolution,
        view_size=view_size,
        mask=mask,
        layers=tuple(
            Layer(
                index=index,
                image=image,
                level=levels[index],
                centre=centres[index],
                aim=_aim(centres[index], view_size, aspect, settings.centre),
                visible_from=levels[index - 1] if index else -math.inf,
                opaque_from=(
                    levels[index - 1] + FADE_IN * (levels[index] - levels[index - 1])
                    if index
                    else -math.inf
                ),
                visible_until=math.inf,
            )
            for index, image in enumerate(series.images)
        ),
        keys=level_keys(len(series.images), settings, levels),
        warnings=tuple(
            framing_warnings(
                cropped, (view_size[0] * first.width, view_size[1] * first.width), resolution
            )
        ),
    )
    return _hide_covered_layers(draft)


def _aim(
    centre: tuple[float, float], view_size: tuple[float, float], aspect: float, keep_to: Centre
) -> tuple[float, float]:
    """The view's centre over an image: its own, or nearer to the innermost one's.

    The whole zoom closes in on the innermost image's centre, from which `centre` is measured. The
    view can go there as far as it stays within the image.
    """
    if keep_to is Centre.IMAGE:
        return centre
    slack_x, slack_y = (1.0 - view_size[0]) / 2.0, (aspect - view_size[1]) / 2.0
    return (
        centre[0] - min(max(centre[0], -slack_x), slack_x),
        centre[1] - min(max(centre[1], -slack_y), slack_y),
    )


def _hide_covered_layers(plan: Plan) -> Plan:
    """Find from which level on each layer stays hidden behind the opaque part of its successor."""
    layers = list(plan.layers)
    count = _COVER_SEARCH_STEPS * (math.ceil(plan.depth) + _COVER_SEARCH_LEVELS)
    levels = np.arange(count) / _COVER_SEARCH_STEPS
    centres = np.zeros((count, 2))
    if not plan.is_centred:
        centres = np.array([plan.view_centre(level) for level in levels])
    half_width, half_height = plan.view_size[0] / 2.0, plan.view_size[1] / 2.0
    for layer, after in zip(plan.layers, plan.layers[1:], strict=False):
        if _is_concentric(plan) and layer.index and _same_nesting(plan, layer.index):
            before = layers[layer.index - 1]
            until = before.visible_until - before.level + layer.level
        else:
            start = math.ceil(after.level * _COVER_SEARCH_STEPS)
            part = slice(start, start + _COVER_SEARCH_STEPS * _COVER_SEARCH_LEVELS)
            scale = plan.zoom_factor ** (after.level - levels[part])
            x, y = (centres[part] * scale[:, None] - after.centre).T
            # The view may leave the successor again, on its way to an image far off the centre.
            bare = np.flatnonzero(~plan.mask.covers(x, y, half_width * scale, half_height * scale))
            last = int(bare[-1]) if len(bare) else -1
            # One more step forgives rounding. What is never covered stays to the end.
            is_covered = last + 2 < len(scale)
            until = levels[start + last + 2] if is_covered else math.inf
        layers[layer.index] = replace(layer, visible_until=float(until))
    return replace(plan, layers=tuple(layers))


def _is_concentric(plan: Plan) -> bool:
    return all(step.offset == (0.0, 0.0) for step in plan.series.steps)


def _same_nesting(plan: Plan, index: int) -> bool:
    """Whether the step that starts at an image has the factor of the step before."""
    return plan.series.steps[index].factor == plan.series.steps[index - 1].factor
