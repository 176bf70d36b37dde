"""What the chosen image of the list has of its own: its fields, and the way back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ..settings import OF_IMAGE, LengthBy, Travel
from ..texts import Text, joined
from .asking import active_zoom, listed_image
from .bridge import PACES, as_all, change, problem_of, to_settings
from .languages import CONTEXT, explained, refuse
from .mending import draw_idle, draw_refused
from .reporting import OfZoom

OWN_ICON = "OPTIONS"
OWN_UNITS = 1.0  # icons' widths that it takes in a row of the list

_PANEL = "EVERZOOM_of_image"


class EVERZOOM_OT_as_all(OfZoom, bpy.types.Operator):
    """Make this image as all others are"""

    bl_idname = "ever_zoom.as_all"
    bl_label = "As All Images"
    bl_options = {"REGISTER", "UNDO"}

    row: IntProperty(
        name="Row", translation_context=CONTEXT, description="Number of the row in the list", min=0
    )
    setting: StringProperty(
        name="Setting",
        translation_context=CONTEXT,
        description="What of it, by its name for scripts; nothing: all",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        control = active_zoom(context)
        rows = control.ever_zoom.images if control is not None else ()
        if properties.setting or properties.row >= len(rows):
            return explained(Text("Take what is set for all images"))
        own = to_settings(control.ever_zoom).of_image(rows[properties.row].name).own
        if not own:
            return explained(str(cls.__doc__))
        labels = joined(Text(OF_IMAGE[name].label) for name in own)
        return explained(
            Text(
                "This image has its own {settings}: press to make it as all others are",
                settings=labels,
            )
        )

    def act(self, context: Any) -> None:
        group = active_zoom(context).ever_zoom
        as_all(group, listed_image(group, self.row).name, self.setting)


class EVERZOOM_OT_own_to_selected(OfZoom, bpy.types.Operator):
    """Give the selected images all that this one has of its own, and nothing else"""

    bl_idname = "ever_zoom.own_to_selected"
    bl_label = "Copy to Selected"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not super().poll(context):
            return False
        if not _selected(active_zoom(context).ever_zoom):
            return refuse(cls, "Select other images in the list")
        return True

    def act(self, context: Any) -> None:
        group = active_zoom(context).ever_zoom
        settings = to_settings(group)
        own = settings.of_image(group.images[group.active_image].name)
        for name in _selected(group):
            settings = settings.with_image(replace(own, image=name))
        change(group, {"of_images": settings.of_images})


def _selected(group: Any) -> list[str]:
    """The files of the images that are selected beside the chosen one."""
    rows = enumerate(group.images)
    return [row.name for number, row in rows if row.is_selected and number != group.active_image]


def draw_own(layout: Any, index: int) -> None:
    """In a row of the list: that the image has something of its own."""
    layout.operator(EVERZOOM_OT_as_all.bl_idname, text="", icon=OWN_ICON, emboss=False).row = index


def draw_of_image(layout: Any, context: Any, group: Any) -> None:
    """Below the list: the fields of the chosen image."""
    item = group.images[group.active_image]
    header, body = layout.panel(_PANEL, default_closed=True)
    header.label(text="Of This Image")
    if body is None:
        return
    body.use_property_split, body.use_property_decorate = True, False
    own = to_settings(group).of_image(item.name).own
    is_ring = group.travel == Travel.LOOP.value
    has_next = is_ring or item.layer < group.image_count - 1
    pace = "frames" if group.length_by == LengthBy.FRAMES.value else "seconds"
    draw = partial(_draw, body, context, group, item, own)
    draw("hold")
    says_markers = group.length_by == LengthBy.MARKERS.value
    draw(pace, is_idle=says_markers or not has_next)
    if says_markers:
        draw_idle(body, context, Text("The markers say the pace."))
    elif not has_next:
        draw_idle(body, context, Text("From the innermost image there is no way on."))
    reason = ""
    if item.layer == 0 and not is_ring:
        reason = Text("All of the outermost image is used.")
    elif item.is_in_hole:
        reason = Text("The hole through which it is seen is its mask.")
    for name in ("crop", "feather", "mask"):
        draw(name, is_idle=bool(reason))
    if reason:
        draw_idle(body, context, reason)
    if item.has_depth:
        draw("depth")
    if _selected(group):
        body.operator(EVERZOOM_OT_own_to_selected.bl_idname)


def _draw(
    layout: Any,
    context: Any,
    group: Any,
    item: Any,
    own: Any,
    name: str,
    *,
    is_idle: bool = False,
) -> None:
    """One field, with the way back where it is not as for all."""
    is_own = name in own or (name in PACES and any(pace in own for pace in PACES))
    row = layout.row(align=True)
    field = row.row(align=True)
    field.enabled = not is_idle
    field.prop(item, name)
    if is_own:
        back = row.operator(EVERZOOM_OT_as_all.bl_idname, text="", icon="LOOP_BACK")
        back.row, back.setting = group.active_image, name
    draw_refused(layout, context, problem_of(group, item.name, name))


CLASSES = (EVERZOOM_OT_as_all, EVERZOOM_OT_own_to_selected)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
