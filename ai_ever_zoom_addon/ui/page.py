"""The button that writes the zoom as a page for browsers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ..core.files.places import check_file
from ..core.findings import listed
from ..core.page import PAGE_SUFFIX, folder_beside
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import effects, page, zooms
from ..scene.paths import absolute
from ..texts import Text
from .asking import active_zoom, has_zoom
from .languages import CONTEXT
from .reporting import LongOperator, report, warn
from .work import Finish


class EVERZOOM_OT_write_page(LongOperator, bpy.types.Operator, ExportHelper):
    """Write the zoom as a page that any browser shows: by wheel, fingers or keys one goes in it"""

    bl_idname = "ever_zoom.write_page"
    bl_label = "Write Page"
    bl_options = {"REGISTER"}

    filename_ext = PAGE_SUFFIX
    filter_glob: StringProperty(default=f"*{PAGE_SUFFIX}", options={"HIDDEN"})
    is_beside: BoolProperty(
        name="Pictures Beside",
        translation_context=CONTEXT,
        description="Keep all pictures but the first in a folder beside the page, from where they "
        "are loaded as the view comes to them. For long series on a site",
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context) and super().poll(context)

    def invoke(self: Any, context: Any, event: Any) -> set[str]:
        if not self.filepath:
            folder = Path(active_zoom(context).ever_zoom.folder)
            beside = folder.parent / f"{folder.name or 'infinite_zoom'}{PAGE_SUFFIX}"
            file = bpy.data.filepath
            self.filepath = str(Path(file).with_suffix(PAGE_SUFFIX) if file else beside)
        self.is_asked = True
        return set(ExportHelper.invoke(self, context, event))

    def steps(self: Any, context: Any) -> Steps[Finish]:
        file = check_file(Path(absolute(self.filepath)))
        # Of a page that is there the file browser has asked whether it may be replaced.
        if self.is_beside and os.path.lexists(folder_beside(file)) and not file.exists():
            raise EverZoomError(
                "{folder}, where the pictures would go, is there already: choose another name.",
                folder=folder_beside(file),
            )
        control = active_zoom(context)
        plan = zooms.plan_of(context.scene, control)
        yield from page.write_steps(plan, file, control, is_beside=self.is_beside)
        lost = effects.unseen(context.scene, control, is_flat=True)

        def finish() -> None:
            report(self, Text("Saved to {file}", file=file))
            if lost:
                warn(
                    self, Text("A page shows the pictures only, without {lost}", lost=listed(lost))
                )

        return finish


CLASSES = (EVERZOOM_OT_write_page,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
