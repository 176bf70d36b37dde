"""What hangs on an image sits there, at every depth and after every build. Touches bpy."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors, objects
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Array, flat, paint, read, save
from tests.scene.drawing import draw_panel
from tests.scene.nested import write_image, write_series

SIZE = (120, 90)
CROP = 0.8
FRAME = (96, 72)
GREY = (0.3, 0.3, 0.3)
STEPS = 10

operators: Any = bpy.ops


def make_zoom(folder: Path, steps: tuple[Step, ...], **settings: Any) -> tuple[Any, Any]:
    """A zoom through grey images, from frame 0 on."""
    file = save(paint(flat(GREY), SIZE), folder / "grey.png")
    series = Series((SeriesImage(file, *SIZE),) * (len(steps) + 1), steps)
    options: dict[str, Any] = {"zoom_steps": STEPS, "start_frame": 0, "crop": CROP}
    options |= {"engine": Engine.CYCLES} | settings
    control = zooms.build_zoom(bpy.context.scene, series, ZoomSettings(**options))
    return control, zooms.plan_of(bpy.context.scene, control)


def seen_at(item: Any, point: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
    """Where a point of an object is seen: x to the right, y up, 0 to 1 in the frame."""
    scene = shown_scene()
    graph = bpy.context.evaluated_depsgraph_get()
    place = item.evaluated_get(graph).matrix_world @ Vector(point)
    camera: Any = scene.camera.evaluated_get(graph)
    return np.array(world_to_camera_view(scene, camera, place))[:2]


def shown_scene() -> Any:
    return bpy.context.scene


def red_box(picture: Array) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is red, in pixels."""
    is_red = picture[..., 0] - picture[..., 1] > 0.35
    rows, columns = np.flatnonzero(is_red.any(axis=1)), np.flatnonzero(is_red.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def red_plane(width: float, height: float) -> Any:
    mesh = bpy.data.meshes.new("red")
    x, y = width / 2, height / 2
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    material: Any = bpy.data.materials.new("red")
    compat.enable_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    light = tree.nodes.new("ShaderNodeEmission")
    light.inputs["Color"].default_value = (1, 0, 0, 1)
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(light.outputs[0], output.inputs["Surface"])
    mesh.materials.append(material)
    item = bpy.data.objects.new("red", mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def render(folder: Path, frame: int) -> Array:
    rendering.render_animation(bpy.context.scene, f"{folder}/", frame, frame, sharp=False)
    return read(folder / f"frame_{frame:05}.png")


@pytest.mark.parametrize(
    ("steps", "numbers"),
    [
        pytest.param(uniform_steps(4, 2.0), (0, 1, 3), id="plain"),
        pytest.param((Step(2.0, (0.1, -0.05)), Step(2.0, (-0.08, 0.1))), (0, 1, 2), id="off"),
        pytest.param(uniform_steps(40, 3.0), (0, 17, 39), id="deep"),
    ],
)
def test_the_image_is_one_unit_wide(
    tmp_path: Path, steps: tuple[Step, ...], numbers: tuple[int, ...]
) -> None:
    """Where an image fills the view its cropped part is the frame, whatever lies around it."""
    control, _ = make_zoom(tmp_path, steps)
    assert len(anchors.anchors(control)) == len(steps) + 1
    for number in numbers:
        thing = bpy.data.objects.new("thing", None)
        bpy.context.scene.collection.objects.link(thing)
        thing.parent = anchors.anchor_of(control, number)
        bpy.context.scene.frame_set(number * STEPS)
        half = CROP / 2
        for x, y in ((-1, -1), (1, 1), (0, 0)):
            corner = half * x, half * y * SIZE[1] / SIZE[0], 0.0
            assert seen_at(thing, corner) == pytest.approx(((1 + x) / 2, (1 + y) / 2), abs=1e-3)


def test_what_hangs_there_grows_with_the_zoom(tmp_path: Path, picture_folder: Path) -> None:
    control, _ = make_zoom(tmp_path, uniform_steps(4, 2.0))
    plane = red_plane(0.2, 0.1)
    plane.parent = anchors.anchor_of(control, 1)
    plane.location = (0.1, -0.2, anchors.HEIGHT)
    for frame in (5, 10, 15):
        scale = 2.0 ** ((frame - 10) / STEPS) * SIZE[0]
        middle = FRAME[0] / 2 + 0.1 * scale, FRAME[1] / 2 + 0.2 * scale
        expected = [
            middle[0] - 0.1 * scale,
            middle[1] - 0.05 * scale,
            middle[0] + 0.1 * scale,
            middle[1] + 0.05 * scale,
        ]
        box = red_box(render(picture_folder, frame))
        expected = list(np.clip(expected, 0, [FRAME[0], FRAME[1], FRAME[0], FRAME[1]]))
        assert box == pytest.approx(expected, abs=1.0)


def test_selected_things_fit_below_the_next_image(tmp_path: Path, picture_folder: Path) -> None:
    control, plan = make_zoom(tmp_path, uniform_steps(4, 2.0))
    scene = shown_scene()
    plane = red_plane(30.0, 2.0)
    scene.frame_set(19)  # nearest to image 2
    assert anchors.add_objects(scene, control, plan, [plane]) == 2
    left, top, right, bottom = red_box(render(picture_folder, 20)) or (0, 0, 0, 0)
    assert 0 < left < right < FRAME[0] and right - left > 0.5 * FRAME[0]
    # The next image's cropped part is half as large as the frame.
    assert 0.75 * FRAME[1] <= top < bottom < FRAME[1]
    assert left + right == pytest.approx(FRAME[0], abs=1.5)
    assert red_box(render(picture_folder, 9)) is None  # its image is not there yet
    assert red_box(render(picture_folder, 40)) is None  # and is hidden by the next ones


def keyed(item: Any, path: str, *keys: tuple[int, Any]) -> None:
    for frame, value in keys:
        setattr(item, path, value)
        item.keyframe_insert(path, frame=frame)


def as_strip(item: Any) -> None:
    """Move an object's action to a track of the NLA editor."""
    action = item.animation_data.action
    strip = item.animation_data.nla_tracks.new().strips.new("strip", 0, action)
    if bpy.app.version >= (4, 4, 0):
        strip.action_slot = action.slots[0]
    item.animation_data.action = None


def still(folder: Path) -> Any:
    return red_plane(30.0, 2.0)


def moving(folder: Path) -> Any:
    item = still(folder)
    keyed(item, "location", (0, (0, 0, 0)), (STEPS, (0.1, 0, 0)))
    return item


def driven(folder: Path) -> Any:
    item = still(folder)
    item.driver_add("location", 0).driver.expression = "frame / 1000"
    return item


def moving_in_a_track(folder: Path) -> Any:
    item = moving(folder)
    as_strip(item)
    return item


def blinking(folder: Path) -> Any:
    """Hidden by the user in frame 12."""
    item = still(folder)
    keyed(item, "hide_render", (0, False), (12, True), (13, False))
    return item


def blinking_in_a_track(folder: Path) -> Any:
    item = blinking(folder)
    as_strip(item)
    return item


def blinking_by_a_driver(folder: Path) -> Any:
    item = still(folder)
    item.driver_add("hide_render").driver.expression = "frame == 12"
    return item


def with_a_blinking_child(folder: Path) -> Any:
    item = still(folder)
    child = blinking(folder)
    child.parent, child.location.z = item, 0.001
    return item


def on_a_path(folder: Path) -> Any:
    item = still(folder)
    constraint = item.constraints.new("LIMIT_LOCATION")
    keyed(constraint, "influence", (0, 0.0), (STEPS, 1.0))
    return item


def instancing(folder: Path) -> Any:
    """An empty that shows a collection which is in no view."""
    collection = bpy.data.collections.new("kit")
    plane = still(folder)
    collection.objects.link(plane)
    shown_scene().collection.objects.unlink(plane)
    item = bpy.data.objects.new("instance", None)
    item.instance_type, item.instance_collection = "COLLECTION", collection
    shown_scene().collection.objects.link(item)
    item.scale = (0.2, 0.2, 0.2)  # an empty has no size that would be fitted
    return item


def overriding(folder: Path) -> Any:
    """A library override of an object in another file."""
    plane = still(folder)
    file = folder / "library.blend"
    bpy.data.libraries.write(str(file), {plane})
    bpy.data.objects.remove(plane)
    library: Any = bpy.data.libraries
    with library.load(str(file), link=True) as (_, wanted):
        wanted.objects = ["red"]
    item = wanted.objects[0].override_create()
    shown_scene().collection.objects.link(item)
    return item


KINDS = (still, moving, driven, moving_in_a_track, on_a_path, instancing, overriding)
BLINKING = (blinking, blinking_in_a_track, blinking_by_a_driver, with_a_blinking_child)


@pytest.mark.parametrize("make", (*KINDS, *BLINKING))
def test_whatever_it_is_it_hides_with_its_image(
    tmp_path: Path, picture_folder: Path, make: Callable[[Path], Any]
) -> None:
    """Image 1 fills the view at frame 10; from frame 30 on images 2 and 3 cover it."""
    control, plan = make_zoom(tmp_path, uniform_steps(4, 2.0))
    scene = shown_scene()
    item = make(tmp_path)
    scene.frame_set(10)
    assert anchors.add_objects(scene, control, plan, [item]) == 1
    # Before the camera at all times, if nothing hides it.
    item.matrix_parent_inverse = Matrix.Translation((0, 0, 0.01)) @ item.matrix_parent_inverse
    assert red_box(render(picture_folder, 10))
    assert red_box(render(picture_folder, 13))
    hidden_by_user = red_box(render(picture_folder, 12)) is None
    assert hidden_by_user == (make in BLINKING and make is not with_a_blinking_child)
    layer = objects.numbered(control, "layer")[1]
    for frame in range(41):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        if layer.evaluated_get(graph).hide_render:
            is_hidden = item.evaluated_get(graph).hide_render
            assert is_hidden or max(item.parent.evaluated_get(graph).scale) == 0.0
    scene.render.film_transparent = True
    for other in objects.parts(control, "layer"):
        for path in ("hide_render", "hide_viewport"):
            other.driver_remove(path)
            setattr(other, path, True)
    assert red_box(render(picture_folder / "bare", 11))
    for frame in (0, 40):
        assert red_box(render(picture_folder / "bare", frame)) is None


def test_what_is_linked_is_refused_before_anything_changes(tmp_path: Path) -> None:
    """Blender does not save where a linked object was put."""
    control, plan = make_zoom(tmp_path, uniform_steps(2, 2.0))
    override = overriding(tmp_path)
    linked = override.override_library.reference
    own = red_plane(1.0, 1.0)
    with pytest.raises(EverZoomError, match=r"red is linked from library.blend: .* Override"):
        anchors.add_objects(shown_scene(), control, plan, [own, linked])
    assert own.parent is None and own.animation_data is None


def test_a_thousand_things_are_added_at_once(tmp_path: Path) -> None:
    """Half of them hang on others, one below the other."""
    control, plan = make_zoom(tmp_path, uniform_steps(3, 2.0))
    items = [red_plane(1.0, 1.0)]
    for number in range(999):
        item = items[0].copy()
        item.parent = items[-1] if number % 10 else None
        shown_scene().collection.objects.link(item)
        items.append(item)
    start = time.process_time()
    anchors.add_objects(shown_scene(), control, plan, items)
    assert time.process_time() - start < 2.0
    anchor = anchors.anchor_of(control, 0)
    assert len(anchor.children) == sum(item.parent == anchor for item in items) == 101
    start = time.process_time()
    anchors.update(control, plan)
    assert time.process_time() - start < 2.0


def test_they_keep_their_places_to_each_other_and_their_animation(tmp_path: Path) -> None:
    control, plan = make_zoom(tmp_path, uniform_steps(3, 2.0))
    scene = shown_scene()
    one, other = red_plane(1.0, 1.0), red_plane(1.0, 1.0)
    child = red_plane(0.5, 0.5)
    other.location = (2.0, 0.0, 0.0)
    child.parent, child.location = other, (0.0, 1.0, 0.0)
    for frame, x in ((0, 2.0), (10, 4.0)):
        other.location[0] = x
        other.keyframe_insert("location", frame=frame)
    scene.frame_set(0)
    assert anchors.add_objects(scene, control, plan, [one, other, child]) == 0
    assert child.parent == other
    unit = seen_at(one, (0.5, 0, 0))[0] - seen_at(one, (-0.5, 0, 0))[0]
    assert unit > 0.05
    assert seen_at(other) - seen_at(one) == pytest.approx((2.0 * unit, 0.0), abs=1e-4)
    up = FRAME[0] / FRAME[1] * unit
    assert seen_at(child) - seen_at(other) == pytest.approx((0.0, up), abs=1e-4)
    scene.frame_set(10)
    assert seen_at(other) - seen_at(one) == pytest.approx((4.0 * 2.0 * unit, 0.0), abs=1e-3)


def test_solid_things_stand_as_they_stood(tmp_path: Path) -> None:
    control, plan = make_zoom(tmp_path, uniform_steps(3, 2.0))
    tower: Any = bpy.data.objects.new("tower", bpy.data.meshes.new("tower"))
    points = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (0, 6)]
    tower.data.from_pydata(points, [], [(0, 1, 3, 2), (4, 5, 7, 6)])
    bpy.context.scene.collection.objects.link(tower)
    anchors.add_objects(shown_scene(), control, plan, [tower])
    rise = seen_at(tower, (0, 0, 6)) - seen_at(tower, (0, 0, 0))
    assert rise[1] > 0.05 and abs(rise[0]) < 0.01
    place = anchors.anchor_of(control, 0).matrix_world.inverted() @ tower.matrix_world
    assert min((place @ Vector(point)).z for point in points) == pytest.approx(anchors.HEIGHT)


def test_nothing_to_add(tmp_path: Path) -> None:
    control, plan = make_zoom(tmp_path, uniform_steps(3, 2.0))
    own = list(objects.parts(control, "layer"))
    for chosen in ([], [control], own):
        with pytest.raises(EverZoomError, match="select what is to be added"):
            anchors.add_objects(shown_scene(), control, plan, chosen)
    assert not any(anchor.children for anchor in anchors.anchors(control))


def hang_something(control: Any, plan: Any, *numbers: int) -> None:
    """Put an empty on images."""
    scene = shown_scene()
    for number in numbers:
        scene.frame_set(anchors.frame_of_image(control, number) or 0)
        thing = bpy.data.objects.new("thing", None)
        scene.collection.objects.link(thing)
        assert anchors.add_objects(scene, control, plan, [thing]) == number


def step_of(anchor: Any, frame: float) -> float:
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    return float(anchor.evaluated_get(bpy.context.evaluated_depsgraph_get())[anchors.STEP])


def test_how_far_into_the_step(tmp_path: Path) -> None:
    """Also where the steps have different factors, and so different lengths."""
    control, plan = make_zoom(tmp_path, (Step(2.0), Step(3.0), Step(2.0)), zoom_steps=200)
    hang_something(control, plan, 0, 1, 3)
    arrivals = [anchors.frame_of_image(control, number) for number in range(4)]
    frames = [float(frame) for frame in arrivals if frame is not None]
    assert len(frames) == 4
    middle = anchors.anchor_of(control, 1)
    outermost, innermost = (anchors.anchor_of(control, number) for number in (0, 3))
    expected = {
        (middle, frames[0]): -1.0,
        (middle, (frames[0] + frames[1]) / 2): -0.5,
        (middle, frames[1]): 0.0,
        (middle, (frames[1] + frames[2]) / 2): 0.5,
        (middle, frames[3]): 2.0,
        (outermost, frames[0]): 0.0,
        (outermost, frames[1]): 1.0,
        (innermost, frames[2]): -1.0,
        (innermost, frames[3]): 0.0,
    }
    for (anchor, frame), value in expected.items():
        assert step_of(anchor, frame) == pytest.approx(value, abs=0.01)


def test_a_driver_of_the_users_runs_without_python(tmp_path: Path) -> None:
    """The one that the guide proposes: it fades something in before its image is there."""
    control, plan = make_zoom(tmp_path, uniform_steps(4, 2.0))
    hang_something(control, plan, 2)
    thing: Any = bpy.data.objects.new("thing", None)
    bpy.context.scene.collection.objects.link(thing)
    driver = thing.driver_add("location", 0).driver
    variable = driver.variables.new()
    variable.name = "var"
    variable.targets[0].id = anchors.anchor_of(control, 2)
    variable.targets[0].data_path = '["Step"]'
    driver.expression = "clamp(var + 1)"
    assert driver.is_simple_expression
    for frame, value in ((0, 0.0), (10, 0.0), (15, 0.5), (20, 1.0), (30, 1.0)):
        bpy.context.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        assert thing.evaluated_get(graph).location[0] == pytest.approx(value, abs=1e-5)


@pytest.fixture
def group(addon: None, tmp_path: Path) -> Any:
    """The settings of a zoom through four images, made by the button, from frame 1 on."""
    write_series(tmp_path / "series", 4)
    group = bpy.context.scene.ever_zoom
    group.folder, group.zoom_steps = str(tmp_path / "series"), STEPS
    group.order, group.align, group.match_colour = "outermost-first", False, False
    operators.ever_zoom.build()
    return objects.controls(bpy.context.scene)[0].ever_zoom


def place_of(item: Any, name: str) -> tuple[Array, Array]:
    """Where an object's two ends are seen when the image of that name fills the view."""
    scene = bpy.context.scene
    control = objects.controls(scene)[0]
    for number, layer in objects.numbered(control, "layer").items():
        if objects.layer_image(layer).name == name:
            scene.frame_set(anchors.frame_of_image(control, number) or 0)
            return seen_at(item, (-0.5, 0, 0)), seen_at(item, (0.5, 0, 0))
    raise AssertionError(name)


def test_they_stay_where_they_are_when_the_zoom_is_built_again(group: Any, tmp_path: Path) -> None:
    scene = shown_scene()
    operators.ever_zoom.go_to_image(number=2)
    assert scene.frame_current == 21
    plane = red_plane(1.0, 0.1)
    for item in bpy.context.view_layer.objects:
        item.select_set(item == plane)
    assert operators.ever_zoom.add_to_image() == {"FINISHED"}
    before = place_of(plane, "a_2.png")
    assert before[1][0] - before[0][0] > 0.1

    def check() -> None:
        assert np.allclose(place_of(plane, "a_2.png"), before, atol=1e-4)
        assert not plane.hide_render
        scene.frame_set(scene.frame_start)
        assert plane.evaluated_get(bpy.context.evaluated_depsgraph_get()).hide_render

    operators.ever_zoom.build()
    check()
    group.zoom_steps = 25
    group.reverse = True
    group.reverse = False
    check()
    grown = write_image(tmp_path / "more" / "outer.png", 0)
    operators.ever_zoom.add_images(
        directory=str(grown.parent), files=[{"name": grown.name}], place="outside"
    )
    assert objects.numbered(objects.controls(scene)[0], "layer").keys() == set(range(5))
    check()


def test_they_wait_while_their_image_is_not_used(group: Any) -> None:
    operators.ever_zoom.go_to_image(number=2)
    assert operators.ever_zoom.add_fade_in_title(text="Here") == {"FINISHED"}
    text = bpy.data.objects["Title"]
    assert text.data.body == "Here"
    before = place_of(text, "a_2.png")
    operators.ever_zoom.use_image(index=2)
    for frame in range(bpy.context.scene.frame_start, bpy.context.scene.frame_end + 1):
        bpy.context.scene.frame_set(frame)
        assert text.evaluated_get(bpy.context.evaluated_depsgraph_get()).hide_render
    operators.ever_zoom.use_image(index=2)
    assert np.allclose(place_of(text, "a_2.png"), before, atol=1e-4)
    assert not text.evaluated_get(bpy.context.evaluated_depsgraph_get()).hide_render


def marks() -> list[tuple[str, int]]:
    found = bpy.context.scene.timeline_markers
    return sorted(((marker.name, marker.frame) for marker in found), key=lambda mark: mark[1])


def test_markers_name_the_images_and_are_no_beats(group: Any) -> None:
    bpy.context.scene.timeline_markers.new("mine", frame=15)
    operators.ever_zoom.mark_images()
    assert marks() == [
        ("Image 0: a_0.png", 1),
        ("Image 1: a_1.png", 11),
        ("mine", 15),
        ("Image 2: a_2.png", 21),
        ("Image 3: a_3.png", 31),
    ]
    operators.ever_zoom.mark_images()
    assert len(marks()) == 5
    assert operators.ever_zoom.snap_to_markers() == {"FINISHED"}
    assert anchors.frame_of_image(objects.controls(bpy.context.scene)[0], 1) == 15
    assert ("Image 1: a_1.png", 15) in marks()  # they follow


def test_the_panel(group: Any) -> None:
    operators.ever_zoom.go_to_image(number=1)
    thing = red_plane(1.0, 1.0)
    bpy.context.view_layer.objects.active = thing
    thing.select_set(True)
    shown = draw_panel("EVERZOOM_PT_effects")
    assert "ever_zoom.add_to_image" in shown.buttons
    assert operators.ever_zoom.add_to_image.poll()
    objects.controls(bpy.context.scene)[0].select_set(True)
    for item in bpy.context.selected_objects:
        item.select_set(item.type == "EMPTY")
    with pytest.raises(RuntimeError, match="Select what is to be added"):
        operators.ever_zoom.add_to_image()
    group.engine = "sequencer"
    with pytest.raises(RuntimeError, match="Not in the sequencer"):
        thing.select_set(True)
        operators.ever_zoom.add_to_image()
    with pytest.raises(RuntimeError, match="does not come to image 9"):
        operators.ever_zoom.go_to_image(number=9)
