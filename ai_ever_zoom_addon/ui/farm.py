"""The button that prepares the file for a render farm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper

from ..scene import backdrop
from ..scene.output import farm
from ..scene.paths import absolute
from .asking import active_zoom
from .exchange import finish_all
from .languages import refuse
from .reporting import Reporting, warn


class EVERZOOM_OT_prepare_for_farm(Reporting, bpy.types.Operator, ExportHelper):
    """Save a copy of this file that other machines render in parts, with all it needs inside"""

    bl_idname = "ever_zoom.prepare_for_farm"
    bl_label = "Prepare for Farm"
    bl_options = {"REGISTER"}

    filename_ext = ".blend"
    filter_glob: StringProperty(default="*.blend", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: Any) -> bool:
        if active_zoom(context) is None and not backdrop.zoom_scenes(context.scene):
            return refuse(cls, "Build a zoom first")
        return True

    def invoke(self: Any, context: Any, event: Any) -> set[str]:
        if not self.filepath:
            here = Path(bpy.data.filepath or "infinite_zoom.blend")
            self.filepath = str(here.with_name(f"{here.stem}_farm.blend"))
        return set(ExportHelper.invoke(self, context, event))

    def act(self: Any, context: Any) -> None:
        finish_all()
        for line in farm.prepare(context.scene, Path(absolute(self.filepath))):
            warn(self, line, "INFO")


CLASSES = (EVERZOOM_OT_prepare_for_farm,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
