"""The settings as Blender properties, made from the table in settings.py.

A property keeps nothing itself: it shows and changes what is stored with the zoom (see recipe.py),
or, on a scene without one, the draft of a zoom to come. `scene.ever_zoom` is that of the scene's
active zoom, `control.ever_zoom` that of one zoom. A change of a built zoom is applied at once, or
refused: then the old values are there again, and `problem` says why.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, get_args

import bpy
from bpy.app.handlers import persistent
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)

from ..core.analysis.report import LeftOut, Source
from ..core.analysis.verdict import is_odd
from ..core.findings import findings_from_json, without_repeats
from ..core.series import ListedImage
from ..errors import EverZoomError
from ..report import report_of
from ..scene import active, compat, loading, recipe, tags, zooms
from ..scene.planes import anchors, objects
from ..settings import (
    COMMON,
    KINDS,
    OF_IMAGE,
    OF_IMAGE_KINDS,
    TABLE,
    Choice,
    ImageSettings,
    ZoomSettings,
)
from ..texts import Text
from ..wording import Way, left_out_lines, sentences
from .bridge import (
    apply,
    control_of,
    forget_problems,
    number_of,
    of_image_shown,
    problem_of,
    set_of_image,
    set_value,
    shown,
    to_settings,
)
from .languages import CONTEXT

# Frames have so many digits after the point that a number of single precision comes out as typed.
_SUBTYPES: dict[str, Any] = {
    "factor": "FACTOR",
    "place": "XYZ",
    "folder": "DIR_PATH",
    "sound": "FILE_PATH",
}

# --- The properties, from the table ---------------------------------------------------------------


def _property(kind: Any, choice: Choice, default: Any, **others: Any) -> Any:
    """The Blender property of a setting."""
    common: dict[str, Any] = {"name": choice.label, "description": choice.help, **others}
    common["translation_context"] = CONTEXT
    if kind is bool:
        return BoolProperty(default=default, **common)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        items = [(value.value, *choice.items[value]) for value in kind if value in choice.items]
        return EnumProperty(items=items, default=default.value, **common)
    if kind is str:
        options = {*common.pop("options", set()), *(compat.RELATIVE_PATH if choice.kind else ())}
        subtype = _SUBTYPES.get(choice.kind, "NONE")
        return StringProperty(default=default, subtype=subtype, options=options, **common)
    parts = get_args(kind)
    if Ellipsis in parts:  # a row of frames, or of images
        return StringProperty(default=json.dumps(default), **common)
    # No hard limits: Blender would take another number in silence, and here it is refused.
    assert choice.limits is not None
    low, high = choice.soft_limits or choice.limits
    common |= {"soft_min": low, "soft_max": high}
    if kind is int:
        return IntProperty(default=default, **common)
    if parts and parts[0] is int:
        return IntVectorProperty(default=default, size=len(parts), **common)
    common["precision"] = choice.digits
    if choice.kind == "seconds":
        common |= {"subtype": "TIME_ABSOLUTE", "unit": "TIME_ABSOLUTE"}
    elif choice.kind in _SUBTYPES:
        common["subtype"] = _SUBTYPES[choice.kind]
    if parts:
        return FloatVectorProperty(default=default, size=len(parts), step=1, **common)
    return FloatProperty(default=default, step=1 if choice.digits > 2 else 3, **common)


def _stored_property(name: str) -> Any:
    """A setting's property that shows and changes what is stored."""
    default = getattr(ZoomSettings.of_panel(), name)

    def get(group: Any) -> Any:
        owner = group.id_data
        if isinstance(owner, bpy.types.Object) and owner.get(tags.ROLE) != tags.CONTROL:
            return shown(name, default)  # of very many, by Blender's comparisons
        return shown(name, getattr(to_settings(group), name))

    def set_to(group: Any, value: Any) -> None:
        set_value(group, name, value)

    hidden = {"HIDDEN"} if name in ("beats", "of_images", "sound_seconds") else set()
    return _property(
        KINDS[name], TABLE[name], default, options=hidden, get=get, set=set_to, update=apply
    )


def plain_property(name: str, *, is_strict: bool = False) -> Any:
    """A setting as an option of an operator or of the preferences.

    Args:
        name: Of the setting.
        is_strict: Blender takes no value that is out of its limits: nobody else would refuse it.
    """
    limits = TABLE[name].limits if is_strict else None
    others = {} if limits is None else {"min": limits[0], "max": limits[1]}
    default = getattr(ZoomSettings.of_panel(), name)
    return _property(KINDS[name], TABLE[name], default, **others)


def _of_image_property(name: str) -> Any:
    """What one image has of its own, as a property of its row: that of all where it has nothing."""
    kind, choice = OF_IMAGE_KINDS[name], OF_IMAGE[name]

    def get(row: Any) -> Any:
        value = of_image_shown(row.id_data.ever_zoom, row.name, name)
        return number_of(value) if isinstance(value, StrEnum) else value

    def set_to(row: Any, value: Any) -> None:
        meant = list(kind)[value] if isinstance(kind, type) and issubclass(kind, StrEnum) else value
        set_of_image(row.id_data.ever_zoom, row.name, name, meant)

    def put_to_work(row: Any, _context: Any) -> None:
        apply(row.id_data.ever_zoom)

    default = (
        getattr(ZoomSettings(), COMMON[name]) if name in COMMON else getattr(ImageSettings, name)
    )
    return _property(kind, choice, default, get=get, set=set_to, update=put_to_work)


def _has_own(row: Any) -> bool:
    return bool(to_settings(row.id_data.ever_zoom).of_image(row.name).own)


# What the importer asks for.
FINDING = (
    *("is_factor_measured", "zoom_factor", "order", "align", "match_colour"),
    *("zoom_steps", "crop", "feather"),
)


class EVERZOOM_PG_image(bpy.types.PropertyGroup):
    """What was found about one image of a built zoom; `name` is the file's."""

    __slots__ = ()

    score: FloatProperty(
        name="Likeness",
        translation_context=CONTEXT,
        description="How much it is like the part of the next larger image where it lies, 1 is "
        "the same",
    )
    factor: FloatProperty(
        name="Factor",
        translation_context=CONTEXT,
        description="Zoom factor from the next larger image",
    )
    offset: FloatVectorProperty(
        name="Offset",
        translation_context=CONTEXT,
        description="Distance from the next larger image's centre in its pixels, right and down",
        size=2,
    )
    turn: FloatProperty(
        name="Turn",
        translation_context=CONTEXT,
        description="By how many degrees, clockwise, it lies turned in the next one",
    )
    gain: FloatVectorProperty(
        name="Colour Step",
        translation_context=CONTEXT,
        description="Values are multiplied by this to get the next larger image's",
        size=3,
    )
    image: PointerProperty(
        type=bpy.types.Image,
        name="Picture",
        translation_context=CONTEXT,
        description="The image as the zoom has it",
    )
    is_used: BoolProperty(
        name="Used",
        translation_context=CONTEXT,
        description="Whether the image is part of the zoom",
    )
    is_selected: BoolProperty(
        name="Selected",
        translation_context=CONTEXT,
        description="Whether the buttons beside the list act on the image",
    )
    layer: IntProperty(
        name="Layer",
        translation_context=CONTEXT,
        description="Number of the layer that shows the image; -1: none does",
    )
    is_odd: BoolProperty(
        name="Odd",
        translation_context=CONTEXT,
        description="Whether the image was painted again in the next larger one, or was not found "
        "there",
    )
    is_measured: BoolProperty(
        name="Measured",
        translation_context=CONTEXT,
        description="Whether it was compared with the next larger image",
    )
    is_given: BoolProperty(
        name="Placed by Hand",
        translation_context=CONTEXT,
        description="Whether the user says where it lies in the next one",
    )
    has_depth: BoolProperty(
        name="Has Depth",
        translation_context=CONTEXT,
        description="Whether it has a depth map that can be used",
    )
    is_in_hole: BoolProperty(
        name="In a Hole",
        translation_context=CONTEXT,
        description="Whether it is seen through a hole of the next larger image",
    )
    has_own: BoolProperty(
        name="Has Its Own",
        translation_context=CONTEXT,
        description="Whether not all is as for all other images",
        get=_has_own,
    )


# As texts: see below.
EVERZOOM_PG_image.__annotations__ |= {name: f"_of_image_property({name!r})" for name in OF_IMAGE}


def _note(group: Any) -> Mapping[str, Any]:
    control = control_of(group)
    return (recipe.peek(control) if control is not None else None) or {}


def _report(group: Any) -> Mapping[str, Any]:
    return _note(group).get("report") or {}


def _image_count(group: Any) -> int:
    control = control_of(group)
    return len(recipe.stored_levels(control)) if control is not None else 0


def _is_own_order(group: Any) -> bool:
    return bool((_note(group).get("list") or {}).get("is_own_order"))


def _file_order(group: Any) -> str:
    return str(_report(group).get("file_order", ""))


def _found_factor(group: Any) -> float:
    steps = _note(group).get("steps") or [[to_settings(group).zoom_factor]]
    return float(_report(group).get("zoom_factor") or steps[0][0])


def _told(note: Mapping[str, Any]) -> list[Text]:
    """The findings of a note in the window's words; none where they cannot be read."""
    try:
        return sentences(findings_from_json(note.get("findings", ())), Way.WINDOW)
    except ValueError:
        return []


def _warnings(group: Any) -> str:
    report = _report(group)
    left_out = [LeftOut(item["file"], item["reason"]) for item in report.get("left_out", ())]
    return "\n".join([*_told(report), *left_out_lines(left_out)])


def _skipped(group: Any) -> str:
    return ", ".join(_note(group).get("skipped", ()))


def _notes(group: Any) -> str:
    return "\n".join(_told(_note(group)))


def _report_text(group: Any) -> str:
    """What `--json` says of a zoom; "" where there is none, or its note cannot be read."""
    control = control_of(group)
    if control is None:
        return ""
    try:
        series, settings = recipe.stored_series(control), recipe.stored_settings(control)
        plan = zooms.plan_of(group.id_data, control)
        analysis, of_plan = recipe.stored_analysis(control), recipe.stored_findings(control)
    except EverZoomError:
        return ""
    found = analysis.to_json() if analysis else {}
    findings = [*without_repeats(analysis.findings if analysis else (), of_plan), *of_plan]
    return json.dumps(report_of(series, settings, plan, found, findings, Way.WINDOW))


def _go_to_image(group: Any, context: Any) -> None:
    """Jump the timeline to the image whose row was clicked."""
    control = control_of(group)
    if _is_filling or control is None:
        return
    frame = anchors.frame_of_image(control, chosen_layer(group))
    if frame is not None:
        context.scene.frame_set(frame)


def chosen_layer(group: Any) -> int:
    """Number of the layer of the row that is chosen in the list, -1 where it has none."""
    has_row = 0 <= group.active_image < len(group.images)
    return int(group.images[group.active_image].layer) if has_row else -1


class _Zoom:
    """Everything the user can choose (a property for each in the table), and what was found."""

    __slots__ = ()

    draft: StringProperty(
        name="Draft",
        translation_context=CONTEXT,
        description="The settings of a zoom to come, as JSON",
        options={"HIDDEN"},
    )
    images: CollectionProperty(
        type=EVERZOOM_PG_image,
        name="Images",
        translation_context=CONTEXT,
        description="The images of the zoom, the outermost first",
    )
    active_image: IntProperty(
        name="Image",
        translation_context=CONTEXT,
        description="Click to jump to this image",
        update=_go_to_image,
        options=set(),
    )
    image_count: IntProperty(
        name="Image Count",
        translation_context=CONTEXT,
        description="How many images are used",
        get=_image_count,
    )
    is_own_order: BoolProperty(
        name="Own Order",
        translation_context=CONTEXT,
        description="The order is that of the list, and not looked for",
        get=_is_own_order,
    )
    file_order: StringProperty(
        name="Order of the Files",
        translation_context=CONTEXT,
        description="Which image comes first by the files' names",
        get=_file_order,
    )
    found_factor: FloatProperty(
        name="Zoom Factor Found",
        translation_context=CONTEXT,
        description="The usual one of the factors between neighbours, their median",
        precision=4,
        get=_found_factor,
    )
    warnings: StringProperty(
        name="Warnings", translation_context=CONTEXT, description="One in a line", get=_warnings
    )
    skipped: StringProperty(
        name="Skipped",
        translation_context=CONTEXT,
        description="Other files of the folder",
        get=_skipped,
    )
    notes: StringProperty(
        name="Notes",
        translation_context=CONTEXT,
        description="What the settings cost, one in a line",
        get=_notes,
    )
    problem: StringProperty(
        name="Problem",
        translation_context=CONTEXT,
        description="Why the last change was refused",
        get=problem_of,
    )


class EVERZOOM_PG_zoom(_Zoom, bpy.types.PropertyGroup):
    """A scene's: of its active zoom, or of the zoom to come."""

    __slots__ = ()

    report: StringProperty(
        name="Report",
        translation_context=CONTEXT,
        description="What was found and chosen, as JSON: what the command line writes by --json",
        get=_report_text,
    )


class EVERZOOM_PG_zoom_of_object(_Zoom, bpy.types.PropertyGroup):
    """A control's, without what has several parts.

    Blender reads the properties of objects that are library overrides when it compares them with
    the originals, and 4.5 crashes in the getters of such with several parts.
    """

    __slots__ = ()


# As texts, like all others here: 4.2 as a module crashes at its end where Python still holds one of
# them that has a function.
_OF_SEVERAL_PARTS = {
    name for name in TABLE if get_args(KINDS[name]) and Ellipsis not in get_args(KINDS[name])
}
_Zoom.__annotations__ |= {
    name: f"_stored_property({name!r})" for name in TABLE if name not in _OF_SEVERAL_PARTS
}
EVERZOOM_PG_zoom.__annotations__ |= {
    name: f"_stored_property({name!r})" for name in TABLE if name in _OF_SEVERAL_PARTS
}


# --- The list of images ---------------------------------------------------------------------------

_is_filling = False


def fill_list(control: bpy.types.Object) -> None:
    """Let the list of a zoom show the images that the zoom has.

    Raises:
        EverZoomError: The note of what the zoom was made from is missing or unreadable.
    """
    global _is_filling
    group: Any = control.ever_zoom  # type: ignore[attr-defined]
    analysis = recipe.stored_analysis(control)
    series = recipe.stored_series(control)
    listing = recipe.stored_listing(control, series)
    pairs = analysis.pairs if analysis else ()
    layers = objects.numbered(control, tags.LAYER)
    _is_filling = True
    try:
        group.images.clear()
        for listed in listing.rows:
            row = group.images.add()
            row.name = listed.file.name
            row.is_used = listed.is_used
            row.layer = -1 if listed.layer is None else listed.layer
            row.image = _picture(listed, layers)
            number = row.layer - 1
            row.has_depth = row.layer >= 0 and bool(series.images[row.layer].depth_text)
            row.is_in_hole = number >= 0 and series.steps[number].is_hole
            row.is_measured = 0 <= number < len(pairs)
            if row.is_measured:
                pair = pairs[number]
                row.score, row.factor = pair.score, pair.factor
                row.offset, row.turn, row.gain = pair.offset_px, pair.turn_deg, pair.gain
                row.is_given = pair.source is Source.GIVEN
                row.is_odd = is_odd(pair)
        group.active_image = min(group.active_image, len(group.images) - 1)
    finally:
        _is_filling = False


def _picture(listed: ListedImage, layers: dict[int, Any]) -> Any:
    """The image of a row for its thumbnail, None where its file is gone."""
    if listed.layer is not None and listed.layer in layers:
        return objects.layer_image(layers[listed.layer])
    try:
        return loading.load_image(listed.file)
    except EverZoomError:
        return None


def adopt(control: bpy.types.Object) -> None:
    """Make a zoom that was just built ready for the panel."""
    fill_list(control)
    forget_problems(control)


@persistent  # type: ignore[untyped-decorator]
def _forget(*_: Any) -> None:
    """Undo and redo put objects and settings in the place of others."""
    forget_problems()
    active.forget()


@persistent  # type: ignore[untyped-decorator]
def _fill_loaded(*_: Any) -> None:
    """Zooms that were built without the window: the panel lists them like its own."""
    _forget()
    items: Any = bpy.data.objects
    for item in items:
        if item.get(tags.ROLE) == tags.CONTROL and not item.ever_zoom.images:
            with contextlib.suppress(EverZoomError):  # the panel says so
                fill_list(item)


CLASSES = (EVERZOOM_PG_image, EVERZOOM_PG_zoom, EVERZOOM_PG_zoom_of_object)


def register() -> None:
    """Add what this module has to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    scenes: Any = bpy.types.Scene
    items: Any = bpy.types.Object
    scenes.ever_zoom = PointerProperty(type=EVERZOOM_PG_zoom)
    items.ever_zoom = PointerProperty(type=EVERZOOM_PG_zoom_of_object)
    bpy.app.handlers.load_post.append(_fill_loaded)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_forget)
    # The file that is open already: it is out of reach while add-ons are registered. Persistent:
    # 4.2 crashes at its end if it has dropped a timer when a file was opened.
    bpy.app.timers.register(_fill_loaded, first_interval=0.0, persistent=True)


def unregister() -> None:
    """Take out what `register` added."""
    bpy.app.handlers.load_post.remove(_fill_loaded)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.remove(_forget)
    if bpy.app.timers.is_registered(_fill_loaded):
        bpy.app.timers.unregister(_fill_loaded)
    del bpy.types.Object.ever_zoom  # type: ignore[attr-defined]
    del bpy.types.Scene.ever_zoom  # type: ignore[attr-defined]
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
