"""The zoom as image strips in the Video Sequencer: the fast way to frames where there is no GPU.

Each layer is one strip, and all are in one group (a meta strip), so that a zoom of any length takes
one channel, between whatever the user has below and above it. What a layer's strip shows is a file
of `pictures`. Where strips are, how large and how faded, follows a zoom level of the SCENE by
drivers that run without Python: drivers that read from an object, such as the zoom's control, are
not evaluated while the sequencer renders, so the scene has a copy of the control's curve.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...core.drawing import EXPONENT, OFFSET
from ...core.plan.plan import Layer, Plan
from ...core.steps import Steps
from ...errors import EverZoomError
from .. import colours, compat, zoom_level
from ..drivers import Drivers, drive, drive_view, fade_expression, turn_expression
from ..loading import no_image_left
from ..paths import absolute
from ..tags import (
    COLOUR_MATCH,
    ROLE,
    STRIP_COPY,
    STRIP_GROUP,
    STRIP_ORIGINAL,
    STRIPS_CENTRE_PATHS,
    STRIPS_LEVEL_PATH,
    STRIPS_ROLL_PATH,
    STRIPS_TURN_PATH,
    STRIPS_WAIT,
    ZOOM_LEVEL,
    property_name,
)
from .pictures import Picture, make_room, picture_steps

# A group has as many channels as the sequencer; more layers go into groups in the group.
CHANNELS = 128
LAYERS_PER_GROUP = 100

_GAIN_KEYS_PER_STEP = 4
_CORRECTION = "OFFSET_POWER_SLOPE"

# Of the scene's properties, what strips follow.
_FOLLOWED = (*STRIPS_CENTRE_PATHS, STRIPS_TURN_PATH, STRIPS_ROLL_PATH, STRIPS_LEVEL_PATH)


def has_strips(scene: Any) -> bool:
    """Whether a scene's sequencer shows a zoom."""
    return any(ROLE in strip for strip in _top_strips(scene))


def remove_strips(scene: Any) -> None:
    """Take everything out of a scene that `build_strips` made; the pictures' files stay."""
    scene.pop(STRIPS_WAIT, None)
    _remove_properties(scene)
    _remove_drivers(scene)
    for strip in list(_top_strips(scene)):
        if ROLE in strip:
            compat.strips(scene.sequence_editor).remove(strip)


def is_group(strip: Any) -> bool:
    """Whether a strip is a group of a zoom's."""
    return ROLE in strip and strip.type == "META"


def remove_layers(scene: Any) -> None:
    """Take the strips of layers out of the zoom's groups: `build_strips` then makes new ones."""
    _remove_drivers(scene)
    for group in [strip for strip in _own_strips(scene) if is_group(strip)]:
        for strip in list(compat.strips(group)):
            if ROLE in strip and not is_group(strip):
                compat.strips(group).remove(strip)


def check_strips(scene: Any) -> None:
    """Make sure that there is a place for a zoom's strips.

    Raises:
        EverZoomError: There is none.
    """
    if scene.sequence_editor is not None and not has_strips(scene):
        free_channel(scene.sequence_editor)


def prepare_steps(plan: Plan, frames: range | None = None) -> Steps[dict[int, Picture]]:
    """Make the pictures that `build_strips` needs; no scene is changed.

    Returns:
        By the indices of their layers.

    Raises:
        EverZoomError: An image cannot be read, or the pictures cannot be written.
    """
    steps = picture_steps(plan, frames)
    while True:
        with no_image_left():  # of this step: between them others may load images
            try:
                step = next(steps)
            except StopIteration as finished:
                pictures: dict[int, Picture] = finished.value
                return pictures
        yield step


def build_strips(
    scene: Any,
    control: Any,
    plan: Plan,
    pictures: Mapping[int, Picture],
    frames: range | None = None,
) -> None:
    """Make the strips of a zoom, in place of those that an earlier build made.

    The group stays the same strip, so its channel and what the user made of it do, too.

    Args:
        scene: Gets the strips and the properties that they follow.
        control: The zoom's control, whose curve is copied.
        plan: What to build.
        pictures: What `prepare_steps` has made of the same: only their layers get a strip.
        frames: Those that anybody is going to see: there is no group where nothing else is in the
            sequencer; None: all.

    Raises:
        EverZoomError: There is no free channel.
    """
    layers = [layer for layer in plan.stacked if layer.index in pictures]
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    _fill_properties(scene, control, plan)
    before, were_strips = {file.name for file in picture_files(scene)}, _layer_paths(scene)
    places = compat.strips(scene.sequence_editor)
    is_alone = all(ROLE in strip for strip in places)
    if frames is not None and is_alone and len(layers) <= LAYERS_PER_GROUP:
        # Blender keeps what a group shows in memory, for every frame.
        filled = _fill_group(places, plan, layers, pictures)
    else:
        filled = _fill_groups(scene, plan, layers, pictures)
    drivers = Drivers(scene)
    # What is driven anew needs a new driver, even by the same path.
    gone = were_strips - {strip.path_from_id() for strip, _, is_kept in filled if is_kept}
    drivers.remove(lambda path: _owner_path(path) in gone)
    for strip, layer, _ in filled:
        _fill_strip(scene, drivers, strip, plan, layer, pictures[layer.index])
    drivers.remove(lambda path: _owner_path(path) in were_strips)
    scene.pop(STRIPS_WAIT, None)
    if any(picture.file.name not in before for picture in pictures.values()):
        make_room(file.name for other in bpy.data.scenes for file in picture_files(other))


def _fill_groups(
    scene: Any, plan: Plan, layers: Sequence[Layer], pictures: Mapping[int, Picture]
) -> list[tuple[Any, Layer, bool]]:
    """`_fill_group` with the zoom's group, in groups of their own where layers are many."""
    group = _group(scene, plan)
    last = LAYERS_PER_GROUP if len(layers) > LAYERS_PER_GROUP else len(layers)
    parts = [slice(first, first + last) for first in range(0, len(layers), last)]
    length = _last_frame(scene, plan) - plan.first_frame + 1
    inner = _kept(compat.strips(group), "META", len(parts)) if len(parts) > 1 else {}
    filled = []
    for channel, part in enumerate(parts, start=1):
        owner = group
        if len(parts) > 1:
            owner = inner.get(channel) or _new_group(compat.strips(group), channel, plan)
        filled += _fill_group(compat.strips(owner), plan, layers[part], pictures)
        compat.set_range(owner, plan.first_frame, length)
    compat.set_range(group, plan.first_frame, length)
    return filled


def picture_strips(scene: Any) -> Iterator[Any]:
    """The strips of a scene that show a zoom's layers."""
    for strip in _own_strips(scene):
        if strip.type == "IMAGE":
            yield strip


def picture_file(strip: Any) -> Path:
    """The file that a strip shows."""
    folder = absolute(strip.directory, library=strip.id_data.library)
    return Path(folder) / strip.elements[0].filename


def picture_files(scene: Any) -> Iterator[Path]:
    """The files that a scene's strips show."""
    return map(picture_file, picture_strips(scene))


def free_channel(editor: Any) -> int:
    """The lowest channel above all strips, or the highest one without any.

    Raises:
        EverZoomError: There are strips in all of them.
    """
    used = {strip.channel for strip in compat.strips(editor)}
    above = max(used, default=0) + 1
    free = [above] if above <= CHANNELS else sorted(set(range(1, CHANNELS + 1)) - used)
    if not free:
        raise EverZoomError(
            "All {channels} channels of the sequencer have strips: move some together.",
            channels=CHANNELS,
        )
    return free[-1]


def _top_strips(scene: Any) -> Iterator[Any]:
    if scene.sequence_editor is not None:
        yield from compat.strips(scene.sequence_editor)


def _own_strips(scene: Any) -> Iterator[Any]:
    waiting = list(_top_strips(scene))
    for strip in waiting:
        if ROLE in strip:
            yield strip
            if strip.type == "META":
                waiting += compat.strips(strip)


def _group(scene: Any, plan: Plan) -> Any:
    """The strip that holds all layers: the one that was there, or a new one."""
    places = compat.strips(scene.sequence_editor)
    group, *others = [strip for strip in places if ROLE in strip] or [None]
    if group is not None and group.type != "META":  # as older versions made them
        others.append(group)
        group = None
    channel = min((strip.channel for strip in others), default=0)
    for strip in others:
        places.remove(strip)
    return group or _new_group(places, channel or free_channel(scene.sequence_editor), plan)


def _kept(places: Any, kind: str, count: int) -> dict[int, Any]:
    """Strips of ours that can go on in a group, by channel; the others are removed."""
    kept = {}
    for strip in list(places):
        if ROLE in strip:
            if strip.type == kind and strip.channel <= count:
                kept[strip.channel] = strip
            else:
                places.remove(strip)
    return kept


def _fill_group(
    places: Any, plan: Plan, layers: Sequence[Layer], pictures: Mapping[int, Picture]
) -> list[tuple[Any, Layer, bool]]:
    """Let a group have strips for layers, the hindmost first, those that are there already.

    Blender decodes the image of a strip that is new.

    Returns:
        The strips, each with its layer, and whether it was there before.
    """
    filled = []
    kept = _kept(places, "IMAGE", len(layers))
    for channel, layer in enumerate(layers, start=1):
        picture = pictures[layer.index]
        strip = kept.get(channel)
        if strip is None:
            strip = places.new_image(
                name=f"Ever Zoom {layer.index:04}",  # the drivers' paths contain it
                filepath=str(picture.file),
                channel=channel,
                frame_start=plan.first_frame,
                fit_method="ORIGINAL",
            )
            strip.transform.filter = "BILINEAR"
        elif picture_file(strip) != picture.file:
            strip.directory = f"{picture.file.parent}/"
            strip.elements[0].filename = picture.file.name
        filled.append((strip, layer, channel in kept))
    return filled


def _new_group(places: Any, channel: int, plan: Plan) -> Any:
    group = places.new_meta(name="Ever Zoom", channel=channel, frame_start=plan.first_frame)
    group[ROLE] = STRIP_GROUP
    group.blend_type = "ALPHA_OVER"
    return group


def _remove_drivers(scene: Any) -> None:
    """Remove the drivers of the strips of layers; what the user drives of the group stays."""
    animation = scene.animation_data
    if animation is None:
        return
    owners = _layer_paths(scene)
    for curve in list(animation.drivers):
        if _owner_path(curve.data_path) in owners:
            animation.drivers.remove(curve)


def _layer_paths(scene: Any) -> set[str]:
    """The data paths of the strips of layers."""
    return {strip.path_from_id() for strip in picture_strips(scene)}


def _owner_path(path: str) -> str:
    """The data path of the strip to which what another data path leads to belongs."""
    owner, bracket, _ = path.partition('"]')
    return owner + bracket


def _remove_properties(scene: Any, kept: Collection[str] = ()) -> None:
    """Remove what strips follow, but for the properties with these paths."""
    scene.driver_remove(STRIPS_LEVEL_PATH)
    for path in _FOLLOWED:
        if path not in kept:
            scene.driver_remove(path)
            scene.pop(property_name(path), None)
    curve = zoom_level.curve_of(scene, STRIPS_LEVEL_PATH)
    if curve is not None:
        compat.remove_fcurve(scene, curve)


def _fill_properties(scene: Any, control: Any, plan: Plan) -> None:
    """Give the scene what the strips follow."""
    has_turn, has_roll = not plan.view.turning.is_level, not plan.view.is_upright
    kept = [STRIPS_LEVEL_PATH, *([STRIPS_ROLL_PATH] if has_roll else [])]
    kept += [] if plan.is_centred else STRIPS_CENTRE_PATHS
    kept += [STRIPS_TURN_PATH] if has_turn else []
    _remove_properties(scene, kept)
    _copy_zoom_level(scene, control)
    drive_view(scene, STRIPS_LEVEL_PATH, STRIPS_CENTRE_PATHS, STRIPS_TURN_PATH, plan)
    if has_roll:
        sources = {"z": (scene, STRIPS_LEVEL_PATH)}
        sources |= {"t": (scene, STRIPS_TURN_PATH)} if has_turn else {}
        scene[property_name(STRIPS_ROLL_PATH)] = 0.0
        if _comes_before(scene, STRIPS_ROLL_PATH, (STRIPS_TURN_PATH,)):
            scene.driver_remove(STRIPS_ROLL_PATH)
        drive(scene, STRIPS_ROLL_PATH, turn_expression(plan), sources)
    if _comes_before(scene, "sequence_editor", _FOLLOWED):
        _remove_drivers(scene)


def _comes_before(scene: Any, start: str, others: Collection[str]) -> bool:
    """Whether a scene has a driver of a path that starts so before one of other paths.

    The sequencer runs drivers in their order, whatever they follow: so they have to be made anew.
    """
    paths = [curve.data_path for curve in scene.animation_data.drivers]
    first = next((place for place, path in enumerate(paths) if path.startswith(start)), len(paths))
    return any(path in others for path in paths[first:])


def _copy_zoom_level(scene: Any, control: Any) -> None:
    """Give the scene the control's Zoom Level, with its curve as it is now."""
    scene[property_name(STRIPS_LEVEL_PATH)] = control[ZOOM_LEVEL]
    source = zoom_level.curve_of(control)
    if source is None or not len(source.keyframe_points):
        return
    scene.keyframe_insert(STRIPS_LEVEL_PATH, frame=source.keyframe_points[0].co[0])
    curve = zoom_level.curve_of(scene, STRIPS_LEVEL_PATH)
    curve.extrapolation = source.extrapolation
    curve.keyframe_points.clear()
    curve.keyframe_points.add(len(source.keyframe_points))
    for copied, point in zip(curve.keyframe_points, source.keyframe_points, strict=True):
        for name in (
            "co",
            "interpolation",
            "easing",
            "handle_left_type",
            "handle_right_type",
            "handle_left",
            "handle_right",
        ):
            setattr(copied, name, getattr(point, name))
    curve.update()


def _last_frame(scene: Any, plan: Plan) -> int:
    """The scene's, where the user has made the zoom longer."""
    return max(plan.last_frame, int(scene.frame_end))


def _fill_strip(
    scene: Any, drivers: Drivers, strip: Any, plan: Plan, layer: Layer, picture: Picture
) -> None:
    step, path = picture.step, strip.path_from_id()
    strip[ROLE] = STRIP_COPY if picture.is_copy else STRIP_ORIGINAL
    compat.set_range(strip, plan.first_frame, _last_frame(scene, plan) - plan.first_frame + 1)
    # Float files hold encoded values with the opacity multiplied in, which is what the sequencer
    # itself works with.
    strip.alpha_mode = "PREMUL" if picture.is_float else "STRAIGHT"
    if strip.colorspace_settings.name != colours.picture_space():
        strip.colorspace_settings.name = colours.picture_space()
    # What is not driven any more.
    strip.blend_alpha = 1.0
    strip.transform.offset_x = strip.transform.offset_y = 0.0

    level = {"z": (scene, STRIPS_LEVEL_PATH)}
    pixels = plan.resolution[0] / plan.view_size[0]  # of the frame, for one view's unit
    grown = f"pow({plan.zoom_factor!r}, z - {layer.level!r})"
    across, down, centre = _place(layer, picture)
    across, down, centre = across * pixels, down * pixels, (centre[0] * pixels, centre[1] * pixels)
    drivers.drive(f"{path}.transform.scale_x", f"{across!r} * {grown}", level)
    drivers.drive(f"{path}.transform.scale_y", f"{down!r} * {grown}", level)
    turn = math.remainder(-layer.turn, math.tau)
    strip.transform.rotation = turn
    if not plan.view.is_upright:
        own = f"{turn:.12g} - r" if turn else "-r"
        drivers.drive(f"{path}.transform.rotation", own, {"r": (scene, STRIPS_ROLL_PATH)})
    if not plan.is_centred or centre != (0.0, 0.0):
        # Expressions may not be longer than 255 characters.
        place = [
            f"{value:.12g} * pow({plan.zoom_factor:.12g}, z - {layer.level:.12g})"
            for value in centre
        ]
        sources = dict(level)
        if not plan.is_centred:
            sources |= {"c": (scene, STRIPS_CENTRE_PATHS[0]), "d": (scene, STRIPS_CENTRE_PATHS[1])}
            place = [f"{place[0]} - {pixels:.12g} * c", f"{place[1]} - {pixels:.12g} * d"]
        if not plan.view.is_upright:
            sources |= {"r": (scene, STRIPS_ROLL_PATH)}
            place = [
                f"cos(r) * ({place[0]}) + sin(r) * ({place[1]})",
                f"cos(r) * ({place[1]}) - sin(r) * ({place[0]})",
            ]
        drivers.drive(f"{path}.transform.offset_x", place[0], sources)
        drivers.drive(f"{path}.transform.offset_y", place[1], sources)
    opacity = [expression] if (expression := fade_expression(layer)) else []
    # All that is seen is in each step's picture: those that are see-through give way to one
    # another, which Blender rounds down.
    strip.blend_type = "CROSS" if step and not picture.is_opaque else "ALPHA_OVER"
    if picture.visible_until <= plan.depth and not math.isfinite(layer.fades_from):
        opacity.append(f"(z <= {picture.visible_until!r})")
    if opacity:
        drivers.drive(f"{path}.blend_alpha", " * ".join(opacity), level)
    if plan.has_colour_match and not step:
        _match_colours(scene, drivers, strip, plan, layer)
    elif (former := strip.modifiers.get(COLOUR_MATCH)) is not None:
        strip.modifiers.remove(former)


def _place(layer: Layer, picture: Picture) -> tuple[float, float, tuple[float, float]]:
    """Width and height of a picture's pixels and where its centre is, in spans of its layer."""
    if picture.step:
        return picture.step.pixel, picture.step.pixel, picture.step.centre
    image = layer.image
    across = layer.width / image.width
    down = layer.width * layer.aspect / image.height
    # A picture that was padded at the right and below has its centre half a pixel further there.
    x, y = (0.5 * across if image.width % 2 else 0.0), (-0.5 * down if image.height % 2 else 0.0)
    cosine, sine = math.cos(layer.turn), math.sin(layer.turn)
    centre = layer.centre[0] + x * cosine + y * sine, layer.centre[1] + y * cosine - x * sine
    return across, down, centre


def _match_colours(scene: Any, drivers: Drivers, strip: Any, plan: Plan, layer: Layer) -> None:
    """A gain in linear light, for the sRGB-encoded values that the sequencer works on.

    With e = 1.055 l**(1/2.4) - 0.055, a gain g of l takes e to s e + 0.055 (s - 1), where s is
    g**(1/2.4).
    """
    modifier = strip.modifiers.get(COLOUR_MATCH)
    if modifier is None or not _is_as_made(modifier):
        if modifier is not None:
            strip.modifiers.remove(modifier)
        modifier = strip.modifiers.new(COLOUR_MATCH, "COLOR_BALANCE")
        modifier.color_balance.correction_method = _CORRECTION
        own = modifier.path_from_id()
        drivers.remove(lambda path: path.startswith(own))
    path = f"{modifier.path_from_id()}.color_balance"
    level = scene, STRIPS_LEVEL_PATH
    keys = plan.gain_keys(layer.index)
    levels = [level for level, _ in keys]
    parts = _GAIN_KEYS_PER_STEP * max(1, len(keys) - 1)
    between = np.interp(np.linspace(0, len(keys) - 1, parts + 1), range(len(keys)), levels)
    for channel in range(3):
        gains = np.interp(between, levels, [gain[channel] for _, gain in keys])
        slopes = gains ** (1.0 / EXPONENT)
        table = list(zip(between.tolist(), slopes.tolist(), strict=True))
        drivers.drive_by_table(f"{path}.slope", level, table, channel)
        # In this property 1 stands for no offset.
        table = [(level, 1.0 + OFFSET * (slope - 1.0)) for level, slope in table]
        drivers.drive_by_table(f"{path}.offset", level, table, channel)


def _is_as_made(modifier: Any) -> bool:
    """Whether nobody has changed what a modifier for colours does."""
    if modifier.type != "COLOR_BALANCE" or modifier.mute or modifier.color_multiply != 1.0:
        return False
    balance = modifier.color_balance
    return balance.correction_method == _CORRECTION and tuple(balance.power) == (1.0, 1.0, 1.0)
