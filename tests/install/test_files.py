"""docs/files.md: what the installed extension writes where, from the files that are there after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pictures

from .conftest import Told, assert_only_what_was_installed


def files(folder: Path) -> set[str]:
    found = (
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.mark.newest
def test_writes_only_what_the_guide_says(
    inside: Callable[..., Told],
    extension_zip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images, out, home, temporary = (tmp_path / name for name in ("in", "out", "home", "temporary"))
    for folder in (out, home, temporary):
        folder.mkdir()
    for number in range(3):
        picture = pictures.waves(number)(*pictures.grid((64, 48), (1, 0.75)))
        pictures.save(picture, images / f"{number}.png")
    before = {path: path.read_bytes() for path in images.iterdir()}
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    there = files(tmp_path)
    told = inside("writes", str(images), str(out))
    assert told.value["statuses"] == [0, 0, 0]
    assert Path(told.value["temporary"]).is_relative_to(temporary)
    assert {path: path.read_bytes() for path in images.iterdir()} == before
    assert_only_what_was_installed(told, extension_zip)
    written = files(tmp_path) - there
    resources = told.resources.relative_to(tmp_path).as_posix()
    by_itself = (f"{resources}/extensions/", "home/thumbnails/")  # Blender, of what is saved
    of_blender = {name for name in written if name.startswith(by_itself)}
    strips = {name for name in written if name.startswith("out/zoom_strips/")}
    of_page = {name for name in written if name.startswith("out/page_pictures/")}
    assert strips and of_page
    frames = (".ever_zoom.json", *(f"frame_{number:05}.png" for number in range(3)))
    assert written - of_blender - strips - of_page == {
        "out/zoom.blend",
        "out/video.mp4",
        "out/page.html",
        *(f"out/frames/{name}" for name in frames),
        f"{resources}/scripts/presets/ever_zoom/Mine.py",
    }
