"""What a person does first: install the zip, build, look, play, change a value, render."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from .conftest import started_window
from .driver import Blender, Window, has_area
from .nested import NestedSeries, likeness

MOST_CLICKS = 6
CROP = 0.8  # a new zoom's
SAME, OTHER = 0.95, 0.8  # likeness of the same view, and the most of another one


@pytest.fixture
def fresh_window(
    make_blender: Callable[[], Blender], picture_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    """A Blender in which nothing is installed."""
    yield from started_window(make_blender(), picture_folder, request)


def test_from_the_zip_to_the_video(
    fresh_window: Window, extension_zip: Path, tmp_path: Path
) -> None:
    window, series = fresh_window, NestedSeries(tmp_path / "series")
    install(window, extension_zip)

    window.clicks = 0
    window.build(series.folder)
    must_show(window, series, 0.0, CROP)
    window.picture("built")
    play = window.find("ever_zoom.preview(")
    window.click(play)
    window.wait_until("bpy.context.screen.is_animation_playing")
    assert window.clicks <= MOST_CLICKS
    window.wait_until("bpy.context.scene.frame_current > 1", 120)
    window.picture("playing")
    window.click(play)
    window.wait_until("not bpy.context.screen.is_animation_playing")

    steps = 60
    window.ask("bpy.context.scene.frame_set(91)")
    must_show(window, series, 90 / steps, CROP)
    window.picture("later")

    steps = 4
    window.enter(window.find("zoom_steps"), str(steps))
    window.wait_until(f"bpy.context.scene.frame_end == {(series.count - 1) * steps + 1}")
    window.ask("bpy.context.scene.frame_set(3)")
    must_show(window, series, 2 / steps, CROP)
    window.scroll(12)
    window.enter(window.find("crop"), "0.5")
    must_show(window, series, 2 / steps, 0.5)
    window.picture("cropped")
    window.scroll(-30)

    video = series.folder / f"{series.folder.name}_zoom.mp4"
    assert Path(window.ask("bpy.context.scene.render.filepath")) == video
    window.click(window.find("ever_zoom.render("))
    window.wait_until(f"__import__('os').path.exists({str(video)!r})")
    window.wait_until("not bpy.app.is_job_running('RENDER')", 180)
    window.picture("rendered")
    ended = "bpy.app.handlers.render_complete"  # nobody watches over the render any more
    window.wait_until(f"not any('watching' in item.__module__ for item in {ended})")
    # It plays while it loads: the index is moved to the front.
    window.wait_until(f"b'moov' in open({str(video)!r}, 'rb').read(200)")
    assert not list(series.folder.glob(".*.lock"))
    close(window, "IMAGE_EDITOR")  # which may lie over the panel
    for button in ("ever_zoom.play_rendered(", "ever_zoom.open_folder("):
        window.find(button)
    window.picture("saved")
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == (series.count - 1) * steps + 1
    for number, frame in enumerate(frames):
        assert frame.shape == (128, 128, 3)
        assert likeness(np.asarray(frame, np.uint8), series.view(number / steps, 0.5, 128)) > SAME

    written = video.stat().st_mtime_ns
    window.click(window.find("ever_zoom.render("))
    window.picture("replace")
    window.press("Escape")
    assert not window.ask("bpy.app.is_job_running('RENDER')")
    assert video.stat().st_mtime_ns == written
    window.click(window.find("ever_zoom.render("))
    window.press("Return")
    window.wait_until("bpy.app.is_job_running('RENDER')", 60)
    window.wait_until("not bpy.app.is_job_running('RENDER')", 180)
    assert video.stat().st_mtime_ns > written


def install(window: Window, zip_path: Path) -> None:
    """Edit > Preferences > Get Extensions > Install from Disk."""
    window.hover(window.middle(), "key", "ctrl+comma")
    window.wait_until(has_area("PREFERENCES"))
    _, _, _, height = window.region("PREFERENCES")
    for down in range(50, height, 20):  # the sections' buttons cannot be told from each other
        if window.ask("bpy.context.preferences.active_section") == "EXTENSIONS":
            break
        window.click((80, height - down), "PREFERENCES")
    x, y, width, height = window.region("PREFERENCES")
    window.click((x + width - 20, y + height - 18), "PREFERENCES")  # the arrow at the top right
    window.picture("menu")
    window.press("Up", "Return")  # the last entry
    browser = "FILE_BROWSER"
    window.open_folder(zip_path.parent)
    window.press("Down")  # the only file there
    chosen = "[a.spaces.active.params.filename for w in bpy.context.window_manager.windows"
    chosen += f" for a in w.screen.areas if a.type == {browser!r}] == [{zip_path.name!r}]"
    window.wait_until(chosen)
    window.picture("zip")
    window.click(window.find("file.execute(", browser, "EXECUTE"), browser)
    window.wait_until("hasattr(bpy.types, 'EVERZOOM_PT_main')")
    window.picture("installed")
    close(window, "PREFERENCES")


def close(window: Window, area: str) -> None:
    """Close the window that has such an area."""
    window.hover(window.middle(area), "key", "alt+F4", area=area)
    window.wait_until(f"not {has_area(area)}")


def must_show(window: Window, series: NestedSeries, level: float, crop: float) -> None:
    """Wait until the camera's view shows what it must, as soon as shaders are compiled."""
    deadline = time.monotonic() + 180
    while True:
        seen = window.pixels(window.camera_frame())
        found = likeness(seen, series.view(level, crop, 256))
        if found > SAME:
            break
        if time.monotonic() > deadline:
            window.picture("not-the-view")
            pytest.fail(f"the view is not that of level {level}, crop {crop}: {found:.2f} is alike")
        time.sleep(0.3)
    for other_level, other_crop in ((level + 0.2, crop), (level, crop + 0.1)):
        assert likeness(seen, series.view(other_level, other_crop, 256)) < OTHER
