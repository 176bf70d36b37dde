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

import bpy
from PIL import Image

from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import KINDS, TABLE
from tests.fuzz.trial import Case, is_sentence
from tests.scene.command import make_series

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
_SIZES = ["64x48", "16:9", "1:1", "4x4", "5x7", "640", "axb", "0x0", "99999x5", "10:1", "1:11"]


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


def check_frames(output: Path, frames: list[int], size: list[int]) -> None:
    """All that were promised are there, whole and of the right size, and no others."""
    first, last = frames
    wanted = {f"frame_{number:05d}.png" for number in range(first, last + 1)}
    found = {file.name for file in output.iterdir() if not file.name.startswith(".")}
    assert found == wanted, found
    for name in wanted:
        with Image.open(output / name) as image:
            image.load()
            assert list(image.size) == size, image.size


def check_video(output: Path, frames: list[int], size: list[int]) -> None:
    """It has as many frames as were promised, of the right size, which in H.264 is even."""
    clip: Any = bpy.data.movieclips.load(str(output))
    found = clip.frame_duration, list(clip.size)
    bpy.data.movieclips.remove(clip)
    assert found == (frames[1] - frames[0] + 1, [side - side % 2 for side in size]), found


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
            engine = chance.choice(("sequencer", "sequencer", "workbench", "cycles", "auto"))
            given = ["-i", str(series), "-o", str(output), "--engine", engine]
            given += ["--json", str(folder / "found.json"), *arguments(chance)]
            if chance.random() < 0.2:
                given += ["--frames", chance.choice(("0-1", "1-2", "2", "5-1"))]
            # Long zooms are planned, but not rendered.
            is_long = {"--length", "--seconds-per-image", "-zf", "-d", "--delay", "--ease", "-zs"}
            if is_long & set(given[8 + 2 :]) or chance.random() < 0.4:
                given.append("--no-render")
            with captured() as lines:
                status = cli.main(given)
            printed = "\n".join(lines)
            assert "Traceback" not in printed, f"{given}\n{printed}"
            if status != 0:
                last = lines[-1]
                is_told = last.startswith("Error: ") and is_sentence(last)
                assert is_told and "unexpected" not in last, f"{given}\n{printed}"
                assert sorted(folder.iterdir()) == [], f"{given}\n{printed}"
                raise EverZoomError(last.removeprefix("Error: "))
            report = json.loads((folder / "found.json").read_text(encoding="utf-8"))
            if "--no-render" not in given:
                check = check_video if output.suffix else check_frames
                check(output, report["frames"], report["resolution"])

        yield case
