"""Whatever fails, and whenever: the exit status is right, the last line is one true sentence, and
what is on the disk is whole or not there. Touches bpy.

The faults are drawn from fixed seeds. A part of them is tried each time; EVER_ZOOM_CASES=all tries
all of them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import bpy
import numpy as np
import pytest
from PIL import Image

from tests import pictures
from tests.cases import ALL_CASES
from tests.fuzz.trial import memory_limit
from tests.scene.command import PLAIN, SIZE, Ran, Run, largest_file

COUNT = 50 if ALL_CASES else 6  # of each kind
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
LONGEST = 120.0  # seconds that one fault may take
STEPS = 3
FRAMES = 2 * STEPS + 1

every_number = pytest.mark.parametrize("number", range(COUNT))

# What is asked for, and what comes of it.
OUT = {"out/.ever_zoom.json", *(f"out/frame_{number:05}.png" for number in range(FRAMES))}
JOBS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "frames": (("-o", "out", "--engine", "cycles"), OUT),
    "video": (("-o", "zoom.mp4", "--engine", "sequencer"), {"zoom.mp4"}),
    "scene": (
        ("--no-render", "--save-blend", "a/zoom.blend", "--json", "a/zoom.json"),
        {"a/zoom.blend", "a/zoom.json"},
    ),
    "strips": (
        ("--no-render", "--save-blend", "zoom.blend", "--engine", "sequencer"),
        {"zoom.blend", "zoom_strips/*"},
    ),
    "farm": (
        ("--farm", "b/zoom.blend", "--engine", "sequencer"),
        {"b/zoom.blend", "b/zoom_files/*"},
    ),
    "all": (
        (
            *("-o", "c/zoom.mp4", "--save-blend", "c/zoom.blend", "--json", "c/zoom.json"),
            *("--engine", "sequencer"),
        ),
        {"c/zoom.mp4", "c/zoom.blend", "c/zoom.json", "c/zoom_strips/*"},
    ),
}


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    """What hangs ends the tests, and says where; memory is not without end either."""
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    with memory_limit():
        yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    """Noise, so that files are as long as they can be."""
    noise = np.random.default_rng(3)
    for number in range(3):
        pictures.save(noise.uniform(size=(SIZE[1], SIZE[0], 3)), tmp_path / f"rough/{number}.png")
    return tmp_path / "rough"


def chance(kind: str, number: int) -> random.Random:
    return random.Random(f"{kind} {number}")


def arguments_of(job: str, series: Path, *more: object) -> list[object]:
    return ["-i", series, "-zs", STEPS, "--overwrite", *PLAIN[:2], *JOBS[job][0], *more]


def files_here() -> dict[str, bytes]:
    """All files below this folder."""
    return {
        str(file.relative_to(Path.cwd())): file.read_bytes()
        for file in sorted(Path.cwd().rglob("*"))
        if file.is_file()
    }


def is_whole(name: str) -> bool:
    """Whether a file is what its name says, as other programs read it."""
    file = Path(name)
    match file.suffix:
        case ".json":
            return bool(json.loads(file.read_text("utf-8")))
        case ".mp4":
            with av.open(name) as container:
                return len(list(container.decode(video=0))) == FRAMES
        case ".blend" | ".blend1":
            bpy.ops.wm.open_mainfile(filepath=str(file.absolute()))
            return bool(bpy.context.scene.collection.all_objects)
        case ".png":
            with Image.open(file) as picture:
                picture.load()
            return True
    return False


def kind_of(name: str) -> str:
    """A file's name, without what is not known before."""
    return re.sub(r"(_strips|_files)/.*", r"\1/*", name)


def is_sentence(line: str) -> bool:
    line = re.sub(r"^(Error|Warning): ", "", line)
    return (
        re.match(r"[A-Z/]|\w+\.png ", line) is not None
        and line.endswith(".")
        and "Success" not in line
        and "[" not in line
    )


def folders_here() -> set[Path]:
    return {place for place in Path.cwd().rglob("*") if place.is_dir()}


def check(job: str, ran: Ran, before: dict[str, bytes]) -> None:
    """The three things that hold after each fault."""
    now, wanted = files_here(), JOBS[job][1]
    assert ran.lines and is_sentence(ran.lines[-1]), ran.lines
    changed = {name for name, content in now.items() if before.get(name) != content}
    backups = {name for name in changed if name.endswith(".blend1")}
    assert {kind_of(name) for name in changed - backups} <= wanted, (ran.lines, changed)
    for name in changed:
        assert is_whole(name), (ran.lines, name)
    known = {parent for name in before for parent in Path(name).absolute().parents}
    for folder in folders_here() - known:
        assert any(folder.iterdir()), (ran.lines, folder)
    if ran.status == 0:
        assert {kind_of(name) for name in now} >= wanted, (ran.lines, now.keys())
    else:
        assert ran.status in (1, 129, 130, 143), ran.lines
        assert ran.lines[-1].startswith("Error: " if ran.status == 1 else "Stopped."), ran.lines
        lost = before.keys() - now.keys()
        assert all(name.startswith("out/") for name in lost), (ran.lines, lost)


def older(run: Run, job: str, series: Path, draw: random.Random) -> dict[str, bytes]:
    """In half of the cases something is there already, of another zoom."""
    if draw.random() < 0.5:
        assert run(*arguments_of(job, series, "--roll", 0.1)).status == 0
    return files_here()


_lengths: dict[str, list[int]] = {}


def lengths_of(run: Run, job: str, series: Path) -> list[int]:
    """How long the files are that come of something, in bytes."""
    if job not in _lengths:
        here = Path.cwd()
        os.chdir(here.parent)
        Path("undisturbed").mkdir()
        os.chdir("undisturbed")
        ran = run(*arguments_of(job, series))
        assert ran.status == 0, ran.lines
        assert {kind_of(name) for name in files_here()} == JOBS[job][1]
        _lengths[job] = [len(content) for content in files_here().values()]
        os.chdir(here)
    return _lengths[job]


# --- Full disks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS)
@every_number
def test_a_file_cannot_be_written_to_its_end(run: Run, rough: Path, job: str, number: int) -> None:
    draw = chance(job, number)
    before = older(run, job, rough, draw)
    # What is printed goes to a file, too.
    limit = max(3000, draw.choice(lengths_of(run, job, rough)) - draw.choice([1, 10, 999, 20_000]))
    with largest_file(limit):
        ran = run(*arguments_of(job, rough))
    check(job, ran, before)


@contextlib.contextmanager
def small_disk(length: int) -> Iterator[None]:
    """This folder is on a disk of its own, with so much room in bytes."""
    here = Path.cwd()
    small = here.parent / "small"
    small.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={length}", "none", str(small)]
    able = sys.platform == "linux" and shutil.which("mount") is not None
    if not able or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("does not apply: this user cannot make a small disk")
    try:
        os.chdir(small)
        yield
    finally:
        os.chdir(here)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        subprocess.run(["umount", "-l", str(small)], check=True)


@every_number
def test_a_small_disk_fills_up(run: Run, rough: Path, number: int) -> None:
    draw = chance("disk", number)
    job = draw.choice(list(JOBS))
    lengths = lengths_of(run, job, rough)
    before = sum(lengths) * draw.choice([0, 1])
    with small_disk(max(4096, int(before + draw.random() * sum(lengths)) & ~4095)):
        there = files_here()
        if before:
            run(*arguments_of(job, rough, "--roll", 0.1))
            there = files_here()
        check(job, run(*arguments_of(job, rough)), there)


# --- What others do meanwhile ---------------------------------------------------------------------


@every_number
def test_folders_and_files_go_away(run: Run, rough: Path, number: int) -> None:
    draw = chance("away", number)
    job = draw.choice([job for job in JOBS if job != "scene"])
    when = moment(run, job, rough, draw)
    gone = draw.choice(["the images", "an image", "what is written"])

    def remove() -> None:
        if gone == "an image":
            draw.choice(sorted(rough.iterdir())).unlink()
        else:
            for place in [rough] if gone == "the images" else Path.cwd().iterdir():
                shutil.rmtree(place, ignore_errors=True)

    with at_call(when, remove):
        ran = run(*arguments_of(job, rough))
    if any(line.startswith("2 images of") for line in ran.lines):
        assert gone == "an image" and is_sentence(ran.lines[-1])  # it went before it was found
    elif gone != "what is written":
        check(job, ran, {})
    else:  # also when it is written
        assert ran.status in (0, 1) and is_sentence(ran.lines[-1]), ran.lines
        assert all(map(is_whole, files_here())), files_here().keys()


@every_number
def test_an_image_changes(run: Run, rough: Path, number: int) -> None:
    draw = chance("changes", number)
    job = draw.choice(["frames", "video"])
    when = moment(run, job, rough, draw)
    file = draw.choice(sorted(rough.iterdir()))
    before = file.read_bytes()
    other = np.random.default_rng(number).uniform(size=(SIZE[1], SIZE[0], 3))
    with at_call(when, lambda: pictures.save(other, file)):
        ran = run(*arguments_of(job, rough))
    check(job, ran, {})
    if ran.status != 0:
        assert ran.lines[-1].startswith(f"Error: {file.name} changed while"), ran.lines
        return
    # It was changed before it was read, or at the end: all of it shows the one or the other.
    shown = [{k: v for k, v in files_here().items() if not k.endswith(".json")}]
    for content in (file.read_bytes(), before):
        file.write_bytes(content)
        assert run(*arguments_of(job, rough)).status == 0
        shown.append({k: v for k, v in files_here().items() if not k.endswith(".json")})
    assert shown[0] in shown[1:]


# --- Two at once ----------------------------------------------------------------------------------


PAUSES = """
import os, sys
import bpy
from ai_ever_zoom_addon import cli
messages = os.fdopen(os.dup(2), "w")
@bpy.app.handlers.persistent
def pause(*_):
    print("paused", file=messages, flush=True)
    sys.stdin.readline()
bpy.app.handlers.render_write.append(pause)
os._exit(cli.main(sys.argv[1:]))  # how Blender ends is its own business
"""


@contextlib.contextmanager
def paused_run(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A run in a process of its own that stands still after its first frame."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSES, *map(str, arguments)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if line == "paused\n":
                break
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("job", ["frames", "video"])
def test_two_runs_do_not_meet(run: Run, rough: Path, job: str) -> None:
    with paused_run(*arguments_of(job, rough)) as first:
        second = run(*arguments_of(job, rough, "--roll", 0.1))
        output = Path("out" if job == "frames" else "zoom.mp4").absolute()
        assert second.error == (
            f"Error: Another run is writing {output}: wait until it has ended, or choose another "
            "name."
        )
        first.communicate("\n" * 100)
        assert first.returncode == 0
    files = files_here()
    assert files.keys() == JOBS[job][1] and all(map(is_whole, files))
    assert run(*arguments_of(job, rough)).status == 0
    assert files_here() == files  # of the first one's zoom


@pytest.mark.parametrize("job", ["frames", "video"])
def test_a_run_that_was_killed_holds_nobody_up(run: Run, rough: Path, job: str) -> None:
    with paused_run(*arguments_of(job, rough)) as first:
        first.kill()
    ran = run(*arguments_of(job, rough))
    assert ran.status == 0
    check(job, ran, {})
    assert files_here().keys() == JOBS[job][1]


# --- Signals --------------------------------------------------------------------------------------


@contextlib.contextmanager
def at_call(count: int, action: Callable[[], object]) -> Iterator[list[int]]:
    """Do something at a moment that is the same each time: when so many functions were called."""
    calls = [0]

    def profile(_frame: object, event: str, _argument: object) -> None:
        if event == "call":
            calls[0] += 1
            if calls[0] == count:
                action()

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)


_calls: dict[str, int] = {}


def moment(run: Run, job: str, series: Path, draw: random.Random) -> int:
    """One of all moments of a run; not quite to its end, as the next one may be quicker."""
    if job not in _calls:
        lengths_of(run, job, series)  # what is done only once is done
        here = Path.cwd()
        Path("../counted").mkdir()
        os.chdir("../counted")
        with at_call(0, lambda: None) as calls:
            assert run(*arguments_of(job, series)).status == 0
        os.chdir(here)
        _calls[job] = calls[0]
    return draw.randrange(int(0.9 * _calls[job]))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@every_number
def test_a_signal(run: Run, rough: Path, name: str, number: int) -> None:
    if not hasattr(signal, name):
        pytest.skip("does not apply: there is no such signal on Windows")
    kind = getattr(signal, name)
    draw = chance(name, number)
    job = draw.choice(list(JOBS))
    when = moment(run, job, rough, draw)
    kept = signal.signal(kind, lambda *_: None)  # it may come before or after
    try:
        while True:
            before = older(run, job, rough, draw)
            with at_call(when, lambda: signal.raise_signal(kind)) as calls:
                ran = run(*arguments_of(job, rough))
            if calls[0] >= when:
                break
            assert ran.status == 0, ran.lines  # it was at its end too early: what it waits
            when = draw.randrange(calls[0])  # for and tells is not the same each time
    finally:
        signal.signal(kind, kept)
    check(job, ran, before)
    assert ran.status in (0, 128 + kind), ran.lines


def command_line(*arguments: object) -> list[object]:
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]


@pytest.mark.skipif(os.name != "posix", reason="does not apply: it takes a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_are_closed(series: Path, tmp_path: Path, closed: str) -> None:
    command = command_line("-i", series, "-o", tmp_path / "out", "-zs", 1, *PLAIN)
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *map(str, command)]
    done = subprocess.run(shell, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    assert len(list((tmp_path / "out").glob("frame_*.png"))) == 3


@pytest.mark.skipif(os.name != "posix", reason="does not apply: it takes a shell")
def test_nobody_gets_the_report_by_a_closed_standard_output(series: Path) -> None:
    command = command_line("-i", series, "--no-render", "--json", "-", *PLAIN)
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *map(str, command)]
    done = subprocess.run(shell, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: Standard output cannot be written")


@pytest.mark.newest
def test_what_the_dead_have_left_goes_and_the_living_keep_theirs(
    run: Run, rough: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(temporary))
    with paused_run(*arguments_of("video", rough)) as dead:
        (left,) = temporary.iterdir()
        assert list(left.glob("ever_zoom_strips/*.png"))
        dead.kill()
    assert left.exists()
    with paused_run(*arguments_of("frames", rough)) as living:
        (used,) = temporary.iterdir()
        assert used != left
        command = command_line("-i", rough, "--no-render", *PLAIN)
        done = subprocess.run([*map(str, command)], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        assert done.returncode == 0
        assert list(temporary.iterdir()) == [used]
        living.communicate("\n" * 100)
        assert living.returncode == 0
