"""The add-on in the real window, right after its installation."""

from __future__ import annotations

from .driver import Window


def test_the_sidebar_has_the_tab(window: Window) -> None:
    window.open_sidebar("Ever Zoom")
    assert any("ever_zoom" in identity for identity in window.buttons("bpy.ops.ever_zoom."))
    assert "Traceback" not in window.blender.log()
