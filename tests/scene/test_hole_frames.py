"""Frames of images that are seen through the hole of the one around them. Touches bpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ai_ever_zoom_addon.core.plan.plan import Plan, make_plan
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step
from ai_ever_zoom_addon.scene import recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.settings import Engine, Travel, ZoomSettings
from tests.pictures import Array, grid, levels, read, smoothstep, to_linear, to_srgb, waves
from tests.placements import Complex, back, into_outermost, through, view_to_outermost

STEPS = 8
SIZE = (160, 160)
PLAIN = ZoomSettings(is_factor_measured=True, zoom_steps=STEPS, start_frame=0, match_colour=False)

Hole = Callable[[Complex], NDArray[np.bool_]]


def square(points: Complex) -> NDArray[np.bool_]:
    return (np.abs(points.real) < 0.25) & (np.abs(points.imag) < 0.25)


def window(points: Complex) -> NDArray[np.bool_]:
    """Round, and off the centre."""
    return np.abs(points - (0.1 + 0.05j)) < 0.2


def nothing(points: Complex) -> NDArray[np.bool_]:
    return np.zeros(points.shape, bool)


@dataclass(frozen=True)
class Portals:
    """Images with holes, each of its own pattern, and how the next one lies in them."""

    holes: Sequence[Hole]
    steps: Sequence[Step]

    def colour(self, number: int, points: Complex) -> Array:
        return waves(number + 1, cycles=2.0)(points.real, points.imag)

    def write(self, folder: Path) -> Series:
        images = []
        x, y = grid(SIZE)
        for number, hole in enumerate(self.holes):
            picture = levels(self.colour(number, x + 1j * y))
            alpha = np.where(hole(x + 1j * y), 0, 255).astype(np.uint8)
            file = folder / f"{number}.png"
            Image.fromarray(np.dstack([picture, alpha])).save(file)
            images.append(SeriesImage(file, *SIZE))
        return Series(tuple(images), tuple(self.steps))

    def view(self, plan: Plan, level: float) -> tuple[Array, NDArray[np.bool_]]:
        """What a frame must show, and where that is not the edge of anything."""
        x, y = grid(plan.resolution, plan.view_size)
        pixel = plan.view_size[0] / plan.resolution[0]
        view = view_to_outermost(plan, level)
        points = through(view, x + 1j * y)
        shown = np.zeros((*x.shape, 3))
        is_inside = np.ones(x.shape, bool)
        maps = into_outermost(self.steps)
        for number in reversed(range(len(maps))):
            layer, own = plan.layers[number], back(maps[number], points)
            part = (level - layer.fades_from) / (layer.visible_until - layer.fades_from)
            gone = smoothstep(np.array(part)) if np.isfinite(layer.fades_from) else 0.0
            opacity = (1.0 - gone) * (np.maximum(np.abs(own.real), np.abs(own.imag)) <= 0.5)
            opacity = opacity * ~self.holes[number](own)
            colour = to_linear(self.colour(number, own))
            shown = shown + opacity[..., None] * (colour - shown)
            for shift in 4.0 * pixel * np.exp(0.25j * np.pi * np.arange(8)):
                near = back(maps[number], through(view, x + 1j * y + shift))
                same = self.holes[number](near) == self.holes[number](own)
                is_inside &= same | (gone == 1.0)
                edge = np.maximum(np.abs(near.real), np.abs(near.imag)) <= 0.5
                is_inside &= edge == (np.maximum(np.abs(own.real), np.abs(own.imag)) <= 0.5)
        return np.clip(to_srgb(shown), 0.0, 1.0), is_inside


PORTALS = {
    "square": Portals([square, nothing], [Step(2.0, is_hole=True)]),
    "round": Portals([window, nothing], [Step(2.2, (0.1, 0.05), turn=30, is_hole=True)]),
    "in a row": Portals([square, square, nothing], [Step(2.0, is_hole=True)] * 2),
}


def build(portals: Portals, folder: Path, **choices: Any) -> tuple[Plan, Any]:
    settings = replace(PLAIN, **choices)
    series = portals.write(folder)
    control = zooms.build_zoom(bpy.context.scene, series, settings)
    return make_plan(series, settings), control


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH])
@pytest.mark.parametrize("name", PORTALS)
def test_the_next_image_is_seen_through_the_hole(
    name: str, engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    portals = PORTALS[name]
    plan, _ = build(portals, tmp_path, engine=engine)
    last = plan.last_frame
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", 0, last, sharp=False)
    for frame in range(last + 1):
        level = plan.level_at(frame)
        fading = [x for x in plan.layers if x.fades_from < level < x.visible_until]
        if fading and engine is not Engine.CYCLES:
            continue  # mixed as encoded, or not at all
        truth, where = portals.view(plan, level)
        picture = read(picture_folder / f"frame_{frame:05}.png")
        assert where.mean() > 0.6
        assert 255.0 * np.abs(picture - truth)[where].max() < 3.0, frame


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH])
def test_after_a_hole_plain_images_have_their_own_mask(
    engine: Engine, tmp_path: Path, picture_folder: Path
) -> None:
    portals = Portals([square, nothing, nothing], [Step(2.0, is_hole=True), Step(2.0)])
    plan, _ = build(portals, tmp_path, engine=engine)
    frame = STEPS * 3 // 2
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", frame, frame, sharp=False)
    picture = read(picture_folder / f"frame_{frame:05}.png")
    x, y = grid(plan.resolution, plan.view_size)
    points = (x + 1j * y) / math.sqrt(2.0)  # of the plain image that has been arrived at
    distance = np.maximum(np.abs(points.real), np.abs(points.imag))
    outer, inner = portals.colour(1, points), portals.colour(2, 2.0 * points)
    assert 255.0 * np.abs(picture - outer)[distance > 0.25 + 0.02].max() < 3.0
    assert 255.0 * np.abs(picture - inner)[distance < 0.25 * 0.7].max() < 3.0


def test_an_image_fills_the_view_alone(tmp_path: Path, picture_folder: Path) -> None:
    """Nothing is left of the round hole's corners when the view arrives."""
    portals = PORTALS["round"]
    plan, _ = build(portals, tmp_path)
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", STEPS, STEPS, sharp=False)
    x, y = grid(plan.resolution, plan.view_size)
    picture = read(picture_folder / f"frame_{STEPS:05}.png")
    assert 255.0 * np.abs(picture - portals.colour(1, x + 1j * y)).max() < 2.0


def test_a_chain_of_holes_shows_few_layers(tmp_path: Path) -> None:
    portals = Portals([*[square] * 19, nothing], [Step(2.0, is_hole=True)] * 19)
    plan = make_plan(portals.write(tmp_path), PLAIN)
    assert plan.most_visible <= 8
    order = [layer.index for layer in plan.stacked]
    assert order == list(range(19, -1, -1))


def test_a_picture_repeated_in_its_own_hole_loops(tmp_path: Path, picture_folder: Path) -> None:
    portals = Portals([square, square], [Step(2.0, is_hole=True)])
    series = replace(portals.write(tmp_path), closing=Step(2.0, is_hole=True))
    settings = replace(PLAIN, travel=Travel.LOOP)
    control = zooms.build_zoom(bpy.context.scene, series, settings)
    seen = []
    for level in (0.0, 2.0):
        control.animation_data.action = None
        control["Zoom Level"] = level
        folder = picture_folder / f"{level}"
        rendering.render_animation(bpy.context.scene, f"{folder}/", 0, 0, sharp=False)
        seen.append(read(folder / "frame_00000.png"))
    assert 255.0 * np.abs(seen[0] - seen[1]).max() < 2.0
    assert seen[0].std() > 0.02


def test_holes_are_kept_in_the_file(tmp_path: Path) -> None:
    _, control = build(PORTALS["in a row"], tmp_path)
    assert [step.is_hole for step in recipe.stored_series(control).steps] == [True, True]
    names = {layer.data.name for layer in objects.numbered(control, "layer").values()}
    assert names == {"Ever Zoom Whole Image", "Ever Zoom Trimmed Image"}


class Flat(Portals):
    """All of one colour."""

    def colour(self, number: int, points: Complex) -> Array:
        return np.broadcast_to([0.7, 0.5, 0.3], (*points.shape, 3))


@pytest.mark.parametrize("engine", [Engine.CYCLES, Engine.SEQUENCER, Engine.WORKBENCH])
@pytest.mark.parametrize("turn", [0.0, 20.0])
def test_no_line_is_seen_along_the_edge_of_a_hole_that_is_just_filled(
    engine: Engine, turn: float, tmp_path: Path, picture_folder: Path
) -> None:
    def turned(points: Complex) -> NDArray[np.bool_]:
        return square(points * np.exp(1j * np.radians(turn)))

    flat = Flat([turned, nothing], [Step(2.0, turn=turn, is_hole=True)])
    build(flat, tmp_path, engine=engine)
    rendering.render_animation(bpy.context.scene, f"{picture_folder}/", 0, STEPS, sharp=False)
    for frame in range(STEPS + 1):
        picture = read(picture_folder / f"frame_{frame:05}.png")
        assert 255.0 * np.abs(picture - [0.7, 0.5, 0.3]).max() < 2.0, frame
