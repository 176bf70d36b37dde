"""A look at the joins: all of them in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper

from ..core.files.places import check_file
from ..core.steps import Steps
from ..scene import contact_sheet, zooms
from .asking import active_zoom, has_zoom
from .reporting import LongOperator
from .tab import PartOfTab
from .work import Finish


class EVERZOOM_OT_contact_sheet(LongOperator, bpy.types.Operator, ExportHelper):
    """Draw one picture of all joins, to look at before anything is rendered"""

    bl_idname = "ever_zoom.contact_sheet"
    bl_label = "Contact Sheet"
    bl_options = {"REGISTER"}

    filename_ext = contact_sheet.SUFFIX
    filter_glob: StringProperty(default=f"*{contact_sheet.SUFFIX}", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context) and super().poll(context)

    def invoke(self: Any, context: Any, event: Any) -> set[str]:
        if not self.filepath:
            here = Path(bpy.data.filepath or active_zoom(context).ever_zoom.folder) / "_"
            self.filepath = str(here.parent.with_name(f"{here.parent.stem}_joins.png"))
        self.is_asked = True
        return set(ExportHelper.invoke(self, context, event))

    def steps(self: Any, context: Any) -> Steps[Finish]:
        file = check_file(Path(bpy.path.abspath(self.filepath)))
        plan = zooms.plan_of(context.scene, active_zoom(context))
        yield from contact_sheet.write_steps(plan, file)
        return lambda: self.report({"INFO"}, f"Saved to {file}")


class EVERZOOM_PT_seams(PartOfTab, bpy.types.Panel):
    """What shows whether joins are seen."""

    bl_label = "Seams"

    def draw(self, _context: Any) -> None:
        self.layout.operator(EVERZOOM_OT_contact_sheet.bl_idname, icon="IMAGE_DATA")


CLASSES = (EVERZOOM_OT_contact_sheet, EVERZOOM_PT_seams)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
