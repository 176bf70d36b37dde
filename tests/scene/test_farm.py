"""A prepared file renders anywhere, in any parts; the open one stays as it was. Touches bpy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, effects, zooms
from ai_ever_zoom_addon.scene.output import farm, output_settings, rendering
from ai_ever_zoom_addon.scene.planes import objects
from tests import pictures
from tests.scene.command import FRAME, PLAIN, Run, assert_shows, frames, view

operators: Any = bpy.ops

# What `blender -b FILE -s A -e B -a` does, where nobody has heard of the add-on.
WORKER = """
import importlib.util, sys
import bpy
assert importlib.util.find_spec("ai_ever_zoom_addon") is None
bpy.ops.wm.open_mainfile(filepath=sys.argv[1], use_scripts=False, load_ui=False)
assert not bpy.app.autoexec_fail, bpy.app.autoexec_fail_message
scene = bpy.context.scene
scene.frame_start, scene.frame_end = int(sys.argv[2]), int(sys.argv[3])
bpy.ops.render.render(animation=True)
"""


def work(blend: Path, first: int, last: int, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", WORKER, str(blend), str(first), str(last)],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture
def zoom(run: Run, series: Path) -> Any:
    """A saved scene with a zoom of five frames, open; its video is at an absolute path."""
    blend = Path("work.blend").absolute()
    arguments = ("-i", series, "--no-render", "-zs", 2, *PLAIN, "--save-blend", blend)
    assert run(*arguments, "-o", Path("zoom.mp4").absolute()).status == 0
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return bpy.context.scene


def test_in_parts_by_strangers_as_by_one_machine(
    run: Run, series: Path, tmp_path: Path, picture_folder: Path
) -> None:
    for engine in ("cycles", "sequencer"):
        alone, blend = picture_folder / engine / "alone", tmp_path / engine / "farm.blend"
        arguments = ("-i", series, "-zs", 2, *PLAIN[:2], "--engine", engine)
        # In a file for work in Blender the sequencer shows layers, which is less sharp.
        kept = ("--save-blend", tmp_path / engine / "whole.blend") if engine == "cycles" else ()
        assert run(*arguments, "-o", alone, *kept).status == 0
        said = run(*arguments, "--farm", blend)
        assert said.status == 0
        assert not Path("infinite_zoom.mp4").exists()
        assert "frames 0 to 4, 64 x 48 px" in said.lines[-1]
    for engine in ("cycles", "sequencer"):
        folder = tmp_path / "other machine" / engine
        folder.parent.mkdir(exist_ok=True)
        shutil.move(tmp_path / engine, folder)
        (folder / "whole.blend").unlink(missing_ok=True)
    shutil.rmtree(series)
    for engine in ("cycles", "sequencer"):
        folder = tmp_path / "other machine" / engine
        work(folder / "farm.blend", 3, 4, tmp_path)
        work(folder / "farm.blend", 0, 2, tmp_path)
        ours = frames(picture_folder / engine / "alone")
        theirs = frames(folder / "farm_frames")
        assert len(ours) == len(theirs) == 5
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert pictures.error(one, other)[1] == 0.0
            assert_shows(other, view(number / 2))


def values(owner: Any) -> dict[str, Any]:
    """All plain properties of something of Blender's."""
    names = {item.identifier for item in owner.bl_rna.properties if not item.is_readonly}
    names.discard("use_nodes")  # 5.2 warns of it
    found = {name: getattr(owner, name) for name in sorted(names)}
    plain = (str, int, float)
    return {name: value for name, value in found.items() if isinstance(value, plain)}


def state() -> list[dict[str, Any]]:
    """All that could be changed in the open file."""
    scene = bpy.context.scene
    editor = scene.sequence_editor
    owners = [scene, scene.render, scene.render.image_settings, scene.render.ffmpeg]
    owners += [*bpy.data.images, *bpy.data.sounds, *bpy.data.fonts]
    packed = {
        item.name: item.packed_file is not None
        for item in (*bpy.data.images, *bpy.data.sounds, *bpy.data.fonts)
    }
    paths = {"file": bpy.data.filepath, "scene": bpy.context.scene.name}
    for strip in compat.strips(editor) if editor else []:
        paths[strip.name] = getattr(strip, "directory", "")
    return [packed, paths, *(values(owner) for owner in owners)]


def add_sound(strips: Any, file: Path) -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:  # some wheels know no sound
        return
    with wave.open(str(file), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(8000)
        output.writeframes(bytes(8000))
    strips.new_sound("sound", str(file), channel=5, frame_start=0)


def test_the_open_file_stays_as_it_was(zoom: Any, series: Path, tmp_path: Path) -> None:
    strips = compat.strips(zoom.sequence_editor_create())
    add_sound(strips, tmp_path / "tone.wav")
    picture = str(series / "image_1.png")
    strips.new_image("picture", picture, channel=2, frame_start=0)
    zoom.render.use_sequencer = False
    before = state()
    said = farm.prepare(zoom, tmp_path / "elsewhere" / "zoom.blend")
    assert state() == before
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [
        "zoom.blend",
        "zoom_files",
    ]
    assert any("Frames, not a video" in line for line in said)


def test_no_path_of_this_machine_is_left(zoom: Any, series: Path, tmp_path: Path) -> None:
    strips = compat.strips(zoom.sequence_editor_create())
    for number, folder in enumerate(("one", "two")):  # files of one name
        shutil.copytree(series, tmp_path / folder)
        picture = str(tmp_path / folder / "image_1.png")
        strips.new_image("picture", picture, channel=number + 1, frame_start=0)
    pictures.save(view(0.5), tmp_path / "two" / "image_1.png")
    add_sound(strips, tmp_path / "tone.wav")
    for image in bpy.data.images:
        image.filepath = bpy.path.abspath(image.filepath)
    file = tmp_path / "elsewhere" / "zoom.blend"
    farm.prepare(zoom, file)
    bpy.ops.wm.open_mainfile(filepath=str(file))
    scene = bpy.context.scene
    strips = [item for item in compat.strips(scene.sequence_editor) if item.type == "IMAGE"]
    paths = [item.filepath for item in (*bpy.data.images, *bpy.data.sounds)]
    paths += [scene.render.filepath, *(strip.directory for strip in strips)]
    assert [path for path in paths if not path.startswith("//")] == []
    assert all(item.packed_file for item in (*bpy.data.images, *bpy.data.sounds))
    outside = [bpy.path.abspath(strip.directory) + "image_1.png" for strip in strips]
    kept = [file.parent / "zoom_files" / number / "image_1.png" for number in ("0", "1")]
    assert sorted(outside) == [str(path) for path in kept]
    assert kept[0].read_bytes() != kept[1].read_bytes()
    assert scene.render.image_settings.file_format == "PNG"


def test_the_users_picture_format_stays(zoom: Any, tmp_path: Path) -> None:
    output_settings.set_output(zoom, "frames/")
    zoom.render.image_settings.file_format = "OPEN_EXR"
    zoom.frame_step = 2
    farm.prepare(zoom, tmp_path / "zoom.blend")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "zoom.blend"))
    scene = bpy.context.scene
    assert scene.render.image_settings.file_format == "OPEN_EXR"
    assert scene.frame_step == 1
    assert Path(scene.render.frame_path(frame=3)) == tmp_path / "zoom_frames" / "frame_00003.exr"


def test_what_was_painted_and_never_saved_is_in_the_file(zoom: Any, tmp_path: Path) -> None:
    image: Any = next(item for item in bpy.data.images if item.name == "image_3.png")
    image.pixels.foreach_set([0.25, 0.5, 0.75, 1.0] * (image.size[0] * image.size[1]))
    farm.prepare(zoom, tmp_path / "zoom.blend")
    work(tmp_path / "zoom.blend", 0, 0, tmp_path)
    (picture,) = frames(tmp_path / "zoom_frames")
    assert abs(picture - [0.25, 0.5, 0.75]).max() <= 1 / 255
    assert tuple(image.pixels[:3]) == pytest.approx((0.25, 0.5, 0.75), abs=1 / 255)


def test_what_hangs_on_an_image_travels_along(zoom: Any, series: Path, tmp_path: Path) -> None:
    """A text in a font of the user's, which follows the zoom by a driver."""
    (control,) = objects.controls(zoom)
    zoom.frame_set(2)
    plan = zooms.plan_of(zoom, control)
    top = effects.add(zoom, control, plan, effects.Title(text="Here", has_glow=False))
    (text,) = top.children
    own = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "fonts" / "Inter.woff2"
    font = Path(shutil.copy(own, tmp_path / "own.woff2"))
    text.data.font = bpy.data.fonts.load(str(font))
    driver = text.data.materials[0].node_tree.driver_add(
        'nodes["Emission"].inputs[1].default_value'
    )
    variable = driver.driver.variables.new()
    variable.name = "var"
    variable.targets[0].id = top.parent
    variable.targets[0].data_path = '["Step"]'
    driver.driver.expression = "clamp(1 - abs(var))"
    rendering.render_animation(zoom, f"{tmp_path / 'alone'}/", 0, 4, sharp=False)
    farm.prepare(zoom, tmp_path / "farm" / "zoom.blend")
    font.unlink()
    shutil.rmtree(series)
    work(tmp_path / "farm" / "zoom.blend", 0, 4, tmp_path)
    ours, theirs = frames(tmp_path / "alone"), frames(tmp_path / "farm" / "zoom_frames")
    assert pictures.error(ours[2], view(1.0))[0] > 5.0  # there is a text
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert pictures.error(one, other)[1] == 0.0, number


def test_what_only_the_user_can_mend(zoom: Any, series: Path, tmp_path: Path) -> None:
    file = tmp_path / "zoom.blend"

    def fails(match: str) -> None:
        before = state()
        with pytest.raises(EverZoomError, match=match):
            farm.prepare(zoom, file)
        assert state() == before
        assert not file.exists()

    with pytest.raises(EverZoomError, match="the open file"):
        farm.prepare(zoom, Path(bpy.data.filepath))
    with pytest.raises(EverZoomError, match=r"ends in \.blend"):
        farm.prepare(zoom, tmp_path / "zoom")
    camera, zoom.camera = zoom.camera, None
    fails("no camera")
    zoom.camera = camera
    (series / "image_2.png").rename(series / "gone.png")
    fails(r"Files are missing: .*image_2\.png: put them back")
    (series / "gone.png").rename(series / "image_2.png")
    (tmp_path / "file").write_text("no folder")
    file = tmp_path / "file" / "zoom.blend"
    with pytest.raises(EverZoomError, match="cannot be"):
        farm.prepare(zoom, file)


def test_linked_parts_are_named(zoom: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.blend"
    cube: Any = bpy.data.objects.new("Thing", bpy.data.meshes.new("Thing"))
    libraries: Any = bpy.data.libraries
    libraries.write(str(other), {cube})
    bpy.data.objects.remove(cube)
    with libraries.load(str(other), link=True) as (there, here):
        here.objects = there.objects
    zoom.collection.objects.link(here.objects[0])
    with pytest.raises(EverZoomError, match=r"linked from other\.blend: make them local"):
        farm.prepare(zoom, tmp_path / "zoom.blend")


def test_remarks(zoom: Any, tmp_path: Path) -> None:
    plain = "\n".join(farm.prepare(zoom, tmp_path / "zoom.blend"))
    assert "OpenGL" not in plain and "Drivers" not in plain and "view transform" not in plain
    assert "no video" not in plain
    zoom.render.resolution_x = 65  # of which Blender makes no H.264
    zoom.render.engine = compat.EEVEE
    zoom.view_settings.view_transform = "AgX"
    curve = zoom.camera.driver_add("location", 0)
    curve.driver.expression = "max([frame, 1])"
    text = bpy.data.texts.new("setup.py")
    text.use_module = True
    said = "\n".join(farm.prepare(zoom, tmp_path / "zoom.blend"))
    for part in ("EEVEE needs a GPU", "AgX", zoom.camera.name, "setup.py", "no video"):
        assert part in said


def test_the_button(zoom: Any, addon: None, tmp_path: Path) -> None:
    assert operators.ever_zoom.prepare_for_farm(filepath=str(tmp_path / "a.blend")) == {"FINISHED"}
    assert (tmp_path / "a.blend").exists()
    with pytest.raises(RuntimeError, match="the open file"):
        operators.ever_zoom.prepare_for_farm(filepath=bpy.data.filepath, check_existing=False)


def test_the_options_of_the_command_line(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 2, *PLAIN[:2])
    assert run(*arguments, "--farm", "zoom.txt").error.endswith("a name that ends in .blend.")
    assert "same file" in run(*arguments, "--farm", "a.blend", "--save-blend", "a.blend").error
    said = run(*arguments, "--farm", "a.blend", "-o", "frames")
    assert "Engine: sequencer (it runs on every machine of a farm)." in said.lines
    nothing = f"Nothing is rendered to {Path('frames').absolute()}: leave out --farm for that."
    assert said.lines[-1] == nothing
    assert [path.name for path in Path().iterdir() if "blend" not in path.name] == ["a_files"]
    bpy.ops.wm.open_mainfile(filepath=str(Path("a.blend").absolute()))
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == FRAME
    assert (scene.frame_start, scene.frame_end) == (0, 4)
    assert Path(scene.render.frame_path(frame=3)) == Path("a_frames/frame_00003.png").absolute()


def test_the_sequencers_copy_carries_no_picture_twice(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 2, *PLAIN[:2], "--engine", "sequencer", "--no-render")
    assert run(*arguments, "--save-blend", Path("work.blend").absolute()).status == 0
    bpy.ops.wm.open_mainfile(filepath=str(Path("work.blend").absolute()))
    before = [image.name for image in map(objects.layer_image, layers())]
    said = farm.prepare(bpy.context.scene, Path("zoom.blend"))
    assert any("without images in the copy" in line for line in said)
    assert [image.name for image in map(objects.layer_image, layers())] == before
    assert not any(image.packed_file for image in bpy.data.images)
    copied = [path for path in Path("zoom_files").rglob("*") if path.is_file()]
    assert len(copied) == 3
    assert not Path("zoom_strips").exists()
    bpy.ops.wm.open_mainfile(filepath=str(Path("zoom.blend").absolute()))
    assert not bpy.data.images
    assert rendering.render_animation(bpy.context.scene, "out", 0, 4) == 5


def layers() -> list[Any]:
    (control,) = objects.controls(bpy.context.scene)
    return list(objects.parts(control, "layer"))
