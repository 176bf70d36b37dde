"""The list of a zoom's images and its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..core.analysis.making import pair_steps
from ..core.files.folder import natural_key
from ..core.files.moving import ENTRY_SUFFIXES
from ..core.relisting import Pending, Selection, moved, removed, used
from ..core.series import ListedImage, Listing
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import loading, recipe, zooms
from ..scene.measuring import relist_steps
from ..scene.paths import absolute
from ..scene.planes import objects
from ..settings import Travel
from ..texts import Text
from ..wording import counted
from . import data
from .asking import MORE_IMAGES, active_zoom, listed_image, no_such_image
from .bridge import to_settings
from .defaults import users_preferences
from .finding import PLACE_ICON
from .languages import CONTEXT, explained, refuse, translated
from .of_image import OWN_UNITS, draw_of_image, draw_own
from .properties import EVERZOOM_PG_image, adopt
from .reporting import LongOperator, OfZoom, nothing, report
from .text import room, shortened
from .thumbnails import icon_of
from .view import timelines_follow
from .work import Finish, Kept, Work

LEAST_NAME = 20.0  # pixels at a scale of 1
# Icons' widths that a row of the list has no room for the name in.
UNITS = 6.0  # box, picture, arrow, scroll bar, and the buttons beside the list
LARGE = 3.0  # times the small pictures
SCORE_UNITS = (3.2, 4.6)  # without and with a warning sign; a button takes more than its text


class EVERZOOM_UL_images(bpy.types.UIList):
    """The images, outermost first."""

    def draw_item(
        self,
        context: Any,
        layout: Any,
        group: Any,
        item: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
        index: int,
    ) -> None:
        pending = _pending(group)
        is_used = item.is_used if pending is None else pending.is_used(index)
        is_measuring = pending is not None and is_used and pending.is_new_pair(index)
        icon = icon_of(item.image) if item.image is not None else 0
        has_own = item.has_own
        row = layout.row(align=True)
        box = "CHECKBOX_HLT" if is_used else "CHECKBOX_DEHLT"
        row.operator(EVERZOOM_OT_use_image.bl_idname, text="", icon=box, emboss=False).index = index
        taken = UNITS
        if _has_large_pictures():
            row.template_icon(icon_value=icon, scale=LARGE)
            column = row.column(align=True)
            name, row = column.row(align=True), column.row(align=True)
            taken += LARGE - 2
        else:
            name = row.row()
            if (item.is_measured or is_measuring) and _shows_scores(context):
                taken += SCORE_UNITS[item.is_odd]
            taken += OWN_UNITS if has_own else 0.0
        name.active = is_used
        shown = data.of(context)
        name.alert = item.name in shown.missing
        name.label(
            text=shortened(context, item.name, room(context, taken), shown.beginning),
            translate=False,
            icon_value=0 if _has_large_pictures() else icon,
        )
        end = row.row(align=True)
        end.alignment = "RIGHT"
        if has_own:
            draw_own(end, index)
        if is_measuring:
            end.label(icon="SORTTIME")
        elif item.is_measured and is_used:
            _draw_score(end, item, index, _shows_scores(context))
        chosen = item.is_selected
        end.operator(
            EVERZOOM_OT_select_image.bl_idname,
            text="",
            icon="RESTRICT_SELECT_OFF" if chosen else "RESTRICT_SELECT_ON",
            emboss=chosen,
            depress=chosen,
        ).row = index

    def filter_items(self, _context: Any, group: Any, name: str) -> tuple[list[int], list[int]]:
        """Blender's own search, and the order that the list is going to have."""
        items = getattr(group, name)
        helpers = bpy.types.UI_UL_list
        flags = list(
            helpers.filter_items_by_name(self.filter_name, self.bitflag_filter_item, items)
            if self.filter_name
            else ()
        )
        if self.use_filter_sort_alpha:
            return flags, list(helpers.sort_items_by_name(items))
        pending = _pending(group)
        if pending is None:
            return flags, []
        places = pending.places()
        flags = flags or [self.bitflag_filter_item] * len(places)
        flags = [0 if place is None else flag for flag, place in zip(flags, places, strict=True)]
        count = sum(place is not None for place in places)
        gone = iter(range(count, len(places)))
        return flags, [next(gone) if place is None else place for place in places]


def _pending(group: Any) -> Pending | None:
    """What a zoom's list is going to be, while that is worked out."""
    pending = None if Work.running is None else Work.running.pending
    if pending is None or [row.file.name for row in pending.before] != group.images.keys():
        return None
    return pending


def _has_large_pictures() -> bool:
    chosen = users_preferences()
    return chosen is not None and bool(chosen.has_large_pictures)


def _shows_scores(context: Any) -> bool:
    """Whether the sidebar is wide enough for them beside the names, which are needed more."""
    return _has_large_pictures() or room(context, UNITS + SCORE_UNITS[False]) >= LEAST_NAME


def _draw_score(layout: Any, item: Any, index: int, shows_figure: bool) -> None:
    if item.is_odd:
        _draw_word(layout, index, "is_odd", icon="ERROR")
    if item.is_given:
        _draw_word(layout, index, "is_given", icon="PINNED")
    elif shows_figure:
        _draw_word(layout, index, "score", text=f"{item.score:.2f}")


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
    if data.of(context).has_scores and _shows_scores(context):
        heading = headings.row()
        heading.alignment = "RIGHT"
        heading.label(text=EVERZOOM_PG_image.bl_rna.properties["score"].name)
    listed.template_list(
        EVERZOOM_UL_images.__name__, "", group, "images", group, "active_image", rows=5
    )
    column = row.column(align=True)
    column.operator_menu_enum(EVERZOOM_OT_add_images.bl_idname, "place", text="", icon="ADD")
    column.operator(EVERZOOM_OT_remove_images.bl_idname, text="", icon="REMOVE")
    column.separator()
    column.menu(EVERZOOM_MT_images.__name__, text="", icon="DOWNARROW_HLT")
    column.separator()
    for direction, icon in (("outwards", "TRIA_UP"), ("inwards", "TRIA_DOWN")):
        move = column.operator(EVERZOOM_OT_move_image.bl_idname, text="", icon=icon)
        move.direction = direction
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
    lines: dict[str, str] = {
        Text("Factor"): f"{item.factor:.4g}",
        Text("Offset"): f"{right:.1f}, {down:.1f} px",
        Text("Turn"): f"{item.turn:.2f}°",
        Text("Colour Step"): ", ".join(f"{value:.2f}" for value in item.gain),
    }
    if abs(item.turn) < 0.005:
        del lines["Turn"]
    column = layout.column(align=True)
    column.scale_y = 0.8
    for name, value in lines.items():
        split = column.split(factor=0.4)
        label = split.row()
        label.alignment = "RIGHT"
        label.label(text=translated(name), translate=False)
        split.label(text=value, translate=False)


class EVERZOOM_OT_show_image(OfZoom, bpy.types.Operator):
    """Choose this image in the list, and go to it in the timeline"""

    bl_idname = "ever_zoom.show_image"
    bl_label = "Show Image"
    bl_options = {"INTERNAL"}

    row: IntProperty(
        name="Row", translation_context=CONTEXT, description="Number of the row in the list", min=0
    )
    about: StringProperty(
        name="About",
        translation_context=CONTEXT,
        description="What of the row the button shows, by its name for scripts",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        shown = EVERZOOM_PG_image.bl_rna.properties.get(properties.about)
        return explained(shown.description if shown is not None else str(cls.__doc__))

    def act(self, context: Any) -> None:
        group = active_zoom(context).ever_zoom
        listed_image(group, self.row)
        group.active_image = self.row


Change = Steps[tuple[Sequence[ListedImage], int]]


class EVERZOOM_MT_images(bpy.types.Menu):
    """What can be done with several images, and how they are shown"""

    bl_label = "Images"
    bl_translation_context = CONTEXT

    def draw(self, _context: Any) -> None:
        layout = self.layout
        layout.operator(EVERZOOM_OT_replace_image.bl_idname, icon="FILEBROWSER")
        layout.operator(EVERZOOM_OT_reverse_images.bl_idname, icon="ARROW_LEFTRIGHT")
        layout.separator()
        for text, is_selected in ((Text("Select All"), True), (Text("Select None"), False)):
            select = layout.operator(EVERZOOM_OT_select_images.bl_idname, text=text)
            select.is_selected = is_selected
        layout.separator()
        for text, is_used in ((Text("Use"), True), (Text("Leave Out"), False)):
            use = layout.operator(EVERZOOM_OT_use_images.bl_idname, text=text)
            use.is_used = is_used
        preferences = users_preferences()
        if preferences is not None:
            layout.separator()
            layout.prop(preferences, "has_large_pictures")


class EVERZOOM_OT_select_image(OfZoom, bpy.types.Operator):
    """Select this image, or no longer, for the buttons beside the list. Shift: all up to it"""

    bl_idname = "ever_zoom.select_image"
    bl_label = "Select Image"
    bl_options = {"INTERNAL"}

    row: IntProperty(
        name="Row", translation_context=CONTEXT, description="Number of the row in the list", min=0
    )
    is_range: BoolProperty(
        name="Up to It",
        translation_context=CONTEXT,
        description="Select all from the chosen row to this one",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        self.is_range = event.shift
        return self.execute(context)

    def act(self, context: Any) -> None:
        group = active_zoom(context).ever_zoom
        image = listed_image(group, self.row)
        if not self.is_range:
            image.is_selected ^= True
            return
        pending = _pending(group)
        places = pending.places() if pending is not None else list(range(len(group.images)))
        ends = places[group.active_image], places[self.row]
        for place, item in zip(places, group.images, strict=True):
            if None not in (place, *ends) and min(ends) <= place <= max(ends):
                item.is_selected = True


class EVERZOOM_OT_select_images(OfZoom, bpy.types.Operator):
    """Select all images for the buttons beside the list, or none"""

    bl_idname = "ever_zoom.select_images"
    bl_label = "Select Images"
    bl_options = {"INTERNAL"}

    is_selected: BoolProperty(
        name="Selected",
        translation_context=CONTEXT,
        description="All, otherwise none",
        default=True,
    )

    def act(self, context: Any) -> None:
        for item in active_zoom(context).ever_zoom.images:
            item.is_selected = self.is_selected


class _ListOperator(LongOperator):
    """Changes the list of images, and the zoom with it.

    In the window the list shows at once what it is going to be. A button that is pressed while that
    is measured goes on from there, and both are one step of Undo.
    """

    going_on_from: Pending | None = None

    @classmethod
    def poll(cls: Any, context: Any) -> bool:
        # Not greyed out at work: in 4.3 a button that was so under the mouse takes no click before
        # the mouse has left it.
        control = active_zoom(context)
        if control is None or not control.ever_zoom.images:
            return refuse(cls, "Build a zoom first")
        return True

    def start(self: Any, context: Any) -> set[str]:
        before, control = Work.running, active_zoom(context)
        pending = None if control is None else _pending(control.ever_zoom)
        if before is not None and pending is not None:
            before.is_replaced = True
            before.end()
        self.going_on_from = pending
        return super().start(context)

    def steps(self: Any, context: Any) -> Steps[Finish]:
        control = active_zoom(context)
        objects.check_editable(control)
        kept = Kept(control)
        listing = recipe.stored_listing(control)
        group = control.ever_zoom
        settings = to_settings(group)
        pending = self.going_on_from
        if pending is None or pending.before != listing.rows:
            pending = Pending(listing.rows, listing.rows)
        before = _selection(group, pending)
        selected = {before.rows[index].file for index in before.chosen} if _any(group) else set()
        rows, active = yield from self.change(before, settings)
        changed = Listing(tuple(rows), is_own_order=True, sources=listing.sources)
        if changed.rows == listing.rows:
            return nothing
        if self.work is not None:
            self.work.pending = Pending(listing.rows, changed.rows)
            yield 0.0, Text("Changing the list")
        series, analysis = yield from relist_steps(kept.find(), changed, settings)
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
            with timelines_follow(scene):
                zooms.build_zoom(scene, series, settings, control, analysis, changed)
            adopt(control)
            group.active_image = active
            for item, row in zip(group.images, changed.rows, strict=True):
                item.is_selected = row.file in selected
            report(
                self,
                Text("The zoom goes through {images}", images=counted(len(series.images), "image")),
            )

        return finish

    def change(self, before: Selection, settings: Any) -> Change:
        """The list as it is to be, and the number of the row to be active in it."""
        raise NotImplementedError


def _any(group: Any) -> bool:
    return any(item.is_selected for item in group.images)


def _selection(group: Any, pending: Pending) -> Selection:
    """What the buttons act on, in the list as it is going to be so far."""
    places = pending.places()
    wanted = [index for index, item in enumerate(group.images) if item.is_selected]
    active = min(max(group.active_image, 0), len(places) - 1)
    chosen = (places[index] for index in wanted or [active])
    return Selection(
        pending.rows,
        frozenset(place for place in chosen if place is not None),
        places[active] or 0,
        tuple(places),
    )


class EVERZOOM_OT_move_image(_ListOperator, bpy.types.Operator):
    """Move the selected images by one place, or the one that is chosen if none is selected"""

    bl_idname = "ever_zoom.move_image"
    bl_label = "Move Image"
    bl_options = {"REGISTER", "UNDO"}

    direction: EnumProperty(
        name="Direction",
        translation_context=CONTEXT,
        description="Which way to move the image",
        items=(
            ("outwards", "Outwards", "Up, before the next larger image"),
            ("inwards", "Inwards", "Down, behind the next smaller image"),
        ),
    )

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        rows = moved(before.rows, before.chosen, outwards=self.direction == "outwards")
        return rows, rows.index(before.rows[before.active])


class EVERZOOM_OT_use_image(_ListOperator, bpy.types.Operator):
    """Use this image, or leave it out of the zoom"""

    bl_idname = "ever_zoom.use_image"
    bl_label = "Use Image"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(
        name="Row", translation_context=CONTEXT, description="Number of the row in the list", min=0
    )

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        place = before.places[self.index] if self.index < len(before.places) else None
        if place is None:
            raise no_such_image()
        return used(before.rows, [place], not before.rows[place].is_used), place


class EVERZOOM_OT_use_images(_ListOperator, bpy.types.Operator):
    """Use the selected images, or leave them out; the chosen one if none is selected"""

    bl_idname = "ever_zoom.use_images"
    bl_label = "Use Images"
    bl_options = {"REGISTER", "UNDO"}

    is_used: BoolProperty(
        name="Used", translation_context=CONTEXT, description="Whether they are part of the zoom"
    )

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        return used(before.rows, before.chosen, self.is_used), before.active


class EVERZOOM_OT_remove_images(_ListOperator, bpy.types.Operator):
    """Take the selected images off the list, or the chosen one; their files stay where they are"""

    bl_idname = "ever_zoom.remove_images"
    bl_label = "Remove Images"
    bl_options = {"REGISTER", "UNDO"}

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        rows = removed(before.rows, before.chosen)
        above = sum(index < before.active for index in before.chosen)
        return rows, max(min(before.active - above, len(rows) - 1), 0)


class EVERZOOM_OT_reverse_images(_ListOperator, bpy.types.Operator):
    """Turn the order round: the outermost image becomes the innermost"""

    bl_idname = "ever_zoom.reverse_images"
    bl_label = "Reverse Order"
    bl_options = {"REGISTER", "UNDO"}

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        return before.rows[::-1], len(before.rows) - 1 - before.active


class _FileOperator(_ListOperator, ImportHelper):
    """Takes image files from the file browser."""

    filter_glob: StringProperty(default=MORE_IMAGES, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_movie: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
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
        folder = Path(absolute(self.directory))
        files = [folder / item.name for item in self.files if item.name]
        if not files and self.filepath:
            files = [Path(absolute(self.filepath))]
        files = [file for file in files if file.suffix.casefold() in ENTRY_SUFFIXES]
        if not files:
            raise EverZoomError("No image is chosen: choose an image file.")
        for row in rows:
            if row.file in files:
                raise EverZoomError(
                    "{file} is in the list already: choose another file.", file=row.file.name
                )
        return sorted(files, key=lambda file: natural_key(file.name))


class EVERZOOM_OT_replace_image(_FileOperator, bpy.types.Operator):
    """Show another image file instead of the chosen one, in the same place"""

    bl_idname = "ever_zoom.replace_image"
    bl_label = "Replace Image"
    bl_options = {"REGISTER", "UNDO"}

    def change(self, before: Selection, _settings: Any) -> Change:
        yield from ()
        changed = list(before.rows)
        file = self.chosen(before.rows)[0]
        changed[before.active] = replace(changed[before.active], file=file)
        return changed, before.active


class EVERZOOM_OT_add_images(_FileOperator, bpy.types.Operator):
    """Let the zoom grow by one or more images at either end; what is there stays"""

    bl_idname = "ever_zoom.add_images"
    bl_label = "Add Images"
    bl_options = {"REGISTER", "UNDO"}

    place: EnumProperty(
        name="Place",
        translation_context=CONTEXT,
        description="At which end of the list the images are added",
        items=(
            ("outside", "Outside", "Larger than all others: the zoom starts with them"),
            ("inside", "Inside", "Smaller than all others: the zoom ends with them"),
        ),
        default="outside",
    )

    def change(self, before: Selection, settings: Any) -> Change:
        rows = before.rows
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
    EVERZOOM_MT_images,
    EVERZOOM_OT_select_image,
    EVERZOOM_OT_select_images,
    EVERZOOM_OT_move_image,
    EVERZOOM_OT_use_image,
    EVERZOOM_OT_use_images,
    EVERZOOM_OT_remove_images,
    EVERZOOM_OT_reverse_images,
    EVERZOOM_OT_replace_image,
    EVERZOOM_OT_add_images,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
