"""Layers bent into reliefs by depth maps: parallax between the arrivals. Never touches bpy.

A point of a layer's plane is moved along the ray from where the camera stands when the layer fills
the view: there the frame is the picture, whatever the relief, and before and after it near things
go another way than far ones. They come forward and nothing goes back, since other layers lie just
behind. `height` is how far a point comes forward, in parts of the view's distance.

**One to one.** Let a camera stand at s times that distance, and off to a side by d. It sees the
point u of the plane (both from where the ray of the arrival's camera meets the plane) at
`d + ((1 - h) u - d) s / (s - h)`. The derivative of this is `m (1 - h)`, with `m = s / (s - h)`,
plus a matrix of rank one, which is `s / (s - h)**2 ((1 - s) u - d)` times the slope of h. As long
as the latter's size is at most `STRETCH` times the former, STRETCH < 1, it is nowhere singular; and
as the layer's border stays where it is, the mapping is one to one: nothing folds over, and nothing
is stretched by more than 1 + STRETCH against what is beside it. So the slope may be at most
`STRETCH (1 - h) (s - h) / |(1 - s) u - d|` where u is in view, for all places of the camera from
which the layer is seen.

**Seams.** There is no relief in a layer's soft edge, where the layer around it shows the same, nor
where other layers are seen in it meanwhile. That changes when the layer fills the view, and then
nobody sees a relief: shortly before, one without relief at the next layer's place takes over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..depth_map import DepthMap
from ..files.moving import is_moving
from ..matching.resampling import linear_at
from .mask import Mask
from .plan import Layer, Plan

Array = NDArray[np.float64]

# See above. Balls before a wall (tests/truth_scene.py), compared with what a camera between two
# arrivals sees of them: flat they are off by 0.065 of full brightness, with this by 0.53 of that.
STRETCH = 0.5

# But then balls that reach into a seam are seen to be a fifth too wide. What is near has a shape of
# its own: it is stretched towards a seam by this part only. So balls are off by 0.79 of the above,
# as those that reach into seams hardly come forward, and in the frames that were measured (by hand)
# they are too wide by 11 % at most.
_STIFF = 0.25

# The side of a face, in widths of the image: between its corners a face that leans away from the
# view is off by a quarter of the difference in height, some tenths of a pixel.
FINEST = 1.0 / 64.0

# Cells of the grid on which reliefs are worked out, along the longer side.
_CELLS = 192
# So much around what has to stay flat does so as well, in widths: it is smoothed away, lies between
# cells, or is on a face that reaches so far.
_MARGIN = 3.0 / _CELLS + FINEST
# No slope is steeper than so many view distances in a width: what is seen from its own camera only.
_STEEPEST = 3.0
# Nothing comes nearer to the camera than this part of its distance, as long as it is in view.
_NEAREST = 0.5

# For this part of the step that leads to it a layer goes over to its relief for the next one.
_GOES_OVER = 0.35
_AFTER_HOLE = 1e-4
_PLACES = 24  # of the camera that are looked at, on either side of the arrival


@dataclass(frozen=True)
class Relief:
    """How far a layer comes forward.

    Attributes:
        after: From the arrival on, on a grid over the image; shape (rows, columns), top first.
        before: The same until shortly before the arrival; None: it is no other.
        aspect: Height of the image in its widths.
        camera: Where the camera is when the layer fills the view, from the layer's centre: right,
            up, and in front, in widths of the layer.
    """

    after: Array
    before: Array | None
    aspect: float
    camera: tuple[float, float, float]

    def offsets(self, heights: Array, points: Array) -> Array:
        """By what points of the layer are moved, shape (n, 3), in its widths.

        Args:
            heights: One of the grids.
            points: Shape (n, 2), from the image's centre, in its widths.
        """
        height = _read(heights, points[:, 0], points[:, 1], self.aspect)[:, None]
        flat = np.pad(points, ((0, 0), (0, 1)))
        offsets: Array = height * (np.array(self.camera) - flat)
        return offsets


@dataclass(frozen=True)
class ReliefMaker:
    """What a layer's relief is made of: two that are equal make the same.

    Attributes:
        depth: Text of the depth map.
        is_turned: Black is near.
        strength: How far the nearest comes forward, in parts of the view's distance.
        mask: What is seen of the layer.
        aspect: Height of the image in its widths.
        eye: Where the camera is at the arrival, from the layer's centre, in its widths.
        distance: How far that is from the layer, the same.
        level: At which the layer fills the view.
        goes_over: Zoom level from which one relief goes over into the other, until the arrival.
        before, after: Places of the camera until the arrival, and from `goes_over` on; each of
            them level, distance, aside (right, up), half of what is in view (width, height).
        flat_before, flat_after: What stays flat then: masks in the layer's plane, with their
            centres, sizes, and turns against the layer's.
        is_flat_before: All of it does.
    """

    depth: str
    is_turned: bool
    strength: float
    mask: Mask
    aspect: float
    eye: tuple[float, float]
    distance: float
    level: float
    goes_over: float
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]
    flat_before: tuple[tuple[Mask, complex, float, float], ...]
    flat_after: tuple[tuple[Mask, complex, float, float], ...]
    is_flat_before: bool

    @property
    def has_before(self) -> bool:
        """Whether the relief is another one before the arrival."""
        return self.goes_over < self.level

    @cached_property
    def wanted(self) -> Array:
        """How far each cell would come forward if nothing stood in the way."""
        cells = DepthMap("", self.depth).cells
        near = 1.0 - cells if self.is_turned else cells
        near = near - near.min()
        x, y = _centres(self.aspect)
        near = _read(near, x, y, self.aspect)
        # White is inversely proportional to the distance, as programs that guess depth write it.
        heights: Array = 1.0 - 1.0 / (1.0 + near * self.strength / (1.0 - self.strength))
        return heights

    def make(self) -> Relief:
        """Work the relief out."""
        after = self._limited(self.after, self.flat_after)
        before = None
        if self.is_flat_before:
            before = np.zeros_like(after)
        elif self.has_before:
            before = self._limited(self.before, self.flat_before)
        return Relief(after, before, self.aspect, (*self.eye, self.distance))

    def _limited(
        self,
        places: tuple[tuple[float, ...], ...],
        flat: Iterable[tuple[Mask, complex, float, float]],
    ) -> Array:
        """The heights that are wanted, as far as they can be had without a fold or a seam."""
        x, y = _centres(self.aspect)
        steepest, highest = self._limits(x, y, places)
        cell = max(1.0, self.aspect) / _CELLS
        is_flat = self.mask.depth(x, y) < _MARGIN
        for mask, centre, size, turn in flat:
            away = (x + 1j * y - centre) * complex(math.cos(turn), math.sin(turn)) / size
            is_flat |= -size * mask.depth(away.real, away.imag) < _MARGIN
        # What is near stays as it is, and what is around it rises to it.
        heights = -_relaxed(-self.wanted, steepest, cell)
        # From what has to stay flat it rises slowly where something near reaches into that.
        stiff = 1.0 - (1.0 - _STIFF) * np.clip(4.0 * self.wanted / self.strength, 0.0, 1.0)
        ceiling = _relaxed(np.where(is_flat, 0.0, highest), steepest * stiff, cell)
        return _smooth(np.minimum(heights, ceiling))

    def _limits(
        self, x: Array, y: Array, places: tuple[tuple[float, ...], ...]
    ) -> tuple[Array, Array]:
        """How steep and how high each cell may be; see the module's first lines."""
        steepest = np.full(x.shape, _STEEPEST)
        highest = np.full(x.shape, self.strength)
        from_eye = x + 1j * y - complex(*self.eye)
        for _, distance, right, up, half_width, half_height in places:
            # A little more than is in view, as what is near is seen elsewhere.
            rows = np.flatnonzero(np.abs(from_eye[:, 0].imag - up) < 1.2 * half_height)
            columns = np.flatnonzero(np.abs(from_eye[0].real - right) < 1.2 * half_width)
            if not (len(rows) and len(columns)):
                continue
            seen = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            top = min(self.strength, _NEAREST * distance)
            away = (1.0 - distance) * from_eye[seen] - complex(right, up)
            slope = STRETCH * (1.0 - top) * (distance - top) / np.maximum(np.abs(away), 1e-9)
            steepest[seen] = np.minimum(steepest[seen], slope)
            highest[seen] = np.minimum(highest[seen], top)
        return steepest, highest


def relief_maker(plan: Plan, layer: Layer, lens: float) -> ReliefMaker | None:
    """What makes a layer's relief; None where it stays flat.

    Args:
        plan: Of the zoom.
        layer: One of its layers.
        lens: Distance of the camera in widths of the view.
    """
    name = layer.image.file.name
    strength = plan.settings.own_or_common(name, "depth")
    depth = layer.image.depth_text
    if not (strength and depth) or is_moving(layer.image.file):
        return None
    first, last = max(layer.visible_from, 0.0), min(layer.visible_until, plan.depth)
    level = min(max(layer.level, first), last)
    others = [other for other in plan.layers if other.index != layer.index]

    def seen(start: float, end: float) -> list[Layer]:
        """Other layers that are seen with this one between two levels."""
        return [o for o in others if o.visible_from < end and o.visible_until > start]

    is_in_hole = any(o.has_hole and o.index < layer.index for o in seen(first, level))
    if level == last:  # the innermost one goes on to nothing
        if is_in_hole:
            return None
        goes_over, last_from = level, first
    else:
        # Before what is seen through a hole is another layer nearly until the arrival.
        goes_over = level - (_AFTER_HOLE if is_in_hole else _GOES_OVER) * (level - first)
        last_from = goes_over
    before, after = seen(first, level), seen(last_from, last)
    return ReliefMaker(
        depth,
        plan.settings.is_near_black,
        strength,
        layer.mask,
        layer.aspect,
        _as_pair(_own(layer, complex(*layer.aim) - complex(*layer.centre))),
        lens * plan.view_size[0] / layer.width,
        level,
        goes_over,
        _places(plan, layer, first, level),
        _places(plan, layer, last_from, last),
        tuple(_placed(plan, layer, other) for other in before if other.index > layer.index),
        tuple(_placed(plan, layer, other) for other in after if other.index > layer.index),
        is_in_hole,
    )


def _own(layer: Layer, place: complex) -> complex:
    """A place in spans of a layer as it lies, in its widths."""
    return place * complex(math.cos(layer.turn), math.sin(layer.turn)) / layer.width


def _as_pair(place: complex) -> tuple[float, float]:
    return place.real, place.imag


def _placed(plan: Plan, layer: Layer, other: Layer) -> tuple[Mask, complex, float, float]:
    """The mask of a layer in the plane of another one: with its centre, size and turn."""
    shrink = plan.zoom_factor ** (layer.level - other.level)
    away = complex(*other.centre) * shrink - complex(*layer.centre)
    size = other.width * shrink / layer.width
    return other.mask, _own(layer, away), size, other.turn - layer.turn


def _places(plan: Plan, layer: Layer, start: float, end: float) -> tuple[tuple[float, ...], ...]:
    """Places of the camera between two levels, see `ReliefMaker.before`."""
    levels = np.linspace(start, end, _PLACES)
    scale = plan.zoom_factor ** (layer.level - levels)
    centres = plan.path(levels)[0] * scale[:, None] - np.array(layer.aim)
    half_width, half_height = plan.view.half_extent(levels, turned=layer.turn)
    found = []
    for number, level in enumerate(levels.tolist()):
        aside = _own(layer, complex(*centres[number].tolist()))
        half = (float(side[number] * scale[number]) for side in (half_width, half_height))
        found.append(
            (level, float(scale[number]), *_as_pair(aside), *(h / layer.width for h in half))
        )
    return tuple(found)


def _centres(aspect: float) -> tuple[Array, Array]:
    """Right and up of the cells' centres, in image widths; shape (rows, columns), top first."""
    cell = max(1.0, aspect) / _CELLS
    rows, columns = max(1, round(aspect / cell)), max(1, round(1.0 / cell))
    x, y = np.meshgrid(
        (np.arange(columns) + 0.5) / columns - 0.5, aspect * (0.5 - (np.arange(rows) + 0.5) / rows)
    )
    return x, y


def _read(cells: Array, x: Array, y: Array, aspect: float) -> Array:
    """Values of cells at places, right and up from the image's centre in its widths."""
    rows, columns = cells.shape
    return linear_at(cells, (x + 0.5) * columns, (0.5 - y / aspect) * rows)


def _relaxed(values: Array, steepest: Array, cell: float) -> Array:
    """The greatest field that is nowhere above another one, nor steeper than is allowed.

    Args:
        values: Shape (rows, columns).
        steepest: Of each cell, in units of the values per width of the image; the same shape.
        cell: Size of a cell.
    """
    rows, columns = values.shape
    ways = [(0, 1), (1, 0), (1, 1), (1, -1)]
    costs = []
    for down, right in ways:
        here, there = _pairs(rows, columns, down, right)
        cost = (steepest[here] + steepest[there]) / 2.0 * cell * math.hypot(down, right)
        costs.append((here, there, cost))
    found = values.copy()
    for _ in range(rows + columns):
        before = found.copy()
        for here, there, cost in costs:
            found[there] = np.minimum(found[there], found[here] + cost)
            found[here] = np.minimum(found[here], found[there] + cost)
        if np.array_equal(found, before):
            break
    return found


def _pairs(
    rows: int, columns: int, down: int, right: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Cells that have a neighbour in a direction, and these neighbours."""
    across = slice(max(0, -right), columns - max(0, right))
    return (
        (slice(0, rows - down), across),
        (slice(down, rows), slice(across.start + right, across.stop + right)),
    )


def _smooth(values: Array) -> Array:
    """Without sharp bends: each cell by those beside it, twice."""
    for _ in range(2):
        for axis in (0, 1):
            more = np.pad(values, [(1, 1) if axis == a else (0, 0) for a in (0, 1)], mode="edge")
            first, last = (
                more.take(range(values.shape[axis]), axis),
                more.take(range(2, values.shape[axis] + 2), axis),
            )
            values = (first + 2.0 * values + last) / 4.0
    return values
