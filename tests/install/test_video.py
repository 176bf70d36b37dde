"""From the zip to a video: the installed extension's command on a real series."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from .conftest import Told, assert_only_what_was_installed

Picture = NDArray[np.float64]  # (height, width, 3), 0..255

ZOOM_FACTOR, ZOOM_STEPS, CROP = 2, 3, 0.8
IMAGES = 8
SIZE = 820  # 0.8 of 1024, rounded to even


def read_pictures(path: Path) -> list[Picture]:
    """All frames of a video, or the one of an image."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)
        ]


def middle(picture: Picture, size: int) -> Picture:
    """The cropped middle of a square picture, brought to size x size pixels."""
    whole = len(picture)
    places = (np.arange(size) + 0.5) / size * CROP * whole + (1 - CROP) / 2 * whole - 0.5
    low = np.floor(places).astype(int)
    part = (places - low)[:, None]
    rows = picture[low] * (1 - part[:, None]) + picture[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


def halved(picture: Picture) -> Picture:
    height, width, channels = picture.shape
    return picture.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3))


def expected_view(images: list[Picture]) -> Picture:
    """What is to be seen when the first of these images fills the view; the next lie inside."""
    view = middle(images[0], SIZE)
    if len(images) > 1:
        quarter = SIZE // 4
        view[quarter : 3 * quarter, quarter : 3 * quarter] = halved(expected_view(images[1:]))
    return view


def similarity(one: Picture, other: Picture) -> float:
    """Peak signal to noise ratio in dB, at half the size: a video's colours have no more."""
    one, other = halved(one), halved(other)
    return float(10 * np.log10(255**2 / np.mean((one - other) ** 2)))


def test_renders_a_real_series(
    inside: Callable[..., Told], extension_zip: Path, shared: Path, picture_folder: Path
) -> None:
    series = shared / "series" / "mj_cats_2x"
    video, report = picture_folder / "cats é 猫.mp4", picture_folder / "report.json"
    told = inside(
        "command",
        *("-i", str(series), "-o", str(video), "--json", str(report)),
        *("-zf", str(ZOOM_FACTOR), "-zs", str(ZOOM_STEPS), "-zc", str(CROP), "-fps", "24"),
        *("--feather", "0", "--no-align", "--no-match-colour"),
    )
    assert told.value == {"status": 0}, told.printed
    assert json.loads(report.read_text(encoding="utf-8"))["order"] == [
        f"{number:02}.webp" for number in range(IMAGES, 0, -1)
    ]

    with av.open(str(video)) as container:
        (stream,) = container.streams.video
        assert not container.streams.audio
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.codec_context.width, stream.codec_context.height) == (SIZE, SIZE)
        assert stream.average_rate == 24
    frames = read_pictures(video)
    assert len(frames) == (IMAGES - 1) * ZOOM_STEPS + 1

    outermost_first = [read_pictures(path)[0] for path in sorted(series.glob("*.webp"))[::-1]]
    for number in range(IMAGES):
        expected = expected_view(outermost_first[number:])
        # One pixel beside would be 30 dB at most; what is missing to the rest is H.264's.
        assert similarity(frames[number * ZOOM_STEPS], expected) > 32, number

    assert_only_what_was_installed(told, extension_zip)
