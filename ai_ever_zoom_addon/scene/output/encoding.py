"""Makes a video of frames that other processes render meanwhile. Touches bpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from ...core.files.output import FRAME_NAME
from .. import colours, compat
from ..planes.objects import controls, image_node, parts

_STRIP_LENGTH = 1000  # a strip takes longer with each picture that it gets


def waiting_frames(folder: Path, numbers: range) -> dict[int, Path]:
    """Where frames wait for being encoded, by their numbers."""
    sign = FRAME_NAME[FRAME_NAME.index("#") :]
    stem = FRAME_NAME.removesuffix(sign)
    return {number: folder / f"{stem}{number:0{len(sign)}}.png" for number in numbers}


def encode(
    scene: Any, files: Mapping[int, Path], wait: Callable[[int], None], done: Callable[[], None]
) -> None:
    """Render a scene's video of pictures of its frames, with its sound.

    Args:
        scene: Its output settings say where to and how. Nothing else is done with it afterwards.
        files: The frames by their numbers, which follow each other. The first one is there.
        wait: Called before each frame, with its number, until the picture is there.
        done: Called when it is encoded.

    Raises:
        RuntimeError: Blender cannot write the video.
    """
    _show(scene, files)

    def before(*_: Any) -> None:
        wait(scene.frame_current)

    def after(*_: Any) -> None:
        done()

    bpy.app.handlers.render_pre.append(before)
    bpy.app.handlers.render_write.append(after)
    bpy.ops.render.render(animation=True, scene=scene.name)


def _show(scene: Any, files: Mapping[int, Path]) -> None:
    """Let a scene show pictures of its frames, as they are, above all else that it has."""
    for control in controls(scene):  # what is not seen need not be read
        for layer in parts(control, "layer"):
            node = image_node(layer)
            if node is not None:
                node.image = None
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = compat.strips(editor)
    channel = 1 + max((strip.channel for strip in strips), default=0)
    options = scene.render
    if not options.use_sequencer:  # then the sounds that it has are not heard, either
        for strip in list(strips):
            strips.remove(strip)
    numbers = sorted(files)
    for start in range(0, len(numbers), _STRIP_LENGTH):
        part = [files[number] for number in numbers[start : start + _STRIP_LENGTH]]
        strip = strips.new_image(
            name="Frames",
            filepath=str(part[0]),
            channel=channel,
            frame_start=numbers[start],
            fit_method="ORIGINAL",
        )
        strip.blend_type = "REPLACE"
        for file in part[1:]:
            strip.elements.append(file.name)
    scene.frame_start, scene.frame_end, scene.frame_step = numbers[0], numbers[-1], 1
    options.use_sequencer, options.use_compositing = True, False
    options.use_border = False
    options.frame_map_old = options.frame_map_new = 100
    options.dither_intensity = 0.0
    # What the view makes of colours is in the pictures already.
    display, view = colours.plain_display(), scene.view_settings
    scene.sequencer_colorspace_settings.name = colours.picture_space()
    scene.display_settings.display_device = display.device
    view.view_transform, view.look = display.view, "None"
    view.exposure, view.gamma, view.use_curve_mapping = 0.0, 1.0, False
