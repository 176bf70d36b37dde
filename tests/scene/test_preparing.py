"""The sequencer's pictures are made only for who sees them, step by step. Touches bpy."""

from __future__ import annotations

import signal
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.core.steps import run as run_steps
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.strips import pictures
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests.scene.command import SIZE, Run, make_series

COUNT = 9
SEQUENCER = ("--engine", "sequencer", "--no-align", "--no-match-colour", "-zs", 1)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return make_series(tmp_path / "many", count=COUNT)


def made() -> list[Path]:
    return list(pictures.session_folder().glob("*.png"))


def test_what_nobody_sees_is_not_made(run: Run, many: Path) -> None:
    ran = run("-i", many, *SEQUENCER, "--no-render", "--json", "found.json")
    assert ran.status == 0, ran.lines
    assert not made()
    assert run("-i", many, *SEQUENCER, "--save-blend", "zoom.blend", "--no-render").status == 0
    assert len(made()) == COUNT - 1  # the outermost is shown as it is


@pytest.mark.parametrize(
    ("factor", "options"),
    [
        (2.0, ("--roll", 0.1, "-rev", "--ease", 0.2)),
        (1.1, ("--travel", "loop", "-zf", 1.1, "--feather", 0.2)),
    ],
)
def test_frames_that_are_rendered_alone_are_the_same(
    run: Run, tmp_path: Path, factor: float, options: tuple[object, ...]
) -> None:
    folder = make_series(tmp_path / "series", 5, factor)

    def frames_in(name: str, *more: object) -> dict[str, bytes]:
        ran = run("-i", folder, *SEQUENCER, "-zs", 2, *options, *more, "-o", name)
        assert ran.status == 0, ran.lines
        return {file.name: file.read_bytes() for file in Path(name).glob("*.png")}

    several = frames_in("several", "--frames", "3-4")
    few = len(made())
    whole = frames_in("whole")
    assert len(several) == 2 and several.items() <= whole.items()
    assert few < len(made())
    assert frames_in("last", "--frames", len(whole) - 1).items() <= whole.items()


def test_it_is_seen_and_can_be_stopped(
    run: Run, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Any = pictures.write_picture
    first = iter([True])

    def write_and_stop(*arguments: Any) -> None:
        write(*arguments)
        if next(first, False):  # two are written at a time: the other may end when it has stopped
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(pictures, "write_picture", write_and_stop)
    ran = run("-i", many, *SEQUENCER, "-o", "out")
    assert (ran.status, ran.lines[-1]) == (128 + signal.SIGTERM, "Stopped.")
    assert any(f"Preparing picture 2 of {COUNT}" in line for line in ran.lines), ran.lines
    # What was being written when it stopped gets written.
    wait([job for job in pictures._at_work.values() if not job.done()])
    assert len(made()) < COUNT - 1
    assert not list(Path.cwd().iterdir())


def test_step_by_step_and_nothing_is_left_loaded(many: Path) -> None:
    images = [SeriesImage(many / f"image_{COUNT - n}.png", *SIZE) for n in range(COUNT)]
    series = Series(tuple(images), uniform_steps(COUNT, 2.0))
    settings = replace(ZoomSettings(), engine=Engine.SEQUENCER)
    steps = zooms.prepare_steps(bpy.context.scene, series, settings)
    for number in range(3):
        fraction, text = next(steps)
        assert text == f"Preparing picture {number + 2} of {COUNT}"
        assert fraction == pytest.approx((number + 1) / COUNT)
        assert len(made()) <= number
        assert not bpy.data.images
    bpy.data.images.new("the user's", 8, 8)  # between two steps
    next(steps)
    steps.close()
    assert bpy.data.images.keys() == ["the user's"]
    assert all(file.stat().st_size for file in made())
    run_steps(zooms.prepare_steps(bpy.context.scene, series, settings))
    assert len(made()) == COUNT - 1
