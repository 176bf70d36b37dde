"""Frames and videos by several processes at once: `--jobs`. Touches bpy."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from tests import pictures
from tests.scene.command import Run, frames, largest_file

ROOT = Path(__file__).resolve().parents[2]
STEPS = 6
COUNT = 2 * STEPS + 1
SLOW = 50  # samples

pytestmark = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="does not apply: processes are looked for in /proc"
)


def arguments_for(series: Path, output: str, engine: str = "cycles") -> tuple[object, ...]:
    plain = "--no-align", "--no-match-colour"
    return ("-i", series, "-o", output, "-zs", STEPS, *plain, "--engine", engine)


def workers(parent: int) -> list[int]:
    """The processes that a process has started and that are alive, in the order of their starts."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, above = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
        except OSError:  # it has just ended
            continue
        if int(above) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def levels_of(video: Path) -> list[NDArray[np.int16]]:
    """The frames of a video."""
    with av.open(str(video)) as container:
        return [
            frame.to_ndarray(format="rgb24").astype(np.int16) for frame in container.decode(video=0)
        ]


def is_alive(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """The folder for temporary files: nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


class Rendering:
    """The command line in a process of its own, with two jobs."""

    def __init__(self, here: Path, temporary: Path, *arguments: object) -> None:
        code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
        self.here = here
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments), "--jobs", "2"],
            cwd=here,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, frames: int) -> list[int]:
        """Let so many frames be rendered; the workers then."""
        while len(list(self.here.glob("out/frame_*.png"))) < frames:
            assert self.process.poll() is None, self.lines()
            time.sleep(0.01)
        return workers(self.process.pid)

    def lines(self) -> list[str]:
        """What it says, up to its end."""
        assert self.process.stdout
        said = self.process.stdout.read().splitlines()
        self.process.wait()
        return said


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_frames_are_the_same(run: Run, series: Path, engine: str) -> None:
    for jobs in (1, 2):
        assert run(*arguments_for(series, f"by {jobs}", engine), "--jobs", jobs).status == 0
    alone, together = (sorted(Path(f"by {jobs}").iterdir()) for jobs in (1, 2))
    assert [file.name for file in alone] == [file.name for file in together]
    assert len(frames(Path("by 1"))) == COUNT
    for one, other in zip(alone, together, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_a_video_is_the_same_with_its_sound(run: Run, series: Path) -> None:
    """Frames take so long that whoever encodes them has to wait for them."""
    tone = (np.sin(np.arange(12_000) / 9.0) * 9000).astype("<i2")
    with wave.open("tone.wav", "wb") as file:
        file.setparams((1, 2, 24_000, len(tone), "NONE", ""))
        file.writeframes(tone.tobytes())
    build: Any = bpy.app.build_options
    sound = ("--sound", "tone.wav") if build.audaspace else ("--length", 0.5)
    for jobs in (1, 2):
        arguments = *arguments_for(series, f"{jobs}.mp4"), *sound, "-fps", 24, "--samples", SLOW
        ran = run(*arguments, "--jobs", jobs)
        assert ran.status == 0, ran.lines
    alone, together = (levels_of(Path(f"{jobs}.mp4")) for jobs in (1, 2))
    assert len(alone) == len(together) == 12
    assert [np.abs(a - b).max() for a, b in zip(alone, together, strict=True)] == [0] * 12
    if build.audaspace:
        with av.open("1.mp4") as container:
            heard = np.hstack([frame.to_ndarray() for frame in container.decode(audio=0)])
        assert np.abs(heard).max() > 0.1
    assert Path("1.mp4").read_bytes() == Path("2.mp4").read_bytes()


@pytest.mark.newest
def test_goes_on_with_a_part(run: Run, series: Path) -> None:
    arguments = arguments_for(series, "out")
    assert run(*arguments, "--frames", "3-5").status == 0
    times = {file: file.stat().st_mtime_ns for file in Path("out").glob("*.png")}
    ran = run(*arguments, "--frames", "2-9", "--resume", "--jobs", 2)
    assert ran.lines[-1] == f"Wrote 5 frames to {Path('out').absolute()}. 3 were there already."
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert len(frames(Path("out"))) == 8


@pytest.mark.newest
def test_the_part_of_one_that_dies_is_done_again(series: Path, here: Path, temporary: Path) -> None:
    rendering = Rendering(here, temporary, *arguments_for(series, "out"))
    os.kill(rendering.wait_for(2)[0], signal.SIGKILL)
    lines = rendering.lines()
    assert rendering.process.returncode == 0, lines
    (told,) = (line for line in lines if "ended too early" in line)
    assert "killed by SIGKILL. Its part is done again." in told
    assert len(frames(here / "out")) == COUNT
    assert all(pictures.read(file).any() for file in (here / "out").glob("*.png"))


@pytest.mark.newest
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("output", ["out", "video.mp4"])
def test_ends_all_and_leaves_nothing(
    series: Path, here: Path, temporary: Path, end: signal.Signals, output: str
) -> None:
    rendering = Rendering(here, temporary, *arguments_for(series, output), "-zs", 400)
    if output == "out":
        started = rendering.wait_for(3)
    else:
        started = []
        while len(started) < 3:  # with the one that encodes
            started = workers(rendering.process.pid)
            assert rendering.process.poll() is None, rendering.lines()
            time.sleep(0.05)
    rendering.process.send_signal(end)
    assert rendering.lines()[-1] == "Stopped."
    assert rendering.process.returncode == 128 + end
    assert not any(map(is_alive, started))
    if output == "out":
        assert len(frames(here / "out")) >= 3
    else:
        assert list(here.iterdir()) == []


@pytest.mark.newest
def test_workers_end_where_nobody_is_there_any_more(
    series: Path, here: Path, tmp_path: Path
) -> None:
    rendering = Rendering(here, tmp_path, *arguments_for(series, "out"), "-zs", 400)
    started = rendering.wait_for(3)
    assert len(started) == 2
    rendering.process.kill()
    rendering.process.wait()
    end = time.monotonic() + 60
    while any(map(is_alive, started)):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.newest
def test_a_video_whose_encoder_dies_is_encoded_again(
    series: Path, here: Path, temporary: Path
) -> None:
    rendering = Rendering(here, temporary, *arguments_for(series, "video.mp4"), "-zs", 30)
    started: list[int] = []
    while len(started) < 3:
        started = workers(rendering.process.pid)
        assert rendering.process.poll() is None, rendering.lines()
        time.sleep(0.02)
    os.kill(started[-1], signal.SIGKILL)
    lines = rendering.lines()
    assert rendering.process.returncode == 0, lines
    assert len([line for line in lines if "Its part is done again." in line]) == 1
    assert [file.name for file in here.iterdir()] == ["video.mp4"]
    with av.open(str(here / "video.mp4")) as container:
        assert len(list(container.decode(video=0))) == 61


@pytest.mark.newest
def test_a_video_is_made_though_its_encoder_dies_at_the_very_first(
    series: Path, here: Path, temporary: Path
) -> None:
    """All frames are there before it has encoded one: another encoder has to hear of them."""
    rendering = Rendering(here, temporary, *arguments_for(series, "video.mp4"))
    started: list[int] = []
    while len(started) < 3:
        started = workers(rendering.process.pid)
        assert rendering.process.poll() is None, rendering.lines()
        time.sleep(0.005)
    os.kill(started[-1], signal.SIGSTOP)
    while len(list(temporary.glob("**/frames/*.png"))) < 13:
        assert rendering.process.poll() is None, rendering.lines()
        time.sleep(0.02)
    time.sleep(0.5)  # until it has been told of the last ones
    os.kill(started[-1], signal.SIGKILL)
    lines = rendering.lines()
    assert rendering.process.returncode == 0, lines
    with av.open(str(here / "video.mp4")) as container:
        assert len(list(container.decode(video=0))) == 13


@pytest.mark.newest
def test_where_all_die_it_is_said_why(series: Path, here: Path, temporary: Path) -> None:
    rendering = Rendering(here, temporary, *arguments_for(series, "out"))
    while rendering.process.poll() is None:
        for process in workers(rendering.process.pid):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
    lines = rendering.lines()
    assert rendering.process.returncode == 1
    assert lines[-1].startswith("Error: The zoom could not be written to ")
    assert "3 times a Blender process ended too early at frame" in lines[-1]
    assert "it was killed by SIGKILL" in lines[-1]
    assert list(here.iterdir()) == []


@pytest.mark.newest
def test_what_a_worker_cannot_do_is_told_as_without_it(run: Run, series: Path) -> None:
    with largest_file(5000):  # a frame is larger, and so is the copy of the file
        ran = run(*arguments_for(series, "out"), "--jobs", 2)
    assert "A copy of the file for rendering cannot be written to" in ran.error
    assert "check the free space of Blender's temporary folder" in ran.error
    assert "--jobs 0: use a whole number from 1 to 256, or auto." in run("--jobs", 0).error
