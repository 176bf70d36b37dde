"""Light that flares up when an image arrives."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Annotated, Any

import bpy

from ..drivers import drive
from ..planes import anchors
from .base import Effect, Place, faded
from .setting import Setting

WIDTH = 100.0  # of the plane in views: it is seen from far away, too
NEAR = 0.6  # of the way from the image to the camera: before what else hangs on it


@dataclass(frozen=True)
class Flash(Effect):
    """Let white light flare up when the image in view arrives; images before and after have none"""

    label = "Flash"
    icon = "LIGHT_SUN"
    has_edges = False

    strength: Annotated[
        float, Setting("Strength", "How white the frame is at the brightest moment", is_factor=True)
    ] = 0.8
    length: Annotated[
        float,
        Setting(
            "Length",
            "How long it lasts before and after the brightest moment, in steps from image to image",
            0.02,
            1.0,
        ),
    ] = 0.25

    def make(self, place: Place) -> None:
        peak = self._peak(place)
        light = place.light("Flash", (1.0, 1.0, 1.0), opacity=self._light(peak))
        plane: Any = bpy.data.meshes.new("Flash")
        half = WIDTH / 2.0
        corners = [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)]
        plane.from_pydata(corners, [], [(0, 1, 2, 3)])
        item = place.add("Flash", plane, [light], self._hidden(peak))
        item.hide_select = True  # it lies before everything
        drive(item, "location", _distance(place), place.step, 2)

    def renew(self, place: Place) -> None:
        """Another timing may have brought a hold, and another lens the camera nearer."""
        wanted = self._peak(place)
        for item in place.top.children:
            animations = [item.animation_data]
            for slot in item.material_slots:
                animations += [slot.material.animation_data, slot.material.node_tree.animation_data]
            for animation in filter(None, animations):
                for curve in animation.drivers:
                    if not _DISTANCE.fullmatch(curve.driver.expression):
                        self._move(curve.driver, wanted)
                    elif curve.driver.expression != _distance(place):
                        curve.driver.expression = _distance(place)

    def _move(self, driver: Any, wanted: float) -> None:
        """Let a driver follow another peak, unless the user has changed it."""
        for peak in (-self.length, 0.0, self.length):
            for make in (self._opacity, lambda at: f"h or {self._hidden(at)}"):
                if driver.expression == make(peak) and peak != wanted:
                    driver.expression = make(wanted)
                    return

    def _opacity(self, peak: float) -> str:
        return faded(self._light(peak))

    def _light(self, peak: float) -> str:
        return f"{self.strength:.6g} * (1 - smoothstep(0, {self.length:.6g}, {_away(peak)}))"

    def _hidden(self, peak: float) -> str:
        return f"{_away(peak)} >= {self.length:.6g}"

    def _peak(self, place: Place) -> float:
        """The step at which it is brightest.

        That is 0, unless the view stays there, at an end or in a hold: then it is over until it
        stays, or begins when it leaves the first image.
        """
        keys = place.plan.keys
        levels = [key.level for key in keys]
        ends = {levels[0], levels[-1]} if not place.plan.round_levels else set()
        holds = {before for before, after in itertools.pairwise(levels) if before == after}
        if not any(abs(level - place.layer.level) < 1e-6 for level in ends | holds):
            return 0.0
        is_first = all(layer.number >= place.layer.number for layer in place.plan.layers)
        return self.length if is_first else -self.length


def _away(peak: float) -> str:
    return f"abs(step - {peak:.6g})"


# What `_distance` gives: another expression is the user's.
_DISTANCE = re.compile(r"[\d.e+-]+ \* pow\([\d.e+-]+, -max\(step, 0\)\)")


def _distance(place: Place) -> str:
    """Expression for how far it is before its image: the camera comes nearer, by its own factor."""
    near = NEAR * anchors.camera_distance(place.control)
    return f"{near:.6g} * pow({_largest_factor(place)!r}, -max(step, 0))"


def _largest_factor(place: Place) -> float:
    """Of the steps to the image and away from it."""
    levels = {layer.number: layer.level for layer in place.plan.layers}
    number = place.layer.number
    steps = [
        abs(levels[other] - levels[number]) for other in (number - 1, number + 1) if other in levels
    ]
    return float(place.plan.zoom_factor ** max(steps, default=1.0))
