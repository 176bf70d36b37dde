"""Place by Hand: the user puts an image where it belongs in the next larger one.

Nothing modal: both images lie in a scene of their own (see scene/placing.py), in which everything
of Blender's works as it does elsewhere. Whether something is placed is known by that scene alone;
what is here follows it, whoever has made it come or go.

Take and Give Up go back by Blender's own undo, so that one undo is left of all that was tried. What
a script changes meanwhile in a scene that is not shown goes back with it, as with any undo: nothing
of Blender's tells of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import bpy
from bpy.app.handlers import persistent
from bpy.props import (
    BoolProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
)

from ..core.analysis.placing import snap_steps
from ..core.matching.picture import shrink
from ..core.series import SeriesImage
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import loading, placing, recipe, tags, zooms
from ..scene.placing import Lie, Placing
from ..scene.planes import objects
from ..settings import Travel
from ..texts import Text
from .asking import active_zoom, has_zoom
from .bridge import to_settings
from .languages import CONTEXT, refuse, translated
from .properties import adopt
from .reporting import LongOperator, Reporting, report
from .tab import InTab
from .text import draw_lines
from .view import free_part
from .work import Finish, Work

KEYS = Text("Enter: take it    Esc: give up    G, R, S: move, turn, scale")
NOTHING_FOUND = Text(
    "Nothing was found here: bring the image nearer to its place, also in size and turn, or take "
    "it as it lies"
)
TOOL = "builtin.transform"
LARGEST_DIMENSION = 1.44  # of a 3D View, in view distances: sensor 36 over lens 50, twice
LOOK_SECONDS = 0.3
FREE_PART = 0.9  # of the free part of the view that the outer image fills

# What is changed of a 3D View meanwhile, and to what.
VIEW: dict[str, Any] = {
    "shading.type": "MATERIAL",
    "shading.use_scene_world": False,
    "shading.use_compositor": "DISABLED",
    "shading.render_pass": "COMBINED",
    "overlay.show_overlays": True,
    "overlay.show_floor": False,
    "overlay.show_ortho_grid": False,
    "overlay.show_axis_x": False,
    "overlay.show_axis_y": False,
    "overlay.show_cursor": False,
    "overlay.show_object_origins": True,
    "overlay.show_outline_selected": True,
    "show_object_viewport_mesh": True,
    "show_object_select_mesh": True,
    "show_gizmo": True,
    "lock_cursor": False,
    "lock_camera": False,
    "lens": 50.0,
    "region_3d.use_clip_planes": False,
    "region_3d.lock_rotation": False,
    "region_3d.view_rotation": (1.0, 0.0, 0.0, 0.0),
    "region_3d.view_location": (0.0, 0.0, 0.0),
    "region_3d.view_distance": 1.0,
    "region_3d.view_perspective": "ORTHO",
}


class _Hand:
    """What Python remembers while something is placed: it survives undo, as the window does."""

    placing: ClassVar[Placing | None] = None
    is_leaving: ClassVar[bool] = False  # undo is at work for us
    is_elsewhere: ClassVar[bool] = False  # something else was changed meanwhile
    size: ClassVar[float] = 1.0  # scale of the inner image when it was last in shape
    told: ClassVar[str] = ""  # what Snap has found


# --- The window ---------------------------------------------------------------------------------


def _window(context: Any) -> Any:
    return context.window or context.window_manager.windows[0]


def _find_window() -> Any:
    """The window that shows what is placed, if any."""
    windows = bpy.context.window_manager.windows
    return next((window for window in windows if placing.is_placing(window.scene)), None)


def _window_of(placed: Placing) -> Any:
    """The window in which something is placed; if that cannot be told, the one at hand."""
    windows = bpy.context.window_manager.windows
    same = (window for window in windows if window.screen.name == placed.view["screen"])
    return _find_window() or next(same, None) or _window(bpy.context)


def _area(screen: Any, view: Mapping[str, Any]) -> Any:
    """The 3D View in use, None where it is another screen's or has become something else."""
    number = view["area"]
    if screen is None or screen.name != view["screen"] or not 0 <= number < len(screen.areas):
        return None
    area = screen.areas[number]
    return area if area.type == "VIEW_3D" else None


def _view_area(window: Any, wanted: Any) -> int:
    """Number of the 3D View to use: the one at hand, or the largest; -1: there is none."""
    areas = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    if not areas:
        return -1
    area = wanted if wanted in areas else max(areas, key=lambda area: area.width * area.height)
    return list(window.screen.areas).index(area)


def _capture(window: Any, number: int) -> dict[str, Any]:
    """What a window and its 3D View are like, as plain JSON values."""
    seen = {"screen": window.screen.name, "area": number, "layer": window.view_layer.name}
    if number < 0:
        return seen
    space = window.screen.areas[number].spaces.active
    values = {}
    for path in VIEW:
        with contextlib.suppress(AttributeError, ValueError):  # other versions have not all
            value = space.path_resolve(path)
            values[path] = value if isinstance(value, str | bool | float) else list(value)
    tool = window.workspace.tools.from_space_view3d_mode("OBJECT", create=False)
    return {**seen, "values": values, "tool": tool.idname if tool is not None else ""}


def _set(space: Any, values: dict[str, Any]) -> None:
    for path, value in values.items():
        owner, _, name = path.rpartition(".")
        item = getattr(space, owner) if owner else space
        if hasattr(item, name):
            with contextlib.suppress(TypeError):  # of an engine that is switched off
                setattr(item, name, value)


def _set_tool(window: Any, area: Any, tool: str) -> None:
    if bpy.app.background:
        return
    region = next(region for region in area.regions if region.type == "WINDOW")
    if tool:
        context: Any = bpy.context
        with context.temp_override(window=window, area=area, region=region):
            bpy.ops.wm.tool_set_by_id(name=tool, space_type="VIEW_3D")


def _show(window: Any, scene: Any) -> None:
    """Let a window show what is placed, flat, with the outer image between what lies around."""
    window.scene = scene
    placed = placing.what(scene)
    area = _area(window.screen, placed.view)
    if area is None:
        return
    space, outer = area.spaces.active, placed.outer
    _set(space, VIEW)
    region, left, right, bottom, top = free_part(area)
    # Units in a pixel of the screen.
    unit = max(
        outer.width / max(FREE_PART * (right - left), 1.0),
        outer.height / max(FREE_PART * (top - bottom), 1.0),
    )
    middle = region.x + region.width / 2, region.y + region.height / 2
    across, up = middle[0] - (left + right) / 2, middle[1] - (bottom + top) / 2
    view = space.region_3d
    view.view_distance = unit * max(region.width, region.height) / LARGEST_DIMENSION
    view.view_location = across * unit, up * unit, 0.0
    if space.local_view is not None:
        for item in scene.objects:
            item.local_view_set(space, True)
    _set_tool(window, area, TOOL)


def _put_back(window: Any, placed: Placing) -> None:
    """Let a window show what it showed before."""
    scene = next((item for item in bpy.data.scenes if item.session_uid == placed.scene), None)
    if scene is not None:
        window.scene = scene
        layer = scene.view_layers.get(placed.view["layer"])
        if layer is not None:
            window.view_layer = layer
    area = _area(bpy.data.screens.get(placed.view["screen"]), placed.view)
    if area is None:
        return
    _set(area.spaces.active, placed.view["values"])
    if window.screen.name == placed.view["screen"]:
        _set_tool(window, area, placed.view["tool"])


# --- Coming and going ---------------------------------------------------------------------------


def _enter(window: Any, scene: Any) -> None:
    _Hand.placing = placing.what(scene)
    _Hand.is_elsewhere = False
    _Hand.size = placing.settle(scene, 1.0)
    _Hand.told = ""
    _show(window, scene)
    if not bpy.app.timers.is_registered(_look_around):
        bpy.app.timers.register(_look_around, first_interval=LOOK_SECONDS, persistent=True)


def _leave(context: Any) -> None:
    """Let everything be as it was before, also what can be undone."""
    placed = _Hand.placing
    window = _window_of(placed) if placed is not None else _window(context)
    undo: Any = bpy.ops.ed.undo
    _Hand.is_leaving = True
    try:
        while placing.current() is not None and not _Hand.is_elsewhere:
            if not undo.poll() or undo() != {"FINISHED"}:
                break
        if placing.current() is not None:  # no undo, or not that far
            placing.remove()
    finally:
        _Hand.is_leaving = False
        _Hand.placing = None
    if placed is not None:
        _put_back(window, placed)


def follow() -> None:
    """Come or go with the scene, where somebody else has made it come or go."""
    if _Hand.is_leaving:
        return
    scene, placed = placing.current(), _Hand.placing
    if scene is not None and placed is not None:
        if _find_window() is None:
            _show(_window_of(placed), scene)
    elif scene is not None:  # undo or redo led here
        window = _find_window() or _window(bpy.context)
        view = _capture(window, _view_area(window, None))
        scene[tags.PLACING] = replace(placing.what(scene), view=view).to_json()
        _enter(window, scene)
    elif placed is not None:
        window, _Hand.placing = _window_of(placed), None
        placing.remove()  # what the scene has left
        _put_back(window, placed)


def _give_up_if_out_of_sight() -> None:
    """The user has chosen another scene, or closed the window: that is where they want to be."""
    placed = _Hand.placing
    if placed is None or _find_window() is not None:
        return
    window, _Hand.placing = _window_of(placed), None
    shown = window.scene
    placing.remove()
    _put_back(window, placed)
    window.scene = shown


@persistent  # type: ignore[untyped-decorator]
def _after_undo(*_: Any) -> None:
    follow()


@persistent  # type: ignore[untyped-decorator]
def _after_change(scene: Any, depsgraph: Any) -> None:
    if _Hand.placing is None or _Hand.is_leaving:
        return
    if placing.is_placing(scene):
        _Hand.size = placing.settle(scene, _Hand.size)
        return
    _Hand.is_elsewhere |= any(depsgraph.updates)


def _look_around() -> float | None:
    """Blender tells nobody that a scene was deleted, or is no longer shown."""
    if placing.current() is None:
        follow()
    else:
        _give_up_if_out_of_sight()
    return LOOK_SECONDS if _Hand.placing is not None else None


# While a file is saved nothing of it is there: what was placed, where, and what it looked like.
_saving: tuple[Placing, Lie, bool, float] | None = None


@persistent  # type: ignore[untyped-decorator]
def _before_saving(*_: Any) -> None:
    global _saving
    scene, placed = placing.current(), _Hand.placing
    if scene is None or placed is None:
        return
    with contextlib.suppress(EverZoomError):  # it is broken: there is nothing to keep
        opacity = placing.plane(scene).color[3]
        _saving = placed, placing.lie(scene), placing.shows_difference(scene), opacity
    window, _Hand.placing = _window_of(placed), None
    placing.remove()
    _put_back(window, placed)


@persistent  # type: ignore[untyped-decorator]
def _after_saving(*_: Any) -> None:
    global _saving
    if _saving is None:
        return
    (placed, start, is_difference, opacity), _saving = _saving, None
    scene = placing.make(placed, start)
    placing.show_difference(scene, is_difference)
    placing.plane(scene).color[3] = opacity
    _enter(_window_of(placed), scene)


@persistent  # type: ignore[untyped-decorator]
def _before_loading(*_: Any) -> None:
    _Hand.placing = None


@persistent  # type: ignore[untyped-decorator]
def _after_loading(*_: Any) -> None:
    """A file that Blender saved by itself, for a crash, may have been in the middle of it."""
    scene = placing.current()
    if scene is None:
        return
    window = _find_window() or _window(bpy.context)
    try:
        note = placing.what(scene)
    except EverZoomError:
        note = None
    placing.remove()
    shown = next((item for item in bpy.data.scenes if objects.controls(item)), window.scene)
    if note is not None:  # whose scene was another session's
        _put_back(window, replace(note, scene=shown.session_uid))


# --- Operators ----------------------------------------------------------------------------------


def is_placing(context: Any) -> bool:
    """Whether the user is placing an image."""
    return placing.is_placing(context.scene)


def pair_of(control: Any, row: int) -> tuple[SeriesImage, SeriesImage, Lie]:
    """The image of a row of the list, the next larger one, and how it lies there so far.

    Returns:
        The outer image, the inner one, and the place.

    Raises:
        EverZoomError: The image is not used, or lies in no other one.
    """
    group = control.ever_zoom
    if not 0 <= row < len(group.images) or group.images[row].layer < 0:
        raise EverZoomError("The zoom does not use that image: choose another row.")
    number, name = group.images[row].layer, group.images[row].name
    if number == 0 and to_settings(group).travel is not Travel.LOOP:
        raise EverZoomError(
            "{name} is the outermost image: choose the image that lies in another one.", name=name
        )
    series = recipe.stored_series(control)
    outer, inner = series.images[number - 1], series.images[number]
    step = series.steps[number - 1] if number else series.closing or series.steps[-1]
    offset = step.offset[0] * outer.width, -step.offset[1] * outer.width
    return outer, inner, Lie(step.factor, offset, step.turn)


class EVERZOOM_OT_place_by_hand(Reporting, bpy.types.Operator):
    """Put the image where it belongs in the next larger one: move, turn and scale it by hand"""

    bl_idname = "ever_zoom.place_by_hand"
    bl_label = "Place by Hand"
    bl_options = {"UNDO"}

    row: IntProperty(
        name="Row",
        translation_context=CONTEXT,
        description="Number of the image's row in the list; -1 is the chosen one",
        default=-1,
        min=-1,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if Work.running is not None or not has_zoom(cls, context):
            return False
        if context.mode != "OBJECT":
            return refuse(cls, "Leave Edit Mode, or whatever the mode is, first")
        return True

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        objects.check_editable(control)
        row = self.row if self.row >= 0 else control.ever_zoom.active_image
        outer, inner, start = pair_of(control, row)
        window = _window(context)
        if context.screen is not None and context.screen.is_animation_playing:
            bpy.ops.screen.animation_cancel(restore_frame=False)
        view = _capture(window, _view_area(window, context.area))
        placed = Placing(control.session_uid, window.scene.session_uid, outer, inner, view)
        _enter(window, placing.make(placed, start))


class EVERZOOM_OT_measure_again(Reporting, bpy.types.Operator):
    """Forget where the image was placed by hand, and measure it"""

    bl_idname = "ever_zoom.measure_again"
    bl_label = "Measure Again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return Work.running is None and has_zoom(cls, context)

    def act(self, context: Any) -> None:
        control = active_zoom(context)
        outer, inner, _ = pair_of(control, control.ever_zoom.active_image)
        zooms.place(control.users_scene[0], control, outer.file.name, inner.file.name, None)
        adopt(control)


class _WhilePlacing(Reporting):
    """Works only while something is placed."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        return Work.running is None and is_placing(context)


class EVERZOOM_OT_take_placement(_WhilePlacing, bpy.types.Operator):
    """Let the image lie where it was placed, in the zoom"""

    bl_idname = "ever_zoom.take_placement"
    bl_label = "Take"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not super().poll(context):
            return False
        if context.mode != "OBJECT":
            return refuse(cls, "Leave Edit Mode first (Tab)")
        return True

    def act(self: Any, context: Any) -> None:
        scene: Any = placing.current()
        given, placed = placing.placement(scene), placing.what(scene)
        control, shown = _zoom_and_scene(placed)
        finish = zooms.prepare_place(shown, control, *given.names, given)
        frame = shown.frame_current_final
        _leave(context)
        control, shown = _zoom_and_scene(placed)
        finish(shown, control)
        adopt(control)
        if shown.frame_current_final != frame:  # scrubbing is no step that can be undone
            shown.frame_set(int(frame), subframe=frame % 1.0)
        report(
            self,
            Text(
                "{inner} lies in {outer} where you have placed it",
                inner=given.inner,
                outer=given.outer,
            ),
        )


def _zoom_and_scene(placed: Placing) -> tuple[Any, Any]:
    """The control of the zoom for which something is placed, and the scene that is built in.

    Raises:
        EverZoomError: The zoom is gone.
    """
    control = next((item for item in bpy.data.objects if item.session_uid == placed.control), None)
    if control is None or not control.users_scene:
        raise EverZoomError("The zoom was removed meanwhile: give up (Esc), and build it again.")
    shown = next((item for item in control.users_scene if item.session_uid == placed.scene), None)
    return control, shown or control.users_scene[0]


class EVERZOOM_OT_give_up_placement(_WhilePlacing, bpy.types.Operator):
    """Leave everything as it was"""

    bl_idname = "ever_zoom.give_up_placement"
    bl_label = "Give Up"
    bl_options = {"INTERNAL"}

    def act(self, context: Any) -> None:
        _leave(context)


class EVERZOOM_OT_snap_placement(LongOperator, bpy.types.Operator):
    """Let the image be measured from where it lies: bring it near its place first"""

    bl_idname = "ever_zoom.snap_placement"
    bl_label = "Snap"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        # Not greyed out at work: see the list's.
        return is_placing(context)

    def steps(self: Any, context: Any) -> Steps[Finish]:
        scene = placing.current()
        assert scene is not None  # see poll
        given, note = placing.placement(scene), placing.what(scene)
        pictures = []
        for image in (note.outer, note.inner):
            yield 0.0, Text("Reading {file}", file=image.file.name)
            pictures.append(shrink(image.file.name, loading.read_pixels(image.file)))
        found = yield from snap_steps(given, *pictures)
        scene = placing.current()
        if scene is None:
            raise EverZoomError("Nothing is placed any more: press Place by Hand again.")

        def finish() -> None:
            if found is None:
                _Hand.told = NOTHING_FOUND
                report(self, NOTHING_FOUND, "WARNING")
                return
            placed, score = found
            placing.move(scene, Lie(placed.factor, placed.offset_px, placed.turn_deg))
            _Hand.told = Text("Found in the pictures, score {score:.2f}", score=score)
            report(self, _Hand.told)

        return finish


# --- What is drawn ------------------------------------------------------------------------------


def _get(name: str) -> Any:
    def get(group: Any) -> Any:
        try:
            return getattr(placing.lie(group.id_data), name)
        except EverZoomError:
            return (0.0, 0.0) if name == "offset_px" else 0.0

    return get


def _set_part(name: str) -> Any:
    def set_part(group: Any, value: Any) -> None:
        with contextlib.suppress(EverZoomError):
            scene = group.id_data
            value = value if isinstance(value, float) else tuple(value)
            placing.move(scene, replace(placing.lie(scene), **{name: value}))

    return set_part


def _is_difference(group: Any) -> bool:
    try:
        return placing.shows_difference(group.id_data)
    except EverZoomError:
        return False


def _show_difference(group: Any, value: bool) -> None:
    with contextlib.suppress(EverZoomError):
        placing.show_difference(group.id_data, value)


class EVERZOOM_PG_placing(bpy.types.PropertyGroup):
    """Where the inner image lies, of the scene in which it is placed: read from its plane."""

    __slots__ = ()

    factor: FloatProperty(
        name="Factor",
        translation_context=CONTEXT,
        description="How many times wider the outer image is than the inner one in it",
        min=0.001,
        soft_min=1.005,
        soft_max=64.0,
        precision=4,
        step=1,
        get=_get("factor"),
        set=_set_part("factor"),
    )
    offset_px: FloatVectorProperty(
        name="Offset",
        translation_context=CONTEXT,
        description="Of the centres, in pixels of the outer image, to the right and down",
        size=2,
        precision=2,
        step=50,
        get=_get("offset_px"),
        set=_set_part("offset_px"),
    )
    turn_deg: FloatProperty(
        name="Turn",
        translation_context=CONTEXT,
        description="By how many degrees the inner image is turned, clockwise",
        precision=3,
        step=10,
        get=_get("turn_deg"),
        set=_set_part("turn_deg"),
    )
    difference: BoolProperty(
        name="Difference",
        translation_context=CONTEXT,
        description="Show by how much the two images differ: black where they are the same",
        get=_is_difference,
        set=_show_difference,
    )


class EVERZOOM_PT_placing(InTab, bpy.types.Panel):
    """What there is to do while an image is placed."""

    bl_label = "Place by Hand"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return is_placing(context)

    def draw(self, context: Any) -> None:
        layout = self.layout
        scene = context.scene
        try:
            placed = placing.what(scene)
            inner = placing.plane(scene)
        except EverZoomError as error:
            draw_lines(layout, context, error.text)
            layout.operator(EVERZOOM_OT_give_up_placement.bl_idname, icon="X")
            return
        names = placed.inner.file.name, placed.outer.file.name
        text = Text("{inner} in {outer}", inner=names[0], outer=names[1])
        draw_lines(layout, context, text, "NONE")
        big = layout.row(align=True)
        big.scale_y = 1.5
        work = Work.running
        if work is not None:
            big.progress(factor=work.fraction, text=translated(work.text), translate=False)
            big.operator("ever_zoom.stop", text="", icon="X")
        else:
            big.operator(EVERZOOM_OT_take_placement.bl_idname, icon="CHECKMARK")
            big.operator(EVERZOOM_OT_give_up_placement.bl_idname, icon="X")
        row = layout.row(align=True)
        row.operator(EVERZOOM_OT_snap_placement.bl_idname, icon="SNAP_ON")
        row.prop(scene.ever_zoom_placing, "difference", toggle=True, icon="SELECT_DIFFERENCE")
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        for name in ("factor", "offset_px", "turn_deg"):
            column.prop(scene.ever_zoom_placing, name)
        column.prop(inner, "color", index=3, text="Opacity", slider=True)
        if _Hand.told:
            draw_lines(layout, context, _Hand.told, "INFO")


def _draw_keys(header: Any, context: Any) -> None:
    if is_placing(context):
        header.layout.label(text=KEYS)


CLASSES = (
    EVERZOOM_PG_placing,
    EVERZOOM_OT_place_by_hand,
    EVERZOOM_OT_measure_again,
    EVERZOOM_OT_take_placement,
    EVERZOOM_OT_give_up_placement,
    EVERZOOM_OT_snap_placement,
    EVERZOOM_PT_placing,
)
_KEYS: dict[str, tuple[Any, ...]] = {
    EVERZOOM_OT_take_placement.bl_idname: ("RET", "NUMPAD_ENTER"),
    EVERZOOM_OT_give_up_placement.bl_idname: ("ESC",),
}
_HANDLERS = {
    "undo_post": _after_undo,
    "redo_post": _after_undo,
    "depsgraph_update_post": _after_change,
    "save_pre": _before_saving,
    "save_post": _after_saving,
    "save_post_fail": _after_saving,
    "load_pre": _before_loading,
    "load_post": _after_loading,
}
_keymap_items: list[tuple[Any, Any]] = []


def register() -> None:
    """Add what this module has to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    scenes: Any = bpy.types.Scene
    scenes.ever_zoom_placing = PointerProperty(type=EVERZOOM_PG_placing)
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(function)
    bpy.types.STATUSBAR_HT_header.prepend(_draw_keys)  # type: ignore[arg-type]
    keys = bpy.context.window_manager.keyconfigs.addon
    if keys is None:  # in the background
        return
    keymap = keys.keymaps.new(name="3D View Generic", space_type="VIEW_3D")
    for operator, names in _KEYS.items():
        for name in names:
            _keymap_items.append((keymap, keymap.keymap_items.new(operator, name, "PRESS")))


def unregister() -> None:
    """Take out what `register` added; what was being placed is given up."""
    if _Hand.placing is not None:
        placed = _Hand.placing
        window, _Hand.placing = _window_of(placed), None
        placing.remove()
        _put_back(window, placed)
    for keymap, item in _keymap_items:
        keymap.keymap_items.remove(item)
    _keymap_items.clear()
    bpy.types.STATUSBAR_HT_header.remove(_draw_keys)  # type: ignore[arg-type]
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(function)
    if bpy.app.timers.is_registered(_look_around):
        bpy.app.timers.unregister(_look_around)
    del bpy.types.Scene.ever_zoom_placing  # type: ignore[attr-defined]
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
