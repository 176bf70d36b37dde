"""Where things hang on images: an empty on each, in whose space that is 1 unit wide. Touches bpy.

An anchor is a child of its image's layer, and so goes where that goes: into another step when the
zoom grows at an end, to other frames with new timing, to another stretch of a deep zoom. What hangs
on an anchor is the user's; no build touches it.

What is to be out of sight with its image follows it by drivers of its visibility. Where the user
has animated that, it hangs on a holder: an empty on the anchor that shrinks to nothing.
"""

from __future__ import annotations

import cmath
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.types import Object, Scene, TimelineMarker
from mathutils import Matrix, Vector

from ...core.plan.plan import Layer, Plan
from ...errors import EverZoomError
from .. import recipe, zoom_level
from ..drivers import drive, drive_by_table, fade_expression, is_animated
from ..tags import ANCHOR, CAMERA, FADE, HOLDER, ROLE, ZOOM_LEVEL_PATH
from . import objects, rig

IMAGE = "Image"  # on the control: which image fills the view, for the user's drivers
STEP = "Step"  # on an anchor: how far the zoom is into its image's step, for the user's drivers

# How far before its image a thing is put, in widths of it: layers are 1e-5 apart.
HEIGHT = 1e-3
# How much of the room below the next image a new thing takes.
PART = 0.7

VISIBILITY = ("hide_render", "hide_viewport")

MARKER_NAME = re.compile(r"Image \d+: .*", re.DOTALL)


def anchors(control: Object) -> list[Object]:
    """The anchors of a zoom, also those that have no layer now."""
    alone = [item for item in control.users_collection[0].objects if item.parent is None]
    return [item for item in (*alone, *control.children_recursive) if item.get(ANCHOR) is not None]


def image_in_view(scene: Scene, control: Object) -> int:
    """The number of the image that the scene's current frame is nearest to; 0 is the outermost.

    Raises:
        EverZoomError: The zoom's note is gone.
    """
    levels = recipe.stored_levels(control)
    if not levels:
        raise EverZoomError("The note of what the zoom was made from is gone: press Build Again.")
    curve = zoom_level.curve_of(control)
    level = objects.level_now(control) or 0.0
    if curve is not None:
        level = curve.evaluate(scene.frame_current_final)
    return int(np.abs(np.array(levels) - level).argmin())


def frame_of_image(control: Object, number: int) -> int | None:
    """The first frame at which an image fills the view, by the zoom's curve as it is now.

    None where the curve is gone or never gets there.
    """
    curve = zoom_level.curve_of(control)
    levels = recipe.stored_levels(control)
    if curve is None or not 0 <= number < len(levels):
        return None
    first, last = (int(at) for at in curve.range())
    values = np.array([curve.evaluate(frame) for frame in range(first, last + 1)])
    near = np.abs(values - levels[number])
    return first + int(near.argmin()) if near.min() <= 0.5 else None


def anchor_of(control: Object, number: int) -> Object:
    """The anchor of an image.

    Args:
        control: The zoom.
        number: Of the image, 0 is the outermost.

    Raises:
        EverZoomError: It is gone.
    """
    layer = objects.numbered(control, "layer").get(number)
    for anchor in anchors(control):
        if layer is not None and anchor.parent == layer:
            return anchor
    raise EverZoomError("The image's anchor is gone: press Build Again.")


def update(control: Object, plan: Plan) -> None:
    """Give every image its anchor, after a build.

    Anchors of images that are gone hide and wait if something hangs on them.
    """
    count = len(plan.series.images)
    levels = [(layer.level, float(layer.number)) for layer in plan.layers]
    control[IMAGE] = 0.0
    _describe(
        control,
        IMAGE,
        "Which image fills the view; 0.5: half-way from the outermost to the next one",
    )
    drive_by_table(control, f'["{IMAGE}"]', (control, ZOOM_LEVEL_PATH), levels)

    layers = {  # but for those of the further rounds of a ring
        n: item for n, item in objects.numbered(control, "layer").items() if 0 <= n < count
    }
    for item in [item for item in control.children_recursive if item.get(ROLE) == HOLDER]:
        if not item.children:
            bpy.data.objects.remove(item)
    known = _known_anchors(control, list(layers.values()))
    children = children_by_parent()
    for number, item in layers.items():
        anchor = known[item]
        _hang(anchor, item)
        if children.get(anchor):
            use(anchor, control, plan.layer_of(number))


def _known_anchors(control: Object, layers: Sequence[Object]) -> dict[Object, Object]:
    """The anchors of layers, new ones where there are none; others go, or wait with what they have.

    An anchor is known by the layer that it hangs on, or by the name of its image.
    """
    known: dict[Object, Object] = {}
    waiting = []
    for anchor in anchors(control):
        layer = anchor.parent
        if layer is not None and layer not in known and layer in layers:
            known[layer] = anchor
        else:
            waiting.append(anchor)
    for layer in layers:
        name = _name_of_image(layer)
        if layer not in known:
            found = next((item for item in waiting if item[ANCHOR] == name), None)
            known[layer] = found or _new(control)
        if known[layer] in waiting:
            waiting.remove(known[layer])
        known[layer][ANCHOR] = name  # the user may have replaced the picture
    for anchor in waiting:
        if not anchor.children:
            bpy.data.objects.remove(anchor)
            continue
        anchor.driver_remove("hide_viewport")
        anchor.hide_viewport = True
    return known


def _hang(anchor: Object, layer: Object) -> None:
    """Put an anchor where its layer is, hidden, as nothing hangs on it."""
    name = f"Anchor {layer.name}"
    if anchor.name != name:
        anchor.name = name
    if anchor.parent != layer:
        anchor.parent = layer
    anchor.matrix_parent_inverse.identity()
    anchor.matrix_basis.identity()
    for lock in ("lock_location", "lock_rotation", "lock_scale"):
        setattr(anchor, lock, (True, True, True))
    for path in ("hide_viewport", f'["{STEP}"]', f'["{FADE}"]'):
        anchor.driver_remove(path)
    anchor.hide_viewport = True


def _describe(owner: Any, name: str, text: str) -> None:
    owner.id_properties_ui(name).update(description=text)


def _new(control: Object) -> Object:
    anchor = bpy.data.objects.new("Ever Zoom Anchor", None)
    anchor.empty_display_size = 0.1
    control.users_collection[0].objects.link(anchor)
    return anchor


def use(anchor: Object, control: Object, layer: Layer) -> None:
    """Let an anchor be hidden only while its layer is, and give it its properties.

    The others do without: drivers by the hundred make playback slow.
    """
    anchor.hide_viewport = False
    hidden = rig.hidden_expression(layer)
    if hidden:
        drive(anchor, "hide_viewport", hidden, {"z": (control, ZOOM_LEVEL_PATH)})
    anchor[STEP] = 0.0
    _describe(
        anchor, STEP, "0: this image fills the view, -1: the one before, 1: the next one, and so on"
    )
    drive(anchor, f'["{STEP}"]', f"i - {layer.number}", {"i": (control, f'["{IMAGE}"]')})
    anchor[FADE] = 1.0
    _describe(anchor, FADE, "How far this image has faded in: 0 to 1")
    opacity = fade_expression(layer)
    if opacity:
        drive(anchor, f'["{FADE}"]', opacity, {"z": (control, ZOOM_LEVEL_PATH)})


def release(anchor: Object) -> None:
    """Let an anchor be as before anything hung on it."""
    for path in ("hide_viewport", f'["{STEP}"]', f'["{FADE}"]'):
        anchor.driver_remove(path)
    for name in (STEP, FADE):
        anchor.pop(name, None)
    anchor.hide_viewport = True


def image_name(anchor: Object) -> str:
    """The name of the image that an anchor is, or was, on."""
    return str(anchor.get(ANCHOR, ""))


def _name_of_image(layer: Object) -> str:
    image = objects.layer_image(layer)
    return str(layer.name if image is None else image.name)


# --- What is put there ----------------------------------------------------------------------------


def add_objects(
    scene: Scene, control: Object, plan: Plan, items: Sequence[Object], *, hide: bool = True
) -> int:
    """Put objects on the image in view: before it, below the next image, as large as fits there.

    They keep their places to each other, their animation and what hangs on them. Flat things face
    the camera; others stand as they stood.

    Args:
        scene: Its current frame says which image is in view.
        control: The zoom.
        plan: By which it was built.
        items: Whatever can have a parent.
        hide: Hide them while the image is out of sight, too.

    Returns:
        The number of the image.

    Raises:
        EverZoomError: There is nothing to add, or the zoom is not whole.
    """
    children = children_by_parent()
    chosen = addable(items, control)
    below = set(_below(chosen, children))
    roots = [item for item in chosen if item not in below]
    if not roots:
        raise EverZoomError(
            "Nothing is selected: select what is to be added, other than parts of the zoom itself."
        )
    for item in roots:
        if item.library is not None:
            raise EverZoomError(
                "{item} is linked from {file}: choose Object > Library Override > Make first.",
                item=item.name,
                file=bpy.path.basename(item.library.filepath),
            )
    objects.check_editable(control)
    number = image_in_view(scene, control)
    anchor = anchor_of(control, number)
    use(anchor, control, plan.layer_of(number))
    bpy.context.view_layer.update()  # where things are, and how large
    place = _place(control, anchor, plan, number, roots, [*roots, *_below(roots, children)])
    for item in roots:
        parts = [item, *_below([item], children)] if hide else []
        world, own = item.matrix_world.copy(), item.matrix_basis.copy()
        is_users = {(part, path): is_animated(part, path) for part in parts for path in VISIBILITY}
        item.parent = _holder(anchor) if any(is_users.values()) else anchor
        item.parent_type = "OBJECT"
        # Not into the object's own place, which may be animated.
        item.matrix_parent_inverse = place @ world @ own.inverted_safe()
        for (part, path), is_own in is_users.items():
            if not is_own:
                drive(part, path, "h", {"h": (anchor, "hide_viewport")})
    return number


def children_by_parent() -> dict[Object | None, list[Object]]:
    """All objects by their parents: Blender itself searches the file for each object's children."""
    children = defaultdict(list)
    for item in bpy.data.objects:
        children[item.parent].append(item)
    return children


def _below(
    items: Sequence[Object],
    children: dict[Object | None, list[Object]],
) -> list[Object]:
    """What hangs on objects, each once."""
    found: dict[Object, None] = {}
    rest = list(items)
    while rest:
        for child in children.get(rest.pop(), ()):
            if child not in found:
                found[child] = None
                rest.append(child)
    return list(found)


def _holder(anchor: Object) -> Object:
    """The empty on an anchor that shrinks to nothing while the image is out of sight."""
    holder = next((item for item in anchor.children if item.get(ROLE) == HOLDER), None)
    if holder is None:
        holder = bpy.data.objects.new("Ever Zoom Holder", None)
        holder[ROLE] = HOLDER
        holder.empty_display_size = anchor.empty_display_size
        holder.parent = anchor
        anchor.users_collection[0].objects.link(holder)
        for axis in range(3):
            drive(holder, "scale", "1 - h", {"h": (anchor, "hide_viewport")}, axis)
    return holder


def addable(items: Iterable[Object], control: Object) -> list[Object]:
    """Of some objects those that are no parts of a zoom."""
    return [item for item in items if not _is_part(item, control)]


def _is_part(item: Object, control: Object) -> bool:
    return item == control or item.get(ROLE) is not None or item.get(ANCHOR) is not None


def _place(
    control: Object,
    anchor: Object,
    plan: Plan,
    number: int,
    roots: Sequence[Object],
    parts: Sequence[Object],
) -> Matrix:
    """From where things are in the world to where they go on an image."""
    turn = _turn(anchor, roots)
    low, high = _bounds(parts, turn)
    room, lift = free_room(plan, number), Matrix.Identity(4)
    if anchor.parent is not None:
        before = HEIGHT + relief_height(anchor.parent)
        lift = lifted(control, view_on(plan, number), before)
    width, height = room.size
    size = high - low
    limits = [
        limit / extent for limit, extent in ((width, size.x), (height, size.y)) if extent > 1e-9
    ]
    middle = (low + high) / 2.0
    return (
        Matrix.Rotation(room.turn, 4, "Z")
        @ lift
        @ Matrix.Translation((*room.centre, 0.0))
        @ Matrix.Scale(min(limits, default=0.1 * width), 4)
        @ Matrix.Translation((-middle.x, -middle.y, -low.z))
        @ turn
    )


def _turn(anchor: Object, roots: Sequence[Object]) -> Matrix:
    """From the world to the image's directions, for things that are not flat on the floor."""
    if all(item.type == "FONT" or _is_flat(item) for item in roots):
        return Matrix.Identity(4)
    return anchor.matrix_world.to_quaternion().to_matrix().to_4x4().inverted()


def _is_flat(item: Object) -> bool:
    sides = item.dimensions
    return sides.length > 0.0 and sides.z <= 1e-4 * sides.length


def _bounds(parts: Sequence[Object], turn: Matrix) -> tuple[Vector, Vector]:
    """The box around objects, in the directions that `turn` leads to."""
    solid = [part for part in parts if part.dimensions.length > 0.0]  # lamps have no size
    corners = [
        turn @ part.matrix_world @ (Vector(corner) if solid else Vector())
        for part in solid or parts
        for corner in part.bound_box
    ]
    points = list(zip(*corners, strict=True))
    return Vector([min(values) for values in points]), Vector([max(values) for values in points])


@dataclass(frozen=True)
class Room:
    """A part of an image, as the view lies when the image fills it, but for its roll.

    Attributes:
        centre: Seen from the image's centre, in widths of it.
        size: Width and height, in widths of the image.
        turn: How the view is turned anticlockwise against the image, in radians.
    """

    centre: tuple[float, float]
    size: tuple[float, float]
    turn: float


def view_on(plan: Plan, number: int) -> Room:
    """What is seen of an image when it fills the view."""
    layer = plan.layer_of(number)
    view_turn = float(plan.view.turning(np.array(layer.level))[0])
    upright = cmath.rect(1.0 / layer.width, view_turn)
    middle = (complex(*layer.aim) - complex(*layer.centre)) * upright
    width, height = (side / layer.width for side in plan.view_size)
    return Room((middle.real, middle.imag), (width, height), layer.turn - view_turn)


def camera_distance(control: Object) -> float:
    """How far a zoom's camera is from the view, in widths of that."""
    camera: Any = next(objects.parts(control, CAMERA), None)
    if camera is None:
        return rig.LENS / rig.SENSOR_WIDTH
    return float(camera.data.lens / camera.data.sensor_width)


def lifted(control: Object, view: Room, height: float) -> Matrix:
    """From the plane of an image to a height before it.

    What is brought there shrinks towards the view's centre, so that it looks the same from where
    the camera is when the image fills the view.

    Args:
        control: The zoom.
        view: What is seen of the image then.
        height: In widths of the image.
    """
    distance = camera_distance(control) * view.size[0]
    x, y = view.centre
    return (
        Matrix.Translation((x, y, height))
        @ Matrix.Scale(1.0 - min(height / distance, 0.9), 4)
        @ Matrix.Translation((-x, -y, 0.0))
    )


def relief_height(item: Object) -> float:
    """How far a layer's mesh comes forward at most, in widths of the image."""
    mesh: Any = item.data
    keys = mesh.shape_keys.key_blocks if mesh is not None and mesh.shape_keys else ()
    highest = 0.0
    for key in keys:
        points = np.empty(3 * len(key.data), np.float32)
        key.data.foreach_get("co", points)
        highest = max(highest, float(points[2::3].max(initial=0.0)))
    return highest


def free_room(plan: Plan, number: int) -> Room:
    """The place on an image that the next one leaves: below it, within the view."""
    layers = {layer.number: layer for layer in plan.layers}
    layer, after = layers[number], layers.get(number + 1)
    view = view_on(plan, number)
    (middle, top), (width, height) = view.centre, view.size
    bottom = top - height / 2.0
    if after is not None:
        view_turn = layer.turn - view.turn
        upright = cmath.rect(1.0 / layer.width, view_turn)
        scale = plan.zoom_factor ** (layer.level - after.level)
        place = (complex(*after.centre) * scale - complex(*layer.centre)) * upright
        turn = after.turn - view_turn
        half_x, half_y = (half * after.width * scale / layer.width for half in after.mask.half_size)
        reach = half_x * abs(math.sin(turn)) + half_y * abs(math.cos(turn))
        below = place.imag - reach
        top = below if below > bottom + 0.05 * height else bottom + 0.2 * height
    centre = middle, (bottom + top) / 2.0
    return Room(centre, (PART * width, PART * (top - bottom)), view.turn)


# --- Markers --------------------------------------------------------------------------------------


def is_image_marker(marker: TimelineMarker) -> bool:
    """Whether a marker of the timeline is one of those that name the images."""
    return MARKER_NAME.fullmatch(marker.name) is not None


def mark_images(scene: Scene, control: Object) -> int:
    """Name the images by markers of the timeline, where each fills the view; returns how many.

    Markers of an earlier call are replaced, all others stay.
    """
    remove_marks(scene)
    count = 0
    for number, layer in sorted(objects.numbered(control, "layer").items()):
        frame = frame_of_image(control, number)
        if frame is not None:
            scene.timeline_markers.new(f"Image {number}: {_name_of_image(layer)}", frame=frame)
            count += 1
    return count


def remove_marks(scene: Scene) -> None:
    """Take the markers away that name the images."""
    for marker in [marker for marker in scene.timeline_markers if is_image_marker(marker)]:
        scene.timeline_markers.remove(marker)
