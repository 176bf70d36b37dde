"""Render in the Background in the real window, which stays free: progress, pause, cancel, end."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest

from .driver import Place, Window
from .nested import NestedSeries, likeness

BACKGROUND = "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.background'].Background.running"
RUNNING = f"({BACKGROUND} is not None)"
FRACTION = f"{BACKGROUND}.fraction"
STEPS = 6
SAME = 0.95


def place_of(window: Window, name: str) -> Place:
    """Where a button is; Blender, which has much to do, gets time to notice the mouse."""
    (place,) = (at for button, at in window.buttons(name, patience=10).items() if name in button)
    return place


@pytest.mark.newest
def test_the_window_is_free_meanwhile(window: Window, tmp_path: Path) -> None:
    series = NestedSeries(tmp_path / "series")
    window.build(series.folder)
    window.ask(f"g = bpy.context.scene.ever_zoom; g.zoom_steps = {STEPS}; g.feather = 0.0")
    video = tmp_path / "out" / "zoom.mp4"
    window.ask(f"bpy.context.scene.render.filepath = {str(video)!r}")
    last = (series.count - 1) * STEPS + 1
    window.wait_until(f"bpy.context.scene.frame_end == {last}")
    button = place_of(window, "ever_zoom.render_background(")

    # What is changed meanwhile is not in the video.
    window.click(button)
    window.wait_until(RUNNING)
    window.picture("rendering")
    assert window.ask(f"{BACKGROUND}.output == __import__('pathlib').Path({str(video)!r})")
    window.enter(window.find("zoom_steps"), "300")
    window.ask("bpy.context.scene.ever_zoom.crop = 0.4")
    window.wait_until(f"not {RUNNING}", 180)
    window.find("ever_zoom.play_rendered(")
    window.picture("rendered")
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == last
    for number, frame in enumerate(frames):
        truth = series.view(number / STEPS, 0.8, frame.shape[0])
        assert likeness(np.asarray(frame, np.uint8), truth) > SAME, number
    assert [file.name for file in video.parent.iterdir()] == ["zoom.mp4"]

    # 901 frames now: it waits where it is, goes on, and is given up.
    before = video.read_bytes()
    window.click(button)
    window.press("Return")  # whether the video is to be replaced
    window.wait_until(f"{RUNNING} and {FRACTION} > 0", 120)
    left, _, width, _ = window.region("VIEW_3D", "UI")
    pause, cancel = (left + width - 70, button[1]), (left + width - 48, button[1])
    window.click(pause)
    assert window.ask(f"{BACKGROUND}.is_paused")
    time.sleep(3)
    fraction = window.ask(FRACTION)
    window.picture("paused")
    time.sleep(2)
    assert window.ask(FRACTION) == fraction
    window.click(pause)
    window.wait_until(f"{FRACTION} > {fraction}", 60)
    window.click(cancel)
    assert not window.ask(RUNNING)
    window.picture("cancelled")
    assert [file.name for file in video.parent.iterdir()] == ["zoom.mp4"]
    assert video.read_bytes() == before
