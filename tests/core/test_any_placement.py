"""The plan of images that lie turned, off centre and in any shape in each other.

Expected values are computed with similarities of the complex plane (tests/placements.py).
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.core.plan.framing import find_framing
from ai_ever_zoom_addon.core.plan.plan import Layer, Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import Centre, FrameSize, MaskShape, Travel, Turn, ZoomSettings
from tests.placements import Complex, Similarity, back, into_outermost, through, view_to_outermost

SQUARE, WIDE, UPRIGHT, BROAD = (1000, 1000), (1536, 1024), (800, 1200), (1600, 900)


def image(number: int, size: tuple[int, int]) -> SeriesImage:
    return SeriesImage(Path(f"{number}.png"), *size)


def series(sizes: list[tuple[int, int]], steps: list[Step], closing: Step | None = None) -> Series:
    images = tuple(image(number, size) for number, size in enumerate(sizes))
    return Series(images, tuple(steps), (), closing)


def alike(count: int, step: Step, size: tuple[int, int] = SQUARE) -> Series:
    return series([size] * count, [step] * (count - 1))


def view_points(plan: Plan, count: int = 2) -> Complex:
    part = np.linspace(-0.5, 0.5, count) * (1 - 1e-6)
    across, up = np.meshgrid(part * plan.view_size[0], part * plan.view_size[1])
    return across + 1j * up


def is_opaque(layer: Layer, points: Complex) -> NDArray[np.bool_]:
    """Whether a layer hides what is behind it at points of it, in its widths."""
    x, y = np.abs(points.real), np.abs(points.imag)
    half_x, half_y = layer.mask.opaque_half_size
    if layer.mask.shape is MaskShape.RECTANGLE:
        return (x <= half_x + 1e-7) & (y <= half_y + 1e-7)
    return np.hypot(x / half_x, y / half_y) <= 1 + 1e-7


def is_whole(plan: Plan, level: float) -> bool:
    """Whether layers that are opaque and not hidden cover every point of the view."""
    points = through(view_to_outermost(plan, level), view_points(plan, 25))
    covered = np.zeros(points.shape, bool)
    for layer, outer in zip(plan.layers, into_outermost(plan.series.steps), strict=True):
        if layer.opaque_from <= level <= min(layer.visible_until, layer.fades_from):
            covered |= is_opaque(layer, back(outer, points))
    return bool(covered.all())


turns = st.sampled_from([0.0, 3.0, -15.0, 45.0, 90.0, -90.0, 137.0, 170.0, 180.0])
sizes = st.sampled_from([SQUARE, WIDE, UPRIGHT, BROAD])


@st.composite
def placed(draw: st.DrawFn, /, reach: float = 1.0, most: int = 5, **chosen: object) -> Plan:
    """Plans of images in any shape, turn and place; `reach` 1: centres as far as images allow.

    With more they reach beyond the outer image.
    """
    count = draw(st.integers(2, most))
    kind = draw(st.sampled_from(["one shape", "mixed"]))
    shapes = [draw(sizes)] * count if kind == "one shape" else [draw(sizes) for _ in range(count)]
    steps = []
    for outer, inner in itertools.pairwise(shapes):
        factor, turn = draw(st.floats(1.3, 4.0)), draw(turns)
        cosine, sine = abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn)))
        aspect = inner[1] / inner[0]
        half = (cosine + aspect * sine) / factor / 2, (sine + aspect * cosine) / factor / 2
        room = max(0.0, 0.5 - half[0]), max(0.0, outer[1] / outer[0] / 2 - half[1])
        more = (reach - 1.0) / factor
        x, y = (draw(st.floats(-1, 1)) * (side + more) for side in room)
        steps.append(Step(factor, (x, y), turn=turn))
    options: dict[str, object] = {
        "crop": draw(st.floats(0.5, 0.95)),
        "feather": draw(st.floats(0.0, 0.1)),
        "mask_shape": draw(st.sampled_from(MaskShape)),
        "centre": draw(st.sampled_from(Centre)),
        "turn": draw(st.sampled_from(Turn)),
        "roll": draw(st.sampled_from([0.0, 0.0, 0.25, -0.4])),
    }
    try:
        return make_plan(series(shapes, steps), ZoomSettings(**options | chosen))  # type: ignore[arg-type]
    except EverZoomError as error:
        assume("shows no less than" not in str(error))
        assume("outside of" not in str(error) or reach > 1.0)
        raise


@given(placed())
def test_layers_lie_where_the_steps_say(plan: Plan) -> None:
    end = through(into_outermost(plan.series.steps)[-1], np.array(0j))
    first = plan.layers[0]
    for layer, (place, scale) in zip(plan.layers, into_outermost(plan.series.steps), strict=True):
        span = plan.zoom_factor**-layer.level / first.width  # in widths of the outermost
        assert layer.width * span == pytest.approx(abs(scale), rel=1e-9)
        assert cmath.rect(1.0, -layer.turn) == pytest.approx(scale / abs(scale), abs=1e-9)
        assert complex(*layer.centre) * span == pytest.approx(place - end, abs=1e-9)


@given(placed(roll=0.0, turn=Turn.FOLLOW, centre=Centre.IMAGE))
def test_each_image_just_holds_the_view_and_is_upright_in_it(plan: Plan) -> None:
    kept = {finding.kind for finding in plan.findings}
    assume(FindingKind.MOVED_AT_BORDER not in kept)
    times = next(
        (
            finding.values["times"]
            for finding in plan.findings
            if finding.kind in (FindingKind.ENLARGED_AT_BORDER, FindingKind.ENLARGED_BY_ROLL)
        ),
        1.0,
    )
    for layer, outer in zip(plan.layers, into_outermost(plan.series.steps), strict=True):
        corners = back(outer, through(view_to_outermost(plan, layer.level), view_points(plan)))
        assert corners.mean() == pytest.approx(0.0, abs=1e-9)
        assert corners[0, 1].imag == pytest.approx(corners[0, 0].imag, abs=1e-9)
        assert corners[0, 1].real > corners[0, 0].real  # and not upside down
        x, y = (float(np.abs(part).max()) for part in (corners.real, corners.imag))
        half = plan.settings.crop / 2.0
        fits = max(x / half, y / (half * layer.aspect)) * times
        assert fits == pytest.approx(1.0, abs=0.012), layer.number  # whole pixels, 0.5 % of room


@settings(max_examples=300)
@given(placed(), st.floats(0.0, 1.0))
def test_no_view_has_a_hole(plan: Plan, part: float) -> None:
    assert is_whole(plan, part * plan.depth)


def test_every_seam_of_a_step_is_covered() -> None:
    """All through the zoom, at the least favourable choices."""
    steps = [Step(1.7, (0.2, -0.1), turn=70.0), Step(3.0, (-0.33, 0.2), turn=-110.0)]
    for mask_shape, turn, centre in itertools.product(MaskShape, Turn, Centre):
        chosen = ZoomSettings(
            crop=0.95, feather=0.1, mask_shape=mask_shape, turn=turn, centre=centre
        )
        plan = make_plan(series([WIDE, UPRIGHT, SQUARE], steps), chosen)
        for level in np.linspace(0.0, plan.depth, 300):
            assert is_whole(plan, float(level)), (mask_shape, turn, centre, level)


@given(st.data())
def test_an_image_that_reaches_beyond_the_outer_one_shows_no_hole(data: st.DataObject) -> None:
    """Or it is said that it cannot be shown."""
    try:
        plan = data.draw(placed(reach=data.draw(st.floats(1.0, 1.4)), most=4))
    except EverZoomError as error:
        assert "outside of" in str(error)
        return
    for level in np.linspace(0.0, plan.depth, 40):
        assert is_whole(plan, float(level)), level


def slopes_at(value: Callable[[float], complex], level: float) -> tuple[complex, complex]:
    """From either side, by differences of second order: where levels are close the way is bent."""
    here = value(level)

    def slope(shift: float) -> complex:
        return (4.0 * value(level + shift) - value(level + 2.0 * shift) - 3.0 * here) / (
            2.0 * shift
        )

    return slope(-1e-6), slope(1e-6)


def close_levels() -> Plan:
    """A square image in a broad one, whose levels differ by 0.03."""
    sizes = [(1000, 1000), (1000, 1000), (1600, 900), (1000, 1000)]
    images = tuple(SeriesImage(Path(f"{k}.png"), *size) for k, size in enumerate(sizes))
    steps = Step(2.0), Step(2.0), Step(1.8125, (0.21007848524206407, 0.0), turn=3.0)
    return make_plan(Series(images, steps, is_measured=True), ZoomSettings(crop=0.5, feather=0.0))


@given(placed())
@example(close_levels())
def test_the_view_never_jerks(plan: Plan) -> None:
    """Place, size, angle and their speeds, in the picture as it is seen."""
    for layer in plan.layers[1:-1]:
        at = view_to_outermost(plan, layer.level)
        for corner in view_points(plan).ravel():

            def seen(
                level: float, corner: complex = complex(corner), at: Similarity = at
            ) -> complex:
                there = through(view_to_outermost(plan, level), np.array(corner))
                return complex(back(at, there))

            before, after = slopes_at(seen, layer.level)
            assert before == pytest.approx(after, abs=2e-4), layer.number


@given(placed())
def test_in_between_nothing_jerks(plan: Plan) -> None:
    levels = np.linspace(0.001, plan.depth - 0.001, 40)
    _, slopes = plan.path(levels)
    tiny = 1e-6
    before, after = plan.path(levels - tiny)[0], plan.path(levels + tiny)[0]
    assert (after - before) / (2 * tiny) == pytest.approx(
        slopes, abs=1e-4 * (1 + np.abs(slopes).max())
    )
    angle, change = plan.view.turning(levels)
    difference = plan.view.turning(levels + tiny)[0] - plan.view.turning(levels - tiny)[0]
    assert difference / (2 * tiny) == pytest.approx(change, abs=1e-5)
    assert np.shape(angle) == np.shape(levels)


@given(st.floats(1.3, 4.0), turns, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0.0, 1.0))
def test_the_same_step_again_and_again_is_a_spiral_around_one_point(
    factor: float, turn: float, x: float, y: float, part: float
) -> None:
    step = Step(factor, (x, y), turn=turn)
    try:
        plan = make_plan(alike(5, step), ZoomSettings(is_factor_measured=True))
    except EverZoomError:
        return
    one_step = into_outermost(plan.series.steps)[1]
    fixed = complex(one_step[0] / (1 - one_step[1]))
    assume(not any(f.kind is FindingKind.MOVED_AT_BORDER for f in plan.findings))
    assume(not (turn and plan.path.turning.is_level))  # too far out: straight on
    level = part * 4.0
    place, scale = view_to_outermost(plan, level)
    # What is at the fixed point stays where it is in the picture.
    assert back((place, scale), np.array(fixed)) == pytest.approx(fixed, abs=1e-7)
    # All others spiral around it, evenly.
    clockwise = math.radians(math.remainder(turn, 360.0)) * level
    size = factor**-level
    assert scale == pytest.approx(size * cmath.rect(1.0, -clockwise), abs=1e-9)


@given(placed(turn=Turn.LEVEL))
def test_a_level_view_stays_level(plan: Plan) -> None:
    for level in np.linspace(0.0, plan.depth, 9):
        _, scale = view_to_outermost(plan, float(level))
        roll = 2 * math.pi * plan.roll * level
        assert scale / abs(scale) == pytest.approx(cmath.rect(1.0, roll), abs=1e-9)


@pytest.mark.parametrize(
    ("turned", "expected"),
    [([0, 90, 0], [0, 0, 90, 90]), ([170, 170], [0, 170, 340]), ([350, 10], [0, -10, 0])],
)
def test_the_view_turns_the_shorter_way_and_never_back(
    turned: list[float], expected: list[float]
) -> None:
    plan = make_plan(
        series([SQUARE] * (len(turned) + 1), [Step(2.0, turn=turn) for turn in turned]),
        ZoomSettings(),
    )
    angles = [
        math.degrees(float(-plan.view.angle(np.array(level)))) for level in range(len(expected))
    ]
    assert angles == pytest.approx(expected, abs=1e-9)
    way = np.degrees(-plan.view.angle(np.linspace(0, len(turned), 400)))
    for here, after, number in zip(expected, expected[1:], itertools.count(), strict=False):
        part = way[
            (np.linspace(0, len(turned), 400) >= number)
            & (np.linspace(0, len(turned), 400) <= number + 1)
        ]
        low, high = sorted((here, after))
        assert part.min() >= low - 1e-6 and part.max() <= high + 1e-6


@given(placed())
def test_the_keyed_curves_are_those_of_the_plan(plan: Plan) -> None:
    """The Hermite curves through the keys, as Blender evaluates them."""
    largest = max(abs(complex(*step.offset)) for step in plan.series.steps)
    path_keys, turning = plan.path.keys(), plan.view.turning.keys()
    path = [(key.level, complex(*key.value), complex(*key.slope)) for key in path_keys]
    for keys, bound in ((path, 0.02 * largest + 1e-9), (turning, 1e-9)):
        for here, after in itertools.pairwise(keys):
            span = after[0] - here[0]
            for part in (0.25, 0.5, 0.75):
                curve = (
                    (1 + 2 * part) * (1 - part) ** 2 * here[1]
                    + part * (1 - part) ** 2 * span * here[2]
                    + part**2 * (3 - 2 * part) * after[1]
                    + part**2 * (part - 1) * span * after[2]
                )
                level = np.array([here[0] + part * span])
                true = (
                    complex(*plan.path(level)[0][0])
                    if keys is path
                    else complex(plan.view.turning(level)[0][0])
                )
                assert abs(curve - true) <= bound


@st.composite
def rings(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(2, 4))
    steps = [
        Step(
            draw(st.floats(1.5, 3.0)),
            (draw(st.floats(-0.08, 0.08)), draw(st.floats(-0.08, 0.08))),
            turn=draw(turns),
        )
        for _ in range(count)
    ]
    chosen = ZoomSettings(
        travel=Travel.LOOP,
        crop=draw(st.floats(0.6, 0.9)),
        feather=draw(st.floats(0.0, 0.05)),
        turn=draw(st.sampled_from(Turn)),
        centre=draw(st.sampled_from(Centre)),
        roll=draw(st.sampled_from([0.0, 0.3])),
    )
    shapes = [draw(st.sampled_from([SQUARE, WIDE])) for _ in range(count)]
    try:
        return make_plan(series(shapes, steps[:-1], steps[-1]), chosen)
    except EverZoomError as error:
        assume("shows no less than" not in str(error))
        raise


@given(rings())
def test_a_turned_loop_ends_as_it_begins(plan: Plan) -> None:
    """Each image lies in the view as it did a round before."""
    count = plan.round_levels
    layers = {layer.number: layer for layer in plan.layers}
    maps = dict(zip(layers, into_outermost(plan.series.steps), strict=True))
    assume(all(math.isfinite(layer.visible_until) for layer in plan.layers[:-1]))
    for level in (0.0, 0.4):
        first, last = (view_to_outermost(plan, at) for at in (level, level + count))
        if level:  # the last one lies beyond what is ever shown
            continue
        for number, layer in layers.items():
            if layer.visible_from < level + 1e-9 <= layer.visible_until:
                again = layers[number + count]
                corner = np.array([-0.5 - 0.5j, 0.5 + 0.3j])
                here = back(first, through(maps[number], corner))
                there = back(last, through(maps[number + count], corner))
                assert there == pytest.approx(here, abs=1e-6)
                assert again.visible_from < count + 1e-9 <= again.visible_until
    # And with the same speed: the picture does not jerk where the loop starts again.
    (_, start), (_, end) = (
        plan.view.turning(np.array([0.0])),
        plan.view.turning(np.array([count - 1e-9])),
    )
    assert start == pytest.approx(end, abs=1e-5)


@given(rings(), st.floats(0.0, 1.0))
def test_a_turned_loop_has_no_hole(plan: Plan, part: float) -> None:
    assert is_whole(plan, part * plan.round_levels)


# --- The frames' shape and size -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "resolution"),
    [
        ([(512, 512)] * 3 + [(1024, 1024)], (410, 410)),  # one upscaled
        ([(2048, 1536), (1024, 768), (512, 384)], (820, 614)),  # a canvas that grew
        ([(1536, 1024), (1024, 1024)], (1228, 820)),  # as many of either: as the outermost
        ([(1536, 1024), (1024, 1024), (1000, 1000)], (800, 800)),
        ([(1909, 1000), (1914, 1001), (1914, 1008), (1915, 1003)], (1532, 800)),
    ],
)
def test_frames_are_made_for_what_most_images_are(
    sizes: list[tuple[int, int]], resolution: tuple[int, int]
) -> None:
    plan = make_plan(series(sizes, list(uniform_steps(len(sizes), 3.0))), ZoomSettings())
    assert plan.resolution == resolution


def test_one_upscaled_image_changes_nothing() -> None:
    steps = list(uniform_steps(4, 2.0))
    plain = make_plan(series([(512, 512)] * 4, steps), ZoomSettings())
    upscaled = make_plan(series([(512, 512)] * 3 + [(1024, 1024)], steps), ZoomSettings())
    assert [layer.level for layer in upscaled.layers] == [0, 1, 2, 3]
    assert (upscaled.resolution, upscaled.view) == (plain.resolution, plain.view)
    assert not upscaled.findings


def test_images_that_are_enlarged_are_named() -> None:
    plan = make_plan(
        series([(2048, 1536), (1024, 768), (512, 384)], list(uniform_steps(3, 2.0))), ZoomSettings()
    )
    (enlarged,) = plan.findings
    assert enlarged.kind is FindingKind.ENLARGED_IMAGES
    assert enlarged.values["files"] == ["2.png"]
    assert enlarged.values["times"] == pytest.approx(2.0, rel=5e-3)
    assert enlarged.values["sharp"] == [410, 308]


def test_frames_take_the_next_shape_where_the_first_one_cannot_be() -> None:
    """In upright frames the upright image would show no less than the broad one around it."""
    steps = list(uniform_steps(3, 1.6))
    sizes = [(1600, 900), (900, 1600), (900, 1600)]
    plan = make_plan(series(sizes, steps), ZoomSettings())
    assert plan.resolution == (1280, 720)
    upright = ZoomSettings(resolution_from=FrameSize.UPRIGHT)
    with pytest.raises(EverZoomError, match=r"1\.png shows no less than 0\.png.*another shape"):
        make_plan(series(sizes, steps), upright)


@pytest.mark.parametrize("factor", [1.5, math.nextafter(1.5, 2.0), 1.50001])
def test_an_image_that_shows_as_much_as_the_next_one_but_for_rounding(factor: float) -> None:
    """In square frames the square image would show as much as the broad one around it."""
    sizes, steps = [(1536, 1024), (1024, 1024)], [Step(factor)]
    assert make_plan(series(sizes, steps), ZoomSettings()).resolution == (1228, 820)
    square = ZoomSettings(resolution_from=FrameSize.SQUARE)
    with pytest.raises(EverZoomError, match=r"1\.png shows no less than 0\.png.*another shape"):
        make_plan(series(sizes, steps), square)


@given(placed())
def test_the_soft_edge_is_seen_as_wide_everywhere(plan: Plan) -> None:
    usual = find_framing(plan.series, plan.settings, None).usual
    for layer in plan.layers[1:]:
        shorter = min(1.0, usual.aspect), min(1.0, layer.aspect) * layer.width
        expected = plan.settings.feather * min(shorter)
        assert layer.mask.feather * layer.width == pytest.approx(expected)


@pytest.mark.parametrize("turn", [0.02, -0.03])
def test_a_turn_below_the_noise_of_the_measurement_is_none(turn: float) -> None:
    plan = make_plan(alike(3, Step(2.0, turn=turn)), ZoomSettings())
    assert plan.view.is_upright


def test_without_align_nothing_is_turned() -> None:
    plan = make_plan(alike(3, Step(2.0, turn=20.0)), ZoomSettings(align=False))
    assert plan.view.is_upright and not any(layer.turn for layer in plan.layers)
