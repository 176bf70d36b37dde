"""Building again, beside what the user has made. Touches bpy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import compat, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Array, Nest, Pattern, error, read, waves

PLAIN = ZoomSettings(zoom_factor=2.0, zoom_steps=4, start_frame=0, feather=0.05)
PATTERNS: list[Pattern] = [waves(seed) for seed in range(5)]
SIZE = (60, 40)


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def nest_of(first: int, count: int, **options: Any) -> Nest:
    return Nest(PATTERNS[first : first + count], SIZE, **options)


def series_of(nest: Nest, folder: Path) -> Series:
    files = reversed(nest.files(folder))
    images = tuple(SeriesImage(file, *nest.size) for file in files)
    return Series(images, uniform_steps(len(images), 2.0))


def render(scene: Any, folder: Path, frame: int) -> Array:
    rendering.render_animation(scene, f"{folder}/", frame, frame)
    return read(folder / f"frame_{frame:05}.png")


def shows(scene: Any, folder: Path, nest: Nest, frame: int = 3) -> bool:
    """Whether a frame is what a series must show there."""
    return error(render(scene, folder, frame), nest.view(frame / 4))[1] < 2.5


def plain(value: Any) -> Any:
    """A value as Python's own, to be compared later."""
    if isinstance(value, bpy.types.ID):
        return value.session_uid
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return value
    return np.array(value).tolist()  # and no view of what it is now


def state(item: Any) -> dict[str, Any]:
    """Everything about a data-block that can be compared."""
    found: dict[str, Any] = {
        key: plain(getattr(item, key))
        for key in item.bl_rna.properties.keys()  # noqa: SIM118 - no mapping
        if item.bl_rna.properties[key].type in {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}
    }
    if isinstance(item, bpy.types.Object):
        found["data"], found["parent"] = plain(item.data), plain(item.parent)
        found["materials"] = [plain(slot.material) for slot in item.material_slots]
    tree = getattr(item, "node_tree", None)
    if tree is not None:
        found["nodes"] = [(node.name, node.type) for node in tree.nodes]
        found["links"] = len(tree.links)
    found["keys"] = keys(item)
    return found


def keys(item: Any) -> list[Any]:
    """The key points of a data-block that can have some."""
    return [
        (curve.data_path, [point.co[:] for point in curve.keyframe_points])
        for curve in (compat.fcurves(item) if hasattr(item, "animation_data") else ())
    ]


def everything() -> list[Any]:
    """All data-blocks that a user may have made."""
    kinds = ("objects", "meshes", "cameras", "lights", "materials", "worlds", "images")
    return [item for kind in kinds for item in getattr(bpy.data, kind)]


def users_scene() -> dict[Any, dict[str, Any]]:
    """A scene with something of everything; what all that is like, by identity."""
    bpy.ops.mesh.primitive_cube_add(location=(30.0, 2.0, 1.0))
    cube = bpy.context.object
    material = bpy.data.materials.new("Ever Zoom Layer")  # a name that we use, too
    compat.enable_nodes(material)
    cube.data.materials.append(material)
    cube.keyframe_insert("location", frame=3)
    cube.location[0] = 35.0
    cube.keyframe_insert("location", frame=30)
    bpy.ops.object.light_add(type="SUN", location=(0.0, 0.0, 20.0))
    bpy.ops.object.camera_add(location=(1.0, 2.0, 3.0))
    camera = bpy.context.object
    camera.data.lens = 35.0
    camera.keyframe_insert("rotation_euler", frame=1)
    world = bpy.data.worlds.new("Theirs")
    compat.enable_nodes(world)
    bpy.context.scene.world = world
    image = bpy.data.images.new("theirs", 8, 8)
    image.use_fake_user = True
    return {item: state(item) for item in everything()}


def test_what_the_user_has_made_stays(scene: Any, tmp_path: Path) -> None:
    theirs = users_scene()
    world = scene.world
    series = series_of(nest_of(0, 3), tmp_path)
    control = zooms.build_zoom(scene, series, PLAIN)
    zooms.build_zoom(scene, series, replace(PLAIN, crop=0.5, zoom_steps=9), control)
    zooms.change_zoom(scene, control, replace(PLAIN, debug_overlay=True, reverse=True))
    zooms.change_zoom(scene, control, replace(PLAIN, engine=Engine.SEQUENCER))
    zooms.change_zoom(scene, control, PLAIN)
    assert set(theirs) <= set(everything())
    for item, before in theirs.items():
        assert state(item) == before, item.name
    assert scene.world == world
    assert len(theirs) > 7
    for item in theirs:  # any change would have been seen
        if isinstance(item, bpy.types.Object):
            item.location[1] += 1.0
            bpy.context.view_layer.update()
            assert state(item) != theirs[item]


def test_building_again_replaces_and_adds_nothing(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = nest_of(0, 3)
    series = series_of(nest, tmp_path)
    control = zooms.build_zoom(scene, series, PLAIN)
    before = set(everything())
    curves = [len(compat.fcurves(item)) for item in bpy.data.objects]
    assert zooms.build_zoom(scene, series, PLAIN, control) == control
    assert set(everything()) == before
    assert [len(compat.fcurves(item)) for item in bpy.data.objects] == curves
    assert objects.controls(scene) == [control]
    assert shows(scene, picture_folder, nest)


def test_other_images_take_the_places_of_the_old_ones(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    longer, shorter = nest_of(0, 5), nest_of(2, 2)
    control = zooms.build_zoom(scene, series_of(longer, tmp_path / "longer"), PLAIN)
    layers = objects.numbered(control, "layer")
    zooms.build_zoom(scene, series_of(shorter, tmp_path / "shorter"), PLAIN, control)
    assert objects.numbered(control, "layer") == {number: layers[number] for number in range(2)}
    assert len(bpy.data.objects) == 6  # and the control, the camera, and an anchor on each
    assert len(bpy.data.materials) == 2
    assert (scene.frame_start, scene.frame_end) == (0, 4)
    assert shows(scene, picture_folder, shorter)
    zooms.build_zoom(scene, series_of(longer, tmp_path / "longer"), PLAIN, control)
    assert sorted(objects.numbered(control, "layer")) == [0, 1, 2, 3, 4]
    assert shows(scene, picture_folder, longer, 14)


def test_the_users_edits_of_the_zoom_stay(scene: Any, tmp_path: Path, picture_folder: Path) -> None:
    nest = nest_of(0, 3)
    control = zooms.build_zoom(scene, series_of(nest, tmp_path), PLAIN)
    camera = scene.camera
    camera.name = "My Camera"
    camera.data.lens = 85.0
    camera.data.dof.aperture_fstop = 1.4
    control.name = "My Zoom"
    control.users_collection[0].name = "My Collection"
    added = bpy.data.objects.new("added", bpy.data.meshes.new("added"))
    scene.collection.objects.link(added)
    added.parent = control
    added.location = (1.0, 2.0, 3.0)
    on_layer = bpy.data.objects.new("on a layer", None)
    scene.collection.objects.link(on_layer)
    on_layer.parent = objects.numbered(control, "layer")[1]
    before = state(added), state(on_layer)

    other = replace(PLAIN, crop=0.6)
    zooms.build_zoom(scene, series_of(nest, tmp_path), other, control)
    assert (state(added), state(on_layer)) == before
    assert scene.camera == camera
    assert (camera.name, camera.data.lens) == ("My Camera", 85.0)
    assert camera.data.dof.aperture_fstop == pytest.approx(1.4)
    assert (control.name, control.users_collection[0].name) == ("My Zoom", "My Collection")
    assert len([c for c in bpy.data.collections if c.name != "My Collection"]) == 0
    # With the other lens it shows the same, from elsewhere.
    assert shows(scene, picture_folder, nest_of(0, 3, crop=0.6))


def test_the_users_material_on_a_layer_stays(
    scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    control = zooms.build_zoom(scene, series_of(nest_of(0, 3), tmp_path), PLAIN)
    red = bpy.data.materials.new("red")
    compat.enable_nodes(red)
    nodes = red.node_tree.nodes
    nodes.clear()
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (1.0, 0.0, 0.0, 1.0)
    output = nodes.new("ShaderNodeOutputMaterial")
    red.node_tree.links.new(emission.outputs[0], output.inputs["Surface"])
    objects.numbered(control, "layer")[1].material_slots[0].material = red
    before = state(red)
    zooms.change_zoom(scene, control, replace(PLAIN, crop=0.7))
    assert objects.numbered(control, "layer")[1].material_slots[0].material == red
    assert state(red) == before
    middle = render(scene, picture_folder, 4)[10:18, 10:30]
    assert (middle == [1.0, 0.0, 0.0]).all()


def test_looking_through_another_camera_is_the_users_choice(scene: Any, tmp_path: Path) -> None:
    users_scene()
    (theirs,) = (item for item in scene.objects if item.type == "CAMERA")
    series = series_of(nest_of(0, 3), tmp_path)
    control = zooms.build_zoom(scene, series, PLAIN)
    assert scene.camera in list(objects.parts(control, "camera"))
    scene.camera = theirs
    zooms.change_zoom(scene, control, replace(PLAIN, crop=0.7))
    assert scene.camera == theirs
    bpy.data.objects.remove(theirs)
    zooms.change_zoom(scene, control, PLAIN)
    assert scene.camera in list(objects.parts(control, "camera"))


def test_two_zooms_in_one_file(scene: Any, tmp_path: Path, picture_folder: Path) -> None:
    """Each in a scene of its own; one image is in both."""
    one, other = nest_of(0, 3), nest_of(2, 3)
    series = series_of(one, tmp_path / "one"), series_of(other, tmp_path / "other")
    first = zooms.build_zoom(scene, series[0], PLAIN)
    other_scene = bpy.data.scenes.new("Other")
    second = zooms.build_zoom(other_scene, series[1], PLAIN)
    assert objects.controls(scene) == [first]
    assert objects.controls(other_scene) == [second]
    assert not set(first.children_recursive) & set(second.children_recursive)
    assert shows(scene, picture_folder / "one", one)
    assert shows(other_scene, picture_folder / "other", other)
    before = [state(item) for item in (first, *first.children_recursive)]
    zooms.change_zoom(
        other_scene, second, replace(PLAIN, crop=0.6, zoom_steps=8, debug_overlay=True)
    )
    assert [state(item) for item in (first, *first.children_recursive)] == before
    assert shows(scene, picture_folder / "one", one)
    changed = render(other_scene, picture_folder / "other", 6)
    assert changed.shape == (24, 36, 3)
    for item in (second, *second.children_recursive):
        bpy.data.objects.remove(item)
    assert shows(scene, picture_folder / "one", one)


def test_two_zooms_in_one_scene(scene: Any, tmp_path: Path, picture_folder: Path) -> None:
    """The one whose camera is looked through fills the frame, as it is the nearer one."""
    one, other = nest_of(0, 3), nest_of(2, 3)
    first = zooms.build_zoom(scene, series_of(one, tmp_path / "one"), PLAIN)
    first.location[0] = 100.0
    second = zooms.build_zoom(scene, series_of(other, tmp_path / "other"), PLAIN)
    assert objects.controls(scene) == [first, second]
    assert first.users_collection != second.users_collection
    assert shows(scene, picture_folder, other)
    scene.camera = next(objects.parts(first, "camera"))
    assert shows(scene, picture_folder, one)
    zooms.change_zoom(scene, first, replace(PLAIN, feather=0.2))
    assert shows(scene, picture_folder, nest_of(0, 3, feather=0.2))


def test_an_image_is_loaded_once(scene: Any, tmp_path: Path) -> None:
    nest = nest_of(0, 3)
    series = series_of(nest, tmp_path)
    theirs = bpy.data.images.load(str(series.images[1].file))
    theirs.name = "My Image"
    control = zooms.build_zoom(scene, series, PLAIN)
    zooms.build_zoom(scene, series, PLAIN, control)
    zooms.build_zoom(bpy.data.scenes.new("Other"), series, PLAIN)
    assert len(bpy.data.images) == 3
    assert objects.layer_image(objects.numbered(control, "layer")[1]) == theirs
    assert theirs.name == "My Image"


@pytest.mark.parametrize("is_packed", [False, True], ids=["relative", "packed"])
def test_images_are_found_where_the_file_goes(
    is_packed: bool, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = nest_of(0, 3)
    project = tmp_path / "project"
    project.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "zoom.blend"))
    series = series_of(nest, project / "images")
    zooms.build_zoom(scene, series, replace(PLAIN, pack_images=is_packed))
    assert all(image.filepath.startswith("//images") for image in bpy.data.images)
    assert all(bool(image.packed_file) == is_packed for image in bpy.data.images)
    bpy.ops.wm.save_mainfile()
    project.rename(tmp_path / "moved")
    if is_packed:
        shutil.rmtree(tmp_path / "moved" / "images")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "moved" / "zoom.blend"))
    scene = bpy.context.scene
    assert shows(scene, picture_folder, nest)
    (control,) = objects.controls(scene)
    zooms.change_zoom(scene, control, replace(PLAIN, feather=0.2, pack_images=is_packed))
    assert shows(scene, picture_folder, nest_of(0, 3, feather=0.2))


CHANGES: dict[str, Callable[[Any, Any, Series], Any]] = {
    "build": lambda scene, _control, series: zooms.build_zoom(scene, series, PLAIN),
    "build again": lambda scene, control, series: zooms.build_zoom(
        scene, series, replace(PLAIN, crop=0.5, debug_overlay=True), control
    ),
    "change": lambda scene, control, _series: zooms.change_zoom(
        scene, control, replace(PLAIN, zoom_steps=9, reverse=True)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_undo_takes_it_back(change: str, scene: Any, tmp_path: Path) -> None:
    series = series_of(nest_of(0, 3), tmp_path)
    users_scene()
    control = None if change == "build" else zooms.build_zoom(scene, series, PLAIN)

    def snapshot() -> Any:
        scene = bpy.context.scene
        names = sorted(item.name for item in everything())
        all_keys = [(item.name, keys(item)) for item in bpy.data.objects]
        size = scene.render.resolution_x, scene.render.resolution_y
        return names, all_keys, size, scene.frame_start, scene.frame_end, scene.camera.name

    if scene.camera is None:
        scene.camera = next(item for item in scene.objects if item.type == "CAMERA")
    before = snapshot()
    bpy.ops.ed.undo_push(message="Before")
    CHANGES[change](scene, control, series)
    after = snapshot()
    assert after != before
    bpy.ops.ed.undo_push(message="After")
    bpy.ops.ed.undo()
    assert snapshot() == before
    bpy.ops.ed.redo()
    assert snapshot() == after


REMOVED: dict[str, Callable[[Any], Any]] = {
    "layer": lambda control: objects.numbered(control, "layer")[1],
    "outermost layer": lambda control: objects.numbered(control, "layer")[0],
    "camera": lambda control: next(objects.parts(control, "camera")),
    "image": lambda control: objects.layer_image(objects.numbered(control, "layer")[1]),
    "material": lambda control: objects.numbered(control, "layer")[1].material_slots[0].material,
    "mesh": lambda control: objects.numbered(control, "layer")[1].data,
    "node group": lambda _control: bpy.data.node_groups["Ever Zoom Layer"],
    "curve": lambda control: control.animation_data.action,
    "collection": lambda control: control.users_collection[0],
}


@pytest.mark.parametrize("removed", REMOVED)
def test_what_is_gone_is_made_again(
    removed: str, scene: Any, tmp_path: Path, picture_folder: Path
) -> None:
    nest = nest_of(0, 3)
    series = series_of(nest, tmp_path)
    control = zooms.build_zoom(scene, series, PLAIN)
    if removed == "collection":
        for item in control.users_collection[0].objects:
            scene.collection.objects.link(item)
    bpy.data.batch_remove([REMOVED[removed](control)])
    zooms.build_zoom(scene, series, PLAIN, control)
    for frame in (0, 3, 8):
        assert shows(scene, picture_folder, nest, frame)


def test_no_mesh_is_left_of_an_image_of_another_shape(scene: Any, tmp_path: Path) -> None:
    sizes = (60, 40), (40, 40), (40, 60), (50, 60)
    images = []
    for number, size in enumerate(sizes):
        (file,) = Nest([PATTERNS[number]], size).files(tmp_path / f"{number}")
        images.append(SeriesImage(file, *size))
    control = zooms.build_zoom(scene, Series(tuple(images), uniform_steps(4, 2.0)), PLAIN)
    assert len(bpy.data.meshes) == 4
    fewer = Series(tuple(images[:3]), uniform_steps(3, 2.0))
    zooms.build_zoom(scene, fewer, PLAIN, control)
    assert len(bpy.data.meshes) == 3
    assert all(mesh.users for mesh in bpy.data.meshes)
