"""Every effect of the guide's gallery shows where and when it must, and nowhere else. Touches bpy.

Places are in widths of an image, from its centre to the right and up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene import compat, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors
from ai_ever_zoom_addon.settings import FrameSize
from docs import gallery
from tests.conftest import ROOT
from tests.pictures import Array, read

SIDE = 64
STEPS = 8
CROP = 0.8
LEVEL = 1.001 / 255.0  # one step of the 8 bits of a frame

# When an effect is well to be seen, as the number of the image that is in view.
SHOWN = {"title": 1.0, "fireflies": 0.25, "planet": 6.75, "flash": 2.0, "colour": 3.5}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return gallery.write_sample(tmp_path_factory.mktemp("sample"), side=96)


@pytest.fixture
def control(sample: list[Path]) -> Any:
    return gallery.build_sample(
        sample,
        zoom_steps=STEPS,
        resolution_from=FrameSize.PIXELS,
        resolution=(SIDE, SIDE),
        samples=4,
    )


class Seen:
    """What is seen of a zoom without and with an effect, at moments."""

    def __init__(self, folder: Path, control: Any, name: str, *moments: float) -> None:
        scene: Any = bpy.context.scene
        self.plain = {moment: render(folder / "plain", moment) for moment in moments}
        gallery.EFFECTS[name][0](scene, control)
        self.changed = {moment: render(folder / "changed", moment) for moment in moments}

    def difference(self, moment: float) -> Array:
        """How much lighter it is with the effect, the mean of the colours."""
        result: Array = (self.changed[moment] - self.plain[moment]).mean(axis=2)
        return result

    def assert_same(self, *moments: float) -> None:
        for moment in moments:
            assert np.array_equal(self.changed[moment], self.plain[moment]), moment


def render(folder: Path, moment: float, steps: int = STEPS) -> Array:
    frame = round(moment * steps)
    rendering.render_animation(bpy.context.scene, f"{folder}/", frame, frame, sharp=False)
    return read(folder / f"frame_{frame:05}.png")


def places(number: int, moment: float) -> tuple[Array, Array]:
    """Where on an image each pixel lies at a moment."""
    away = ((np.arange(SIDE) + 0.5) / SIDE - 0.5) * CROP * 2.0 ** (number - moment)
    x, y = np.meshgrid(away, -away)
    return x, y


def all_drivers() -> Iterator[Any]:
    trees = [*bpy.data.node_groups, *(item.node_tree for item in bpy.data.materials)]
    trees.append(compat.compositing_tree(bpy.context.scene))
    for owner in {*bpy.data.objects, *bpy.data.scenes, *trees}:
        animation_data: Any = owner.animation_data if owner is not None else None
        if animation_data is not None:
            yield from animation_data.drivers


@pytest.mark.parametrize("name", gallery.EFFECTS)
def test_it_runs_without_python(control: Any, name: str) -> None:
    before = len(list(all_drivers()))
    gallery.EFFECTS[name][0](bpy.context.scene, control)
    bpy.context.view_layer.update()
    drivers = list(all_drivers())
    assert len(drivers) > before
    for curve in drivers:
        assert curve.driver.is_valid, curve.data_path
        if curve.driver.type == "SCRIPTED":
            assert curve.driver.is_simple_expression, curve.driver.expression


@pytest.mark.parametrize("name", gallery.EFFECTS)
def test_it_goes_with_new_timing(control: Any, picture_folder: Path, name: str) -> None:
    moment = SHOWN[name]
    seen = Seen(picture_folder, control, name, moment)
    assert np.abs(seen.difference(moment)).max() > 0.1
    settings = replace(recipe.stored_settings(control), zoom_steps=STEPS // 2)
    zooms.change_zoom(bpy.context.scene, control, settings)
    again = render(picture_folder / "again", moment, STEPS // 2)
    assert np.abs(again - seen.changed[moment]).max() <= LEVEL


def test_the_title_fades_in_below_the_next_image(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "title", 0.5, 0.75, 1.0, 3.0)
    seen.assert_same(0.5, 3.0)
    x, y = places(1, 1.0)
    room = (np.abs(x) < 0.3) & (y < -0.2) & (y > -0.4)
    letters = np.abs(seen.difference(1.0)) > 0.2
    assert letters[room].mean() > 0.08 and not letters[~room].any()
    columns = x[letters]
    assert columns.min() < -0.2 and columns.max() > 0.2
    light = seen.difference(1.0)
    around = room & ~letters
    assert light[around].mean() > 4 * LEVEL  # it glows
    assert np.abs(light[y > 0.1]).max() <= 4 * LEVEL
    x, y = places(1, 0.75)
    room = (np.abs(x) < 0.3) & (y < -0.2) & (y > -0.4)
    assert 0.2 < seen.difference(0.75)[room].mean() / light[room].mean() < 0.8


def test_fireflies_drift_over_the_wood(
    sample: list[Path], control: Any, picture_folder: Path
) -> None:
    seen = Seen(picture_folder, control, "fireflies", 0.0, 0.25, 2.0)
    seen.assert_same(2.0)
    places_of: list[list[Any]] = []
    for moment in (0.0, 0.25):
        x, y = places(0, moment)
        light = seen.difference(moment)
        bright = light > 0.3
        assert bright.sum() > 15 and light.min() >= 0.0
        assert x[bright].min() < -0.25 and x[bright].max() > 0.25
        assert y[bright].max() < -0.05
        assert light[y > 0.15].max() <= 4 * LEVEL
        assert (light > 4 * LEVEL).sum() > 3 * bright.sum()  # they glow
        bpy.context.scene.frame_set(round(moment * STEPS))
        swarms = [item for item in bpy.data.objects if item.name.startswith("Swarm")]
        home = anchors.anchor_of(control, 0).matrix_world.inverted()
        places_of.append([(home @ swarm.matrix_world).translation for swarm in swarms])
    ways = [(after - before).length for before, after in zip(*places_of, strict=True)]
    assert len(ways) == 3 and min(ways) > 0.01 and max(ways) < 0.1
    again = gallery.build_sample(
        sample,
        zoom_steps=STEPS,
        resolution_from=FrameSize.PIXELS,
        resolution=(SIDE, SIDE),
        samples=4,
    )
    gallery.fireflies(bpy.context.scene, again)
    assert np.array_equal(render(picture_folder / "again", 0.25), seen.changed[0.25])


def test_the_planet_goes_round_and_is_lit_by_its_sun(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "planet", 5.5, 6.5, 7.0)
    seen.assert_same(5.5)
    middles = []
    for moment in (6.5, 7.0):
        x, y = places(7, moment)
        change = np.abs(seen.changed[moment] - seen.plain[moment]).max(axis=2)
        middle = x[change > 0.1].mean(), y[change > 0.1].mean()
        away = np.hypot(x - middle[0], y - middle[1])
        assert (change[away < 0.05] > 0.1).mean() > 0.8
        assert change[away > 0.15].max() == 0.0
        assert np.hypot(*middle) == pytest.approx(0.27, abs=0.03)
        middles.append(middle)
    before, after = np.array(middles)
    assert np.linalg.norm(after - before) > 0.4
    lamp: Any = bpy.data.lights["Sun"]
    lamp.energy = 0.0
    light = (seen.changed[7.0] - render(picture_folder / "dark", 7.0)).mean(axis=2)
    assert light[away < 0.04].mean() > 0.2
    assert np.abs(light[away > 0.15]).max() == 0.0


def test_light_flares_up_at_each_arrival(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "flash", 1.0, 1.5, 2.0)
    x, y = places(0, 0.0)
    away = np.hypot(x, y)
    for moment in (1.0, 2.0):
        light = seen.difference(moment)
        assert light.min() >= 0.0 and light.mean() > 0.02
    shade = seen.difference(1.5)
    assert shade[away > 0.5].max() < -0.1 and shade.max() <= LEVEL
    assert np.abs(shade[away < 0.1]).max() <= LEVEL


def test_an_image_is_grey_until_it_arrives(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "colour", 3.0, 3.5, 4.0, 4.5)
    seen.assert_same(3.0)
    # From then on the node changes nothing; but it goes to hue and back, in single precision: a few
    # values in a hundred thousand come out one level off, others on another processor.
    for moment in (4.0, 4.5):
        off = np.abs(seen.changed[moment] - seen.plain[moment]) * 255.0
        assert off.max() < 1.01 and np.count_nonzero(off) < 1e-3 * off.size, moment
    away = np.hypot(*places(4, 3.5))
    inside, outside = away < 0.34, away > 0.42
    before, after = seen.plain[3.5], seen.changed[3.5]
    assert np.array_equal(before[outside], after[outside])
    assert np.ptp(before[inside], axis=1).mean() > 0.2
    assert np.ptp(after[inside], axis=1).mean() < 0.03
    assert seen.difference(3.5)[inside].mean() < -0.1


@pytest.mark.parametrize("name", gallery.EFFECTS)
def test_the_guide_tells_how_it_is_made(control: Any, name: str) -> None:
    page = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    parts = [" ".join(part.split()) for part in page.split("\n## ")]
    (part,) = (part for part in parts if part.endswith(f"Function: `{name}`."))
    assert f"(pictures/gallery-{name}.jpg)" in part
    width, height = read(ROOT / "docs" / "pictures" / f"gallery-{name}.jpg").shape[1::-1]
    assert width == 3 * height
    gallery.EFFECTS[name][0](bpy.context.scene, control)
    told = set(re.findall(r"`([^`]*\([^`]*)`", part))
    assert told and told <= {curve.driver.expression for curve in all_drivers()}
