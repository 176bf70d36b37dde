"""Which zoom of a scene the panel and scripts mean."""

from __future__ import annotations

import bpy

from .planes.objects import original_of
from .tags import CONTROL, ROLE

# The control of a scene's zoom that was found last, by name, and how many objects the file had
# then: a panel asks for it many times in each redraw, and a scene may have very many objects.
_found: dict[int, tuple[str, int]] = {}


def zoom_of(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The control object of a scene's active zoom; None where there is none.

    It is that of the active object, else the last one of the scene.
    """
    item = _active_object(scene)
    while item is not None:
        if item.get(ROLE) == CONTROL and scene.objects.get(item.name) == item:
            return item
        item = item.parent
    count = len(bpy.data.objects)
    name, known = _found.get(scene.session_uid, ("", -1))
    if known == count:
        if not name:
            return None
        control = scene.objects.get(name)
        if control is not None and control.get(ROLE) == CONTROL:
            return control
    controls = [item for item in scene.objects if item.get(ROLE) == CONTROL]
    controls.sort(key=lambda item: original_of(item) is None)  # a copy without layers is no zoom
    _found[scene.session_uid] = (controls[-1].name if controls else "", count)
    return controls[-1] if controls else None


def forget() -> None:
    """Look anew: objects have come and gone."""
    _found.clear()


def _active_object(scene: bpy.types.Scene) -> bpy.types.Object | None:
    layer = getattr(bpy.context, "view_layer", None)
    is_shown = layer is not None and layer.id_data == scene
    return (layer if is_shown else scene.view_layers[0]).objects.active
