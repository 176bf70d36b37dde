"""What the tests in Blender share. Touches bpy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

# As the command line has it: in software OpenGL the anisotropic filter blurs pictures at their own
# size. Mesa reads it when OpenGL is first used, so it must not depend on which test comes first.
os.environ.setdefault(
    "MESA_EXTENSION_OVERRIDE",
    "-GL_EXT_texture_filter_anisotropic -GL_ARB_texture_filter_anisotropic",
)

import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.scene.strips.pictures import session_folder
from tests.scene.command import Ran, Run, make_series

bpy.context.preferences.is_dirty = True  # the first test takes none that are saved on this machine


@pytest.fixture(autouse=True)
def fresh_file() -> None:
    """Every test starts in a new, empty file with factory settings: one process runs them all."""
    if bpy.context.preferences.is_dirty:  # somebody has changed them
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.context.preferences.is_dirty = False
    else:  # preferences and Blender's own add-ons take five times as long as the file
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    shutil.rmtree(session_folder(), ignore_errors=True)


@pytest.fixture
def addon(fresh_file: None) -> Iterator[None]:
    """The add-on's window half is there."""
    ai_ever_zoom_addon.register()
    yield
    ai_ever_zoom_addon.unregister()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command line in an empty folder of its own, `here`."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run_(*arguments: object) -> Ran:
        capfd.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        printed, errors = capfd.readouterr()
        assert "Traceback" not in printed + errors
        assert errors.count("\n") == (status != 0)  # why nothing came of it, and nothing else
        return Ran(status, [*printed.splitlines(), *errors.splitlines()])

    return run_


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A folder of three images."""
    return make_series(tmp_path / "series")
