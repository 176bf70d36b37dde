"""A frame with motion blur is the mean of what is seen while the shutter is open. Touches bpy."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.settings import Engine, ZoomSettings
from tests import pictures
from tests.pictures import Array, Nest

SIZE = (160, 160)
SHUTTER = 0.5  # frames, Blender's default, around the frame
LEVELS = 24  # true views of which the mean is taken


def rays(x: Array, y: Array) -> Array:
    """The same picture again at half its size, so that fading in makes no difference."""
    octave = 2 * np.pi * np.log2(np.maximum(np.hypot(x, y), 1e-4))
    turn = np.arctan2(y, x)[..., None] + np.array([0.0, 2.1, 4.2])
    return 0.5 + 0.35 * np.sin(2 * octave[..., None] + 2 * turn)


@pytest.mark.parametrize("zoom_steps", [4, 2])
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.EEVEE])
def test_a_blurred_frame_is_the_mean_of_true_views(
    engine: Engine, zoom_steps: int, tmp_path: Path, picture_folder: Path
) -> None:
    nest = Nest([rays, rays, rays], SIZE)
    files = nest.files(tmp_path)[::-1]
    series = Series(tuple(SeriesImage(file, *SIZE) for file in files), (Step(2.0), Step(2.0)))
    scene = bpy.context.scene
    settings = ZoomSettings(
        zoom_steps=zoom_steps, start_frame=0, engine=engine, samples=128, align=False
    )
    zooms.build_zoom(scene, series, settings)
    scene.render.use_motion_blur = True
    scene.render.motion_blur_shutter = SHUTTER
    scene.eevee.motion_blur_steps = 8
    frames = (1, zoom_steps)  # on the way, and where one image follows another
    for frame in frames:
        rendering.render_animation(scene, f"{picture_folder}/", frame, frame, sharp=False)
    x, y = pictures.grid(nest.cropped)
    away = np.hypot(x, y) > 0.2  # in the middle there is detail of any size
    for frame in frames:
        times = frame + SHUTTER * ((np.arange(LEVELS) + 0.5) / LEVELS - 0.5)
        views = [pictures.to_linear(nest.view(time / zoom_steps)) for time in times]
        truth = pictures.to_srgb(np.mean(views, axis=0))
        sharp = nest.view(frame / zoom_steps)
        seen = pictures.read(picture_folder / f"frame_{frame:05}.png")
        error, _ = pictures.error(seen[away], truth[away])
        without, _ = pictures.error(sharp[away], truth[away])
        assert error < 0.25 * without, frame
