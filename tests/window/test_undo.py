"""A build undone and done again in the real window."""

from __future__ import annotations

from typing import Any

from .driver import CONTROLS, EVERYTHING, Window
from .nested import NestedSeries

SHOWN = "[bpy.context.window_manager.windows[0].scene.name, bpy.context.active_object.name]"


def settled(window: Window, expression: str, wanted: Any) -> None:
    window.wait_until(f"({expression}) == {wanted!r}")


def test_a_build_can_be_undone_and_done_again(window: Window, series: NestedSeries) -> None:
    everything, shown = window.ask(EVERYTHING), window.ask(SHOWN)
    assert not window.ask(CONTROLS)

    window.build(series.folder)
    built, built_shown = window.ask(EVERYTHING), window.ask(SHOWN)
    assert {f"img{n}.png" for n in range(1, series.count + 1)} <= set(built["images"])
    window.picture("built")

    window.hover(window.middle())
    window.press("ctrl+z")
    settled(window, SHOWN, shown)
    assert window.ask(EVERYTHING) == everything
    window.picture("undone")
    assert window.ask("bpy.context.scene.ever_zoom.folder").rstrip("/") == str(series.folder)
    assert not window.ask(CONTROLS)

    window.hover(window.middle())
    window.press("ctrl+shift+z")
    settled(window, SHOWN, built_shown)
    assert window.ask(EVERYTHING) == built
    window.picture("done-again")
    images = window.ask("[row.name for row in bpy.context.active_object.ever_zoom.images]")
    assert images == [f"img{n}.png" for n in range(series.count, 0, -1)]
