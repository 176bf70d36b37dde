"""What the panel asks is answered there, in the real window: nothing lies before the question."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.series_maker import drawn

from .driver import CONTROLS, WORKING, Window

BROWSER = "FILE_BROWSER"
ASKED = (
    "sys.modules['bl_ext.user_default.ai_ever_zoom.ui.questions']"
    ".question_of(bpy.context.scene.ever_zoom) is not None"
)


@pytest.mark.newest
def test_what_is_asked_is_answered_with_the_next_click(window: Window, tmp_path: Path) -> None:
    for number in range(3):
        picture = Image.fromarray(drawn((128, 128), seed=40 + number))
        picture.save(tmp_path / f"portal{number}.png")
    window.open_sidebar("Ever Zoom")
    window.ask("bpy.context.scene.ever_zoom.zoom_factor = 4.0")
    window.click(window.find("ever_zoom.build("))  # no folder is chosen: it asks for one
    window.open_folder(tmp_path)
    window.picture("folder")
    window.click(window.find("file.execute(", BROWSER, "EXECUTE"), BROWSER)
    window.wait_until(f"{ASKED} and not {WORKING}", 120)
    window.picture("asked")
    assert Path(window.ask("bpy.context.scene.ever_zoom.folder")) == tmp_path
    window.click(window.find("ever_zoom.build_otherwise("))
    window.wait_until(f"{CONTROLS} and not {WORKING}", 60)
    assert window.ask("bpy.context.active_object.ever_zoom.found_factor") == 4.0
    # The timeline shows the zoom from its first frame to its last, and not much more.
    first, last = window.ask(
        "[[view.region_to_view(x, 0)[0] for x in (0, region.width)]"
        " for region in [find_region('DOPESHEET_EDITOR', 'WINDOW')[2]] for view in [region.view2d]"
        "][0]"
    )
    end = window.ask("bpy.context.scene.frame_end")
    assert -0.25 * end < first < 1 and end < last < 1.25 * end
    window.picture("built")
