"""The sub-panel Effects: a button for each effect, and what hangs on images.

Each effect of scene/effects becomes an operator here, with its settings in the redo panel.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    StringProperty,
)

from ..errors import EverZoomError
from ..scene import effects, zooms
from ..scene.planes import anchors, objects
from ..texts import Text
from . import data
from .asking import active_zoom, has_planes
from .languages import CONTEXT, refuse, translated
from .mending import FLAT, draw_idle, is_fast_2d
from .reporting import OfZoom, Reporting, report
from .tab import PartOfTab
from .text import room, shortened


class _AddEffect(Reporting):
    """A mix-in for the operators of effects."""

    bl_options = {"REGISTER", "UNDO"}
    effect: type[effects.Effect]

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not has_planes(cls, context):
            return False
        reason = cls.effect.why_not(context.scene)
        if reason:
            return refuse(cls, reason)
        return True

    def act(self: Any, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        plan = zooms.plan_of(context.scene, control)
        values = {key: getattr(self, key) for key in self.effect.settings()}
        for name, value in values.items():
            if not isinstance(value, bool | int | float | str):
                values[name] = tuple(value)
        top = effects.add(context.scene, control, plan, self.effect(**values))
        image = effects.name_of(top)
        if self.effect.has_edges and context.scene.ever_zoom.samples < 4:
            text = Text(
                "Added to {image}: for smooth edges set Samples to 16 under Output", image=image
            )
        else:
            text = Text("Added to {image}", image=image)
        report(self, text)


def _property(effect: str, name: str) -> Any:
    """Blender's property for a setting of an effect."""
    kind = next(kind for kind in effects.ALL if kind.name() == effect)
    setting, default = kind.settings()[name]
    shown: dict[str, Any] = {"name": setting.name, "description": setting.text}
    shown |= {"default": default, "translation_context": CONTEXT}
    match default:
        case bool():
            return BoolProperty(**shown)
        case str():  # the next one begins with its own image's name
            return StringProperty(**shown, options={"SKIP_SAVE"})
        case tuple():
            return FloatVectorProperty(**shown, subtype="COLOR", min=0.0, max=1.0)
        case int():
            return IntProperty(**shown, min=int(setting.least), max=int(setting.most))
    subtype: Any = "FACTOR" if setting.is_factor else "NONE"
    return FloatProperty(**shown, subtype=subtype, min=setting.least, max=setting.most)


def _operator(effect: type[effects.Effect]) -> Any:
    """The operator that puts an effect on the image in view."""
    name = f"add_{effect.name()}"
    settings = effect.settings()
    content = {
        "__doc__": effect.__doc__,
        "__annotations__": {key: f"_property({effect.name()!r}, {key!r})" for key in settings},
        "__module__": __name__,
        "bl_idname": f"ever_zoom.{name}",
        "bl_label": effect.label,
        "effect": effect,
    }
    return type(f"EVERZOOM_OT_{name}", (_AddEffect, bpy.types.Operator), content)


OPERATORS = tuple(map(_operator, effects.ALL))


class _OfEffect(OfZoom):
    """A mix-in for the operators of the panel's list."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def top(self: Any, context: Any) -> bpy.types.Object:
        """The effect's top object.

        Raises:
            EverZoomError: It is gone.
        """
        for top, _ in effects.on_images(active_zoom(context)):
            if top.name == self.name:
                return top
        raise EverZoomError("This effect is gone: press another one's button.")


class EVERZOOM_OT_remove_effect(_OfEffect, bpy.types.Operator):
    """Take this effect from its image, with all that was made for it"""

    bl_idname = "ever_zoom.remove_effect"
    bl_label = "Remove Effect"

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def act(self, context: Any) -> None:
        objects.check_editable(active_zoom(context))
        effects.remove(self.top(context))


class EVERZOOM_OT_select_effect(_OfEffect, bpy.types.Operator):
    """Select what this effect hangs on, to move, turn or scale it"""

    bl_idname = "ever_zoom.select_effect"
    bl_label = "Select Effect"

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def act(self, context: Any) -> None:
        top = self.top(context)
        if context.view_layer.objects.get(top.name) is None or not top.visible_get():
            raise EverZoomError("Its image is not in view: go there first.")
        for item in context.selected_objects:
            item.select_set(False)
        top.select_set(True)
        context.view_layer.objects.active = top


class EVERZOOM_PT_effects(PartOfTab, bpy.types.Panel):
    """What hangs on images."""

    bl_label = "Effects"

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        grid = layout.grid_flow(columns=2, even_columns=True, align=True)
        for operator in OPERATORS:
            grid.operator(operator.bl_idname, icon=operator.effect.icon)
        if is_fast_2d(context.scene.ever_zoom):
            draw_idle(layout, context, FLAT)
        column = layout.column(align=True)
        column.operator("ever_zoom.add_to_image", icon="ADD")
        column = layout.column(align=True)
        column.operator("ever_zoom.go_to_image", icon="NEXT_KEYFRAME")
        column.operator("ever_zoom.mark_images", icon="MARKER_HLT")
        self.draw_effects(context)
        self.draw_steps(context)

    def draw_effects(self, context: Any) -> None:
        """The effects that images have."""
        shown = data.of(context).effects
        column = self.layout.column(align=True)
        for name, label, image in shown:
            row = column.row(align=True)
            short = shortened(context, image, 0.45 * room(context, 0.0))
            text = Text("{effect}, {image}", effect=label, image=short)
            row.operator(
                "ever_zoom.select_effect",
                text=translated(text),
                translate=False,
                icon="RESTRICT_SELECT_OFF",
            ).name = name
            row.operator("ever_zoom.remove_effect", text="", icon="X").name = name

    def draw_steps(self, context: Any) -> None:
        """Where the zoom is, seen from the images on which something hangs."""
        used = data.of(context).anchors
        if not used:
            return
        self.layout.label(text="Steps, for Drivers")
        column = self.layout.column()
        for name, image in used:
            anchor = context.scene.objects.get(name)
            if anchor is not None:
                text = shortened(context, image, 0.35 * room(context, 0.0))
                column.prop(anchor, f'["{anchors.STEP}"]', text=text, translate=False)


CLASSES = (
    *OPERATORS,
    EVERZOOM_OT_remove_effect,
    EVERZOOM_OT_select_effect,
    EVERZOOM_PT_effects,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
