"""Paths that Blender has stored, as it reads them itself. Touches bpy.

Blender understands paths of Windows on every system, Python and `bpy.path.abspath` there only. In a
file from there Blender mends what it knows as paths as it opens it, but for the letters of drives;
what add-ons have stored it does not know.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..names import native


def absolute(path: str, library: Any = None) -> str:
    """A path from somewhere in a .blend file, as an absolute one of this system.

    Args:
        path: What is stored; "//" begins beside the file.
        library: The file in which it is stored, where that is a linked one.
    """
    return native(bpy.path.abspath(path, library=library))
