"""The settings as Blender properties: on the scene for a zoom to come, else on its control.

A change of a built zoom's property is applied at once.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.analysis.verdict import odd_pairs
from ..core.plan.timing import frame_count, frames_per_step
from ..core.series import ListedImage
from ..errors import EverZoomError, in_one_line
from ..scene import compat, loading, tags, zooms
from ..scene.output.sound import sound_seconds
from ..scene.planes import rig
from ..scene.strips.sequencer import has_strips
from ..settings import (
    CROP_RANGE,
    FEATHER_RANGE,
    MAXIMUM_SECONDS,
    MAXIMUM_ZOOM_FACTOR,
    ROLL_RANGE,
    TARGET_RANGE,
    Centre,
    Engine,
    MaskShape,
    Order,
    Travel,
    ZoomSettings,
)
from ..wording import Way, sentences

_DEFAULTS = ZoomSettings()

# Properties that have the same name and kind in `ZoomSettings`.
PLAIN = (
    "crop",
    "feather",
    "auto_sort",
    "align",
    "match_colour",
    "reverse",
    "frames_per_second",
    "delay",
    "start_frame",
    "roll",
    "pack_images",
    "debug_overlay",
)
# The others that `to_settings` reads.
OTHERS = (
    "is_factor_measured",
    "zoom_factor",
    "length_by",
    "zoom_steps",
    "seconds_per_image",
    "length",
    "beats",
    "sound",
    "sound_seconds",
    "is_eased",
    "ease",
    "samples",
    "resolution_from",
    "target",
)
SHAPES = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
CHOICES = {
    "mask_shape": MaskShape,
    "order": Order,
    "centre": Centre,
    "travel": Travel,
    "engine": Engine,
}


def _apply(self: Any, _context: Any) -> None:
    """A property was changed."""
    if not self.is_filling:
        apply_changes(self)


def apply_changes(group: Any) -> None:
    """Give a built zoom the changed settings; for a zoom to come there is nothing to do."""
    control = group.id_data
    if not isinstance(control, bpy.types.Object):
        return
    try:
        for scene in control.users_scene:
            zooms.change_zoom(scene, control, to_settings(group))
        group.problem = ""
        group.notes = "\n".join(zooms.stored_warnings(control))
        _fill_lengths(group)
    except Exception as error:
        group.problem = in_one_line(error)


def _apply_sound(self: Any, context: Any) -> None:
    """Measure the sound before it is used."""
    try:
        self.sound_seconds = sound_seconds(self.sound) if self.sound else 0.0
    except EverZoomError as error:
        self.problem = str(error)
        return
    _apply(self, context)


def _length(group: Any) -> float | None:
    """Seconds that the whole zoom takes, if they are what is given."""
    if group.length_by == "whole":
        return float(group.length)
    return float(group.sound_seconds) or None if group.length_by == "sound" else None


def _fill_lengths(group: Any) -> None:
    """Let the ways to say how long a zoom takes that are not in use say the same.

    So nothing changes when the user changes to another of them.
    """
    settings = to_settings(group)
    count = group.image_count
    if settings.travel is Travel.LOOP and zooms.stored_series(group.id_data).closing is not None:
        count += 1  # the outermost one again
    steps = frames_per_step(count - 1, settings)
    frames = frame_count(count, settings)
    was_filling, group.is_filling = group.is_filling, True
    if settings.seconds_per_image is not None or settings.length is not None:
        group.zoom_steps = max(1, round(steps))
    if settings.seconds_per_image is None:
        group.seconds_per_image = steps / settings.frames_per_second
    if settings.length is None:
        group.length = frames / settings.frames_per_second
    group.is_filling = was_filling


def chosen_layer(group: Any) -> int:
    """Number of the layer of the row that is chosen in the list, -1 where it has none."""
    has_row = 0 <= group.active_image < len(group.images)
    return int(group.images[group.active_image].layer) if has_row else -1


def _go_to_image(self: Any, context: Any) -> None:
    """Jump the timeline to the image whose row was clicked."""
    control = self.id_data
    if self.is_filling or not isinstance(control, bpy.types.Object):
        return
    frame = rig.frame_of_image(control, chosen_layer(self))
    if frame is not None:
        context.scene.frame_set(frame)


class EVERZOOM_PG_image(bpy.types.PropertyGroup):
    """What was found about one image of a built zoom; `name` is the file's."""

    score: FloatProperty(
        name="Score", description="Likeness with the next larger image's middle, 1 is the same"
    )
    factor: FloatProperty(name="Factor", description="Zoom factor from the next larger image")
    offset: FloatVectorProperty(
        name="Offset",
        description="Distance from the next larger image's centre in its pixels, right and down",
        size=2,
    )
    gain: FloatVectorProperty(
        name="Colour Step",
        description="Values are multiplied by this to get the next larger image's",
        size=3,
    )
    image: PointerProperty(
        type=bpy.types.Image, name="Picture", description="The image as the zoom has it"
    )
    is_used: BoolProperty(name="Used", description="Whether the image is part of the zoom")
    layer: IntProperty(
        name="Layer", description="Number of the layer that shows the image; -1: none does"
    )
    is_odd: BoolProperty(
        name="Odd",
        description="Whether the image was painted again in the next larger one, was not found "
        "there, or has an unusual factor",
    )
    is_measured: BoolProperty(
        name="Measured", description="Whether it was compared with the next larger image"
    )


# Options of the zoom and of the importer alike.
ZOOM_STEPS: Any = {
    "name": "Zoom Steps",
    "description": "Frames from one image to the next",
    "default": _DEFAULTS.zoom_steps,
    "min": 1,
    "soft_max": 600,
}
CROP: Any = {
    "name": "Crop",
    "description": "Middle part of the images that is used: outpainting redraws the edges",
    "default": _DEFAULTS.crop,
    "min": CROP_RANGE[0],
    "max": CROP_RANGE[1],
    "subtype": "FACTOR",
}
FEATHER: Any = {
    "name": "Feather",
    "description": "Width of the soft edge inside the crop, as part of the image's shorter side; "
    "0 is a hard edge",
    "default": _DEFAULTS.feather,
    "min": FEATHER_RANGE[0],
    "max": FEATHER_RANGE[1],
    "precision": 3,
    "subtype": "FACTOR",
}
FINDING = (
    *("is_factor_measured", "zoom_factor", "order", "auto_sort", "align", "match_colour"),
    *("zoom_steps", "crop", "feather"),
)


class FindingOptions:
    """What is to be found out about images, and put right."""

    is_factor_measured: BoolProperty(
        name="Measure Factor",
        description="Find the zoom factor in the pictures instead of giving it",
        default=True,
    )
    zoom_factor: FloatProperty(
        name="Zoom Factor",
        description="How many times more each outer image shows. Midjourney's 2x is 2.002, its "
        "1.5x is 1.333",
        default=_DEFAULTS.zoom_factor or 2.0,
        min=1.001,
        max=MAXIMUM_ZOOM_FACTOR,
        soft_max=4.0,
        precision=4,
    )
    order: EnumProperty(
        name="Order",
        description="Which file of the folder, by name, is which image",
        items=(
            ("auto", "Automatic", "Look at the pictures"),
            ("innermost-first", "Innermost First", "The first file is the innermost image"),
            ("outermost-first", "Outermost First", "The first file is the outermost image"),
        ),
        default="auto",
    )
    auto_sort: BoolProperty(
        name="Auto Sort",
        description="Find the order in the pictures, whatever the files are called",
    )
    align: BoolProperty(
        name="Align",
        description="Put every image where it really lies in the next larger one",
        default=_DEFAULTS.align,
    )
    match_colour: BoolProperty(
        name="Match Colour",
        description="Let the colours of one image glide into the next one's",
        default=_DEFAULTS.match_colour,
    )


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


class EVERZOOM_PG_zoom(FindingOptions, bpy.types.PropertyGroup):
    """Everything the user can choose, and what was found."""

    folder: StringProperty(
        name="Folder",
        description="Folder that holds the series of images",
        subtype="DIR_PATH",
        options=compat.RELATIVE_PATH,
    )
    centre: EnumProperty(
        name="View Centre",
        description="What the view keeps to when images lie off each other's centres",
        items=(
            ("image", "Image Centre", "Each image's own centre"),
            (
                "fixed-point",
                "Fixed Point",
                "As near as the crop allows to the point on which the zoom closes in",
            ),
        ),
        default=_DEFAULTS.centre.value,
        update=_apply,
    )
    zoom_steps: IntProperty(**ZOOM_STEPS, update=_apply)
    length_by: EnumProperty(
        name="Length By",
        description="How it is said how long the zoom takes",
        items=(
            ("frames", "Frames per Image", "Frames from one image to the next"),
            ("seconds", "Seconds per Image", "Seconds from one image to the next"),
            ("whole", "Whole Length", "Seconds that the whole zoom takes"),
            ("sound", "Sound", "The whole zoom lasts as long as its sound"),
            ("markers", "Markers", "Arrive at the images where the timeline's markers were"),
        ),
        default="frames",
        update=_apply,
    )
    beats: StringProperty(
        name="Beats",
        description="Frames of the arrivals at the images, as JSON; filled in from the markers",
        default="[]",
        options={"HIDDEN"},
    )
    seconds_per_image: FloatProperty(
        name="Seconds per Image",
        description="Seconds from one image to the next",
        default=2.0,
        min=0.001,
        max=MAXIMUM_SECONDS,
        soft_min=0.1,
        soft_max=10.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        update=_apply,
    )
    length: FloatProperty(
        name="Length",
        description="Seconds that the whole zoom takes, with its holds",
        default=30.0,
        min=0.001,
        max=MAXIMUM_SECONDS,
        soft_min=1.0,
        soft_max=600.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        update=_apply,
    )
    sound: StringProperty(
        name="Sound",
        description="A sound file that is played with the zoom, and is in the video",
        subtype="FILE_PATH",
        options=compat.RELATIVE_PATH,
        update=_apply_sound,
    )
    sound_seconds: FloatProperty(
        name="Length of the Sound", description="In seconds", options={"HIDDEN"}
    )
    frames_per_second: FloatProperty(
        name="Frame Rate",
        description="Frames per second",
        default=_DEFAULTS.frames_per_second,
        min=0.1,
        max=1000.0,
        soft_min=12.0,
        soft_max=120.0,
        precision=2,
        update=_apply,
    )
    delay: FloatProperty(
        name="Delay",
        description="Seconds for which the first and the last frame are held, and the one where "
        "the zoom turns",
        default=_DEFAULTS.delay,
        min=0.0,
        max=3600.0,
        soft_max=10.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        update=_apply,
    )
    is_eased: BoolProperty(
        name="Eased Ends",
        description="Start and end gently, with constant speed in between",
        update=_apply,
    )
    ease: FloatProperty(
        name="Ease",
        description="Seconds in which the zoom gets up to speed, and slows down again",
        default=1.0,
        min=0.0,
        max=3600.0,
        soft_max=10.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        update=_apply,
    )
    start_frame: IntProperty(
        name="Start Frame",
        description="Number of the first frame",
        default=_DEFAULTS.start_frame,
        min=0,
        update=_apply,
    )
    reverse: BoolProperty(
        name="Reverse",
        description="Zoom out instead of in",
        update=_apply,
    )
    travel: EnumProperty(
        name="Travel",
        description="Where the zoom goes",
        items=(
            ("one-way", "One Way", "From one end of the series to the other"),
            ("there-and-back", "There and Back", "In and out again, or the other way round"),
            (
                "loop",
                "Loop",
                "The last frame continues into the first, for series whose innermost image "
                "contains the outermost one",
            ),
        ),
        default=_DEFAULTS.travel.value,
        update=_apply,
    )
    crop: FloatProperty(**CROP, update=_apply)
    feather: FloatProperty(**FEATHER, update=_apply)
    mask_shape: EnumProperty(
        name="Mask Shape",
        description="Outline of the inner images",
        items=(
            ("rectangle", "Rectangle", "As the images are"),
            ("ellipse", "Ellipse", "Rounded, hides redrawn corners"),
        ),
        default=_DEFAULTS.mask_shape.value,
        update=_apply,
    )
    engine: EnumProperty(
        name="Engine",
        description="Render engine, with settings for sharp frames without noise",
        items=(
            ("cycles", "Cycles", "Sharp, with soft edges; fast enough without a GPU"),
            ("eevee", "EEVEE", "With soft edges; fast on a GPU"),
            ("workbench", "Workbench", "Fastest; hard edges, no colour match"),
            (
                "sequencer",
                "Fast 2D (Sequencer)",
                "Image strips in the Video Sequencer: fastest without a GPU. Save the file first",
            ),
            ("keep", "Keep My Settings", "Leave engine, sampling and colour management alone"),
        ),
        default=_DEFAULTS.engine.value,
        update=_apply,
    )
    samples: IntProperty(
        name="Samples",
        description="Samples per pixel; 0 takes the engine's recipe",
        default=0,
        min=0,
        soft_max=64,
        update=_apply,
    )
    resolution_from: EnumProperty(
        name="Resolution",
        description="Size of the frames",
        items=(
            ("images", "As Images", "The size of the cropped images"),
            ("16:9", "16:9", "Wide, as large as the cropped images fill it"),
            ("9:16", "9:16", "Upright, as large as the cropped images fill it"),
            ("1:1", "1:1", "Square, as large as the cropped images fill it"),
            ("scene", "As Scene", "The scene's own resolution, filled by the picture"),
        ),
        default="images",
        update=_apply,
    )
    roll: FloatProperty(
        name="Roll",
        description="Turns of the picture from one image to the next, clockwise",
        default=_DEFAULTS.roll,
        min=ROLL_RANGE[0],
        max=ROLL_RANGE[1],
        soft_min=-1.0,
        soft_max=1.0,
        step=5,
        precision=3,
        update=_apply,
    )
    target: FloatVectorProperty(
        name="Target",
        description="Where in the innermost image the zoom ends, from its centre to the right and "
        "up, as parts of its width and height",
        size=2,
        default=_DEFAULTS.target,
        min=TARGET_RANGE[0],
        max=TARGET_RANGE[1],
        step=1,
        precision=3,
        subtype="XYZ",
        update=_apply,
    )
    pack_images: BoolProperty(
        name="Pack Images",
        description="Store the images inside the .blend file",
        update=_apply,
    )
    debug_overlay: BoolProperty(
        name="Debug Overlay",
        description="Draw the frame's centre, outlines, image centres and figures into the picture",
        update=_apply,
    )

    images: CollectionProperty(
        type=EVERZOOM_PG_image,
        name="Images",
        description="The images of the zoom, the outermost first",
    )
    image_count: IntProperty(name="Image Count", description="How many images are used")
    is_own_order: BoolProperty(
        name="Own Order", description="The order is that of the list, and not looked for"
    )
    active_image: IntProperty(
        name="Image", description="Click to jump to this image", update=_go_to_image
    )
    file_order: StringProperty(
        name="Order of the Files", description="Which image comes first by the files' names"
    )
    found_factor: FloatProperty(
        name="Zoom Factor Found", description="Mean of the factors between neighbours", precision=4
    )
    warnings: StringProperty(name="Warnings", description="One in a line")
    skipped: StringProperty(name="Skipped", description="Other files of the folder")
    notes: StringProperty(name="Notes", description="What the settings cost, one in a line")
    problem: StringProperty(
        name="Problem", description="Why the last change could not be made", options={"SKIP_SAVE"}
    )
    is_filling: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})


def to_settings(group: Any) -> ZoomSettings:
    """The settings that a property group says.

    Raises:
        EverZoomError: Two of them do not go together.
    """
    values: dict[str, Any] = {name: getattr(group, name) for name in PLAIN}
    values |= {name: kind(getattr(group, name)) for name, kind in CHOICES.items()}
    values["ease"] = group.ease if group.is_eased else 0.0
    values["target"] = (group.target[0], group.target[1])
    if group.travel == Travel.LOOP:  # has no ends
        values |= {"ease": 0.0, "delay": 0.0, "target": (0.0, 0.0)}
    return ZoomSettings(
        zoom_factor=None if group.is_factor_measured else group.zoom_factor,
        zoom_steps=group.zoom_steps,
        seconds_per_image=group.seconds_per_image if group.length_by == "seconds" else None,
        length=_length(group),
        sound=group.sound or None,
        beats=tuple(json.loads(group.beats)) if group.length_by == "markers" else (),
        samples=group.samples or None,
        aspect_ratio=SHAPES.get(group.resolution_from),
        scene_resolution=group.resolution_from == "scene",
        **values,
    )


def _fill_settings(group: Any, settings: ZoomSettings) -> None:
    """Let a property group say what `to_settings` then reads from it.

    The size of frames, which only the command line can give, has become the scene's.
    """
    for name in PLAIN:
        setattr(group, name, getattr(settings, name))
    for name in CHOICES:
        setattr(group, name, getattr(settings, name).value)
    group.is_factor_measured = settings.zoom_factor is None
    group.zoom_factor = settings.zoom_factor or group.zoom_factor
    group.length_by = "frames"
    group.zoom_steps = settings.zoom_steps
    if settings.seconds_per_image is not None:
        group.length_by, group.seconds_per_image = "seconds", settings.seconds_per_image
    if settings.length is not None:
        group.length_by, group.length = "whole", settings.length
    if settings.beats:
        group.length_by, group.beats = "markers", json.dumps(settings.beats)
    group.is_eased = settings.ease > 0.0
    group.ease = settings.ease or group.ease
    group.samples = settings.samples or 0
    group.target = settings.target
    shape = next((name for name, ratio in SHAPES.items() if ratio == settings.aspect_ratio), None)
    is_scenes = settings.scene_resolution or settings.resolution is not None
    group.resolution_from = shape or ("scene" if is_scenes else "images")


def _picture(listed: ListedImage, layers: dict[int, Any]) -> Any:
    """The image of a row for its thumbnail, None where its file is gone."""
    if listed.layer is not None and listed.layer in layers:
        return rig.layer_image(layers[listed.layer])
    try:
        return loading.load_image(listed.file)
    except EverZoomError:
        return None


def fill_found(control: Any, source: Any = None) -> None:
    """Show on a built zoom what it was made from and what was found.

    Args:
        control: The control object of the zoom.
        source: The property group from which it was built; None: it was built without one.

    Raises:
        EverZoomError: The note of what the zoom was made from is missing or unreadable.
    """
    group = control.ever_zoom
    group.is_filling = True
    try:
        series = zooms.stored_series(control)
        if source is None:
            _fill_settings(group, zooms.stored_settings(control))
            group.folder = str(series.images[0].file.parent)
        elif group != source:
            group.folder = source.folder
            for name in (*PLAIN, *CHOICES, *OTHERS):
                setattr(group, name, getattr(source, name))
        analysis = zooms.stored_analysis(control)
        listing = zooms.stored_listing(control)
        group.image_count = len(series.images)
        group.is_own_order = listing.is_own_order
        pairs = analysis.pairs if analysis else ()
        odd = odd_pairs([pair.score for pair in pairs], [pair.factor for pair in pairs])
        layers = rig.numbered(control, "layer")
        group.images.clear()
        for listed in listing.rows:
            row = group.images.add()
            row.name = listed.file.name
            row.is_used = listed.is_used
            row.layer = -1 if listed.layer is None else listed.layer
            row.image = _picture(listed, layers)
            number = row.layer - 1
            row.is_measured = 0 <= number < len(pairs)
            if row.is_measured:
                pair = pairs[number]
                row.score, row.factor = pair.score, pair.factor
                row.offset, row.gain = pair.offset_px, pair.gain
                row.is_odd = odd[number]
        told = []
        if analysis:
            told = sentences(analysis.findings, Way.WINDOW)
            told += [f"Left out: {item.file}, {item.reason}" for item in analysis.left_out]
        group.warnings = "\n".join(told)
        group.skipped = ", ".join(series.skipped)
        group.notes = "\n".join(zooms.stored_warnings(control))
        group.file_order = analysis.file_order if analysis else ""
        group.found_factor = analysis.zoom_factor if analysis else series.steps[0].factor
        group.active_image = min(group.active_image, len(group.images) - 1)
        group.problem = ""
        _fill_lengths(group)
    finally:
        group.is_filling = False


def active_zoom(context: Any) -> Any:
    """The control object of the zoom that the panel shows.

    It is that of the active object, else the last one of the scene; None where there is none.
    """
    item = context.view_layer.objects.active  # there without a window, too
    while item is not None:
        if item.get(tags.ROLE) == "control" and context.scene in item.users_scene:
            return item
        item = item.parent
    controls = rig.controls(context.scene)
    return controls[-1] if controls else None


def has_zoom(operator: Any, context: Any) -> bool:
    """Whether there is a zoom, for an operator's `poll`: otherwise its button says so."""
    if active_zoom(context) is None:
        operator.poll_message_set("Build a zoom first")
        return False
    return True


def has_planes(operator: Any, context: Any) -> bool:
    """Whether there is a zoom of planes, for an operator's `poll`: otherwise its button says so."""
    if not has_zoom(operator, context):
        return False
    if has_strips(context.scene):
        operator.poll_message_set("Not in the sequencer: choose another engine under Output")
        return False
    return True


def active_group(context: Any) -> Any:
    """The settings that the panel shows: the active zoom's, or those of a zoom to come."""
    control = active_zoom(context)
    return context.scene.ever_zoom if control is None else control.ever_zoom


def folder_path(group: Any) -> Path:
    """The chosen folder.

    Raises:
        EverZoomError: None is chosen, or it is relative to a file that was never saved.
    """
    if not group.folder:
        raise EverZoomError("No folder is chosen: choose the folder that holds the images.")
    if group.folder.startswith("//") and not bpy.data.filepath:
        raise EverZoomError(
            f"The folder {group.folder} is relative to a file that is not saved yet: save the file,"
            " or choose the folder again."
        )
    return Path(bpy.path.abspath(group.folder))


@persistent  # type: ignore[untyped-decorator]
def _fill_loaded(*_: Any) -> None:
    """Zooms that were built without the window: the panel shows them like its own."""
    items: Any = bpy.data.objects
    for item in items:
        if item.get(tags.ROLE) == "control" and not item.ever_zoom.images:
            with contextlib.suppress(EverZoomError):  # the panel says so
                fill_found(item)


CLASSES = (EVERZOOM_PG_image, EVERZOOM_PG_zoom)


def register() -> None:
    """Add what this module has to Blender."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    pointer = PointerProperty(type=EVERZOOM_PG_zoom)
    bpy.types.Scene.ever_zoom = pointer  # type: ignore[attr-defined]
    bpy.types.Object.ever_zoom = pointer  # type: ignore[attr-defined]
    bpy.app.handlers.load_post.append(_fill_loaded)
    # The file that is open already: it is out of reach while add-ons are registered. Persistent:
    # 4.2 crashes at its end if it has dropped a timer when a file was opened.
    bpy.app.timers.register(_fill_loaded, first_interval=0.0, persistent=True)


def unregister() -> None:
    """Take out what `register` added."""
    bpy.app.handlers.load_post.remove(_fill_loaded)
    if bpy.app.timers.is_registered(_fill_loaded):
        bpy.app.timers.unregister(_fill_loaded)
    del bpy.types.Object.ever_zoom  # type: ignore[attr-defined]
    del bpy.types.Scene.ever_zoom  # type: ignore[attr-defined]
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
