"""The plan of a zoom: where everything is, at every zoom level. Never touches bpy.

Everything is a function of the zoom level z. At z = `Layer.level` that layer fills the view, and
the view is `zoom_factor**-z` as wide as at z = 0. Lengths are measured in widths of the image at
hand, so that nothing loses precision however deep the series is; x is right and y is up.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import EverZoomError
from ...settings import Centre, Engine, Travel, ZoomSettings
from ..files.moving import is_moving
from ..series import Series, SeriesImage, as_asked
from .framing import even, frame_size, framing_warnings
from .mask import Mask
from .timing import LevelKey, last_frames, level_at, level_keys

# A layer is faded in over this first part of the step that leads to it. Earlier, it would be shown
# at less than half its size, where engines that take one sample a pixel err more than by enlarging
# the layer around it a little. No layer ever pops in, and where an image fills the view, the frame
# is that image and no other.
FADE_IN = 0.35

# Steps into which a level is divided to find out when a layer is hidden behind its successors.
_COVER_SEARCH_STEPS = 32
_COVER_SEARCH_LEVELS = 16
_TARGET_SEARCH = 20

# More are only needed by images that lie further off each other's centres than can be shown well.
_MOST_LAYERS_AROUND = 24

# Single precision holds a zoom of this many doublings around one origin without a visible error;
# deeper zooms are cut into stretches of at most `STRETCH_OCTAVES`.
SINGLE_STRETCH_OCTAVES = 26.0
STRETCH_OCTAVES = 12.0


@dataclass(frozen=True)
class Layer:
    """One image's plane.

    Attributes:
        index: 0 is the outermost.
        number: That of its image in the series. A ring goes on at both ends: with numbers below 0,
            and from the number of images on.
        image: The file and its size in pixels.
        level: Zoom level at which this layer fills the view; its width is `zoom_factor**-level`.
        centre: Its centre, seen from the point at which the zoom ends (the centre of the innermost
            layer, or the user's target in it), in widths of this layer.
        aim: The view's centre when this layer fills the view, measured like `centre`.
        visible_from: Zoom level from which it can be seen, -inf for the outermost.
        opaque_from: Zoom level from which it is fully faded in.
        visible_until: Zoom level from which its successors hide it, inf for the innermost.
    """

    index: int
    number: int
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
        value: Centre (x, y), seen from the point at which the zoom ends.
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
        series: The images, outermost first; those of a ring again and again (`Series.unrolled`).
        zoom_factor: Geometric mean of the steps' factors: the level of the innermost image is then
            exactly the number of steps.
        aspect: Height of every image in image widths.
        resolution: Width and height of a frame in pixels.
        view_size: Width and height of the view at zoom level z in units of `zoom_factor**-z` image
            widths.
        roll: Turns of the picture in one zoom level, clockwise.
        mask: Trimmed shape of the inner layers.
        round_levels: Levels after which everything is the same again; 0 if the zoom is no ring.
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
    roll: float
    mask: Mask
    round_levels: int
    layers: tuple[Layer, ...]
    keys: tuple[LevelKey, ...]
    warnings: tuple[str, ...]

    @property
    def first_frame(self) -> int:
        return round(self.keys[0].frame)

    @property
    def last_frame(self) -> int:
        return round(self.keys[-1].frame) + last_frames(self.settings) - 1

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

    def first_sight(self, layer: Layer) -> int:
        """The first frame in which a layer can be seen; the first of all if there is none."""
        for frame in range(self.first_frame, self.last_frame + 1):
            if layer.visible_from < self.level_at(frame) <= layer.visible_until:
                return frame
        return self.first_frame

    def view_centre(self, level: float) -> tuple[float, float]:
        """Centre of the view, from where the zoom ends, in units of `zoom_factor**-level`."""
        ((x, y),), _ = self.path(np.array([level]))
        return float(x), float(y)

    def half_extent(
        self, levels: NDArray[np.float64], between: float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Half the width and height of the upright rectangle around the view, as it is turned.

        Args:
            levels: Zoom levels, any shape.
            between: The rectangle is good for so many levels before and after, too.

        Returns:
            Two arrays of that shape, in units of `zoom_factor**-level`.
        """
        width, height = self.view_size
        angle = 2.0 * np.pi * self.roll * levels
        # A corner that is further out in between is so much further out at most.
        more = math.hypot(width, height) * (1.0 - math.cos(2.0 * math.pi * self.roll * between))
        across, along = np.abs(np.cos(angle)), np.abs(np.sin(angle))
        return (
            (width * across + height * along + more) / 2.0,
            (width * along + height * across + more) / 2.0,
        )

    def centre_keys(self, keys_per_step: int = 4) -> list[CentreKey]:
        """The path of the view's centre, for cubic (Hermite) interpolation.

        With 4 keys a step it is within 1 % of the largest offset: still a smooth path, and the
        layers do not lie on it.
        """
        levels = [
            here.level + (after.level - here.level) * part / keys_per_step
            for here, after in itertools.pairwise(self.layers)
            for part in range(keys_per_step)
        ]
        levels.append(self.depth)
        values, slopes = self.path(np.array(levels))
        return [
            CentreKey(level, (float(x), float(y)), (float(x_slope), float(y_slope)))
            for level, (x, y), (x_slope, y_slope) in zip(levels, values, slopes, strict=True)
        ]

    def gain_keys(self, index: int) -> list[tuple[float, tuple[float, float, float]]]:
        """What a layer's linear light is multiplied by, as (zoom level, (r, g, b)), linear between.

        While the view goes from one image to the next, all visible layers go from the colours of
        the one to those of the other by the same ratio: the seam between layers never shows, and
        every image has its own colours when it fills the view, so nothing accumulates.
        """
        layer = self.layers[index]
        first = self._step_at(max(layer.visible_from, 0.0))
        last = min(self._step_at(min(layer.visible_until, self.depth)) + 1, len(self.layers) - 1)
        last = max(first, last)
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

    def path(self, levels: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`view_centre` and its derivative by the level, each of shape (n, 2), at n zoom levels.

        Within a step the centre runs along the part of the way that a zoom around the step's fixed
        point would have run: constant off-centre nesting becomes a pure zoom around one point.
        Where the offsets change, speeds are averaged, so that the picture never jerks at a step.
        """
        if self.round_levels:
            levels = levels % self.round_levels
        growth = math.log(self.zoom_factor)
        starts = np.array([layer.level for layer in self.layers])
        aims = np.array([layer.aim for layer in self.layers])
        speeds = np.array([self._speed(index) for index in range(len(self.layers))])
        step = np.clip(np.searchsorted(starts, levels, "right") - 1, 0, len(starts) - 2)
        way = np.array([self._way(number) for number in range(len(starts) - 1)])[step]
        here, after = starts[step], starts[step + 1]
        whole = (1.0 - self.zoom_factor ** (here - after))[:, None]
        shrink = (self.zoom_factor ** (here - np.maximum(levels, here)))[:, None]
        p = (1.0 - shrink) / whole
        q = p * p
        # From here on in widths of the step's outer layer.
        start_slope = speeds[step] * whole / growth
        end_slope = speeds[step + 1] * whole / growth
        value = (
            aims[step]
            + way * (3 * q - 2 * q * p)
            + start_slope * (q * p - 2 * q + p)
            + end_slope * (q * p - q)
        )
        change = (
            way * (6 * p - 6 * q) + start_slope * (3 * q - 4 * p + 1) + end_slope * (3 * q - 2 * p)
        )
        value = value / shrink
        slope = change * growth / whole + growth * value
        is_inside = (levels <= self.depth)[:, None]
        return value * is_inside, slope * is_inside

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
        series: The images and how they were found to be nested.
        settings: What the user chose; the order is already in `series`.
        scene_resolution: The scene's own frame size, for `FrameSize.SCENE`.

    Raises:
        EverZoomError: The mask leaves nothing of the images, the zoom does not fit on the
            timeline, or an image moves and the engine cannot show that.
    """
    moving = [image.file.name for image in series.images if is_moving(image.file)]
    if moving and settings.engine is Engine.SEQUENCER:
        raise EverZoomError(
            f"The sequencer shows only still images, and {moving[0]} moves: choose another engine."
        )
    series = as_asked(series, settings)
    around, needed = 0, 1
    while around < needed:
        around = needed
        plan = _make_plan(series, settings, scene_resolution, around)
        needed = _layers_around(plan) if plan.round_levels else 0
    return plan


def _layers_around(plan: Plan) -> int:
    """How many layers a ring needs around its outermost image to end as it begins.

    They are those that are still seen there, and one more, as the last one is not trimmed.
    """
    count = plan.round_levels
    once = [layer for layer in plan.layers if 0 <= layer.number < count]
    around = 0
    for number in range(1, _MOST_LAYERS_AROUND):
        same = once[-number % count]  # some rounds further in
        if same.visible_until - count * math.ceil(number / count) > 0.0:
            around = number
    return around + 1


def _make_plan(
    series: Series,
    settings: ZoomSettings,
    scene_resolution: tuple[int, int] | None,
    around: int,
) -> Plan:
    """`make_plan`, with so many layers around the outermost image of a ring."""
    first = series.images[0]
    aspect = first.height / first.width
    warnings = _idle_choices(settings)
    factors = [step.factor for step in series.steps]
    before = 0  # layers around the outermost image
    round_steps = 0  # around a ring
    if settings.travel is Travel.LOOP:
        if series.closing is None:
            warnings.append(
                "The innermost image was not found to contain the outermost one: the loop jumps "
                "where it starts again. There and Back never does."
            )
        else:
            factors.append(series.closing.factor)
            round_steps = len(factors)
            # One more at the inner end, by which the view's path goes on as it began.
            before = around
            series = series.unrolled(before, 1)
    zoom_factor = math.exp(math.fsum(math.log(factor) for factor in factors) / len(factors))
    levels = [0.0]
    for step in series.steps:
        levels.append(levels[-1] + math.log(step.factor) / math.log(zoom_factor))
    levels = [level - levels[before] for level in levels]
    if max(factors) / min(factors) < 1.0 + 1e-12:
        levels = [float(index - before) for index in range(len(levels))]  # no rounding errors

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

    centres = _centres(series, (0.0, 0.0))
    roll = settings.roll
    if round_steps:
        # Seen from the point on which it closes in, a ring is the same after each round.
        x, y = centres[-1 - round_steps]
        part = 1.0 - zoom_factor**-round_steps
        centres = _centres(series, (x / part, y / part))
        roll = round(roll * round_steps) / round_steps
        if abs(roll - settings.roll) > 1e-6:
            warnings.append(
                f"The picture turns {roll:.4g} times from one image to the next instead of "
                f"{settings.roll:.4g}, so that the loop ends as it begins."
            )
    shown = slice(before, before + round_steps + 1 if round_steps else None)
    warnings += framing_warnings(
        cropped, (view_size[0] * first.width, view_size[1] * first.width), resolution
    )

    draft = Plan(
        settings=settings,
        series=series,
        zoom_factor=zoom_factor,
        aspect=aspect,
        resolution=resolution,
        view_size=view_size,
        roll=roll,
        mask=mask,
        round_levels=round_steps,
        layers=tuple(
            Layer(
                index=index,
                number=index - before,
                image=image,
                level=levels[index],
                centre=centres[index],
                aim=centres[index],
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
        keys=level_keys(len(levels[shown]), settings, levels[shown]),
        warnings=tuple(warnings),
    )
    return _hide_covered_layers(_without_border(draft))


def _idle_choices(settings: ZoomSettings) -> list[str]:
    """What was chosen and has no effect beside other choices, in sentences."""
    idle = []
    if settings.travel is Travel.LOOP and (settings.delay or settings.ease or any(settings.target)):
        idle.append("A loop has no ends: delay, eased ends and target are without effect.")
    if settings.debug_overlay and settings.engine is Engine.SEQUENCER:
        idle.append("Fast 2D does not draw the debug overlay: the other engines do.")
    return idle


def _centres(series: Series, innermost: tuple[float, float]) -> list[tuple[float, float]]:
    """Centres of all images, in widths of each, from the point from which the innermost's is."""
    centres = [innermost]
    for step in reversed(series.steps):
        inner = centres[-1]
        centres.append(
            (inner[0] / step.factor - step.offset[0], inner[1] / step.factor - step.offset[1])
        )
    return centres[::-1]


def _without_border(draft: Plan) -> Plan:
    """Aim the view, and keep it within the outermost image.

    Where it would leave it by itself, as when it is turned, it is made smaller; where it would for
    the sake of the target, it goes there only in part.
    """
    half_width, half_height = draft.half_extent(np.array([layer.level for layer in draft.layers]))
    slack = np.maximum(0.0, np.stack([0.5 - half_width, draft.aspect / 2.0 - half_height], axis=1))
    wanted = np.array(draft.settings.aim) * [1.0, draft.aspect]
    target = np.clip(wanted, -slack[-1], slack[-1])
    plan = _aimed(draft, 0.0 * target, slack)
    enlarged = max(1.0, 1.0 / _room(plan))
    if enlarged > 1.0:
        size = draft.view_size[0] / enlarged, draft.view_size[1] / enlarged
        draft = replace(draft, view_size=(size[0] * (1.0 - 1e-9), size[1] * (1.0 - 1e-9)))
    low, high = 0.0, 1.0  # parts of the way to the target
    part = high
    for _ in range(_TARGET_SEARCH):
        plan = _aimed(draft, part * target, slack)
        low, high = (part, high) if _room(plan) >= 1.0 else (low, part)
        if low == 1.0:
            break
        part = (low + high) / 2.0
    else:
        plan = _aimed(draft, low * target, slack)
    warnings = list(plan.warnings)
    if enlarged > 1.005:
        why = " while the camera rolls" if plan.roll else ""
        warnings.append(
            f"The pictures are shown {enlarged:.2f} times as large so that no border is seen{why}."
        )
    if np.abs(low * target - wanted).max() > 1e-3:
        x, y = low * target / [1.0, draft.aspect]
        warnings.append(
            f"The zoom ends at {x:.3f}, {y:.3f} instead of {draft.settings.aim[0]:.3f}, "
            f"{draft.settings.aim[1]:.3f}, or its frames would leave the images: a smaller crop "
            "lets it go further."
        )
    return replace(plan, warnings=tuple(warnings))


def _aimed(draft: Plan, target: NDArray[np.float64], slack: NDArray[np.float64]) -> Plan:
    """Let the zoom end at a place of the innermost image.

    Everything is measured from there; so a zoom that is centred stays as simple as it is.

    Args:
        draft: A plan whose layers are measured from the centre of the innermost image.
        target: Where to, from that centre, in widths of the innermost image.
        slack: How far the view may be off each image's centre, in its widths; one row for each.
    """
    layers = []
    for layer, most in zip(draft.layers, slack, strict=True):
        scale = draft.zoom_factor ** (layer.level - draft.depth)
        centre = np.array(layer.centre) - target * scale
        # The view keeps to the images' centres as before, or goes to where the zoom ends.
        aim = np.array(layer.centre)
        if draft.settings.centre is Centre.FIXED_POINT:
            aim = centre - np.clip(centre, -most, most)
        layers.append(
            replace(
                layer,
                centre=(float(centre[0]), float(centre[1])),
                aim=(float(aim[0]), float(aim[1])),
            )
        )
    return replace(draft, layers=tuple(layers))


def _room(plan: Plan) -> float:
    """How many times larger the view could be before it leaves the outermost image."""
    if plan.is_centred and not plan.roll:
        return math.inf
    parts = _COVER_SEARCH_STEPS * (1 + math.ceil(8.0 * abs(plan.roll)))
    end = max(key.level for key in plan.keys)
    levels = np.linspace(0.0, end, 1 + math.ceil(end * parts))
    scale = plan.zoom_factor ** (plan.layers[0].level - levels)
    centres = np.zeros((len(levels), 2))
    if not plan.is_centred:
        centres = plan.path(levels)[0] * scale[:, None]
    x, y = np.abs(centres - plan.layers[0].centre).T
    pixel = 1.0 / plan.series.images[0].width  # engines smooth the border
    half_width, half_height = plan.half_extent(levels, 0.5 / parts)
    return float(
        min(
            ((0.5 - pixel - x) / (half_width * scale)).min(),
            ((plan.aspect / 2.0 - pixel - y) / (half_height * scale)).min(),
        )
    )


def _hide_covered_layers(plan: Plan) -> Plan:
    """Find from which level on each layer stays hidden behind the opaque part of its successor."""
    layers = list(plan.layers)
    lowest = math.floor(plan.layers[0].level)
    count = _COVER_SEARCH_STEPS * (math.ceil(plan.depth) - lowest + _COVER_SEARCH_LEVELS)
    levels = lowest + np.arange(count) / _COVER_SEARCH_STEPS
    centres = np.zeros((count, 2))
    if not plan.is_centred:
        centres = plan.path(levels)[0]
    is_regular = not plan.roll and all(layer.centre == (0.0, 0.0) for layer in layers)
    half_width, half_height = plan.half_extent(levels, 0.5 / _COVER_SEARCH_STEPS)
    for layer, after in zip(plan.layers, plan.layers[1:], strict=False):
        if layer.index and is_regular and _same_nesting(plan, layer.index):
            before = layers[layer.index - 1]
            until = before.visible_until - before.level + layer.level
        else:
            start = math.ceil((after.level - lowest) * _COVER_SEARCH_STEPS)
            part = slice(start, start + _COVER_SEARCH_STEPS * _COVER_SEARCH_LEVELS)
            scale = plan.zoom_factor ** (after.level - levels[part])
            x, y = (centres[part] * scale[:, None] - after.centre).T
            # The view may leave the successor again, on its way to an image far off the centre.
            bare = np.flatnonzero(
                ~plan.mask.covers(x, y, half_width[part] * scale, half_height[part] * scale)
            )
            last = int(bare[-1]) if len(bare) else -1
            # One more step forgives rounding. What is never covered stays to the end.
            is_covered = last + 2 < len(scale)
            until = levels[start + last + 2] if is_covered else math.inf
        layers[layer.index] = replace(layer, visible_until=float(until))
    return replace(plan, layers=tuple(layers))


def _same_nesting(plan: Plan, index: int) -> bool:
    """Whether the step that starts at an image has the factor of the step before."""
    return plan.series.steps[index].factor == plan.series.steps[index - 1].factor
