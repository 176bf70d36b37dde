"""A user who presses whatever there is, step by step, and what must hold after every step.

    python -m tests.scene.walk --seed 3 --steps 300

prints each step before it is taken. A step draws its choices from its seed and its number alone: so
a walk that fails can be repeated, and shortened with `--only 0-4,17,30`. Touches bpy.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import shutil
import sys
import tempfile
import traceback
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before Blender starts: no settings of the user's, and textures as sharp as they are.
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="ever_zoom_walk_")
os.environ.setdefault(
    "MESA_EXTENSION_OVERRIDE",
    "-GL_EXT_texture_filter_anisotropic -GL_ARB_texture_filter_anisotropic",
)

import bpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import ai_ever_zoom_addon
from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement, placement_of
from ai_ever_zoom_addon.core.plan.plan import Plan
from ai_ever_zoom_addon.core.series import Step
from ai_ever_zoom_addon.scene import compat, effects, placing, recipe, tags, zooms
from ai_ever_zoom_addon.scene.placing import Lie
from ai_ever_zoom_addon.scene.planes import anchors
from ai_ever_zoom_addon.scene.strips import strips as own_strips
from ai_ever_zoom_addon.settings import TABLE
from ai_ever_zoom_addon.ui import placing as placing_ui
from tests.pictures import (
    Array,
    Nest,
    Pattern,
    Size,
    grid,
    levels,
    paint,
    read,
    save,
    smoothstep,
    to_linear,
    to_srgb,
    waves,
)
from tests.placements import Complex, back, into_outermost, through, view_to_outermost
from tests.scene.drawing import draw_panels

operators: Any = bpy.ops
data: Any = bpy.data

OUTPUT = Path(__file__).parents[2] / "test-output" / "walk"
SIZE = (96, 72)
COUNT = 9  # images that there are of a world
HOLE = 0.4  # so wide and high is what is see-through in the middle of an image with a hole
MINE = "mine"  # the custom property on all that is the user's

# --- What there is to see -------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """Images of which each lies in the next larger one, outermost first.

    Attributes:
        sizes, steps: Of the images, and from each to the next; both come again and again.
        has_holes: The next image is seen through the middle of each, and shows something else.
        inside: Which of the images are in the world's folder.
    """

    sizes: Sequence[Size]
    steps: Sequence[Step]
    has_holes: bool = False
    inside: range = range(2, 6)

    def size(self, depth: int) -> Size:
        return self.sizes[depth % len(self.sizes)]

    def step(self, depth: int) -> Step:
        """How the next image lies in the one at a depth."""
        return self.steps[depth % len(self.steps)]

    def pattern(self, depth: int, seed: int) -> Pattern:
        """The image at a depth.

        Each depth adds waves that come to rest at its rim and centre, and an image shows those of
        the two depths inside it, too: so images contain each other, and none has more than its
        pixels hold.
        """
        if self.has_holes:
            return waves(100 * seed + depth, 2.0)
        maps = into_outermost([self.step(at) for at in range(depth + 2)])

        def pattern(x: Array, y: Array) -> Array:
            result = np.full((*x.shape, 3), 0.5)
            points = through(maps[depth], x + 1j * y)
            for at, outer in enumerate(maps):
                own = back(outer, points)
                u, v = own.real, own.imag
                width, height = self.size(at)
                up = 0.48 * height / width
                inside = np.clip(1.0 - np.maximum(np.abs(u) / 0.49, np.abs(v) / up), 0.0, 1.0)
                away = 1.0 - np.exp(-((np.hypot(u, v) / 0.12) ** 2))
                shape = (inside * inside * (3 - 2 * inside) * away)[..., None]
                result = result + 0.45 * shape * (waves(100 * seed + at, 2.0)(u, v) - 0.5)
            return result

        return pattern


WORLDS = {
    "a": World([SIZE], [Step(2.0)]),
    "b": World([SIZE], [Step(2.0)], inside=range(2, 7)),
    # Turned, off centre, and of several shapes.
    "c": World(
        [SIZE, (84, 84), (72, 96)],
        [Step(2.0, (0.08, -0.05), turn=20.0), Step(2.5, (-0.1, 0.03), turn=-50.0), Step(1.8)],
    ),
    "d": World([(100, 80)], [Step(1 / HOLE, is_hole=True)], has_holes=True),
}


def world_of(name: str) -> tuple[World, int]:
    """To which world an image belongs, and its depth there."""
    return WORLDS[name[0]], int(name[2])


def hole_of(name: str) -> float:
    """Which part of an image's width and height is see-through, in its middle."""
    world, depth = world_of(name)
    return HOLE if world.has_holes and depth + 1 < world.inside.stop else 0.0


def write_worlds(folder: Path) -> dict[str, Pattern]:
    """A folder of images for each world, and more of all; the patterns by the files' names."""
    patterns = {}
    for seed, (letter, world) in enumerate(WORLDS.items()):
        for depth in range(COUNT):
            name = f"{letter}_{depth}.png"
            patterns[name] = world.pattern(depth, seed)
            file = folder / (letter if depth in world.inside else "more") / name
            size = world.size(depth)
            picture = paint(patterns[name], size)
            save(picture, file)
            if hole_of(name):
                x, y = grid(size)
                opacity = np.where(in_hole(name, x + 1j * y), 0.0, 1.0)
                Image.fromarray(levels(np.dstack([picture, opacity]))).save(file)
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes((np.sin(np.arange(6400)) * 9999).astype("<i2").tobytes())
    return patterns


def in_hole(name: str, points: Complex) -> NDArray[np.bool_]:
    """Whether points of an image, in its widths from its centre, are see-through."""
    world, depth = world_of(name)
    width, height = world.size(depth)
    across, up = hole_of(name) / 2, hole_of(name) / 2 * height / width
    inside: NDArray[np.bool_] = (np.abs(points.real) < across) & (np.abs(points.imag) < up)
    return inside


@dataclass(frozen=True)
class Stack:
    """Images that lie anyhow in each other.

    When they are seen and where the view is says the zoom's plan; where they lie, and so what is
    seen there, does not.

    Attributes:
        plan: Of the zoom.
        names: Of the images, outermost first.
        patterns: Of the images.
        steps: From each to the next.
    """

    plan: Plan
    names: Sequence[str]
    patterns: Sequence[Pattern]
    steps: Sequence[Step]

    @property
    def levels(self) -> list[float]:
        """As of `Nest`."""
        return [layer.level for layer in self.plan.layers]

    def view(
        self, level: float, *, resolution: Size, soft: bool, fade: bool, encoded: bool
    ) -> Array:
        """As `Nest.view`; nan where an edge of a hole is near."""
        x, y = grid(resolution, self.plan.view_size)
        view = view_to_outermost(self.plan, level)
        pixel = abs(view[1]) * self.plan.view_size[0] / resolution[0]
        maps = into_outermost(self.steps)
        mixed = np.zeros((*x.shape, 3))
        is_edge = np.zeros(x.shape, bool)
        for layer in self.plan.stacked:
            name = self.names[layer.index]
            own = back(maps[layer.index], through(view, x + 1j * y))
            opacity = layer.mask.inside(own.real, own.imag)
            opacity = smoothstep(opacity) if soft else (opacity > 0.0).astype(float)
            opacity = opacity * ~in_hole(name, own)
            if layer.index:
                came = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
                opacity *= smoothstep(np.array(came)) if fade else float(came > 1e-9)
            if np.isfinite(layer.fades_from):
                gone = (level - layer.fades_from) / (layer.visible_until - layer.fades_from)
                opacity *= 1.0 - smoothstep(np.array(gone)) if fade else float(gone <= 1.0)
            colour = to_linear(self.patterns[layer.index](own.real, own.imag))
            colour = to_srgb(colour) if encoded else colour
            mixed += opacity[..., None] * (colour - mixed)
            if hole_of(name):
                # Engines mix what lies within a pixel, of the frame or of the image.
                reach = 2.0 * max(pixel / abs(maps[layer.index][1]), 1.0 / layer.image.width)
                around = reach * np.exp(0.25j * np.pi * np.arange(8))
                holes = np.array([in_hole(name, own + by) for by in around])
                is_edge |= holes.any(axis=0) & ~holes.all(axis=0)
        seen: Array = np.clip(mixed if encoded else to_srgb(mixed), 0.0, 1.0)
        seen[is_edge] = np.nan
        return seen


def own(item: Any) -> Any:
    """Mark a datablock as the user's, and keep it in the file."""
    item[MINE] = True
    if not isinstance(item, bpy.types.Scene):
        item.use_fake_user = True
    return item


def is_mine(item: Any) -> bool:
    """Whether a datablock is the user's; a scene made after the pattern of theirs is none."""
    return bool(item.get(MINE)) and (not isinstance(item, bpy.types.Scene) or item.name == "Mine")


def add_sound(scene: Any, folder: Path, name: str, channel: int) -> None:
    """Put a sound of the user's into a scene; some Blenders are made without."""
    options: Any = bpy.app.build_options
    if not options.audaspace:
        return
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    strips = compat.strips(scene.sequence_editor)
    strips.new_sound(name, str(folder / "tone.wav"), channel=channel, frame_start=1)


def furnish(scene: Any, folder: Path) -> None:
    """A scene of the user's in which there is some of everything."""
    scene.name = "Mine"
    own(scene)
    for name in ("Roll", "Zoom Level", "View Centre X", "View Centre Y", "Fade", "note"):
        scene[name] = 0.25
    mesh = own(data.meshes.new("Table"))
    mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0)], [], [(0, 1, 2)])
    material = own(data.materials.new("Wood"))
    compat.enable_nodes(material)
    material.node_tree.nodes.new("ShaderNodeTexNoise").inputs["Scale"].default_value = 3.0
    mesh.materials.append(material)
    table = own(data.objects.new("Table", mesh))
    table["Zoom Level"] = 4.0
    camera = own(data.objects.new("Eye", own(data.cameras.new("Eye"))))
    lamp = own(data.objects.new("Lamp", own(data.lights.new("Lamp", "POINT"))))
    room = own(data.collections.new("Room"))
    scene.collection.children.link(room)
    for item in (table, camera, lamp):
        room.objects.link(item)
    lamp.location.z = 2.0
    lamp.keyframe_insert("location", frame=3)
    own(lamp.animation_data.action)
    scene.camera = camera
    scene.world = own(data.worlds.new("Sky"))
    scene.view_settings.exposure, scene.view_settings.gamma = 0.3, 1.1
    scene.render.fps, scene.render.resolution_x, scene.render.resolution_y = 25, 100, 60
    scene.render.filepath = str(folder / "mine.png")
    scene.frame_start, scene.frame_end = 5, 50
    scene.timeline_markers.new("clap", frame=7)
    add_sound(scene, folder, "speech", 1)
    for sound in data.sounds:
        own(sound)
    tree, picture, result = compat.new_compositing_tree(scene)
    tree.links.new(picture, result)
    if isinstance(scene, bpy.types.Scene) and not tree.is_embedded_data:
        own(tree)
    own(data.texts.new("Notes")).write("remember")


# --- What is the case -----------------------------------------------------------------------------

_VOLATILE = {
    *("rna_type", "bl_rna", "users", "is_evaluated", "original", "session_uid", "ever_zoom"),
    *("tag", "preview", "is_runtime_data", "tool_settings", "depsgraph", "is_missing"),
    *("matrix_world", "matrix_basis", "matrix_local", "matrix_parent_inverse", "is_embedded_data"),
    *(
        "frame_current_final",
        "keying_sets_all",
        "library_weak_reference",
        "asset_data",
        "bound_box",
    ),
    *("is_library_indirect", "runtime", "layers", "select", "show_expanded", "is_updated"),
    *("attributes", "bake"),  # Blender's own doing
}


def plain(value: Any) -> Any:
    """A value as one that can be compared."""
    if isinstance(value, float):
        return float(np.float32(value))
    if isinstance(value, str) and value.startswith("//"):
        return os.path.normpath(bpy.path.abspath(value))
    if isinstance(value, str | int | bool | None):
        return value
    if isinstance(value, set):
        return sorted(value)
    try:
        return [plain(part) for part in value]
    except TypeError:
        return str(value)


def dump(item: Any, seen: frozenset[int] = frozenset(), depth: int = 0) -> Any:
    """All that a datablock is, as plain values: its properties, and those of what it holds."""
    if depth > 7 or item.as_pointer() in seen:
        return "..."
    seen = seen | {item.as_pointer()}
    found: dict[str, Any] = {}
    if isinstance(item, bpy.types.ID):
        found = {f'["{name}"]': plain(value) for name, value in _custom(item)}
    for rna in item.bl_rna.properties:
        name = rna.identifier
        if name in _VOLATILE:
            continue
        value = getattr(item, name, None)
        if rna.type == "POINTER":
            found[name] = _reference(value, seen, depth)
        elif rna.type == "COLLECTION":
            parts = list(value or ())[:64]
            found[name] = [_reference(part, seen, depth) for part in parts]
        else:
            found[name] = plain(value)
    return found


def _custom(item: Any) -> Iterator[tuple[str, Any]]:
    for name in item.keys():  # noqa: SIM118
        if not name.startswith("ever_zoom") and not hasattr(item[name], "keys"):
            yield name, item[name]


def _reference(value: Any, seen: frozenset[int], depth: int) -> Any:
    if value is None:
        return None
    if isinstance(value, bpy.types.NodeLink):
        ends = value.from_node, value.from_socket, value.to_node, value.to_socket
        return [end.name for end in ends]
    if isinstance(value, bpy.types.ID) and not value.is_embedded_data:
        return f"<{value.name_full}>"
    if isinstance(value, bpy.types.Node | bpy.types.NodeSocket) and depth > 4:
        return value.name
    return dump(value, seen, depth + 1)


_KINDS = (
    *("scenes", "objects", "meshes", "materials", "cameras", "lights", "worlds", "collections"),
    *("actions", "sounds", "texts", "node_groups"),
)


def has_own_world(scene: Any) -> bool:
    """Whether a scene has a world of the user's: EEVEE gets a black one in place of none."""
    return scene.world is not None and is_mine(scene.world)


def users_things() -> dict[str, Any]:
    """All that is the user's."""
    found: dict[str, Any] = {}
    for kind in _KINDS:
        for item in getattr(data, kind):
            if is_mine(item):
                found[f"{kind}/{item.name}"] = dump(item)
    for scene in data.scenes:
        if is_mine(scene) or placing.is_placing(scene):
            continue
        editor = scene.sequence_editor
        strips = compat.strips(editor) if editor is not None else ()
        ours = (tags.ROLE, tags.SOUND)
        found[f"in {scene.name}"] = {
            "properties": {name: plain(value) for name, value in _custom(scene)},
            "markers": [
                [marker.name, marker.frame]
                for marker in scene.timeline_markers
                if not anchors.is_image_marker(marker)
            ],
            "strips": [
                [strip.name, strip.channel, strip.frame_start, strip.type, strip.mute]
                for strip in strips
                if not any(tag in strip for tag in ours)
            ],
            "world": scene.world.name if has_own_world(scene) else None,
            "objects": sorted(item.name for item in scene.objects if is_mine(item)),
        }
    return found


def controls() -> list[tuple[Any, Any]]:
    """All zooms with a scene of theirs, (scene, control)."""
    return [
        (scene, item)
        for scene in data.scenes
        for item in scene.objects
        if item.get(tags.ROLE) == tags.CONTROL
    ]


def stored(control: Any) -> dict[str, Any]:
    """The settings in the file."""
    note: dict[str, Any] = json.loads(control[tags.SETTINGS])
    return note


def parts(control: Any, role: str) -> list[Any]:
    return [item for item in control.children_recursive if item.get(tags.ROLE) == role]


def zoom_state(scene: Any, control: Any) -> dict[str, Any]:
    """What a user sees of a zoom."""
    render = scene.render
    curves = {
        f"{curve.data_path} {curve.array_index}": [plain(p.co) for p in curve.keyframe_points]
        for curve in compat.fcurves(control)
    }
    return {
        "settings": stored(control) if tags.SETTINGS in control else None,
        "rows": [[row.name, row.is_used, row.layer] for row in control.ever_zoom.images],
        "curves": curves,
        "layers": sorted(
            [item[tags.NUMBER], item.name, plain(item.scale), plain(item.location)]
            for item in parts(control, tags.LAYER)
        ),
        "frames": [scene.frame_start, scene.frame_end, render.fps, plain(render.fps_base)],
        "size": [render.resolution_x, render.resolution_y, render.engine],
        "strips": sorted(str(file.name) for file in own_strips.picture_files(scene)),
        "overlay": len(parts(control, tags.OVERLAY)),
        "placements": [item.to_json() for item in recipe.stored_placements(control)],
    }


def placing_state() -> Any:
    """What is being placed by hand, and where it lies."""
    scene = placing.current()
    if scene is None:
        return None
    note, lie = placing.what(scene), placing.lie(scene)
    place = [lie.factor, *lie.offset_px, lie.turn_deg]
    names = [note.outer.file.name, note.inner.file.name]
    return [names, [round(part, 2) + 0.0 for part in place], placing.shows_difference(scene)]


def state() -> dict[str, Any]:
    """All that undo brings back, and that a file keeps."""
    return {
        "user": users_things(),
        "drafts": {
            scene.name: scene.ever_zoom.draft
            for scene in data.scenes
            if not placing.is_placing(scene)
        },
        "placing": placing_state(),
        "zooms": {f"{s.name}/{c.name}": zoom_state(s, c) for s, c in controls()},
    }


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two states differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        missing = "(missing)"
        return [
            line
            for name in names
            for line in differences(
                before.get(name, missing), after.get(name, missing), f"{path}/{name}"
            )
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            line
            for number, pair in enumerate(zip(before, after, strict=True))
            for line in differences(*pair, f"{path}/{number}")
        ]
    return [] if before == after else [f"{path}: {str(before)[:300]} -> {str(after)[:300]}"]


# --- The walk -------------------------------------------------------------------------------------


class WrongError(Exception):
    """Something that must hold does not."""


class RefusedError(Exception):
    """The add-on has said why it does not do it."""


VALUES: dict[str, Sequence[Any]] = {
    "order": ("auto", "innermost-first", "outermost-first"),
    "is_factor_measured": (False, False, True),
    "zoom_factor": (1.5, 2.0, 2.0, 3.0),
    "align": (False, False, True),
    "match_colour": (False, False, True),
    "glide": (True, False),
    "centre": ("image", "fixed-point"),
    "length_by": ("frames", "seconds", "whole", "sound", "markers"),
    "zoom_steps": (1, 2, 3, 5, 8),
    "seconds_per_image": (0.1, 0.25),
    "length": (0.3, 1.0),
    "beats": ("[]", "[3, 5, 9]", "[4, 2]"),
    "sound": ("", "TONE", "MISSING"),
    "travel": ("one-way", "one-way", "there-and-back", "loop"),
    "reverse": (False, True),
    "ease": (0.0, 0.1),
    "delay": (0.0, 0.1),
    "frames_per_second": (12.5, 24.0, 23.976, 30.0),
    "start_frame": (0, 1, 100, -5),
    "crop": (0.2, 0.3, 0.5, 0.8, 0.8, 0.95),
    "feather": (0.0, 0.05, 0.1, 0.25),
    "mask_shape": ("rectangle", "ellipse"),
    "depth_strength": (0.0, 0.2),
    "is_near_black": (False, True),
    "of_images": (
        "[]",
        '[{"image": "a_1.png", "hold": 0.1, "crop": 0.5}]',
        '[{"image": "a_0.png", "frames": 2}, {"image": "b_1.png", "mask": "ellipse"}]',
        '[{"image": 3}]',
    ),
    "resolution_from": ("images", "images", "16:9", "9:16", "1:1", "shape", "pixels", "scene"),
    "file_format": ("auto", "auto", "h264", "webm", "prores", "png-16", "exr", "jpeg"),
    "shape": ((4, 3), (1, 2), (100, 1)),
    "resolution": ((64, 48), (40, 60), (50, 50)),
    "roll": (0.0, 0.0, 0.1, -0.5),
    "turn": ("follow", "follow", "level"),
    "target": ((0.0, 0.0), (0.0, 0.0), (0.1, -0.05)),
    "samples": (0, 0, 1, 2),
    "pack_images": (False, True),
    "debug_overlay": (False, False, True),
    "folder": ("A", "B", "C", "D", "MISSING"),
}
_IN_PARTS = {
    "build",
    "build_another",
    "settle",
    "change_two",
    "place_by_hand",
}  # the first of which may be done
ENGINES = ("cycles", "sequencer", "workbench", "eevee", "keep")
MOST_ZOOMS = 4


class Walk:
    """One walk from an empty file on."""

    def __init__(
        self, seed: int, folder: Path, render_every: int = 1, *, has_eevee: bool = True
    ) -> None:
        self.seed, self.folder, self.render_every = seed, folder, render_every
        self.engines = [e for e in ENGINES if has_eevee or e != "eevee"]
        self.number = 0
        self.random = random.Random(seed)
        self.patterns = write_worlds(folder)
        (folder / "files").mkdir()
        self.saved: dict[str, Any] = {}  # state by file
        self.pictures = self.skipped = self.stacks = 0
        self.is_littered = False  # by what the user has deleted
        self.note = ""
        # What callbacks print is no exception that anybody could catch.
        self._errors = (folder / "errors.txt").open("w+b")
        self._stderr = os.dup(2)
        os.dup2(self._errors.fileno(), 2)
        operators.wm.read_factory_settings(use_empty=True)
        edit = bpy.context.preferences.edit
        edit.undo_steps, edit.undo_memory_limit = 256, 0
        furnish(bpy.context.scene, folder)
        ai_ever_zoom_addon.register()
        self.files = self.all_files()
        self.begin_history()

    # --- Undo

    def begin_history(self) -> None:
        operators.ed.undo_push(message="start")
        self.past, self.here = [state()], 0

    def add_history(self, now: Any) -> None:
        operators.ed.undo_push(message=f"step {self.number}")
        self.past = [*self.past[: self.here + 1], now]
        self.here += 1

    # --- Steps

    STEPS: dict[str, int] = {
        "set_something": 30,
        "switch_engine": 9,
        "undo": 10,
        "redo": 5,
        "build": 6,
        "build_another": 2,
        "edit_list": 9,
        "save": 4,
        "open": 3,
        "delete": 4,
        "rename": 3,
        "switch_scene": 4,
        "off_and_on": 2,
        "decorate": 2,
        "edit_curve": 2,
        "preset": 2,
        "mark": 2,
        "add_effect": 1,
        "compositing": 1,
        "bake": 1,
        "change_two": 3,
        "settle": 9,
        "copy_scene": 1,
        "place_by_hand": 7,
        "measure_again": 1,
    }

    def step(self, number: int) -> None:
        """Take a step, and look whether everything is right."""
        self.number, self.random = number, random.Random(f"{self.seed}/{number}")
        name = self.random.choices([*self.STEPS], [*self.STEPS.values()])[0]
        if not controls() and number < 400 and self.random.random() < 0.7:
            name = "build"
        elif placing.current() is not None and self.random.random() < 0.5:
            name = "place_by_hand"
        self.before, is_refused = self.past[self.here], ""
        before = self.before
        self.is_users_work = self.is_other_history = False
        try:
            getattr(self, name)()
        except RefusedError as refused:
            is_refused = str(refused)
            self.say(f"  refused: {is_refused}")
        placing_ui._look_around()  # Blender has no timers in the background
        now = state()
        if is_refused and name not in _IN_PARTS:
            self.expect(before, now, "what was refused has changed something")
        elif not (self.is_users_work or self.is_other_history):
            scenes = {name for name in now["user"] if name in before["user"]}
            self.expect(
                {name: before["user"][name] for name in before["user"] if name in scenes},
                {name: now["user"][name] for name in scenes},
                "something of the user's has changed",
            )
            gone = [n for n in before["user"] if n not in scenes and not n.startswith("in ")]
            self.check(not gone, f"something of the user's is gone: {gone}")
        if not self.is_other_history:
            self.add_history(now)
        self.check_settings()
        self.check_piles()
        self.check_files()
        draw_panels()
        if number % self.render_every == 0:
            self.check_picture()
        after = state()
        self.expect(now, after, "looking has changed something")
        self.check_errors()

    def say(self, text: str) -> None:
        print(text, flush=True)

    def describe(self, text: str) -> None:
        self.say(f"{self.number}: {text}")

    def check(self, is_right: bool, message: str) -> None:
        if not is_right:
            raise WrongError(message)

    def expect(self, before: Any, after: Any, message: str) -> None:
        lines = differences(before, after)
        self.check(not lines, "\n    ".join([message, *lines[:12]]))

    def call(self, operator: Any, **options: Any) -> None:
        """Press a button."""
        if not operator.poll():
            raise RefusedError("greyed out")
        try:
            done = operator("EXEC_DEFAULT", **options)
        except RuntimeError as error:
            text = str(error).strip().removeprefix("Error: ")
            self.check("unexpected" not in text and "\n" not in text, f"a report says: {text}")
            raise RefusedError(text) from None
        self.check(done == {"FINISHED"}, f"ended as {done}")

    @property
    def scene(self) -> Any:
        return bpy.context.window.scene

    def zoom(self) -> tuple[Any, Any]:
        """The zoom in sight, or another one."""
        found = controls()
        here = [pair for pair in found if pair[0] == self.scene]
        if not found:
            raise RefusedError("there is no zoom")
        return self.random.choice(here or found)

    def group(self) -> Any:
        """Settings that a user or a script can reach, of a scene or of a control."""
        zooms_here = [control for scene, control in controls() if scene == self.scene]
        if zooms_here and self.random.random() < 0.5:
            return self.random.choice(zooms_here).ever_zoom
        return self.scene.ever_zoom

    def value_of(self, name: str) -> Any:
        value = self.random.choice(VALUES[name])
        places = {
            **{letter.upper(): self.folder / letter for letter in WORLDS},
            "TONE": self.folder / "tone.wav",
            "MISSING": self.folder / "nowhere",
        }
        return str(places.get(value, value)) if isinstance(value, str) else value

    def shown(self, group: Any) -> dict[str, Any]:
        # A control's group has nothing of several parts.
        return {name: plain(getattr(group, name)) for name in TABLE if hasattr(group, name)}

    def change(self, group: Any, name: str, value: Any) -> None:
        """Set a property: it has the value then, or the old one and a reason."""
        if not hasattr(group, name):  # of several parts: only a scene has it
            group = self.scene.ever_zoom
        before = self.shown(group)
        setattr(group, name, value)
        now = self.shown(group)
        if group.problem:
            problem = group.problem
            self.check("unexpected" not in problem, f"a problem says: {problem}")
            self.expect(before, now, "a refused setting has changed something")
            raise RefusedError(problem)
        limits = TABLE[name].limits
        if limits is not None and isinstance(value, int | float):
            value = min(max(value, limits[0]), limits[1])
        self.expect(plain(value), now[name], f"{name} was set")
        along = {
            "sound": {"sound_seconds"},
            "engine": set() if group.image_count else {"start_frame", "frames_per_second"},
            "length_by": {"zoom_steps", "seconds_per_image", "length"},
        }
        others = before.keys() - {name} - along.get(name, set())
        self.expect(
            {other: before[other] for other in others},
            {other: now[other] for other in others},
            f"{name} has changed other settings",
        )

    def set_something(self) -> None:
        group, name = self.group(), self.random.choice([*VALUES])
        value = self.value_of(name)
        self.describe(f"{group.id_data.name}.{name} = {value!r}")
        self.change(group, name, value)

    def change_two(self) -> None:
        for _ in range(2):
            group, name = self.group(), self.random.choice([*VALUES])
            value = self.value_of(name)
            self.describe(f"{group.id_data.name}.{name} = {value!r}")
            try:
                self.change(group, name, value)
            except RefusedError as refused:
                self.say(f"  refused: {refused}")

    def switch_engine(self) -> None:
        group, engine = self.group(), self.random.choice(self.engines)
        self.describe(f"{group.id_data.name}.engine = {engine!r}")
        self.change(group, "engine", engine)

    def undo(self) -> None:
        self.travel(-1)

    def redo(self) -> None:
        self.travel(1)

    def travel(self, way: int) -> None:
        count = self.random.choice((1, 1, 1, 2, 4))
        self.describe(f"{'undo' if way < 0 else 'redo'} {count} times")
        for _ in range(count):
            if not 0 <= self.here + way < len(self.past):
                break
            (operators.ed.undo if way < 0 else operators.ed.redo)()
            self.here += way
            self.is_other_history = True
            self.expect(self.past[self.here], state(), "undo and redo: not what it was")

    def plainly(self) -> None:
        """Settings under which a picture can be foretold."""
        group = self.scene.ever_zoom
        values = {
            "folder": str(self.folder / self.random.choice("abcd")),
            "order": self.random.choice(("outermost-first", "auto")),
            "is_factor_measured": False,
            "align": False,
            "match_colour": False,
            "zoom_factor": 2.0,
            "zoom_steps": 4,
        }
        for name, value in values.items():
            setattr(group, name, value)

    def settle(self) -> None:
        """Let the zoom in sight have settings under which a picture can be foretold."""
        scene, control = self.zoom()
        bpy.context.window.scene = scene
        self.describe(f"let {control.name} be plain")
        plainly = {
            "is_factor_measured": False,
            "align": False,
            "match_colour": False,
            "travel": self.random.choice(("one-way", "there-and-back")),
            "debug_overlay": False,
            "resolution_from": self.random.choice(("images", "pixels", "9:16")),
            "engine": self.random.choice(self.engines[:-1]),
        }
        for name, value in plainly.items():
            self.change(control.ever_zoom, name, value)

    def build(self) -> None:
        options = {"is_found_anew": True} if self.random.random() < 0.2 else {}
        if not self.scene.ever_zoom.folder or self.random.random() < 0.4:
            self.plainly()
        self.describe(f"build {options} {self.scene.ever_zoom.folder}")
        try:
            self.call(operators.ever_zoom.build, **options)
        except RefusedError as refused:
            self.say(f"  refused: {refused}")

    def build_another(self) -> None:
        if len(controls()) >= MOST_ZOOMS:
            return self.delete_scene()
        self.plainly()
        if self.random.random() < 0.3:
            self.describe("sample")
            return self.call(operators.ever_zoom.sample)
        folder = self.folder / self.random.choice("abcd")
        if self.random.random() < 0.5:
            self.describe(f"import {folder}")
            files = [{"name": file.name} for file in sorted(folder.glob("*.png"))]
            return self.call(
                operators.ever_zoom.import_series, directory=f"{folder}/", files=files, align=False
            )
        self.describe("build another")
        return self.call(operators.ever_zoom.build, is_new=True)

    def edit_list(self) -> None:
        _, control = self.zoom()
        bpy.context.window.scene = next(s for s, c in controls() if c == control)
        rows = control.ever_zoom.images
        row = self.random.randrange(max(1, len(rows)))
        self.is_users_work = True  # another scene is shown
        match self.random.choice(("move", "use", "reverse", "add", "replace", "use", "move")):
            case "move":
                way = self.random.choice(("inwards", "outwards"))
                self.describe(f"move row {row} of {control.name} {way}")
                control.ever_zoom.active_image = row
                self.call(operators.ever_zoom.move_image, direction=way)
            case "use":
                self.describe(f"use row {row} of {control.name}, or no longer")
                self.call(operators.ever_zoom.use_image, index=row)
            case "reverse":
                self.describe(f"turn the list of {control.name} round")
                self.call(operators.ever_zoom.reverse_images)
            case "add":
                files = self.random.sample(sorted((self.folder / "more").iterdir()), 1)
                place = self.random.choice(("inside", "outside"))
                self.describe(f"add {files[0].name} {place} to {control.name}")
                self.call(
                    operators.ever_zoom.add_images,
                    directory=str(files[0].parent),
                    files=[{"name": file.name} for file in files],
                    place=place,
                )
            case "replace":
                file = self.random.choice(sorted((self.folder / "more").iterdir()))
                self.describe(f"replace row {row} of {control.name} by {file.name}")
                control.ever_zoom.active_image = row
                self.call(
                    operators.ever_zoom.replace_image,
                    directory=str(file.parent),
                    files=[{"name": file.name}],
                )

    def save(self) -> None:
        name = self.random.choice(("one", "two", "three"))
        file = self.folder / "files" / f"{name}.blend"
        self.describe(f"save {name}")
        operators.wm.save_as_mainfile(filepath=str(file), compress=False)
        now = state()
        self.expect(self.before, now, "saving has changed something")
        self.saved[str(file)] = {**now, "placing": None}
        self.check_strips()

    def open(self) -> None:
        if not self.saved:
            raise RefusedError("no file yet")
        file = self.random.choice([*self.saved])
        self.describe(f"open {Path(file).stem}")
        self.is_other_history = True
        operators.wm.open_mainfile(filepath=file)
        self.expect(self.saved[file], state(), "the file is not as it was saved")
        # What the user had deleted before left things that the file has, but nobody uses.
        operators.outliner.orphans_purge(do_recursive=True)
        self.is_littered = False
        self.begin_history()

    def switch_scene(self) -> None:
        scene = self.random.choice([*data.scenes])
        self.describe(f"show {scene.name}")
        bpy.context.window.scene = scene

    def off_and_on(self) -> None:
        self.describe("the add-on off and on")
        ai_ever_zoom_addon.unregister()
        try:
            self.scene.frame_set(self.scene.frame_current)
        finally:
            ai_ever_zoom_addon.register()

    def delete(self) -> None:
        scene, control = self.zoom()
        self.is_littered = True
        kinds = (tags.LAYER, tags.CAMERA, tags.CONTROL, "image", "curve", "scene", "level")
        kind = self.random.choice(kinds)
        if kind == "scene":
            return self.delete_scene()
        if kind == "curve":
            self.describe(f"delete the keys of {control.name}")
            return control.animation_data_clear()
        if kind == "level":
            self.describe(f"delete the Zoom Level of {control.name}")
            control.pop(tags.ZOOM_LEVEL, None)
            return None
        if kind == "image":
            items = [i for i in data.images if i.users and i.name in self.patterns]
            if not items:
                raise RefusedError("there is no image")
            item = self.random.choice(items)
            self.describe(f"delete the image {item.name}")
            return data.images.remove(item)
        items = [control] if kind == tags.CONTROL else parts(control, kind)
        if not items:
            raise RefusedError(f"there is no {kind}")
        item = self.random.choice(items)
        self.describe(f"delete {item.name} of {scene.name}")
        return data.objects.remove(item)

    def delete_scene(self) -> None:
        items = [scene for scene in data.scenes if not is_mine(scene)]
        if not items:
            raise RefusedError("there is no scene of a zoom")
        item = self.random.choice(items)
        self.describe(f"delete the scene {item.name}")
        self.is_users_work = self.is_littered = True
        if self.scene == item:
            bpy.context.window.scene = data.scenes["Mine"]
        data.scenes.remove(item)

    def copy_scene(self) -> None:
        if len(controls()) >= MOST_ZOOMS:
            raise RefusedError("there are enough zooms")
        scene, _ = self.zoom()
        self.describe(f"a full copy of {scene.name}")
        self.is_users_work = True
        bpy.context.window.scene = scene
        operators.scene.new(type="FULL_COPY")
        for item in (self.scene, *self.scene.objects):
            item.pop(MINE, None)
        for kind in _KINDS:  # Blender takes the fake users off what it copies
            for item in getattr(data, kind):
                if item.get(MINE):
                    own(item)

    def rename(self) -> None:
        scene, control = self.zoom()
        self.is_users_work = True
        layers, cameras = parts(control, tags.LAYER), parts(control, tags.CAMERA)
        materials = [s.material for i in layers for s in i.material_slots if s.material]
        images = [image for image in data.images if image.name in self.patterns]
        kinds = ([control], layers, cameras, materials, [*control.users_collection], [scene])
        items = [i for i in self.random.choice(kinds) if not is_mine(i)]
        if not items:
            raise RefusedError("there is no such thing")
        item = self.random.choice(items)
        name = self.random.choice(("Äpfel", "Camera", "x" * 63, f"thing {self.number}"))
        self.describe(f"rename {item.name} to {name}")
        assert images is not None
        item.name = name

    def decorate(self) -> None:
        scenes = [
            scene
            for scene in data.scenes
            if not (is_mine(scene) or scene.get("decorated") or placing.is_placing(scene))
        ]
        if not scenes:
            raise RefusedError("there is no scene of a zoom without things of the user's")
        scene = self.random.choice(scenes)
        self.describe(f"put things of the user's into {scene.name}")
        if placing.current() is not None:  # what changes out of sight meanwhile is undone with it
            bpy.context.window.scene = scene
        self.is_users_work = True
        scene["decorated"], scene["Roll"], scene["Zoom Level"] = True, 3.5, 2.0
        scene.collection.objects.link(own(data.objects.new(f"Mark {self.number}", None)))
        scene.timeline_markers.new("beat", frame=self.random.randrange(3, 20))
        scene.world = data.worlds["Sky"]
        add_sound(scene, self.folder, "voice", 120)

    def edit_curve(self) -> None:
        scene, control = self.zoom()
        # Strips follow a copy of the curve, in the scene.
        owners = [control, *([scene] if own_strips.has_strips(scene) else [])]
        curves = [c for owner in owners for c in compat.fcurves(owner) if "evel" in c.data_path]
        curve = curves[-1] if curves else None
        if curve is None or len(curve.keyframe_points) < 2:
            raise RefusedError("there is no curve")
        point = self.random.choice([*curve.keyframe_points])
        up = self.random.choice((-0.3, 0.2))
        self.describe(f"move a key of {control.name} by {up}")
        point.co[1] += up
        curve.update()

    def preset(self) -> None:
        name = self.random.choice(("Midjourney 2x", "Plain 2x", "Stable Diffusion"))
        self.describe(f"preset {name} in {self.scene.name}")
        self.call(operators.ever_zoom.use_preset, name=name)

    def mark(self) -> None:
        if self.random.random() < 0.5:
            self.describe(f"mark images in {self.scene.name}")
            return self.call(operators.ever_zoom.mark_images)
        self.describe(f"snap to markers in {self.scene.name}")
        return self.call(operators.ever_zoom.snap_to_markers)

    def add_effect(self) -> None:
        name = self.random.choice([effect.name() for effect in effects.ALL])
        self.describe(f"add {name} in {self.scene.name}")
        self.call(getattr(operators.ever_zoom, f"add_{name}"))

    def compositing(self) -> None:
        if is_mine(self.scene):
            raise RefusedError("the user's own compositing")
        name = self.random.choice(("add_compositing", "remove_compositing"))
        self.describe(f"{name} in {self.scene.name}")
        self.call(getattr(operators.ever_zoom, name))

    def bake(self) -> None:
        self.describe(f"bake in {self.scene.name}")
        self.is_littered = True
        self.call(operators.ever_zoom.bake_camera)

    # --- Placing by hand

    def place_by_hand(self) -> None:
        """Begin to place an image, go on with it, or end it."""
        if placing.current() is None:
            self.begin_placing()
            if self.random.random() < 0.4:
                return None
            self.add_history(state())
            self.move_placed()
            self.add_history(state())
            return self.end_placing(self.random.random() < 0.8)
        match self.random.choice(("move", "snap", "difference", "take", "take", "give up")):
            case "move":
                self.move_placed()
            case "snap":
                self.snap_placed()
            case "difference":
                group = self.placed_scene().ever_zoom_placing
                self.describe("the difference, or no longer")
                group.difference = not group.difference
            case "take":
                self.end_placing(True)
            case "give up":
                self.end_placing(False)
        return None

    def placed_scene(self) -> Any:
        scene: Any = placing.current()
        return scene

    def begin_placing(self) -> None:
        scene, control = self.zoom()
        bpy.context.window.scene = scene
        rows = control.ever_zoom.images
        inner = [number for number, row in enumerate(rows) if row.layer > 0]
        row = self.random.choice([*range(-1, len(rows)), *inner, *inner])
        self.describe(f"place row {row} of {control.name} by hand")
        self.call(operators.ever_zoom.place_by_hand, row=row)
        self.check(placing.is_placing(self.scene), "what is to be placed is not shown")

    def true_step(self, outer: str, inner: str) -> Step | None:
        """How an image lies in another one; None where it does not."""
        world, depth = world_of(outer)
        is_next = outer[0] == inner[0] and world_of(inner)[1] == depth + 1
        return world.step(depth) if is_next and not world.has_holes else None

    def move_placed(self) -> None:
        scene = self.placed_scene()
        names = placing.what(scene).outer.file.name, placing.what(scene).inner.file.name
        if not all(name in self.patterns for name in names):
            raise RefusedError("a sample image")
        width, height = world_of(names[0])[0].size(world_of(names[0])[1])
        step = self.true_step(*names)
        if step is None or self.random.random() < 0.5:
            offset = self.random.uniform(-0.3, 0.3), self.random.uniform(-0.3, 0.3) * height / width
            turn = self.random.choice((0.0, 0.0, 3.0, -40.0, 90.0, 180.0))
            step = Step(self.random.choice((1.3, 2.0, 3.0, 6.0)), offset, turn=turn)
        self.describe(f"{names[1]} in {names[0]}: {step.factor} {step.offset} {step.turn}")
        group = scene.ever_zoom_placing
        group.factor, group.turn_deg = step.factor, step.turn
        group.offset_px = step.offset[0] * width, -step.offset[1] * width
        lie = placing.lie(scene)
        expected = [step.factor, step.offset[0] * width, -step.offset[1] * width]
        found = [lie.factor, *lie.offset_px]
        self.check(
            np.allclose(found, expected, atol=1e-3)
            and abs(math.remainder(lie.turn_deg - step.turn, 360.0)) < 1e-2,
            f"it lies elsewhere: {lie}",
        )

    def snap_placed(self) -> None:
        scene = self.placed_scene()
        names = placing.what(scene).outer.file.name, placing.what(scene).inner.file.name
        step = self.true_step(*names) if all(name in self.patterns for name in names) else None
        self.describe(f"snap {names[1]} in {names[0]}")
        if step is not None:
            width = world_of(names[0])[0].size(world_of(names[0])[1])[0]
            offset = step.offset[0] * width + 1.0, -step.offset[1] * width - 0.5
            placing.move(scene, Lie(step.factor * 1.02, offset, step.turn + 2.0))
        before = placing.lie(scene)
        self.call(operators.ever_zoom.snap_placement)
        lie = placing.lie(scene)
        if step is not None and lie != before:  # so small images do not always tell
            away = abs(lie.offset_px[0] - offset[0] + 1.0), abs(lie.offset_px[1] - offset[1] - 0.5)
            turn = abs(math.remainder(lie.turn_deg - step.turn, 360.0))
            self.note = f"{lie.factor / step.factor - 1:.4f} {max(away):.3f} px {turn:.3f} degrees"
            is_found = abs(lie.factor / step.factor - 1) < 0.02 and max(away) < 1.0 and turn < 1.0
            self.check(is_found, f"found at another place: {self.note}")

    def end_placing(self, is_taken: bool) -> None:
        """Take what is placed, or give it up: both undo whatever was done to place it.

        Unless something else was done meanwhile.
        """
        scene = self.placed_scene()
        names, lie, note = placing_state()[0], placing.lie(scene), placing.what(scene)
        self.describe(f"{'take' if is_taken else 'give up'} {names[1]} in {names[0]}")
        before, is_undone = state(), not placing_ui._Hand.is_elsewhere
        operator = "take_placement" if is_taken else "give_up_placement"
        try:
            self.call(getattr(operators.ever_zoom, operator))
        except RefusedError as refused:
            self.expect(before, state(), "what was refused has changed something")
            self.say(f"  refused: {refused}")
            return
        if is_undone:
            while self.here and self.past[self.here]["placing"] is not None:
                self.here -= 1
        expected = self.past[self.here] if is_undone else {**before, "placing": None}
        if not is_taken:
            self.expect(expected, state(), "giving up has changed something")
            self.is_other_history = is_undone
            return
        (control,) = (item for _, item in controls() if item.session_uid == note.control)
        given = placement_of(recipe.stored_placements(control), *names)
        self.check(given is not None, "what was taken is not kept")
        assert given is not None
        kept = Lie(given.factor, given.offset_px, given.turn_deg)
        self.check(kept == lie, f"{kept} is kept, {lie} was taken")

    def measure_again(self) -> None:
        _, control = self.zoom()
        bpy.context.window.scene = next(s for s, c in controls() if c == control)
        row = self.random.randrange(max(1, len(control.ever_zoom.images)))
        control.ever_zoom.active_image = row
        self.describe(f"measure row {row} of {control.name} again")
        self.call(operators.ever_zoom.measure_again)

    # --- What must hold

    def check_errors(self) -> None:
        """Nothing has been printed that tells of a defect."""
        os.lseek(self._errors.fileno(), 0, os.SEEK_SET)
        text = self._errors.read().decode("utf-8", "replace")
        self._errors.seek(0)
        self._errors.truncate()
        self.check("Traceback" not in text, f"printed:\n{text}")

    def check_settings(self) -> None:
        """What is shown is what is stored."""
        for scene, control in controls():
            if tags.SETTINGS not in control:
                continue
            note = stored(control)
            for name in ("beats", "of_images"):
                note[name] = json.dumps(note[name])
            note["folder"] = note["folder"] or control.ever_zoom.folder
            note = {name: plain(note[name]) for name in TABLE}
            text = f"the settings of {control.name} are shown otherwise"
            shown = self.shown(control.ever_zoom)
            self.expect({name: note[name] for name in shown}, shown, text)
            here = [c for s, c in controls() if s == scene]
            if len(here) == 1:
                self.expect(note, self.shown(scene.ever_zoom), f"{text} by the scene")

    def check_piles(self) -> None:
        """There is as much of everything as the zooms need."""
        found = {control.name: control for _, control in controls()}.values()
        layers = [item for item in data.objects if item.get(tags.ROLE) == tags.LAYER]
        files: dict[str, str] = {}
        for image in data.images:
            if image.source == "FILE" and image.filepath and not image.packed_file:
                file = os.path.normpath(bpy.path.abspath(image.filepath))
                self.check(file not in files, f"{file} is there twice: {image.name}")
                files[file] = image.name
        for control in found:
            numbers = sorted(item[tags.NUMBER] for item in parts(control, tags.LAYER))
            twice = [n for n in numbers if numbers.count(n) > 1]
            self.check(not twice, f"{control.name} has layers {twice} twice")
            count = len(parts(control, tags.CAMERA))
            self.check(count <= 1, f"{control.name} has {count} cameras")
        if self.is_littered:
            return
        for kind in ("meshes", "materials", "cameras", "curves", "collections", "node_groups"):
            unused = [i.name for i in getattr(data, kind) if not i.users and not is_mine(i)]
            self.check(not unused, f"{kind} that nobody uses: {unused}")
        used = {m.name for m in data.materials if m.get(tags.ROLE) == tags.LAYER and m.users}
        self.check(len(used) <= len(layers), f"more materials than layers: {used}")

    def all_files(self) -> set[str]:
        found = {str(f.relative_to(self.folder)) for f in self.folder.rglob("*") if f.is_file()}
        return {name for name in found if not name.startswith(("files/", "out/"))}

    def check_files(self) -> None:
        """Files come only where they belong, and not without end."""
        more = self.all_files() - self.files
        self.check(not more, f"files that nobody asked for: {more}")
        places = [self.folder / "files", Path(bpy.app.tempdir)]
        count = sum(1 for place in places for f in place.rglob("*.png") if f.is_file())
        self.check(count < 300, f"{count} pictures have piled up")
        self.check_strips()

    def check_strips(self) -> None:
        for scene in data.scenes:
            gone = [str(f) for f in own_strips.picture_files(scene) if not f.is_file()]
            self.check(not gone, f"strips of {scene.name} show files that are not there: {gone}")

    def check_picture(self) -> None:
        """A frame of one of the zooms is what it has to be."""
        found = controls()
        if not found:
            return
        scene, control = self.random.choice(found)
        truth = self.truth_of(scene, control)
        if truth is None:
            self.skipped += 1
            return
        frame = self.random.randint(scene.frame_start, scene.frame_end)
        settings = stored(control)
        engine = settings["engine"]
        picture = take(scene, frame, self.folder / "out")
        owner = scene if engine == "sequencer" else control
        curve = next(c for c in compat.fcurves(owner) if "evel" in c.data_path)
        level = curve.evaluate(frame)
        if not -1e-6 <= level <= truth.levels[-1] + 1e-6:
            self.skipped += 1
            return
        has_opacity = engine != "workbench"
        seen = truth.view(
            level,
            resolution=(picture.shape[1], picture.shape[0]),
            soft=has_opacity,
            fade=has_opacity,
            encoded=engine == "sequencer",
        )
        away = 255.0 * np.abs(picture - seen).max(axis=2)
        away = away[np.isfinite(away)]
        if not away.size:  # all of it is where nothing can be said
            self.skipped += 1
            return
        is_exact = not (settings["align"] or settings["match_colour"])
        bound, part = _BOUNDS[engine]
        part = min(part, 0.97) if settings["samples"] > 1 else part  # not at pixels' centres
        part = min(part, 0.94) if settings["feather"] == 0.0 else part  # hard edges
        near = float((away < (bound if is_exact else 4 * bound)).mean())
        self.pictures += 1
        self.stacks += isinstance(truth, Stack)
        kind = type(truth).__name__
        self.note += (
            f"{kind} {engine} {frame} {level:.3f}: {away.mean():.2f} {away.max():.1f} {near:.4f}"
        )
        if near < part:
            for name, values in (("is", picture), ("should be", np.nan_to_num(seen))):
                save(values, OUTPUT / f"{self.seed} {self.number} {name}.png")
            raise WrongError(
                f"{scene.name}, {engine}, frame {frame}, level {level:.3f}: only {near:.3f} of the "
                f"picture is right, mean {away.mean():.2f}, worst {away.max():.1f}"
            )

    def truth_of(self, scene: Any, control: Any) -> Nest | Stack | None:
        """What a zoom must show; None where that is not so simple."""
        if tags.SETTINGS not in control or zooms.problems(control):
            return None
        settings = stored(control)
        rows = [row.name for row in control.ever_zoom.images if row.is_used]
        is_simple = (
            settings["engine"] in _BOUNDS
            and not settings["is_factor_measured"]
            and settings["travel"] != "loop"
            and not settings["debug_overlay"]
            and len([1 for s, _ in controls() if s == scene]) == 1
            and len(control.users_scene) == 1
            and compat.compositing_tree(scene) is None
            and scene.render.resolution_x <= 200
            and scene.frame_end > scene.frame_start
            and scene.camera in parts(control, tags.CAMERA)
            and bool(compat.fcurves(control))
            and all(name in self.patterns for name in rows)
            and not any(
                item.type in {"MESH", "FONT", "CURVE"} and not item.get(tags.ROLE)
                for item in scene.objects
            )
        )
        if not is_simple:
            return None
        is_measured = bool(json.loads(control[tags.RECIPE]).get("is_measured"))
        given = recipe.stored_placements(control)
        pairs = list(itertools.pairwise(rows))
        patterns = [self.patterns[name] for name in rows]
        is_found = settings["align"] or settings["match_colour"]
        if is_found and not (is_measured and settings["zoom_factor"] == 2.0):
            return None
        is_plain = (
            {name[0] for name in rows} <= {"a", "b"}
            and not any(placement_of(given, *pair) for pair in pairs)
            and settings["target"] == [0.0, 0.0]
            and settings["roll"] == 0.0  # the view is smaller where its corners need room
        )
        if is_plain:
            if is_found and not all(self.true_step(*pair) for pair in pairs):
                return None
            return Nest(
                patterns,
                SIZE,
                settings["zoom_factor"],
                crop=settings["crop"],
                feather=settings["feather"],
                ellipse=settings["mask_shape"] == "ellipse",
                own={
                    rows.index(own["image"]): masks_of(own)
                    for own in settings["of_images"]
                    if own["image"] in rows
                },
            )
        if any(masks_of(own) for own in settings["of_images"]):
            return None
        has_background = has_own_world(scene) and any(map(hole_of, rows))
        if settings["match_colour"] or has_background:
            return None
        steps = []
        for (outer, inner), built in zip(pairs, recipe.stored_series(control).steps, strict=True):
            placement = placement_of(given, outer, inner)
            step: Step | None = Step(settings["zoom_factor"])
            if settings["align"]:
                step = self.true_step(outer, inner)
            if placement is not None:
                step = step_of(placement)
            elif built.is_hole:
                step = step_in_hole(outer, inner)
            if step is None:
                return None
            steps.append(step)
        return Stack(zooms.plan_of(scene, control), rows, patterns, steps)

    def end(self) -> None:
        """Let what is printed go where it went before."""
        ai_ever_zoom_addon.unregister()
        os.dup2(self._stderr, 2)


# So near in levels of 255, and such a part of a picture: Workbench has hard edges.
_BOUNDS = {
    "cycles": (3.0, 0.995),
    "eevee": (4.0, 0.99),
    "workbench": (6.0, 0.95),
    "sequencer": (4.0, 0.97),
}


def masks_of(own: dict[str, Any]) -> dict[str, Any]:
    """What an image has of its own of how it is masked, as a nest takes it."""
    masks = {name: own[name] for name in ("crop", "feather") if name in own}
    return masks | ({"ellipse": own["mask"] == "ellipse"} if "mask" in own else {})


def step_of(placement: GivenPlacement) -> Step:
    """What was given, as it was meant."""
    world, depth = world_of(placement.outer)
    size = world.size(depth)
    width, height = placement.outer_size_px or size
    x, y = placement.offset_px
    offset = x / width, -y / height * size[1] / size[0]
    return Step(placement.factor, offset, turn=placement.turn_deg)


def step_in_hole(outer: str, inner: str) -> Step:
    """An image fills the hole of another one, so that none of it stays open."""
    (width, height), (across, up) = (
        world.size(depth) for world, depth in (world_of(outer), world_of(inner))
    )
    scale = hole_of(outer) * max(width / across, height / up)
    return Step(width / (across * scale), is_hole=True)


def take(scene: Any, frame: int, folder: Path) -> Array:
    """Render a frame of a scene as a PNG file; its settings are as before then."""
    render = scene.render
    image = render.image_settings
    names = ("file_format", "color_mode", "color_depth")
    before = render.filepath, render.use_file_extension, [getattr(image, name) for name in names]
    media = getattr(image, "media_type", None)
    ends = scene.frame_start, scene.frame_end
    compat.set_media_type(scene, video=False)
    image.file_format, image.color_mode, image.color_depth = "PNG", "RGB", "8"
    render.filepath, render.use_file_extension = compat.literal_path(f"{folder}/####"), True
    scene.frame_start = scene.frame_end = frame
    try:
        # Of a scene that is not shown, a still is what was last evaluated of it.
        operators.render.render(animation=True, scene=scene.name)
        return read(Path(render.frame_path(frame=frame)))
    finally:
        if media is not None:
            image.media_type = media
        for name, value in zip(names, before[2], strict=True):
            setattr(image, name, value)
        render.filepath, render.use_file_extension = before[:2]
        scene.frame_start, scene.frame_end = ends


def numbers(text: str) -> set[int]:
    """0-3,7 as numbers."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def main(arguments: Sequence[str]) -> int:
    """Walk; 0 if everything was right."""
    parser = argparse.ArgumentParser(prog="python -m tests.scene.walk", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--only", type=numbers, help="steps to take, such as 0-3,7")
    parser.add_argument("--render-every", type=int, default=1, metavar="N")
    parser.add_argument("--no-eevee", action="store_true", help="it is slow without a GPU")
    parser.add_argument("--go-on", action="store_true", help="after something wrong")
    options = parser.parse_args(arguments)
    home = Path(os.environ["BLENDER_USER_RESOURCES"])
    try:
        (home / "walk").mkdir()
        walk = Walk(
            *(options.seed, home / "walk", options.render_every), has_eevee=not options.no_eevee
        )
        failed = walk_on(walk, options)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(
        f"{walk.pictures} pictures compared ({walk.stacks} of images that lie anyhow), "
        f"{walk.skipped} passed over, {failed} wrong"
    )
    return 1 if failed else 0


def walk_on(walk: Walk, options: argparse.Namespace) -> int:
    """Take the steps; how many of them went wrong."""
    failed = 0
    for number in range(options.steps):
        if options.only and number not in options.only:
            continue
        try:
            walk.step(number)
        except Exception as error:
            failed += 1
            is_known = isinstance(error, WrongError)
            walk.say(f"  WRONG: {error}" if is_known else traceback.format_exc())
            walk.say(f"  again: --seed {options.seed} --steps {number + 1}")
            if not options.go_on:
                break
            walk.begin_history()
        if walk.note:
            walk.say(f"  {walk.note}")
            walk.note = ""
    walk.end()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
