"""The part of the panel, and of the importer, that says what is to be found in the images."""

from __future__ import annotations

from typing import Any


def draw_finding(layout: Any, group: Any) -> None:
    """What is to be found out about the images."""
    layout.use_property_split = True
    layout.use_property_decorate = False
    column = layout.column()
    finding = column.column()
    if getattr(group, "is_own_order", False):  # the importer has none
        finding.enabled = False
    row = finding.row()
    row.active = not group.auto_sort
    row.prop(group, "order")
    finding.prop(group, "auto_sort")
    column.prop(group, "is_factor_measured")
    row = column.row()
    row.enabled = not group.is_factor_measured
    row.prop(group, "zoom_factor")
