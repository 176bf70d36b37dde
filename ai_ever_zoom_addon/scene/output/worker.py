"""A Blender process that renders parts of a job, or encodes its video: see crew.py. Touches bpy."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...core.files.locking import is_held
from ...core.files.temporary import claim
from ...core.files.writing import Writing
from ...core.steps import run
from ...errors import EverZoomError, reason_of
from ...texts import Text
from ..strips.storing import Saving
from . import blend_file, encoding, output_settings, rendering
from .crew import DRAWING, DRAWN, FAILED, FRAME, LOCK, PAUSE, WHOLE
from .redrawing import redraw_steps

_PAUSE_SECONDS = 0.1
_NICENESS = 10


def work(
    *,
    file: str,
    scene: str,
    sharp: bool,
    step: int,
    gently: bool,
    folder: str,
    is_watched: bool,
    runs_scripts: bool,
    reports: str,
    frames: str | None = None,
    encodes: tuple[int, int] | None = None,
    records: tuple[int, int] | None = None,
    redraws: str | None = None,
) -> None:
    """Do what standard input says, until it ends.

    Args:
        file, scene, sharp, step, gently: The job.
        folder: The crew's.
        is_watched: The crew's lock says whether it is alive.
        runs_scripts: Scripts in the file may run.
        reports: The file for reports.
        frames: The folder for the frames of a video; without it the scene's settings say where
            frames go.
        encodes: Make the video of them, from its first to its last frame.
        records: Render frames to the scene's video, from the first to the last one.
        redraws: Draw the pictures of a zoom's steps, and save the file that shows them there.
    """
    claim(Path(bpy.app.tempdir))
    if gently and hasattr(os, "nice"):
        os.nice(_NICENESS)
    crew = _Crew(Path(folder), Path(reports), is_watched)
    try:
        bpy.ops.wm.open_mainfile(filepath=file, load_ui=False, use_scripts=runs_scripts)
        rendered = bpy.data.scenes[scene]

        def finished() -> None:
            """Report the frame that is written."""
            crew.report(FRAME, int(rendered.frame_current))
            crew.wait()

        if redraws is not None:
            crew.report(DRAWN, _redraw(rendered, Path(redraws), crew))
        elif encodes is not None and frames is not None:
            numbers = range(encodes[0], encodes[1] + 1)
            waiting = encoding.waiting_frames(Path(frames), numbers)
            encoding.encode(rendered, waiting, _wait, finished)
            crew.report(WHOLE, encodes[1])
        else:
            if frames is not None:
                output_settings.set_output(rendered, frames)
            rendered.frame_step = step
            for first, last in map(json.loads, sys.stdin) if records is None else [records]:
                problem = _render(rendered, range(first, last + 1, step), finished, sharp=sharp)
                if problem:
                    crew.report(FAILED, Text(problem).to_json())
                elif records is not None:
                    crew.report(WHOLE, last)
    except EverZoomError as error:
        crew.report(FAILED, error.text.to_json())
    except RuntimeError as error:
        crew.report(FAILED, reason_of(error))


@dataclass(frozen=True)
class _Crew:
    """The crew, as its worker sees it.

    Attributes:
        folder: Where it says what is to be done.
        reports: The file for reports.
        is_watched: Its lock says whether it is alive.
    """

    folder: Path
    reports: Path
    is_watched: bool

    def report(self, kind: str, value: Any) -> None:
        with self.reports.open("ab") as stream:
            stream.write(json.dumps([kind, value]).encode() + b"\n")

    def wait(self) -> None:
        """Wait if that is wanted, and end if nobody is there."""
        while True:
            if self.is_watched and not is_held(self.folder / LOCK):
                os._exit(1)
            if not (self.folder / PAUSE).exists():
                break
            time.sleep(_PAUSE_SECONDS)


def _drawing(text: Text) -> Text:
    """What is being drawn, after "Rendering", of what the steps say."""
    if text.values:
        return Text("picture {number} of {count}", **text.values)
    return Text("pictures")


def _redraw(scene: Any, file: Path, crew: _Crew) -> bool:
    """Draw the pictures of a zoom's steps, and save the file; whether there was any to draw."""

    def heeding(_: float, text: str) -> None:
        crew.report(DRAWING, _drawing(Text(text)).to_json())
        crew.wait()

    is_drawn = run(redraw_steps(scene), heeding)
    if is_drawn:
        with Writing() as writing:
            Saving(file, writing)
            blend_file.save_snapshot(file)
    return is_drawn


def _render(scene: Any, numbers: range, finished: Callable[[], None], *, sharp: bool) -> str:
    """Render frames; why not all were, or ""."""
    scene.frame_start, scene.frame_end = numbers.start, numbers.stop - 1
    count = len(numbers)
    return rendering.render_range(scene, count, lambda *_: finished(), sharp=sharp)[1]


_last_there = -1


def _wait(number: int) -> None:
    """Let the frame come to be there; each line says up to which they are."""
    global _last_there
    while _last_there < number:
        line = sys.stdin.readline()
        if not line:  # the crew has ended
            os._exit(1)
        (_last_there,) = json.loads(line)
