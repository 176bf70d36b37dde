"""Place by Hand in the real window, with a real mouse."""

from __future__ import annotations

import cmath
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.series_maker import drawn

from .driver import EVERYTHING, Place, Window
from .nested import NestedSeries

GROUP = "bpy.context.active_object.ever_zoom"
SCENE = "bpy.context.window_manager.windows[0].scene"
HAND = "sys.modules['bl_ext.user_default.ai_ever_zoom.scene.placing']"
RECIPE = "sys.modules['bl_ext.user_default.ai_ever_zoom.scene.recipe']"
PLACING = f"{HAND}.is_placing({SCENE})"
LIE = f"[[lie.factor, *lie.offset_px, lie.turn_deg] for lie in [{HAND}.lie({SCENE})]][0]"
PAIRS = (
    f"[[p.outer, p.inner, p.source, p.factor, *p.offset_px, p.turn_deg]"
    f" for p in {RECIPE}.stored_analysis(bpy.context.active_object).pairs]"
)
VIEW = """[
    [
        space.shading.type, space.overlay.show_floor, space.overlay.show_cursor, space.lens,
        space.region_3d.view_perspective, *space.region_3d.view_location,
        space.region_3d.view_distance, space.region_3d.view_camera_zoom,
        *space.region_3d.view_camera_offset,
        window.workspace.tools.from_space_view3d_mode("OBJECT", create=False).idname,
        window.scene.name, [o.name for o in window.view_layer.objects if o.select_get()],
        window.view_layer.objects.active.name, window.scene.frame_current,
    ]
    for window, area, _ in [find_region("VIEW_3D", "WINDOW")]
    for space in [area.spaces.active]
][0]"""


def in_the_view(window: Window, code: str) -> None:
    """Run Python as if the mouse were over the 3D View."""
    window.ask(
        "window, area, region = find_region('VIEW_3D', 'WINDOW')\n"
        f"with bpy.context.temp_override(window=window, area=area, region=region):\n    {code}"
    )


def begin(window: Window, row: int) -> None:
    in_the_view(window, f"bpy.ops.ever_zoom.place_by_hand('INVOKE_DEFAULT', True, row={row})")
    window.wait_until(PLACING)
    window.hover(window.middle())


def screen_pixel(window: Window, width: int) -> tuple[Place, float]:
    """Where the middle of the outer image is on the screen, and its pixels in one of the screen."""
    left, right, up = window.ask(
        "[[r.x + p.x, r.y + p.y] for _, a, r in [find_region('VIEW_3D', 'WINDOW')]"
        f" for at in ((-{width / 2}, 0, 0), ({width / 2}, 0, 0), (0, 0, 0))"
        " for p in [project(r, a.spaces.active.region_3d, at)]]"
    )
    return (round(up[0]), round(up[1])), width / (right[0] - left[0])


def key_and_move(window: Window, key: str, start: Place, to: Place) -> None:
    """A transformation as a user makes it: the key, the mouse, a click."""
    window.hover(start, "key", key)
    window.hover(((start[0] + to[0]) // 2, (start[1] + to[1]) // 2))
    window.click(to)


def test_from_not_found_to_a_playing_zoom_in_six_clicks(window: Window, tmp_path: Path) -> None:
    series = NestedSeries(tmp_path / "series")
    Image.fromarray(drawn((256, 256), seed=77)).save(series.folder / "img0.png")  # a portal
    window.build(series.folder)
    in_the_view(window, "bpy.ops.ever_zoom.use_image('EXEC_DEFAULT', True, index=4)")
    window.wait_until(f"sum(row.is_used for row in {GROUP}.images) == 5", 60)
    outer, inner, source, factor, *place = window.ask(PAIRS)[-1]
    assert (outer, inner, source) == ("img1.png", "img0.png", "usual")
    assert place == pytest.approx([0.0, 0.0, 0.0], abs=0.01)  # as the other pairs lie
    before, view, pairs = window.ask(EVERYTHING), window.ask(VIEW), window.ask(PAIRS)

    window.clicks = 0
    window.click(window.find("place_by_hand(row=4"))
    window.wait_until(PLACING)
    window.picture("begun")
    middle, unit = screen_pixel(window, 256)
    # By 90 pixels of the screen to the right and 40 up.
    key_and_move(window, "g", middle, (middle[0] + 90, middle[1] + 40))
    assert window.ask(LIE) == pytest.approx([factor, 90 * unit, -40 * unit, 0.0], abs=1.5 * unit)
    at = middle[0] + 90, middle[1] + 40
    key_and_move(window, "s", (at[0] + 200, at[1]), (at[0] + 120, at[1]))
    factor /= 0.6  # 120 of 200 pixels
    key_and_move(window, "r", (at[0] + 200, at[1]), (at[0] + 160, at[1] - 120))
    turn = math.degrees(-cmath.phase(complex(160, -120)))  # clockwise
    expected = [factor, 90 * unit, -40 * unit, turn]
    assert window.ask(LIE) == pytest.approx(expected, rel=0.02, abs=1.5 * unit)
    window.picture("placed")
    lie = window.ask(LIE)
    window.press("Return")
    window.wait_until(f"not {PLACING}")
    window.picture("taken")
    after = window.ask(PAIRS)
    assert after[-1] == pytest.approx(["img1.png", "img0.png", "given", *lie])
    assert after[:-1] == pairs[:-1]
    assert window.ask(EVERYTHING) == before
    assert window.ask(VIEW) == view

    clicks = window.clicks
    window.hover(window.middle())
    window.press("ctrl+z")
    window.wait_until(f"{PAIRS}[-1][2] == 'usual'")
    assert window.ask(PAIRS) == pairs
    assert window.ask(EVERYTHING) == before
    window.press("ctrl+shift+z")
    window.wait_until(f"{PAIRS}[-1][2] == 'given'")
    assert window.ask(PAIRS) == after
    # Playing is a step of its own to undo, in 5.2.
    window.clicks = clicks
    window.click(window.find("ever_zoom.preview"))
    window.wait_until("bpy.context.screen.is_animation_playing")
    assert window.clicks <= 6
    in_the_view(window, "bpy.ops.ever_zoom.preview()")
    window.wait_until("not bpy.context.screen.is_animation_playing")


@pytest.mark.newest
def test_difference_snap_saving_and_giving_up(window: Window, series: NestedSeries) -> None:
    window.build(series.folder)
    file = str(window.blender.folder / "placing.blend")
    window.ask(f"bpy.ops.wm.save_as_mainfile(filepath={file!r})")
    before, view, pairs = window.ask(EVERYTHING), window.ask(VIEW), window.ask(PAIRS)
    scene = window.ask(f"{SCENE}.name")
    begin(window, 2)
    middle, unit = screen_pixel(window, 256)
    key_and_move(window, "g", middle, (middle[0] + 12, middle[1] - 9))
    assert window.ask(LIE)[1:3] == pytest.approx([12 * unit, 9 * unit], abs=1.5 * unit)
    window.click(window.find("difference"))
    window.wait_until(f"{SCENE}.ever_zoom_placing.difference")
    half = 40 / unit  # the inner image ends at 64 pixels of the outer one
    part = middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half
    apart = seen(window, part, lambda light: 12.0 < light < 60.0)
    window.picture("apart")
    window.click(window.find("snap_placement"))
    window.wait_until(f"abs({LIE}[1]) < 0.2 and abs({LIE}[2]) < 0.2", 60)
    together = seen(window, part, lambda light: light < apart / 3)
    window.picture("together")
    assert together < apart / 3
    lie = window.ask(LIE)
    window.hover(middle)
    window.press("ctrl+s")
    window.wait_until("not bpy.data.is_dirty", 120)
    assert window.ask(LIE) == pytest.approx(lie)
    window.hover(middle)
    window.press("ctrl+z")  # Snap
    window.wait_until(f"abs({LIE}[1]) > 2.0")
    window.hover(middle, "key", "g")
    window.press("Escape")  # the movement
    window.ask("None")
    assert window.ask(PLACING)
    window.press("Escape")  # everything
    window.wait_until(f"not {PLACING}")
    assert window.ask(EVERYTHING) == before
    assert window.ask(VIEW) == view
    assert window.ask(PAIRS) == pairs
    # The user chooses another scene: that is where they want to be.
    begin(window, 2)
    window.ask(f"{SCENE.removesuffix('.scene')}.scene = bpy.data.scenes[{scene!r}]")
    window.wait_until(f"{HAND}.current() is None")
    assert window.ask(EVERYTHING) == before
    assert window.ask(VIEW) == view
    # Or opens another file, such as the one that was saved in the middle of it.
    begin(window, 2)
    window.ask(f"bpy.ops.wm.open_mainfile(filepath={file!r})")
    opened = window.ask(EVERYTHING)
    assert opened["objects"] == before["objects"]
    # Files do not keep what Blender itself has and nobody uses.
    assert all(set(opened[kind]) <= set(before[kind]) for kind in before)
    assert window.ask(VIEW)[:2] == view[:2]


def seen(window: Window, part: tuple[float, float, float, float], wanted: Any) -> float:
    """How bright a part of the window is, in the middle of all pixels, as soon as it is so."""
    light = 0.0
    deadline = time.monotonic() + 180  # shaders are compiled, on cores that others use as well
    while time.monotonic() < deadline:
        light = float(np.median(window.pixels(part).mean(axis=2)))
        if wanted(light):
            break
        window.ask("None")
    return light
