"""Every setting survives the file, whoever chose it, and still acts. Touches bpy."""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.scene import compat, recipe
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import TABLE, ZoomSettings
from tests import pictures
from tests.scene.command import Run

SIZE = (320, 240)
COUNT = 3
TONE = "tone.wav"
MAPS = "maps"
TIMING = "timing.json"

operators: Any = bpy.ops


# For each setting a value that is not the default: as the command line has it (None: it has no
# option for it), and as the panel has it, with what else has to be chosen so that it acts.
CHOSEN: dict[str, tuple[tuple[object, ...] | None, dict[str, Any]]] = {
    "folder": ((), {}),  # chosen in any case
    "order": (("--order", "outermost-first"), {"order": "outermost-first"}),
    "series": (("--series", 2), {"series": 2}),
    "is_factor_measured": (("-zf", "auto", "--no-align"), {"is_factor_measured": True}),
    "zoom_factor": (
        ("-zf", 1.75, "--no-align"),
        {"zoom_factor": 1.75, "align": False, "is_factor_measured": False},
    ),
    "align": (("--no-align",), {"align": False}),
    "match_colour": (("--no-match-colour",), {"match_colour": False}),
    "glide": (("--no-glide",), {"glide": False}),
    "centre": (("--centre", "fixed-point"), {"centre": "fixed-point"}),
    "length_by": (("--length", 3), {"length_by": "whole", "length": 3.0}),
    "zoom_steps": (("-zs", 7), {"zoom_steps": 7}),
    "seconds_per_image": (
        ("--seconds-per-image", 0.3),
        {"length_by": "seconds", "seconds_per_image": 0.3},
    ),
    "length": (("--length", 3.5), {"length_by": "whole", "length": 3.5}),
    "beats": (None, {"length_by": "markers", "beats": "[9, 14]"}),
    "of_images": (
        ("--timing", TIMING),
        {"of_images": '[{"image": "image_1.png", "hold": 0.5, "crop": 0.6}]'},
    ),
    "sound": (("--sound", TONE), {"sound": TONE}),
    "sound_seconds": (("--sound", TONE), {"sound": TONE, "length_by": "sound"}),
    "travel": (("--travel", "there-and-back"), {"travel": "there-and-back"}),
    "reverse": (("-rev",), {"reverse": True}),
    "ease": (("--ease", 0.75), {"ease": 0.75}),
    "delay": (("-d", 0.5), {"delay": 0.5}),
    "frames_per_second": (("-fps", 12.5), {"frames_per_second": 12.5}),
    "start_frame": (("--start-frame", 21), {"start_frame": 21}),
    "crop": (("-zc", 0.7), {"crop": 0.7}),
    "feather": (("--feather", 0.11), {"feather": 0.11}),
    "mask_shape": (("--mask", "ellipse"), {"mask_shape": "ellipse"}),
    "depth_folder": (("--depth", MAPS), {"depth_folder": MAPS}),
    "depth_strength": (
        ("--depth", MAPS, "--depth-strength", 0.3),
        {"depth_folder": MAPS, "depth_strength": 0.3},
    ),
    "is_near_black": (
        ("--depth", MAPS, "--black-is-near"),
        {"depth_folder": MAPS, "is_near_black": True},
    ),
    "resolution_from": (("--resolution", "16:9"), {"resolution_from": "16:9"}),
    "shape": (("--resolution", "5:4"), {"resolution_from": "shape", "shape": (5, 4)}),
    "resolution": (
        ("--resolution", "90x80"),
        {"resolution_from": "pixels", "resolution": (90, 80)},
    ),
    "roll": (("--roll", 0.25), {"roll": 0.25}),
    "turn": (("--turn", "level"), {"turn": "level"}),
    "target": (("--target", 0.02, -0.01), {"target": (0.02, -0.01)}),
    "engine": (("--engine", "workbench"), {"engine": "workbench"}),
    "file_format": (("--format", "jpeg"), {"file_format": "jpeg"}),
    "samples": (("--samples", 3), {"samples": 3}),
    "pack_images": (("--pack",), {"pack_images": True}),
    "debug_overlay": (("--debug",), {"debug_overlay": True}),
}
# They lead to the same zoom of this series.
NOTHING_TO_SEE = {"folder", "order", "is_factor_measured", "glide", "turn", "file_format"}


def test_every_setting_is_tried() -> None:
    assert set(CHOSEN) == set(TABLE)


def _clouds(x: pictures.Array, y: pictures.Array) -> pictures.Array:
    """A world without repetition, so that every place in it is recognised: (..., 3), 0 to 1."""
    random = np.random.default_rng(1)
    seen = np.zeros((*x.shape, 3))
    for cells in (8, 32, 128):
        heights = random.random((cells + 2, cells + 2, 3))
        across, up = (x + 0.5) * cells, (y + 0.5) * cells
        column, row = across.astype(int), up.astype(int)
        right, above = (across - column)[..., None], (up - row)[..., None]
        low = heights[row, column] * (1 - right) + heights[row, column + 1] * right
        high = heights[row + 1, column] * (1 - right) + heights[row + 1, column + 1] * right
        seen += (low * (1 - above) + high * above) / 3.0
    return seen


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound and, in "series", images off each other's centres that get darker.

    In "two series" are the same and others, in "maps" depth maps.
    """
    folder = tmp_path_factory.mktemp("world")
    for index in range(COUNT):
        across = 0.5**index
        x, y = pictures.grid(SIZE, (across, across * SIZE[1] / SIZE[0]))
        picture = _clouds(x + 0.06 * (1.0 - across), y) * 0.95**index
        pictures.save(picture, folder / "series" / f"image_{index}.png")
        pictures.save(picture, folder / MAPS / f"image_{index}.png")
        pictures.save(picture, folder / "two series" / f"image_{index}.png")
        pictures.save(picture[::-1], folder / "two series" / f"other_{index}.png")
    own = json.loads(str(CHOSEN["of_images"][1]["of_images"]))
    (folder / TIMING).write_text(json.dumps({"images": own}), encoding="utf-8")
    with wave.open(str(folder / TONE), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(8000)
        output.writeframes(np.zeros(8000, "<i2").tobytes())
    return folder


def images_for(world: Path, name: str) -> Path:
    """The folder of images with which a setting can be tried."""
    return world / ("two series" if name == "series" else "series")


def built() -> dict[str, Any]:
    """What is in the scene, as far as a setting can change it."""
    scene: Any = bpy.context.scene
    (control,) = objects.controls(scene)
    (camera,) = objects.parts(control, "camera")
    assert control.ever_zoom.image_count == COUNT
    layers = objects.numbered(control, "layer")
    render = scene.render
    seen: dict[str, Any] = {
        "range": (scene.frame_start, scene.frame_end),
        "rate": (render.fps, render.fps_base),
        "size": (render.resolution_x, render.resolution_y),
        "engine": (render.engine, scene.cycles.samples),
        "objects": sorted(item.get("ever_zoom_role", "") for item in scene.objects),
        "corners": [[tuple(v.co) for v in layer.data.vertices] for layer in layers.values()],
        "masks": [
            [round(v.value, 5) for v in layer.data.attributes["mask"].data]
            for layer in layers.values()
        ],
        "images": [objects.layer_image(layer).name for layer in layers.values()],
        "packed": [objects.layer_image(layer).packed_file is not None for layer in layers.values()],
    }
    editor = scene.sequence_editor
    strips = compat.strips(editor) if editor is not None else ()
    seen["sounds"] = [os.path.normpath(bpy.path.abspath(strip.sound.filepath)) for strip in strips]
    for frame in range(scene.frame_start, scene.frame_end + 1, 4):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        for item in (camera, *layers.values()):
            shown = item.evaluated_get(graph)
            matrix = [round(value, 5) for row in shown.matrix_world for value in row]
            colour = [round(value, 4) for value in shown.get("Colour Match", ())]
            hidden = shown.hide_viewport  # then where it is is not worked out
            seen[f"{item.name} {frame}"] = None if hidden else (matrix, colour)
    return seen


def plain_by_panel(folder: Path) -> Any:
    group: Any = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.order, group.is_factor_measured, group.zoom_steps = "auto", False, 6
    return group


def kept_after_a_change(blend: Path, settings: ZoomSettings) -> dict[str, Any]:
    """Opens a file, changes something else, and checks that the settings are as they were."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    (control,) = objects.controls(bpy.context.scene)
    group = bpy.context.scene.ever_zoom
    assert recipe.stored_settings(control) == settings
    before = built()
    other = "reverse" if settings.debug_overlay else "debug_overlay"
    for value in (not getattr(settings, other), getattr(settings, other)):
        setattr(group, other, value)
        assert not group.problem
    assert recipe.stored_settings(control) == settings
    assert built() == before
    return before


PLAIN = ("--order", "auto", "-zs", 6, "--engine", "cycles", "--no-render", "--start-frame", 1)


def skip_without_sound(name: str) -> None:
    options: Any = bpy.app.build_options
    if name.startswith("sound") and not options.audaspace:
        pytest.skip("does not apply: this bpy was built without sound")


@pytest.fixture(scope="module")
def without(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is built by the command line where nothing is chosen."""
    blend = tmp_path_factory.mktemp("plain") / "plain.blend"
    arguments = ("-i", world / "series", *PLAIN, "--save-blend", blend)
    assert cli.main([str(argument) for argument in arguments]) == 0
    ai_ever_zoom_addon.register()
    try:
        return built()
    finally:
        ai_ever_zoom_addon.unregister()


@pytest.mark.parametrize("name", [name for name, (options, _) in CHOSEN.items() if options])
def test_by_the_command_line(
    world: Path, without: dict[str, Any], addon: None, run: Run, name: str
) -> None:
    skip_without_sound(name)
    options, _ = CHOSEN[name]
    assert options is not None
    options = tuple(
        world / option if option in (TONE, TIMING, MAPS) else option for option in options
    )
    arguments = ("-i", images_for(world, name), *PLAIN, *options)
    ran = run(*arguments, "--save-blend", "zoom.blend", "--json", "done.json")
    assert ran.status == 0, ran.lines
    report = json.loads(Path("done.json").read_text(encoding="utf-8"))
    told = report["settings"] | {"of_images": report["images"]}
    assert told[name] != ZoomSettings().to_dict()[name]
    with_it = built()
    assert name in NOTHING_TO_SEE or with_it != without
    settings = ZoomSettings.from_dict(told)
    assert kept_after_a_change(Path("zoom.blend").absolute(), settings) == with_it


@pytest.mark.parametrize("name", CHOSEN)
def test_by_the_panel(addon: None, world: Path, tmp_path: Path, name: str) -> None:
    skip_without_sound(name)
    _, others = CHOSEN[name]
    group = plain_by_panel(images_for(world, name))
    assert operators.ever_zoom.build() == {"FINISHED"}
    without = built()
    plain = recipe.stored_settings(objects.controls(bpy.context.scene)[0])
    values = {k: str(world / str(v)) if v in (TONE, MAPS) else v for k, v in others.items()}
    for key, value in values.items():
        setattr(group, key, value)
        assert not group.problem
    if recipe.unbuilt(objects.controls(bpy.context.scene)[0]):
        assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    settings = recipe.stored_settings(control)
    if name != "folder":
        assert settings.to_dict()[name] != plain.to_dict()[name]
    for key, value in values.items():
        shown = getattr(bpy.context.scene.ever_zoom, key)
        assert (tuple(shown) if isinstance(value, tuple) else shown) == pytest.approx(value)
    with_it = built()
    assert name in NOTHING_TO_SEE or with_it != without
    blend = tmp_path / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    assert kept_after_a_change(blend, settings) == with_it
