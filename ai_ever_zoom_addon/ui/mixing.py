"""The sub-panel with the ways to use a zoom in another scene, and its buttons."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from ..errors import EverZoomError
from ..scene import backdrop, screen
from ..texts import Text, joined
from . import data
from .languages import CONTEXT, refuse
from .reporting import Reporting, warn
from .tab import PartOfTab


def _names(_operator: Any, context: Any, _text: str) -> list[str]:
    return [scene.name for scene in backdrop.zoom_scenes(context.scene)]


class _OfAnotherScene(Reporting):
    bl_options = {"REGISTER", "UNDO"}

    zoom: StringProperty(
        name="Zoom",
        translation_context=CONTEXT,
        description="Scene of the zoom; if it is empty, the first one that has a zoom",
        search=_names,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not backdrop.zoom_scenes(context.scene):
            return refuse(cls, "No other scene has a zoom: build one, then show your own scene")
        return True

    def use(self, context: Any, zoom: Any) -> tuple[Text, list[str]]:
        """Do it; what was done, and what is to be known."""
        raise NotImplementedError

    def act(self: Any, context: Any) -> None:
        zooms = {scene.name: scene for scene in backdrop.zoom_scenes(context.scene)}
        zoom = zooms.get(self.zoom or next(iter(zooms)))
        if zoom is None:
            raise EverZoomError('No scene "{zoom}" has a zoom: choose another one.', zoom=self.zoom)
        done, remarks = self.use(context, zoom)
        text = joined([done, *remarks], "; ")  # of several, one would be seen
        warn(self, text, "INFO")


class EVERZOOM_OT_use_as_backdrop(_OfAnotherScene, bpy.types.Operator):
    """Let the zoom of another scene stand behind everything in this one, when it is rendered"""

    bl_idname = "ever_zoom.use_as_backdrop"
    bl_label = "Use as Backdrop"

    def use(self, context: Any, zoom: Any) -> tuple[Text, list[str]]:
        remarks = backdrop.use_as_backdrop(context.scene, zoom)
        done = Text('"{zoom}" stands behind this scene when it is rendered', zoom=zoom.name)
        return done, remarks


class EVERZOOM_OT_remove_backdrop(Reporting, bpy.types.Operator):
    """Take the backdrop away, and show the background as it was"""

    bl_idname = "ever_zoom.remove_backdrop"
    bl_label = "Remove Backdrop"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        backdrop.remove_backdrop(context.scene)


class EVERZOOM_OT_put_on_screen(_OfAnotherScene, bpy.types.Operator):
    """Show the rendered frames of another scene's zoom on the active object, over and over"""

    bl_idname = "ever_zoom.put_on_screen"
    bl_label = "Put on Screen"

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not super().poll(context):
            return False
        item = context.active_object
        if item is None or item.type != "MESH" or item.mode != "OBJECT":
            return refuse(cls, "Select a flat object, such as a plane, in Object Mode first")
        return True

    def use(self, context: Any, zoom: Any) -> tuple[Text, list[str]]:
        item = context.active_object
        remarks = screen.put_on_screen(zoom, item)
        done = Text(
            '{screen} shows the rendered frames of "{zoom}"', screen=item.name, zoom=zoom.name
        )
        return done, remarks


class EVERZOOM_PT_mixing(PartOfTab, bpy.types.Panel):
    """A zoom among the user's own things."""

    bl_label = "Mixing with a Scene"

    def draw(self, context: Any) -> None:
        column = self.layout.column(align=True)
        column.operator(EVERZOOM_OT_use_as_backdrop.bl_idname, icon="IMAGE_BACKGROUND")
        if data.of(context).has_backdrop:
            column.operator(EVERZOOM_OT_remove_backdrop.bl_idname, icon="X")
        self.layout.operator(EVERZOOM_OT_put_on_screen.bl_idname, icon="RESTRICT_VIEW_OFF")


CLASSES = (
    EVERZOOM_OT_use_as_backdrop,
    EVERZOOM_OT_remove_backdrop,
    EVERZOOM_OT_put_on_screen,
    EVERZOOM_PT_mixing,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
