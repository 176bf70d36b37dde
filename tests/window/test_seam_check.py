"""The seam check in the real window, by keys: what is drawn over the view, and that it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .driver import Window
from .nested import NestedSeries, Pixels, likeness
from .test_interrupted_work import status_bar

CHECK = "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.seams'].Check.running"
FRAME = "bpy.context.window_manager.windows[0].scene.frame_current"
FREE = (
    "list(sys.modules['bl_ext.user_default.ai_ever_zoom.ui.view']"
    ".free_part(find_region('VIEW_3D', 'WINDOW')[1])[1:])"
)


def drawn_over_the_view(window: Window) -> Pixels:
    """What is seen in the largest square in the middle of the view's free part."""
    left, right, bottom, top = window.ask(FREE)
    half = min(right - left, top - bottom) / 2
    x, y = (left + right) / 2, (bottom + top) / 2
    return window.pixels((x - half, y - half, x + half, y + half))


def wait_to_see(window: Window, is_it: Callable[[Pixels], bool]) -> None:
    """Wait until what is drawn over the view is what is wanted."""
    deadline = time.monotonic() + 120
    while not is_it(drawn_over_the_view(window)):
        if time.monotonic() > deadline:
            window.picture("not-seen")
            raise TimeoutError("the view does not show it")
        time.sleep(0.2)


def test_keys_go_from_join_to_join_and_nothing_stays(window: Window, tmp_path: Path) -> None:
    series = NestedSeries(tmp_path / "series")

    def shows(level: float) -> Callable[[Pixels], bool]:
        truth = series.view(level, 0.8, 512)
        return lambda seen: likeness(seen, truth) > 0.9

    window.build(series.folder)
    window.ask("bpy.context.window_manager.windows[0].scene.frame_set(30)")
    window.hover(window.middle())
    time.sleep(6.0)  # until the report of the build is gone
    calm = status_bar(window)
    window.ask(
        "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
        "with bpy.context.temp_override(window=window, area=area, region=region):\n"
        "    bpy.ops.ever_zoom.seam_check('INVOKE_DEFAULT')"
    )
    window.hover(window.middle())
    deadline = time.monotonic() + 30
    while np.array_equal(status_bar(window), calm):  # it names the keys
        assert time.monotonic() < deadline
        time.sleep(0.2)
    window.picture("seam-check")
    for number in range(3):
        window.wait_until(f"{CHECK}.number == {number}")
        level = window.ask(f"{CHECK}.join.level")
        assert number < level < number + 1
        wait_to_see(window, shows(level))
        window.press("Right")
    window.wait_until(f"{CHECK}.number == 0")
    window.press("Up")
    window.wait_until(f"{CHECK}.look == 'difference'")
    wait_to_see(window, lambda seen: seen.mean() < 30)  # the pictures are the same
    window.press("Escape")
    window.wait_until(f"{CHECK} is None")
    assert window.ask(FRAME) == 30
    deadline = time.monotonic() + 30
    while not np.array_equal(status_bar(window), calm):
        assert time.monotonic() < deadline, window.picture("status-bar")
        time.sleep(0.2)
    truth = series.view(29 / 60, 0.8, 512)
    deadline = time.monotonic() + 240  # shaders are compiled first
    while likeness(window.pixels(window.camera_frame()), truth) < 0.85:
        assert time.monotonic() < deadline, window.picture("not-the-view")
        time.sleep(0.5)
