"""AI Ever Zoom: an infinite zoom out of a series of outpainted images.

Importing this package never touches bpy; `register` does.
"""

from __future__ import annotations

from typing import Any

COMMAND = "ever_zoom"

_command_handle: Any = None


def register() -> None:
    """Add the panel, the operators, the menu entries and the command line command to Blender."""
    import bpy

    from . import ui
    from .cli import main

    ui.register()
    global _command_handle
    _command_handle = bpy.utils.register_cli_command(COMMAND, main)


def unregister() -> None:
    """Take everything out that `register` added."""
    import bpy

    from . import ui

    global _command_handle
    bpy.utils.unregister_cli_command(_command_handle)
    _command_handle = None
    ui.unregister()
