"""What a new zoom begins with where the user has chosen nothing for it yet."""

from __future__ import annotations

from typing import Any

import bpy

from ..scene.output.gpu import best_engine, gpu_name
from ..settings import Engine
from ..wording import Way, why_engine


def given() -> dict[str, Any]:
    """Settings of a new zoom, by their names, in place of the table's defaults.

    Nothing of it is in the file: only a zoom that is built keeps what it was built with.
    """
    return {} if bpy.app.background else {"engine": suitable_engine()}


def suitable_engine() -> Engine:
    """The engine that suits this machine.

    In the window one works with the planes. A script without a window has the table's default on
    every machine.
    """
    return best_engine(needs_planes=True)


def why_suitable(engine: Engine) -> str:
    """Why an engine suits this machine, in a sentence without a full stop; "" if it does not."""
    if engine not in (best_engine(needs_planes=True), best_engine(needs_planes=False)):
        return ""
    return f"Suits this machine: {why_engine(engine, gpu_name(), Way.WINDOW)}"
