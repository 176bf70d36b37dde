"""The images of a folder, in natural order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.files.folder import (
    about_skipped,
    common_beginning,
    find_images,
    folders_inside,
    natural_key,
)
from ai_ever_zoom_addon.errors import EverZoomError
from tests.folders import touch

names = st.lists(st.text(min_size=1, max_size=12), max_size=8)


def test_numbers_count_by_value(tmp_path: Path) -> None:
    folder = touch(tmp_path, "img10.png", "img2.png", "IMG1.png", "img02b.png", "img.png")
    images, skipped = find_images(folder)
    assert [file.name for file in images] == [
        "img.png",
        "IMG1.png",
        "img2.png",
        "img02b.png",
        "img10.png",
    ]
    assert skipped == []


@given(names)
def test_every_name_can_be_sorted(some: list[str]) -> None:
    def key(name: str) -> tuple[object, str]:
        return natural_key(name), name

    turned = some[::-1]
    assert sorted(some, key=key) == sorted(turned, key=key)


@pytest.mark.parametrize("name", ["1²2.png", "a٣b4.png", "½1.png", "①2.png"])
def test_signs_that_are_nearly_digits_can_be_sorted(name: str) -> None:
    assert natural_key(name) > natural_key("")


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.text("ab-_ .", max_size=4))
def test_a_number_sorts_like_the_number(one: int, other: int, around: str) -> None:
    first, second = (natural_key(f"{around}{n}{around}") for n in (one, other))
    assert (first < second) == (one < other)


def test_what_is_no_image_is_skipped_and_named(tmp_path: Path) -> None:
    folder = touch(tmp_path, "b.PNG", "a.jpeg", "notes.txt", "clip.mp4", ".DS_Store", "c.png.bak")
    (folder / "sub.png").mkdir()
    images, skipped = find_images(folder)
    assert [file.name for file in images] == ["a.jpeg", "b.PNG"]
    assert skipped == ["c.png.bak", "clip.mp4", "notes.txt"]


def test_names_of_all_kinds(tmp_path: Path) -> None:
    odd = ["my img 1.png", "mÿ img 2.png", "猫 3.png", "🐱 4.png", "#5 {x}.png", "%04d.png"]
    images, _ = find_images(touch(tmp_path / "a b é 🐱", *odd))
    assert {file.name for file in images} == set(odd)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (None, "does not exist"),
        ([], "holds no images"),
        (["notes.txt"], "holds no images"),
        (["one.png", "notes.txt"], r"one-image: .*one.png"),
    ],
)
def test_a_folder_without_a_series(tmp_path: Path, files: list[str] | None, said: str) -> None:
    folder = tmp_path / "images"
    if files is not None:
        touch(folder, *files)
    with pytest.raises(EverZoomError, match=said) as raised:
        find_images(folder)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_one_image_will_do_where_it_repeats_in_itself(tmp_path: Path) -> None:
    images, skipped = find_images(touch(tmp_path, "one.png", "notes.txt"), is_one_enough=True)
    assert ([file.name for file in images], skipped) == (["one.png"], ["notes.txt"])


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(EverZoomError, match="is not a folder"):
        find_images(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["a.gif", "b.gif"], r"holds no images, and a.gif, b.gif cannot be read by Blender: conv"),
        (["a.png", "b.HEIC"], r"only one image \(a.png\), and b.HEIC cannot .*: convert them to P"),
        ([f"{n}.cr2" for n in range(9)], r"0.cr2, 1.cr2, 2.cr2, 3.cr2, 4.cr2 and 4 more cannot"),
        (["a.jxl", "x/1.png", "x/2.png"], "convert them to PNG or JPEG"),
    ],
)
def test_pictures_that_blender_does_not_read_are_named(
    tmp_path: Path, files: list[str], said: str
) -> None:
    with pytest.raises(EverZoomError, match=said) as raised:
        find_images(tree(tmp_path, *files))
    assert "\n" not in str(raised.value)


def test_what_is_skipped_is_told_with_what_to_do() -> None:
    assert about_skipped([]) == []
    assert about_skipped(["wood_zoom.mp4", "wood_zoom-2.mp4", "wood.blend", "wood.blend1"]) == []
    assert about_skipped(["b.txt", "a.gif", "c.NEF"]) == [
        "Skipped, no images: b.txt.",
        "Skipped: a.gif, c.NEF cannot be read by Blender; convert them to PNG or JPEG.",
    ]


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        touch((folder / name).parent, Path(name).name)
    return folder


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["in/1.png", "in/2.png"], "no images; the folder in in it holds several: choose that"),
        (["1.png", "in/1.png", "in/2.png"], r"\(1.png\); the folder in in it .* choose"),
        (["a/b c/1.jpg", "a/b c/2.jpg", "a/notes.txt"], "the folder a.b c in it .* choose"),
        (["b10/1.png", "b10/2.png", "b9/1.png", "b9/2.png"], "hold several, b9, b10: choose one"),
        (["a/1.png", "b/2.png"], "an infinite zoom needs at least two"),
        ([".a/1.png", ".a/2.png"], "an infinite zoom needs at least two"),
        (["a/b/c/d/1.png", "a/b/c/d/2.png"], "an infinite zoom needs at least two"),
    ],
)
def test_images_in_folders_inside_are_named(tmp_path: Path, files: list[str], said: str) -> None:
    folder = tree(tmp_path / "top", *files)
    with pytest.raises(EverZoomError, match=said) as raised:
        find_images(folder)
    assert "\n" not in str(raised.value)
    named = [str(place.relative_to(folder)) for place in folders_inside(folder)]
    assert bool(named) == ("choose" in said)
    assert all(name in str(raised.value) for name in named)


def test_no_folder_is_offered_beside_images(tmp_path: Path) -> None:
    folder = tree(tmp_path, "1.png", "2.png", "frames/1.png", "frames/2.png")
    assert folders_inside(folder) == []
    assert [file.name for file in find_images(folder)[0]] == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("names", "beginning"),
    [
        (["balloons_9.png", "balloons_10.png"], "balloons_"),
        (["a_10.png", "a_11.png", "a_12.png"], "a_"),
        (["prompt_3f.png", "prompt_3a.png"], "prompt_"),
        (["one.png", "two.png"], ""),
        (["one.png"], ""),
        ([], ""),
    ],
)
def test_what_names_begin_with_is_no_part_of_a_number(names: list[str], beginning: str) -> None:
    assert common_beginning(names) == beginning
