"""What the frames show of the images, and what that costs. Never touches bpy."""

from __future__ import annotations

from ...settings import FrameSize, ZoomSettings

# What is left out by rounding to whole pixels is no loss, and so small an enlargement cannot be
# seen.
_LOSS_NOISE = 0.01
_ENLARGEMENT_NOISE = 0.02


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


def framing_warnings(
    cropped: tuple[int, int], shown: tuple[float, float], resolution: tuple[int, int]
) -> list[str]:
    """What the frames' shape and size cost, in sentences with numbers.

    Args:
        cropped: Width and height of the cropped images in pixels.
        shown: Width and height of what a frame shows of the image that fills it, in its pixels.
        resolution: Width and height of the frames in pixels.
    """
    warnings = []
    lost = 1.0 - shown[0] * shown[1] / (cropped[0] * cropped[1])
    if lost > _LOSS_NOISE:
        warnings.append(
            f"{lost:.0%} of the cropped pictures is outside of frames of {resolution[0]} x "
            f"{resolution[1]} pixels."
        )
    enlarged = resolution[0] / shown[0]
    if enlarged > 1.0 + _ENLARGEMENT_NOISE:
        warnings.append(
            f"Frames of {resolution[0]} x {resolution[1]} pixels show the pictures {enlarged:.2f} "
            f"times as large as they are: up to {even(shown[0])} x {even(shown[1])} they are "
            "sharp."
        )
    return warnings
