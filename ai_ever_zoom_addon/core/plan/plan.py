"""The plan of a zoom: where everything is, at every zoom level. Never touches bpy.

Everything is a function of the zoom level z. At z = `Layer.level` that layer fills the view, and
the view is `zoom_factor**-z` as wide as at z = 0. That is the span of the image whose level is z;
lengths are measured in spans of the image at hand, so that nothing loses precision however deep the
series is. An image is as wide as its span where it has the usual shape. x is right and y is up, as
the outermost image lies.

It is made in stages, each of which needs only those before it: what a frame shows of the images
(framing), how they lie in each other (nesting), how the view turns (view), where it goes (path,
aiming), and when each layer is seen (visibility).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np

from ...errors import EverZoomError
from ...settings import Engine, Travel, ZoomSettings
from ..depth_map import Flaw
from ..files.moving import is_moving
from ..findings import Finding, FindingKind
from ..series import Series, SeriesImage, as_asked
from .aiming import find_path, is_within_outermost
from .bending import Bend, Join, bends_of, place
from .framing import find_framing
from .mask import Mask, whole
from .nesting import Nesting, nest
from .path import Path
from .timing import LevelKey, last_frames, level_at, level_keys
from .view import View, find_view, images_turning
from .visibility import Sight, find_sights, layers_around

# Single precision holds a zoom of this many doublings around one origin without a visible error;
# deeper zooms are cut into stretches of at most `STRETCH_OCTAVES`.
SINGLE_STRETCH_OCTAVES = 26.0
STRETCH_OCTAVES = 12.0


class HasSight(Protocol):
    """What is seen at some zoom levels."""

    @property
    def visible_from(self) -> float: ...

    @property
    def visible_until(self) -> float: ...


Seen = TypeVar("Seen", bound=HasSight)

# More than Blender, in single precision, errs in zoom levels.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Layer(Sight):
    """One image's plane, and when it is seen.

    Attributes:
        index: 0 is the outermost.
        number: That of its image in the series. A ring goes on at both ends: with numbers below 0,
            and from the number of images on.
        image: The file and its size in pixels.
        level: Zoom level at which this layer fills the view; its span is `zoom_factor**-level`.
        centre: Its centre, seen from the point at which the zoom ends (the centre of the innermost
            layer, or the user's target in it), in spans of this layer.
        aim: The view's centre when this layer fills the view, measured like `centre`.
        width: Its width in its spans.
        turn: How it lies turned against the outermost one, or a ring's at level 0, clockwise, in
            radians.
        mask: What is seen of it, in its widths.
        has_hole: It lies before the next layer, which is seen through it.
        bends: What it does where it, or the next one, was painted again.
    """

    index: int
    number: int
    image: SeriesImage
    level: float
    centre: tuple[float, float]
    aim: tuple[float, float]
    width: float
    turn: float
    mask: Mask
    has_hole: bool
    bends: tuple[Bend, ...] = ()

    @property
    def aspect(self) -> float:
        """Its height in its widths."""
        return self.image.aspect

    @property
    def is_trimmed(self) -> bool:
        """Whether not all of the image is seen."""
        return self.mask != whole(self.aspect)


@dataclass(frozen=True)
class Plan:
    """An immutable description of the zoom.

    Attributes:
        settings: What the user chose.
        series: The images, outermost first; those of a ring again and again (`Series.unrolled`).
        zoom_factor: Geometric mean of the ratios of the images' spans: the level of the innermost
            image is then exactly the number of steps.
        round_levels: Levels after which everything is the same again; 0 if the zoom is no ring.
        resolution: Width and height of a frame in pixels.
        view: What a frame shows.
        path: Where the view's centre is.
        layers: One for each image.
        most_visible: How many layers are seen at a time at most.
        keys: The zoom level over time.
        findings: What the choices cost.
    """

    settings: ZoomSettings
    series: Series
    zoom_factor: float
    round_levels: int
    resolution: tuple[int, int]
    view: View
    path: Path
    layers: tuple[Layer, ...]
    most_visible: int
    keys: tuple[LevelKey, ...]
    findings: tuple[Finding, ...]

    @property
    def view_size(self) -> tuple[float, float]:
        """Width and height of the view at zoom level z, in units of `zoom_factor**-z`."""
        return self.view.size

    @property
    def aspect(self) -> float:
        """Height of the outermost image in its widths."""
        return self.layers[0].aspect

    @property
    def mask(self) -> Mask:
        """What is seen of the innermost image, in its widths."""
        return self.layers[-1].mask

    @property
    def roll(self) -> float:
        """Turns of the picture in one zoom level, clockwise."""
        return self.view.roll

    @property
    def is_centred(self) -> bool:
        """Whether the view stays on one point all the way."""
        return self.path.is_centred

    def layer_of(self, number: int) -> Layer:
        """The layer that shows an image of the series, by its number."""
        return next(layer for layer in self.layers if layer.number == number)

    @property
    def stacked(self) -> list[Layer]:
        """The layers from the hindmost to the foremost, of those that are seen at a time."""
        order: list[Layer] = []
        run = 0  # layers with holes at the end, each before the next
        for layer in self.layers:
            order.insert(len(order) - run, layer)
            run = run + 1 if layer.has_hole else 0
        return order

    @property
    def first_frame(self) -> int:
        return round(self.keys[0].frame)

    @property
    def last_frame(self) -> int:
        return round(self.keys[-1].frame) + last_frames(self.settings) - 1

    @property
    def frames(self) -> range:
        """The numbers of its frames."""
        return range(self.first_frame, self.last_frame + 1)

    @property
    def frames_over_and_over(self) -> range:
        """Those of a file that repeats: there and back, the last one is the first one again."""
        is_double = self.settings.travel is Travel.THERE_AND_BACK
        return self.frames[:-1] if is_double else self.frames

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
    def has_colour_match(self) -> bool:
        """Whether the colours of any layer have to change."""
        return any(step.gain != (1.0, 1.0, 1.0) for step in self.series.steps)

    def level_at(self, frame: float) -> float:
        """Zoom level at a frame or sub-frame."""
        return level_at(self.keys, frame)

    def first_sight(self, layer: Layer) -> int:
        """The first frame in which a layer can be seen; the first of all if there is none."""
        for frame in self.frames:
            if layer.visible_from < self.level_at(frame) <= layer.visible_until:
                return frame
        return self.first_frame

    def layers_seen(self, frames: range | None) -> list[Layer]:
        """The layers that can be seen in some frames; None: all layers, whoever looks."""
        return self.seen(self.layers, frames)

    def seen(self, things: Sequence[Seen], frames: range | None) -> list[Seen]:
        """Those of some things that can be seen in some frames; None: all."""
        if frames is None:
            return list(things)
        levels = np.array([self.level_at(frame) for frame in frames])
        return [
            thing
            for thing in things
            if (
                (thing.visible_from - _ROUNDING < levels)
                & (levels <= thing.visible_until + _ROUNDING)
            ).any()
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
        return [
            (self.layers[other].level, self.gain(index, other)) for other in range(first, last + 1)
        ]

    def gain_at(self, index: int, level: float) -> tuple[float, float, float]:
        """What a layer's linear light is multiplied by at a zoom level."""
        levels, gains = zip(*self.gain_keys(index), strict=True)
        red, green, blue = (float(np.interp(level, levels, gain)) for gain in np.transpose(gains))
        return red, green, blue

    def gain(self, index: int, other: int) -> tuple[float, float, float]:
        """What one layer's linear light is multiplied by to have the colours of another's."""
        gain = np.ones(3)
        for step in self.series.steps[other:index]:
            gain = gain * step.gain  # outwards, from this layer to a larger one
        for step in self.series.steps[index:other]:
            gain = gain / step.gain
        red, green, blue = gain.tolist()
        return red, green, blue

    def _step_at(self, level: float) -> int:
        """Number of the step in which a zoom level lies."""
        levels = [layer.level for layer in self.layers]
        return int(np.clip(np.searchsorted(levels, level, "right") - 1, 0, len(levels) - 2))


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
            "The sequencer shows only still images, and {moving} moves: choose another engine.",
            moving=moving[0],
        )
    series = found = as_asked(series, settings)
    framing = find_framing(series, settings, scene_resolution)
    nesting, nesting_findings = nest(series, framing, settings)
    images = images_turning(nesting)
    keys = level_keys(nesting.shown_levels, settings, nesting.shown_names)
    whole_view, view_findings = find_view(nesting, framing, images, settings)
    path, view, path_findings = find_path(nesting, whole_view, images, settings)
    sights, most_visible = find_sights(
        nesting, view, path, is_each_needed=not is_within_outermost(nesting)
    )
    # Of a ring the nesting has more images than are ever seen.
    around = layers_around(nesting, sights)
    unseen = nesting.around - around
    path = path.without_outermost(unseen)
    # The sequencer's pictures are flat.
    is_bent = settings.engine is not Engine.SEQUENCER
    layers = _layers(nesting, path, sights, unseen, is_bent=is_bent)
    return Plan(
        settings=settings,
        series=series.unrolled(around, nesting.after) if around else series,
        zoom_factor=nesting.zoom_factor,
        round_levels=nesting.round_levels,
        resolution=framing.resolution,
        view=view,
        path=path,
        layers=layers,
        most_visible=most_visible,
        keys=keys,
        findings=(
            *_idle_choices(settings),
            *_gliding(found, settings),
            *_depth_findings(series, settings),
            *nesting_findings,
            *view_findings,
            *framing.findings,
            *framing.enlarged(series.images),
            *path_findings,
        ),
    )


def _idle_choices(settings: ZoomSettings) -> list[Finding]:
    """What was chosen and has no effect beside other choices."""
    idle = []
    if settings.travel is Travel.LOOP and (settings.delay or settings.ease or any(settings.target)):
        idle.append(Finding(FindingKind.IDLE_ENDS))
    if settings.debug_overlay and settings.engine is Engine.SEQUENCER:
        idle.append(Finding(FindingKind.IDLE_OVERLAY))
    return idle


def _gliding(series: Series, settings: ZoomSettings) -> list[Finding]:
    """What was painted again and glides, or would with another engine."""
    is_ring = settings.travel is Travel.LOOP and series.closing is not None
    steps = (*series.steps, *([series.closing] if is_ring and series.closing else []))
    count = sum(step.glide is not None for step in steps)
    kind = FindingKind.IDLE_GLIDE if settings.engine is Engine.SEQUENCER else FindingKind.GLIDING
    return [Finding(kind, {"count": count, "pairs": len(steps)})] if count else []


def _depth_findings(series: Series, settings: ZoomSettings) -> list[Finding]:
    """What becomes of the depth maps."""
    images = {image.file: image for image in series.images if image.depth}.values()
    findings = []
    unread = [image.depth for image in images if image.depth and image.depth.flaw]
    for flaw in Flaw:
        files = [depth.file for depth in unread if depth.flaw is flaw]
        if files:
            found = {"files": files, "flaw": flaw.value}
            findings.append(Finding(FindingKind.DEPTH_UNREAD, found))
    is_deep = any(settings.own_or_common(image.file.name, "depth") for image in images)
    if settings.engine is Engine.SEQUENCER and is_deep and len(unread) < len(images):
        findings.append(Finding(FindingKind.IDLE_DEPTH))
    return findings


def _layers(
    nesting: Nesting, path: Path, sights: Sequence[Sight], unseen: int, *, is_bent: bool
) -> tuple[Layer, ...]:
    """One layer for each image but the outermost ones of a ring that are never seen."""
    images = nesting.series.images
    joins: list[Join | None] = [None] * (len(images) - unseen + 1)
    if is_bent:
        joins[1:] = [_join(nesting, path, index, unseen) for index in range(len(joins) - 1)]
    return tuple(
        Layer(
            visible_from=sights[number].visible_from if index else -math.inf,
            opaque_from=sights[number].opaque_from if index else -math.inf,
            fades_from=sights[number].fades_from,
            visible_until=sights[number].visible_until,
            index=index,
            number=number - nesting.around,
            image=images[number],
            level=path.levels[index],
            centre=path.centres[index],
            aim=path.aims[index],
            width=nesting.widths[number],
            turn=nesting.angles[number],
            mask=nesting.masks[number] if index else whole(images[number].aspect),
            has_hole=number < len(images) - 1 and nesting.series.steps[number].is_hole,
            bends=bends_of(*joins[index : index + 2]),
        )
        for index, number in enumerate(range(unseen, len(images)))
    )


def _join(nesting: Nesting, path: Path, index: int, unseen: int) -> Join | None:
    """Where a layer and the next one show two versions of the same; None where they do not.

    What moves has one version a frame.
    """
    number = index + unseen
    if number + 1 >= len(nesting.series.images):
        return None
    outer, inner = nesting.series.images[number : number + 2]
    step = nesting.series.steps[number]
    if step.glide is None or step.is_hole or is_moving(outer.file) or is_moving(inner.file):
        return None
    begins, ends = path.levels[index : index + 2]
    ratio = nesting.widths[number + 1] / nesting.widths[number]
    return Join(
        glide=step.glide,
        begins=begins,
        ends=ends,
        centre=nesting.place_in(number + 1, number),
        vector=place(
            ratio * nesting.zoom_factor ** (begins - ends),
            nesting.angles[number + 1] - nesting.angles[number],
        ),
        aspect=inner.aspect,
        mask=nesting.masks[number] if index else whole(outer.aspect),
    )
