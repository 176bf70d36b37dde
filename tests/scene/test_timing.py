"""The Zoom Level curve in the scene. Touches bpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.findings import Finding, FindingKind
from ai_ever_zoom_addon.core.plan.plan import make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, uniform_steps
from ai_ever_zoom_addon.scene import compat, loading, recipe, zooms
from ai_ever_zoom_addon.settings import Engine, ImageSettings, LengthBy, Travel, ZoomSettings


def make_series(folder: Path, count: int) -> Series:
    """Small pictures of one colour each."""
    pictures = []
    for number in range(count):
        file = folder / f"{number}.png"
        loading.write_png(file, np.full((16, 16, 3), 0.1 + 0.8 * number / count, np.float32))
        pictures.append(SeriesImage(file, 16, 16))
    return Series(tuple(pictures), uniform_steps(count, 2.0))


def level_curve(control: Any) -> Any:
    (curve,) = (c for c in compat.fcurves(control) if c.data_path == '["Zoom Level"]')
    return curve


EASED = ZoomSettings(zoom_steps=48, frames_per_second=24.0, ease=1.5, start_frame=7)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(EASED, id="eased"),
        pytest.param(ZoomSettings(zoom_steps=7), id="linear"),
        pytest.param(ZoomSettings(zoom_steps=20, ease=100.0, delay=1.0), id="all ease, held"),
        pytest.param(ZoomSettings(zoom_steps=33, ease=0.7, reverse=True), id="reverse"),
        pytest.param(
            ZoomSettings(
                length_by=LengthBy.WHOLE,
                length=3.7,
                frames_per_second=29.97,
                travel=Travel.THERE_AND_BACK,
            ),
            id="there and back, keys between frames",
        ),
        pytest.param(
            ZoomSettings(
                length_by=LengthBy.SECONDS,
                seconds_per_image=0.77,
                ease=0.4,
                delay=0.3,
                travel=Travel.THERE_AND_BACK,
            ),
            id="there and back, eased, held",
        ),
        *[
            pytest.param(
                ZoomSettings(
                    zoom_steps=20,
                    ease=ease,
                    travel=Travel.THERE_AND_BACK,
                    of_images=(ImageSettings("1.png", hold=0.5, frames=frames),),
                ),
                id=f"there and back, {ease}, {frames}",
            )
            for ease in (0.0, 0.3)
            for frames in (None, 50)
        ],
        pytest.param(
            ZoomSettings(zoom_steps=600, ease=20.0, start_frame=100_000), id="a late, long zoom"
        ),
    ],
)
def test_the_curve_is_the_plans(tmp_path: Path, settings: ZoomSettings) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, 5)
    curve = level_curve(zooms.build_zoom(scene, series, settings))
    plan = make_plan(series, settings)
    assert (scene.frame_start, scene.frame_end) == (plan.first_frame, plan.last_frame)
    for frame in np.linspace(plan.first_frame - 1, plan.last_frame + 1, 997):
        moment = float(np.float32(frame))  # what Blender counts in
        assert curve.evaluate(moment) == pytest.approx(plan.level_at(moment), abs=1e-4), frame


def test_an_eased_zoom_has_constant_speed_in_the_middle(tmp_path: Path) -> None:
    scene = bpy.context.scene
    curve = level_curve(zooms.build_zoom(scene, make_series(tmp_path, 5), EASED))
    assert (scene.frame_start, scene.frame_end) == (7, 7 + 4 * 48)
    levels = np.array([curve.evaluate(frame) for frame in range(7, 7 + 4 * 48 + 1)])
    speeds = np.diff(levels)
    # 1.5 s are 36 frames; at constant acceleration the speed is 4 levels in 192 - 36 frames.
    assert speeds[36:-36] == pytest.approx(np.full(192 - 72, 4 / 156), abs=1e-5)
    assert speeds[:36] == pytest.approx((np.arange(36) + 0.5) / 36 * 4 / 156, abs=1e-5)
    assert speeds[::-1][:36] == pytest.approx(speeds[:36], abs=1e-5)


def test_an_ease_can_be_edited_as_a_curve(tmp_path: Path) -> None:
    """Few keys, and handles that stay smooth when one side is moved."""
    curve = level_curve(zooms.build_zoom(bpy.context.scene, make_series(tmp_path, 5), EASED))
    points = curve.keyframe_points
    assert [point.co[0] for point in points] == [7, 43, 163, 199]
    assert all(point.interpolation == "BEZIER" for point in points)
    points[1].handle_right[1] += 0.5
    curve.update()
    before, here, after = (
        np.array(getattr(points[1], name)) for name in ("handle_left", "co", "handle_right")
    )
    left, right = here - before, after - here
    assert left[0] * right[1] == pytest.approx(left[1] * right[0], rel=1e-3)


def edited(control: Any) -> Any:
    """A curve with a ramp, a slow part and a later end, as an artist makes them."""
    curve = level_curve(control)
    points = curve.keyframe_points
    points[1].co[1] = 0.4
    points[2].interpolation = "SINE"
    points[-1].co[0] += 12
    curve.keyframe_points.insert(30, 1.7).interpolation = "BEZIER"
    curve.update()
    return curve


def sampled(curve: Any, first: float, last: float) -> list[float]:
    return [curve.evaluate(frame) for frame in np.linspace(first, last, 57)]


PLAIN = ZoomSettings(zoom_steps=20, frames_per_second=25.0, start_frame=1)


def test_an_edited_curve_stays_when_something_else_is_changed(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, make_series(tmp_path, 4), PLAIN)
    curve = edited(control)
    scene.frame_end = 73  # the user's, to fit the curve
    before = sampled(curve, 1, 73)
    for values in ({"crop": 0.7}, {"roll": 0.3}, {"engine": Engine.SEQUENCER}, {"feather": 0.0}):
        zooms.change_zoom(scene, control, replace(PLAIN, **values))
        assert sampled(level_curve(control), 1, 73) == before
        assert (scene.frame_start, scene.frame_end) == (1, 73)
        assert recipe.stored_findings(control) == ()


@pytest.mark.parametrize(
    "values",
    [
        {"zoom_steps": 40},
        {"length": 7.0},
        {"length_by": LengthBy.SECONDS, "seconds_per_image": 0.5, "start_frame": 500},
    ],
)
def test_an_edited_curve_is_stretched_with_the_pace(tmp_path: Path, values: dict[str, Any]) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, make_series(tmp_path, 4), PLAIN)
    curve = edited(control)
    scene.frame_end = 73  # the user's, to fit the curve: 12 frames after the zoom's own end
    before = sampled(curve, 1, 73)
    after = replace(PLAIN, **values)
    zooms.change_zoom(scene, control, after)
    plan = make_plan(recipe.stored_series(control), after)
    end = plan.last_frame + 12 * (plan.last_frame - plan.first_frame) / 60
    assert (scene.frame_start, scene.frame_end) == (plan.first_frame, round(end))
    stretched = sampled(level_curve(control), plan.first_frame, end)
    assert stretched == pytest.approx(before, abs=2e-3)
    assert recipe.stored_findings(control) == ()
    # And back, to where it was.
    zooms.change_zoom(scene, control, PLAIN)
    assert sampled(level_curve(control), 1, 73) == pytest.approx(before, abs=2e-3)


def test_an_eased_curve_is_stretched_too(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, make_series(tmp_path, 5), EASED)
    curve = level_curve(control)
    curve.keyframe_points[1].handle_right[1] += 0.5
    curve.keyframe_points[2].co[1] += 0.3
    curve.update()
    before = sampled(curve, 7, 43)  # within the first ease, which keeps its seconds
    zooms.change_zoom(scene, control, replace(EASED, zoom_steps=96))
    assert sampled(level_curve(control), 7, 43) == pytest.approx(before, abs=5e-3)
    assert scene.frame_end == 7 + 4 * 96


@pytest.mark.parametrize(
    "values", [{"ease": 1.0}, {"travel": Travel.THERE_AND_BACK}, {"reverse": True}]
)
def test_a_replaced_curve_is_told(tmp_path: Path, values: dict[str, Any]) -> None:
    scene = bpy.context.scene
    series = make_series(tmp_path, 4)
    control = zooms.build_zoom(scene, series, PLAIN)
    zooms.change_zoom(scene, control, replace(PLAIN, **values))
    assert recipe.stored_findings(control) == ()  # nothing of the user's was lost
    edited(control)
    zooms.change_zoom(scene, control, PLAIN)
    assert recipe.stored_findings(control) == (Finding(FindingKind.CURVE_REPLACED),)
    curve = level_curve(control)
    plan = make_plan(series, PLAIN)
    for frame in range(1, 62):
        assert curve.evaluate(frame) == pytest.approx(plan.level_at(frame), abs=1e-4)
