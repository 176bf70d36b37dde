"""What the frames show of the images, and what that costs. Never touches bpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import EverZoomError
from ...settings import FrameSize, ZoomSettings
from ..findings import Finding, FindingKind
from .mask import Mask
from .nesting import Nesting

# What is left out by rounding to whole pixels is no loss, and so small an enlargement cannot be
# seen.
_LOSS_NOISE = 0.01
_ENLARGEMENT_NOISE = 0.02


@dataclass(frozen=True)
class View:
    """What a frame shows at zoom level z.

    Attributes:
        size: Width and height in units of `zoom_factor**-z` image widths.
        roll: Turns of the picture in one zoom level, clockwise.
    """

    size: tuple[float, float]
    roll: float

    def half_extent(
        self, levels: NDArray[np.float64], between: float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Half the width and height of the upright rectangle around the view, as it is turned.

        Args:
            levels: Zoom levels, any shape.
            between: The rectangle is good for so many levels before and after, too.

        Returns:
            Two arrays of that shape, in units of `zoom_factor**-level`.
        """
        width, height = self.size
        angle = 2.0 * np.pi * self.roll * levels
        # A corner that is further out in between is so much further out at most.
        more = math.hypot(width, height) * (1.0 - math.cos(2.0 * math.pi * self.roll * between))
        across, along = np.abs(np.cos(angle)), np.abs(np.sin(angle))
        return (
            (width * across + height * along + more) / 2.0,
            (width * along + height * across + more) / 2.0,
        )

    def shrunk(self, times: float) -> View:
        """The view so many times smaller."""
        return replace(self, size=(self.size[0] / times, self.size[1] / times))


@dataclass(frozen=True)
class Framing:
    """What the frames show, and what is left of the inner images.

    Attributes:
        resolution: Width and height of a frame in pixels.
        view: What a frame shows.
        mask: Trimmed shape of the inner layers.
    """

    resolution: tuple[int, int]
    view: View
    mask: Mask


def find_framing(
    nesting: Nesting, settings: ZoomSettings, scene_resolution: tuple[int, int] | None
) -> tuple[Framing, tuple[Finding, ...]]:
    """Choose what the frames show of an image that fills the view.

    Args:
        nesting: The images.
        settings: What the user chose.
        scene_resolution: The scene's own frame size in pixels, for `FrameSize.SCENE`.

    Returns:
        The framing, and what the user should know.

    Raises:
        EverZoomError: The mask leaves nothing of the images.
    """
    first = nesting.series.images[nesting.around]
    # The crop is rounded to whole, even pixels: then a pixel of the image that fills the view is
    # exactly a pixel of the frame.
    cropped = even(first.width * settings.crop), even(first.height * settings.crop)
    crop = cropped[0] / first.width, cropped[1] / first.width
    resolution = frame_size(cropped, settings, scene_resolution)
    # The largest view of the frame's shape that lies within the crop.
    width = min(crop[0], crop[1] * resolution[0] / resolution[1])
    size = width, width * resolution[1] / resolution[0]

    feather = settings.feather * min(1.0, nesting.aspect)
    mask = Mask(settings.mask_shape, (crop[0] / 2.0, crop[1] / 2.0), feather)
    if min(mask.opaque_half_size) <= 0.0:
        raise EverZoomError(
            f"A feather of {settings.feather:g} leaves nothing of images that are cropped to "
            f"{settings.crop:g}: make the feather smaller or the crop larger."
        )

    findings = []
    roll = settings.roll
    if nesting.round_levels:
        roll = round(roll * nesting.round_levels) / nesting.round_levels
        if abs(roll - settings.roll) > 1e-6:
            findings.append(
                Finding(FindingKind.ROUNDED_ROLL, {"roll": roll, "wanted": settings.roll})
            )
    findings += framing_findings(
        cropped, (size[0] * first.width, size[1] * first.width), resolution
    )
    return Framing(resolution, View(size, roll), mask), tuple(findings)


def even(value: float) -> int:
    """The nearest even number, at least 2: H.264 in yuv420p has no odd sizes."""
    return max(2, 2 * round(value / 2.0))


def frame_size(
    cropped: tuple[int, int], settings: ZoomSettings, scene_resolution: tuple[int, int] | None
) -> tuple[int, int]:
    """Width and height of the frames in pixels.

    Args:
        cropped: Width and height of the cropped images in pixels.
        settings: What the user chose.
        scene_resolution: The scene's own frame size.
    """
    if settings.resolution_from is FrameSize.PIXELS:
        return even(settings.resolution[0]), even(settings.resolution[1])
    if settings.frame_shape is not None:
        across, up = settings.frame_shape
        width = min(cropped[0], cropped[1] * across / up)
        return even(width), even(width * up / across)
    if settings.resolution_from is FrameSize.SCENE and scene_resolution is not None:
        return scene_resolution
    return cropped


def framing_findings(
    cropped: tuple[int, int], shown: tuple[float, float], resolution: tuple[int, int]
) -> list[Finding]:
    """What the frames' shape and size cost, with figures.

    Args:
        cropped: Width and height of the cropped images in pixels.
        shown: Width and height of what a frame shows of the image that fills it, in its pixels.
        resolution: Width and height of the frames in pixels.
    """
    findings = []
    lost = 1.0 - shown[0] * shown[1] / (cropped[0] * cropped[1])
    if lost > _LOSS_NOISE:
        findings.append(
            Finding(FindingKind.OUTSIDE_OF_FRAMES, {"part": lost, "resolution": list(resolution)})
        )
    enlarged = resolution[0] / shown[0]
    if enlarged > 1.0 + _ENLARGEMENT_NOISE:
        findings.append(
            Finding(
                FindingKind.ENLARGED_IN_FRAMES,
                {
                    "times": enlarged,
                    "resolution": list(resolution),
                    "sharp": [even(shown[0]), even(shown[1])],
                },
            )
        )
    return findings
