"""The sub-panel of the compositing effects and its buttons."""

from __future__ import annotations

from typing import Any

import bpy

from ..errors import EverZoomError
from ..scene import compositing
from ..scene.planes import objects
from ..scene.strips.strips import has_strips
from .asking import active_zoom, has_planes
from .mending import draw_idle
from .properties import chosen_layer
from .reporting import Reporting
from .tab import PartOfTab


class EVERZOOM_OT_add_effects(Reporting, bpy.types.Operator):
    """Set up sharpening, glow, vignette and film grain in the compositor, each with a switch"""

    bl_idname = "ever_zoom.add_effects"
    bl_label = "Add Effects"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_planes(cls, context)

    def act(self, context: Any) -> None:
        compositing.add_effects(context.scene)


class EVERZOOM_OT_remove_effects(Reporting, bpy.types.Operator):
    """Take the effects away: frames have exactly the colours of the images again"""

    bl_idname = "ever_zoom.remove_effects"
    bl_label = "Remove Effects"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        compositing.remove_effects(context.scene)


class EVERZOOM_OT_add_image_mask(Reporting, bpy.types.Operator):
    """Add a node to the compositor that cuts out the chosen image, for effects on it alone"""

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
        self.report({"INFO"}, f'Added the node "{node.label}" to the compositor')


class EVERZOOM_PT_compositing(PartOfTab, bpy.types.Panel):
    """Effects on the finished picture."""

    bl_label = "Compositing"

    def draw(self, context: Any) -> None:
        layout = self.layout
        effects = list(compositing.effects(context.scene))
        if not effects:
            layout.operator(EVERZOOM_OT_add_effects.bl_idname, icon="NODE_COMPOSITING")
            return
        column = layout.column()
        if has_strips(context.scene):
            column.enabled = False
            draw_idle(layout, context, "Fast 2D goes past the compositor")
        for node in effects:
            row = column.row()
            row.prop(node, "mute", text=node.label, invert_checkbox=True)
            amount = row.row()
            amount.active = not node.mute
            amount.prop(node.inputs["Amount"], "default_value", text="", slider=True)
        layout.operator(EVERZOOM_OT_add_image_mask.bl_idname, icon="MOD_MASK")
        layout.operator(EVERZOOM_OT_remove_effects.bl_idname, icon="X")


CLASSES = (
    EVERZOOM_OT_add_effects,
    EVERZOOM_OT_remove_effects,
    EVERZOOM_OT_add_image_mask,
    EVERZOOM_PT_compositing,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
