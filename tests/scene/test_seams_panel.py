"""What the panel offers to look at the joins. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from tests import pictures

from .drawing import draw_panel
from .nested import write_series
from .test_ui import build

operators: Any = bpy.ops

pytestmark = pytest.mark.newest


def test_the_button_draws_all_joins(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "series")
    assert not operators.ever_zoom.contact_sheet.poll()
    build(tmp_path / "series")
    scene = bpy.context.scene
    assert draw_panel("EVERZOOM_PT_seams").buttons[0] == "ever_zoom.contact_sheet"
    counts = len(bpy.data.images), len(bpy.data.objects), scene.frame_current
    file = tmp_path / "joins.png"
    assert operators.ever_zoom.contact_sheet(filepath=str(file)) == {"FINISHED"}
    assert (len(bpy.data.images), len(bpy.data.objects), scene.frame_current) == counts
    picture = pictures.read(file)
    assert picture.shape[1] == 1624 and picture.std() > 0.05  # four pictures of 400 pixels
    with pytest.raises(RuntimeError, match="is a folder"):
        operators.ever_zoom.contact_sheet(filepath=str(tmp_path))
