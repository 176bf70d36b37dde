"""Everything a user can choose about a zoom. Never touches bpy.

The panel and the command line both fill in a `ZoomSettings`, and nothing behind it takes more.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass, fields
from enum import Enum, StrEnum
from typing import Any

from .errors import EverZoomError


class Order(StrEnum):
    """Which image of a folder, in file order, comes first."""

    INNERMOST_FIRST = "innermost-first"
    OUTERMOST_FIRST = "outermost-first"
    AUTO = "auto"


class MaskShape(StrEnum):
    """The outline of an inner layer."""

    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


class Centre(StrEnum):
    """What the view keeps to when images lie off each other's centres."""

    IMAGE = "image"
    FIXED_POINT = "fixed-point"


class Travel(StrEnum):
    """Where the zoom goes."""

    ONE_WAY = "one-way"
    THERE_AND_BACK = "there-and-back"
    LOOP = "loop"


class Engine(StrEnum):
    """Who renders. KEEP leaves the scene's engine, sampling and colour management as they are.

    SEQUENCER is no engine of Blender's: the zoom is composed in the Video Sequencer.
    """

    EEVEE = "eevee"
    CYCLES = "cycles"
    WORKBENCH = "workbench"
    SEQUENCER = "sequencer"
    KEEP = "keep"


CROP_RANGE = (0.1, 0.95)
FEATHER_RANGE = (0.0, 0.25)
ROLL_RANGE = (-4.0, 4.0)
TARGET_RANGE = (-0.5, 0.5)
MAXIMUM_ZOOM_FACTOR = 64.0
MAXIMUM_SECONDS = 86400.0


@dataclass(frozen=True)
class ZoomSettings:
    """A validated set of choices.

    Attributes:
        zoom_factor: How many times larger the outer image's field of view is, > 1; None: measure.
        zoom_steps: Frames from one image to the next, >= 1; without effect where one of the next
            two is given.
        seconds_per_image: Seconds from one image to the next instead, > 0.
        length: Seconds that the whole zoom takes, with its holds, instead, > 0.
        beats: Frames of the arrivals at the images after the first, ascending; where there are
            any, they say how long each image takes.
        crop: The middle part of an image that is used, as a fraction of its width and height,
            0.1 to 0.95.
        feather: Width of the soft edge inside the crop, as a fraction of the image's shorter side,
            0 (a hard edge) to 0.25.
        mask_shape: Outline of the inner layers.
        order: Which file is the innermost image.
        auto_sort: Find the order in the pictures instead of the file names.
        centre: Keep to the images' centres, or as near as the crop allows to the point on which the
            whole zoom closes in.
        align: Put every image where it really lies in the next larger one.
        match_colour: Let the colours of one image glide into those of the next.
        reverse: Zoom out instead of in.
        travel: Only there, back again as well, or around: the last frame continues into the first.
            A loop has no ends that could be held, eased or aimed at.
        frames_per_second: > 0.
        delay: Seconds for which the first and the last frame are held, and the one where the zoom
            turns, >= 0.
        ease: Seconds in which the zoom gets up to speed, and slows down again, >= 0; at most half
            of the zoom is used for either.
        sound: A sound file that is played with the zoom, from its first frame on; None: none.
        start_frame: Number of the first frame, >= 0.
        pack_images: Store the images inside the .blend file.
        debug_overlay: Draw outlines, centres and figures into the picture.
        engine: Render engine.
        samples: Samples per pixel; None takes the engine's recipe.
        resolution: Width and height of the frames in pixels; None: size of the cropped image.
        aspect_ratio: Width to height of the frames, such as (16, 9), as large as the cropped images
            fill it; None: those of the images.
        roll: Turns of the picture from one image to the next, clockwise, -4 to 4. The outermost
            image stands upright.
        target: Where in the innermost image the zoom ends, from its centre to the right and up, as
            parts of its width and height, -0.5 to 0.5.
        scene_resolution: Keep the scene's own resolution and fill it. At most one of these three
            is chosen.

    Raises:
        EverZoomError: A value is outside its range.
    """

    zoom_factor: float | None = 2.0
    zoom_steps: int = 60
    seconds_per_image: float | None = None
    length: float | None = None
    beats: tuple[int, ...] = ()
    crop: float = 0.8
    feather: float = 0.05
    mask_shape: MaskShape = MaskShape.RECTANGLE
    order: Order = Order.INNERMOST_FIRST
    auto_sort: bool = False
    centre: Centre = Centre.IMAGE
    align: bool = True
    match_colour: bool = True
    reverse: bool = False
    travel: Travel = Travel.ONE_WAY
    frames_per_second: float = 30.0
    delay: float = 0.0
    ease: float = 0.0
    sound: str | None = None
    start_frame: int = 1
    pack_images: bool = False
    debug_overlay: bool = False
    engine: Engine = Engine.CYCLES
    samples: int | None = None
    resolution: tuple[int, int] | None = None
    aspect_ratio: tuple[int, int] | None = None
    scene_resolution: bool = False
    roll: float = 0.0
    target: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        factor = self.zoom_factor
        if factor is not None and not (
            math.isfinite(factor) and 1.0 < factor <= MAXIMUM_ZOOM_FACTOR
        ):
            raise EverZoomError(
                f"The zoom factor is {factor:g}; it must be a number greater than 1 and at most "
                f"{MAXIMUM_ZOOM_FACTOR:g} (usual: 2, 1.5, 1.333), or auto."
            )
        if self.zoom_steps < 1:
            raise EverZoomError(f"Zoom steps is {self.zoom_steps}; use at least 1 frame per image.")
        if any(after <= before for before, after in itertools.pairwise(self.beats)):
            raise EverZoomError("The beats are not in ascending order, each on a frame of its own.")
        if self.seconds_per_image is not None and self.length is not None:
            raise EverZoomError("Give the seconds per image or the whole length, not both.")
        for name, seconds in (
            ("The time per image", self.seconds_per_image),
            ("The length", self.length),
        ):
            if seconds is not None and not 0.0 < seconds <= MAXIMUM_SECONDS:  # also true for NaN
                raise EverZoomError(
                    f"{name} is {seconds:g}; use more than 0 and at most {MAXIMUM_SECONDS:g} "
                    "seconds."
                )
        _check_range("Zoom crop", self.crop, CROP_RANGE)
        _check_range("Feather", self.feather, FEATHER_RANGE)
        _check_range("Roll", self.roll, ROLL_RANGE)
        for place in self.target:
            _check_range("The zoom target", place, TARGET_RANGE)
        if not (math.isfinite(self.frames_per_second) and 0.1 <= self.frames_per_second <= 1000.0):
            raise EverZoomError(
                f"Frames per second is {self.frames_per_second:g}; use a value from 0.1 to 1000."
            )
        if not (math.isfinite(self.delay) and 0.0 <= self.delay <= 3600.0):
            raise EverZoomError(f"The delay is {self.delay:g}; use 0 to 3600 seconds.")
        if not (math.isfinite(self.ease) and 0.0 <= self.ease <= 3600.0):
            raise EverZoomError(f"The ease is {self.ease:g}; use 0 to 3600 seconds.")
        if self.start_frame < 0:  # Blender renders no frames before that
            raise EverZoomError(f"The start frame is {self.start_frame}; use 0 or a later one.")
        if self.travel is Travel.LOOP and (self.delay or self.ease or any(self.target)):
            raise EverZoomError(
                "A loop has no ends: leave out the delay, the ease and the target, or choose "
                "another travel."
            )
        if self.debug_overlay and self.engine is Engine.SEQUENCER:
            raise EverZoomError(
                "The sequencer does not draw the debug overlay: choose another engine, or switch "
                "the overlay off."
            )
        if self.samples is not None and self.samples < 1:
            raise EverZoomError(f"Samples is {self.samples}; use at least 1.")
        if self.resolution is not None and not all(4 <= side <= 65536 for side in self.resolution):
            width, height = self.resolution
            raise EverZoomError(
                f"The resolution is {width}x{height}; use 4 to 65536 pixels a side."
            )
        if self.aspect_ratio is not None and not (
            min(self.aspect_ratio) >= 1 and max(self.aspect_ratio) <= 10 * min(self.aspect_ratio)
        ):
            across, up = self.aspect_ratio
            raise EverZoomError(
                f"The frames' shape is {across}:{up}; use two whole numbers of which one is at "
                "most 10 times the other, such as 16:9."
            )
        if (self.resolution is not None) + (self.aspect_ratio is not None) + (
            self.scene_resolution
        ) > 1:
            raise EverZoomError("Give a resolution, a shape or the scene's, not two of them.")

    @property
    def needs_analysis(self) -> bool:
        """Whether something has to be found in the pictures."""
        return (
            self.auto_sort
            or self.order is Order.AUTO
            or self.zoom_factor is None
            or self.align
            or self.match_colour
            or self.travel is Travel.LOOP
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return {
            key: value.value if isinstance(value, Enum) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ZoomSettings:
        """Settings from `to_dict`, of this or another version: unknown keys are passed over.

        Raises:
            EverZoomError: A value is outside its range, or means nothing to this version.
        """
        known = {field.name for field in fields(cls)}
        kept = {key: value for key, value in values.items() if key in known}
        try:
            for key, kind in (
                ("mask_shape", MaskShape),
                ("order", Order),
                ("centre", Centre),
                ("engine", Engine),
                ("travel", Travel),
            ):
                if key in kept:
                    kept[key] = kind(kept[key])
            for key in ("resolution", "aspect_ratio"):
                if kept.get(key) is not None:
                    width, height = kept[key]
                    kept[key] = (int(width), int(height))
            if "target" in kept:
                x, y = kept["target"]
                kept["target"] = (float(x), float(y))
            if "beats" in kept:
                kept["beats"] = tuple(int(frame) for frame in kept["beats"])
            return cls(**kept)
        except (TypeError, ValueError) as error:
            raise EverZoomError(
                f"These settings are not of this version ({error}): choose them again."
            ) from None


def _check_range(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:  # also true for NaN
        raise EverZoomError(f"{name} is {value:g}; use a value from {low:g} to {high:g}.")
