"""The control, the camera and the layers of a zoom, and what drives them.

Every object carries a tag that says what it is to the zoom, so that a later build finds it again,
whatever the user has renamed, and touches nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import bpy

from ...core.files.moving import is_moving
from ...core.files.orientation import UPRIGHT
from ...core.files.output import zoom_name
from ...core.plan.mask import Mask
from ...core.plan.plan import Layer, Plan
from ...core.plan.relief import relief_maker
from .. import zoom_level
from ..drivers import (
    drive,
    drive_by_table,
    drive_view,
    fade_expression,
    fill_curve,
    turn_expression,
)
from ..loading import load_image
from ..tags import (
    CENTRE_PATHS,
    COLOUR_MATCH,
    FADE,
    NUMBER,
    OVERLAY,
    ROLE,
    TURN_PATH,
    ZOOM_LEVEL,
    ZOOM_LEVEL_PATH,
    property_name,
)
from . import objects
from .bending import BENT, bend, own_mesh
from .layers import fill_material, fill_mesh, play
from .overlay import OverlayMaker, remove_overlay

LENS = 50.0  # millimetres
SENSOR_WIDTH = 36.0

# World width of the outermost layer, and the smallest the innermost may be: engines err below 1e-5,
# and a camera cannot clip nearer than 1e-6.
WORLD_WIDTH = 10.0
SMALLEST_WIDTH = 1e-3

# Every layer lies this part of its width behind the innermost, and half of that or more behind the
# one inside it: less and engines confuse the planes. Where images hardly differ in size that takes
# more, up to the other part.
LAYER_DEPTH = 1e-5
DEEPEST_LAYER = 1e-3


def build_rig(
    scene: Any,
    plan: Plan,
    control: Any = None,
    *,
    retime: bool = True,
    kept_layers: Sequence[int | None] | None = None,
) -> Any:
    """Make a zoom, or bring an existing one up to date.

    Args:
        scene: Where a new zoom goes.
        plan: What to build.
        control: The control object of an existing zoom.
        retime: Key the zoom level anew; without it the user's curve stays as it is.
        kept_layers: For each image the number that its layer has had so far, None for a new one;
            None: the numbers are the same.

    Returns:
        The control object.

    Raises:
        EverZoomError: An image cannot be opened, or the zoom cannot be changed.
    """
    # Everything that can fail comes first, so that nothing half-built is left.
    if control is not None:
        objects.check_editable(control)
    images = [load_image(layer.image.file) for layer in plan.layers]
    if plan.settings.pack_images:
        for image in images:
            if image.packed_file is None and image.source == "FILE":  # no other can be packed
                image.pack()
    if control is None:
        control = _new_control(scene, plan)
    elif kept_layers is not None:
        _renumber_layers(control, kept_layers)
    collection = control.users_collection[0]
    # A frame around the outermost image: to be seen and clicked, yet out of the camera's sight.
    outermost = world_width(plan) * plan.layers[0].width
    control.empty_display_size = 1.5 * outermost * max(1.0, plan.aspect)
    if retime or not _is_timed(control):
        write_zoom_level(control, plan)
    _fill_view(control, plan)
    stretches = _fill_stretches(control, collection, plan)
    _fill_camera(control, collection, plan)
    _fill_layers(control, collection, plan, stretches, images)
    _fill_overlay(control, collection, plan)
    return control


def _renumber_layers(control: Any, kept_layers: Sequence[int | None]) -> None:
    """Let layers go on with their images, whatever place these have now."""
    numbers = {old: new for new, old in enumerate(kept_layers) if old is not None}
    for old, item in objects.numbered(control, "layer").items():
        # Beyond all others: not needed any more.
        item[NUMBER] = numbers.get(old, 1_000_000 + old)


def world_width(plan: Plan) -> float:
    """Span of zoom level 0 in the scene: the width of the outermost layer, if that is usual."""
    if plan.stretch_levels:
        return WORLD_WIDTH
    return max(WORLD_WIDTH, SMALLEST_WIDTH * math.pow(plan.zoom_factor, plan.depth))


def _is_timed(control: Any) -> bool:
    """Whether something says what the zoom level is over time: a curve, a driver or a strip."""
    animation = control.animation_data
    if objects.level_now(control) is None or animation is None:
        return False
    is_driven = any(curve.data_path == ZOOM_LEVEL_PATH for curve in animation.drivers)
    return is_driven or bool(animation.nla_tracks) or zoom_level.curve_of(control) is not None


def write_zoom_level(control: Any, plan: Plan) -> None:
    """Key the one property that everything follows."""
    control[ZOOM_LEVEL] = plan.keys[0].level
    control.id_properties_ui(ZOOM_LEVEL).update(
        description="Which image fills the view, 0 is the outermost; edit its curve to retime",
        soft_min=0.0,
        soft_max=max(plan.depth, 1.0),
        step=1,
        precision=3,
    )
    curve = zoom_level.curve_of(control)
    if curve is None:
        control.keyframe_insert(ZOOM_LEVEL_PATH, frame=plan.first_frame)
        curve = zoom_level.curve_of(control)
    slopes = [key.slope for key in plan.keys if key.slope is not None]
    fill_curve(curve, [(key.frame, key.level) for key in plan.keys], slopes or None)
    for point in curve.keyframe_points if slopes else ():
        point.handle_left_type = point.handle_right_type = "ALIGNED"  # smooth when edited, too


def _new_control(scene: Any, plan: Plan) -> Any:
    # The parts of a zoom whose control was deleted are taken over, with what the user made of them.
    left = objects.leftovers(scene)
    if left:
        collection = left[0].users_collection[0]
    else:
        name = zoom_name(plan.series.images[0].file.parent)
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)
    control = bpy.data.objects.new("Ever Zoom", None)
    control.empty_display_type = "IMAGE"  # without one: a square in the plane of the layers
    control.empty_image_offset = (-0.5, -0.5)  # type: ignore[assignment]
    control.rotation_euler[0] = math.pi / 2.0  # images stand upright and face the front view
    control[ROLE] = "control"
    collection.objects.link(control)
    for item in left:
        if collection in item.users_collection:
            item.parent = control
    return control


def _fill_view(control: Any, plan: Plan) -> None:
    """The view's centre and turn, as driven properties of the control where they change."""
    unused = CENTRE_PATHS if plan.is_centred else ()
    for path in (*unused, *([TURN_PATH] if plan.view.turning.is_level else [])):
        control.driver_remove(path)
        control.pop(property_name(path), None)
    drive_view(control, ZOOM_LEVEL_PATH, CENTRE_PATHS, TURN_PATH, plan)


def _origin(plan: Plan) -> str:
    """Expression for the zoom level on which the world is based at the current one."""
    levels = plan.stretch_levels
    return f"{levels} * floor(max(z, 0) / {levels})" if levels else "0"


def _view_scale(plan: Plan) -> str:
    """Expression for the world width of a layer that fills the view at the current zoom level."""
    return f"{world_width(plan)!r} * pow({plan.zoom_factor!r}, {_origin(plan)} - z)"


def _view_distance(camera: Any, plan: Plan) -> float:
    """How far a camera is from a view at scale 1."""
    return float(plan.view_size[0] * camera.lens / camera.sensor_width)


def _fill_stretches(control: Any, collection: Any, plan: Plan) -> list[Any]:
    """The parents of the layers: the control itself, or for a deep zoom one empty a stretch.

    The layers of a deep zoom would be too small for single precision. So each stretch of them has
    its own empty, whose scale brings it to where the camera, re-based as well, looks at it.
    """
    levels = plan.stretch_levels
    count = int(plan.depth // levels) + 1 if levels else 0
    existing = objects.numbered(control, "stretch")
    stretches = []
    for number in range(count):
        stretch = existing.pop(number, None)
        if stretch is None:
            stretch = bpy.data.objects.new(f"Ever Zoom Stretch {number:02}", None)
            stretch[ROLE], stretch[NUMBER] = "stretch", number
            stretch.parent = control
            collection.objects.link(stretch)
        # Stretches out of sight stay within what single precision can hold.
        away = f"clamp({_origin(plan)} - {number * levels}, {-2 * levels}, {2 * levels})"
        for axis in range(3):
            drive(
                stretch,
                "scale",
                f"pow({plan.zoom_factor!r}, {away})",
                {"z": (control, ZOOM_LEVEL_PATH)},
                axis,
            )
        stretches.append(stretch)
    for stretch in existing.values():
        bpy.data.objects.remove(stretch)
    return stretches or [control]


def _fill_camera(control: Any, collection: Any, plan: Plan) -> None:
    camera = next(objects.parts(control, "camera"), None)
    is_new = camera is None
    if camera is None:
        data: Any = bpy.data.cameras.new("Ever Zoom Camera")
        camera = bpy.data.objects.new("Ever Zoom Camera", data)
        camera[ROLE] = "camera"
        camera.parent = control
        collection.objects.link(camera)
        data.lens, data.sensor_width = LENS, SENSOR_WIDTH
        data.passepartout_alpha = 1.0
    data = camera.data
    data.sensor_fit = "HORIZONTAL"
    scale = _view_scale(plan)
    distance = _view_distance(data, plan)
    level = {"z": (control, ZOOM_LEVEL_PATH)}
    drive(camera, "location", f"{distance!r} * {scale}", level, 2)
    for axis, path in enumerate(CENTRE_PATHS):
        if plan.is_centred:
            camera.driver_remove("location", axis)
            camera.location[axis] = 0.0
        else:
            drive(camera, "location", f"c * {scale}", level | {"c": (control, path)}, axis)
    if not plan.view.is_upright:
        turn = {} if plan.view.turning.is_level else {"t": (control, TURN_PATH)}
        drive(camera, "rotation_euler", turn_expression(plan), level | turn, 2)
    elif camera.driver_remove("rotation_euler", 2):
        camera.rotation_euler[2] = 0.0
    # Near enough for things that float before the images, far enough for what lies behind them, and
    # close enough together for the depth buffer.
    drive(data, "clip_start", f"{0.02 * distance!r} * {scale}", level)
    drive(data, "clip_end", f"{50.0 * distance!r} * {scale}", level)
    for scene in control.users_scene:
        if is_new or scene.camera is None:  # later on, looking through another one is a choice
            scene.camera = camera


def _fill_layers(
    control: Any, collection: Any, plan: Plan, stretches: list[Any], images: list[Any]
) -> None:
    existing = objects.numbered(control, "layer")
    camera = next(objects.parts(control, "camera"))
    # By their tag, as the user may have given a layer another mesh. A copy has the tag, too,
    # but fewer users, or the longer name.
    tagged = [item.data for item in existing.values() if item.data.get(ROLE)]
    tagged.sort(key=lambda mesh: (mesh.users, -len(mesh.name)))
    meshes: dict[str, Any] = {mesh[ROLE]: mesh for mesh in tagged if mesh[ROLE] != BENT}
    kinds = _mesh_kinds(plan)
    lens = camera.data.lens / camera.data.sensor_width
    makers = [relief_maker(plan, layer, lens) for layer in plan.layers]
    is_bent = [bool(layer.bends or makers[layer.index]) for layer in plan.layers]
    flat = {kinds[layer.index]: layer for layer in plan.layers if not is_bent[layer.index]}
    for kind, layer in flat.items():
        if kind not in meshes:
            meshes[kind] = bpy.data.meshes.new(f"Ever Zoom {kind.title()} Image")
            meshes[kind][ROLE] = kind
        fill_mesh(meshes[kind], layer.mask.mesh(), layer.aspect, layer.image.orientation)
    depth = _layer_depth(plan)
    for layer, image in zip(plan.layers, images, strict=True):
        item: Any = existing.pop(layer.number, None)
        if item is None:
            mesh = own_mesh(None) if is_bent[layer.index] else meshes[kinds[layer.index]]
            item = bpy.data.objects.new("Ever Zoom Layer", mesh)
            item[ROLE], item[NUMBER] = "layer", layer.number
            collection.objects.link(item)
            item.lock_location = item.lock_rotation = item.lock_scale = (True, True, True)
        elif item.data in meshes.values() or item.data.get(ROLE) == BENT:
            # Around a ring the outermost image is another one, and a layer may be flat again.
            kind = kinds[layer.index]
            item.data = own_mesh(item.data) if is_bent[layer.index] else meshes[kind]
        if is_bent[layer.index] and item.data.get(ROLE) == BENT:
            bend(item, control, layer, makers[layer.index])
        _show_image(item, layer, image, plan)
        name = f"{layer.number:03} {layer.image.file.stem}"
        if item.name != name:
            item.name = name
        _place_layer(control, item, plan, layer, depth, stretches, camera)
    for item in existing.values():
        _remove_layer(control, item)
    bpy.data.batch_remove({mesh for mesh in tagged if not mesh.users})


def _show_image(item: Any, layer: Layer, image: Any, plan: Plan) -> None:
    """Give a layer's object a material with the image, unless it has one of the user's."""
    if not item.material_slots:
        item.data.materials.append(None)
    slot = item.material_slots[0]
    slot.link = "OBJECT"
    if slot.material is None:
        slot.material = bpy.data.materials.new(layer.image.file.stem)
        slot.material[ROLE] = "layer"
    elif slot.material.get(ROLE) == "layer" and objects.is_shared(slot.material):
        slot.material = slot.material.copy()  # a copied zoom goes on showing its own images
    if slot.material.get(ROLE) == "layer":
        fill_material(slot.material, image)
        if is_moving(layer.image.file):
            play(objects.image_node(item).image_user, image, plan.first_sight(layer))


def _remove_layer(control: Any, item: Any) -> None:
    """Remove a layer's object with its material; the user's things on it stay where they are."""
    for child in item.children:
        place = child.matrix_world.copy()
        child.parent = control
        child.matrix_world = place
    materials = [slot.material for slot in item.material_slots if slot.material is not None]
    bpy.data.objects.remove(item)
    bpy.data.batch_remove([material for material in materials if not material.users])


def _mesh_kinds(plan: Plan) -> list[str]:
    """What each layer's mesh is called: layers of the same kind share it, if they keep flat."""
    shapes: dict[tuple[bool, Mask], int] = {}
    kinds = []
    for layer in plan.layers:
        is_inner = layer.is_trimmed
        # Masks of the inner layers are all alike if the images are.
        same_kind = sum(is_it is is_inner for is_it, _ in shapes)
        number = shapes.setdefault((is_inner, layer.mask), same_kind + 1)
        turn = layer.image.orientation
        parts = ["trimmed" if is_inner else "whole"]
        parts += [f"turned {turn}"] if turn != UPRIGHT else []
        parts += [f"shape {number}"] if number > 1 else []
        kinds.append(" ".join(parts))
    return kinds


def _layer_depth(plan: Plan) -> float:
    """How far each layer lies behind the innermost, in spans of it."""
    steps = itertools.pairwise(layer.level for layer in plan.layers)
    smallest = plan.zoom_factor ** min(after - here for here, after in steps)
    return min(max(LAYER_DEPTH, 0.5 * LAYER_DEPTH / (1.0 - 1.0 / smallest)), DEEPEST_LAYER)


def _place_layer(
    control: Any,
    item: Any,
    plan: Plan,
    layer: Layer,
    depth: float,
    stretches: list[Any],
    camera: Any,
) -> None:
    stretch = max(0, int(layer.level // plan.stretch_levels)) if plan.stretch_levels else 0
    item.parent = stretches[min(stretch, len(stretches) - 1)]
    base = stretch * plan.stretch_levels
    span = world_width(plan) * plan.zoom_factor ** (base - layer.level)
    # The innermost layer lies at the very point on which the camera closes in: so its size is right
    # however far a curve goes beyond it. The others are larger by as much as they are further away
    # when they fill the view, and stand at their places in it.
    if layer.index + 1 == len(plan.layers):
        depth = 0.0
    if layer.has_hole:  # before what is seen through it
        depth = -depth
    grown = 1.0 + depth / _view_distance(camera.data, plan)
    size = span * grown * layer.width
    item.scale = (size, size, size)
    across, up = (
        (aim + (centre - aim) * grown) * span
        for aim, centre in zip(layer.aim, layer.centre, strict=True)
    )
    item.location = (across, up, -depth * span)
    item.rotation_euler[2] = math.remainder(-layer.turn, math.tau)
    level = {"z": (control, ZOOM_LEVEL_PATH)}
    hidden = hidden_expression(layer)
    for path in ("hide_render", "hide_viewport"):
        if hidden:
            drive(item, path, hidden, level)
        else:
            item.driver_remove(path)
            setattr(item, path, False)
    fade, colour_match = f'["{FADE}"]', f'["{COLOUR_MATCH}"]'
    item[FADE] = 1.0
    item[COLOUR_MATCH] = [1.0, 1.0, 1.0]
    opacity = fade_expression(layer)
    if opacity:
        drive(item, fade, opacity, level)
    else:
        item.driver_remove(fade)
    for channel in range(3):
        if plan.has_colour_match:
            keys = [(at, gain[channel]) for at, gain in plan.gain_keys(layer.index)]
            drive_by_table(item, colour_match, (control, ZOOM_LEVEL_PATH), keys, index=channel)
        else:
            item.driver_remove(colour_match, channel)


def hidden_expression(layer: Layer) -> str:
    """Expression for whether a layer is out of sight at zoom level z; "" if it never is."""
    hidden = []
    if math.isfinite(layer.visible_from):
        hidden.append(f"z <= {layer.visible_from!r}")
    if math.isfinite(layer.visible_until):
        hidden.append(f"z > {layer.visible_until!r}")
    return " or ".join(hidden)


def _fill_overlay(control: Any, collection: Any, plan: Plan) -> None:
    remove_overlay(list(objects.parts(control, OVERLAY)))
    if not plan.settings.debug_overlay:
        return
    maker = OverlayMaker(control, collection, plan)
    items = objects.numbered(control, "layer")
    for layer in plan.layers:
        if layer.number in items:
            maker.add_layer(layer, items[layer.number])
    camera = next(objects.parts(control, "camera"))
    maker.add_view(camera, _view_scale(plan), _view_distance(camera.data, plan))
