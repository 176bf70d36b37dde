"""Remarks are one line that opens; each leads to its image, and can be dismissed for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.ui.images import EVERZOOM_OT_show_image
from ai_ever_zoom_addon.ui.remarking import remarks_of

from .drawing import Layout, draw_panel, shown_text
from .nested import write_image

pytestmark = pytest.mark.newest

operators: Any = bpy.ops
MAIN = "EVERZOOM_PT_main"


@pytest.fixture
def control(addon: None, tmp_path: Path) -> Any:
    """Of a series in a wrong order: one of three images is not found in the one before."""
    for number, depth in enumerate((0, 2, 1, 3)):
        write_image(tmp_path / f"a_{number}.png", depth)
    (tmp_path / "prompts.txt").write_text("a wood")
    (tmp_path / f"{tmp_path.name}_zoom.mp4").write_bytes(b"")  # its own video
    group: Any = bpy.context.scene.ever_zoom
    group.folder, group.order, group.zoom_steps = str(tmp_path), "outermost-first", 5
    operators.ever_zoom.build()
    (zoom,) = objects.controls(bpy.context.scene)
    return zoom


def remarks(control: Any) -> list[str]:
    """What they are about, in a word or two."""
    told, _ = remarks_of(bpy.context.scene, control)
    return [one.finding.kind if one.finding else one.text.split(":")[0] for one in told]


def about(control: Any, kind: str) -> str:
    told, _ = remarks_of(bpy.context.scene, control)
    return next(one.about for one in told if one.finding and one.finding.kind == kind)


def test_remarks_are_one_line_that_opens(control: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remarks(control) == ["shuffled-files", "not-found", "Skipped, no images"]
    assert "_zoom.mp4" not in shown_text() and "prompts.txt" in shown_text()
    monkeypatch.setattr(Layout, "is_all_open", False)
    seen = draw_panel(MAIN)
    assert "4 images, 3 remarks" in seen.texts
    assert "not found" not in " ".join(seen.texts) and "ever_zoom.dismiss" not in seen.buttons


def test_nothing_moves_play_and_render(control: Any) -> None:
    buttons = draw_panel(MAIN).buttons
    first = buttons.index("ever_zoom.dismiss")
    for name in ("preview", "render", "render_background", "use_image", "move_image"):
        assert buttons.index(f"ever_zoom.{name}") < first


def test_a_remark_leads_to_its_image(control: Any) -> None:
    assert "Go to a_2.png" in draw_panel(MAIN).button_texts
    operators.ever_zoom.show_image(row=2)
    assert control.ever_zoom.active_image == 2
    assert bpy.context.scene.frame_current == 1 + 2 * 5
    with pytest.raises(RuntimeError, match="no such image"):
        operators.ever_zoom.show_image(row=4)


def test_what_is_dismissed_does_not_come_again(control: Any, tmp_path: Path) -> None:
    operators.ever_zoom.dismiss(remark=about(control, "not-found"))
    kept = ["shuffled-files", "Skipped, no images"]
    assert remarks(control) == kept
    assert "4 images, 2 remarks" in shown_text()
    assert "Show 1 Dismissed" in draw_panel(MAIN).button_texts
    operators.ever_zoom.build()
    assert remarks(control) == kept
    control.ever_zoom.crop = 0.7
    assert remarks(control) == kept
    file = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    (control,) = objects.controls(bpy.context.scene)
    assert remarks(control) == kept
    operators.ever_zoom.remark_again()
    assert remarks(control) == [kept[0], "not-found", *kept[1:]]
    assert "Dismissed" not in "".join(draw_panel(MAIN).button_texts)


def test_dismissing_is_undone(control: Any) -> None:
    bpy.ops.ed.undo_push(message="before")
    operators.ever_zoom.dismiss(remark=about(control, "not-found"))
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    (control,) = objects.controls(bpy.context.scene)
    assert "not-found" in remarks(control)


def test_another_remark_of_the_same_kind_is_told(control: Any) -> None:
    """Where only figures change it is the same; other images, or more of them, are another one."""
    values = {"count": 1, "pairs": 3, "outer": "a.png", "inner": "b.png", "score": 0.5}
    same = Finding(FindingKind.PAINTED_AGAIN, values)
    assert Finding(same.kind, values | {"score": 0.6, "pairs": 4}).about == same.about
    assert Finding(same.kind, values | {"inner": "c.png"}).about != same.about
    assert Finding(same.kind, values | {"count": 2}).about != same.about
    assert Finding(FindingKind.NOT_FOUND, values).about != same.about


def test_an_image_that_is_switched_off_is_no_remark(control: Any) -> None:
    operators.ever_zoom.use_image(index=3)
    assert "Left out" not in shown_text()
    assert [row.is_used for row in control.ever_zoom.images] == [True, True, True, False]


def test_a_choice_beside_a_remark_acts_at_once(control: Any) -> None:
    group: Any = bpy.context.scene.ever_zoom
    group.travel, group.delay = "loop", 1.0
    assert "idle-ends" in remarks(control) and "no-ring" in remarks(control)
    texts = draw_panel(MAIN).button_texts
    assert "No Delay, Ease or Target" in texts and "There and Back" in texts
    operators.ever_zoom.choose(choices='{"delay": 0.0, "ease": 0.0, "target": [0.0, 0.0]}')
    assert group.delay == 0.0 and "idle-ends" not in remarks(control)
    with pytest.raises(RuntimeError, match="Crop is 7"):
        operators.ever_zoom.choose(choices='{"crop": 7.0}')


def test_the_columns_of_the_list_are_named_and_explained(control: Any) -> None:
    texts = draw_panel(MAIN).texts
    assert "Image" in texts and "Likeness" in texts
    told = {
        name: EVERZOOM_OT_show_image.description(bpy.context, _About(name))
        for name in ("", "score", "is_odd", "is_given")
    }
    assert "1 is the same" in told["score"] and "not found" in told["is_odd"]
    assert len(set(told.values())) == 4 and all(told.values())


class _About:
    def __init__(self, about: str) -> None:
        self.about = about
