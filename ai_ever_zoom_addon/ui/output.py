"""What the user has set otherwise than the recipe, and the button that takes the recipe again."""

from __future__ import annotations

from typing import Any

import bpy

from ..scene import zooms
from ..scene.output.output_settings import differences, is_set_up, taken
from ..texts import Text
from ..wording import counted
from .asking import active_zoom
from .defaults import output_name
from .reporting import OfZoom, report
from .text import draw_lines

MOST_SHOWN = 6


class EVERZOOM_OT_take_recipe(OfZoom, bpy.types.Operator):
    """Set Blender's render and output settings as the zoom's recipe has them, all of them"""

    bl_idname = "ever_zoom.take_recipe"
    bl_label = "Take the Recipe Again"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        is_guest = not is_set_up(context.scene, control)
        count = len(differences(context.scene, control))
        zooms.take_recipe(context.scene, control, output_name())
        if is_guest:  # brought here from another file: all of them are new
            count = len(taken(context.scene, control))
        report(
            self,
            Text("{settings} taken from the recipe", settings=counted(count, "setting")),
        )


def draw_differences(layout: Any, context: Any) -> None:
    """What of the scene's settings is the user's own, below the choices for the output."""
    control = active_zoom(context)
    found = differences(context.scene, control) if control is not None else []
    if not found:
        return
    box = layout.box()
    column = box.column(align=True)
    column.label(text="Not as in the recipe:", icon="INFO")
    told = [difference.text for difference in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        told.append(Text("and {count} more", count=len(found) - MOST_SHOWN))
    for text in told:
        draw_lines(column, context, text, icon="BLANK1")
    box.operator(EVERZOOM_OT_take_recipe.bl_idname)


CLASSES = (EVERZOOM_OT_take_recipe,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
