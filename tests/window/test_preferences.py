"""The add-on's preferences and shortcuts in the real window, and what a new zoom takes of them."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from .driver import CONTROLS, WORKING, Window, has_area
from .nested import NestedSeries

# What would open the browser.
NO_BROWSER = """
import webbrowser
sys.opened = []
webbrowser.open = lambda address, *_: sys.opened.append(address)
"""
PACKAGE = "bl_ext.user_default.ai_ever_zoom"
PREFERENCES = f"bpy.context.preferences.addons[{PACKAGE!r}].preferences"
SETTINGS = "bpy.context.scene.ever_zoom"
GPU = "Maker's Best GPU"


def test_help_opens_the_guide_at_the_passage(window: Window) -> None:
    window.ask(NO_BROWSER)
    opened: list[str] = []

    def is_opened(page: str) -> None:
        address = window.wait_until(f"sys.opened[{len(opened)}:]")[0]
        opened.append(address)
        assert address.startswith("file:///") and address.endswith(f"/guide/{page}")
        path = url2pathname(urlsplit(address).path)
        assert window.ask(f"__import__('os').path.isfile({path!r})")

    window.open_sidebar("Ever Zoom")
    for button, page in (
        ("folder", "go/panel/before-a-zoom-is-there.html"),
        ("ever_zoom.sample(", "go/panel/before-a-zoom-is-there.html"),
        ("zoom_steps", "go/timing-and-camera/how-long.html"),
    ):
        window.hover(window.find(button), "key", "67")  # F1; a key code for xdotool
        is_opened(page)
    # What "Online Manual" in a button's own menu does.
    window.ask("bpy.ops.wm.doc_view_manual(doc_id='ever_zoom.contact_sheet')")
    is_opened("go/panel/seams.html")
    window.ask(f"bpy.ops.preferences.addon_show(module={PACKAGE!r})")
    window.wait_until(has_area("PREFERENCES"))
    window.click(window.find("index.html", "PREFERENCES", "WINDOW"), "PREFERENCES")
    is_opened("index.html")


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
