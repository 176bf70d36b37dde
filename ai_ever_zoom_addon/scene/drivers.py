"""Drivers that run without Python: on farms, with scripts not allowed, without the add-on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.plan.plan import Layer, Plan
from . import compat
from .tags import property_name

Sources: TypeAlias = dict[str, tuple[Any, str]]
"""For each name that a driver reads, the data-block and the data path it is read from."""

# Where nothing but the value is asked for, as everywhere here.
_VARIABLE = "SINGLE_PROP"


class Drivers:
    """The drivers of a data-block, which may be many: found at once, and made anew if they differ.

    A zoom that changes has most of them already, and to compare one is far cheaper than to make it.
    """

    def __init__(self, owner: Any) -> None:
        """Args: owner: The data-block; its drivers are looked at now."""
        self._owner = owner
        animation = owner.animation_data
        self._there = {
            (curve.data_path, curve.array_index): curve
            for curve in (animation.drivers if animation else ())
        }
        self._wanted: set[tuple[str, int]] = set()

    def drive(self, path: str, expression: str, sources: Sources, index: int = -1) -> None:
        """Let a property follow others, as `drive` does.

        Args:
            path: Data path of the property, from the data-block on.
            expression: As for `drive`.
            sources: As for `drive`.
            index: Component of an array property.
        """
        if not _follows(self._want(path, index), sources, expression):
            _make_expression(self._owner, path, expression, sources, index)

    def drive_by_table(
        self,
        path: str,
        source: tuple[Any, str],
        keys: Sequence[tuple[float, float]],
        index: int = -1,
    ) -> None:
        """Let a property follow another through a table, as `drive_by_table` does.

        Args:
            path: Data path of the property, from the data-block on.
            source: As for `drive_by_table`.
            keys: As for `drive_by_table`; between them are straight lines.
            index: Component of an array property.
        """
        table = _Table.of(keys)
        if not _follows(self._want(path, index), {"z": source}, table=table):
            _make_table(self._owner, path, source, table, index)

    def remove(self, is_meant: Callable[[str], bool]) -> None:
        """Remove those that were there, by their data paths, and have not been asked for."""
        for key in [key for key in self._there if key not in self._wanted and is_meant(key[0])]:
            self._owner.animation_data.drivers.remove(self._there.pop(key))

    def _want(self, path: str, index: int) -> Any:
        key = path, max(index, 0)
        self._wanted.add(key)
        return self._there.get(key)


@dataclass(frozen=True)
class _Table:
    """The points of an F-curve.

    Attributes:
        places: Shape (points, 2).
        handles: Those before and after each point, both of that shape; None: it goes straight on.
    """

    places: NDArray[np.float64]
    handles: tuple[NDArray[np.float64], NDArray[np.float64]] | None

    @classmethod
    def of(
        cls, keys: Iterable[tuple[float, float]], slopes: Sequence[float] | None = None
    ) -> _Table:
        """Args: as for `fill_curve`."""
        places = np.array(list(keys), float)
        if slopes is None:
            return cls(places, None)
        # A Bezier curve whose handles lie at thirds of the way is a Hermite curve.
        thirds = np.concatenate([[0.1], np.diff(places[:, 0]) / 3.0, [0.1]])
        before, after = (np.stack([x, x * slopes], axis=1) for x in (thirds[:-1], thirds[1:]))
        return cls(places, (places - before, places + after))

    def is_in(self, curve: Any) -> bool:
        """Whether a curve has these points, to single precision."""
        points = curve.keyframe_points
        if len(points) != len(self.places):
            return False
        wanted = {"co": self.places}
        if self.handles is not None:
            wanted |= zip(("handle_left", "handle_right"), self.handles, strict=True)
        for name, places in wanted.items():
            found = np.empty(places.size, np.float32)
            points.foreach_get(name, found)
            if not np.array_equal(found, places.astype(np.float32).ravel()):
                return False
        interpolation = "LINEAR" if self.handles is None else "BEZIER"
        return all(point.interpolation == interpolation for point in points)

    def fill(self, curve: Any) -> None:
        """Give a curve these points, and no others."""
        points = curve.keyframe_points
        points.clear()
        points.add(len(self.places))
        for number, point in enumerate(points):
            point.co = self.places[number]
            if self.handles is None:
                point.interpolation = "LINEAR"
                continue
            point.interpolation = "BEZIER"
            point.handle_left_type = point.handle_right_type = "FREE"
            point.handle_left, point.handle_right = (way[number] for way in self.handles)
        curve.update()


def _follows(
    curve: Any, sources: Sources, expression: str = "", table: _Table | None = None
) -> bool:
    """Whether a driver is what `drive` or `drive_by_table` would make.

    Args:
        curve: The driver's; None: there is none.
        sources: What it is to read.
        expression: What it is to calculate.
        table: What it is to have; None: an expression.
    """
    if curve is None or curve.mute or curve.modifiers:
        return False
    driver = curve.driver
    if table is not None:
        if driver.type != "AVERAGE" or not table.is_in(curve):
            return False
    elif driver.type != "SCRIPTED" or driver.expression != expression or curve.keyframe_points:
        return False
    variables = driver.variables
    if len(variables) != len(sources):
        return False
    for variable, (name, (source, path)) in zip(variables, sources.items(), strict=True):
        target = variable.targets[0]
        if variable.name != name or variable.type != _VARIABLE:
            return False
        if target.data_path != path or target.id != source:
            return False
    return True


def _new_driver(owner: Any, path: str, index: int, sources: Sources) -> Any:
    owner.driver_remove(path, index)
    curve = owner.driver_add(path, index)
    # Without a mapping of its own a driver's value arrives as it is: 4.2 starts with a generator
    # modifier, 5.0 with two key points, between which values are rounded.
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    curve.keyframe_points.clear()
    for name, (source, source_path) in sources.items():
        variable = curve.driver.variables.new()
        variable.name = name
        if isinstance(source, bpy.types.Scene):
            variable.targets[0].id_type = "SCENE"
        variable.targets[0].id = source
        variable.targets[0].data_path = source_path
    return curve


def _make_expression(owner: Any, path: str, expression: str, sources: Sources, index: int) -> None:
    curve = _new_driver(owner, path, index, sources)
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = expression


def _make_table(owner: Any, path: str, source: tuple[Any, str], table: _Table, index: int) -> None:
    curve = _new_driver(owner, path, index, {"z": source})
    curve.driver.type = "AVERAGE"
    table.fill(curve)


def _existing(owner: Any, path: str, index: int) -> Any:
    """The driver of a data-block's own property; of what is inside one it is not looked for."""
    if not isinstance(owner, bpy.types.ID):
        return None
    data: Any = owner
    animation = data.animation_data
    return animation.drivers.find(path, index=max(index, 0)) if animation else None


def drive(owner: Any, path: str, expression: str, sources: Sources, index: int = -1) -> None:
    """Let a property follow others by a *simple expression*, which Blender runs without Python.

    What follows them already stays as it is.

    Args:
        owner: Data-block, or a part of one, whose property is driven.
        path: Data path of the property.
        expression: Made of numbers, the names in `sources` and the functions of simple expressions.
        sources: What the names stand for.
        index: Component of an array property.
    """
    if not _follows(_existing(owner, path, index), sources, expression):
        _make_expression(owner, path, expression, sources, index)


def drive_by_table(
    owner: Any,
    path: str,
    source: tuple[Any, str],
    keys: Iterable[tuple[float, float]],
    slopes: Sequence[float] | None = None,
    index: int = -1,
) -> None:
    """Let a property follow another through a table, held in the driver's own curve.

    Args:
        owner: Data-block whose property is driven.
        path: Data path of the property.
        source: Data-block and data path of the property it follows.
        keys: (source value, driven value), in ascending order.
        slopes: Derivative at each key, for cubic Hermite interpolation; None: straight lines.
        index: Component of an array property.
    """
    table = _Table.of(keys, slopes)
    if not _follows(_existing(owner, path, index), {"z": source}, table=table):
        _make_table(owner, path, source, table, index)


def drive_view(
    owner: Any, level_path: str, centre_paths: Sequence[str], turn_path: str, plan: Plan
) -> None:
    """Give something the view's centre and turn at its zoom level, as far as they change.

    Args:
        owner: Data-block that gets the properties.
        level_path: Data path of its zoom level.
        centre_paths: Of the centre's two properties, in units of the view's scale.
        turn_path: Of how far turned images turn the view, clockwise, in radians.
        plan: Of the zoom.
    """
    tables = []
    if not plan.is_centred:
        keys = plan.path.keys()
        tables += [
            (path, [(key.level, key.value[axis], key.slope[axis]) for key in keys])
            for axis, path in enumerate(centre_paths)
        ]
    if not plan.view.turning.is_level:
        tables.append((turn_path, plan.view.turning.keys()))
    for path, table in tables:
        owner[property_name(path)] = 0.0
        drive_by_table(
            owner,
            path,
            (owner, level_path),
            [(level, value) for level, value, _ in table],
            [slope for _, _, slope in table],
        )


def is_animated(owner: bpy.types.Object, path: str) -> bool:
    """Whether a property follows keyframes, also those of NLA tracks, or a driver."""
    animation = owner.animation_data
    if animation is None:
        return False
    curves = [*animation.drivers, *compat.action_curves(animation)]
    strips = [strip for track in animation.nla_tracks for strip in track.strips]
    for strip in strips:
        strips += strip.strips  # of a meta-strip
        curves += compat.action_curves(strip)
    return any(curve.data_path == path for curve in curves)


def turn_expression(plan: Plan) -> str:
    """How the view lies at zoom level z, anticlockwise, in radians; t: how far images turn it.

    Whole turns of a roll are left out, for the sake of precision.
    """
    roll = f"{math.tau!r} * fmod({plan.roll!r} * z, 1)"
    if plan.view.turning.is_level:
        return roll
    return f"{roll} - t" if plan.roll else "-t"


def fade_expression(layer: Layer) -> str:
    """Expression for a layer's opacity at zoom level z, 0 to 1; "" where it never fades."""
    fades = []
    if layer.opaque_from > 0.0:
        fades.append(f"smoothstep({layer.visible_from!r}, {layer.opaque_from!r}, z)")
    if math.isfinite(layer.fades_from):
        fades.append(f"(1 - smoothstep({layer.fades_from!r}, {layer.visible_until!r}, z))")
    return " * ".join(fades)


def fill_curve(
    curve: Any, keys: Sequence[tuple[float, float]], slopes: Sequence[float] | None = None
) -> None:
    """Give an F-curve other keys.

    Args:
        curve: Of an action or a driver.
        keys: (x, y), in ascending order.
        slopes: Derivative at each key, for cubic Hermite interpolation; None: straight lines.
    """
    _Table.of(keys, slopes).fill(curve)
