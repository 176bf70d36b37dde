"""Strips that wait for pictures which are being made: they show older settings until then.

That they wait is said by the scene, so that Undo, Redo and a file that was recovered bring it back
together with the strips. Touches bpy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import bpy

from ... import plain
from ...core.steps import Steps
from ...errors import EverZoomError
from ...settings import ZoomSettings
from ..planes import objects
from ..tags import SETTINGS, STRIPS_WAIT
from .pictures import Picture


@dataclass(frozen=True)
class Waiting:
    """Strips that wait.

    Attributes:
        scene: Has them.
        control: The zoom, which has its new settings already.
        shown: The settings that the strips show.
        note: Of the scene: another one, once there are newer settings.
    """

    scene: Any
    control: Any
    shown: ZoomSettings
    note: str


def put_off(scene: Any, shown: ZoomSettings, wanted: ZoomSettings) -> None:
    """Note that a scene's strips wait.

    Args:
        scene: Has them, or is going to.
        shown: The settings that they show, unless they have been waiting before.
        wanted: The settings that the zoom has now.
    """
    former = _read(scene)
    shown = former[0] if former else shown
    scene[STRIPS_WAIT] = json.dumps([shown.to_dict(), wanted.to_dict()])


def all_waiting() -> list[Waiting]:
    """The strips of the file that wait; notes that have lost their zoom are removed."""
    found = []
    scenes: Any = bpy.data.scenes
    for scene in scenes:
        if scene.library is not None or STRIPS_WAIT not in scene:
            continue
        read = _read(scene)
        text = json.dumps(read[1].to_dict()) if read else ""
        control = next((c for c in objects.controls(scene) if c.get(SETTINGS) == text), None)
        if read is None or control is None:
            del scene[STRIPS_WAIT]
        else:
            found.append(Waiting(scene, control, read[0], scene[STRIPS_WAIT]))
    return found


def _read(scene: Any) -> tuple[ZoomSettings, ZoomSettings] | None:
    """The settings that strips show, and those that they wait for."""
    try:
        shown, wanted = map(plain.record, plain.row(plain.read_json(scene[STRIPS_WAIT]), 2))
        return ZoomSettings.from_dict(shown), ZoomSettings.from_dict(wanted)
    except (KeyError, TypeError, ValueError, EverZoomError):  # files come from anywhere
        return None


def at_hand(steps: Steps[dict[int, Picture]]) -> dict[int, Picture] | None:
    """What pictures are, where none has to be made; None where that takes time."""
    try:
        next(steps)
    except StopIteration as finished:
        pictures: dict[int, Picture] = finished.value
        return pictures
    steps.close()
    return None
