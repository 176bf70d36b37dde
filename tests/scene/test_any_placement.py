"""Frames of images that lie turned, off centre and in any shape in each other. Touches bpy.

All images are views of one world that is known at every point: so a frame must be the world as the
view sees it, whatever layers it is put together from.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, Travel, Turn, ZoomSettings
from tests.pictures import Array, error, grid, levels, misplacement, read, save
from tests.placements import Complex, back, into_outermost, through, view_to_outermost, world

STEPS = 5
PLAIN = ZoomSettings(is_factor_measured=True, zoom_steps=STEPS, start_frame=0, match_colour=False)
SQUARE, WIDE, TALL = (150, 150), (180, 120), (112, 168)

World = Callable[[Complex], Array]


@dataclass(frozen=True)
class Case:
    """Images and how they lie in each other; `choices` are settings."""

    sizes: Sequence[tuple[int, int]]
    steps: Sequence[Step]
    choices: dict[str, Any] = field(default_factory=dict)


CASES = {
    "plain": Case([WIDE] * 3, [Step(2.0)] * 2),
    **{
        f"turned {turn}": Case([WIDE] * 3, [Step(2.0, (0.03, -0.02), turn=turn)] * 2)
        for turn in (3, 15, 90, 137)
    },
    "turned back": Case([SQUARE] * 4, [Step(2.0, turn=30), Step(1.7, turn=-60), Step(2.0)]),
    "level": Case([SQUARE] * 3, [Step(2.0, (0.1, 0.0), turn=30)] * 2, {"turn": Turn.LEVEL}),
    "rolled": Case([SQUARE] * 3, [Step(2.0, (0.1, 0.0), turn=30)] * 2, {"roll": -0.2}),
    "corner": Case([SQUARE] * 3, [Step(3.0, (-1 / 3, 1 / 3))] * 2),
    "partly outside": Case([SQUARE] * 2, [Step(2.0, (0.27, 0.2))], {"crop": 0.6}),
    "other shape": Case([WIDE, SQUARE], [Step(3.0)]),
    "mixed shapes": Case(
        [WIDE, SQUARE, TALL, (151, 101)],
        [Step(2.5, (0.1, 0.02), turn=10), Step(2.0, (0.0, 0.1)), Step(3.0, turn=90)],
    ),
    "a few pixels": Case([(99, 82), (101, 80), (100, 80)], [Step(2.0)] * 2),
    "one upscaled": Case([SQUARE, SQUARE, (300, 300)], [Step(2.0)] * 2),
    "a canvas that grew": Case([(320, 240), (160, 120)], [Step(2.0, (0.05, 0.0))]),
    "holes": Case([WIDE] * 3, [Step(2.0, is_hole=True)] * 2),
}


def write(case: Case, folder: Path, scene_of: World = world) -> Series:
    """The images as views of a world."""
    images = []
    for number, (size, outer) in enumerate(
        zip(case.sizes, into_outermost(case.steps), strict=True)
    ):
        x, y = grid(size)
        picture = scene_of(through(outer, x + 1j * y))
        file = save(picture, folder / f"{number}.png")
        if number < len(case.steps) and case.steps[number].is_hole:
            _, inner = into_outermost(case.steps[number : number + 1])
            own = back(inner, x + 1j * y)
            up = case.sizes[number + 1][1] / case.sizes[number + 1][0]
            is_open = (np.abs(own.real) < 0.5) & (np.abs(own.imag) < 0.5 * up)
            Image.fromarray(levels(np.dstack([picture, ~is_open]))).save(file)
        images.append(SeriesImage(file, *size))
    return Series(tuple(images), tuple(case.steps))


def truth(plan: Plan, level: float, scene_of: World = world) -> Array:
    """What a frame must show."""
    x, y = grid(plan.resolution, plan.view_size)
    return scene_of(through(view_to_outermost(plan, level), x + 1j * y))


def build(case: Case, folder: Path, **choices: Any) -> tuple[Plan, Any]:
    settings = replace(PLAIN, **case.choices | choices)
    series = write(case, folder)
    control = zooms.build_zoom(bpy.context.scene, series, settings)
    return make_plan(series, settings), control


def render(folder: Path, first: int, last: int) -> list[Array]:
    rendering.render_animation(bpy.context.scene, f"{folder}/", first, last, sharp=False)
    return [read(folder / f"frame_{number:05}.png") for number in range(first, last + 1)]


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH])
@pytest.mark.parametrize("name", CASES)
def test_every_frame_is_the_world_as_the_view_sees_it(
    name: str, engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    plan, _ = build(CASES[name], tmp_path, engine=engine)
    for frame, picture in enumerate(render(picture_folder, 0, plan.last_frame)):
        deviation, worst = error(picture, truth(plan, plan.level_at(frame)))
        # What it costs to interpolate between pixels; a pixel off costs ten times as much.
        assert deviation < 0.8, frame
        assert worst < 5.0, frame


@pytest.mark.parametrize("name", ["turned 137", "mixed shapes", "holes"])
def test_eevee_shows_the_same(name: str, tmp_path: Path, picture_folder: Path) -> None:
    plan, _ = build(CASES[name], tmp_path, engine=Engine.EEVEE)
    for frame in (1, 5, 8):
        (picture,) = render(picture_folder / f"{frame}", frame, frame)
        deviation, worst = error(picture, truth(plan, plan.level_at(frame)))
        assert deviation < 0.8 and worst < 5.0, frame


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH])
@pytest.mark.parametrize("name", ["turned 15", "corner", "mixed shapes"])
def test_nothing_jumps_where_a_step_ends(
    name: str, engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    """How far a frame lies off what it must show hardly changes from one to the next."""
    plan, _ = build(CASES[name], tmp_path, engine=engine)
    away = [abs(plan.level_at(frame) - plan.layers[1].level) for frame in range(plan.last_frame)]
    arrival = int(np.argmin(away))
    frames = range(arrival - 2, arrival + 3)
    pictures = render(picture_folder, frames[0], frames[-1])
    places = np.array(
        [
            misplacement(picture, truth(plan, plan.level_at(frame)))
            for frame, picture in zip(frames, pictures, strict=True)
        ]
    )
    jumps = np.abs(np.diff(places, axis=0))
    assert jumps[:, :2].max() < 0.1
    assert jumps[:, 2].max() * max(plan.resolution) / 2 < 0.1
    assert np.degrees(jumps[:, 3].max()) < 0.05


def spiral(factor: float, turn: float) -> World:
    """A world that is the same again when it is enlarged by a factor and turned."""
    period = math.log(factor)

    def scene_of(points: Complex) -> Array:
        octave = np.log(np.maximum(np.abs(points), 1e-12)) / period
        angle = np.angle(points) - math.radians(turn) * octave
        parts = [np.sin(math.tau * octave + angle), np.cos(2 * angle), np.sin(3 * angle)]
        shown: Array = 0.5 + 0.3 * np.stack(parts, axis=-1)
        return shown

    return scene_of


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])
@pytest.mark.parametrize("turn", [40.0, -90.0])
def test_a_deep_zoom_of_turned_images_stays_exact(
    engine: Engine, turn: float, tmp_path: Path, picture_folder: Path
) -> None:
    """Every image is the same picture: so is every frame in which one fills the view."""
    # Clockwise by `turn`: enlarged and turned back, the inner image is the outer one.
    scene_of = spiral(2.0, turn)
    x, y = grid(SQUARE)
    file = save(scene_of(x + 1j * y), tmp_path / "0.png")
    image = SeriesImage(file, *SQUARE)
    series = Series((image,) * 41, (Step(2.0, turn=turn),) * 40)
    settings = replace(PLAIN, engine=engine, zoom_steps=2)
    zooms.build_zoom(bpy.context.scene, series, settings)
    first, between = render(picture_folder / "first", 0, 1)
    for number in (12, 13, 39):
        here, after = render(picture_folder / f"{number}", 2 * number, 2 * number + 1)
        assert error(here, first)[1] < 2.1, number  # twice rounding to 8 bits
        assert error(after, between)[1] < 2.1, number


@pytest.mark.parametrize("turn", Turn)
@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER])
def test_a_turned_loop_shows_at_its_end_what_it_began_with(
    engine: Engine, turn: Turn, tmp_path: Path, picture_folder: Path
) -> None:
    step = Step(2.0, (0.04, 0.02), turn=50.0)
    case = Case([WIDE] * 3, [step] * 2)
    series = replace(write(case, tmp_path), closing=step)
    settings = replace(PLAIN, engine=engine, travel=Travel.LOOP, turn=turn)
    zooms.build_zoom(bpy.context.scene, series, settings)
    scene = bpy.context.scene
    assert scene.frame_end == 3 * STEPS - 1
    first, second = render(picture_folder / "first", 0, 1)
    (last,) = render(picture_folder / "last", 3 * STEPS - 1, 3 * STEPS - 1)
    # As different from the last frame as any two neighbours are.
    assert error(first, last)[0] < 1.5 * error(second, first)[0]


def test_unusual_shapes_have_meshes_of_their_own(tmp_path: Path) -> None:
    _, control = build(CASES["mixed shapes"], tmp_path)
    layers = objects.numbered(control, "layer")
    names = [layers[number].data.name for number in range(4)]
    assert names[:2] == ["Ever Zoom Whole Image", "Ever Zoom Trimmed Image"]
    assert len(set(names)) == 4


def test_usual_shapes_need_no_more_than_two(tmp_path: Path) -> None:
    for name in ("turned 15", "plain"):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        build(CASES[name], tmp_path / name)
        assert {mesh.name for mesh in bpy.data.meshes} == {
            "Ever Zoom Whole Image",
            "Ever Zoom Trimmed Image",
        }


def test_a_zoom_built_again_leaves_no_shapes_behind(tmp_path: Path) -> None:
    _, control = build(CASES["mixed shapes"], tmp_path)
    case = Case([WIDE] * 4, [Step(2.0)] * 3)
    series = write(case, tmp_path / "other")
    zooms.build_zoom(bpy.context.scene, series, PLAIN, control)
    assert len(bpy.data.meshes) == 2
    assert "View Turn" not in control
    camera = next(objects.parts(control, "camera"))
    assert tuple(camera.rotation_euler) == (0.0, 0.0, 0.0)
    for layer in objects.numbered(control, "layer").values():
        assert tuple(layer.rotation_euler) == (0.0, 0.0, 0.0)


def test_the_camera_turns_without_python(tmp_path: Path) -> None:
    _, control = build(CASES["rolled"], tmp_path)
    camera = next(objects.parts(control, "camera"))
    curves = [*camera.animation_data.drivers, *control.animation_data.drivers]
    for curve in curves:
        assert curve.driver.type == "AVERAGE" or curve.driver.is_simple_expression
    scene = bpy.context.scene
    for frame in range(2 * STEPS + 1):
        scene.frame_set(frame)
        level = frame / STEPS
        expected = cmath.rect(1.0, -math.radians(30) * level - math.tau * 0.2 * level)
        assert cmath.rect(1.0, camera.rotation_euler[2]) == pytest.approx(expected, abs=1e-5)


def photograph(file: Path) -> World:
    """A part of a photograph as a world of so many pixels, by cubic interpolation."""
    with Image.open(file) as photo:
        part = photo.convert("RGB").crop((3000, 900, 5048, 2948))
    sizes = [part.width // 2**halved for halved in range(5)]
    smaller = [part.resize((size, size), Image.Resampling.LANCZOS) for size in sizes]

    def scene_of(points: Complex) -> Array:
        origin, across, down = (
            points[0, 0],
            points[0, 1] - points[0, 0],
            points[1, 0] - points[0, 0],
        )
        # Of as many pixels as the picture that is made of it has there.
        picture = min(smaller, key=lambda each: abs(np.log(abs(across) * each.width)))
        side = picture.width
        corner = origin - (across + down) / 2.0
        data = [
            *(across.real * side, down.real * side, (corner.real + 0.5) * side),
            *(-across.imag * side, -down.imag * side, (0.5 - corner.imag) * side),
        ]
        size = points.shape[1], points.shape[0]
        cubic = Image.Resampling.BICUBIC
        seen = picture.transform(size, Image.Transform.AFFINE, data, cubic)
        return np.asarray(seen, np.float64) / 255.0

    return scene_of


@pytest.mark.parametrize("engine", [engine for engine in Engine if engine is not Engine.KEEP])
def test_images_that_lie_anyhow_are_as_sharp_as_plain_ones(
    engine: Engine, shared: Path, tmp_path: Path, picture_folder: Path
) -> None:
    photo = photograph(shared / "truth" / "earth_8192x4096.jpg")
    size = (480, 320)
    cases = {
        "plain": Case([size] * 3, [Step(2.0)] * 2),
        "turned": Case([size] * 3, [Step(2.0, (0.01, 0.0), turn=15)] * 2),
        "off centre": Case([size] * 3, [Step(2.0, (0.2, -0.13))] * 2),
        "odd": Case([size, (480, 480), (400, 320)], [Step(2.0), Step(2.0, turn=15)]),
        "holes": Case([size] * 3, [Step(2.0, is_hole=True)] * 2),
    }
    sharpness = {}
    for name, case in cases.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        # All end at the same place of the photograph: so they show the same, more or less.
        end, _ = into_outermost(case.steps)[-1]

        def scene_of(points: Complex, end: complex = end) -> Array:
            return photo(0.6 * (points - end))

        series = write(case, tmp_path / name, scene_of)
        settings = replace(PLAIN, engine=engine)
        zooms.build_zoom(bpy.context.scene, series, settings)
        plan = make_plan(series, settings)
        ratios = []
        for frame in (2, 4, 6, 8):
            (picture,) = render(picture_folder / f"{name}{frame}", frame, frame)
            away = (picture - truth(plan, plan.level_at(frame), scene_of)) ** 2
            ratios.append(-10.0 * math.log10(away.mean()))
        sharpness[name] = np.mean(ratios)
    assert sharpness["plain"] > 30.0
    for name in ("turned", "off centre", "odd", "holes"):
        assert sharpness[name] > sharpness["plain"] - 0.5, name
