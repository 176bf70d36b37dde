"""Pictures that end too early, are too small or too large: told before one is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.core.files import limits
from ai_ever_zoom_addon.core.files.image_file import look
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import loading, measuring
from ai_ever_zoom_addon.scene.output import output_settings, rendering
from tests.core.test_limits import big_png
from tests.scene.command import PLAIN, Run
from tests.scene.test_bad_input import assert_left_out, assert_refused

WIDTH, HEIGHT = 75, 46

# Blender's file format, the ending of its files, and how many bytes follow on the picture in them;
# None: that is not known. TGA 2.0 has an extension area of 495 and a footer of 26.
WRITTEN = {
    "TARGA": (".tga", 521),
    "TARGA_RAW": (".tga", 521),
    "DPX": (".dpx", 0),
    "CINEON": (".cin", 0),
    "OPEN_EXR": (".exr", None),
    "HDR": (".hdr", None),
    "IRIS": (".rgb", None),
    "JPEG2000": (".jp2", None),
    "BMP": (".bmp", None),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_blender_writes(kind: str, tmp_path: Path) -> None:
    """Its size is known, and where it ends as far as that can be told."""
    suffix, more = WRITTEN[kind]
    file = tmp_path / f"a{suffix}"
    image: Any = bpy.data.images.new("a", WIDTH, HEIGHT)
    image.generated_type = "COLOR_GRID"
    scene: Any = bpy.context.scene
    scene.render.image_settings.file_format = kind
    image.save_render(str(file), scene=scene)
    found = look(file)
    assert found is not None and (found.width, found.height) == (WIDTH, HEIGHT)
    (measured,) = measuring.measure_images([file])
    assert (measured.width, measured.height) == (WIDTH, HEIGHT)
    whole = file.read_bytes()
    end = 0 if more is None else len(whole) - more
    for length in [*range(len(whole) // 3, end, len(whole) // 20), end - 1] if end else ():
        file.write_bytes(whole[:length])
        with pytest.raises(EverZoomError, match="is incomplete"):
            measuring.measure_images([file])


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((1, 256), "at least 8 x 8"),
        ((8192, 8), "at most 20 times as long as wide"),
        ((100_000, 100_000), "at most 65536 a side"),
        ((60_000, 60_000), "it takes 161 GiB of memory, and there are 16; scale the images down"),
        ((0, 0), "is incomplete"),
    ],
)
def test_a_folder_with_one_that_cannot_be_used(
    run: Run, series: Path, size: tuple[int, int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "memory", lambda: 16 << 30)
    (series / "image_2.png").write_bytes(big_png(*size))
    assert_left_out(run, series, said, *PLAIN)
    decoded: list[Path] = []
    monkeypatch.setattr(loading, "_take_pixels", decoded.append)
    (series / "image_1.png").write_bytes(big_png(*size))
    for choice in (PLAIN, ()):
        assert_refused(run, "-i", series, "-o", "out", *choice, says=said)
    assert not decoded


def test_pictures_of_a_series_that_are_too_large_together(
    series: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(series.iterdir())
    one = loading.check_size(files[0])
    assert one == 80 * 60 * 36
    monkeypatch.setattr(limits, "memory", lambda: 2 * one)
    assert len(measuring.measure_images(files)) == 3
    monkeypatch.setattr(limits, "memory", lambda: 2 * one - 1)
    with pytest.raises(EverZoomError, match="too large: it takes, with the one beside it,"):
        measuring.measure_images(files)


def test_frames_too_small_for_a_video(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 1, *PLAIN, "--resolution")
    says = (
        "Frames of 18 x 10 pixels are too small for a video: use a Resolution of at least 16 x 16"
    )
    assert_refused(run, *arguments, "18x10", "-o", "out.mp4", says=says)
    assert run(*arguments, "18x16", "-o", "out.mp4").status == 0
    assert run(*arguments, "4x4", "-o", "out").status == 0
    assert run(*arguments, "4x4", "-o", "out.webp").status == 0


def test_av1_of_small_frames(run: Run, series: Path) -> None:
    arguments = ("-i", series, "-zs", 1, *PLAIN, "-o", "out.mp4", "--format", "av1")
    for size in ("192x64", "64x192"):
        assert_refused(run, *arguments, "--resolution", size, says="at least 194: use a larger")
    for size in ("194x64", "64x194", "16x16"):
        assert run(*arguments, "--resolution", size, "--overwrite").status == 0


@pytest.mark.newest
def test_the_panel_renders_no_frames_that_the_encoder_does_not_take() -> None:
    scene: Any = bpy.data.scenes.new("Small")
    scene.render.resolution_x, scene.render.resolution_y = 65, 98
    output_settings.check_size(scene)
    output_settings.set_output(scene, "//out.mp4")
    with pytest.raises(EverZoomError, match="use a Resolution of 66 x 98"):
        output_settings.check_size(scene)


def test_what_blender_says_is_told_without_its_signs() -> None:
    told = rendering._in_our_words
    error = RuntimeError("Error: Render error (Success) cannot save: '/a/b.png'\n")
    assert told(error) == "Blender cannot save: '/a/b.png'"
    assert told(RuntimeError("Error: Image too small\n")) == "Image too small"
