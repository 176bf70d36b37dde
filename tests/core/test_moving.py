"""Which movies and folders belong to a series, and what a sequence is. No Blender."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.files.moving import is_moving, pictures_of, still_of
from ai_ever_zoom_addon.errors import EverZoomError
from tests.folders import touch


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param(["img1.png", "img2.mp4", "img3.png"], ["img1.png", "img2.mp4", "img3.png"]),
        pytest.param(["img1.png", "img2.PNG", "IMG10.MOV"], ["img1.png", "img2.PNG", "IMG10.MOV"]),
        pytest.param(
            ["img1.png", "img2/a_1.png", "img2/a_2.png", "img3.png"],
            ["img1.png", "img2", "img3.png"],
            id="sequence",
        ),
        pytest.param(
            ["town.png", "country.png", "town.mp4"], ["country.png", "town.mp4"], id="named alike"
        ),
        pytest.param(
            ["img1.png", "img2.png", "infinite_zoom.mp4", "take2.mp4"],
            ["img1.png", "img2.png"],
            id="rendered videos",
        ),
        pytest.param(
            [
                "img1.png",
                "img2.png",
                "frames/frame_00000.png",
                "backup2/img1.png",
                "img3/notes.txt",
            ],
            ["img1.png", "img2.png"],
            id="other folders",
        ),
        pytest.param(
            ["clip1.mp4", "clip2.mp4", "infinite_zoom.mp4"], ["clip1.mp4", "clip2.mp4"], id="movies"
        ),
    ],
)
def test_what_moves_is_taken_where_its_name_fits_the_images(
    tmp_path: Path, names: list[str], found: list[str]
) -> None:
    images, skipped = find_images(touch(tmp_path, *names))
    assert [image.name for image in images] == found
    stills = {Path(name).stem for name in found}
    rest = [n for n in names if n not in found and "/" not in n and Path(n).stem not in stills]
    assert skipped == sorted(rest)


def test_a_sequence_is_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    touch(tmp_path, "a9.png", "a10.png", "a8.png", ".hidden.png", "notes.txt")
    assert [path.name for path in pictures_of(tmp_path)] == ["a8.png", "a9.png", "a10.png"]
    assert still_of(tmp_path) == tmp_path / "a8.png"
    assert still_of(tmp_path / "a9.png") == tmp_path / "a9.png"
    assert is_moving(tmp_path)
    assert is_moving(Path("some.MP4"))
    assert not is_moving(tmp_path / "a9.png")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a1.png", "a3.png"], "a gap between a1.png and a3.png"),
        (["a99999999998.png", "a99999999999.png"], "up to a99999999999.png, which Blender"),
        (["a1.png", "b2.png"], "not one sequence"),
        (["one.png", "two.png"], "not one sequence"),
        (["notes.txt"], "no pictures"),
    ],
)
def test_what_is_no_sequence_is_told(tmp_path: Path, names: list[str], told: str) -> None:
    with pytest.raises(EverZoomError, match=told):
        pictures_of(touch(tmp_path / "img2", *names))


@pytest.mark.parametrize(
    "names", [["a_9.jp2", "a_10.jp2"], ["9.j2c", "10.j2c"], ["x2 9.jp2", "x2 10.jp2"]]
)
def test_digits_of_an_ending_are_no_number_of_a_picture(tmp_path: Path, names: list[str]) -> None:
    touch(tmp_path / "img2", *names)
    assert [picture.name for picture in pictures_of(tmp_path / "img2")] == names


def test_pictures_without_a_number_are_no_sequence(tmp_path: Path) -> None:
    touch(tmp_path / "img2", "a#.jp2", "b#.jp2")
    with pytest.raises(EverZoomError, match="not one sequence"):
        pictures_of(tmp_path / "img2")
