"""Where things have gone in pictures that were painted again, from displacements that are known."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.analysis.making import analyse
from ai_ever_zoom_addon.core.analysis.report import Analysis
from ai_ever_zoom_addon.core.cropping import seam_difference, widths_compared
from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.core.joins import find_joins, source_of
from ai_ever_zoom_addon.core.matching.gliding import FARTHEST, UNIT, Glide, find_glide
from ai_ever_zoom_addon.core.matching.picture import Picture, shrink
from ai_ever_zoom_addon.core.matching.placement import Placement
from ai_ever_zoom_addon.core.matching.resampling import cubic_at
from ai_ever_zoom_addon.core.plan.bending import Bend, Join, bendable
from ai_ever_zoom_addon.core.plan.mask import Mask, whole
from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.settings import Engine, MaskShape, Travel, ZoomSettings
from tests.series_maker import Array, Memory, repainted, scenes, sky, view, waved

SIZE = (384, 256)
MIDDLE, DRY = complex(4323, 1001), complex(3000, 1500)  # of the large picture: the Alps, the Sahara
Field = NDArray[np.float64]


@dataclass(frozen=True)
class Repaint:
    """An outer picture, and the inner one with its things elsewhere, and both without noise."""

    outer: Array
    inner: Array
    clean: tuple[Array, Array]
    shift: Field  # what the inner picture shows at a pixel lies so far from there, in widths
    placement: Placement


def make(
    far: float = 0.02,
    *,
    seed: int = 1,
    waves: float = 2.0,
    factor: float = 2.0,
    turn: float = 0.0,
    noise: float = 0.0,
    texture: float = 0.0,
    middle: complex = MIDDLE,
) -> Repaint:
    """Things are displaced by up to `far` widths, smoothly, in `waves` waves along a side."""
    truth = view(middle, 1.8, turn, SIZE)
    outer = view(middle, 1.8 * factor, 0.0, SIZE)
    shift = waved(SIZE, far, seed, waves)
    inner = repainted(truth, shift)
    clean = outer, inner
    generator = np.random.default_rng(seed)
    if texture:
        inner = inner + texture * (next(scenes(SIZE, generator, 1)) - np.float32(0.5))
    outer, inner = (
        np.clip(image + generator.normal(0.0, noise, image.shape), 0, 1).astype(np.float32)
        for image in (outer, inner)
    )
    return Repaint(outer, inner, clean, shift, Placement(1.0 / factor, (0.0, 0.0), turn))


def pictures(outer: Array, inner: Array) -> tuple[Picture, Picture]:
    return shrink("outer", outer), shrink("inner", inner)


def found(case: Repaint) -> Glide | None:
    return find_glide(*pictures(case.outer, case.inner), case.placement)


def join_of(case: Repaint, glide: Glide, mask: Mask | None = None) -> Join:
    aspect = SIZE[1] / SIZE[0]
    vector = case.placement.scale * np.exp(-1j * math.radians(case.placement.turn))
    return Join(glide, 3.0, 4.0, 0j, complex(vector), aspect, mask or whole(aspect))


def band() -> tuple[NDArray[np.complex128], Field, Field]:
    """Places in the inner picture around a seam, between crops of 0.6 and 0.9, y up, in widths."""
    aspect = SIZE[1] / SIZE[0]
    x, y = np.meshgrid(np.linspace(-0.45, 0.45, 240), np.linspace(-0.45, 0.45, 160) * aspect)
    is_near = np.maximum(np.abs(x), np.abs(y) / aspect) > 0.3
    return (x + 1j * y)[is_near], x[is_near], y[is_near]


def shown(picture: Array, places: NDArray[np.complex128]) -> Array:
    """What a picture shows at places from its centre, in its widths, y up."""
    width = picture.shape[1]
    x, y = places.real * width + width / 2, picture.shape[0] / 2 - places.imag * width
    return cubic_at(picture, x, y).mean(axis=1)


def ghosting(case: Repaint, glide: Glide | None) -> float:
    """How far apart both pictures are around the seam, in widths.

    The difference where the outer one shows a thing and the inner one should, as a part of the
    outer one's own slope.
    """
    outer, inner = case.clean
    places, _, _ = band()
    x, y = case.placement.offset
    centre = complex(x, -y) / SIZE[0]
    placed = join_of(case, Glide(2, (0,) * 8)).vector

    def ours(at: NDArray[np.complex128]) -> Array:
        return shown(outer, at * placed + centre)

    there = places + (join_of(case, glide).displaced(places) if glide else 0.0)
    little = 0.5 / SIZE[0]
    slopes = [
        (ours(places + way) - ours(places - way)) / (2 * little) for way in (little, 1j * little)
    ]
    slope = float(np.hypot(*slopes).mean())
    return float(np.abs(shown(inner, there) - ours(places)).mean()) / slope


def errors(case: Repaint, glide: Glide) -> tuple[float, float]:
    """How far a field is from the truth around the seam, and how far the truth goes: in widths.

    The inner picture shows at p what the truth has at p + shift(p).
    """
    places, _, _ = band()
    shift = np.moveaxis(case.shift, 0, 2).astype(np.float32)

    def at(where: NDArray[np.complex128]) -> NDArray[np.complex128]:
        x, y = where.real * SIZE[0] + SIZE[0] / 2, SIZE[1] / 2 - where.imag * SIZE[0]
        moved = cubic_at(shift, x, y).astype(float)
        return moved[:, 0] - 1j * moved[:, 1]

    truth = np.zeros_like(places)
    for _ in range(10):
        truth = -at(places + truth)
    wrong = join_of(case, glide).displaced(places) - truth
    return mean_square(wrong), mean_square(truth)


def mean_square(values: NDArray[np.complex128]) -> float:
    return float(np.sqrt(np.square(np.abs(values)).mean()))


EASY: dict[str, dict[str, float | complex]] = {
    "plain": {"far": 0.01},
    "finer waves": {"seed": 2, "waves": 3.0},
    "noise": {"noise": 0.03},
    "texture": {"texture": 0.15, "seed": 3},
    "turned": {"turn": 20.0},
    "a larger factor": {"factor": 3.0},
    "few things to see": {"middle": DRY},
}


def made(values: dict[str, float | complex], **others: float) -> Repaint:
    return make(**values | others)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EASY)
def test_ghosts_go_down_to_a_third_by_a_field_that_is_true(name: str) -> None:
    case = made(EASY[name])
    glide = found(case)
    assert glide is not None
    wrong, far = errors(case, glide)
    # Where nothing stands out of the noise, as in the sea, nothing is known, nor to be seen.
    assert wrong < 0.4 * far
    # What filters leave of the two where nothing has moved is no ghost.
    floor = ghosting(made(EASY[name], far=0.0), None)
    assert ghosting(case, glide) - floor < (ghosting(case, None) - floor) / 3


# Of each: what was done, and whether there is a movement at all.
HARD: dict[str, tuple[dict[str, float | complex], bool]] = {
    "a copy": ({"far": 0.0}, False),
    "a noisy copy": ({"far": 0.0, "noise": 0.05}, False),
    "other texture in the same places": ({"far": 0.0, "texture": 0.4}, False),
    "much noise": ({"noise": 0.12}, True),
    "very fine waves": ({"waves": 6.0}, True),
    "too far": ({"far": 0.1}, True),
    "noise where there is little": ({"middle": DRY, "noise": 0.06}, True),
    "hardly any movement": ({"far": 0.001}, True),
}


@pytest.mark.parametrize("name", HARD)
def test_it_is_never_worse_than_without(name: str) -> None:
    values, is_moved = HARD[name]
    case = made(values)
    glide = found(case)
    assert is_moved or glide is None
    assert ghosting(case, glide) <= 1.01 * ghosting(case, None)


def test_what_has_nothing_in_common_does_not_glide() -> None:
    generator = np.random.default_rng(4)
    painted = scenes(SIZE, generator, 2)
    one, other = next(painted), next(painted)
    skies = sky(SIZE, generator), sky(SIZE, generator)
    noise = generator.uniform(0, 1, (2, *SIZE[::-1], 3)).astype(np.float32)
    flat = np.full((2, *SIZE[::-1], 3), 0.4, np.float32)
    for pair in ((one, other), skies, noise, flat):
        assert find_glide(*pictures(*pair), Placement(0.5, (0.0, 0.0))) is None


def test_a_picture_of_which_little_is_shown_does_not_glide() -> None:
    case = make(factor=20.0)  # 19 pixels of the outer picture
    assert found(case) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        "1 2 3 4",
        [],
        [1, 2],
        ["0 0 0 0"],
        ["0 0 0 0", "0 0"],
        ["0 0 0", "0 0 0"],
        ["a b c d"] * 2,
        ["0 0 0 7000"] * 2,
        ["0 0 " * 70] * 2,
        ["0 0 0 0"] * 70,
        ["0 0 0 1.5"] * 2,
    ],
)
def test_what_is_no_field_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Glide.from_json(wrong)


# --- What layers make of it -----------------------------------------------------------------------


def a_glide(seed: int = 1, far: float = 0.02, waves: float = 1.5) -> Glide:
    return Glide.of(waved((25, 17), far, seed, waves))


def joins() -> list[Join]:
    """Joins as they come: in the middle, off it, turned, of a small factor, in an ellipse."""
    aspect = 2 / 3
    mask = Mask(MaskShape.RECTANGLE, (0.4, 0.4 * aspect), 0.03)
    ellipse = replace(mask, shape=MaskShape.ELLIPSE)
    return [
        Join(a_glide(), 1.0, 2.0, 0j, 0.5 + 0j, aspect, whole(aspect)),
        Join(a_glide(2), 1.0, 2.5, 0.05 - 0.04j, 0.3 * np.exp(-0.4j), 1.0, mask),
        Join(a_glide(3), -2.0, -1.0, 0j, 0.75 + 0j, aspect, ellipse),
        Join(a_glide(4, FARTHEST, 0.6), 0.0, 1.0, 0.02j, 0.9 + 0j, aspect, mask),
    ]


def cross(join: Join, count: int = 60) -> NDArray[np.complex128]:
    """Places all over the inner picture, y up, in its widths."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, count), np.linspace(-0.5, 0.5, count) * join.aspect)
    places: NDArray[np.complex128] = (x + 1j * y).ravel()
    return places


def moved(bend: Bend, places: NDArray[np.complex128], level: float) -> NDArray[np.complex128]:
    """Where places of a layer are at a zoom level, in its widths."""
    shifts = bend.shifts(np.stack([places.real, places.imag], axis=1))
    return places + bend.shares(level) * (shifts[:, 0] + 1j * shifts[:, 1])


@pytest.mark.parametrize("join", joins())
def test_both_versions_show_a_thing_in_the_same_place_at_any_level(join: Join) -> None:
    places = cross(join)
    outer, inner = Bend(join, is_outer=True), Bend(join, is_outer=False)
    thing_in_outer = places * join.vector + join.centre
    thing_in_inner = places + join.displaced(places)
    for level in np.linspace(join.begins, join.ends, 5):
        there = moved(inner, thing_in_inner, level) * join.vector + join.centre
        assert np.abs(moved(outer, thing_in_outer, level) - there).max() < 2e-4


@pytest.mark.parametrize("join", joins())
@pytest.mark.parametrize("is_outer", [True, False])
def test_what_is_drawn_at_a_place_is_what_has_come_there(join: Join, is_outer: bool) -> None:
    bend, places = Bend(join, is_outer=is_outer), 0.7 * cross(join)
    for level in (join.begins, 0.4 * join.begins + 0.6 * join.ends, join.ends):
        sources = bend.sources(places, level)
        assert np.abs(moved(bend, sources, level) - places).max() < 2e-4
        assert np.abs(sources - places).max() <= bend.farthest + 1e-9


@pytest.mark.parametrize("join", joins())
def test_each_image_is_itself_when_it_fills_the_view(join: Join) -> None:
    outer, inner = Bend(join, is_outer=True), Bend(join, is_outer=False)
    assert [outer.shares(level) for level in (join.begins - 1, join.begins)] == [0.0, 0.0]
    assert [inner.shares(level) for level in (join.ends, join.ends + 1)] == [0.0, 0.0]
    assert outer.shares(join.ends) == inner.shares(join.begins) == 1.0


@pytest.mark.parametrize("join", joins())
def test_nothing_folds_and_the_edge_of_the_outer_image_stays(join: Join) -> None:
    side = np.linspace(-0.5, 0.5, 301)
    x, y = np.meshgrid(side, side)
    for bend in (Bend(join, is_outer=True), Bend(join, is_outer=False)):
        there = moved(bend, (x + 1j * y).ravel(), join.ends if bend.is_outer else join.begins)
        grid = there.reshape(x.shape)
        across, down = np.diff(grid, axis=1)[:-1], np.diff(grid, axis=0)[:, :-1]
        assert (
            across.real * down.imag - across.imag * down.real
        ).min() > 0  # areas keep their sign
    turns = np.exp(1j * np.linspace(0, math.tau, 50))
    wide, high = join.mask.opaque_half_size
    if join.mask.shape is MaskShape.ELLIPSE:
        edge = 1.001 * (wide * turns.real + 1j * high * turns.imag)
    else:
        edge = np.concatenate(
            [wide * 1.001 + 1j * high * turns.real, turns.real * wide - 1.001j * high]
        )
    assert np.array_equal(moved(Bend(join, is_outer=True), edge, join.ends), edge)


def test_faces_are_fine_where_a_layer_is_bent_and_only_there() -> None:
    join = Join(a_glide(), 1.0, 2.0, 0.2 + 0j, 0.1 + 0j, 2 / 3, whole(2 / 3))
    mesh = bendable(join.mask, (Bend(join, is_outer=True),))
    corners = mesh.points[mesh.faces]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    away = np.linalg.norm(corners.mean(axis=1) - (0.2, 0.0), axis=1)
    assert sides[away < 0.06].max() < 0.1 / 15
    assert sides[away > 0.4].min() > 0.03
    assert len(mesh.faces) < 6000


# --- From pictures to a plan ----------------------------------------------------------------------


def plan_of(series: Series, **settings: object) -> Plan:
    return make_plan(series, replace(ZoomSettings(is_factor_measured=True), **settings))  # type: ignore[arg-type]


def a_series(glides: tuple[Glide | None, ...] = (None, a_glide(), None), **step: bool) -> Series:
    count = len(glides) + 1
    images = tuple(SeriesImage(Path(f"{number}.png"), 384, 256) for number in range(count))
    return Series(images, tuple(Step(2.0, glide=glide, **step) for glide in glides))  # type: ignore[arg-type]


def bends(plan: Plan) -> list[list[bool]]:
    return [[bend.is_outer for bend in layer.bends] for layer in plan.layers]


def test_an_analysis_finds_what_glides_and_keeps_it() -> None:
    case = make()
    copy = view(MIDDLE, 0.9, 0.0, SIZE)
    # What it shows was painted again in the same way.
    shrunk = repainted(copy, case.shift)
    memory = Memory({"0.png": case.outer, "1.png": case.inner, "2.png": shrunk})
    analysis = analyse(memory.files, memory.load, order="outermost-first")
    first, _ = analysis.pairs
    assert first.glide is not None
    assert Analysis.from_json(json.loads(json.dumps(analysis.to_json()))) == analysis
    # The place is the one that fits best: what is left beside that glides.
    place = Placement(1.0 / first.factor, first.offset_px, first.turn_deg)
    measured = replace(case, placement=place)
    assert ghosting(measured, first.glide) < 0.5 * ghosting(measured, None)


def test_the_seam_check_finds_a_third_of_the_difference_or_less() -> None:
    """Its own measure, in levels along the soft edge: of a seam that is drawn, and as it glides."""
    case = make(0.015, seed=4)
    files = Path("0.png"), Path("1.png")
    images = tuple(SeriesImage(file, *SIZE) for file in files)
    pixels = dict(zip(files, (case.outer, case.inner), strict=True))
    series = Series(images, (Step(2.0, glide=found(case)),))
    levels = []
    for glide in (True, False):
        plan = plan_of(series, glide=glide)
        (join,) = find_joins(plan)
        widths = widths_compared(plan, join)
        sources = {file: source_of(pixels[file], widths[file]) for file in files}
        difference = seam_difference(plan, join, sources)
        assert difference is not None
        levels.append(difference.now)
    assert levels[0] < levels[1] / 3


def test_layers_bend_on_both_sides_of_what_was_painted_again() -> None:
    plan = plan_of(a_series())
    assert bends(plan) == [[], [True], [False], []]
    (bend,) = plan.layers[1].bends
    assert (bend.join.begins, bend.join.ends) == (plan.layers[1].level, plan.layers[2].level)
    assert bend.join.vector == pytest.approx(0.5)
    (finding,) = [one for one in plan.findings if one.kind is FindingKind.GLIDING]
    assert finding.values == {"count": 1, "pairs": 3}


@pytest.mark.parametrize("settings", [{"glide": False}, {"align": False}])
def test_nothing_bends_where_that_is_not_wanted_or_the_places_are_others(
    settings: dict[str, bool],
) -> None:
    plan = plan_of(a_series(), **settings)
    assert bends(plan) == [[], [], [], []]
    assert not [one for one in plan.findings if one.kind is FindingKind.GLIDING]


def test_the_sequencer_says_that_it_does_not_glide() -> None:
    plan = plan_of(a_series(), engine=Engine.SEQUENCER)
    (finding,) = plan.findings
    assert finding.kind is FindingKind.IDLE_GLIDE
    assert bends(plan) == [[], [], [], []]


def test_what_moves_or_is_seen_through_a_hole_does_not_glide() -> None:
    series = a_series()
    images = tuple(replace(image, file=image.file.with_suffix(".mp4")) for image in series.images)
    for other in (replace(series, images=images), a_series(is_hole=True)):
        assert bends(plan_of(other)) == [[], [], [], []]


def test_a_ring_glides_where_it_closes() -> None:
    ring = replace(a_series((None, None)), closing=Step(2.0, glide=a_glide()))
    plan = plan_of(ring, travel=Travel.LOOP)
    for layer in plan.layers[:-1]:
        assert any(bend.is_outer for bend in layer.bends) == (layer.number % 3 == 2)
    for layer in plan.layers[1:]:
        assert any(not bend.is_outer for bend in layer.bends) == (layer.number % 3 == 0)
    # In every round in the same way: so the last frame goes over into the first one.
    rounds = [bend.join for layer in plan.layers for bend in layer.bends if bend.is_outer]
    assert len(rounds) > 1
    for before, after in itertools.pairwise(rounds):
        assert after.begins - before.begins == after.ends - before.ends == plan.round_levels
        assert (after.centre, after.vector) == pytest.approx((before.centre, before.vector))


def test_displacements_are_written_down_exactly_enough() -> None:
    field = waved((25, 17), 0.02, 3)
    again = Glide.from_json(Glide.of(field).to_json()).field
    assert np.abs(again - field).max() <= UNIT / 2 + 1e-12
