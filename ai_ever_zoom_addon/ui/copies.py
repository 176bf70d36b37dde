"""Scenes and collections that are copied in full: keeps Blender from reading what it has freed.

Such a copy (Scene > New > Full Copy, or Duplicate Collection) makes Blender, 4.2 to 5.2, evaluate
the meshes that were copied once more, and free what it had made of them before. Objects in sight
get it anew. Those that an animated visibility hides, as it does most layers of a zoom, go on
pointing to it, and with the next change of theirs Blender crashes: tests/scene/test_full_copy.py
shows it without the add-on. Objects let go of it when they are told that their shape has changed.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..scene.tags import CONTROL, ROLE

_object_count = 0


@persistent  # type: ignore[untyped-decorator]
def _let_go(*_: Any) -> None:
    """Where there are more or fewer objects than before, there may be a copy."""
    global _object_count
    count = len(bpy.data.objects)
    if count == _object_count:
        return
    _object_count = count
    for control in bpy.data.objects:
        if control.get(ROLE) == CONTROL:
            for item in control.children_recursive:
                if item.type == "MESH":
                    item.update_tag(refresh={"DATA"})


def _handlers() -> tuple[list[Any], ...]:
    """Called between a copy and the next change: of a scene, and of a collection."""
    return bpy.app.handlers.frame_change_pre, bpy.app.handlers.depsgraph_update_post


def register() -> None:
    """Add what this module has to Blender."""
    for handlers in _handlers():
        handlers.append(_let_go)


def unregister() -> None:
    """Take out what `register` added."""
    for handlers in _handlers():
        handlers.remove(_let_go)
