"""One picture for each step: all layers that are seen in it, over one another. Never touches bpy.

While the view goes from one image to the next, nothing moves but the view: so all that is seen can
be drawn once, with a good filter, and each frame is a part of that picture. While the next image
fades in, its step's picture fades in over that of the step before; nothing else is different in it.

A step's picture is finer than the frames that are made from it: then the bilinear filter of the
Video Sequencer, which makes them, softens little, and as much in every frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .drawing import EXPONENT, Drawing
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

# Of sRGB-encoded values, 0 to 1: nearly one level of 255. So far may the colours of a picture be
# off at most, as they stay the same.
_UNSEEN_CHANGE = 0.95 / 255.0

_LEVELS_LOOKED_AT = 33
_MARGIN_PIXELS = 3
# Of the view: Blender's curve of the view's centre is not quite the plan's.
_MARGIN = 0.01


@dataclass(frozen=True)
class StepPicture(Drawing):
    """What is seen from one layer's appearance until the next one has faded in.

    Its last layer is the step's own. Their colours are those of that one, as nearly as one sees.

    Attributes:
        visible_until: Zoom level from which the next step's picture hides it, inf for the last.
    """

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
        level=own.level,
        layers=layers,
        gains=tuple(_gains(plan, layer, index) for layer in layers),
        opacities=(1.0,) * len(layers),
        centre=(float(middle[0]), float(middle[1])),
        pixel=pixel,
        size=(width, height),
        angle=0.0,
        goes_on=True,
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
