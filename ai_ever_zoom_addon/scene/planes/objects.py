"""The objects of a zoom: found again by their tags, whatever the user has renamed.

A tag says what an object is to the zoom; nothing else is ever touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from ...errors import EverZoomError
from ..tags import NUMBER, ROLE, ZOOM_LEVEL
from .layers import IMAGE_NODE

LARGEST_NUMBER = 1_000_000_000  # of layers; there is room beyond it in what Blender keeps


def controls(scene: Any) -> list[Any]:
    """The zooms of a scene, by their control objects."""
    return [item for item in scene.objects if item.get(ROLE) == "control"]


def parts(control: Any, role: str) -> Iterator[Any]:
    """The objects of a zoom that play a role."""
    for item in control.children_recursive:
        if item.get(ROLE) == role:
            yield item


def level_now(control: Any) -> float | None:
    """The zoom level at the current frame; None where the user has taken the property away."""
    level = control.get(ZOOM_LEVEL)
    return float(level) if isinstance(level, int | float) else None


def numbered(control: Any, role: str) -> dict[int, Any]:
    """The layers or stretches of a zoom by their numbers, which the user may have changed."""
    numbers = ((item.get(NUMBER), item) for item in parts(control, role))
    return {n: item for n, item in numbers if isinstance(n, int) and abs(n) < LARGEST_NUMBER}


def leftovers(scene: Any) -> list[Any]:
    """What is left of zooms whose control objects were deleted, without what hangs on it."""
    found = []
    for item in scene.objects:
        if item.get(ROLE) is None or item.parent is not None or item.library is not None:
            continue
        if item[ROLE] != "control":
            found.append(item)
    return found


def check_editable(control: Any) -> None:
    """Make sure that a zoom can be changed.

    Raises:
        EverZoomError: It is another file's, or one of its layers is being edited.
    """
    for item in (control, *(item for item in control.children_recursive if item.get(ROLE))):
        original = item
        if item.override_library is not None:
            original = item.override_library.reference
        if original.library is not None:
            raise EverZoomError(
                f"This zoom is linked from {bpy.path.basename(original.library.filepath)}: open "
                "that file to change it."
            )
        if item.mode == "EDIT":
            raise EverZoomError(
                f"{item.name} is in Edit Mode: leave that (Tab), then make the change again."
            )


def image_node(layer: Any) -> Any:
    """The node of a layer's material that holds its image, or None in a material of the user's."""
    slots = layer.material_slots
    material = slots[0].material if slots else None
    if material is None or material.node_tree is None:
        return None
    return material.node_tree.nodes.get(IMAGE_NODE)


def layer_image(layer: Any) -> Any:
    """The image that a layer shows, or None where the user took it away."""
    node = image_node(layer)
    return node.image if node is not None else None


def is_empty(layer: Any) -> bool:
    """Whether a layer has nothing to show."""
    node = image_node(layer)
    if node is not None:
        return node.image is None
    return not any(slot.material for slot in layer.material_slots)
