"""Long work in the real window: it shows how far it is, the window stays alive, Esc stops it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .driver import CONTROLS, EVERYTHING, WORK, WORKING, Place, Window
from .nested import NestedSeries, Pixels

FRACTION = f"{WORK}.fraction"
STARTED = f"{WORKING} and 0 < {FRACTION} < 0.5"


@pytest.mark.newest
def test_work_can_be_stopped_and_changes_nothing(
    window: Window, series: NestedSeries, tmp_path: Path
) -> None:
    long = NestedSeries(tmp_path / "long", count=16, side=1024, factor=1.25)
    window.open_sidebar("Ever Zoom")
    window.enter(window.find("folder"), str(long.folder))
    button = window.find("ever_zoom.build(")
    everything = window.ask(EVERYTHING)

    window.click(button)
    window.wait_until(STARTED)
    first, first_seen = window.ask(FRACTION), progress_bar(window, button)
    window.picture("working")
    # The window answers to other keys meanwhile: this one hides the toolbar.
    window.hover(window.middle(), "key", "t")
    window.wait_until("find_region('VIEW_3D', 'TOOLS')[2].width <= 1")
    window.wait_until(f"{FRACTION} > {first}")
    assert window.ask(WORKING)
    assert not np.array_equal(progress_bar(window, button), first_seen)

    window.press("Escape")
    window.wait_until(f"not {WORKING}")
    window.picture("stopped")
    assert not window.ask(CONTROLS)
    assert window.ask(EVERYTHING) == everything

    left, _, width, _ = window.region("VIEW_3D", "UI")
    window.click(button)
    window.wait_until(STARTED)
    window.click((left + width - 48, button[1]))  # the cross beside the bar
    window.wait_until(f"not {WORKING}")
    assert window.ask(EVERYTHING) == everything

    # Nothing is in the way of another series.
    window.enter(window.find("folder"), str(series.folder))
    window.click(button)
    window.wait_until(f"{CONTROLS} and not {WORKING}", 120)


def progress_bar(window: Window, button: Place) -> Pixels:
    """What is seen where the button was that started the work."""
    left, _, width, _ = window.region("VIEW_3D", "UI")
    return window.pixels((left, button[1] - 30, left + width, button[1] + 15))
