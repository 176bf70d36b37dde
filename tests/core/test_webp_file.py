"""An animated WebP file of single pictures, read back by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from ai_ever_zoom_addon.core.files.webp_file import (
    frames_of_animation,
    shown_frames,
    write_animation,
)


def test_an_animation(tmp_path: Path) -> None:
    pictures, files = [], []
    for number in range(7):
        picture = np.full((9, 14, 3), 30 * number, np.uint8)
        picture[:, number] = 255, 0, 0
        files.append(tmp_path / f"{number}.webp")
        Image.fromarray(picture).save(files[-1], lossless=True)
        pictures.append(picture)
    file = tmp_path / "loop.webp"
    assert frames_of_animation(file) == 0
    write_animation(file, dict(enumerate(files, 5)), (14, 9), 30.0, 12)
    assert frames_of_animation(file) == 7
    with Image.open(file) as image:
        assert image.info["loop"] == 0
        durations = []
        for picture, frame in zip(pictures, ImageSequence.Iterator(image), strict=True):
            assert np.array_equal(np.asarray(frame.convert("RGB")), picture)
            durations.append(frame.info["duration"])
    assert durations == [33, 34, 33, 33, 34, 33, 33]  # 233 ms of 7 / 30 s
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert frames_of_animation(file) == 0, length


@pytest.mark.parametrize("rate", [24.0, 60.0, 90.0, 91.0, 100.0, 120.0, 144.0, 240.0, 1000.0])
@pytest.mark.parametrize("count", [1, 7, 60, 61, 62, 100])
def test_no_frame_is_shorter_than_browsers_show_it(tmp_path: Path, rate: float, count: int) -> None:
    shown = shown_frames(range(3, 3 + count), rate)
    assert shown[0] == 3
    assert len(shown) == count or rate > 90.0
    picture = tmp_path / "picture.webp"
    Image.new("RGB", (4, 4)).save(picture)
    file = tmp_path / "loop.webp"
    write_animation(file, dict.fromkeys(shown, picture), (4, 4), rate, 3 + count)
    data, place, times = file.read_bytes(), 0, []
    while (place := data.find(b"ANMF", place + 1)) >= 0:
        times.append(int.from_bytes(data[place + 20 : place + 23], "little"))
    assert sum(times) == round(1000.0 * count / rate)  # as long as it would be
    assert min(times) > 10 or (len(times) == 1 and count * 1000.0 / rate < 11.0)
    assert len(shown) == count or max(times[:-1], default=20) <= 41
