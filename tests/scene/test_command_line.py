"""The command line: every option does what the README says. Touches bpy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.wording import counted
from tests import pictures, series_maker
from tests.pictures import Nest, Size
from tests.scene import command
from tests.scene.command import FRAME, PLAIN, Run, assert_shows, frames, make_series, view

README = Path(__file__).resolve().parents[2] / "README.md"


# --- What is written ------------------------------------------------------------------------------


def test_a_folder_of_frames(run: Run, series: Path) -> None:
    ran = run("-i", series, "-o", "frames", "-zs", 2, *PLAIN)
    assert ran.status == 0
    assert ran.lines[-1] == f"Wrote 5 frames to {Path('frames').absolute()}."
    assert [file.name for file in sorted(Path("frames").glob("[!.]*"))] == [
        f"frame_{number:05}.png" for number in range(5)
    ]
    for number, picture in enumerate(frames(Path("frames"))):
        assert_shows(picture, view(number / 2))
        assert pictures.error(picture, view((number + 1) / 2))[0] > 5.0


@pytest.mark.parametrize("name", ["video.mp4", "Video.MP4"])
def test_a_video(run: Run, series: Path, name: str) -> None:
    assert run("-i", series, "-o", name, "-zs", 2, "-fps", 24, *PLAIN).status == 0
    assert [path.name for path in Path.cwd().iterdir()] == [name]
    with av.open(name) as container:
        (stream,) = container.streams.video
        assert not container.streams.audio
        assert "mp4" in container.format.name
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.width, context.height) == FRAME
        assert stream.average_rate == 24
        shown = [frame.to_ndarray(format="rgb24") / 255 for frame in container.decode(stream)]
    assert len(shown) == 5
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / 2), limit=6.0)  # colours are coded at half the size
        assert pictures.error(picture, view((number + 1) / 2))[0] > 10.0


@pytest.mark.newest
def test_nothing_is_replaced_unasked(run: Run, series: Path) -> None:
    for name, remedy in (("video.mp4", "name, or add --overwrite"), ("frames", "add --resume")):
        arguments = ("-i", series, "-o", name, "-zs", 1, *PLAIN)
        assert run(*arguments).status == 0
        path = Path(name)
        files = sorted(path.glob("[!.]*")) or [path]
        times = [file.stat().st_mtime_ns for file in files]
        error = run(*arguments).error
        assert "there already" in error and remedy in error
        assert run(*arguments, "--no-render").status == 0
        assert [file.stat().st_mtime_ns for file in files] == times
        assert run(*arguments, "--overwrite").status == 0
        assert min(file.stat().st_mtime_ns for file in files) > max(times)


@pytest.mark.newest
@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--json", "a.json"),
        ("--save-blend", "a.blend"),
        ("--farm", "a.blend"),
        ("--check", "a.png"),
    ],
)
def test_no_other_file_is_replaced_unasked(run: Run, series: Path, option: str, name: str) -> None:
    Path(name).write_bytes(b"mine")
    arguments = ("-i", series, "-zs", 1, *PLAIN, "--no-render", option, name)
    says = f"{Path(name).absolute()} is there already: choose another name, or add --overwrite"
    assert says in run(*arguments).error
    assert Path(name).read_bytes() == b"mine"
    assert [path.name for path in Path.cwd().iterdir()] == [name]
    assert run(*arguments, "--overwrite").status == 0
    assert Path(name).read_bytes() != b"mine"


@pytest.mark.newest
def test_an_interrupted_run_is_gone_on_with_by_the_same_command(run: Run, series: Path) -> None:
    made = ("--save-blend", "zoom.blend", "--json", "found.json")
    arguments = ("-i", series, "-zs", 1, *PLAIN, "-o", "frames", *made)
    assert run(*arguments).status == 0
    Path("frames", "frame_00001.png").unlink()
    assert "is there already" in run(*arguments).error
    assert " 2 were there already." in run(*arguments, "--resume").lines[-1]


@pytest.mark.newest
def test_a_video_that_nobody_has_named_gets_a_free_name(run: Run, series: Path) -> None:
    names = ["infinite_zoom.mp4", "infinite_zoom-2.mp4", "infinite_zoom-3.mp4"]
    for number, name in enumerate(names):
        ran = run("-i", series, "-zs", 1, *PLAIN)
        assert ran.lines[-1] == f"Wrote 3 frames to {Path(name).absolute()}."
        assert {path.name for path in Path.cwd().iterdir()} == set(names[: number + 1])
    before = Path(names[0]).stat().st_mtime_ns
    assert run("-i", series, "-zs", 1, *PLAIN, "--overwrite").status == 0
    assert Path(names[0]).stat().st_mtime_ns > before


@pytest.mark.newest
def test_the_default_is_a_video_of_the_sample(run: Run) -> None:
    arguments = ("-zs", 1, "--resolution", "64x64", *PLAIN[:2], "--engine", "sequencer")
    ran = run(*arguments, "--save-blend", "zoom.blend")
    assert ran.status == 0, ran.lines
    assert sorted(path.name for path in Path.cwd().iterdir()) == [
        "infinite_zoom.mp4",
        "zoom.blend",
        "zoom_strips",
    ]
    with av.open("infinite_zoom.mp4") as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == 30
    assert len(shown) == 8
    assert all(picture.shape == (64, 64, 3) and picture.std() > 10 for picture in shown)
    # The sample's images were temporary: the file has brought them along.
    bpy.ops.wm.open_mainfile(filepath=str(Path("zoom.blend").absolute()))
    rendering.check_images(bpy.context.scene)


@pytest.mark.newest
def test_a_picture_of_all_joins_is_drawn_and_nothing_is_rendered(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 10, *PLAIN, "--check", "joins.png")
    ran = run(*arguments, "--json", "found.json")
    sheet = Path("joins.png").absolute()
    assert ran.status == 0, ran.lines
    assert f"Wrote a picture of all joins to {sheet}." in ran.lines
    assert {path.name for path in Path.cwd().iterdir()} == {"joins.png", "found.json"}
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert (found["check_file"], found["output"]) == (str(sheet), None)
    # Its zoom is called as the folder of the images.
    assert bpy.context.scene is not None and bpy.context.scene.name == series.name
    assert not [line for line in ran.lines if "Nothing is rendered" in line]
    before = sheet.stat().st_mtime_ns
    assert "joins.png is there already" in run(*arguments).error
    assert sheet.stat().st_mtime_ns == before
    ran = run(*arguments, "--overwrite", "-o", "zoom.mp4")
    assert ran.status == 0 and not Path("zoom.mp4").exists()
    video = Path("zoom.mp4").absolute()
    assert f"Nothing is rendered to {video}: leave out --check for that." in ran.lines
    assert sheet.stat().st_mtime_ns > before
    assert "use a name that ends in .png" in run(*arguments[:-1], "joins.jpg").error
    # The first frame on it shows the world, between the two images.
    picture = pictures.read(sheet)
    seen = picture[-300 - 4 : -4, 4:404]
    errors = [pictures.error(seen, view(1 + part / 20, (400, 300)))[0] for part in range(21)]
    assert min(errors) < 3.0 < errors[0] and min(errors) < errors[20]


# --- The options ----------------------------------------------------------------------------------


def test_the_readme_lists_all_options(run: Run) -> None:
    table = re.findall(r"^\| (`-.*?)\|(?: |$)", README.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name for row in table for name in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row)}
    ran = run("--help")
    assert ran.status == 0
    offered = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(ran.lines)))
    offered -= {"-h", "--help"}
    offered -= {"--no-align", "--no-match-colour", "--no-glide"} - listed
    assert listed == offered


@pytest.mark.parametrize("factor", [2.0, 1.5, 1.333])
def test_zoom_factor(run: Run, tmp_path: Path, factor: float) -> None:
    folder = make_series(tmp_path / "nested", factor=factor)
    assert run("-i", folder, "-o", "out", "-zf", factor, "-zs", 3, *PLAIN).status == 0
    shown = frames(Path("out"))
    assert len(shown) == 7
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / 3, factor=factor))


@pytest.mark.parametrize("factor", [2.0, 1.5])
def test_zoom_factor_auto(run: Run, tmp_path: Path, factor: float) -> None:
    truth = series_maker.outpaint([factor, factor], (160, 120))
    folder = outpainted(truth, tmp_path / "outpainted")
    assert run("-i", folder, "--no-render", "-zf", "auto", "--json", "found.json").status == 0
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert found["zoom_factor"] == pytest.approx(factor, rel=0.003)
    assert [pair["factor"] for pair in found["pairs"]] == pytest.approx([factor] * 2, rel=0.01)


def outpainted(truth: series_maker.Truth, folder: Path, names: str = "cba") -> Path:
    """The files of a series as generators make it; `names`: outermost first."""
    for image, name in zip(truth.images, names, strict=True):
        pictures.save(image.astype(np.float64), folder / f"{name}.png")
    return folder


def test_zoom_steps(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "one", "-zs", 1, *PLAIN).status == 0
    assert run("-i", series, "-o", "four", "-zs", 4, *PLAIN).status == 0
    one, four = frames(Path("one")), frames(Path("four"))
    assert (len(one), len(four)) == (3, 9)
    for picture, same in zip(one, four[::4], strict=True):
        assert pictures.error(picture, same)[1] == 0.0


def test_zoom_crop(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "-zs", 1, "-zc", 0.5, *PLAIN).status == 0
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number, (40, 30), width=0.5))


def test_reverse(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "in", "-zs", 2, *PLAIN).status == 0
    assert run("-i", series, "-o", "out", "-zs", 2, "-rev", *PLAIN).status == 0
    inwards, outwards = frames(Path("in")), frames(Path("out"))
    assert len(inwards) == len(outwards) == 5
    for one, other in zip(inwards, reversed(outwards), strict=True):
        assert pictures.error(one, other)[1] <= 1.0
    assert_shows(outwards[0], view(2))


def test_delay_holds_the_first_and_the_last_frame(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "-zs", 2, "-fps", 4, "-d", 0.5, *PLAIN).status == 0
    shown = frames(Path("out"))
    levels = [0, 0, 0, 0.5, 1, 1.5, 2, 2, 2]
    assert len(shown) == len(levels)
    for picture, level in zip(shown, levels, strict=True):
        assert_shows(picture, view(level))


def test_no_delay_drops_nothing(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "-zs", 2, "-d", 0, *PLAIN).status == 0
    shown = frames(Path("out"))
    assert len(shown) == 5
    assert_shows(shown[0], view(0))
    assert_shows(shown[-1], view(2))


def test_length(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "--length", 2, "-fps", 3, *PLAIN).status == 0
    shown = frames(Path("out"))
    assert len(shown) == 6
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number * 2 / 5))


@pytest.mark.parametrize(
    ("options", "levels"), [((), [0, 1, 2, 1, 0]), (("-rev",), [2, 1, 0, 1, 2])]
)
def test_travel(run: Run, series: Path, options: tuple[str, ...], levels: list[int]) -> None:
    arguments = ("-i", series, "-o", "out", "-zs", 1, "--travel", "there-and-back", *PLAIN)
    assert run(*arguments, *options).status == 0
    for picture, level in zip(frames(Path("out")), levels, strict=True):
        assert_shows(picture, view(level))


def test_ease(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "-zs", 4, "--ease", 0.1, *PLAIN).status == 0
    shown = frames(Path("out"))
    assert len(shown) == 9
    assert_shows(shown[0], view(0))
    assert_shows(shown[4], view(1))
    assert_shows(shown[8], view(2))
    # It starts and ends slower than it would otherwise.
    for picture, end, other in ((shown[1], 0, 0.25), (shown[7], 2, 1.75)):
        near, far = (pictures.error(picture, view(level))[0] for level in (end, other))
        assert 1.0 < near < far


@pytest.mark.parametrize(
    ("options", "setting", "value"),
    [
        (("--roll", "-0.25"), "roll", -0.25),
        (("--target", "-0.1", "0.2"), "target", [-0.1, 0.2]),
        (("--resolution", "16:9"), "resolution_from", "16:9"),
        (("--resolution", "4K"), "resolution_from", "4k"),
        (("--format", "h265", "-o", "a.mp4"), "file_format", "h265"),
        (("--travel", "loop"), "travel", "loop"),
        (("--samples", "3"), "samples", 3),
        (("--feather", "0.1"), "feather", 0.1),
        (("--pack",), "pack_images", True),
    ],
)
def test_the_report_tells_the_settings(
    run: Run, series: Path, options: tuple[str, ...], setting: str, value: object
) -> None:
    assert run("-i", series, "--no-render", *PLAIN, "--json", "done.json", *options).status == 0
    settings = json.loads(Path("done.json").read_text(encoding="utf-8"))["settings"]
    assert settings[setting] == value


@pytest.mark.parametrize(
    ("option", "rate"),
    [("12.5", 12.5), ("29.97", 30 / 1.001), ("7.3", 7.3), ("0.1", 0.1), ("1000", 1000.0)],
)
def test_frames_per_second(run: Run, series: Path, option: str, rate: float) -> None:
    assert run("-i", series, "-o", "v.mp4", "-zs", 2, "-fps", option, *PLAIN).status == 0
    with av.open("v.mp4") as container:
        assert float(container.streams.video[0].average_rate or 0) == pytest.approx(rate, rel=1e-5)


def test_order(run: Run, series: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned"
    turned.mkdir()
    for number in (1, 2, 3):  # natural order: 9 before 10
        (series / f"image_{number}.png").rename(turned / f"image_{12 - number}.png")
    arguments = ("-i", turned, "-o", "out", "-zs", 2, "--feather", 0, *PLAIN)
    assert run(*arguments, "--order", "outermost-first").status == 0
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number / 2))
    assert run(*arguments, "--order", "innermost-first", "--overwrite").status == 0
    shown = frames(Path("out"))
    assert_shows(shown[0], view(2))  # as asked for, though it is wrong
    assert_shows(shown[-1], view(0))


def test_order_is_found(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "outermost first", "abc")
    ran = run("-i", folder, "--no-render", "--order", "auto", "--json", "found.json")
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert found["file_order"] == "outermost-first"
    assert found["order"] == ["a.png", "b.png", "c.png"]
    assert any("from the outermost, a.png, to the innermost, c.png" in line for line in ran.lines)


def test_auto_sort(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0, 2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "shuffled", "cadb")
    arguments = ("-i", folder, "-o", "out", "-as", "-zs", 1, "--feather", 0, *PLAIN)
    assert run(*arguments, "--json", "found.json").status == 0
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert found["order"] == ["c.png", "a.png", "d.png", "b.png"]
    assert found["settings"]["order"] == "sorted"
    for picture, image in zip(frames(Path("out")), truth.images, strict=True):
        assert_shows(picture, image[12:-12, 16:-16].astype(np.float64))


BLACK, WHITE = pictures.flat((0.1, 0.1, 0.1)), pictures.flat((0.9, 0.9, 0.9))


@pytest.mark.parametrize("feather", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("mask", ["rectangle", "ellipse"])
def test_feather_and_mask(run: Run, tmp_path: Path, feather: float, mask: str) -> None:
    nest = Nest((BLACK, WHITE), size=(80, 80), feather=feather, ellipse=mask == "ellipse")
    nest.files(tmp_path / "nest")
    arguments = ("-i", tmp_path / "nest", "-o", "out", "-zs", 2, "--frames", 1)
    assert run(*arguments, "--feather", feather, "--mask", mask, *PLAIN).status == 0
    (picture,) = frames(Path("out"))
    wrong = np.abs(picture - nest.view(0.5)).max(axis=2) * 255 > 4.0
    # A hard edge is drawn at the pixel's centre here and there alike, but for a rim of one pixel.
    assert wrong.mean() <= (0.03 if feather == 0.0 else 0.0)
    assert 0.2 < picture.mean() < 0.8


def test_a_debug_overlay(run: Run, tmp_path: Path) -> None:
    grey = Nest([pictures.flat((0.5, 0.5, 0.5))] * 3, size=(480, 360))
    folder = grey.files(tmp_path / "grey")[0].parent
    arguments = ("-i", folder, "-zs", 2, *PLAIN)
    assert run(*arguments, "-o", "plain").status == 0
    assert run(*arguments, "-o", "debug", "-dbg").status == 0
    for number, (plain, debug) in enumerate(
        zip(frames(Path("plain")), frames(Path("debug")), strict=True)
    ):
        assert np.abs(plain - 128 / 255).max() < 1.01 / 255
        drawn = np.abs(debug - plain).max(axis=2) > 0.1
        assert drawn[142:146, 190:194].any()  # the centre
        assert drawn[-30:, :270].mean() > 0.02  # the figures
        if number % 2:  # the outline of the inner image, which is trimmed to the crop
            half = 384 * 0.5**0.5 / 2
            columns = np.flatnonzero(drawn[220])
            assert np.abs(np.abs(columns + 0.5 - 192) - half).max() < 2.0
            assert columns.min() < 192 < columns.max()


def test_align(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0], (160, 120), largest_offset=0.08, seed=3)
    (offset,) = truth.offsets
    assert np.hypot(*offset) > 6  # pixels
    folder = outpainted(truth, tmp_path / "off centre", "ba")
    arguments = ("-i", folder, "-zs", 2, "--feather", 0, "--engine", "cycles", "--no-match-colour")
    assert run(*arguments, "-o", "aligned", "--json", "found.json").status == 0
    assert run(*arguments, "-o", "centred", "--no-align").status == 0
    (pair,) = json.loads(Path("found.json").read_text(encoding="utf-8"))["pairs"]
    assert pair["offset_px"] == pytest.approx(offset, abs=0.3)
    aligned, centred = frames(Path("aligned")), frames(Path("centred"))
    for picture, image in zip(aligned[::2], truth.images, strict=True):
        assert_shows(picture, image[12:-12, 16:-16].astype(np.float64))
    for picture, same in zip(aligned[::2], centred[::2], strict=True):
        assert pictures.error(picture, same)[0] < 1.0
    # In between, both layers show: where they are not aligned there is a seam.
    assert pictures.error(aligned[1], centred[1])[0] > 10.0


def test_view_centre(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0], (160, 120), largest_offset=0.08, seed=3)
    ((right, down),) = (tuple(round(v) for v in offset) for offset in truth.offsets)
    assert (right, down) != (0, 0)
    folder = outpainted(truth, tmp_path / "off centre", "ba")
    arguments = ("-i", folder, "-zs", 1, "--engine", "cycles", "--no-match-colour")
    assert run(*arguments, "-o", "image", "--centre", "image").status == 0
    assert run(*arguments, "-o", "fixed", "--centre", "fixed-point").status == 0
    outer, inner = (image.astype(np.float64) for image in truth.images)
    image, fixed = frames(Path("image")), frames(Path("fixed"))
    assert_shows(image[0], outer[12:-12, 16:-16])
    assert_shows(image[1], inner[12:-12, 16:-16])
    # The outer view is moved to where the inner image lies, which the crop leaves room for.
    assert max(abs(right), abs(down)) <= 12
    moved = outer[12 + down : 108 + down, 16 + right : 144 + right]
    away, _ = pictures.error(fixed[0], image[0])
    assert pictures.error(fixed[0], moved)[0] < away / 3
    assert_shows(fixed[1], inner[12:-12, 16:-16])


def test_match_colour(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0], (160, 120), largest_gain=1.4, seed=2)
    assert max(abs(gain - 1) for gain in truth.gains[0]) > 0.1
    folder = outpainted(truth, tmp_path / "colours", "ba")
    arguments = ("-i", folder, "-zs", 2, "--engine", "cycles")
    assert run(*arguments, "-o", "matched", "--json", "found.json").status == 0
    assert run(*arguments, "-o", "plain", "--no-match-colour").status == 0
    (pair,) = json.loads(Path("found.json").read_text(encoding="utf-8"))["pairs"]
    assert pair["gain"] == pytest.approx(truth.gains[0], rel=0.02)
    matched, plain = frames(Path("matched")), frames(Path("plain"))
    # When an image fills the view it has its own colours, with or without.
    for picture, image in zip(matched[::2], truth.images, strict=True):
        assert_shows(picture, image[12:-12, 16:-16].astype(np.float64))
    # Half way all of the view has colours half way between the two images'.
    glide = pictures.to_linear(plain[1]) / pictures.to_linear(matched[1])
    rim, middle = glide[:5].mean(axis=(0, 1)), glide[40:-40, 50:-50].mean(axis=(0, 1))
    inner = truth.images[1].astype(np.float64)
    gain = pictures.to_linear(inner * truth.gains[0]).sum(axis=(0, 1))
    assert rim / middle == pytest.approx(
        gain / pictures.to_linear(inner).sum(axis=(0, 1)), rel=0.04
    )


@pytest.mark.parametrize("engine", ["cycles", "eevee", "workbench", "sequencer"])
def test_engines(run: Run, series: Path, engine: str) -> None:
    # EEVEE takes seconds for a frame without a GPU.
    numbers = [1] if engine == "eevee" else [0, 1, 2, 3, 4]
    arguments = ("-i", series, "-o", "out", "-zs", 2, *PLAIN[:2], "--json", "done.json")
    frame_range = ("--frames", f"{numbers[0]}-{numbers[-1]}")
    assert run(*arguments, *frame_range, "--engine", engine).status == 0
    for number, picture in zip(numbers, frames(Path("out")), strict=True):
        assert_shows(picture, view(number / 2))
    done = json.loads(Path("done.json").read_text(encoding="utf-8"))
    assert done["settings"]["engine"] == engine


def test_the_engine_is_chosen_by_the_machine(run: Run, series: Path) -> None:
    arguments = ("-i", series, "--no-render", *PLAIN[:2], "--json", "done.json", "--overwrite")

    def chosen(*more: str) -> str:
        ran = run(*arguments, *more)
        (line,) = (line for line in ran.lines if line.startswith("Engine: "))
        engine = json.loads(Path("done.json").read_text(encoding="utf-8"))["settings"]["engine"]
        assert re.fullmatch(rf"Engine: {engine} \(.*GPU.*\)\.", line)
        return str(engine)

    assert chosen() in ("sequencer", "eevee")
    assert chosen("-dbg") in ("cycles", "eevee")
    assert chosen("--engine", "auto") == chosen()


def test_samples(run: Run, tmp_path: Path) -> None:
    nest = Nest((BLACK, WHITE), feather=0.0, ellipse=True)
    nest.files(tmp_path / "nest")
    arguments = ("-i", tmp_path / "nest", "-o", "out", "-zs", 2, "--frames", 1, *PLAIN)
    edge = ("--feather", 0, "--mask", "ellipse")

    between = []
    for samples in (1, 16):
        assert run(*arguments, *edge, "--samples", samples, "--overwrite").status == 0
        (picture,) = frames(Path("out"))
        between.append(np.mean((picture > 0.2) & (picture < 0.8)))
    assert between[0] == 0.0  # a pixel is the one or the other
    assert between[1] > 0.01


@pytest.mark.parametrize(
    ("option", "size"),
    [
        ("52x26", (52, 26)),
        ("51x33", (52, 32)),
        ("40X60", (40, 60)),
        ("16:9", (64, 36)),
        ("9:16", (28, 48)),
        ("1:1", (48, 48)),
    ],
)
def test_resolution(run: Run, series: Path, option: str, size: Size) -> None:
    assert run("-i", series, "-o", "out", "-zs", 1, "--resolution", option, *PLAIN).status == 0
    # The largest part of the cropped picture (0.8 x 0.6 widths) that has the frame's shape
    width = min(0.8, 0.6 * size[0] / size[1])
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number, size, width=width), limit=4.0)


@pytest.mark.newest
def test_frames_of_another_format_or_zoom_are_not_passed_over(run: Run, series: Path) -> None:
    assert run("-i", series, "-o", "out", "-zs", 2, *PLAIN).status == 0
    ran = run("-i", series, "-o", "out", "-zs", 2, *PLAIN, "--format", "exr", "--resume")
    assert ran.status == 1 and "are of another zoom (--format" in ran.error
    ran = run("-i", series, "-o", "out", "-zs", 1, *PLAIN, "--overwrite")
    assert ran.status == 0
    assert "are 2 frames that are not of this zoom, frame_00003.png" in ran.lines[-2]
    # Of this zoom, but not rendered now: nothing to say.
    ran = run("-i", series, "-o", "new", "-zs", 1, "--frames", "0-1", *PLAIN)
    ran = run("-i", series, "-o", "new", "-zs", 1, "--frames", 2, *PLAIN)
    assert not any("not of this zoom" in line for line in ran.lines)


@pytest.mark.parametrize(("option", "numbers"), [("1-3", [1, 2, 3]), ("4", [4]), ("0-0", [0])])
def test_frames(run: Run, series: Path, option: str, numbers: list[int]) -> None:
    ran = run("-i", series, "-o", "out", "-zs", 2, "--frames", option, *PLAIN)
    assert ran.status == 0
    assert ran.lines[-1].startswith(f"Wrote {counted(len(numbers), 'frame')} to ")
    assert sorted(file.name for file in Path("out").glob("[!.]*")) == [
        f"frame_{number:05}.png" for number in numbers
    ]
    for number, picture in zip(numbers, frames(Path("out")), strict=True):
        assert_shows(picture, view(number / 2))


def test_json(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "outpainted")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    arguments = ("-i", folder, "-o", "out", "-zs", 1, "-fps", 12, "--frames", "0-1")
    assert run(*arguments, "--engine", "cycles", "--json", "a é 猫.json").status == 0
    done = json.loads(Path("a é 猫.json").read_text(encoding="utf-8"))
    assert done["order"] == ["c.png", "b.png", "a.png"]
    assert done["file_order"] == "innermost-first"
    assert done["zoom_factor"] == pytest.approx(2.0, rel=0.003)
    assert done["loops"] is False
    assert [(pair["outer"], pair["inner"]) for pair in done["pairs"]] == [
        ("c.png", "b.png"),
        ("b.png", "a.png"),
    ]
    for pair in done["pairs"]:
        assert pair["factor"] == pytest.approx(2.0, rel=0.01)
        assert pair["offset_px"] == pytest.approx((0.0, 0.0), abs=0.5)
        assert pair["gain"] == pytest.approx((1.0, 1.0, 1.0), rel=0.02)
        assert (pair["source"], pair["turn_deg"]) == ("measured", 0.0)
        assert pair["outer_size_px"] == [160, 120]
        assert pair["linear_gain"] == pytest.approx((1.0, 1.0, 1.0), rel=0.05)
        assert pair["score"] > 0.9
    assert (done["left_out"], done["warnings"], done["findings"]) == ([], [], [])
    assert done["skipped"] == ["notes.txt"]
    assert done["settings"]["frames_per_second"] == 12.0
    assert done["settings"]["zoom_steps"] == 1
    assert done["resolution"] == [128, 96]
    assert done["frames"] == [0, 1]
    assert done["output"] == str(Path("out").absolute())
    assert done["blend_file"] is None


def test_a_report_can_be_edited_and_given_back(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "outpainted")
    arguments = ("-i", folder, "-zs", 1, "--no-render", "--engine", "cycles")
    assert run(*arguments, "--json", "first.json").status == 0
    first = json.loads(Path("first.json").read_text(encoding="utf-8"))
    first["pairs"][1] |= {"factor": 2.5, "offset_px": [12.0, -4.0], "turn_deg": 15.0}
    Path("edited.json").write_text(json.dumps(first), encoding="utf-8")
    ran = run(*arguments, "--place", "edited.json", "--json", "second.json")
    assert ran.status == 0
    second = json.loads(Path("second.json").read_text(encoding="utf-8"))
    assert second["order"] == first["order"]
    for one, other in zip(first["pairs"], second["pairs"], strict=True):
        assert (other["outer"], other["inner"]) == (one["outer"], one["inner"])
        assert other["factor"] == pytest.approx(one["factor"])
        assert other["offset_px"] == pytest.approx(one["offset_px"])
        assert other["turn_deg"] == pytest.approx(one["turn_deg"])
        assert other["source"] == "given"
    # Of one pair only, the other is measured.
    Path("one.json").write_text(json.dumps({"pairs": [first["pairs"][1]]}), encoding="utf-8")
    assert run(*arguments, "--place", "one.json", "--json", "third.json").status == 0
    third = json.loads(Path("third.json").read_text(encoding="utf-8"))
    assert [pair["source"] for pair in third["pairs"]] == ["measured", "given"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "places.json cannot be read"),
        ("no JSON", "places.json says no placements"),
        ('{"pairs": [{"outer": "c.png"}]}', "pair 1: a pair has no"),
        (
            '{"pairs": [{"outer": "c.png", "inner": "z.png", "factor": 2, "offset_px": [0, 0], '
            '"outer_size_px": [160, 120]}]}',
            "places.json: pair 1 names z.png, which is none of the images",
        ),
    ],
)
def test_places_that_say_nothing_are_refused(
    run: Run, tmp_path: Path, text: str | None, said: str
) -> None:
    truth = series_maker.outpaint([2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "outpainted")
    if text is not None:
        Path("places.json").write_text(text, encoding="utf-8")
    ran = run("-i", folder, "--no-render", "--place", "places.json")
    assert ran.status == 1
    assert ran.lines[-1].startswith("Error: ") and said in ran.lines[-1]


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_one_image_repeats_in_itself(run: Run, tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "alone"
    pictures.save(view(0, (256, 192), width=1.0), folder / "alone.png")
    ran = run("-i", folder, "--no-render", "--order", "auto", "-zf", "auto")
    assert ran.status == 1
    assert "only one image (alone.png)" in ran.lines[-1] and "--travel loop" in ran.lines[-1]
    arguments = ("-i", folder, "-zf", 4, "--travel", "loop", "-zc", 0.9, "--feather", 0)
    options = ("-zs", 4, "--engine", engine, "--resolution", "192x144", "-o", "out")
    ran = run(*arguments, *options, "--json", "a.json")
    assert ran.status == 0, ran.lines
    done = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert (done["order"], done["loops"], done["frames"]) == (["alone.png"], True, [0, 3])
    shown = frames(Path("out"))
    for number, picture in enumerate(shown):
        across = 0.9 * 4 ** -(number / 4)
        x, y = pictures.grid((192, 144), (across, across * 0.75))
        for _ in range(4):  # each as far as its crop is a smaller one of itself
            is_inner = (abs(x) < 0.45 / 4) & (abs(y) < 0.75 * 0.45 / 4)
            x, y = np.where(is_inner, 4 * x, x), np.where(is_inner, 4 * y, y)
        truth = command.WORLD(x, y)
        off = np.abs(picture.astype(float) - truth).max(axis=2)
        assert np.median(off) < 2.0
        assert (off > 12.0).mean() < 0.03  # at the edges, by less than a pixel


def test_json_has_a_finding_for_each_warning(run: Run, tmp_path: Path) -> None:
    truth = series_maker.outpaint([2.0, 2.0], (160, 120))
    folder = outpainted(truth, tmp_path / "outpainted")
    options = ("-zf", 1.5, "--resolution", "128x128")
    ran = run("-i", folder, *options, "--no-render", "--engine", "cycles", "--json", "a.json")
    done = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert [line for line in ran.lines if line.startswith("Warning: ")] == [
        f"Warning: {warning}" for warning in done["warnings"]
    ]
    assert [finding["kind"] for finding in done["findings"]] == [
        "other-factor",
        "outside-of-frames",
        "enlarged-in-frames",
    ]
    shown = done["findings"][0]["values"]
    assert shown == {"given": 1.5, "shown": pytest.approx(2.0, rel=0.003)}
    for warning, said in zip(
        done["warnings"],
        (
            f"use --zoom-factor {shown['shown']:.4g}, or auto.",
            "25% of the cropped pictures",
            "Frames of 128 x 128 pixels show the pictures 1.33 times as large",
        ),
        strict=True,
    ):
        assert said in warning


def test_no_render(run: Run, series: Path) -> None:
    ran = run("-i", series, "--no-render", "--save-blend", "zoom.blend", *PLAIN)
    assert ran.status == 0
    assert ran.lines[-1] == f"Saved {Path('zoom.blend').absolute()}."
    assert [path.name for path in Path.cwd().iterdir()] == ["zoom.blend"]
    bpy.ops.wm.open_mainfile(filepath=str(Path("zoom.blend").absolute()))
    scene: Any = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (0, 120)
    assert scene.camera is not None


def test_nothing_of_the_own_file_stays(run: Run, series: Path) -> None:
    """Where Blender was started with a scene, that scene is not in the saved file."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "Theirs"
    assert run("-i", series, "--no-render", "--save-blend", "zoom.blend", *PLAIN).status == 0
    assert "Theirs" not in bpy.data.objects
