"""The list of images: order, choice, growth. Touches bpy.

The images are views of one picture, each half as wide as the one before: so where image b lies in
image a is known for any two of them, whatever the list does with them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.scene import compat, loading, recipe
from ai_ever_zoom_addon.scene.planes import objects
from tests.pictures import save
from tests.series_maker import view

from . import drawing
from .drawing import draw_panel, draw_panels, shown_text
from .nested import write_image, write_series
from .test_loop import write_cells

STEPS = 10

operators: Any = bpy.ops


def build(folder: Path, *, look: bool = True) -> Any:
    """A zoom of the folder's images; with `look` it is measured how they lie in each other."""
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.zoom_steps = STEPS
    group.is_factor_measured = group.align = group.match_colour = look
    group.order = "outermost-first"
    assert operators.ever_zoom.build() == {"FINISHED"}
    return zoom()


def zoom() -> Any:
    (control,) = objects.controls(bpy.context.scene)
    return control


def choose(row: int) -> None:
    zoom().ever_zoom.active_image = row


def rows() -> list[str]:
    """The list, unused images in brackets."""
    return [row.name if row.is_used else f"({row.name})" for row in zoom().ever_zoom.images]


def shown() -> list[str]:
    """What the layers show, the outermost first."""
    layers = objects.numbered(zoom(), "layer")
    return [Path(objects.layer_image(layers[number]).filepath).name for number in sorted(layers)]


def layer_showing(name: str) -> Any:
    (layer,) = (
        layer
        for layer in objects.parts(zoom(), "layer")
        if Path(objects.layer_image(layer).filepath).name == name
    )
    return layer


def factors() -> list[float]:
    return [step.factor for step in recipe.stored_series(zoom()).steps]


def last_key() -> tuple[float, float]:
    (curve,) = (c for c in compat.fcurves(zoom()) if c.data_path == '["Zoom Level"]')
    point = curve.keyframe_points[-1]
    return point.co[0], round(point.co[1], 3)


def told(operator: Any, **arguments: Any) -> str:
    """What an operator reports as its error, "" where it works."""
    try:
        assert operator(**arguments) == {"FINISHED"}
    except RuntimeError as error:
        return str(error).removeprefix("Error: ").strip()
    return ""


def hang_something_on(name: str) -> Any:
    """What a user may have added: an object below a layer, and a node in its material."""
    layer = layer_showing(name)
    bird = bpy.data.objects.new("bird", None)
    bpy.context.scene.collection.objects.link(bird)
    bird.parent = layer
    layer.material_slots[0].material.node_tree.nodes.new("ShaderNodeValue")
    return layer, layer.material_slots[0].material, bird


def is_still_there(things: Any) -> bool:
    layer, material, bird = things
    kept = any(node.type == "VALUE" for node in material.node_tree.nodes)
    return bool(bird.parent == layer and layer.material_slots[0].material == material and kept)


def test_shows_what_is_there(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    assert rows() == shown() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert all(row.image is not None for row in zoom().ever_zoom.images)
    assert not any(row.is_odd for row in zoom().ever_zoom.images)
    assert draw_panels()["EVERZOOM_PT_main"].buttons.count("ever_zoom.use_image") == 4


def test_in_a_narrow_sidebar_names_come_first(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    wide = draw_panel("EVERZOOM_PT_main")
    assert "Likeness" in wide.texts and "ever_zoom.show_image" in wide.buttons
    monkeypatch.setattr(drawing, "SIDEBAR", 220)
    narrow = draw_panel("EVERZOOM_PT_main")
    assert "Likeness" not in narrow.texts and "ever_zoom.show_image" not in narrow.buttons
    assert {"a_0", "a_1", "a_2", "a_3"} <= set(narrow.texts)


@pytest.mark.newest
def test_of_a_long_name_the_list_shows_what_tells_it_from_the_others(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = "a_village_by_the_sea_painted_with_very_long_names_"
    for number, file in enumerate(write_series(tmp_path, 3)):
        file.rename(tmp_path / f"{same}{number}_dusk.png")
    build(tmp_path)
    monkeypatch.setattr(drawing, "SIDEBAR", 320)
    texts = draw_panel("EVERZOOM_PT_main").texts
    assert {f"…{number}_dusk" for number in range(3)} <= set(texts)


def test_a_click_on_a_row_goes_to_the_image(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path, look=False)
    for row in (2, 0, 3):
        choose(row)
        assert bpy.context.scene.frame_current == 1 + row * STEPS
    operators.ever_zoom.use_image(index=1)
    for row, frame in ((2, 11), (3, 21), (0, 1)):
        choose(row)
        assert bpy.context.scene.frame_current == frame
    choose(1)  # not part of the zoom: nothing to go to
    assert bpy.context.scene.frame_current == 1


def test_moves_an_image_and_its_layer(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path, look=False)
    things = hang_something_on("a_2.png")
    choose(2)
    assert told(operators.ever_zoom.move_image, direction="outwards") == ""
    assert rows() == shown() == ["a_0.png", "a_2.png", "a_1.png", "a_3.png"]
    assert zoom().ever_zoom.active_image == 1
    assert layer_showing("a_2.png") == things[0]
    assert is_still_there(things)
    assert told(operators.ever_zoom.move_image, direction="outwards") == ""
    assert rows() == shown() == ["a_2.png", "a_0.png", "a_1.png", "a_3.png"]
    assert told(operators.ever_zoom.move_image, direction="outwards") == ""  # it is at the end
    assert rows()[0] == "a_2.png"
    for _ in range(2):
        assert told(operators.ever_zoom.move_image, direction="inwards") == ""
    assert rows() == shown() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert layer_showing("a_2.png") == things[0]
    assert is_still_there(things)


def test_a_wrong_place_is_odd_and_the_right_one_is_known_again(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    before = factors()
    choose(1)
    operators.ever_zoom.move_image(direction="inwards")
    assert rows() == ["a_0.png", "a_2.png", "a_1.png", "a_3.png"]
    odd = [row.is_odd for row in zoom().ever_zoom.images]
    # 2 in 0 and 3 in 1 are there, but by factors of 4; 1 is not in 2.
    assert odd[2]
    assert "(first: a_1.png in a_2.png)" in zoom().ever_zoom.warnings
    assert factors()[0] == pytest.approx(4.0, rel=0.02)
    assert factors()[2] == pytest.approx(4.0, rel=0.02)
    for file in tmp_path.iterdir():  # neighbours of before need not be looked at again
        file.rename(file.with_suffix(".away"))
    choose(2)
    assert told(operators.ever_zoom.move_image, direction="outwards") == ""
    assert factors() == before
    assert not zoom().ever_zoom.warnings


def test_leaves_an_image_out_and_takes_it_in_again(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 5)
    build(tmp_path)
    things = hang_something_on("a_3.png")
    before = factors()
    assert told(operators.ever_zoom.use_image, index=2) == ""
    assert rows() == ["a_0.png", "a_1.png", "(a_2.png)", "a_3.png", "a_4.png"]
    assert shown() == ["a_0.png", "a_1.png", "a_3.png", "a_4.png"]
    assert factors() == pytest.approx([2.0, 4.0, 2.0], rel=0.01)
    assert last_key() == (41, 3)  # the step that is twice as deep takes twice as long
    assert layer_showing("a_3.png") == things[0]
    assert is_still_there(things)
    assert "(a_2.png)" not in shown_text() and "a_2.png" in shown_text()
    assert told(operators.ever_zoom.use_image, index=2) == ""
    assert rows() == shown()
    assert factors() == before
    assert is_still_there(things)


def test_at_least_two_images_stay(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    build(tmp_path, look=False)
    assert told(operators.ever_zoom.use_image, index=0) == ""
    assert "at least two" in told(operators.ever_zoom.use_image, index=1)
    assert rows() == ["(a_0.png)", "a_1.png", "a_2.png"]
    assert "choose another row" in told(operators.ever_zoom.use_image, index=9)


def select(*chosen: int) -> None:
    """Select these rows and no others, by the buttons that a user has for it."""
    operators.ever_zoom.select_images(is_selected=False)
    for row in chosen:
        operators.ever_zoom.select_image(row=row)


def selected() -> list[str]:
    return [row.name for row in zoom().ever_zoom.images if row.is_selected]


def test_buttons_act_on_the_selected_rows(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 6)
    build(tmp_path, look=False)
    things = hang_something_on("a_2.png")
    choose(4)
    select(1, 3)
    assert told(operators.ever_zoom.move_image, direction="outwards") == ""
    order = ["a_1.png", "a_0.png", "a_3.png", "a_2.png", "a_4.png", "a_5.png"]
    assert rows() == shown() == order
    assert selected() == ["a_1.png", "a_3.png"]  # it goes with them
    assert zoom().ever_zoom.images[zoom().ever_zoom.active_image].name == "a_4.png"
    assert told(operators.ever_zoom.use_images, is_used=False) == ""
    assert rows() == ["(a_1.png)", "a_0.png", "(a_3.png)", "a_2.png", "a_4.png", "a_5.png"]
    assert told(operators.ever_zoom.use_images, is_used=True) == ""
    assert rows() == shown() == order
    select(0, 5)
    assert told(operators.ever_zoom.remove_images) == ""
    assert rows() == shown() == ["a_0.png", "a_3.png", "a_2.png", "a_4.png"]
    assert selected() == []
    assert is_still_there(things)
    assert (tmp_path / "a_1.png").exists()
    select()
    choose(1)
    assert told(operators.ever_zoom.remove_images) == ""  # the active one
    assert rows() == shown() == ["a_0.png", "a_2.png", "a_4.png"]


def test_a_range_is_selected_and_all_and_none(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 5)
    build(tmp_path, look=False)
    choose(3)
    operators.ever_zoom.select_image(row=1, is_range=True)
    assert selected() == ["a_1.png", "a_2.png", "a_3.png"]
    operators.ever_zoom.select_image(row=2)
    assert selected() == ["a_1.png", "a_3.png"]
    operators.ever_zoom.select_images(is_selected=True)
    assert len(selected()) == 5
    assert "at least two" in told(operators.ever_zoom.remove_images)
    assert len(rows()) == 5
    operators.ever_zoom.select_images(is_selected=False)
    assert selected() == []
    assert "choose another row" in told(operators.ever_zoom.select_image, row=9)


def test_turns_the_order_round(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    group = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "innermost-first"  # wrong
    operators.ever_zoom.build()
    zoom().ever_zoom.is_factor_measured = True
    assert rows() == ["a_2.png", "a_1.png", "a_0.png"]
    choose(0)
    assert told(operators.ever_zoom.reverse_images) == ""
    assert rows() == shown() == ["a_0.png", "a_1.png", "a_2.png"]
    assert zoom().ever_zoom.active_image == 2
    assert factors() == pytest.approx([2.0, 2.0], rel=0.005)


def test_replaces_an_image(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "one", 4)
    better = write_image(tmp_path / "other" / "better.png", 2)
    build(tmp_path / "one")
    things = hang_something_on("a_2.png")
    choose(2)
    assert told(operators.ever_zoom.replace_image, filepath=str(better)) == ""
    assert rows() == shown() == ["a_0.png", "a_1.png", "better.png", "a_3.png"]
    assert layer_showing("better.png") == things[0]
    assert is_still_there(things)
    assert factors() == pytest.approx([2.0, 2.0, 2.0], rel=0.005)


def test_an_image_of_the_same_name_may_replace_one(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "one", 3)
    same = write_image(tmp_path / "other" / "a_1.png", 1)
    build(tmp_path / "one", look=False)
    choose(1)
    assert told(operators.ever_zoom.replace_image, filepath=str(same)) == ""
    assert [image.file for image in recipe.stored_series(zoom()).images] == [
        tmp_path / "one" / "a_0.png",
        same,
        tmp_path / "one" / "a_2.png",
    ]


def test_a_bad_replacement_changes_nothing(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    build(tmp_path, look=False)
    (tmp_path / "bad.png").write_bytes(b"no image")
    choose(1)
    assert "bad.png" in told(operators.ever_zoom.replace_image, filepath=str(tmp_path / "bad.png"))
    assert "none.png" in told(
        operators.ever_zoom.replace_image, filepath=str(tmp_path / "none.png")
    )
    assert "image file" in told(
        operators.ever_zoom.replace_image, filepath=str(tmp_path / "notes.txt")
    )
    assert "already" in told(operators.ever_zoom.replace_image, filepath=str(tmp_path / "a_0.png"))
    assert rows() == shown() == ["a_0.png", "a_1.png", "a_2.png"]
    assert not zoom().ever_zoom.is_own_order


@pytest.mark.parametrize(("place", "depths"), [("inside", (4, 5)), ("outside", (0, 1))])
def test_grows_at_either_end(
    addon: None, tmp_path: Path, place: str, depths: tuple[int, int]
) -> None:
    first = 0 if place == "inside" else 2
    for depth in range(first, first + 4):
        write_image(tmp_path / f"a_{depth}.png", depth)
    build(tmp_path)
    things = [hang_something_on(name) for name in rows()]
    added = [write_image(tmp_path / "more" / f"b_{depth}.png", depth) for depth in depths]
    done = told(
        operators.ever_zoom.add_images,
        directory=str(tmp_path / "more"),
        files=[{"name": file.name} for file in added],
        place=place,
    )
    assert done == ""
    old = [f"a_{depth}.png" for depth in range(first, first + 4)]
    new = [file.name for file in added]
    assert rows() == shown() == ([*new, *old] if place == "outside" else [*old, *new])
    for number, name in enumerate(old):
        assert layer_showing(name) == things[number][0]
        assert is_still_there(things[number])
    assert factors() == pytest.approx([2.0] * 5, rel=0.005)
    assert last_key() == (51, 5)
    assert bpy.context.scene.frame_end == 51


def test_an_image_that_is_not_found_is_placed_as_the_others_are(
    addon: None, tmp_path: Path
) -> None:
    """Each lies in the middle of the right half of the one before, half as large."""
    middle, pixels, size = 1500 + 1000j, 8.0, (192, 144)
    for depth in range(5):
        save(view(middle, pixels, 0.0, size), tmp_path / f"a_{depth}.png")
        middle += pixels * size[0] / 4
        pixels /= 2
    build(tmp_path)
    other = save(view(3500 + 600j, 2.0, 0.0, size), tmp_path / "more" / "b.png")
    choose(4)
    assert told(operators.ever_zoom.replace_image, filepath=str(other)) == ""
    steps = recipe.stored_series(zoom()).steps
    assert [step.factor for step in steps] == pytest.approx([2.0] * 4, rel=0.01)
    assert [step.offset[0] for step in steps] == pytest.approx([0.25] * 4, abs=0.005)
    assert [step.offset[1] for step in steps] == pytest.approx([0.0] * 4, abs=0.005)
    assert "1 of 4 inner images were not found" in zoom().ever_zoom.warnings


def test_the_pictures_say_which_added_image_comes_first(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 2)
    build(tmp_path)
    for name, depth in (("b_1.png", 3), ("b_2.png", 2)):
        write_image(tmp_path / "more" / name, depth)
    operators.ever_zoom.add_images(
        directory=str(tmp_path / "more"),
        files=[{"name": "b_1.png"}, {"name": "b_2.png"}],
        place="inside",
    )
    assert rows() == ["a_0.png", "a_1.png", "b_2.png", "b_1.png"]
    assert factors() == pytest.approx([2.0] * 3, rel=0.005)


def test_building_again_keeps_the_own_order(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    operators.ever_zoom.use_image(index=3)
    choose(1)
    operators.ever_zoom.move_image(direction="outwards")
    order = rows()
    assert order == ["a_1.png", "a_0.png", "a_2.png", "(a_3.png)"]
    assert "Own order" in shown_text()
    things = hang_something_on("a_2.png")
    zoom().ever_zoom.order = "auto"
    assert told(operators.ever_zoom.build) == ""
    assert rows() == order
    assert is_still_there(things)
    assert told(operators.ever_zoom.build, is_found_anew=True) == ""
    assert rows() == shown() == ["a_0.png", "a_1.png", "a_2.png", "a_3.png"]
    assert is_still_there(things)
    assert layer_showing("a_2.png") == things[0]
    assert "Own order" not in shown_text()


def test_what_is_new_in_the_folder_is_told(
    addon: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path, 3)
    build(tmp_path, look=False)
    operators.ever_zoom.reverse_images()
    operators.ever_zoom.build()
    assert "Not in the list" not in capfd.readouterr().out
    write_image(tmp_path / "new.png", 3)
    operators.ever_zoom.build()
    assert "Not in the list: new.png" in capfd.readouterr().out
    assert len(rows()) == 3


def test_building_again_keeps_to_the_chosen_files(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path, 5)
    chosen = [{"name": file.name} for file in files[1:4]]
    operators.ever_zoom.import_series(directory=str(tmp_path), files=chosen)
    assert told(operators.ever_zoom.build) == ""
    assert rows() == ["a_1.png", "a_2.png", "a_3.png"]
    assert told(operators.ever_zoom.build, is_found_anew=True) == ""
    assert len(rows()) == 5


def test_what_was_left_out_can_be_taken_in(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    other = write_image(tmp_path / "a_1z.png", 1)
    build(tmp_path)
    # It shows the same step as a_1: one of them is left out.
    (left,) = (name for name in rows() if name.startswith("("))
    assert left in ("(a_1z.png)", "(a_1.png)")
    assert rows()[-1] == left
    assert told(operators.ever_zoom.use_image, index=4) == ""
    assert len(shown()) == 5
    assert zoom().ever_zoom.images[4].is_odd
    assert other.exists()


def test_live_settings_keep_the_list(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    operators.ever_zoom.use_image(index=1)
    before = rows(), factors()
    zoom().ever_zoom.crop = 0.6
    zoom().ever_zoom.reverse = True
    assert (rows(), factors()) == before
    assert recipe.stored_listing(zoom()).is_own_order
    operators.ever_zoom.use_image(index=1)
    assert factors() == pytest.approx([2.0] * 3, rel=0.005)


def test_the_list_is_in_the_file_and_moves_with_it(addon: None, tmp_path: Path) -> None:
    project = tmp_path / "project"
    write_series(project, 4)
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "zoom.blend"))
    build(project)
    operators.ever_zoom.use_image(index=1)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    shutil.move(project, tmp_path / "moved")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "moved" / "zoom.blend"))
    assert rows() == ["a_0.png", "(a_1.png)", "a_2.png", "a_3.png"]
    shown_text()
    assert told(operators.ever_zoom.use_image, index=1) == ""
    assert factors() == pytest.approx([2.0] * 3, rel=0.005)
    files = [image.file for image in recipe.stored_series(zoom()).images]
    assert {file.parent for file in files} == {tmp_path / "moved"}


def test_nothing_to_list_is_said(addon: None) -> None:
    for name in ("move_image", "use_image", "reverse_images", "replace_image", "add_images"):
        operator = getattr(operators.ever_zoom, name)
        assert not operator.poll()
        with pytest.raises(RuntimeError, match="Build a zoom first"):
            operator()


def test_a_list_of_a_linked_zoom_is_left_alone(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    build(tmp_path, look=False)
    zoom().users_collection[0].name = "Zoom"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(tmp_path / "zoom.blend"), link=True) as (_, here):
        here.collections = ["Zoom"]
    bpy.context.scene.collection.children.link(bpy.data.collections["Zoom"])
    assert "open that file" in told(operators.ever_zoom.reverse_images)
    assert rows() == ["a_0.png", "a_1.png", "a_2.png"]


def test_a_ring_stays_one_by_whatever_step_closes_it(addon: None, tmp_path: Path) -> None:
    write_cells(tmp_path, 96)  # five images; the outermost again in the innermost, by 2 as well
    group = bpy.context.scene.ever_zoom
    group.folder, group.travel, group.zoom_steps = str(tmp_path), "loop", STEPS
    assert told(operators.ever_zoom.build) == ""
    assert bpy.context.scene.frame_end == 5 * STEPS
    assert closing_factor() == pytest.approx(2.0, rel=0.02)
    assert told(operators.ever_zoom.use_image, index=4) == ""
    assert closing_factor() == pytest.approx(4.0, rel=0.02)
    shown_text()
    assert told(operators.ever_zoom.use_image, index=4) == ""
    assert closing_factor() == pytest.approx(2.0, rel=0.02)
    assert bpy.context.scene.frame_end == 5 * STEPS


def closing_factor() -> float:
    """The factor by which the ring closes."""
    closing = recipe.stored_series(zoom()).closing
    assert closing is not None
    return float(closing.factor)


@pytest.mark.parametrize("travel", ["one-way", "loop"])
def test_what_the_command_line_measured_is_known_when_the_list_is_changed(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, travel: str
) -> None:
    """Only what comes to lie beside another image is decoded, once each."""
    write_series(tmp_path, 5)
    blend = tmp_path / "zoom.blend"
    arguments = ["-i", str(tmp_path), "--order", "outermost-first", "--travel", travel]
    arguments += ["--engine", "cycles", "--no-render", "--save-blend", str(blend)]
    assert cli.main(arguments) == 0
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    decoded: list[str] = []
    read_pixels = loading.read_pixels

    def read(file: Path) -> Any:
        decoded.append(file.name)
        return read_pixels(file)

    monkeypatch.setattr(loading, "read_pixels", read)
    before = zoom().ever_zoom.warnings
    assert told(operators.ever_zoom.use_image, index=2) == ""
    assert rows() == ["a_0.png", "a_1.png", "(a_2.png)", "a_3.png", "a_4.png"]
    ends = ["a_4.png", "a_0.png"] if travel == "loop" else []  # which do not close a ring
    assert decoded == ["a_1.png", "a_3.png", *ends]
    assert factors() == pytest.approx([2.0, 4.0, 2.0], rel=0.01)
    decoded.clear()
    assert told(operators.ever_zoom.use_image, index=2) == ""  # in again
    assert decoded == []
    assert factors() == pytest.approx([2.0] * 4, rel=0.01)
    assert zoom().ever_zoom.warnings == before


def test_what_the_command_line_found_is_told_in_the_windows_words(
    addon: None, tmp_path: Path
) -> None:
    write_series(tmp_path, 3)
    blend = tmp_path / "zoom.blend"
    arguments = ["-i", str(tmp_path), "--order", "outermost-first", "-zf", "1.5"]
    arguments += ["--engine", "cycles", "--resolution", "64x64", "--no-render"]
    assert cli.main([*arguments, "--save-blend", str(blend)]) == 0
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    group = zoom().ever_zoom
    (warning,) = group.warnings.splitlines()
    parts = re.fullmatch(
        r"The zoom factor is set to 1\.5, but the images show ([\d.]+): "
        r"give that as Zoom Factor, or let it be measured\.",
        warning,
    )
    assert parts is not None and float(parts[1]) == pytest.approx(2.0, rel=2e-3)
    assert "outside of frames of 64 x 64 pixels" in group.notes
    assert warning in " ".join(draw_panel("EVERZOOM_PT_main").texts)


def test_the_list_of_a_copied_scene_is_its_own(addon: None, tmp_path: Path) -> None:
    """By default Blender's full copy of a scene shares the materials."""
    write_series(tmp_path / "series", 3)
    other = write_image(tmp_path / "more" / "b.png", 3)
    build(tmp_path / "series", look=False)
    first, before = bpy.context.scene, shown()
    bpy.ops.scene.new(type="FULL_COPY")
    choose(0)
    operators.ever_zoom.replace_image(directory=str(other.parent), files=[{"name": other.name}])
    assert shown() == [other.name, *before[1:]]
    bpy.context.window.scene = first
    assert shown() == before
