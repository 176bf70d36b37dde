"""What a zoom writes into Blender's own settings, and what of it stays the user's. Touches bpy."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from ai_ever_zoom_addon.scene import colours, tags
from ai_ever_zoom_addon.scene.output import output_settings
from ai_ever_zoom_addon.scene.planes import objects

from .command import PLAIN, Run, assert_shows, frames, make_series, view
from .command import SIZE as SERIES_SIZE
from .drawing import draw_panel
from .nested import write_series

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("cycles", "eevee", "workbench", "sequencer")

operators: Any = bpy.ops

Change = Callable[[Any], None]
BY_EEVEE = {"eevee.taa_samples", "render.filter_size"}  # how it draws the 3D View
SIZE = {f"render.{name}_{axis}" for name in ("resolution", "pixel_aspect") for axis in "xy"}

# What each choice of the panel is written to, for a zoom of three images.
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "crop": (lambda group: setattr(group, "crop", 0.6), SIZE),
    "feather": (lambda group: setattr(group, "feather", 0.1), set()),
    "mask": (lambda group: setattr(group, "mask_shape", "ellipse"), set()),
    "centre": (lambda group: setattr(group, "centre", "fixed-point"), set()),
    "pace": (lambda group: setattr(group, "zoom_steps", 13), set()),
    "delay": (lambda group: setattr(group, "delay", 1.0), set()),
    "start": (lambda group: setattr(group, "start_frame", 11), set()),
    "way": (lambda group: setattr(group, "travel", "there-and-back"), set()),
    "reverse": (lambda group: setattr(group, "reverse", True), set()),
    "roll": (lambda group: setattr(group, "roll", 0.5), set()),
    # Of what has several parts only the scene's group has a property.
    "target": (lambda group: setattr(bpy.context.scene.ever_zoom, "target", (0.1, 0.1)), set()),
    "pack": (lambda group: setattr(group, "pack_images", True), set()),
    "shape": (lambda group: setattr(group, "resolution_from", "9:16"), SIZE),
}


ENDS = {"frame_start", "frame_end"}  # of the user's: they go with the pictures that they show


def build(folder: Path, engine: str, **choices: Any) -> Any:
    """A zoom of three images by the button, without a look at the pictures; its control."""
    write_series(folder, 3)
    group = bpy.context.scene.ever_zoom
    group.folder = str(folder)
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    group.engine = engine
    for name, value in choices.items():
        setattr(group, name, value)
    assert operators.ever_zoom.build() == {"FINISHED"}
    return objects.controls(bpy.context.scene)[-1]


def read(scene: Any, paths: Any) -> dict[str, Any]:
    return {path: scene.path_resolve(path) for path in paths}


def written_paths(scene: Any) -> list[str]:
    """Where the recipe of the scene's one zoom has written."""
    (table,) = output_settings._written(scene).values()
    return list(table)


def set_by_hand(scene: Any) -> dict[str, Any]:
    """Another value in every place of the recipe; all of them, by their paths."""
    paths = written_paths(scene)
    for path in paths:
        place, _, name = path.rpartition(".")
        owner = scene.path_resolve(place) if place else scene
        before = getattr(owner, name)
        if isinstance(before, str):
            known = owner.bl_rna.properties[name].enum_items.keys()
            offered = known if len(known) > 1 else colours.choices(owner, name)
            setattr(owner, name, next(item for item in offered if item != before))
        elif isinstance(before, bool):
            setattr(owner, name, not before)
        elif path in output_settings._AT_LEAST:
            setattr(owner, name, 1)
        else:
            setattr(owner, name, before + (1 if isinstance(before, int) else 0.25))
        if not (path == "cycles.use_denoising" and getattr(owner, name) == before):
            assert getattr(owner, name) != before, path
    return read(scene, paths)


def differing(scene: Any, control: Any) -> set[str]:
    return {found.path for found in output_settings.differences(scene, control)}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_set_by_hand_stays_and_is_said(addon: None, tmp_path: Path, engine: str) -> None:
    control = build(tmp_path / "series", engine)
    scene: Any = bpy.context.scene
    recipe = read(scene, written_paths(scene))
    assert not differing(scene, control)
    hand = set_by_hand(scene)
    assert recipe.keys() == hand.keys()
    all_paths = {path for path in recipe if hand[path] != recipe[path]}
    assert len(all_paths) >= len(recipe) - 1
    for name, (change, owned) in CHANGES.items():
        change(control.ever_zoom)
        assert control.ever_zoom.problem == "", name
        now = read(scene, hand)
        assert {path for path in hand if now[path] != hand[path]} - ENDS == owned, name
        assert differing(scene, control) - ENDS == all_paths - owned - ENDS, name
        hand |= {path: now[path] for path in ENDS & hand.keys()}
        for path in owned:  # by hand again
            place, _, leaf = path.rpartition(".")
            setattr(scene.path_resolve(place) if place else scene, leaf, now[path] + 1)
            hand[path] = now[path] + 1
    shown = " ".join(draw_panel("EVERZOOM_PT_output").texts)
    assert "Not as in the recipe" in shown

    bpy.ops.ed.undo_push(message="by hand")
    assert operators.ever_zoom.take_recipe("EXEC_DEFAULT", True) == {"FINISHED"}
    assert not differing(scene, control)
    assert "Not as in the recipe" not in " ".join(draw_panel("EVERZOOM_PT_output").texts)
    unchanged = all_paths - {"frame_start", "frame_end", *SIZE, *output_settings._AT_LEAST}
    assert read(scene, unchanged) == {path: recipe[path] for path in unchanged}
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert read(bpy.context.scene, hand) == hand


def test_a_difference_is_told_in_blenders_own_words(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path, "workbench")
    scene: Any = bpy.context.scene
    scene.render.resolution_percentage = 50
    scene.render.use_persistent_data = False
    scene.display.render_aa = "32"
    scene.view_settings.exposure = -0.5
    assert sorted(one.text for one in output_settings.differences(scene, control)) == [
        "Exposure: -0.5, in the recipe 0",
        "Persistent Data: off, in the recipe on",
        "Render Anti-Aliasing: 32 Samples, in the recipe No Anti-Aliasing",
        "Resolution Scale: 50, in the recipe 100",
    ]


@pytest.mark.parametrize("engine", ["cycles", "eevee", "workbench"])
def test_samples_and_frame_rate_are_written_where_they_belong(
    addon: None, tmp_path: Path, engine: str
) -> None:
    places = {
        "cycles": {"cycles.samples", "cycles.preview_samples", *BY_EEVEE},
        "eevee": {"eevee.taa_render_samples", *BY_EEVEE},
        "workbench": {"display.render_aa", "display.viewport_aa"},
    }
    control = build(tmp_path, engine)
    scene: Any = bpy.context.scene
    hand = set_by_hand(scene)
    control.ever_zoom.samples = 7
    now = read(scene, hand)
    assert {path for path in hand if now[path] != hand[path]} == places[engine]
    control.ever_zoom.frames_per_second = 25.0 / 2.0
    assert (scene.render.fps, scene.render.fps_base) == (25, 2.0)
    assert scene.render.frame_map_old == hand["render.frame_map_old"]


def test_more_bounces_than_needed_are_no_difference(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path, "cycles")
    scene: Any = bpy.context.scene
    scene.cycles.transparent_max_bounces = 64
    control.ever_zoom.crop = 0.5
    assert scene.cycles.transparent_max_bounces == 64
    assert not differing(scene, control)
    scene.cycles.transparent_max_bounces = 2
    assert differing(scene, control) == {"cycles.transparent_max_bounces"}


def test_each_scene_of_a_zoom_keeps_what_was_set_there(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path, "cycles")
    first: Any = bpy.context.scene
    bpy.ops.scene.new(type="LINK_COPY")
    second: Any = next(scene for scene in bpy.data.scenes if scene != first)
    linked: Any = bpy.data.scenes.new("Linked")  # never had the recipe
    linked.collection.children.link(control.users_collection[0])
    before = read(linked, written_paths(first))
    first.render.resolution_percentage, second.render.resolution_percentage = 50, 25
    first.cycles.samples, second.cycles.samples = 16, 32
    control.ever_zoom.crop = 0.6
    control.ever_zoom.zoom_steps = 7
    for scene, percent, samples in ((first, 50, 16), (second, 25, 32)):
        assert scene.render.resolution_percentage == percent
        assert scene.cycles.samples == samples
        assert scene.frame_end == 15
        assert differing(scene, control) == {"render.resolution_percentage", "cycles.samples"}
    assert read(linked, before) == before


def test_two_zooms_in_a_scene_do_not_write_each_others(addon: None, tmp_path: Path) -> None:
    """And a zoom is known by more than a name that the user may change."""
    first = build(tmp_path / "a", "cycles", zoom_steps=5)
    scene: Any = bpy.context.scene
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    second = build(tmp_path / "b", "cycles", zoom_steps=9, frames_per_second=12.0)
    assert first[tags.IDENTITY] != second[tags.IDENTITY]
    first.name = "Renamed"
    other.collection.children.link(first.users_collection[0])
    first.ever_zoom.zoom_steps = 20
    assert (other.frame_end, other.render.fps) == (19, 12)
    assert scene.frame_end == 41


def test_my_settings_are_kept(addon: None, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    render = scene.render
    scene.frame_start, scene.frame_end = 5, 99
    render.fps, render.resolution_percentage = 25, 50
    render.filepath, render.engine = "/tmp/", "BLENDER_WORKBENCH"
    scene.view_settings.view_transform = "AgX"
    control = build(tmp_path, "keep", zoom_steps=60, frames_per_second=10.0)
    control.ever_zoom.zoom_steps = 30
    control.ever_zoom.reverse = True
    assert (scene.frame_start, scene.frame_end) == (5, 99)
    assert (render.fps, render.resolution_percentage, render.filepath) == (25, 50, "/tmp/")
    assert (render.engine, scene.view_settings.view_transform) == ("BLENDER_WORKBENCH", "AgX")
    assert render.use_stamp_date
    assert not differing(scene, control)
    group = control.ever_zoom
    assert (group.frames_per_second, group.start_frame) == (25.0, 5)  # the scene's
    assert group.notes.splitlines() == [  # and nothing of the frames
        "The view transform AgX changes the images' colours: Standard leaves them."
    ]
    group.zoom_steps = 60
    assert "the scene has the frames 5 to 99, the zoom 5 to 125" in group.notes


@pytest.mark.newest
def test_kept_settings_do_not_carry_one_zooms_file_name_into_another(
    addon: None, tmp_path: Path
) -> None:
    """A new zoom's scene is a copy: folder and ending of what it renders stay, the name is its."""
    first: Any = bpy.context.scene
    build(tmp_path / "a", "keep")
    for path, expected in (
        ("//videos/a_zoom.mp4", "//videos/b_zoom.mp4"),
        ("//videos/a_zoom.mp4", "//videos/b_zoom-2.mp4"),  # as the one before has the other name
        ("//frames/shot_####", "//frames/b_zoom"),
        ("//frames/", "//frames/"),
    ):
        bpy.context.window.scene = first
        first.render.filepath = path
        write_series(tmp_path / "b", 3)
        operators.ever_zoom.build(folder=str(tmp_path / "b"), is_new=True)
        assert bpy.context.scene != first
        assert bpy.context.scene.render.filepath == expected
        assert first.render.filepath == path


@pytest.mark.parametrize(
    ("chosen", "rate"), [({}, (24, 1.001)), ({"frames_per_second": 30.0}, (30, 1.0))]
)
def test_a_new_zoom_has_the_scenes_frame_rate(
    addon: None, tmp_path: Path, chosen: dict[str, float], rate: tuple[int, float]
) -> None:
    scene: Any = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.001
    control = build(tmp_path, "cycles", **chosen)
    scene = bpy.context.scene  # another one if this one's rate would be changed
    assert (scene.render.fps, scene.render.fps_base) == pytest.approx(rate)
    assert control.ever_zoom.frames_per_second == pytest.approx(rate[0] / rate[1])
    scene.render.fps = 50  # by hand
    control.ever_zoom.crop = 0.7
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert scene.render.fps == 50


def test_a_note_that_was_changed_is_passed_over(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path, "cycles")
    scene: Any = bpy.context.scene
    for note in ("{", "[1]", '{"a": 1}', 7):
        scene[tags.OUTPUT] = note
        assert not differing(scene, control)
        control.ever_zoom.crop = 0.5
        control.ever_zoom.crop = 0.6
        assert control.ever_zoom.problem == ""
    assert operators.ever_zoom.take_recipe() == {"FINISHED"}
    scene.cycles.samples = 5
    assert differing(scene, control) == {"cycles.samples"}


# --- What this Blender does not have --------------------------------------------------------------


def test_an_engine_that_is_switched_off_is_said_before_anything_is_made(
    addon: None, tmp_path: Path
) -> None:
    addon_utils.disable("cycles")
    try:
        with pytest.raises(RuntimeError, match="engine Cycles is switched off: switch it on"):
            build(tmp_path, "cycles")
        assert not bpy.data.objects
        assert not bpy.data.images
        control = build(tmp_path, "workbench")
        control.ever_zoom.engine = "cycles"
        assert "switched off" in control.ever_zoom.problem
        assert bpy.context.scene.render.engine == "BLENDER_WORKBENCH"
    finally:
        addon_utils.enable("cycles")


def test_the_command_line_takes_an_engine_that_is_there(run: Run, series: Path) -> None:
    addon_utils.disable("cycles")
    try:
        arguments = ("-i", series, "--no-render", "--save-blend", "zoom.blend", "-zs", 2)
        assert "engine Cycles is switched off" in run(*arguments, "--engine", "cycles").error
        assert not Path("zoom.blend").exists()
        done = run(*arguments, "--no-align", "--no-match-colour")
        assert done.status == 0
        assert any(line.startswith("Engine: eevee (") for line in done.lines)
    finally:
        addon_utils.enable("cycles")


CONFIGURATIONS = ("ocio://default", "ocio://studio-config-v2.1.0_aces-v1.3_ocio-v2.3")
RENDER = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"


def run_with(configuration: str, program: str, *arguments: object) -> str:
    """What a program says that runs under a studio's colour configuration."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | {"OCIO": configuration},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_pictures_come_back_under_a_studios_colours(
    tmp_path: Path, engine: str, configuration: str
) -> None:
    folder = make_series(tmp_path / "series")
    arguments = ("-i", folder, "-o", f"{tmp_path / 'out'}/", "-zs", 2, *PLAIN, "--engine", engine)
    assert "colour configuration" not in run_with(configuration, RENDER, *arguments)
    found = frames(tmp_path / "out")
    assert len(found) == 5
    for number, picture in enumerate(found):
        assert_shows(picture, view(number / 2), limit=0.6)


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_deep_pictures_come_back_under_a_studios_colours(tmp_path: Path, engine: str) -> None:
    """Of 16 bits Blender gives linear light, there of wider primaries than sRGB's."""
    folder = tmp_path / "series"
    folder.mkdir()
    for number in range(3):
        values = np.rint(view(number, SERIES_SIZE, width=1.0) * 65535.0).astype(np.uint16)
        (folder / f"image_{3 - number}.png").write_bytes(deep_png(values))
    arguments = ("-i", folder, "-o", f"{tmp_path / 'out'}/", "-zs", 2, *PLAIN, "--engine", engine)
    run_with(CONFIGURATIONS[0], RENDER, *arguments)
    for number, picture in enumerate(frames(tmp_path / "out")):
        assert_shows(picture, view(number / 2), limit=0.6)


def deep_png(values: Any) -> bytes:
    """Values of 16 bits, shape (height, width, 3), as a PNG file (W3C, Third Edition)."""
    height, width, _ = values.shape
    rows = values.astype(">u2").tobytes()
    length = 6 * width
    lines = b"".join(b"\0" + rows[at : at + length] for at in range(0, len(rows), length))

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + name + data + check

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


MEASURE = "from ai_ever_zoom_addon.scene import colours; print(colours.plain_display())"
CONFIGURATION = """ocio_profile_version: 2
roles: {{default: coded, scene_linear: linear, default_byte: coded, default_float: linear,
  data: raw, color_picking: coded}}
displays:
  screen:
    - !<View> {{name: Odd, colorspace: odd}}
    {view}
active_displays: [screen]
active_views: [Odd, Plain]
colorspaces:
  - !<ColorSpace> {{name: raw, isdata: true}}
  - !<ColorSpace> {{name: linear}}
  - !<ColorSpace>
    name: coded
    to_reference: !<ExponentWithLinearTransform>
      {{gamma: [2.4, 2.4, 2.4, 1], offset: [0.055, 0.055, 0.055, 0]}}
  - !<ColorSpace>
    name: odd
    to_reference: !<ExponentTransform> {{value: [4, 4, 4, 1]}}
"""


def test_the_view_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    file = tmp_path / "config.ocio"
    plain = "- !<View> {name: Plain, colorspace: coded}"
    file.write_text(CONFIGURATION.format(view=plain))
    said = run_with(str(file), MEASURE)
    assert "device='screen', view='Plain'" in said


def test_colours_that_cannot_be_kept_are_said(tmp_path: Path) -> None:
    file = tmp_path / "config.ocio"
    file.write_text(CONFIGURATION.format(view=""))
    folder = make_series(tmp_path / "series")
    blend = tmp_path / "zoom.blend"
    arguments = ("-i", folder, "--no-render", "--save-blend", blend, *PLAIN)
    said = run_with(str(file), RENDER, *arguments)
    assert 'frames have other colours than the images; the nearest is "Odd"' in said


# --- The world ------------------------------------------------------------------------------------


def test_eevee_gets_a_small_black_world_where_there_is_none(addon: None, tmp_path: Path) -> None:
    """Of the one that stands in for none it would make light for each frame, at 1024 pixels."""
    scene: Any = bpy.context.scene
    control = build(tmp_path / "series", "cycles")
    assert not bpy.data.worlds
    control.ever_zoom.engine = "eevee"
    world: Any = scene.world
    assert (tuple(world.color), world.probe_resolution) == ((0.0, 0.0, 0.0), "128")
    nodes = world.node_tree.nodes if world.node_tree is not None else ()
    for node in nodes:
        for socket in node.inputs:
            if socket.name == "Color":
                assert tuple(socket.default_value) == (0.0, 0.0, 0.0, 1.0)
    scene.world = None  # the user takes it away
    control.ever_zoom.crop = 0.6
    assert scene.world is None


def test_a_world_of_the_users_stays_as_it_is(addon: None, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    theirs: Any = bpy.data.worlds.new("Theirs")
    scene.world = theirs
    before = theirs.color[:], theirs.probe_resolution
    build(tmp_path / "series", "eevee")
    assert scene.world == theirs
    assert (theirs.color[:], theirs.probe_resolution) == before


# --- What is in the files of frames ---------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_frames_are_equal_files_that_say_nothing_of_the_machine(
    run: Run, series: Path, engine: str
) -> None:
    found = []
    for name in ("one", "two"):
        arguments = ("-i", series, "-o", name, "-zs", 1, *PLAIN, "--engine", engine)
        assert run(*arguments, "--save-blend", f"{name}.blend").status == 0
        files = sorted(Path(name).glob("[!.]*"))
        found.append([file.read_bytes() for file in files])
        with Image.open(files[0]) as picture:
            assert isinstance(picture, PngImageFile)
            assert not picture.text
    assert found[0] == found[1]
