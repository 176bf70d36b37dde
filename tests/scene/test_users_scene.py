"""What is the user's own: scenes, views and copies, beside a zoom. Touches bpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene import active, compat, recipe, tags
from ai_ever_zoom_addon.scene.output import output_settings
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import FileFormat, ZoomSettings
from ai_ever_zoom_addon.ui import data, view

from .drawing import draw_panel, shown_text
from .nested import write_series

operators: Any = bpy.ops


def choose(folder: Path, **settings: Any) -> Any:
    """The folder of three images, in the panel; nothing is looked for in them."""
    write_series(folder, 3)
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order, group.zoom_steps = "outermost-first", 5
    for name, value in settings.items():
        setattr(group, name, value)
    return group


def build(folder: Path, **settings: Any) -> Any:
    choose(folder, **settings)
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    return control


_NOT_LOOKED_AT = {"ever_zoom", "use_nodes"}  # the latter is on its way out of Blender


def state(scene: Any) -> dict[str, Any]:
    """All that can be set of a scene, but what the panel keeps there."""
    found: dict[str, Any] = {}
    for owner in ("", "render", "render.image_settings", "view_settings", "eevee", "cycles"):
        values = scene.path_resolve(owner) if owner else scene
        for item in values.bl_rna.properties:
            if not (item.is_readonly or item.identifier in _NOT_LOOKED_AT):
                found[f"{owner}.{item.identifier}"] = repr(getattr(values, item.identifier))
    editor = scene.sequence_editor
    strips = compat.strips(editor) if editor is not None else ()
    found["strips"] = [strip.name for strip in strips]
    found["objects"] = [item.name for item in scene.objects]
    return found


# --- The user's own scene -------------------------------------------------------------------------


def add_object(scene: Any) -> None:
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    scene.collection.objects.link(camera)
    scene.camera = camera


def add_strip(scene: Any) -> None:
    strips = compat.strips(scene.sequence_editor_create())
    strips.new_effect("Mine", "COLOR", 1, 1, **compat_length(20))


def compat_length(frames: int) -> dict[str, int]:
    """5.0 gives strips a length instead of an end."""
    return {"length": frames} if bpy.app.version >= (5, 0, 0) else {"frame_end": 1 + frames}


def add_nodes(scene: Any) -> None:
    compat.new_compositing_tree(scene)


def setting(path: str, value: Any) -> Callable[[Any], None]:
    owner, _, name = path.rpartition(".")
    return lambda scene: setattr(scene.path_resolve(owner) if owner else scene, name, value)


OWN: dict[str, Callable[[Any], None]] = {
    "an object": add_object,
    "a strip": add_strip,
    "nodes": add_nodes,
    **{
        path: setting(path, value)
        for path, value in {
            "frame_end": 77,
            "render.resolution_x": 4096,
            "render.resolution_percentage": 50,
            "render.engine": "BLENDER_WORKBENCH",
            "render.use_stamp_note": True,
            "view_settings.exposure": 1.0,
            "view_settings.view_transform": "Raw",
            "cycles.samples": 7,
        }.items()
    },
}


@pytest.mark.parametrize("own", OWN)
def test_a_scene_that_somebody_has_used_is_left_alone(
    addon: None, tmp_path: Path, own: str
) -> None:
    scene: Any = bpy.context.scene
    OWN[own](scene)
    before = state(scene)
    build(tmp_path)
    assert bpy.context.scene != scene
    assert state(scene) == before
    assert len(bpy.data.scenes) == 2  # nothing is left of finding out


def test_an_untouched_scene_becomes_the_zooms(addon: None, tmp_path: Path) -> None:
    scene = bpy.context.scene
    build(tmp_path)
    assert list(bpy.data.scenes) == [scene] and objects.controls(scene)


def test_what_the_zoom_wants_anyway_is_no_reason_for_another_scene(
    addon: None, tmp_path: Path
) -> None:
    scene: Any = bpy.context.scene
    scene.render.fps, scene.render.engine = 25, "CYCLES"
    build(tmp_path)
    assert list(bpy.data.scenes) == [scene]
    assert scene.render.fps == 25


@pytest.mark.newest
def test_a_zoom_is_built_into_this_scene_on_demand(addon: None, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    add_object(scene)
    scene.frame_end, scene.render.fps = 77, 12
    choose(tmp_path)
    told = output_settings.changed_by_build(scene, ZoomSettings())
    assert {"Frame range: 1 to 77", "Frame rate: 12", "Camera: Mine"} <= set(told)
    webm = ZoomSettings(file_format=FileFormat.WEBM)
    (more,) = set(output_settings.changed_by_build(scene, webm)) - set(told)
    assert more.startswith("File format: PNG")
    assert "Build into This Scene" in draw_panel("EVERZOOM_PT_main").button_texts
    assert operators.ever_zoom.build(is_here=True) == {"FINISHED"}
    assert list(bpy.data.scenes) == [scene]
    (control,) = objects.controls(scene)
    assert scene.frame_end == 11 and scene.camera in objects.parts(control, tags.CAMERA)
    assert "Mine" in scene.objects


def test_scenes_and_collections_are_called_as_the_folders_are(addon: None, tmp_path: Path) -> None:
    add_object(bpy.context.scene)
    build(tmp_path / "forest")
    (control,) = objects.controls(bpy.context.scene)
    names = [(bpy.context.scene.name, control.users_collection[0].name)]
    for folder in ("sea", "more/sea"):
        write_series(tmp_path / folder)
        place = str(tmp_path / folder)
        assert operators.ever_zoom.build(is_new=True, folder=place) == {"FINISHED"}
        (control,) = objects.controls(bpy.context.scene)
        names.append((bpy.context.scene.name, control.users_collection[0].name))
    assert names == [("forest", "forest"), ("sea", "sea"), ("sea.001", "sea.001")]
    # A zoom that is there keeps its names.
    scene: Any = bpy.context.scene
    write_series(tmp_path / "desert")
    scene.ever_zoom.folder = str(tmp_path / "desert")
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert (scene.name, control.users_collection[0].name) == names[-1]


def test_a_scene_without_a_zoom_leads_to_the_one_that_has_it(addon: None, tmp_path: Path) -> None:
    mine: Any = bpy.context.scene
    add_object(mine)
    build(tmp_path)
    zoom = bpy.context.scene
    assert not [text for text in draw_panel("EVERZOOM_PT_main").button_texts if "Go to" in text]
    bpy.context.window.scene = mine
    assert f"Go to {zoom.name}" in draw_panel("EVERZOOM_PT_main").button_texts
    assert operators.ever_zoom.show_zoom(scene=zoom.name) == {"FINISHED"}
    assert bpy.context.scene == zoom
    with pytest.raises(RuntimeError, match="no other scene with a zoom"):
        operators.ever_zoom.show_zoom()


# --- The user's views -----------------------------------------------------------------------------


def views() -> list[Any]:
    spaces = [a.spaces.active for a in bpy.context.window.screen.areas if a.type == "VIEW_3D"]
    assert spaces
    return spaces


def choose_wires(perspective: str) -> None:
    for space in views():
        space.region_3d.view_perspective = perspective
        space.shading.type = "WIREFRAME"


def looks() -> list[tuple[Any, ...]]:
    return [
        (
            space.region_3d.view_perspective,
            space.shading.type,
            round(space.region_3d.view_camera_zoom, 3),
            tuple(space.region_3d.view_camera_offset),
            tuple(space.region_3d.view_rotation),
            space.overlay.show_cursor,
            space.overlay.show_object_origins,
        )
        for space in views()
    ]


def test_views_are_the_users_again_where_no_zoom_is_shown(addon: None, tmp_path: Path) -> None:
    mine: Any = bpy.context.scene
    add_object(mine)
    choose_wires("PERSP")
    before = looks()
    build(tmp_path)
    zoom = bpy.context.scene
    shown = looks()
    assert all(look[:2] == ("CAMERA", "MATERIAL") for look in shown)
    for _ in range(2):
        bpy.context.window.scene = mine
        view.follow()  # Blender calls it in the window
        assert looks() == before
        bpy.context.window.scene = zoom
        view.follow()
        assert looks() == shown


def test_a_build_that_is_undone_gives_the_views_back(addon: None, tmp_path: Path) -> None:
    choose(tmp_path)
    before = looks()
    bpy.ops.ed.undo_push(message="start")
    assert operators.ever_zoom.build("EXEC_DEFAULT", True) == {"FINISHED"}
    assert looks() != before
    shown = looks()
    bpy.ops.ed.undo()
    assert looks() == before
    bpy.ops.ed.redo()
    assert looks() == shown


def test_what_the_user_has_chosen_meanwhile_stays(addon: None, tmp_path: Path) -> None:
    mine: Any = bpy.context.scene
    add_object(mine)
    build(tmp_path)
    choose_wires("ORTHO")
    chosen = looks()
    assert all(look[-2:] == (False, False) for look in chosen)  # by the zoom: these are given back
    bpy.context.window.scene = mine
    view.follow()
    assert looks() == [(*look[:-2], True, True) for look in chosen]


# --- Zooms from other files -----------------------------------------------------------------------


def brought(file: Path, *, link: bool) -> Any:
    """A zoom of another file, in the start-up file's scene."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(file), link=link) as (_, wanted):
        wanted.collections = ["forest"]  # as the folder of its images
    bpy.context.scene.collection.children.link(wanted.collections[0])
    (control,) = objects.controls(bpy.context.scene)
    return control


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_a_zoom_from_another_file_changes_nothing_until_it_is_wanted(
    addon: None, tmp_path: Path, link: bool, engine: str
) -> None:
    build(tmp_path / "forest", engine=engine)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    control = brought(tmp_path / "zoom.blend", link=link)
    scene: Any = bpy.context.scene
    before = state(scene)
    assert "Set Up This Scene for Rendering" in draw_panel("EVERZOOM_PT_main").button_texts
    if not link:
        group = scene.ever_zoom
        for name, value in (("crop", 0.6), ("zoom_steps", 4), ("frames_per_second", 50.0)):
            setattr(group, name, value)
            assert getattr(group, name) == pytest.approx(value)
        group.engine = "cycles"
        group.engine = engine
        assert operators.ever_zoom.build() == {"FINISHED"}
        assert group.problem == ""
    assert state(scene) == before

    assert operators.ever_zoom.take_recipe() == {"FINISHED"}
    frames = 1 + 2 * (5 if link else 4)
    assert (scene.frame_start, scene.frame_end) == (1, frames)
    assert scene.camera in objects.parts(control, tags.CAMERA)
    assert scene.render.filepath == str(tmp_path / "forest" / "forest_zoom.mp4")
    editor = scene.sequence_editor
    assert bool(editor and compat.strips(editor)) == (engine == "sequencer")
    assert "Set Up This Scene for Rendering" not in draw_panel("EVERZOOM_PT_main").button_texts


# --- Copies ---------------------------------------------------------------------------------------


def select(*items: Any) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    for item in items:
        item.select_set(True)
    bpy.context.view_layer.objects.active = items[0]


def test_a_copy_of_the_control_alone_does_nothing_and_says_so(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path)
    scene: Any = bpy.context.scene
    select(control)
    bpy.ops.object.duplicate()
    copy: Any = bpy.context.view_layer.objects.active
    names = [item.name for item in scene.objects]
    left = [item.name for item in scene.objects if item != copy]
    assert copy != control
    assert f"{copy.name} is a copy of {control.name}" in shown_text()
    scene.ever_zoom.crop = 0.5
    assert "is a copy of" in scene.ever_zoom.problem
    with pytest.raises(RuntimeError, match="is a copy of"):
        operators.ever_zoom.build()
    assert [item.name for item in scene.objects] == names
    assert control.ever_zoom.crop == copy.ever_zoom.crop == pytest.approx(0.8)

    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = None
    active.forget()
    assert active.zoom_of(scene) == control  # not the copy, though it is the newer one
    data.refresh()
    assert "1 object without a zoom" in shown_text()
    assert operators.ever_zoom.remove_remains() == {"FINISHED"}
    assert [item.name for item in scene.objects] == left
    assert "without a zoom" not in shown_text()


def test_a_copy_of_the_whole_collection_is_a_zoom_of_its_own(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path)
    scene: Any = bpy.context.scene
    for item in objects.parts(control, tags.LAYER):
        item.hide_viewport = False
    items = [control, *control.children_recursive]
    copies = {item: item.copy() for item in items}  # as Duplicate Collection does it
    collection = bpy.data.collections.new("Ever Zoom Copy")
    scene.collection.children.link(collection)
    for item, copy in copies.items():
        collection.objects.link(copy)
        copy.parent = copies.get(item.parent)
    copy = copies[control]
    assert not objects.remains(scene)
    levels = recipe.stored_levels(control)
    places = [tuple(item.scale) for item in objects.parts(control, tags.LAYER)]
    select(copy)
    scene.ever_zoom.crop = 0.5
    assert scene.ever_zoom.problem == ""
    assert (copy.ever_zoom.crop, control.ever_zoom.crop) == pytest.approx((0.5, 0.8))
    assert [tuple(item.scale) for item in objects.parts(control, tags.LAYER)] == places
    for one in (control, copy):
        assert len(objects.numbered(one, tags.LAYER)) == len(levels)
    # The scene is the first one's until the user says otherwise.
    ends, camera = (scene.frame_start, scene.frame_end), scene.camera
    copy.ever_zoom.zoom_steps = 2 * copy.ever_zoom.zoom_steps
    assert (scene.frame_start, scene.frame_end) == ends
    data.refresh()
    assert "ever_zoom.take_recipe" in draw_panel("EVERZOOM_PT_main").buttons
    assert operators.ever_zoom.take_recipe() == {"FINISHED"}
    assert scene.camera != camera and scene.camera in copy.children_recursive
    assert scene.frame_end - scene.frame_start == 2 * (ends[1] - ends[0])
    control.ever_zoom.zoom_steps = 3
    assert scene.frame_end - scene.frame_start == 2 * (ends[1] - ends[0])


def test_what_is_left_of_a_deleted_zoom_is_one_click(addon: None, tmp_path: Path) -> None:
    first = build(tmp_path / "a")
    scene: Any = bpy.context.scene
    bird = bpy.data.objects.new("bird", None)
    scene.collection.objects.link(bird)
    bird.parent = objects.numbered(first, tags.LAYER)[1]
    bird.location = (1.0, 2.0, 3.0)
    assert operators.ever_zoom.build(is_new=True) == {"FINISHED"}
    second = bpy.context.scene
    for item in list(objects.controls(second)):
        scene.collection.children.link(item.users_collection[0])  # both in one scene
    bpy.context.window.scene = scene
    bpy.data.objects.remove(first)
    bpy.context.view_layer.update()
    place = bird.matrix_world.copy()
    data.refresh()
    assert "4 objects without a zoom" in shown_text()  # three layers and the camera
    assert operators.ever_zoom.remove_remains() == {"FINISHED"}
    (kept,) = objects.controls(scene)
    assert len(objects.numbered(kept, tags.LAYER)) == 3
    bpy.context.view_layer.update()
    assert bird.parent is None
    assert np.allclose(bird.matrix_world, place, atol=1e-5)
    assert {item.name for item in scene.objects} - {bird.name} == {
        item.name for item in (kept, *kept.children_recursive)
    }


# --- Settings that wait ---------------------------------------------------------------------------


def test_a_setting_that_waits_for_a_build_is_taken_back_by_one_click(
    addon: None, tmp_path: Path
) -> None:
    control = build(tmp_path / "a")
    group = control.ever_zoom
    assert "ever_zoom.take_back" not in draw_panel("EVERZOOM_PT_main").buttons
    others = {"folder": str(tmp_path), "order": "innermost-first", "is_factor_measured": True}
    before = {name: getattr(group, name) for name in others}
    for name, value in others.items():
        setattr(group, name, value)
    assert draw_panel("EVERZOOM_PT_main").buttons.count("ever_zoom.take_back") == len(others)
    for name in others:
        assert operators.ever_zoom.take_back(setting=name) == {"FINISHED"}
    assert {name: getattr(group, name) for name in others} == before
    assert "Not built yet" not in shown_text()
    group.align = True
    assert draw_panel("EVERZOOM_PT_alignment").buttons == ["ever_zoom.take_back"]
    with pytest.raises(RuntimeError, match="nothing to take back"):
        operators.ever_zoom.take_back(setting="crop")


# --- Files that are gone --------------------------------------------------------------------------


def test_an_image_whose_file_is_gone_is_said_before_and_after(
    addon: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    control = build(tmp_path)
    assert "gone" not in shown_text()
    (tmp_path / "a_2.png").unlink()
    data.refresh()
    assert "a_2.png is gone: put back what is missing" in shown_text()
    assert [row.name for row in control.ever_zoom.images] == ["a_0.png", "a_1.png", "a_2.png"]
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert "Built without a_2.png: not in the folder now" in capfd.readouterr().out
    assert "gone" not in shown_text()
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert "Built without" not in capfd.readouterr().out
