"""Entries in Blender's own menus, and what becomes of files dropped on the 3D View."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.files.image_file import IMAGE_SUFFIXES
from .building import EVERZOOM_OT_import
from .rendering import EVERZOOM_OT_bake_camera


def _draw_import(menu: Any, _context: Any) -> None:
    menu.layout.operator(EVERZOOM_OT_import.bl_idname, text="Image Series as Infinite Zoom")


def _draw_add_image(menu: Any, _context: Any) -> None:
    menu.layout.operator(EVERZOOM_OT_import.bl_idname, text="Infinite Zoom", icon="IMAGE_DATA")


def _draw_bake(menu: Any, _context: Any) -> None:
    menu.layout.operator(EVERZOOM_OT_bake_camera.bl_idname)


class EVERZOOM_FH_images(bpy.types.FileHandler):
    """Offers the zoom among what dropped images can become."""

    bl_idname = "EVERZOOM_FH_images"
    bl_label = "Image Series as Infinite Zoom"
    bl_import_operator = EVERZOOM_OT_import.bl_idname
    bl_file_extensions = ";".join(sorted(IMAGE_SUFFIXES))

    @classmethod
    def poll_drop(cls, context: Any) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def register() -> None:
    """Add what this module has to Blender."""
    bpy.utils.register_class(EVERZOOM_FH_images)
    bpy.types.TOPBAR_MT_file_import.append(_draw_import)  # type: ignore[arg-type]
    bpy.types.VIEW3D_MT_image_add.append(_draw_add_image)  # type: ignore[arg-type]
    bpy.types.VIEW3D_MT_object_animation.append(_draw_bake)  # type: ignore[arg-type]


def unregister() -> None:
    """Take out what `register` added."""
    bpy.types.VIEW3D_MT_object_animation.remove(_draw_bake)  # type: ignore[arg-type]
    bpy.types.VIEW3D_MT_image_add.remove(_draw_add_image)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.remove(_draw_import)  # type: ignore[arg-type]
    bpy.utils.unregister_class(EVERZOOM_FH_images)
