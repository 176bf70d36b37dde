"""Where the add-on's panels are: the tab "Ever Zoom" of the 3D View's sidebar, and its parts."""

from __future__ import annotations

from typing import Any

from .languages import CONTEXT

MAIN = "EVERZOOM_PT_main"


class InTab:
    """A panel of the tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Ever Zoom"
    bl_translation_context = CONTEXT


class PartOfTab(InTab):
    """A panel inside the tab's main one."""

    bl_parent_id = MAIN
    bl_options: Any = {"DEFAULT_CLOSED"}
