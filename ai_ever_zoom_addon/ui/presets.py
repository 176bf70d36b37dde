"""Presets: some for the usual programs, and the user's own in Blender's folder for presets.

What this version does not know is passed over, and a built zoom is changed once, not by every line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import StringProperty

from ..core.files.writing import write_whole
from ..core.preset import KEPT, MOST_BYTES, read_preset, understood, unreadable
from ..errors import EverZoomError
from ..scene import recipe
from ..settings import LengthBy
from ..texts import Text
from .asking import active_group, active_zoom
from .bridge import change, to_settings
from .languages import CONTEXT, explained
from .reporting import Reporting, report

FOLDER = "ever_zoom"  # below the presets
FIRST_LINES = ("import bpy", "zoom = bpy.context.scene.ever_zoom", "")

BUILT_IN: dict[str, tuple[Text, Mapping[str, Any]]] = {
    "Midjourney 2x": (
        Text("Zoom Out 2x: the factor is 2.002 in truth, and the edges are redrawn"),
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
        Text("Zoom Out 1.5x: the factor is 1.333 in truth, and the edges are redrawn"),
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
        Text(
            "The factor is what was set there: it is measured; the edges fit better, colours drift"
        ),
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
    Text("Plain 2x"): (
        Text(
            "For images that fit exactly: factor 2, the first file is the innermost image, nothing "
            "is looked for in the pictures or put right, hard edges, 100 frames to an image"
        ),
        MappingProxyType(
            {
                "is_factor_measured": False,
                "zoom_factor": 2.0,
                "crop": 0.8,
                "feather": 0.0,
                "mask_shape": "rectangle",
                "order": "innermost-first",
                "align": False,
                "match_colour": False,
                "centre": "image",
                "length_by": "frames",
                "zoom_steps": 100,
                "ease": 0.0,
            }
        ),
    ),
}


def _preset_in(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise unreadable()
    try:
        with file.open("rb") as stream:
            return read_preset(stream.read(MOST_BYTES + 1).decode("utf-8"))
    except (OSError, ValueError):
        raise unreadable() from None


def write_preset(group: Any) -> str:
    """A preset file with the settings of a zoom."""
    settings = to_settings(group)
    if settings.length_by in (LengthBy.MARKERS, LengthBy.SOUND):  # these belong to the zoom
        settings = settings.having({"length_by": LengthBy.FRAMES})
    values = settings.to_dict()
    lines = [f"zoom.{name} = {values[name]!r}" for name in KEPT]
    return "\n".join((*FIRST_LINES, *lines, ""))


def use_preset(group: Any, values: Mapping[str, Any]) -> None:
    """Give a property group the values of a preset, and a built zoom the changes at once.

    What this version does not know is passed over.

    Raises:
        EverZoomError: A built zoom cannot have them; everything is as before.
    """
    change(group, understood(values))


class EVERZOOM_OT_use_preset(Reporting, bpy.types.Operator):
    """Use the settings of this preset"""

    bl_idname = "ever_zoom.use_preset"
    bl_label = "Use Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(
        name="Name", translation_context=CONTEXT, description="Name of a built-in preset"
    )
    filepath: StringProperty(
        name="File",
        translation_context=CONTEXT,
        description="A preset of the user's own",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        if properties.name in BUILT_IN:
            return explained(BUILT_IN[properties.name][0])
        return explained(str(cls.__doc__))

    def act(self, context: Any) -> None:
        group = active_group(context)
        name = self.name
        if self.filepath:
            name = bpy.path.display_name(self.filepath, title_case=False)
            values = _preset_in(Path(self.filepath))
        elif name in BUILT_IN:
            values = BUILT_IN[name][1]
        else:
            raise EverZoomError("There is no preset {name}: choose one from the list.", name=name)
        use_preset(group, values)
        control = active_zoom(context)
        waits = control is not None and recipe.unbuilt(control)
        shown = name if self.filepath else Text(name)
        if waits:
            report(self, Text("Using {name}. Build again for all of it.", name=shown))
        else:
            report(self, Text("Using {name}.", name=shown))


class EVERZOOM_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Keep the settings as a preset of your own, or remove one"""

    bl_idname = "ever_zoom.add_preset"
    bl_label = "Add Zoom Preset"
    bl_translation_context = CONTEXT
    preset_menu = "EVERZOOM_PT_presets"
    preset_subdir = FOLDER

    def add(self, context: Any, filepath: str) -> None:
        """Write the file, which Blender has found a place for."""
        try:
            write_whole(Path(filepath), write_preset(active_group(context)).encode())
        except OSError as error:
            report(
                self,
                Text(
                    "{filepath} cannot be written ({reason}): check the free space and the "
                    "permissions.",
                    filepath=filepath,
                    reason=error.strerror,
                ),
                "ERROR",
            )


class EVERZOOM_PT_presets(PresetPanel, bpy.types.Panel):
    """The presets in the panel's header."""

    bl_label = "Presets"
    bl_translation_context = CONTEXT
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
