"""What single images have of their own, in the scene: frames, recipe, list, command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui.properties import adopt
from tests.pictures import Array, Nest, error, waves

from .command import Run
from .drawing import draw_panels, shown_text
from .nested import HEIGHT, WIDTH, write_series
from .test_hole_frames import PORTALS
from .test_hole_frames import build as build_portals
from .test_pictures import PLAIN, build_nest, render
from .test_timing import level_curve

operators: Any = bpy.ops

OWN = {1: {"crop": 0.5, "ellipse": True}, 2: {"crop": 0.9, "feather": 0.2}}

NEST = Nest([waves(seed) for seed in range(3)], (200, 160), own=OWN)


def close(picture: Array, level: float, engine: Engine) -> bool:
    deviation, worst = error(picture, NEST.view(level, encoded=engine is Engine.SEQUENCER))
    return deviation < 0.5 and worst < 2.5


@pytest.mark.newest
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.EEVEE, Engine.SEQUENCER])
def test_every_engine_shows_masks_of_their_own(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    scene = bpy.context.scene
    build_nest(scene, NEST, tmp_path, replace(PLAIN, zoom_steps=4, engine=engine))
    assert all(close(render(scene, picture_folder, n)[0], n / 4, engine) for n in (3, 7))


@pytest.mark.newest
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])
def test_frames_rest_and_go_at_paces_of_their_own(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    """The command line's way, which draws a picture a step for the sequencer."""
    control = build_nest(bpy.context.scene, NEST, tmp_path, PLAIN)
    series, settings = recipe.stored_series(control), recipe.stored_settings(control)
    outer, middle, inner = settings.of_image("image_3.png"), *settings.of_images
    assert (middle.image, inner.image) == ("image_2.png", "image_1.png")
    settings = settings.with_image(replace(outer, frames=2))
    settings = settings.with_image(replace(middle, hold=0.1, frames=6))  # 3 frames
    settings = replace(settings, engine=engine)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings, frames=range(12))
    assert (scene.frame_start, scene.frame_end) == (0, 11)
    shown = render(scene, picture_folder, 0, 11)
    for frame, level in {0: 0.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0, 11: 2.0}.items():
        assert close(shown[frame], level, engine), frame
    assert all(np.array_equal(shown[frame], shown[2]) for frame in (3, 4, 5))
    assert not np.array_equal(shown[6], shown[5])


# --- Scripts and the list -------------------------------------------------------------------------


def zoom() -> Any:
    (control,) = objects.controls(bpy.context.scene)
    return control.ever_zoom


def build(folder: Path, **options: Any) -> None:
    group = bpy.context.scene.ever_zoom
    group.folder, group.order = str(folder), "outermost-first"
    group.is_factor_measured = group.align = group.match_colour = False
    group.zoom_steps, group.frames_per_second, group.start_frame = 10, 10.0, 1
    assert operators.ever_zoom.build(**options) == {"FINISHED"}


def of_images() -> list[Any]:
    found: list[Any] = json.loads(bpy.context.scene.ever_zoom.of_images)
    assert found == json.loads(zoom().of_images)
    return found


def widths(number: int) -> float:
    """Width of what is left of an image, in its own."""
    layer = objects.numbered(objects.controls(bpy.context.scene)[0], "layer")[number]
    mesh: Any = layer.data
    return 2 * max(abs(vertex.co.x) for vertex in mesh.vertices)


def test_a_script_gives_images_settings_of_their_own(addon: None, tmp_path: Path) -> None:
    group = bpy.context.scene.ever_zoom
    group.of_images = '[{"image": "a_1.png", "hold": 0.5}]'  # of a zoom to come
    write_series(tmp_path, 4)
    build(tmp_path)
    assert bpy.context.scene.frame_end == 1 + 30 + 5
    given = [{"image": "a_1.png", "hold": 0.5}, {"image": "a_2.png", "crop": 0.5, "frames": 20}]
    bpy.context.scene.ever_zoom.of_images = json.dumps(given)
    assert of_images() == given
    assert bpy.context.scene.frame_end == 1 + 40 + 5
    assert (widths(1), widths(2)) == pytest.approx((0.8, 0.5), abs=0.02)
    for text, said in (
        ("nonsense", "Single Images: Expecting value"),
        ('[{"image": "a_1.png", "hold": -1}]', "entry 1: a_1.png: Hold is -1; use a value from"),
        ('[{"image": "a_1.png", "crop": 0.1, "feather": 0.2}]', "leaves nothing of a_1.png, which"),
    ):
        bpy.context.scene.ever_zoom.of_images = text
        assert said in bpy.context.scene.ever_zoom.problem
        assert of_images() == given


def test_what_an_image_has_of_its_own_goes_with_its_name(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "series", 4)
    build(tmp_path / "series")
    group = zoom()
    given = [{"image": "a_1.png", "hold": 0.5, "crop": 0.6}]
    group.of_images = json.dumps(given)
    group.active_image = 1
    operators.ever_zoom.move_image(direction="inwards")
    assert of_images() == given
    assert (widths(2), widths(1)) == pytest.approx((0.6, 0.8), abs=0.02)
    operators.ever_zoom.use_image(index=2)  # left out
    assert of_images() == given and bpy.context.scene.frame_end == 1 + 20
    operators.ever_zoom.use_image(index=2)
    assert bpy.context.scene.frame_end == 1 + 30 + 5
    operators.ever_zoom.build(is_found_anew=True)
    assert of_images() == given and widths(1) == pytest.approx(0.6, abs=0.02)
    blend = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    bpy.ops.wm.open_mainfile(filepath=blend)
    assert (of_images(), bpy.context.scene.frame_end) == (given, 1 + 30 + 5)


def test_a_curve_of_ones_own_is_stretched_by_another_hold(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    build(tmp_path)
    group = zoom()
    group.of_images = '[{"image": "a_1.png", "hold": 0.5}]'
    control = objects.controls(bpy.context.scene)[0]
    level_curve(control).keyframe_points[1].co[1] = 0.9
    group.of_images = '[{"image": "a_1.png", "hold": 1.0}]'
    points = level_curve(control).keyframe_points
    assert [tuple(point.co) for point in points] == [
        *[(1, 0), (11, pytest.approx(0.9)), (21, 1), (31, 2)]
    ]
    assert group.notes == ""
    group.of_images = "[]"  # another shape
    assert "curve" in group.notes.casefold()


# --- The panel ------------------------------------------------------------------------------------


def test_the_fields_of_an_image_show_and_change_what_it_has(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    scene, group = bpy.context.scene, zoom()
    row = group.images["a_1.png"]
    as_all = (row.hold, row.frames, row.seconds, row.crop, row.feather, row.mask, row.has_own)
    assert as_all == (0.0, 10, 1.0, *map(pytest.approx, (0.8, 0.05)), "rectangle", False)
    group.crop = 0.7  # of all
    assert row.crop == pytest.approx(0.7) and not row.has_own
    row.crop = 0.5
    row.mask = "ellipse"
    assert of_images() == [{"image": "a_1.png", "crop": 0.5, "mask": "ellipse"}]
    assert row.has_own and widths(1) == pytest.approx(0.5, abs=0.02)
    row.seconds = 2.0
    assert (row.frames, scene.frame_end) == (20, 1 + 40)
    row.frames = 15  # in place of the seconds
    assert (row.seconds, scene.frame_end) == (1.5, 1 + 35)
    row.hold = 0.5
    assert of_images() == [
        {"image": "a_1.png", "hold": 0.5, "frames": 15, "crop": 0.5, "mask": "ellipse"}
    ]
    assert scene.frame_end == 1 + 35 + 5 and not group.problem
    row.hold = -3.0  # refused
    assert row.hold == 0.5 and "Hold is -3" in group.problem
    row.crop = 0.01
    assert row.crop == 0.5 and "Crop is 0.01" in group.problem
    zoom().active_image = 1
    seen = draw_panels()["EVERZOOM_PT_main"].order
    below = seen[seen.index("crop") : seen.index("feather")]
    assert "Crop is 0.01" in " ".join(below)
    # Back to what is set for all: one of them, and the rest.
    operators.ever_zoom.as_all(row=1, setting="seconds")
    operators.ever_zoom.as_all(row=1, setting="crop")
    assert of_images() == [{"image": "a_1.png", "hold": 0.5, "mask": "ellipse"}]
    operators.ever_zoom.as_all(row=1)
    assert (of_images(), row.has_own, scene.frame_end) == ([], False, 1 + 30)
    # The others of a whole length share what is left of it.
    group.length_by, group.length = "whole", 6.1
    row.seconds = 4.0
    assert (row.seconds, scene.frame_end) == (4.0, 61)
    assert group.images["a_2.png"].seconds == pytest.approx(1.0)


def test_a_field_shows_the_pace_of_its_own_pair(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path, 3)
    images = tuple(SeriesImage(file, WIDTH, HEIGHT) for file in files)
    steps = Step(2.0), Step(4.0)  # two thirds of the mean one, and four
    settings = replace(PLAIN, zoom_steps=12, align=True)
    control = zooms.build_zoom(bpy.context.scene, Series(images, steps), settings)
    adopt(control)
    rows = control.ever_zoom.images
    assert [row.frames for row in rows][:2] == [8, 16]
    rows[0].frames = 8  # as it is
    assert bpy.context.scene.frame_end - bpy.context.scene.frame_start == 8 + 16


def test_every_change_of_an_image_is_one_step_of_undo(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    build(tmp_path)
    bpy.ops.ed.undo_push(message="before")
    zoom().images["a_1.png"].hold = 0.5
    bpy.ops.ed.undo_push(message="hold")  # as the window does
    operators.ever_zoom.as_all(row=1)
    bpy.ops.ed.undo_push(message="as all")
    assert of_images() == []
    bpy.ops.ed.undo()
    assert of_images() == [{"image": "a_1.png", "hold": 0.5}]
    assert zoom().images["a_1.png"].has_own and bpy.context.scene.frame_end == 1 + 20 + 5
    bpy.ops.ed.undo()
    assert of_images() == [] and bpy.context.scene.frame_end == 1 + 20


OF_IMAGE = ["hold", "frames", "crop", "feather", "mask"]


def test_what_an_image_has_is_in_the_panel_and_what_does_nothing_is_grey(
    addon: None, tmp_path: Path
) -> None:
    write_series(tmp_path, 3)
    build(tmp_path)
    group = zoom()

    def main() -> Any:
        layout = draw_panels()["EVERZOOM_PT_main"]
        assert [name for name in layout.fields if name in {*OF_IMAGE, "seconds"}] in (
            OF_IMAGE,
            ["hold", "seconds", *OF_IMAGE[2:]],
        )
        return layout

    group.active_image = 1
    assert not set(OF_IMAGE) & set(main().grey)
    assert "ever_zoom.as_all" not in main().buttons
    group.images[1].hold = 0.5
    assert main().buttons.count("ever_zoom.as_all") == 2  # in the row, beside the field
    group.active_image = 0
    assert set(main().grey) >= {"crop", "feather", "mask"} and "hold" not in main().grey
    assert "All of the outermost image is used" in shown_text()
    group.active_image = 2
    assert "frames" in main().grey and "crop" not in main().grey
    assert "From the innermost image there is no way on" in shown_text()
    group.length_by = "markers"
    group.active_image = 0
    assert "seconds" in main().grey and "The markers say the pace" in shown_text()
    operators.ever_zoom.use_image(index=2)
    group.active_image = 2  # that is left out has nothing
    assert "hold" not in draw_panels()["EVERZOOM_PT_main"].fields


@pytest.mark.newest
def test_what_an_image_has_is_given_to_those_that_are_selected(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    build(tmp_path)
    group = zoom()
    group.images[1].hold, group.images[1].crop, group.images[3].feather = 0.5, 0.6, 0.1
    group.active_image = 1
    assert "ever_zoom.own_to_selected" not in draw_panels()["EVERZOOM_PT_main"].buttons
    group.images[1].is_selected = True  # it alone
    assert not operators.ever_zoom.own_to_selected.poll()
    group.images[2].is_selected = group.images[3].is_selected = True
    assert "ever_zoom.own_to_selected" in draw_panels()["EVERZOOM_PT_main"].buttons
    assert operators.ever_zoom.own_to_selected() == {"FINISHED"}
    found = [value for row in group.images for value in (row.hold, row.crop, row.feather)]
    assert found == pytest.approx([0.0, 0.8, 0.05, *[0.5, 0.6, 0.05] * 3])


def test_what_is_seen_through_a_hole_has_no_mask_to_set(addon: None, tmp_path: Path) -> None:
    _, control = build_portals(PORTALS["square"], tmp_path)
    adopt(control)
    control.ever_zoom.active_image = 1
    main = draw_panels()["EVERZOOM_PT_main"]
    assert set(main.grey) >= {"crop", "feather", "mask"}
    assert "The hole through which it is seen is its mask" in shown_text()


# --- The command line -----------------------------------------------------------------------------


def test_a_report_says_it_and_can_be_given_back(run: Run, tmp_path: Path) -> None:
    write_series(tmp_path / "series", 3)
    entries = [{"image": "a_1.png", "seconds": 2.0, "mask": "ellipse"}]
    Path("mine.json").write_text(json.dumps({"images": entries}), encoding="utf-8")
    chosen = "--order outermost-first --no-align --no-match-colour -zs 10 -fps 10 --no-render"
    options = ("-i", tmp_path / "series", *chosen.split())
    assert run(*options, "--timing", "mine.json", "--json", "one.json").status == 0
    one = json.loads(Path("one.json").read_text(encoding="utf-8"))
    assert (one["images"], one["frames"]) == (entries, [0, 30])
    assert "of_images" not in one["settings"]  # once is enough
    assert run(*options, "--timing", "one.json", "--json", "two.json").status == 0
    two = json.loads(Path("two.json").read_text(encoding="utf-8"))
    assert (two["images"], two["frames"]) == (one["images"], one["frames"])
    assert run(*options, "--json", "none.json").status == 0
    assert json.loads(Path("none.json").read_text(encoding="utf-8"))["images"] == []
    entries[0]["image"] = "z.png"
    Path("mine.json").write_text(json.dumps({"images": entries}), encoding="utf-8")
    for file, said in (
        ("mine.json", "mine.json: an entry names z.png, which is none of the images"),
        ("lost.json", "lost.json cannot be read (No such file or directory): check --timing."),
    ):
        ran = run(*options, "--timing", file)
        assert ran.status == 1
        assert ran.lines[-1].startswith("Error: ") and said in ran.lines[-1]
