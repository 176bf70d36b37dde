"""Options of the command line, sense and nonsense: what is promised is there. Touches bpy."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import av
from PIL import Image

from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.core.files.output import KINDS as FORMATS
from ai_ever_zoom_addon.core.files.output import format_of, is_whole_picture
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import KINDS, TABLE, FileFormat
from ai_ever_zoom_addon.wording import counted
from tests.fuzz.trial import Case, is_sentence
from tests.scene.command import make_series

# EEVEE takes seconds a frame without a GPU.
ENGINES = (*6 * ("sequencer", "cycles", "workbench"), "auto", "auto", "eevee")
MOST_FRAMES, MOST_SAMPLES = 12, 500_000  # that a case takes at most

_WORDS = [
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    "0",
    "99999999999",
    "9" * 400,
    "1.5",
    "0x10",
]
_SIZES = [
    *4 * ["64x48", "16:9", "1:1", "5x7", "33x65", "160x32"],
    *("4x4", "640", "axb", "0x0", "99999x5", "10:1", "1:11"),
]


def _value(chance: random.Random, name: str) -> list[str]:
    """What is given for a setting, within its limits or not."""
    choice, kind = TABLE[name], KINDS[name]
    parts = get_args(kind)
    if chance.random() < 0.05:
        return [chance.choice(_WORDS)]
    if choice.items:
        return [chance.choice([*3 * list(choice.items), "other"])]
    if not choice.limits:
        return [chance.choice(_WORDS)]
    low, high = choice.limits
    if chance.random() < 0.7:
        low, high = choice.soft_limits or choice.limits
    number = chance.choice((low, high, *(chance.uniform(low, high) for _ in range(4))))
    if chance.random() < 0.05:
        number = chance.choice((low - 1, high * 1.0000001))
    if int in (kind, *parts) and chance.random() < 0.95:
        number = round(number)
    return [repr(number)] * (len(parts) or 1)


def arguments(chance: random.Random) -> list[str]:
    """Some options that end soon, whatever they mean."""
    chosen: list[str] = ["-zs", chance.choice(("1", "2", "3", "5"))]
    if chance.random() < 0.9:  # what is looked at in the pictures takes most of the time
        chosen += ["--no-align", "--no-match-colour"]
    passed_over = {"folder"} | ({"align", "match_colour"} if len(chosen) > 2 else set())
    names = [n for n, choice in TABLE.items() if choice.flags and n not in passed_over]
    for name in chance.sample(names, chance.choice((0, 1, 1, 2, 3, 5))):
        choice = TABLE[name]
        flag = chance.choice(choice.flags)
        if KINDS[name] is bool:
            chosen.append(flag)
        else:
            chosen += [flag, *_value(chance, name)]
    for flag, values, share in (
        ("-zf", ["2", "auto", "1.5", "1.0001", "64"], 0.3),
        ("-zf", _WORDS, 0.03),
        ("--resolution", _SIZES, 0.4),
        ("--seconds-per-image", ["0.1", "0.03", *_WORDS], 0.05),
        ("--length", ["0.2", "1", "86400", *_WORDS], 0.05),
        ("--place", ["no.json", ".", "/dev/null"], 0.05),
        ("--timing", ["no.json", ".", "/dev/null"], 0.05),
        ("--nonsense", _WORDS, 0.03),
    ):
        if chance.random() < share:
            chosen += [flag, chance.choice(values)]
    return chosen


@contextmanager
def captured() -> Iterator[list[str]]:
    """What is printed to both outputs, also by compiled code."""
    lines: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        before = sys.stdout, sys.stderr
        with os.fdopen(os.dup(1), "w", errors="backslashreplace") as stream:
            sys.stdout = sys.stderr = stream
            try:
                yield lines
            finally:
                sys.stdout, sys.stderr = before
                stream.flush()
                for number, saved in zip((1, 2), kept, strict=True):
                    os.dup2(saved, number)
                    os.close(saved)
                file.seek(0)
                lines += file.read().decode("utf-8", "replace").splitlines()


def run(given: list[str], folder: Path) -> tuple[dict[str, Any], str]:
    """What a run reports, and the last line that it printed.

    Raises:
        EverZoomError: It was refused; nothing new is in the folder then.
    """
    before = sorted(folder.iterdir())
    with captured() as lines:
        status = cli.main([*given, "--json", str(folder / "found.json"), "--overwrite"])
    printed = "\n".join(map(str, [given, *lines]))
    assert "Traceback" not in printed, printed
    if status != 0:
        last = lines[-1]
        is_told = last.startswith("Error: ") and is_sentence(last)
        assert is_told and "unexpected" not in last, printed
        assert sorted(folder.iterdir()) == before, printed
        raise EverZoomError(last.removeprefix("Error: "))
    text = (folder / "found.json").read_text(encoding="utf-8")
    (folder / "found.json").unlink()
    return json.loads(text), lines[-1]


def check_frames(output: Path, frames: range, size: list[int], suffix: str) -> None:
    """All that were promised are there, whole and of the right size, and no others."""
    wanted = {f"frame_{number:05d}{suffix}" for number in frames}
    found = {file.name for file in output.iterdir() if not file.name.startswith(".")}
    assert found == wanted, found
    for name in wanted:
        if suffix == ".exr":  # which Pillow does not read
            assert is_whole_picture(output / name, (size[0], size[1])), name
            continue
        with Image.open(output / name) as image:
            image.load()
            assert list(image.size) == size, image.size


def check_video(output: Path, frames: range, size: list[int]) -> None:
    """It has as many frames as were promised, of the right size, which in H.264 is even."""
    with av.open(str(output)) as container:
        shown = [[frame.width, frame.height] for frame in container.decode(video=0)]
    assert shown == [[side - side % 2 for side in size]] * len(frames), shown


def asked(chance: random.Random, first: int, last: int, most: int) -> list[int]:
    """The first and the last frame to render: all of them, some, or some that are not there."""
    if last - first < most and chance.random() < 0.6:
        return [first, last]
    frames = range(first, last + 1)
    start = chance.choice((first, last, first - 1, last + 1, *4 * [*frames[:50]]))
    end = min(last, start + most - 1) if start in frames else last
    return [start, chance.choice((start, end, end, chance.choice((start - 1, last + 1))))]


@contextmanager
def prepared() -> Iterator[Case]:
    """The case."""
    with tempfile.TemporaryDirectory() as name:
        series = make_series(Path(name) / "series")
        count = 0

        def case(chance: random.Random) -> None:
            nonlocal count
            count += 1
            folder = Path(name) / str(count)
            folder.mkdir()
            output = folder / chance.choice(("out", "out", "out.mp4"))
            engine = chance.choice(ENGINES)
            given = ["-i", str(series), "-o", str(output), "--engine", engine, *arguments(chance)]
            if chance.random() < 0.1:
                given += ["--save-blend", str(folder / "zoom.blend")]
            planned, _ = run([*given, "--no-render"], folder)
            assert {file.suffix for file in folder.iterdir() if file.is_file()} <= {".blend"}
            assert not output.exists()
            first, last = planned["frames"]
            size = planned["resolution"]
            cost = size[0] * size[1] * max(1, planned["settings"]["samples"])
            most = min(MOST_FRAMES, MOST_SAMPLES // cost)
            if most == 0:
                return
            start, end = asked(chance, first, last, most)
            if [start, end] != [first, last] or chance.random() < 0.3:
                given += ["--frames", f"{start}-{end}" if start != end else str(start)]
            report, line = run(given, folder)
            assert first <= start <= end <= last
            assert (report["frames"], report["resolution"]) == ([start, end], size), report
            frames = range(start, end + 1)
            assert line == f"Wrote {counted(len(frames), 'frame')} to {output}.", line
            chosen = FileFormat(report["settings"]["file_format"])
            suffix = FORMATS[format_of(output.name, chosen)].suffix
            if output.suffix:
                check_video(output, frames, size)
            else:
                check_frames(output, frames, size, suffix)
            if not output.suffix and chance.random() < 0.2:
                next(output.glob("frame_*")).unlink()
                _, line = run([*given, "--resume"], folder)
                kept = f" {len(frames) - 1} were there already." if len(frames) > 1 else ""
                assert line == f"Wrote 1 frame to {output}.{kept}", line
                check_frames(output, frames, size, suffix)

        yield case
