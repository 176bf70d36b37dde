"""The strips in the sequencer show what the planes show. Touches bpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.files.writing import Writing
from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.core.plan.plan import make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import colours, compat, loading, tags, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.strips import storing
from ai_ever_zoom_addon.scene.strips.strips import has_strips, picture_files
from ai_ever_zoom_addon.settings import Engine, FrameSize, MaskShape, ZoomSettings

PLAIN = ZoomSettings(is_factor_measured=True, zoom_steps=3, start_frame=0, feather=0.1)
NESTED = (Step(2.0), Step(2.0))
UNEVEN = (
    Step(2.0, (0.06, -0.04), (0.9, 1.0, 1.15)),
    Step(1.6, (-0.05, 0.03), (1.1, 0.95, 1.0)),
)
OFF_CENTRE = tuple(Step(step.factor, step.offset) for step in UNEVEN)


def make_series(folder: Path, steps: tuple[Step, ...], sizes: list[tuple[int, int]]) -> Series:
    """Views of one smooth picture, each with its own colours.

    Smooth, so that resampling one way or the other makes no difference; one, so that it makes none
    whether a soft edge is mixed in linear light, as the planes are, or as the strips are.
    """
    pictures = []
    scale, centre, colour = 1.0, np.zeros(2), np.ones(3)
    for number in range(len(steps) + 1):
        width, height = sizes[number % len(sizes)]
        x = (np.arange(width) + 0.5)[None, :, None] / width - 0.5
        y = (0.5 - (np.arange(height) + 0.5)[:, None, None] / height) * sizes[0][1] / sizes[0][0]
        x, y = centre[0] + x * scale, centre[1] + y * scale
        phase = np.array([0.0, 2.0, 4.0])
        light = 0.4 + 0.1 * np.sin(20 * x + phase) + 0.1 * np.cos(17 * y + 2 * phase)
        encoded = colours.encode_srgb((light**2 * colour).astype(np.float32))
        file = folder / f"picture_{number}.png"
        loading.write_png(file, encoded)
        pictures.append(SeriesImage(file, width, height))
        if number < len(steps):
            step = steps[number]
            centre = centre + np.array(step.offset) * scale
            scale /= step.factor
            colour = colour / np.array(step.gain)
    return Series(tuple(pictures), steps)


def frames(scene: Any, folder: Path, numbers: range) -> dict[int, NDArray[np.float32]]:
    """Render frames, the planes without the better interpolation that strips do not have."""
    rendering.render_animation(scene, f"{folder}/", numbers[0], numbers[-1], sharp=False)
    return {n: loading.read_pixels(folder / f"frame_{n:05}.png") for n in numbers}


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest, in levels of 255."""
    return float(np.abs(one - other).max()) * 255


@pytest.mark.parametrize(
    ("settings", "steps", "sizes"),
    [
        pytest.param(PLAIN, NESTED, [(200, 160)], id="plain"),
        pytest.param(replace(PLAIN, feather=0.0), NESTED, [(200, 160)], id="hard edge"),
        pytest.param(
            replace(PLAIN, mask_shape=MaskShape.ELLIPSE), NESTED, [(200, 160)], id="ellipse"
        ),
        pytest.param(PLAIN, UNEVEN, [(200, 160)], id="off centre, colours"),
        pytest.param(PLAIN, UNEVEN, [(201, 161), (200, 160), (199, 161)], id="odd sizes"),
        pytest.param(
            replace(PLAIN, roll=-0.4, target=(-0.1, 0.1)),
            OFF_CENTRE,
            [(201, 161), (200, 160), (199, 161)],
            id="roll, target, off centre, odd sizes, no colours",
        ),
        pytest.param(
            replace(
                PLAIN,
                reverse=True,
                delay=0.1,
                resolution_from=FrameSize.PIXELS,
                resolution=(160, 160),
            ),
            UNEVEN,
            [(200, 160)],
            id="reverse, delay, resolution",
        ),
        pytest.param(
            replace(PLAIN, roll=0.2, target=(0.08, -0.05)), NESTED, [(200, 160)], id="roll, target"
        ),
        pytest.param(
            replace(PLAIN, roll=-0.4, target=(-0.1, 0.1), resolution_from=FrameSize.UPRIGHT),
            UNEVEN,
            [(201, 161), (200, 160), (199, 161)],
            id="roll, target, off centre, upright, odd sizes",
        ),
    ],
)
def test_strips_show_what_the_planes_show(
    settings: ZoomSettings,
    steps: tuple[Step, ...],
    sizes: list[tuple[int, int]],
    tmp_path: Path,
    picture_folder: Path,
) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, steps, sizes)
    control = zooms.build_zoom(scene, series, replace(settings, engine=Engine.CYCLES))
    numbers = range(scene.frame_start, scene.frame_end + 1)
    planes = frames(scene, picture_folder / "planes", numbers)
    zooms.change_zoom(scene, control, replace(settings, engine=Engine.SEQUENCER))
    strips = frames(scene, picture_folder / "strips", numbers)
    of_layers = set(picture_files(scene))
    # For frames that are all that is wanted there is one picture a step.
    zooms.build_zoom(
        scene, series, replace(settings, engine=Engine.SEQUENCER), control, frames=numbers
    )
    # Colours that change as much as here are left to the layers.
    assert of_layers.isdisjoint(list(picture_files(scene))[1:]) == (steps is not UNEVEN)
    drawn = frames(scene, picture_folder / "drawn", numbers)
    # A hard edge is drawn through the middle of pixels by the one and smoothed by the other.
    share = 0.02 if settings.feather == 0.0 else 0.0
    for shown in (strips, drawn):
        for number in numbers:
            error = np.abs(planes[number] - shown[number]).max(axis=2) * 255
            assert (error > 4.0).mean() <= share, number
            assert np.mean(error) < 1.0, number
    assert difference(planes[numbers[0]], planes[numbers[-1]]) > 30  # there is something to see


def test_what_fades_in_is_rounded_to_the_nearest_level(
    tmp_path: Path, picture_folder: Path
) -> None:
    """As the middle of each image tells."""
    levels = np.array([[150, 90, 120], [110, 230, 170], [165, 20, 95], [60, 125, 140]], np.float64)
    images = []
    for number, values in enumerate(levels):
        file = tmp_path / f"{number}.png"
        loading.write_png(file, np.tile((values / 255).astype(np.float32), (96, 120, 1)))
        images.append(SeriesImage(file, 120, 96))
    settings = replace(PLAIN, zoom_steps=20, engine=Engine.SEQUENCER)
    scene, numbers = bpy.context.scene, range(61)
    series = Series(tuple(images), (Step(2.0),) * 3)
    zooms.build_zoom(scene, series, settings, frames=numbers)
    for number, seen in frames(scene, picture_folder, numbers).items():
        step = min(number // 20, 2)
        part = min((number / 20 - step) / 0.35, 1.0)  # an image has faded in after 0.35 of a step
        part *= part * (3.0 - 2.0 * part)
        wanted = levels[step] + part * (levels[step + 1] - levels[step])
        middle = seen[seen.shape[0] // 2, seen.shape[1] // 2] * 255
        assert np.abs(middle - wanted).max() <= 0.55, number


def test_strips_follow_the_edited_curve(tmp_path: Path, picture_folder: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(200, 160)])
    settings = replace(PLAIN, engine=Engine.CYCLES)
    control = zooms.build_zoom(scene, series, settings)
    (curve,) = (c for c in compat.fcurves(control) if c.data_path == '["Zoom Level"]')
    for point in curve.keyframe_points:
        point.interpolation = "SINE"
    zooms.change_zoom(scene, control, replace(settings, engine=Engine.SEQUENCER))
    strips = frames(scene, picture_folder / "strips", range(1, 3))
    zooms.change_zoom(scene, control, settings)
    planes = frames(scene, picture_folder / "planes", range(1, 3))
    for number in (1, 2):
        assert difference(planes[number], strips[number]) < 4.0
    zooms.build_zoom(scene, series, replace(settings, zoom_steps=3))
    linear = frames(scene, picture_folder / "linear", range(1, 3))
    assert difference(planes[1], linear[1]) > 4.0


def test_strips_need_no_python(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, UNEVEN, [(200, 160)])
    zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.SEQUENCER))
    drivers = list(scene.animation_data.drivers)
    assert len(drivers) > 20
    for curve in drivers:
        assert curve.driver.type == "AVERAGE" or curve.driver.is_simple_expression
        assert curve.driver.is_valid


@pytest.mark.newest
def test_sequencers_show_the_zoom_where_they_show_no_scene(tmp_path: Path) -> None:
    if bpy.app.version < (5, 0, 0):
        pytest.skip("does not apply: sequencers show the window's scene")
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    mine: Any = bpy.data.scenes.new("mine")
    first, *others = bpy.data.workspaces
    first.sequencer_scene = mine
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(40, 32)])
    control = zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.CYCLES))
    assert {workspace.sequencer_scene for workspace in others} == {None}
    zooms.change_zoom(scene, control, replace(PLAIN, engine=Engine.SEQUENCER))
    assert first.sequencer_scene == mine
    assert others and {workspace.sequencer_scene for workspace in others} == {scene}


def test_another_engine_takes_the_strips_away(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, UNEVEN, [(200, 160)])
    scene.sequence_editor_create()
    strips = compat.strips(scene.sequence_editor)
    theirs = strips.new_image("theirs", str(series.images[0].file), channel=3, frame_start=1)
    control = zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.SEQUENCER))
    assert has_strips(scene)
    zooms.change_zoom(scene, control, replace(PLAIN, engine=Engine.CYCLES))
    assert not has_strips(scene)
    assert not list(scene.animation_data.drivers)
    assert not compat.fcurves(scene)
    assert not [key for key in dict(scene.items()) if key.startswith("ever_zoom_strips")]
    assert list(strips) == [theirs]


def test_more_layers_than_channels(tmp_path: Path, picture_folder: Path) -> None:
    scene = bpy.context.scene
    count = 210
    series = Series((spiral(tmp_path),) * count, (Step(2.0),) * (count - 1))
    settings = replace(PLAIN, zoom_steps=2)
    control = zooms.build_zoom(scene, series, replace(settings, engine=Engine.SEQUENCER))
    strips = frames(scene, picture_folder / "strips", range(392, 404))
    zooms.change_zoom(scene, control, replace(settings, engine=Engine.CYCLES))
    planes = frames(scene, picture_folder / "planes", range(392, 404))
    for number, frame in strips.items():
        # All but the middle, which has detail of any size.
        away = np.abs(frame - planes[number]).max(axis=2) * 255 > 4.0
        assert away.mean() < 0.01
        assert difference(frame, strips[392 + number % 2]) == 0.0


def spiral(folder: Path) -> SeriesImage:
    """A picture that contains itself at half its size."""
    y, x = np.mgrid[-79.5:80, -99.5:100]
    turn = np.arctan2(y, x) + 2 * np.pi * np.log2(np.hypot(x, y))
    picture = 0.5 + 0.2 * np.sin(turn[..., None] + np.array([0.0, 2.0, 4.0]))
    file = folder / "spiral.png"
    loading.write_png(file, picture.astype(np.float32))
    return SeriesImage(file, 200, 160)


def test_pictures_move_with_the_file(tmp_path: Path, picture_folder: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(200, 160)])
    zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.SEQUENCER))
    before = frames(scene, picture_folder / "before", range(2, 3))
    blend = tmp_path / "project" / "zoom.blend"
    blend.parent.mkdir()
    with Writing() as writing:
        storing.Saving(blend, writing)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), relative_remap=False)
    moved = tmp_path / "elsewhere"
    blend.parent.rename(moved)
    bpy.ops.wm.open_mainfile(filepath=str(moved / "zoom.blend"))
    scene = bpy.context.scene
    assert all(file.exists() for file in picture_files(scene))
    after = frames(scene, picture_folder / "after", range(2, 3))
    assert difference(before[2], after[2]) == 0.0


def test_an_overlay_is_said_to_be_idle(tmp_path: Path) -> None:
    series = make_series(tmp_path, NESTED, [(200, 160)])
    plan = make_plan(series, replace(PLAIN, engine=Engine.SEQUENCER, debug_overlay=True))
    assert [finding.kind for finding in plan.findings] == [FindingKind.IDLE_OVERLAY]


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(200, 160)])
    zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.SEQUENCER))
    lost = list(picture_files(scene))[1]
    lost.unlink()
    with pytest.raises(EverZoomError, match=lost.name):
        rendering.render_animation(scene, f"{tmp_path}/out/", 0, 1)


def test_frames_of_the_outermost_image_are_that_image(tmp_path: Path, picture_folder: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(200, 160)])
    settings = replace(PLAIN, engine=Engine.SEQUENCER)
    zooms.build_zoom(scene, series, settings)
    plan = make_plan(series, settings)
    (frame,) = frames(scene, picture_folder, range(1)).values()
    picture = loading.read_pixels(series.images[0].file)
    width, height = plan.resolution
    left, top = (200 - width) // 2, (160 - height) // 2
    assert difference(frame, picture[top : top + height, left : left + width]) == 0.0


def others(scene: Any) -> list[tuple[str, int]]:
    """Strips that are not the zoom's: names and channels."""
    strips = compat.strips(scene.sequence_editor)
    return sorted((strip.name, strip.channel) for strip in strips if tags.ROLE not in strip)


def own(scene: Any) -> list[Any]:
    """The strips of the zoom that are in no group."""
    return [strip for strip in compat.strips(scene.sequence_editor) if tags.ROLE in strip]


@pytest.mark.parametrize("count", [3, 90, 210])
def test_strips_of_the_users_keep_their_places(count: int, tmp_path: Path) -> None:
    """Below and above the zoom, up to the highest channel, whatever its length."""
    scene = bpy.context.scene
    image = spiral(tmp_path)
    series = Series((image,) * count, (Step(2.0),) * (count - 1))
    settings = replace(PLAIN, zoom_steps=2, engine=Engine.SEQUENCER)
    scene.sequence_editor_create()
    strips = compat.strips(scene.sequence_editor)
    strips.new_image("below", str(image.file), channel=4, frame_start=1)
    control = zooms.build_zoom(scene, series, settings)
    (group,) = own(scene)
    assert group.channel == 5
    for channel in (6, 128):
        strips.new_image(f"above {channel}", str(image.file), channel=channel, frame_start=1)
    before = others(scene)
    group.mute, group.color_tag = True, "COLOR_03"
    for change in ({"roll": 0.1}, {"crop": 0.6}, {"zoom_steps": 4}, {"start_frame": 30}):
        changed = replace(settings, **change)
        zooms.change_zoom(scene, control, changed)
        assert own(scene) == [group]
        assert (group.channel, group.mute, group.color_tag) == (5, True, "COLOR_03")
        assert compat.duration(group) == make_plan(series, changed).last_frame + 1 - (
            changed.start_frame
        )
        assert others(scene) == before
        assert sum(1 for _ in picture_files(scene)) == count
    # A new one finds the highest channel that is free.
    zooms.change_zoom(scene, control, replace(settings, engine=Engine.CYCLES))
    assert own(scene) == []
    zooms.change_zoom(scene, control, settings)
    assert [strip.channel for strip in own(scene)] == [127]
    assert others(scene) == before


def test_full_channels_are_one_clear_line(tmp_path: Path) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, NESTED, [(200, 160)])
    scene.sequence_editor_create()
    strips = compat.strips(scene.sequence_editor)
    for channel in range(1, 129):
        strips.new_image("theirs", str(series.images[0].file), channel=channel, frame_start=1)
    with pytest.raises(EverZoomError, match="All 128 channels"):
        zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.SEQUENCER))
    assert len(strips) == 128


def test_properties_of_the_scene_stay_the_users(tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    series = make_series(tmp_path, UNEVEN, [(200, 160)])
    theirs = {"Roll": 1.5, "Zoom Level": 7.0, "View Centre X": 0.25, "View Centre Y": -0.25}
    for name, value in theirs.items():
        scene[name] = value
    scene["mine"] = 0.0
    scene.keyframe_insert('["Zoom Level"]', frame=5)
    driver = scene.driver_add('["mine"]').driver
    driver.expression = "frame * 2"
    settings = replace(PLAIN, roll=0.2, engine=Engine.SEQUENCER)
    control = zooms.build_zoom(scene, series, settings)
    for engine in (Engine.SEQUENCER, Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH):
        zooms.change_zoom(scene, control, replace(settings, engine=engine))
        assert {name: scene[name] for name in theirs} == theirs
        assert '["Zoom Level"]' in [curve.data_path for curve in compat.fcurves(scene)]
        assert '["mine"]' in [curve.data_path for curve in scene.animation_data.drivers]
    assert [key for key in dict(scene.items()) if "ever_zoom_strips" in key] == []
    assert len(compat.fcurves(scene)) == len(scene.animation_data.drivers) == 1


def test_what_is_not_driven_any_more_goes_back(tmp_path: Path, picture_folder: Path) -> None:
    """Strips go on through all changes, and show what new ones do."""
    scene = bpy.context.scene
    settings = replace(PLAIN, engine=Engine.SEQUENCER)
    many = make_series(tmp_path, UNEVEN, [(200, 160)])
    plain = make_series(tmp_path, NESTED, [(200, 160)])
    zooms.build_zoom(scene, plain, settings)
    before = frames(scene, picture_folder / "before", range(1, 6))
    control = objects.controls(scene)[0]
    zooms.build_zoom(scene, many, replace(settings, roll=0.3, target=(0.1, 0.1)), control)
    between = frames(scene, picture_folder / "between", range(1, 6))
    make_series(tmp_path, NESTED, [(200, 160)])
    zooms.build_zoom(scene, plain, settings, control)
    after = frames(scene, picture_folder / "after", range(1, 6))
    for number, frame in before.items():
        assert difference(frame, between[number]) > 30.0
        assert difference(frame, after[number]) == 0.0


def test_frames_that_are_all_that_is_wanted_need_no_group(
    tmp_path: Path, picture_folder: Path
) -> None:
    """Blender would keep what a group shows of every frame in memory."""
    scene = bpy.context.scene
    settings = replace(PLAIN, engine=Engine.SEQUENCER)
    series = make_series(tmp_path, NESTED, [(200, 160)])
    numbers = range(7)
    control = zooms.build_zoom(scene, series, settings, frames=numbers)
    assert [strip.type for strip in own(scene)] == ["IMAGE"] * 3
    before = frames(scene, picture_folder / "before", numbers)
    zooms.change_zoom(scene, control, settings)
    assert [strip.type for strip in own(scene)] == ["META"]
    file = str(series.images[0].file)
    strips = compat.strips(scene.sequence_editor)
    strips.new_image("below", file, channel=9, frame_start=0).mute = True
    zooms.build_zoom(scene, series, settings, control, frames=numbers)
    assert [strip.type for strip in own(scene)] == ["META"]
    assert others(scene)[0][0] == "below"
    after = frames(scene, picture_folder / "after", numbers)
    for number in numbers:
        assert difference(before[number], after[number]) <= 1.0


def driving(scene: Any) -> dict[tuple[str, int], Any]:
    """What drives a scene's strips: expressions, what they read, and tables."""
    return {
        (curve.data_path, curve.array_index): (
            *(curve.mute, len(curve.modifiers), curve.driver.type),
            curve.driver.expression if curve.driver.type == "SCRIPTED" else "",
            [
                (variable.name, variable.targets[0].id, variable.targets[0].data_path)
                for variable in curve.driver.variables
            ],
            [(*point.co, point.interpolation) for point in curve.keyframe_points],
        )
        for curve in scene.animation_data.drivers
    }


def test_a_change_mends_what_drives_strips_and_makes_nothing_else_anew(
    tmp_path: Path, picture_folder: Path
) -> None:
    scene = bpy.context.scene
    settings = replace(PLAIN, engine=Engine.SEQUENCER, roll=0.1)
    control = zooms.build_zoom(scene, make_series(tmp_path, UNEVEN, [(200, 160)]), settings)
    wanted, numbers = driving(scene), range(1, 3)
    before = frames(scene, picture_folder / "before", numbers)
    all_strips = compat.all_strips(scene.sequence_editor)
    first, second, third = (all_strips[f"Ever Zoom {number:04}"] for number in range(3))
    places = compat.strips(own(scene)[0])
    drivers = scene.animation_data.drivers

    def of(strip: Any, ending: str, index: int = 0) -> Any:
        return drivers.find(f"{strip.path_from_id()}.{ending}", index=index)

    def zoom_out(curve: Any) -> None:
        curve.driver.variables[0].targets[0].data_path = "frame_current"

    def bend(curve: Any) -> None:
        curve.keyframe_points[0].co[1] += 0.5

    slope = f'modifiers["{tags.COLOUR_MATCH}"].color_balance.slope'
    spoil: list[Any] = [
        lambda: setattr(of(first, "transform.scale_x").driver, "expression", "1.0"),
        lambda: setattr(of(first, "transform.scale_y"), "mute", True),
        lambda: of(second, "transform.scale_x").modifiers.new("NOISE"),
        lambda: zoom_out(of(second, "transform.scale_y")),
        lambda: drivers.remove(of(second, "transform.offset_x")),
        lambda: bend(of(first, slope, 1)),
        lambda: setattr(second.modifiers[tags.COLOUR_MATCH], "mute", True),
        lambda: second.modifiers.remove(second.modifiers[tags.COLOUR_MATCH]),
        lambda: places.remove(third),
    ]
    for step in spoil:
        curves = {curve.as_pointer() for curve in drivers}
        step()
        zooms.change_zoom(scene, control, settings)
        assert driving(scene) == wanted
        kept = sum(curve.as_pointer() in curves for curve in drivers)
        assert kept > len(wanted) / 2
        third = all_strips["Ever Zoom 0002"]
    bend(drivers.find(tags.STRIPS_CENTRE_PATHS[0]))  # which the strips follow, so they come after
    zooms.change_zoom(scene, control, settings)
    assert driving(scene) == wanted
    after = frames(scene, picture_folder / "after", numbers)
    assert all(difference(before[number], after[number]) == 0.0 for number in numbers)
