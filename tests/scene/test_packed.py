"""Zooms whose pictures are in the file, or were taken out of it elsewhere. Touches bpy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.scene import loading
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.ui import thumbnails

from .nested import write_series

operators: Any = bpy.ops


def zoom() -> Any:
    (control,) = objects.controls(bpy.context.scene)
    return control.ever_zoom


def build(folder: Path, *, look: bool, one_by_one: bool) -> None:
    files = write_series(folder, 3)
    group = bpy.context.scene.ever_zoom
    group.pack_images = True
    if not look:
        group.is_factor_measured = group.align = group.match_colour = False
        group.order = "outermost-first"
    if one_by_one:
        chosen = [{"name": file.name} for file in files]
        options = {} if look else {"is_factor_measured": False, "order": "outermost-first"}
        operators.ever_zoom.import_series(directory=str(folder), files=chosen, **options)
    else:
        group.folder = str(folder)
        operators.ever_zoom.build()


def seen() -> list[Any]:
    """The zoom's pictures, from the outermost."""
    (control,) = objects.controls(bpy.context.scene)
    layers = sorted(objects.numbered(control, "layer").items())
    pictures = []
    for _, layer in layers:
        image = objects.layer_image(layer)
        pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
        image.pixels.foreach_get(pixels)
        pictures.append(pixels)
    return pictures


def save_and_move(blend: Path, folder: Path, *, unpacked: bool) -> None:
    """The pictures' folder goes; the file with them is opened at another place."""
    blend.parent.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    shutil.rmtree(folder)
    moved = blend.with_name("moved") / blend.name
    moved.parent.mkdir()
    blend.replace(moved)
    bpy.ops.wm.open_mainfile(filepath=str(moved))
    if unpacked:
        bpy.ops.file.unpack_all(method="WRITE_LOCAL")
        assert not any(image.packed_file for image in bpy.data.images)


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("unpacked", [False, True])
def test_a_zoom_is_built_again_from_what_is_in_the_file(
    addon: None, tmp_path: Path, unpacked: bool, one_by_one: bool, look: bool
) -> None:
    folder = tmp_path / "series"
    build(folder, look=look, one_by_one=one_by_one)
    before = seen()
    save_and_move(tmp_path / "file" / "zoom.blend", folder, unpacked=unpacked)
    zoom().crop = 0.6
    assert zoom().problem == ""
    for _ in range(2):
        assert operators.ever_zoom.build() == {"FINISHED"}
        names = [row.name for row in zoom().images if row.is_used]
        assert names == ["a_0.png", "a_1.png", "a_2.png"]
        np.testing.assert_array_equal(seen(), before)
        assert len(bpy.data.images) == 3


def test_a_list_of_ones_own_is_built_again_from_the_file(addon: None, tmp_path: Path) -> None:
    folder = tmp_path / "series"
    build(folder, look=True, one_by_one=False)
    operators.ever_zoom.reverse_images()
    before = seen()
    save_and_move(tmp_path / "file" / "zoom.blend", folder, unpacked=False)
    assert operators.ever_zoom.build() == {"FINISHED"}
    np.testing.assert_array_equal(seen(), before)


def test_another_folder_that_is_not_there_is_said(addon: None, tmp_path: Path) -> None:
    folder = tmp_path / "series"
    build(folder, look=False, one_by_one=False)
    zoom().folder = str(tmp_path / "typing mistake")
    with pytest.raises(RuntimeError, match="typing mistake does not exist"):
        operators.ever_zoom.build()


def test_a_lost_picture_is_said(addon: None, tmp_path: Path) -> None:
    folder = tmp_path / "series"
    build(folder, look=False, one_by_one=False)
    (control,) = objects.controls(bpy.context.scene)
    image = objects.layer_image(objects.numbered(control, "layer")[1])
    image.unpack(method="REMOVE")
    shutil.rmtree(folder)
    with pytest.raises(RuntimeError, match="series does not exist"):
        operators.ever_zoom.build()


def test_packed_pictures_are_read_without_their_files(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series", look=False, one_by_one=False)
    file = tmp_path / "series" / "a_1.png"
    before = loading.read_pixels(file)
    file.unlink()
    count = len(bpy.data.images)
    np.testing.assert_array_equal(loading.read_pixels(file), before)
    assert loading.read_size(file) == (before.shape[1], before.shape[0])
    assert len(bpy.data.images) == count


@pytest.mark.newest
def test_how_a_packed_picture_is_stored_is_known_until_it_is_another_one(tmp_path: Path) -> None:
    image: Any = None
    for orientation in (6, 1, 3):
        file, exif = tmp_path / "a.png", Image.Exif()
        exif[274] = orientation
        Image.effect_noise((20 + orientation, 10), 50.0).save(file, exif=exif)
        data = file.read_bytes()
        if image is None:
            image = bpy.data.images.load(str(file))
        file.unlink()
        image.pack(data=data, data_len=len(data))
        for _ in range(2):
            assert thumbnails.orientation_of(image) == orientation
