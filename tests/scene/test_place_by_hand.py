"""Place by Hand: what the planes say, and what becomes of the file meanwhile. Touches bpy."""

from __future__ import annotations

import cmath
import itertools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest
from mathutils import Matrix
from PIL import Image

from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement
from ai_ever_zoom_addon.core.analysis.report import Source
from ai_ever_zoom_addon.core.series import SeriesImage
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import placing, recipe
from ai_ever_zoom_addon.scene.placing import Lie, Placing
from ai_ever_zoom_addon.scene.planes import objects

from .drawing import draw_panels
from .nested import write_image, write_series

operators: Any = bpy.ops
KINDS = ("scenes", "collections", "objects", "meshes", "materials", "images", "node_groups")


# --- What the planes say --------------------------------------------------------------------------


def scene_of(folder: Path, outer: tuple[int, int], inner: tuple[int, int], start: Lie) -> Any:
    """A scene in which an image of some size is placed in one of another size."""
    files = [write_image(folder / f"{number}.png", number) for number in range(2)]
    larger, smaller = (
        SeriesImage(file, *size) for file, size in zip(files, (outer, inner), strict=True)
    )
    return placing.make(Placing(1, 1, larger, smaller, {}), start)


def corners(scene: Any) -> list[complex]:
    """Where the corners of the inner image are, clockwise from the lower right, y up."""
    inner = placing.plane(scene)
    points = [inner.matrix_basis @ vertex.co for vertex in inner.data.vertices]
    return [complex(point.x, point.y) for point in points]


LIES = [
    Lie(2.0, (0.0, 0.0)),
    Lie(2.5, (30.0, -12.0), 25.0),
    Lie(1.01, (-3.0, 4.0), -90.0),
    Lie(40.0, (500.0, 260.0), 170.0),
]
SIZES = [((1280, 720), (640, 480)), ((400, 900), (900, 400)), ((512, 512), (4096, 4096))]


@pytest.mark.parametrize(("lie", "sizes"), list(itertools.product(LIES, SIZES)))
def test_the_plane_lies_where_the_placement_says(tmp_path: Path, lie: Lie, sizes: Any) -> None:
    outer, inner = sizes
    scene = scene_of(tmp_path, outer, inner, lie)
    scale = outer[0] / (inner[0] * lie.factor)  # outer pixels in an inner one
    turn = cmath.exp(-1j * math.radians(lie.turn_deg))  # clockwise, y up
    middle = complex(lie.offset_px[0], -lie.offset_px[1])
    half = complex(inner[0], inner[1]) / 2
    expected = [middle + scale * turn * corner for corner in (-half, half.conjugate(), half)]
    found = corners(scene)
    assert found[0] == pytest.approx(expected[0], abs=1e-3 * scale * inner[0])
    assert found[1] == pytest.approx(expected[1], abs=1e-3 * scale * inner[0])
    assert found[2] == pytest.approx(expected[2], abs=1e-3 * scale * inner[0])
    read = placing.lie(scene)
    assert read.factor == pytest.approx(lie.factor, rel=1e-5)
    assert read.offset_px == pytest.approx(lie.offset_px, abs=1e-3)
    assert read.turn_deg == pytest.approx(lie.turn_deg, abs=1e-3)


def test_what_the_user_does_to_the_plane_is_read(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, (1000, 500), (500, 250), Lie(2.0, (0.0, 0.0)))
    inner = placing.plane(scene)
    inner.location = (100.0, -50.0, 1.0)
    inner.rotation_euler[2] = math.radians(-30.0)  # clockwise
    inner.scale = (0.5, 0.5, 0.5)
    given = placing.placement(scene)
    assert given.names == ("0.png", "1.png")
    assert given.factor == pytest.approx(4.0)
    assert given.offset_px == pytest.approx((100.0, 50.0))
    assert given.turn_deg == pytest.approx(30.0, abs=1e-4)
    assert given.outer_size_px == (1000, 500)
    # However it is turned: also about an axis of its own making.
    inner.matrix_basis = Matrix.Rotation(math.radians(40.0), 4, "Z") @ inner.matrix_basis
    middle = complex(100.0, -50.0) * cmath.exp(1j * math.radians(40.0))
    given = placing.placement(scene)
    assert given.turn_deg == pytest.approx(-10.0, abs=1e-4)
    assert given.offset_px == pytest.approx((middle.real, -middle.imag), abs=1e-3)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (Lie(1.0, (0.0, 0.0)), "scale it down"),
        (Lie(0.5, (0.0, 0.0)), "scale it down"),
        (Lie(2.0, (0.0, 260.0)), "move it"),
        (Lie(2.0, (-501.0, 0.0)), "move it"),
    ],
)
def test_what_cannot_be_taken_is_said(tmp_path: Path, lie: Lie, said: str) -> None:
    scene = scene_of(tmp_path, (1000, 500), (500, 250), lie)
    with pytest.raises(EverZoomError, match=said):
        placing.placement(scene)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ((0.5, 0.5, 0.5), 0.5),
        ((0.7, 0.5, 0.5), 0.7),  # one side was drawn
        ((0.5, 0.3, 0.5), 0.3),
        ((-0.6, -0.6, -0.6), 0.6),  # through its centre to the other side
        ((0.0, 0.5, 0.5), 1e-6),
    ],
)
def test_the_image_keeps_its_shape(tmp_path: Path, scale: Any, expected: float) -> None:
    scene = scene_of(tmp_path, (1000, 500), (500, 250), Lie(4.0, (0.0, 0.0)))
    inner = placing.plane(scene)
    inner.scale = scale
    assert placing.settle(scene, 0.5) == pytest.approx(expected)
    assert tuple(inner.scale)[:2] == pytest.approx((expected, expected))


def test_a_plane_that_is_gone_is_said(tmp_path: Path) -> None:
    scene = scene_of(tmp_path, (1000, 500), (500, 250), Lie(4.0, (0.0, 0.0)))
    bpy.data.objects.remove(placing.plane(scene))
    with pytest.raises(EverZoomError, match="Place by Hand"):
        placing.placement(scene)
    placing.remove()
    assert placing.current() is None


def rendered(scene: Any, file: Path) -> Image.Image:
    """What is seen of the outer image's middle."""
    camera: Any = bpy.data.cameras.new("camera")
    camera.type, camera.ortho_scale, camera.clip_end = "ORTHO", 16.0, 100.0
    scene.camera = bpy.data.objects.new("camera", camera)
    scene.camera.location.z = 50.0
    scene.collection.objects.link(scene.camera)
    render = scene.render
    render.engine, scene.cycles.samples = "CYCLES", 1
    render.resolution_x = render.resolution_y = 8
    render.dither_intensity, render.filepath = 0.0, str(file)
    operators.render.render(write_still=True, scene=scene.name)
    return Image.open(file).convert("RGB")


def test_the_difference_is_black_or_what_the_eye_sees(tmp_path: Path) -> None:
    """As far apart in the files is about as far apart in sight, be it dark or bright there."""
    scene = scene_of(tmp_path, (64, 64), (64, 64), Lie(2.0, (0.0, 0.0)))
    for number, values in enumerate([(230, 120, 60), (210, 100, 40)]):
        Image.new("RGB", (64, 64), values).save(tmp_path / f"{number}.png")
    for image in bpy.data.images:
        image.reload()
    placing.show_difference(scene, True)
    seen = rendered(scene, tmp_path / "apart.png").getpixel((4, 4))
    assert min(seen) > 20
    assert max(seen) < 1.35 * min(seen)
    shutil.copy(tmp_path / "1.png", tmp_path / "0.png")
    for image in bpy.data.images:
        image.reload()
    assert max(rendered(scene, tmp_path / "same.png").getpixel((4, 4))) <= 1


# --- What becomes of the file ---------------------------------------------------------------------


def everything() -> dict[str, list[str]]:
    return {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in KINDS}


def build(folder: Path, **chosen: Any) -> Any:
    """A zoom through three images, as a user builds it; its control."""
    write_series(folder, 3)
    group = bpy.context.scene.ever_zoom
    for name, value in {"folder": str(folder), "order": "outermost-first", **chosen}.items():
        setattr(group, name, value)
    bpy.ops.ed.undo_push(message="chosen")
    assert operators.ever_zoom.build("EXEC_DEFAULT", True) == {"FINISHED"}
    return control()


def control() -> Any:
    (found,) = objects.controls(bpy.context.scene)
    return found


def place(row: int = 1) -> Any:
    """Begin to place the image of a row."""
    done = operators.ever_zoom.place_by_hand("EXEC_DEFAULT", True, row=row)
    assert done == {"FINISHED"}
    scene = bpy.context.window_manager.windows[0].scene
    assert placing.is_placing(scene)
    draw_panels()
    return scene


def move(x: float, y: float, scale: float, turn: float) -> None:
    """As the user does it: each a step that can be undone."""
    inner = placing.plane(placing.current())
    inner.location[:2] = x, y
    bpy.ops.ed.undo_push(message="Move")
    inner = placing.plane(placing.current())
    inner.scale = (scale,) * 3
    inner.rotation_euler[2] = math.radians(turn)
    bpy.ops.ed.undo_push(message="Resize")


def take() -> None:
    assert operators.ever_zoom.take_placement("EXEC_DEFAULT", True) == {"FINISHED"}


def state() -> Any:
    report = recipe.stored_report(control())
    assert report is not None
    scene = bpy.context.scene
    layers = objects.numbered(control(), "layer")
    places = {number: tuple(map(tuple, layers[number].matrix_basis)) for number in layers}
    return json.dumps(report["pairs"]), places, scene.name, everything(), scene.frame_current


def test_what_is_placed_is_taken_in_one_step(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    before = state()
    place()
    move(12.0, 6.0, 0.4, 20.0)
    take()
    after = state()
    assert after[3] == before[3]
    pair = recipe.stored_analysis(control()).pairs[0]
    assert pair.source is Source.GIVEN
    assert pair.factor == pytest.approx(2.5, rel=1e-5)
    assert pair.offset_px == pytest.approx((12.0, -6.0), abs=1e-4)
    assert pair.turn_deg == pytest.approx(-20.0, abs=1e-4)
    (given,) = recipe.stored_placements(control())
    assert given.names == ("a_0.png", "a_1.png")
    draw_panels()
    bpy.ops.ed.undo()
    assert state() == before
    assert recipe.stored_placements(control()) == ()
    bpy.ops.ed.redo()
    assert state() == after


def test_giving_up_leaves_everything_as_it_was(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    before = state()
    place()
    move(12.0, 6.0, 0.4, 20.0)
    assert operators.ever_zoom.give_up_placement() == {"FINISHED"}
    assert state() == before
    bpy.ops.ed.undo()
    assert not objects.controls(bpy.context.scene)  # the build, as if nothing had been placed
    bpy.ops.ed.redo()
    assert state() == before


def test_undo_leads_out_and_redo_in_again(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    before = state()
    place()
    move(12.0, 6.0, 0.4, 20.0)
    for _ in range(3):
        bpy.ops.ed.undo()
    assert state() == before
    for _ in range(3):
        bpy.ops.ed.redo()
    scene = placing.current()
    assert bpy.context.window_manager.windows[0].scene == scene
    assert placing.placement(scene).factor == pytest.approx(2.5, rel=1e-5)
    take()
    bpy.ops.ed.undo()
    assert state() == before


def test_a_placed_pair_begins_where_it_lies(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    measured = recipe.stored_analysis(control()).pairs[0]
    assert measured.factor == pytest.approx(2.0, rel=5e-3)
    assert placing.lie(place()).factor == pytest.approx(measured.factor, rel=1e-5)
    move(12.0, 6.0, 0.4, 20.0)
    take()
    lie = placing.lie(place())
    assert lie.factor == pytest.approx(2.5, rel=1e-5)
    assert lie.offset_px == pytest.approx((12.0, -6.0), abs=1e-3)
    assert lie.turn_deg == pytest.approx(-20.0, abs=1e-3)


def test_numbers_and_difference_of_the_panel(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    scene = place()
    group = scene.ever_zoom_placing
    group.factor, group.offset_px, group.turn_deg = 4.0, (10.0, -20.0), 15.0
    assert (group.factor, group.turn_deg) == pytest.approx((4.0, 15.0), rel=1e-5)
    assert tuple(group.offset_px) == pytest.approx((10.0, -20.0), abs=1e-4)
    inner = placing.plane(scene)
    assert tuple(inner.location)[:2] == pytest.approx((10.0, 20.0))
    assert not group.difference
    group.difference = True
    draw_panels()
    assert group.difference
    assert placing.placement(scene).factor == pytest.approx(4.0, rel=1e-5)


def test_snap_finishes_what_was_begun(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    scene = place()
    move(2.0, -1.0, 0.51, 0.0)
    assert operators.ever_zoom.snap_placement("EXEC_DEFAULT", True) == {"FINISHED"}
    found = placing.lie(scene)
    assert found.factor == pytest.approx(2.0, rel=5e-3)
    assert found.offset_px == pytest.approx((0.0, 0.0), abs=0.1)


def test_snap_that_finds_nothing_moves_nothing(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    scene = place()
    move(30.0, 20.0, 0.2, 60.0)
    before = placing.lie(scene)
    operators.ever_zoom.snap_placement("EXEC_DEFAULT", True)
    assert placing.lie(scene) == before


def test_a_saved_file_has_nothing_of_it(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    before = everything()
    scene = place()
    move(12.0, 6.0, 0.4, 20.0)
    scene.ever_zoom_placing.difference = True
    placing.plane(scene).color[3] = 0.25
    lie = placing.lie(scene)
    file = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    scene = placing.current()
    assert bpy.context.window_manager.windows[0].scene == scene
    assert placing.lie(scene).factor == pytest.approx(lie.factor)
    assert placing.lie(scene).offset_px == pytest.approx(lie.offset_px)
    assert scene.ever_zoom_placing.difference
    assert placing.plane(scene).color[3] == 0.25
    copy = shutil.copy(file, tmp_path / "copy.blend")
    libraries: Any = bpy.data.libraries
    with libraries.load(str(copy)) as (there, _):
        assert {kind: sorted(getattr(there, kind)) for kind in KINDS} == before
    take()
    assert recipe.stored_analysis(control()).pairs[0].factor == pytest.approx(2.5, rel=1e-5)
    assert everything() == before
    bpy.ops.wm.open_mainfile(filepath=file)
    assert placing.current() is None
    assert everything() == before


def test_another_file_is_opened_meanwhile(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    file = str(tmp_path / "zoom.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    place()
    bpy.ops.wm.open_mainfile(filepath=file)
    assert placing.current() is None
    assert not operators.ever_zoom.take_placement.poll()
    place()
    move(12.0, 6.0, 0.4, 20.0)
    take()


def test_a_file_that_blender_saved_by_itself_is_put_in_order(addon: None, tmp_path: Path) -> None:
    """As for the recovery after a crash: no handler is called."""
    build(tmp_path / "series")
    before = everything()
    scene = place()
    file = str(tmp_path / "recovered.blend")
    bpy.data.libraries.write(file, {scene, control_scene(scene)})
    bpy.ops.wm.open_mainfile(filepath=file)
    assert placing.current() is None
    assert everything()["objects"] == before["objects"]


def control_scene(besides: Any) -> Any:
    return next(scene for scene in bpy.data.scenes if scene != besides)


def test_a_scene_that_is_deleted_leaves_nothing(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    before = state()
    bpy.data.scenes.remove(place())
    from ai_ever_zoom_addon.ui import placing as window_half

    window_half.follow()
    assert state() == before
    place()
    take()


def test_the_addon_is_switched_off_meanwhile(addon: None, tmp_path: Path) -> None:
    import ai_ever_zoom_addon

    build(tmp_path / "series")
    before = everything()
    place()
    ai_ever_zoom_addon.unregister()
    try:
        assert placing.current() is None
        assert everything() == before
    finally:
        ai_ever_zoom_addon.register()


def test_only_an_image_that_lies_in_another_one_is_placed(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    with pytest.raises(RuntimeError, match="outermost image"):
        operators.ever_zoom.place_by_hand(row=0)
    with pytest.raises(RuntimeError, match="choose another row"):
        operators.ever_zoom.place_by_hand(row=7)
    assert placing.current() is None


def test_what_is_given_is_kept_by_a_change_of_settings(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series")
    place()
    move(12.0, 6.0, 0.4, 20.0)
    take()
    control().ever_zoom.crop = 0.6
    pair = recipe.stored_analysis(control()).pairs[0]
    assert (pair.source, round(pair.factor, 4)) == (Source.GIVEN, 2.5)
    (given,) = recipe.stored_placements(control())
    assert isinstance(given, GivenPlacement)
