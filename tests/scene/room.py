"""A room of the user's and a zoom in a scene of its own, for what mixes the two. Touches bpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import compat, zooms
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Array, Nest, read, to_linear, waves

STEPS = 4
FRAME = (128, 96)  # of the zoom: 160 x 120, cropped
NEST = Nest([waves(number) for number in (1, 2, 3)], size=(160, 120))
LAST = 2 * STEPS
RED = (0.8, 0.05, 0.05)  # as displayed
WALL = (0.2, 0.3, 0.4)

operators: Any = bpy.ops


def make_zoom(folder: Path, scene: Any = None, **settings: Any) -> Any:
    """A zoom from frame 0 on, in a scene of its own; its control object."""
    images = tuple(SeriesImage(file, *NEST.size) for file in reversed(NEST.files(folder)))
    series = Series(images, uniform_steps(3, 2.0))
    scene = scene or bpy.data.scenes.new("Ever Zoom")
    return zooms.build_zoom(scene, series, settings_with(**settings))


def settings_with(**settings: Any) -> ZoomSettings:
    options: dict[str, Any] = {"zoom_steps": STEPS, "start_frame": 0, "engine": Engine.CYCLES}
    return ZoomSettings(**options | settings)


def light(name: str, colour: Sequence[float]) -> Any:
    """A material that is displayed in a colour, under the Standard view."""
    material: Any = bpy.data.materials.new(name)
    compat.enable_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*to_linear(np.array(colour)), 1.0)
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return material


def add_mesh(
    size: tuple[float, float],
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    uvs: Sequence[tuple[float, float]] = ((0, 0), (1, 0), (1, 1), (0, 1)),
) -> Any:
    """A rectangle that faces the room's camera."""
    x, y = size[0] / 2, size[1] / 2
    mesh = bpy.data.meshes.new("rectangle")
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    for corner, uv in zip(mesh.uv_layers.new(name="UVMap").uv, uvs, strict=True):
        corner.vector = uv
    item = bpy.data.objects.new("rectangle", mesh)
    item.location = place
    bpy.context.scene.collection.objects.link(item)
    return item


def make_room(size: tuple[int, int] = FRAME) -> Any:
    """The shown scene, with a camera for which a unit is a pixel, and x = y = 0 in the middle."""
    scene: Any = bpy.context.scene
    data: Any = bpy.data.cameras.new("camera")
    data.type, data.ortho_scale, data.sensor_fit = "ORTHO", size[0], "HORIZONTAL"
    camera = bpy.data.objects.new("camera", data)
    camera.location.z = 10.0
    scene.collection.objects.link(camera)
    scene.camera = camera
    world: Any = bpy.data.worlds.new("world")
    compat.enable_nodes(world)
    (background,) = (node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (*to_linear(np.array(WALL)), 1.0)
    scene.world = world
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.dither_intensity = 0.0
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end, scene.render.fps = 0, LAST, 30
    return scene


def take(scene: Any, folder: Path, frame: int) -> Array:
    """What `blender -b FILE -a` renders of a scene at a frame."""
    before = scene.frame_start, scene.frame_end
    output_settings.set_output(scene, f"{folder}/")
    scene.frame_start = scene.frame_end = frame
    operators.render.render(animation=True, scene=scene.name)
    scene.frame_start, scene.frame_end = before
    return read(Path(scene.render.frame_path(frame=frame)))


def level_at(frame: int) -> float:
    return min(max(frame / STEPS, 0.0), 2.0)


def render_frames(zoom: Any, output: Path) -> None:
    """Render a zoom to its own output path."""
    output_settings.set_output(zoom, str(output))
    first, last = zoom.frame_start, zoom.frame_end
    rendering.render_animation(zoom, str(output), first, last, sharp=False)
