"""Placements that the user gives: kept with a zoom, whatever becomes of it. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

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


def shown_places(control: Any) -> list[tuple[str, float, str]]:
    """What is said of the pairs: the inner image, the factor, and who says so."""
    analysis = recipe.stored_analysis(control)
    assert analysis is not None
    return [(pair.inner, round(pair.factor, 2), pair.source.value) for pair in analysis.pairs]


MEASURED = [(f"a_{number}.png", 2.0, "measured") for number in (1, 2, 3)]
GIVEN = [("a_1.png", 2.5, "given"), *MEASURED[1:]]


@pytest.fixture
def zoom(addon: None, tmp_path: Path) -> Any:
    """A zoom of four images whose second one was placed by the user."""
    write_series(tmp_path / "series", 4)
    group = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path / "series")
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    assert shown_places(control) == MEASURED
    zooms.place(bpy.context.scene, control, "a_0.png", "a_1.png", PLACEMENT)
    assert shown_places(control) == GIVEN
    return control


def test_the_zoom_follows_what_is_given_and_is_measured_again_without(zoom: Any) -> None:
    step = recipe.stored_series(zoom).steps[0]
    assert step.factor == pytest.approx(2.5)
    assert step.offset == pytest.approx((3 / 128, 4 / 128))
    assert step.turn == pytest.approx(30.0)
    zooms.place(bpy.context.scene, zoom, "a_0.png", "a_1.png", None)
    assert shown_places(zoom) == MEASURED
    assert recipe.stored_placements(zoom) == ()


def test_what_is_given_survives_another_build_and_another_order(zoom: Any, tmp_path: Path) -> None:
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert shown_places(zoom) == GIVEN
    zoom.ever_zoom.active_image = 1
    operators.ever_zoom.move_image(direction="inwards")
    assert all(source != "given" for _, _, source in shown_places(zoom))
    operators.ever_zoom.move_image(direction="outwards")
    assert shown_places(zoom) == GIVEN
    assert operators.ever_zoom.build() == {"FINISHED"}  # in the list's own order
    assert shown_places(zoom) == GIVEN
    write_series(tmp_path / "series", 5)
    assert operators.ever_zoom.build(is_found_anew=True) == {"FINISHED"}
    assert shown_places(zoom) == [*GIVEN, ("a_4.png", 2.0, "measured")]
