"""What the window says in each of its languages, and whether there is room for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import DOES_NOT_APPLY
from tools.languages import FOLDER, NAMES, WHOLE

from .driver import Window
from .nested import NestedSeries

# Draws all panels of the tab into one that is open, whether they are, and keeps what is in it:
# as a tree of rows, columns and buttons with the words on them. A panel is not made by Python, so
# something stands in for each that finds its methods.
DRAW_ALL = """
import bpy

class Drawn:
    def __init__(self, kind, layout):
        self.kind, self.layout = kind, layout
    @property
    def __class__(self):
        return self.kind
    def __getattr__(self, name):
        found = getattr(self.kind, name)
        return found.__get__(self) if callable(found) and not isinstance(found, type) else found

class EVERZOOM_PT_all(bpy.types.Panel):
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Tool"
    bl_label = ""
    def draw(self, context):
        kinds = [
            kind for kind in bpy.types.Panel.__subclasses__()
            if getattr(kind, "bl_category", "") == "Ever Zoom"
            and kind.__name__ != "EVERZOOM_PT_placing"
        ]
        for kind in kinds:
            if not hasattr(kind, "poll") or kind.poll(context):
                part = self.layout.column()
                part.label(text=kind.bl_label, text_ctxt=kind.bl_translation_context)
                Drawn(kind, part).draw(context)
        sys.drawn = context.region.width, self.layout.introspect()

bpy.utils.register_class(EVERZOOM_PT_all)
"""
CHOOSE = """
view = bpy.context.preferences.view
view.language = {locale!r}
view.use_translate_interface = view.use_translate_tooltips = view.use_translate_reports = True
sys.drawn = None
for area in bpy.context.window_manager.windows[0].screen.areas:
    for region in area.regions:
        region.tag_redraw()
"""
FILL = """
from types import SimpleNamespace
bpy.ops.ever_zoom.add_compositing()
for name in ("fade_in_title", "flash", "fireflies", "planet", "colour_accent"):
    getattr(bpy.ops.ever_zoom, "add_" + name)()
bpy.context.scene.ever_zoom.is_factor_measured = False
"""
WIDTHS = """
(lambda blf: [
    blf.size(0, bpy.context.preferences.ui_styles[0].widget.points
             * bpy.context.preferences.system.ui_scale),
    [blf.dimensions(0, text)[0] for text in {texts!r}],
][1])(__import__("blf"))
"""

# Pixels at the usual scale.
BORDERS = 30  # of the panel and its boxes, both sides together
ICON = 20
MARGIN = 8  # of the words on a button


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All buttons, labels and fields in a part of a layout."""
    if "items" not in node:
        yield node
    for child in node.get("items", ()):
        yield from leaves(child)


def words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]{4,}", text)}


@pytest.fixture
def filled(window: Window, series: NestedSeries) -> Window:
    """A window that shows a zoom with everything that has a line in the panel."""
    if tuple(window.ask("bpy.app.version")) >= (5, 0):
        pytest.skip(f"{DOES_NOT_APPLY}: Blender 5.2 ends when it is asked what a panel shows")
    window.build(series.folder)
    window.ask(FILL)
    window.ask(DRAW_ALL)
    window.open_sidebar("Tool")
    return window


def test_no_english_word_of_ours_is_left_and_none_is_cut(
    filled: Window, series: NestedSeries
) -> None:
    found: dict[str, list[str]] = {}
    for code, locale in WHOLE.items():
        texts = json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8"))
        filled.ask(CHOOSE.format(locale=locale))
        width, trees = filled.wait_until("sys.drawn")
        shown = [leaf for tree in trees for leaf in leaves(tree)]
        assert len(shown) > 150
        english = words(" ".join(texts)) - words(" ".join(texts.values())) - words(" ".join(NAMES))
        left = [
            said
            for leaf in shown
            for said in (leaf["draw_string"], leaf["tip"])
            if not said.startswith(str(series.folder))
            and (words(said) & english if said == leaf["draw_string"] else said in texts)
        ]
        if left:
            found[f"{code}: English"] = left
        cut = [text for tree in trees for text in too_long(filled, tree, width - BORDERS)]
        if cut:
            found[f"{code}: cut"] = cut
        assert any(too_long(filled, tree, width / 2) for tree in trees), "nothing is ever too long"
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


def too_long(window: Window, tree: dict[str, Any], width: float) -> list[str]:
    """Labels and buttons that have no room, in a part of a layout that is so many pixels wide."""
    texts = sorted({leaf["draw_string"] for leaf in leaves(tree)})
    measured = dict(zip(texts, window.ask(WIDTHS.format(texts=texts)), strict=True))

    def needed(node: dict[str, Any]) -> float:
        if "items" not in node:
            is_field = "rna" in node
            text = measured[node["draw_string"]]
            return ICON if is_field or not node["draw_string"] else text + MARGIN
        parts = [needed(child) for child in node["items"]]
        if node["type"] in ("LAYOUT_ROW", "LAYOUT_SPLIT"):
            return sum(parts)
        return max(parts, default=0.0)

    def look(node: dict[str, Any], room: float) -> Iterator[str]:
        children = node.get("items", [])
        if node["type"] == "LAYOUT_SPLIT" and len(children) == 2:  # a setting's name and field
            yield from look(children[0], 0.4 * room)
            yield from look(children[1], 0.6 * room)
        elif node["type"] == "LAYOUT_ROW":
            if needed(node) > room:
                together = " + ".join(leaf["draw_string"] for leaf in leaves(node))
                yield f"{together} ({needed(node):.0f} > {room:.0f})"
        elif children:
            for child in children:
                yield from look(child, room)
        elif needed(node) > room:
            yield f"{node['draw_string']} ({needed(node):.0f} > {room:.0f})"

    return list(look(tree, width))
