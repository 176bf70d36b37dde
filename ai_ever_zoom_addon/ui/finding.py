"""The part of the panel, and of the importer, that says what is to be found in the images.

And what was found, each with the button that does something about it.
"""

from __future__ import annotations

import json
from typing import Any

from ..core.findings import Finding, FindingKind
from .mending import draw_setting

PLACE_ICON = "TRANSFORM_ORIGINS"


def draw_finding(layout: Any, group: Any, waiting: tuple[str, ...] = ()) -> None:
    """What is to be found out about the images.

    Args:
        layout: Where to draw.
        group: The settings.
        waiting: Names of those that wait for the next build.
    """
    layout.use_property_split = True
    layout.use_property_decorate = False
    column = layout.column()
    finding = column.column()
    if getattr(group, "is_own_order", False):  # the importer has none
        finding.enabled = False
    row = finding.row()
    row.active = not group.auto_sort
    draw_setting(row, group, "order", waiting)
    draw_setting(finding, group, "auto_sort", waiting)
    draw_setting(column, group, "is_factor_measured", waiting)
    row = column.row()
    row.enabled = not group.is_factor_measured
    row.prop(group, "zoom_factor")


def draw_remedy(layout: Any, group: Any, finding: Finding) -> None:
    """The buttons that do something about a finding."""
    match finding.kind:
        case FindingKind.SEPARATE_SERIES:
            row = layout.row(align=True)
            for number in range(1, finding.values["count"] + 1):
                if number != finding.values["number"]:
                    _button(row, f"Series {number}", series=number)
        case FindingKind.NOT_FOUND | FindingKind.PLACED_AS_OTHERS | FindingKind.PAINTED_AGAIN:
            row = group.images.find(finding.values["inner"])
            if row >= 0:
                text = f"Place {finding.values['inner']} by Hand"
                place = layout.operator(
                    "ever_zoom.place_by_hand", text=text, translate=False, icon=PLACE_ICON
                )
                place.row = row
        case FindingKind.SHUFFLED_FILES | FindingKind.CONTRADICTED_ORDER:
            _button(layout, "Automatic", order="auto")
        case FindingKind.OTHER_FACTOR:
            _button(layout, "Measure Factor", is_factor_measured=True)
        case FindingKind.LOOP_BY_COPY:
            choice = layout.operator("wm.context_set_enum", text="Play as Loop")
            choice.data_path, choice.value = "scene.ever_zoom.travel", "loop"
        case FindingKind.NO_RING:
            choice = layout.operator("wm.context_set_enum", text="There and Back")
            choice.data_path, choice.value = "scene.ever_zoom.travel", "there-and-back"


def draw_question(layout: Any, group: Any, finding: Finding) -> None:
    """The buttons that answer what stopped a build."""
    layout.prop(group, "zoom_factor")
    if finding.kind is FindingKind.UNRELATED:
        layout.prop(group, "mask_shape")
        _button(layout, "Place All in the Middle", is_factor_measured=False)
    elif finding.kind is FindingKind.ONE_IMAGE:
        _button(layout, "Repeat in Itself", is_factor_measured=False, travel="loop")


def _button(layout: Any, text: str, **chosen: Any) -> None:
    layout.operator("ever_zoom.build_otherwise", text=text).choices = json.dumps(chosen)
