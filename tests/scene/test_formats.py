"""What a zoom can be written as: codecs, depths, colours, and the order in a file. Touches bpy.

Videos are read back by PyAV, whose FFmpeg is not Blender's; PNG and EXR files by parts of their
own specifications, or by Blender as plain values.
"""

from __future__ import annotations

import struct
import time
import wave
import zlib
from pathlib import Path
from typing import Any

import av
import bpy
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from ai_ever_zoom_addon.core.files.output import is_whole_picture
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from ai_ever_zoom_addon.scene.output.background import BackgroundRender
from ai_ever_zoom_addon.settings import FileFormat
from tests import pictures
from tests.scene.command import FRAME, PLAIN, Ran, Run, assert_shows, view
from tests.scene.nested import write_series
from tests.scene.test_deep_colour import decoded, write_png
from tests.scene.test_output_settings import build

STEPS = 2
COUNT = 2 * STEPS + 1
ARGUMENTS = ("-zs", STEPS, *PLAIN)

# By format: the file's name, and the codec and the pixels that FFmpeg finds in it.
VIDEOS = {
    "h264": ("zoom.mp4", "h264", "yuv420p"),
    "h265": ("zoom.mp4", "hevc", "yuv420p"),
    "av1": ("zoom.mp4", "libdav1d", "yuv420p"),
    "webm": ("zoom.webm", "vp9", "yuv420p"),
    "prores": ("zoom.mov", "prores", "yuv422p10le"),
}
BT709 = 1  # in ITU-T H.273, of primaries, transfer and matrix


def is_written(file_format: str) -> bool:
    """Whether this Blender writes a format."""
    try:
        output_settings.check_format(FileFormat(file_format))
    except EverZoomError:
        return False
    return True


def kinds_of_boxes(file: Path) -> list[bytes]:
    """The boxes of an MP4 or QuickTime file, in their order (ISO/IEC 14496-12, 4.2)."""
    data, place, kinds = file.read_bytes(), 0, []
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        kinds.append(kind)
        place += size
    assert place == len(data)
    return kinds


def mean_of_bt709(frame: Any) -> NDArray[np.float64]:
    """Mean red, green and blue, 0 to 1, of a frame with 10 bits, by BT.709, 3 and 4."""
    rows = [np.frombuffer(plane, "<u2").reshape(plane.height, -1) for plane in frame.planes]
    luma, *chroma = (
        row[:, : plane.width].mean() for row, plane in zip(rows, frame.planes, strict=True)
    )
    y, (blue, red) = (luma - 64) / 876, [(value - 512) / 896 for value in chroma]
    r, b = y + 2 * (1 - 0.2126) * red, y + 2 * (1 - 0.0722) * blue
    return np.array([r, (y - 0.2126 * r - 0.0722 * b) / 0.7152, b])


@pytest.mark.parametrize(
    ("file_format", "jobs"),
    [
        *((name, 1) for name in VIDEOS),
        *(pytest.param(name, 2, marks=pytest.mark.newest) for name in ("webm", "prores")),
    ],
)
def test_a_video(run: Run, series: Path, file_format: str, jobs: int) -> None:
    name, codec, pixels = VIDEOS[file_format]
    by_name = () if file_format in ("h264", "webm", "prores") else ("--format", file_format)
    size = (512, 384) if file_format == "av1" else FRAME  # AV1 has none of so few pixels
    by_name = (*by_name, "--resolution", "{}x{}".format(*size))
    ran = run("-i", series, "-o", name, *ARGUMENTS, *by_name, "--jobs", jobs)
    if not is_written(file_format):
        assert bpy.app.version < (5, 0, 0)
        assert f"Blender {bpy.app.version_string} does not write M" in ran.error
        assert not Path(name).exists()
        return
    assert ran.status == 0, ran.lines[-1]
    # One of 10 bits is made by one: frames that wait for the encoder have 8.
    assert ("Rendering by 2 processes at once." in ran.lines) == (jobs == 2 and name != "zoom.mov")
    assert [path.name for path in Path.cwd().iterdir()] == [name]
    with av.open(name) as container:
        context: Any = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == (codec, pixels)
        if bpy.app.version >= (4, 5, 0):  # which Blender 4.2 does not say
            assert context.colorspace == BT709 and context.color_range == 1
            assert (context.color_primaries, context.color_trc) == (BT709, BT709)
        if file_format == "h265":  # what Apple's players ask for
            assert context.codec_tag == "hvc1"
        decoded = list(container.decode(video=0))
        shown = [frame.to_ndarray(format="rgb24") / 255 for frame in decoded]
    if file_format == "prores":  # each frame says it, too
        for number, frame in enumerate(decoded):
            assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (BT709,) * 3
            truth = view(number / STEPS, size).mean(axis=(0, 1))
            assert mean_of_bt709(frame) * 255 == pytest.approx(truth * 255, abs=1.0)
    assert len(shown) == COUNT
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / STEPS, size), limit=6.0)
        assert pictures.error(picture, view((number + 1) / STEPS, size))[0] > 10.0
    if not name.endswith(".webm"):
        kinds = kinds_of_boxes(Path(name))
        assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_sound_goes_into_each_kind_of_video(run: Run, series: Path) -> None:
    options: Any = bpy.app.build_options
    if not options.audaspace:
        pytest.skip("does not apply: this wheel knows no sound")
    tone = (np.sin(np.arange(24_000) / 9.0) * 9000).astype("<i2")
    with wave.open("tone.wav", "wb") as file:
        file.setparams((1, 2, 48_000, len(tone), "NONE", ""))
        file.writeframes(tone.tobytes())
    for name in ("zoom.webm", "zoom.mov") if is_written("prores") else ("zoom.webm",):
        ran = run("-i", series, "-o", name, *ARGUMENTS, "--sound", "tone.wav", "-fps", 10)
        assert ran.status == 0, ran.lines
        with av.open(name) as container:
            assert len(list(container.decode(video=0))) == 5
        with av.open(name) as container:
            heard = np.hstack([frame.to_ndarray() for frame in container.decode(audio=0)])
        assert np.abs(heard.astype(float)).max() > 0.1


# --- Single pictures ------------------------------------------------------------------------------


def write_deep_series(folder: Path) -> list[NDArray[np.float64]]:
    """Three images of 16 bits with a fine gradient; the linear light of each."""
    folder.mkdir()
    y, x = np.mgrid[:80, :100] / 100.0
    ramp = np.stack([x, 1.0 - x, 0.5 * (x + y)], axis=-1) * 0.05 + 0.1
    return [
        write_png(folder / f"image_{3 - number}.png", ramp + 0.02 * number) for number in range(3)
    ]


def read_deep_png(file: Path) -> NDArray[np.float64]:
    """The values of a PNG file of 16 bits, 0 to 65535 (W3C, Third Edition, 9 and 11)."""
    data = file.read_bytes()
    width, height, depth, kind = struct.unpack_from(">IIBB", data, 16)
    assert (depth, kind) == (16, 2)
    place, packed = 8, b""
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        packed += data[place + 8 : place + 8 + length] * (name == b"IDAT")
        place += length + 12
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    done = np.zeros((height + 1, 6 * (width + 1)), np.uint8)
    for number, row in enumerate(rows):
        above, line = done[number], done[number + 1]
        kind, coded = int(row[0]), row[1:].astype(int)
        for at, value in enumerate(coded, 6):
            left, up, corner = int(line[at - 6]), int(above[at]), int(above[at - 6])
            nearest = min((left, up, corner), key=lambda part: abs(left + up - corner - part))
            line[at] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return done[1:, 6:].copy().view(">u2").reshape(height, width, 3).astype(float)


def read_exr(file: Path) -> NDArray[np.float64]:
    """The values of an EXR file, top row first, as Blender reads them without a conversion."""
    image: Any = bpy.data.images.load(str(file), check_existing=False)
    image.colorspace_settings.is_data = True
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(image.size[1], image.size[0], 4)[::-1, :, :3]
    bpy.data.images.remove(image)
    return values.astype(float)


def middle(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    top, left = ((whole - part) // 2 for whole, part in zip(picture.shape, size, strict=False))
    return picture[top : top + size[0], left : left + size[1]]


EDGE = 10  # pixels of a frame in which the layer around an image is seen, too


@pytest.mark.parametrize("engine", ["cycles", "sequencer", "workbench"])
def test_fine_gradients_keep_their_levels(run: Run, tmp_path: Path, engine: str) -> None:
    light = write_deep_series(tmp_path / "series")
    arguments = ("-i", tmp_path / "series", "-zs", 1, *PLAIN[:2], "--engine", engine)
    for file_format in ("png-16", "exr"):
        ran = run(*arguments, "-o", file_format, "--format", file_format)
        assert ran.status == 0, ran.lines
        is_coarse = (engine, file_format) == ("workbench", "png-16")
        assert any("of the 16 bits" in line for line in ran.lines) == is_coarse
    for number, linear in enumerate(light):
        seen = read_deep_png(Path(f"png-16/frame_{number:05}.png"))
        linear = middle(linear, seen.shape[:2])
        away = np.abs(decoded(seen / 65535.0) / linear - 1.0)[EDGE:-EDGE, EDGE:-EDGE]
        # A step of 8 bits is 0.014; half precision cuts the image, the light and the frame.
        coarse = 4 * 2**-11 if engine == "workbench" else 0.0
        assert away.max() < 1e-4 + coarse
        seen = read_exr(Path(f"exr/frame_{number:05}.exr"))
        away = np.abs(seen / linear - 1.0)[EDGE:-EDGE, EDGE:-EDGE]
        assert away.max() < 1e-4 + coarse + 2**-11  # as such a file has half precision


@pytest.mark.newest
def test_frames_of_each_format(run: Run, series: Path) -> None:
    def render(*options: object) -> Ran:
        return run("-i", series, "-o", "out", *ARGUMENTS, "--engine", "sequencer", *options)

    for file_format, suffix in (("jpeg", "jpg"), ("exr", "exr")):
        first = render("--format", file_format, "--frames", "1-2", "--overwrite")
        assert first.status == 0, first.lines
        last = Path(f"out/frame_00002.{suffix}")
        last.write_bytes(last.read_bytes()[:-9])  # as if killed while it wrote
        ran = render("--format", file_format, "--resume", "--jobs", 2)
        assert ran.status == 0, ran.lines
        here = Path("out").absolute()
        assert ran.lines[-1] == f"Wrote 4 frames to {here}. 1 were there already."
        files = sorted(Path("out").glob(f"*.{suffix}"))
        assert [file.name for file in files] == [f"frame_{n:05}.{suffix}" for n in range(COUNT)]
        for number, file in enumerate(files):
            seen = pictures.to_srgb(read_exr(file)) if suffix == "exr" else pictures.read(file)
            assert_shows(seen, view(number / STEPS), limit=3.0)
    assert render("--overwrite").status == 0
    assert "of another zoom (--format, " in render("--format", "png-16", "--resume").error


def test_linear_light_is_known_to_be_whole_however_it_is_packed(tmp_path: Path) -> None:
    size = (70, 300)  # more rows than the most that are packed together
    picture: Any = bpy.data.images.new("picture", *size, float_buffer=True)
    picture.pixels.foreach_set(np.random.default_rng(1).random(4 * size[0] * size[1], np.float32))
    scene: Any = bpy.data.scenes.new("packed")
    settings = scene.render.image_settings
    settings.file_format = "OPEN_EXR"
    tried = 0
    for packing in settings.bl_rna.properties["exr_codec"].enum_items:
        try:
            settings.exr_codec = packing.identifier
        except TypeError:  # not for pixels of so many bits
            continue
        file = tmp_path / f"{packing.identifier}.exr"
        picture.save_render(str(file), scene=scene)
        assert is_whole_picture(file, size), file.name
        whole = file.read_bytes()
        for left_out in (1, len(whole) // 3):
            file.write_bytes(whole[:-left_out])
            assert not is_whole_picture(file, size), file.name
        tried += 1
    assert tried >= 8
    bpy.data.images.remove(picture)
    bpy.data.scenes.remove(scene)


@pytest.mark.newest
def test_a_loop(run: Run, series: Path) -> None:
    for jobs in (1, 2):
        ran = run("-i", series, "-o", f"{jobs}.webp", *ARGUMENTS, "-fps", 30, "--jobs", jobs)
        assert ran.status == 0, ran.lines
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["1.webp", "2.webp"]
    assert Path("1.webp").read_bytes() == Path("2.webp").read_bytes()
    with Image.open("1.webp") as loop:
        shown = [np.asarray(each.convert("RGB")) / 255 for each in ImageSequence.Iterator(loop)]
    assert len(shown) == COUNT
    for number, picture in enumerate(shown):
        assert_shows(picture, view(number / STEPS), limit=6.0)


@pytest.mark.newest
def test_a_loop_there_and_back_rests_nowhere(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 2, *ARGUMENTS[2:], "--travel", "there-and-back")
    levels = [0.0, 0.5, 1.0, 1.5, 2.0, 1.5, 1.0, 0.5]
    for part, expected in (((), levels), (("--frames", "6-8"), [*levels[6:], 0.0])):
        assert run(*arguments, "-o", "v.webp", "--overwrite", *part).status == 0
        with Image.open("v.webp") as loop:
            shown = [np.asarray(each.convert("RGB")) / 255 for each in ImageSequence.Iterator(loop)]
        for level, picture in zip(expected, shown, strict=True):
            assert_shows(picture, view(level), limit=6.0)


@pytest.mark.newest
def test_a_loop_of_more_frames_than_browsers_show(run: Run, series: Path) -> None:
    for jobs in (1, 2):
        arguments = ("-i", series, *ARGUMENTS[2:], "-zs", 6, "-fps", 120, "--jobs", jobs)
        ran = run(*arguments, "-o", f"{jobs}.webp")
        assert ran.lines[-1].startswith("Wrote 4 frames to "), ran.lines
        assert sum("4 of 13 frames are in the loop" in line for line in ran.lines) == 1
    assert Path("1.webp").read_bytes() == Path("2.webp").read_bytes()
    with Image.open("1.webp") as loop:
        shown = [np.asarray(each.convert("RGB")) / 255 for each in ImageSequence.Iterator(loop)]
    for number, picture in zip((0, 3, 6, 9), shown, strict=True):
        assert_shows(picture, view(number / 6), limit=6.0)


# --- What is asked for ----------------------------------------------------------------------------


@pytest.mark.newest
def test_names_and_formats_have_to_agree(run: Run, series: Path) -> None:
    for name, options, said in (
        ("zoom.webm", ("--format", "h265"), "use a name that ends in .mp4, or another format"),
        ("zoom", ("--format", "prores"), "use a name that ends in .mov"),
        ("zoom.mp4", ("--format", "exr"), "use a folder (without an ending)"),
        ("zoom.exr", (), "use a folder (without an ending) and the format exr"),
        ("zoom.gif", (), "use a name that ends in .webp for a picture that moves, or let ffmpeg"),
        ("zoom.mkv", (), "use a name that ends in .mp4, .webm or .mov for a video"),
    ):
        assert said in run("-i", series, "-o", name, *ARGUMENTS, *options).error
    assert list(Path.cwd().iterdir()) == []
    assert run("-i", series, *ARGUMENTS, "--format", "png-16").status == 0
    assert len(list(Path("infinite_zoom").glob("frame_*.png"))) == COUNT


@pytest.mark.newest
@pytest.mark.parametrize(
    ("file_format", "written", "suffix"),
    [("exr", ("OPEN_EXR", "16"), "exr"), ("prores", ("PNG", "16"), "png")],
)
def test_a_farm_gets_the_format(
    run: Run, series: Path, file_format: str, written: tuple[str, str], suffix: str
) -> None:
    """A video is put together of single pictures there, which have as many bits as it needs."""
    arguments = (*ARGUMENTS, "--start-frame", 100, "--format", file_format)
    assert run("-i", series, *arguments, "--farm", "farm.blend").status == 0
    bpy.ops.wm.open_mainfile(filepath=str(Path("farm.blend").absolute()))
    scene: Any = bpy.context.scene
    image = scene.render.image_settings
    assert (image.file_format, image.color_depth) == written
    first = Path(scene.render.frame_path(frame=scene.frame_start))
    assert (first.parent.name, first.name) == ("farm_frames", f"frame_00100.{suffix}")


def test_a_format_is_chosen_in_the_panel(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path / "series", "cycles")
    scene: Any = bpy.context.scene
    image, video = scene.render.image_settings, scene.render.ffmpeg
    stem = scene.render.filepath.removesuffix(".mp4")
    assert stem != scene.render.filepath
    control.ever_zoom.file_format = "webm"
    assert (image.file_format, video.format, video.codec) == ("FFMPEG", "WEBM", "WEBM")
    assert scene.render.filepath == f"{stem}.webm"
    video.gopsize = 30  # by hand: stays
    control.ever_zoom.crop = 0.7
    assert video.gopsize == 30
    assert {found.path for found in output_settings.differences(scene, control)} == {
        "render.ffmpeg.gopsize"
    }
    control.ever_zoom.file_format = "png-16"
    assert control.ever_zoom.problem == ""
    assert (image.file_format, image.color_depth, image.color_mode) == ("PNG", "16", "RGB")
    assert scene.render.filepath == f"{stem}/frame_#####"
    control.ever_zoom.file_format = "prores"
    if is_written("prores"):
        assert (video.format, video.codec, image.color_depth) == ("QUICKTIME", "PRORES", "10")
        assert scene.render.filepath == f"{stem}.mov"
    else:
        assert "does not write MOV (ProRes)" in control.ever_zoom.problem
        assert control.ever_zoom.file_format == "png-16"
        assert scene.render.filepath == f"{stem}/frame_#####"
    control.ever_zoom.file_format = "h264"
    assert (video.format, video.codec, image.color_depth) == ("MPEG4", "H264", "8")
    assert (video.gopsize, scene.render.filepath) == (60, f"{stem}.mp4")
    scene.render.filepath = "//mine/shot_####"  # the user's
    control.ever_zoom.file_format = "exr"
    assert scene.render.filepath == "//mine/shot_####"
    assert not list(output_settings.differences(scene, control))


@pytest.mark.newest
@pytest.mark.parametrize("file_format", ["webm", "prores", "exr"])
def test_each_kind_is_rendered_in_the_background(
    addon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    monkeypatch.setattr(rendering, "suitable_jobs", lambda *_, **__: 2)
    build(tmp_path / "series", "cycles", zoom_steps=STEPS, file_format=file_format)
    scene: Any = bpy.context.scene
    render = BackgroundRender(scene)
    while not render.tick():
        time.sleep(0.01)
    if file_format == "exr":
        files = [Path(scene.render.frame_path(frame=number)) for number in range(1, COUNT + 1)]
        size = output_settings.scene_resolution(scene)
        assert [is_whole_picture(file, size) for file in files] == [True] * COUNT
        return
    assert render.output.suffix == Path(VIDEOS[file_format][0]).suffix
    with av.open(str(render.output)) as container:
        assert container.streams.video[0].codec_context.name == VIDEOS[file_format][1]
        assert len(list(container.decode(video=0))) == COUNT
    if file_format == "prores":
        kinds = kinds_of_boxes(render.output)
        assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_a_new_zoom_gets_a_name_for_its_format(addon: None, tmp_path: Path) -> None:
    build(tmp_path / "series", "cycles", file_format="webm")
    scene: Any = bpy.context.scene
    assert scene.render.filepath == str(tmp_path / "series" / "series_zoom.webm")
    assert scene.render.ffmpeg.codec == "WEBM"


@pytest.mark.newest
def test_how_a_video_is_encoded_stays_when_it_is_built_again(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path / "series", "cycles")
    scene: Any = bpy.context.scene
    video = scene.render.ffmpeg
    video.format, video.gopsize = "MKV", 30  # by hand
    operators: Any = bpy.ops
    for folder in ("series", "other"):
        write_series(tmp_path / folder)
        control.ever_zoom.folder = str(tmp_path / folder)
        assert operators.ever_zoom.build() == {"FINISHED"}
        assert scene.render.filepath == str(tmp_path / folder / f"{folder}_zoom.mp4")
        assert (video.format, video.gopsize) == ("MKV", 30)
    # But how fast the encoder works is the engine's: its frames take more time, or less.
    for engine, speed in (("sequencer", "REALTIME"), ("cycles", "GOOD")):
        control.ever_zoom.engine = engine
        assert (video.ffmpeg_preset, video.format, video.gopsize) == (speed, "MKV", 30)


@pytest.mark.newest
def test_frames_in_the_files_own_folder_stay_there(addon: None, tmp_path: Path) -> None:
    control = build(tmp_path / "series", "cycles")
    scene: Any = bpy.context.scene
    output_settings.set_output(scene, "//")
    assert scene.render.filepath == "//frame_#####"
    control.ever_zoom.file_format = "webm"
    assert scene.render.filepath == "//frame_#####"
