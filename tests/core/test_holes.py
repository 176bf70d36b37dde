"""Holes in pictures, and what is placed into them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ai_ever_zoom_addon.core.analysis.making import analyse, pair_steps
from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement
from ai_ever_zoom_addon.core.analysis.report import Source
from ai_ever_zoom_addon.core.matching.holes import Box, largest_hole
from ai_ever_zoom_addon.core.series import SeriesImage, series_of
from ai_ever_zoom_addon.core.steps import run
from tests.series_maker import Array, outpaint, scenes

WIDTH, HEIGHT = 256, 192


def with_hole(image: Array, box: Box | None, opacity: float = 0.0) -> Array:
    """The picture with opacity, and a colour of its own where it is see-through."""
    rgba = np.concatenate([image, np.ones_like(image[:, :, :1])], axis=2)
    if box is not None:
        left, top, right, bottom = box
        rgba[top:bottom, left:right] = 1.0, 0.0, 1.0, opacity
    return rgba


@dataclass(frozen=True)
class Pictures:
    """Pictures by file names, without files."""

    images: dict[str, Array]

    @property
    def files(self) -> list[Path]:
        return [Path(name) for name in self.images]

    def load(self, file: Path) -> Array:
        return self.images[file.name]


def strangers(count: int) -> list[Array]:
    """Pictures that have nothing in common."""
    images = scenes((WIDTH, HEIGHT), np.random.default_rng(17), count)
    return [image for image, _ in zip(images, range(count), strict=False)]


def opaque(shape: tuple[int, int]) -> Array:
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("shape", [(192, 256), (1100, 1700)])
@pytest.mark.parametrize("hole", [(0.25, 0.25, 0.75, 0.75), (0.61, 0.13, 0.93, 0.31)])
def test_the_box_of_a_hole_is_exact(
    shape: tuple[int, int], hole: tuple[float, float, float, float]
) -> None:
    opacity = opaque(shape)
    left, top, right, bottom = (
        round(part * side) for part, side in zip(hole, (*shape[::-1], *shape[::-1]), strict=True)
    )
    opacity[top:bottom, left:right] = 0.0
    assert largest_hole(opacity) == (left, top, right, bottom)


def test_a_round_hole_with_a_soft_edge_is_covered() -> None:
    down, across = np.mgrid[0:200, 0:300]
    distance = np.hypot(down - 90, across - 160)
    box = largest_hole(np.clip((distance - 40) / 10, 0, 1).astype(np.float32))
    assert box is not None
    assert box == pytest.approx((160 - 49, 90 - 49, 160 + 49, 90 + 49), abs=2)


@pytest.mark.parametrize(
    "box", [(100, 60, 160, 200), (0, 60, 80, 140), (100, 0, 200, 50), (200, 60, 300, 140)]
)
def test_a_hole_may_reach_to_one_side(box: Box) -> None:
    opacity = opaque((200, 300))
    left, top, right, bottom = box
    opacity[top:bottom, left:right] = 0.0
    assert largest_hole(opacity) == box


@pytest.mark.parametrize(
    "box",
    [(0, 0, 60, 60), (240, 140, 300, 200), (0, 150, 300, 200), (100, 0, 160, 200)],
    ids=["corner", "other corner", "along a side", "across"],
)
def test_what_is_cut_off_is_no_hole(box: Box) -> None:
    opacity = opaque((200, 300))
    left, top, right, bottom = box
    opacity[top:bottom, left:right] = 0.0
    assert largest_hole(opacity) is None


def test_of_two_holes_the_larger_one_counts() -> None:
    opacity = opaque((200, 300))
    opacity[20:40, 20:40] = opacity[100:160, 200:260] = 0.0
    assert largest_hole(opacity) == (200, 100, 260, 160)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (np.s_[:, :60], 0.0),  # a rim
        (np.s_[100:103, 100:103], 0.0),  # a speck
        (np.s_[50:150, 50:150], 0.7),  # a shade
        (np.s_[50:150, 50:150], 1.0),
    ],
)
def test_what_is_no_hole(part: tuple[slice, slice], value: float) -> None:
    opacity = opaque((200, 300))
    opacity[part] = value
    assert largest_hole(opacity) is None


@pytest.mark.parametrize("first", ["innermost-first", "outermost-first"])
@pytest.mark.parametrize("order", ["auto", "given"])
def test_what_nothing_else_places_fills_the_hole(first: str, order: str) -> None:
    boxes: list[Box | None] = [(64, 48, 192, 144), (140, 20, 204, 92), None]
    images = [with_hole(*pair) for pair in zip(strangers(3), boxes, strict=True)]
    if first == "innermost-first":
        images.reverse()
    pictures = Pictures({f"{number}.png": image for number, image in enumerate(images)})
    found = analyse(pictures.files, pictures.load, order=first if order == "given" else order)
    names = ("0.png", "1.png", "2.png")
    assert found.order == (names if first == "outermost-first" else names[::-1])
    assert [pair.source for pair in found.pairs] == [Source.HOLE] * 2
    # 64 x 72 pixels are covered by a picture of 4 to 3.
    assert [pair.factor for pair in found.pairs] == pytest.approx([2.0, WIDTH / 96])
    assert [pair.offset_px for pair in found.pairs] == [(0.0, 0.0), (172 - 128, 56 - 96)]
    assert [pair.gain for pair in found.pairs] == [(1.0, 1.0, 1.0)] * 2
    assert not found.left_out
    shapes = [SeriesImage(Path(name), WIDTH, HEIGHT) for name in found.order]
    assert [step.is_hole for step in series_of(shapes, found).steps] == [True, True]


def test_the_next_image_fills_the_hole_also_where_it_is_known_from_elsewhere() -> None:
    """The last image holds the first one: by way of that all have a place, and a wrong one."""
    truth = outpaint([2.0], (WIDTH, HEIGHT), seed=18)
    box = (64, 48, 192, 144)
    images = [
        with_hole(truth.images[1], (140, 20, 204, 92)),
        with_hole(strangers(1)[0], box),
        truth.images[0],
    ]
    pictures = Pictures({f"{number}.png": image for number, image in enumerate(images)})
    found = analyse(pictures.files, pictures.load, order="outermost-first")
    assert [pair.source for pair in found.pairs] == [Source.HOLE] * 2
    assert [pair.factor for pair in found.pairs] == pytest.approx([WIDTH / 96, 2.0])


def test_a_measured_place_wins_over_a_hole() -> None:
    truth = outpaint([2.0, 2.0], (WIDTH, HEIGHT), seed=18)
    images = [with_hole(truth.images[0], (10, 10, 60, 40)), *truth.images[1:]]
    pictures = Pictures({f"{number}.png": image for number, image in enumerate(images)})
    found = analyse(pictures.files, pictures.load)
    assert [pair.source for pair in found.pairs] == [Source.MEASURED] * 2
    assert [pair.factor for pair in found.pairs] == pytest.approx([2.0, 2.0], rel=0.005)


def test_a_given_place_wins_over_a_hole() -> None:
    outer, inner = strangers(2)
    pictures = Pictures({"0.png": with_hole(outer, (64, 48, 192, 144)), "1.png": inner})
    given = GivenPlacement("0.png", "1.png", 5.0, (3.0, 4.0), (WIDTH, HEIGHT))
    (pair,) = analyse(pictures.files, pictures.load, given=[given]).pairs
    assert (pair.source, pair.offset_px) == (Source.GIVEN, (3.0, 4.0))


def test_a_new_pair_of_the_list_finds_the_hole() -> None:
    outer, inner = strangers(2)
    pictures = Pictures({"0.png": with_hole(outer, (64, 48, 192, 144)), "1.png": inner})
    first, second = pictures.files
    pair = run(pair_steps(first, second, pictures.load))
    assert pair is not None
    assert pair.source is Source.HOLE
    assert pair.factor == pytest.approx(2.0)


def test_one_image_repeats_in_its_own_hole() -> None:
    (image,) = strangers(1)
    pictures = Pictures({"0.png": with_hole(image, (140, 20, 204, 92))})
    found = analyse(pictures.files, pictures.load, zoom_factor=3.0)
    assert found.closing is not None
    assert (found.closing.source, found.closing.offset_px) == (Source.HOLE, (44.0, -40.0))
    assert found.closing.factor == pytest.approx(WIDTH / 96)
