"""Pictures that are stored lying or mirrored are upright in every engine. Touches bpy.

The files are written by Pillow, the pictures calculated in tests/pictures.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.scene import loading, measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.pictures import Nest, Pattern, error, levels, paint, read, waves

PLAIN = ZoomSettings(
    zoom_factor=2.0, zoom_steps=2, align=False, match_colour=False, start_frame=0, feather=0.05
)
PATTERNS: list[Pattern] = [waves(seed) for seed in range(3)]

# What Pillow does to an upright picture so that a file with that code shows it again.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def write(picture: Any, file: Path, code: int, **options: Any) -> Path:
    """Write a picture as a camera does that was held otherwise."""
    image = Image.fromarray(levels(picture))
    exif = Image.Exif()
    exif[274] = code
    file.parent.mkdir(parents=True, exist_ok=True)
    (image.transpose(STORED[code]) if code > 1 else image).save(file, exif=exif, **options)
    return file


def write_nest(nest: Nest, folder: Path, codes: tuple[int, ...], ending: str = "png") -> list[Path]:
    """The files, outermost first, each stored by a code of its own."""
    return [
        write(paint(pattern, nest.size), folder / f"{number}.{ending}", code)
        for number, (pattern, code) in enumerate(zip(nest.patterns, codes, strict=True))
    ]


def build(files: list[Path], settings: ZoomSettings) -> Any:
    series, _ = measuring.find_series(list(reversed(files)), settings)
    return zooms.build_zoom(bpy.context.scene, series, settings)


def check_frames(nest: Nest, folder: Path, engine: Engine, frames: range) -> None:
    rendering.render_animation(bpy.context.scene, f"{folder}/", frames[0], frames[-1])
    for frame in frames:
        picture = read(folder / f"frame_{frame:05}.png")
        if engine is Engine.WORKBENCH:  # which knows no soft edges
            truth = nest.view(frame / 2, soft=False, fade=False)
            is_near = np.abs(255 * (picture - truth)).max(axis=2) < 2.0
            assert is_near.mean() > 0.99, frame
        else:
            is_strip = engine is Engine.SEQUENCER
            deviation, worst = error(picture, nest.view(frame / 2, encoded=is_strip))
            # A strip's soft edge is one of pixels, which it interpolates.
            assert deviation < 0.7, frame
            assert worst < (5.0 if is_strip else 2.5), frame


ENGINES = [Engine.CYCLES, Engine.WORKBENCH, Engine.SEQUENCER]


@pytest.mark.parametrize("code", range(1, 9))
@pytest.mark.parametrize("engine", ENGINES)
def test_every_orientation_is_obeyed_in_every_engine(
    engine: Engine, code: int, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (120, 80))
    files = write_nest(nest, tmp_path, (code,) * 3)
    before = [file.read_bytes() for file in files]
    build(files, replace(PLAIN, engine=engine))
    check_frames(nest, picture_folder, engine, range(5))
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize("engine", [*ENGINES, Engine.EEVEE])
def test_each_picture_has_its_own_orientation(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest(PATTERNS, (120, 80))
    build(write_nest(nest, tmp_path, (6, 1, 3)), replace(PLAIN, engine=engine))
    frames = range(1, 2) if engine is Engine.EEVEE else range(5)
    if engine is not Engine.EEVEE:
        check_frames(nest, picture_folder, engine, frames)
        return
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", 1, 1)
    assert error(read(picture_folder / "frame_00001.png"), nest.view(0.5))[0] < 1.5


@pytest.mark.parametrize("code", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_pixels_for_the_analysis_are_upright(code: int, ending: str, tmp_path: Path) -> None:
    picture = paint(waves(5, cycles=1.0), (60, 40))
    options = {"png": {}, "tif": {}}.get(ending, {"quality": 98})
    file = write(picture, tmp_path / f"a.{ending}", code, **options)
    assert error(loading.read_pixels(file).astype(np.float64), picture)[0] < 2.0
    (found,) = measuring.measure_images([file])
    assert (found.width, found.height, found.orientation) == (60, 40, code)


def test_a_changed_zoom_stays_upright(tmp_path: Path, picture_folder: Path) -> None:
    """From the note in the file, and with other pictures upright than before."""
    nest = Nest(PATTERNS, (120, 80))
    control = build(write_nest(nest, tmp_path, (8, 5, 1)), replace(PLAIN, engine=Engine.CYCLES))
    name = control.name
    blend = tmp_path / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene, control = bpy.context.scene, bpy.data.objects[name]
    zooms.change_zoom(scene, control, replace(recipe.stored_settings(control), feather=0.2))
    check_frames(replace(nest, feather=0.2), picture_folder / "one", Engine.CYCLES, range(5))
    files = write_nest(nest, tmp_path, (1, 6, 6))
    for image in bpy.data.images:
        image.reload()
    series, _ = measuring.find_series(list(reversed(files)), PLAIN)
    zooms.build_zoom(scene, series, replace(PLAIN, engine=Engine.CYCLES), control)
    check_frames(nest, picture_folder / "two", Engine.CYCLES, range(5))


def test_a_packed_picture_stays_upright(tmp_path: Path, picture_folder: Path) -> None:
    nest = Nest(PATTERNS, (120, 80))
    files = write_nest(nest, tmp_path, (6, 7, 3))
    build(files, replace(PLAIN, pack_images=True, engine=Engine.SEQUENCER))
    for file in files:
        file.unlink()
    assert [image.orientation for image in measuring.measure_images(files)] == [6, 7, 3]
    check_frames(nest, picture_folder, Engine.SEQUENCER, range(5))


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.WORKBENCH])
def test_a_sequence_is_put_upright_as_it_begins(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    if engine is Engine.WORKBENCH and bpy.app.version < (4, 5, 0):
        pytest.skip("does not apply: Workbench plays since Blender 4.5")
    nest = Nest(PATTERNS, (120, 80))
    files = write_nest(nest, tmp_path, (1, 1, 1))
    moving = tmp_path / "1"
    for number in range(1, 9):
        write(paint(PATTERNS[1], nest.size), moving / f"a_{number}.png", 8)
    files[1].unlink()
    build([files[0], moving, files[2]], replace(PLAIN, engine=engine))
    check_frames(nest, picture_folder, engine, range(2, 4))
