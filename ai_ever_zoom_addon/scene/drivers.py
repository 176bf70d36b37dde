"""Drivers that run without Python: on farms, with scripts not allowed, without the add-on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import bpy

from ..core.plan.plan import Layer, Plan
from . import compat
from .tags import property_name


def _new_driver(owner: Any, path: str, index: int, sources: dict[str, tuple[Any, str]]) -> Any:
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


def drive(
    owner: Any, path: str, expression: str, sources: dict[str, tuple[Any, str]], index: int = -1
) -> None:
    """Let a property follow others by a *simple expression*, which Blender runs without Python.

    Args:
        owner: Data-block whose property is driven.
        path: Data path of the property.
        expression: Made of numbers, the names in `sources` and the functions of simple expressions.
        sources: For each name, the data-block and the data path it is read from.
        index: Component of an array property.
    """
    curve = _new_driver(owner, path, index, sources)
    curve.driver.type = "SCRIPTED"
    curve.driver.expression = expression


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
    curve = _new_driver(owner, path, index, {"z": source})
    curve.driver.type = "AVERAGE"
    # 4.2 starts with a generator modifier, 5.0 with two key points.
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    fill_curve(curve, list(keys), slopes)


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
    points = curve.keyframe_points
    points.clear()
    points.add(len(keys))
    for number, (point, (x, y)) in enumerate(zip(points, keys, strict=True)):
        point.co = x, y
        if slopes is None:
            point.interpolation = "LINEAR"
            continue
        # A Bezier curve whose handles lie at thirds of the way is a Hermite curve.
        point.interpolation = "BEZIER"
        point.handle_left_type = point.handle_right_type = "FREE"
        before = (x - keys[number - 1][0]) / 3.0 if number else 0.1
        after = (keys[number + 1][0] - x) / 3.0 if number + 1 < len(keys) else 0.1
        point.handle_left = x - before, y - slopes[number] * before
        point.handle_right = x + after, y + slopes[number] * after
    curve.update()
