"""The frames of a zoom on a screen of the user's. Touches bpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, screen, zooms
from ai_ever_zoom_addon.settings import FrameSize
from tests.pictures import Array, error, to_linear, to_srgb
from tests.scene.room import (
    LAST,
    NEST,
    RED,
    WALL,
    add_mesh,
    level_at,
    light,
    make_room,
    make_zoom,
    render_frames,
    settings_with,
    take,
)


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
    item = add_mesh((size[0] / 2, size[1] / 2), (2, -4, 0), uvs)
    item.scale = (2.0, 2.0, 1.0)
    bpy.context.view_layer.update()
    assert screen.put_on_screen(zoom, item) == []
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
    screen.put_on_screen(zoom, add_mesh((96, 72)))
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
    item = add_mesh((96, 72))
    item.data.materials.append(light("red", RED))
    with pytest.raises(EverZoomError, match=r'not rendered yet: show the scene "Ever Zoom" and'):
        screen.put_on_screen(zoom, item)
    assert item.material_slots[0].material.name == "red"
    render_frames(zoom, tmp_path / "frames")
    assert screen.put_on_screen(zoom, item) == ["it took the place of the material red"]
    material = item.material_slots[0].material
    zooms.change_zoom(zoom, control, settings_with(zoom_steps=2))
    render_frames(zoom, tmp_path / "frames")
    assert screen.put_on_screen(zoom, item) == []
    assert item.material_slots[0].material == material
    assert len([image for image in bpy.data.images if image.source == "SEQUENCE"]) == 1
    seen = take(scene, picture_folder, 5 + 1)  # frame 1 of the second round
    assert_on_screen(seen, NEST.view(0.5, resolution=(96, 72)), (16, 12, 112, 84))
    strength = next(node for node in material.node_tree.nodes if node.type == "EMISSION")
    strength.inputs["Strength"].default_value = 0.5
    screen.put_on_screen(zoom, item)
    half = to_srgb(0.5 * to_linear(NEST.view(0.5, resolution=(96, 72))))
    assert_on_screen(take(scene, picture_folder, 6), half, (16, 12, 112, 84))


def test_frames_of_a_former_zoom_are_no_screen(tmp_path: Path) -> None:
    control = make_zoom(tmp_path)
    (zoom,) = control.users_scene
    item = add_mesh((4, 3))
    smaller = {"resolution_from": FrameSize.PIXELS, "resolution": (64, 48)}
    changes: list[tuple[str, dict[str, Any]]] = [
        ("frames", smaller),
        ("video.mp4", {"zoom_steps": 2}),
    ]
    for output, changed in changes:
        render_frames(zoom, tmp_path / output)
        zooms.change_zoom(zoom, control, settings_with(**changed))
        with pytest.raises(EverZoomError, match="does not show the zoom as it is now"):
            screen.put_on_screen(zoom, item)
        zooms.change_zoom(zoom, control, settings_with())
    assert not item.material_slots
    assert not [image for image in bpy.data.images if image.source in {"SEQUENCE", "MOVIE"}]


def test_an_object_without_uvs_is_no_screen(tmp_path: Path) -> None:
    zoom = make_zoom(tmp_path).users_scene[0]
    render_frames(zoom, tmp_path / "frames")
    item = add_mesh((4, 3))
    item.data.materials.append(light("red", RED))
    item.data.materials.append(light("glass", RED))
    item.active_material_index = 1
    with pytest.raises(EverZoomError, match="no faces of the active material slot"):
        screen.put_on_screen(zoom, item)
    item.active_material_index = 0
    item.data.uv_layers.remove(item.data.uv_layers[0])
    with pytest.raises(EverZoomError, match="has no UVs: unwrap it first"):
        screen.put_on_screen(zoom, item)
    assert [slot.material.name for slot in item.material_slots] == ["red", "glass"]
