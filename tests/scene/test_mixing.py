"""A zoom among things of the user's: the buttons, and view layers. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene import backdrop, zooms
from ai_ever_zoom_addon.scene.output import output_settings
from ai_ever_zoom_addon.scene.planes import objects, rig
from tests.pictures import error
from tests.scene.drawing import draw_panel
from tests.scene.nested import write_series
from tests.scene.room import (
    FRAME,
    NEST,
    RED,
    add_mesh,
    level_at,
    light,
    make_room,
    make_zoom,
    operators,
    render_frames,
    settings_with,
    take,
)


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
    assert scene.camera in list(objects.parts(control, "camera"))
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


def refused(operator: Any) -> str:
    with pytest.raises(RuntimeError) as caught:
        operator()
    return str(caught.value)


def test_buttons_from_the_build_to_the_room(addon: None, tmp_path: Path) -> None:
    room = make_room()
    item = add_mesh((4, 3))
    assert "No other scene has a zoom" in refused(operators.ever_zoom.use_as_backdrop)
    write_series(tmp_path, 3)
    group = room.ever_zoom
    group.folder, group.order, group.zoom_steps = str(tmp_path), "outermost-first", 2
    group.is_factor_measured = group.align = group.match_colour = False
    assert operators.ever_zoom.build() == {"FINISHED"}
    zoom: Any = bpy.context.scene
    assert zoom != room and backdrop.zoom_scenes(room) == [zoom]
    output_settings.set_output(zoom, f"{tmp_path}/frames/")
    bpy.context.window.scene = room
    assert draw_panel("EVERZOOM_PT_mixing").buttons == [
        "ever_zoom.use_as_backdrop",
        "ever_zoom.put_on_screen",
    ]
    assert "Select a flat object" in refused(operators.ever_zoom.put_on_screen)
    bpy.context.view_layer.objects.active = item
    assert "is not rendered yet" in refused(operators.ever_zoom.put_on_screen)
    assert 'No scene "Other" has a zoom' in refused(
        lambda: operators.ever_zoom.use_as_backdrop(zoom="Other")
    )
    bpy.ops.ed.undo_push(message="start")
    assert operators.ever_zoom.use_as_backdrop() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="backdrop")
    assert backdrop.node_of(bpy.context.scene) is not None
    assert "ever_zoom.remove_backdrop" in draw_panel("EVERZOOM_PT_mixing").buttons
    assert operators.ever_zoom.prepare_for_farm.poll()
    bpy.ops.ed.undo()
    assert backdrop.node_of(bpy.context.scene) is None
    assert not bpy.context.scene.render.film_transparent
    bpy.ops.ed.redo()
    assert operators.ever_zoom.remove_backdrop() == {"FINISHED"}
    assert backdrop.node_of(bpy.context.scene) is None
    (zoom,) = backdrop.zoom_scenes(bpy.context.scene)
    render_frames(zoom, tmp_path / "frames")
    assert operators.ever_zoom.put_on_screen(zoom=zoom.name) == {"FINISHED"}
