"""The objects of a zoom: found again by their tags, whatever the user has renamed.

A tag says what an object is to the zoom; nothing else is ever touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from ...errors import EverZoomError
from ..tags import ANCHOR, IDENTITY, NUMBER, ROLE, ZOOM_LEVEL
from .layers import IMAGE_NODE

LARGEST_NUMBER = 1_000_000_000  # of layers; there is room beyond it in what Blender keeps


def controls(scene: Any) -> list[Any]:
    """The zooms of a scene, by their control objects."""
    return [item for item in scene.objects if item.get(ROLE) == "control"]


def linked_instances(scene: Any) -> list[Any]:
    """The control objects of other files' zooms that a scene has as instances of a collection."""
    shown = {item.instance_collection for item in scene.objects} - {None}
    inside = (item for collection in shown for item in collection.all_objects)
    return [item for item in inside if item.get(ROLE) == "control" and item.library is not None]


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


def original_of(control: Any) -> Any:
    """The control that one without layers was copied from; None where it is a zoom of its own.

    A copy of the control alone has all that tells a zoom, and nothing that shows one.
    """
    identity = control.get(IDENTITY)
    if identity is None or _has_parts(control):
        return None
    others = (item for item in bpy.data.objects if item.get(IDENTITY) == identity)
    return next((item for item in others if item.get(ROLE) == "control" and _has_parts(item)), None)


def _has_parts(control: Any) -> bool:
    return any(item.get(ROLE) is not None for item in control.children_recursive)


def remains(scene: Any) -> list[Any]:
    """What belongs to no zoom of a scene any more: leftovers, and controls copied alone."""
    return [*leftovers(scene), *filter(original_of, controls(scene))]


def remove_remains(scene: Any) -> int:
    """Remove what belongs to no zoom; the user's own things stay, where they are.

    Returns:
        How many objects were removed.
    """
    found = remains(scene)
    ours = {item for top in found for item in (top, *top.children_recursive) if _is_ours(item)}
    for item in ours:
        for child in set(item.children) - ours:
            place = child.matrix_world.copy()
            child.parent = None
            child.matrix_world = place
    data = [item.data for item in ours if item.data is not None]
    slots = [slot.material for item in ours for slot in item.material_slots]
    count = len(ours)
    bpy.data.batch_remove(list(ours))
    unused = {item for item in (*data, *filter(None, slots)) if not item.users}
    bpy.data.batch_remove([item for item in unused if item.get(ROLE) or item in data])
    return count


def _is_ours(item: Any) -> bool:
    return (item.get(ROLE) is not None or item.get(ANCHOR) is not None) and item.library is None


def check_editable(control: Any) -> None:
    """Make sure that a zoom can be changed.

    Raises:
        EverZoomError: It is another file's, its control is a copy without layers, or one of its
            layers is being edited.
    """
    original = original_of(control)
    if original is not None:
        raise EverZoomError(
            "{control} is a copy of {original} without its images, and does nothing: remove "
            "it. A copy of the whole collection is a zoom of its own.",
            control=control.name,
            original=original.name,
        )
    for item in (control, *(item for item in control.children_recursive if item.get(ROLE))):
        original = item
        if item.override_library is not None:
            original = item.override_library.reference
        if original.library is not None:
            raise EverZoomError(
                "This zoom is linked from {file}: open that file to change it.",
                file=bpy.path.basename(original.library.filepath),
            )
        if item.mode == "EDIT":
            raise EverZoomError(
                "{item} is in Edit Mode: leave that (Tab), then make the change again.",
                item=item.name,
            )


def is_shared(data: Any) -> bool:
    """Whether more than one object has a material or a mesh."""
    return bool(data.users - data.use_fake_user > 1)


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
