"""What was found is followed by the buttons that do something about it. Touches bpy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest
from PIL import Image, ImageOps

from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement
from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.scene import recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects

from .drawing import draw_panels, shown_text
from .nested import write_image, write_series

operators: Any = bpy.ops


def build(folder: Path, **values: Any) -> Any:
    group: Any = bpy.context.scene.ever_zoom
    for name, value in {"folder": str(folder), "zoom_steps": 5, **values}.items():
        setattr(group, name, value)
    assert operators.ever_zoom.build() == {"FINISHED"}
    return zoom()


def zoom() -> Any:
    (control,) = objects.controls(bpy.context.scene)
    return control


def order() -> list[str]:
    return [image.file.name for image in recipe.stored_series(zoom()).images]


def found() -> list[FindingKind]:
    analysis = recipe.stored_analysis(zoom())
    assert analysis is not None
    return [finding.kind for finding in analysis.findings]


def button_texts() -> list[str]:
    return draw_panels()["EVERZOOM_PT_main"].button_texts


def test_another_series_is_one_click_away(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    for file in write_series(tmp_path / "other", 3):
        with Image.open(file) as picture:
            ImageOps.flip(picture).save(tmp_path / f"b{file.name[1:]}")
    shutil.rmtree(tmp_path / "other")
    build(tmp_path)
    assert order() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert found() == [FindingKind.SEPARATE_SERIES]
    assert "Series 2" in button_texts() and "Series 1" not in button_texts()
    assert shown_text().count("Left out") == 1
    assert operators.ever_zoom.build_otherwise(choices='{"series": 2}') == {"FINISHED"}
    assert order() == ["b_0.png", "b_1.png", "b_2.png"]
    assert zoom().ever_zoom.series == 2
    assert "Series 1" in button_texts() and "Series 2" not in button_texts()
    assert operators.ever_zoom.build() == {"FINISHED"}  # it stays the chosen one
    assert order() == ["b_0.png", "b_1.png", "b_2.png"]


def test_a_loop_is_one_click_away(addon: None, tmp_path: Path) -> None:
    first, *_ = write_series(tmp_path, 4)
    shutil.copy(first, tmp_path / "a_4.png")
    build(tmp_path)
    assert order() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert found() == [FindingKind.LOOP_BY_COPY]
    assert "Play as Loop" in button_texts()
    operators.wm.context_set_enum(data_path="scene.ever_zoom.travel", value="loop")
    assert zoom().ever_zoom.travel == "loop"
    assert "Play as Loop" not in button_texts()
    series = recipe.stored_series(zoom())
    assert series.closing is not None and round(series.closing.factor, 2) == 2.0
    kinds = [finding.kind for finding in recipe.stored_findings(zoom())]
    assert FindingKind.NO_RING not in kinds
    scene: Any = bpy.context.scene
    assert scene.frame_end - scene.frame_start + 1 == 4 * 5


def test_the_pictures_order_is_one_click_away(addon: None, tmp_path: Path) -> None:
    for number, depth in enumerate((0, 2, 1, 3)):
        write_image(tmp_path / f"a_{number}.png", depth)
    build(tmp_path, order="outermost-first")
    assert order() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert FindingKind.SHUFFLED_FILES in found() and FindingKind.NOT_FOUND in found()
    assert "By the Pictures" in button_texts()
    assert "Place a_2.png by Hand" in button_texts()
    assert operators.ever_zoom.build_otherwise(choices='{"order": "auto"}') == {"FINISHED"}
    assert order() == ["a_0.png", "a_2.png", "a_1.png", "a_3.png"]
    assert found() == [FindingKind.SORTED_BY_PICTURES]
    assert zoom().ever_zoom.order == "auto"


@pytest.mark.newest
def test_files_that_are_left_out_for_one_reason_are_one_line(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    for number in range(3, 9):
        Image.radial_gradient("L").rotate(40 * number).resize((128, 96)).save(
            tmp_path / f"a_{number}.png"
        )
    build(tmp_path)
    lines = [line for line in zoom().ever_zoom.warnings.splitlines() if "Left out" in line]
    assert len(lines) == 1
    assert "a_3.png" in lines[0] and "and 1 more" in lines[0]
    assert shown_text().count("Left out") == 1


@pytest.mark.parametrize("are_chosen", [False, True])
def test_a_damaged_image_is_left_out_until_it_is_mended(
    addon: None, tmp_path: Path, are_chosen: bool
) -> None:
    files = write_series(tmp_path, 5)
    whole = files[3].read_bytes()
    files[3].write_bytes(whole[:-100])
    if are_chosen:
        names = [{"name": file.name} for file in files]
        operators.ever_zoom.import_series(directory=str(tmp_path), files=names)
    else:
        build(tmp_path)
    assert order() == ["a_0.png", "a_1.png", "a_2.png", "a_4.png"]
    assert FindingKind.MISSING_IMAGES in found()
    said = "Left out: a_3.png, which is incomplete: export or download it again."
    assert said in shown_text()
    rows = [(row.name, row.is_used) for row in zoom().ever_zoom.images]
    assert rows[-1] == ("a_3.png", False)
    # Whoever asks for that very image is told why it cannot be.
    with pytest.raises(RuntimeError, match=r"a_3\.png is incomplete: export or download it again"):
        operators.ever_zoom.use_image(index=4)
    assert order() == ["a_0.png", "a_1.png", "a_2.png", "a_4.png"]
    files[3].write_bytes(whole)
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert order() == [file.name for file in files]
    assert found() == [] and "Left out" not in shown_text()


def test_one_image_repeats_in_itself_by_one_click(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 1)
    group: Any = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path)
    with pytest.raises(RuntimeError, match=r"only one image \(a_0.png\).*Repeat in Itself"):
        operators.ever_zoom.build()
    assert "Repeat in Itself" in button_texts()
    group.zoom_factor = 3.0
    choices = '{"is_factor_measured": false, "travel": "loop"}'
    assert operators.ever_zoom.build_otherwise(choices=choices) == {"FINISHED"}
    series = recipe.stored_series(zoom())
    assert order() == ["a_0.png"]
    assert series.closing is not None and round(series.closing.factor, 6) == 3.0
    assert [row.name for row in zoom().ever_zoom.images] == ["a_0.png"]
    assert "1 image, zoom factor 3" in shown_text()
    assert "Files are" not in shown_text()
    assert operators.ever_zoom.build() == {"FINISHED"}
    group.travel = "one-way"  # once into itself
    assert group.problem == ""
    assert operators.ever_zoom.build() == {"FINISHED"}
    given = GivenPlacement("a_0.png", "a_0.png", 5.0, (8.0, 4.0), (128, 96), 10.0)
    zooms.place(bpy.context.scene, zoom(), "a_0.png", "a_0.png", given)
    closing = recipe.stored_series(zoom()).closing
    assert closing is not None and round(closing.factor, 6) == 5.0
    assert closing.offset == (8 / 128, -4 / 128)
