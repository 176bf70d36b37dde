"""The pictures beside the strips: written once, never changed, and always where their file is. bpy.

Every image has a colour of its own, so that a frame tells which part of which image it shows; what
it must be is computed here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.plan import make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import loading, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.strips import pictures
from ai_ever_zoom_addon.scene.strips.strips import picture_files, picture_strips
from ai_ever_zoom_addon.settings import Engine, MaskShape, ZoomSettings

from .command import Run

SIZE = WIDTH, HEIGHT = 200, 160
COLOURS = np.array([[200, 60, 40], [50, 180, 70], [40, 70, 210]], np.float64)
SETTINGS = ZoomSettings(
    is_factor_measured=True, zoom_steps=4, start_frame=0, feather=0.1, engine=Engine.SEQUENCER
)

Pixels = NDArray[np.float64]

operators: Any = bpy.ops


def write_series(folder: Path, order: tuple[int, ...] = (0, 1, 2), name: str = "picture") -> Series:
    """Images of one colour each, outermost first; their names fall into that order, too."""
    images = []
    for place, number in enumerate(order):
        picture = np.broadcast_to(COLOURS[number] / 255.0, (HEIGHT, WIDTH, 3))
        file = folder / f"{name}_{place}.png"
        folder.mkdir(parents=True, exist_ok=True)
        loading.write_png(file, picture.astype(np.float32))
        images.append(SeriesImage(file, *SIZE))
    return Series(tuple(images), (Step(2.0),) * (len(order) - 1))


def expected(crop: float, frame: int, order: tuple[int, ...] = (0, 1, 2)) -> Pixels:
    """A frame, 0 to 255: the layers over one another, each trimmed to the crop."""
    series = Series(tuple(SeriesImage(Path("x.png"), *SIZE) for _ in order), (Step(2.0), Step(2.0)))
    plan = make_plan(series, replace(SETTINGS, crop=crop))
    level = plan.level_at(frame)
    width, height = plan.resolution
    y, x = np.mgrid[:height, :width] + 0.5
    x, y = abs(x / width - 0.5), abs(0.5 * height - y) / width
    result: Pixels = np.full((height, width, 3), COLOURS[order[0]])
    for layer in plan.layers[1:]:
        scale = crop * 2.0 ** (layer.index - level)  # the view is as wide as the crop
        half = crop / 2.0
        depth = np.minimum(half - x * scale, half * HEIGHT / WIDTH - y * scale)
        part = np.clip(depth / (SETTINGS.feather * HEIGHT / WIDTH), 0.0, 1.0)
        opacity = part * part * (3.0 - 2.0 * part)
        fade = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
        fade = np.clip(fade, 0.0, 1.0)
        opacity = opacity * fade * fade * (3.0 - 2.0 * fade)
        result += opacity[..., None] * (COLOURS[order[layer.index]] - result)
    return np.asarray(result)


def shown(scene: Any, frame: int = 3) -> Pixels:
    """A frame as the scene renders it, 0 to 255."""
    folder = Path(bpy.app.tempdir) / "frames"
    shutil.rmtree(folder, ignore_errors=True)
    rendering.render_animation(scene, f"{folder}/", frame, frame)
    pixels = loading.read_pixels(folder / f"frame_{frame:05}.png")
    return np.asarray(pixels * 255.0, np.float64)


def assert_shows(scene: Any, crop: float, order: tuple[int, ...] = (0, 1, 2)) -> None:
    """A frame between two images, which shows the soft edges of both."""
    away = abs(shown(scene) - expected(crop, 3, order))
    assert away.mean() < 0.5
    assert away.max() < 8.0  # bilinear interpolation of a soft edge


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} if folder.is_dir() else set()


def used(scene: Any) -> list[Path]:
    """The copies that a scene's strips show, the outermost image's own file left out."""
    return list(picture_files(scene))[1:]


def built(folder: Path, **options: Any) -> Any:
    """The add-on's own way: a folder and its zoom in the panel; the zoom's properties."""
    write_series(folder)
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    group.engine, group.zoom_steps, group.feather = "sequencer", 4, 0.1
    group.start_frame = 0
    for name, value in options.items():
        setattr(group, name, value)
    assert operators.ever_zoom.build() == {"FINISHED"}
    return zoom()


def zoom() -> Any:
    return objects.controls(bpy.context.scene)[0].ever_zoom


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often images are decoded and pictures are made."""
    count = {"decoded": 0, "written": 0}
    pictures.forget_images()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def count_call(*arguments: Any) -> Any:
            count[name] += 1
            return function(*arguments)

        return count_call

    monkeypatch.setattr(pictures, "read_rgba", counting("decoded", loading.read_rgba))
    monkeypatch.setattr(pictures, "write_picture", counting("written", pictures.write_picture))
    return count


def test_what_does_not_change_the_pictures_costs_nothing(
    tmp_path: Path, counted: dict[str, int]
) -> None:
    scene = bpy.context.scene
    series = write_series(tmp_path)
    control = zooms.build_zoom(scene, series, SETTINGS)
    assert counted == {"decoded": 3, "written": 2}
    before = used(scene)
    states = [file.stat() for file in before]
    strips = [strip.as_pointer() for strip in picture_strips(scene)]  # a new one decodes its file
    for change in ({"zoom_steps": 7}, {"roll": 0.2}, {"reverse": True}, {"target": (0.1, 0.0)}):
        zooms.change_zoom(scene, control, replace(SETTINGS, **change))
        assert used(scene) == before
        assert [strip.as_pointer() for strip in picture_strips(scene)] == strips
    assert counted == {"decoded": 3, "written": 2}
    assert [file.stat() for file in before] == states


def test_a_crop_that_is_dragged_decodes_nothing_again(
    tmp_path: Path, counted: dict[str, int]
) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    for crop in (0.7, 0.6, 0.5):
        zooms.change_zoom(scene, control, replace(SETTINGS, crop=crop))
        assert_shows(scene, crop)
    assert counted == {"decoded": 3, "written": 8}
    for crop in (0.6, 0.7, 0.8):
        zooms.change_zoom(scene, control, replace(SETTINGS, crop=crop))
        assert_shows(scene, crop)
    assert counted == {"decoded": 3, "written": 8}


def test_every_choice_that_changes_pictures_changes_names(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    seen = {tuple(used(scene))}
    for change in ({"crop": 0.7}, {"feather": 0.05}, {"mask_shape": MaskShape.ELLIPSE}):
        zooms.change_zoom(scene, control, replace(SETTINGS, **change))
        assert tuple(used(scene)) not in seen
        seen.add(tuple(used(scene)))


def test_an_image_that_is_changed_is_seen(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, write_series(tmp_path), SETTINGS)
    write_series(tmp_path, (0, 2, 1))
    zooms.change_zoom(scene, control, SETTINGS)
    assert_shows(scene, 0.8, (0, 2, 1))


def test_undo_brings_back_the_pictures(addon: None, tmp_path: Path) -> None:
    group = built(tmp_path / "series")
    bpy.ops.ed.undo_push(message="0.8")
    assert_shows(bpy.context.scene, 0.8)
    group.crop = 0.5
    bpy.ops.ed.undo_push(message="0.5")
    assert_shows(bpy.context.scene, 0.5)
    bpy.ops.ed.undo()
    assert zoom().crop == pytest.approx(0.8)
    assert_shows(bpy.context.scene, 0.8)
    bpy.ops.ed.redo()
    assert_shows(bpy.context.scene, 0.5)


def test_undo_makes_again_what_there_was_no_room_for(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "SESSION_BYTES", 0)
    group = built(tmp_path / "series")
    bpy.ops.ed.undo_push(message="0.8")
    first = used(bpy.context.scene)
    group.crop = 0.5
    bpy.ops.ed.undo_push(message="0.5")
    assert not any(file.exists() for file in first)
    assert all(file.exists() for file in used(bpy.context.scene))
    bpy.ops.ed.undo()
    assert used(bpy.context.scene) == first
    assert_shows(bpy.context.scene, 0.8)


def test_two_zooms_keep_their_pictures(tmp_path: Path) -> None:
    """Of images with the same names, and of the same images with another crop."""
    one = bpy.context.scene
    zooms.build_zoom(one, write_series(tmp_path / "one"), SETTINGS)
    two = bpy.data.scenes.new("two")
    zooms.build_zoom(two, write_series(tmp_path / "two", (1, 2, 0)), replace(SETTINGS, crop=0.6))
    three = bpy.data.scenes.new("three")
    series = write_series(tmp_path / "one")
    control = zooms.build_zoom(three, series, replace(SETTINGS, crop=0.5))
    assert_shows(one, 0.8)
    assert_shows(two, 0.6, (1, 2, 0))
    assert_shows(three, 0.5)
    zooms.change_zoom(three, control, replace(SETTINGS, engine=Engine.CYCLES))
    assert_shows(one, 0.8)


def test_a_full_copy_of_the_scene_is_a_zoom_of_its_own(addon: None, tmp_path: Path) -> None:
    built(tmp_path / "series")
    first = bpy.context.scene
    bpy.ops.scene.new(type="FULL_COPY")
    copy = bpy.context.scene
    assert copy != first
    zoom().crop = 0.5
    assert_shows(copy, 0.5)
    assert_shows(first, 0.8)


def save(blend: Path, **options: Any) -> None:
    blend.parent.mkdir(exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), **options)


def opened(blend: Path) -> Any:
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return bpy.context.scene


def restart() -> None:
    """What a new Blender does not have."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    shutil.rmtree(pictures.session_folder(), ignore_errors=True)


def assert_is_beside(blend: Path, scene: Any) -> None:
    folder = pictures.folder_of(blend)
    assert {file.parent for file in used(scene)} == {folder}
    assert all(file.is_file() for file in used(scene))


def test_a_saved_file_has_its_pictures_wherever_it_goes(addon: None, tmp_path: Path) -> None:
    built(tmp_path / "series")
    blend = tmp_path / "project" / "zoom.blend"
    save(blend)
    assert_is_beside(blend, bpy.context.scene)
    assert_shows(bpy.context.scene, 0.8)
    restart()
    moved = blend.parent.rename(tmp_path / "elsewhere") / blend.name
    (tmp_path / "series").rename(tmp_path / "elsewhere" / "series")
    scene = opened(moved)
    assert_is_beside(moved, scene)
    assert names(pictures.folder_of(moved)) == {file.name for file in used(scene)}


def test_save_as_and_save_copy_leave_the_other_file_its_pictures(
    addon: None, tmp_path: Path
) -> None:
    built(tmp_path / "series")
    one, copy, other = (tmp_path / folder / "zoom.blend" for folder in ("one", "copy", "other"))
    save(one)
    zoom().crop = 0.6
    save(copy, copy=True)
    assert bpy.data.filepath == str(one)
    assert all(file.parent == pictures.session_folder() for file in used(bpy.context.scene))
    assert_shows(bpy.context.scene, 0.6)
    zoom().crop = 0.5
    save(other)
    assert_is_beside(other, bpy.context.scene)
    assert_shows(bpy.context.scene, 0.5)
    restart()
    for blend, crop in ((one, 0.8), (copy, 0.6), (other, 0.5)):
        scene = opened(blend)
        assert_is_beside(blend, scene)
        assert_shows(scene, crop)
        assert len(names(pictures.folder_of(blend))) == 2


def test_a_save_that_fails_changes_nothing(addon: None, tmp_path: Path) -> None:
    built(tmp_path / "series")
    before = used(bpy.context.scene)
    (tmp_path / "zoom.blend@").mkdir()  # what Blender writes first
    with pytest.raises(RuntimeError):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    assert used(bpy.context.scene) == before
    assert_shows(bpy.context.scene, 0.8)


def age(*files: Path) -> None:
    """Let files be a minute older."""
    for file in files:
        state = file.stat()
        os.utime(file, (state.st_atime - 60, state.st_mtime - 60))


def test_old_pictures_do_not_pile_up(addon: None, tmp_path: Path) -> None:
    """Those of the file and of Blender's backup of it stay; and what the user keeps there."""
    blend = tmp_path / "project" / "zoom.blend"
    built(tmp_path / "series")
    save(blend)
    folder = pictures.folder_of(blend)
    (folder / "notes.txt").write_text("mine")
    (folder / "picture_1.png").write_bytes(b"mine, too")
    shown_by = [names(folder)]
    for crop in (0.7, 0.6, 0.5):
        age(blend, *folder.iterdir())
        zoom().crop = crop
        bpy.ops.ed.undo_push(message=str(crop))
        save(blend)
        shown_by.append({file.name for file in used(bpy.context.scene)})
        mine = {"notes.txt", "picture_1.png"}
        assert names(folder) == shown_by[-1] | (shown_by[-2] - {*mine}) | mine
    # Undo still has them.
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert_shows(bpy.context.scene, 0.7)


def test_a_zoom_that_leaves_the_sequencer_leaves_nothing(addon: None, tmp_path: Path) -> None:
    blend = tmp_path / "project" / "zoom.blend"
    built(tmp_path / "series")
    save(blend)
    folder = pictures.folder_of(blend)
    zoom().engine = "cycles"
    for _ in range(2):  # the backup has the pictures once more
        age(blend, *(folder.iterdir() if folder.is_dir() else ()))
        save(blend)
    assert not folder.exists()


def test_a_lost_folder_is_made_again(addon: None, tmp_path: Path) -> None:
    blend = tmp_path / "project" / "zoom.blend"
    built(tmp_path / "series")
    save(blend)
    restart()
    shutil.rmtree(pictures.folder_of(blend))
    scene = opened(blend)
    assert_shows(scene, 0.8)


def test_the_command_lines_file_has_its_pictures(run: Run, tmp_path: Path) -> None:
    """Without the window's half, which is not registered here."""
    write_series(tmp_path / "series")
    blend = tmp_path / "project" / "zoom.blend"
    done = run(
        *("-i", tmp_path / "series", "--order", "outermost-first", "-zs", 4, "-zf", 2),
        *("--feather", 0.1, "--no-align", "--no-match-colour", "--no-render"),
        *("--engine", "sequencer", "--save-blend", blend),
    )
    assert done.status == 0
    restart()
    scene = opened(blend)
    assert_is_beside(blend, scene)
    assert_shows(scene, 0.8)


def test_long_names_are_shortened(tmp_path: Path) -> None:
    name = "é" * 124  # as many bytes as a file's name may have, with its number and ending
    scene = bpy.context.scene
    zooms.build_zoom(scene, write_series(tmp_path, name=name[:-1]), SETTINGS)
    assert all(len(os.fsencode(file.name)) < 100 for file in used(scene))
    assert all(file.name.startswith("é" * 30) for file in used(scene))
    assert_shows(scene, 0.8)


def test_packed_images_are_enough(addon: None, tmp_path: Path) -> None:
    group = built(tmp_path / "series", pack_images=True)
    shutil.rmtree(tmp_path / "series")
    pictures.forget_images()
    group.crop = 0.5
    assert group.problem == ""
    assert_shows(bpy.context.scene, 0.5)


@pytest.mark.newest
def test_pictures_are_packed_only_where_they_would_be_large(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).uniform(size=(HEIGHT, WIDTH, 3)).astype(np.float32)
    lengths = {}
    for name in ("plain", "noise"):
        series = write_series(tmp_path / name, (0, 1))
        file = series.images[1].file
        if name == "noise":
            loading.write_png(file, noise)
        zooms.build_zoom(bpy.context.scene, series, SETTINGS)
        lengths[name] = list(picture_files(bpy.context.scene))[1].stat().st_size
    raw = 4 * (WIDTH * SETTINGS.crop) * (HEIGHT * SETTINGS.crop)
    assert lengths["plain"] < raw / 10
    assert raw < lengths["noise"] < 1.02 * raw
