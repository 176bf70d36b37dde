"""The list of a zoom's images and its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..core.analysis.making import pair_steps
from ..core.files.folder import natural_key
from ..core.files.moving import ENTRY_SUFFIXES
from ..core.series import ListedImage, Listing
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import loading, recipe, zooms
from ..scene.measuring import relist_steps
from ..scene.planes import objects
from ..settings import Travel
from ..wording import counted
from . import data
from .asking import MORE_IMAGES, active_zoom
from .bridge import to_settings
from .finding import PLACE_ICON
from .of_image import OWN_UNITS, draw_of_image, draw_own
from .properties import EVERZOOM_PG_image, adopt
from .reporting import LongOperator, OfZoom, nothing
from .text import room, shortened
from .thumbnails import icon_of
from .work import Finish, Kept

# Icons' widths that a row of the list has no room for the name in.
UNITS = 4.1  # box, picture, scroll bar, and the buttons beside the list
SCORE_UNITS = (3.8, 5.2)  # without and with a warning sign; a button takes more than its text


class EVERZOOM_UL_images(bpy.types.UIList):
    """The images, outermost first."""

    def draw_item(
        self,
        context: Any,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
        index: int,
    ) -> None:
        row = layout.row(align=True)
        box = "CHECKBOX_HLT" if item.is_used else "CHECKBOX_DEHLT"
        row.operator(EVERZOOM_OT_use_image.bl_idname, text="", icon=box, emboss=False).index = index
        name = row.row()
        name.active = item.is_used
        shown = data.of(context)
        name.alert = item.name in shown.missing
        taken = UNITS + (SCORE_UNITS[item.is_odd] if item.is_measured else 0.0)
        taken += OWN_UNITS if item.has_own else 0.0
        name.label(
            text=shortened(context, item.name, room(context, taken), shown.beginning),
            icon_value=icon_of(item.image) if item.image is not None else 0,
        )
        draw_own(row, item, index)
        if not item.is_measured:
            return
        score = row.row(align=True)
        score.alignment = "RIGHT"
        if item.is_odd:
            _draw_word(score, index, "is_odd", icon="ERROR")
        if item.is_given:
            _draw_word(score, index, "is_given", icon="PINNED")
        else:
            _draw_word(score, index, "score", text=f"{item.score:.2f}")
        place = score.operator("ever_zoom.place_by_hand", text="", icon=PLACE_ICON, emboss=False)
        place.row = index


def _draw_word(layout: Any, index: int, about: str, **look: Any) -> None:
    """Something in a row that says what it means where the mouse rests on it."""
    word = layout.operator(
        EVERZOOM_OT_show_image.bl_idname, **{"text": ""} | look, translate=False, emboss=False
    )
    word.row, word.about = index, about


def draw_list(layout: Any, context: Any, group: Any) -> None:
    """The list with the buttons beside it, and how the chosen image lies in the next larger one."""
    row = layout.row()
    listed = row.column(align=True)
    headings = listed.row()
    headings.label(text="Image")
    if any(item.is_measured for item in group.images):
        heading = headings.row()
        heading.alignment = "RIGHT"
        heading.label(text=EVERZOOM_PG_image.bl_rna.properties["score"].name)
    listed.template_list(
        EVERZOOM_UL_images.__name__, "", group, "images", group, "active_image", rows=5
    )
    column = row.column(align=True)
    column.operator_menu_enum(EVERZOOM_OT_add_images.bl_idname, "place", text="", icon="ADD")
    column.operator(EVERZOOM_OT_replace_image.bl_idname, text="", icon="FILEBROWSER")
    column.separator()
    for direction, icon in (("outwards", "TRIA_UP"), ("inwards", "TRIA_DOWN")):
        move = column.operator(EVERZOOM_OT_move_image.bl_idname, text="", icon=icon)
        move.direction = direction
    column.separator()
    column.operator(EVERZOOM_OT_reverse_images.bl_idname, text="", icon="ARROW_LEFTRIGHT")
    if not 0 <= group.active_image < len(group.images):
        return
    item = group.images[group.active_image]
    if item.is_measured:
        _draw_pair(layout, item)
    if item.layer > 0 or (item.layer == 0 and group.travel == Travel.LOOP.value):
        row = layout.row(align=True)
        row.operator("ever_zoom.place_by_hand", icon=PLACE_ICON).row = group.active_image
        if item.is_given:
            row.operator("ever_zoom.measure_again", text="", icon="LOOP_BACK")
    if item.layer >= 0:
        draw_of_image(layout, context, group)


def _draw_pair(layout: Any, item: Any) -> None:
    right, down = (round(value, 1) + 0.0 for value in item.offset)  # no -0.0
    lines = {
        "Factor": f"{item.factor:.4g}",
        "Offset": f"{right:.1f}, {down:.1f} px",
        "Turn": f"{item.turn:.2f}°",
        "Colour Step": ", ".join(f"{value:.2f}" for value in item.gain),
    }
    if abs(item.turn) < 0.005:
        del lines["Turn"]
    column = layout.column(align=True)
    column.scale_y = 0.8
    for name, value in lines.items():
        split = column.split(factor=0.4)
        label = split.row()
        label.alignment = "RIGHT"
        label.label(text=name)
        split.label(text=value)


class EVERZOOM_OT_show_image(OfZoom, bpy.types.Operator):
    """Choose this image in the list, and go to it in the timeline"""

    bl_idname = "ever_zoom.show_image"
    bl_label = "Show Image"
    bl_options = {"INTERNAL"}

    row: IntProperty(name="Row", description="Number of the row in the list", min=0)
    about: StringProperty(
        name="About",
        description="What of the row the button shows, by its name for scripts",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        shown = EVERZOOM_PG_image.bl_rna.properties.get(properties.about)
        return str(shown.description if shown is not None else cls.__doc__)

    def act(self, context: Any) -> None:
        group = active_zoom(context).ever_zoom
        if self.row >= len(group.images):
            raise EverZoomError("There is no such image in the list: choose another row.")
        group.active_image = self.row


Change = Steps[tuple[Sequence[ListedImage], int]]


class _ListOperator(LongOperator):
    """Changes the list of images, and the zoom with it."""

    @classmethod
    def poll(cls: Any, context: Any) -> bool:
        # Not greyed out at work: in 4.3 a button that was so under the mouse takes no click before
        # the mouse has left it.
        control = active_zoom(context)
        if control is None or not control.ever_zoom.images:
            cls.poll_message_set("Build a zoom first")
            return False
        return True

    def steps(self: Any, context: Any) -> Steps[Finish]:
        control = active_zoom(context)
        objects.check_editable(control)
        kept = Kept(control)
        listing = recipe.stored_listing(control)
        group = control.ever_zoom
        active = min(max(group.active_image, 0), len(listing.rows) - 1)
        settings = to_settings(group)
        rows, active = yield from self.change(listing.rows, active, settings)
        if tuple(rows) == listing.rows:
            return nothing
        changed = Listing(tuple(rows), is_own_order=True, sources=listing.sources)
        series, report = yield from relist_steps(kept.find(), changed, settings)
        settings = to_settings(kept.find().ever_zoom)
        yield from zooms.prepare_steps(context.scene, series, settings)
        control = kept.find()
        if recipe.stored_listing(control) != listing:
            raise EverZoomError("The list has been changed meanwhile: do it again.")
        group = control.ever_zoom
        settings = to_settings(group)
        scene = context.scene if context.scene in control.users_scene else control.users_scene[0]
        zooms.check_zoom(scene, series, settings, control)

        def finish() -> None:
            zooms.build_zoom(scene, series, settings, control, report, changed)
            adopt(control)
            group.active_image = active
            self.report({"INFO"}, f"The zoom goes through {counted(len(series.images), 'image')}")

        return finish

    def change(self, rows: Sequence[ListedImage], active: int, settings: Any) -> Change:
        """The list as it is to be, and the number of the row to be chosen in it."""
        raise NotImplementedError


class EVERZOOM_OT_move_image(_ListOperator, bpy.types.Operator):
    """Move the chosen image by one place"""

    bl_idname = "ever_zoom.move_image"
    bl_label = "Move Image"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(
        name="Direction",
        description="Which way to move the image",
        items=(
            ("outwards", "Outwards", "Up, before the next larger image"),
            ("inwards", "Inwards", "Down, behind the next smaller image"),
        ),
    )

    def change(self, rows: Sequence[ListedImage], active: int, _settings: Any) -> Change:
        yield 0.0, "Moving"
        moved = list(rows)
        place = active + (1 if self.direction == "inwards" else -1)
        if 0 <= place < len(moved):
            moved.insert(place, moved.pop(active))
            active = place
        return moved, active


class EVERZOOM_OT_use_image(_ListOperator, bpy.types.Operator):
    """Use this image, or leave it out of the zoom"""

    bl_idname = "ever_zoom.use_image"
    bl_label = "Use Image"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(name="Row", description="Number of the row in the list", min=0)

    def change(self, rows: Sequence[ListedImage], _active: int, _settings: Any) -> Change:
        yield 0.0, "Choosing"
        if self.index >= len(rows):
            raise EverZoomError("There is no such image in the list: choose another row.")
        changed = list(rows)
        changed[self.index] = replace(rows[self.index], is_used=not rows[self.index].is_used)
        return changed, self.index


class EVERZOOM_OT_reverse_images(_ListOperator, bpy.types.Operator):
    """Turn the order round: the outermost image becomes the innermost"""

    bl_idname = "ever_zoom.reverse_images"
    bl_label = "Reverse Order"
    bl_options = {"REGISTER", "UNDO"}

    def change(self, rows: Sequence[ListedImage], active: int, _settings: Any) -> Change:
        yield 0.0, "Turning round"
        return rows[::-1], len(rows) - 1 - active


class _FileOperator(_ListOperator, ImportHelper):
    """Takes image files from the file browser."""

    filter_glob: StringProperty(default=MORE_IMAGES, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )

    def invoke(self: Any, context: Any, event: Any) -> set[str]:
        self.directory = str(Path(active_zoom(context).ever_zoom.folder) / "_")[:-1]
        self.is_asked = True
        return set(ImportHelper.invoke(self, context, event))

    def chosen(self: Any, rows: Sequence[ListedImage]) -> list[Path]:
        """The chosen images in natural order.

        Raises:
            EverZoomError: None is chosen, or one is in the list already.
        """
        folder = Path(bpy.path.abspath(self.directory))
        files = [folder / item.name for item in self.files if item.name]
        if not files and self.filepath:
            files = [Path(bpy.path.abspath(self.filepath))]
        files = [file for file in files if file.suffix.casefold() in ENTRY_SUFFIXES]
        if not files:
            raise EverZoomError("No image is chosen: choose an image file.")
        for row in rows:
            if row.file in files:
                raise EverZoomError(f"{row.file.name} is in the list already: choose another file.")
        return sorted(files, key=lambda file: natural_key(file.name))


class EVERZOOM_OT_replace_image(_FileOperator, bpy.types.Operator):
    """Show another image file instead of the chosen one, in the same place"""

    bl_idname = "ever_zoom.replace_image"
    bl_label = "Replace Image"
    bl_options = {"REGISTER", "UNDO"}

    def change(self, rows: Sequence[ListedImage], active: int, _settings: Any) -> Change:
        yield 0.0, "Replacing"
        changed = list(rows)
        changed[active] = replace(rows[active], file=self.chosen(rows)[0])
        return changed, active


class EVERZOOM_OT_add_images(_FileOperator, bpy.types.Operator):
    """Let the zoom grow by one or more images at either end; what is there stays"""

    bl_idname = "ever_zoom.add_images"
    bl_label = "Add Images"
    bl_options = {"REGISTER", "UNDO"}

    place: EnumProperty(
        name="Place",
        description="At which end of the list the images are added",
        items=(
            ("outside", "Outside", "Larger than all others: the zoom starts with them"),
            ("inside", "Inside", "Smaller than all others: the zoom ends with them"),
        ),
        default="outside",
    )

    def change(self, rows: Sequence[ListedImage], _active: int, settings: Any) -> Change:
        files = self.chosen(rows)
        if len(files) > 1 and settings.needs_analysis:
            # The pictures say which comes first.
            inwards = yield from pair_steps(files[0], files[1], loading.read_pixels)
            if inwards is None:
                outwards = yield from pair_steps(files[1], files[0], loading.read_pixels)
                if outwards is not None:
                    files.reverse()
        added = [ListedImage(file) for file in files]
        if self.place == "outside":
            return [*added, *rows], 0
        return [*rows, *added], len(rows) + len(added) - 1


CLASSES = (
    EVERZOOM_UL_images,
    EVERZOOM_OT_show_image,
    EVERZOOM_OT_move_image,
    EVERZOOM_OT_use_image,
    EVERZOOM_OT_reverse_images,
    EVERZOOM_OT_replace_image,
    EVERZOOM_OT_add_images,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
