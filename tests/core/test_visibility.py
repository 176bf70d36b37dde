"""When layers are seen: few at a time at every factor, no hole, no pop.

What is seen of each layer is put together here point by point, in the outermost image's widths.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.plan.plan import Layer, Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.settings import MaskShape, Travel, ZoomSettings

Array = NDArray[np.float64]
COUNT = 120


def images(count: int, size: tuple[int, int] = (1000, 800)) -> tuple[SeriesImage, ...]:
    return tuple(SeriesImage(Path(f"{number}.png"), *size) for number in range(count))


def smooth(value: Array) -> Array:
    part = np.clip(value, 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)


def opacity(plan: Plan, layer: Layer, level: float) -> float:
    """How far a layer is faded in."""
    if not layer.visible_from < level <= layer.visible_until:
        return 0.0
    comes = goes = 1.0
    if math.isfinite(layer.visible_from):
        comes = (level - layer.visible_from) / (layer.opaque_from - layer.visible_from)
    if math.isfinite(layer.fades_from):
        goes = (layer.visible_until - level) / (layer.visible_until - layer.fades_from)
    return float(smooth(np.array(comes)) * smooth(np.array(goes)))


def shares(plan: Plan, level: float) -> dict[int, Array]:
    """Of each layer's number the part of the picture that it makes up, at points of the view."""
    part = np.linspace(-0.5, 0.5, 17) * (1.0 - 1e-6)
    across, up = np.meshgrid(part * plan.view_size[0], part * plan.view_size[1])
    turn = 2.0 * np.pi * plan.roll * level
    (centre,), _ = plan.path(np.array([level]))
    x = np.cos(turn) * across - np.sin(turn) * up + centre[0]
    y = np.sin(turn) * across + np.cos(turn) * up + centre[1]
    left = np.ones(x.shape)
    found = {}
    for layer in reversed(plan.layers):
        scale = plan.zoom_factor ** (layer.level - level)
        inside_x, inside_y = x * scale - layer.centre[0], y * scale - layer.centre[1]
        if layer.index:
            alpha = smooth(plan.mask.inside(inside_x, inside_y))
        else:
            is_inside = (np.abs(inside_x) <= 0.5) & (np.abs(inside_y) <= plan.aspect / 2.0)
            alpha = is_inside.astype(np.float64)
        alpha = alpha * opacity(plan, layer, level)
        found[layer.number] = left * alpha
        left = left * (1.0 - alpha)
    return found


small_factors = st.floats(1.01, 1.3)


@st.composite
def plans(draw: st.DrawFn, off_centre: bool = False, ring: bool = False) -> Plan:
    """Of many images that hardly differ in size."""
    factor = draw(small_factors)
    room = (1.0 - 1.0 / factor) * 0.3 if off_centre else 0.0
    offset = draw(st.floats(-1, 1)) * room, draw(st.floats(-1, 1)) * room * 0.8
    count = draw(st.integers(2, 40)) if ring else COUNT
    chosen = ZoomSettings(
        crop=draw(st.floats(0.3, 0.95)),
        feather=draw(st.sampled_from([0.0, 0.03, 0.1, 0.25])) * draw(st.floats(0.4, 1.0)),
        mask_shape=draw(st.sampled_from(MaskShape)),
        roll=draw(st.sampled_from([0.0, 0.0, 0.1, -0.5])),
        travel=Travel.LOOP if ring else Travel.ONE_WAY,
        start_frame=0,
    )
    # What is opaque is at least a sixth of what is cropped.
    assume(2.0 * chosen.feather <= chosen.crop * 5.0 / 6.0)
    step = Step(factor, offset)
    return make_plan(
        Series(images(count), (step,) * (count - 1), (), step if ring else None), chosen
    )


@given(plans())
def test_few_layers_are_seen_at_a_time(plan: Plan) -> None:
    most = 0
    for level in np.linspace(0.0, plan.depth, 1000):
        seen = [x for x in plan.layers if x.visible_from < level <= x.visible_until]
        most = max(most, len(seen))
    assert most <= plan.most_visible <= 8


@pytest.mark.parametrize("factor", [1.005, 1.01, 1.03, 1.06, 1.1, 1.2, 1.3])
@pytest.mark.parametrize("shape", MaskShape)
@pytest.mark.parametrize(
    ("crop", "feather"), [(0.8, 0.05), (0.8, 0.25), (0.95, 0.25), (0.6, 0.15), (0.8, 0.0)]
)
def test_no_more_than_six_with_usual_choices(
    factor: float, shape: MaskShape, crop: float, feather: float
) -> None:
    """As many as 200 images of a factor of 1.06 were seen at once with the widest soft edge."""
    chosen = ZoomSettings(crop=crop, feather=feather, mask_shape=shape)
    plan = make_plan(Series(images(400), uniform_steps(400, factor)), chosen)
    assert plan.most_visible <= 6


@given(plans(off_centre=True), st.floats(0.0, 1.0))
def test_the_picture_has_no_hole(plan: Plan, part: float) -> None:
    assert np.sum(list(shares(plan, part * plan.depth).values()), axis=0).min() > 1.0 - 1e-9


@settings(max_examples=20)
@given(plans(off_centre=True))
def test_no_layer_comes_or_goes_at_once(plan: Plan) -> None:
    """Where a layer is shown or hidden, less than half a level of 255 is seen of it."""
    for layer in plan.layers[::17]:
        for level in (layer.visible_from + 1e-6, layer.visible_until):
            if 0.0 < level <= plan.depth:
                assert shares(plan, level)[layer.number].max() < 1.0 / 512.0, layer.number


@given(plans(off_centre=True), st.integers(1, COUNT - 2))
def test_an_image_that_fills_the_view_is_before_all_others(plan: Plan, number: int) -> None:
    seen = shares(plan, plan.layers[number].level)
    assert all(share.max() == 0.0 for other, share in seen.items() if other > number)
    # Only at its soft edge others are seen.
    assert opacity(plan, plan.layers[number], plan.layers[number].level) == 1.0
    middle = seen[number].shape[0] // 2
    assert seen[number][middle, middle] == 1.0


@settings(max_examples=40)
@given(plans(ring=True))
def test_a_loop_of_small_steps_ends_as_it_begins(plan: Plan) -> None:
    count = plan.round_levels
    first, last = shares(plan, 1e-9), shares(plan, count + 1e-9)
    for number, share in first.items():
        if share.max() > 0.0:
            assert number > plan.layers[0].number  # which is not trimmed
            assert last[number + count] == pytest.approx(share, abs=1e-6), number
    assert np.sum(list(first.values()), axis=0).min() > 1.0 - 1e-9


@pytest.mark.parametrize("factor", [1.75, 2.0, 4.0])
def test_with_usual_factors_no_image_fades_out(factor: float) -> None:
    chosen = ZoomSettings(feather=0.25, crop=0.6)
    plan = make_plan(Series(images(40), uniform_steps(40, factor)), chosen)
    assert all(layer.fades_from == math.inf for layer in plan.layers)


def test_the_rest_fades_out_while_the_second_after_it_comes() -> None:
    plan = make_plan(Series(images(60), uniform_steps(60, 1.06)), ZoomSettings(feather=0.25))
    fading = [layer for layer in plan.layers if math.isfinite(layer.fades_from)]
    assert len(fading) > 40
    for layer in fading:
        assert (layer.fades_from, layer.visible_until) == (layer.level + 1, layer.level + 2)
