"""What the panels say in another language: nothing of it is left in English. Touches bpy."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.ui import languages
from ai_ever_zoom_addon.ui.seams import EVERZOOM_OT_take_crop
from ai_ever_zoom_addon.ui.text import lines as text_lines

from .drawing import Layout, draw_panels
from .nested import write_series

pytestmark = pytest.mark.newest

operators: Any = bpy.ops


def dotted(template: str, **_: Any) -> str:
    """A template in a language of dots, with its places."""
    return re.sub(
        r"\{[^}]*\}|[A-Za-z]", lambda found: found[0] if found[0][0] == "{" else "·", template
    )


def test_whatever_is_put_together_is_translated(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Blender translates by itself holds neither figures nor names: it would not be found."""
    left: set[str] = set()

    def listening(write: Any) -> Any:
        def listen(self: Layout, *given: Any, **options: Any) -> Any:
            text, is_plain = options.get("text", ""), options.get("translate", True)
            if re.search(r"\d|\.png", text) if is_plain else re.search("[A-Za-z]{2}", text):
                left.add(text)
            return write(self, *given, **options)

        return listen

    for name in ("label", "operator", "prop", "progress"):
        monkeypatch.setattr(Layout, name, listening(getattr(Layout, name)))
    spoken = dict.fromkeys(("pgettext_iface", "pgettext_rpt", "pgettext_tip"), dotted)
    monkeypatch.setattr(languages, "translations", SimpleNamespace(**spoken))
    group: Any = bpy.context.scene.ever_zoom
    (tmp_path / "pictures").mkdir()
    write_series(tmp_path / "pictures")
    group.folder = str(tmp_path / "pictures")
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    operators.ever_zoom.build()
    operators.ever_zoom.add_flash()
    operators.ever_zoom.add_compositing()
    operators.ever_zoom.seam_check()
    group.align = True  # waits for a build
    group.travel = "loop"
    group.delay = 1.0  # of which a loop has none
    draw_panels()
    without_names = {re.sub(r"\ba_\d(\.png)?|px", "", text) for text in left}
    assert {text for text in without_names if re.search("[A-Za-z]{2}", text)} == set()


def test_a_crop_says_for_which_images_it_is_taken(addon: None) -> None:
    given = bpy.context.window_manager.operator_properties_last("ever_zoom.take_crop")
    given.is_of_one = True
    assert "this image alone" in EVERZOOM_OT_take_crop.description(bpy.context, given)
    given.is_of_one = False
    assert "for all images" in EVERZOOM_OT_take_crop.description(bpy.context, given)


@pytest.mark.parametrize("language", ["ja", "zh_HANS"])
def test_no_line_begins_or_ends_with_a_mark_of_the_others(language: str) -> None:
    """As printers have it there: no line begins with a full stop, and none ends with a bracket."""
    for text in languages.read(languages.FOLDER / f"{language}.json").values():
        lines = text_lines(bpy.context, text, 150.0)
        assert "".join("".join(lines).split()) == "".join(text.split())
        for before, after in itertools.pairwise(lines):
            assert (
                after[0]
                not in "\uff0c\u3001\uff0e\u3002\uff1a\uff1b\uff1f\u300d\uff09\u201d\u3005\u30fc"
            ), text
            assert before[-1] not in "\u300c\uff08\u201c", text
