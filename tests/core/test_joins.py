"""The joins of a zoom, and the sheet that shows them all.

All images are views of one world that is known at every point: so a frame must be the world as the
view sees it. Where images lie is worked out by similarities of the complex plane.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.contact_sheet import layout_of, sheet_steps
from ai_ever_zoom_addon.core.joins import (
    DIFFERENCE_TIMES,
    Join,
    find_joins,
    join_pictures,
    source_of,
    widths_needed,
)
from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.settings import MaskShape, Travel, Turn, ZoomSettings
from tests.pictures import Array, error, grid
from tests.placements import (
    back,
    into_outermost,
    through,
    view_to_outermost,
    world,
)

SQUARE, WIDE, TALL = (150, 150), (180, 120), (112, 168)
PLAIN = ZoomSettings(is_factor_measured=True, zoom_steps=20, start_frame=0)
WIDTH = 120


@dataclass(frozen=True)
class Case:
    """Images and how they lie in each other; `choices` are settings."""

    sizes: list[tuple[int, int]]
    steps: list[Step]
    choices: dict[str, Any] = field(default_factory=dict)

    def plan(self) -> Plan:
        images = (SeriesImage(Path(f"{k}.png"), *size) for k, size in enumerate(self.sizes))
        series = Series(tuple(images), tuple(self.steps))
        return make_plan(series, ZoomSettings(**PLAIN.to_dict() | self.choices))

    def images(self) -> dict[Path, NDArray[np.float32]]:
        """As they are read: with opacity where there is a hole."""
        pictures = {}
        for number, (size, outer) in enumerate(
            zip(self.sizes, into_outermost(self.steps), strict=True)
        ):
            x, y = grid(size)
            picture = world(through(outer, x + 1j * y))
            if number < len(self.steps) and self.steps[number].is_hole:
                inner = into_outermost(self.steps[number : number + 1])[1]
                own = back(inner, x + 1j * y)
                wide, high = self.sizes[number + 1]
                is_open = (np.abs(own.real) < 0.5) & (np.abs(own.imag) < 0.5 * high / wide)
                picture = np.dstack([picture, ~is_open])
            pictures[Path(f"{number}.png")] = picture.astype(np.float32)
        return pictures

    def sources(self) -> dict[Path, Any]:
        return {file: source_of(image, 1e9) for file, image in self.images().items()}


CASES = {
    "plain": Case([WIDE] * 4, [Step(2.0)] * 3),
    "ellipse": Case([WIDE] * 3, [Step(2.0)] * 2, {"mask_shape": MaskShape.ELLIPSE}),
    "large factor": Case([SQUARE] * 3, [Step(4.0)] * 2),
    "small factor": Case([SQUARE] * 6, [Step(1.08)] * 5, {"feather": 0.1}),
    **{
        f"turned {turn}": Case([WIDE] * 3, [Step(2.0, (0.03, -0.02), turn=turn)] * 2)
        for turn in (15, 90, -137)
    },
    "level": Case([SQUARE] * 3, [Step(2.0, (0.1, 0.0), turn=30)] * 2, {"turn": Turn.LEVEL}),
    "rolled": Case([SQUARE] * 3, [Step(2.0, (0.1, 0.0), turn=30)] * 2, {"roll": -0.2}),
    "corner": Case([SQUARE] * 3, [Step(3.0, (-1 / 3, 1 / 3))] * 2),
    "mixed shapes": Case(
        [WIDE, SQUARE, TALL, (151, 101)],
        [Step(2.5, (0.1, 0.02), turn=10), Step(2.0, (0.0, 0.1)), Step(3.0, turn=90)],
    ),
    "holes": Case([WIDE] * 3, [Step(2.0, is_hole=True)] * 2),
}
every_case = pytest.mark.parametrize("name", CASES)


@every_case
def test_each_join_is_shown_as_the_view_sees_the_world(name: str) -> None:
    plan, sources = CASES[name].plan(), CASES[name].sources()
    joins = find_joins(plan)
    assert len(joins) == len(plan.layers) - 1
    for join in joins:
        seen = join_pictures(plan, join, sources, WIDTH)
        size = seen.seam.shape[1], seen.seam.shape[0]
        x, y = grid(size, plan.view_size)
        truth = world(through(view_to_outermost(plan, join.level), x + 1j * y))
        rms, _ = error(seen.seam / 255.0, truth)
        assert rms < 2.5, (join.inner.index, rms)


def seam_inside(case: Case, plan: Plan, join: Join, level: float) -> float:
    """How much of a seam lies inside of the frame by a twentieth of it, 0 to 1."""
    half = complex(*join.inner.mask.half_size)
    along = np.linspace(-1.0, 1.0, 15)
    seam = np.concatenate([along * half.real + 1j * half.imag, half.real + along * 1j * half.imag])
    if join.inner.mask.shape is MaskShape.ELLIPSE:
        angle = np.linspace(0.0, np.pi, 30)
        seam = half.real * np.cos(angle) + 1j * half.imag * np.sin(angle)
    outer = into_outermost(case.steps)[join.inner.index]
    seen = back(view_to_outermost(plan, level), through(outer, np.concatenate([seam, -seam])))
    width, height = plan.view_size
    room = np.minimum(0.5 - np.abs(seen.real) / width, 0.5 - np.abs(seen.imag) / height)
    return float((room > 0.05).mean())


@every_case
def test_a_join_is_shown_when_its_seam_is_best_seen(name: str) -> None:
    """All of it inside of the frame, where there is such a moment; the inner image is there."""
    case = CASES[name]
    plan = case.plan()
    for join in find_joins(plan):
        assert join.outer.level <= join.level <= join.inner.level
        assert join.inner.opaque_from <= join.level
        levels = np.linspace(max(join.outer.level, join.inner.opaque_from), join.inner.level, 40)
        best = max(seam_inside(case, plan, join, level) for level in levels.tolist())
        inside = seam_inside(case, plan, join, join.level)
        assert inside > best - 0.1
        if name in ("plain", "ellipse", "large factor", "rolled", "turned 15", "holes"):
            assert inside == 1.0


@every_case
def test_the_frame_is_the_one_that_is_nearest(name: str) -> None:
    plan = CASES[name].plan()
    levels = [plan.level_at(frame) for frame in plan.frames]
    for join in find_joins(plan):
        nearest = min(abs(level - join.level) for level in levels)
        assert abs(plan.level_at(join.frame) - join.level) == nearest


@pytest.mark.parametrize("name", ["plain", "turned 90", "corner", "mixed shapes"])
def test_a_difference_is_shown_where_it_is_and_how_large(name: str) -> None:
    """The inner image is brighter by 20 levels in a part of it: four times that is shown there."""
    case = CASES[name]
    plan, images = case.plan(), case.images()
    join = find_joins(plan)[0]
    image = images[join.inner.image.file]
    high, wide = image.shape[:2]
    image[high // 2 : high * 3 // 4, wide // 8 : wide // 2] += 20 / 255
    sources = {file: source_of(image, 1e9) for file, image in images.items()}
    seen = join_pictures(plan, join, sources, WIDTH)
    size = seen.difference.shape[1], seen.difference.shape[0]
    x, y = grid(size, plan.view_size)
    own = back(
        into_outermost(case.steps)[1],
        through(view_to_outermost(plan, join.level), x + 1j * y),
    )
    across, down = own.real + 0.5, 0.5 - own.imag * wide / high
    depth = np.minimum.reduce([across - 0.125, 0.5 - across, down - 0.5, 0.75 - down])
    inside = depth > 0.04
    outside = (np.minimum(own.real + 0.5, 0.5 - own.real) > 0.14) & (depth < -0.04)
    shown = seen.difference.astype(float)
    assert inside.sum() > 100
    assert shown[inside].mean() == pytest.approx(20 * DIFFERENCE_TIMES, abs=4.0)
    assert shown[outside].mean() < 8.0
    reach = np.maximum(np.abs(own.real), np.abs(own.imag) * wide / high)
    assert not shown[reach > 0.52].any()
    # Each image alone lies where the frame shows it.
    _assert_same(seen.outer, seen.seam, reach > 0.42)  # the crop is 0.4
    _assert_same(seen.inner, seen.seam, inside)


def _assert_same(one: NDArray[np.uint8], other: NDArray[np.uint8], where: Array) -> None:
    assert np.abs(one[where].astype(int) - other[where]).mean() < 2.5


def test_a_ring_shows_each_join_once_also_that_of_its_ends() -> None:
    images = tuple(SeriesImage(Path(f"{k}.png"), *SQUARE) for k in range(3))
    series = Series(images, (Step(2.0),) * 2, closing=Step(2.0))
    joins = find_joins(make_plan(series, ZoomSettings(travel=Travel.LOOP)))
    pairs = [(join.outer.image.file.name, join.inner.image.file.name) for join in joins]
    assert pairs == [("0.png", "1.png"), ("1.png", "2.png"), ("2.png", "0.png")]
    alone = Series(images[:1], (), closing=Step(2.0))
    joins = find_joins(make_plan(alone, ZoomSettings(travel=Travel.LOOP)))
    assert [(join.outer.image, join.inner.image) for join in joins] == [images[:1] * 2]


@every_case
def test_images_are_shrunk_to_what_is_needed(name: str) -> None:
    """What is drawn of those that are as large as needed is what is drawn of larger ones."""
    case = CASES[name]
    plan, images = case.plan(), case.images()
    join, width = find_joins(plan)[0], 60
    needed = widths_needed(plan, join, width)
    small = {file: source_of(images[file], pixels) for file, pixels in needed.items()}
    one, other = (join_pictures(plan, join, sources, width) for sources in (small, case.sources()))
    assert np.abs(one.seam.astype(int) - other.seam).mean() < 2.0
    assert all(small[file].shape[1] <= np.ceil(needed[file]) for file in needed)


# --- The sheet ------------------------------------------------------------------------------------


@pytest.mark.parametrize("aspect", [1.0, 9 / 16, 16 / 9, 0.1])
def test_a_sheet_is_readable_and_bounded_for_any_number_of_joins(aspect: float) -> None:
    largest = None
    for count in (1, 2, 7, 23, 60, 200, 1000):
        layout = layout_of(count, aspect)
        across, up = layout.block
        rows = -(-count // layout.columns)
        width, height = across * layout.columns, up * rows
        assert width * height < 26_000_000
        if count >= 23 and aspect > 0.2:
            assert 0.7 < width / height < 2.8
        side = max(layout.tile)
        assert side > (300 if count <= 23 else 190 if count <= 200 else 70)
        assert largest is None or side <= largest
        largest = side
        assert {"seam", "difference"} <= set(layout.kinds)


def test_a_sheet_holds_every_join_and_reads_every_image_once() -> None:
    count = 110
    case = Case([(64, 48)] * count, [Step(2.0)] * (count - 1))
    plan = case.plan()
    reads: Counter[str] = Counter()
    lines: list[str] = []

    def read(file: Path) -> NDArray[np.float32]:
        """A plain colour, that of its number."""
        reads[file.name] += 1
        return np.full((48, 64, 3), int(file.stem) / count, np.float32)

    def lettering(text: str, height: int) -> NDArray[np.float32]:
        lines.append(text)
        return np.ones((height, 5000), np.float32)

    told: list[tuple[float, str]] = []
    sheet = run(sheet_steps(plan, read, lettering), lambda *step: told.append(step))
    assert reads == {f"{number}.png": 1 for number in range(count)}
    assert told == sorted(told) and told[-1][1] == f"Drawing join {count - 1} of {count - 1}"
    joins = find_joins(plan)
    assert lines == [
        f"{number}   frame {join.frame}   {number}.png in {number - 1}.png"
        for number, join in enumerate(joins, 1)
    ]
    layout = layout_of(count - 1, plan.view_size[1] / plan.view_size[0])
    across, up = layout.block
    for number in range(count - 1):
        row, column = divmod(number, layout.columns)
        block = sheet[row * up : (row + 1) * up, column * across : (column + 1) * across]
        middle = block[up // 2, layout.tile[0] // 2]
        assert middle == pytest.approx(255.0 * (number + 1) / count, abs=1.5)
        edge = block[up - layout.tile[1] + 2, layout.tile[0] // 2]
        assert edge == pytest.approx(255.0 * number / count, abs=1.5)
        assert (block[12, 10] > 200).all() and (block[12, -3] < 100).all()  # no line runs on


def test_few_joins_have_a_line_above_each_picture() -> None:
    lines: list[str] = []

    def lettering(text: str, height: int) -> NDArray[np.float32]:
        lines.append(text)
        return np.ones((height, 10), np.float32)

    case = CASES["plain"]
    images = case.images()
    run(sheet_steps(case.plan(), images.__getitem__, lettering))
    assert lines[:4] == [
        f"1   frame {find_joins(case.plan())[0].frame}",
        "difference, 4 times",
        "0.png",
        "1.png",
    ]
    assert len(lines) == 12


def test_numbers_of_joins_go_from_outside_to_inside() -> None:
    joins: list[Join] = find_joins(CASES["mixed shapes"].plan())
    for before, after in itertools.pairwise(joins):
        assert before.inner is after.outer and before.level < after.level
