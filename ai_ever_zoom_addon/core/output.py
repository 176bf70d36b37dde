"""Where a zoom goes: a video file or a folder of frames. Never touches bpy."""

from __future__ import annotations

from pathlib import Path

from ..errors import EverZoomError

VIDEO_SUFFIX = ".mp4"
FRAME_NAME = "frame_#####"  # Blender puts the frame's number in place of the signs


def is_video(output: str) -> bool:
    """Whether an output path names a video; a name without an ending is a folder of frames.

    Raises:
        EverZoomError: It has the ending of another kind of file.
    """
    path = Path(output)
    suffix = path.suffix.casefold()
    if suffix == VIDEO_SUFFIX:
        return True
    is_folder = output.endswith(("/", "\\")) or path.is_dir()
    if is_folder or len(suffix) > 5 or not any(sign.isalpha() for sign in suffix):
        return False
    raise EverZoomError(
        f"The output {output} ends in {suffix}: use a name that ends in .mp4 for a video, or a "
        "folder (without an ending) for single frames."
    )
