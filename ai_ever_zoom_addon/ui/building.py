"""Buttons: each reads the context, calls one function and reports in one line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..core.analysis.report import Analysis
from ..core.files.folder import find_images, natural_key
from ..core.files.moving import ENTRY_SUFFIXES
from ..core.plan import timing
from ..core.series import Listing
from ..errors import EverZoomError, in_one_line
from ..scene import measuring, recipe, sample, zooms
from ..scene.measuring import first_listing, full_report, relist_steps
from ..scene.output import bake, output_settings, rendering
from ..scene.planes import anchors, rig
from ..settings import Engine, LengthBy, ZoomSettings
from .properties import (
    FINDING,
    active_group,
    active_zoom,
    adopt,
    change,
    draw_finding,
    folder_path,
    has_zoom,
    operator_property,
    to_settings,
)
from .view import look_through_camera

Steps = Generator[tuple[float, str], None, Any]
TICK_SECONDS = 0.01
WAIT = "Wait until the work in progress is done, or press Esc"


class Work:
    """What is being worked on, for the progress bars; at most one thing at a time."""

    fraction = 0.0
    text = ""
    is_running = False
    is_unwanted = False  # the user has pressed the button that stops it


class LongOperator:
    """Work in short steps: by a timer in the window, so that Esc stops it, blocking elsewhere."""

    def steps(self, context: Any) -> Steps:
        """The work; nothing of the user's is changed before its last step."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: Any) -> bool:
        if Work.is_running:
            cls.poll_message_set(WAIT)  # type: ignore[attr-defined]
            return False
        return True

    def execute(self: Any, context: Any) -> set[str]:
        return set(self.run_at_once(context))

    def run_at_once(self: Any, context: Any) -> set[str]:
        """Work to the end, blocking."""
        try:
            work = self.steps(context)
            while True:
                next(work)
        except StopIteration:
            return {"FINISHED"}
        except Exception as error:
            self.report({"ERROR"}, in_one_line(error))
            return {"CANCELLED"}

    def invoke(self: Any, context: Any, _event: Any) -> set[str]:
        if Work.is_running:
            self.report({"WARNING"}, WAIT)
            return {"CANCELLED"}
        if bpy.app.background or context.window is None:
            return set(self.run_at_once(context))
        self.work = self.steps(context)
        self.timer = context.window_manager.event_timer_add(TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.window_manager.progress_begin(0.0, 1.0)
        Work.is_running, Work.is_unwanted = True, False
        Work.fraction, Work.text = 0.0, "Starting"
        return {"RUNNING_MODAL"}

    def modal(self: Any, context: Any, event: Any) -> set[str]:
        if Work.is_unwanted or (event.type == "ESC" and event.value == "PRESS"):
            self.end(context)
            self.report({"WARNING"}, "Stopped; nothing was changed")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            Work.fraction, Work.text = next(self.work)
        except StopIteration:
            self.end(context)
            return {"FINISHED"}
        except Exception as error:
            self.end(context)
            self.report({"ERROR"}, in_one_line(error))
            return {"CANCELLED"}
        context.window_manager.progress_update(Work.fraction)
        context.workspace.status_text_set(
            f"Ever Zoom: {Work.text} ({Work.fraction:.0%})    Esc: stop"
        )
        _redraw(context)
        return {"RUNNING_MODAL"}

    def cancel(self: Any, context: Any) -> None:
        """Blender ends the operator, as when another file is opened."""
        self.end(context)

    def end(self: Any, context: Any) -> None:
        """Give the window back."""
        self.work.close()
        Work.is_running = False
        context.window_manager.event_timer_remove(self.timer)
        context.window_manager.progress_end()
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        _redraw(context)


class EVERZOOM_OT_stop(bpy.types.Operator):
    """Stop the work in progress; nothing is changed by it. Esc does the same"""

    bl_idname = "ever_zoom.stop"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    def execute(self, _context: Any) -> set[str]:
        Work.is_unwanted = True
        return {"FINISHED"}


class _Analysed:
    """The last analysis, for when the same files are built again with other settings."""

    key: object = None
    analysis: Analysis | None = None

    @staticmethod
    def _key(files: Sequence[Path], settings: ZoomSettings) -> object:
        states = [(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
        return states, settings.order, settings.auto_sort, settings.given_factor

    @classmethod
    def find(cls, files: Sequence[Path], settings: ZoomSettings) -> Analysis | None:
        """The analysis of these files, if it was the last one and they are the same."""
        try:
            return cls.analysis if cls.key == cls._key(files, settings) else None
        except OSError:
            return None  # whoever reads them says what is wrong

    @classmethod
    def keep(cls, files: Sequence[Path], settings: ZoomSettings, analysis: Analysis | None) -> None:
        """Remember an analysis, and forget the one before."""
        if analysis is not None:
            cls.key, cls.analysis = cls._key(files, settings), analysis


class Kept:
    """A scene or an object that is found again after long work, during which the user may have
    undone or deleted things: a reference kept by Python would then point to nothing.
    """

    def __init__(self, item: Any) -> None:
        self.is_scene = isinstance(item, bpy.types.Scene)
        self.identity = item.session_uid

    def find(self) -> Any:
        """The data-block as it is now.

        Raises:
            EverZoomError: It is gone.
        """
        items: Any = bpy.data.scenes if self.is_scene else bpy.data.objects
        found = next((item for item in items if item.session_uid == self.identity), None)
        if found is None or not (self.is_scene or found.users_scene):
            raise EverZoomError("What was to be built was removed meanwhile: build it again.")
        return found


def _redraw(context: Any) -> None:
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D":
            area.tag_redraw()


def _build_steps(
    operator: Any,
    context: Any,
    group: Any,
    find: Callable[[], tuple[Sequence[Path], list[str]]],
    control: Any = None,
    *,
    are_chosen: bool = False,
) -> Steps:
    """Build a zoom from files and show it: what all ways to start a build have in common.

    With `are_chosen` the zoom keeps to these files, whatever else is in their folder.
    """
    if control is not None:
        rig.check_editable(control)
    files, skipped = find()
    kept = [Kept(item) for item in (context.scene, group.id_data, control) if item is not None]
    settings = to_settings(group)
    known = _Analysed.find(files, settings)
    series, analysis = yield from measuring.series_steps(files, settings, skipped, known)
    _Analysed.keep(files, settings, analysis)
    yield 1.0, "Building"
    scene, owner, *controls = (item.find() for item in kept)
    group = owner.ever_zoom
    settings = to_settings(group)
    if controls:
        (control,) = controls
        if scene not in control.users_scene:
            scene = control.users_scene[0]
    else:
        scene = _scene_for_new_zoom(context, scene, settings)
    report = full_report(analysis) if analysis else None
    sources = tuple(files) if are_chosen else ()
    listing = first_listing(files, series, sources, _own_listing(control))
    control = zooms.build_zoom(scene, series, settings, control, report, listing)
    adopt(control)
    _set_output(scene, files[0].parent)
    if scene == context.scene:
        _show(context, scene, control)
    _tell(operator, scene, control)


def _rebuild_steps(operator: Any, context: Any, control: Any, listing: Listing) -> Steps:
    """Build a zoom again whose list of images has the user's own order."""
    rig.check_editable(control)
    kept = Kept(control)
    settings = to_settings(control.ever_zoom)
    series, report = yield from relist_steps(control, listing, settings, anew=True)
    control = kept.find()
    group = control.ever_zoom
    scene = context.scene if context.scene in control.users_scene else control.users_scene[0]
    zooms.build_zoom(scene, series, to_settings(group), control, report, listing)
    adopt(control)
    if scene == context.scene:
        _show(context, scene, control)
    _tell(operator, scene, control)
    new = _not_listed(group, listing)
    if new:
        more = f" and {len(new) - 3} more" if len(new) > 3 else ""
        operator.report(
            {"WARNING"},
            f"Not in the list: {', '.join(new[:3])}{more}. Add what is new in the folder by the "
            "list's +, or press Find Order",
        )


def _not_listed(group: Any, listing: Listing) -> list[str]:
    """Names of images that have come into the folder since the list was made."""
    try:
        files, _ = _find_images_of(group)
    except EverZoomError:
        return []
    listed = {row.file for row in listing.rows}
    return [file.name for file in files if file not in listed]


def _tell(operator: Any, scene: Any, control: Any) -> None:
    count = control.ever_zoom.image_count
    problems = len(control.ever_zoom.warnings.splitlines())
    noted = f"; {problems} thing{'s' * (problems > 1)} to note in the panel" if problems else ""
    frames = scene.frame_end - scene.frame_start + 1
    operator.report({"INFO"}, f"Built a zoom through {count} images, {frames} frames{noted}")


def _scene_for_new_zoom(context: Any, scene: Any, settings: ZoomSettings) -> Any:
    """The scene as it is, or one of its own where other things would stand in the picture.

    A zoom has to lie at the world's origin, where numbers are finest, and there the user's things
    are; a scene of its own also leaves their render settings alone.
    """
    zooms = rig.controls(scene)
    parts = [*zooms, *rig.leftovers(scene)]
    own = {item for part in parts for item in (part, *part.children_recursive)}
    in_the_way = any(
        item not in own and item.type not in {"CAMERA", "LIGHT", "EMPTY", "SPEAKER"}
        for item in scene.objects
    )
    if context.window is None or not (zooms or in_the_way or scene.library):
        return scene
    if settings.engine is Engine.KEEP:
        bpy.ops.scene.new(type="EMPTY")  # with the settings of the one that is shown
        fresh = context.window.scene
        fresh.name = "Ever Zoom"
        fresh.render.filepath = ""  # where the other one's frames go
    else:
        fresh = bpy.data.scenes.new("Ever Zoom")
        context.window.scene = fresh
    return fresh


def _set_output(scene: Any, folder: Path) -> None:
    """Say where the video goes, unless the user has said so already."""
    untouched = ("", "/tmp/", "/tmp\\", "//", str(Path(tempfile.gettempdir())) + "/")
    if scene.render.filepath in untouched:
        place = "//infinite_zoom.mp4" if bpy.data.filepath else str(folder / "infinite_zoom.mp4")
        output_settings.set_output(scene, place)


def _show(context: Any, scene: Any, control: Any) -> None:
    """Leave the user looking at the result."""
    scene.frame_set(scene.frame_start)
    layer = context.view_layer
    if layer is not None and control.name in layer.objects:
        for item in layer.objects:
            item.select_set(False)
        layer.objects.active = control
    look_through_camera(context)


class EVERZOOM_OT_build(LongOperator, bpy.types.Operator):
    """Build the zoom from the images in the folder, or build the one that is there again"""

    bl_idname = "ever_zoom.build"
    bl_label = "Build Infinite Zoom"
    bl_options = {"REGISTER", "UNDO"}

    is_new: BoolProperty(
        name="New Zoom",
        description="Build another zoom beside the one that is there, in a scene of its own",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    is_found_anew: BoolProperty(
        name="Find Order Anew",
        description="Give up the list's own order and find it again, with all images of the folder",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: Any, properties: Any) -> str:
        for name in ("is_new", "is_found_anew"):
            if getattr(properties, name):
                return str(properties.bl_rna.properties[name].description)
        return str(cls.__doc__)

    def steps(self, context: Any) -> Steps:
        group = active_group(context)
        control = None if self.is_new else active_zoom(context)
        listing = _own_listing(control) if not self.is_found_anew else None
        if listing is not None and listing.is_own_order:
            yield from _rebuild_steps(self, context, control, listing)
            return
        files = listing.sources if listing else ()
        find = partial(_find_images_of, group)
        yield from _build_steps(
            *(self, context, group, (lambda: (files, [])) if files else find, control),
            are_chosen=bool(files),
        )


def _own_listing(control: Any) -> Listing | None:
    """The list of a zoom's images, None where there is none that can be read."""
    try:
        return recipe.stored_listing(control) if control is not None else None
    except EverZoomError:
        return None


def _find_images_of(group: Any) -> tuple[Sequence[Path], list[str]]:
    return find_images(folder_path(to_settings(group).folder))


class EVERZOOM_OT_sample(LongOperator, bpy.types.Operator):
    """Paint the built-in sample series and build a zoom from it"""

    bl_idname = "ever_zoom.sample"
    bl_label = "Try a Sample"
    bl_options = {"REGISTER", "UNDO"}

    def steps(self, context: Any) -> Steps:
        folder = sample_folder()
        yield from sample.sample_steps(folder)
        group = context.scene.ever_zoom
        group.folder = str(folder)
        yield from _build_steps(self, context, group, lambda: find_images(folder))


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
            f"There is no place for the sample's images ({error.strerror}): check the free space."
        ) from error


class EVERZOOM_OT_import(LongOperator, bpy.types.Operator, ImportHelper):
    """Build an infinite zoom from a series of image files"""

    bl_idname = "ever_zoom.import_series"
    bl_label = "Import Series"  # what the file browser's button says
    bl_options = {"REGISTER", "UNDO", "PRESET"}

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
            return LongOperator.invoke(self, context, event)
        return set(ImportHelper.invoke(self, context, event))

    def execute(self, context: Any) -> set[str]:
        if self.options.is_repeat:  # from the redo panel, which cannot wait
            return set(self.run_at_once(context))
        # The file browser ends here; from here on it is long work like any other.
        return LongOperator.invoke(self, context, None)

    def steps(self, context: Any) -> Steps:
        folder = Path(bpy.path.abspath(self.directory))
        names = [item.name for item in self.files if item.name]

        def find() -> tuple[Sequence[Path], list[str]]:
            if len(names) < 2:  # one image stands for its folder
                return find_images(folder)
            files = sorted(
                (folder / name for name in names), key=lambda file: natural_key(file.name)
            )
            images = [file for file in files if file.suffix.casefold() in ENTRY_SUFFIXES]
            if len(images) < 2:
                raise EverZoomError("Fewer than two images are chosen: choose the whole series.")
            return images, [file.name for file in files if file not in images]

        are_chosen = len(names) > 1

        group = context.scene.ever_zoom
        asked = {n: getattr(self, n) for n in FINDING if self.properties.is_property_set(n)}
        change(group, asked | {"folder": str(folder)})
        yield from _build_steps(self, context, group, find, are_chosen=are_chosen)

    def draw(self, _context: Any) -> None:
        draw_finding(self.layout, self)
        for name in ("align", "match_colour", "zoom_steps", "crop", "feather"):
            self.layout.prop(self, name)


EVERZOOM_OT_import.__annotations__ |= {name: operator_property(name) for name in FINDING}


class EVERZOOM_OT_render(bpy.types.Operator):
    """Render the whole zoom to the output path"""

    bl_idname = "ever_zoom.render"
    bl_label = "Render Animation"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context)

    def execute(self, context: Any) -> set[str]:
        try:
            rendering.check_images(context.scene)
        except EverZoomError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        camera = next(rig.parts(active_zoom(context), "camera"), None)
        if camera is None:
            self.report({"ERROR"}, "The zoom's camera is gone: press Build Again")
            return {"CANCELLED"}
        context.scene.camera = camera
        try:
            bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
        except RuntimeError as error:  # Blender's own reports
            self.report({"ERROR"}, " ".join(str(error).split()).removeprefix("Error: "))
            return {"CANCELLED"}
        return {"FINISHED"}


class EVERZOOM_OT_snap_to_markers(bpy.types.Operator):
    """Let the zoom arrive at each image after the first where the next marker of the timeline is"""

    bl_idname = "ever_zoom.snap_to_markers"
    bl_label = "Snap Steps to Markers"
    bl_options = {"REGISTER", "UNDO"}

    largest_change: FloatProperty(
        name="Largest Change of Speed",
        description="How many times faster or slower the zoom may be from one image to the next",
        default=4.0,
        min=1.0,
        soft_max=20.0,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        if not has_zoom(cls, context):
            return False
        if not _beats(context.scene):
            cls.poll_message_set("Set markers first: press M over the timeline, on the beat")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        group = active_zoom(context).ever_zoom
        try:
            beats = timing.beats_of_markers(
                _beats(context.scene),
                to_settings(group),
                group.image_count,
                self.largest_change,
            )
        except EverZoomError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        try:
            change(group, {"beats": beats, "length_by": LengthBy.MARKERS})
        except EverZoomError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The zoom arrives at {len(beats)} images on markers")
        return {"FINISHED"}


def _beats(scene: Any) -> list[int]:
    """Frames of the markers, but for those that only name the images."""
    markers = scene.timeline_markers
    return [marker.frame for marker in markers if not anchors.is_image_marker(marker)]


class EVERZOOM_OT_bake_camera(bpy.types.Operator):
    """Add a copy of the zoom's camera with a plain keyframe at every frame, for other programs"""

    bl_idname = "ever_zoom.bake_camera"
    bl_label = "Bake Zoom Camera"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        return has_zoom(cls, context)

    def execute(self, context: Any) -> set[str]:
        try:
            camera = bake.bake_camera(context.scene, active_zoom(context))
        except EverZoomError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Added {camera.name}")
        return {"FINISHED"}


CLASSES = (
    EVERZOOM_OT_stop,
    EVERZOOM_OT_snap_to_markers,
    EVERZOOM_OT_bake_camera,
    EVERZOOM_OT_build,
    EVERZOOM_OT_sample,
    EVERZOOM_OT_import,
    EVERZOOM_OT_render,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
