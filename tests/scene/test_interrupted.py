"""Work that is interrupted: nothing half-done looks finished, and what is finished stays. bpy."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.files.frames_note import NOTE
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.strips.strips import picture_files
from tests import pictures
from tests.scene.command import (
    PLAIN,
    SIZE,
    Run,
    assert_shows,
    frames,
    largest_file,
    make_series,
    view,
)

ROOT = Path(__file__).resolve().parents[2]
STEPS = 4  # 9 frames


@contextlib.contextmanager
def after_frames(count: int, action: Callable[[], object]) -> Iterator[None]:
    """Do something in the middle of a render, when so many frames are written."""
    written = 0

    @bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
    def count_frames(*_: Any) -> None:
        nonlocal written
        written += 1
        if written == count:
            action()

    bpy.app.handlers.render_write.append(count_frames)
    try:
        yield
    finally:
        bpy.app.handlers.render_write.remove(count_frames)
        assert written >= count, "it never came to that"


def render_and_die(*arguments: object, after: int) -> None:
    """Run the command line in a process that is killed when so many frames are written."""
    code = f"""
import os, signal, sys
import bpy
from ai_ever_zoom_addon import cli
left = {after}
@bpy.app.handlers.persistent
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
bpy.app.handlers.render_write.append(count)
cli.main(sys.argv[1:])
"""
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def arguments_for(series: Path, output: str, engine: str = "cycles") -> tuple[object, ...]:
    return ("-i", series, "-o", output, "-zs", STEPS, *PLAIN[:2], "--engine", engine)


def assert_whole(folder: Path) -> None:
    shown = frames(folder)
    assert len(shown) == 2 * STEPS + 1
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / STEPS))


# --- Going on -------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_a_killed_render_goes_on(run: Run, series: Path, engine: str) -> None:
    arguments = arguments_for(series, "out", engine)
    assert run(*arguments_for(series, "uninterrupted", engine)).status == 0
    render_and_die(*arguments, after=5)
    out = Path("out")
    assert names(out)[2:] == [f"frame_{number:05}.png" for number in range(5)]
    # One is half-written, one was just begun.
    half, begun = out / "frame_00003.png", out / "frame_00004.png"
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    begun.write_bytes(b"")
    shown = sorted(out.glob("frame_*.png"))
    kept = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in shown}
    ran = run(*arguments, "--resume")
    assert ran.status == 0, ran.lines
    assert ran.lines[-1] == f"Wrote 6 frames to {out.absolute()}. 3 were there already."
    for number, (file, (time, content)) in enumerate(kept.items()):
        assert (file.stat().st_mtime_ns == time) == (number < 3), file.name
        assert (file.read_bytes() == content) == (number < 3), file.name
    assert_whole(out)
    for one, other in zip(frames(out), frames(Path("uninterrupted")), strict=True):
        assert pictures.error(one, other)[1] == 0.0


def test_nothing_is_left_to_do(run: Run, series: Path) -> None:
    arguments = arguments_for(series, "out")
    assert run(*arguments).status == 0
    times = {file: file.stat().st_mtime_ns for file in Path("out").glob("frame_*")}
    assert run(*arguments, "--resume").status == 0
    assert {file: file.stat().st_mtime_ns for file in Path("out").glob("frame_*")} == times


def test_without_resume_all_frames_are_new(run: Run, series: Path) -> None:
    Path("out").mkdir()
    pictures.save(np.zeros((48, 64, 3)), Path("out/frame_00002.png"))
    assert run(*arguments_for(series, "out"), "--overwrite").status == 0
    assert_whole(Path("out"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (("--resolution", "32x24"), "Resolution, Size"),
        (("-zs", 8), "--zoom-steps"),
        (("-zf", 1.9), "Zoom Factor, how images lie in each other"),
        (("--save-blend", "zoom.blend"), "--save-blend"),
    ],
    ids=str,
)
def test_frames_of_another_zoom_are_not_mixed_in(
    run: Run, series: Path, changed: tuple[object, ...], named: str
) -> None:
    arguments = arguments_for(series, "out")
    assert run(*arguments, *changed, "--frames", "0-3").status == 0
    before = {file: file.read_bytes() for file in Path("out").iterdir()}
    ran = run(*arguments, "--resume")
    assert ran.error.startswith(
        f"Error: The frames in {Path('out').absolute()} are of another zoom ({named}"
    )
    assert {file: file.read_bytes() for file in Path("out").iterdir()} == before
    assert run(*arguments, *changed, "--resume").status == 0  # they still can be gone on with
    assert run(*arguments, "--overwrite").status == 0
    assert run(*arguments, "--resume").lines[-1].endswith("9 were there already.")


def test_frames_of_other_pictures_are_not_mixed_in(run: Run, series: Path) -> None:
    arguments = arguments_for(series, "out")
    assert run(*arguments, "--frames", "0-3").status == 0
    (series / "image_2.png").touch()
    assert "are of another zoom (image_2.png)" in run(*arguments, "--resume").error
    (Path("out") / NOTE).unlink()
    assert "are of a zoom that is not known" in run(*arguments, "--resume").error


def test_older_frames_beside_the_new_ones_are_not_taken_for_theirs(run: Run, series: Path) -> None:
    """Of another zoom, which had more of them rendered."""
    arguments = arguments_for(series, "out")
    assert run(*arguments, "-zf", 1.9).status == 0
    assert run(*arguments, "--frames", "0-3", "--overwrite").status == 0
    assert run(*arguments, "--resume").lines[-1].endswith("4 were there already.")
    assert_whole(Path("out"))


def test_parts_are_put_together(run: Run, series: Path) -> None:
    arguments = arguments_for(series, "out")
    for part in ("0-2", "6-8", "1-3"):
        assert run(*arguments, "--frames", part, "--overwrite").status == 0
    assert run(*arguments, "--resume").lines[-1].endswith("7 were there already.")
    assert_whole(Path("out"))


@pytest.mark.newest
def test_the_sample_goes_on(run: Run) -> None:
    arguments = ("-o", "out", "-zs", 1, "--resolution", "64x64", "--engine", "sequencer")
    assert run(*arguments, "--frames", "0-1").status == 0
    assert run(*arguments, "--resume").lines[-1].endswith("2 were there already.")


def test_a_killed_video_does_not_look_finished(run: Run, series: Path) -> None:
    arguments = (*arguments_for(series, "video.mp4"), "--overwrite")
    Path("video.mp4").write_bytes(b"an older one")
    render_and_die(*arguments[:2], "-o", Path("video.mp4").absolute(), *arguments[4:], after=5)
    assert Path("video.mp4").read_bytes() == b"an older one"
    partial, lock, video = names(Path())
    assert (lock[0], lock[-5:], video) == (".", ".lock", "video.mp4")
    with pytest.raises(av.error.FFmpegError), av.open(partial) as container:
        list(container.decode(video=0))
    assert run(*arguments).status == 0
    assert names(Path()) == ["video.mp4"]
    with av.open("video.mp4") as container:
        assert len(list(container.decode(video=0))) == 2 * STEPS + 1


# --- Ctrl-C ---------------------------------------------------------------------------------------


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_ctrl_c_stops_frames(run: Run, series: Path, engine: str) -> None:
    before = signal.getsignal(signal.SIGINT)
    arguments = arguments_for(series, "out", engine)
    with after_frames(4, interrupt):
        ran = run(*arguments)
    assert (ran.status, ran.lines[-1]) == (130, "Stopped.")
    assert signal.getsignal(signal.SIGINT) is before
    shown = frames(Path("out"))
    assert 4 <= len(shown) <= 5
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / STEPS))
    assert run(*arguments, "--resume").status == 0
    assert_whole(Path("out"))


def test_ctrl_c_stops_a_video(run: Run, series: Path) -> None:
    with after_frames(4, interrupt):
        ran = run(*arguments_for(series, "video.mp4"))
    assert (ran.status, ran.lines[-1]) == (130, "Stopped.")
    assert names(Path()) == []


@pytest.mark.parametrize(
    ("line", "options"), [("making the sample series", ()), ("Reading sizes", ("-i", "../many"))]
)
def test_ctrl_c_stops_everything_before(
    tmp_path: Path, line: str, options: tuple[str, ...]
) -> None:
    make_series(tmp_path / "many", count=40)
    here = tmp_path / "here"
    here.mkdir()
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *options, "-o", "out", "--save-blend", "zoom.blend"]
    process = subprocess.Popen(
        command,
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    printed = []
    for text in process.stdout:
        printed.append(text)
        if line in text:
            process.send_signal(signal.SIGINT)
    assert (process.wait(), printed[-1]) == (130, "Stopped.\n"), printed
    assert names(here) == []
    assert names(tmp_path) == ["here", "many"]  # the sample's folder is gone, too


# --- Things that vanish ---------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["out", "video.mp4"])
@pytest.mark.parametrize("engine", ["cycles", "workbench", "sequencer"])
def test_an_image_is_deleted_in_the_middle(
    run: Run, series: Path, engine: str, output: str
) -> None:
    gone = series / "image_1.png"  # comes into sight after the first step
    with after_frames(2, gone.unlink):
        ran = run(*arguments_for(series, output, engine))
    if engine == "sequencer":  # shows copies, which it has made before
        assert ran.status == 0, ran.lines
        return
    assert "image_1.png cannot be read any more" in ran.error
    if output == "video.mp4":
        assert names(Path()) == []
        return
    shown = frames(Path("out"))
    assert STEPS <= len(shown) <= STEPS + 1
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / STEPS))


def test_a_picture_of_the_sequencer_is_deleted_in_the_middle(run: Run, series: Path) -> None:
    def delete() -> None:
        *_, copy = picture_files(bpy.context.scene)
        copy.unlink()

    with after_frames(2, delete):
        ran = run(*arguments_for(series, "out", "sequencer"))
    assert "image_1-" in ran.error
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number / STEPS))


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_the_folder_of_frames_vanishes_in_the_middle(run: Run, series: Path, engine: str) -> None:
    arguments = arguments_for(series, "out", engine)
    with after_frames(4, lambda: shutil.rmtree("out")):
        ran = run(*arguments)
    assert "frame_00003.png is not whole): check the free space, the folder" in ran.error
    assert not Path("out").exists()
    assert run(*arguments, "--resume").status == 0
    assert_whole(Path("out"))


# --- Things that change ---------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["out", "video.mp4"])
@pytest.mark.parametrize("name", ["image_3.png", "image_1.png"])  # the latter is not seen yet
def test_an_image_changes_in_the_middle(run: Run, series: Path, output: str, name: str) -> None:
    file = series / name
    other = pictures.read(file)[::-1]

    def change() -> None:
        length = file.stat().st_size
        pictures.save(other, file)
        with file.open("ab") as stream:
            stream.write(bytes(max(0, length - file.stat().st_size)))

    Path("video.mp4").write_bytes(b"an older one")
    with after_frames(2, change):
        ran = run(*arguments_for(series, output), "--overwrite")
    assert ran.error == (
        f"Error: {name} changed while the zoom was made, which may show both: let the files be, "
        "and make it again."
    )
    assert Path("video.mp4").read_bytes() == b"an older one"
    assert run(*arguments_for(series, output), "--overwrite").status == 0


def test_an_image_changes_that_is_not_read_any_more(run: Run, series: Path) -> None:
    """The sequencer shows copies, which are made before; only of the outermost it needs none."""
    for name, is_read in (("image_1.png", False), ("image_3.png", True)):
        with after_frames(2, lambda name=name: (series / name).touch()):  # type: ignore[misc]
            ran = run(*arguments_for(series, "out", "sequencer"), "--overwrite")
        assert (ran.status != 0) == is_read, ran.lines


def test_the_sound_changes_in_the_middle(run: Run, series: Path, tmp_path: Path) -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:
        pytest.skip("does not apply: this bpy was built without sound")
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as stream:
        stream.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        stream.writeframes(bytes(8000))
    arguments = (*arguments_for(series, "video.mp4"), "--sound", sound, "-fps", 10)
    with after_frames(2, sound.touch):
        ran = run(*arguments)
    assert "sound.wav changed while the zoom was made" in ran.error
    assert names(Path()) == []
    assert run(*arguments).status == 0


def test_a_font_changes_in_the_middle(run: Run, series: Path, tmp_path: Path) -> None:
    assert run("-i", series, "--no-render", *PLAIN, "-zs", STEPS).status == 0
    font, utilities = tmp_path / "font.woff2", bpy.utils  # type: Any, Any
    fonts = Path(utilities.system_resource("DATAFILES", path="fonts"))
    shutil.copy(next(iter(sorted(fonts.glob("*.woff2")))), font)
    curve: Any = bpy.data.curves.new("Title", "FONT")
    curve.font = bpy.data.fonts.load(str(font))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Title", curve))
    with (
        after_frames(2, font.touch),
        pytest.raises(EverZoomError, match=r"font\.woff2 changed while"),
    ):
        rendering.render_animation(bpy.context.scene, str(tmp_path / "video.mp4"), 0, 8)
    assert not (tmp_path / "video.mp4").exists()


# --- A full disk ----------------------------------------------------------------------------------


@pytest.fixture
def rough(tmp_path: Path) -> Path:
    """From an even grey into noise: the frames' files become larger and larger."""
    noise = np.random.default_rng(2).uniform(size=(SIZE[1], SIZE[0], 3))
    for name, picture in (("2", np.full(noise.shape, 0.5)), ("1", noise)):
        pictures.save(picture, tmp_path / "rough" / f"{name}.png")
    return tmp_path / "rough"


def test_the_disk_is_full_of_frames(run: Run, rough: Path) -> None:
    arguments = arguments_for(rough, "out")
    assert run(*arguments_for(rough, "enough")).status == 0
    sizes = [file.stat().st_size for file in sorted(Path("enough").glob("frame_*"))]
    assert sizes == sorted(sizes)
    last = next(number for number, size in enumerate(sizes) if size > 2000)  # the note is shorter
    with largest_file(sizes[last] + 50):
        ran = run(*arguments)
    assert f"frame_{last + 1:05}.png is not whole): check the free space" in ran.error
    assert names(Path("out"))[1:] == [f"frame_{number:05}.png" for number in range(last + 1)]
    assert run(*arguments, "--resume").status == 0
    for one, other in zip(frames(Path("out")), frames(Path("enough")), strict=True):
        assert pictures.error(one, other)[1] == 0.0


def test_the_disk_is_full_of_video(run: Run, rough: Path) -> None:
    Path("video.mp4").write_bytes(b"an older one")
    with largest_file(3000):
        ran = run(*arguments_for(rough, "video.mp4"), "--overwrite")
    assert "only 0 of 5 frames were written: File too large): check the free space" in ran.error
    assert names(Path()) == ["video.mp4"]
    assert Path("video.mp4").read_bytes() == b"an older one"


@pytest.mark.parametrize(
    "option", [("--save-blend", "zoom.blend"), ("--json", "found.json")], ids=lambda o: o[0]
)
def test_the_disk_is_full_of_other_files(run: Run, series: Path, option: tuple[str, str]) -> None:
    file = Path(option[1])
    file.write_bytes(b"an older one")
    with largest_file(500):
        ran = run("-i", series, "--no-render", "--overwrite", *PLAIN, *option)
    assert f"{file} cannot be written" in ran.error
    assert names(Path()) == [file.name]
    assert file.read_bytes() == b"an older one"


def test_the_disk_is_full_of_the_sequencers_pictures(run: Run, rough: Path) -> None:
    with largest_file(1000):
        ran = run(*arguments_for(rough, "out", "sequencer"))
    assert "cannot be written (File too large): check the free space" in ran.error
    assert names(Path()) == []


def test_the_disk_is_full_of_the_sample(run: Run) -> None:
    with largest_file(5000):
        ran = run("--no-render")
    assert "sample_01.png cannot be written: check the folder and the free space" in ran.error
    assert names(Path()) == []


def test_the_disk_is_full_of_what_is_printed(series: Path, tmp_path: Path) -> None:
    """The zoom comes first."""
    code = """
import resource, sys
from ai_ever_zoom_addon import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(cli.main(sys.argv[1:]))
"""
    if sys.platform == "win32":
        pytest.skip("does not apply: no limits on Windows")
    log = tmp_path / "log"
    log.write_bytes(bytes(19_990))
    arguments = (str(argument) for argument in arguments_for(series, str(tmp_path / "out")))
    with log.open("ab") as stream:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=stream,
            stderr=subprocess.PIPE,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert_whole(tmp_path / "out")
