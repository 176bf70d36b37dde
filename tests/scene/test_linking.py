"""docs/linking.md: what it says of zooms in other files. Touches bpy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene import compat
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.strips.strips import has_strips
from ai_ever_zoom_addon.scene.tags import ZOOM_LEVEL_PATH
from tests.pictures import Array, error, read
from tests.scene.drawing import draw_panel
from tests.scene.nested import write_series

operators: Any = bpy.ops
SAID = "This zoom is linked from zoom.blend: open that file to change it."
WAYS = ("link", "override", "append")


def frame(file: Path, number: int) -> Array:
    """A frame of the scene that is shown, rendered."""
    scene: Any = bpy.context.scene
    scene.frame_set(number)
    operators.render.render()
    bpy.data.images["Render Result"].save_render(str(file))
    return read(file)


def own_frame(tmp_path: Path, engine: str = "cycles") -> Array:
    """Build a zoom into zoom/zoom.blend, with relative paths; its 7th frame."""
    folder = tmp_path / "zoom"
    write_series(folder / "forest", 3)
    operators.wm.save_as_mainfile(filepath=str(folder / "zoom.blend"))
    zoom: Any = bpy.context.scene.ever_zoom
    zoom.folder, zoom.engine, zoom.zoom_steps = str(folder / "forest"), engine, 12
    operators.ever_zoom.build()
    bpy.context.scene.name = "forest"
    operators.file.make_paths_relative()
    operators.wm.save_mainfile()
    return frame(tmp_path / "own.png", 7)


def bring(tmp_path: Path, way: str, kind: str = "Collection") -> Any:
    """Bring the zoom into a shot in another folder, as File > Link or Append do; its control."""
    (tmp_path / "shots").mkdir(exist_ok=True)
    operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
    operators.wm.save_as_mainfile(filepath=str(tmp_path / "shots" / "shot.blend"))
    file = tmp_path / "zoom" / "zoom.blend"
    named = {"directory": f"{file}/{kind}/", "filename": "forest"}
    if way == "append":
        operators.wm.append(**named)
    else:
        instanced = {} if kind == "Scene" else {"instance_collections": False}
        operators.wm.link(**named, **instanced)
    if kind == "Scene":
        bpy.context.window.scene = next(
            scene for scene in bpy.data.scenes if scene.name.startswith("forest")
        )
        # Before 5.0 Blender draws strips as they were saved until it has seen the scene once.
        operators.wm.save_mainfile()
        operators.wm.open_mainfile(filepath=bpy.data.filepath)
    scene: Any = bpy.context.scene
    (control,) = objects.controls(scene)
    if way == "override":
        collection = control.users_collection[0]
        collection.override_hierarchy_create(scene, bpy.context.view_layer)
        scene.collection.children.unlink(collection)
        (control,) = objects.controls(scene)
        assert control.override_library is not None
    bpy.context.view_layer.objects.active = control
    return control


@pytest.mark.parametrize("way", WAYS)
def test_the_frames_are_the_same_once_the_scene_is_set_up(
    addon: None, tmp_path: Path, way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    own = own_frame(tmp_path)
    capfd.readouterr()
    bring(tmp_path, way)
    assert bpy.context.scene.camera is None
    assert operators.ever_zoom.take_recipe() == {"FINISHED"}
    said, errors = capfd.readouterr()
    assert int(re.findall(r"Info: (\d+) settings taken from the recipe", said)[0]) > 20
    assert "Traceback" not in said + errors  # Blender asks of all objects in threads
    assert error(frame(tmp_path / "shot.png", 7), own)[1] < 1
    group: Any = bpy.context.scene.ever_zoom
    group.crop = 0.6
    if way == "append":
        assert group.problem == ""
        assert operators.ever_zoom.build() == {"FINISHED"}
        return
    assert group.problem == SAID
    assert group.crop == pytest.approx(0.8)
    with pytest.raises(RuntimeError, match=SAID):
        operators.ever_zoom.build()
    farm = {"filepath": str(tmp_path / "farm.blend")}
    with pytest.raises(RuntimeError, match=r"linked from zoom\.blend: make them local"):
        operators.ever_zoom.prepare_for_farm(**farm)
    operators.object.select_all(action="SELECT")
    operators.object.make_local(type="ALL")
    (control,) = objects.controls(bpy.context.scene)
    bpy.context.view_layer.objects.active = control
    assert operators.ever_zoom.prepare_for_farm(**farm) == {"FINISHED"}
    operators.wm.open_mainfile(filepath=farm["filepath"])
    assert error(frame(tmp_path / "farm.png", 7), own)[1] < 1


def test_an_instance_is_shown_and_says_where_it_is_changed(addon: None, tmp_path: Path) -> None:
    own = own_frame(tmp_path)
    operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
    file = tmp_path / "zoom" / "zoom.blend"
    operators.wm.link(directory=f"{file}/Collection/", filename="forest", instance_collections=True)
    assert objects.controls(bpy.context.scene) == []
    assert SAID in " ".join(draw_panel("EVERZOOM_PT_main").texts)
    scene: Any = bpy.context.scene
    # As the guide has it, and Cycles as the recipe has it, which is not about the link.
    scene.camera = next(item for item in bpy.data.objects if item.type == "CAMERA")
    scene.view_settings.view_transform = "Standard"
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.cycles.use_denoising, scene.cycles.pixel_filter_type = False, "BOX"
    scene.render.resolution_y, scene.render.resolution_x = own.shape[:2]
    assert error(frame(tmp_path / "shot.png", 7), own)[0] < 3


@pytest.mark.parametrize("way", ["link", "append"])
def test_the_scene_brings_fast_2d(addon: None, tmp_path: Path, way: str) -> None:
    own = own_frame(tmp_path, "sequencer")
    bring(tmp_path, way, "Scene")
    assert error(frame(tmp_path / "shot.png", 7), own)[1] < 1


def test_a_linked_collection_gets_strips_of_the_shot_s_own(addon: None, tmp_path: Path) -> None:
    own = own_frame(tmp_path, "sequencer")
    bring(tmp_path, "link")
    scene: Any = bpy.context.scene
    assert not has_strips(scene)
    operators.ever_zoom.take_recipe()
    assert has_strips(scene)
    assert error(frame(tmp_path / "shot.png", 7), own)[1] < 1


def test_place_and_curve_of_an_override_are_ones_own(addon: None, tmp_path: Path) -> None:
    own_frame(tmp_path)
    wanted = frame(tmp_path / "later.png", 13)  # the second image
    control = bring(tmp_path, "override")
    operators.ever_zoom.take_recipe()
    control.location = 1.0, 2.0, 3.0
    control.animation_data.action = control.animation_data.action.copy()
    (curve,) = (curve for curve in compat.fcurves(control) if curve.data_path == ZOOM_LEVEL_PATH)
    for key in curve.keyframe_points:
        key.co.y = key.handle_left.y = key.handle_right.y = 1.0
    operators.wm.save_mainfile()
    operators.wm.open_mainfile(filepath=bpy.data.filepath)
    (control,) = objects.controls(bpy.context.scene)
    assert np.allclose(control.location, (1, 2, 3))
    assert error(frame(tmp_path / "shot.png", 7), wanted)[0] < 1
