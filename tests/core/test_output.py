"""Where a zoom goes, and whether it got there."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.files.output import is_video, is_whole_picture, is_whole_video
from ai_ever_zoom_addon.errors import EverZoomError


@pytest.mark.parametrize("name", ["a.mp4", "A.MP4", "/x/é 🐱.mp4", "//a.mp4", "a.b.mp4"])
def test_a_video(name: str) -> None:
    assert is_video(name)


@pytest.mark.parametrize(
    "name", ["frames", "frames/", "/x/a.b.c/d", "my.folder/", "v1.0", "..", "x.mp4/", "zoom 2.5"]
)
def test_a_folder(name: str) -> None:
    assert not is_video(name)


@pytest.mark.parametrize("ending", [".mov", ".avi", ".gif", ".mkv", ".png", ".mp5", ".webm"])
def test_another_ending(ending: str) -> None:
    with pytest.raises(EverZoomError, match=rf"ends in \{ending}: use .*\.mp4"):
        is_video(f"zoom{ending}")


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


def test_a_whole_video(tmp_path: Path) -> None:
    def box(kind: bytes, content: bytes, *, wide: bool = False) -> bytes:
        if wide:
            return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
        return struct.pack(">I4s", 8 + len(content), kind) + content

    file = tmp_path / "video.mp4"
    assert not is_whole_video(file)
    for wide in (False, True):
        start = box(b"ftyp", b"isom") + box(b"mdat", b"picture" * 9, wide=wide)
        whole = start + box(b"moov", b"index")
        for length in range(len(whole)):
            file.write_bytes(whole[:length])
            assert not is_whole_video(file), length
        file.write_bytes(whole)
        assert is_whole_video(file)
