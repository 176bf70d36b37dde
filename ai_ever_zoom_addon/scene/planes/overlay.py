"""Debug overlays: outlines, centres and figures as objects of the scene.

They are in the rendered frames in every engine, move by drivers and geometry nodes alone, and are
removed by one switch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from bpy.types import Collection, Curve, GeometryNodeTree, Material, Mesh, NodeSocket, Object

from ...core.plan.mask import Mask
from ...core.plan.plan import Layer, Plan
from .. import compat
from ..drivers import drive
from ..tags import OVERLAY, ROLE, ZOOM_LEVEL_PATH

# In front of every layer, yet so near to its own that perspective does not shift it visibly.
LIFT = 1e-4
LINE = 0.003  # of an image's or the view's width, and at least
THINNEST_LINE = 2.0  # pixels where an image fills the view: thinner ones fall between the samples
TEXT = 0.03

Colour = tuple[float, float, float, float]

LAYER_COLOURS = ((1.0, 0.75, 0.0, 1.0), (0.0, 0.85, 1.0, 1.0))
VIEW_COLOUR = (1.0, 0.1, 0.3, 1.0)


class OverlayMaker:
    """Makes the overlay objects of one zoom, all tagged, in the zoom's own collection."""

    def __init__(self, control: Object, collection: Collection, plan: Plan) -> None:
        self.control = control
        self.collection = collection
        self.plan = plan
        self.line = max(LINE, THINNEST_LINE * plan.view_size[0] / plan.resolution[0])

    def add_layer(self, layer: Layer, item: Object) -> None:
        """Outline and centre of a layer, and what is known about it."""
        colour = LAYER_COLOURS[layer.index % 2]
        left, top = -layer.mask.half_size[0], layer.mask.half_size[1]
        line, size = self.line / layer.width, TEXT / layer.width
        outline = self._new(f"Outline {layer.index:03}", _outline_mesh(layer.mask, line), colour)
        text = _text(self._describe(layer), size)
        label = self._new(f"Label {layer.index:03}", text, colour)
        label.location = (left + 2 * line, top - size - 2 * line, 0.0)
        for part in (outline, label):
            part.parent = item
            part.location[2] = LIFT
            for path in ("hide_render", "hide_viewport"):
                # As long as its layer: reads the layer's own driven property.
                drive(part, path, "hidden", {"hidden": (item, path)})

    def add_view(self, camera: Object, scale: str, distance: float) -> None:
        """Centre of the frame, and the figures that change: zoom level and sizes.

        Args:
            camera: The zoom's camera.
            scale: Expression of z for the view's scale.
            distance: Camera distance at scale 1.
        """
        near = 0.9
        holder = self._new("View Overlay", None, VIEW_COLOUR)
        holder.parent = camera
        level = {"z": (self.control, ZOOM_LEVEL_PATH)}
        for axis in range(3):
            drive(holder, "scale", f"{near!r} * {scale}", level, axis)
        drive(holder, "location", f"{-near * distance!r} * {scale}", level, 2)
        width, height = self.plan.view_size
        size = 0.03 * min(width, height)
        cross = self._new("Frame Centre", _cross_mesh("Frame Centre", size, self.line), VIEW_COLOUR)
        cross.parent = holder
        figures = self._new("Figures", bpy.data.meshes.new("Figures"), VIEW_COLOUR)
        figures.parent = holder
        # At the bottom: at the top are the images' own labels.
        figures.location = (-0.48 * width, -0.48 * height, 0.0)
        modifier: Any = figures.modifiers.new("Figures", "NODES")
        modifier.node_group = self._figures_group(_colour_material(VIEW_COLOUR), width)

    def _new(self, name: str, data: Curve | Mesh | None, colour: Colour) -> Object:
        item = bpy.data.objects.new(f"Ever Zoom {name}", data)
        item[ROLE] = OVERLAY
        item.hide_select = True
        self.collection.objects.link(item)
        if data is not None and not data.materials:
            data.materials.append(_colour_material(colour))
        if data is not None:
            item.material_slots[0].link = "OBJECT"
            item.material_slots[0].material = _colour_material(colour)
        return item

    def _describe(self, layer: Layer) -> str:
        image = layer.image
        text = f"{layer.number}  {image.file.name}  {image.width} x {image.height}"
        if layer.index:
            outer = self.plan.layers[layer.index - 1].image
            step = self.plan.series.steps[layer.index - 1]
            x, y = step.offset[0] * outer.width, -step.offset[1] * outer.width
            text += f"\nfactor {step.factor:.4g}, "
            text += f"off by {x:+.1f}, {y:+.1f} px" if x or y else "centred"
            text += f", turned {step.turn:+.2f}°" if step.turn else ""
        return text

    def _figures_group(self, material: Material, width: float) -> GeometryNodeTree:
        """Geometry nodes that write the zoom level and the two layers' sizes on the screen."""
        group: Any = bpy.data.node_groups.new("Ever Zoom Figures", "GeometryNodeTree")
        group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        nodes, links = group.nodes, group.links

        def value(name: str, expression: str) -> NodeSocket:
            node = nodes.new("ShaderNodeValue")
            node.name = node.label = name
            path = f'nodes["{name}"].outputs[0].default_value'
            drive(group, path, expression, {"z": (self.control, ZOOM_LEVEL_PATH)})
            return node.outputs[0]

        def number(source: NodeSocket, decimals: int) -> NodeSocket:
            node = nodes.new("FunctionNodeValueToString")
            node.inputs["Decimals"].default_value = decimals
            links.new(source, node.inputs["Value"])
            return node.outputs["String"]

        def words(text: str) -> NodeSocket:
            node = nodes.new("FunctionNodeInputString")
            node.string = text
            return node.outputs["String"]

        factor = f"{self.plan.zoom_factor!r}"
        # Pixels of the frame that the width of a layer takes up.
        pixels = self.plan.resolution[0] / self.plan.view_size[0]
        parts = [
            words("Zoom level "),
            number(value("Zoom Level", "z"), 3),
            words("   layer "),
            number(value("Layer", "floor(z + 0.0001)"), 0),
            words(": "),
            number(value("Size", f"{pixels!r} * pow({factor}, z - floor(z + 0.0001))"), 0),
            words(" px wide, next: "),
            number(value("Next Size", f"{pixels!r} * pow({factor}, z - floor(z + 0.0001) - 1)"), 0),
            words(" px"),
        ]
        join = nodes.new("GeometryNodeStringJoin")
        for part in reversed(parts):  # a multi-input takes its links last first
            links.new(part, join.inputs["Strings"])
        curves = nodes.new("GeometryNodeStringToCurves")
        curves.inputs["Size"].default_value = TEXT * width
        realize = nodes.new("GeometryNodeRealizeInstances")
        fill = nodes.new("GeometryNodeFillCurve")
        colour = nodes.new("GeometryNodeSetMaterial")
        colour.inputs["Material"].default_value = material
        result = nodes.new("NodeGroupOutput")
        links.new(join.outputs["String"], curves.inputs["String"])
        links.new(curves.outputs["Curve Instances"], realize.inputs["Geometry"])
        links.new(realize.outputs["Geometry"], fill.inputs["Curve"])
        links.new(fill.outputs["Mesh"], colour.inputs["Geometry"])
        links.new(colour.outputs["Geometry"], result.inputs["Geometry"])
        return group


def _outline_mesh(shown: Mask, line: float) -> Mesh:
    """A thin frame along a layer's edge, and a cross at its centre."""
    width, height = shown.half_size
    name = f"Ever Zoom Outline {shown.shape.value} {width:.4f} {height:.4f} {line:.4f}"
    found = bpy.data.meshes.get((name, None))  # not a linked one
    if found is not None:
        return found
    shape = replace(shown, feather=line).mesh()
    mesh = bpy.data.meshes.new(name)
    points = [(float(x), float(y), 0.0) for x, y in shape.points]
    faces = shape.rim.tolist()
    cross_points, cross_faces = _cross(0.02, line)
    faces += [[len(points) + corner for corner in face] for face in cross_faces]
    mesh.from_pydata(points + cross_points, [], faces)
    return mesh


def _text(body: str, size: float) -> Curve:
    text: Any = bpy.data.curves.new("Ever Zoom Label", "FONT")
    text.body = body
    text.size = size
    return text


def remove_overlay(items: list[Object]) -> None:
    """Remove overlay objects together with what only they used."""
    for item in items:
        data = item.data
        groups = [getattr(modifier, "node_group", None) for modifier in item.modifiers]
        materials = [slot.material for slot in item.material_slots]
        bpy.data.objects.remove(item)
        for owned in (data, *groups, *materials):
            if owned is not None and not owned.users:
                bpy.data.batch_remove([owned])


def _colour_material(colour: Colour) -> Material:
    name = "Ever Zoom Overlay " + "".join(f"{round(255 * part):02X}" for part in colour[:3])
    existing = bpy.data.materials.get((name, None))  # not a linked one
    if existing is not None:
        return existing
    material = bpy.data.materials.new(name)
    material.diffuse_color = colour  # type: ignore[assignment]  # what Workbench shows
    compat.enable_nodes(material)
    nodes = material.node_tree.nodes
    nodes.clear()
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = colour
    output = nodes.new("ShaderNodeOutputMaterial")
    material.node_tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return material


def _cross(size: float, line: float) -> tuple[list[tuple[float, float, float]], list[list[int]]]:
    half = line / 2.0
    points = [
        (x, y, 0.0)
        for width, height in ((size, half), (half, size))
        for x, y in ((-width, -height), (width, -height), (width, height), (-width, height))
    ]
    return points, [[0, 1, 2, 3], [4, 5, 6, 7]]


def _cross_mesh(name: str, size: float, line: float) -> Mesh:
    mesh = bpy.data.meshes.new(f"Ever Zoom {name}")
    points, faces = _cross(size, line)
    mesh.from_pydata(points, [], faces)
    return mesh
