"""Where a zoom goes, and whether it got there."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.files.image_writing import exr_bytes
from ai_ever_zoom_addon.core.files.output import (
    check_frame_size,
    format_of,
    free_video,
    is_video,
    is_whole_blend,
    is_whole_picture,
    video_of,
    video_pattern,
    zoom_name,
)
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import FileFormat


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/x/forest", "forest_zoom.mp4"),
        ("/x/v1.5 a", "v1.5 a_zoom.mp4"),
        ("/", "infinite_zoom.mp4"),
        (f"/x/{'é' * 120}", "infinite_zoom.mp4"),  # too long for the name of a file
    ],
)
def test_a_video_is_named_after_its_folder(folder: str, name: str) -> None:
    assert video_of(Path(folder)) == name


@pytest.mark.parametrize(
    ("typed", "pattern", "name"),
    [
        ("{folder}", "{folder}", "forest.mp4"),
        (" my {folder}.mp4 ", "my {folder}", "my forest.mp4"),
        ("a zoom", "a zoom", "a zoom.mp4"),
        ("../{folder}:1\n", "{folder}1", "forest1.mp4"),
        ("", "{folder}_zoom", "forest_zoom.mp4"),
        (" ./. ", "{folder}_zoom", "forest_zoom.mp4"),
        ("x" * 300, "x" * 300, "infinite_zoom.mp4"),
    ],
)
def test_a_video_is_named_as_the_user_wants_it(typed: str, pattern: str, name: str) -> None:
    assert video_pattern(typed) == pattern
    assert video_of(Path("/x/forest"), pattern) == name


@pytest.mark.parametrize("names", [["img1.png", "img2.png"], ["sea.png", "town.png"], ["1.mp4"]])
@pytest.mark.parametrize("folder", ["img3", "town", "2"])
def test_a_video_is_not_taken_for_one_of_the_images_beside_it(
    tmp_path: Path, names: list[str], folder: str
) -> None:
    for name in names:
        (tmp_path / name).touch()
    video = tmp_path / video_of(Path(folder))
    second = free_video(str(video), str(video).__eq__)
    assert second.endswith("_zoom-2.mp4")
    for path in (video, Path(second)):
        path.touch()
    assert [file.name for file in find_images(tmp_path, is_one_enough=True)[0]] == names


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/x/forest", "forest"),
        ("/x/v1.5 a", "v1.5 a"),
        ("/x/forest/sub/..", "forest"),
        ("/", "Zoom"),
    ],
)
def test_a_zoom_is_named_after_its_folder(folder: str, name: str) -> None:
    assert zoom_name(Path(folder)) == name


@pytest.mark.parametrize(
    "name", ["a.mp4", "A.MP4", "a.webm", "a.mov", "/x/é 🐱.mp4", "//a.mp4", "a.b.mp4"]
)
def test_a_video(name: str) -> None:
    assert is_video(name)


@pytest.mark.parametrize(
    "name", ["frames", "frames/", "/x/a.b.c/d", "my.folder/", "v1.0", "..", "x.mp4/", "zoom 2.5"]
)
def test_a_folder(name: str) -> None:
    assert not is_video(name)


@pytest.mark.parametrize("ending", [".avi", ".mkv", ".mp5", ".blend"])
def test_another_ending(ending: str) -> None:
    with pytest.raises(EverZoomError, match=rf"ends in \{ending}: use .*\.mp4, .webm or .mov"):
        is_video(f"zoom{ending}")


@pytest.mark.parametrize(
    ("output", "chosen", "written"),
    [
        ("zoom.MP4", FileFormat.AUTO, FileFormat.H264),
        ("zoom.mp4", FileFormat.AV1, FileFormat.AV1),
        ("zoom.webm", FileFormat.AUTO, FileFormat.WEBM),
        ("zoom.mov", FileFormat.AUTO, FileFormat.PRORES),
        ("zoom.webp", FileFormat.AUTO, FileFormat.WEBP),
        ("zoom", FileFormat.AUTO, FileFormat.PNG),
        ("zoom/", FileFormat.EXR, FileFormat.EXR),
    ],
)
def test_what_is_written(output: str, chosen: FileFormat, written: FileFormat) -> None:
    assert format_of(output, chosen) is written


def test_a_folder_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "old.mov"
    folder.mkdir()
    assert not is_video(str(folder))


def test_a_whole_frame(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(stream, "png")
    file = tmp_path / "frame.png"
    assert not is_whole_picture(file, (6, 4))
    for length in range(len(stream.getvalue())):
        file.write_bytes(stream.getvalue()[:length])
        assert not is_whole_picture(file, (6, 4)), length
    file.write_bytes(stream.getvalue())
    assert is_whole_picture(file, (6, 4))
    assert not is_whole_picture(file, (4, 6))


def test_a_whole_frame_of_linear_light(tmp_path: Path) -> None:
    """The table of where its rows lie comes before them, and is written last."""
    whole = exr_bytes(np.ones((40, 6, 4), np.float32))
    file = tmp_path / "frame.exr"
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert not is_whole_picture(file, (6, 40)), length
    file.write_bytes(whole)
    assert is_whole_picture(file, (6, 40))
    assert not is_whole_picture(file, (40, 6))


@pytest.mark.parametrize("header", ["BLENDER-v405", "BLENDER17-01v0502", "packed"])
def test_a_whole_scene(tmp_path: Path, header: str) -> None:
    file = tmp_path / "zoom.blend"
    assert not is_whole_blend(file)
    whole = header.encode() + bytes(99) + b"ENDB" + bytes(28 if "17" in header else 20)
    if header == "packed":
        whole = b"\x28\xb5\x2f\xfd" + bytes(99) + b"\xb1\xea\x92\x8f"
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert not is_whole_blend(file), length
    file.write_bytes(whole)
    assert is_whole_blend(file)


@pytest.mark.parametrize(
    ("file_format", "size", "says"),
    [
        (FileFormat.H264, (16, 16), ""),
        (FileFormat.WEBM, (14, 512), "at least 16 x 16"),
        (FileFormat.H264, (65, 512), "use a Resolution of 66 x 512"),
        (FileFormat.PRORES, (64, 97), "use a Resolution of 64 x 98"),
        (FileFormat.WEBM, (65, 97), ""),
        (FileFormat.AV1, (128, 96), "at least 194"),
        (FileFormat.AV1, (96, 192), "at least 194"),
        (FileFormat.AV1, (194, 64), ""),
        (FileFormat.AV1, (64, 194), ""),
        (FileFormat.AV1, (32, 32), ""),
        (FileFormat.WEBP, (2, 16383), ""),
        (FileFormat.WEBP, (16384, 2), "at most 16383 x 16383"),
        (FileFormat.PNG, (3, 5), ""),
    ],
)
def test_frames_are_of_a_size_that_the_encoder_takes(
    file_format: FileFormat, size: tuple[int, int], says: str
) -> None:
    if not says:
        check_frame_size(file_format, *size)
        return
    with pytest.raises(EverZoomError, match=says):
        check_frame_size(file_format, *size)
