"""Whether what is asked for can be written, and keeps out of each other's way."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.places import (
    check_apart,
    check_file,
    check_folder,
    check_kept,
    is_rendered,
)
from ai_ever_zoom_addon.errors import EverZoomError

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: no such files there")

OPTIONS = ("--save-blend", "--farm", "--json", "--output")


def linked(path: Path) -> Path:
    link = path.with_name("link")
    link.symlink_to(path.name)
    return link


def hard_linked(path: Path) -> Path:
    path.write_bytes(b"content")
    link = path.with_name("another")
    link.hardlink_to(path)
    return link


def through_a_folder(path: Path) -> Path:
    link = path.parent.with_name("other folder")
    link.symlink_to(path.parent)
    return link / path.name


WAYS: dict[str, Callable[[Path], Path]] = {
    "the same": lambda path: path,
    "roundabout": lambda path: path.parent / ".." / path.parent.name / path.name,
    "in capitals": lambda path: path.with_name(path.name.upper()),
    "linked": linked,
    "hard link": hard_linked,
    "through a folder": through_a_folder,
}


@on_posix
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pair", list(itertools.combinations(OPTIONS, 2)), ids="".join)
@pytest.mark.parametrize("turned", [False, True])
def test_two_that_name_one_file_are_named(
    tmp_path: Path, pair: tuple[str, str], way: str, turned: bool
) -> None:
    (tmp_path / "folder").mkdir()
    first = tmp_path / "folder" / "zoom.blend"
    second = WAYS[way](first)
    if turned:
        first, second = second, first
    others = {option: tmp_path / f"free{option}" for option in OPTIONS}
    with pytest.raises(EverZoomError) as caught:
        check_apart(others | {pair[0]: first, pair[1]: second}, {})
    assert f"{pair[0]} and {pair[1]} name the same file" in str(caught.value)
    check_apart(others, {})


@pytest.mark.parametrize("option", OPTIONS[:3])
@pytest.mark.parametrize("name", ["out", "out/frame_00012.png", "out/FRAME_3.PNG"])
def test_a_file_that_is_a_folder_of_frames_or_a_frame(
    tmp_path: Path, option: str, name: str
) -> None:
    with pytest.raises(EverZoomError, match=f"{option} and --output name the same file"):
        check_apart({option: tmp_path / name}, {"--output": tmp_path / "out"})
    check_apart({option: tmp_path / "out" / "other.png"}, {"--output": tmp_path / "out"})


def test_a_place_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(EverZoomError, match=r"--output .* in the file of --json"):
        check_apart({"--json": tmp_path / "a"}, {"--output": tmp_path / "a" / "b" / "frames"})
    with pytest.raises(EverZoomError, match=r"--farm .* in the file of --save-blend"):
        check_apart({"--save-blend": tmp_path / "a", "--farm": tmp_path / "a" / "b"}, {})


@on_posix
def test_a_pipe_takes_more_than_one_thing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check_apart({"--json": tmp_path / "pipe", "--farm": tmp_path / "pipe"}, {})


@on_posix
def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    image, other = tmp_path / "image.png", tmp_path / "other.png"
    image.write_bytes(b"picture")
    other.symlink_to("image.png")
    for path in (image, other, tmp_path / "." / "image.png"):
        with pytest.raises(EverZoomError, match=r"--json .* made from"):
            check_kept({"--json": path}, [image])
    check_kept({"--json": tmp_path / "found.json"}, [image])


@on_posix
def test_what_a_file_may_be(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "new")
    (tmp_path / "lost").symlink_to(tmp_path / "missing" / "new")
    assert check_file(tmp_path / "new" / "file") == tmp_path / "new" / "file"
    assert check_file(tmp_path / "link") == tmp_path / "folder" / "new"
    assert check_file(tmp_path / "pipe", streams=True) == tmp_path / "pipe"
    for name, reason in (("pipe", "device or a pipe"), ("folder", "folder"), ("lost", "missing")):
        with pytest.raises(EverZoomError, match=reason):
            check_file(tmp_path / name)
    (tmp_path / "frames").symlink_to(tmp_path / "later")
    check_folder(tmp_path / "frames")
    with pytest.raises(EverZoomError, match="cannot be written"):
        check_folder(tmp_path / "pipe" / "frames")


@pytest.mark.parametrize("way", ["new/..", "new/../folder", "folder/new/../.."])
def test_no_way_leads_through_a_folder_that_is_not_there(tmp_path: Path, way: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(EverZoomError, match="cannot be written"):
        check_file(tmp_path / way / "file.json", streams=True)
    with pytest.raises(EverZoomError, match="cannot be written"):
        check_folder(tmp_path / way)
    check_folder(tmp_path / "folder" / ".." / "new")


def test_frames_and_videos_that_would_be_replaced_are_noticed(tmp_path: Path) -> None:
    video, folder = tmp_path / "a.mp4", tmp_path / "frames"
    for output in (video, folder):
        assert not is_rendered(output)  # nothing is there
    folder.mkdir()
    (folder / "frame_note.txt").touch()
    assert not is_rendered(folder)
    for file in (video, folder / "frame_00012.png"):
        file.touch()
    assert is_rendered(video)
    for frames in (None, (12, 12), (0, 12), (12, 99)):
        assert is_rendered(folder, frames)
    for others in ((0, 11), (13, 99)):
        assert not is_rendered(folder, others)
