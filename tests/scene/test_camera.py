"""The camera rolls, aims off the centre, and never shows a border. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.scene import loading, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, FrameSize, ZoomSettings

BOTH = pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])


def write(folder: Path, pictures: list[NDArray[np.float32]], steps: tuple[Step, ...]) -> Series:
    rows = []
    for number, picture in enumerate(pictures):
        file = folder / f"picture_{number}.png"
        loading.write_png(file, picture)
        rows.append(SeriesImage(file, picture.shape[1], picture.shape[0]))
    return Series(tuple(rows), steps)


def waves(width: int, height: int) -> NDArray[np.float32]:
    """A smooth picture without any symmetry."""
    y, x = np.mgrid[:height, :width] / 50.0
    light = [np.sin(4 * x + 2 * y), np.cos(3 * y - x), np.sin(x + y) * np.cos(5 * x)]
    return (0.5 + 0.2 * np.stack(light, axis=-1)).astype(np.float32)


def frames(scene: Any, folder: Path, *numbers: int) -> list[NDArray[np.float32]]:
    rendering.render_animation(scene, f"{folder}/", scene.frame_start, scene.frame_end, sharp=False)
    return [loading.read_pixels(folder / f"frame_{number:05}.png") for number in numbers]


def control_of(scene: Any) -> Any:
    (control,) = objects.controls(scene)
    return control


@BOTH
@pytest.mark.parametrize(("roll", "quarters"), [(0.25, 1), (-0.25, -1), (0.5, 2)])
def test_the_picture_turns_clockwise(
    tmp_path: Path, picture_folder: Path, engine: Engine, roll: float, quarters: int
) -> None:
    """After a step by so many quarter turns the next image stands as far turned."""
    series = write(tmp_path, [waves(100, 100), waves(100, 100)[::-1]], uniform_steps(2, 2.0))
    settings = ZoomSettings(
        zoom_steps=2, start_frame=0, feather=0.0, crop=0.7, roll=roll, engine=engine
    )
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings)
    assert recipe.stored_findings(control_of(scene)) == ()  # nothing had to be enlarged
    first, last = frames(scene, picture_folder, 0, 2)
    outer, inner = (loading.read_pixels(image.file)[15:85, 15:85] for image in series.images)
    assert np.abs(first - outer).max() * 255 < 4
    turned = np.rot90(inner, -quarters)  # clockwise
    # The trimmed edge falls on the frame's.
    assert np.abs(last - turned)[1:-1, 1:-1].max() * 255 < 4


@BOTH
@pytest.mark.parametrize(
    "values",
    [
        {"roll": 0.25},
        {"roll": -1.0, "resolution_from": FrameSize.WIDE},
        {"roll": 0.4, "resolution_from": FrameSize.UPRIGHT, "target": (0.2, -0.1)},
        {"target": (0.5, 0.5), "crop": 0.6},
        {"resolution_from": FrameSize.SQUARE, "crop": 0.95},
    ],
)
def test_no_border_is_ever_seen(
    tmp_path: Path, picture_folder: Path, engine: Engine, values: dict[str, Any]
) -> None:
    """What is not covered by the white images is black."""
    white = np.ones((60, 100, 3), np.float32)
    steps = (Step(1.5, (0.1, -0.06)), Step(1.5, (-0.1, 0.08)), Step(1.3, (0.02, 0.0)))
    series = write(tmp_path, [white] * 4, steps)
    scene = bpy.context.scene
    settings = ZoomSettings(zoom_steps=6, start_frame=0, engine=engine, **values)
    zooms.build_zoom(scene, series, settings)
    for picture in frames(scene, picture_folder, *range(scene.frame_end + 1)):
        assert picture.min() > 0.98


@BOTH
def test_the_zoom_ends_at_the_target(tmp_path: Path, picture_folder: Path, engine: Engine) -> None:
    series = write(tmp_path, [waves(100, 60), waves(100, 60)[:, ::-1]], uniform_steps(2, 2.0))
    settings = ZoomSettings(
        zoom_steps=1, start_frame=0, feather=0.0, crop=0.8, target=(0.1, 0.05), engine=engine
    )
    scene = bpy.context.scene
    zooms.build_zoom(scene, series, settings)
    (last,) = frames(scene, picture_folder, 1)
    image = loading.read_pixels(series.images[1].file)
    # 10 pixels to the right and 3 up; what is trimmed of the innermost image is not compared.
    assert last.shape[:2] == (48, 80)
    assert np.abs(last[4:, :69] - image[7:51, 20:89]).max() * 255 < 4
