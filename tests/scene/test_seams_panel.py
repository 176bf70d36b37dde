"""What the panel offers to look at the joins. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon.scene import tags
from ai_ever_zoom_addon.ui.seams import Check, _draw_keys
from tests import pictures

from .drawing import Layout, draw_panel
from .nested import write_series
from .test_ui import build

operators: Any = bpy.ops

pytestmark = pytest.mark.newest


def test_the_button_draws_all_joins(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "series")
    assert not operators.ever_zoom.contact_sheet.poll()
    build(tmp_path / "series")
    scene = bpy.context.scene
    assert "ever_zoom.contact_sheet" in draw_panel("EVERZOOM_PT_seams").buttons
    counts = len(bpy.data.images), len(bpy.data.objects), scene.frame_current
    file = tmp_path / "joins.png"
    assert operators.ever_zoom.contact_sheet(filepath=str(file)) == {"FINISHED"}
    assert (len(bpy.data.images), len(bpy.data.objects), scene.frame_current) == counts
    picture = pictures.read(file)
    assert picture.shape[1] == 1624 and picture.std() > 0.05  # four pictures of 400 pixels
    with pytest.raises(RuntimeError, match="is a folder"):
        operators.ever_zoom.contact_sheet(filepath=str(tmp_path))


def keys_shown() -> list[str]:
    """What the status bar says of keys."""
    layout = Layout(bpy.context)
    header: Any = SimpleNamespace(layout=layout)
    _draw_keys(header, bpy.context)
    return [text for text in layout.texts if text]


def test_the_check_goes_from_join_to_join_and_gives_everything_back(
    addon: None, tmp_path: Path
) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    scene = bpy.context.scene
    scene.frame_set(26)
    look = operators.ever_zoom.seam_look
    counts = len(bpy.data.images), len(bpy.data.objects), control[tags.SETTINGS]
    assert not look.poll()
    assert operators.ever_zoom.seam_check() == {"FINISHED"}
    assert keys_shown() == ["Join", "Picture", "End", "With the Mouse over the View"]
    shown = []
    for _ in range(4):
        (text,) = (t for t in draw_panel("EVERZOOM_PT_seams").button_texts if "Join" in t)
        check = Check.running
        assert check is not None
        shown.append((text, scene.frame_current))
        # The inner image has come, and the one before still shows around it.
        assert 1 + 10 * check.number < scene.frame_current < 11 + 10 * check.number
        assert look(what="next") == {"FINISHED"}
    assert [text for text, _ in shown] == [f"Join {number} of 3" for number in (3, 1, 2, 3)]
    assert shown[0] == shown[3]
    look(what="previous")
    assert draw_panel("EVERZOOM_PT_seams").button_texts[1] == "Join 3 of 3"
    for name in ("outer", "inner", "difference", "seam"):
        assert look(what=name) == {"FINISHED"}
        assert Check.running is not None and Check.running.look == name
    assert look(what="end") == {"FINISHED"}
    assert Check.running is None and not look.poll()
    assert keys_shown() == []
    assert scene.frame_current == 26
    assert (len(bpy.data.images), len(bpy.data.objects), control[tags.SETTINGS]) == counts


def test_the_crop_that_hides_a_seam_is_one_click(addon: None, tmp_path: Path) -> None:
    """The rim of the first inner image, a tenth of it on each side, was painted again."""
    file = write_series(tmp_path)[1]
    picture = pictures.read(file)
    high, wide = picture.shape[:2]
    down, across = high // 10, wide // 10
    picture += 40 / 255
    picture[down:-down, across:-across] -= 40 / 255
    pictures.save(picture, file)
    control = build(tmp_path)
    group = control.ever_zoom
    group.crop, group.feather = 0.95, 0.02
    bpy.context.scene.frame_set(1)
    assert operators.ever_zoom.seam_check() == {"FINISHED"}
    panel = draw_panel("EVERZOOM_PT_seams")
    check = Check.running
    assert check is not None and check.difference is not None
    assert check.difference.now > 15.0
    assert f"The seam differs by {check.difference.now:.1f} of 255" in " ".join(panel.texts)
    suggested = check.difference.suggested
    assert suggested == pytest.approx(1.0 - 2 * across / wide, abs=0.03)
    assert f"Take Crop {suggested:.2f}" in panel.button_texts
    own = group.images["a_1.png"]
    assert operators.ever_zoom.take_crop(is_of_one=True) == {"FINISHED"}
    assert (own.crop, group.crop) == pytest.approx((suggested, 0.95))
    assert check.difference.now < 4.0
    own.crop = 0.94
    assert operators.ever_zoom.take_crop() == {"FINISHED"}
    assert group.crop == pytest.approx(suggested) and not own.has_own
    assert check.difference.now < 4.0  # looked at anew
    operators.ever_zoom.seam_look(what="end")
    assert bpy.context.scene.frame_current == 1


@pytest.mark.parametrize("way", ["saved", "loaded", "gone"])
def test_the_check_ends_with_what_it_is_for(addon: None, tmp_path: Path, way: str) -> None:
    files = write_series(tmp_path)
    build(tmp_path)
    scene = bpy.context.scene
    scene.frame_set(5)
    operators.ever_zoom.seam_check()
    assert scene.frame_current != 5
    if way == "saved":
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
        assert scene.frame_current == 5
    elif way == "loaded":
        bpy.ops.wm.read_homefile(use_factory_startup=True)
    else:
        frame = scene.frame_current
        files[2].unlink()
        with pytest.raises(RuntimeError, match=files[2].name):
            operators.ever_zoom.seam_look(what="next")
        assert Check.running is not None and Check.running.number == 0
        assert scene.frame_current == frame  # nothing was changed
        operators.ever_zoom.seam_look(what="end")
    assert Check.running is None


def test_a_check_that_goes_on_ends_with_the_add_on(tmp_path: Path) -> None:
    ai_ever_zoom_addon.register()
    try:
        write_series(tmp_path)
        build(tmp_path)
        operators.ever_zoom.seam_check()
    finally:
        ai_ever_zoom_addon.unregister()
    assert Check.running is None
