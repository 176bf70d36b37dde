"""The ways to build a zoom: from the panel's folder, again, from chosen files, from the sample."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..core.analysis.placing import GivenPlacement
from ..core.analysis.report import Analysis
from ..core.files.depth_files import without_depth_maps
from ..core.files.folder import check_count, find_images, natural_key
from ..core.files.moving import ENTRY_SUFFIXES
from ..core.files.output import zoom_name
from ..core.findings import FoundError
from ..core.findings import listed as among
from ..core.plan.plan import Plan
from ..core.series import Listing, Series, SeriesImage
from ..core.steps import Steps
from ..errors import EverZoomError
from ..scene import compat, measuring, recipe, sample, tags, zooms
from ..scene.measuring import first_listing, relist_steps
from ..scene.output import output_settings
from ..scene.paths import absolute
from ..scene.planes import objects
from ..settings import Engine, Order, Travel, ZoomSettings
from ..texts import Text
from ..wording import counted
from .asking import MORE_IMAGES, active_zoom, folder_path
from .bridge import to_settings
from .defaults import output_name
from .finding import draw_finding
from .languages import CONTEXT, explained, translated
from .properties import FINDING, adopt, plain_property
from .questions import Question, ask, forget, question_of
from .remarking import remarks_of
from .reporting import LongOperator, report, warn
from .view import frame_timeline, look_through_camera, timelines_follow
from .work import Finish, Kept

# What a scene of a zoom's own takes over from the one that was shown.
FRAME_SIZE = (
    *("resolution_x", "resolution_y", "resolution_percentage"),
    *("pixel_aspect_x", "pixel_aspect_y"),
)

# What a user may have added to a zoom.
_ALSO_IN_A_ZOOM = {"CAMERA", "LIGHT", "EMPTY", "SPEAKER"}

Placements = tuple[GivenPlacement, ...]
FindFiles = Callable[[], tuple[Sequence[Path], list[str]]]


class _Analysed:
    """The last analysis, for when the same files are built again with other settings."""

    key: object = None
    analysis: Analysis | None = None

    @staticmethod
    def _key(files: Sequence[Path], settings: ZoomSettings, placements: Placements) -> object:
        states = [(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
        found_by = settings.order, settings.given_factor, settings.series
        return states, found_by, placements

    @classmethod
    def find(
        cls, files: Sequence[Path], settings: ZoomSettings, placements: Placements
    ) -> Analysis | None:
        """The analysis of these files, if it was the last one and they are the same."""
        try:
            return cls.analysis if cls.key == cls._key(files, settings, placements) else None
        except OSError:
            return None  # whoever reads them says what is wrong

    @classmethod
    def keep(
        cls,
        files: Sequence[Path],
        settings: ZoomSettings,
        placements: Placements,
        analysis: Analysis | None,
    ) -> None:
        """Remember an analysis, and forget the one before."""
        if analysis is not None:
            with contextlib.suppress(OSError):  # of what is packed there may be no file
                key = cls._key(files, settings, placements)
                cls.key, cls.analysis = key, analysis


def _build_steps(
    operator: Any,
    context: Any,
    group: Any,
    find: FindFiles,
    control: Any = None,
    *,
    chosen: Mapping[str, Any] | None = None,
    are_chosen: bool = False,
    is_here: bool = False,
) -> Steps[Finish]:
    """Build a zoom from files and show it: what all ways to start a build have in common.

    Args:
        operator: Reports.
        context: Where to build.
        group: The settings of the panel.
        find: Finds the files, and the names of what is skipped.
        control: The zoom to build again; None makes a new one.
        chosen: What is said otherwise than in the panel, by the properties' names.
        are_chosen: Let the zoom keep to these files, whatever else is in their folder.
        is_here: Put a new zoom into the scene that is shown, whatever is in it.
    """
    chosen = chosen or {}
    if control is not None:
        objects.check_editable(control)
    kept = [Kept(item) for item in (context.scene, group.id_data, control) if item is not None]
    settings = to_settings(group).having(chosen)
    files, skipped = _found_files(group, find)
    output_settings.check_engine(settings.engine)  # before anything long begins
    output_settings.check_format(settings.file_format)
    placements = recipe.stored_placements(control) if control is not None else ()
    series, analysis = yield from _measure_steps(
        kept[1], files, skipped, settings, placements, _images_before(control), are_chosen
    )
    settings = to_settings(kept[-1].find().ever_zoom).having(chosen)
    yield from zooms.prepare_steps(kept[0].find(), series, settings)
    yield 1.0, Text("Building")
    scene, owner, *controls = (item.find() for item in kept)
    control = controls[0] if controls else None
    settings = to_settings((control or owner).ever_zoom).having(chosen)
    listed = _own_listing(control)
    listing = first_listing(files, series, tuple(files) if are_chosen else (), listed)
    if control is not None and scene not in control.users_scene:
        scene = control.users_scene[0]
    plan = zooms.check_zoom(scene, series, settings, control)
    analysed = analysis.to_json() if analysis else None

    def finish() -> None:
        forget(owner.ever_zoom)
        place = scene
        if control is None and not is_here:
            place = _scene_for_new_zoom(scene, plan)
        with timelines_follow(place):
            built = zooms.build_zoom(place, series, settings, control, analysed, listing)
        if control is None and owner.get(tags.ROLE) == tags.CONTROL:
            # What was chosen was meant for the new zoom.
            recipe.save_settings(owner, recipe.as_built(owner))
        adopt(built)
        if settings.engine is not Engine.KEEP and output_settings.is_set_up(place, built):
            before = listed.rows[0].file.parent if listed else None
            output_settings.set_first_output(
                place, files, before, output_name(), settings.file_format
            )
        _present(operator, context, place, built, is_new=control is None)
        gone = _gone(listed, files)
        if gone:
            warn(
                operator, Text("Built without {files}: not in the folder now", files=among(gone, 3))
            )

    return finish


def _present(operator: Any, context: Any, scene: Any, control: Any, *, is_new: bool) -> None:
    """Show what was built, if it is in the scene at hand or new, and say what it is."""
    if is_new or scene == context.scene:
        _show(context, scene, control, is_new=is_new)
    _tell(operator, scene, control)


def _found_files(group: Any, find: FindFiles) -> tuple[Sequence[Path], list[str]]:
    """The files to build from, and the names of what is skipped.

    Raises:
        EverZoomError: There are none; of what can be answered the panel asks.
    """
    try:
        return find()
    except FoundError as error:
        alone = Path(error.finding.values["folder"]) / error.finding.values["image"]
        ask(group, Question(error.finding, (alone,), (), False, to_settings(group).folder))
        raise


def _measure_steps(
    owner: Kept,
    files: Sequence[Path],
    skipped: Sequence[str],
    settings: ZoomSettings,
    placements: Placements,
    before: Sequence[SeriesImage],
    are_chosen: bool,
) -> Steps[tuple[Series, Analysis | None]]:
    """Find out how the images lie in each other, if that was not done just now.

    Args:
        owner: Has the settings that the panel shows.
        files: The images.
        skipped: The names of what else there is.
        settings: What is chosen.
        placements: What the user has given.
        before: The images of the zoom that is built again.
        are_chosen: The files were chosen one by one.

    Raises:
        EverZoomError: They make no zoom; of what can be answered the panel asks.
    """
    known = _Analysed.find(files, settings, placements)
    try:
        series, analysis = yield from measuring.series_steps(
            files, settings, skipped, known, placements, before
        )
    except FoundError as error:
        group = owner.find().ever_zoom
        folder = to_settings(group).folder
        ask(group, Question(error.finding, tuple(files), tuple(skipped), are_chosen, folder))
        raise
    _Analysed.keep(files, settings, placements, analysis)
    return series, analysis


def _gone(before: Listing | None, files: Sequence[Path]) -> list[str]:
    """Names of images that a zoom has had from the folder in which they are not any more."""
    folders, names = {file.parent for file in files}, {file.name for file in files}
    used = before.used if before else ()
    return [
        row.file.name for row in used if row.file.parent in folders and row.file.name not in names
    ]


def _rebuild_steps(operator: Any, context: Any, control: Any, listing: Listing) -> Steps[Finish]:
    """Build a zoom again whose list of images has the user's own order."""
    objects.check_editable(control)
    kept = Kept(control)
    settings = to_settings(control.ever_zoom)
    series, analysed = yield from relist_steps(control, listing, settings, anew=True)
    settings = to_settings(kept.find().ever_zoom)
    yield from zooms.prepare_steps(context.scene, series, settings)
    yield 1.0, Text("Building")
    control = kept.find()
    group = control.ever_zoom
    settings = to_settings(group)
    scene = context.scene if context.scene in control.users_scene else control.users_scene[0]
    zooms.check_zoom(scene, series, settings, control)

    def finish() -> None:
        with timelines_follow(scene):
            zooms.build_zoom(scene, series, settings, control, analysed, listing)
        adopt(control)
        _present(operator, context, scene, control, is_new=False)
        new = _not_listed(group, listing)
        if new:
            warn(
                operator,
                Text(
                    "Not in the list: {files}. Add what is new in the folder by the list's +, or "
                    "press Find Order",
                    files=among(new, 3),
                ),
            )

    return finish


def _not_listed(group: Any, listing: Listing) -> list[str]:
    """Names of images that have come into the folder since the list was made."""
    try:
        files, _ = _images_of_folder(group)
    except EverZoomError:
        return []
    listed = {row.file for row in listing.rows}
    return [file.name for file in files if file not in listed]


def _tell(operator: Any, scene: Any, control: Any) -> None:
    images = counted(control.ever_zoom.image_count, "image")
    frames = zooms.told_frames(scene, control)
    remarks, _ = remarks_of(scene, control)
    if remarks:
        text = Text(
            "Built a zoom through {images}, {frames}; {remarks} in the panel",
            images=images,
            frames=frames,
            remarks=counted(len(remarks), "remark"),
        )
    else:
        text = Text("Built a zoom through {images}, {frames}", images=images, frames=frames)
    report(operator, text)


def _scene_for_new_zoom(scene: Any, plan: Plan) -> Any:
    """A scene of its own, unless nobody has used the one that is shown: it is not shown yet.

    A zoom has to lie at the world's origin, where numbers are finest, and there the user's things
    are; and the user's render settings stay as they are.
    """
    if not (objects.controls(scene) or scene.library):
        left = objects.leftovers(scene)
        own = {item for part in left for item in (part, *part.children_recursive)}
        others = {item for item in scene.objects if item.type not in _ALSO_IN_A_ZOOM} - own
        if (left and not others) or output_settings.is_untouched(scene, plan):
            return scene
    files = [image.file for image in plan.series.images]
    name = zoom_name(files[0].parent)
    if plan.settings.engine is not Engine.KEEP:
        fresh: Any = bpy.data.scenes.new(name)
        for setting in FRAME_SIZE:
            setattr(fresh.render, setting, getattr(scene.render, setting))
        return fresh
    fresh = _empty_copy(scene)
    fresh.name = name
    output_settings.set_name_of_copy(fresh, files)
    return fresh


def _empty_copy(scene: Any) -> Any:
    """A scene with the settings of another one, in which there is nothing.

    Blender's own New Scene > Copy Settings lets both scenes own the same memory, and crashes when
    it has been freed with the first of them: tests/scene/test_full_copy.py shows it.
    """
    fresh = scene.copy()
    # Blender does not count a copy as used, even where a window shows it, and saves nothing unused.
    fresh.use_fake_user = True
    fresh.animation_data_clear()
    for own in (fresh.collection.objects, fresh.collection.children):
        for item in list(own):
            own.unlink(item)
    fresh.camera = fresh.world = fresh.background_set = None
    if fresh.rigidbody_world is not None:
        fresh.rigidbody_world.collection = fresh.rigidbody_world.constraints = None
    fresh.timeline_markers.clear()
    fresh.sequence_editor_clear()
    compat.remove_compositing_tree(fresh)
    layers = list(fresh.view_layers)
    fresh.view_layers.new("ViewLayer")
    for layer in layers:  # of what was in the other scene
        fresh.view_layers.remove(layer)
    return fresh


def _window(context: Any) -> Any:
    """The window at work; there is none where a script is called by a timer."""
    return context.window or context.window_manager.windows[0]


def _show(context: Any, scene: Any, control: Any, *, is_new: bool) -> None:
    """Leave the user looking at the result; what is in view of a zoom that was there stays so."""
    window = _window(context)
    window.scene = scene
    if is_new or not scene.frame_start <= scene.frame_current <= scene.frame_end:
        scene.frame_set(scene.frame_start)
    layer = window.view_layer
    if control.name in layer.objects:
        for item in layer.objects:
            item.select_set(False, view_layer=layer)
        layer.objects.active = control
    look_through_camera(window)
    if is_new:
        frame_timeline(window)


class EVERZOOM_OT_build(LongOperator, bpy.types.Operator):
    """Build the zoom from the images in the folder, or build the one that is there again"""

    bl_idname = "ever_zoom.build"
    bl_label = "Build Infinite Zoom"
    bl_options = {"REGISTER", "UNDO"}
    is_of_panel = True

    is_new: BoolProperty(
        name="New Zoom",
        translation_context=CONTEXT,
        description=Text("Build another zoom beside the one that is there, in a scene of its own"),
        options={"HIDDEN", "SKIP_SAVE"},
    )

    is_found_anew: BoolProperty(
        name="Find Order Anew",
        translation_context=CONTEXT,
        description=Text(
            "Give up the list's own order and find it again, with all images of the folder"
        ),
        options={"HIDDEN", "SKIP_SAVE"},
    )

    folder: StringProperty(
        name="Folder",
        translation_context=CONTEXT,
        description=Text("Build from the images in this folder"),
        options={"HIDDEN", "SKIP_SAVE"},
    )

    is_here: BoolProperty(
        name="Build into This Scene",
        translation_context=CONTEXT,
        description=Text(
            "Put the zoom among what is in this scene, and give the scene its render settings; "
            "what is changed is listed first"
        ),
        options={"HIDDEN", "SKIP_SAVE"},
    )

    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    # A folder in which one sees pictures is the right one.
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_movie: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        for name in ("is_new", "is_found_anew", "folder", "is_here"):
            if getattr(properties, name):
                return explained(properties.bl_rna.properties[name].description)
        return explained(str(cls.__doc__))

    def invoke(self, context: Any, event: Any) -> set[str]:
        manager = context.window_manager
        if self._asks_for_folder(context):
            self.is_asked = True
            folder = context.scene.ever_zoom.folder
            self.directory = absolute(folder)
            manager.fileselect_add(self)
            return {"RUNNING_MODAL"}
        if self.is_here:
            self.is_asked = True
            return set(
                manager.invoke_props_dialog(
                    self,
                    width=460,  # the longest line, in any language
                    title=translated(Text("Build into This Scene")),
                    confirm_text=translated(Text("Build")),
                )
            )
        return super().invoke(context, event)

    def _asks_for_folder(self, context: Any) -> bool:
        """Whether nothing says which folder: another zoom is of other images."""
        is_chosen = bool(context.scene.ever_zoom.folder) or active_zoom(context) is not None
        return not self.folder and (self.is_new or not is_chosen)

    def execute(self, context: Any) -> set[str]:
        if self.is_asked and self.directory and not self.is_new:
            context.scene.ever_zoom.folder = self.directory  # so that the panel says it, too
        return super().execute(context)

    def draw(self, context: Any) -> None:
        if not (self.is_here and self.work is None):
            return
        column = self.layout.column(align=True)
        column.label(text="These settings of the scene become the zoom's:")
        for text in output_settings.changed_by_build(
            context.scene, to_settings(context.scene.ever_zoom)
        ):
            column.label(text=translated(text), translate=False, icon="DOT")
        if compat.compositing_tree(context.scene) is not None:
            column.label(text="Its compositing nodes stay, and change the zoom's frames, too")

    def steps(self, context: Any) -> Steps[Finish]:
        zoom = active_zoom(context)
        group = context.scene.ever_zoom if zoom is None else zoom.ever_zoom
        control = None if self.is_new else zoom
        folder = self.folder or (self.directory if self.is_asked and self.is_new else "")
        if folder:
            offered = partial(find_images, Path(folder))
            chosen = {"folder": folder}
            return (yield from _build_steps(self, context, group, offered, control, chosen=chosen))
        listing = _own_listing(control) if not self.is_found_anew else None
        if listing is not None and listing.is_own_order:
            return (yield from _rebuild_steps(self, context, control, listing))
        files = measuring.sources_at_hand(listing) if listing else []
        find = partial(_find_images, group, control, files)
        return (
            yield from _build_steps(
                *(self, context, group, find, control),
                are_chosen=bool(files),
                is_here=self.is_here,
            )
        )


class EVERZOOM_OT_build_otherwise(LongOperator, bpy.types.Operator):
    """Build the zoom with another choice"""

    bl_idname = "ever_zoom.build_otherwise"
    bl_label = "Build Otherwise"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    is_of_panel = True

    choices: StringProperty(
        name="Choices",
        translation_context=CONTEXT,
        description="What is chosen otherwise than in the panel, as JSON",
        default="{}",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def steps(self, context: Any) -> Steps[Finish]:
        chosen = json.loads(self.choices)
        control = active_zoom(context)
        group = context.scene.ever_zoom if control is None else control.ever_zoom
        question = question_of(group)
        listing = _own_listing(control)
        files = measuring.sources_at_hand(listing) if listing else []
        find: FindFiles = partial(_find_images, group, control, files)
        are_chosen = bool(files)
        if question is not None:
            find = partial(_asked_about, question)
            are_chosen = question.are_chosen
            chosen = {"folder": str(question.files[0].parent), **chosen}
        return (
            yield from _build_steps(
                self, context, group, find, control, chosen=chosen, are_chosen=are_chosen
            )
        )


def _asked_about(question: Question) -> tuple[Sequence[Path], list[str]]:
    return question.files, list(question.skipped)


def _own_listing(control: Any) -> Listing | None:
    """The list of a zoom's images, None where there is none that can be read."""
    try:
        return recipe.stored_listing(control) if control is not None else None
    except EverZoomError:
        return None


def _images_before(control: Any) -> Sequence[SeriesImage]:
    """The images of a zoom; none where there is nothing that can be read."""
    try:
        return recipe.stored_series(control).images if control is not None else ()
    except EverZoomError:
        return ()


def _find_images(
    group: Any, control: Any, chosen: Sequence[Path]
) -> tuple[Sequence[Path], list[str]]:
    """What was chosen one by one, or the images of the folder.

    If the folder has gone since the zoom was built, those that the zoom has.
    """
    if chosen:
        return chosen, []
    try:
        return _images_of_folder(group)
    except EverZoomError:
        listing = _own_listing(control)
        if listing is None or "folder" in recipe.unbuilt(control):
            raise
        files = measuring.files_at_hand(listing)
        if not files:
            raise
        return files, []


def _images_of_folder(group: Any) -> tuple[Sequence[Path], list[str]]:
    settings = to_settings(group)
    is_one_enough = settings.travel is Travel.LOOP
    return find_images(folder_path(settings.folder), is_one_enough=is_one_enough)


class EVERZOOM_OT_sample(LongOperator, bpy.types.Operator):
    """Paint the built-in sample series and build a zoom from it"""

    bl_idname = "ever_zoom.sample"
    bl_label = "Try a Sample"
    bl_options = {"REGISTER", "UNDO"}

    def steps(self, context: Any) -> Steps[Finish]:
        kept = Kept(context.scene)
        folder = sample_folder()
        chosen = {"folder": str(folder), "order": Order.AUTO.value}
        settings = to_settings(context.scene.ever_zoom).having(chosen)
        zooms.check_choices(context.scene, sample.sample_series(folder), settings)
        yield from sample.sample_steps(folder)
        group = kept.find().ever_zoom
        find = partial(find_images, folder)
        return (yield from _build_steps(self, context, group, find, chosen=chosen))


def sample_folder() -> Path:
    """Where the sample's images go: the extension's own user folder, which outlives the session."""
    try:
        package = __package__.rpartition(".")[0]
        return Path(bpy.utils.extension_path_user(package, path="sample", create=True))
    except ValueError:  # not installed as an extension
        folder = Path(bpy.app.tempdir) / "sample"
        folder.mkdir(exist_ok=True)
        return folder
    except OSError as error:
        raise EverZoomError(
            "There is no place for the sample's images ({reason}): check the free space.",
            reason=error.strerror,
        ) from error


class EVERZOOM_OT_import(LongOperator, bpy.types.Operator, ImportHelper):
    """Build an infinite zoom from a series of image files"""

    bl_idname = "ever_zoom.import_series"
    bl_label = "Import Series"  # what the file browser's button says
    bl_options = {"REGISTER", "UNDO", "PRESET"}

    filter_glob: StringProperty(default=MORE_IMAGES, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_movie: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        for name in FINDING:  # as the panel says
            setattr(self, name, getattr(context.scene.ever_zoom, name))
        if self.directory and any(item.name for item in self.files):  # dropped
            return self.start(context)
        self.is_asked = True
        return set(ImportHelper.invoke(self, context, event))

    def steps(self, context: Any) -> Steps[Finish]:
        folder = Path(absolute(self.directory))
        names = [item.name for item in self.files if item.name]

        def find() -> tuple[Sequence[Path], list[str]]:
            if len(names) < 2:  # one image stands for its folder
                return find_images(folder)
            files = sorted(
                (folder / name for name in names), key=lambda file: natural_key(file.name)
            )
            entries = [file for file in files if file.suffix.casefold() in ENTRY_SUFFIXES]
            skipped = [file.name for file in files if file not in entries]
            images = without_depth_maps(entries)
            check_count(images, skipped)
            return images, skipped

        chosen = {
            name: getattr(self, name) for name in FINDING if self.properties.is_property_set(name)
        }
        chosen["folder"] = str(folder)
        group = context.scene.ever_zoom
        return (
            yield from _build_steps(
                self, context, group, find, chosen=chosen, are_chosen=len(names) > 1
            )
        )

    def draw(self, context: Any) -> None:
        draw_finding(self.layout, context, self)
        for name in ("align", "match_colour", "zoom_steps", "crop", "feather"):
            self.layout.prop(self, name)


EVERZOOM_OT_import.__annotations__ |= {name: plain_property(name) for name in FINDING}

CLASSES = (
    EVERZOOM_OT_build,
    EVERZOOM_OT_build_otherwise,
    EVERZOOM_OT_sample,
    EVERZOOM_OT_import,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
