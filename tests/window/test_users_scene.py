"""The user's own scene beside a zoom, and another zoom, in the real window."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from .driver import CONTROLS, WORKING, Window, has_area
from .nested import NestedSeries
from .test_images_list import in_the_view

LOOK = (
    "[(s.region_3d.view_perspective, s.shading.type, *(round(part, 3) for part in"
    " s.region_3d.view_rotation)) for a in bpy.context.window_manager.windows[0]"
    ".screen.areas if a.type == 'VIEW_3D' for s in [a.spaces.active]][0]"
)
FOLDERS = "[o.ever_zoom.folder for o in bpy.data.objects if o.get('ever_zoom_role') == 'control']"
SEEN = (  # the first and the last frame in the timeline's view
    "[r.view2d.region_to_view(x, 0)[0] for a in bpy.context.window_manager.windows[0].screen.areas"
    " if a.ui_type == 'TIMELINE' for r in a.regions if r.type == 'WINDOW' for x in (0, r.width)]"
)
SHOWN = "bpy.context.window_manager.windows[0].scene.name"


def timeline_follows(window: Window) -> None:
    """It shows all frames again when these change, unless one looks at a part of them."""

    def has_all(count: int) -> str:
        return f"(lambda left, right: left <= 1 and {count} <= right < 2 * {count})(*{SEEN})"

    steps = "bpy.context.window_manager.windows[0].scene.ever_zoom.zoom_steps"
    assert window.ask(has_all(181))
    for number in (100, 200, 300):  # as by a slider
        window.ask(f"{steps} = {number}")
    window.wait_until(has_all(901))
    window.ask(f"{steps} = 60")
    window.wait_until(has_all(181))
    window.hover(window.middle("DOPESHEET_EDITOR"), *("click", "4") * 3)
    window.wait_until(f"{SEEN}[1] < 181")
    time.sleep(0.5)  # it glides
    seen = window.ask(SEEN)
    window.ask(f"{steps} = 90")
    time.sleep(1.0)
    assert window.ask(SEEN) == seen
    window.ask(f"{steps} = 60")


def test_the_way_back_and_another_zoom(
    window: Window, series: NestedSeries, tmp_path: Path
) -> None:
    mine, before = window.ask(SHOWN), window.ask(LOOK)
    window.open_sidebar("Ever Zoom")
    window.enter(window.find("folder"), str(series.folder))
    window.picture("start")
    window.click(window.find("is_here=True"))
    window.picture("here")  # what would be changed
    window.press("Escape")
    window.click(window.find("ever_zoom.build()"))
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)
    zoom = window.ask(SHOWN)
    assert zoom == series.folder.name != mine
    timeline_follows(window)
    assert window.ask(LOOK)[:2] == ["CAMERA", "MATERIAL"]
    window.picture("built")

    window.ask(f"bpy.context.window_manager.windows[0].scene = bpy.data.scenes[{mine!r}]")
    window.wait_until(f"{LOOK} == {tuple(before)!r}")
    window.picture("back")
    window.click(window.find("ever_zoom.show_zoom("))
    window.wait_until(f"{SHOWN} == {zoom!r} and {LOOK}[:2] == ('CAMERA', 'MATERIAL')")

    other = Path(shutil.copytree(series.folder, window.blender.folder / "other series"))
    in_the_view(window, "bpy.ops.ever_zoom.build('INVOKE_DEFAULT', is_new=True)")
    window.wait_until(has_area("FILE_BROWSER"))
    window.open_folder(other)
    window.picture("another")
    window.click(window.find("file.execute(", "FILE_BROWSER", "EXECUTE"), "FILE_BROWSER")
    window.wait_until(f"{SHOWN} not in {[mine, zoom]!r} and not {WORKING}", 120)
    folders = window.ask(FOLDERS)
    assert {folder.rstrip("/") for folder in folders} == {str(series.folder), str(other)}
    window.picture("both")
