"""Files are written whole, and where links, pipes and devices lead."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ai_ever_zoom_addon.core.files.writing import Writing, is_stream, real_file, write_whole
from ai_ever_zoom_addon.errors import EverZoomError

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: no such files there")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert names(tmp_path) == ["new", "usual"]


@on_posix
def test_an_older_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"older and longer")
    (tmp_path / "old").chmod(0o640)
    write_whole(tmp_path / "old", b"content")
    assert (tmp_path / "old").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640


def test_a_name_as_long_as_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    write_whole(file, b"content")
    assert file.read_bytes() == b"content"


@on_posix
def test_what_cannot_be_written_whole_is_as_before(tmp_path: Path) -> None:
    import resource

    (tmp_path / "old").write_bytes(b"an older one")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_whole(tmp_path / "old", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "old").read_bytes() == b"an older one"
    assert names(tmp_path) == ["old"]


@on_posix
@pytest.mark.parametrize("older", [b"an older one", None])
def test_a_link_stays_and_its_target_gets_the_content(tmp_path: Path, older: bytes | None) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    if older:
        target.write_bytes(older)
    (tmp_path / "second").symlink_to(Path("folder") / "target")
    (tmp_path / "first").symlink_to("second")
    write_whole(tmp_path / "first", b"content")
    assert (tmp_path / "first").readlink() == Path("second")
    assert target.read_bytes() == b"content"
    assert names(target.parent) == ["target"]
    assert names(tmp_path) == ["first", "folder", "second"]


@on_posix
def test_links_to_nowhere_and_in_circles(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing" / "file")
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    for name, reason in (("nowhere", "missing, which is not there"), ("one", "circle")):
        assert not is_stream(tmp_path / name)
        for function in (real_file, lambda path: write_whole(path, b"content")):
            with pytest.raises(OSError, match=reason):
                function(tmp_path / name)
    assert names(tmp_path) == ["nowhere", "one", "other"]


@on_posix
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert is_stream(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_whole(pipe, bytes(100_000))
    reader.join(10)
    assert got == [bytes(100_000)]
    assert pipe.is_fifo() and names(tmp_path) == ["pipe"]


@on_posix
def test_a_device_is_written_to(tmp_path: Path) -> None:
    """A terminal's: nothing is harmed should it be replaced after all."""
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        link = tmp_path / "device"
        link.symlink_to(os.ttyname(slave))
        assert is_stream(link)
        write_whole(link, b"content")
        assert os.read(master, 100) == b"content"
        assert stat.S_ISCHR(link.stat().st_mode) and link.is_symlink()
    finally:
        os.close(master)
        os.close(slave)
    assert names(tmp_path) == ["device"]


# --- Several at once ------------------------------------------------------------------------------


def test_all_of_it_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"an older one")
    for is_good in (False, True):
        with contextlib.suppress(ZeroDivisionError), Writing() as writing:
            for name in ("old", "new", "folder/in/one"):
                writing.place(tmp_path / name).write_bytes(b"content")
            assert (tmp_path / "old").read_bytes() == b"an older one"
            if not is_good:
                raise ZeroDivisionError
        assert names(tmp_path) == (["folder", "new", "old"] if is_good else ["old"])
        assert (tmp_path / "old").read_bytes() == (b"content" if is_good else b"an older one")
    assert names(tmp_path / "folder" / "in") == ["one"]


def test_what_cannot_have_its_name_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"), Writing() as writing:
        writing.place(tmp_path / "folder" / "file").write_bytes(b"content")
        (tmp_path / "folder" / "file").mkdir()  # meanwhile
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["file"]


def test_the_older_file_is_kept(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        with Writing() as writing:
            place = writing.place(tmp_path / "file", backup=tmp_path / "file1")
            place.write_bytes(content)
    assert (tmp_path / "file").read_bytes() == b"three"
    assert (tmp_path / "file1").read_bytes() == b"two"


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with Writing() as writing:
        place = writing.place(tmp_path / "file")
        place.write_bytes(b"the first")
        with pytest.raises(EverZoomError, match=r"Another run is writing .*file: wait"):
            write_whole(tmp_path / "file", b"the second")
        write_whole(tmp_path / "other", b"the second")
    assert (tmp_path / "file").read_bytes() == b"the first"
    assert names(tmp_path) == ["file", "other"]


def test_what_a_killed_writer_has_left_goes(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from ai_ever_zoom_addon.core.files.writing import Writing
with Writing() as writing:
    writing.place(Path(sys.argv[1])).write_bytes(b"half of")
    os._exit(9)
"""
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": root}).returncode == 9
    assert len(names(tmp_path)) == 2  # its part, and its lock
    write_whole(tmp_path / "file", b"content")
    assert names(tmp_path) == ["file"]
