"""The Open Job Description template, run by openjd-cli with worker processes. Touches bpy."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from tests import pictures
from tests.scene.command import PLAIN, Run, assert_shows, frames, largest_file, view
from tests.scene.test_formats import kinds_of_boxes
from tools import ENVIRONMENTS, ROOT
from tools.environments import environment_python

TEMPLATE = ROOT / "jobs" / "ever_zoom" / "template.yaml"
OPENJD = environment_python(ENVIRONMENTS / "tools").parent / "openjd"

# The wheels of bpy have no program that takes the arguments of Blender's.
LAUNCHER = f"""#!{sys.executable} -I
import os, runpy, sys, time
if "EVER_ZOOM_NOTE" in os.environ:  # says who is to be killed
    with open(os.environ["EVER_ZOOM_NOTE"], "w") as note:
        note.write(str(os.getpid()))
import bpy
arguments = sys.argv[1:]
options = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
assert arguments[:5] == options, arguments
blend, option, script, dashes = arguments[5:9]
assert (option, dashes) == ("--python", "--")
bpy.ops.wm.open_mainfile(filepath=blend, use_scripts=False, load_ui=False)
if "EVER_ZOOM_NOTE" in os.environ:  # does not end before it is killed
    bpy.app.handlers.render_write.append(lambda *_: time.sleep(600))
assert not bpy.app.autoexec_fail
runpy.run_path(script, run_name="__main__")
"""

COUNT = 17
SECONDS = 1.7


class Farm:
    """A job whose workers are processes of this machine."""

    def __init__(self, folder: Path, blend: Path) -> None:
        self.folder = folder
        self.blender = folder / "blender"
        self.blender.write_text(LAUNCHER, encoding="utf-8")
        self.blender.chmod(0o755)
        self.output = folder / "output"
        values = {"BlendFile": blend, "Frames": f"0-{COUNT - 1}", "OutputFolder": self.output}
        values |= {"Blender": self.blender, "FramesPerPart": 6}
        self.job = [str(OPENJD), "run", str(TEMPLATE)]
        for name, value in values.items():
            self.job += ["--job-param", f"{name}={value}"]

    def start(self, arguments: Sequence[str], note: Path | None = None) -> subprocess.Popen[str]:
        """Start a worker; its Blender leaves its number in the file `note`."""
        return subprocess.Popen(
            [*self.job, *arguments],
            cwd=self.folder,
            env=os.environ | ({"EVER_ZOOM_NOTE": str(note)} if note else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def part(self, frames_of_it: str, note: Path | None = None) -> subprocess.Popen[str]:
        return self.start(["--step", "Render", "--task-param", f"Frames={frames_of_it}"], note)

    def encode(self) -> subprocess.Popen[str]:
        return self.start(["--step", "Encode", "--no-run-dependencies"])

    def frame(self, number: int) -> Path:
        return self.output / "frames" / f"frame_{number:05}.png"


def said(worker: subprocess.Popen[str], status: int = 0) -> str:
    """What a worker said, when it has ended."""
    printed, _ = worker.communicate(timeout=300)
    assert worker.returncode == status, printed[-3000:]
    return printed


def video_of(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Decoded pictures, and the sound, if there is one."""
    with av.open(str(file)) as container:
        seen = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
    with av.open(str(file)) as container:
        has_sound = bool(container.streams.audio)
        heard = [b.to_ndarray() for b in container.decode(audio=0)] if has_sound else []
    return np.stack(seen), np.concatenate(heard, axis=1) if heard else np.zeros((0, 0), np.float32)


@pytest.fixture
def sound(tmp_path: Path) -> tuple[Any, ...]:
    options: Any = bpy.app.build_options
    if not options.audaspace:  # some wheels know no sound
        return ()
    file = tmp_path / "tone.wav"
    values = (9000 * np.sin(np.arange(round(SECONDS * 48000)) * 0.05)).astype("<i2")
    with wave.open(str(file), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(48000)
        output.writeframes(values.tobytes())
    return "--sound", file


def wait_for(file: Path, worker: subprocess.Popen[str]) -> None:
    for _ in range(3000):
        if file.exists() and file.stat().st_size:
            return
        assert worker.poll() is None, said(worker)
        time.sleep(0.02)
    raise AssertionError(f"{file} does not come")


@pytest.mark.newest
def test_parts_by_two_workers_one_of_them_killed(
    run: Run, series: Path, tmp_path: Path, picture_folder: Path, sound: tuple[Any, ...]
) -> None:
    arguments = ("-i", series, "-fps", 10, "--length", SECONDS, *sound, *PLAIN)
    alone = picture_folder / "alone"
    for output in (alone, picture_folder / "alone.mp4"):
        blend = tmp_path / "alone.blend"
        assert run(*arguments, "-o", output, "--save-blend", blend, "--overwrite").status == 0
    assert run(*arguments, "--farm", tmp_path / "farm" / "zoom.blend").status == 0
    shutil.rmtree(series)
    farm = Farm(tmp_path, tmp_path / "farm" / "zoom.blend")

    note = tmp_path / "note"
    first, second = farm.part("0-7"), farm.part("8-16", note)
    wait_for(farm.frame(8), second)
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert "Session ended with errors" in said(second, 1)
    assert "openjd_progress: 100.0" in said(first)
    assert not farm.frame(16).exists()

    farm.frame(8).write_bytes(farm.frame(8).read_bytes()[:99])  # as if killed while it wrote
    assert " frames are not there: 8," in said(farm.encode(), 1)
    assert not (farm.output / "infinite_zoom.mp4").exists()

    said(farm.part("8-16"))
    ours, theirs = frames(alone), frames(farm.output / "frames")
    assert len(ours) == len(theirs) == COUNT
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert np.array_equal(one, other)
        assert_shows(other, view(2 * number / (COUNT - 1)))

    said(farm.encode())
    kinds = kinds_of_boxes(farm.output / "infinite_zoom.mp4")
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    seen, _ = video_of(farm.output / "infinite_zoom.mp4")
    # Frames of another farm, whose names are but numbers.
    for number in range(COUNT):
        farm.frame(number).rename(farm.output / "frames" / f"{number:06}.png")
    said(farm.encode())
    assert np.array_equal(video_of(farm.output / "infinite_zoom.mp4")[0], seen)
    assert sorted(path.name for path in farm.output.iterdir()) == ["frames", "infinite_zoom.mp4"]
    seen, heard = video_of(farm.output / "infinite_zoom.mp4")
    expected, expected_sound = video_of(picture_folder / "alone.mp4")
    assert len(seen) == COUNT
    assert np.array_equal(seen, expected)
    assert np.array_equal(heard, expected_sound)
    assert bool(sound) == bool(heard.size)


def test_the_whole_job_in_one_command(
    run: Run, series: Path, tmp_path: Path, picture_folder: Path
) -> None:
    """With the sequencer, and with a name that Blender would take for a variable."""
    arguments = ("-i", series, "-zs", (COUNT - 1) // 2, *PLAIN[:2], "--engine", "sequencer")
    alone = picture_folder / "alone"
    assert run(*arguments, "-o", alone).status == 0
    assert run(*arguments, "--farm", tmp_path / "a {farm}" / "zoom.blend").status == 0
    shutil.rmtree(series)
    farm = Farm(tmp_path, tmp_path / "a {farm}" / "zoom.blend")
    printed = said(farm.start([]))
    assert printed.count("openjd_progress: 100.0") == 3  # parts of 6, 6 and 5 frames
    ours, theirs = frames(alone), frames(farm.output / "frames")
    assert len(ours) == len(theirs) == COUNT
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        assert np.array_equal(one, other)
        assert_shows(other, view(2 * number / (COUNT - 1)))
    seen, heard = video_of(farm.output / "infinite_zoom.mp4")
    assert len(seen) == COUNT
    assert not heard.size
    for number, picture in enumerate(seen):
        off = [pictures.error(picture / 255.0, frame)[0] for frame in theirs]
        assert int(np.argmin(off)) == number

    # As if the disk were full; noise makes a video that is longer than the job's own files.
    noise = np.random.default_rng(2)
    for number in range(COUNT):
        pictures.save(noise.uniform(size=theirs[0].shape), farm.frame(number))
    said(farm.encode())
    video = farm.output / "infinite_zoom.mp4"
    whole = video.read_bytes()
    for missing in (100, len(whole) // 2):
        with largest_file(len(whole) - missing):
            assert "infinite_zoom.mp4 was not written: " in said(farm.encode(), 1)
        assert video.read_bytes() == whole
    assert len(list(farm.output.iterdir())) == 2
