"""What a new zoom begins with where the user has chosen nothing for it yet.

Nothing of it is in the file: only a zoom that is built keeps what it was built with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import bpy

from ..core.files.output import OWN_VIDEO
from ..core.preset import understood
from ..scene.output.gpu import best_engine, gpu_name
from ..settings import Engine
from ..texts import Text
from ..wording import Way, why_engine

ADDON = __package__.rpartition(".")[0]  # by what name it has preferences
FIELDS = ("order", "engine", "zoom_steps", "frames_per_second")  # of them, by the settings' names
MACHINE = "machine"  # the engine that suits it


def users_preferences() -> Any:
    """The user's; None where the add-on is only imported."""
    addon = bpy.context.preferences.addons.get(ADDON)
    return None if addon is None else addon.preferences


def given() -> dict[str, Any]:
    """Settings of a new zoom, by their names, in place of the table's defaults."""
    preferences = users_preferences()
    values: dict[str, Any] = {"engine": MACHINE}
    if preferences is not None:
        values = {name: getattr(preferences, name) for name in FIELDS}
        # It is in single precision: rounded to what was meant.
        values["frames_per_second"] = float(f"{preferences.frames_per_second:.7g}")
        if preferences.is_scenes_rate:
            del values["frames_per_second"]
    if values["engine"] == MACHINE:
        # A script without a window has the same on every machine.
        values["engine"] = Engine.CYCLES if bpy.app.background else suitable_engine()
    return dict(_checked(tuple(values.items())))


@lru_cache(maxsize=1)  # panels ask for each of their properties
def _checked(values: tuple[tuple[str, Any], ...]) -> Mapping[str, Any]:
    return understood(dict(values))


def output_name() -> str:
    """What the video of a new zoom is called, without its ending."""
    preferences = users_preferences()
    return OWN_VIDEO if preferences is None else str(preferences.output_name)


def suitable_engine() -> Engine:
    """The engine that suits this machine for work with a zoom's planes."""
    return best_engine(needs_planes=True)


def why_suitable(engine: Engine) -> str:
    """Why an engine suits this machine, in a sentence without a full stop; "" if it does not."""
    if engine not in (best_engine(needs_planes=True), best_engine(needs_planes=False)):
        return ""
    why = why_engine(engine, gpu_name(), Way.WINDOW)
    return Text("Suits this machine: {why}", why=why)
