"""A zoom in another scene, with the user's own things: behind them, or on a screen. Touches bpy.

The zoom stays in its own scene, where it lies at the world's origin and has the render settings
that keep it exact.

A backdrop is live: the compositor renders the zoom's scene at the same frame, by its own engine.

A screen shows frames that were rendered before. A live zoom, an instance of its collection whose
scale a driver keeps to that of the screen, was tried: its images are always larger than the view,
so they stand out around the screen, and only their own materials, which are the zoom's, could cut
them off. Rendered frames cost one texture however deep the zoom is, end where the screen ends,
shine on the room and are seen in its mirrors.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.files.output import is_whole_video
from ..errors import EverZoomError
from . import compat, loading
from .output import output_settings, rendering
from .planes import rig
from .strips.sequencer import has_strips
from .tags import ROLE, WAS_TRANSPARENT

BACKDROP = "Ever Zoom Backdrop"

# View transforms that can be undone beforehand, by the colour space that they lead to.
COLOUR_SPACES = {
    "AgX": "AgX Base sRGB",
    "Filmic": "Filmic sRGB",
    "Khronos PBR Neutral": "Khronos PBR Neutral sRGB",
}


def zoom_scenes(scene: Any) -> list[Any]:
    """The other scenes of the file that have a zoom."""
    return [other for other in bpy.data.scenes if other != scene and rig.controls(other)]


# --- Backdrop -------------------------------------------------------------------------------------


def backdrop(scene: Any) -> Any:
    """The node that puts a zoom behind a scene, or None."""
    tree = compat.compositing_tree(scene)
    for node in tree.nodes if tree is not None else ():
        if node.get(ROLE) == "backdrop" and node.node_tree is not None:
            return node
    return None


def use_as_backdrop(scene: Any, zoom: Any) -> list[str]:
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
            f'The zoom in "{zoom.name}" is in the sequencer, which is no backdrop: show that scene '
            "and choose another engine under Output."
        )
    rendering.check_images(zoom)
    node = backdrop(scene)
    if node is None:
        group = _new_group()
        _fill_group(group, scene, zoom)
        _add_backdrop(scene, zoom, group)
    else:
        _fill_group(node.node_tree, scene, zoom)
        for behind in node.id_data.nodes:
            if behind.get(ROLE) == "zoom":
                behind.scene = zoom
    scene.render.film_transparent = True
    scene.render.use_compositing = True
    return list(_remarks(scene, zoom))


def remove_backdrop(scene: Any) -> None:
    """Take away what `use_as_backdrop` made.

    Raises:
        EverZoomError: The user has worked on it: it is theirs now.
    """
    node = backdrop(scene)
    if node is None:
        return
    if len(compat.compositing_tree(scene).nodes) > 4:  # two pictures, the group, the result
        raise EverZoomError(
            f'There are nodes of yours in the compositing tree: mute "{node.label}" in it.'
        )
    group = node.node_tree
    scene.render.film_transparent = bool(node[WAS_TRANSPARENT])
    compat.remove_compositing_tree(scene)
    if not group.users:
        bpy.data.node_groups.remove(group)


def _add_backdrop(scene: Any, zoom: Any, group: Any) -> None:
    tree = compat.compositing_tree(scene)
    if tree is not None and len(tree.nodes):
        raise EverZoomError(
            f'This scene has a compositing tree already, which is left alone: add "{group.name}" '
            "to it (Add > Group), connect it with your picture and with a Render Layers node of "
            f'the scene "{zoom.name}", and switch Film > Transparent on.'
        )
    tree, picture, result = compat.new_compositing_tree(scene)
    behind = tree.nodes.new("CompositorNodeRLayers")
    behind.scene, behind[ROLE] = zoom, "zoom"
    behind.location = 0, -450
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = group
    node.name = node.label = "Backdrop"
    node[ROLE], node[WAS_TRANSPARENT] = "backdrop", scene.render.film_transparent
    node.location = 400, 0
    result.node.location = 600, 0
    tree.links.new(picture, node.inputs["Image"])
    tree.links.new(behind.outputs["Image"], node.inputs["Backdrop"])
    tree.links.new(node.outputs["Image"], result)


def _new_group() -> Any:
    """A node group of the backdrop's: one that nothing uses, or a new one."""
    for group in bpy.data.node_groups:
        if group.name.startswith(BACKDROP) and not group.users:
            return group
    made: Any = bpy.data.node_groups.new(BACKDROP, "CompositorNodeTree")
    for name, way in (("Image", "INPUT"), ("Backdrop", "INPUT"), ("Image", "OUTPUT")):
        made.interface.new_socket(name, in_out=way, socket_type="NodeSocketColor")
    return made


def _enlargement(scene: Any, zoom: Any) -> float:
    """How much a zoom has to be enlarged to fill a scene's frames.

    Blender renders the zoom's scene in the size of these, by its camera, whose view is as wide as
    it was and as high as it takes: in high frames higher than the images.
    """
    (width, height), (own_width, own_height) = map(output_settings.scene_resolution, (scene, zoom))
    return max(1.0, height / width * own_width / own_height)


def _fill_group(group: Any, scene: Any, zoom: Any) -> None:
    """What is within the group, for the size and the colours of a scene's frames."""
    nodes, links = group.nodes, group.links
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
        display.to_color_space, linear.from_color_space = "sRGB", space
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


def _remarks(scene: Any, zoom: Any) -> Iterator[str]:
    """What a backdrop does that its user may not expect."""
    if scene.frame_start < zoom.frame_start or scene.frame_end > zoom.frame_end:
        yield f"it moves in frames {zoom.frame_start} to {zoom.frame_end} only"
    rate, own_rate = (one.render.fps / one.render.fps_base for one in (scene, zoom))
    if abs(rate - own_rate) > 0.01:
        yield f"it has {own_rate:.5g} frames a second, this scene {rate:.5g}"
    size, own_size = output_settings.scene_resolution(scene), output_settings.scene_resolution(zoom)
    if abs(size[0] / size[1] - own_size[0] / own_size[1]) > 1.0 / size[1]:
        growth = _enlargement(scene, zoom)
        enlarged = f" and enlarged {growth:.3g} times" if growth > 1.0 else ""
        yield f"it is cut{enlarged}: better give its scene the resolution of this one"
    view = scene.view_settings
    is_known = view.view_transform in {"Standard", *COLOUR_SPACES}
    is_plain = (view.look, view.exposure, view.gamma, view.use_curve_mapping) == ("None", 0, 1, 0)
    if not (is_known and is_plain and scene.display_settings.display_device == "sRGB"):
        yield "this scene's Color Management changes its colours"


# --- Screen ---------------------------------------------------------------------------------------


def put_on_screen(zoom: Any, item: Any) -> list[str]:
    """Let an object show the rendered frames of a zoom, over and over, or bring that up to date.

    They fill the faces of the active material slot, in whatever part of the image these lie by
    their UVs, and keep their shape.

    Args:
        zoom: The scene of the zoom; its frames are where it renders to.
        item: A mesh in Object Mode.

    Returns:
        What is to be known, in short sentences.

    Raises:
        EverZoomError: The frames are not there, or the object has no UVs.
    """
    slot_number = item.active_material_index if item.material_slots else 0
    file, is_video = _rendered(zoom)
    low, high, aspect = _face(item, slot_number)
    image = _load(file, is_video, zoom)

    if not item.material_slots:
        item.data.materials.append(None)
    slot = item.material_slots[slot_number]
    before = slot.material
    if before is None or before.get(ROLE) != "screen":
        slot.material = bpy.data.materials.new("Ever Zoom Screen")
        slot.material[ROLE] = "screen"
    texture, mapping = _fill_screen(slot.material)
    texture.image = image
    user = texture.image_user
    user.frame_duration = zoom.frame_end - zoom.frame_start + 1
    user.frame_start = zoom.frame_start
    user.frame_offset = 0 if is_video else zoom.frame_start - 1
    user.use_cyclic = user.use_auto_refresh = True
    own_aspect = np.divide(*output_settings.scene_resolution(zoom))
    part = np.minimum(1.0, (aspect / own_aspect, own_aspect / aspect))  # of the picture, in view
    scale = part / (high - low)
    mapping.inputs["Scale"].default_value = (*scale, 1.0)
    mapping.inputs["Location"].default_value = (*((1.0 - part) / 2.0 - low * scale), 0.0)
    if before is not None and before != slot.material:
        return [f"it took the place of the material {before.name}"]
    return []


def _rendered(zoom: Any) -> tuple[Path, bool]:
    """The first of a zoom's frames, or its video, and whether it is that.

    Raises:
        EverZoomError: Not everything is there.
    """
    is_video = zoom.render.is_movie_format
    frames = range(zoom.frame_start, zoom.frame_end + 1)
    files = [
        Path(zoom.render.frame_path(frame=frame)) for frame in frames[: 1 if is_video else None]
    ]
    for file in files:
        if not (is_whole_video(file) if file.suffix == ".mp4" else file.is_file()):
            raise EverZoomError(
                f'{file} is not rendered yet: show the scene "{zoom.name}" and press Render '
                "Animation first."
            )
    return files[0], is_video


def _load(file: Path, is_video: bool, zoom: Any) -> Any:
    """The Blender image of a video or of a sequence of frames, once, as it is on disk now.

    Raises:
        EverZoomError: It was rendered before the zoom got another length or size.
    """
    source = "MOVIE" if is_video else "SEQUENCE"
    known = (image for image in bpy.data.images if image.source == source)
    image: Any = next((image for image in known if loading.image_file(image) == file), None)
    if image is None:
        image = bpy.data.images.load(str(file), check_existing=False)
        image.source = source
        if bpy.data.filepath:
            loading.make_path_relative(image, Path(bpy.data.filepath).parent)
    else:
        image.reload()
    count = zoom.frame_end - zoom.frame_start + 1
    is_long_enough = not is_video or image.frame_duration == count
    if not is_long_enough or loading.read_size(file) != output_settings.scene_resolution(zoom):
        if not image.users:
            bpy.data.images.remove(image)
        raise EverZoomError(
            f"{file} does not show the zoom as it is now: show the scene "
            f'"{zoom.name}" and press Render Animation again.'
        )
    return image


def _face(item: Any, slot_number: int) -> tuple[Any, Any, float]:
    """Where the faces of a material slot lie by their UVs, lowest and highest, and their aspect.

    Raises:
        EverZoomError: They have no UVs.
    """
    mesh = item.data
    layer = next((layer for layer in mesh.uv_layers if layer.active_render), None)
    last = max(0, len(item.material_slots) - 1)
    corners = [
        corner
        for face in mesh.polygons
        if min(face.material_index, last) == slot_number
        for corner in face.loop_indices
    ]
    if layer is None:
        raise EverZoomError(f"{item.name} has no UVs: unwrap it first (Edit Mode, U).")
    if not corners:
        raise EverZoomError(
            f"{item.name} has no faces of the active material slot: choose another slot, or assign "
            "the screen's faces to it."
        )
    places = np.array([layer.uv[corner].vector for corner in corners])
    turn = np.array(item.matrix_world.to_3x3())
    points = np.array([mesh.vertices[mesh.loops[corner].vertex_index].co for corner in corners])
    low, high = places.min(axis=0), places.max(axis=0)
    # How the points change with the texture coordinates, for each of these.
    from_middle, points = places - places.mean(axis=0), points @ turn.T
    directions = np.linalg.lstsq(from_middle, points - points.mean(axis=0), rcond=None)[0]
    width, height = np.linalg.norm(directions, axis=1) * (high - low)
    if min(width, height) < 1e-9:
        raise EverZoomError(f"The UVs of {item.name} are a line or a point: unwrap it again.")
    return low, high, float(width / height)


def _fill_screen(material: Any) -> tuple[Any, Any]:
    """The nodes of a screen's texture and of its place, which are made where they are missing.

    The picture is light, as a screen's is; its strength is the user's.
    """
    compat.enable_nodes(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture, mapping = (nodes.get(name) for name in ("Frames", "Place"))
    if texture is not None and mapping is not None:
        return texture, mapping
    nodes.clear()
    place, mapping, texture, light, output = (
        nodes.new(f"ShaderNode{kind}")
        for kind in ("TexCoord", "Mapping", "TexImage", "Emission", "OutputMaterial")
    )
    texture.name = texture.label = "Frames"
    mapping.name = mapping.label = "Place"
    texture.extension = "EXTEND"
    links.new(place.outputs["UV"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], texture.inputs["Vector"])
    links.new(texture.outputs["Color"], light.inputs["Color"])
    links.new(light.outputs["Emission"], output.inputs["Surface"])
    for column, node in enumerate((place, mapping, texture, light, output)):
        node.location = 250 * column, 0
    nodes.active = texture  # what Workbench and solid shading show
    return texture, mapping
