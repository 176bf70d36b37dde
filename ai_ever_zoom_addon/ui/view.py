"""What the user sees of a zoom: the view through its camera, and playback."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import StringProperty

from ..errors import EverZoomError
from ..scene import active, backdrop
from ..scene.output.output_settings import ENGINE_IDS
from ..scene.placing import is_placing
from ..scene.planes import objects
from ..settings import Engine
from .asking import active_zoom, has_zoom
from .languages import CONTEXT
from .reporting import Reporting

# Of a 3D View's shadings those in which it can show what the compositor makes.
SHADINGS_WITH_COMPOSITING = ("MATERIAL", "RENDERED")

MARGIN = 8.0  # pixels between the camera's frame and what surrounds it


@dataclass(frozen=True)
class _Look:
    """How a 3D View was before it looked through a zoom's camera."""

    perspective: str
    shading: str
    zoom: float
    offset: tuple[float, float]
    distance: float
    location: tuple[float, ...]
    rotation: tuple[float, ...]
    has_cursor: bool
    has_origins: bool
    compositor: str

    @classmethod
    def of(cls, space: Any) -> _Look:
        """How it is."""
        view = space.region_3d
        x, y = view.view_camera_offset
        return cls(
            perspective=view.view_perspective,
            shading=space.shading.type,
            zoom=view.view_camera_zoom,
            offset=(x, y),
            distance=view.view_distance,
            location=tuple(view.view_location),
            rotation=tuple(view.view_rotation),
            has_cursor=space.overlay.show_cursor,
            has_origins=space.overlay.show_object_origins,
            compositor=space.shading.use_compositor,
        )

    def put_back(self, space: Any) -> None:
        """Let a view be so again, as far as it still shows what it was made to."""
        view = space.region_3d
        if view.view_perspective == "CAMERA":
            view.view_perspective = self.perspective
            view.view_camera_zoom, view.view_camera_offset = self.zoom, self.offset
            view.view_distance, view.view_location = self.distance, self.location
            view.view_rotation = self.rotation  # a camera's view has turned it
        if space.shading.type in SHADINGS_WITH_COMPOSITING:
            space.shading.type = self.shading
        if self.compositor == "DISABLED" and space.shading.use_compositor == "CAMERA":
            space.shading.use_compositor = self.compositor  # see `show_compositing`
        overlay = space.overlay
        overlay.show_cursor = overlay.show_cursor or self.has_cursor
        overlay.show_object_origins = overlay.show_object_origins or self.has_origins


# By where a view is in memory, which stays while it is there: how it was, and which of them show
# another scene by now.
_looks: dict[int, _Look] = {}
_left: set[int] = set()


@persistent  # type: ignore[untyped-decorator]
def follow(*_: object) -> None:
    """Give views back where their window shows no zoom any more, and take them where it does.

    All scenes of a window share its views: so what a zoom needs would stay over the user's scene.
    """
    for window in bpy.context.window_manager.windows:
        spaces = [area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D"]
        if is_placing(window.scene):  # for a while, in a view of its own
            continue
        if active.zoom_of(window.scene) is None:
            for space in spaces:
                look = _looks.pop(space.as_pointer(), None)
                if look is not None:
                    look.put_back(space)
                    _left.add(space.as_pointer())
        elif any(space.as_pointer() in _left for space in spaces):
            look_through_camera(window)


@persistent  # type: ignore[untyped-decorator]
def _start(*_: object) -> None:
    """In a new file there are other views; Blender forgets who wants to be told."""
    _looks.clear()
    _left.clear()
    _to_fit.clear()
    bpy.msgbus.clear_by_owner(_looks_owner)
    of_a_window: Any = (bpy.types.Window, "scene")
    bpy.msgbus.subscribe_rna(key=of_a_window, owner=_looks_owner, args=(), notify=follow)


_looks_owner = object()


def look_through_camera(window: bpy.types.Window) -> None:
    """Show the scene through its camera, in colours as rendered, in all 3D Views."""
    for area in window.screen.areas:
        if area.type != "VIEW_3D":
            continue
        space = area.spaces.active
        if space.as_pointer() not in _looks:
            _looks[space.as_pointer()] = _Look.of(space)
            # They lie at the zoom's centre: in the middle of the picture.
            space.overlay.show_cursor = space.overlay.show_object_origins = False
        _left.discard(space.as_pointer())
        if space.shading.type in {"SOLID", "WIREFRAME"}:
            # With Workbench there is no Material Preview.
            is_workbench = window.scene.render.engine == ENGINE_IDS[Engine.WORKBENCH]
            space.shading.type = "RENDERED" if is_workbench else "MATERIAL"
        if space.region_3d.view_perspective != "CAMERA":
            space.region_3d.view_perspective = "CAMERA"
            if not space.region_quadviews:
                _fit_frame(area, window.scene.render)


def show_compositing(window: bpy.types.Window) -> None:
    """Let views through the camera show what the compositor makes, where they can and showed none.

    Within the camera's frame only: around it is no picture.
    """
    for area in window.screen.areas:
        if area.type != "VIEW_3D":
            continue
        space = area.spaces.active
        shading, is_camera = space.shading, space.region_3d.view_perspective == "CAMERA"
        can_show = is_camera and shading.type in SHADINGS_WITH_COMPOSITING
        if can_show and shading.use_compositor == "DISABLED":
            shading.use_compositor = "CAMERA"


def frame_timeline(window: bpy.types.Window) -> None:
    """Show the whole range of the scene in the window's timelines."""
    for area, region in _timelines(window):
        _frame_timeline(window, area, region)


def _timelines(window: bpy.types.Window) -> Iterator[tuple[Any, Any]]:
    """The areas of a window that are timelines, with the region that shows the frames."""
    for area in window.screen.areas:
        region = next((part for part in area.regions if part.type == "WINDOW"), None)
        if area.ui_type == "TIMELINE" and region is not None and not bpy.app.background:
            yield area, region


def _frame_timeline(window: Any, area: Any, region: Any) -> None:
    context: Any = bpy.context
    operators: Any = bpy.ops
    with context.temp_override(window=window, area=area, region=region):
        operators.action.view_all()


# Timelines, by where they are in memory, that are going to show all frames again.
_to_fit: set[int] = set()
_FIT_SECONDS = 0.3  # after the last change: while a slider is dragged nothing moves


@contextlib.contextmanager
def timelines_follow(scene: Any) -> Iterator[None]:
    """Fit timelines to the frames of a scene again if these change, where all of them were in view.

    Where the user looks at a part of them the view stays.
    """
    windows = [item for item in bpy.context.window_manager.windows if item.scene == scene]
    shown = [area for item in windows for area, region in _timelines(item) if _shows(region, scene)]
    before = scene.frame_start, scene.frame_end
    yield
    if not shown or before == (scene.frame_start, scene.frame_end):
        return
    _to_fit.update(area.as_pointer() for area in shown)
    _forget_fit()
    bpy.app.timers.register(_fit_timelines, first_interval=_FIT_SECONDS, persistent=True)


def _shows(region: Any, scene: Any) -> bool:
    """Whether a timeline shows all frames of a scene."""
    left, right = (region.view2d.region_to_view(x, 0)[0] for x in (0, region.width))
    return bool(left <= scene.frame_start and scene.frame_end <= right)


def _fit_timelines() -> None:
    with contextlib.suppress(RuntimeError):  # see `inform`
        for window in bpy.context.window_manager.windows:
            for area, region in _timelines(window):
                if area.as_pointer() in _to_fit:
                    _frame_timeline(window, area, region)
    _to_fit.clear()


def _forget_fit() -> None:
    if bpy.app.timers.is_registered(_fit_timelines):
        bpy.app.timers.unregister(_fit_timelines)


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


class EVERZOOM_OT_show_zoom(Reporting, bpy.types.Operator):
    """Show another scene, which has a zoom"""

    bl_idname = "ever_zoom.show_zoom"
    bl_label = "Go to the Zoom"

    scene: StringProperty(
        name="Scene",
        translation_context=CONTEXT,
        description="Which scene; if it is empty, the first one that has a zoom",
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        return context.window is not None

    def act(self, context: Any) -> None:
        scenes = {scene.name: scene for scene in backdrop.zoom_scenes(context.scene)}
        scene = scenes.get(self.scene or next(iter(scenes), ""))
        if scene is None:
            raise EverZoomError("There is no other scene with a zoom: build one.")
        context.window.scene = scene
        look_through_camera(context.window)


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


CLASSES = (EVERZOOM_OT_show_zoom, EVERZOOM_OT_preview)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


def _handlers() -> tuple[tuple[Any, Any], ...]:
    handlers = bpy.app.handlers
    return (handlers.undo_post, follow), (handlers.redo_post, follow), (handlers.load_post, _start)


def register() -> None:
    """Add what this module has to Blender."""
    _register()
    _start()
    for handlers, handler in _handlers():
        handlers.append(handler)


def unregister() -> None:
    """Take out what `register` added."""
    for handlers, handler in _handlers():
        handlers.remove(handler)
    bpy.msgbus.clear_by_owner(_looks_owner)
    _forget_fit()
    _to_fit.clear()
    _unregister()
