"""Building in the real window with engines that show the view in another way, or are the user's."""

from __future__ import annotations

from .driver import CONTROLS, WORKING, Window
from .nested import NestedSeries

SETTINGS = "bpy.context.scene.ever_zoom"


def build_with(window: Window, engine: str) -> None:
    window.ask(
        f"{SETTINGS}.engine = {engine!r}\n"
        "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
        "with bpy.context.temp_override(window=window, area=area, region=region):\n"
        "    bpy.ops.ever_zoom.build('INVOKE_DEFAULT')"
    )
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)


def test_with_workbench_and_with_the_users_own_settings(
    window: Window, series: NestedSeries
) -> None:
    window.ask(f"{SETTINGS}.folder = {str(series.folder)!r}")
    build_with(window, "workbench")
    assert window.ask("bpy.context.scene.render.engine") == "BLENDER_WORKBENCH"
    view = "find_region('VIEW_3D', 'WINDOW')[1].spaces.active"
    assert window.ask(f"{view}.shading.type") == "RENDERED"
    assert window.ask(f"{view}.region_3d.view_perspective") == "CAMERA"
    window.picture("workbench")

    # In a scene with other things, whose settings the zoom's own scene takes over.
    window.ask("bpy.context.window_manager.windows[0].scene = bpy.data.scenes['Scene']")
    window.ask("bpy.context.scene.view_settings.view_transform = 'Filmic'")
    window.ask("bpy.context.scene.render.filepath = '//mine.png'")
    window.ask(f"{SETTINGS}.folder = {str(series.folder)!r}")
    build_with(window, "keep")
    assert window.ask("bpy.context.scene.name") == f"{series.folder.name}.001"
    assert window.ask("bpy.context.scene.view_settings.view_transform") == "Filmic"
    # In the same place, but not over what the other scene renders.
    assert window.ask("bpy.context.scene.render.filepath") == f"//{series.folder.name}_zoom.png"
    assert window.ask("bpy.data.scenes['Scene'].render.filepath") == "//mine.png"
    window.picture("kept")
