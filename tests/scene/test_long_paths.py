"""Blender keeps 1,023 bytes of a path: what is longer is told before anything is made. bpy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.output import is_whole_blend, is_whole_picture
from ai_ever_zoom_addon.core.files.video_file import frames_of_video
from tests.scene.command import FRAME, PLAIN, Run

EACH = 100  # bytes of a folder's name


def deep(length: int, name: str) -> Path:
    """A path of so many bytes, below the folder that is open, with this name at its end."""
    left = length - len(str(Path.cwd())) - len(name) - 1
    parts = []
    while left > 0:
        part = min(EACH, left - 1) if left - 1 - EACH != 1 else EACH - 1
        parts.append("é" * (part // 2) + "d" * (part % 2))
        left -= part + 1
    path = Path.cwd().joinpath(*parts, name)
    assert len(str(path).encode()) == length
    return path


def arguments(option: str, path: Path) -> list[object]:
    return ["-zs", 1, *PLAIN, option, path, *([] if option == "-o" else ["--no-render"])]


@pytest.mark.parametrize(
    ("option", "name"),
    [("-o", "zoom.mp4"), ("-o", "frames"), ("--save-blend", "a.blend"), ("--farm", "a.blend")],
)
@pytest.mark.parametrize("length", [940, 1001, 1010, 1023, 1024, 1025, 1100, 2000])
def test_where_it_goes(run: Run, series: Path, option: str, name: str, length: int) -> None:
    path = deep(length, name)
    ran = run("-i", series, *arguments(option, path))
    if length > 940:
        assert "is too long for Blender" in ran.error
        assert len(ran.lines) == 1
        assert not list(Path.cwd().iterdir())
        return
    assert ran.status == 0, ran.lines
    if name == "frames":
        frames = [file for file in path.iterdir() if not file.name.startswith(".")]
        assert len(frames) == 3 and all(is_whole_picture(file, FRAME) for file in frames)
    else:
        assert is_whole_blend(path) or frames_of_video(path) == 3
        assert [file.name for file in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
@pytest.mark.parametrize("length", [780, 1000, 1001, 1024, 1100])
def test_where_the_images_are(run: Run, series: Path, engine: str, length: int) -> None:
    folder = deep(length, "image_3.png").parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(series, folder)
    ran = run("-i", folder, "-o", "out", "-zs", 1, *PLAIN[:2], "--engine", engine)
    if length > 1000:
        assert "is too long for Blender" in ran.error
        assert not Path("out").exists()
    else:
        assert ran.status == 0, ran.lines
        assert len(list(Path("out").glob("frame_*.png"))) == 3


@pytest.mark.parametrize("option", ["-o", "--save-blend", "--json", "-i"])
def test_a_name_that_no_disk_takes(run: Run, series: Path, option: str) -> None:
    ending = {"-o": "mp4", "--save-blend": "blend", "--json": "json", "-i": "d"}[option]
    ran = run("-i", series, *arguments(option, Path("n" * 300 + "." + ending)))
    assert "is too long (30" in ran.error
    assert not list(Path.cwd().iterdir())
