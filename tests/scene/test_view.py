"""What is done to the user's 3D Views when a zoom is there. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.settings import Engine
from ai_ever_zoom_addon.ui.view import follow, look_through_camera, show_compositing
from tests.scene.room import make_zoom


def values(owner: Any) -> dict[str, Any]:
    """What can be set of something in a 3D View, as it is."""
    names = [item.identifier for item in owner.bl_rna.properties if not item.is_readonly]
    return {name: repr(getattr(owner, name)) for name in names}


def test_views_show_the_zoom_and_keep_everything_else(addon: None, tmp_path: Path) -> None:
    window: Any = bpy.context.window
    make_zoom(tmp_path, window.scene, engine=Engine.CYCLES)
    spaces = [area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D"]
    assert spaces
    for space in spaces:
        space.overlay.show_floor = space.overlay.show_axis_x = True
        space.overlay.show_axis_y, space.overlay.show_relationship_lines = False, True
        space.region_3d.view_perspective, space.shading.type = "PERSP", "SOLID"
    before = [(values(space), values(space.overlay)) for space in spaces]
    look_through_camera(window)
    for space, (own, overlay) in zip(spaces, before, strict=True):
        assert space.region_3d.view_perspective == "CAMERA"
        assert space.shading.type == "MATERIAL"
        assert values(space) == own
        # What Blender draws at the zoom's centre would be in the middle of the picture.
        in_the_middle = {"show_cursor": "False", "show_object_origins": "False"}
        assert in_the_middle.items() - overlay.items()
        assert values(space.overlay) == overlay | in_the_middle


@pytest.mark.newest
def test_what_is_chosen_meanwhile_for_the_compositor_stays(addon: None, tmp_path: Path) -> None:
    """Where a window leaves the zoom its views get back only what the add-on has changed."""
    window: Any = bpy.context.window
    zoom, own = window.scene, bpy.data.scenes.new("Own")
    make_zoom(tmp_path, zoom, engine=Engine.CYCLES)
    spaces = [area.spaces.active for area in window.screen.areas if area.type == "VIEW_3D"]
    shading: Any = spaces[0].shading
    for chosen, kept in (("", "DISABLED"), ("ALWAYS", "ALWAYS"), ("DISABLED", "DISABLED")):
        shading.use_compositor = "DISABLED"
        window.scene = zoom
        look_through_camera(window)
        show_compositing(window)
        assert shading.use_compositor == "CAMERA"
        if chosen:
            shading.use_compositor = chosen
        window.scene = own
        follow()
        assert shading.use_compositor == kept
