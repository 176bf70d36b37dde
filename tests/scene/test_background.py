"""Render in the Background, without a window: what comes of it, and what is left. Touches bpy."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon.core.files.locking import take
from ai_ever_zoom_addon.core.files.video_file import put_index_first
from ai_ever_zoom_addon.core.files.writing import lock_of
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import recipe, zooms
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from ai_ever_zoom_addon.scene.output.background import BackgroundRender
from ai_ever_zoom_addon.scene.strips.strips import picture_files, picture_strips
from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui.background import Background, _tick
from tests.scene.room import LAST, make_zoom

operators: Any = bpy.ops
every_output = pytest.mark.parametrize("name", ["out", "zoom.mp4"])
pytestmark = pytest.mark.newest


@pytest.fixture(autouse=True)
def two_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine would carry."""
    monkeypatch.setattr(rendering, "suitable_jobs", lambda _, **__: 2)


@pytest.fixture
def scene(addon: None, tmp_path: Path) -> Any:
    scene: Any = bpy.context.scene
    make_zoom(tmp_path / "images", scene)
    return scene


def until(render: BackgroundRender, is_so: Callable[[], bool] = lambda: False) -> bool:
    """Let it work until something is so, or it is done; whether it is done."""
    end = time.monotonic() + 120
    while not is_so():
        if render.tick():
            return True
        time.sleep(0.01)
        assert time.monotonic() < end
    return False


def content(output: Path) -> dict[str, bytes]:
    files = sorted(output.iterdir()) if output.is_dir() else [output]
    return {file.name: file.read_bytes() for file in files}


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def jobs_left() -> list[Path]:
    there = Path(bpy.app.tempdir).iterdir()
    return [path for path in there if path.name.startswith(("jobs_", "tmp"))]


@every_output
@pytest.mark.parametrize("is_saved", [False, True])
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])
def test_it_is_what_render_animation_makes(
    addon: None, tmp_path: Path, name: str, is_saved: bool, engine: Engine
) -> None:
    """Of the file as it was when it began, whatever becomes of it meanwhile."""
    scene: Any = bpy.context.scene
    make_zoom(tmp_path / "images", scene, engine=engine)
    for strip in picture_strips(scene):  # whoever changes strips has them rendered as they are
        strip.color_saturation = 0.5
    if is_saved:
        operators.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    output_settings.set_output(scene, f"{'//' if is_saved else f'{tmp_path}/'}{name}")
    assert operators.ever_zoom.render() == {"FINISHED"}
    output = tmp_path / name
    if output.suffix:  # where Blender's own has its index last
        assert put_index_first(output)
    truth = content(output)
    assert len(truth) == (1 if output.suffix else LAST + 1)
    shutil.rmtree(output) if output.is_dir() else output.unlink()
    before = scene.render.filepath, [str(file) for file in picture_files(scene)]
    render = BackgroundRender(scene)
    assert (scene.render.filepath, [str(file) for file in picture_files(scene)]) == before
    for file in picture_files(scene):
        if file.parent.name != "images":
            file.unlink()
    operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert until(render)
    assert (render.output, render.notes) == (output, [])
    assert content(output) == truth
    assert jobs_left() == []


@every_output
def test_fast_2d_is_what_the_command_line_makes(addon: None, tmp_path: Path, name: str) -> None:
    """Sharper than Render Animation: each step's picture is drawn beforehand."""
    scene: Any = bpy.context.scene
    control = make_zoom(tmp_path / "images", scene, engine=Engine.SEQUENCER)
    series, settings = recipe.stored_series(control), recipe.stored_settings(control)
    output_settings.set_output(scene, f"{tmp_path}/{name}")
    output = tmp_path / name
    shown = list(picture_files(scene))
    assert until(BackgroundRender(scene))
    assert list(picture_files(scene)) == shown
    found = content(output)
    shutil.rmtree(output) if output.is_dir() else output.unlink()
    operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings, frames=range(LAST + 1))
    rendering.render_animation(scene, str(output), 0, LAST)
    assert content(output) == found
    assert jobs_left() == []


def test_a_video_that_could_become_another_one_is_made_by_one_process(
    scene: Any, tmp_path: Path
) -> None:
    output_settings.set_output(scene, f"{tmp_path}/zoom.mp4")
    scene.frame_step = 2
    assert operators.ever_zoom.render() == {"FINISHED"}
    assert put_index_first(tmp_path / "zoom.mp4")
    truth = content(tmp_path / "zoom.mp4")
    assert until(BackgroundRender(scene))
    assert content(tmp_path / "zoom.mp4") == truth


@every_output
def test_it_can_be_paused_and_given_up(scene: Any, tmp_path: Path, name: str) -> None:
    output_settings.set_output(scene, f"{tmp_path}/{name}")
    scene.frame_end = 500
    before = left(tmp_path)
    render = BackgroundRender(scene)
    assert not until(render, lambda: render.fraction > 0)
    render.pause(True)
    paused_at = time.monotonic() + 2
    assert not until(render, lambda: time.monotonic() > paused_at)
    fraction = render.fraction
    assert not until(render, lambda: time.monotonic() > paused_at + 1)
    assert render.fraction == fraction
    render.pause(False)
    assert not until(render, lambda: render.fraction > fraction)
    render.end()
    render.end()
    assert jobs_left() == []
    if name == "zoom.mp4":
        assert left(tmp_path) == before
    else:
        assert 1 < len(content(tmp_path / name)) < 500
        assert all(data.endswith(b"IEND\xaeB`\x82") for data in content(tmp_path / name).values())


@every_output
def test_others_keep_away_and_it_from_them(scene: Any, tmp_path: Path, name: str) -> None:
    output_settings.set_output(scene, f"{tmp_path}/{name}")
    render = BackgroundRender(scene)
    with pytest.raises(EverZoomError, match="Another run is writing"):
        BackgroundRender(scene)
    render.end()
    if name == "zoom.mp4":
        lock = take(lock_of(tmp_path / name))
        assert lock is not None
        with pytest.raises(EverZoomError, match="Another run is writing"):
            BackgroundRender(scene)
        lock.release()


def test_frames_that_are_there_are_kept_where_the_user_wants_it(scene: Any, tmp_path: Path) -> None:
    output_settings.set_output(scene, f"{tmp_path}/out")
    scene.render.use_overwrite = False
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "frame_00003.png").write_bytes(b"mine")
    assert until(BackgroundRender(scene))
    assert len(content(tmp_path / "out")) == LAST + 1
    assert content(tmp_path / "out")["frame_00003.png"] == b"mine"


def test_it_ends_with_the_add_on_and_leaves_no_timer(tmp_path: Path) -> None:
    ai_ever_zoom_addon.register()
    make_zoom(tmp_path / "images", bpy.context.scene)
    bpy.context.scene.render.filepath = str(tmp_path / "zoom.mp4")
    assert operators.ever_zoom.render_background() == {"FINISHED"}
    running = Background.running
    assert running is not None and bpy.app.timers.is_registered(_tick)
    ai_ever_zoom_addon.unregister()
    assert Background.running is None
    assert not bpy.app.timers.is_registered(_tick)
    assert left(tmp_path) == ["images"]


def test_what_it_cannot_do_is_said(scene: Any, tmp_path: Path) -> None:
    output_settings.set_output(scene, f"{tmp_path}/out")
    render = BackgroundRender(scene)
    for file in (tmp_path / "images").iterdir():
        file.unlink()
    with pytest.raises(EverZoomError, match="cannot be read any more: put it back"):
        until(render)
    assert jobs_left() == []


def test_the_pictures_of_steps_take_room_once(addon: None, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    make_zoom(tmp_path / "images", scene, engine=Engine.SEQUENCER, zoom_steps=250)
    output_settings.set_output(scene, f"{tmp_path}/zoom.mp4")
    shown = {file.name for file in picture_files(scene)}
    render = BackgroundRender(scene)
    assert not until(render, lambda: render.fraction > 0)
    there = [file.name for file in Path(bpy.app.tempdir).rglob("image_*.png")]
    there = [name for name in there if name not in shown]
    assert len(there) == len(set(there)) == 2  # of three images
    render.end()
    assert jobs_left() == []
