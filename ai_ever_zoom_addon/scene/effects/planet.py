"""A planet that goes round in an image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import bmesh
import bpy
import numpy as np
from mathutils import Euler, Vector

from ..drivers import drive
from .base import Effect, Place, arrange, faded, new_material
from .setting import Colour, Setting

ORBIT = 0.33  # radius, in the view's sides
RING = (1.4, 2.0)  # radii, in the planet's
TILT = (-1.15, 0.35, 0.0)  # of its axis against the line of sight, in radians
SUN = (-0.6, 0.5, 0.62)  # where the light comes from, seen from the image


@dataclass(frozen=True)
class Planet(Effect):
    """Let a planet go round in the image in view, as the zoom goes"""

    label = "Planet"
    icon = "SPHERE"

    colour: Annotated[Colour, Setting("Colour", "Colour of the planet")] = (0.05, 0.5, 0.6)
    size: Annotated[
        float,
        Setting("Size", "How wide it is, as part of the view's width", 0.01, 0.5, is_factor=True),
    ] = 0.12
    rounds: Annotated[
        float,
        Setting(
            "Rounds per Step",
            "How often it goes round from one image to the next; less than 0: the other way",
            -20.0,
            20.0,
        ),
    ] = 0.67
    has_ring: Annotated[bool, Setting("Ring", "Give it a ring")] = True
    ring_colour: Annotated[Colour, Setting("Ring Colour", "Colour of its ring")] = (1.0, 0.6, 0.2)

    def make(self, place: Place) -> None:
        materials = [_lit("Planet", self.colour, is_ball=True)]
        if self.has_ring:
            materials.append(_lit("Planet Ring", self.ring_colour, is_ball=False))
        item = place.add("Planet", _mesh(has_ring=self.has_ring), materials)
        item.rotation_euler = TILT
        for axis in range(3):
            drive(item, "scale", faded(f"{self.size / 2.0:.6g}"), place.shown, axis)
        angle = f"(1 - {math.tau * self.rounds:.6g} * step)"
        up = ORBIT * place.height
        drive(item, "location", f"{ORBIT} * cos{angle}", place.step, 0)
        drive(item, "location", f"{up:.6g} * sin{angle}", place.step, 1)
        item.location[2] = RING[1] * self.size / 2.0  # clear of the image


def _mesh(*, has_ring: bool) -> Any:
    """A ball of radius 1 and a flat ring around its equator."""
    mesh: Any = bpy.data.meshes.new("Planet")
    shape = bmesh.new()
    bmesh.ops.create_uvsphere(shape, u_segments=48, v_segments=24, radius=1.0)
    for face in shape.faces:
        face.smooth = True
    if has_ring:
        count = 96
        turns = np.arange(count) * math.tau / count
        inner, outer = (
            [shape.verts.new((r * math.cos(t), r * math.sin(t), 0.0)) for t in turns] for r in RING
        )
        for here in range(count):
            after = (here + 1) % count
            corners = (inner[here], outer[here], outer[after], inner[after])
            shape.faces.new(corners).material_index = 1
    shape.to_mesh(mesh)
    shape.free()
    return mesh


def _lit(name: str, colour: Colour, *, is_ball: bool) -> Any:
    """A material with a day and a night side of its own: no lamp, which would light other things.

    So it looks the same at every size, and one sample shows it without noise.
    """
    material, nodes, surface = new_material(name)
    links = nodes.id_data.links
    light = nodes.new("ShaderNodeEmission")
    light.inputs["Color"].default_value = (*colour, 1.0)
    material.diffuse_color = (*colour, 1.0)  # what Workbench shows
    links.new(light.outputs[0], surface)
    if is_ball:
        place, facing, day = (
            nodes.new(f"ShaderNode{kind}") for kind in ("TexCoord", "VectorMath", "MapRange")
        )
        facing.operation = "DOT_PRODUCT"
        sun = Vector(SUN).normalized()
        sun.rotate(Euler(TILT).to_matrix().inverted())
        facing.inputs[1].default_value = sun
        for socket, value in zip(day.inputs[1:5], (-0.15, 0.9, 0.04, 1.15), strict=True):
            socket.default_value = value
        links.new(place.outputs["Normal"], facing.inputs[0])
        links.new(facing.outputs["Value"], day.inputs[0])
        links.new(day.outputs[0], light.inputs["Strength"])
    arrange(nodes)
    return material
