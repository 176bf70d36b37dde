"""The images of a folder, in natural order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_ever_zoom_addon.core.files.folder import find_images, natural_key
from ai_ever_zoom_addon.errors import EverZoomError

names = st.lists(st.text(min_size=1, max_size=12), max_size=8)


def touch(folder: Path, *file_names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in file_names:
        (folder / name).write_bytes(b"x")
    return folder


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
        (["one.png", "notes.txt"], r"holds only one image \(one.png\)"),
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


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(EverZoomError, match="is not a folder"):
        find_images(tmp_path / "a.png")
