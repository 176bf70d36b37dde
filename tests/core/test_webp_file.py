"""An animated WebP file of single pictures, read back by Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from ai_ever_zoom_addon.core.files.webp_file import frames_of_animation, write_animation


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
    write_animation(file, files, (14, 9), 30.0)
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
