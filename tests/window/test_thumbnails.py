"""In the real window the list's small pictures are upright, however the files are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .driver import Window
from .nested import NestedSeries

THUMBNAILS = "bl_ext.user_default.ai_ever_zoom.ui.thumbnails"
PIXELS = (
    "(lambda made: [[list(one.icon_size), list(one.icon_pixels)] "
    "for _, one in sorted(made.items())] if made else [])"
    f"(__import__({THUMBNAILS!r}, fromlist=['_Turned'])._Turned.pictures)"
)


@pytest.mark.newest
def test_small_pictures_are_upright(window: Window, tmp_path: Path) -> None:
    series = NestedSeries(tmp_path / "series")
    for file in sorted(series.folder.glob("*.png")):  # red at the upper left, stored lying
        with Image.open(file) as image:
            upright = image.convert("RGB")
        width, height = upright.size
        upright.paste((255, 0, 0), (0, 0, width // 2, height // 2))
        exif = Image.Exif()
        exif[274] = 6
        upright.transpose(Image.Transpose.ROTATE_90).save(file, exif=exif)
    window.build(series.folder)
    window.wait_until(f"len({PIXELS}) >= {series.count}", 120)
    window.picture("upright")
    for (width, height), numbers in window.ask(PIXELS):
        colours = np.array(numbers, np.int32).view(np.uint8).reshape(height, width, 4)[::-1]
        is_red = (colours[..., 0] > 240) & (colours[..., 1] < 30) & (colours[..., 2] < 30)
        assert is_red[height // 3, width // 3]
        assert not is_red[height // 2 + 2 :].any() and not is_red[:, width // 2 + 2 :].any()
