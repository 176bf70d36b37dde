"""The list of images in the real window, the importer done again, and a file opened at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from .driver import EVERYTHING, WORK, Window
from .nested import NestedSeries

GROUP = "bpy.context.active_object.ever_zoom"
ROWS = f"[row.name for row in {GROUP}.images if row.is_used]"


def in_the_view(window: Window, code: str) -> None:
    """Run Python as if the mouse were over the 3D View."""
    window.ask(
        "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
        f"with bpy.context.temp_override(window=window, area=area, region=region):\n    {code}"
    )


@pytest.mark.newest
def test_the_list_is_shown_and_changed(window: Window, tmp_path: Path) -> None:
    series = NestedSeries(tmp_path / "series")
    Image.effect_noise((256, 256), 80).convert("RGB").save(series.folder / "img2b.png")
    window.build(series.folder)
    # What belongs to nothing is left out, and is in the list, unused.
    names = window.ask(f"[row.name for row in {GROUP}.images]")
    assert names == ["img4.png", "img3.png", "img2.png", "img1.png", "img2b.png"]
    assert window.ask(ROWS) == names[:4]
    window.picture("built")

    box = window.find("index=4")
    window.click(box)
    window.wait_until(f"len({ROWS}) == 5", 60)
    assert window.ask(f"[row.is_odd for row in {GROUP}.images]") == [False] * 4 + [True]
    window.picture("odd")
    window.click(box)
    window.wait_until(f"len({ROWS}) == 4", 60)

    window.ask(f"{GROUP}.active_image = 1")
    window.wait_until("bpy.context.scene.frame_current == 61")
    # The second move goes on from the first, before its neighbours are measured: both are taken
    # back by Esc, or are one step of Undo.
    inwards = "bpy.ops.ever_zoom.move_image('INVOKE_DEFAULT', direction='inwards')"
    moved = ["img4.png", "img2.png", "img1.png", "img3.png"]
    shown = f"[row.file.name for row in {WORK}.pending.rows if row.is_used]"
    in_the_view(window, f"{inwards}; {inwards}; assert {shown} == {moved}; {WORK}.end()")
    assert window.ask(ROWS) == names[:4]
    in_the_view(window, f"{inwards}; {inwards}")
    window.wait_until(f"{ROWS} == {moved}", 60)
    window.picture("moved")
    window.hover(window.middle())
    window.press("ctrl+z")
    window.wait_until(f"{ROWS} == {names[:4]}")


def test_an_import_is_done_again_with_other_options(window: Window, series: NestedSeries) -> None:
    files = [{"name": f"img{number}.png"} for number in range(1, series.count + 1)]
    folder = f"directory={str(series.folder)!r}, files={files!r}"
    in_the_view(window, f"bpy.ops.ever_zoom.import_series('INVOKE_DEFAULT', True, {folder})")
    window.wait_until("bpy.context.scene.frame_end == 181", 60)
    last = "bpy.context.window_manager.operators[-1]"
    window.wait_until(f"{last}.bl_idname == 'EVER_ZOOM_OT_import_series'")
    window.picture("imported")
    before = window.ask("sorted(item.name for item in bpy.data.objects)")
    # What the panel at the lower left does when a value in it is changed.
    in_the_view(
        window,
        f"{last}.zoom_steps = 10; {last}.crop = 0.5; bpy.ops.ed.undo_redo('EXEC_DEFAULT', True)",
    )
    window.wait_until("bpy.context.scene.frame_end == 31", 60)
    assert window.ask("sorted(item.name for item in bpy.data.objects)") == before
    assert window.ask(f"round({GROUP}.crop, 3)") == 0.5
    window.picture("again")
    effects_are_done_again(window)


def effects_are_done_again(window: Window) -> None:
    """Another value in the redo panel leaves nothing of the first; then the view composites."""
    before = window.ask(EVERYTHING)
    in_the_view(window, "bpy.ops.ever_zoom.add_fireflies('INVOKE_DEFAULT', True)")
    last = "bpy.context.window_manager.operators[-1]"
    window.wait_until(f"{last}.bl_idname == 'EVER_ZOOM_OT_add_fireflies'")
    pressed = window.ask(EVERYTHING)
    faces = "sum(len(item.polygons) for item in bpy.data.meshes if 'Fireflies' in item.name)"
    assert window.ask(faces) == 36 * 17
    in_the_view(window, f"{last}.count = 7; bpy.ops.ed.undo_redo('EXEC_DEFAULT', True)")
    window.wait_until(f"{faces} == 7 * 17")
    assert window.ask(EVERYTHING) == pressed
    window.picture("fireflies")
    window.hover(window.middle(), "key", "ctrl+z")
    window.wait_until(f"{faces} == 0")
    assert window.ask(EVERYTHING) == before

    shading = "find_region('VIEW_3D', 'WINDOW')[1].spaces.active.shading"
    assert window.ask(f"{shading}.use_compositor") == "DISABLED"
    in_the_view(window, "bpy.ops.ever_zoom.add_compositing('INVOKE_DEFAULT', True)")
    assert window.ask(f"{shading}.use_compositor") == "CAMERA"
    window.picture("compositing")


def test_a_file_may_be_opened_at_work(window: Window, tmp_path: Path) -> None:
    for number in range(30):
        noise = Image.effect_noise((600, 600), 80).convert("RGB")
        noise.save(tmp_path / f"img{number}.png")
    window.ask(f"bpy.context.scene.ever_zoom.folder = {str(tmp_path)!r}")
    in_the_view(window, "bpy.ops.ever_zoom.build('INVOKE_DEFAULT')")
    assert not window.ask("bpy.ops.ever_zoom.build.poll()")  # at work
    window.ask("bpy.ops.wm.read_homefile()")
    window.wait_until("bpy.ops.ever_zoom.build.poll()")
    assert not window.ask("bpy.context.scene.ever_zoom.folder")
