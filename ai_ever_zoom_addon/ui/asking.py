"""What operators and panels ask of where the user is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..errors import EverZoomError
from ..scene import active
from ..scene.paths import absolute
from ..scene.strips.strips import has_strips
from .languages import refuse

# For file browsers: the endings of images that Blender does not know for such.
MORE_IMAGES = "*.jfif;*.jpe;*.j2k"


def active_zoom(context: Any) -> Any:
    """The control object of the zoom that the panel shows, None where there is none."""
    return active.zoom_of(context.scene)


def has_zoom(operator: Any, context: Any) -> bool:
    """Whether there is a zoom, for an operator's `poll`: otherwise its button says so."""
    if active_zoom(context) is None:
        return refuse(operator, "Build a zoom first")
    return True


def has_planes(operator: Any, context: Any) -> bool:
    """Whether there is a zoom of planes, for an operator's `poll`: otherwise its button says so."""
    if not has_zoom(operator, context):
        return False
    if has_strips(context.scene):
        return refuse(operator, "Not in the sequencer: choose another engine under Output")
    return True


def no_such_image() -> EverZoomError:
    """What is raised where a row is asked for that is not there."""
    return EverZoomError("There is no such image in the list: choose another row.")


def listed_image(group: Any, row: int) -> Any:
    """A row of a zoom's list of images.

    Raises:
        EverZoomError: There is none with that number.
    """
    if not 0 <= row < len(group.images):
        raise no_such_image()
    return group.images[row]


def active_group(context: Any) -> Any:
    """The settings that the panel shows."""
    return context.scene.ever_zoom


def folder_path(folder: str) -> Path:
    """A chosen folder.

    Raises:
        EverZoomError: None is chosen, or it is relative to a file that was never saved.
    """
    if not folder:
        raise EverZoomError("No folder is chosen: choose the folder that holds the images.")
    if folder.startswith("//") and not bpy.data.filepath:
        raise EverZoomError(
            "The folder {folder} is relative to a file that is not saved yet: save the file, "
            "or choose the folder again.",
            folder=folder,
        )
    return Path(absolute(folder))
