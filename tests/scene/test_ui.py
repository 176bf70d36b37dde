"""The window's half without a window: properties, operators and live changes. Touches bpy."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import blf
import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import compat, tags
from ai_ever_zoom_addon.scene.output import watching
from ai_ever_zoom_addon.scene.output.output_settings import set_output
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.recipe import stored_settings
from ai_ever_zoom_addon.scene.zooms import build_zoom
from ai_ever_zoom_addon.settings import (
    Centre,
    Engine,
    FrameSize,
    LengthBy,
    MaskShape,
    Order,
    Travel,
    ZoomSettings,
)
from ai_ever_zoom_addon.ui import text
from ai_ever_zoom_addon.ui.bridge import to_settings
from ai_ever_zoom_addon.ui.properties import EVERZOOM_PG_image, EVERZOOM_PG_zoom

from .drawing import draw_panel, draw_panels, shown_text
from .nested import HEIGHT, WIDTH, write_series

STEPS = 10

operators: Any = bpy.ops


def group_of_scene() -> Any:
    return bpy.context.scene.ever_zoom


def build(folder: Path, *, look: bool = False) -> Any:
    """A zoom of the folder's images by the button; its control object.

    Without `look` nothing is looked for in the pictures, which takes time.
    """
    group = group_of_scene()
    group.folder = str(folder)
    if not look:
        group.is_factor_measured = group.align = group.match_colour = False
        group.order = "outermost-first"
    group.zoom_steps = STEPS
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    return control


def curve_keys(control: Any) -> list[tuple[float, float]]:
    """(frame, zoom level) of the zoom's curve."""
    (curve,) = (c for c in compat.fcurves(control) if c.data_path == '["Zoom Level"]')
    return [(point.co[0], round(point.co[1], 5)) for point in curve.keyframe_points]


def rounded(settings: ZoomSettings) -> dict[str, Any]:
    """Blender's properties have single precision."""
    return {
        name: round(value, 5) if isinstance(value, float) else value
        for name, value in settings.to_dict().items()
    }


def trimmed_width(control: Any) -> float:
    """Width of the inner layers' mesh, in widths of an image."""
    layer = next(item for item in objects.parts(control, "layer") if item[tags.NUMBER] == 1)
    across = [vertex.co.x for vertex in layer.data.vertices]
    return float(max(across) - min(across))


def test_registers_again_after_going() -> None:
    for _ in range(2):
        ai_ever_zoom_addon.register()
        assert hasattr(bpy.types.Scene, "ever_zoom")
        assert operators.ever_zoom.build.poll()
        ai_ever_zoom_addon.unregister()
        assert not hasattr(bpy.types.Scene, "ever_zoom")
        assert not hasattr(bpy.types.Object, "ever_zoom")
        assert not hasattr(bpy.types, "EVERZOOM_PT_main")


def test_everything_says_what_it_is(addon: None) -> None:
    kinds = [getattr(operators.ever_zoom, name).get_rna_type() for name in dir(operators.ever_zoom)]
    silent = [kind.identifier for kind in kinds if not kind.description]
    shown = 0
    for kind in (*kinds, EVERZOOM_PG_image.bl_rna, EVERZOOM_PG_zoom.bl_rna):
        for item in kind.properties:
            if item.is_hidden or item.identifier in ("rna_type", "name"):
                continue
            shown += 1
            if not item.name or not item.description or item.description.endswith("."):
                silent.append(f"{kind.identifier}.{item.identifier}")
    assert len(kinds) >= 4
    assert shown > 30
    assert not silent


def test_a_folder_inside_that_has_the_images_is_one_click(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path / "pictures")
    scene = bpy.context.scene
    assert "Build from" not in "".join(draw_panel("EVERZOOM_PT_main").button_texts)
    scene.ever_zoom.folder = str(tmp_path)
    offered = [text for text in draw_panel("EVERZOOM_PT_main").button_texts if "from" in text]
    assert offered == ["Build from pictures"]
    with pytest.raises(RuntimeError, match="the folder pictures in it holds several: choose that"):
        operators.ever_zoom.build()
    assert operators.ever_zoom.build(folder=str(tmp_path / "pictures")) == {"FINISHED"}
    (control,) = objects.controls(scene)
    assert [row.name for row in control.ever_zoom.images] == [file.name for file in files]
    assert control.ever_zoom.folder == str(tmp_path / "pictures")
    assert not [text for text in draw_panel("EVERZOOM_PT_main").button_texts if "from" in text]
    scene.ever_zoom.folder = str(tmp_path)  # not built yet
    assert [text for text in draw_panel("EVERZOOM_PT_main").button_texts if "from" in text]


def test_the_order_is_one_control(addon: None, tmp_path: Path) -> None:
    """A zoom of an older version that was sorted means the same, and nothing of it waits."""
    write_series(tmp_path)
    control = build(tmp_path)
    old = {"order": "innermost-first", "auto_sort": True}
    note = json.loads(control[tags.RECIPE])
    control[tags.RECIPE] = json.dumps(note | {"built": note["built"] | old})
    kept = json.loads(control[tags.SETTINGS])
    control[tags.SETTINGS] = json.dumps(kept | old)
    group = group_of_scene()
    assert group.order == "auto"
    assert to_settings(group).order is Order.SORTED
    assert "Not built yet" not in shown_text()
    seen = draw_panel("EVERZOOM_PT_main").fields
    assert "order" in seen and "auto_sort" not in group.bl_rna.properties
    names = [item.name for item in group.bl_rna.properties["order"].enum_items]
    assert names == [
        "By the Pictures",
        "By Name, First Is Innermost",
        "By Name, First Is Outermost",
    ]
    group.order = "innermost-first"
    assert to_settings(group).order is Order.INNERMOST_FIRST
    assert "Not built yet: Order" in shown_text()
    operators.ever_zoom.take_back(setting="order")
    assert to_settings(group).order is Order.SORTED


def test_a_factor_that_is_not_given_is_measured(addon: None) -> None:
    group = group_of_scene()
    assert group.is_factor_measured
    seen = draw_panel("EVERZOOM_PT_main").fields
    assert "zoom_factor" not in seen and seen.count("is_factor_measured") == 1
    group.is_factor_measured = False
    seen = draw_panel("EVERZOOM_PT_main").fields
    assert seen.count("zoom_factor") == seen.count("is_factor_measured") == 1


def test_what_does_nothing_in_fast_2d_is_grey_and_says_why(addon: None, tmp_path: Path) -> None:
    group = group_of_scene()
    for panel, field, reason in (
        ("EVERZOOM_PT_output", "ever_zoom.choose", "Fast 2D takes one sample"),
        ("EVERZOOM_PT_debug", "debug_overlay", "Fast 2D shows the pictures only"),
    ):
        group.engine = "cycles"
        seen = draw_panel(panel)
        assert field in (*seen.fields, *seen.buttons) and field not in seen.grey
        assert reason not in " ".join(seen.texts)
        group.engine = "sequencer"
        seen = draw_panel(panel)
        assert field in seen.grey and reason in " ".join(seen.texts)


def test_samples_that_are_not_given_are_called_so(addon: None) -> None:
    group = group_of_scene()
    seen = draw_panel("EVERZOOM_PT_output")
    assert "Auto" in seen.button_texts and "samples" not in seen.fields
    operators.ever_zoom.choose(choices='{"samples": 1}')
    assert group.samples == 1
    seen = draw_panel("EVERZOOM_PT_output")
    assert "Auto" not in seen.button_texts and "samples" in seen.fields
    operators.ever_zoom.choose(choices='{"samples": 0}')
    assert group.samples == 0


def test_a_warning_stays_in_the_panel_until_the_next_button(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path, 4)
    build(tmp_path)
    assert "ever_zoom.forget_warnings" not in draw_panel("EVERZOOM_PT_main").buttons
    files[3].unlink()
    operators.ever_zoom.build()
    assert "Built without a_3.png: not in the folder now" in shown_text()
    operators.ever_zoom.forget_warnings()
    assert "Built without" not in shown_text()
    with pytest.raises(RuntimeError, match="no such image"):
        operators.ever_zoom.show_image(row=7)
    assert "There is no such image in the list: choose another row." in shown_text()
    operators.ever_zoom.mark_images()
    assert "no such image" not in shown_text()
    with pytest.raises(RuntimeError, match="no such image"):
        operators.ever_zoom.show_image(row=7)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert "no such image" not in shown_text()


def test_builds_what_is_in_the_folder(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path)
    (tmp_path / "notes.txt").write_text("no image")
    control = build(tmp_path, look=True)
    group = control.ever_zoom
    assert [row.name for row in group.images] == [file.name for file in files]
    assert group.found_factor == pytest.approx(2.0, abs=0.01)
    assert group.file_order == "outermost-first"
    assert all(row.score > 0.95 for row in group.images if row.is_measured)
    assert [row.is_measured for row in group.images] == [False, True, True, True]
    assert group.skipped == "notes.txt" and not group.warnings
    assert curve_keys(control) == [(1, 0), (11, 1), (21, 2), (31, 3)]
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 31, 1)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (102, 76)  # 0.8, even
    assert scene.render.filepath == str(tmp_path / f"{tmp_path.name}_zoom.mp4")
    assert scene.camera in list(objects.parts(control, "camera"))


def test_builds_again_in_place(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    layers = list(objects.parts(control, "layer"))
    control.ever_zoom.zoom_steps = 7
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert objects.controls(bpy.context.scene) == [control]
    assert list(objects.parts(control, "layer")) == layers
    assert curve_keys(control)[-1] == (22, 3)


@pytest.mark.parametrize(
    "settings",
    [
        ZoomSettings(is_factor_measured=True, reverse=True, delay=0.5, start_frame=7),
        ZoomSettings(zoom_factor=2.0, crop=0.5, feather=0.125, mask_shape=MaskShape.ELLIPSE),
        ZoomSettings(
            length_by=LengthBy.SECONDS,
            seconds_per_image=0.5,
            zoom_steps=15,
            ease=0.25,
            engine=Engine.EEVEE,
            samples=4,
        ),
        ZoomSettings(
            length_by=LengthBy.WHOLE,
            length=3.0,
            zoom_steps=44,
            align=False,
            match_colour=False,
            centre=Centre.FIXED_POINT,
        ),
        ZoomSettings(
            length_by=LengthBy.MARKERS,
            beats=(10, 40),
            resolution_from=FrameSize.UPRIGHT,
            travel=Travel.THERE_AND_BACK,
        ),
        ZoomSettings(order=Order.SORTED, zoom_steps=9, resolution_from=FrameSize.SCENE),
    ],
)
def test_a_zoom_made_elsewhere_keeps_its_settings(
    addon: None, tmp_path: Path, settings: ZoomSettings
) -> None:
    """Built by a script or the command line, opened in the window."""
    files = write_series(tmp_path, 3)
    sizes = tuple(SeriesImage(file, WIDTH, HEIGHT) for file in files)
    series = Series(sizes, (Step(2.0), Step(2.0)))
    build_zoom(bpy.context.scene, series, settings)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "zoom.blend"))
    (control,) = objects.controls(bpy.context.scene)
    assert [row.name for row in control.ever_zoom.images] == [file.name for file in files]
    assert Path(bpy.path.abspath(control.ever_zoom.folder)) == tmp_path
    settings = replace(settings, folder=str(tmp_path))
    assert rounded(to_settings(control.ever_zoom)) == rounded(settings)
    before = curve_keys(control)
    control.ever_zoom.crop = 0.75  # one live change changes nothing else
    assert curve_keys(control) == before
    assert rounded(stored_settings(control)) == rounded(settings) | {"crop": 0.75}


def test_a_size_given_elsewhere_stays(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path, 3)
    sizes = tuple(SeriesImage(file, WIDTH, HEIGHT) for file in files)
    series = Series(sizes, (Step(2.0), Step(2.0)))
    build_zoom(
        bpy.context.scene,
        series,
        ZoomSettings(resolution_from=FrameSize.PIXELS, resolution=(60, 60)),
    )
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "zoom.blend"))
    (control,) = objects.controls(bpy.context.scene)
    control.ever_zoom.feather = 0.1
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == (60, 60)


def test_a_second_zoom_has_a_scene_of_its_own(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    first = build(tmp_path)
    before = bpy.context.scene
    first.ever_zoom.crop = 0.7
    assert operators.ever_zoom.build(is_new=True) == {"FINISHED"}
    after = bpy.context.scene
    assert after != before
    assert objects.controls(before) == [first]
    (second,) = objects.controls(after)
    # As the first one is now: what the user sees in the panel is what is built.
    assert second.ever_zoom.crop == pytest.approx(0.7)


def test_every_zoom_of_a_file_renders_to_a_video_of_its_own(addon: None, tmp_path: Path) -> None:
    for name in ("forest", "castle", "other/forest"):
        write_series(tmp_path / name, 2)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zooms.blend"))
    build(tmp_path / "forest")
    first = bpy.context.scene
    assert first.render.filepath == "//forest_zoom.mp4"
    group_of_scene().folder = str(tmp_path / "castle")
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert first.render.filepath == "//castle_zoom.mp4"  # the name follows the folder ...
    for name in ("forest", "other/forest"):
        group_of_scene().folder = str(tmp_path / name)
        assert operators.ever_zoom.build(is_new=True) == {"FINISHED"}
    paths = [scene.render.filepath for scene in bpy.data.scenes]
    assert sorted(paths) == ["//castle_zoom.mp4", "//forest_zoom-2.mp4", "//forest_zoom.mp4"]
    bpy.context.scene.render.filepath = "//mine.mp4"
    group_of_scene().folder = str(tmp_path / "castle")
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert bpy.context.scene.render.filepath == "//mine.mp4"  # ... and the user's stays


def test_what_a_render_would_replace_is_told_before(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 2)
    build(tmp_path)
    scene = bpy.context.scene
    assert watching.replaced(scene) == ""
    Path(scene.render.filepath).touch()
    assert watching.replaced(scene) == f"{tmp_path.name}_zoom.mp4"
    set_output(scene, tmp_path / "frames")
    assert watching.replaced(scene) == ""
    (tmp_path / "frames").mkdir()
    for number in (2, 3, scene.frame_end + 1):
        (tmp_path / f"frames/frame_{number:05}.png").touch()
    assert watching.replaced(scene) == "2 frames in frames"
    scene.render.use_overwrite = False  # then Blender passes over them
    assert watching.replaced(scene) == ""


def test_a_place_that_cannot_be_written_is_told_before(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 2)
    build(tmp_path)
    (tmp_path / "file").touch()
    for output in (tmp_path / "file/a.mp4", tmp_path / "file/frames"):
        set_output(bpy.context.scene, output)
        for button in (operators.ever_zoom.render, operators.ever_zoom.render_background):
            with pytest.raises(RuntimeError, match=r"cannot be written .*choose another"):
                button()


def test_the_users_scene_is_left_alone(addon: None, tmp_path: Path) -> None:
    before = bpy.context.scene
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    before.collection.objects.link(cube)
    size = before.render.resolution_x
    write_series(tmp_path)
    group_of_scene().folder = str(tmp_path)
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert bpy.context.scene != before
    assert list(before.objects) == [cube]
    assert before.render.resolution_x == size


def test_imports_chosen_files(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path, 5)
    chosen = [{"name": file.name} for file in files[1:4]]
    done = operators.ever_zoom.import_series(directory=str(tmp_path), files=chosen)
    assert done == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    assert [row.name for row in control.ever_zoom.images] == [file.name for file in files[1:4]]


def test_imports_the_folder_of_one_file(addon: None, tmp_path: Path) -> None:
    files = write_series(tmp_path)
    chosen = [{"name": files[2].name}]
    operators.ever_zoom.import_series(directory=str(tmp_path), files=chosen)
    (control,) = objects.controls(bpy.context.scene)
    assert len(control.ever_zoom.images) == len(files)


@pytest.mark.newest
def test_paints_and_builds_the_sample_whatever_order_is_chosen(addon: None) -> None:
    group_of_scene().order = "outermost-first"
    assert operators.ever_zoom.sample() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)
    assert len(control.ever_zoom.images) == 8
    assert not control.ever_zoom.warnings
    assert control.ever_zoom.found_factor == pytest.approx(2.0, abs=0.002)


@pytest.mark.parametrize(
    ("folder", "words"),
    [("", "choose the folder"), ("nowhere", "does not exist"), ("//pictures", "save the file")],
)
def test_says_what_is_wrong_with_the_folder(
    addon: None, tmp_path: Path, folder: str, words: str
) -> None:
    group_of_scene().folder = str(tmp_path / folder) if folder == "nowhere" else folder
    with pytest.raises(RuntimeError, match=words) as told:
        operators.ever_zoom.build()
    assert "Traceback" not in str(told.value)
    assert not objects.controls(bpy.context.scene)


def test_a_grey_button_says_why(addon: None) -> None:
    assert not operators.ever_zoom.render.poll()
    with pytest.raises(RuntimeError, match="Build a zoom first"):
        operators.ever_zoom.render()


# Live changes: each follows from the words' definitions.


def test_crop_is_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    assert trimmed_width(control) == pytest.approx(102 / WIDTH)
    control.ever_zoom.crop = 0.5
    assert trimmed_width(control) == pytest.approx(64 / WIDTH)
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == (64, 48)


def test_feather_is_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    control = build(tmp_path)

    def opaque_width() -> float:
        layer = next(item for item in objects.parts(control, "layer") if item[tags.NUMBER] == 1)
        opaque = [
            vertex.co.x
            for vertex, mask in zip(
                layer.data.vertices, layer.data.attributes["mask"].data, strict=True
            )
            if mask.value > 0.99
        ]
        return float(max(opaque) - min(opaque))

    for feather in (0.05, 0.2, 0.0):
        control.ever_zoom.feather = feather
        width = 102 / WIDTH - 2 * feather * HEIGHT / WIDTH
        assert opaque_width() == pytest.approx(width, abs=1e-5)


def test_steps_and_direction_are_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    control = build(tmp_path)
    control.ever_zoom.zoom_steps = 25
    assert curve_keys(control) == [(1, 0), (26, 1), (51, 2)]
    control.ever_zoom.reverse = True
    assert curve_keys(control) == [(1, 2), (26, 1), (51, 0)]
    assert bpy.context.scene.frame_end == 51
    control.ever_zoom.start_frame = 100
    assert bpy.context.scene.frame_start == 100


def test_delay_and_rate_are_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    control = build(tmp_path)
    control.ever_zoom.frames_per_second = 24.0
    control.ever_zoom.delay = 0.5
    assert curve_keys(control) == [(1, 0), (13, 0), (23, 1), (33, 2), (45, 2)]
    assert bpy.context.scene.render.fps == 24
    assert bpy.context.scene.frame_end == 45


def test_engine_and_overlay_are_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    control = build(tmp_path)
    control.ever_zoom.engine = "workbench"
    assert bpy.context.scene.render.engine == "BLENDER_WORKBENCH"
    control.ever_zoom.debug_overlay = True
    assert list(objects.parts(control, "overlay"))
    control.ever_zoom.debug_overlay = False
    assert not list(objects.parts(control, "overlay"))


def test_an_impossible_change_is_told_in_the_panel(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    control = build(tmp_path)
    group = group_of_scene()
    group.crop = 0.2
    group.feather = 0.25
    assert "make the feather smaller" in group.problem
    # It is said beside the field, too, and beside no other one.
    saying = [
        name for name, layout in draw_panels().items() if "make the" in " ".join(layout.texts)
    ]
    assert saying == ["EVERZOOM_PT_main", "EVERZOOM_PT_mask"]
    mask = draw_panel("EVERZOOM_PT_mask")
    assert mask.order.index("feather") < mask.order.index(mask.texts[0])
    assert mask.order.index(mask.texts[-1]) < mask.order.index("mask_shape")
    assert trimmed_width(control) == pytest.approx(26 / WIDTH)  # as it was
    group.feather = 0.02
    assert group.problem == ""


def test_a_scene_s_settings_are_those_of_its_zoom(addon: None, tmp_path: Path) -> None:
    """One place holds the settings, whether a zoom is there or not."""
    write_series(tmp_path, 3)
    control = build(tmp_path)
    group_of_scene().crop = 0.3
    assert control.ever_zoom.crop == pytest.approx(0.3)
    assert stored_settings(control).crop == 0.3
    assert trimmed_width(control) == pytest.approx(38 / WIDTH)
    bpy.data.objects.remove(control)
    assert group_of_scene().crop == pytest.approx(0.8)  # a zoom to come


def test_everything_is_where_the_zoom_level_says(addon: None, tmp_path: Path) -> None:
    """Independent of how it is driven: the camera's distance halves with each image."""
    write_series(tmp_path, 3)
    control = build(tmp_path)
    scene = bpy.context.scene
    distances = []
    for frame in (1, 11, 21):
        scene.frame_set(frame)
        camera = scene.camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        distances.append(camera.matrix_world.translation.length)
    assert [math.log2(distances[0] / distance) for distance in distances] == pytest.approx(
        [0, 1, 2], abs=0.01
    )
    assert control.name == "Ever Zoom"


def frames(scene: Any) -> int:
    return int(scene.frame_end - scene.frame_start + 1)


def test_the_ways_to_say_how_long_it_takes_agree(addon: None, tmp_path: Path) -> None:
    """Changing from one to another changes nothing; changing its value does."""
    write_series(tmp_path)
    control = build(tmp_path)
    scene, group = bpy.context.scene, control.ever_zoom
    group.frames_per_second = 25.0
    before = curve_keys(control)
    steps = len(group.images) - 1
    for way in ("seconds", "whole", "frames"):
        group.length_by = way
        assert curve_keys(control) == before, way
    group.length_by = "seconds"
    assert group.seconds_per_image == pytest.approx(STEPS / 25.0)
    group.seconds_per_image = 2.0
    assert frames(scene) == steps * 50 + 1
    group.frames_per_second = 50.0  # still two seconds
    assert frames(scene) == steps * 100 + 1
    group.length_by = "whole"
    group.length = 3.0
    assert frames(scene) == 150
    group.travel = "there-and-back"
    assert frames(scene) == 150
    group.length_by = "frames"
    group.zoom_steps = 7
    assert frames(scene) == 2 * steps * 7 + 1
    assert not group.problem


def test_eased_ends_are_one_click(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    before = frames(bpy.context.scene)
    linear = curve_keys(control)
    control.ever_zoom.ease = 1.0
    assert frames(bpy.context.scene) == before
    (curve,) = (c for c in compat.fcurves(control) if c.data_path == '["Zoom Level"]')
    first, last = linear[0], linear[-1]
    assert curve.evaluate(first[0] + 1) - first[1] < 0.5 / STEPS
    assert last[1] - curve.evaluate(last[0] - 1) < 0.5 / STEPS
    control.ever_zoom.ease = 0.0
    assert curve_keys(control) == linear


@pytest.mark.parametrize(("shape", "size"), [("16:9", (102, 58)), ("1:1", (76, 76))])
def test_a_shape_of_the_frames_is_live(
    addon: None, tmp_path: Path, shape: str, size: tuple[int, int]
) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    assert not control.ever_zoom.notes
    control.ever_zoom.resolution_from = shape
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == size
    lost = 1 - size[0] * size[1] / (102 * 76)
    assert f"{lost:.0%} of the cropped pictures" in control.ever_zoom.notes
    control.ever_zoom.resolution_from = "images"
    assert (render.resolution_x, render.resolution_y) == (102, 76)
    assert not control.ever_zoom.notes


def test_roll_and_target_are_live(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path)
    control = build(tmp_path)
    scene, group = bpy.context.scene, group_of_scene()
    (camera,) = objects.parts(control, "camera")
    group.roll, group.target = 0.25, (0.1, 0.0)
    scene.frame_set(scene.frame_start + STEPS)
    assert camera.rotation_euler[2] == pytest.approx(math.pi / 2)
    (innermost,) = (
        x for x in objects.parts(control, "layer") if x[tags.NUMBER] == group.image_count - 1
    )
    place = innermost.location / innermost.scale[0]  # from where the zoom ends
    assert place[:2] == pytest.approx((-0.1, 0.0), abs=1e-6)
    assert not group.problem
    group.target = (0.4, 0.0)
    assert "instead of 0.400, 0.000" in group.notes
    group.roll, group.target = 0.0, (0.0, 0.0)
    assert not group.notes
    assert camera.rotation_euler[2] == 0.0
    scene.frame_set(scene.frame_start + 1)
    assert camera.rotation_euler[2] == 0.0


@pytest.mark.newest
def test_of_a_long_name_that_is_seen_which_tells_it_from_the_others() -> None:
    def at(widest: str) -> str:
        width = blf.dimensions(0, widest)[0] + 0.5
        return text.shortened(bpy.context, "a_painted_balloon_07.png", width, "a_painted_balloon_")

    blf.size(0, bpy.context.preferences.ui_styles[0].widget.points)
    assert at("a_painted_balloon_07.png") == "a_painted_balloon_07.png"
    assert at("a_painted_balloon_07") == "a_painted_balloon_07"
    assert at("a_painted_bal") == at("…07") == "…07"
    assert at("…7") == "…7"
    assert text.shortened(bpy.context, "a_painted_balloon_07.png", 0.0) == "…7"
