"""The rendered frames of a zoom on an object of another scene. Touches bpy.

A live zoom, an instance of its collection whose scale a driver keeps to that of the screen, was
tried: its images are always larger than the view, so they stand out around the screen, and only
their own materials, which are the zoom's, could cut them off. Rendered frames cost one texture
however deep the zoom is, end where the screen ends, shine on the room and are seen in its mirrors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import bpy
import numpy as np
from bpy.types import Image, Material, Object, Scene
from numpy.typing import NDArray

from ..core.files.video_file import is_rendered_file
from ..errors import EverZoomError
from ..texts import Text
from . import compat, loading
from .output import output_settings
from .tags import ROLE, SCREEN

Array = NDArray[np.float64]


def put_on_screen(zoom: Scene, item: Object) -> list[str]:
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
    slot_number = (item.active_material_index or 0) if item.material_slots else 0
    file, is_video = _rendered(zoom)
    low, high, aspect = _face(item, slot_number)
    image = _load(file, is_video, zoom)

    if not item.material_slots:
        item.data.materials.append(None)
    slot = item.material_slots[slot_number]
    before = material = slot.material
    if material is None or material.get(ROLE) != SCREEN:
        slot.material = material = bpy.data.materials.new("Ever Zoom Screen")
        material[ROLE] = SCREEN
    texture, mapping = _fill_screen(material)
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
    if before is not None and before != material:
        return [Text("it took the place of the material {material}", material=before.name)]
    return []


def _rendered(zoom: Scene) -> tuple[Path, bool]:
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
        if not is_rendered_file(file):
            raise EverZoomError(
                '{file} is not rendered yet: show the scene "{zoom}" and press Render Animation '
                "first.",
                file=file,
                zoom=zoom.name,
            )
    return files[0], is_video


def _load(file: Path, is_video: bool, zoom: Scene) -> Image:
    """The Blender image of a video or of a sequence of frames, once, as it is on disk now.

    Raises:
        EverZoomError: It was rendered before the zoom got another length or size.
    """
    source: Literal["MOVIE", "SEQUENCE"] = "MOVIE" if is_video else "SEQUENCE"
    known = (image for image in bpy.data.images if image.source == source)
    image = next((image for image in known if loading.image_file(image) == file), None)
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
            '{file} does not show the zoom as it is now: show the scene "{zoom}" and press '
            "Render Animation again.",
            file=file,
            zoom=zoom.name,
        )
    return image


def _face(item: Object, slot_number: int) -> tuple[Array, Array, float]:
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
        raise EverZoomError("{item} has no UVs: unwrap it first (Edit Mode, U).", item=item.name)
    if not corners:
        raise EverZoomError(
            "{item} has no faces of the active material slot: choose another slot, or assign "
            "the screen's faces to it.",
            item=item.name,
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
        raise EverZoomError(
            "The UVs of {item} are a line or a point: unwrap it again.", item=item.name
        )
    return low, high, float(width / height)


def _fill_screen(material: Material) -> tuple[Any, Any]:
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
