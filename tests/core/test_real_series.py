"""The analysis of series that programs for outpainting have really made."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis import Analysis, analyse
from ai_ever_zoom_addon.core.series import find_images
from ai_ever_zoom_addon.errors import EverZoomError
from tests.series_maker import Array


def load(file: Path) -> Array:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), np.float32) / np.float32(255)


def files_of(shared: Path, name: str) -> list[Path]:
    return list(find_images(shared / "series" / name)[0])


def test_a_shuffled_and_renamed_series_comes_back_in_order(shared: Path, tmp_path: Path) -> None:
    files = files_of(shared, "mj_cats_2x")
    names = [f"{letter}.webp" for letter in "qwertyui"]
    random.Random(3).shuffle(names)
    renamed = {}
    for file, name in zip(files, names, strict=True):
        shutil.copy(file, tmp_path / name)
        renamed[name] = file.name
    found = analyse(find_images(tmp_path)[0], load, auto_sort=True)
    # In the series' own folder the first file is the innermost image.
    assert [renamed[name] for name in found.order] == [file.name for file in files[::-1]]
    assert found.zoom_factor == pytest.approx(2.002, abs=0.002)
    assert found.file_order == "shuffled"
    assert not found.left_out
    assert all(pair.score > 0.95 for pair in found.pairs)


@pytest.mark.parametrize("auto_sort", [False, True])
def test_a_series_in_file_order(shared: Path, auto_sort: bool) -> None:
    files = files_of(shared, "mj_cats_2x")
    found = analyse(files, load, auto_sort=auto_sort)
    assert found.file_order == "innermost-first"
    assert [pair.factor for pair in found.pairs] == pytest.approx([2.002] * 7, abs=0.002)


def test_a_pair_that_is_off_centre(shared: Path) -> None:
    found = analyse(files_of(shared, "mj_shift_pair_2x"), load)
    (pair,) = found.pairs
    assert pair.offset_px == pytest.approx((-0.3, 33.7), abs=0.3)


def test_a_series_with_factors_that_vary_is_reported_or_refused(shared: Path) -> None:
    files = files_of(shared, "app_eye_variable")
    try:
        found = analyse(files, load, auto_sort=True)
    except EverZoomError as error:
        assert any(file.name in str(error) for file in files)
        return
    assert is_said(found, [file.name for file in files])


def is_said(found: Analysis, names: list[str]) -> bool:
    """Whether every file has its place or is left out with a reason, and what is odd is named."""
    left_out = {item.file for item in found.left_out}
    factors = [pair.factor for pair in found.pairs]
    varies = max(factors) / min(factors) > 1.02
    is_named = any("varies" in text or "painted again" in text for text in found.warnings)
    return set(found.order) | left_out == set(names) and (is_named or not varies)
