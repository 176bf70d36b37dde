"""What the user sees of a zoom: the view through its camera, and playback."""

from __future__ import annotations

import math
from typing import Any

import bpy

from ..scene.output.output_settings import ENGINE_IDS
from ..scene.planes import objects
from ..settings import Engine
from .asking import active_zoom, has_zoom
from .reporting import Reporting

MARGIN = 8.0  # pixels between the camera's frame and what surrounds it


def look_through_camera(window: bpy.types.Window) -> None:
    """Show the scene through its camera, in colours as rendered, in all 3D Views."""
    for area in window.screen.areas:
        if area.type != "VIEW_3D":
            continue
        space = area.spaces.active
        if space.shading.type in {"SOLID", "WIREFRAME"}:
            # With Workbench there is no Material Preview.
            is_workbench = window.scene.render.engine == ENGINE_IDS[Engine.WORKBENCH]
            space.shading.type = "RENDERED" if is_workbench else "MATERIAL"
        if space.region_3d.view_perspective != "CAMERA":
            space.region_3d.view_perspective = "CAMERA"
            if not space.region_quadviews:
                _fit_frame(area, window.scene.render)


def free_part(area: Any) -> tuple[Any, float, float, float, float]:
    """What is seen of a 3D View between the toolbar, the headers and the sidebar.

    Returns:
        Its region, and the left, right, bottom and top of that part, in pixels of the window.
    """
    view = next(region for region in area.regions if region.type == "WINDOW")
    left, right, bottom, top = view.x, view.x + view.width, view.y, view.y + view.height
    for region in area.regions:
        if region.type in {"WINDOW", "HUD"} or min(region.width, region.height) <= 1:
            continue
        if region.alignment == "LEFT":
            left = max(left, region.x + region.width)
        elif region.alignment == "RIGHT":
            right = min(right, region.x)
        elif region.alignment == "BOTTOM":
            bottom = max(bottom, region.y + region.height)
        elif region.alignment == "TOP":
            top = min(top, region.y)
    return view, left, right, bottom, top


def _fit_frame(area: Any, render: Any) -> None:
    """Bring the camera's frame into the free part of a 3D View.

    Blender's own Frame Camera Bounds lays it under the sidebar. Source of the formulas: Blender's
    BKE_screen_view3d_zoom_from_fac and BKE_camera_params_compute_viewplane.
    """
    view, left, right, bottom, top = free_part(area)
    aspect = (render.resolution_x * render.pixel_aspect_x) / (
        render.resolution_y * render.pixel_aspect_y
    )
    width = min(right - left - 2 * MARGIN, (top - bottom - 2 * MARGIN) * aspect)
    if width < 50.0:
        return
    # At scale 1 the camera's sensor, fitted horizontally, is as wide as the view.
    scale = width / view.width
    space = area.spaces.active.region_3d
    space.view_camera_zoom = (2.0 * math.sqrt(scale) - math.sqrt(2.0)) * 50.0
    space.view_camera_offset = (
        ((view.x + view.width / 2.0) - (left + right) / 2.0) / (2.0 * scale * view.width),
        ((view.y + view.height / 2.0) - (bottom + top) / 2.0) / (2.0 * scale * view.height),
    )


class EVERZOOM_OT_preview(Reporting, bpy.types.Operator):
    """Look through the zoom's camera and play it; press again to stop"""

    bl_idname = "ever_zoom.preview"
    bl_label = "Play"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context) and context.screen is not None

    def act(self, context: Any) -> None:
        if not context.screen.is_animation_playing:
            camera = next(objects.parts(active_zoom(context), "camera"), None)
            if camera is not None:
                context.scene.camera = camera
            look_through_camera(context.window)
        bpy.ops.screen.animation_play()


CLASSES = (EVERZOOM_OT_preview,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
