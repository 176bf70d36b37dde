"""Undo and redo through the whole life of a zoom, and the importer done again. Touches bpy."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene import compat
from ai_ever_zoom_addon.scene.planes import objects

from .drawing import draw_panels
from .nested import write_image, write_series

operators: Any = bpy.ops


def zoom() -> Any:
    return objects.controls(bpy.context.scene)[0].ever_zoom


def state() -> Any:
    """What a user sees of the scene and of the panel."""
    draw_panels()
    scene = bpy.context.scene
    size = scene.render.resolution_x, scene.render.resolution_y, scene.frame_end
    found: list[Any] = [scene.name, scene.ever_zoom.folder, size, len(scene.objects)]
    for control in objects.controls(scene):
        group = control.ever_zoom
        (curve,) = compat.fcurves(control)
        found.append([(round(point.co[0], 3), point.co[1]) for point in curve.keyframe_points])
        found.append([(row.name, row.is_used, row.layer) for row in group.images])
        found.append((round(group.crop, 4), group.reverse, group.is_own_order, group.problem))
        layers = objects.numbered(control, "layer")
        found.append({n: (layer.name, layer.scale.x) for n, layer in sorted(layers.items())})
    return found


def choose_the_folder(folder: Path) -> None:
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"


def set_value(name: str, value: Any) -> None:
    setattr(zoom(), name, value)


def move_the_second_image() -> None:
    zoom().active_image = 1
    operators.ever_zoom.move_image(direction="inwards")


def test_every_step_goes_back_and_forth(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "series", 4)
    more = write_image(tmp_path / "more" / "b.png", 4)
    life: list[Callable[[], Any]] = [
        lambda: choose_the_folder(tmp_path / "series"),
        lambda: operators.ever_zoom.build(),
        lambda: set_value("crop", 0.5),
        lambda: set_value("reverse", True),
        move_the_second_image,
        lambda: operators.ever_zoom.use_image(index=0),
        lambda: operators.ever_zoom.add_images(
            directory=str(more.parent), files=[{"name": more.name}], place="inside"
        ),
        lambda: operators.ever_zoom.use_preset(name="Plain 2x"),
        lambda: operators.ever_zoom.reverse_images(),
        lambda: operators.ever_zoom.build(is_found_anew=True),
        lambda: set_value("debug_overlay", True),
        lambda: operators.ever_zoom.build(is_new=True),
    ]
    bpy.ops.ed.undo_push(message="start")
    states = [state()]
    for step in life:
        step()
        bpy.ops.ed.undo_push(message="step")
        states.append(state())
    assert all(before != after for before, after in pairwise(states))
    for expected in reversed(states[:-1]):
        assert bpy.ops.ed.undo() == {"FINISHED"}
        assert state() == expected
    for expected in states[1:]:
        assert bpy.ops.ed.redo() == {"FINISHED"}
        assert state() == expected
    # And life goes on in the middle of it.
    for _ in range(5):
        bpy.ops.ed.undo()
    set_value("crop", 0.3)
    assert zoom().problem == ""
    assert operators.ever_zoom.build() == {"FINISHED"}


def imported(folder: Path, **options: Any) -> Any:
    files = [{"name": file.name} for file in sorted(folder.glob("*.png"))]
    done = operators.ever_zoom.import_series(
        "EXEC_DEFAULT", True, directory=str(folder), files=files, **options
    )
    assert done == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    return control.ever_zoom


def test_the_importers_options_are_used(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    group = imported(
        tmp_path,
        order="innermost-first",
        is_factor_measured=False,
        zoom_factor=1.5,
        align=False,
        match_colour=False,
        zoom_steps=7,
        crop=0.5,
        feather=0.1,
    )
    assert [row.name for row in group.images] == ["a_2.png", "a_1.png", "a_0.png"]
    assert group.found_factor == pytest.approx(1.5)
    assert (group.zoom_steps, bpy.context.scene.frame_end) == (7, 15)
    assert (group.crop, group.feather) == pytest.approx((0.5, 0.1))


def test_the_importer_takes_the_panels_settings(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    group = bpy.context.scene.ever_zoom
    group.crop, group.order, group.align, group.match_colour = 0.6, "innermost-first", False, False
    group.is_factor_measured = False
    group = imported(tmp_path, zoom_steps=3)
    assert group.crop == pytest.approx(0.6)
    assert [row.name for row in group.images] == ["a_2.png", "a_1.png", "a_0.png"]


def test_an_import_is_one_step(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    before = state()
    bpy.ops.ed.undo_push(message="start")
    imported(tmp_path, align=False, match_colour=False, is_factor_measured=False)
    bpy.ops.ed.undo()
    assert state() == before
    assert not bpy.data.objects


def padded(file: Path) -> Path:
    """A file of a known size: what follows the end of a PNG is nothing to its readers."""
    file.write_bytes(file.read_bytes().ljust(100_000, b"\0"))
    return file


def test_what_was_found_is_remembered_for_the_same_files(addon: None, tmp_path: Path) -> None:
    """So that other settings in the redo panel are there at once."""
    files = [padded(file) for file in write_series(tmp_path, 3)]
    first = imported(tmp_path, zoom_steps=3)
    assert first.found_factor == pytest.approx(2.0, rel=0.005)
    factors = [row.factor for row in first.images]
    times = files[1].stat().st_atime_ns, files[1].stat().st_mtime_ns
    padded(write_image(files[1], 3))  # another picture; the file looks as it did
    os.utime(files[1], ns=times)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert [row.factor for row in imported(tmp_path, zoom_steps=5).images] == factors
    os.utime(files[1], ns=(times[0], times[1] + 1))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert [row.factor for row in imported(tmp_path, zoom_steps=5).images] != factors
