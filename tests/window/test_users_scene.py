"""The user's own scene beside a zoom, and another zoom, in the real window."""

from __future__ import annotations

import shutil
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
SHOWN = "bpy.context.window_manager.windows[0].scene.name"


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
    assert zoom != mine and window.ask(LOOK)[:2] == ["CAMERA", "MATERIAL"]
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
