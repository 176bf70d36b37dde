"""Placements that the user gives: kept with a zoom, whatever becomes of it. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement
from ai_ever_zoom_addon.scene import measuring, recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import ZoomSettings

from .nested import write_series

PLACEMENT = GivenPlacement("a_0.png", "a_1.png", 2.5, (3.0, -4.0), (128, 96), 30.0)

operators: Any = bpy.ops


def build(files: list[Path], placements: tuple[GivenPlacement, ...] | None) -> Any:
    settings = ZoomSettings.of_panel().having({"folder": str(files[0].parent)})
    series, analysis = measuring.find_series(files, settings)
    assert analysis is not None
    scene = bpy.context.scene
    return zooms.build_zoom(
        scene, series, settings, report=analysis.to_json(), placements=placements
    )


def test_what_is_given_stays_with_the_zoom(tmp_path: Path) -> None:
    control = build(write_series(tmp_path / "series", 3), (PLACEMENT,))
    assert recipe.stored_placements(control) == (PLACEMENT,)
    settings = recipe.stored_settings(control).having({"crop": 0.5})
    zooms.change_zoom(bpy.context.scene, control, settings)
    assert recipe.stored_placements(control) == (PLACEMENT,)
    file = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    (control,) = objects.controls(bpy.context.scene)
    assert recipe.stored_placements(control) == (PLACEMENT,)


def test_without_anything_given_there_is_nothing(tmp_path: Path) -> None:
    control = build(write_series(tmp_path / "series", 2), None)
    assert recipe.stored_placements(control) == ()
