"""Everything a user can choose about a zoom: ONE table. Never touches bpy.

Each field of `ZoomSettings` carries how it is called, explained and limited (`Choice`). From that
come the property of the panel, the flag of the command line, defaults, tooltips, checks, and what
is kept in the .blend file. Panel and command line both fill in a `ZoomSettings`, and nothing behind
it takes more.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, get_args, get_type_hints

from . import plain
from .errors import EverZoomError, text_of
from .names import composed
from .texts import Clause, Text

LAST_FRAME = 1_048_574  # of Blender's timeline


class Order(StrEnum):
    """What says the order of a folder's images: the pictures or the files' names.

    AUTO keeps to the names where the pictures agree with them; SORTED never minds them.
    """

    AUTO = "auto"
    INNERMOST_FIRST = "innermost-first"
    OUTERMOST_FIRST = "outermost-first"
    SORTED = "sorted"


class MaskShape(StrEnum):
    """The outline of an inner layer."""

    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


class Centre(StrEnum):
    """What the view keeps to when images lie off each other's centres."""

    IMAGE = "image"
    FIXED_POINT = "fixed-point"


class Turn(StrEnum):
    """How the view lies where images are turned in each other."""

    FOLLOW = "follow"
    LEVEL = "level"


class LengthBy(StrEnum):
    """What says how long the zoom takes."""

    FRAMES = "frames"
    SECONDS = "seconds"
    WHOLE = "whole"
    SOUND = "sound"
    MARKERS = "markers"


class Travel(StrEnum):
    """Where the zoom goes."""

    ONE_WAY = "one-way"
    THERE_AND_BACK = "there-and-back"
    LOOP = "loop"


class FrameSize(StrEnum):
    """What the size of the frames is taken from."""

    IMAGES = "images"
    WIDE = "16:9"
    UPRIGHT = "9:16"
    SQUARE = "1:1"
    SHAPE = "shape"
    FULL_HD = "1080p"
    QUAD_HD = "1440p"
    ULTRA_HD = "4k"
    UPRIGHT_HD = "1080x1920"
    SQUARE_HD = "1080x1080"
    PIXELS = "pixels"
    SCENE = "scene"


class FileFormat(StrEnum):
    """What the frames are written as: a video, or single pictures.

    AUTO is what the output's name says, on the command line, or what is set in Blender already.
    """

    AUTO = "auto"
    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    WEBM = "webm"
    PRORES = "prores"
    PNG = "png"
    PNG_16 = "png-16"
    EXR = "exr"
    JPEG = "jpeg"
    WEBP = "webp"  # last: Blender's own lists have none


class Engine(StrEnum):
    """Who renders. KEEP leaves the scene's own render settings as they are.

    SEQUENCER is no engine of Blender's: the zoom is composed in the Video Sequencer.
    """

    CYCLES = "cycles"
    EEVEE = "eevee"
    WORKBENCH = "workbench"
    SEQUENCER = "sequencer"
    KEEP = "keep"


_SAME: Any = object()


@dataclass(frozen=True)
class Choice:
    """How one setting is called, explained, limited and shown.

    Attributes:
        label: What the panel calls it.
        help: One sentence without a full stop: the tooltip, and the help of the flag.
        flags: Of the command line; none: only the panel has it, or the command line puts it
            together from others.
        name: What the command line calls the value.
        limits: The least and the greatest value, of each component.
        soft_limits: How far a slider goes.
        hint: What a message about a wrong value adds.
        kind: What Blender shows a number or a text as: "factor", "seconds", "folder", "sound",
            "place"; "" for plain ones.
        digits: Shown after the point.
        sign: Between the parts of a value.
        items: Of a choice among several: what the panel calls each value, and what it means.
        shown_as: Of values that the panel does not offer: as which of those it shows them.
        panel: The default of the panel, where it differs.
        command: The default of the command line, where it differs.
        needs_build: The built zoom has it only once it is built again.
        is_of_one_zoom: It belongs to one zoom and not to a manner of making them: no preset has it.
        guide: Where the guide tells of it: "page#anchor of the heading".
    """

    label: str
    help: str
    flags: tuple[str, ...] = ()
    name: str = ""
    limits: tuple[float, float] | None = None
    soft_limits: tuple[float, float] | None = None
    hint: str = ""
    kind: str = ""
    digits: int = 2
    sign: str = ", "
    items: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shown_as: Mapping[str, str] = field(default_factory=dict)
    panel: Any = _SAME
    command: Any = _SAME
    needs_build: bool = False
    is_of_one_zoom: bool = False
    guide: str = ""


def _choice(default: Any, label: str, help: str, *flags: str, **others: Any) -> Any:
    return field(default=default, metadata={"choice": Choice(label, help, flags, **others)})


SHAPES = {FrameSize.WIDE: (16, 9), FrameSize.UPRIGHT: (9, 16), FrameSize.SQUARE: (1, 1)}
SIZES = {
    FrameSize.FULL_HD: (1920, 1080),
    FrameSize.QUAD_HD: (2560, 1440),
    FrameSize.ULTRA_HD: (3840, 2160),
    FrameSize.UPRIGHT_HD: (1080, 1920),
    FrameSize.SQUARE_HD: (1080, 1080),
}
LONGEST_SHAPE = 10  # times as long as wide

_MASKS = {
    "rectangle": ("Rectangle", "As the images are"),
    "ellipse": ("Ellipse", "Rounded, hides redrawn corners"),
}


@dataclass(frozen=True)
class ImageSettings:
    """What one image has of its own; None: it is as all others are.

    Attributes:
        image: The name of its file.

    Raises:
        EverZoomError: A value is outside its range, or its pace is given twice.
    """

    image: str
    hold: float = _choice(
        0.0,
        "Hold",
        "Seconds for which the view rests when it arrives at this image, on either way",
        kind="seconds",
        limits=(0.0, 3600.0),
        soft_limits=(0.0, 10.0),
    )
    frames: int | None = _choice(
        None,
        "Pace",
        "Frames from this image to the next smaller one, or back; the others keep theirs",
        limits=(1, 1_000_000),
        soft_limits=(1, 600),
    )
    seconds: float | None = _choice(
        None,
        "Pace",
        "Seconds from this image to the next smaller one, or back; the others keep theirs, or "
        "share what is left of the whole length",
        kind="seconds",
        limits=(0.001, 86400.0),
        soft_limits=(0.1, 10.0),
    )
    crop: float | None = _choice(
        None,
        "Crop",
        "Middle part of this image that is used where it lies in the next larger one",
        kind="factor",
        limits=(0.1, 0.95),
    )
    feather: float | None = _choice(
        None,
        "Feather",
        "Width of this image's soft edge, as part of its shorter side; 0 is a hard edge",
        kind="factor",
        digits=3,
        limits=(0.0, 0.25),
    )
    mask: MaskShape | None = _choice(
        None,
        "Mask Shape",
        "Outline of this image where it lies in the next larger one",
        items=_MASKS,
    )
    depth: float | None = _choice(
        None,
        "Depth",
        "How far the nearest things of this image's depth map come forward; 0 is flat",
        kind="factor",
        limits=(0.0, 0.5),
    )

    def __post_init__(self) -> None:
        for name, choice in OF_IMAGE.items():
            value = getattr(self, name)
            if value is not None:
                _check(choice, value)
        if self.frames is not None and self.seconds is not None:
            raise EverZoomError(
                "The pace of {image} is given in frames and in seconds: take one of them.",
                image=self.image,
            )

    @property
    def own(self) -> dict[str, Any]:
        """What it has of its own, by the names of the fields."""
        values = {name: getattr(self, name) for name in OF_IMAGE}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value != getattr(ImageSettings, name)
        }

    def to_json(self) -> dict[str, Any]:
        """What it has of its own as plain JSON values."""
        return {"image": self.image, **_plain(self.own)}

    @classmethod
    def from_json(cls, values: Any) -> ImageSettings:
        """What `to_json` has written.

        Raises:
            ValueError: It is not of that form, or a value is outside its range.
        """
        given = plain.record(values)
        unknown = given.keys() - OF_IMAGE.keys() - {"image"}
        if unknown:
            raise ValueError(
                Text(
                    "{value} is none of {names}",
                    value=plain.told(min(unknown)),
                    names=", ".join(OF_IMAGE),
                )
            )
        if "image" not in given:
            raise ValueError(Text('"image", the name of a file, is missing'))
        image = plain.text(given.pop("image"))
        own = {}
        for name, value in given.items():
            try:
                own[name] = _cast(OF_IMAGE_KINDS[name], value)
            except ValueError as error:
                raise ValueError(
                    Text(
                        "{setting} of {image}: {error}",
                        setting=name,
                        image=image,
                        error=text_of(error),
                    )
                ) from None
        try:
            return cls(image, **own)
        except EverZoomError as error:
            raise ValueError(
                Text("{image}: {error}", image=image, error=Clause(error.text))
            ) from None


@dataclass(frozen=True)
class ZoomSettings:
    """A validated set of choices.

    A value that another choice leaves without effect (the seconds per image where the whole length
    is given, a delay in a loop) stays what it is: the properties below say what holds.

    Raises:
        EverZoomError: A value is outside its range.
    """

    folder: str = _choice(
        "",
        "Folder",
        "Folder that holds the series of images",
        "-i",
        "--input",
        name="FOLDER",
        kind="folder",
        needs_build=True,
        is_of_one_zoom=True,
        guide="panel#before-a-zoom-is-there",
    )
    order: Order = _choice(
        Order.INNERMOST_FIRST,
        "Order",
        "What says which file of the folder is which image",
        "--order",
        items={
            "auto": (
                "By the Pictures",
                "In the order of the names, from either end, where the pictures agree with it; "
                "otherwise as they lie in each other",
            ),
            "innermost-first": (
                "By Name, First Is Innermost",
                "In the order of the names, whatever the pictures show",
            ),
            "outermost-first": (
                "By Name, First Is Outermost",
                "In the order of the names, whatever the pictures show",
            ),
        },
        shown_as={"sorted": "auto"},
        panel=Order.AUTO,
        needs_build=True,
        guide="panel#before-a-zoom-is-there",
    )
    series: int = _choice(
        1,
        "Series",
        "Which of several series in the folder is built, 1 the longest",
        "--series",
        name="N",
        limits=(1, 10_000),
        soft_limits=(1, 10),
        needs_build=True,
        is_of_one_zoom=True,
        guide="images-and-presets#what-is-made-of-a-folder",
    )
    is_factor_measured: bool = _choice(
        False,
        "Measured Zoom Factor",
        "Find the zoom factor in the pictures; press it to give one instead",
        panel=True,
        guide="panel#before-a-zoom-is-there",
    )
    zoom_factor: float = _choice(
        2.0,
        "Zoom Factor",
        "How many times more each outer image shows. Midjourney's 2x is 2.002, its 1.5x is 1.333",
        limits=(1.0001, 64.0),
        soft_limits=(1.001, 4.0),
        digits=4,
        hint=Text("(usual: 2, 1.5, 1.333), or measure it"),
        guide="panel#before-a-zoom-is-there",
    )
    align: bool = _choice(
        True,
        "Align",
        "Put every image where it really lies in the next larger one, with its own factor",
        "--align",
        guide="panel#alignment-and-colour",
    )
    match_colour: bool = _choice(
        True,
        "Match Colour",
        "Let the colours of one image glide into the next one's",
        "--match-colour",
        guide="panel#alignment-and-colour",
    )
    glide: bool = _choice(
        True,
        "Glide",
        "Where images were painted again, let the shapes of one glide into the next one's",
        "--glide",
        guide="panel#alignment-and-colour",
    )
    centre: Centre = _choice(
        Centre.IMAGE,
        "View Centre",
        "What the view keeps to when images lie off each other's centres",
        "--centre",
        items={
            "image": ("Image Centre", "Each image's own centre"),
            "fixed-point": (
                "Fixed Point",
                "As near as the crop allows to the point on which the zoom closes in",
            ),
        },
        guide="panel#alignment-and-colour",
    )
    length_by: LengthBy = _choice(
        LengthBy.FRAMES,
        "Length By",
        "How it is said how long the zoom takes",
        items={
            "frames": ("Frames per Image", "Frames from one image to the next"),
            "seconds": ("Seconds per Image", "Seconds from one image to the next"),
            "whole": ("Whole Length", "Seconds that the whole zoom takes"),
            "sound": ("Sound", "The whole zoom lasts as long as its sound"),
            "markers": ("Markers", "Arrive at the images where the timeline's markers were"),
        },
        guide="timing-and-camera#how-long",
    )
    zoom_steps: int = _choice(
        60,
        "Zoom Steps",
        "Frames from one image to the next",
        "-zs",
        "--zoom-steps",
        name="N",
        limits=(1, 1_000_000),
        soft_limits=(1, 600),
        guide="timing-and-camera#how-long",
    )
    seconds_per_image: float = _choice(
        2.0,
        "Seconds per Image",
        "Seconds from one image to the next",
        kind="seconds",
        limits=(0.001, 86400.0),
        soft_limits=(0.1, 10.0),
        guide="timing-and-camera#how-long",
    )
    length: float = _choice(
        30.0,
        "Length",
        "Seconds that the whole zoom takes, with its holds",
        kind="seconds",
        limits=(0.001, 86400.0),
        soft_limits=(1.0, 600.0),
        guide="timing-and-camera#how-long",
    )
    beats: tuple[int, ...] = _choice(
        (),
        "Beats",
        "Frames of the arrivals at the images after the first, ascending",
        limits=(0, LAST_FRAME),
        is_of_one_zoom=True,
        guide="timing-and-camera#how-long",
    )
    sound: str = _choice(
        "",
        "Sound",
        "A sound file that is played with the zoom, and is in the video",
        kind="sound",
        is_of_one_zoom=True,
        guide="timing-and-camera#how-long",
    )
    sound_seconds: float = _choice(
        0.0,
        "Length of the Sound",
        "In seconds, measured when the sound was chosen; 0: there is none",
        limits=(0.0, 86400.0),
        is_of_one_zoom=True,
        guide="timing-and-camera#how-long",
    )
    travel: Travel = _choice(
        Travel.ONE_WAY,
        "Travel",
        "Where the zoom goes",
        "--travel",
        items={
            "one-way": ("One Way", "From one end of the series to the other"),
            "there-and-back": ("There and Back", "In and out again, or the other way round"),
            "loop": (
                "Loop",
                "The last frame continues into the first, for series whose innermost image "
                "contains the outermost one",
            ),
        },
        guide="timing-and-camera#which-way",
    )
    reverse: bool = _choice(
        False,
        "Reverse",
        "Zoom out instead of in",
        "-rev",
        "--reverse",
        guide="timing-and-camera#which-way",
    )
    ease: float = _choice(
        0.0,
        "Eased Ends",
        "Seconds in which the zoom gets up to speed, and slows down again; 0: none",
        "--ease",
        name="SECONDS",
        kind="seconds",
        limits=(0.0, 3600.0),
        soft_limits=(0.0, 10.0),
        guide="timing-and-camera#the-ends",
    )
    delay: float = _choice(
        0.0,
        "Delay",
        "Seconds for which the first and the last frame are held, and the one where the zoom turns",
        "-d",
        "--delay",
        name="SECONDS",
        kind="seconds",
        limits=(0.0, 3600.0),
        soft_limits=(0.0, 10.0),
        guide="timing-and-camera#the-ends",
    )
    frames_per_second: float = _choice(
        30.0,
        "Frame Rate",
        "Frames per second",
        "-fps",
        "--frames-per-second",
        name="F",
        limits=(0.1, 1000.0),
        soft_limits=(12.0, 120.0),
        guide="panel#timing",
    )
    start_frame: int = _choice(
        1,
        "Start Frame",
        "Number of the first frame",
        "--start-frame",
        name="N",
        limits=(0, 1_000_000),  # Blender renders no frames before 0
        soft_limits=(0, 10_000),
        command=0,
        is_of_one_zoom=True,
        guide="panel#timing",
    )
    crop: float = _choice(
        0.8,
        "Crop",
        "Middle part of the images that is used: outpainting redraws the edges",
        "-zc",
        "--zoom-crop",
        name="F",
        kind="factor",
        limits=(0.1, 0.95),
        guide="panel#mask",
    )
    feather: float = _choice(
        0.05,
        "Feather",
        "Width of the soft edge inside the crop, as part of the image's shorter side; 0 is a hard "
        "edge",
        "--feather",
        name="F",
        kind="factor",
        digits=3,
        limits=(0.0, 0.25),
        guide="panel#mask",
    )
    mask_shape: MaskShape = _choice(
        MaskShape.RECTANGLE,
        "Mask Shape",
        "Outline of the inner images",
        "--mask",
        items=_MASKS,
        guide="panel#mask",
    )
    depth_folder: str = _choice(
        "",
        "Depth Maps",
        "Folder of the depth maps, named as the images are; nothing: they lie beside the images, "
        "as NAME_depth, or in a folder called depth",
        "--depth",
        name="FOLDER",
        kind="folder",
        needs_build=True,
        is_of_one_zoom=True,
        guide="images-and-presets#images-with-depth",
    )
    depth_strength: float = _choice(
        0.15,
        "Depth",
        "How far the nearest things of images with depth maps come forward, as part of the "
        "camera's distance; 0 is flat",
        "--depth-strength",
        name="F",
        kind="factor",
        limits=(0.0, 0.5),
        guide="images-and-presets#images-with-depth",
    )
    is_near_black: bool = _choice(
        False,
        "Black Is Near",
        "In the depth maps black is near and white is far",
        "--black-is-near",
        guide="images-and-presets#images-with-depth",
    )
    of_images: tuple[ImageSettings, ...] = _choice(
        (),
        "Single Images",
        "What single images have of their own, by the names of their files",
        is_of_one_zoom=True,
        guide="images-and-presets#what-a-picture-has-of-its-own",
    )
    resolution_from: FrameSize = _choice(
        FrameSize.IMAGES,
        "Resolution",
        "Size of the frames",
        items={
            "images": ("As Images", "The size of the cropped images"),
            "16:9": ("16:9", "Wide, as large as the cropped images fill it"),
            "9:16": ("9:16", "Upright, as large as the cropped images fill it"),
            "1:1": ("1:1", "Square, as large as the cropped images fill it"),
            "shape": ("Other Shape", "Of another shape, as large as the cropped images fill it"),
            "1080p": ("1080p", "1920 x 1080 pixels, filled by the picture"),
            "1440p": ("1440p", "2560 x 1440 pixels, filled by the picture"),
            "4k": ("4K", "3840 x 2160 pixels, filled by the picture"),
            "1080x1920": ("1080 x 1920", "Upright, as for phones, filled by the picture"),
            "1080x1080": ("1080 x 1080", "Square, filled by the picture"),
            "pixels": ("Pixels", "A size in pixels, filled by the picture"),
            "scene": ("As Scene", "The scene's own resolution, filled by the picture"),
        },
        guide="timing-and-camera#camera",
    )
    shape: tuple[int, int] = _choice(
        (4, 3),
        "Shape",
        "Width to height of the frames",
        limits=(1, 10_000),
        sign=":",
        guide="timing-and-camera#camera",
    )
    resolution: tuple[int, int] = _choice(
        (1920, 1080),
        "Size",
        "Width and height of the frames in pixels",
        limits=(4, 65536),
        sign="x",
        guide="timing-and-camera#camera",
    )
    roll: float = _choice(
        0.0,
        "Roll",
        "Turns of the picture from one image to the next, clockwise",
        "--roll",
        name="TURNS",
        digits=3,
        limits=(-4.0, 4.0),
        soft_limits=(-1.0, 1.0),
        guide="timing-and-camera#camera",
    )
    turn: Turn = _choice(
        Turn.FOLLOW,
        "Turned Images",
        "How the view lies where images are turned in each other",
        "--turn",
        items={
            "follow": ("Follow", "Each image is upright when it fills the view"),
            "level": ("Stay Level", "As the outermost image, however the others are turned"),
        },
        guide="panel#alignment-and-colour",
    )
    target: tuple[float, float] = _choice(
        (0.0, 0.0),
        "Target",
        "Where in the innermost image the zoom ends, from its centre to the right and up, as parts "
        "of its width and height",
        "--target",
        name="X Y",
        kind="place",
        digits=3,
        limits=(-0.5, 0.5),
        is_of_one_zoom=True,
        guide="timing-and-camera#camera",
    )
    engine: Engine = _choice(
        Engine.CYCLES,
        "Engine",
        "Render engine, with settings for sharp frames without noise",
        items={
            "cycles": ("Cycles", "Sharp, with soft edges; fast enough without a GPU"),
            "eevee": ("EEVEE", "With soft edges; fast on a GPU"),
            "workbench": ("Workbench", "Fastest; hard edges, no colour match"),
            "sequencer": (
                "Fast 2D (Sequencer)",
                "Image strips in the Video Sequencer: fastest without a GPU",
            ),
            "keep": (
                "Keep My Settings",
                "Leave the scene's own settings alone, but for the size and a chosen format",
            ),
        },
        guide="panel#output",
    )
    file_format: FileFormat = _choice(
        FileFormat.AUTO,
        "Format",
        "What the frames are written as",
        "--format",
        items={
            "auto": ("As Set", "What Blender's Output properties say; at first MP4 with H.264"),
            "h264": ("MP4 (H.264)", "Plays everywhere"),
            "h265": ("MP4 (H.265)", "Smaller; plays on newer devices"),
            "av1": ("MP4 (AV1)", "Smallest; plays in newer browsers, and takes long to encode"),
            "webm": ("WebM (VP9)", "For web pages"),
            "prores": ("MOV (ProRes)", "For editing: ProRes 422 HQ, 10 bits, large"),
            "png": ("PNG", "Single pictures of 8 bits"),
            "png-16": ("PNG, 16 Bits", "Single pictures that keep fine gradients"),
            "exr": ("OpenEXR", "Single pictures of linear light, as half floats"),
            "jpeg": ("JPEG", "Single pictures, small, with a little loss"),
        },
        shown_as={"webp": "auto"},  # Blender writes no animated ones: the command line does
        guide="panel#formats",
    )
    samples: int = _choice(
        0,
        "Samples",
        "Samples per pixel, 1 is exact; 0, Auto in the panel, takes the engine's recipe",
        "--samples",
        name="N",
        limits=(0, 1_000_000),
        soft_limits=(0, 64),
        guide="panel#output",
    )
    pack_images: bool = _choice(
        False,
        "Pack Images",
        "Store the images inside the .blend file",
        "--pack",
        guide="panel#output",
    )
    debug_overlay: bool = _choice(
        False,
        "Debug Overlay",
        "Draw the frame's centre, outlines, image centres and figures into the picture",
        "-dbg",
        "--debug",
        guide="panel#debug",
    )

    def __post_init__(self) -> None:
        for name, choice in TABLE.items():
            _check(choice, getattr(self, name))
        if any(after <= before for before, after in itertools.pairwise(self.beats)):
            raise EverZoomError("The beats are not in ascending order, each on a frame of its own.")
        names = [composed(item.image) for item in self.of_images]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise EverZoomError(
                "{twice} has its own settings twice: put them together.", twice=twice
            )
        if max(self.shape) > LONGEST_SHAPE * min(self.shape):
            across, up = self.shape
            raise EverZoomError(
                "The frames' shape is {across}:{up}; use two whole numbers of which one is at "
                "most {longest_shape} times the other, such as 16:9.",
                across=across,
                up=up,
                longest_shape=LONGEST_SHAPE,
            )

    @classmethod
    def of_panel(cls) -> ZoomSettings:
        """What the panel starts with."""
        return cls(**{key: c.panel for key, c in TABLE.items() if c.panel is not _SAME})

    @property
    def given_factor(self) -> float | None:
        """The zoom factor that the user says; None: it is measured."""
        return None if self.is_factor_measured else self.zoom_factor

    @property
    def given_length(self) -> float | None:
        """Seconds that the whole zoom takes, where they are what is given."""
        if self.length_by is LengthBy.SOUND:
            return self.sound_seconds or None
        return self.length if self.length_by is LengthBy.WHOLE else None

    @property
    def given_seconds(self) -> float | None:
        """Seconds from one image to the next, where they are what is given."""
        return self.seconds_per_image if self.length_by is LengthBy.SECONDS else None

    @property
    def arrivals(self) -> tuple[int, ...]:
        """Frames of the arrivals at the images after the first, where they are what is given."""
        return self.beats if self.length_by is LengthBy.MARKERS else ()

    @cached_property
    def _by_image(self) -> dict[str, ImageSettings]:
        return {composed(item.image): item for item in self.of_images}

    def of_image(self, name: str) -> ImageSettings:
        """What an image has of its own, by its file's name, however the accents are written."""
        return self._by_image.get(composed(name)) or ImageSettings(name)

    def own_or_common(self, image: str, name: str) -> Any:
        """What an image has of its own, or else what all images have.

        Args:
            image: The name of its file.
            name: A field of `ImageSettings`.
        """
        own = getattr(self.of_image(image), name)
        return getattr(self, COMMON[name]) if own is None else own

    def with_image(self, image: ImageSettings) -> ZoomSettings:
        """These settings with others of one image; without any, where it has nothing of its own."""
        name = composed(image.image)
        kept = [item for item in self.of_images if composed(item.image) != name]
        return replace(self, of_images=(*kept, *([image] if image.own else [])))

    @property
    def frame_pixels(self) -> tuple[int, int] | None:
        """Width and height of the frames in pixels, where they are given."""
        if self.resolution_from is FrameSize.PIXELS:
            return self.resolution
        return SIZES.get(self.resolution_from)

    @property
    def frame_shape(self) -> tuple[int, int] | None:
        """Width to height of the frames, where only that is given."""
        if self.resolution_from is FrameSize.SHAPE:
            return self.shape
        return SHAPES.get(self.resolution_from)

    @property
    def held_seconds(self) -> float:
        """`delay`; a loop has no ends that could be held."""
        return 0.0 if self.travel is Travel.LOOP else self.delay

    @property
    def eased_seconds(self) -> float:
        """`ease`; a loop has no ends that could be eased."""
        return 0.0 if self.travel is Travel.LOOP else self.ease

    @property
    def aim(self) -> tuple[float, float]:
        """`target`; a loop ends nowhere."""
        return (0.0, 0.0) if self.travel is Travel.LOOP else self.target

    @property
    def needs_analysis(self) -> bool:
        """Whether something has to be found in the pictures."""
        return (
            self.order in (Order.AUTO, Order.SORTED)
            or self.is_factor_measured
            or self.align
            or self.match_colour
            or self.travel is Travel.LOOP
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return _plain({name: getattr(self, name) for name in TABLE})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ZoomSettings:
        """Settings from `to_dict`, of this or another version: unknown keys are passed over.

        Raises:
            EverZoomError: A value is outside its range, or means nothing to this version.
        """
        return cls().having(values)

    def having(self, values: Mapping[str, Any]) -> ZoomSettings:
        """These settings with others in place of some, given as plain JSON values or not.

        Raises:
            EverZoomError: A value is outside its range, or means nothing to this version.
        """
        try:
            known = {
                key: _cast(KINDS[key], value)
                for key, value in of_this_version(values).items()
                if key in TABLE
            }
        except (TypeError, ValueError) as error:
            raise EverZoomError(
                "These settings are not of this version ({error}): choose them again.",
                error=text_of(error),
            ) from None
        return replace(self, **known)


def _choice_of(item: Field[Any]) -> Choice:
    choice: Choice = item.metadata["choice"]
    return choice


TABLE: Mapping[str, Choice] = {item.name: _choice_of(item) for item in fields(ZoomSettings)}
KINDS: Mapping[str, Any] = get_type_hints(ZoomSettings)

OF_IMAGE: Mapping[str, Choice] = {
    item.name: _choice_of(item) for item in fields(ImageSettings) if item.name != "image"
}
OF_IMAGE_KINDS: Mapping[str, Any] = {
    name: next(iter(get_args(kind)), kind) for name, kind in get_type_hints(ImageSettings).items()
}
# What an image without them has, by the names of the fields: the settings of all images.
COMMON: Mapping[str, str] = {
    "frames": "zoom_steps",
    "seconds": "seconds_per_image",
    "crop": "crop",
    "feather": "feather",
    "mask": "mask_shape",
    "depth": "depth_strength",
}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as plain JSON values."""
    return {
        name: [item.to_json() for item in value]
        if name == "of_images"
        else value.value
        if isinstance(value, Enum)
        else value
        for name, value in values.items()
    }


def of_this_version(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings as plain values, with what an older version kept otherwise as it is kept now."""
    if values.get("auto_sort") is True:  # was a setting of its own, with which no order counted
        return {**values, "order": Order.SORTED.value}
    return values


def command_default(name: str) -> Any:
    """What the command line takes where a setting is not given."""
    choice = TABLE[name]
    return getattr(ZoomSettings(), name) if choice.command is _SAME else choice.command


def _cast(kind: Any, value: Any) -> Any:
    """A plain value as one of a field's type.

    Raises:
        ValueError: It is none.
    """
    parts = get_args(kind)
    if parts:
        count = None if Ellipsis in parts else len(parts)
        return tuple(_cast(parts[0], item) for item in plain.row(value, count))
    if kind is ImageSettings:
        return value if isinstance(value, kind) else ImageSettings.from_json(value)
    if kind is bool:
        return plain.flag(value)
    if kind in (int, float):  # how large it may be says the table
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(Text("{value} is no number", value=plain.told(value)))
        if kind is int and value % 1:
            raise ValueError(Text("{value} is no whole number", value=plain.figure(value)))
        if abs(value) > sys.maxsize:
            return math.inf if value > 0 else -math.inf
        return kind(value)
    if not isinstance(value, str):
        raise ValueError(Text("{value} is no text", value=plain.told(value)))
    if kind is not str and value not in list(kind):
        raise ValueError(Text("{value} is none of its words", value=plain.told(value)))
    return kind(value)


def _check(choice: Choice, value: Any) -> None:
    if isinstance(value, str):
        try:
            plain.text(value)
        except ValueError:
            raise EverZoomError(
                "{setting} is no text in UTF-8: choose another name.", setting=Text(choice.label)
            ) from None
    if choice.limits is None:
        return
    low, high = choice.limits
    parts = value if isinstance(value, tuple) else (value,)
    wrong = [part for part in parts if not low <= part <= high]
    if wrong:
        told = choice.sign.join(map(plain.figure, parts if len(parts) < 3 else wrong[:1]))
        raise EverZoomError(
            "{setting} is {told}; use a value from {low} to {high} {hint}."
            if choice.hint
            else "{setting} is {told}; use a value from {low} to {high}.",
            setting=Text(choice.label),
            told=told,
            low=plain.figure(low),
            high=plain.figure(high),
            hint=Text(choice.hint),
        )
