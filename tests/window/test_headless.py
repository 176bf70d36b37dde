"""A complete Blender with no screen: the command line command, and saved files elsewhere."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from .driver import Blender

JOB = Path(__file__).resolve().parents[2] / "jobs" / "ever_zoom" / "template.yaml"

FRAMES = range(4, 7)  # from the second image on, with three frames to an image


def read_picture(path: Path) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        (frame,) = container.decode(video=0)
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def test_a_saved_file_renders_the_same_where_the_add_on_is_not_installed(
    blender: Blender,
    make_blender: Callable[[], Blender],
    shared: Path,
    picture_folder: Path,
) -> None:
    frames, file = picture_folder / "frames", picture_folder / "zoom.blend"
    done = blender.headless(
        *("--command", "ever_zoom", "-i", str(shared / "series" / "mj_cats_2x")),
        *("-zf", "2", "-zs", "3", "-zc", "0.8", "--resolution", "320x320"),
        *("-o", f"{frames}/", "--frames", f"{FRAMES[0]}-{FRAMES[-1]}", "--save-blend", str(file)),
    )
    assert done.returncode == 0, done.stdout
    assert {path.name for path in frames.glob("[!.]*")} == {f"frame_{n:05}.png" for n in FRAMES}
    pictures = [read_picture(frames / f"frame_{n:05}.png") for n in FRAMES]
    assert all(picture.shape == (320, 320, 3) for picture in pictures)
    assert all(picture.std() > 20 for picture in pictures)
    assert all(np.abs(pictures[0] - other.astype(float)).mean() > 5 for other in pictures[1:])

    farm = make_blender()
    done = farm.headless("--command", "ever_zoom", "--help")
    assert done.returncode != 0  # it is not there
    again = picture_folder / "again" / "frame_#####"
    done = farm.headless(
        *("--background", str(file), "--disable-autoexec", "--render-output", str(again)),
        *("--render-format", "PNG", "-s", str(FRAMES[0]), "-e", str(FRAMES[-1]), "-a"),
    )
    assert done.returncode == 0, done.stdout
    for number, picture in zip(FRAMES, pictures, strict=True):
        other = read_picture(again.parent / f"frame_{number:05}.png")
        assert np.array_equal(picture, other), number


def test_an_error_is_one_line_and_an_exit_status(blender: Blender, tmp_path: Path) -> None:
    done = blender.headless("--command", "ever_zoom", "-i", str(tmp_path / "no such folder"))
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "no such folder" in line]
    assert len(lines) == 1 and lines[0].startswith("Error: "), done.stdout
    assert "Traceback" not in done.stdout


def test_the_options_are_told(blender: Blender) -> None:
    done = blender.headless("--command", "ever_zoom", "--help")
    assert done.returncode == 0
    assert "--zoom-factor" in done.stdout


def test_the_report_alone_is_on_standard_output(blender: Blender, shared: Path) -> None:
    series = str(shared / "series" / "mj_cats_2x")
    options = ("-i", series, "--no-align", "--no-match-colour", "--no-render", "--json", "-")
    done = subprocess.run(
        blender.headless_command("--command", "ever_zoom", *options),
        env=blender.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["order"]) == 8
    assert "8 images of 1024x1024" in done.stderr


def test_ctrl_c_stops_it(blender: Blender, shared: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    command = blender.headless_command(
        *("--command", "ever_zoom", "-i", str(shared / "series" / "mj_cats_2x"), "-zs", "200"),
        *("--no-align", "--no-match-colour", "--engine", "cycles", "-o", f"{frames}/"),
    )
    process = subprocess.Popen(
        command,
        env=blender.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not (frames / "frame_00002.png").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        printed, _ = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert "Stopped." in printed.splitlines()
    assert "Traceback" not in printed
    assert process.returncode == 130
    written = sorted(frames.glob("[!.]*"))
    assert 3 <= len(written) < 1000
    assert all(read_picture(file).shape == (820, 820, 3) for file in written)


def test_a_farm_renders_it_in_parts_and_makes_the_video(
    blender: Blender, make_blender: Callable[[], Blender], shared: Path, picture_folder: Path
) -> None:
    """As openjd-cli runs the job, in a Blender that has never heard of the add-on."""
    alone, file = picture_folder / "alone", picture_folder / "farm.blend"
    options = ["--command", "ever_zoom", "-i", str(shared / "series" / "mj_cats_2x")]
    options += ["-zs", "1", "--no-align", "--no-match-colour", "--resolution", "128x128"]
    for more in (("--engine", "sequencer", "-o", f"{alone}/"), ("--farm", str(file))):
        done = blender.headless(*options, *more)
        assert done.returncode == 0, done.stdout
    count = len(list(alone.glob("[!.]*")))
    assert count > 4

    stranger = make_blender()
    command = stranger.folder / "command"
    words = [shlex.quote(word) for word in stranger.headless_command()]
    command.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    values = {"BlendFile": file, "Frames": f"0-{count - 1}", "FramesPerPart": 4}
    values |= {"OutputFolder": picture_folder / "output", "Blender": command}
    job = [str(Path(sys.executable).parent / "openjd"), "run", str(JOB)]
    for name, value in values.items():
        job += ["--job-param", f"{name}={value}"]
    ran = subprocess.run(
        job, env=stranger.environment(), capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout
    frames = [f"frame_{number:05}.png" for number in range(count)]
    assert sorted(path.name for path in (picture_folder / "output" / "frames").iterdir()) == frames
    for name in frames:
        theirs = read_picture(picture_folder / "output" / "frames" / name)
        assert np.array_equal(read_picture(alone / name), theirs), name
    with av.open(str(picture_folder / "output" / "infinite_zoom.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == count

    stock = picture_folder / "flamenco" / "######"  # what Flamenco's stock job asks for
    done = stranger.headless(
        *("-b", "-y", str(file), "--render-output", str(stock)),
        *("--render-format", "PNG", "--render-frame", "1..2"),
    )
    assert done.returncode == 0, done.stdout
    for number in (1, 2):
        theirs = read_picture(stock.with_name(f"{number:06}.png"))
        assert np.array_equal(read_picture(alone / frames[number]), theirs), number

    (picture_folder / "output" / "frames" / frames[1]).unlink()
    ran = subprocess.run(
        [*job, "--step", "Encode", "--no-run-dependencies"],
        env=stranger.environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 1
    assert "1 frames are not there: 1" in ran.stdout
