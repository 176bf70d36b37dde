"""The pictures of strips go with their file when it is saved, loaded or undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core.files.writing import Writing
from ..core.steps import run
from ..errors import EverZoomError
from ..scene import zooms
from ..scene.planes.objects import controls
from ..scene.strips import pictures, storing
from ..scene.tags import STRIPS_WAIT
from .reporting import say

_saving: storing.Saving | None = None


@persistent  # type: ignore[untyped-decorator]
def _save_pre(path: str, *_: Any) -> None:
    global _saving
    try:
        with Writing() as writing:
            _saving = storing.Saving(Path(path), writing)
    except EverZoomError as error:
        _saving = None
        say(error.text)


@persistent  # type: ignore[untyped-decorator]
def _save_post(path: str, *_: Any) -> None:
    if _saving is None:
        return
    _saving.finish()
    if path != bpy.data.filepath:  # a copy
        _saving.put_back()


@persistent  # type: ignore[untyped-decorator]
def _save_post_fail(*_: Any) -> None:
    if _saving is not None:
        _saving.put_back()


@persistent  # type: ignore[untyped-decorator]
def _load_post(*_: Any) -> None:
    pictures.forget_images()
    _mend()


@persistent  # type: ignore[untyped-decorator]
def _mend(*_: Any) -> None:
    """Find the pictures that are missing, or make them again."""
    scenes: Any = bpy.data.scenes
    for scene in scenes:
        if scene.library is not None or STRIPS_WAIT in scene or storing.find_pictures(scene):
            continue
        for control in controls(scene):
            try:
                run(pictures.picture_steps(zooms.plan_of(scene, control)))
            except EverZoomError:  # rendering says what is missing
                continue
        storing.find_pictures(scene)


_HANDLERS = {
    "save_pre": _save_pre,
    "save_post": _save_post,
    "save_post_fail": _save_post_fail,
    "load_post": _load_post,
    "undo_post": _mend,
    "redo_post": _mend,
}


def register() -> None:
    """Let Blender call them."""
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(function)


def unregister() -> None:
    """Let it not call them any more."""
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(function)
    pictures.forget_images()
