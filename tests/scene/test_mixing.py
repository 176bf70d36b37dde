"""A zoom among things of the user's: behind them, on a screen, on a view layer. Touches bpy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, compositing, mixing, zooms
from ai_ever_zoom_addon.scene.output import farm, output_settings, rendering
from ai_ever_zoom_addon.scene.planes import rig
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Array, Nest, error, read, to_linear, to_srgb, waves
from tests.scene.drawing import draw_panel
from tests.scene.nested import write_series
from tests.scene.test_saved_file import ENVIRONMENT, STRANGER

STEPS = 4
FRAME = (128, 96)  # of the zoom: 160 x 120, cropped
NEST = Nest([waves(number) for number in (1, 2, 3)], size=(160, 120))
LAST = 2 * STEPS
RED = (0.8, 0.05, 0.05)  # as displayed
WALL = (0.2, 0.3, 0.4)

operators: Any = bpy.ops


def make_zoom(folder: Path, scene: Any = None, **settings: Any) -> Any:
    """A zoom from frame 0 on, in a scene of its own; its control object."""
    images = tuple(SeriesImage(file, *NEST.size) for file in reversed(NEST.files(folder)))
    series = Series(images, uniform_steps(3, 2.0))
    scene = scene or bpy.data.scenes.new("Ever Zoom")
    return zooms.build_zoom(scene, series, settings_with(**settings))


def settings_with(**settings: Any) -> ZoomSettings:
    options: dict[str, Any] = {"zoom_steps": STEPS, "start_frame": 0, "engine": Engine.CYCLES}
    return ZoomSettings(**options | settings)


def light(name: str, colour: Sequence[float]) -> Any:
    """A material that is displayed in a colour, under the Standard view."""
    material: Any = bpy.data.materials.new(name)
    compat.enable_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*to_linear(np.array(colour)), 1.0)
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return material


def add_mesh(
    size: tuple[float, float],
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    uvs: Sequence[tuple[float, float]] = ((0, 0), (1, 0), (1, 1), (0, 1)),
) -> Any:
    """A rectangle that faces the room's camera."""
    x, y = size[0] / 2, size[1] / 2
    mesh = bpy.data.meshes.new("rectangle")
    mesh.from_pydata([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)], [], [(0, 1, 2, 3)])
    for corner, uv in zip(mesh.uv_layers.new(name="UVMap").uv, uvs, strict=True):
        corner.vector = uv
    item = bpy.data.objects.new("rectangle", mesh)
    item.location = place
    bpy.context.scene.collection.objects.link(item)
    return item


def make_room(size: tuple[int, int] = FRAME) -> Any:
    """The shown scene, with a camera for which a unit is a pixel, and x = y = 0 in the middle."""
    scene: Any = bpy.context.scene
    data: Any = bpy.data.cameras.new("camera")
    data.type, data.ortho_scale, data.sensor_fit = "ORTHO", size[0], "HORIZONTAL"
    camera = bpy.data.objects.new("camera", data)
    camera.location.z = 10.0
    scene.collection.objects.link(camera)
    scene.camera = camera
    world: Any = bpy.data.worlds.new("world")
    compat.enable_nodes(world)
    (background,) = (node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (*to_linear(np.array(WALL)), 1.0)
    scene.world = world
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.dither_intensity = 0.0
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end, scene.render.fps = 0, LAST, 30
    return scene


def take(scene: Any, folder: Path, frame: int) -> Array:
    """What `blender -b FILE -a` renders of a scene at a frame."""
    before = scene.frame_start, scene.frame_end
    output_settings.set_output(scene, f"{folder}/")
    scene.frame_start = scene.frame_end = frame
    operators.render.render(animation=True, scene=scene.name)
    scene.frame_start, scene.frame_end = before
    return read(Path(scene.render.frame_path(frame=frame)))


def level_at(frame: int) -> float:
    return min(max(frame / STEPS, 0.0), 2.0)


# --- Backdrop -------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", ["Standard", "AgX", "Filmic"])
def test_the_zoom_stands_behind_everything_in_its_own_colours(
    tmp_path: Path, picture_folder: Path, transform: str
) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room()
    add_mesh((40, 30), (20, 10, 0)).data.materials.append(light("red", RED))
    scene.view_settings.view_transform = transform
    alone = take(scene, picture_folder / "alone", 0)
    assert mixing.use_as_backdrop(scene, zoom) == []
    in_front = np.zeros(FRAME[::-1], bool)
    in_front[96 // 2 - 25 : 96 // 2 + 5, 128 // 2 : 128 // 2 + 40] = True
    own = {frame: take(zoom, picture_folder / "own", frame) for frame in (3, LAST)}
    for frame in (3, LAST, LAST + 5):  # beyond its end it stands still
        seen = take(scene, picture_folder / "seen", frame)
        assert np.array_equal(seen[in_front], alone[in_front])
        behind, expected = seen[~in_front], NEST.view(level_at(frame))[~in_front]
        own_behind = own[min(frame, LAST)][~in_front]
        if transform == "Standard":
            assert np.array_equal(behind, own_behind)
            assert error(behind, expected)[1] <= 2.0
        else:
            # Undoing a view transform fails for very saturated colours, which it never shows.
            assert np.percentile(255 * np.abs(behind - own_behind), 80) <= 1.01
            assert error(behind, expected)[0] <= 4.0


@pytest.mark.parametrize(
    ("size", "remark"),
    [
        ((256, 192), None),
        ((192, 96), "it is cut: better"),
        ((64, 96), "it is cut and enlarged 2 times: better"),
    ],
)
def test_it_fills_frames_of_another_size(
    tmp_path: Path, picture_folder: Path, size: tuple[int, int], remark: str | None
) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room(size)
    said = mixing.use_as_backdrop(scene, zoom)
    assert [line.startswith(str(remark)) for line in said] == [True] * (remark is not None)
    seen = take(scene, picture_folder, 3)
    rms, _ = error(seen, NEST.view(level_at(3), resolution=size))
    # What is enlarged is softer, and lies half a pixel off in 4.2.
    assert rms <= (3.0 if "enlarged" in str(remark) else 0.5)


def test_each_scene_has_its_own_engine(tmp_path: Path, picture_folder: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room()
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.render_aa = "OFF"
    add_mesh((40, 30), (20, 10, 0))
    mixing.use_as_backdrop(scene, zoom)
    seen = take(scene, picture_folder, 3)
    differs = np.abs(seen - NEST.view(level_at(3))).max(axis=2) > 2.5 / 255
    rows, columns = np.nonzero(differs)
    assert abs(int(differs.sum()) - 40 * 30) <= 100
    assert rows.min() >= 22 and rows.max() <= 53
    assert columns.min() >= 63 and columns.max() <= 104


def test_it_says_what_differs(tmp_path: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room()
    scene.frame_end, scene.render.fps, scene.view_settings.exposure = 250, 24, 1.0
    assert mixing.use_as_backdrop(scene, zoom) == [
        "it moves in frames 0 to 8 only",
        "it has 30 frames a second, this scene 24",
        "this scene's Color Management changes its colours",
    ]


def test_it_follows_the_zoom_and_is_removed(tmp_path: Path, picture_folder: Path) -> None:
    control = make_zoom(tmp_path)
    (zoom,) = control.users_scene
    scene = make_room()
    before = take(scene, picture_folder / "before", 1)
    groups = len(bpy.data.node_groups)
    mixing.use_as_backdrop(scene, zoom)
    zooms.change_zoom(zoom, control, settings_with(zoom_steps=2))
    after = NEST.view(level_at(1) * 2)
    assert error(take(scene, picture_folder / "built again", 1), after)[1] <= 2.0
    scene.view_settings.view_transform = "AgX"
    mixing.use_as_backdrop(scene, zoom)  # again: for the scene as it is now
    assert len(compat.compositing_tree(scene).nodes) == 4
    assert error(take(scene, picture_folder / "again", 1), after)[0] <= 4.0
    scene.view_settings.view_transform = "Standard"
    mixing.remove_backdrop(scene)
    assert mixing.backdrop(scene) is None and not scene.render.film_transparent
    assert np.array_equal(take(scene, picture_folder / "removed", 1), before)
    assert len(bpy.data.node_groups) == groups
    mixing.use_as_backdrop(scene, zoom)
    bpy.data.scenes.remove(zoom)  # its scene may go, too
    assert take(scene, picture_folder / "gone", 1).shape == before.shape
    mixing.remove_backdrop(scene)


@pytest.mark.parametrize("is_on", [True, False])
def test_a_tree_of_the_users_is_left_alone(tmp_path: Path, is_on: bool) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room()
    tree, picture, result = compat.new_compositing_tree(scene)
    tree.links.new(picture, result)
    if not is_on and bpy.app.version < (5, 0, 0):
        scene.use_nodes = False
    for _ in range(2):
        with pytest.raises(EverZoomError, match=r'left alone: add "Ever Zoom Backdrop" to it'):
            mixing.use_as_backdrop(scene, zoom)
    with pytest.raises(EverZoomError, match="left alone"):
        compositing.add_effects(scene)
    assert len(tree.nodes) == 2 and len(tree.links) == 1
    assert not scene.render.film_transparent
    assert len([group for group in bpy.data.node_groups if "Backdrop" in group.name]) == 1


def test_a_tree_that_the_user_went_on_with_is_not_removed(tmp_path: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    scene = make_room()
    mixing.use_as_backdrop(scene, zoom)
    tree, entry = compat.compositing_tree(scene), mixing.backdrop(scene).inputs["Backdrop"]
    blur = tree.nodes.new("CompositorNodeBlur")
    (behind,) = (link.from_node for link in entry.links)
    tree.links.new(behind.outputs["Image"], blur.inputs["Image"])
    tree.links.new(blur.outputs["Image"], entry)
    with pytest.raises(EverZoomError, match='mute "Backdrop"'):
        mixing.remove_backdrop(scene)
    other = make_zoom(tmp_path).users_scene[0]
    mixing.use_as_backdrop(scene, other)
    assert behind.scene == other and entry.links[0].from_node == blur and len(tree.nodes) == 5


def test_what_cannot_be_a_backdrop(tmp_path: Path) -> None:
    zoom = make_zoom(tmp_path, engine=Engine.SEQUENCER).users_scene[0]
    scene = make_room()
    with pytest.raises(EverZoomError, match="choose another engine"):
        mixing.use_as_backdrop(scene, zoom)
    zoom = make_zoom(tmp_path).users_scene[0]
    (tmp_path / "image_1.png").unlink()
    with pytest.raises(EverZoomError, match="Images are missing"):
        mixing.use_as_backdrop(scene, zoom)
    assert compat.compositing_tree(scene) is None and not scene.render.film_transparent


def test_a_stranger_renders_the_room(tmp_path: Path, picture_folder: Path) -> None:
    """A zoom behind and on a screen, in one file for a farm, without add-on and scripts."""
    zoom = make_zoom(tmp_path / "images").users_scene[0]
    scene = make_room()
    render_frames(zoom, tmp_path / "frames")
    mixing.put_on_screen(zoom, add_mesh((64, 48), (-20, 0, 0)))
    mixing.use_as_backdrop(scene, zoom)
    scene.frame_start = scene.frame_end = 3
    blend = tmp_path / "farm" / "room.blend"
    farm.prepare(scene, blend)
    ours = take(scene, picture_folder, 3)
    (tmp_path / "frames").rename(tmp_path / "elsewhere")
    (tmp_path / "images").rename(tmp_path / "nowhere")
    subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, json.dumps([str(blend)])],
        cwd=tmp_path,
        env=ENVIRONMENT,
        check=True,
    )
    assert np.array_equal(read(blend.parent / "room_frames" / "frame_00003.png"), ours)


# --- Screen ---------------------------------------------------------------------------------------


def render_frames(zoom: Any, output: Path) -> None:
    """Render a zoom to its own output path."""
    output_settings.set_output(zoom, str(output))
    first, last = zoom.frame_start, zoom.frame_end
    rendering.render_animation(zoom, str(output), first, last, sharp=False)


def assert_on_screen(seen: Array, expected: Array, box: tuple[int, int, int, int]) -> None:
    """A picture is seen in a box (left, top, right, bottom) and nothing of it outside."""
    left, top, right, bottom = box
    inside = np.zeros(seen.shape[:2], bool)
    inside[top:bottom, left:right] = True
    rms, greatest = error(seen[top:bottom, left:right], expected)
    assert rms <= 1.5 and greatest <= 8.0
    assert 255 * np.abs(seen[~inside] - WALL).max() <= 0.51


ATLAS = ((0.5, 0.25), (0.75, 0.25), (0.75, 0.5), (0.5, 0.5))


@pytest.mark.parametrize(
    ("size", "uvs"),
    [
        pytest.param((96, 72), ATLAS, id="of the zoom's shape"),
        pytest.param((80, 80), ((0, 0), (1, 0), (1, 1), (0, 1)), id="high"),
        pytest.param((120, 40), ATLAS, id="wide"),
    ],
)
@pytest.mark.parametrize("output", ["frames", "video.mp4"])
def test_a_screen_shows_the_frames_over_and_over(
    tmp_path: Path,
    picture_folder: Path,
    output: str,
    size: tuple[int, int],
    uvs: Sequence[tuple[float, float]],
) -> None:
    zoom = make_zoom(tmp_path, start_frame=5).users_scene[0]
    render_frames(zoom, tmp_path / output)
    scene = make_room()
    screen = add_mesh((size[0] / 2, size[1] / 2), (2, -4, 0), uvs)
    screen.scale = (2.0, 2.0, 1.0)
    bpy.context.view_layer.update()
    assert mixing.put_on_screen(zoom, screen) == []
    left, top = 64 + 2 - size[0] // 2, 48 + 4 - size[1] // 2
    box = (left, top, left + size[0], top + size[1])
    for frame in (5, 8, 13, 14 + 3):  # the last one in the second round
        seen = take(scene, picture_folder, frame)
        level = level_at((frame - 5) % (LAST + 1))
        expected = NEST.view(level, resolution=size)
        if output == "frames":
            assert_on_screen(seen, expected, box)
        else:  # colours are stored for every second pixel, and black to white by 219 steps
            left, top, right, bottom = box
            assert error(seen[top:bottom, left:right], expected)[0] <= 4.0


def test_eevee_shows_each_frame_on_the_screen(tmp_path: Path, picture_folder: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    render_frames(zoom, tmp_path / "frames")
    scene = make_room()
    scene.render.engine, scene.render.filter_size = compat.EEVEE, 0.0
    scene.eevee.taa_render_samples = 1
    mixing.put_on_screen(zoom, add_mesh((96, 72)))
    for frame in (1, 6):
        seen = take(scene, picture_folder, frame)
        expected = NEST.view(level_at(frame), resolution=(96, 72))[3:-3, 3:-3]
        rms, _ = error(seen[15:81, 19:109], expected)
        assert rms <= 3.0
        assert 255 * np.abs(seen[:10] - WALL).max() <= 1.01


def test_a_screen_is_brought_up_to_date(tmp_path: Path, picture_folder: Path) -> None:
    control = make_zoom(tmp_path)
    (zoom,) = control.users_scene
    scene = make_room()
    screen = add_mesh((96, 72))
    screen.data.materials.append(light("red", RED))
    with pytest.raises(EverZoomError, match=r'not rendered yet: show the scene "Ever Zoom" and'):
        mixing.put_on_screen(zoom, screen)
    assert screen.material_slots[0].material.name == "red"
    render_frames(zoom, tmp_path / "frames")
    assert mixing.put_on_screen(zoom, screen) == ["it took the place of the material red"]
    material = screen.material_slots[0].material
    zooms.change_zoom(zoom, control, settings_with(zoom_steps=2))
    render_frames(zoom, tmp_path / "frames")
    assert mixing.put_on_screen(zoom, screen) == []
    assert screen.material_slots[0].material == material
    assert len([image for image in bpy.data.images if image.source == "SEQUENCE"]) == 1
    seen = take(scene, picture_folder, 5 + 1)  # frame 1 of the second round
    assert_on_screen(seen, NEST.view(0.5, resolution=(96, 72)), (16, 12, 112, 84))
    strength = next(node for node in material.node_tree.nodes if node.type == "EMISSION")
    strength.inputs["Strength"].default_value = 0.5
    mixing.put_on_screen(zoom, screen)
    half = to_srgb(0.5 * to_linear(NEST.view(0.5, resolution=(96, 72))))
    assert_on_screen(take(scene, picture_folder, 6), half, (16, 12, 112, 84))


def test_frames_of_a_former_zoom_are_no_screen(tmp_path: Path) -> None:
    control = make_zoom(tmp_path)
    (zoom,) = control.users_scene
    screen = add_mesh((4, 3))
    for output, changed in (("frames", {"resolution": (64, 48)}), ("video.mp4", {"zoom_steps": 2})):
        render_frames(zoom, tmp_path / output)
        zooms.change_zoom(zoom, control, settings_with(**changed))
        with pytest.raises(EverZoomError, match="does not show the zoom as it is now"):
            mixing.put_on_screen(zoom, screen)
        zooms.change_zoom(zoom, control, settings_with())
    assert not screen.material_slots
    assert not [image for image in bpy.data.images if image.source in {"SEQUENCE", "MOVIE"}]


def test_an_object_without_uvs_is_no_screen(tmp_path: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    render_frames(zoom, tmp_path / "frames")
    screen = add_mesh((4, 3))
    screen.data.materials.append(light("red", RED))
    screen.data.materials.append(light("glass", RED))
    screen.active_material_index = 1
    with pytest.raises(EverZoomError, match="no faces of the active material slot"):
        mixing.put_on_screen(zoom, screen)
    screen.active_material_index = 0
    screen.data.uv_layers.remove(screen.data.uv_layers[0])
    with pytest.raises(EverZoomError, match="has no UVs: unwrap it first"):
        mixing.put_on_screen(zoom, screen)
    assert [slot.material.name for slot in screen.material_slots] == ["red", "glass"]


# --- View layers ----------------------------------------------------------------------------------


def test_a_zoom_is_put_alone_on_a_view_layer_or_left_out(
    tmp_path: Path, picture_folder: Path
) -> None:
    scene: Any = bpy.context.scene
    control = make_zoom(tmp_path, scene)
    zoom = control.users_collection[0]
    cube = add_mesh((4, 3), (0, 0, 0))
    cube.rotation_euler[0] = np.pi / 2  # upright, before the images
    cube.location.y = -0.1
    cube.data.materials.append(light("red", RED))
    own = bpy.data.collections.new("Own")
    scene.collection.children.link(own)
    scene.collection.objects.unlink(cube)
    own.objects.link(cube)
    with_zoom, without = scene.view_layers[0], scene.view_layers.new("Without")
    with_zoom.layer_collection.children[own.name].exclude = True
    without.layer_collection.children[zoom.name].exclude = True
    assert scene.camera in list(rig.parts(control, "camera"))
    without.use = False
    seen = take(scene, picture_folder / "zoom", 3)
    assert error(seen, NEST.view(level_at(3)))[1] <= 2.0
    with_zoom.use, without.use = False, True
    for frame in (0, 2):  # by the zoom's camera, which moves as before
        seen = take(scene, picture_folder / "own", frame)
        width = 4 / (0.8 * rig.WORLD_WIDTH) * FRAME[0] * 2 ** level_at(frame)
        is_red = np.abs(seen[48] - RED).max(axis=1) < 2 / 255
        assert abs(int(is_red.sum()) - width) <= 3
        assert np.abs(seen[48, ~is_red]).max() == 0.0  # nothing else

    bpy.context.window.view_layer = without  # where the zoom is not
    zooms.change_zoom(scene, control, settings_with(zoom_steps=2))
    assert without.layer_collection.children[zoom.name].exclude
    with_zoom.use, without.use = True, False
    seen = take(scene, picture_folder / "again", 3)
    assert error(seen, NEST.view(level_at(6)))[1] <= 2.0


# --- The window -----------------------------------------------------------------------------------


def refused(operator: Any) -> str:
    with pytest.raises(RuntimeError) as caught:
        operator()
    return str(caught.value)


def test_buttons_from_the_build_to_the_room(addon: None, tmp_path: Path) -> None:
    room = make_room()
    screen = add_mesh((4, 3))
    assert "No other scene has a zoom" in refused(operators.ever_zoom.use_as_backdrop)
    write_series(tmp_path, 3)
    group = room.ever_zoom
    group.folder, group.order, group.zoom_steps = str(tmp_path), "outermost-first", 2
    group.is_factor_measured = group.align = group.match_colour = False
    assert operators.ever_zoom.build() == {"FINISHED"}
    zoom: Any = bpy.context.scene
    assert zoom != room and mixing.zoom_scenes(room) == [zoom]
    output_settings.set_output(zoom, f"{tmp_path}/frames/")
    bpy.context.window.scene = room
    assert draw_panel("EVERZOOM_PT_mixing").buttons == [
        "ever_zoom.use_as_backdrop",
        "ever_zoom.put_on_screen",
    ]
    assert "Select a flat object" in refused(operators.ever_zoom.put_on_screen)
    bpy.context.view_layer.objects.active = screen
    assert "is not rendered yet" in refused(operators.ever_zoom.put_on_screen)
    assert 'No scene "Other" has a zoom' in refused(
        lambda: operators.ever_zoom.use_as_backdrop(zoom="Other")
    )
    bpy.ops.ed.undo_push(message="start")
    assert operators.ever_zoom.use_as_backdrop() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="backdrop")
    assert mixing.backdrop(bpy.context.scene) is not None
    assert "ever_zoom.remove_backdrop" in draw_panel("EVERZOOM_PT_mixing").buttons
    assert operators.ever_zoom.prepare_for_farm.poll()
    bpy.ops.ed.undo()
    assert mixing.backdrop(bpy.context.scene) is None
    assert not bpy.context.scene.render.film_transparent
    bpy.ops.ed.redo()
    assert operators.ever_zoom.remove_backdrop() == {"FINISHED"}
    assert mixing.backdrop(bpy.context.scene) is None
    (zoom,) = mixing.zoom_scenes(bpy.context.scene)
    render_frames(zoom, tmp_path / "frames")
    assert operators.ever_zoom.put_on_screen(zoom=zoom.name) == {"FINISHED"}
