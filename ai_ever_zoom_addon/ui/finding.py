"""The part of the panel, and of the importer, that says what is to be found in the images.

And what was found, each with the button that does something about it.
"""

from __future__ import annotations

import json
from typing import Any

from ..core.findings import Finding, FindingKind
from ..settings import TABLE, Engine, FrameSize
from ..texts import Text
from ..wording import counted
from . import data
from .bridge import problem_of
from .languages import translated
from .mending import draw_refused, draw_setting, draw_take_back
from .remarking import Remark
from .text import draw_lines

PLACE_ICON = "TRANSFORM_ORIGINS"
REMARKS = "EVERZOOM_remarks"  # of the part of the panel that opens


def draw_finding(layout: Any, context: Any, group: Any, waiting: tuple[str, ...] = ()) -> None:
    """What is to be found out about the images.

    Args:
        layout: Where to draw.
        context: Blender's.
        group: The settings.
        waiting: Names of those that wait for the next build.
    """
    layout.use_property_split = True
    layout.use_property_decorate = False
    column = layout.column()
    order = column.column()
    if getattr(group, "is_own_order", False):  # the importer has none
        order.enabled = False
    draw_setting(order, context, group, "order", waiting)
    _draw_factor(column, context, group, waiting)


def _draw_factor(layout: Any, context: Any, group: Any, waiting: tuple[str, ...]) -> None:
    """The zoom factor: while none is given it is measured, and the field says so."""
    name = "is_factor_measured"
    row = layout.row(align=True, heading=TABLE["zoom_factor"].label)
    row.alert = name in waiting
    if group.is_factor_measured:
        row.prop(group, name, text="Measured", toggle=True)
        draw_take_back(row, name, waiting)
    else:
        row.prop(group, "zoom_factor", text="")
        row.prop(group, name, text="", icon="X")
    draw_refused(layout, context, problem_of(group, "zoom_factor"))


def draw_remarks(layout: Any, context: Any, group: Any, shown: data.Shown) -> None:
    """How much there is to remark, in one line that opens.

    Args:
        layout: A panel's own: only there Blender draws what opens.
        context: Where it is drawn.
        group: The settings of the zoom.
        shown: What is to be said of it.
    """
    if not (shown.remarks or shown.dismissed):
        return
    header, body = layout.panel(REMARKS, default_closed=True)
    is_warning = any(remark.is_warning for remark in shown.remarks)
    images = counted(shown.image_count, "image")
    if shown.remarks:
        remarks = counted(len(shown.remarks), "remark")
        told = Text("{images}, {remarks}", images=images, remarks=remarks)
    else:
        told = Text("{images}, no remarks", images=images)
    icon = "ERROR" if is_warning else "INFO"
    header.label(text=translated(told), translate=False, icon=icon)
    if body is None:
        return
    for remark in shown.remarks:
        _draw_remark(body.box(), context, group, remark)
    if shown.dismissed:
        again = Text("Show {count} Dismissed", count=shown.dismissed)
        body.operator("ever_zoom.remark_again", text=translated(again), translate=False)


def _draw_remark(box: Any, context: Any, group: Any, remark: Remark) -> None:
    box.scale_y = 0.8
    row = box.row()
    draw_lines(row, context, remark.text, "ERROR" if remark.is_warning else "INFO", units=2.5)
    row.operator("ever_zoom.dismiss", text="", icon="X", emboss=False).remark = remark.about
    buttons = box.column(align=True)
    if remark.finding is not None:
        draw_remedy(buttons, group, remark.finding)
    number = group.images.find(remark.image) if remark.image else -1
    if number >= 0:
        text = translated(Text("Go to {image}", image=remark.image))
        show = buttons.operator("ever_zoom.show_image", text=text, translate=False, icon="VIEWZOOM")
        show.row = number


def draw_remedy(layout: Any, group: Any, finding: Finding) -> None:
    """The buttons that do something about a finding."""
    match finding.kind:
        case FindingKind.SEPARATE_SERIES:
            row = layout.row(align=True)
            for number in range(1, finding.values["count"] + 1):
                if number != finding.values["number"]:
                    _button(row, Text("Series {number}", number=number), series=number)
        case FindingKind.NOT_FOUND | FindingKind.PLACED_AS_OTHERS | FindingKind.PAINTED_AGAIN:
            row = group.images.find(finding.values["inner"])
            if row >= 0:
                text = translated(Text("Place {image} by Hand", image=finding.values["inner"]))
                place = layout.operator(
                    "ever_zoom.place_by_hand", text=text, translate=False, icon=PLACE_ICON
                )
                place.row = row
        case FindingKind.SHUFFLED_FILES | FindingKind.CONTRADICTED_ORDER:
            _button(layout, TABLE["order"].items["auto"][0], order="auto")
        case FindingKind.OTHER_FACTOR:
            _button(layout, "Measure It", is_factor_measured=True)
        case FindingKind.LOOP_BY_COPY:
            _choose(layout, "Play as Loop", travel="loop")
        case FindingKind.NO_RING:
            _choose(layout, "There and Back", travel="there-and-back")
        case FindingKind.ROUNDED_ROLL:
            roll = finding.values["roll"]
            _choose(layout, Text("Roll {roll:.4g}", roll=roll), roll=roll)
        case FindingKind.NEARER_TARGET:
            _choose(layout, "Take This Target", target=finding.values["target"])
        case FindingKind.IDLE_ENDS:
            _choose(layout, "No Delay, Ease or Target", delay=0.0, ease=0.0, target=[0.0, 0.0])
        case FindingKind.IDLE_GLIDE:
            _choose(layout, "No Glide", glide=False)
        case FindingKind.IDLE_OVERLAY:
            _choose(layout, "No Overlay", debug_overlay=False)
        case FindingKind.IDLE_DEPTH:
            _choose(_draw_engines(layout), "Flat", depth_strength=0.0)
        case FindingKind.IDLE_THINGS:
            _draw_engines(layout)
        case FindingKind.ENLARGED_IN_FRAMES | FindingKind.ENLARGED_IMAGES:
            width, height = sharp = finding.values["sharp"]
            text = Text("Frames of {width} x {height}", width=width, height=height)
            _choose(layout, text, resolution_from=FrameSize.PIXELS, resolution=sharp)


def draw_question(layout: Any, group: Any, finding: Finding) -> None:
    """The buttons that answer what stopped a build."""
    layout.prop(group, "zoom_factor")
    if finding.kind is FindingKind.UNRELATED:
        layout.prop(group, "mask_shape")
        _button(layout, "Place All in the Middle", is_factor_measured=False)
    elif finding.kind is FindingKind.ONE_IMAGE:
        _button(layout, "Repeat in Itself", is_factor_measured=False, travel="loop")


def _draw_engines(layout: Any) -> Any:
    """A row of the engines that show all there is."""
    row = layout.row(align=True)
    for engine in (Engine.EEVEE, Engine.CYCLES):
        label, _ = TABLE["engine"].items[engine.value]
        _choose(row, Text("Render with {engine}", engine=Text(label)), engine=engine)
    return row


def _choose(layout: Any, text: str, **chosen: Any) -> None:
    _offer(layout, "ever_zoom.choose", text, chosen)


def _button(layout: Any, text: str, **chosen: Any) -> None:
    _offer(layout, "ever_zoom.build_otherwise", text, chosen)


def _offer(layout: Any, operator: str, text: str, chosen: dict[str, Any]) -> None:
    button = layout.operator(operator, text=translated(text), translate=False)
    button.choices = json.dumps(chosen)
