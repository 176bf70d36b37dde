"""Depth maps: which files are some, and what is taken from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ai_ever_zoom_addon.core.depth_map import MOST_CELLS, DepthMap, cells_of, encoded
from ai_ever_zoom_addon.core.files.depth_files import find_depth_maps
from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.series import SeriesImage
from tests.folders import touch


@pytest.mark.parametrize(
    "name",
    [
        *("a_depth.png", "a-depth.PNG", "A.Depth.png", "a depth.jpg", "a_DEPTH.exr"),
        *("a_depth_map.png", "a_depthmap.png", "depth/a.png", "Depths/A_depth.tif"),
    ],
)
def test_a_depth_map_is_found_and_is_no_image(name: str, tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.png", "b.png", name)
    images, skipped = find_images(folder)
    assert [image.name for image in images] == ["a.png", "b.png"]
    assert skipped == []
    assert find_depth_maps(images) == {folder / "a.png": folder / name}


def test_a_picture_that_is_called_so_is_a_picture(tmp_path: Path) -> None:
    folder = touch(tmp_path, "ocean_depth.png", "b.png", "in depth.png", "depth.png")
    images, _ = find_images(folder)
    assert len(images) == 4
    assert find_depth_maps(images) == {}


@pytest.mark.parametrize("names", [("a1.png", "a2.mp4", "a3.png"), ("a1.mp4", "a2.mp4")])
def test_the_depth_map_of_what_moves_is_no_picture(tmp_path: Path, names: tuple[str, ...]) -> None:
    images, skipped = find_images(touch(tmp_path, *names, "a2_depth.png"))
    assert [image.name for image in images] == list(names)
    assert not skipped


def test_depth_maps_in_a_folder_of_their_own(tmp_path: Path) -> None:
    images = sorted(touch(tmp_path / "pictures", "a.png", "b.jpg", "c.png").iterdir())
    # What lies beside the pictures does not count then.
    touch(tmp_path / "pictures", "c_depth.png")
    maps = touch(tmp_path / "maps", "a.png", "b_depth.exr")
    assert find_depth_maps(images, maps) == {
        images[0]: maps / "a.png",
        images[1]: maps / "b_depth.exr",
    }
    # Not even the pictures' own folder makes a picture its own depth map, nor hides another one.
    own = images[0].parent
    assert find_depth_maps(images, own) == {images[2]: own / "c_depth.png"}
    # So it is where a program has put the pictures and their depth maps into one folder.
    touch(tmp_path / "maps", "a_depth.png")
    assert find_depth_maps(images[:1], maps) == {images[0]: maps / "a_depth.png"}
    assert find_depth_maps(images, tmp_path / "none") == {}


def test_cells_are_means_and_survive_as_a_text() -> None:
    down, across = np.mgrid[0:300, 0:400].astype(np.float32)
    cells = cells_of(across / 399, 0.75)
    assert cells.shape == (96, 128)
    expected = ((np.arange(128) + 0.5) * 400 / 128 - 0.5) / 399
    assert cells == pytest.approx(np.tile(expected, (96, 1)), abs=1e-4)
    depth = DepthMap("a_depth.png", encoded(cells))
    assert depth.cells == pytest.approx(cells, abs=0.51 / 255)
    image = SeriesImage(Path("a.png"), 400, 300, 1, depth)
    assert SeriesImage.from_json(image.to_json()) == image
    small = cells_of(down[:6, :8] / 5, 0.75)  # smaller than the cells
    assert small.shape == (6, 8)


def test_numbers_of_any_range_go_from_0_to_1() -> None:
    values = np.linspace(-3.0, 50.0, 100 * 100, dtype=np.float32).reshape(100, 100)
    values[0, 0], values[50, 50], values[99, 99] = np.nan, 1e10, 400.0
    cells = cells_of(values, 1.0)
    assert cells.min() >= 0.0 and cells.max() <= 1.0
    assert cells[30, 40] == pytest.approx(0.305, abs=0.01)
    # What is from 0 to 1 already is not stretched: little depth stays little.
    little = np.linspace(0.25, 0.26, 100, dtype=np.float32).reshape(10, 10)
    assert cells_of(little, 1.0) == pytest.approx(little, abs=1e-6)


@pytest.mark.parametrize("shape", [(100, 100), (60, 100)])
def test_the_map_of_another_picture_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="another shape"):
        cells_of(np.zeros(shape, np.float32), 0.75)
    assert cells_of(np.eye(76, 100, dtype=np.float32), 0.75).shape  # by a pixel


@pytest.mark.parametrize("value", [np.inf, np.nan, 0.0, 0.3, 70.0])
def test_a_map_without_depth_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no depth"):
        cells_of(np.full((10, 10), value, np.float32), 1.0)


GOOD = encoded(np.zeros((3, 4)))


@pytest.mark.parametrize(
    "text",
    [
        *("x", "4x3", "4x3:", "0x3:" + GOOD[4:], "4x4:" + GOOD[4:], "3x3:" + GOOD[4:]),
        *(f"{MOST_CELLS + 1}x3:{GOOD[4:]}", "4x3:%%%", "4x3:AAAA", "-4x-3:" + GOOD[4:]),
    ],
)
def test_what_was_tampered_with_is_noticed(text: str) -> None:
    assert DepthMap("a", GOOD).cells.shape == (3, 4)
    with pytest.raises(ValueError):
        DepthMap.from_json(["a", text, ""])
