"""The analysis of series that programs for outpainting have really made."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis.making import analyse
from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.findings import FindingKind
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


def test_factors_that_vary_between_unequal_sizes_are_measured_and_said(shared: Path) -> None:
    """Screenshots: the factors were measured by hand (SOURCES.md), to three digits."""
    files = files_of(shared, "app_eye_variable")
    found = analyse(files, load, auto_sort=True)
    assert found.order == tuple(f"infi{number}.png" for number in range(1, 7))
    assert found.file_order == "outermost-first"
    assert not found.left_out
    factors = [pair.factor for pair in found.pairs]
    assert factors == pytest.approx([5.96, 4.53, 2.81, 2.62, 1.62], rel=0.01)
    kinds = {finding.kind for finding in found.findings}
    assert FindingKind.VARYING_FACTOR in kinds


@pytest.mark.parametrize("name", ["app_eye_variable", "mj_cats_2x", "mj_shift_pair_2x"])
def test_noise_of_one_level_changes_nothing(shared: Path, name: str) -> None:
    """In which order pairs are tried hangs on the last digits of the pictures."""
    files = files_of(shared, name)
    noise = np.random.default_rng(7)

    def load_noisy(file: Path) -> Array:
        image = load(file)
        return image + noise.integers(-1, 2, image.shape).astype(np.float32) / np.float32(255)

    plain, noisy = (analyse(files, loader) for loader in (load, load_noisy))
    assert noisy.order == plain.order
    assert noisy.loops == plain.loops
    for before, after in zip(plain.pairs, noisy.pairs, strict=True):
        assert after.factor > 1.0
        assert after.source is before.source
        assert after.factor == pytest.approx(before.factor, rel=0.001)
        assert after.offset_px == pytest.approx(before.offset_px, abs=0.5)
        assert after.turn_deg == pytest.approx(before.turn_deg, abs=0.05)
