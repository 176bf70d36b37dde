"""Presets: the built-in ones, the user's own, and files of any kind. Touches bpy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene.planes import objects

from .drawing import draw_panel
from .nested import write_series

operators: Any = bpy.ops


@pytest.fixture
def users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's files are, of which there are none yet."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", str(folder))
    return folder


def group() -> Any:
    return bpy.context.scene.ever_zoom


def build(folder: Path) -> Any:
    write_series(folder, 3)
    zoom = group()
    zoom.folder = str(folder)
    zoom.zoom_steps = 5
    zoom.is_factor_measured = zoom.align = zoom.match_colour = False
    operators.ever_zoom.build()
    (control,) = objects.controls(bpy.context.scene)
    return control


@pytest.mark.parametrize(
    ("name", "factor", "crop"),
    [
        ("Midjourney 2x", 2.002, 0.8),
        ("Midjourney 1.5x", 1.333, 0.8),
        ("Plain 2x", 2, 0.8),
    ],
)
def test_a_programs_factor_is_set(addon: None, name: str, factor: float, crop: float) -> None:
    zoom = group()
    zoom.crop, zoom.frames_per_second = 0.5, 24.0
    assert operators.ever_zoom.use_preset(name=name) == {"FINISHED"}
    assert not zoom.is_factor_measured
    assert zoom.zoom_factor == pytest.approx(factor)
    assert zoom.crop == pytest.approx(crop)
    assert zoom.frames_per_second == 24.0  # what a preset does not name stays


def test_the_plain_preset_puts_nothing_right(addon: None) -> None:
    operators.ever_zoom.use_preset(name="Plain 2x")
    zoom = group()
    assert not (zoom.align or zoom.match_colour)
    assert zoom.feather == 0.0
    assert zoom.order == "innermost-first"
    assert zoom.zoom_steps == 100


def test_a_built_zoom_changes_at_once_and_can_be_undone(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path)
    bpy.ops.ed.undo_push(message="built")
    operators.ever_zoom.use_preset(name="Plain 2x")
    assert bpy.context.scene.frame_end == 201
    (control,) = objects.controls(bpy.context.scene)
    assert control.ever_zoom.zoom_steps == 100


def test_ones_own_preset_comes_back(addon: None, users_folder: Path, tmp_path: Path) -> None:
    zoom = group()
    zoom.crop, zoom.feather, zoom.engine, zoom.reverse = 0.65, 0.125, "eevee", True
    zoom.is_factor_measured, zoom.zoom_factor, zoom.target = False, 1.75, (0.25, 0.5)
    assert operators.ever_zoom.add_preset(name="My Way 1.75x") == {"FINISHED"}
    (file,) = users_folder.rglob("*.py")
    assert file.parent == users_folder / "presets" / "ever_zoom"
    text = file.read_text("utf-8")
    assert "zoom.crop = 0.65\n" in text
    assert "folder" not in text and "start_frame" not in text and "target" not in text
    bpy.ops.wm.read_factory_settings(use_empty=True)
    zoom = group()
    zoom.start_frame = 17
    assert operators.ever_zoom.use_preset(filepath=str(file)) == {"FINISHED"}
    assert (zoom.crop, zoom.feather) == pytest.approx((0.65, 0.125))
    assert (zoom.engine, zoom.reverse, zoom.zoom_factor) == ("eevee", True, 1.75)
    assert zoom.start_frame == 17
    exec(text, {})  # as Blender itself would
    assert operators.ever_zoom.add_preset(name=bpy.path.display_name(file.stem), remove_name=True)
    assert not file.exists()


@pytest.mark.skipif(os.name != "posix", reason="does not apply: no such files there")
def test_a_preset_is_written_where_its_link_leads(
    addon: None, users_folder: Path, tmp_path: Path
) -> None:
    folder = users_folder / "presets" / "ever_zoom"
    folder.mkdir(parents=True)
    (folder / "mine.py").symlink_to(tmp_path / "real.py")
    assert operators.ever_zoom.add_preset(name="mine") == {"FINISHED"}
    assert (folder / "mine.py").readlink() == tmp_path / "real.py"
    assert "zoom.crop = 0.8\n" in (tmp_path / "real.py").read_text("utf-8")
    (folder / "lost.py").symlink_to(tmp_path / "missing" / "real.py")
    with pytest.raises(RuntimeError, match=r"lost\.py cannot be written .*missing"):
        operators.ever_zoom.add_preset(name="lost")


def test_a_preset_is_of_the_zoom_that_is_shown(
    addon: None, users_folder: Path, tmp_path: Path
) -> None:
    control = build(tmp_path / "series")
    control.ever_zoom.crop = 0.35
    operators.ever_zoom.add_preset(name="shown")
    (file,) = users_folder.rglob("*.py")
    assert "zoom.crop = 0.35\n" in file.read_text("utf-8")


def test_the_presets_are_offered(addon: None, users_folder: Path) -> None:
    buttons = draw_panel("EVERZOOM_PT_presets").buttons
    assert buttons.count("ever_zoom.use_preset") == 4
    assert buttons.count("ever_zoom.add_preset") == 1
    operators.ever_zoom.add_preset(name="mine")
    buttons = draw_panel("EVERZOOM_PT_presets").buttons
    assert buttons.count("ever_zoom.use_preset") == 5
    assert buttons.count("ever_zoom.add_preset") == 2  # to remove it, and to add another


@pytest.mark.parametrize(
    "text",
    [
        "zoom.crop = 0.5\nzoom.no_such_thing = 3\nzoom.engine = 'renderman'\nzoom.zoom_steps = 'x'",
        "import os\nzoom.crop = 0.5\nos.mkdir('never')\nzoom.reverse = bool(1)",
        "zoom.crop = 0.5\nzoom.folder = '/elsewhere'\nzoom.start_frame = 9\nzoom.crop.x = 1\n",
    ],
)
def test_another_versions_preset_is_used_as_far_as_it_goes(
    addon: None, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "other.py"
    file.write_text(text)
    assert operators.ever_zoom.use_preset(filepath=str(file)) == {"FINISHED"}
    zoom = group()
    assert zoom.crop == pytest.approx(0.5)
    assert (zoom.engine, zoom.reverse, zoom.start_frame, zoom.folder) == ("cycles", False, 1, "")
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("content", [b"zoom.crop = (", b"\xff\xfe\x00", None])
def test_a_broken_preset_says_so(addon: None, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "broken.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RuntimeError, match="remove it and make it again"):
        operators.ever_zoom.use_preset(filepath=str(file))
    with pytest.raises(RuntimeError, match="choose one from the list"):
        operators.ever_zoom.use_preset(name="Photoshop")
