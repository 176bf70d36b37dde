"""The zoom of another scene behind everything in the user's own. Touches bpy.

The zoom stays in its own scene, where it lies at the world's origin and has the render settings
that keep it exact. The compositor renders that scene at the same frame, by its own engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.types import CompositorNodeTree, Scene

from ..errors import EverZoomError
from ..texts import Text
from . import active, colours, compat
from .output import output_settings, rendering
from .strips.strips import has_strips
from .tags import BACKDROP, BEHIND, ROLE, WAS_TRANSPARENT

GROUP_NAME = "Ever Zoom Backdrop"

# View transforms that can be undone beforehand, by the colour space that they lead to.
COLOUR_SPACES = {
    "AgX": "AgX Base sRGB",
    "Filmic": "Filmic sRGB",
    "Khronos PBR Neutral": "Khronos PBR Neutral sRGB",
}


def zoom_scenes(scene: Scene) -> list[Scene]:
    """The other scenes of the file that have a zoom."""
    return [other for other in bpy.data.scenes if other != scene and active.zoom_of(other)]


def node_of(scene: Scene) -> Any:
    """The node that puts a zoom behind a scene, or None."""
    tree = compat.compositing_tree(scene)
    for node in tree.nodes if tree is not None else ():
        if node.get(ROLE) == BACKDROP and node.node_tree is not None:
            return node
    return None


def use_as_backdrop(scene: Scene, zoom: Scene) -> list[str]:
    """Put a zoom behind everything in a scene, or bring that up to date.

    The zoom's colours come out as they are: where the scene's view transform would change them, it
    is undone for them beforehand.

    Args:
        scene: The user's; its background becomes transparent.
        zoom: The scene of the zoom.

    Returns:
        What is to be known, in short sentences.

    Raises:
        EverZoomError: The zoom cannot be rendered so, or the scene is composited already. The node
            group is in the file then, to be added by hand.
    """
    if has_strips(zoom):
        raise EverZoomError(
            'The zoom in "{zoom}" is in the sequencer, which is no backdrop: show that scene '
            "and choose another engine under Output.",
            zoom=zoom.name,
        )
    rendering.check_images(zoom)
    node = node_of(scene)
    if node is None:
        group = _new_group()
        _fill_group(group, scene, zoom)
        _add_backdrop(scene, zoom, group)
    else:
        _fill_group(node.node_tree, scene, zoom)
        for behind in node.id_data.nodes:
            if behind.get(ROLE) == BEHIND:
                behind.scene = zoom
    scene.render.film_transparent = True
    scene.render.use_compositing = True
    return list(_remarks(scene, zoom))


def remove_backdrop(scene: Scene) -> None:
    """Take away what `use_as_backdrop` made.

    Raises:
        EverZoomError: The user has worked on it: it is theirs now.
    """
    node = node_of(scene)
    if node is None:
        return
    if len(compat.compositing_tree(scene).nodes) > 4:  # two pictures, the group, the result
        raise EverZoomError(
            'There are nodes of yours in the compositing tree: mute "{node}" in it.',
            node=node.label,
        )
    group = node.node_tree
    scene.render.film_transparent = bool(node[WAS_TRANSPARENT])
    compat.remove_compositing_tree(scene)
    if not group.users:
        bpy.data.node_groups.remove(group)


def _add_backdrop(scene: Scene, zoom: Scene, group: CompositorNodeTree) -> None:
    tree = compat.compositing_tree(scene)
    if tree is not None and len(tree.nodes):
        raise EverZoomError(
            'This scene has a compositing tree already, which is left alone: add "{group}" to '
            "it (Add > Group), connect it with your picture and with a Render Layers node of "
            'the scene "{zoom}", and switch Film > Transparent on.',
            group=group.name,
            zoom=zoom.name,
        )
    tree, picture, result = compat.new_compositing_tree(scene)
    behind = tree.nodes.new("CompositorNodeRLayers")
    behind.scene, behind[ROLE] = zoom, BEHIND
    behind.location = 0, -450
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = group
    node.name = node.label = "Backdrop"
    node[ROLE], node[WAS_TRANSPARENT] = BACKDROP, scene.render.film_transparent
    node.location = 400, 0
    result.node.location = 600, 0
    tree.links.new(picture, node.inputs["Image"])
    tree.links.new(behind.outputs["Image"], node.inputs["Backdrop"])
    tree.links.new(node.outputs["Image"], result)


def _new_group() -> CompositorNodeTree:
    """A node group of the backdrop's: one that nothing uses, or a new one."""
    groups: Any = bpy.data.node_groups
    for group in groups:
        if group.get(ROLE) == BACKDROP and not group.users:
            return group
    made = groups.new(GROUP_NAME, "CompositorNodeTree")
    made[ROLE] = BACKDROP
    for name, way in (("Image", "INPUT"), ("Backdrop", "INPUT"), ("Image", "OUTPUT")):
        made.interface.new_socket(name, in_out=way, socket_type="NodeSocketColor")
    return made


def _enlargement(scene: Scene, zoom: Scene) -> float:
    """How much a zoom has to be enlarged to fill a scene's frames.

    Blender renders the zoom's scene in the size of these, by its camera, whose view is as wide as
    it was and as high as it takes: in high frames higher than the images.
    """
    (width, height), (own_width, own_height) = map(output_settings.scene_resolution, (scene, zoom))
    return max(1.0, height / width * own_width / own_height)


def _fill_group(group: CompositorNodeTree, scene: Scene, zoom: Scene) -> None:
    """What is within the group, for the size and the colours of a scene's frames."""
    nodes: Any = group.nodes
    links = group.links
    nodes.clear()
    entry = nodes.new("NodeGroupInput")
    scale = nodes.new("CompositorNodeScale")
    for axis in "XY":
        scale.inputs[axis].default_value = _enlargement(scene, zoom)
    links.new(entry.outputs["Backdrop"], scale.inputs["Image"])
    picture = scale.outputs["Image"]
    space = COLOUR_SPACES.get(scene.view_settings.view_transform)
    if space is not None:
        # A new node converts from the scene's linear light to the same.
        display, linear = (nodes.new("CompositorNodeConvertColorSpace") for _ in range(2))
        display.to_color_space, linear.from_color_space = colours.picture_space(), space
        links.new(picture, display.inputs["Image"])
        links.new(display.outputs["Image"], linear.inputs["Image"])
        picture = linear.outputs["Image"]
    over = nodes.new("CompositorNodeAlphaOver")
    below, above = (socket for socket in over.inputs if socket.type == "RGBA")
    links.new(picture, below)
    links.new(entry.outputs["Image"], above)
    result = nodes.new("NodeGroupOutput")
    links.new(over.outputs["Image"], result.inputs["Image"])
    for column, node in enumerate(nodes):
        node.location = 200 * column, 0


def _remarks(scene: Scene, zoom: Scene) -> Iterator[Text]:
    """What a backdrop does that its user may not expect."""
    if scene.frame_start < zoom.frame_start or scene.frame_end > zoom.frame_end:
        yield Text(
            "it moves in frames {first} to {last} only",
            first=zoom.frame_start,
            last=zoom.frame_end,
        )
    rate, own_rate = (one.render.fps / one.render.fps_base for one in (scene, zoom))
    if abs(rate - own_rate) > 0.01:
        yield Text(
            "it has {own_rate:.5g} frames a second, this scene {rate:.5g}",
            own_rate=own_rate,
            rate=rate,
        )
    size, own_size = output_settings.scene_resolution(scene), output_settings.scene_resolution(zoom)
    if abs(size[0] / size[1] - own_size[0] / own_size[1]) > 1.0 / size[1]:
        growth = _enlargement(scene, zoom)
        yield Text(
            "it is cut and enlarged {growth:.3g} times: better give its scene the resolution of "
            "this one"
            if growth > 1.0
            else "it is cut: better give its scene the resolution of this one",
            growth=growth,
        )
    view = scene.view_settings
    plain = colours.plain_display()
    is_known = view.view_transform in {plain.view, *COLOUR_SPACES}
    is_plain = (view.look, view.exposure, view.gamma, view.use_curve_mapping) == ("None", 0, 1, 0)
    if not (is_known and is_plain and scene.display_settings.display_device == plain.device):
        yield Text("this scene's Color Management changes its colours")
