"""A look at the joins: all of them in one picture, or from one to the next.

The seam check draws over the 3D View and moves the current frame, which it gives back. It changes
nothing else, and keeps nothing in the file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import bpy
import numpy as np
from bpy.app.handlers import persistent
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ..core.cropping import UNSEEN, SeamDifference, seam_difference, widths_to_look
from ..core.files.places import check_file
from ..core.joins import (
    DIFFERENCE_TIMES,
    Bytes,
    Join,
    JoinPictures,
    find_joins,
    join_pictures,
    source_of,
)
from ..core.matching.colour import linear_from_srgb
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import compat, contact_sheet, loading, tags, zoom_level, zooms
from ..scene.paths import absolute
from ..texts import Text
from .asking import active_zoom, has_zoom
from .bridge import change, to_settings
from .languages import CONTEXT, explained, translated
from .reporting import LongOperator, Reporting, report
from .tab import PartOfTab
from .text import draw_lines
from .view import free_part
from .work import Finish, Work, redraw, redraw_status_bar

WIDTH = 800  # pixels of the pictures, which the view shows larger or smaller
LEAST_ROOM = 16  # pixels of the view's free part, or nothing is drawn

# What is looked at, by what `JoinPictures` calls it: the button, and what it shows.
LOOKS = {
    "seam": ("Seam", "The frame as it is"),
    "outer": ("Outer", "The larger image alone, in the same place"),
    "inner": ("Inner", "The smaller image alone, all of it"),
    "difference": (
        "Difference",
        f"Of the two, {DIFFERENCE_TIMES:.0f} times as strong; what the crop takes away is darker",
    ),
}
MOVES = {
    "next": ("Next Join", "Go to the next seam, further inside"),
    "previous": ("Previous Join", "Go to the seam before"),
    "end": ("End", "End the check; the current frame is what it was before"),
}
KEYS = {"LEFT_ARROW": "previous", "RIGHT_ARROW": "next", "ESC": "end"}
STATUS: tuple[tuple[tuple[Any, ...], Text], ...] = (
    (("EVENT_LEFT_ARROW", "EVENT_RIGHT_ARROW"), Text("Join")),
    (("EVENT_UP_ARROW", "EVENT_DOWN_ARROW"), Text("Picture")),
    (("EVENT_ESC",), Text("End")),
)


class Check:
    """A check of seams, from one join to the next.

    Attributes:
        running: The one that goes on, if any; it survives undo, as the window does.
        join: What is shown.
        number: Of the join, from 0.
        count: How many there are.
        look: Which picture is shown.
        difference: Along the join's seam; None: there is nothing to compare.
    """

    running: ClassVar[Check | None] = None

    def __init__(self, scene: Any, control: Any) -> None:
        """Show the join that is nearest to the current frame.

        Raises:
            EverZoomError: As `show`.
        """
        self._scene, self._control = scene.session_uid, control.session_uid
        self._frame = scene.frame_current
        self._textures: dict[str, Any] = {}
        self._handler: Any = None
        self.look = "seam"
        frames = [join.frame for join in self._joins(scene, control)[1]]
        self.show(scene, control, int(np.abs(np.array(frames) - self._frame).argmin()))

    @staticmethod
    def of(context: Any) -> Check | None:
        """The check that goes on in the scene at hand."""
        check, scene = Check.running, context.scene
        return check if check is not None and check._scene == scene.session_uid else None

    def _joins(self, scene: Any, control: Any) -> tuple[Any, list[Join]]:
        plan = zooms.plan_of(scene, control)
        curve, levels = zoom_level.curve_of(control), None
        if curve is not None:  # which the user may have edited
            levels = [curve.evaluate(frame) for frame in plan.frames]
        return plan, find_joins(plan, levels)

    def show(self, scene: Any, control: Any, number: int) -> None:
        """Go to a join; after the last one comes the first.

        Raises:
            EverZoomError: The zoom's note or an image cannot be read; nothing is changed.
        """
        plan, joins = self._joins(scene, control)
        number %= len(joins)
        join = joins[number]
        needed = widths_to_look(plan, join, WIDTH)
        sources = {
            file: source_of(loading.read_pixels(file), width) for file, width in needed.items()
        }
        self._pictures: JoinPictures = join_pictures(plan, join, sources, WIDTH)
        self.difference: SeamDifference | None = seam_difference(plan, join, sources)
        self.join, self.number, self.count = join, number, len(joins)
        self._settings = control.get(tags.SETTINGS)
        self._textures.clear()
        scene.frame_set(join.frame)

    def is_current(self, scene: Any, control: Any) -> bool:
        """Whether what is shown belongs to what the scene shows now."""
        return (
            scene.session_uid == self._scene
            and control is not None
            and control.session_uid == self._control
            and scene.frame_current == self.join.frame
            and control.get(tags.SETTINGS) == self._settings
        )

    def start(self) -> None:
        """Begin to draw over the 3D Views."""
        Check.running = self
        if not bpy.app.background:
            views: Any = bpy.types.SpaceView3D
            self._handler = views.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
            redraw_status_bar(bpy.context)

    def end(self) -> None:
        """Give everything back; once is enough."""
        if Check.running is not self:
            return
        Check.running = None
        self._textures.clear()
        if self._handler is not None:
            views: Any = bpy.types.SpaceView3D
            views.draw_handler_remove(self._handler, "WINDOW")
            redraw_status_bar(bpy.context)
        scene = next((item for item in bpy.data.scenes if item.session_uid == self._scene), None)
        if scene is not None and scene.frame_current == self.join.frame:
            scene.frame_set(self._frame)

    def _draw(self) -> None:
        """Draw the picture into the free part of the view that is being drawn."""
        import gpu  # not in a Blender without a window
        from gpu_extras.presets import draw_texture_2d

        context: Any = bpy.context
        if not self.is_current(context.scene, active_zoom(context)):
            return
        region, left, right, bottom, top = free_part(context.area)
        if min(right - left, top - bottom) < LEAST_ROOM:
            return
        picture: Bytes = getattr(self._pictures, self.look)
        if self.look not in self._textures:
            height, width = picture.shape[:2]
            pixels = np.ones((height, width, 4), np.float32)
            pixels[..., :3] = picture[::-1] / 255.0
            if bpy.app.version < compat.TEXTURES_AS_THEY_ARE:
                pixels = linear_from_srgb(pixels)
            flat: Any = pixels.ravel()
            data = gpu.types.Buffer("FLOAT", pixels.size, flat)
            self._textures[self.look] = gpu.types.GPUTexture(
                (width, height), format="RGBA16F", data=data
            )
        height, width = picture.shape[:2]
        scale = min((right - left) / width, (top - bottom) / height)
        size = width * scale, height * scale
        place = (
            (left + right - size[0]) / 2.0 - region.x,
            (bottom + top - size[1]) / 2.0 - region.y,
        )
        draw_texture_2d(self._textures[self.look], place, *size)


def _draw_keys(header: Any, context: bpy.types.Context) -> None:
    """In the status bar, where Blender shows the keys of its own tools."""
    if Check.of(context) is None:
        return
    row = header.layout.row(align=True)
    for icons, text in STATUS:
        for icon in icons:
            row.label(text="", icon=icon)
        row.separator(factor=1.5)  # Esc is wider than an icon
        row.label(text=translated(text), translate=False)
    row.label(text="With the Mouse over the View")


@persistent  # type: ignore[untyped-decorator]
def end_check(*_: object) -> None:
    """End the check, as its file or the add-on goes away, is saved, or gets another state."""
    if Check.running is not None:
        Check.running.end()


class EVERZOOM_OT_seam_check(Reporting, bpy.types.Operator):
    """Look at one seam after the other: arrow keys go on and change the picture, Esc ends it"""

    bl_idname = "ever_zoom.seam_check"
    bl_label = "Seam Check"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return Work.running is None and has_zoom(cls, context)

    def act(self, context: Any) -> None:
        if context.screen is not None and context.screen.is_animation_playing:
            bpy.ops.screen.animation_cancel(restore_frame=False)
        end_check()
        Check(context.scene, active_zoom(context)).start()
        redraw(context, with_views=True)

    def invoke(self: Any, context: Any, _event: Any) -> set[str]:
        result = self.execute(context)
        if result != {"FINISHED"} or bpy.app.background:
            return set(result)
        self.check = Check.running
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self: Any, context: Any, event: Any) -> set[str]:
        if Check.running is not self.check:
            return {"FINISHED"}
        if event.value != "PRESS" or Check.of(context) is None or not _is_over_view(context, event):
            return {"PASS_THROUGH"}
        look = KEYS.get(event.type)
        if event.type in {"UP_ARROW", "DOWN_ARROW"}:
            names = list(LOOKS)
            step = 1 if event.type == "DOWN_ARROW" else -1
            look = names[(names.index(self.check.look) + step) % len(names)]
        if look is None:
            return {"PASS_THROUGH"}
        operators: Any = bpy.ops
        operators.ever_zoom.seam_look(what=look)
        return {"RUNNING_MODAL"}

    def cancel(self, _context: Any) -> None:
        """Blender ends the operator, as when its window is closed."""
        end_check()


def _is_over_view(context: Any, event: Any) -> bool:
    """Whether the mouse is over a 3D View: elsewhere keys are what they always are."""
    return any(
        0 <= event.mouse_x - area.x < area.width and 0 <= event.mouse_y - area.y < area.height
        for area in context.window.screen.areas
        if area.type == "VIEW_3D"
    )


class EVERZOOM_OT_seam_look(Reporting, bpy.types.Operator):
    """Change what the seam check shows"""

    bl_idname = "ever_zoom.seam_look"
    bl_label = "Look"
    bl_options = {"INTERNAL"}

    what: EnumProperty(
        name="What",
        translation_context=CONTEXT,
        description="What is shown next",
        items=[(name, *told) for name, told in (LOOKS | MOVES).items()],
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        return Check.of(context) is not None and has_zoom(cls, context)

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        return explained((LOOKS | MOVES)[properties.what][1])

    def act(self, context: Any) -> None:
        check = Check.of(context)
        assert check is not None  # see poll
        if self.what == "end":
            check.end()
        elif self.what in LOOKS:
            check.look = self.what
            if not check.is_current(context.scene, active_zoom(context)):
                check.show(context.scene, active_zoom(context), check.number)
        else:
            number = check.number + (1 if self.what == "next" else -1)
            check.show(context.scene, active_zoom(context), number)
        redraw(context, with_views=True)


class EVERZOOM_OT_take_crop(Reporting, bpy.types.Operator):
    """Use the largest crop with which this seam is not seen, for all images"""

    bl_idname = "ever_zoom.take_crop"
    bl_label = "Take This Crop"
    bl_options = {"REGISTER", "UNDO"}

    is_of_one: BoolProperty(
        name="For This Image",
        translation_context=CONTEXT,
        description="Use the largest crop with which this seam is not seen, for this image alone",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        of_one = properties.bl_rna.properties["is_of_one"].description
        return explained(of_one if properties.is_of_one else str(cls.__doc__))

    @classmethod
    def poll(cls, context: Any) -> bool:
        return EVERZOOM_OT_seam_look.poll(context) and suggested(context) is not None

    def act(self, context: Any) -> None:
        crop, check = suggested(context), Check.of(context)
        if crop is None or check is None:
            raise EverZoomError("There is no crop to take: start the seam check.")
        group = active_zoom(context).ever_zoom
        own = to_settings(group).of_image(check.join.inner.image.file.name)
        # What is taken for all holds for this image, too.
        own = replace(own, crop=crop if self.is_of_one else None)
        of_images = to_settings(group).with_image(own).of_images
        change(group, {"of_images": of_images} | ({} if self.is_of_one else {"crop": crop}))
        check.show(context.scene, active_zoom(context), check.number)
        redraw(context, with_views=True)


def suggested(context: Any) -> float | None:
    """The crop that the check suggests for the join that it shows."""
    check = Check.of(context)
    return check.difference.suggested if check and check.difference else None


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
            here = Path(bpy.data.filepath or active_zoom(context).ever_zoom.folder or "zoom")
            self.filepath = str(here.with_name(f"{here.stem}_joins{contact_sheet.SUFFIX}"))
        self.is_asked = True
        return set(ExportHelper.invoke(self, context, event))

    def steps(self: Any, context: Any) -> Steps[Finish]:
        file = check_file(Path(absolute(self.filepath)))
        plan = zooms.plan_of(context.scene, active_zoom(context))
        yield from contact_sheet.write_steps(plan, file)
        return lambda: report(self, Text("Saved to {file}", file=file))


class EVERZOOM_PT_seams(PartOfTab, bpy.types.Panel):
    """What shows whether joins are seen."""

    bl_label = "Seams"

    def draw(self, context: Any) -> None:
        layout = self.layout
        check = Check.of(context)
        if check is None:
            layout.operator(EVERZOOM_OT_seam_check.bl_idname, icon="VIEWZOOM")
        else:
            _draw_check(layout, context, check)
        layout.operator(EVERZOOM_OT_contact_sheet.bl_idname, icon="IMAGE_DATA")


def _draw_check(layout: Any, context: Any, check: Check) -> None:
    look = EVERZOOM_OT_seam_look.bl_idname
    row = layout.row(align=True)
    row.operator(look, text="", icon="TRIA_LEFT").what = "previous"
    text = Text("Join {number} of {count}", number=check.number + 1, count=check.count)
    row.operator(look, text=translated(text), translate=False).what = "next"
    row.operator(look, text="", icon="TRIA_RIGHT").what = "next"
    row.operator(look, text="", icon="X").what = "end"
    inner, outer = (layer.image.file.name for layer in (check.join.inner, check.join.outer))
    text = Text("{inner} in {outer}", inner=inner, outer=outer)
    draw_lines(layout, context, text, icon="NONE")
    grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    for name, (label, _) in LOOKS.items():
        grid.operator(look, text=label, depress=check.look == name).what = name
    difference = check.difference
    if difference is None:
        return
    is_seen = difference.now > UNSEEN
    text = Text("The seam differs by {difference:.1f} of 255", difference=difference.now)
    draw_lines(layout, context, text, icon="ERROR" if is_seen else "CHECKMARK")
    crop = difference.suggested
    if crop is None:
        text = Text("No crop brings it under {difference:g}", difference=UNSEEN)
        draw_lines(layout, context, text, icon="INFO")
    else:
        take = EVERZOOM_OT_take_crop.bl_idname
        row = layout.row(align=True)
        text = Text("Take Crop {crop:.2f}", crop=crop)
        row.operator(take, text=translated(text), translate=False)
        row.operator(take, text="For This Image").is_of_one = True


CLASSES = (
    EVERZOOM_OT_seam_check,
    EVERZOOM_OT_seam_look,
    EVERZOOM_OT_take_crop,
    EVERZOOM_OT_contact_sheet,
    EVERZOOM_PT_seams,
)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


def _handlers() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.load_pre, handlers.save_pre, handlers.undo_pre, handlers.redo_pre


def register() -> None:
    """Add what this module has to Blender."""
    _register()
    bpy.types.STATUSBAR_HT_header.prepend(_draw_keys)  # type: ignore[arg-type]
    for handlers in _handlers():
        handlers.append(end_check)


def unregister() -> None:
    """Take out what `register` added; a check that goes on ends."""
    end_check()
    for handlers in _handlers():
        handlers.remove(end_check)
    bpy.types.STATUSBAR_HT_header.remove(_draw_keys)  # type: ignore[arg-type]
    _unregister()
