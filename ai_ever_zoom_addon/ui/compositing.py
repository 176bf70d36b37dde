"""The sub-panel of the compositing filters and its buttons."""

from __future__ import annotations

from typing import Any

import bpy

from ..errors import EverZoomError
from ..scene import compositing
from ..scene.planes import objects
from ..scene.strips.strips import has_strips
from ..texts import Text
from .asking import active_zoom, has_planes
from .languages import translated
from .mending import draw_idle
from .properties import chosen_layer
from .reporting import Reporting, report
from .tab import PartOfTab
from .text import draw_lines
from .view import SHADINGS_WITH_COMPOSITING, show_compositing


class EVERZOOM_OT_add_compositing(Reporting, bpy.types.Operator):
    """Set up sharpening, glow, vignette and film grain in the compositor, each with a switch"""

    bl_idname = "ever_zoom.add_compositing"
    bl_label = "Add Compositing"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_planes(cls, context)

    def act(self, context: Any) -> None:
        compositing.add(context.scene)
        if context.window is not None:
            show_compositing(context.window)


class EVERZOOM_OT_remove_compositing(Reporting, bpy.types.Operator):
    """Take the compositing away: frames have exactly the colours of the images again"""

    bl_idname = "ever_zoom.remove_compositing"
    bl_label = "Remove Compositing"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        compositing.remove(context.scene)


class EVERZOOM_OT_add_image_mask(Reporting, bpy.types.Operator):
    """Add a node to the compositor that cuts out the chosen image, for filters on it alone"""

    bl_idname = "ever_zoom.add_image_mask"
    bl_label = "Mask of This Image"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_planes(cls, context)

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        layer = objects.numbered(control, "layer").get(chosen_layer(control.ever_zoom))
        if layer is None:
            raise EverZoomError("No image is chosen: choose one in the list")
        node = compositing.add_image_mask(context.scene, layer)
        report(self, Text('Added the node "{node}" to the compositor', node=node.label))


def _draw_in_view(layout: Any, context: Any) -> None:
    """Whether this view shows compositing, or why it cannot."""
    shading = context.area.spaces.active.shading
    if shading.type in SHADINGS_WITH_COMPOSITING:
        layout.prop(shading, "use_compositor", text="View")
    else:
        text = Text("Seen in Material Preview and Rendered shading: this view has another one.")
        draw_lines(layout, context, text, icon="INFO")


class EVERZOOM_PT_compositing(PartOfTab, bpy.types.Panel):
    """Filters for the finished picture."""

    bl_label = "Compositing"

    def draw(self, context: Any) -> None:
        layout = self.layout
        filters = list(compositing.filters(context.scene))
        if not filters:
            layout.operator(EVERZOOM_OT_add_compositing.bl_idname, icon="NODE_COMPOSITING")
            return
        column = layout.column()
        if has_strips(context.scene):
            column.enabled = False
            draw_idle(
                *(layout, context),
                Text("Fast 2D goes past the compositor: choose another engine for this."),
            )
        elif context.area is not None:
            _draw_in_view(column, context)
        for node in filters:
            row = column.row()
            name = translated(node.label)
            row.prop(node, "mute", text=name, translate=False, invert_checkbox=True)
            amount = row.row()
            amount.active = not node.mute
            amount.prop(node.inputs["Amount"], "default_value", text="", slider=True)
        layout.operator(EVERZOOM_OT_add_image_mask.bl_idname, icon="MOD_MASK")
        layout.operator(EVERZOOM_OT_remove_compositing.bl_idname, icon="X")


CLASSES = (
    EVERZOOM_OT_add_compositing,
    EVERZOOM_OT_remove_compositing,
    EVERZOOM_OT_add_image_mask,
    EVERZOOM_PT_compositing,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
