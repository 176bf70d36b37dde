"""Which crop hides a seam. Images are views of one world, with a rim that was painted again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.contact_sheet import sheet_steps
from ai_ever_zoom_addon.core.cropping import (
    UNSEEN,
    SeamDifference,
    seam_difference,
    widths_compared,
)
from ai_ever_zoom_addon.core.joins import find_joins, source_of
from ai_ever_zoom_addon.core.series import Step
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.settings import MaskShape
from tests.core.test_joins import Case
from tests.pictures import grid

# So large that a pixel of what the outer image shows of the inner one is less than the bounds.
SQUARE, WIDE, TALL = (300, 300), (360, 240), (224, 336)
STEPS = {
    "centred": Step(2.0),
    "off centre": Step(2.5, (0.1, -0.08)),
    "turned": Step(2.0, (0.05, 0.0), turn=70),
}


def compared(case: Case, rim: float, by: float, *, is_round: bool = False) -> SeamDifference | None:
    """What is found where the inner image's rim is brighter by so many levels."""
    plan, images = case.plan(), case.images()
    join = find_joins(plan)[0]
    image = images[join.inner.image.file]
    high, wide = image.shape[:2]
    x, y = grid((wide, high))
    across, up = np.abs(x) * 2.0, np.abs(y) * 2.0 * wide / high
    reach = np.hypot(across, up) if is_round else np.maximum(across, up)
    image[reach > rim] += by / 255.0
    needed = widths_compared(plan, join)
    return seam_difference(
        plan, join, {file: source_of(images[file], width) for file, width in needed.items()}
    )


@pytest.mark.parametrize("rim", [0.6, 0.86])
@pytest.mark.parametrize("sizes", [[SQUARE] * 2, [WIDE, TALL]], ids=["square", "mixed"])
@pytest.mark.parametrize("step", STEPS)
def test_the_crop_ends_where_the_rim_begins(step: str, sizes: Any, rim: float) -> None:
    found = compared(Case(sizes, [STEPS[step]], {"feather": 0.02, "crop": 0.5}), rim, 40.0)
    assert found is not None and found.suggested is not None
    assert found.suggested == pytest.approx(rim, abs=0.02)
    assert found.now < UNSEEN


@pytest.mark.parametrize("rim", [0.6, 0.86])
def test_an_ellipse_is_cropped_along_ellipses(rim: float) -> None:
    choices = {"mask_shape": MaskShape.ELLIPSE, "feather": 0.02, "crop": 0.94}
    found = compared(Case([WIDE] * 2, [Step(2.0)], choices), rim, 40.0, is_round=True)
    assert found is not None and found.suggested is not None
    assert found.suggested == pytest.approx(rim, abs=0.02)
    assert found.now == pytest.approx(40.0, abs=3.0)


def test_a_soft_edge_is_taken_as_a_whole() -> None:
    """What is painted again in a part of it counts by that part."""
    found = compared(Case([SQUARE] * 2, [Step(2.0)], {"feather": 0.1}), 0.8, 20.0)
    assert found is not None and found.suggested is not None
    assert found.suggested == pytest.approx(0.8 + 0.2 * UNSEEN / 20.0, abs=0.025)


def test_pictures_that_are_the_same_need_no_crop_and_others_have_none() -> None:
    same = compared(Case([SQUARE] * 2, [Step(2.0)]), 0.9, 0.0)
    other = compared(Case([SQUARE] * 2, [Step(2.0)]), 0.0, 40.0)
    assert same is not None and other is not None
    assert same.suggested == 0.95 and same.now < 1.5
    assert other.suggested is None and other.now == pytest.approx(40.0, abs=3.0)


def test_through_a_hole_there_is_nothing_to_compare() -> None:
    assert compared(Case([WIDE] * 2, [Step(2.0, is_hole=True)]), 0.9, 0.0) is None


def test_only_what_both_images_show_is_compared() -> None:
    """The inner image reaches beyond the outer one, which ends there."""
    case = Case([SQUARE] * 2, [Step(2.0, (0.27, 0.2))], {"crop": 0.6})
    found = compared(case, 0.95, 0.0)
    assert found is not None and found.levels.max() < 2.0


def test_the_sheet_names_the_seams_that_are_seen_and_what_hides_them() -> None:
    case = Case([SQUARE] * 4, [Step(2.0)] * 3, {"feather": 0.02, "crop": 0.9})
    images = case.images()
    rim, other = images[Path("2.png")], images[Path("3.png")]
    inside = slice(30, -30)  # to 0.8
    kept = rim[inside, inside].copy()
    rim += 30 / 255
    rim[inside, inside] = kept
    other += 30 / 255
    lines: list[str] = []

    def lettering(text: str, height: int) -> NDArray[np.float32]:
        lines.append(text)
        return np.zeros((height, 1), np.float32)

    run(sheet_steps(case.plan(), images.__getitem__, lettering))
    first, second, third = lines[::4]
    assert "differs" not in first
    found = re.fullmatch(r"2   frame \d+   differs by 30: crop (0\.\d\d)", second)
    assert found and float(found[1]) == pytest.approx(0.8, abs=0.02)
    assert re.fullmatch(r"3   frame \d+   differs by (29|30): no crop hides it", third)


def test_copies_with_hard_edges_do_not_differ() -> None:
    """The outer image shows the inner one shrunk; their pixels differ at each edge."""
    case = Case([(512, 512)] * 2, [Step(2.0)], {"feather": 0.02})
    random = np.random.default_rng(4)
    inner, outer = np.full((2, 512, 512, 3), 0.5, np.float32)
    for left, top, width, height in random.integers(2, 480, (60, 4)):
        inner[top : top + height // 6, left : left + width // 6] = random.random(3)
    # Thin lines: each pixel of the outer image is the mean of four, some pixels apart.
    inner[::31] = inner[:, ::37] = 0.0
    outer[128:384, 128:384] = inner.reshape(256, 2, 256, 2, 3).mean((1, 3))
    plan = case.plan()
    join = find_joins(plan)[0]
    images = {join.inner.image.file: inner, join.outer.image.file: outer}
    needed = widths_compared(plan, join)
    found = seam_difference(
        plan, join, {file: source_of(images[file], width) for file, width in needed.items()}
    )
    assert found is not None and found.suggested == 0.95
