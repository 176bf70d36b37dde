"""What the frames show of the images, and what that costs. Never touches bpy.

The length by which everything is measured here is the span of an image, `zoom_factor**-level`. The
view at the image's level is the same part of every span, whatever shape the image has: so an image
that is wider than the frames is wider than its span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import EverZoomError
from ...settings import FrameSize, Travel, ZoomSettings
from ..findings import Finding, FindingKind
from ..series import Series, SeriesImage
from .mask import Mask

# What is left out by rounding to whole pixels is no loss, and so small an enlargement cannot be
# seen.
_LOSS_NOISE = 0.01
_ENLARGEMENT_NOISE = 0.02

# Images whose heights differ by no more than this, at equal widths, are of one shape.
_SAME_SHAPE = 0.03

# So many times more an image has to show than the next one, in spans: less than the smallest factor
# that can be given, and more than a difference by rounding only, as where shapes differ by just as
# much as sizes.
LEAST_RATIO = 1.00005


@dataclass(frozen=True)
class Framing:
    """What the frames show, and what is left of the inner images.

    Attributes:
        settings: What the user chose.
        resolution: Width and height of a frame in pixels.
        usual: The image whose crop the frames are made for; it is as wide as its span.
        size: Width and height of the view, in the spans of the image that fills it.
    """

    settings: ZoomSettings
    resolution: tuple[int, int]
    usual: SeriesImage
    size: tuple[float, float]

    def width_of(self, image: SeriesImage) -> float:
        """Width of an image in its spans: such that the view just fits in its crop."""
        return self._fit(self.usual) / self._fit(image)

    def mask_of(self, image: SeriesImage) -> Mask:
        """What is left of an image where it is an inner one.

        The soft edge is as wide as that of the usual image, for all that is seen of it.

        Raises:
            EverZoomError: That is nothing.
        """
        settings = self.settings
        part, soft, shape = (
            settings.own_or_common(image.file.name, name) for name in ("crop", "feather", "mask")
        )
        across, up = cropped_size(image, part)
        crop = across / image.width, up / image.width
        feather = min(
            soft * min(1.0, image.aspect),
            soft * min(1.0, self.usual.aspect) / self.width_of(image),
        )
        mask = Mask(shape, (crop[0] / 2.0, crop[1] / 2.0), feather)
        if min(mask.opaque_half_size) <= 0.0:
            is_own = (part, soft) != (settings.crop, settings.feather)
            raise EverZoomError(
                "A feather of {soft:g} leaves nothing of {image}, which is cropped to {part:g}: "
                "make the feather smaller or the crop larger."
                if is_own
                else "A feather of {soft:g} leaves nothing of images that are cropped to {part:g}: "
                "make the feather smaller or the crop larger.",
                soft=soft,
                image=image.file.name,
                part=part,
            )
        return mask

    def _fit(self, image: SeriesImage) -> float:
        """Width of the largest part of an image that has the frames' shape, in its widths."""
        return min(1.0, image.aspect * self.resolution[0] / self.resolution[1])

    def pixels_of(self, image: SeriesImage) -> float:
        """How many of an image's pixels lie side by side in a frame when it fills the view."""
        return self.size[0] * image.width / self.width_of(image)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the frames' shape costs of the usual image."""
        cropped = cropped_size(self.usual, self.settings.crop)
        shown = self.size[0] * self.usual.width, self.size[1] * self.usual.width
        lost = 1.0 - shown[0] * shown[1] / (cropped[0] * cropped[1])
        if lost <= _LOSS_NOISE:
            return ()
        values = {"part": lost, "resolution": list(self.resolution)}
        return (Finding(FindingKind.OUTSIDE_OF_FRAMES, values),)

    def enlarged(self, images: Sequence[SeriesImage]) -> tuple[Finding, ...]:
        """What the frames' size costs: images that are shown larger than they are."""
        width, height = self.resolution
        times = [width / self.pixels_of(image) for image in images]
        large = [
            image.file.name
            for image, by in zip(images, times, strict=True)
            if by > 1.0 + _ENLARGEMENT_NOISE
        ]
        if not large:
            return ()
        worst = max(times)
        sharp = min(self.pixels_of(image) for image in images)
        values = {
            "times": worst,
            "resolution": [width, height],
            "sharp": [even(sharp), even(sharp * self.size[1] / self.size[0])],
        }
        if len(large) == len(images):
            return (Finding(FindingKind.ENLARGED_IN_FRAMES, values),)
        return (Finding(FindingKind.ENLARGED_IMAGES, {"files": large} | values),)


def find_framing(
    series: Series, settings: ZoomSettings, scene_resolution: tuple[int, int] | None
) -> Framing:
    """Choose what the frames show of an image that fills the view.

    Unless the user chooses, frames have the shape that most images have (that of the outermost
    where as many have another one), or if images would not get smaller and smaller in such frames
    the next most frequent one. They are as large as the crop of the middle one, by size, of the
    images of that shape: so one larger or smaller image does not count, and no more than half of
    them are enlarged.

    Args:
        series: The images.
        settings: What the user chose.
        scene_resolution: The scene's own frame size in pixels, for `FrameSize.SCENE`.

    Raises:
        EverZoomError: The mask leaves nothing of the images.
    """
    framings = [
        _framing(usual, settings, scene_resolution) for usual in _usual_images(series.images)
    ]
    if settings.resolution_from is not FrameSize.IMAGES:
        return framings[0]
    ring = settings.travel is Travel.LOOP and series.closing is not None
    return next(
        (
            framing
            for framing in framings
            if all(ratio >= LEAST_RATIO for ratio in span_ratios(series, framing, is_ring=ring))
        ),
        framings[0],
    )


def span_ratios(series: Series, framing: Framing, *, is_ring: bool) -> list[float]:
    """How many times larger the span of an image is than that of the next one, for each step.

    Args:
        series: The images.
        framing: What a frame shows of them.
        is_ring: Whether the closing step counts, too.
    """
    widths = [framing.width_of(image) for image in series.images]
    ratios = [
        step.factor * inner / outer
        for step, outer, inner in zip(series.steps, widths, widths[1:], strict=False)
    ]
    if is_ring and series.closing is not None:
        ratios.append(series.closing.factor * widths[0] / widths[-1])
    return ratios


def _framing(
    usual: SeriesImage, settings: ZoomSettings, scene_resolution: tuple[int, int] | None
) -> Framing:
    # The crop is rounded to whole, even pixels: then a pixel of the image that fills the view is
    # exactly a pixel of the frame.
    cropped = cropped_size(usual, settings.crop)
    crop = cropped[0] / usual.width, cropped[1] / usual.width
    resolution = frame_size(cropped, settings, scene_resolution)
    # The largest view of the frame's shape that lies within the crop.
    width = min(crop[0], crop[1] * resolution[0] / resolution[1])
    size = width, width * resolution[1] / resolution[0]
    return Framing(settings, resolution, usual, size)


def _usual_images(images: Sequence[SeriesImage]) -> Iterator[SeriesImage]:
    """For each shape, the most frequent first, the middle one by size of the images that have it.

    Of two in the middle the smaller, of equal ones the outermost.
    """
    aspects = np.array([image.aspect for image in images])
    is_left = np.ones(len(images), bool)
    while is_left.any():
        left = aspects[is_left]
        alike = np.abs(left[:, None] / left - 1.0) <= _SAME_SHAPE
        first = aspects[np.flatnonzero(is_left)[alike.sum(axis=0).argmax()]]
        is_alike = is_left & (np.abs(aspects / first - 1.0) <= _SAME_SHAPE)
        found = [image for image, is_it in zip(images, is_alike, strict=True) if is_it]
        found.sort(key=lambda image: image.width * image.height)
        middle = found[(len(found) - 1) // 2]
        size = middle.width * middle.height
        yield next(image for image in found if image.width * image.height == size)
        is_left &= ~is_alike


def even(value: float) -> int:
    """The nearest even number, at least 2: H.264 in yuv420p has no odd sizes."""
    return max(2, 2 * round(value / 2.0))


def cropped_size(image: SeriesImage, crop: float) -> tuple[int, int]:
    """Width and height of the part of an image that is used, in pixels."""
    return even(image.width * crop), even(image.height * crop)


def frame_size(
    cropped: tuple[int, int], settings: ZoomSettings, scene_resolution: tuple[int, int] | None
) -> tuple[int, int]:
    """Width and height of the frames in pixels.

    Args:
        cropped: Width and height of the cropped images in pixels.
        settings: What the user chose.
        scene_resolution: The scene's own frame size.
    """
    if settings.frame_pixels is not None:
        return even(settings.frame_pixels[0]), even(settings.frame_pixels[1])
    if settings.frame_shape is not None:
        across, up = settings.frame_shape
        width = min(cropped[0], cropped[1] * across / up)
        return even(width), even(width * up / across)
    if settings.resolution_from is FrameSize.SCENE and scene_resolution is not None:
        return scene_resolution
    return cropped
