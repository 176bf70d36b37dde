"""Layers that are bent, as engines render them. Touches bpy."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.depth_map import DepthMap, cells_of, encoded
from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.plan.mask import MaskMesh
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import measuring, recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.planes.layers import MASK_ATTRIBUTE, fill_mesh
from ai_ever_zoom_addon.scene.tags import MADE_OF, ROLE
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests import truth_scene
from tests.pictures import Array

from . import room
from .command import Run

ENGINES = [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH]


def shape_of(mesh: Any) -> MaskMesh:
    """What a layer's mesh was made of."""
    points = np.empty(3 * len(mesh.vertices))
    mesh.vertices.foreach_get("co", points)
    mask = np.empty(len(mesh.vertices))
    mesh.attributes[MASK_ATTRIBUTE].data.foreach_get("value", mask)
    faces = np.array([list(face.vertices) for face in mesh.polygons])
    return MaskMesh(points.reshape(-1, 3)[:, :2], mask, faces)


@pytest.mark.newest
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.WORKBENCH])
def test_a_finer_mesh_renders_as_the_coarse_one(engine: Engine, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    control = room.make_zoom(tmp_path / "images", scene, engine=engine)
    frames = 1, 2, 7  # of two layers each, one of them fading in
    coarse = [room.take(scene, tmp_path / "coarse", frame) for frame in frames]
    for mesh in {item.data for item in objects.parts(control, "layer")}:
        fill_mesh(mesh, shape_of(mesh).finer(0.03), 0.75, 1)
        assert len(mesh.polygons) > 1000
    for frame, expected in zip(frames, coarse, strict=True):
        difference = np.abs(room.take(scene, tmp_path / "fine", frame) - expected)
        # The last place of single precision decides where a texture is read: a step of 8 bits.
        assert difference.max() < 2.5 / 255
        assert difference.mean() < 0.05 / 255


SIZE = 320, 180


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth scene's pictures with their depth maps."""
    folder = tmp_path_factory.mktemp("truth")
    truth_scene.write_series(folder, 3, SIZE)
    return folder


@pytest.fixture
def zoom(pictures: Path) -> Any:
    return flat_zoom(pictures, truth_scene.WORLD.factor)


def flat_zoom(pictures: Path, factor: float) -> Any:
    """A zoom through the truth scene of which a level is 1,000 frames, flat at first."""
    files, _ = find_images(pictures)
    settings = ZoomSettings(
        zoom_factor=factor,
        zoom_steps=1000,
        start_frame=0,
        align=False,
        depth_strength=0.0,
        match_colour=False,
    )
    series, analysis = measuring.find_series(files, settings)
    assert [image.depth is not None for image in series.images] == [True] * 3
    scene: Any = bpy.context.scene
    report = analysis.to_json() if analysis else None
    return zooms.build_zoom(scene, series, settings, report=report)


def strengthen(control: Any, strength: float, **others: Any) -> None:
    settings = replace(recipe.stored_settings(control), depth_strength=strength, **others)
    zooms.change_zoom(bpy.context.scene, control, settings)


def frames_of(levels: Sequence[float], folder: Path) -> list[Array]:
    return [room.take(bpy.context.scene, folder, round(1000 * level)) for level in levels]


def meshes_of(control: Any) -> list[Any]:
    return [item.data for item in objects.parts(control, "layer")]


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_at_arrivals_are_the_pictures(engine: Engine, zoom: Any, tmp_path: Path) -> None:
    strengthen(zoom, 0.0, engine=engine)
    levels = 0.0, 1.0, 2.0, 0.6
    flat = frames_of(levels, tmp_path / "flat")
    strengthen(zoom, 0.15)
    deep = frames_of(levels, tmp_path / "deep")
    for one, other in zip(flat[:3], deep[:3], strict=True):
        # Within a face that leans, the picture is off by a tenth of a pixel at most.
        assert np.abs(one - other).max() < 12 / 255
        assert np.abs(one - other).mean() < 0.1 / 255
    assert np.abs(flat[3] - deep[3]).max() > 60 / 255  # and in between it is another


@pytest.mark.newest
def test_between_arrivals_frames_are_nearer_to_what_a_camera_sees(
    zoom: Any, tmp_path: Path
) -> None:
    before, after = errors(zoom, truth_scene.WORLD, tmp_path)
    assert (after < before).all()
    assert after.mean() < 0.82 * before.mean()


@pytest.mark.newest
@pytest.mark.parametrize(
    ("world", "most"), [(truth_scene.BESIDE_SEAMS, 0.78), (truth_scene.AT_SEAMS, 0.91)]
)
def test_so_they_are_in_worlds_by_which_no_constant_was_chosen(
    world: truth_scene.World, most: float, tmp_path: Path
) -> None:
    """At a new zoom's strength by 0.75 of what flat ones are off, by 0.89 where seams are near."""
    assert round(world.nearest, 3) == ZoomSettings().depth_strength
    truth_scene.write_series(tmp_path / "pictures", 3, SIZE, world)
    before, after = errors(flat_zoom(tmp_path / "pictures", world.factor), world, tmp_path)
    assert (after < before).all()
    assert after.mean() < most * before.mean()


def errors(control: Any, world: truth_scene.World, folder: Path) -> tuple[Array, Array]:
    """How far balls are off from what a camera sees of them, flat and with depth, per moment."""
    levels = 0.2, 0.4, 1.2, 1.4
    flat = frames_of(levels, folder / "flat")
    strengthen(control, round(world.nearest, 3))
    deep = frames_of(levels, folder / "deep")
    size = flat[0].shape[1], flat[0].shape[0]
    off = []
    for level, one, other in zip(levels, flat, deep, strict=True):
        truth, near = truth_scene.look(level, size, truth_scene.CROP, world)
        balls = near > 0.3  # the wall is where it is, with depth or without
        off.append([float(np.abs(frame - truth)[balls].mean()) for frame in (one, other)])
    before, after = np.array(off).T
    return before, after


@pytest.mark.newest
def test_nothing_jumps_at_the_seams_and_no_hole_opens(zoom: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    layers = zooms.plan_of(scene, zoom).layers
    levels = []
    for layer in layers[1:]:
        levels += [layer.visible_from, layer.opaque_from, layer.level]
    levels += [layer.visible_until for layer in layers[:-1]]
    moments = sorted({round(level, 3) for level in levels if 0.0 < level < 2.0})
    around = [level + side for level in moments for side in (-0.001, 0.001)]
    jumps = []
    for strength in (0.0, 0.15):
        strengthen(zoom, strength)
        found = frames_of(around, tmp_path / str(strength))
        pairs = zip(found[::2], found[1::2], strict=True)
        jumps.append([float(np.abs(after - before).mean()) for before, after in pairs])
    flat, deep = np.array(jumps)
    assert (deep < 1.15 * flat + 0.1 / 255).all()
    scene.render.film_transparent = True
    scene.render.image_settings.color_mode = "RGBA"
    for level in (0.3, 0.6, 0.9, 1.1, 1.3):
        scene.frame_start = scene.frame_end = round(1000 * level)
        room.operators.render.render(animation=True)
        with Image.open(scene.render.frame_path(frame=round(1000 * level))) as picture:
            assert (np.asarray(picture)[..., 3] == 255).all()


@pytest.mark.newest
def test_faces_stay_the_right_way_round_from_the_camera(tmp_path: Path) -> None:
    """Deep, turned, off centre: as Blender itself evaluates camera and meshes."""
    down, across = np.mgrid[0:120, 0:160]
    checks = ((down // 10 + across // 10) % 2).astype(np.float32)
    depth = DepthMap("depth.png", encoded(cells_of(checks, 0.75)))
    files = room.NEST.files(tmp_path) * 3
    images = tuple(SeriesImage(file, 160, 120, 1, depth) for file in files[:8])
    step = Step(14.0, (0.03, -0.02), turn=20.0)
    scene: Any = bpy.context.scene
    control = zooms.build_zoom(
        scene, Series(images, (step,) * 7), ZoomSettings(zoom_steps=20, start_frame=0)
    )
    assert next(objects.parts(control, "stretch"), None) is not None
    for frame in (7, 19, 33, 70, 118, 135):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        camera = scene.camera.evaluated_get(graph)
        view = np.array(camera.matrix_world.inverted())
        seen = 0
        for item in objects.parts(control, "layer"):
            own = item.evaluated_get(graph)
            if own.hide_render:
                continue
            seen += 1
            mesh = own.to_mesh()
            place = np.empty(3 * len(mesh.vertices))
            mesh.vertices.foreach_get("co", place)
            assert place.reshape(-1, 3)[:, 2].max() > 0.0
            to_camera = view @ np.array(own.matrix_world)
            place = place.reshape(-1, 3) @ to_camera[:3, :3].T + to_camera[:3, 3]
            shape = shape_of(item.data)
            x, y = (place[:, :2] / -place[:, 2:]).T
            a, b, c = shape.faces.T
            area = (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])
            in_view = ((np.abs(x) < 0.36) & (np.abs(y) < 0.27) & (place[:, 2] < 0))[shape.faces]
            assert (area[in_view.all(axis=1)] > 0.0).all()
        assert seen


@pytest.mark.newest
def test_the_relief_stays_until_something_of_it_changes(
    run: Run, pictures: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(pictures, tmp_path / "pictures")
    blend = tmp_path / "zoom.blend"
    found = run("-i", folder, "-zf", 2, "-zs", 5, "--save-blend", blend, "--no-render")
    assert found.status == 0
    assert "Depth maps: 3 of 3 images." in found.lines
    for file in folder.glob("*_depth.png"):
        file.unlink()
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    control = next(iter(objects.controls(bpy.context.scene)))
    before = {mesh: list(mesh.shape_keys.key_blocks) for mesh in meshes_of(control)}
    assert all(before.values())
    settings = recipe.stored_settings(control)
    scene: Any = bpy.context.scene
    zooms.change_zoom(scene, control, replace(settings, zoom_steps=9))
    assert {mesh: list(mesh.shape_keys.key_blocks) for mesh in meshes_of(control)} == before
    marks = [mesh[MADE_OF] for mesh in meshes_of(control)]
    zooms.change_zoom(scene, control, replace(settings, crop=0.7))  # without the depth maps' files
    assert all(mesh.shape_keys for mesh in meshes_of(control))
    assert all(mark != mesh[MADE_OF] for mark, mesh in zip(marks, meshes_of(control), strict=True))
    zooms.change_zoom(scene, control, replace(settings, depth_strength=0.0))
    assert not any(mesh.shape_keys for mesh in meshes_of(control))
    assert len([mesh for mesh in bpy.data.meshes if mesh.get(ROLE)]) == 2  # whole and trimmed
