"""The rig as Blender evaluates it: where the layers are before the camera, at every moment.

What must be there is calculated here from the definition of a zoom, in widths of the view at hand;
what is there comes from the evaluated objects' matrices, the camera's lens and the meshes.
Touches bpy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.scene import compat, recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import ZoomSettings

Array = NDArray[np.float64]

SIZE = (100, 80)
PLAIN = ZoomSettings(is_factor_measured=True, zoom_steps=4, start_frame=1, feather=0.05, crop=0.8)
# An image is faded in over this part of the step that leads to it.
FADED_IN = 0.35


@pytest.fixture
def scene() -> Any:
    return bpy.context.scene


def make_series(folder: Path, steps: tuple[Step, ...]) -> Series:
    """Images of which only the names and the size matter."""
    images = []
    for number in range(len(steps) + 1):
        file = folder / f"image {number:03}.png"
        Image.new("RGB", SIZE).save(file)
        images.append(SeriesImage(file, *SIZE))
    return Series(tuple(images), steps)


def centred(folder: Path, count: int, factor: float) -> Series:
    return make_series(folder, uniform_steps(count, factor))


@dataclass(frozen=True)
class Seen:
    """A layer before the camera; lengths in widths of the layer."""

    number: int
    view_width: float  # of the part of the layer's plane that the camera frames
    centre: Array  # of that part
    depth: float  # from the camera, in scene units
    fade: float
    mesh: Any

    def opacity(self, x: Array, y: Array) -> Array:
        """Opacity at points of the layer, read from its mesh."""
        points = np.array([vertex.co[:2] for vertex in self.mesh.vertices])
        mask = np.array([item.value for item in self.mesh.attributes["mask"].data])
        result = np.zeros(x.shape)
        for face in self.mesh.polygons:
            corners = list(face.vertices)
            for second, third in itertools.pairwise(corners[1:]):
                triangle = [corners[0], second, third]
                matrix = np.array([*points[triangle].T, np.ones(3)])
                weights = np.linalg.solve(matrix, np.stack([x, y, np.ones_like(x)]).reshape(3, -1))
                is_inside = (weights >= -1e-5).all(axis=0).reshape(x.shape)
                value = (mask[triangle] @ weights).reshape(x.shape)
                result = np.where(is_inside, np.maximum(result, value), result)
        result = np.clip(result, 0.0, 1.0)
        return result * result * (3.0 - 2.0 * result)


def zoom_level(control: Any) -> float:
    dependencies = bpy.context.evaluated_depsgraph_get()
    return float(control.evaluated_get(dependencies)["Zoom Level"])


def seen_layers(control: Any) -> list[Seen]:
    """The layers that are not hidden, the outermost first, as they are at the current frame."""
    dependencies = bpy.context.evaluated_depsgraph_get()
    camera = next(objects.parts(control, "camera")).evaluated_get(dependencies)
    lens = camera.data
    assert lens.sensor_fit == "HORIZONTAL"
    assert lens.shift_x == lens.shift_y == 0.0
    from_camera = np.array(camera.matrix_world, np.float64)
    result = []
    for layer in objects.parts(control, "layer"):
        item = layer.evaluated_get(dependencies)
        assert item.hide_render == item.hide_viewport
        if item.hide_render:
            continue
        to_layer = np.linalg.inv(np.array(item.matrix_world, np.float64)) @ from_camera
        eye, forward = to_layer[:3, 3], -to_layer[:3, 2]
        assert np.abs(forward[:2]).max() < 1e-5 * abs(forward[2])  # it looks straight at the layer
        distance = eye[2] / -forward[2]  # along the camera's own axis
        across = np.hypot(*to_layer[:2, 0]) * distance * lens.sensor_width / lens.lens
        assert lens.clip_start < distance < lens.clip_end
        centre = (eye + distance * forward)[:2]
        fade = float(item["Fade"])
        number = layer["ever_zoom_number"]
        result.append(Seen(number, float(across), centre, float(distance), fade, item.data))
    return sorted(result, key=lambda layer: layer.number)


def weights(layers: list[tuple[int, Array]]) -> dict[int, Array]:
    """How much of each layer is seen, from their opacities, the outermost first."""
    result: dict[int, Array] = {}
    for number, opacity in layers:
        result = {other: weight * (1.0 - opacity) for other, weight in result.items()}
        result[number] = opacity
    return result


@dataclass(frozen=True)
class Truth:
    """What a zoom of centred images must show, by definition."""

    count: int
    factor: float
    settings: ZoomSettings

    def weights(self, level: float, x: Array, y: Array) -> dict[int, Array]:
        """How much of each image is seen at points of the view, x and y from -1 to 1."""
        aspect = SIZE[1] / SIZE[0]
        crop, feather = self.settings.crop, self.settings.feather * aspect
        layers = []
        for number in range(math.floor(level) - 8, math.floor(level) + 3):
            if not 0 <= number < self.count:
                continue
            grown = self.factor ** (number - level) * crop / 2
            if number == 0:
                layers.append((number, np.ones(x.shape)))
                continue
            depth = np.minimum(
                crop / 2 - np.abs(x) * grown,
                # Soft edges are that much higher, so that their corners miss the pixels' diagonals.
                aspect * (crop / 2 - np.abs(y) * grown) + 0.003 * feather,
            )
            mask = np.clip(depth / feather, 0, 1) if feather else (depth >= 0) * 1.0
            faded = np.clip((level - number + 1) / FADED_IN, 0, 1)
            smooth = [v * v * (3 - 2 * v) for v in (mask, faded)]
            layers.append((number, smooth[0] * smooth[1]))
        return weights(layers)


def moments(scene: Any, parts: int = 2) -> Iterator[float]:
    """All frames of a scene, and moments between them, as the current one."""
    for frame in range(scene.frame_start, scene.frame_end + 1):
        for part in range(parts if frame < scene.frame_end else 1):
            scene.frame_set(frame, subframe=part / parts)
            yield frame + part / parts


# Points of the view: its very corners are where a missing layer shows first. Off the middle, where
# triangles of a mask meet.
ALONG = np.linspace(-0.9999, 0.9999, 10)
POINTS = np.meshgrid(ALONG, ALONG)


def check_picture(control: Any, truth: Truth, level: float) -> None:
    """The layers before the camera make up the picture that a zoom level must show."""
    seen = seen_layers(control)
    x, y = POINTS
    for layer in seen:
        expected = truth.settings.crop * truth.factor ** (layer.number - level)
        assert layer.view_width == pytest.approx(expected, rel=1e-4), (layer.number, level)
        assert layer.centre == pytest.approx([0, 0], abs=1e-5 * expected)
    depths = [layer.depth for layer in seen]
    assert depths == sorted(depths, reverse=True)
    assert len(set(depths)) == len(depths)
    shown = weights(
        [
            (
                layer.number,
                layer.fade
                * layer.opacity(
                    x * layer.view_width / 2, y * layer.view_width / 2 * SIZE[1] / SIZE[0]
                ),
            )
            for layer in seen
        ]
    )
    must = truth.weights(level, x, y)
    for number in shown.keys() | must.keys():
        away = shown.get(number, 0.0) - must.get(number, np.zeros(x.shape))
        assert np.abs(away).max() < 2e-3, (number, level)
    assert sum(shown.values()) == pytest.approx(np.ones(x.shape), abs=1e-5), level


@pytest.mark.parametrize("factor", [2.0, 1.5, 1.333, 2.002, 8.0])
def test_the_view_shrinks_by_the_factor_at_every_level(
    factor: float, scene: Any, tmp_path: Path
) -> None:
    settings = replace(PLAIN, zoom_steps=20)
    control = zooms.build_zoom(scene, centred(tmp_path, 4, factor), settings)
    truth = Truth(4, factor, settings)
    for moment in moments(scene):
        check_picture(control, truth, (moment - 1) / 20)


@pytest.mark.parametrize("factor", [2.0, 1.5])
def test_a_deep_zoom_keeps_its_precision(factor: float, scene: Any, tmp_path: Path) -> None:
    settings = replace(PLAIN, zoom_steps=1)
    control = zooms.build_zoom(scene, centred(tmp_path, 100, factor), settings)
    truth = Truth(100, factor, settings)
    assert len(list(objects.parts(control, "stretch"))) > 3
    for moment in moments(scene, parts=3):
        check_picture(control, truth, moment - 1)


def level_curve(control: Any) -> Any:
    (curve,) = (c for c in compat.fcurves(control) if c.data_path == '["Zoom Level"]')
    return curve


# Key points (part of the time, part of the depth, interpolation) that somebody may come up with.
EDITS = {
    "ease": [(0, 0, "SINE"), (1, 1, "SINE")],
    "hold": [(0, 0, "LINEAR"), (0.3, 0.4, "CONSTANT"), (0.7, 0.4, "LINEAR"), (1, 1, "LINEAR")],
    "turn back": [(0, 0, "LINEAR"), (0.4, 0.7, "LINEAR"), (0.7, 0.1, "LINEAR"), (1, 1, "LINEAR")],
    "speed ramp": [(0, 0, "BEZIER"), (0.5, 0.1, "BEZIER"), (0.8, 0.7, "BEZIER"), (1, 1, "BEZIER")],
    # From where all of the outermost image is seen to a part of the innermost one.
    "further": [(0, -0.05, "LINEAR"), (1, 1.15, "LINEAR")],
    "stand still": [(0, 0.37, "LINEAR"), (1, 0.37, "LINEAR")],
    "wobble": [(0, 0.1, "ELASTIC"), (1, 0.9, "ELASTIC")],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize(("count", "factor"), [(6, 2.0), (30, 2.0)], ids=["shallow", "deep"])
def test_the_edited_curve_retimes_everything(
    edit: list[tuple[float, float, str]], count: int, factor: float, scene: Any, tmp_path: Path
) -> None:
    settings = replace(PLAIN, zoom_steps=60 // (count - 1))
    control = zooms.build_zoom(scene, centred(tmp_path, count, factor), settings)
    assert len(list(objects.parts(control, "stretch"))) == (3 if count == 30 else 0)
    curve = level_curve(control)
    points = curve.keyframe_points
    first, last = scene.frame_start, scene.frame_end
    points.clear()
    for time, depth, interpolation in edit:
        level = depth * 5 if depth < 0 else depth * (count - 1)
        points.insert(first + time * (last - first), level).interpolation = interpolation
    curve.update()
    levels = []
    for moment in moments(scene):
        levels.append(zoom_level(control))
        assert levels[-1] == pytest.approx(curve.evaluate(moment), abs=1e-5)
        check_picture(control, Truth(count, factor, settings), levels[-1])
    linear = np.linspace(0, count - 1, len(levels))
    assert np.abs(levels - linear).max() > 0.2  # the edit makes a difference


@pytest.mark.parametrize("feather", [0.0, 0.2])
@pytest.mark.parametrize("crop", [0.5, 0.9])
def test_crop_and_feather(crop: float, feather: float, scene: Any, tmp_path: Path) -> None:
    settings = replace(PLAIN, crop=crop, feather=feather)
    control = zooms.build_zoom(scene, centred(tmp_path, 4, 1.5), settings)
    for moment in moments(scene):
        check_picture(control, Truth(4, 1.5, settings), (moment - 1) / 4)


def every_driver() -> Iterator[Any]:
    """All drivers of a file."""
    for collection in ("objects", "cameras", "materials", "meshes", "curves", "node_groups"):
        for owner in getattr(bpy.data, collection):
            trees = (owner, getattr(owner, "node_tree", None))
            for animation in (getattr(tree, "animation_data", None) for tree in trees):
                yield from animation.drivers if animation is not None else ()
    for scene in bpy.data.scenes:
        yield from scene.animation_data.drivers if scene.animation_data is not None else ()


@pytest.mark.parametrize("count", [4, 40])
def test_no_driver_needs_python(count: int, scene: Any, tmp_path: Path) -> None:
    step = Step(2.0, (0.05, -0.02), (0.9, 1.0, 1.1))
    zooms.build_zoom(
        scene, make_series(tmp_path, (step,) * (count - 1)), replace(PLAIN, debug_overlay=True)
    )
    bpy.context.evaluated_depsgraph_get()
    drivers = list(every_driver())
    assert len(drivers) > 8 * count
    for curve in drivers:
        assert curve.driver.is_valid, curve.driver.expression
        assert curve.driver.type == "AVERAGE" or curve.driver.is_simple_expression
        # Simple ones are compiled once and need no names looked up.
        assert not curve.driver.use_self


CHANGES = {
    "crop": {"crop": 0.6},
    "feather": {"feather": 0.15},
    "hard edge": {"feather": 0.0},
    "zoom steps": {"zoom_steps": 7},
    "frames per second": {"frames_per_second": 23.976},
    "reverse": {"reverse": True},
    "delay": {"delay": 0.5, "frames_per_second": 10.0},
    "everything": {
        "crop": 0.4,
        "feather": 0.1,
        "zoom_steps": 3,
        "frames_per_second": 25.0,
        "reverse": True,
        "delay": 0.2,
        "start_frame": 1001,
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_settings_change_without_the_images(
    change: dict[str, Any], scene: Any, tmp_path: Path
) -> None:
    series = centred(tmp_path, 4, 2.0)
    control = zooms.build_zoom(scene, series, PLAIN)
    before = [set(bpy.data.images), set(bpy.data.objects), set(bpy.data.materials)]
    for image in series.images:
        image.file.unlink()  # nothing is read again: nothing could be
    settings = replace(PLAIN, **change)
    assert zooms.change_zoom(scene, control, settings) == control
    assert [set(bpy.data.images), set(bpy.data.objects), set(bpy.data.materials)] == before
    assert not any(image.has_data for image in bpy.data.images)
    assert recipe.stored_settings(control) == settings

    held = round(settings.delay * settings.frames_per_second)
    moving = 3 * settings.zoom_steps + 1
    first = settings.start_frame
    assert (scene.frame_start, scene.frame_end) == (first, first + moving + 2 * held - 1)
    rate = scene.render.fps / scene.render.fps_base
    assert rate == pytest.approx(settings.frames_per_second, rel=1e-6)
    assert scene.render.resolution_x == round(100 * settings.crop)
    for moment in moments(scene):
        level = min(max((moment - first - held) / settings.zoom_steps, 0.0), 3.0)
        if settings.reverse:
            level = 3.0 - level
        assert zoom_level(control) == pytest.approx(level, abs=1e-6)
        check_picture(control, Truth(4, 2.0, settings), level)


def test_a_change_back_leaves_no_trace(scene: Any, tmp_path: Path) -> None:
    control = zooms.build_zoom(scene, centred(tmp_path, 4, 2.0), PLAIN)

    def state() -> list[Any]:
        found: list[Any] = [scene.frame_end, scene.render.resolution_x]
        for frame in range(scene.frame_start, scene.frame_end + 1):
            scene.frame_set(frame)
            found.append([(s.number, s.view_width, s.fade, s.depth) for s in seen_layers(control)])
        found.append([len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.actions)])
        return [*found, len(list(every_driver()))]

    before = state()
    zooms.change_zoom(
        scene, control, replace(PLAIN, crop=0.4, reverse=True, delay=1.0, debug_overlay=True)
    )
    assert state() != before
    zooms.change_zoom(scene, control, PLAIN)
    assert state() == before


def test_an_edited_curve_survives_what_does_not_concern_it(scene: Any, tmp_path: Path) -> None:
    control = zooms.build_zoom(scene, centred(tmp_path, 4, 2.0), PLAIN)
    points = level_curve(control).keyframe_points
    points[1].co = 9, 0.5
    points[1].interpolation = "EXPO"

    def state() -> list[Any]:
        points = level_curve(control).keyframe_points
        return [(point.co[:], point.interpolation) for point in points]

    edited = state()
    settings = replace(PLAIN, crop=0.6, feather=0.1, frames_per_second=24.0, debug_overlay=True)
    zooms.change_zoom(scene, control, settings)
    assert state() == edited
    for _ in moments(scene):
        check_picture(control, Truth(4, 2.0, settings), zoom_level(control))
    # Another way is another matter.
    zooms.change_zoom(scene, control, replace(settings, reverse=True, zoom_steps=10))
    keys = [((1.0 + 10 * number, 3.0 - number), "LINEAR") for number in range(4)]
    assert state() == keys


@pytest.mark.parametrize(
    ("count", "steps", "delay", "rate", "frames"),
    [
        (2, 1, 0.0, 30.0, 2),
        (8, 100, 0.0, 30.0, 701),
        (8, 30, 1.0, 30.0, 271),
        (3, 10, 0.5, 25.0, 45),  # half a second is 12 frames: 12.5 is rounded to even
        (3, 10, 0.01, 25.0, 21),
    ],
)
def test_frame_range(
    count: int, steps: int, delay: float, rate: float, frames: int, scene: Any, tmp_path: Path
) -> None:
    settings = replace(PLAIN, zoom_steps=steps, delay=delay, frames_per_second=rate)
    control = zooms.build_zoom(scene, centred(tmp_path, count, 2.0), settings)
    assert scene.frame_end - scene.frame_start + 1 == frames
    held = (frames - ((count - 1) * steps + 1)) // 2
    for frame, level in (
        (scene.frame_start + held, 0.0),
        (scene.frame_start + held + 1, 1 / steps),
        (scene.frame_end - held - 1, count - 1 - 1 / steps),
        (scene.frame_end - held, count - 1),
    ):
        scene.frame_set(frame)
        assert zoom_level(control) == pytest.approx(level, abs=1e-5)
