"""An option that changes nothing is told, of what is made with and without it. Touches bpy."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.scene.command import PLAIN, Run

pytestmark = pytest.mark.newest

ARGUMENTS = ("--zoom-steps", 3, *PLAIN[:2])
TOLD = "Warning: Without effect "

# One of each that can be seen in this series.
OPTIONS: list[tuple[object, ...]] = [
    ("--format", "h265"),
    ("--engine", "workbench"),
    ("--samples", 3),
    ("--debug",),
    ("--start-frame", 5),
    ("--pack",),
    ("--jobs", 2),
    ("--feather", 0.1),
    ("--zoom-crop", 0.7),
]
MORE: list[tuple[object, ...]] = [
    ("--frames-per-second", 20),
    ("--reverse",),
    ("--delay", 1),
    ("--ease", 0.1),
    ("--length", 3),
    ("--target", 0.1, 0.1),
    ("--mask", "ellipse"),
    ("--zoom-factor", 1.9),
    ("--roll", 0.1),
    ("--resolution", "64x32"),
]


def told_in(lines: list[str]) -> list[str]:
    return [line.removeprefix(TOLD) for line in lines if line.startswith(TOLD)]


@pytest.mark.parametrize(
    ("made", "called", "options"),
    [
        (("-o", "made.html"), "a page", OPTIONS + MORE),
        (("--check", "made.png"), "a picture of joins", OPTIONS),
    ],
    ids=["page", "check"],
)
def test_what_changes_nothing_is_told(
    run: Run, series: Path, made: tuple[str, str], called: str, options: list[tuple[object, ...]]
) -> None:
    arguments = ("-i", series, *ARGUMENTS, *made, "--overwrite")
    assert told_in(run(*arguments).lines) == []
    before = Path(made[1]).read_bytes()
    for option in options:
        ran = run(*arguments, *option)
        assert ran.status == 0, ran.lines
        is_same = Path(made[1]).read_bytes() == before
        beside_length = ["beside --length: --zoom-steps."] * (option[0] == "--length")
        expected = [f"for {called}: {option[0]}."] * is_same + beside_length
        assert told_in(ran.lines) == expected, option


def test_a_sound_where_none_is_heard(run: Run, series: Path) -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:
        pytest.skip("does not apply: this wheel knows no sound")
    with wave.open("tone.wav", "wb") as file:
        file.setparams((1, 1, 8000, 8000, "NONE", ""))
        file.writeframes(bytes(8000))
    arguments = ("-i", series, *PLAIN, "--sound", "tone.wav", "-fps", 5, "--overwrite")
    ran = run(*arguments, "-o", "zoom.webp")
    assert told_in(ran.lines) == ["for a loop: --sound but for its length."]
    ran = run(*arguments, "-o", "zoom.html", "--length", 2)
    assert told_in(ran.lines) == ["for a page: --engine, --sound."]
