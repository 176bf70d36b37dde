"""Renders a zoom headless, and makes sure that everything was written."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.output import is_video
from ..errors import EverZoomError
from . import render

Progress = Callable[[float, str], None]


def check_output(output: str) -> None:
    """Make sure that an output can be written, before anything long begins.

    Raises:
        EverZoomError: It cannot.
    """
    folder = Path(output).parent if is_video(output) else Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EverZoomError(
            f"The output folder {folder} cannot be written ({error.strerror}): choose another one."
        ) from error


def render_animation(
    scene: Any, output: str, first: int, last: int, progress: Progress = lambda *_: None
) -> None:
    """Render frames to a video or a folder, blocking.

    A video gets its name only when it is whole, so that an interrupted one never looks finished.

    Args:
        scene: A scene with a zoom, ready to render.
        output: As in `render.set_output`; the scene's own output path is left as it was.
        first: First frame.
        last: Last frame.
        progress: Called after each frame with the fraction done and a text.

    Raises:
        EverZoomError: Not every frame could be written.
        KeyboardInterrupt: The user stopped it.
    """
    check_output(output)
    check_images(scene)
    video = Path(output) if is_video(output) else None
    written = 0
    total = last - first + 1

    def count(*_: Any) -> None:
        nonlocal written
        written += 1
        progress(written / total, f"frame {written} of {total}")

    before = scene.render.filepath, scene.frame_start, scene.frame_end
    partial = video.with_name(f"{video.stem}.partial{video.suffix}") if video else None
    failure = ""
    try:
        render.set_output(scene, str(partial) if partial else output)
        scene.frame_start, scene.frame_end = first, last
        with _headless_preferences(), _handler(bpy.app.handlers.render_write, count):
            try:
                bpy.ops.render.render(animation=True, scene=scene.name)
            except RuntimeError as error:
                failure = " ".join(str(error).split())
        if written < total:
            reason = failure or "Blender stopped early"
            raise EverZoomError(
                f"Only {written} of {total} frames could be written to {output} ({reason}): "
                "check the free space and the folder, then render again."
            )
        if partial and video:
            partial.replace(video)
    finally:
        if partial:
            partial.unlink(missing_ok=True)
        scene.render.filepath, scene.frame_start, scene.frame_end = before


def check_images(scene: Any) -> None:
    """Make sure that the images of a scene's zooms are there.

    Raises:
        EverZoomError: Some are missing; the message names them.
    """
    from .rig import controls, layer_image, parts

    missing = []
    for control in controls(scene):
        for layer in parts(control, "layer"):
            image = layer_image(layer)
            if image is None or image.packed_file is not None or image.source == "GENERATED":
                continue
            file = Path(bpy.path.abspath(image.filepath))
            if not file.exists():
                missing.append(str(file))
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise EverZoomError(
            f"Images are missing: {', '.join(missing[:3])}{more}: put them back, or choose File > "
            "External Data > Find Missing Files."
        )


@contextlib.contextmanager
def _handler(handlers: Any, function: Callable[..., None]) -> Iterator[None]:
    handlers.append(function)
    try:
        yield
    finally:
        handlers.remove(function)


@contextlib.contextmanager
def _headless_preferences() -> Iterator[None]:
    """Switch the anisotropic texture filter off where no window's user has chosen it.

    In software OpenGL it blurs even pictures that are shown at their own size.
    """
    system = bpy.context.preferences.system
    before = system.anisotropic_filter
    if bpy.app.background:
        system.anisotropic_filter = "FILTER_0"
    try:
        yield
    finally:
        system.anisotropic_filter = before
