"""The look of a layer: its trimmed mesh and its material."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ...core.files.moving import frame_number, pictures_of
from ...core.files.orientation import stored
from ...core.plan.mask import MaskMesh
from .. import compat
from ..loading import entry_of
from ..tags import COLOUR_MATCH, FADE

MASK_ATTRIBUTE = "mask"

# Custom properties of a layer's object, read by its material. Not the object's colour: Cycles
# misses changes of that where data is kept between frames, and even loses the picture.

LAYER_GROUP = "Ever Zoom Layer"
IMAGE_NODE = "Ever Zoom Image"


def fill_mesh(mesh: Any, shape: MaskMesh, aspect: float, orientation: int) -> None:
    """(Re)write a mesh: corners, texture coordinates and the mask.

    Args:
        mesh: What to write.
        shape: Of the upright picture.
        aspect: Its height in widths.
        orientation: How the picture is stored in its file, which Blender shows as it is.
    """
    mesh.clear_geometry()
    corners = shape.faces.ravel()
    mesh.vertices.add(len(shape.points))
    flat = np.pad(shape.points, ((0, 0), (0, 1)))  # in the plane z = 0
    mesh.vertices.foreach_set("co", flat.astype(np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32))
    mesh.polygons.add(len(shape.faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, len(corners), 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    uv_layer = mesh.uv_layers.get("UVMap") or mesh.uv_layers.new(name="UVMap")
    coordinates = stored(shape.texture_coordinates(aspect), orientation)[corners]
    uv_layer.uv.foreach_set("vector", coordinates.astype(np.float32).ravel())
    attribute = mesh.attributes.new(MASK_ATTRIBUTE, "FLOAT", "POINT")
    attribute.data.foreach_set("value", shape.mask.astype(np.float32))
    if not mesh.materials:
        mesh.materials.append(None)  # the slot that every layer fills with its own material
    mesh.update()


def layer_group() -> Any:
    """The node group that all layers of a file share: change it, and all layers change.

    The image's colour times the object's Colour Match, shown as it is (emission); the opacity is
    the image's own, times the smoothed mask, times the object's Fade.
    """
    existing = bpy.data.node_groups.get((LAYER_GROUP, None))  # not a linked one
    if existing is not None:
        return existing
    group: Any = bpy.data.node_groups.new(LAYER_GROUP, "ShaderNodeTree")
    group.interface.new_socket("Color", in_out="INPUT", socket_type="NodeSocketColor")
    opacity = group.interface.new_socket("Alpha", in_out="INPUT", socket_type="NodeSocketFloat")
    opacity.default_value = 1.0
    group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")

    nodes, links = group.nodes, group.links
    entry = nodes.new("NodeGroupInput")
    match, visible = (nodes.new("ShaderNodeAttribute") for _ in range(2))
    match.attribute_type = visible.attribute_type = "OBJECT"
    match.attribute_name, visible.attribute_name = COLOUR_MATCH, FADE
    tint = nodes.new("ShaderNodeMix")
    tint.data_type = "RGBA"
    tint.blend_type = "MULTIPLY"
    tint.label = COLOUR_MATCH
    tint.inputs["Factor"].default_value = 1.0
    emission = nodes.new("ShaderNodeEmission")
    mask = nodes.new("ShaderNodeAttribute")
    mask.attribute_name = MASK_ATTRIBUTE
    feather = nodes.new("ShaderNodeMapRange")
    feather.label = "Feather"
    feather.interpolation_type = "SMOOTHSTEP"
    fade = nodes.new("ShaderNodeMath")
    fade.label = FADE
    own = nodes.new("ShaderNodeMath")
    own.label = "Image Alpha"
    for node in (fade, own):
        node.operation = "MULTIPLY"
    clear = nodes.new("ShaderNodeBsdfTransparent")
    mix = nodes.new("ShaderNodeMixShader")
    result = nodes.new("NodeGroupOutput")

    # A mix node has its sockets once for every type: those of colours are the ones in use.
    colours = [socket for socket in tint.inputs if socket.type == "RGBA"]
    product = next(socket for socket in tint.outputs if socket.type == "RGBA")
    links.new(entry.outputs["Color"], colours[0])
    links.new(match.outputs["Color"], colours[1])
    links.new(product, emission.inputs["Color"])
    links.new(mask.outputs["Fac"], feather.inputs["Value"])
    links.new(feather.outputs["Result"], fade.inputs[0])
    links.new(visible.outputs["Fac"], fade.inputs[1])
    links.new(fade.outputs[0], own.inputs[0])
    links.new(entry.outputs["Alpha"], own.inputs[1])
    links.new(own.outputs[0], mix.inputs[0])
    links.new(clear.outputs[0], mix.inputs[1])
    links.new(emission.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], result.inputs["Shader"])
    for column, row in enumerate(
        (
            (entry, match, mask),
            (tint, visible, feather),
            (emission, fade),
            (clear, own),
            (mix,),
            (result,),
        )
    ):
        for line, node in enumerate(row):
            node.location = column * 200, -line * 220
    return group


def fill_material(material: Any, image: Any) -> None:
    """(Re)write a material so that it shows an image exactly as it is.

    Beyond its edge an image goes on as it ends, so that a trimmed edge has no dark line.
    """
    compat.enable_nodes(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture = nodes.get(IMAGE_NODE)
    if texture is None:
        nodes.clear()
        texture = nodes.new("ShaderNodeTexImage")
        texture.name = IMAGE_NODE
        group = nodes.new("ShaderNodeGroup")
        group.name = LAYER_GROUP
        output = nodes.new("ShaderNodeOutputMaterial")
        for column, node in enumerate((texture, group, output)):
            node.location = column * 300, 0
        nodes.active = texture  # what Workbench and solid shading show
        texture.interpolation = "Linear"
        texture.extension = "EXTEND"
        # Blended, not dithered: exact soft edges with a single sample.
        material.surface_render_method = "BLENDED"
        material.use_transparency_overlap = True
        # The planes are no lamps: sampling them as such costs time and changes nothing.
        if hasattr(material, "cycles"):  # absent where the Cycles add-on is switched off
            material.cycles.emission_sampling = "NONE"
    group = nodes.get(LAYER_GROUP)
    if group is not None and group.node_tree is None:  # new, or the user deleted the node group
        group.node_tree = layer_group()
        links.new(texture.outputs["Color"], group.inputs["Color"])
        links.new(texture.outputs["Alpha"], group.inputs["Alpha"])
        for output in nodes:
            if output.type == "OUTPUT_MATERIAL" and not output.inputs["Surface"].is_linked:
                links.new(group.outputs["Shader"], output.inputs["Surface"])
    if texture.image != image:  # the same one again would let every engine read the material anew
        texture.image = image


def play(player: Any, image: Any, first_frame: int) -> None:
    """Let a movie or a sequence begin at a frame and go on for ever, a picture for each frame.

    Args:
        player: The image user of the texture's node.
        image: Its image.
        first_frame: Of the timeline.
    """
    if image.source == "MOVIE":
        first, count = 1, image.frame_duration
    else:
        pictures = pictures_of(entry_of(image))
        first, count = frame_number(pictures[0]), len(pictures)
    player.frame_start = first_frame
    player.frame_duration = count
    player.frame_offset = first - 1
    player.use_cyclic = True
    player.use_auto_refresh = True
