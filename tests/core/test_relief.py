"""Reliefs: where they may not be, and that they do no harm from any camera of the zoom."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.depth_map import DepthMap, cells_of, encoded
from ai_ever_zoom_addon.core.plan.mask import MaskMesh
from ai_ever_zoom_addon.core.plan.plan import Layer, Plan, make_plan
from ai_ever_zoom_addon.core.plan.relief import FINEST, STRETCH, Relief, ReliefMaker, relief_maker
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.settings import ImageSettings, MaskShape, Travel, ZoomSettings

Array = NDArray[np.float64]

LENS = 50.0 / 36.0
SIZE = 320, 240


def depth_of(kind: str) -> DepthMap:
    """Maps with as steep steps as there can be."""
    down, across = np.mgrid[0:240, 0:320]
    values = {
        "checks": (down // 20 + across // 20) % 2,
        "noise": np.random.default_rng(3).uniform(size=(240, 320)),
        "disc": (np.hypot(across - 200, down - 120) < 35),
        "bar": (np.abs(across - 220) < 20),
        "near": np.ones((240, 320)) - (np.hypot(across - 160, down - 120) < 100),
    }[kind]
    return DepthMap("depth.png", encoded(cells_of(values.astype(np.float32), 0.75)))


def plan_of(kind: str, *steps: Step, **settings: Any) -> Plan:
    depth = depth_of(kind)
    images = tuple(SeriesImage(Path(f"{n}.png"), *SIZE, 1, depth) for n in range(len(steps) + 1))
    return make_plan(Series(images, steps), ZoomSettings(**settings))


# Factors, offsets and turns; how strong; what else.
CASES: dict[str, tuple[tuple[Step, ...], dict[str, Any]]] = {
    "plain": ((Step(2.0),) * 3, {}),
    "strong": ((Step(2.0),) * 3, {"depth_strength": 0.5}),
    "small factor": ((Step(1.3),) * 5, {"depth_strength": 0.4}),
    "large factor": ((Step(6.0),) * 2, {"depth_strength": 0.3}),
    "off centre": ((Step(2.0, (0.15, -0.1)), Step(2.5, (-0.12, 0.1)), Step(1.8)), {}),
    "turned": ((Step(2.0, (0.05, 0.02), turn=30.0), Step(2.2, turn=-70.0)), {}),
    "rolls": ((Step(2.0),) * 3, {"roll": 0.2, "crop": 0.6}),
    "ellipse": ((Step(2.0),) * 2, {"mask_shape": MaskShape.ELLIPSE, "feather": 0.1}),
    "small crop": ((Step(2.0),) * 3, {"crop": 0.4, "depth_strength": 0.3}),
    "hard edge": ((Step(2.0),) * 2, {"feather": 0.0}),
    "target": ((Step(2.0),) * 2, {"target": (0.2, -0.1)}),
}


@cache
def made(maker: ReliefMaker) -> tuple[MaskMesh, Relief]:
    return maker.mask.mesh().finer(FINEST), maker.make()


def bent(plan: Plan, layer: Layer, level: float) -> tuple[Array, MaskMesh, Relief]:
    """A layer's corners in space at a zoom level, its flat mesh, and its relief."""
    maker = relief_maker(plan, layer, LENS)
    assert maker is not None
    mesh, relief = made(maker)
    height = relief.after
    if relief.before is not None:
        part = np.clip((level - maker.goes_over) / (maker.level - maker.goes_over), 0.0, 1.0)
        part = part * part * (3.0 - 2.0 * part)
        height = relief.before + part * (relief.after - relief.before)
    flat = np.pad(mesh.points, ((0, 0), (0, 1)))
    return flat + relief.offsets(height, mesh.points), mesh, relief


def eye(plan: Plan, layer: Layer, level: float) -> Array:
    """Where the camera is, in the layer's axes and widths, from the layer's centre."""
    scale = plan.zoom_factor ** (layer.level - level)
    centre = complex(*plan.path(np.array([level]))[0][0]) * scale
    place = (centre - complex(*layer.centre)) * np.exp(1j * layer.turn) / layer.width
    return np.array([place.real, place.imag, LENS * plan.view_size[0] * scale / layer.width])


def seen_from(points: Array, camera: Array) -> Array:
    """Where rays from the camera through points meet the plane, shape (n, 2)."""
    shares: Array = camera[2] / (camera[2] - points[:, 2])
    meets: Array = camera[:2] + (points[:, :2] - camera[:2]) * shares[:, None]
    return meets


def levels_of(plan: Plan, layer: Layer) -> Array:
    return np.linspace(max(layer.visible_from, 0.0), min(layer.visible_until, plan.depth), 13)


@pytest.mark.parametrize(
    ("case", "kind"), [*((case, "checks") for case in CASES), ("plain", "near"), ("plain", "noise")]
)
def test_nothing_folds_over_or_is_stretched_much(case: str, kind: str) -> None:
    steps, settings = CASES[case]
    plan = plan_of(kind, *steps, **settings)
    highest = 0.0
    for layer in plan.layers[:2]:
        _, flat, _ = bent(plan, layer, layer.level)
        a, b, c = (flat.points[flat.faces[:, corner]] for corner in range(3))
        size = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
        for level in levels_of(plan, layer):
            points, mesh, relief = bent(plan, layer, level)
            faces = mesh.faces
            highest = max(highest, relief.after.max())
            camera = eye(plan, layer, level)
            half = np.array(plan.view.half_extent(np.array(level), turned=layer.turn))
            half = half * plan.zoom_factor ** (layer.level - level) / layer.width
            place = seen_from(points, camera)
            shown = (np.abs(place - camera[:2]) < half).all(axis=1)[faces].any(axis=1)
            a, b, c = (place[faces[:, corner]] for corner in range(3))
            now = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
            ratio = (now / size)[shown]
            if not len(ratio):
                continue
            assert ratio.min() > 0.0
            # What comes nearer grows: by (distance / (distance - height))**2 in area, beside which
            # it is stretched, in one direction, by 1 + STRETCH at most.
            nearer = ((1.0 - points[:, 2] / camera[2]) ** -2.0)[faces].max(axis=1)[shown]
            assert (ratio / nearer).max() < 1.15 * (1.0 + STRETCH)
    assert highest > 0.0 or case == "small factor"


@pytest.mark.parametrize("case", ["off centre", "turned", "target"])
def test_the_frame_at_each_arrival_is_the_picture(case: str) -> None:
    steps, settings = CASES[case]
    plan = plan_of("checks", *steps, **settings)
    for layer in plan.layers[:2]:
        points, flat, _ = bent(plan, layer, layer.level)
        place = seen_from(points, eye(plan, layer, layer.level))
        assert place == pytest.approx(flat.points, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_seams_stay_flat(case: str) -> None:
    """In the soft edge, and where the next layer is while that is seen; nothing goes back."""
    steps, settings = CASES[case]
    plan = plan_of("checks", *steps, **settings)
    for layer, after in zip(plan.layers[:2], plan.layers[1:], strict=False):
        for level in levels_of(plan, layer):
            points, mesh, _ = bent(plan, layer, level)
            flat = mesh.points
            assert points[:, 2].min() >= 0.0
            rim = layer.mask.inside(flat[:, 0], flat[:, 1]) < 1.0
            assert points[rim, 2].max(initial=0.0) == 0.0
            if after.visible_from < level - 1e-9:
                shrink = plan.zoom_factor ** (after.level - layer.level)
                place = (flat[:, 0] + 1j * flat[:, 1]) * layer.width * np.exp(-1j * layer.turn)
                place = (place + complex(*layer.centre)) * shrink - complex(*after.centre)
                place = place * np.exp(1j * after.turn) / after.width
                inside = after.mask.inside(place.real, place.imag) > 0.0
                assert points[inside, 2].max(initial=0.0) == 0.0


def test_what_is_seen_through_a_hole_does_not_come_through_it() -> None:
    step = Step(2.0)
    plan = plan_of("bar", step, Step(2.0, is_hole=True), step)
    holed, inner = plan.layers[1:3]
    assert holed.has_hole
    for level in np.linspace(inner.visible_from, holed.visible_until, 9):
        points, _, _ = bent(plan, inner, level)
        assert points[:, 2].max() == 0.0
    points, _, _ = bent(plan, inner, inner.level + 0.2)
    assert points[:, 2].max() > 0.0
    plan = plan_of("bar", step, Step(2.0, is_hole=True))
    assert relief_maker(plan, plan.layers[2], LENS) is None


def test_strength() -> None:
    step = Step(2.0)
    plan = plan_of("disc", step, step, depth_strength=0.2)

    def highest(plan: Plan, index: int) -> float:
        points, _, relief = bent(plan, plan.layers[index], float(index))
        return float(points[:, 2].max() / relief.camera[2])

    assert highest(plan, 2) == pytest.approx(0.2, rel=0.05)
    own = replace(plan.settings, of_images=(ImageSettings("2.png", depth=0.1),))
    assert highest(make_plan(plan.series, own), 2) == pytest.approx(0.1, rel=0.05)
    for flat in (
        replace(plan.settings, depth_strength=0.0),
        replace(plan.settings, of_images=(ImageSettings("2.png", depth=0.0),)),
    ):
        other = make_plan(plan.series, flat)
        assert relief_maker(other, other.layers[2], LENS) is None
    turned = make_plan(plan.series, replace(plan.settings, is_near_black=True))
    maker, before = (relief_maker(p, p.layers[2], LENS) for p in (turned, plan))
    assert maker is not None and before is not None
    # What was nearest is farthest, and the other way round.
    assert (maker.wanted == 0.0).sum() == (before.wanted == before.wanted.max()).sum()


def test_the_same_is_made_of_the_same() -> None:
    """So that a build that changes nothing keeps the mesh."""
    plan = plan_of("bar", Step(2.0), Step(2.0))
    retimed = make_plan(plan.series, replace(plan.settings, zoom_steps=7, reverse=True))
    for one, other in zip(plan.layers, retimed.layers, strict=True):
        assert repr(relief_maker(plan, one, LENS)) == repr(relief_maker(retimed, other, LENS))
    wider = make_plan(plan.series, replace(plan.settings, crop=0.9))
    assert repr(relief_maker(wider, wider.layers[1], LENS)) != repr(
        relief_maker(plan, plan.layers[1], LENS)
    )


def test_a_ring() -> None:
    images = plan_of("bar", Step(2.0), Step(2.0)).series.images
    plan = make_plan(
        Series(images, (Step(2.0), Step(2.0)), closing=Step(2.0)), ZoomSettings(travel=Travel.LOOP)
    )
    makers = [relief_maker(plan, layer, LENS) for layer in plan.layers]
    assert all(makers)
