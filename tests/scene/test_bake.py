"""The baked camera is where the zoom's camera is, without anything that moves it. Touches bpy."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, zooms
from ai_ever_zoom_addon.scene.output import bake
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import ZoomSettings
from tests import pictures
from tests.pictures import Nest

SETTINGS = ZoomSettings(zoom_steps=5, start_frame=3)


def series_of(folder: Path, count: int, steps: tuple[Step, ...] | None = None) -> Series:
    nest = Nest([pictures.flat((0.2, 0.4, 0.6))], (64, 48))
    (file,) = nest.files(folder)
    return Series((SeriesImage(file, 64, 48),) * count, steps or (Step(2.0),) * (count - 1))


def test_the_baked_camera_agrees_at_every_frame(tmp_path: Path) -> None:
    scene = bpy.context.scene
    steps = (Step(2.0, (0.05, -0.03)), Step(1.5, (-0.04, 0.02)))
    control = zooms.build_zoom(scene, series_of(tmp_path, 3, steps), SETTINGS)
    control.location = (1.0, -2.0, 0.5)
    control.rotation_euler[2] = 0.3
    scene.frame_set(7)
    baked = bake.bake_camera(scene, control)
    assert scene.frame_current == 7
    assert baked.parent is None and not baked.constraints
    assert not baked.animation_data.drivers
    assert baked.data.animation_data is None
    keys = {point.co[0] for curve in compat.fcurves(baked) for point in curve.keyframe_points}
    assert keys == set(range(3, 3 + 2 * 5 + 1))
    camera = next(objects.parts(control, "camera"))
    for frame in range(3, 14):
        scene.frame_set(frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        theirs, ours = (
            np.array(item.evaluated_get(depsgraph).matrix_world) for item in (camera, baked)
        )
        # The distance halves with each step: it has to agree by the view's width.
        width = 10.0 / np.prod([2.0, 1.5])
        assert np.abs(theirs[:3, 3] - ours[:3, 3]).max() < 1e-6 * width
        assert np.abs(theirs[:3, :3] - ours[:3, :3]).max() < 1e-6
        assert ours_sees_what_theirs_sees(baked, camera)


def ours_sees_what_theirs_sees(baked: bpy.types.Object, camera: bpy.types.Object) -> bool:
    one, other = baked.data, camera.data
    assert isinstance(one, bpy.types.Camera) and isinstance(other, bpy.types.Camera)
    same = ("lens", "sensor_width", "sensor_fit", "shift_x", "shift_y")
    is_same = all(getattr(one, name) == getattr(other, name) for name in same)
    return is_same and one.clip_start <= other.clip_start * (1 + 1e-6)


def test_the_zoom_stays_as_it_was(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, series_of(tmp_path, 3), SETTINGS)
    camera = next(objects.parts(control, "camera"))
    baked = bake.bake_camera(scene, control)
    assert scene.camera == camera
    assert len(camera.animation_data.drivers) > 0
    control = zooms.build_zoom(scene, series_of(tmp_path, 4), SETTINGS, control)
    assert baked.name in scene.objects


def test_a_zoom_too_deep_for_one_place_is_refused(tmp_path: Path) -> None:
    scene = bpy.context.scene
    control = zooms.build_zoom(scene, series_of(tmp_path, 60), SETTINGS)
    count = len(bpy.data.objects)
    with pytest.raises(EverZoomError, match="too deep"):
        bake.bake_camera(scene, control)
    assert len(bpy.data.objects) == count
