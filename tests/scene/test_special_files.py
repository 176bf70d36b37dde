"""Links, pipes and devices where something is to be written: never replaced. Touches bpy."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.files.output import is_whole_picture
from ai_ever_zoom_addon.core.files.video_file import frames_of_video
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene.output import farm
from tests.scene.command import FRAME, PLAIN, Run, make_series
from tests.scene.test_bad_input import assert_refused

pytestmark = [
    pytest.mark.newest,
    pytest.mark.skipif(os.name != "posix", reason="does not apply: no such files there"),
]

ROOT = Path(__file__).resolve().parents[2]

SHEET = (1624, 664)  # of two joins

# The option, what it names, and the file that is written.
OUTPUTS = [
    ("--json", "found.json", "found.json"),
    ("--save-blend", "zoom.blend", "zoom.blend"),
    ("--farm", "farm.blend", "farm.blend"),
    ("--check", "joins.png", "joins.png"),
    ("--output", "zoom.mp4", "zoom.mp4"),
    ("--output", "frames", "frames/frame_00001.png"),
]
every_output = pytest.mark.parametrize(("option", "name", "file"), OUTPUTS, ids=str)


def is_whole(file: Path, suffix: str) -> bool:
    """Whether a file holds what is written to a name that ends so."""
    match suffix:
        case ".json":
            return "order" in json.loads(file.read_text(encoding="utf-8"))
        case ".blend":
            bpy.ops.wm.open_mainfile(filepath=str(file))
            return bool(bpy.context.scene.objects)
        case ".mp4":
            return frames_of_video(file) == 3
    return is_whole_picture(file, SHEET) or is_whole_picture(file, FRAME)


def arguments_for(series: Path, option: str, name: str) -> list[object]:
    more = [] if option in ("--output", "--check") else ["--no-render"]
    return ["-i", series, "-zs", 1, *PLAIN, option, name, "--overwrite", *more]


@pytest.fixture
def device() -> Iterator[tuple[Path, int]]:
    """A device that harms nobody should it be replaced, and its other end."""
    master, slave = os.openpty()
    yield Path(os.ttyname(slave)), master
    os.close(master)
    os.close(slave)


@every_output
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_stays_and_its_target_is_written(
    run: Run, series: Path, option: str, name: str, file: str, is_there: bool
) -> None:
    link, target = Path(file), Path("elsewhere", "real").absolute()
    target.parent.mkdir()
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    if is_there:
        target.write_bytes(b"an older one")
    ran = run(*arguments_for(series, option, name))
    assert ran.status == 0, ran.lines
    assert link.readlink() == target
    assert is_whole(target, link.suffix)
    backup = {"real1"}  # Blender's own
    assert {path.name for path in target.parent.iterdir()} - backup == {"real"}


@every_output
def test_a_link_into_a_folder_that_is_missing(
    run: Run, series: Path, option: str, name: str, file: str
) -> None:
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).symlink_to("missing/real")
    says = "missing, which is not there"
    assert_refused(run, *arguments_for(series, option, name), says=says)
    assert Path(file).readlink() == Path("missing/real")


@pytest.mark.parametrize(("option", "name", "file"), OUTPUTS[1:], ids=str)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_blender_writes_goes_to_no_pipe_nor_device(
    run: Run,
    series: Path,
    device: tuple[Path, int],
    option: str,
    name: str,
    file: str,
    kind: str,
) -> None:
    place = Path(file)
    place.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(device[0])
    before = place.lstat()
    assert_refused(run, *arguments_for(series, option, name), says="is a device or a pipe")
    assert os.path.samestat(place.lstat(), before)


def test_the_report_goes_to_a_pipe(run: Run, series: Path) -> None:
    pipe = Path("found.json").absolute()
    os.mkfifo(pipe)
    got: list[Any] = []
    reader = threading.Thread(target=lambda: got.append(json.loads(pipe.read_text())), daemon=True)
    reader.start()
    assert run(*arguments_for(series, "--json", "found.json")).status == 0
    reader.join(10)
    assert len(got[0]["order"]) == 3
    assert pipe.is_fifo()


def test_the_report_goes_to_a_device(run: Run, series: Path, device: tuple[Path, int]) -> None:
    path, other_end = device
    got = bytearray()

    def read() -> None:
        while not got.endswith(b"\n}\r\n"):  # as a terminal shows it
            got.extend(os.read(other_end, 1000))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert run(*arguments_for(series, "--json", str(path))).status == 0
    reader.join(10)
    assert len(json.loads(got)["order"]) == 3
    assert stat.S_ISCHR(path.stat().st_mode)


def test_a_folder_of_frames_may_be_a_link(run: Run, series: Path) -> None:
    Path("frames").symlink_to("later")
    assert run(*arguments_for(series, "--output", "frames")).status == 0
    assert Path("frames").readlink() == Path("later")
    assert len(list(Path("later").glob("[!.]*"))) == 3


def test_resumed_frames_may_be_links(run: Run, series: Path) -> None:
    """The whole one is kept, the other made anew where it lies."""
    arguments = arguments_for(series, "--output", "frames")
    assert run(*arguments).status == 0
    Path("elsewhere").mkdir()
    for number in (0, 1):
        frame = Path(f"frames/frame_0000{number}.png").absolute()
        real = Path("elsewhere", frame.name).absolute()
        frame.rename(real)
        frame.symlink_to(real)
    real.write_bytes(b"broken")
    ran = run(*arguments, "--resume")
    folder = Path("frames").absolute()
    assert ran.lines[-1] == f"Wrote 1 frame to {folder}. 2 were there already."
    assert frame.readlink() == real and is_whole(real, ".png")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_the_open_file_is_not_prepared_into_a_pipe_or_device(
    run: Run, series: Path, device: tuple[Path, int], kind: str
) -> None:
    assert run(*arguments_for(series, "--save-blend", "zoom.blend")).status == 0
    bpy.ops.wm.open_mainfile(filepath=str(Path("zoom.blend").absolute()))
    place = Path("farm.blend").absolute()
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(device[0])
    before = place.lstat()
    with pytest.raises(EverZoomError, match="is a device or a pipe"):
        farm.prepare(bpy.context.scene, place)
    assert os.path.samestat(place.lstat(), before)
    assert sorted(path.name for path in Path().iterdir()) == ["farm.blend", "zoom.blend"]


# --- Standard output ------------------------------------------------------------------------------


def run_apart(*arguments: object, **streams: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, with other standard streams."""
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *(str(argument) for argument in arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams),
    )


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "link"])
def test_the_report_alone_goes_to_standard_output(series: Path, tmp_path: Path, name: str) -> None:
    if name == "link":
        (tmp_path / "link").symlink_to("/dev/stdout")
        name = str(tmp_path / "link")
    done = run_apart("-i", series, *PLAIN, "-zs", 1, "-o", tmp_path / "out", "--json", name)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == [0, 2]
    assert done.stderr.splitlines()[-1] == f"Wrote 3 frames to {tmp_path / 'out'}."
    assert {path.name for path in tmp_path.iterdir()} <= {"series", "out", "link"}


@pytest.mark.newest
def test_what_blender_says_as_it_starts_is_not_in_the_report(series: Path) -> None:
    """Where it finds no list of disks, as in a bare folder that is the root of a system."""
    without = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*without, "true"]).returncode:
        pytest.skip("does not apply: nothing can be mounted here")
    code = "import sys, build; sys.exit(build.run_inside(sys.argv[1:]))"
    arguments = ["-i", str(series), *PLAIN, "-zs", "1", "--no-render", "--json", "-"]
    done = subprocess.run(
        [*without, sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["order"]) == 3
    assert "mounted file-systems" in done.stderr


def test_an_error_leaves_standard_output_empty(tmp_path: Path) -> None:
    done = run_apart("-i", tmp_path / "nowhere", "--json", "-")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1


def test_the_report_may_go_to_standard_error(series: Path) -> None:
    done = run_apart("-i", series, *PLAIN, "--no-render", "--json", "/dev/stderr")
    assert len(json.loads(done.stderr)["order"]) == 3
    assert "3 images of 80x60" in done.stdout


def test_the_file_that_standard_output_goes_to_is_not_replaced(
    series: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        print("before", file=stream, flush=True)
        arguments = ("-i", series, *PLAIN, "--no-render", "--json", log)
        assert run_apart(*arguments, stdout=stream).returncode == 0
        print("after", file=stream, flush=True)
    first, _, rest = log.read_text(encoding="utf-8").partition("\n")
    assert (first, rest.splitlines()[-1]) == ("before", "after")
    assert len(json.loads(rest.removesuffix("after\n"))["order"]) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="does not apply: no such device there")
def test_nobody_gets_the_report(series: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = run_apart("-i", series, *PLAIN, "--no-render", "--json", "-", stdout=full)
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error == (
        "Error: Standard output cannot be written (No space left on device): choose another place."
    )


# --- Two for one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--json", "a.blend", "--save-blend", "./a.blend"), "--save-blend and --json"),
        (("--json", "a.blend", "--farm", "A.blend"), "--farm and --json"),
        (("--save-blend", "a.blend", "--farm", "link.blend"), "--save-blend and --farm"),
        (("--json", "a.mp4", "-o", "a.mp4"), "--json and --output"),
        (("--json", "out", "-o", "out"), "--json and --output"),
        (("--json", "out/frame_00001.png", "-o", "out"), "--json and --output"),
        (("--save-blend", "a.blend", "-o", "a.blend/"), "--save-blend and --output"),
        (("--farm", "a.blend", "-o", "link.mp4"), "--farm and --output"),
        (("--check", "out/frame_00001.png", "-o", "out"), "--check and --output"),
    ],
)
def test_two_options_that_name_one_file(
    run: Run, series: Path, options: tuple[str, ...], named: str
) -> None:
    Path("link.blend").symlink_to("a.blend")
    Path("link.mp4").symlink_to("a.blend")
    assert_refused(run, "-i", series, *PLAIN, *options, says=f"{named} name the same file")


@pytest.mark.parametrize("name", ["image_2.png", "../mine/image_2.png"])
def test_images_are_not_written_over(run: Run, tmp_path: Path, name: str) -> None:
    folder = make_series(tmp_path / "mine")
    for option in ("--json", "--check"):
        more = (option, folder / name, "--overwrite")
        assert_refused(run, "-i", folder, *PLAIN, *more, says="is made from")


@pytest.mark.newest
def test_depth_maps_are_not_written_over(run: Run, tmp_path: Path) -> None:
    folder = make_series(tmp_path / "mine")
    shutil.copy(folder / "image_2.png", folder / "image_2_depth.png")
    maps = tmp_path / "maps"
    maps.mkdir()
    shutil.copy(folder / "image_2.png", maps)
    for options, depth in (((), folder / "image_2_depth.png"), (("--depth", maps), maps)):
        file = depth if depth.is_file() else depth / "image_2.png"
        more = (*options, "--check", file, "--overwrite")
        assert_refused(run, "-i", folder, *PLAIN, *more, says="is made from")


def test_a_sound_is_not_written_over(run: Run, series: Path) -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:
        pytest.skip("does not apply: this bpy was built without sound")
    with wave.open("tone.wav", "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(8000)
        output.writeframes(bytes(16000))
    Path("link").symlink_to("tone.wav")
    sound = ("--sound", "tone.wav", "--length", 1)
    assert_refused(
        run, "-i", series, *PLAIN, *sound, "--json", "link", "--overwrite", says="is made from"
    )
