"""Every difference between the supported versions of Blender (4.2 to 5.3), each with its reason."""

from __future__ import annotations

import math
from typing import Any

import bpy

# 5.0 dropped the _NEXT that told the new EEVEE from the one before 4.2.
EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"

# EEVEE's switch for approximate indirect light; 4.2 has it only as a part of ray tracing.
FAST_GI = ("use_fast_gi",) if bpy.app.version >= (4, 3, 0) else ()

# What Blender's start-up file has otherwise than a scene that is made anew. Up to 4.5 that differs
# in more than the path.
AS_STARTED = {
    "view_settings.view_transform": "AgX",
    "eevee.use_shadows": True,
    "eevee.use_fast_gi": True,
}

# In 4.2 Workbench shows a movie or a sequence as it began, in every frame; 4.5 plays them.
WORKBENCH_PLAYS = bpy.app.version >= (4, 5, 0)

# Paths may start with "//": since 4.5 a property has to say that it knows what that means.
RELATIVE_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()


def working_space() -> str:
    """What linear light a file is calculated in: since 5.0 each has its own."""
    return str(bpy.data.colorspace.working_space) if bpy.app.version >= (5, 0, 0) else ""


def enable_nodes(owner: Any) -> None:
    """Give a material its node tree: since 5.0 it always has one, and setting it warns."""
    if bpy.app.version < (5, 0, 0):
        owner.use_nodes = True


def fcurves(owner: Any) -> list[Any]:
    """The animation curves of a data-block, but for those of its NLA tracks."""
    return [] if owner.animation_data is None else action_curves(owner.animation_data)


def action_curves(player: Any) -> list[Any]:
    """The curves that animation data or an NLA strip plays.

    Since 4.4 they live in the slots of layered actions.
    """
    if player.action is None:
        return []
    if bpy.app.version < (4, 4, 0):
        return list(player.action.fcurves)
    slot = player.action_slot
    if slot is None:
        return []
    return [
        curve
        for layer in player.action.layers
        for strip in layer.strips
        if (bag := strip.channelbag(slot)) is not None
        for curve in bag.fcurves
    ]


def remove_fcurve(owner: Any, curve: Any) -> None:
    """Take an animation curve away from a data-block."""
    action = owner.animation_data.action
    if bpy.app.version < (4, 4, 0):
        action.fcurves.remove(curve)
        return
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(owner.animation_data.action_slot)
            if bag is not None:
                bag.fcurves.remove(curve)


def media_type(*, video: bool) -> dict[str, str]:
    """What chooses between images and video: since 5.0 the file formats on offer depend on it."""
    if bpy.app.version < (5, 0, 0):
        return {}
    return {"render.image_settings.media_type": "VIDEO" if video else "IMAGE"}


def set_media_type(scene: Any, *, video: bool) -> None:
    """Choose between images and video, see `media_type`."""
    for path, value in media_type(video=video).items():
        setattr(scene.render.image_settings, path.rpartition(".")[2], value)


def literal_path(path: str) -> str:
    """An output path in which braces are braces: since 4.5 they surround variables."""
    if bpy.app.version < (4, 5, 0):
        return path
    return path.replace("{", "{{").replace("}", "}}")


def has_variables(path: str) -> bool:
    """Whether an output path has variables: since 4.5 it may, in single braces."""
    single = path.replace("{{", "").replace("}}", "")
    return bpy.app.version >= (4, 5, 0) and "{" in single


def set_range(strip: Any, first_frame: int, frames: int) -> None:
    """Set where a strip begins and its length; 5.2 has new names and warns of the old ones."""
    if bpy.app.version >= (5, 2, 0):
        strip.left_handle = first_frame
        strip.duration = frames
    else:
        strip.frame_final_start = first_frame
        strip.frame_final_duration = frames


def duration(strip: Any) -> int:
    """The length of a strip in frames; see `set_range`."""
    return int(strip.duration if bpy.app.version >= (5, 2, 0) else strip.frame_final_duration)


def strips(owner: Any) -> Any:
    """The strips of a sequence editor or a group: called so since 4.4, and no longer otherwise."""
    return owner.strips if bpy.app.version >= (4, 4, 0) else owner.sequences


def all_strips(editor: Any) -> Any:
    """The strips of a sequence editor and of all its groups; see `strips`."""
    return editor.strips_all if bpy.app.version >= (4, 4, 0) else editor.sequences_all


def show_in_sequencers(scene: Any) -> None:
    """Let sequencers show a scene where they show none: since 5.0 each workspace says which."""
    workspaces: Any = bpy.data.workspaces if bpy.app.version >= (5, 0, 0) else ()
    for workspace in workspaces:
        if workspace.sequencer_scene is None:
            workspace.sequencer_scene = scene


def compositing_tree(scene: Any) -> Any:
    """The tree that a scene composites with, or None: since 5.0 it is a node group like others.

    Before, the tree belongs to the scene and stays there, with what the user made, when Use Nodes
    is switched off. Since 5.3 a scene has a pile of such groups: the active one counts.
    """
    if bpy.app.version >= (5, 3, 0):
        return next((each.node_group for each in scene.compositor_effects if each.is_active), None)
    if bpy.app.version >= (5, 0, 0):
        return scene.compositing_node_group
    return scene.node_tree if scene.node_tree is not None and len(scene.node_tree.nodes) else None


def new_compositing_tree(scene: Any) -> tuple[Any, Any, Any]:
    """Give a scene an empty tree: (tree, the rendered picture's socket, the result's socket)."""
    if bpy.app.version >= (5, 0, 0):
        tree: Any = bpy.data.node_groups.new(f"{scene.name} Compositing", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        _set_compositing_tree(scene, tree)
        result = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        result = tree.nodes.new("CompositorNodeComposite")
    picture = tree.nodes.new("CompositorNodeRLayers")
    picture.scene = scene
    return tree, picture.outputs["Image"], result.inputs["Image"]


def _set_compositing_tree(scene: Any, tree: Any) -> None:
    """Let a scene composite with a node group, or with none; see `compositing_tree`."""
    if bpy.app.version < (5, 3, 0):
        scene.compositing_node_group = tree
        return
    effect = next((each for each in scene.compositor_effects if each.is_active), None)
    if tree is not None:
        effect = effect or scene.compositor_effects.new(name="Compositing")
        effect.node_group = tree
    elif effect is not None:
        scene.compositor_effects.remove(effect)


def remove_compositing_tree(scene: Any) -> None:
    """Let a scene show what is rendered, as it is."""
    if bpy.app.version >= (5, 0, 0):
        tree = compositing_tree(scene)
        _set_compositing_tree(scene, None)
        if tree is None or tree.use_fake_user:
            return
        # Of an older file's tree Blender counts one user that is none.
        if not bpy.data.user_map(subset={tree})[tree]:
            bpy.data.node_groups.remove(tree)
    elif scene.node_tree is not None:
        scene.node_tree.nodes.clear()
        scene.use_nodes = False


def set_choice(node: Any, name: str, title: str, identifier: str) -> None:
    """Choose what a compositing node does: since 5.0 by a socket, before by a property."""
    if bpy.app.version >= (5, 0, 0):
        node.inputs[name].default_value = title
    else:
        setattr(node, f"{'glare' if 'Glare' in node.bl_idname else 'filter'}_type", identifier)


def mix_colours(tree: Any, blend_type: str) -> tuple[Any, Any, Any, Any]:
    """A node that mixes colours in the compositor: sockets (factor, lower, upper, result).

    Since 4.5 it is that of the shaders, and the compositor's own one is gone in 5.0.
    """
    if bpy.app.version < (4, 5, 0):
        node = tree.nodes.new("CompositorNodeMixRGB")
        node.blend_type = blend_type
        return (*node.inputs[:3], node.outputs[0])
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type = "RGBA", blend_type
    colours = [socket for socket in node.inputs if socket.type == "RGBA"]
    result = next(socket for socket in node.outputs if socket.type == "RGBA")
    return node.inputs["Factor"], *colours, result


def glare_alone(tree: Any, threshold: float, size: float) -> tuple[Any, Any]:
    """Light around what is bright, sockets (picture, light): properties set it before 4.5."""
    node = tree.nodes.new("CompositorNodeGlare")
    set_choice(node, "Type", "Bloom", "BLOOM")
    set_glare(node, threshold, size)
    if bpy.app.version >= (4, 5, 0):
        return node.inputs["Image"], node.outputs["Glare"]
    node.mix = 1.0
    return node.inputs["Image"], node.outputs["Image"]


def set_glare(node: Any, threshold: float, size: float) -> None:
    """Set how bright what glows must be, and how far its light goes, in parts of the picture."""
    if bpy.app.version >= (4, 5, 0):
        node.inputs["Threshold"].default_value = threshold
        node.inputs["Size"].default_value = size
        return
    node.threshold = threshold
    node.size = 9 + round(math.log2(size))  # 9 is as large as the picture


def soft_ellipse(tree: Any, picture: Any, size: float, softness: float) -> Any:
    """A blurred ellipse, in parts of the picture; before 4.5 settings were properties."""
    ellipse, blur = (
        tree.nodes.new(kind) for kind in ("CompositorNodeEllipseMask", "CompositorNodeBlur")
    )
    set_choice(blur, "Type", "Fast Gaussian", "FAST_GAUSS")
    tree.links.new(ellipse.outputs[0], blur.inputs["Image"])
    if bpy.app.version < (4, 5, 0):
        ellipse.mask_width = ellipse.mask_height = size
        blur.use_relative = True
        blur.factor_x = blur.factor_y = 100.0 * softness
        return blur.outputs[0]
    ellipse.inputs["Size"].default_value = (size, size)
    pixels = tree.nodes.new("CompositorNodeRelativeToPixel")
    pixels.data_type = "VECTOR"
    vector = next(socket for socket in pixels.inputs if socket.type == "VECTOR")
    vector.default_value = (softness, softness)
    tree.links.new(picture, pixels.inputs["Image"])
    result = next(socket for socket in pixels.outputs if socket.type == "VECTOR")
    tree.links.new(result, blur.inputs["Size"])
    return blur.outputs[0]


def frame_noise(tree: Any, picture: Any) -> Any:
    """Grey noise that depends on pixel and frame only: 4.5 brought the shaders' noise here."""
    time = tree.nodes.new("CompositorNodeSceneTime")
    if bpy.app.version >= (4, 5, 0):
        place = tree.nodes.new("CompositorNodeImageCoordinates")
        noise = tree.nodes.new("ShaderNodeTexWhiteNoise")
        noise.noise_dimensions = "4D"
        tree.links.new(picture, place.inputs["Image"])
        tree.links.new(place.outputs["Pixel"], noise.inputs["Vector"])
        tree.links.new(time.outputs["Frame"], noise.inputs["W"])
        return noise.outputs["Value"]
    texture = bpy.data.textures.get("Ever Zoom Grain")
    if texture is None:
        made: Any = bpy.data.textures.new("Ever Zoom Grain", "CLOUDS")
        made.noise_basis, made.noise_depth = "CELL_NOISE", 0
        made.noise_scale = 0.002
        texture = made
    noise = tree.nodes.new("CompositorNodeTexture")
    noise.texture = texture
    offset = tree.nodes.new("CompositorNodeCombineXYZ")
    tree.links.new(time.outputs["Frame"], offset.inputs["Z"])
    tree.links.new(offset.outputs[0], noise.inputs["Offset"])
    return noise.outputs["Value"]


def darken(world: Any) -> None:
    """Make a new world black. Since 5.0 it has nodes from the start, which go before its colour."""
    world.color = 0.0, 0.0, 0.0
    for node in world.node_tree.nodes if world.node_tree is not None else ():
        if isinstance(node, bpy.types.ShaderNodeBackground):
            sockets: Any = node.inputs
            sockets["Color"].default_value = 0.0, 0.0, 0.0, 1.0


# Before that, what an add-on draws over a view from a texture is taken for linear light, and
# encoded once more.
TEXTURES_AS_THEY_ARE = (5, 0, 0)
