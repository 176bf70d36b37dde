"""Mistakes on the command line: one clear line, and nothing half-built or lost. Touches bpy."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import pictures
from tests.scene.command import PLAIN, Run, assert_shows, frames, make_series, view

ROOT = Path(__file__).resolve().parents[2]


def assert_refused(run: Run, *arguments: object, says: str) -> None:
    """An error that contains some words; what is in the folders stays, and nothing comes."""

    def there() -> dict[Path, bytes | None]:
        return {
            path: path.read_bytes() if path.is_file() else None
            for path in sorted(Path.cwd().parent.rglob("*"))
        }

    before = there()
    error = run(*arguments).error
    assert says in error, error
    assert there() == before


# --- Images ---------------------------------------------------------------------------------------


def test_a_folder_that_is_missing(run: Run) -> None:
    assert_refused(run, "-i", "nowhere", "-o", "out", says="The folder nowhere does not exist")


def test_a_folder_that_is_a_file(run: Run) -> None:
    Path("file.png").write_bytes(b"x")
    assert_refused(run, "-i", "file.png", says="file.png is not a folder")


def test_a_folder_without_images(run: Run) -> None:
    Path("empty").mkdir()
    assert_refused(run, "-i", "empty", "-o", "out", says="The folder empty holds no images")
    Path("empty", "notes.txt").write_text("hello", encoding="utf-8")
    assert_refused(run, "-i", "empty", "-o", "out", says="The folder empty holds no images")


def test_a_folder_with_one_image(run: Run, series: Path) -> None:
    (series / "image_1.png").unlink()
    (series / "image_2.png").unlink()
    assert_refused(run, "-i", series, "-o", "out", says="holds only one image (image_3.png)")


def test_what_is_no_image_is_skipped_and_named(run: Run, series: Path) -> None:
    for name in ("notes.txt", "cut.mov", ".hidden"):
        (series / name).write_text("hello", encoding="utf-8")
    (series / "folder.png").mkdir()
    ran = run("-i", series, "-o", "out", "-zs", 1, *PLAIN)
    assert ran.status == 0
    assert "Skipped, no images: cut.mov, notes.txt." in ran.lines
    assert len(frames(Path("out"))) == 3


@pytest.mark.parametrize("ending", ["gif", "HEIC", "jxl", "dng"])
def test_pictures_that_blender_does_not_read(run: Run, series: Path, ending: str) -> None:
    says = f"image_1.{ending}, image_2.{ending} cannot be read by Blender: convert them"
    for number in (1, 2):
        (series / f"image_{number}.png").rename(series / f"image_{number}.{ending}")
    assert_refused(run, "-i", series, "-o", "out", says=says)
    (series / f"image_2.{ending}").rename(series / "image_2.png")
    ran = run("-i", series, "-o", "out", "-zs", 1, *PLAIN)
    said = f"Skipped: image_1.{ending} cannot be read by Blender; convert them to PNG or JPEG."
    assert ran.status == 0 and said in ran.lines


def test_a_picture_that_blender_does_not_read_behind_another_ending(run: Run, series: Path) -> None:
    Image.new("RGB", (80, 60)).save(series / "image_2.png", "gif")
    assert_left_out(run, series, "which is a GIF file, which Blender does not read", *PLAIN)
    Image.new("RGB", (80, 60)).save(series / "image_3.png", "gif")
    assert_refused(run, "-i", series, "-o", "out", says="image_2.png is a GIF file, which Blender")


def test_images_in_a_folder_inside(run: Run, series: Path) -> None:
    says = f"the folder {series.name} in it holds several: choose that"
    assert_refused(run, "-i", series.parent, "-o", "out", says=says)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def scribble(file: Path) -> None:
    file.write_text("This is no picture.", encoding="utf-8")


def spoil(file: Path) -> None:
    """Everything of a PNG file is there, but the pixels make no sense."""
    data = file.read_bytes()
    start = data.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", data[start - 8 : start - 4])
    file.write_bytes(data[:start] + bytes(length) + data[start + length :])


def assert_left_out(run: Run, series: Path, said: str, *arguments: object) -> None:
    """Of three images the second is, with a word why, and the others are a zoom."""
    report = Path("found.json").absolute()
    ran = run("-i", series, "-o", "left", "-zs", 1, "--json", report, *arguments)
    assert ran.status == 0, ran.lines
    (line,) = (line for line in ran.lines if "Left out" in line)
    assert line.startswith("Warning: Left out: image_2.png, which ") and said in line
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["order"] == ["image_3.png", "image_1.png"]
    assert [item["file"] for item in found["left_out"]] == ["image_2.png"]
    _, last = frames(Path("left"))
    middle = np.s_[12:36, 16:48]  # around it the outer image shows through, which is no view
    assert_shows(last[middle], view(2)[middle])
    shutil.rmtree("left")
    report.unlink()


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
@pytest.mark.parametrize("damage", [cut_off, empty, scribble])
def test_a_damaged_image_is_left_out(
    run: Run, series: Path, engine: str, damage: Callable[[Path], None]
) -> None:
    damage(series / "image_2.png")
    assert_left_out(run, series, "again", *PLAIN[:2], "--engine", engine)


@pytest.mark.parametrize("damage", [cut_off, empty, scribble, spoil])
def test_a_damaged_image_that_is_looked_at_is_left_out(
    run: Run, series: Path, damage: Callable[[Path], None]
) -> None:
    damage(series / "image_2.png")
    assert_left_out(run, series, "again", "--engine", "cycles")


def test_damaged_images_are_one_line_for_each_kind_of_damage(run: Run, tmp_path: Path) -> None:
    folder = make_series(tmp_path / "five", 6)
    for number, damage in ((1, cut_off), (2, empty), (4, cut_off), (5, cut_off)):
        damage(folder / f"image_{number}.png")
    ran = run("-i", folder, "-o", "out", "-zs", 1, *PLAIN)
    assert ran.status == 0
    assert [line for line in ran.lines if "Left out" in line] == [
        "Warning: Left out: image_1.png, image_4.png, image_5.png, each of which is incomplete: "
        "export or download it again.",
        "Warning: Left out: image_2.png, which is an empty file: export it again.",
    ]


@pytest.mark.parametrize("damage", [cut_off, empty, scribble, spoil])
def test_damaged_images_that_leave_no_two_are_refused(
    run: Run, series: Path, damage: Callable[[Path], None]
) -> None:
    for number in (1, 2):
        damage(series / f"image_{number}.png")
    assert_refused(run, "-i", series, "-o", "out.mp4", says="The image image_1.png ")


@pytest.mark.parametrize("engine", ["cycles", "workbench", "sequencer"])
def test_damage_that_shows_only_in_the_picture(run: Run, series: Path, engine: str) -> None:
    spoil(series / "image_1.png")
    arguments = ("-i", series, "-zs", 2, *PLAIN[:2], "--engine", engine)
    assert "image_1.png" in run(*arguments, "-o", "out").error
    assert_refused(run, *arguments, "-o", "out.mp4", says="image_1.png")
    # The frames before are whole, and there are no others.
    for number, picture in enumerate(frames(Path("out")) if Path("out").exists() else []):
        assert number < 3
        assert_shows(picture, view(number / 2))


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif", "bmp"])
def test_an_image_of_another_kind_that_is_cut_off(run: Run, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "pictures"
    for index in range(3):
        file = pictures.save(view(index, (160, 120), width=1.0), folder / f"{3 - index}.{ending}")
    arguments = ("-i", folder, "-o", "out", "-zs", 1, *PLAIN)
    assert run(*arguments).status == 0
    shutil.rmtree("out")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    ran = run(*arguments)
    assert ran.status == 0
    assert any(line.startswith(f"Warning: Left out: 1.{ending}, which ") for line in ran.lines)
    for number, picture in enumerate(frames(Path("out"))):
        assert number < 2
        assert_shows(picture, view(number, (128, 96)), limit=3.0)


def test_shapes_that_cannot_lie_in_each_other(run: Run, series: Path) -> None:
    """In frames as most images are, a broad one shows no more than the next one inside it."""
    pictures.save(view(0, (160, 40)), series / "image_7.png")
    says = "image_3.png shows no less than image_7.png"
    arguments = ("-i", series, "-o", "out", "--resolution", "4:3", *PLAIN)
    assert_refused(run, *arguments, says=says)


def test_sizes_that_differ_by_a_few_pixels_are_fitted(run: Run, tmp_path: Path) -> None:
    for index, size in enumerate([(160, 120), (161, 119), (158, 120)]):
        pictures.save(view(index, (640, 480), width=1.0)[::4, ::4], tmp_path / "x" / "0.png")
        with Image.open(tmp_path / "x" / "0.png") as image:
            image.resize(size, Image.Resampling.LANCZOS).save(tmp_path / "x" / f"{9 - index}.png")
    (tmp_path / "x" / "0.png").unlink()
    assert run("-i", tmp_path / "x", "-o", "out", "-zs", 1, *PLAIN).status == 0
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number, (128, 96)), limit=4.0)


# --- Numbers and words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("-zf", "1", "-zf/--zoom-factor 1: use a number from 1.0001 to 64"),
        ("-zf", "0.5", "from 1.0001 to 64"),
        ("-zf", "-2", "from 1.0001 to 64"),
        ("-zf", "nan", "from 1.0001 to 64"),
        ("-zf", "inf", "from 1.0001 to 64"),
        ("-zf", "two", "--zoom-factor two: use a number from"),
        ("-zs", "0", "-zs/--zoom-steps 0: use a whole number from 1 to 1000000."),
        ("-zs", "-3", "--zoom-steps -3: use"),
        ("-zs", "1.5", "--zoom-steps 1.5: use a whole number from 1"),
        ("-zc", "0.05", "-zc/--zoom-crop 0.05: use a number from 0.1 to 0.95."),
        ("-zc", "1", "--zoom-crop 1: use a number from 0.1"),
        ("-zc", "nan", "--zoom-crop nan: use a number from 0.1"),
        ("-fps", "0", "--frames-per-second 0: use a number from 0.1 to 1000."),
        ("-fps", "-1", "--frames-per-second -1: use"),
        ("-d", "-1", "-d/--delay -1: use a number from 0 to 3600."),
        ("--feather", "0.3", "--feather 0.3: use a number from 0 to 0.25."),
        ("--samples", "-1", "--samples -1: use a whole number from 0 to 1000000."),
        ("--resolution", "640", "--resolution 640: use a size from 4x4 to 65536x65536, such as"),
        ("--resolution", "axb", "--resolution axb: use a size from"),
        ("--resolution", "0x0", "--resolution 0x0: use a size from"),
        ("--frames", "3-1", "--frames 3-1"),
        ("--frames", "0-5", "has the frames 0 to 4"),
        ("--frames", "x", "--frames x: use the first and the last, such as 10-20, or one."),
        ("--order", "up", "'up'"),
        ("--length", "0", "--length 0: use a number from 0.001 to 86400."),
        ("--length", "0.01", "too short for a frame from each image"),
        ("--length", "long", "--length long: use a number from 0.001"),
        ("--ease", "-1", "-1"),
        ("--travel", "away", "'away'"),
        ("--roll", "5", "--roll 5: use a number from -4 to 4."),
        ("--target", "left 0", "--target left: use a number from -0.5 to 0.5."),
        ("--target", "3 0", "--target 3: use"),
        ("--target", "0.1", "expected 2"),
        ("--resolution", "16:0", "16:0"),
        ("--sound", "nothing.wav", "nothing.wav"),
        ("--engine", "povray", "'povray'"),
        ("--mask", "star", "'star'"),
        ("--centre", "left", "'left'"),
        ("--colour", "red", "--colour"),
        ("-o", "zoom.mkv", "ends in .mkv: use a name that ends in .mp4"),
        ("-o", "zoom.gif", "zoom.gif is a GIF, whose 256 colours show in a zoom"),
        ("--save-blend", "zoom.txt", "ends in .blend"),
        ("--farm", "zoom.txt", ".blend"),
    ],
)
def test_a_value_that_makes_no_sense(
    run: Run, series: Path, option: str, value: str, says: str
) -> None:
    arguments = ["-i", series, "-zs", 2, "-o", "out", *PLAIN, "--save-blend", "zoom.blend"]
    assert_refused(run, *arguments, option, *value.split(), says=says)


def test_an_option_without_its_value(run: Run) -> None:
    assert_refused(run, "-i", says="-i")


def test_the_sequencer_draws_no_overlay(run: Run, series: Path) -> None:
    ran = run("-i", series, "-o", "out", "-zs", 2, "--engine", "sequencer", "-dbg")
    assert ran.status == 0
    assert any(line.startswith("Warning: ") and "overlay" in line for line in ran.lines)


def test_a_feather_that_leaves_nothing(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-o", "out", "-zc", 0.3, "--feather", 0.25, *PLAIN)
    assert_refused(run, *arguments, says="make the feather smaller")


# --- Places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ("-o", "file/frames"),
        ("-o", "file/a/b/c/"),
        ("-o", "file/video.mp4"),
        ("-o", "file"),
        ("--save-blend", "file/zoom.blend"),
        ("--json", "file/found.json"),
        ("--farm", "file/zoom.blend"),
        ("-o", "/proc/frames"),
        ("-o", "/dev/null/video.mp4"),
    ],
)
def test_a_place_that_cannot_be_written(run: Run, series: Path, option: str, place: str) -> None:
    if place.startswith("/") and sys.platform != "linux":
        pytest.skip("does not apply: this place is Linux's")
    Path("file").write_text("mine", encoding="utf-8")
    arguments = ["-i", series, "-zs", 1, *PLAIN, "-o", "out", option, place]
    assert_refused(run, *arguments, says="cannot be written")


@pytest.mark.parametrize("option", ["--save-blend", "--json", "--farm"])
def test_a_file_that_is_a_folder(run: Run, series: Path, option: str) -> None:
    Path("zoom.blend").mkdir()
    arguments = ["-i", series, "-zs", 1, *PLAIN, "-o", "out", option, "zoom.blend"]
    assert_refused(run, *arguments, says="is a folder")


def test_images_are_never_overwritten(run: Run, tmp_path: Path) -> None:
    folder = make_series(tmp_path / "mine")
    for number in (1, 2, 3):
        (folder / f"image_{number}.png").rename(folder / f"frame_0000{number}.png")
    for output in (str(folder), f"{folder}/", f"{folder}/../mine"):
        assert_refused(run, "-i", folder, "-o", output, *PLAIN, says="that of the images")


def test_folders_are_made(run: Run, series: Path) -> None:
    places = ("-o", "a/b/frames", "--json", "c/d/found.json", "--save-blend", "e/f/zoom.blend")
    assert run("-i", series, "-zs", 1, *PLAIN, *places).status == 0
    assert len(frames(Path("a/b/frames"))) == 3
    assert Path("c/d/found.json").exists()
    assert Path("e/f/zoom.blend").exists()


def test_a_video_cannot_be_resumed(run: Run, series: Path) -> None:
    Path("zoom.mp4").write_bytes(b"old")
    arguments = ("-i", series, "-o", "zoom.mp4", "--resume", "--save-blend", "zoom.blend")
    assert_refused(run, *arguments, says="render to a folder of frames")


NAMES = [
    "two words",
    "Ünïcödé é",
    "猫と犬",
    "🐱 emoji",
    "50% {off} #1",
    'it\'s "quoted"',
    "-minus",
    "a.b.c d",
]


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
@pytest.mark.parametrize("name", NAMES)
def test_names(run: Run, series: Path, engine: str, name: str) -> None:
    folder = series.rename(series.with_name(name))
    for number in (1, 2, 3):
        (folder / f"image_{number}.png").rename(folder / f"{name} {number}.png")
    arguments = ["-i", folder, "-zs", 1, *PLAIN[:2], "--engine", engine]
    where = Path.cwd() / name
    assert run(*arguments, "-o", f"{where}/", "--json", f"{where}.json").status == 0
    for number, picture in enumerate(frames(where)):
        assert_shows(picture, view(number), limit=3.0)
    order = json.loads(Path(f"{where}.json").read_text(encoding="utf-8"))["order"]
    assert order == [f"{name} {number}.png" for number in (3, 2, 1)]
    ran = run(*arguments, "-o", f"{where}.mp4", "--save-blend", f"{where}.blend")
    assert ran.status == 0, ran.lines
    for ending in ("mp4", "blend"):
        assert Path(f"{where}.{ending}").stat().st_size > 1000
    assert not list(Path.cwd().glob("*partial*"))


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_a_name_that_is_no_text(run: Run, series: Path, engine: str) -> None:
    if sys.platform != "linux":
        pytest.skip("does not apply: here every name is text")
    for number in (1, 2, 3):
        (series / f"image_{number}.png").rename(
            os.fsdecode(f"{series}/{number} ".encode() + b"\xff.png")
        )
    arguments = ("-i", series, "-o", "out", "-zs", 1, *PLAIN[:2], "--engine", engine)
    assert_refused(run, *arguments, says="1 \\xff.png is no text")


@pytest.mark.parametrize(
    ("option", "ending"),
    [("-o", ""), ("-o", ".mp4"), ("--json", ".json"), ("--save-blend", ".blend")],
)
def test_a_place_whose_name_is_no_text(run: Run, series: Path, option: str, ending: str) -> None:
    name = f"out \udcff{ending}"
    arguments = ("-i", series, "-o", "out", "-zs", 1, *PLAIN, option, name)
    assert_refused(run, *arguments, says="is no text")


def test_help_is_printed_where_it_is_asked_for() -> None:
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--zoom-factor" in done.stdout


def test_nobody_reads_what_is_printed(series: Path, tmp_path: Path) -> None:
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "-i", str(series), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        [*command, "-zs", "2", *PLAIN], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait() == 0
    assert b"Error" not in errors and b"Traceback" not in errors
    assert len(frames(tmp_path / "out")) == 5
