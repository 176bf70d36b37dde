"""Filters that suit a zoom, as a compositing tree of named groups. Touches bpy.

Without it frames have exactly the colours of the images. Each filter is a node group with an Amount
and is switched off by muting its node; a tree that the user has already made is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bpy
from bpy.types import CompositorNodeTree, NodeSocket, Object, Scene

from ..errors import EverZoomError
from ..texts import Text
from . import compat
from .tags import FILTER, MASK, MASKED_LAYER, ROLE

Make = Callable[[CompositorNodeTree, NodeSocket, NodeSocket], NodeSocket]


def _sharpen(tree: CompositorNodeTree, picture: NodeSocket, amount: NodeSocket) -> NodeSocket:
    """Differences between neighbouring pixels, enlarged."""
    node = tree.nodes.new("CompositorNodeFilter")
    compat.set_choice(node, "Type", "Diamond Sharpen", "SHARPEN_DIAMOND")
    tree.links.new(picture, node.inputs["Image"])
    factor = next(socket for socket in node.inputs if socket.name in ("Fac", "Factor"))
    tree.links.new(amount, factor)
    return node.outputs["Image"]


def _glow(tree: CompositorNodeTree, picture: NodeSocket, amount: NodeSocket) -> NodeSocket:
    """Light around what is bright."""
    entry, light = compat.glare_alone(tree, threshold=0.5, size=0.5)
    tree.links.new(picture, entry)
    return _mix(tree, "ADD", amount, picture, light)


def _vignette(tree: CompositorNodeTree, picture: NodeSocket, amount: NodeSocket) -> NodeSocket:
    """Darker towards the corners."""
    ellipse = compat.soft_ellipse(tree, picture, size=1.0, softness=0.25)
    return _mix(tree, "MULTIPLY", amount, picture, ellipse)


def _grain(tree: CompositorNodeTree, picture: NodeSocket, amount: NodeSocket) -> NodeSocket:
    """Noise that is new in every frame, and the same wherever a frame is rendered."""
    return _mix(tree, "OVERLAY", amount, picture, compat.frame_noise(tree, picture))


# Name, what it is made of, and its amount at first. In this order the picture goes through them.
FILTERS: tuple[tuple[str, Make, float], ...] = (
    (Text("Sharpen"), _sharpen, 0.15),
    (Text("Glow"), _glow, 0.4),
    (Text("Vignette"), _vignette, 0.6),
    (Text("Film Grain"), _grain, 0.15),
)


# The picture and the result, which 4.5 gives a tree of a newer file twice.
_ENDS = {"CompositorNodeRLayers", "CompositorNodeComposite", "NodeGroupOutput"}


def filters(scene: Scene) -> Iterator[Any]:
    """The nodes of the filters that a scene has."""
    tree = compat.compositing_tree(scene)
    for node in tree.nodes if tree is not None else ():
        if node.get(ROLE) == FILTER:
            yield node


def add(scene: Scene) -> None:
    """Set up all filters between what is rendered and the result.

    Raises:
        EverZoomError: The scene is composited already. The groups are in the file then, to be
            added by hand.
    """
    groups = [_group(name, make, amount) for name, make, amount in FILTERS]
    tree = compat.compositing_tree(scene)
    if tree is not None and len(tree.nodes):
        raise EverZoomError(
            "This scene has a compositing tree already, which is left alone: add the groups "
            '"{groups}" and so on to it yourself (Add > Group).',
            groups=groups[0].name,
        )
    tree, picture, result = compat.new_compositing_tree(scene)
    for number, (group, (name, _, amount)) in enumerate(zip(groups, FILTERS, strict=True)):
        node = tree.nodes.new("CompositorNodeGroup")
        node.node_tree = group
        node.name = node.label = name
        node[ROLE] = FILTER
        node.location = 300 + 200 * number, 0
        node.inputs["Amount"].default_value = amount
        tree.links.new(picture, node.inputs["Image"])
        picture = node.outputs["Image"]
    result.node.location = 300 + 200 * len(groups), 0
    tree.links.new(picture, result)
    scene.render.use_compositing = True


def remove(scene: Scene) -> None:
    """Take away the tree that `add` made.

    Raises:
        EverZoomError: The user has worked on it: it is theirs now.
    """
    tree = compat.compositing_tree(scene)
    others = [node.bl_idname for node in tree.nodes if ROLE not in node] if tree is not None else []
    if not any(True for _ in filters(scene)):
        raise EverZoomError(
            "There is no compositing to remove: press Add Compositing to set it up."
        )
    if set(others) - _ENDS or len(others) > len(set(others)):
        raise EverZoomError(
            "There are nodes of yours in the compositing tree: switch the filters off one by one."
        )
    compat.remove_compositing_tree(scene)


def add_image_mask(scene: Scene, layer: Object) -> Any:
    """A Cryptomatte node that cuts out one image, for filters on it alone. Needs Cycles.

    Raises:
        EverZoomError: No compositing tree is there yet, or the engine cannot do it.
    """
    if str(scene.render.engine) != "CYCLES":
        raise EverZoomError("Masks of single images need Cycles: choose it under Output.")
    tree = compat.compositing_tree(scene)
    if tree is None:
        raise EverZoomError("Press Add Compositing first.")
    for view_layer in scene.view_layers:
        view_layer.use_pass_cryptomatte_object = True
    node = tree.nodes.new("CompositorNodeCryptomatteV2")
    node.scene = scene
    node.matte_id = layer.name
    node[ROLE], node[MASKED_LAYER] = MASK, layer
    node.name = node.label = f"Mask {layer.name}"
    node.location = 300, -300
    rendered = (other for other in tree.nodes if other.bl_idname == "CompositorNodeRLayers")
    picture = next((other for other in rendered if other.scene == scene), None)
    if picture is None:
        picture = tree.nodes.new("CompositorNodeRLayers")
        picture.scene = scene
        picture.location = 0, -300
    tree.links.new(picture.outputs["Image"], node.inputs["Image"])
    return node


def update_masks(scene: Scene) -> None:
    """Let masks go on with their layers, whose names have the images' places in them."""
    tree = compat.compositing_tree(scene)
    for node in tree.nodes if tree is not None else ():
        layer = node.get(MASKED_LAYER)
        if layer is not None and node.matte_id != layer.name:
            node.matte_id = layer.name
            node.label = f"Mask {layer.name}"


def _group(name: str, make: Make, amount: float) -> CompositorNodeTree:
    """The node group of a filter, once in a file.

    One that nothing uses is made anew: it may be another version's, whose nodes look different.
    """
    title = f"Ever Zoom {name}"
    existing = bpy.data.node_groups.get(title)
    if existing is not None and existing.users:
        return existing
    if existing is not None:
        bpy.data.node_groups.remove(existing)
    group: Any = bpy.data.node_groups.new(title, "CompositorNodeTree")
    group.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    strength = group.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    strength.subtype = "FACTOR"
    strength.min_value, strength.max_value, strength.default_value = 0.0, 1.0, amount
    group.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    entry = group.nodes.new("NodeGroupInput")
    result = group.nodes.new("NodeGroupOutput")
    picture = make(group, entry.outputs["Image"], entry.outputs["Amount"])
    group.links.new(picture, result.inputs["Image"])
    for column, node in enumerate(node for node in group.nodes if node not in (entry, result)):
        node.location = 200 * (column + 1), -150 * (column % 2)
    result.location = 200 * len(group.nodes), 0
    return group


def _mix(
    tree: CompositorNodeTree,
    blend_type: str,
    amount: NodeSocket,
    lower: NodeSocket,
    upper: NodeSocket,
) -> NodeSocket:
    factor, below, above, mixed = compat.mix_colours(tree, blend_type)
    for output, entry in ((amount, factor), (lower, below), (upper, above)):
        tree.links.new(output, entry)
    return mixed
