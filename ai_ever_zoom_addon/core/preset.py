"""What a preset says. Never touches bpy.

A preset file is a Blender preset as any other, a list of assignments. It is read, not run.
"""

from __future__ import annotations

import ast
import contextlib
import warnings
from collections.abc import Mapping
from typing import Any

from ..errors import EverZoomError
from ..settings import TABLE, ZoomSettings, of_this_version

KEPT = [name for name, choice in TABLE.items() if not choice.is_of_one_zoom]

MOST_BYTES = 1 << 16  # that a preset file may have; ours have a thousand

# What Python raises on a text that is none of its own, or nested deeper than its parser goes.
_UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)


def unreadable() -> EverZoomError:
    """The error for what is no preset."""
    return EverZoomError("This preset cannot be read: remove it and make it again.")


def read_preset(text: str) -> dict[str, Any]:
    """The values of a preset file, by the names of the properties.

    Raises:
        EverZoomError: It is no preset.
    """
    if len(text) > MOST_BYTES:
        raise unreadable()
    try:
        with warnings.catch_warnings(action="ignore"):
            lines = ast.parse(text).body
    except _UNREADABLE:
        raise unreadable() from None
    values = {}
    for line in lines:
        match line:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="zoom"), attr=name)], value=value
            ):
                with contextlib.suppress(*_UNREADABLE):  # no plain value
                    values[name] = ast.literal_eval(value)
    return values


def understood(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values of a preset those that this version knows and can have."""
    known: dict[str, Any] = {}
    for name, value in of_this_version(values).items():
        if name in KEPT:
            with contextlib.suppress(EverZoomError):
                ZoomSettings().having({name: value})
                known[name] = value
    return known
