"""Blender's own render, from the panel's button: other runs, and files that change. Touches bpy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.files.frames_note import NOTE, FramesNote
from ai_ever_zoom_addon.core.files.locking import take
from ai_ever_zoom_addon.core.files.writing import lock_of
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from tests.scene.room import make_zoom

operators: Any = bpy.ops
every_output = pytest.mark.parametrize("name", ["out/", "zoom.mp4"])


@pytest.fixture
def output(addon: None, tmp_path: Path, name: str) -> Path:
    """Where a zoom is going to be rendered."""
    make_zoom(tmp_path / "images", bpy.context.scene)
    output_settings.set_output(bpy.context.scene, f"{tmp_path}/{name}")
    return tmp_path / name


def lock_for(output: Path) -> Path:
    return lock_of(output) if output.suffix else output / rendering.FRAMES_LOCK


@every_output
def test_what_another_run_writes_is_left_to_it(output: Path) -> None:
    lock_for(output).parent.mkdir(exist_ok=True)
    lock = take(lock_for(output))
    assert lock is not None
    with pytest.raises(RuntimeError, match=f"Another run is writing {output}: wait until it has"):
        operators.ever_zoom.render()
    lock.release()
    assert operators.ever_zoom.render() == {"FINISHED"}


@every_output
def test_other_runs_leave_it_alone_until_it_ends(output: Path) -> None:
    said = []

    def ask(*_: Any) -> None:
        with pytest.raises(EverZoomError) as raised:
            rendering.check_output(str(output))
        said.append(str(raised.value))

    bpy.app.handlers.render_write.append(ask)
    assert operators.ever_zoom.render() == {"FINISHED"}
    bpy.app.handlers.render_write.remove(ask)
    assert said and all(text.startswith(f"Another run is writing {output}: ") for text in said)
    rendering.check_output(str(output))
    assert not lock_for(output).exists()
    for handlers in (bpy.app.handlers.render_complete, bpy.app.handlers.render_cancel):
        assert not any("watching" in item.__module__ for item in handlers)


@every_output
def test_an_image_that_changes_meanwhile_is_named(
    output: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = min((tmp_path / "images").glob("*.png"))

    def change(*_: Any) -> None:
        os.utime(image, (1, 1))

    assert operators.ever_zoom.render() == {"FINISHED"}
    assert "changed" not in capfd.readouterr().out
    bpy.app.handlers.render_write.append(change)
    assert operators.ever_zoom.render() == {"FINISHED"}
    bpy.app.handlers.render_write.remove(change)
    assert f"AI Ever Zoom: {image.name} changed while the zoom was made" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["out/"])
def test_frames_are_no_more_those_that_a_note_tells_of(output: Path) -> None:
    output.mkdir()
    FramesNote({}, frozenset(range(9))).write(output)
    assert operators.ever_zoom.render() == {"FINISHED"}
    assert not (output / NOTE).exists()
