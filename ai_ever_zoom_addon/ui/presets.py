"""Presets: some for the usual programs, and the user's own in Blender's folder for presets.

A preset file is a Blender preset as any other, a list of assignments. It is read, not run: what
this version does not know is passed over, and a built zoom is changed once, not by every line.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import StringProperty

from ..core.files.writing import write_whole
from ..errors import EverZoomError
from .properties import CHOICES, OTHERS, PLAIN, active_group, apply_changes

FOLDER = "ever_zoom"  # below the presets
FIRST_LINES = ("import bpy", "zoom = bpy.context.scene.ever_zoom", "")

# What belongs to one zoom and not to a manner of making them.
NOT_KEPT = {"start_frame", "beats", "sound", "sound_seconds", "target"}

BUILT_IN: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Midjourney 2x": (
        "Zoom Out 2x: the factor is 2.002 in truth, and the edges are redrawn",
        MappingProxyType(
            {
                "is_factor_measured": False,
                "zoom_factor": 2.002,
                "crop": 0.8,
                "feather": 0.05,
                "mask_shape": "rectangle",
                "order": "auto",
                "align": True,
                "match_colour": True,
                "centre": "image",
            }
        ),
    ),
    "Midjourney 1.5x": (
        "Zoom Out 1.5x: the factor is 1.333 in truth, and the edges are redrawn",
        MappingProxyType(
            {
                "is_factor_measured": False,
                "zoom_factor": 1.333,
                "crop": 0.8,
                "feather": 0.05,
                "mask_shape": "rectangle",
                "order": "auto",
                "align": True,
                "match_colour": True,
                "centre": "image",
            }
        ),
    ),
    "Stable Diffusion": (
        "The factor is what was set there: it is measured; the edges fit better, colours drift",
        MappingProxyType(
            {
                "is_factor_measured": True,
                "crop": 0.9,
                "feather": 0.05,
                "mask_shape": "rectangle",
                "order": "auto",
                "align": True,
                "match_colour": True,
                "centre": "image",
            }
        ),
    ),
    "As the Seed Program": (
        "As the command line program does it that this add-on descends from: factor 2, the first "
        "file is the innermost image, nothing is put right, hard edges",
        MappingProxyType(
            {
                "is_factor_measured": False,
                "zoom_factor": 2.0,
                "crop": 0.8,
                "feather": 0.0,
                "mask_shape": "rectangle",
                "order": "innermost-first",
                "auto_sort": False,
                "align": False,
                "match_colour": False,
                "centre": "image",
                "length_by": "frames",
                "zoom_steps": 100,
                "is_eased": False,
            }
        ),
    ),
}


def read_preset(text: str) -> dict[str, Any]:
    """The values of a preset file, by the names of the properties.

    Raises:
        EverZoomError: It is no preset.
    """
    try:
        lines = ast.parse(text).body
    except (SyntaxError, ValueError):
        raise EverZoomError("This preset cannot be read: remove it and make it again.") from None
    values = {}
    for line in lines:
        match line:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="zoom"), attr=name)], value=value
            ):
                try:
                    values[name] = ast.literal_eval(value)
                except ValueError:  # no plain value
                    continue
    return values


def write_preset(group: Any) -> str:
    """A preset file with the settings of a zoom."""
    names = [name for name in (*PLAIN, *CHOICES, *OTHERS) if name not in NOT_KEPT]
    values = {name: getattr(group, name) for name in names}
    if values["length_by"] in ("markers", "sound"):  # these belong to the zoom
        values["length_by"] = "frames"
    lines = [f"zoom.{name} = {_plain(value)!r}" for name, value in values.items()]
    return "\n".join((*FIRST_LINES, *lines, ""))


def _plain(value: Any) -> Any:
    """Blender's numbers have single precision: 0.8, not 0.800000011920929."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    return value if isinstance(value, bool | int | str) else tuple(map(_plain, value))


def use_preset(group: Any, values: Mapping[str, Any]) -> None:
    """Give a property group the values of a preset, and a built zoom the changes at once.

    What this version does not know is passed over.
    """
    known = {*PLAIN, *CHOICES, *OTHERS} - NOT_KEPT
    group.is_filling = True
    try:
        for name, value in values.items():
            if name in known:
                try:
                    setattr(group, name, value)
                except (TypeError, ValueError):  # another version's
                    continue
    finally:
        group.is_filling = False
    apply_changes(group)


class EVERZOOM_OT_use_preset(bpy.types.Operator):
    """Use the settings of this preset"""

    bl_idname = "ever_zoom.use_preset"
    bl_label = "Use Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Name", description="Name of a built-in preset")
    filepath: StringProperty(
        name="File", description="A preset of the user's own", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        if properties.name in BUILT_IN:
            return BUILT_IN[properties.name][0]
        return "Use the settings of this preset"

    def execute(self, context: Any) -> set[str]:
        group = active_group(context)
        name = self.name
        try:
            if self.filepath:
                name = bpy.path.display_name(self.filepath, title_case=False)
                values: Mapping[str, Any] = read_preset(Path(self.filepath).read_text("utf-8"))
            elif name in BUILT_IN:
                values = BUILT_IN[name][1]
            else:
                raise EverZoomError(f"There is no preset {name}: choose one from the list.")
        except (OSError, UnicodeDecodeError):
            self.report({"ERROR"}, "This preset cannot be read: remove it and make it again.")
            return {"CANCELLED"}
        except EverZoomError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        use_preset(group, values)
        if group.problem:
            self.report({"ERROR"}, group.problem)
            return {"FINISHED"}
        built = (
            " Build again for its factor and order." if group.id_data.id_type == "OBJECT" else ""
        )
        self.report({"INFO"}, f"Using {name}.{built}")
        return {"FINISHED"}


class EVERZOOM_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Keep the settings as a preset of your own, or remove one"""

    bl_idname = "ever_zoom.add_preset"
    bl_label = "Add Zoom Preset"
    preset_menu = "EVERZOOM_PT_presets"
    preset_subdir = FOLDER

    def add(self, context: Any, filepath: str) -> None:
        """Write the file, which Blender has found a place for."""
        try:
            write_whole(Path(filepath), write_preset(active_group(context)).encode())
        except OSError as error:
            self.report(
                {"ERROR"},
                f"{filepath} cannot be written ({error.strerror}): check the free space and the "
                "permissions.",
            )


class EVERZOOM_PT_presets(PresetPanel, bpy.types.Panel):
    """The presets in the panel's header."""

    bl_label = "Presets"
    preset_subdir = FOLDER
    preset_operator = EVERZOOM_OT_use_preset.bl_idname
    preset_add_operator = EVERZOOM_OT_add_preset.bl_idname

    def draw(self: Any, context: Any) -> None:
        layout = self.layout
        column = layout.column(align=True)
        column.emboss = "PULLDOWN_MENU"
        column.operator_context = "EXEC_DEFAULT"
        for name in BUILT_IN:
            column.operator(EVERZOOM_OT_use_preset.bl_idname, text=name).name = name
        layout.separator()
        if bpy.utils.preset_paths(FOLDER):
            PresetPanel.draw(self, context)
            return
        # Before the first one there is no folder.
        row = layout.row()
        row.prop(context.window_manager, "preset_name", text="")
        row.emboss = "PULLDOWN_MENU"
        add = row.operator(EVERZOOM_OT_add_preset.bl_idname, text="", icon="ADD")
        add.name = context.window_manager.preset_name


CLASSES = (EVERZOOM_OT_use_preset, EVERZOOM_OT_add_preset, EVERZOOM_PT_presets)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
