"""The plan: where layers lie, when they are seen, where the view goes, how colours change.

The expected values are computed here in the outermost image's own widths; the plan works from the
innermost image's centre.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.core.plan.framing import even
from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.plan.visibility import FADE_IN
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.settings import (
    Centre,
    FrameSize,
    ImageSettings,
    MaskShape,
    Travel,
    ZoomSettings,
)

Array = NDArray[np.float64]


def series(steps: tuple[Step, ...], size: tuple[int, int] = (1000, 800)) -> Series:
    images = tuple(SeriesImage(Path(f"{k}.png"), *size) for k in range(len(steps) + 1))
    return Series(images, steps)


def centred(count: int = 4, factor: float = 2.0, size: tuple[int, int] = (1000, 800)) -> Series:
    return series(uniform_steps(count, factor), size)


def widths(plan: Plan) -> list[float]:
    """Of the images, in widths of the outermost."""
    factors = [step.factor for step in plan.series.steps]
    return [1 / math.prod(factors[:k]) for k in range(len(factors) + 1)]


def places(plan: Plan) -> list[Array]:
    """Centres of the images, from the outermost's, in its widths."""
    found = [np.zeros(2)]
    for width, step in zip(widths(plan), plan.series.steps, strict=False):
        found.append(found[-1] + width * np.array(step.offset))
    return found


def view_centre(plan: Plan, level: float) -> Array:
    """Centre of the view, from where the zoom ends, in its own units."""
    centres, _ = plan.path(np.array([level]))
    return centres[0]


def view_place(plan: Plan, level: float) -> Array:
    """Centre of the view, from the outermost image's, in its widths."""
    end = places(plan)[0] - np.array(plan.layers[0].centre)
    return end + view_centre(plan, level) * plan.zoom_factor**-level


def view_points(plan: Plan, level: float, points: int = 2) -> tuple[Array, Array]:
    """Points of the view, out to its corners, from the outermost image's centre, in its widths."""
    part = np.linspace(-0.5, 0.5, points) * (1 - 1e-6)
    across, up = np.meshgrid(part * plan.view_size[0], part * plan.view_size[1])
    # The picture turns clockwise, so the view turns the other way round.
    turn = 2 * np.pi * plan.settings.roll * level
    x, y = (
        math.cos(turn) * across - math.sin(turn) * up,
        math.sin(turn) * across + math.cos(turn) * up,
    )
    scale, middle = plan.zoom_factor**-level, view_place(plan, level)
    return middle[0] + x * scale, middle[1] + y * scale


def is_whole(plan: Plan, level: float, points: int = 25) -> bool:
    """Whether opaque layers that are not hidden cover every point of the view."""
    x, y = view_points(plan, level, points)
    covered = np.zeros(x.shape, bool)
    for layer, width, place in zip(plan.layers, widths(plan), places(plan), strict=True):
        if level > layer.visible_until or level < layer.opaque_from:
            continue
        across, up = np.abs(x - place[0]) / width, np.abs(y - place[1]) / width
        if layer.index == 0:
            covered |= (across <= 0.5) & (up <= plan.aspect / 2)
        elif layer.mask.shape is MaskShape.RECTANGLE:
            covered |= (across <= layer.mask.opaque_half_size[0] + 1e-9) & (
                up <= layer.mask.opaque_half_size[1] + 1e-9
            )
        else:
            half_x, half_y = layer.mask.opaque_half_size
            covered |= np.hypot(across / half_x, up / half_y) <= 1 + 1e-9
    return bool(covered.all())


factors = st.floats(1.1, 4.0)
places_in = st.sampled_from([0.0, 0.07, -0.2, 0.5])


own_masks = st.lists(
    st.builds(
        ImageSettings,
        st.sampled_from([f"{number}.png" for number in range(5)]),
        crop=st.floats(0.3, 0.95),
        feather=st.none() | st.floats(0.0, 0.1),
        mask=st.none() | st.sampled_from(MaskShape),
    ),
    max_size=2,
    unique_by=lambda image: image.image,
).map(tuple)


@st.composite
def off_centre_plans(
    draw: st.DrawFn, turned: bool = False, aimed: bool = False, own: bool = False
) -> Plan:
    """Plans of series whose images lie wholly in each other, anywhere."""
    shape = draw(st.sampled_from(MaskShape))
    crop, feather = draw(st.floats(0.3, 0.95)), draw(st.floats(0.0, 0.1))
    steps = []
    for _ in range(draw(st.integers(1, 5))):
        factor = draw(factors)
        room = (1 - 1 / factor) / 2
        x, y = draw(st.floats(-1, 1)) * room, draw(st.floats(-1, 1)) * room * 0.8
        steps.append(Step(factor, (x, y)))
    chosen = ZoomSettings(
        crop=crop,
        feather=feather,
        mask_shape=shape,
        centre=draw(st.sampled_from(Centre)),
        roll=draw(st.sampled_from([0.0, 0.0, 0.25, -0.13, 1.0, 3.3])) if turned else 0.0,
        target=(draw(places_in), draw(places_in)) if aimed else (0.0, 0.0),
        of_images=draw(own_masks) if own else (),
    )
    return make_plan(series(tuple(steps)), chosen)


@given(st.integers(2, 60), factors, st.integers(4, 5000), st.integers(4, 5000))
def test_layers_shrink_by_the_zoom_factor(count: int, factor: float, w: int, h: int) -> None:
    # Measured: a factor beside the given one by less than the measurement's noise is the given one.
    chosen = ZoomSettings(feather=0.0, is_factor_measured=True)
    plan = make_plan(centred(count, factor, (w, h)), chosen)
    assert plan.zoom_factor == pytest.approx(factor, rel=1e-12)
    assert [layer.level for layer in plan.layers] == list(range(count))
    assert plan.aspect == h / w
    assert all(layer.centre == layer.aim == (0.0, 0.0) for layer in plan.layers)
    assert plan.is_centred and not plan.has_colour_match


@given(st.lists(factors, min_size=1, max_size=20))
def test_unequal_factors_have_their_geometric_mean(some: list[float]) -> None:
    plan = make_plan(series(tuple(Step(factor) for factor in some)), ZoomSettings())
    assert plan.depth == pytest.approx(len(some), rel=1e-9)
    for layer, width in zip(plan.layers, widths(plan), strict=True):
        assert plan.zoom_factor**-layer.level == pytest.approx(width, rel=1e-9)


def test_a_pair_of_another_factor_leaves_the_others_their_frames() -> None:
    steps = tuple(Step(factor) for factor in (2.0, 2.0, 4.0, 2.0, 2.0))
    plan = make_plan(series(steps), ZoomSettings(zoom_steps=30, start_frame=0))
    arrivals = [plan.level_at(30.0 * octave) for octave in (0, 1, 2, 4, 5, 6)]
    assert arrivals == pytest.approx([layer.level for layer in plan.layers])
    assert plan.last_frame == 180


@pytest.mark.parametrize(("value", "expected"), [(819.2, 820), (820, 820), (1, 2), (3.1, 4)])
def test_even(value: float, expected: int) -> None:
    assert even(value) == expected


@pytest.mark.parametrize(
    ("size", "crop", "resolution"),
    [
        ((1024, 1024), 0.8, (820, 820)),
        ((960, 640), 0.8, (768, 512)),
        ((641, 961), 0.95, (608, 912)),
        ((33, 17), 0.5, (16, 8)),
    ],
)
def test_a_pixel_of_the_image_is_a_pixel_of_the_frame(
    size: tuple[int, int], crop: float, resolution: tuple[int, int]
) -> None:
    plan = make_plan(centred(size=size), ZoomSettings(crop=crop, feather=0.02))
    assert plan.resolution == resolution
    assert plan.view_size[0] * size[0] == pytest.approx(resolution[0])
    assert plan.view_size[1] * size[0] == pytest.approx(resolution[1])
    assert plan.mask.half_size == pytest.approx((plan.view_size[0] / 2, plan.view_size[1] / 2))


@given(st.integers(4, 4000), st.integers(4, 4000), st.booleans())
def test_any_frame_is_filled_from_within_the_crop(width: int, height: int, own: bool) -> None:
    chosen = (
        ZoomSettings(resolution_from=FrameSize.SCENE)
        if own
        else ZoomSettings(resolution_from=FrameSize.PIXELS, resolution=(width, height))
    )
    plan = make_plan(centred(), chosen, (width, height))
    if not own:
        assert plan.resolution == (even(width), even(height))
    else:
        assert plan.resolution == (width, height)
    assert plan.view_size[0] / plan.view_size[1] == pytest.approx(
        plan.resolution[0] / plan.resolution[1]
    )
    assert plan.view_size[0] <= 0.8 + 1e-9 and plan.view_size[1] <= 0.64 + 1e-9
    assert plan.view_size[0] == pytest.approx(0.8) or plan.view_size[1] == pytest.approx(0.64)


def test_a_mask_that_leaves_nothing() -> None:
    with pytest.raises(EverZoomError, match="leaves nothing"):
        make_plan(centred(), ZoomSettings(crop=0.2, feather=0.1))


@given(
    st.sampled_from(MaskShape),
    st.floats(0.3, 0.95),
    st.floats(0.0, 0.1),
    factors,
    st.floats(0.0, 5.0),
)
def test_a_centred_view_has_no_hole(
    shape: MaskShape, crop: float, feather: float, factor: float, level: float
) -> None:
    chosen = ZoomSettings(crop=crop, feather=feather, mask_shape=shape)
    assert is_whole(make_plan(centred(6, factor), chosen), level)


@settings(max_examples=300)
@given(off_centre_plans(turned=True, aimed=True, own=True), st.floats(0.0, 1.0))
def test_a_view_off_the_centre_or_turned_has_no_hole(plan: Plan, part: float) -> None:
    assert is_whole(plan, part * plan.depth)


@given(off_centre_plans(turned=True, aimed=True, own=True))
def test_the_view_never_leaves_the_outermost_image(plan: Plan) -> None:
    for level in np.linspace(0.0, plan.depth, 100):
        x, y = view_points(plan, level)
        assert np.abs(x).max() <= 0.5 and np.abs(y).max() <= plan.aspect / 2, level


@given(off_centre_plans(turned=True))
def test_no_more_is_enlarged_than_has_to_be(plan: Plan) -> None:
    """Where the view is smaller than the crop, its frame touches the border somewhere."""
    crop = 2 * plan.mask.half_size[0], 2 * plan.mask.half_size[1]
    largest = min(crop[0], crop[1] / plan.view_size[1] * plan.view_size[0])
    if plan.view_size[0] > largest * 0.995:
        return
    kinds = {FindingKind.ENLARGED_AT_BORDER, FindingKind.ENLARGED_BY_ROLL}
    (enlarged,) = (finding for finding in plan.findings if finding.kind in kinds)
    assert (enlarged.kind is FindingKind.ENLARGED_BY_ROLL) == (plan.roll != 0.0)
    assert enlarged.values["times"] == pytest.approx(largest / plan.view_size[0], rel=1e-6)
    room = math.inf
    for level in np.linspace(0.0, plan.depth, 1000):
        x, y = view_points(plan, level)
        room = min(room, 0.5 - np.abs(x).max(), plan.aspect / 2 - np.abs(y).max())
    assert room < 0.01


@given(off_centre_plans(turned=True, aimed=True))
def test_the_zoom_ends_at_its_target_or_says_where(plan: Plan) -> None:
    innermost, width = places(plan)[-1], widths(plan)[-1]
    x, y = view_points(plan, plan.depth)
    wanted = np.array(plan.settings.target) * [1.0, plan.aspect]
    end = (view_place(plan, plan.depth) - innermost) / width
    said = [finding for finding in plan.findings if finding.kind is FindingKind.NEARER_TARGET]
    if not said:
        assert end == pytest.approx(wanted, abs=1.1e-3)
    else:
        assert said[0].values["wanted"] == list(plan.settings.target)
        assert end == pytest.approx(np.array(said[0].values["target"]) * [1.0, plan.aspect])
    # It is on the way to the target, and its frame within the innermost image if that is possible.
    assert (end * wanted >= -1e-9).all() and (np.abs(end) <= np.abs(wanted) + 1e-9).all()
    for axis, places_of_view, most in ((0, x, 0.5), (1, y, plan.aspect / 2)):
        reach = np.abs((places_of_view - innermost[axis]) / width).max()
        assert reach <= most + 1e-9 or abs(end[axis]) < 1e-9


@pytest.mark.parametrize(
    ("crop", "target", "end"),
    [
        (0.8, (0.3, 0.0), (0.1, 0.0)),
        (0.8, (0.05, -0.5), (0.05, -0.1)),
        (0.5, (-0.5, 0.2), (-0.25, 0.2)),
    ],
)
def test_a_target_too_near_the_edge(
    crop: float, target: tuple[float, float], end: tuple[float, float]
) -> None:
    plan = make_plan(centred(), ZoomSettings(crop=crop, target=target))
    (finding,) = plan.findings
    assert finding.kind is FindingKind.NEARER_TARGET
    assert finding.values == {"target": pytest.approx(end, abs=1e-3), "wanted": list(target)}
    innermost = np.array(plan.layers[-1].centre)
    assert -innermost == pytest.approx(np.array(end) * [1.0, 0.8])


def test_a_zoom_to_a_target_is_a_zoom_around_one_point() -> None:
    plan = make_plan(centred(6), ZoomSettings(target=(0.1, -0.05)))
    point = np.array([0.1, -0.05 * 0.8]) * 2.0**-5
    for level in np.linspace(0.0, 7.0, 36):  # and beyond
        assert view_place(plan, level) == pytest.approx(point, abs=1e-12)
    assert plan.is_centred and not plan.findings


@given(factors, st.floats(0.3, 0.95), st.floats(0.0, 0.1), st.sampled_from(MaskShape))
def test_few_layers_are_seen_at_a_time(
    factor: float, crop: float, feather: float, shape: MaskShape
) -> None:
    chosen = ZoomSettings(crop=crop, feather=feather, mask_shape=shape)
    plan = make_plan(centred(60, factor), chosen)
    # A layer is hidden once the view, crop * factor**-t wide, fits the next one's opaque part.
    if shape is MaskShape.RECTANGLE:
        fits = (crop * 0.8 - 2 * feather * 0.8 - 0.01) / (crop * 0.8)
    else:
        fits = (crop * 0.8 - 2 * feather * 0.8 - 0.01) / (crop * 0.8) / math.sqrt(2) * 0.99
    assume(fits > 0.05)
    expected = 3 + math.ceil(-math.log(fits) / math.log(factor))
    for level in np.linspace(0.0, plan.depth, 500):
        seen = [x for x in plan.layers if x.visible_from < level <= x.visible_until]
        assert 1 <= len(seen) <= expected, level


def test_a_layer_is_there_from_the_step_before_until_it_is_covered() -> None:
    plan = make_plan(centred(4), ZoomSettings(crop=0.8, feather=0.05))
    starts = [(layer.visible_from, layer.opaque_from) for layer in plan.layers[1:]]
    assert starts == [(k, k + FADE_IN) for k in (0.0, 1.0, 2.0)]
    # The view is 0.64 high, the next layer's opaque part 0.64 - 2 * 0.04 = 0.56; a part of 1/32
    # of a level is the precision.
    covered = math.log2(0.64 / 0.56)
    for layer in plan.layers[:-1]:
        assert 0 <= layer.visible_until - (layer.index + 1 + covered) <= 2 / 32
    assert plan.layers[-1].visible_until == math.inf


@given(off_centre_plans())
def test_layers_lie_where_the_offsets_say(plan: Plan) -> None:
    for layer, width, place in zip(plan.layers, widths(plan), places(plan), strict=True):
        assert np.array(layer.centre) * width == pytest.approx(place - places(plan)[-1], abs=1e-12)


@given(off_centre_plans())
def test_the_view_goes_through_the_images_centres(plan: Plan) -> None:
    for layer, width, place in zip(plan.layers, widths(plan), places(plan), strict=True):
        away = (view_place(plan, layer.level) - place) / width
        if plan.settings.centre is Centre.IMAGE:
            assert away == pytest.approx([0.0, 0.0], abs=1e-9)
        else:  # as near to the innermost image as it can be
            target = (places(plan)[-1] - place) / width
            room = np.array([0.5, plan.aspect / 2]) - plan.mask.half_size  # what the crop allows
            assert away == pytest.approx(np.clip(target, -room, room), abs=1e-9)


@given(off_centre_plans())
def test_the_view_never_jerks(plan: Plan) -> None:
    """Position and speed in the picture, in view widths, are continuous."""
    tiny = 1e-7
    for layer in plan.layers[1:-1]:
        before, at, after = (
            view_place(plan, layer.level + shift) * plan.zoom_factor**layer.level
            for shift in (-tiny, 0.0, tiny)
        )
        assert before == pytest.approx(at, abs=1e-6)
        assert (at - before) / tiny == pytest.approx((after - at) / tiny, abs=1e-5)


def test_constant_offsets_are_a_zoom_around_one_point() -> None:
    step = Step(2.0, (0.1, -0.05))
    plan = make_plan(series((step,) * 6), ZoomSettings())
    # The point that keeps its place: p = offset + p / 2, seen from each image's centre.
    fixed = np.array(step.offset) * 2.0
    for level in np.linspace(0.0, 6.0, 61):
        away = (fixed - view_place(plan, level)) * 2.0**level
        assert away == pytest.approx(fixed, abs=1e-9)


@given(off_centre_plans())
def test_the_keyed_path_is_the_path(plan: Plan) -> None:
    """The Hermite curve through the keys, as Blender evaluates it, is the path of the plan."""
    largest = max(abs(value) for step in plan.series.steps for value in step.offset)
    for here, after in itertools.pairwise(plan.path.keys()):
        span = after.level - here.level
        for part in (0.25, 0.5, 0.75):
            a = (1 + 2 * part) * (1 - part) ** 2
            b = part * (1 - part) ** 2 * span
            c = part**2 * (3 - 2 * part)
            d = part**2 * (part - 1) * span
            for axis in range(2):
                curve = (
                    a * here.value[axis]
                    + b * here.slope[axis]
                    + c * after.value[axis]
                    + d * after.slope[axis]
                )
                true = view_centre(plan, here.level + part * span)[axis]
                assert curve == pytest.approx(true, abs=1e-2 * largest + 1e-12)


gains = st.tuples(*[st.floats(0.5, 2.0)] * 3)


@given(st.lists(gains, min_size=1, max_size=6), st.floats(0.0, 1.0))
def test_no_seam_between_layers(some: list[tuple[float, float, float]], part: float) -> None:
    """At any level neighbours that are both seen differ by what makes their own colours equal."""
    plan = make_plan(
        series(tuple(Step(2.0, gain=gain) for gain in some)), ZoomSettings(feather=0.02)
    )
    level = part * plan.depth

    def gain_at(index: int) -> Array:
        keys = plan.gain_keys(index)
        at = [key[0] for key in keys]
        return np.array([np.interp(level, at, [key[1][c] for key in keys]) for c in range(3)])

    seen = [x.index for x in plan.layers if x.visible_from < level <= x.visible_until]
    for outer, inner in itertools.pairwise(seen):
        assert gain_at(inner) == pytest.approx(gain_at(outer) * some[outer], rel=1e-6)


@given(st.lists(gains, min_size=1, max_size=6))
def test_an_image_that_fills_the_view_has_its_own_colours(
    some: list[tuple[float, float, float]],
) -> None:
    plan = make_plan(series(tuple(Step(1.5, gain=gain) for gain in some)), ZoomSettings())
    for layer in plan.layers:
        keys = dict(plan.gain_keys(layer.index))
        assert keys[layer.level] == pytest.approx((1.0, 1.0, 1.0))


@given(st.integers(2, 500), factors)
def test_a_deep_zoom_is_cut_into_stretches(count: int, factor: float) -> None:
    plan = make_plan(centred(count, factor), ZoomSettings())
    octaves = plan.depth * math.log2(factor)
    if plan.stretch_levels:
        # What single precision, 24 bits, holds with at least 10 of them to spare.
        assert plan.stretch_levels * math.log2(factor) <= 14
    else:
        assert octaves <= 26


def test_level_over_time() -> None:
    chosen = ZoomSettings(zoom_steps=10, delay=1.0, frames_per_second=5.0, start_frame=0)
    plan = make_plan(centred(3), chosen)
    assert (plan.first_frame, plan.last_frame) == (0, 30)
    found = [plan.level_at(frame) for frame in (0, 5, 7.5, 15, 25, 30)]
    assert found == pytest.approx([0, 0, 0.25, 1, 2, 2])


@st.composite
def ring_plans(draw: st.DrawFn) -> Plan:
    """Plans of loops through series whose innermost image contains the outermost one."""
    steps = []
    for _ in range(draw(st.integers(2, 5))):
        factor = draw(factors)
        room = min(0.1, (1 - 1 / factor) / 2)
        x, y = draw(st.floats(-1, 1)) * room, draw(st.floats(-1, 1)) * room * 0.8
        steps.append(Step(factor, (x, y), draw(gains)))
    images = tuple(SeriesImage(Path(f"{k}.png"), 1000, 800) for k in range(len(steps)))
    chosen = ZoomSettings(
        travel=Travel.LOOP,
        zoom_steps=10,
        start_frame=0,
        crop=draw(st.floats(0.6, 0.95)),
        feather=draw(st.floats(0.0, 0.1)),
        mask_shape=draw(st.sampled_from(MaskShape)),
        centre=draw(st.sampled_from(Centre)),
        roll=draw(st.sampled_from([0.0, 0.25, -1.3])),
    )
    return make_plan(Series(images, tuple(steps[:-1]), (), steps[-1]), chosen)


def seen(plan: Plan, level: float) -> dict[int, tuple[float, ...]]:
    """For each layer that is seen its place and size in the view, its opacity and its gain."""
    found = {}
    x, y = view_centre(plan, level)
    for layer in plan.layers:
        if not layer.visible_from < level <= layer.visible_until:
            continue
        width = plan.zoom_factor ** (level - layer.level)  # in view scales
        fade = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
        keys = plan.gain_keys(layer.index)
        at = [key[0] for key in keys]
        found[layer.number] = (
            width,
            layer.centre[0] * width - x,
            layer.centre[1] * width - y,
            min(1.0, fade) if layer.index else 1.0,
            *(float(np.interp(level, at, [key[1][c] for key in keys])) for c in range(3)),
        )
    return found


@given(ring_plans())
def test_a_loop_ends_as_it_begins(plan: Plan) -> None:
    """Each layer that is seen in the beginning is seen at the end as the one a round later."""
    count = max(key.level for key in plan.keys)
    images = plan.layers[-1].number - 1  # one goes on after the outermost image comes again
    assert count == pytest.approx(images)
    # Where images lie so far off that their trimmed edges are always seen, it cannot.
    assume(all(math.isfinite(layer.visible_until) for layer in plan.layers[:-1]))
    first, last = seen(plan, 1e-9), seen(plan, count + 1e-9)
    assert {number + images for number in first} == set(last)
    for number, place in first.items():
        assert last[number + images] == pytest.approx(place, abs=1e-6), number
    # The outermost layer, which alone is not trimmed, is never seen.
    assert min(first) > plan.layers[0].number
    assert np.array(plan.path(np.array([0.0]))) == pytest.approx(
        np.array(plan.path(np.array([count]))), abs=1e-9
    )
    turns = plan.roll * count
    assert turns == pytest.approx(round(turns), abs=1e-9)
    assert abs(plan.roll - plan.settings.roll) <= 0.5 / images + 1e-9


@given(ring_plans())
def test_a_loop_has_no_hole(plan: Plan) -> None:
    for level in np.linspace(0.0, max(key.level for key in plan.keys), 30):
        x, y = view_centre(plan, level)
        half_width, half_height = (float(h) for h in plan.view.half_extent(np.array(level)))
        outermost = plan.layers[0]
        width = plan.zoom_factor ** (level - outermost.level)
        middle = np.abs(np.array(outermost.centre) * width - [x, y])
        assert middle[0] + half_width <= width / 2 + 1e-9
        assert middle[1] + half_height <= width * plan.aspect / 2 + 1e-9


@given(ring_plans())
def test_a_loop_needs_no_enlargement(plan: Plan) -> None:
    kinds = {finding.kind for finding in plan.findings}
    assert not kinds & {FindingKind.ENLARGED_AT_BORDER, FindingKind.ENLARGED_BY_ROLL}


def test_a_loop_shows_every_image_once() -> None:
    images = tuple(SeriesImage(Path(f"{k}.png"), 1000, 800) for k in range(4))
    chosen = ZoomSettings(travel=Travel.LOOP, zoom_steps=10, start_frame=3)
    ring = Series(images, uniform_steps(4, 2.0), (), Step(2.0))
    plan = make_plan(ring, chosen)
    assert (plan.first_frame, plan.last_frame) == (3, 42)
    assert [(key.frame, key.level) for key in plan.keys] == [(3 + 10 * k, k) for k in range(5)]
    assert {layer.number: layer.image.file.name for layer in plan.layers} == {
        k: f"{k % 4}.png" for k in range(-2, 6)
    }
    assert not plan.findings


def test_a_loop_that_does_not_close_is_told() -> None:
    plan = make_plan(centred(4), ZoomSettings(travel=Travel.LOOP, zoom_steps=10, start_frame=0))
    assert (plan.first_frame, plan.last_frame) == (0, 29)
    assert plan.findings == (Finding(FindingKind.NO_RING),)


def test_a_loop_turns_whole_times() -> None:
    images = tuple(SeriesImage(Path(f"{k}.png"), 1000, 1000) for k in range(3))
    ring = Series(images, uniform_steps(3, 2.0), (), Step(2.0))
    plan = make_plan(ring, ZoomSettings(travel=Travel.LOOP, roll=0.25))
    assert plan.roll == pytest.approx(1 / 3)
    (finding,) = plan.findings
    assert finding.kind is FindingKind.ROUNDED_ROLL
    assert finding.values == {"roll": pytest.approx(1 / 3), "wanted": 0.25}
