"""Files that were made on another system, and names that another system has. Touches bpy."""

from __future__ import annotations

import json
import os
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.files.output import FRAME_NAME
from ai_ever_zoom_addon.core.series import ListedImage
from ai_ever_zoom_addon.scene import measuring, recipe
from ai_ever_zoom_addon.scene.output import output_settings
from ai_ever_zoom_addon.scene.paths import absolute
from ai_ever_zoom_addon.scene.strips import strips
from ai_ever_zoom_addon.scene.tags import RECIPE
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.scene.command import PLAIN, Run
from tests.scene.room import make_zoom

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: paths of Windows are its")


def saved(folder: Path, **settings: Any) -> Any:
    """A zoom of images in `pictures` in a file beside them, as it was saved."""
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "zoom.blend"))
    control = make_zoom(folder / "pictures", **settings)
    bpy.context.window.scene = control.users_scene[0]
    return control


PATHS = ("//pictures\\a.png", "//..\\a.png", "C:\\a\\b.png", "d:/b.png", "/a\\b.png", "/a/b.png")


@on_posix
@pytest.mark.parametrize("path", PATHS)
def test_paths_are_read_as_blender_reads_them(tmp_path: Path, path: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    image = bpy.data.images.new("Picture", 4, 4)
    image.source = "FILE"
    image.filepath = path
    assert os.path.normpath(absolute(path)) == os.path.normpath(image.filepath_from_user())


@on_posix
def test_depth_maps_in_a_folder_of_windows(tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "zoom.blend"))
    settings = ZoomSettings(depth_folder="//maps\\depth")
    assert measuring.depth_folder(settings) == tmp_path / "maps" / "depth"


@on_posix
def test_strips_of_a_file_from_windows_are_found(tmp_path: Path) -> None:
    saved(tmp_path, engine=Engine.SEQUENCER)
    scene = bpy.context.scene
    for strip in strips.picture_strips(scene):
        strip.directory = os.path.relpath(absolute(strip.directory), tmp_path).replace("/", "\\")
        strip.directory = f"//{strip.directory}\\"
    assert all("\\" in strip.directory for strip in strips.picture_strips(scene))
    assert all(file.is_file() for file in strips.picture_files(scene))


@on_posix
def test_images_that_are_not_used_are_found_in_a_file_from_windows(tmp_path: Path) -> None:
    control = saved(tmp_path)
    files = sorted((tmp_path / "pictures").iterdir())
    note = json.loads(control[RECIPE])
    there = "C:\\Users\\J\u00f6rg\\pictures\\"
    note["list"] = {
        "unused": [[1, there + files[0].name]],
        "is_own_order": True,
        "sources": [there + file.name for file in files],
    }
    control[RECIPE] = json.dumps(note)
    listing = recipe.stored_listing(control)
    assert listing.rows[1] == ListedImage(files[0], is_used=False)
    assert [file.name for file in listing.sources] == [file.name for file in files]
    assert sorted(measuring.sources_at_hand(listing)) == files


@on_posix
@pytest.mark.parametrize(
    "path", ["//out\\zoom.mp4", "C:\\out\\zoom.mp4", "/tmp/out\\zoom.mp4", "//..\\out/zoom.mp4"]
)
def test_an_output_of_windows_is_where_blender_writes_it(tmp_path: Path, path: str) -> None:
    scene = saved(tmp_path).users_scene[0]
    output_settings.set_output(scene, "//zoom.mp4")
    scene.render.filepath = path
    assert Path(absolute(path)).resolve() == Path(scene.render.frame_path(frame=1)).resolve()
    if "tmp" not in path:
        output_settings.set_name_of_copy(scene, [tmp_path / "pictures" / "a.png"])
        assert scene.render.filepath == path.replace("zoom.mp4", "pictures_zoom.mp4")


@pytest.mark.parametrize("first", ["", "//", "/tmp/", "/tmp\\", f"{tempfile.gettempdir()}\\"])
def test_an_output_that_nobody_has_chosen_gets_a_name(tmp_path: Path, first: str) -> None:
    """Blender begins with one of these, by its system and version."""
    scene = bpy.context.scene
    scene.render.filepath = first
    output_settings.set_first_output(scene, [tmp_path / "pictures" / "a.png"])
    assert Path(scene.render.filepath) == tmp_path / "pictures" / "pictures_zoom.mp4"


@pytest.mark.parametrize("written", ["//zoom.mp4", "//renders/zoom.mp4", "//frames"])
def test_an_output_beside_the_file_is_what_its_name_says(tmp_path: Path, written: str) -> None:
    """On Windows Python takes its first two signs for a machine in the network."""
    scene = saved(tmp_path).users_scene[0]
    output_settings.set_output(scene, written)
    is_video = written.endswith(".mp4")
    assert scene.render.is_movie_format == is_video
    assert scene.render.filepath == (written if is_video else f"{written}/{FRAME_NAME}")


@on_posix
def test_a_path_that_begins_with_two_slashes_is_absolute(run: Run, series: Path) -> None:
    """To Blender it would begin beside the file."""
    there = Path.cwd()
    ran = run("-i", f"/{series}", "-o", f"/{there}/frames", "-zs", 1, *PLAIN)
    assert ran.status == 0, ran.lines
    assert len(list((there / "frames").glob("frame_*.png"))) == 3
    ran = run("-i", series, "-o", "a\\b.mp4", "-zs", 1, *PLAIN)
    assert ran.error == (
        r"Error: Blender can have no file or folder that is called a\b.mp4: choose another "
        "name."
    )


@on_posix
def test_settings_name_images_as_another_system_writes_them(run: Run, series: Path) -> None:
    name = "Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich.png"
    image = sorted(series.iterdir())[0]
    apart = unicodedata.normalize("NFD", name)
    image.rename(series / f"0{apart}")
    Path("timing.json").write_text(json.dumps({"images": [{"image": f"0{name}", "hold": 2.0}]}))
    found = Path("found.json")
    ran = run(
        *("-i", series, "--timing", "timing.json", "--no-render", "--json", found, "-zs", 1, *PLAIN)
    )
    assert ran.status == 0, ran.lines
    assert json.loads(found.read_text())["images"][0]["image"] == f"0{apart}"
