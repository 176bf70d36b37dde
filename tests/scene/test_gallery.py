"""Every effect shows where and when it must, nowhere else, and goes without a trace. Touches bpy.

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

from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.series import Series, SeriesImage, Step, uniform_steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import compat, effects, measuring, recipe, zooms
from ai_ever_zoom_addon.scene.output import rendering
from ai_ever_zoom_addon.scene.planes import anchors, objects
from ai_ever_zoom_addon.scene.tags import EFFECT
from ai_ever_zoom_addon.settings import Engine, FrameSize, ZoomSettings
from ai_ever_zoom_addon.ui import data
from ai_ever_zoom_addon.ui.reporting import warned
from docs import gallery
from tests import truth_scene
from tests.conftest import ROOT
from tests.pictures import Array, flat, paint, read, save
from tests.scene.drawing import draw_panel
from tests.scene.nested import write_series

SIDE = 64
STEPS = 8
CROP = 0.8
LEVEL = 1.001 / 255.0  # one step of the 8 bits of a frame

# When each is well to be seen, as the number of the image that is in view.
CLEAR = {
    "fade_in_title": 1.0,
    "flash": 2.0,
    "fireflies": 0.25,
    "planet": 6.75,
    "colour_accent": 3.5,
}
EFFECTS = {effect.name(): effect for effect in gallery.SHOWN}
ALL = pytest.mark.parametrize("name", CLEAR)

operators: Any = bpy.ops


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


def put(control: Any, name: str, number: int | None = None, **values: Any) -> Any:
    """Put the gallery's effect on an image, its own one unless told otherwise; its top object."""
    effect = EFFECTS[name]
    where = gallery.SHOWN[effect][0] if number is None else number
    return gallery.put(replace(effect, **values), control, where)


class Seen:
    """What is seen of a zoom without and with an effect, at moments."""

    def __init__(
        self, folder: Path, control: Any, name: str, *moments: float, **values: Any
    ) -> None:
        self.plain = {moment: render(folder / "plain", moment) for moment in moments}
        self.top = put(control, name, **values)
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


def linear(picture: Array) -> Array:
    """From what an sRGB file says to light."""
    bright = ((picture + 0.055) / 1.055) ** 2.4
    return np.where(picture <= 0.04045, picture / 12.92, bright)


def all_drivers() -> Iterator[Any]:
    trees = [*bpy.data.node_groups, *(item.node_tree for item in bpy.data.materials)]
    owners = {*bpy.data.objects, *bpy.data.scenes, *bpy.data.materials, *trees}
    for owner in owners:
        animation_data: Any = owner.animation_data if owner is not None else None
        if animation_data is not None:
            yield from animation_data.drivers


def inventory() -> dict[str, list[str]]:
    """Everything in the file, by kind and name, with the number of drivers and nodes."""
    kinds = ("objects", "meshes", "curves", "materials", "node_groups", "lights", "actions")
    found = {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds}
    materials = [item.node_tree for item in bpy.data.materials if item.node_tree is not None]
    nodes = sum(len(tree.nodes) + len(tree.links) for tree in materials)
    return found | {"counts": [str(len(list(all_drivers()))), str(nodes)]}


@ALL
def test_it_runs_without_python(control: Any, name: str) -> None:
    before = len(list(all_drivers()))
    put(control, name)
    bpy.context.view_layer.update()
    drivers = list(all_drivers())
    assert len(drivers) > before
    for curve in drivers:
        assert curve.driver.is_valid, curve.data_path
        if curve.driver.type == "SCRIPTED":
            assert curve.driver.is_simple_expression, curve.driver.expression


@ALL
def test_it_stays_with_new_timing_and_goes_without_a_trace(
    control: Any, picture_folder: Path, name: str
) -> None:
    """Also on the other side of what somebody else hung on the image, and twice."""
    scene: Any = bpy.context.scene
    moment, before = CLEAR[name], inventory()
    seen = Seen(picture_folder, control, name, moment)
    assert np.abs(seen.difference(moment)).max() > 0.1
    second = put(control, name)
    settings = replace(recipe.stored_settings(control), zoom_steps=STEPS // 2)
    zooms.change_zoom(scene, control, settings)
    if not EFFECTS[name].is_once:
        effects.remove(second)
    again = render(picture_folder / "again", moment, STEPS // 2)
    assert np.abs(again - seen.changed[moment]).max() <= LEVEL
    for top, _ in list(effects.on_images(control)):
        effects.remove(top)
    assert inventory() == before
    gone = render(picture_folder / "gone", moment, STEPS // 2)
    assert np.array_equal(gone, seen.plain[moment])


def test_the_title_fades_in_below_the_next_image(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "fade_in_title", 0.5, 0.75, 1.0, 3.0)
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
    assert np.abs(light[y > 0.1]).max() == 0.0
    x, y = places(1, 0.75)
    room = (np.abs(x) < 0.3) & (y < -0.2) & (y > -0.4)
    assert 0.2 < seen.difference(0.75)[room].mean() / light[room].mean() < 0.8
    (text,) = (item for item in seen.top.children if item.type == "FONT")
    assert text.data.body == "Good Morning"


@pytest.mark.newest
def test_a_long_title_has_several_lines(control: Any, picture_folder: Path) -> None:
    """So its letters stay large; all of them are within the same room."""
    long = "Where the old river leaves the valley and the sea begins at last"
    seen = Seen(picture_folder, control, "fade_in_title", 1.0, text=long, has_glow=False)
    (text,) = seen.top.children
    lines = text.data.body.split("\n")
    assert " ".join(lines) == long and 2 <= len(lines) <= 4
    x, y = places(1, 1.0)
    letters = np.abs(seen.difference(1.0)) > 0.1
    room = (np.abs(x) < 0.3) & (y < -0.2) & (y > -0.4)
    assert letters[room].any() and not letters[~room].any()
    one = put(control, "fade_in_title", text=long.replace(" ", "\u00a0"), has_glow=False)
    assert text.data.size > 1.5 * one.children[0].data.size


@pytest.mark.newest
def test_a_title_has_one_colour_in_all_engines(tmp_path: Path, picture_folder: Path) -> None:
    control = make_grey(tmp_path, uniform_steps(2, 2.0), (96, 72), engine=Engine.CYCLES)
    put(control, "fade_in_title", 1, text="O", has_glow=False)
    colours = []
    for engine in (Engine.CYCLES, Engine.WORKBENCH):
        settings = replace(recipe.stored_settings(control), engine=engine)
        zooms.change_zoom(bpy.context.scene, control, settings)
        picture = render(picture_folder / engine.value, 1.0)
        colours.append(picture[np.ptp(picture, axis=2) > 0.5])
    cycles, workbench = (np.median(found, axis=0) for found in colours)
    # Its orange light is half as bright again, as far as a screen goes.
    assert linear(cycles) == pytest.approx((1.0, 0.75, 0.18), abs=0.01)
    assert linear(workbench) == pytest.approx((1.0, 0.75, 0.18), abs=0.01)


def test_a_flash_is_of_one_image(control: Any, picture_folder: Path) -> None:
    """White at its arrival, as strong as chosen, over all that is in view; then it is gone."""
    seen = Seen(
        *(picture_folder, control, "flash", 1.0, 1.75, 2.0, 2.125, 2.25, 3.0),
        strength=0.5,
    )
    seen.assert_same(1.0, 1.75, 2.25, 3.0)
    for moment, strength in ((2.0, 0.5), (2.125, 0.25)):
        before, after = linear(seen.plain[moment]), linear(seen.changed[moment])
        assert np.abs(after - (before * (1.0 - strength) + strength)).max() < 0.01, moment


@pytest.mark.newest
@pytest.mark.parametrize(("number", "peak"), [(0, 0.25), (7, -0.25)])
def test_where_the_view_stays_no_flash_does(
    control: Any, picture_folder: Path, number: int, peak: float
) -> None:
    """At the ends; and in a hold that comes later, which it makes way for."""
    seen = Seen(picture_folder, control, "flash", number, number + peak, number=number)
    seen.assert_same(number)
    assert seen.difference(number + peak).mean() > 0.2
    scene: Any = bpy.context.scene
    put(control, "flash", 3)
    assert render(picture_folder / "arrived", 3).min() > 0.8
    settings = replace(recipe.stored_settings(control), reverse=True, delay=1.0)
    zooms.change_zoom(scene, control, settings)
    frame = anchors.frame_of_image(control, number)
    assert frame is not None
    assert np.array_equal(render(picture_folder / "turned", frame / STEPS), seen.plain[number])


@pytest.mark.newest
@pytest.mark.parametrize("is_there", [False, True])
def test_a_wide_lens_sees_the_flash(control: Any, picture_folder: Path, is_there: bool) -> None:
    """The nearer camera does not stand between the light and the image, whatever came first."""
    if is_there:
        put(control, "flash", 3)
    camera: Any = next(objects.parts(control, "camera"))
    camera.data.lens = 20.0
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    if not is_there:
        put(control, "flash", 3)
    assert render(picture_folder / "arrived", 3).min() > 0.8


@pytest.mark.newest
def test_a_flashs_own_distance_stays(control: Any) -> None:
    """Where the user has given its driver another expression."""
    top = put(control, "flash", 3)
    (item,) = top.children
    (curve,) = (c for c in item.animation_data.drivers if c.data_path == "location")
    curve.driver.expression = "0.1 + max(step, 0)"
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    assert curve.driver.expression == "0.1 + max(step, 0)"


@pytest.mark.newest
def test_an_accent_whose_empty_was_deleted_goes_with_the_next_build(
    control: Any, picture_folder: Path
) -> None:
    seen = Seen(picture_folder, control, "colour_accent", 3.25)
    other = put(control, "colour_accent", 2)
    assert np.abs(seen.difference(3.25)).max() > 0.1
    bpy.data.objects.remove(seen.top)
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    layers = objects.numbered(control, "layer")
    for layer in (layers[2], layers[4]):
        tree = layer.material_slots[0].material.node_tree
        has_node = any(node.type == "HUE_SAT" for node in tree.nodes)
        assert has_node is (other.parent.parent == layer)
    effects.remove(other)
    assert np.array_equal(render(picture_folder / "gone", 3.25), seen.plain[3.25])


@pytest.mark.newest
def test_a_copied_zooms_accent_goes_alone(control: Any) -> None:
    """A full copy of the scene shares the layers' materials, until one of them is changed."""
    top = put(control, "colour_accent", 3)
    operators.scene.new(type="FULL_COPY")
    (other,) = objects.controls(bpy.context.scene)
    ((copy, _),) = effects.on_images(other)
    effects.remove(copy)
    kept, freed = (objects.numbered(zoom, "layer")[3] for zoom in (control, other))
    assert top.parent.parent == kept
    for layer, count in ((kept, 1), (freed, 0)):
        tree = layer.material_slots[0].material.node_tree
        assert sum(node.type == "HUE_SAT" for node in tree.nodes) == count


@pytest.mark.newest
def test_a_copied_zooms_effect_follows_its_own_timing(control: Any) -> None:
    """A full copy of the scene shares materials: once it is changed they are its own."""
    put(control, "flash", 3)
    put(control, "fade_in_title", 2)
    operators.scene.new(type="FULL_COPY")
    scene: Any = bpy.context.scene
    (other,) = objects.controls(scene)
    assert other != control
    settings = replace(recipe.stored_settings(other), zoom_steps=2 * STEPS)
    zooms.change_zoom(scene, other, settings)
    for zoom in (control, other):
        own = set(anchors.anchors(zoom))
        tops = [top for top, _ in effects.on_images(zoom)]
        slots = [s for top in tops for item in top.children for s in item.material_slots]
        assert len({slot.material for slot in slots}) == 3  # the title's light is in two objects
        for material in {slot.material for slot in slots}:
            for owner in (material, material.node_tree):
                data = owner.animation_data
                drivers = [curve.driver for curve in data.drivers] if data else []
                assert {d.variables[0].targets[0].id for d in drivers} <= own


def test_fireflies_drift_over_the_lower_half(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "fireflies", 0.0, 0.25, 2.0)
    seen.assert_same(2.0)
    places_of: list[list[Any]] = []
    for moment in (0.0, 0.25):
        x, y = places(0, moment)
        light = seen.difference(moment)
        bright = light > 0.1
        assert bright.sum() > 15 and light.min() >= -LEVEL
        assert x[bright].min() < -0.2 and x[bright].max() > 0.2
        assert y[bright].max() < 0.05
        assert np.abs(light[y > 0.08]).max() == 0.0
        assert (light > 4 * LEVEL).sum() > 2 * bright.sum()  # they glow
        bpy.context.scene.frame_set(round(moment * STEPS))
        home = anchors.anchor_of(control, 0).matrix_world.inverted()
        places_of.append([(home @ swarm.matrix_world).translation for swarm in seen.top.children])
    ways = [(after - before).length for before, after in zip(*places_of, strict=True)]
    assert len(ways) == 3 and min(ways) > 0.01 and max(ways) < 0.1
    effects.remove(seen.top)
    again = put(control, "fireflies")
    assert np.array_equal(render(picture_folder / "again", 0.25), seen.changed[0.25])
    effects.remove(again)
    put(control, "fireflies", seed=5)
    assert not np.array_equal(render(picture_folder / "elsewhere", 0.25), seen.changed[0.25])


def test_the_planet_goes_round_and_has_a_night_side(control: Any, picture_folder: Path) -> None:
    seen = Seen(
        *(picture_folder, control, "planet", 5.5, 6.5, 7.0),
        has_ring=False,
        colour=(0.0, 1.0, 0.0),
        size=0.2,
        rounds=0.5,
    )
    seen.assert_same(5.5)
    angles = []
    for moment in (6.5, 7.0):
        x, y = places(7, moment)
        change = np.abs(seen.changed[moment] - seen.plain[moment]).max(axis=2) > 0.02
        middle = x[change].mean(), y[change].mean()
        away = np.hypot(x - middle[0], y - middle[1])
        radius = 0.1 * CROP  # and a little more, as it is nearer
        assert change[away < 0.9 * radius].mean() > 0.95
        assert not change[away > 1.5 * radius].any()
        assert np.hypot(*middle) == pytest.approx(0.33 * CROP, rel=0.2)
        angles.append(np.arctan2(middle[1], middle[0]))
    assert abs(np.angle(np.exp(1j * (angles[0] - angles[1] - np.pi / 2)))) < 0.1
    green = seen.changed[7.0][..., 1]
    side = (x - middle[0]) * -0.6 + (y - middle[1]) * 0.5
    day = (away < 0.9 * radius) & (side > 0.5 * radius)
    night = (away < 0.9 * radius) & (side < -0.5 * radius)
    assert green[day].mean() > 0.9 and green[night].mean() < 0.5


def test_an_image_is_grey_until_it_arrives(control: Any, picture_folder: Path) -> None:
    seen = Seen(picture_folder, control, "colour_accent", 3.0, 3.25, 4.0, 4.5)
    seen.assert_same(4.0, 4.5)
    away = np.hypot(*places(4, 3.25))
    inside, outside = away < 0.34, away > 0.42
    before, after = seen.plain[3.25], seen.changed[3.25]
    assert np.array_equal(before[outside], after[outside])
    assert np.ptp(before[inside], axis=1).mean() > 0.2
    assert np.ptp(after[inside], axis=1).mean() < 0.1
    assert seen.difference(3.25)[inside].mean() < -0.05
    # The image is taken out, and comes back with another material.
    layer = objects.numbered(control, "layer")[4]
    layer.material_slots[0].material = None
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    again = render(picture_folder / "again", 3.25)
    assert np.array_equal(again, after)


def test_a_material_of_the_users_is_left_alone(control: Any) -> None:
    slot = objects.numbered(control, "layer")[4].material_slots[0]
    slot.material = bpy.data.materials.new("Mine")
    compat.enable_nodes(slot.material)
    before = inventory()
    with pytest.raises(EverZoomError, match="a material of yours, which is left alone"):
        put(control, "colour_accent")
    assert inventory() == before


def make_grey(folder: Path, steps: tuple[Step, ...], size: tuple[int, int], **options: Any) -> Any:
    """A zoom through grey images."""
    file = save(paint(flat((0.3, 0.3, 0.3)), size), folder / "grey.png")
    series = Series((SeriesImage(file, *size),) * (len(steps) + 1), steps)
    values: dict[str, Any] = {"zoom_steps": STEPS, "start_frame": 0, "crop": CROP, "samples": 4}
    return zooms.build_zoom(bpy.context.scene, series, ZoomSettings(**values | options))


TURNED = tuple(Step(2.0, (0.04, -0.03), turn=35.0) for _ in range(4))


@pytest.mark.parametrize(
    ("steps", "numbers", "options"),
    [
        pytest.param(uniform_steps(45, 2.0), (1, 43), {}, id="deep"),
        pytest.param(TURNED, (1, 2), {}, id="turned", marks=pytest.mark.newest),
        pytest.param(uniform_steps(6, 1.2), (1, 3), {}, id="small", marks=pytest.mark.newest),
        pytest.param(uniform_steps(4, 8.0), (2,), {"engine": Engine.EEVEE}, id="eevee"),
        pytest.param(uniform_steps(4, 2.0), (1, 2), {"engine": Engine.WORKBENCH}, id="workbench"),
    ],
)
def test_it_is_the_same_on_every_image(
    tmp_path: Path,
    picture_folder: Path,
    steps: tuple[Step, ...],
    numbers: tuple[int, ...],
    options: dict[str, Any],
) -> None:
    """At every depth, in every engine: what is seen at an arrival is the same picture."""
    control = make_grey(tmp_path, steps, (120, 90), **{"engine": Engine.CYCLES} | options)
    scene: Any = bpy.context.scene
    for name in CLEAR:
        if EFFECTS[name].why_not(scene):
            continue
        if options.get("engine") is Engine.EEVEE and name in ("planet", "fireflies"):
            continue  # EEVEE takes seconds for each shader
        found = []
        for number in numbers:
            frame = anchors.frame_of_image(control, number)
            assert frame is not None
            plain = render(picture_folder / f"{name}-plain", frame / STEPS)
            top = put(control, name, number)
            if name == "colour_accent":
                frame -= STEPS // 2
            found.append(render(picture_folder / name, frame / STEPS))
            assert np.abs(found[-1] - plain).max() > 0.05 or name == "colour_accent", (name, number)
            effects.remove(top)
        for other in found[1:]:
            assert np.abs(other - found[0]).mean() < 0.01, name


def test_one_lies_before_another(tmp_path: Path, picture_folder: Path) -> None:
    """Where two overlap each pixel shows both as light adds up, and no specks."""
    make = {"engine": Engine.CYCLES, "samples": 1}
    control = make_grey(tmp_path, uniform_steps(3, 2.0), (240, 180), **make)
    moment = 1.0
    grey = linear(render(picture_folder / "plain", moment))[..., 1]
    # The same lights twice: each lets through of the other what it lets through of the image.
    put(control, "fireflies", 1, count=150, colour=(0.6, 0.6, 0.6))
    once = linear(render(picture_folder / "once", moment))[..., 1]
    put(control, "fireflies", 1, count=150, colour=(0.6, 0.6, 0.6))
    twice = linear(render(picture_folder / "twice", moment))[..., 1]
    light = 1.5 * 0.6
    opacity = (once - grey) / (light - grey)
    expected = grey * (1.0 - opacity) ** 2 + light * opacity * (2.0 - opacity)
    glow = (opacity > 0.02) & (once < 0.9 * light)
    assert glow.sum() > 1000
    assert (np.abs(twice - expected) < 0.03)[glow].mean() > 0.9
    for top, _ in list(effects.on_images(control)):
        effects.remove(top)
    # Of two titles the last one covers the first.
    plain = {"fade": 0.0, "has_glow": False, "text": "TWO"}
    alone = put(control, "fade_in_title", 1, colour=(0.0, 1.0, 0.0), **plain)
    wanted = render(picture_folder / "alone", moment)
    effects.remove(alone)
    first = put(control, "fade_in_title", 1, colour=(1.0, 0.0, 0.0), **plain)
    place = first.matrix_basis.copy()
    put(control, "fade_in_title", 1, colour=(0.0, 1.0, 0.0), **plain)
    found = render(picture_folder / "both", moment)
    assert (wanted[..., 1] > 0.9).sum() > 500
    assert (np.abs(found - wanted).max(axis=2) > LEVEL).mean() < 0.002
    effects.remove(first)  # and the place that is free is taken again
    assert put(control, "fade_in_title", 1).matrix_basis == place


@pytest.mark.newest
def test_it_comes_as_softly_as_its_image(control: Any) -> None:
    scene: Any = bpy.context.scene
    plan = zooms.plan_of(scene, control)
    (layer,) = (layer for layer in plan.layers if layer.number == 4)
    planet = put(control, "planet", 4, size=0.3).children[0]
    title = put(control, "fade_in_title", 4, fade=0.0, has_glow=False).children[0]
    shown = set()
    for frame in range(2 * STEPS, 5 * STEPS):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        opacity = layer.opacity_at(frame / STEPS)
        shown.add(0.0 if opacity == 0.0 else 0.5 if opacity < 1.0 else 1.0)
        assert planet.hide_render is (opacity == 0.0)
        size = planet.evaluated_get(graph).scale
        assert tuple(size) == pytest.approx((0.15 * opacity,) * 3, abs=1e-5), frame
        nodes = title.material_slots[0].material.evaluated_get(graph).node_tree.nodes
        (seen,) = (node for node in nodes if node.label == "Opacity")
        assert seen.inputs[0].default_value == pytest.approx(opacity, abs=1e-5), frame
    assert shown == {0.0, 0.5, 1.0}


@pytest.mark.newest
def test_a_relief_does_not_bury_it(tmp_path: Path, picture_folder: Path) -> None:
    """Where an image with a depth map comes forward the title lies before it, and looks alike.

    So does one that was there before, and when it is flat again.
    """
    truth_scene.write_series(tmp_path / "truth", 3, (160, 90))
    files, _ = find_images(tmp_path / "truth")
    settings = ZoomSettings(
        zoom_steps=STEPS, start_frame=0, align=False, match_colour=False, depth_strength=0.0
    )
    series, _ = measuring.find_series(files, settings)
    control = zooms.build_zoom(bpy.context.scene, series, settings)
    put(control, "fade_in_title", 0, fade=0.0, has_glow=False, colour=(0.0, 1.0, 0.0))
    flat = render(picture_folder / "flat", 0.0)
    plain = recipe.stored_settings(control)
    deep = replace(plain, depth_strength=0.15)
    zooms.change_zoom(bpy.context.scene, control, deep)
    lifted = render(picture_folder / "lifted", 0.0)
    ((top, _),) = effects.on_images(control)
    effects.remove(top)
    top = put(control, "fade_in_title", 0, fade=0.0, has_glow=False, colour=(0.0, 1.0, 0.0))
    bpy.context.view_layer.update()
    assert (top.parent.matrix_world.inverted() @ top.matrix_world).translation.z > 0.02
    anew = render(picture_folder / "anew", 0.0)
    zooms.change_zoom(bpy.context.scene, control, plain)
    again = render(picture_folder / "again", 0.0)
    is_green = [np.ptp(picture, axis=2) > 0.8 for picture in (flat, lifted, anew, again)]
    assert is_green[0].sum() > 50
    for other in is_green[1:]:
        assert (is_green[0] != other).sum() < 0.1 * is_green[0].sum()


def test_the_sequencer_and_workbench_say_why_not(addon: None, tmp_path: Path) -> None:
    group = built(tmp_path)
    group.engine = "workbench"
    with pytest.raises(RuntimeError, match="Workbench shows the images as they are"):
        operators.ever_zoom.add_colour_accent()
    assert operators.ever_zoom.add_flash.poll()
    group.engine = "sequencer"
    for name in CLEAR:
        with pytest.raises(RuntimeError, match="Not in the sequencer"):
            getattr(operators.ever_zoom, f"add_{name}")()
    shown = draw_panel("EVERZOOM_PT_effects")
    assert "Fast 2D shows the pictures only" in " ".join(shown.texts)


@pytest.mark.newest
def test_another_engine_says_what_it_does_not_show(addon: None, tmp_path: Path) -> None:
    group = built(tmp_path)
    mine = bpy.data.objects.new("Mine", None)
    mine.parent = anchors.anchors(objects.controls(bpy.context.scene)[0])[1]
    bpy.context.scene.collection.objects.link(mine)
    operators.ever_zoom.go_to_image(number=2)
    for name in ("colour_accent", "planet", "flash"):
        getattr(operators.ever_zoom, f"add_{name}")()

    def told() -> list[str]:
        data.refresh()
        return [
            remark.text
            for remark in data.of(bpy.context).remarks
            if "does not show what was put" in remark.text
        ]

    assert not told()
    group.engine = "workbench"
    (text,) = told()
    assert "Workbench does not show what was put on the images: Colour Accent." in text
    group.engine = "sequencer"
    (text,) = told()
    assert "Fast 2D (Sequencer) does not show" in text
    assert "images: Colour Accent, Flash, Mine, Planet. EEVEE and Cycles do." in text
    main = draw_panel("EVERZOOM_PT_main")
    assert {"Render with EEVEE", "Render with Cycles"} <= set(main.button_texts)
    operators.ever_zoom.write_page(filepath=str(tmp_path / "page.html"))
    assert any("without Colour Accent, Flash, Mine, Planet" in text for text in warned)
    group.engine = "cycles"
    assert not told()


def built(folder: Path) -> Any:
    """The settings of a zoom through four images, made by the button."""
    write_series(folder / "series", 4)
    group = bpy.context.scene.ever_zoom
    group.folder, group.zoom_steps, group.engine = str(folder / "series"), STEPS, "cycles"
    group.order, group.align, group.match_colour = "outermost-first", False, False
    operators.ever_zoom.build()
    return objects.controls(bpy.context.scene)[0].ever_zoom


# Other values than at first, one setting each.
OTHERS: dict[str, dict[str, Any]] = {
    "fade_in_title": {"has_glow": False, "text": "Other"},
    "flash": {"length": 0.5},
    "fireflies": {"count": 7},
    "planet": {"has_ring": False},
    "colour_accent": {"grey": 0.5},
}


@pytest.mark.newest
@ALL
def test_redo_is_as_if_chosen_at_once_and_undo_takes_all_back(
    addon: None, tmp_path: Path, name: str
) -> None:
    """As Blender does it: the redo panel undoes the button, and presses it with other values."""
    built(tmp_path)
    operators.ever_zoom.go_to_image(number=2)
    press = getattr(operators.ever_zoom, f"add_{name}")
    bpy.ops.ed.undo_push(message="before")
    before = inventory()
    press()
    bpy.ops.ed.undo_push(message="pressed")
    assert inventory() != before
    bpy.ops.ed.undo()
    assert inventory() == before
    press(**OTHERS[name])
    redone = inventory()
    bpy.ops.ed.undo_push(message="redone")
    (shown,) = effects.on_images(objects.controls(bpy.context.scene)[0])
    (kind,) = (kind for kind in effects.ALL if kind.name() == name)
    told, wanted = shown[1], replace(kind(), **OTHERS[name])
    assert isinstance(told, kind)
    for key in kind.settings():  # Blender keeps them in single precision
        value = getattr(wanted, key)
        close = value if isinstance(value, str) else pytest.approx(value, rel=1e-6)
        assert getattr(told, key) == close, key
    bpy.ops.ed.undo()
    assert inventory() == before
    press(**OTHERS[name])
    assert inventory() == redone


@pytest.mark.newest
def test_the_panel_lists_selects_and_removes(addon: None, tmp_path: Path) -> None:
    built(tmp_path)
    operators.ever_zoom.go_to_image(number=1)
    mine = bpy.data.objects.new("mine", bpy.data.meshes.new("mine"))
    bpy.context.scene.collection.objects.link(mine)
    bpy.context.view_layer.objects.active = mine
    mine.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    before = inventory()
    operators.ever_zoom.add_planet()
    assert (bpy.context.mode, bpy.context.active_object) == ("EDIT_MESH", mine)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.context.selected_objects == [mine]
    assert "ever_zoom.remove_effect" in draw_panel("EVERZOOM_PT_effects").buttons
    assert operators.ever_zoom.select_effect(name="Planet") == {"FINISHED"}
    top = bpy.context.active_object
    assert top.name == "Planet" and bpy.context.selected_objects == [top]
    mine.parent = top  # the user's own thing stays on the image
    operators.ever_zoom.remove_effect(name="Planet")
    assert mine.parent == anchors.anchor_of(objects.controls(bpy.context.scene)[0], 1)
    bpy.data.objects.remove(mine.parent.children[0])
    assert set(inventory()["meshes"]) == {*before["meshes"]}
    with pytest.raises(RuntimeError, match="This effect is gone"):
        operators.ever_zoom.remove_effect(name="Planet")


@pytest.mark.newest
def test_what_a_linked_zoom_has_is_left_alone(addon: None, tmp_path: Path) -> None:
    """Blender would not save it."""
    built(tmp_path)
    operators.ever_zoom.add_planet()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "lib.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    libraries: Any = bpy.data.libraries
    with libraries.load(str(tmp_path / "lib.blend"), link=True) as (there, here):
        here.scenes = there.scenes
    scene: Any = next(scene for scene in bpy.data.scenes if scene.library is not None)
    bpy.context.window.scene = scene
    with pytest.raises(RuntimeError, match=r"linked from lib\.blend"):
        operators.ever_zoom.remove_effect(name="Planet")
    assert len(list(effects.on_images(objects.controls(scene)[0]))) == 1


@pytest.mark.newest
@pytest.mark.parametrize("note", ["", "{", "[]", '{"effect": "flash", "strength": NaN}', 5])
def test_a_note_that_was_tampered_with_is_no_harm(control: Any, note: Any) -> None:
    top = put(control, "flash")
    top[EFFECT] = note
    zooms.change_zoom(bpy.context.scene, control, recipe.stored_settings(control))
    assert [effect for _, effect in effects.on_images(control)] == [None]
    effects.remove(top)
    assert not list(effects.on_images(control))


@pytest.mark.newest
def test_a_note_without_a_later_setting_has_its_default(control: Any) -> None:
    top = put(control, "flash", strength=0.5)
    top[EFFECT] = '{"effect": "flash", "strength": 0.5}'
    ((_, found),) = effects.on_images(control)
    assert found == effects.Flash(strength=0.5)


@pytest.mark.newest
def test_the_guides_script_runs_as_it_stands(addon: None, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "effects.md").read_text("utf-8")
    (part,) = (part for part in page.split("\n## ") if part.startswith("From a script\n"))
    script = re.findall(r"```python\n(.*?)```", part, re.DOTALL)[0]
    write_series(tmp_path / "forest", 4)
    assert script.count("/pictures/") == 2
    program = compile(script.replace("/pictures/", f"{tmp_path.as_posix()}/"), "script", "exec")
    exec(program, {})
    (control,) = objects.controls(bpy.context.scene)
    found = {effect.name(): effect for _, effect in effects.on_images(control) if effect}
    assert found.keys() == {"planet", "fade_in_title"}
    assert found["planet"].size == pytest.approx(0.1)  # type: ignore[attr-defined]
    assert {anchors.image_name(top.parent) for top, _ in effects.on_images(control)} == {"a_2.png"}
    assert (tmp_path / "forest.blend").exists()


@pytest.mark.newest
def test_every_effect_is_tried_and_shown() -> None:
    names = {kind.name() for kind in effects.ALL}
    assert names == CLEAR.keys() == OTHERS.keys(), "a new effect needs a line in both, above"
    assert names == EFFECTS.keys(), "docs/gallery.py shows every effect"


@pytest.mark.newest
@ALL
def test_the_guide_shows_it(name: str) -> None:
    """With a picture of three moments, and every setting by its name."""
    (kind,) = (kind for kind in effects.ALL if kind.name() == name)
    page = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    (part,) = (part for part in page.split("\n## ") if part.startswith(f"{kind.label}\n"))
    picture = f"gallery-{kind.name()}.jpg"
    assert f"(pictures/{picture})" in part
    width, height = read(ROOT / "docs" / "pictures" / picture).shape[1::-1]
    assert width == 3 * height
    told = set(re.findall(r"\*([^*]+)\*", part))
    assert {setting.name for setting, _ in kind.settings().values()} <= told
