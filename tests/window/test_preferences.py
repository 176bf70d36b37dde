"""The add-on's preferences and shortcuts in the real window, and what a new zoom takes of them."""

from __future__ import annotations

import pytest

from .driver import CONTROLS, WORKING, Window, has_area
from .nested import NestedSeries

PACKAGE = "bl_ext.user_default.ai_ever_zoom"
PREFERENCES = f"bpy.context.preferences.addons[{PACKAGE!r}].preferences"
SETTINGS = "bpy.context.scene.ever_zoom"
GPU = "Maker's Best GPU"


@pytest.mark.newest
def test_a_new_zoom_takes_them_and_keys_build_and_play_it(
    window: Window, series: NestedSeries
) -> None:
    assert window.ask(f"{SETTINGS}.engine") == "cycles"  # this machine draws by software
    gpu = f"sys.modules['{PACKAGE}.scene.output.gpu']"
    window.ask(f"{gpu}.gpu_name = lambda: {GPU!r}")
    assert window.ask(f"{SETTINGS}.engine") == "eevee"

    # As "Preferences" of the extension in Blender's own list opens them.
    window.ask(f"bpy.ops.preferences.addon_show(module={PACKAGE!r})")
    window.wait_until(has_area("PREFERENCES"))
    window.enter(window.find("zoom_steps", "PREFERENCES", "WINDOW"), "7", "PREFERENCES")
    window.wait_until(f"{SETTINGS}.zoom_steps == 7")
    window.picture("preferences")
    window.ask(f"{PREFERENCES}.engine = 'workbench'; {PREFERENCES}.output_name = 'my {{folder}}'")
    window.ask(
        "with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):\n"
        "    bpy.ops.wm.window_close()"
    )
    window.wait_until(f"not {has_area('PREFERENCES')}")

    window.ask(f"{SETTINGS}.folder = {str(series.folder)!r}")
    window.hover(window.middle(), "key", "shift+alt+b")
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)
    assert window.ask(f"{SETTINGS}.engine, {SETTINGS}.zoom_steps") == ["workbench", 7]
    video = series.folder / f"my {series.folder.name}.mp4"
    assert window.ask("bpy.context.scene.render.filepath") == str(video)
    for is_playing in ("", "not "):
        window.hover(window.middle(), "key", "shift+alt+p")
        window.wait_until(f"{is_playing}bpy.context.screen.is_animation_playing", 60)
    window.ask(f"{PREFERENCES}.zoom_steps = 9; {PREFERENCES}.engine = 'cycles'")
    assert window.ask(f"{SETTINGS}.engine, {SETTINGS}.zoom_steps") == ["workbench", 7]
