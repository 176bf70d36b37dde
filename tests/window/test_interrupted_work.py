"""Long work whose window, file or add-on goes away, in the real window: nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .driver import CONTROLS, EVERYTHING, WORK, WORKING, Window
from .nested import NestedSeries, Pixels

MODULE = "bl_ext.user_default.ai_ever_zoom"
STARTED = f"{WORKING} and 0 < {WORK}.fraction < 0.5"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> NestedSeries:
    """Takes some time to analyse."""
    return NestedSeries(tmp_path_factory.mktemp("long"), count=16, side=1024, factor=1.25)


def start_work(window: Window, folder: Path) -> None:
    """Begin to build in the window, which compares every image with every other."""
    window.open_sidebar("Ever Zoom")
    window.ask(f"g = bpy.context.scene.ever_zoom; g.folder = {str(folder)!r}")
    window.click(window.find("ever_zoom.build("))
    window.wait_until(STARTED)


def status_bar(window: Window) -> Pixels:
    """The lower edge of the main window, where Blender says what is going on."""
    width = window.blender.size[0]
    return window.pixels((0, 0, width * 0.5, 20))


def disable(window: Window) -> None:
    window.ask(f"__import__('addon_utils').disable({MODULE!r})")
    window.ask(f"__import__('addon_utils').enable({MODULE!r})")


def open_another_file(window: Window) -> None:
    window.ask("bpy.ops.wm.read_homefile(app_template='')")


def press_escape(window: Window) -> None:
    window.hover(window.middle(), "key", "Escape")


@pytest.mark.parametrize("interrupt", [disable, open_another_file, press_escape])
def test_nothing_is_left_of_interrupted_work(
    window: Window,
    series: NestedSeries,
    long: NestedSeries,
    interrupt: Callable[[Window], None],
) -> None:
    everything = window.ask(EVERYTHING)
    window.hover(window.middle())
    calm = status_bar(window)
    start_work(window, long.folder)
    window.hover(window.middle())
    window.picture("working")
    assert not np.array_equal(status_bar(window), calm)
    interrupt(window)
    assert not window.ask(WORKING)
    window.hover(window.middle())
    window.picture("interrupted")
    assert window.ask(EVERYTHING) == everything
    assert window.ask("bpy.ops.ever_zoom.build.poll()")
    for _ in range(60):  # a report is shown there for a while
        if np.array_equal(status_bar(window), calm):
            break
        time.sleep(0.5)
    assert np.array_equal(status_bar(window), calm)
    window.open_sidebar("Ever Zoom")  # another file has its own
    window.ask(f"bpy.context.scene.ever_zoom.folder = {str(series.folder)!r}")
    window.click(window.find("ever_zoom.build("))  # nothing is in its way
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)


def test_undo_while_it_works_takes_back_what_was_done_before(
    window: Window, tmp_path: Path
) -> None:
    """The work goes on, and builds into what is there then."""
    window.ask(
        "bpy.ops.ed.undo_push(message='before')\n"
        "bpy.context.scene.collection.objects.link(bpy.data.objects.new('later', None))\n"
        "bpy.ops.ed.undo_push(message='after')"
    )
    start_work(window, NestedSeries(tmp_path / "six", count=6, side=1024).folder)
    window.hover(window.middle(), "key", "ctrl+z")
    window.wait_until("'later' not in bpy.data.objects")
    assert window.ask(WORKING)
    window.wait_until(f"not {WORKING}", 400)
    window.picture("undone-meanwhile")
    assert window.ask(CONTROLS)
    assert "later" not in window.ask(EVERYTHING)["objects"]


def test_the_window_it_works_in_is_closed(
    window: Window, series: NestedSeries, long: NestedSeries
) -> None:
    window.ask("bpy.ops.wm.window_new_main()")
    start = (
        "w = bpy.context.window_manager.windows[-1]\n"
        "bpy.context.scene.ever_zoom.folder = " + repr(str(long.folder)) + "\n"
        "with bpy.context.temp_override(window=w):\n"
        "    bpy.ops.ever_zoom.build('INVOKE_DEFAULT')"
    )
    window.ask(start)
    window.wait_until(STARTED)
    window.ask(
        "w = bpy.context.window_manager.windows[-1]\n"
        "with bpy.context.temp_override(window=w):\n"
        "    bpy.ops.wm.window_close()"
    )
    window.wait_until("len(bpy.context.window_manager.windows) == 1")
    assert not window.ask(WORKING)
    assert not window.ask(CONTROLS)
    window.build(series.folder)
