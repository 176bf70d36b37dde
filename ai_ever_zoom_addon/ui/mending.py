"""The buttons beside what the panel tells: they put it right."""

from __future__ import annotations

import json
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import StringProperty

from ..errors import EverZoomError
from ..scene import active, recipe
from ..scene.planes import objects
from ..settings import TABLE, Engine
from ..texts import Text
from ..wording import counted
from .asking import active_group, active_zoom
from .bridge import change, problem_of
from .languages import CONTEXT, explained, translated
from .reporting import OfZoom, Reporting, report, warned
from .text import draw_lines

# Why what an engine other than Fast 2D shows is grey.
FLAT = Text("Fast 2D shows the pictures only: choose another engine for this.")


class EVERZOOM_OT_take_back(OfZoom, bpy.types.Operator):
    """Give the setting the value again with which the zoom was built"""

    bl_idname = "ever_zoom.take_back"
    bl_label = "Take Back"
    bl_options = {"REGISTER", "UNDO"}

    setting: StringProperty(
        name="Setting",
        translation_context=CONTEXT,
        description="Which one, by its name for scripts",
        options={"HIDDEN"},
    )

    def act(self, context: Any) -> None:
        values = recipe.unbuilt(active_zoom(context))
        if self.setting not in values:
            raise EverZoomError(
                "{setting} does not wait for a build: nothing to take back.", setting=self.setting
            )
        change(active_group(context), {self.setting: values[self.setting]})


class EVERZOOM_OT_choose(Reporting, bpy.types.Operator):
    """Choose a setting so; it acts at once"""

    bl_idname = "ever_zoom.choose"
    bl_label = "Choose"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    choices: StringProperty(
        name="Choices",
        translation_context=CONTEXT,
        description="The settings, as JSON",
        default="{}",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        names = list(json.loads(properties.choices))
        return explained(TABLE[names[0]].help if len(names) == 1 else str(cls.__doc__))

    def act(self, context: Any) -> None:
        change(active_group(context), json.loads(self.choices))


class EVERZOOM_OT_dismiss(OfZoom, bpy.types.Operator):
    """Do not remark this any more, neither now nor after another build"""

    bl_idname = "ever_zoom.dismiss"
    bl_label = "Dismiss"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    remark: StringProperty(
        name="Remark",
        translation_context=CONTEXT,
        description="What the remark is about",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        recipe.dismiss(control, [*recipe.stored_dismissed(control), self.remark])


class EVERZOOM_OT_remark_again(OfZoom, bpy.types.Operator):
    """Show the remarks again that were dismissed"""

    bl_idname = "ever_zoom.remark_again"
    bl_label = "Show Dismissed Remarks"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        recipe.dismiss(control, [])


class EVERZOOM_OT_remove_remains(Reporting, bpy.types.Operator):
    """Remove what is left of deleted zooms, and copies of a control; your own objects stay"""

    bl_idname = "ever_zoom.remove_remains"
    bl_label = "Remove What Is Left"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any) -> None:
        count = objects.remove_remains(context.scene)
        active.forget()
        report(self, Text("Removed {objects}", objects=counted(count, "object")))


class EVERZOOM_OT_forget_warnings(bpy.types.Operator):
    """Take from the panel what was reported"""

    bl_idname = "ever_zoom.forget_warnings"
    bl_label = "Forget What Was Reported"
    bl_translation_context = CONTEXT
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        warned.clear()
        return {"FINISHED"}


def draw_warned(layout: Any, context: Any) -> None:
    """What the last button reported, in full: the status bar cuts it."""
    if not warned:
        return
    row = layout.box().row()
    column = row.column()
    for text in warned:
        draw_lines(column, context, text, icon="INFO", units=2.5)
    row.operator("ever_zoom.forget_warnings", text="", icon="X", emboss=False)


def draw_setting(
    layout: Any, context: Any, group: Any, name: str, waiting: tuple[str, ...] = ()
) -> None:
    """A setting; one that waits for the next build is marked, and can be taken back."""
    field = layout.row(align=True) if name in waiting else layout.column(align=True)
    field.alert = name in waiting
    field.prop(group, name)
    draw_take_back(field, name, waiting)
    draw_refused(layout, context, problem_of(group, name))


def draw_refused(layout: Any, context: Any, reason: str) -> None:
    """Below a field why it did not take its last value: the panel's top may be out of sight."""
    if reason:
        column = layout.column()
        column.alert = True
        draw_lines(column, context, reason)


def draw_take_back(row: Any, name: str, waiting: tuple[str, ...]) -> None:
    """The button beside a setting that waits for the next build."""
    if name in waiting:
        row.operator("ever_zoom.take_back", text="", icon="LOOP_BACK").setting = name


def is_fast_2d(group: Any) -> bool:
    """Whether settings are of a zoom in the sequencer, where some do nothing."""
    return bool(group.engine == Engine.SEQUENCER.value)


def draw_idle(layout: Any, context: Any, reason: str) -> None:
    """Why what is above is grey."""
    draw_lines(layout, context, reason, icon="INFO")


def draw_samples(layout: Any, context: Any, group: Any) -> None:
    """The samples: while none are given the engine's recipe says how many."""
    label = TABLE["samples"].label
    if group.samples:
        row = layout.row(align=True, heading=label)
        row.prop(group, "samples", text="")
        row.operator("ever_zoom.choose", text="", icon="X").choices = json.dumps({"samples": 0})
        draw_refused(layout, context, problem_of(group, "samples"))
        return
    row = layout.split(factor=0.4)  # as beside a field: a heading shows beside fields only
    heading = row.row()
    heading.alignment = "RIGHT"
    heading.label(text=translated(label), translate=False)
    row.operator("ever_zoom.choose", text="Auto").choices = json.dumps({"samples": 1})


def draw_remains(layout: Any, count: int) -> None:
    """That something belongs to no zoom any more."""
    if not count:
        return
    box = layout.box().column()
    text = Text("{objects} without a zoom", objects=counted(count, "object"))
    box.label(text=translated(text), translate=False, icon="ORPHAN_DATA")
    box.operator("ever_zoom.remove_remains", icon="TRASH")


CLASSES = (
    EVERZOOM_OT_take_back,
    EVERZOOM_OT_choose,
    EVERZOOM_OT_dismiss,
    EVERZOOM_OT_remark_again,
    EVERZOOM_OT_forget_warnings,
    EVERZOOM_OT_remove_remains,
)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


@persistent  # type: ignore[untyped-decorator]
def _forget(*_: object) -> None:
    """Another file is open."""
    warned.clear()


def register() -> None:
    """Add what this module has to Blender."""
    _register()
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    """Take out what `register` added."""
    bpy.app.handlers.load_post.remove(_forget)
    _forget()
    _unregister()
