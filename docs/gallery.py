"""Five small effects on the built-in sample series, and the pictures of them. Touches bpy.

Run it with the Python of an environment that build.py made:

    .env/bpy-5.2/bin/python docs/gallery.py [title] [fireflies] [planet] [flash] [colour]

docs/gallery.md says how to do each by hand; tests/scene/test_gallery.py tries each out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ai_ever_zoom_addon.scene import compat, compositing, loading, measuring, sample, zooms
from ai_ever_zoom_addon.scene.drivers import drive
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors, objects
from ai_ever_zoom_addon.settings import FrameSize, MaskShape, ZoomSettings

STEPS = 20  # frames from image to image
Colour = tuple[float, float, float]
STEP, IMAGE = f'["{anchors.STEP}"]', f'["{anchors.IMAGE}"]'


def go_to_image(scene: Any, control: Any, number: int) -> None:
    """As the button does."""
    scene.frame_set(anchors.frame_of_image(control, number))


def new_material(name: str, colour: Colour, **values: float) -> tuple[Any, Any]:
    """A material, and its node Principled BSDF with some of the inputs filled in."""
    material: Any = bpy.data.materials.new(name)
    compat.enable_nodes(material)
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    for title, value in values.items():
        shader.inputs[title.replace("_", " ")].default_value = value
    return material, shader


def new_light(name: str, colour: Colour, strength: float = 1.0) -> tuple[Any, Any]:
    """A material that only gives light, and its node; light of others would be noise on it."""
    material, shader = new_material(
        name, (0.0, 0.0, 0.0), Specular_IOR_Level=0.0, Emission_Strength=strength
    )
    shader.inputs["Emission Color"].default_value = (*colour, 1.0)
    return material, shader


def new_object(scene: Any, name: str, data: Any) -> Any:
    """An object in a scene."""
    item = bpy.data.objects.new(name, data)
    scene.collection.objects.link(item)
    return item


def glow_of_lights(scene: Any) -> None:
    """A glow around what is brighter than white: added lights, as images never are."""
    compositing.add_effects(scene)
    for effect in compositing.effects(scene):
        effect.mute = effect.name != "Glow"
    glow = compat.compositing_tree(scene).nodes["Glow"]
    glow.inputs["Amount"].default_value = 1.0
    compat.set_glare(glow.node_tree.nodes["Glare"], threshold=1.2, size=0.4)


def title(scene: Any, control: Any) -> None:
    """A glowing text on image 1 that fades in before its image arrives."""
    go_to_image(scene, control, 1)
    plan = zooms.plan_of(scene, control)
    text: Any = anchors.add_text(scene, control, plan, "Good Morning")
    text.data.materials[0], shader = new_light("Title", (1.0, 0.5, 0.12), 3.0)
    step = {"step": (anchors.anchor_of(control, 1), STEP)}
    drive(shader.inputs["Alpha"], "default_value", "smoothstep(-0.5, 0, step)", step)
    glow_of_lights(scene)


def fireflies(scene: Any, control: Any) -> None:
    """Three swarms of lights over the wood of image 0, which drift and blink as the zoom goes."""
    random = np.random.default_rng(4)
    swarms, shaders = [], []
    for _ in range(3):
        points = random.uniform((-1.0, -0.25, 0.0), (1.0, 0.25, 0.0), (12, 3))
        mesh = bpy.data.meshes.new("Swarm")
        mesh.from_pydata(points.tolist(), [], [])
        swarm = new_object(scene, "Swarm", mesh)
        swarm.instance_type = "VERTS"
        bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=6, radius=0.014)
        ball: Any = bpy.context.object
        ball.parent = swarm
        material, shader = new_light("Firefly", (1.0, 0.75, 0.1))
        ball.data.materials.append(material)
        swarms.append(swarm)
        shaders.append(shader)
    go_to_image(scene, control, 0)
    anchors.add_objects(scene, control, zooms.plan_of(scene, control), swarms)
    step = {"step": (anchors.anchor_of(control, 0), STEP)}
    for number, (swarm, shader) in enumerate(zip(swarms, shaders, strict=True)):
        swarm.scale = (1.3, 1.3, 1.3)
        drive(swarm, "location", f"0.1 * sin(5 * step + {2 * number})", step, index=0)
        drive(swarm, "location", f"0.3 + 0.08 * sin(7 * step + {number})", step, index=1)
        blink = f"14 + 13 * sin(12 * step + {2 * number})"
        drive(shader.inputs["Emission Strength"], "default_value", blink, step)
    glow_of_lights(scene)


def planet(scene: Any, control: Any) -> None:
    """A planet with a ring, lit by a sun, that goes round the innermost image."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=1.0)
    ball: Any = bpy.context.object
    bpy.ops.mesh.primitive_torus_add(major_radius=1.7, minor_radius=0.28, major_segments=96)
    ring: Any = bpy.context.object
    ring.parent, ring.scale.z = ball, 0.1
    ball.rotation_euler = (0.45, 0.35, 0.0)
    for item, colour in ((ball, (0.05, 0.5, 0.6)), (ring, (1.0, 0.6, 0.2))):
        item.data.shade_smooth()
        item.data.materials.append(new_material("Planet", colour, Roughness=0.4)[0])
    lamp: Any = bpy.data.lights.new("Sun", "SUN")
    lamp.energy, lamp.angle = 5.0, 0.02
    sun = new_object(scene, "Sun", lamp)
    sun.rotation_euler = (0.9, 0.6, 0.0)
    go_to_image(scene, control, 7)
    anchors.add_objects(scene, control, zooms.plan_of(scene, control), [ball, ring, sun])
    step = {"step": (anchors.anchor_of(control, 7), STEP)}
    ball.scale = (0.6, 0.6, 0.6)
    drive(ball, "location", "2.7 * cos(1 - 4.2 * step)", step, index=0)
    drive(ball, "location", "2.2 + 2.7 * sin(1 - 4.2 * step)", step, index=2)


def flash(scene: Any, control: Any) -> None:
    """Light that flares up whenever an image arrives, between dark corners."""
    compositing.add_effects(scene)
    image = {"i": (control, IMAGE)}
    expressions = {"Glow": "pow(cos(pi * i), 20)", "Vignette": "0.8 - 0.8 * pow(cos(pi * i), 20)"}
    for effect in compositing.effects(scene):
        effect.mute = effect.name not in expressions
        if not effect.mute:
            drive(effect.inputs["Amount"], "default_value", expressions[effect.name], image)


def colour(scene: Any, control: Any) -> None:
    """Image 4 is dark and grey until it arrives."""
    material = objects.numbered(control, "layer")[4].material_slots[0].material
    nodes, links = material.node_tree.nodes, material.node_tree.links
    saturation = nodes.new("ShaderNodeHueSaturation")
    links.new(nodes["Ever Zoom Image"].outputs["Color"], saturation.inputs["Color"])
    links.new(saturation.outputs["Color"], nodes["Ever Zoom Layer"].inputs["Color"])
    image = {"i": (control, IMAGE)}
    drive(saturation.inputs["Saturation"], "default_value", "smoothstep(3.4, 4, i)", image)
    drive(saturation.inputs["Value"], "default_value", "0.3 + 0.7 * smoothstep(3.4, 4, i)", image)


# What makes each effect, and the moments that its picture shows, as numbers of images.
EFFECTS: dict[str, tuple[Callable[[Any, Any], None], tuple[float, ...]]] = {
    "title": (title, (0.5, 0.75, 1.0)),
    "fireflies": (fireflies, (0.0, 0.2, 0.4)),
    "planet": (planet, (6.5, 6.75, 7.0)),
    "flash": (flash, (0.8, 1.0, 1.2)),
    "colour": (colour, (3.4, 3.7, 4.0)),
}


def write_sample(folder: Path, side: int) -> list[Path]:
    """The files of the sample series, the first one the innermost."""
    sample.write_sample(folder, (side, side))
    return sorted(folder.iterdir())


def build_sample(files: list[Path], **settings: Any) -> Any:
    """A new file with the zoom through the sample series; its control."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    chosen = ZoomSettings(
        start_frame=0, align=False, match_colour=False, mask_shape=MaskShape.ELLIPSE, **settings
    )
    series, _ = measuring.find_series(files, chosen)
    return zooms.build_zoom(bpy.context.scene, series, chosen)


def make_picture(name: str, side: int = 280) -> None:
    """The moments of an effect, side by side."""
    from docs.make_pictures import eight_bit, save_photo

    effect, moments = EFFECTS[name]
    with tempfile.TemporaryDirectory() as folder:
        files = write_sample(Path(folder), 1024)
        control = build_sample(
            files,
            zoom_steps=STEPS,
            resolution_from=FrameSize.PIXELS,
            resolution=(side, side),
            samples=64,
        )
        scene = bpy.context.scene
        effect(scene, control)
        strip = []
        for frame in (round(moment * STEPS) for moment in moments):
            rendering.render_animation(scene, folder, frame, frame, sharp=False)
            strip.append(eight_bit(loading.read_pixels(Path(folder) / f"frame_{frame:05}.png")))
    save_photo(f"gallery-{name}", np.concatenate(strip, axis=1))


if __name__ == "__main__":
    for chosen in sys.argv[1:] or EFFECTS:
        make_picture(chosen)
