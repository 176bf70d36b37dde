"""The buttons for what hangs on images, and for where these are in time."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty

from ..errors import EverZoomError
from ..scene import zooms
from ..scene.planes import anchors, objects
from ..texts import Text
from .asking import active_zoom, has_planes
from .languages import CONTEXT, refuse
from .properties import chosen_layer
from .reporting import OfZoom, Reporting, report


class EVERZOOM_OT_add_to_image(Reporting, bpy.types.Operator):
    """Put the selected objects on the image in view, below the next one: they go with the image"""

    bl_idname = "ever_zoom.add_to_image"
    bl_label = "Add to This Image"
    bl_options = {"REGISTER", "UNDO"}

    is_hidden: BoolProperty(
        name="Hide with the Image",
        translation_context=CONTEXT,
        description="Hide the objects while the image is out of sight, too",
        default=True,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not has_planes(cls, context):
            return False
        if not anchors.addable(context.selected_objects, active_zoom(context)):
            return refuse(cls, "Select what is to be added, other than parts of the zoom itself")
        return True

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        plan = zooms.plan_of(context.scene, control)
        items = list(context.selected_objects)
        number = anchors.add_objects(context.scene, control, plan, items, hide=self.is_hidden)
        layer = objects.numbered(control, "layer")[number]
        report(self, Text("Added to image {number}, {image}", number=number, image=layer.name))


class EVERZOOM_OT_go_to_image(OfZoom, bpy.types.Operator):
    """Move the timeline to where an image fills the view"""

    bl_idname = "ever_zoom.go_to_image"
    bl_label = "Go to Image"
    bl_options = {"REGISTER", "UNDO"}

    number: IntProperty(
        name="Image",
        translation_context=CONTEXT,
        description="0 is the outermost; -1 is the one that is chosen in the list",
        default=-1,
        min=-1,
    )

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        number = self.number if self.number >= 0 else chosen_layer(control.ever_zoom)
        frame = anchors.frame_of_image(control, number)
        if frame is None:
            raise EverZoomError(
                "The zoom does not come to image {number}: choose another one", number=number
            )
        context.scene.frame_set(frame)


class EVERZOOM_OT_mark_images(OfZoom, bpy.types.Operator):
    """Name the images by markers of the timeline, where each of them fills the view"""

    bl_idname = "ever_zoom.mark_images"
    bl_label = "Mark Images in Timeline"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        count = anchors.mark_images(context.scene, active_zoom(context))
        report(
            self, Text("Set 1 marker") if count == 1 else Text("Set {count} markers", count=count)
        )


CLASSES = (
    EVERZOOM_OT_add_to_image,
    EVERZOOM_OT_go_to_image,
    EVERZOOM_OT_mark_images,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
