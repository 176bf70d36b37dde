"""Which engine suits the machine."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Any

import bpy
import gpu

from ...settings import Engine
from .output_settings import has_engine


def best_engine(*, needs_planes: bool) -> Engine:
    """The engine with which a zoom is done soonest.

    Args:
        needs_planes: Something is asked for that the sequencer cannot do.
    """
    if gpu_name() is not None:
        return Engine.EEVEE
    if not needs_planes:
        return Engine.SEQUENCER
    return Engine.CYCLES if has_engine(Engine.CYCLES) else Engine.EEVEE


@cache
def gpu_name() -> str | None:
    """The name of the GPU that draws, or None where software does.

    The first call may take half a second: in the background Blender has no OpenGL until a picture
    is drawn.
    """
    if sys.platform == "linux" and not _may_have_gpu():
        return None
    if hasattr(gpu, "init"):  # since 5.2
        gpu.init()
    elif bpy.app.background:
        _draw_something()
    if gpu.platform.device_type_get() == "SOFTWARE":
        return None
    return str(gpu.platform.renderer_get())


def _may_have_gpu() -> bool:
    """Whether looking for a GPU is worth while; without libEGL Blender would abort."""
    devices = Path("/dev")
    if not any(devices.glob("dri/render*")) and not any(devices.glob("nvidia[0-9]*")):
        return False
    try:
        ctypes.CDLL("libEGL.so.1")
    except OSError:
        return False
    return True


def _draw_something() -> None:
    scene: Any = bpy.data.scenes.new("GPU")
    data = bpy.data.cameras.new("GPU")
    camera = bpy.data.objects.new("GPU", data)
    try:
        scene.collection.objects.link(camera)
        scene.camera = camera
        scene.render.engine = "BLENDER_WORKBENCH"
        scene.render.resolution_x = scene.render.resolution_y = 8
        bpy.ops.render.render(scene=scene.name)
    finally:
        bpy.data.objects.remove(camera)
        bpy.data.cameras.remove(data)
        bpy.data.scenes.remove(scene)
