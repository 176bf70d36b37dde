"""The sub-panel of effects that hang on images, and its buttons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..errors import EverZoomError
from ..scene import recipe, zooms
from ..scene.planes import anchors, objects
from . import data
from .asking import active_zoom, has_planes
from .properties import chosen_layer
from .reporting import OfZoom, Reporting
from .tab import PartOfTab
from .text import room, shortened


class _AddToImage(Reporting):
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_planes(cls, context)

    def add(self, context: Any, control: Any) -> int:
        """Put something on the image in view; its number."""
        raise NotImplementedError

    def act(self: Any, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        number = self.add(context, control)
        layer = objects.numbered(control, "layer")[number]
        self.report({"INFO"}, f"Added to image {number}, {layer.name}")


class EVERZOOM_OT_add_to_image(_AddToImage, bpy.types.Operator):
    """Put the selected objects on the image in view, below the next one: they go with the image"""

    bl_idname = "ever_zoom.add_to_image"
    bl_label = "Add to This Image"

    is_hidden: BoolProperty(
        name="Hide with the Image",
        description="Hide the objects while the image is out of sight, too",
        default=True,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not super().poll(context):
            return False
        if not anchors.addable(context.selected_objects, active_zoom(context)):
            cls.poll_message_set("Select what is to be added, other than parts of the zoom itself")
            return False
        return True

    def add(self, context: Any, control: Any) -> int:
        plan = zooms.plan_of(context.scene, control)
        objects = list(context.selected_objects)
        return anchors.add_objects(context.scene, control, plan, objects, hide=self.is_hidden)


class EVERZOOM_OT_add_text_to_image(_AddToImage, bpy.types.Operator):
    """Put a new text on the image in view, below the next one"""

    bl_idname = "ever_zoom.add_text_to_image"
    bl_label = "Add Text to This Image"

    text: StringProperty(
        name="Text", description="What it says; the image's name if it is empty", default=""
    )

    def add(self, context: Any, control: Any) -> int:
        scene = context.scene
        number = anchors.image_in_view(scene, control)
        series = recipe.stored_series(control)
        body = self.text or Path(series.images[number].file).stem
        plan = zooms.plan_of(scene, control)
        text = anchors.add_text(scene, control, plan, body)
        for item in context.selected_objects:
            item.select_set(False)
        text.select_set(True)
        context.view_layer.objects.active = text
        return number


class EVERZOOM_OT_go_to_image(OfZoom, bpy.types.Operator):
    """Move the timeline to where an image fills the view"""

    bl_idname = "ever_zoom.go_to_image"
    bl_label = "Go to Image"
    bl_options = {"REGISTER", "UNDO"}

    number: IntProperty(
        name="Image",
        description="0 is the outermost; -1 is the one that is chosen in the list",
        default=-1,
        min=-1,
    )

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        number = self.number if self.number >= 0 else chosen_layer(control.ever_zoom)
        frame = anchors.frame_of_image(control, number)
        if frame is None:
            raise EverZoomError(f"The zoom does not come to image {number}: choose another one")
        context.scene.frame_set(frame)


class EVERZOOM_OT_mark_images(OfZoom, bpy.types.Operator):
    """Name the images by markers of the timeline, where each of them fills the view"""

    bl_idname = "ever_zoom.mark_images"
    bl_label = "Mark Images in Timeline"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        count = anchors.mark_images(context.scene, active_zoom(context))
        self.report({"INFO"}, f"Set {count} markers")


class EVERZOOM_PT_effects(PartOfTab, bpy.types.Panel):
    """What hangs on images."""

    bl_label = "Effects"

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        column = layout.column(align=True)
        column.operator(EVERZOOM_OT_add_to_image.bl_idname, icon="ADD")
        column.operator(EVERZOOM_OT_add_text_to_image.bl_idname, icon="FONT_DATA")
        column = layout.column(align=True)
        column.operator(EVERZOOM_OT_go_to_image.bl_idname, icon="NEXT_KEYFRAME")
        column.operator(EVERZOOM_OT_mark_images.bl_idname, icon="MARKER_HLT")
        used = data.of(context).anchors
        if not used:
            return
        layout.label(text="Steps, for Drivers")
        column = layout.column()
        for name, image in used:
            anchor = context.scene.objects.get(name)
            if anchor is not None:
                text = shortened(context, image, 0.35 * room(context, 0.0))
                column.prop(anchor, f'["{anchors.STEP}"]', text=text)


CLASSES = (
    EVERZOOM_OT_add_to_image,
    EVERZOOM_OT_add_text_to_image,
    EVERZOOM_OT_go_to_image,
    EVERZOOM_OT_mark_images,
    EVERZOOM_PT_effects,
)


def register() -> None:
    """Add what this module has to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Take out what `register` added."""
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
