"""The scene in which the user places one image in another one, as anything in Blender. Touches bpy.

It is there only meanwhile, and holds both images as planes: one unit is one pixel of the outer
image, whose centre is the origin. Where the inner image lies is read from the planes themselves, so
that it does not matter how they were moved; that something is placed is known by the scene being
there, so that undo and redo lead into it and out of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from .. import plain
from ..core.analysis.placing import GivenPlacement
from ..core.files.moving import is_moving
from ..core.files.orientation import stored
from ..core.series import SeriesImage
from ..errors import EverZoomError
from . import colours, compat, loading
from .planes.layers import play
from .tags import PLACING

NAME = "Place by Hand"
OPACITY = 0.6  # of the inner image, at first
ABOVE = 1.0  # units by which the inner image lies above the outer one
SEEN = 0.5  # power of the light that is about what the eye sees of it
SHOWN = 1.5  # power of a difference of that that is shown: slight ones stand out a little
OUTER, INNER = "outer", "inner"
PLAIN, DIFFERENCE = 0, 1  # the material slots of the inner image


@dataclass(frozen=True)
class Lie:
    """How the inner image lies in the outer one, whatever that is worth.

    Attributes:
        factor: Width of the outer image over the width that the inner one takes up in it, > 0.
        offset_px: Of the centres, in pixels of the outer image, x to the right, y down.
        turn_deg: By how many degrees, clockwise, the inner image is turned; -180 to 180.
    """

    factor: float
    offset_px: tuple[float, float]
    turn_deg: float = 0.0


@dataclass(frozen=True)
class Placing:
    """What is placed, and where the user came from.

    Attributes:
        control: The zoom's, by its `session_uid`.
        scene: That was shown, the same.
        outer, inner: The images.
        view: What the 3D View was like (see ui/placing.py).
    """

    control: int
    scene: int
    outer: SeriesImage
    inner: SeriesImage
    view: Mapping[str, Any]

    def to_json(self) -> str:
        """As the scene keeps it."""
        images = [image.to_json() for image in (self.outer, self.inner)]
        return json.dumps([self.control, self.scene, images, dict(self.view)])

    @classmethod
    def from_json(cls, text: str) -> Placing:
        """From `to_json`.

        Raises:
            ValueError: It is not of that form.
        """
        try:
            control, scene, images, view = plain.row(plain.read_json(text), 4)
            outer, inner = map(SeriesImage.from_json, plain.row(images, 2))
            return cls(int(control), int(scene), outer, inner, plain.record(view))
        except (ArithmeticError, TypeError, ValueError) as error:
            raise ValueError(f"this is no note of a placing: {error}") from None


def current() -> bpy.types.Scene | None:
    """The scene in which something is placed; None where nothing is."""
    return next((scene for scene in bpy.data.scenes if is_placing(scene)), None)


def is_placing(scene: bpy.types.Scene | None) -> bool:
    """Whether a scene is one in which something is placed, with both its planes."""
    return scene is not None and scene.get(PLACING) is not None


def what(scene: bpy.types.Scene) -> Placing:
    """What is placed in a scene, and for whom.

    Raises:
        EverZoomError: Its note has been changed.
    """
    try:
        return Placing.from_json(str(scene.get(PLACING)))
    except ValueError:
        raise _broken() from None


def make(placing: Placing, start: Lie) -> bpy.types.Scene:
    """Make the scene; nothing is shown yet.

    Args:
        placing: What is placed.
        start: Where the inner image lies at first.

    Raises:
        EverZoomError: An image cannot be opened. Nothing has been made.
    """
    pictures = [loading.load_image(image.file) for image in (placing.outer, placing.inner)]
    scene = bpy.data.scenes.new(NAME)
    display = colours.plain_display()
    scene.display_settings.display_device = display.device
    scene.view_settings.view_transform = display.view
    scene.unit_settings.system = "NONE"  # pixels
    # One sample at the centre of each pixel is exact, and in software each costs a second.
    scene.eevee.taa_samples, scene.render.filter_size = 1, 0.0
    outer, inner = (
        _plane(scene, image, role)
        for image, role in ((placing.outer, OUTER), (placing.inner, INNER))
    )
    outer.hide_select = True
    outer.data.materials.append(_material(placing.outer, pictures[0]))
    beside = outer, placing.outer, pictures[0]
    for material in (
        _material(placing.inner, pictures[1]),
        _material(placing.inner, pictures[1], beside),
    ):
        inner.data.materials.append(material)
    inner.color[3] = OPACITY
    inner.lock_location[2] = inner.lock_rotation[0] = inner.lock_rotation[1] = True
    scene[PLACING] = placing.to_json()
    layer = scene.view_layers[0]
    layer.objects.active = inner
    inner.select_set(True, view_layer=layer)
    move(scene, start)
    return scene


def remove() -> None:
    """Take away all that `make` made; images stay that others use."""
    for kind in ("scenes", "objects", "meshes", "materials"):
        made: Any = getattr(bpy.data, kind)
        for item in [item for item in made if PLACING in item]:
            if len(made) == 1 and kind == "scenes":  # Blender keeps the last one
                del item[PLACING]
            else:
                made.remove(item)


def lie(scene: bpy.types.Scene) -> Lie:
    """Where the inner image lies now.

    Where the user has drawn it out of its shape, it is as large as it is in the mean.

    Raises:
        EverZoomError: The planes are gone or have become points.
    """
    placing = what(scene)
    outer, inner = _planes(scene)
    to_outer = _matrix(outer).inverted_safe() @ _matrix(inner)
    (a, b), (c, d) = (to_outer[row][:2] for row in (0, 1))
    # Of all turns and sizes the one that moves the corners least.
    along = complex((a + d) / 2.0, (c - b) / 2.0)
    if abs(along) < 1e-9:
        raise _broken()
    return Lie(
        placing.outer.width / (placing.inner.width * abs(along)),
        (to_outer[0][3], -to_outer[1][3]),
        -math.degrees(math.atan2(along.imag, along.real)),
    )


def placement(scene: bpy.types.Scene) -> GivenPlacement:
    """The same, as it is given to the zoom.

    Raises:
        EverZoomError: As `lie`, or the image is too large, or lies beside the outer one.
    """
    placing, now = what(scene), lie(scene)
    outer, inner = placing.outer, placing.inner
    names = outer.file.name, inner.file.name
    if now.factor <= 1.0:
        raise EverZoomError(
            "{inner} is as wide as {outer} or wider: scale it down (S) to where it belongs.",
            inner=names[1],
            outer=names[0],
        )
    size = outer.width, outer.height
    if any(abs(part) >= side / 2 for part, side in zip(now.offset_px, size, strict=True)):
        raise EverZoomError(
            "The centre of {inner} lies outside of {outer}: move it (G) to where it belongs.",
            inner=names[1],
            outer=names[0],
        )
    return GivenPlacement(*names, now.factor, now.offset_px, size, now.turn_deg)


def move(scene: bpy.types.Scene, to: Lie) -> None:
    """Let the inner image lie in another place.

    Raises:
        EverZoomError: The planes are gone.
    """
    placing = what(scene)
    outer, inner = _planes(scene)
    size = placing.outer.width / (placing.inner.width * to.factor)
    x, y = to.offset_px
    inner.matrix_world = (
        _matrix(outer)
        @ Matrix.Translation((x, -y, ABOVE))
        @ Matrix.Rotation(-math.radians(to.turn_deg), 4, "Z")
        @ Matrix.Scale(size, 4)
    )


def settle(scene: bpy.types.Scene, size_before: float) -> float:
    """Give the inner image its shape again where only one side was drawn.

    Args:
        scene: In which it is placed.
        size_before: Its scale when it was last in shape.

    Returns:
        Its scale now.
    """
    inner = next((item for item in scene.objects if item.get(PLACING) == INNER), None)
    if inner is None:
        return size_before
    across, up = (max(abs(part), 1e-6) for part in inner.scale[:2])
    if math.isclose(inner.scale[0], inner.scale[1], rel_tol=1e-5) and inner.scale[0] > 0.0:
        return across
    size = max((across, up), key=lambda part: abs(math.log(part / max(size_before, 1e-6))))
    inner.scale = size, size, size
    return size


def shows_difference(scene: bpy.types.Scene) -> bool:
    """Whether the difference of both images is seen instead of the inner one.

    Raises:
        EverZoomError: The planes are gone.
    """
    _, inner = _planes(scene)
    return bool(inner.data.polygons[0].material_index == DIFFERENCE)


def show_difference(scene: bpy.types.Scene, is_shown: bool) -> None:
    """Let the difference of both images be seen, or the inner one, half-transparent.

    Raises:
        EverZoomError: The planes are gone.
    """
    _, inner = _planes(scene)
    inner.data.polygons[0].material_index = DIFFERENCE if is_shown else PLAIN
    inner.data.update()


def plane(scene: bpy.types.Scene) -> Any:
    """The object that the user moves.

    Raises:
        EverZoomError: It is gone.
    """
    return _planes(scene)[1]


def _planes(scene: bpy.types.Scene) -> tuple[Any, Any]:
    found: dict[str, Any] = {str(item.get(PLACING)): item for item in scene.objects}
    if OUTER not in found or INNER not in found or not found[INNER].data.polygons:
        raise _broken()
    return found[OUTER], found[INNER]


def _broken() -> EverZoomError:
    return EverZoomError(
        "What was to be placed is gone or flat: give up (Esc), and press Place by Hand again."
    )


def _matrix(item: Any) -> Matrix:
    """Where an object without parent is, also before Blender has evaluated it."""
    matrix: Matrix = item.matrix_basis if item.parent is None else item.matrix_world
    return matrix


def _plane(scene: bpy.types.Scene, image: SeriesImage, role: str) -> Any:
    """A plane as large as an image has pixels, around the origin."""
    across, up = image.width / 2.0, image.height / 2.0
    mesh: Any = bpy.data.meshes.new(image.file.name)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    mesh.from_pydata([(x * across, y * up, 0.0) for x, y in corners], [], [range(4)])
    places = stored((np.array(corners) + 1.0) / 2.0, image.orientation)
    mesh.uv_layers.new(name="UVMap").uv.foreach_set("vector", places.astype(np.float32).ravel())
    plane = bpy.data.objects.new(image.file.name, mesh)
    plane[PLACING] = mesh[PLACING] = role
    scene.collection.objects.link(plane)
    return plane


def _material(
    image: SeriesImage, picture: Any, beside: tuple[Any, SeriesImage, Any] | None = None
) -> Any:
    """A material that shows an image as it is, as opaque as the object's colour.

    Args:
        image: Which.
        picture: The same for Blender.
        beside: The plane of another image, it, and its picture: then the difference is shown.
    """
    material: Any = bpy.data.materials.new(image.file.name)
    material[PLACING] = True
    compat.enable_nodes(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    output, light, clear, mix, item, opacity = (
        nodes.new(f"ShaderNode{name}")
        for name in (
            *("OutputMaterial", "Emission", "BsdfTransparent", "MixShader"),
            *("ObjectInfo", "Math"),
        )
    )
    texture = _texture(nodes, image, picture, "EXTEND")
    colour = texture.outputs["Color"]
    opacity.operation = "MULTIPLY"
    links.new(texture.outputs["Alpha"], opacity.inputs[0])
    if beside is None:
        links.new(item.outputs["Alpha"], opacity.inputs[1])
    else:
        opacity.inputs[1].default_value = 1.0
        colour = _difference(material.node_tree, colour, *beside)
    links.new(colour, light.inputs["Color"])
    links.new(opacity.outputs[0], mix.inputs[0])
    links.new(clear.outputs[0], mix.inputs[1])
    links.new(light.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], output.inputs["Surface"])
    nodes.active = texture
    material.surface_render_method = "BLENDED"
    return material


def _difference(tree: Any, colour: Any, plane: Any, other: SeriesImage, picture: Any) -> Any:
    """By how much a colour differs from what another image has at the same place of its plane."""
    nodes, links = tree.nodes, tree.links
    place, mapping, mix = (nodes.new(f"ShaderNode{n}") for n in ("TexCoord", "Mapping", "Mix"))
    place.object = plane
    # From the plane's units to coordinates of the picture as it is stored.
    middle, right, up = stored(
        np.array([(0.5, 0.5), (0.5 + 1.0 / other.width, 0.5), (0.5, 0.5 + 1.0 / other.height)]),
        other.orientation,
    )
    right, up = right - middle, up - middle
    is_lying = abs(right[1]) > 0.0
    scale = (right[1], -up[0]) if is_lying else (right[0], up[1])
    mapping.inputs["Scale"].default_value = *scale, 1.0
    mapping.inputs["Rotation"].default_value[2] = math.pi / 2 if is_lying else 0.0
    mapping.inputs["Location"].default_value = *middle, 0.0
    below = _texture(nodes, other, picture, "CLIP")
    links.new(place.outputs["Object"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], below.inputs["Vector"])
    mix.data_type, mix.blend_type = "RGBA", "DIFFERENCE"
    mix.inputs["Factor"].default_value = 1.0
    colours_in = [socket for socket in mix.inputs if socket.type == "RGBA"]
    for value, socket in zip((colour, below.outputs["Color"]), colours_in, strict=True):
        links.new(_power(tree, value, SEEN), socket)
    difference = next(socket for socket in mix.outputs if socket.type == "RGBA")
    return _power(tree, difference, SHOWN)


def _power(tree: Any, colour: Any, exponent: float) -> Any:
    node = tree.nodes.new("ShaderNodeGamma")
    node.inputs["Gamma"].default_value = exponent
    tree.links.new(colour, node.inputs["Color"])
    return node.outputs["Color"]


def _texture(nodes: Any, image: SeriesImage, picture: Any, beyond: str) -> Any:
    texture = nodes.new("ShaderNodeTexImage")
    texture.image, texture.extension = picture, beyond
    if is_moving(image.file):
        play(texture.image_user, picture, 1)
    return texture
