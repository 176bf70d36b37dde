"""The add-on's preferences: what a new zoom begins with, and the shortcuts."""

from __future__ import annotations

from typing import Any

import bpy
import rna_keymap_ui
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..core.files.output import FOLDER_NAME, OWN_VIDEO, video_pattern
from ..settings import TABLE, Engine
from .building import EVERZOOM_OT_build
from .defaults import ADDON, FIELDS, MACHINE
from .languages import CONTEXT
from .manual import draw_guide
from .properties import plain_property
from .view import EVERZOOM_OT_preview

# By the buttons' operators; nothing of Blender's own keymaps has these keys.
SHORTCUTS: dict[str, dict[str, Any]] = {
    EVERZOOM_OT_build.bl_idname: {"type": "B", "shift": True, "alt": True},
    EVERZOOM_OT_preview.bl_idname: {"type": "P", "shift": True, "alt": True},
}
KEYMAP = "3D View Generic"

_ENGINES = [
    (MACHINE, "What Suits the Machine", "EEVEE with a GPU, otherwise Cycles"),
    *((engine.value, *TABLE["engine"].items[engine]) for engine in Engine),
]

_items: list[tuple[Any, Any]] = []


def _keep_usable(preferences: Any, _context: Any) -> None:
    usable = video_pattern(preferences.output_name)
    if usable != preferences.output_name:
        preferences.output_name = usable


class EVERZOOM_AP_preferences(bpy.types.AddonPreferences):
    """What a new zoom begins with."""

    bl_idname = ADDON

    engine: EnumProperty(
        name=TABLE["engine"].label,
        translation_context=CONTEXT,
        description=TABLE["engine"].help,
        items=_ENGINES,
    )
    is_scenes_rate: BoolProperty(
        name="Frame Rate of the Scene",
        translation_context=CONTEXT,
        description="A new zoom has the frame rate of the scene in which it is built",
        default=True,
    )
    output_name: StringProperty(
        name="Output Name",
        translation_context=CONTEXT,
        description=f"What a new zoom's video is called; {FOLDER_NAME} stands for the name of the "
        "images' folder",
        default=OWN_VIDEO,
        update=_keep_usable,
    )
    has_large_pictures: BoolProperty(
        name="Large Pictures",
        translation_context=CONTEXT,
        description="The list of images shows them large enough to see what is in them",
    )

    def draw(self, context: Any) -> None:
        """The fields, and below them the shortcuts as Blender shows its own."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        row = layout.row()
        row.label(text="A new zoom begins with:")
        draw_guide(row)
        column = layout.column()
        for name in ("order", "engine", "zoom_steps", "is_scenes_rate"):
            column.prop(self, name)
        rate = column.column()
        rate.enabled = not self.is_scenes_rate
        rate.prop(self, "frames_per_second")
        column.prop(self, "output_name")
        layout.label(text="Shortcuts in the 3D View:")
        keys = context.window_manager.keyconfigs.user
        keymap = keys and keys.keymaps.get(KEYMAP)
        for item in keymap.keymap_items if keymap else ():
            if item.idname in SHORTCUTS:
                rna_keymap_ui.draw_kmi([], keys, keymap, item, layout.column(), 0)


EVERZOOM_AP_preferences.__annotations__ |= {
    name: plain_property(name, is_strict=True) for name in FIELDS if name != "engine"
}


def register() -> None:
    """Add what this module has to Blender."""
    bpy.utils.register_class(EVERZOOM_AP_preferences)
    keys = bpy.context.window_manager.keyconfigs.addon
    if keys is None:
        return
    keymap = keys.keymaps.new(name=KEYMAP, space_type="VIEW_3D")
    for operator, key in SHORTCUTS.items():
        _items.append((keymap, keymap.keymap_items.new(operator, value="PRESS", **key)))


def unregister() -> None:
    """Take out what `register` added."""
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
    bpy.utils.unregister_class(EVERZOOM_AP_preferences)
