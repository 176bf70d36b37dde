"""Gives an engine only the images that a frame shows, and gives them in their sharpest form.

Blender keeps every image of a scene in memory while it renders an animation, and between its pixels
it interpolates bilinearly. While `streamed_images` is active, layers out of sight have no image at
all, and those in sight have one that the "Cubic" texture filter shows as sharp as it is. Nothing of
this stays in the scene: it is put back as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.hidden_colours import bleed
from ...core.spline import spline_coefficients
from ...errors import EverZoomError
from .. import colours, compat
from ..planes.layers import IMAGE_NODE
from ..planes.objects import controls, parts

DECODE_GROUP = "Ever Zoom Decode"


@dataclass
class _Layer:
    """One layer's material and what has to be put back.

    Attributes:
        owner: The layer's object.
        image: Its own image.
        interpolation: Its own texture filter.
        coefficients: The image in its place, if any: coefficients, or without hidden colours.
        decoder: The node between it and the rest of the material, if any.
        emptied: Former coefficients, without pixels. They stay until the end: Cycles tells images
            apart by their addresses, and would show an old one where a new one takes its address.
    """

    owner: Any
    node: Any
    tree: Any
    image: Any
    interpolation: str
    had_pixels: bool
    in_sight: bool = True
    coefficients: Any = None
    decoder: Any = None
    emptied: list[Any] = field(default_factory=list)

    def enter(self, *, sharp: bool, bled: bool) -> None:
        """Show the image."""
        self.in_sight = True
        self.node.image = self.image
        is_still = self.image.source not in ("MOVIE", "SEQUENCE")
        if is_still and self.image.size[0] == 0:  # asking for the size decodes the file
            raise EverZoomError(
                "The image {filepath} cannot be read any more: put it back.",
                filepath=self.image.filepath,
            )
        if sharp and _can_be_sharpened(self.node):
            self.coefficients = _coefficients(self.image)
        if self.coefficients is not None:
            self.node.image = self.coefficients
            self.node.interpolation = "Cubic"
            self.decoder = _insert_decoder(self.tree, self.node)
            self._free_pixels()
        elif bled:
            self.coefficients = _without_hidden_colours(self.image)
            if self.coefficients is not None:
                self.node.image = self.coefficients
                self._free_pixels()

    def leave(self) -> None:
        """Show nothing, and free the memory."""
        self._drop_coefficients()
        self.in_sight = False
        self.node.image = None
        self._free_pixels()

    def restore(self) -> None:
        """Put everything back."""
        self._drop_coefficients()
        self.node.image = self.image
        for image in self.emptied:
            bpy.data.images.remove(image)
        self.emptied.clear()

    def _drop_coefficients(self) -> None:
        if self.decoder is not None:
            _remove_decoder(self.tree, self.node, self.decoder)
            self.decoder = None
        if self.coefficients is not None:
            self.node.image = self.image
            self.node.interpolation = self.interpolation
            self.coefficients.gl_free()
            self.coefficients.buffers_free()
            self.emptied.append(self.coefficients)
            self.coefficients = None

    def _free_pixels(self) -> None:
        self.image.gl_free()
        if not self.had_pixels and not self.image.is_dirty:
            self.image.buffers_free()


@contextlib.contextmanager
def streamed_images(
    scene: Any, fail: Callable[[str], None], *, sharp: bool = True
) -> Iterator[None]:
    """While this is active, frames that are rendered load only the images that they show.

    Args:
        scene: Its zooms are looked after.
        fail: Called with a sentence when an image cannot be read any more.
        sharp: Give the engine spline coefficients.
    """
    layers = list(_layers(scene))
    # Cycles minds the opacity by itself.
    bled = sharp and scene.render.engine in (compat.EEVEE, "BLENDER_WORKBENCH")
    sharp = sharp and scene.render.engine in ("CYCLES", compat.EEVEE)

    def update(_: Any, depsgraph: Any = None) -> None:
        seen = [not layer.owner.evaluated_get(depsgraph).hide_render for layer in layers]
        for layer, in_sight in zip(layers, seen, strict=True):  # what leaves makes room
            if layer.in_sight and not in_sight:
                layer.leave()
        for layer, in_sight in zip(layers, seen, strict=True):
            if in_sight and not layer.in_sight:
                try:
                    layer.enter(sharp=sharp, bled=bled)
                except EverZoomError as error:
                    fail(error.text)

    for layer in layers:
        layer.leave()
    bpy.app.handlers.frame_change_post.append(update)
    try:
        yield
    finally:
        bpy.app.handlers.frame_change_post.remove(update)
        for layer in layers:
            layer.restore()
        _forget_images(scene)
        group = bpy.data.node_groups.get(DECODE_GROUP)
        if group is not None:
            bpy.data.node_groups.remove(group)


def _forget_images(scene: Any) -> None:
    """Let no engine keep the images of this render for the next one: their addresses are reused."""
    keeps = scene.render.use_persistent_data
    scene.render.use_persistent_data = False  # setting it frees what is kept
    scene.render.use_persistent_data = keeps


def _layers(scene: Any) -> Iterator[_Layer]:
    for control in controls(scene):
        for item in parts(control, "layer"):
            material = item.material_slots[0].material if item.material_slots else None
            tree = material.node_tree if material is not None else None
            node = tree.nodes.get(IMAGE_NODE) if tree is not None else None
            if node is not None and node.image is not None:
                image = node.image
                yield _Layer(item, node, tree, image, node.interpolation, image.has_data)


def _can_be_sharpened(node: Any) -> bool:
    """Whether a texture is as we make them: an opaque 8-bit sRGB image, shown smoothly."""
    image = node.image
    return (
        node.interpolation == "Linear"
        and image.source == "FILE"
        and image.colorspace_settings.name == colours.picture_space()
        and colours.is_light_plain()
        and not image.is_float
    )


def _coefficients(image: Any) -> Any:
    """A floating point image of the spline coefficients of an image; None if it is not opaque."""
    width, height = image.size
    channels = image.channels
    flat = np.empty(width * height * channels, np.float32)
    image.pixels.foreach_get(flat)
    pixels = flat.reshape(height, width, channels)
    if channels == 4 and pixels[..., 3].min() < 1.0:
        return None
    # In place, one colour after the other: a large image takes hundreds of megabytes here.
    values = pixels if channels == 4 else np.ones((height, width, 4), np.float32)
    for number in range(3):
        colour = number if channels >= 3 else 0
        values[..., number] = spline_coefficients(pixels[..., colour : colour + 1])[..., 0]
    result: Any = bpy.data.images.new(
        f"{image.name} Coefficients", width, height, float_buffer=True, is_data=True
    )
    result.pixels.foreach_set(values.ravel())
    result.update()
    return result


def _without_hidden_colours(image: Any) -> Any:
    """A copy of an image that is see-through somewhere; None if it is opaque or has not 8 bits."""
    if image.is_float or image.channels != 4 or image.source != "FILE":
        return None
    width, height = image.size
    flat = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(flat)
    pixels = np.rint(flat.reshape(height, width, 4) * 255.0).astype(np.uint8)
    if pixels[..., 3].min() == 255:
        return None
    result: Any = bpy.data.images.new(f"{image.name} Seen", width, height, alpha=True)
    result.colorspace_settings.name = image.colorspace_settings.name
    result.alpha_mode = image.alpha_mode
    result.pixels.foreach_set((bleed(pixels) / np.float32(255.0)).ravel())
    result.update()
    return result


def _insert_decoder(tree: Any, texture: Any) -> Any:
    decoder = tree.nodes.new("ShaderNodeGroup")
    decoder.node_tree = _decode_group()
    for link in list(texture.outputs["Color"].links):
        tree.links.new(decoder.outputs[0], link.to_socket)
    tree.links.new(texture.outputs["Color"], decoder.inputs[0])
    return decoder


def _remove_decoder(tree: Any, texture: Any, decoder: Any) -> None:
    for link in list(decoder.outputs[0].links):
        tree.links.new(texture.outputs["Color"], link.to_socket)
    tree.nodes.remove(decoder)


def _decode_group() -> Any:
    """sRGB-encoded values, also such outside 0 to 1, to linear light (IEC 61966-2-1).

    Interpolated as they are encoded, pictures come out closer to the truth than in linear light.
    The two branches are joined without a comparison: below the threshold t the upper one is kept at
    its value for t, which is also the lower one's, and above it the lower one adds nothing.
    """
    existing = bpy.data.node_groups.get(DECODE_GROUP)
    if existing is not None:
        return existing
    group: Any = bpy.data.node_groups.new(DECODE_GROUP, "ShaderNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Color", in_out=direction, socket_type="NodeSocketColor")
    nodes, links = group.nodes, group.links
    threshold = 0.04045

    def calculate(operation: str, *values: Any) -> Any:
        node = nodes.new("ShaderNodeVectorMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            if isinstance(value, float):
                socket.default_value = (value, value, value)
            else:
                links.new(value, socket)
        return node.outputs[0]

    encoded = nodes.new("NodeGroupInput").outputs[0]
    base = calculate(
        "MULTIPLY_ADD", calculate("MAXIMUM", encoded, threshold), 1 / 1.055, 0.055 / 1.055
    )
    power = nodes.new("ShaderNodeGamma")
    power.inputs["Gamma"].default_value = 2.4
    links.new(base, power.inputs["Color"])
    below = calculate("MINIMUM", calculate("SUBTRACT", encoded, threshold), 0.0)
    linear = calculate("MULTIPLY_ADD", below, 1 / 12.92, power.outputs["Color"])
    links.new(linear, nodes.new("NodeGroupOutput").inputs[0])
    return group
