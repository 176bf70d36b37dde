"""Movies and sequences of pictures among the images: they play while they are in view."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import farm, rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.scene.command import Run

SIDE = 64
STEPS = 10
COUNT = 7
INNER, OUTER = 255, 128
SETTINGS = ZoomSettings(
    zoom_steps=STEPS, start_frame=0, feather=0.0, align=False, match_colour=False
)


def shade(number: int) -> int:
    """Of a picture of what moves."""
    return 30 + 25 * number


def picture(value: int) -> Image.Image:
    return Image.new("RGB", (SIDE, SIDE), (value, value, value))


def write_movie(file: Path) -> None:
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(COUNT):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture(shade(number))), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def make_series(folder: Path, kind: str) -> Path:
    """Three images of which the middle one moves: a movie, or a sequence with an ending."""
    folder.mkdir()
    ending = kind.partition(".")[2] or "png"
    picture(INNER).save(folder / "img1.png")
    picture(OUTER).save(folder / "img3.png")
    if kind == "movie":
        write_movie(folder / "img2.mp4")
    else:
        (folder / "img2").mkdir()
        for number in range(COUNT):
            picture(shade(number)).save(folder / "img2" / f"a_{number + 98:03}.{ending}")
    return folder


def build_zoom(folder: Path, engine: Engine = Engine.CYCLES, **settings: Any) -> Any:
    options = replace(SETTINGS, engine=engine, **settings)
    files, skipped = find_images(folder)
    series, _ = measuring.find_series(files, options, skipped)
    return zooms.build_zoom(bpy.context.scene, series, options)


def corner(file: Path) -> int:
    """The colour near a corner of a frame, where the innermost image is not."""
    with Image.open(file) as frame:
        return int(np.asarray(frame.convert("L"))[3, 3])


def expected(frame: int) -> int:
    """What is seen there: the middle image is in sight from frame 1 on, the first after level 0."""
    return shade((frame - 1) % COUNT)


# By then the middle image is opaque and fills the view, or more.
FRAMES = (10, 11, 12, 13)


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH])
@pytest.mark.parametrize("kind", ["movie", "sequence", "sequence.jp2", "sequence.jpe"])
def test_it_plays_a_picture_a_frame(
    tmp_path: Path, picture_folder: Path, kind: str, engine: Engine
) -> None:
    control = build_zoom(make_series(tmp_path / "series", kind), engine)
    told = recipe.stored_findings(control)
    if engine is Engine.WORKBENCH and bpy.app.version < (4, 5, 0):
        (name,) = (entry.name for entry in (tmp_path / "series").glob("img2*"))
        assert told == (Finding(FindingKind.STANDING_STILL, {"files": [name]}),)
        pytest.skip("does not apply: Workbench plays since Blender 4.5")
    assert not told
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", FRAMES[0], FRAMES[-1])
    seen = {frame: corner(picture_folder / f"frame_{frame:05}.png") for frame in FRAMES}
    tolerance = 3 if kind == "movie" else 1  # of the encoder
    assert seen == {frame: pytest.approx(expected(frame), abs=tolerance) for frame in FRAMES}


@pytest.mark.parametrize("kind", ["movie", "sequence"])
def test_a_saved_file_plays_it_without_the_add_on_in_any_order(
    tmp_path: Path, picture_folder: Path, kind: str
) -> None:
    build_zoom(make_series(tmp_path / "series", kind))
    place = tmp_path / "farm.blend"
    farm.prepare(bpy.context.scene, place)
    (tmp_path / "series").rename(tmp_path / "moved")  # the file has all it needs beside it
    bpy.ops.wm.open_mainfile(filepath=str(place))
    scene: Any = bpy.context.scene
    for frame in reversed(FRAMES):
        scene.frame_set(frame)
        scene.render.filepath = str(picture_folder / f"{frame}.png")
        bpy.ops.render.render(write_still=True)
        assert corner(picture_folder / f"{frame}.png") == pytest.approx(expected(frame), abs=3)


def test_it_begins_when_it_comes_into_sight_whatever_the_timing(tmp_path: Path) -> None:
    folder = make_series(tmp_path / "series", "sequence")
    control = build_zoom(folder)
    player = objects.image_node(objects.numbered(control, "layer")[1]).image_user
    assert player.frame_start == 1
    changes: list[tuple[dict[str, Any], int]] = [
        ({"delay": 1.0}, 31),  # held for 30 frames
        ({"reverse": True}, 0),
        ({"start_frame": 100, "zoom_steps": 20}, 101),
    ]
    for changed, first in changes:
        zooms.change_zoom(bpy.context.scene, control, replace(SETTINGS, **changed))
        assert player.frame_start == first
    assert [file.file for file in recipe.stored_series(control).images] == [
        folder / "img3.png",
        folder / "img2",
        folder / "img1.png",
    ]


def test_a_still_of_the_same_file_stays_still(tmp_path: Path) -> None:
    folder = make_series(tmp_path / "series", "sequence")
    still = bpy.data.images.load(str(folder / "img2" / "a_098.png"))
    build_zoom(folder)
    build_zoom(folder)
    assert still.source == "FILE"
    assert sum(image.source == "SEQUENCE" for image in bpy.data.images) == 1


def test_the_sequencer_is_not_chosen_for_it(tmp_path: Path, run: Run) -> None:
    folder = make_series(tmp_path / "series", "movie")
    with pytest.raises(EverZoomError, match=r"only still images, and img2\.mp4 moves"):
        build_zoom(folder, Engine.SEQUENCER)
    assert not objects.controls(bpy.context.scene)
    options = ("-zs", 10, "--feather", 0, "--no-align", "--no-match-colour", "--frames", "12")
    ran = run("-i", folder, *options, "-o", tmp_path / "out")
    assert ran.status == 0
    (line,) = (line for line in ran.lines if line.startswith("Engine: "))
    assert not line.startswith("Engine: sequencer")
    assert corner(tmp_path / "out" / "frame_00012.png") == pytest.approx(expected(12), abs=3)
