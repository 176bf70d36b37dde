"""A build undone and done again in the real window, and pictures that are made beside the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .driver import CONTROLS, EVERYTHING, Window
from .nested import NestedSeries

SHOWN = "[bpy.context.window_manager.windows[0].scene.name, bpy.context.active_object.name]"


def settled(window: Window, expression: str, wanted: Any) -> None:
    window.wait_until(f"({expression}) == {wanted!r}")


GROUP = "bpy.context.scene.ever_zoom"
MODULE = "bl_ext.user_default.ai_ever_zoom"
WAITS = "('ever_zoom_strips_wait' in bpy.context.scene)"
EDITOR = "bpy.context.scene.sequence_editor"
ALL = f"(getattr({EDITOR}, 'strips_all', None) or {EDITOR}.sequences_all)"  # the second up to 4.3
FILES = f"[strip.elements[0].filename for strip in {ALL} if strip.type == 'IMAGE']"


def test_a_build_can_be_undone_and_done_again(
    window: Window, series: NestedSeries, tmp_path: Path
) -> None:
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

    made_beside_the_work(window, tmp_path)


def made_beside_the_work(window: Window, folder: Path) -> None:
    """A change of Crop in Fast 2D shows its pictures once they are made; nothing waits too long."""

    def with_crop(crop: float, *then: str) -> Any:
        """What expressions say at once after a change."""
        return window.ask(f"(setattr({GROUP}, 'crop', {crop}), [{', '.join(then)}])[1]")

    window.ask(f"{GROUP}.engine = 'sequencer'")
    window.wait_until(f"not {WAITS}")
    old = window.ask(FILES)
    window.ask("bpy.ops.ed.undo_push(message='engine')")
    assert with_crop(0.6, WAITS, FILES) == [True, old]
    window.ask("bpy.ops.ed.undo_push(message='crop')")
    window.wait_until(f"not {WAITS}")
    new = window.ask(FILES)
    assert new[0] == old[0] and not set(new[1:]) & set(old)

    window.hover(window.middle(), "key", "ctrl+z")
    settled(window, f"[round({GROUP}.crop, 3), {FILES}, {WAITS}]", [0.8, old, False])
    window.hover(window.middle(), "key", "ctrl+shift+z")
    settled(window, f"[round({GROUP}.crop, 3), {FILES}, {WAITS}]", [0.6, new, False])

    save = f"bpy.ops.wm.save_as_mainfile(filepath={str(folder / 'zoom.blend')!r}) and 0"
    waited, _, waits, saved = with_crop(0.5, WAITS, save, WAITS, FILES)
    assert (waited, waits) == (True, False)
    assert not set(saved[1:]) & {*old, *new}
    stop = "bpy.ops.ever_zoom.stop_pictures() and 0"
    assert with_crop(0.7, WAITS, stop, WAITS, FILES) == [True, 0, False, saved]
    assert round(window.ask(f"{GROUP}.crop"), 3) == 0.5

    # Where the add-on is switched off nothing waits for it.
    off = f"__import__('addon_utils').disable({MODULE!r})"
    assert with_crop(0.7, WAITS, off, WAITS, FILES) == [True, None, False, saved]
    window.ask(f"__import__('addon_utils').enable({MODULE!r})")
    assert round(window.ask(f"{GROUP}.crop"), 3) == 0.5
