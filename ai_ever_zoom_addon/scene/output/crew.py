"""Frames and videos by several Blender processes at once. Touches bpy, but no scene.

They render a saved copy of the file, a part of the frames each, as fast as each can. A part of one
that dies is done again by another one. Of a video each renders its frames as pictures, and one
process more encodes them in their order, as soon as they are there: so it is the video that one
process makes. All that they need lies in a folder of Blender's session, and goes with them.

Messages are lines of JSON. A worker is told what to do by its standard input, and reports to a
file, which can be read on every system without waiting. It ends by itself where nobody holds the
folder's lock any more: so it does if whoever has started it is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...core.files.locking import take
from ...core.files.temporary import claim
from ...core.steps import Steps
from ...texts import Text

LOCK = "lock"
PAUSE = "pause"  # as long as it is there, workers wait

# What workers report, each with a value: the number of a frame that is finished, that of the last
# one of a video that is whole, why they cannot go on; what is being drawn, and whether it was.
FRAME, WHOLE, FAILED, DRAWING, DRAWN = "frame", "whole", "failed", "drawing", "drawn"

MOST_DEATHS = 3  # of workers at one frame
_PART = 4, 50  # frames, at least and at most
_WAITING_BYTES = 2 << 30  # of frames that wait for being encoded

_START = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location(
    "ever_zoom_worker", {init!a}, submodule_search_locations=[{folder!a}]
)
sys.modules["ever_zoom_worker"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from ever_zoom_worker.scene.output.worker import work
work(**{order!a})
"""


@dataclass(frozen=True)
class Job:
    """What is rendered.

    Attributes:
        file: A saved copy of the open file.
        scene: The name of the scene.
        sharp: As in `rendering.render_animation`.
        step: From one frame to the next.
        gently: Leave the processor to others who want it.
    """

    file: Path
    scene: str
    sharp: bool
    step: int = 1
    gently: bool = False


class WorkerError(Exception):
    """What a worker cannot do, in a few words: no other could either."""


class _Worker:
    """A process, and what it is doing.

    Attributes:
        part: Numbers of the frames that it has not reported yet, ascending.
    """

    def __init__(self, folder: Path, number: int, order: Mapping[str, Any]) -> None:
        self.part: list[int] = []
        self._reports = folder / f"{number}.reports"
        self._read = 0
        self._log = folder / f"{number}.log"
        self._reports.touch()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                _command({**order, "reports": str(self._reports)}),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Its temporary files are then where they go with it, however it ends.
                env=os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)),
                # Ctrl-C is meant for whoever has started it; on Windows it gets no console.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    def tell(self, *message: int) -> None:
        """Give it something to do; one that is dead hears nothing."""
        stream = self._process.stdin
        assert stream is not None
        with contextlib.suppress(OSError):
            stream.write(json.dumps(message).encode() + b"\n")
            stream.flush()

    def reports(self) -> list[tuple[str, Any]]:
        """What it has reported since the last time."""
        with self._reports.open("rb") as stream:
            stream.seek(self._read)
            text = stream.read()
        text = text[: text.rfind(b"\n") + 1]
        self._read += len(text)
        return [tuple(json.loads(line)) for line in text.splitlines()]

    @property
    def is_dead(self) -> bool:
        return self._process.poll() is not None

    def why(self) -> Text:
        """How it has ended, in a few words."""
        status = self._process.wait()
        if status < 0:
            return Text("it was killed by {signal}", signal=signal.Signals(-status).name)
        said = self._log.read_text("utf-8", "replace").strip().splitlines()
        if not said:
            return Text("it ended with the status {status}", status=status)
        last = said[-1][:200]
        return Text("it ended with the status {status}: {said}", status=status, said=last)

    def end(self) -> None:
        """Kill it: nothing of what it has is needed."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # what it was never told
            assert self._process.stdin is not None
            self._process.stdin.close()


def _command(order: Mapping[str, Any]) -> list[str]:
    """What starts a worker: this Blender, or this Python where Blender is a module of it."""
    folder = Path(__file__).resolve().parents[2]
    code = _START.format(init=str(folder / "__init__.py"), folder=str(folder), order=order)
    if not bpy.app.binary_path:
        return [sys.executable, "-c", code]
    factory = ["--factory-startup"] if bpy.app.factory_startup else []
    return [
        *(bpy.app.binary_path, "--background", *factory, "--python-exit-code", "1"),
        *("--python-expr", code),
    ]


class Crew:
    """The workers of a job.

    Args:
        job: What is rendered.
        count: How many render at once.
        say: Gets a sentence for the user where a worker has died.
    """

    def __init__(self, job: Job, count: int, say: Callable[[str], None]) -> None:
        self._job = job
        self._count = count
        self._say = say
        self._folder = Path(tempfile.mkdtemp(prefix="jobs_", dir=claim(Path(bpy.app.tempdir))))
        self._lock = take(self._folder / LOCK)
        self._started = 0
        self._workers: list[_Worker] = []
        self._recorder: _Worker | None = None  # of a video
        self._encoded = 0
        self._is_whole = False
        self._todo: set[int] = set()
        self._deaths: Counter[int] = Counter()
        self.frames = self._folder / "frames"  # of a video

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._end_recorder()
        if self._lock is not None:
            self._lock.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pause(self, is_paused: bool) -> None:
        """Let all wait, after the frame that each is at, or go on."""
        if is_paused:
            (self._folder / PAUSE).touch()
        else:
            (self._folder / PAUSE).unlink(missing_ok=True)

    def redraw(self, file: Path) -> Steps[None]:
        """Let the sequencer's zoom show better pictures than while it plays (see redrawing.py).

        Where that cannot be, the zoom is rendered as it plays.

        Args:
            file: A place for another copy of the file.
        """
        worker = self._start({"redraws": str(file)})
        text = Text("pictures")
        try:
            while True:
                is_dead = worker.is_dead  # before it is asked: it may report up to its end
                for kind, value in worker.reports():
                    if kind == DRAWN and value:
                        self._job = replace(self._job, file=file)
                    if kind != DRAWING:
                        return
                    text = Text.from_json(value)
                if is_dead:
                    return
                yield 0.0, text
        finally:
            worker.end()
            # The file has copies of the pictures that were drawn.
            for session in self._folder.glob("blender_*"):
                shutil.rmtree(session, ignore_errors=True)

    def render(self, files: Mapping[int, Path]) -> Steps[None]:
        """Render frames to pictures.

        A frame that a worker was at when all is given up does not stay, half-written as it may be.

        Args:
            files: Where each comes to be, by its number, as the scene's settings have it.

        Raises:
            WorkerError: One of them cannot be rendered.
        """
        self._todo = set(files)
        began = self._job.file.stat().st_mtime
        done = 0
        try:
            while done < len(files):
                done += len(self._rendered(files))
                self._hand_out(max(files), {})
                yield (
                    done / len(files),
                    Text("frame {done} of {count}", done=done, count=len(files)),
                )
        finally:
            for worker in self._workers:
                worker.end()
                reported = {value for kind, value in worker.reports() if kind == FRAME}
                for file in (files[number] for number in worker.part if number not in reported):
                    with contextlib.suppress(OSError):
                        if file.stat().st_mtime >= began:
                            file.unlink()

    def encode(self, files: Mapping[int, Path], frame_bytes: int) -> Steps[None]:
        """Render frames, and make a video of them where the scene's settings have it.

        Args:
            files: Where the frame of each number is meanwhile, in `frames`.
            frame_bytes: How large a frame is.

        Raises:
            WorkerError: A frame cannot be rendered or encoded.
        """
        numbers = sorted(files)
        recorder = {"frames": f"{self.frames}/", "encodes": (numbers[0], numbers[-1])}
        most_waiting = max(2 * self._count, _WAITING_BYTES // frame_bytes)
        self._todo = set(numbers)
        there: set[int] = set()
        ready = told = 0
        while not self._is_whole:
            there |= self._rendered(files)
            before = self._encoded
            if self._recorder is not None or numbers[0] in there:
                self._record(numbers, recorder)
            if self._recorder is None:  # the next one has been told nothing yet
                told = 0
            for number in numbers[before : self._encoded]:
                files[number].unlink()
            if self._encoded < before:  # it was all lost
                self._todo |= set(numbers[:before])
                there -= set(numbers[:before])
                ready = 0
            while ready < len(numbers) and numbers[ready] in there:
                ready += 1
            if self._recorder is not None and ready > told:
                self._recorder.tell(numbers[ready - 1])
                told = ready
            last = numbers[min(self._encoded + most_waiting, len(numbers)) - 1]
            self._hand_out(last, {"frames": f"{self.frames}/"})
            yield (
                self._encoded / len(numbers),
                Text("frame {number} of {count}", number=self._encoded, count=len(numbers)),
            )

    def record(self, numbers: Sequence[int]) -> Steps[None]:
        """Render a video by one worker, frame after frame, where the scene's settings have it.

        Args:
            numbers: Of its frames.

        Raises:
            WorkerError: A frame cannot be rendered or encoded.
        """
        while not self._is_whole:
            self._record(numbers, {"records": (numbers[0], numbers[-1])})
            yield (
                self._encoded / len(numbers),
                Text("frame {number} of {count}", number=self._encoded, count=len(numbers)),
            )

    def _record(self, numbers: Sequence[int], order: Mapping[str, Any]) -> None:
        """Look after the worker that writes the video: how many frames of it there are."""
        if self._recorder is None:
            self._recorder = self._start(order)
        is_dead = self._recorder.is_dead  # before it is asked: it may report up to its end
        for kind, _ in _reported(self._recorder):
            self._encoded += kind == FRAME
            self._is_whole |= kind == WHOLE
        if is_dead and not self._is_whole:
            self._bury(self._recorder, numbers[min(self._encoded, len(numbers) - 1)])
            self._end_recorder()
            self._encoded = 0

    def _rendered(self, files: Mapping[int, Path]) -> set[int]:
        """The frames that have been rendered since the last time."""
        found = set()
        for worker in list(self._workers):
            is_dead = worker.is_dead  # before it is asked: it may report up to its end
            for _, number in _reported(worker):
                worker.part.remove(number)
                found.add(number)
            if is_dead:
                self._bury(worker, worker.part[0] if worker.part else max(files))
                worker.end()
                self._workers.remove(worker)
                self._todo |= set(worker.part)
                for number in worker.part:  # what is half-written would be passed over
                    files[number].unlink(missing_ok=True)
        return found

    def _hand_out(self, last: int, order: Mapping[str, Any]) -> None:
        """Give frames up to a last one to everybody who has nothing to do."""
        while self._todo and min(self._todo) <= last:
            idle = next((worker for worker in self._workers if not worker.part), None)
            if idle is None:
                if len(self._workers) == self._count:
                    return
                idle = self._start(order)
                self._workers.append(idle)
            least, most = _PART
            length = min(max(least, -(-len(self._todo) // (2 * self._count))), most)
            number = min(self._todo)
            while len(idle.part) < length and number in self._todo:
                idle.part.append(number)
                number += self._job.step
            self._todo -= set(idle.part)
            idle.tell(idle.part[0], idle.part[-1])

    def _start(self, order: Mapping[str, Any]) -> _Worker:
        always = {
            **asdict(self._job),
            "file": str(self._job.file),
            "folder": str(self._folder),
            "is_watched": self._lock is not None and self._lock.is_sure,
            "runs_scripts": not bpy.app.autoexec_fail,
        }
        self._started += 1
        return _Worker(self._folder, self._started, {**always, **order})

    def _bury(self, worker: _Worker, number: int) -> None:
        """Tell of a worker that has died at a frame.

        Raises:
            WorkerError: Too many have, at the same frame.
        """
        self._deaths[number] += 1
        why = worker.why()
        if self._deaths[number] == MOST_DEATHS:
            raise WorkerError(
                Text(
                    "{times} times a Blender process ended too early at frame {number}: {why}",
                    times=MOST_DEATHS,
                    number=number,
                    why=why,
                )
            )
        self._say(
            Text(
                "A Blender process ended too early at frame {number}: {why}. Its part is done "
                "again.",
                number=number,
                why=why,
            )
        )

    def _end_recorder(self) -> None:
        if self._recorder is not None:
            self._recorder.end()
            self._recorder = None


def _reported(worker: _Worker) -> list[tuple[str, int]]:
    """What a worker has finished: frames by their numbers, or the video with its last frame.

    Raises:
        WorkerError: It says that it cannot go on.
    """
    found = worker.reports()
    for kind, value in found:
        if kind == FAILED:
            raise WorkerError(Text.from_json(value))
    return found
