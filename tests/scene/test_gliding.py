"""Layers that glide into each other where pictures were painted again. Touches bpy."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.analysis.placing import GivenPlacement
from ai_ever_zoom_addon.core.drawing import draw, view_of
from ai_ever_zoom_addon.core.files.folder import find_images
from ai_ever_zoom_addon.core.findings import FindingKind
from ai_ever_zoom_addon.core.steps import run
from ai_ever_zoom_addon.scene import measuring, recipe, zooms
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.planes.bending import GLIDE_IN, GLIDE_OUT, RELIEF
from ai_ever_zoom_addon.settings import Engine, Order, ZoomSettings
from tests.pictures import Array
from tests.series_maker import repainted, to_bytes, view, waved

from . import room
from .command import Run

SIZE = (384, 256)
COUNT = 3
STEPS = 4
ENGINES = [Engine.CYCLES, Engine.EEVEE, Engine.WORKBENCH]
SETTINGS = ZoomSettings(
    is_factor_measured=True, zoom_steps=STEPS, start_frame=0, order=Order.OUTERMOST_FIRST
)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nested pictures, each painted again with its things up to 2 % of the width elsewhere."""
    folder = tmp_path_factory.mktemp("painted")
    for number in range(COUNT):
        image = view(complex(4323, 1001), 1.2 * 2.0 ** (COUNT - 1 - number), 0.0, SIZE)
        if number:
            image = repainted(image, waved(SIZE, 0.02, number + 10))
        Image.fromarray(to_bytes(image)).save(folder / f"{number}.png")
    return folder


PLACES = [
    GivenPlacement(f"{number}.png", f"{number + 1}.png", 2.0, (0.0, 0.0), None)
    for number in range(COUNT - 1)
]


def build(folder: Path, control: Any = None, **settings: Any) -> Any:
    """Build a zoom as a user would who says where the pictures lie; its control object."""
    chosen = replace(SETTINGS, **settings)
    files, skipped = find_images(folder)
    series, report = run(measuring.series_steps(files, chosen, skipped, placements=PLACES))
    scene: Any = bpy.context.scene
    return zooms.build_zoom(scene, series, chosen, control, report and report.to_json())


def keys_of(control: Any) -> list[list[str]]:
    """Names of the shape keys of each layer, from the outermost on."""
    layers = objects.numbered(control, "layer")
    found = []
    for number in sorted(layers):
        keys = layers[number].data.shape_keys
        found.append([key.name for key in keys.key_blocks[1:]] if keys else [])
    return found


GLIDING = [[GLIDE_OUT], [GLIDE_IN, GLIDE_OUT], [GLIDE_IN]]
FLAT: list[list[str]] = [[], [], []]


def values_at(control: Any, frame: float) -> list[list[float]]:
    """What drives the shape keys of each layer, as it is evaluated."""
    scene: Any = bpy.context.scene
    scene.frame_set(int(frame), subframe=frame % 1)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    layers = objects.numbered(control, "layer")
    return [
        [key.value for key in layers[n].data.shape_keys.evaluated_get(depsgraph).key_blocks[1:]]
        for n in sorted(layers)
    ]


def test_keys_follow_the_zoom_level_without_python(painted: Path) -> None:
    control = build(painted)
    assert keys_of(control) == GLIDING
    half = 0.5
    for frame, expected in (
        (0, [[0], [1, 0], [1]]),
        (STEPS / 2, [[half], [half, 0], [1]]),
        (STEPS, [[1], [0, 0], [1]]),
        (1.5 * STEPS, [[1], [0, half], [half]]),
        (2 * STEPS, [[1], [0, 1], [0]]),
    ):
        for found, wanted in zip(values_at(control, frame), expected, strict=True):
            assert found == pytest.approx(wanted, abs=1e-6)
    for item in objects.parts(control, "layer"):
        drivers = item.data.shape_keys.animation_data.drivers
        assert len(drivers) == len(item.data.shape_keys.key_blocks) - 1
        assert all(curve.driver.is_simple_expression for curve in drivers)
        assert all(curve.is_valid for curve in drivers)


def ghosting(control: Any, folder: Path, frame: int) -> float:
    """How much two layers differ where the inner one hides the outer one."""
    scene: Any = bpy.context.scene
    both = room.take(scene, folder / "both", frame)
    inner = objects.numbered(control, "layer")[1]
    curve = inner.animation_data.drivers.find("hide_render")
    curve.mute = inner.hide_render = True
    outer = room.take(scene, folder / "outer", frame)
    curve.mute = False
    height, width = both.shape[:2]
    # Half a step before it fills the view, 0.61 of the view's width and height is opaque.
    y, x = (slice(int(0.21 * side), int(0.79 * side)) for side in (height, width))
    return float(np.abs(both - outer)[y, x].mean())


@pytest.mark.parametrize("engine", ENGINES)
def test_arrivals_are_the_picture_and_seams_show_one_version(
    engine: Engine, painted: Path, tmp_path: Path
) -> None:
    scene: Any = bpy.context.scene
    arrivals: dict[bool, Array] = {}
    ghosts = {}
    control = None
    for glide in (False, True):
        control = build(painted, control, glide=glide, engine=engine)
        assert keys_of(control) == (GLIDING if glide else FLAT)
        folder = tmp_path / str(glide)
        arrivals[glide] = room.take(scene, folder, STEPS)
        ghosts[glide] = ghosting(control, folder, STEPS // 2)
    # Within the soft edge, in which what lies around it shows through.
    difference = np.abs(arrivals[True] - arrivals[False])[18:-18, 18:-18]
    # The last place of single precision decides where a texture is read.
    assert (difference > 3.5 / 255).mean() < 1e-3
    assert difference.mean() < 0.15 / 255
    assert ghosts[True] < 0.5 * ghosts[False]


@pytest.mark.newest
def test_what_is_drawn_without_blender_is_what_is_rendered(painted: Path, tmp_path: Path) -> None:
    """Two ways from the same field: shape keys, and looking up where each pixel comes from."""
    scene: Any = bpy.context.scene
    control = build(painted, crop=0.9)
    plan = zooms.plan_of(scene, control)
    sources = {
        layer.image.file: np.asarray(Image.open(layer.image.file).convert("RGBA"))
        for layer in plan.layers
    }
    for frame in (1, STEPS // 2, STEPS + 1):
        rendered = room.take(scene, tmp_path, frame)
        view = view_of(plan, plan.level_at(frame), rendered.shape[1])
        flat = replace(view, bent_at=None)
        bent, straight = (
            draw(drawing, [sources[layer.image.file] for layer in drawing.layers]) / 255.0
            for drawing in (view, flat)
        )
        apart, without = (np.abs(one[..., :3] - rendered).mean() for one in (bent, straight))
        assert apart < 0.4 * without


@pytest.mark.newest
def test_changes_keep_what_was_found_and_other_pictures_are_looked_at_anew(
    painted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    shutil.copytree(painted, folder)
    scene: Any = bpy.context.scene
    control = build(folder)
    before = values_at(control, 1)
    layers = objects.numbered(control, "layer")
    bent = [np.array([point.co for point in layers[0].data.shape_keys.key_blocks[1].data])]
    for file in folder.iterdir():  # what is not there cannot be read
        file.rename(file.with_suffix(".away"))
    kept = recipe.stored_settings(control)
    for change, expected in (({"glide": False}, FLAT), ({"glide": True}, GLIDING)):
        zooms.change_zoom(scene, control, replace(kept, **change))
        assert keys_of(control) == expected
    zooms.change_zoom(scene, control, replace(kept, zoom_steps=2 * STEPS))
    assert values_at(control, 2) == before
    bent.append(np.array([point.co for point in layers[0].data.shape_keys.key_blocks[1].data]))
    assert np.array_equal(*bent)
    meshes = [mesh for mesh in bpy.data.meshes if mesh.get("ever_zoom_role")]
    assert len(meshes) == COUNT
    assert len(bpy.data.shape_keys) == COUNT
    for file in folder.iterdir():
        file.rename(file.with_suffix(".png"))
    # Its middle as a copy: nothing glides there any more.
    with Image.open(folder / "1.png") as image:
        wide, high = (side // 4 for side in SIZE)
        box = (wide, high, SIZE[0] - wide, SIZE[1] - high)
        image.crop(box).resize(SIZE, Image.Resampling.LANCZOS).save(folder / "2.png")
    build(folder, control)
    assert keys_of(control) == [[GLIDE_OUT], [GLIDE_IN], []]


@pytest.mark.newest
def test_a_glide_belongs_to_a_pair_whatever_the_list_of_images_does(
    addon: None, painted: Path
) -> None:
    group = bpy.context.scene.ever_zoom
    group.folder, group.order, group.zoom_steps = str(painted), "outermost-first", STEPS
    operators: Any = bpy.ops
    assert operators.ever_zoom.build() == {"FINISHED"}
    (control,) = objects.controls(bpy.context.scene)

    def glides() -> list[Any]:
        return [step.glide for step in recipe.stored_series(control).steps]

    before = glides()
    assert None not in before and keys_of(control) == GLIDING
    operators.ever_zoom.use_image(index=1)
    (across,) = glides()
    assert across is not None and across not in before
    assert keys_of(control) == [[GLIDE_OUT], [GLIDE_IN]]
    operators.ever_zoom.use_image(index=1)
    assert glides() == before
    assert keys_of(control) == GLIDING


@pytest.mark.newest
def test_a_relief_glides_too(painted: Path, tmp_path: Path) -> None:
    """The keys add to each other: what glides does so beside what comes forward."""
    folder = tmp_path / "images"
    shutil.copytree(painted, folder)
    near = np.hypot(*np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1])))
    Image.fromarray(np.uint8(255 * np.clip(1.2 - near, 0, 1))).save(folder / "1_depth.png")
    flat = build(painted)
    alone = key_points(flat, 1)
    both = key_points(build(folder, flat), 1)
    assert {GLIDE_IN, GLIDE_OUT, RELIEF} <= set(both)
    assert np.abs(both[RELIEF][:, 2]).max() > 1e-3
    for name in (GLIDE_IN, GLIDE_OUT):
        assert np.abs(both[name]).max() == pytest.approx(np.abs(alone[name]).max(), rel=0.05)
        assert not both[name][:, 2].any()


def key_points(control: Any, number: int) -> dict[str, Array]:
    """By what each shape key of a layer moves its corners, shape (n, 3)."""
    blocks = objects.numbered(control, "layer")[number].data.shape_keys.key_blocks
    points = {}
    for block in blocks:
        places = np.empty(3 * len(block.data))
        block.data.foreach_get("co", places)
        points[block.name] = places.reshape(-1, 3)
    return {name: places - points["Basis"] for name, places in points.items()}


def followed(control: Any) -> set[str]:
    """Whose zoom level the shape keys of a zoom follow."""
    drivers = [
        curve.driver
        for item in objects.parts(control, "layer")
        for curve in item.data.shape_keys.animation_data.drivers
    ]
    return {driver.variables[0].targets[0].id.name for driver in drivers}


def test_a_copy_that_shares_its_meshes_gets_its_own_when_it_is_changed(painted: Path) -> None:
    scene: Any = bpy.context.scene
    control = build(painted)
    operators: Any = bpy.ops
    for item in bpy.data.objects:
        item.select_set(True)
    operators.object.duplicate(linked=True)
    (copy,) = (other for other in objects.controls(scene) if other != control)
    zooms.change_zoom(scene, copy, replace(recipe.stored_settings(copy), crop=0.7))
    assert keys_of(control) == keys_of(copy) == GLIDING
    assert followed(control) == {control.name}
    assert followed(copy) == {copy.name}


@pytest.mark.newest
def test_what_glides_is_said_and_its_meshes_are_as_fine_as_needed(painted: Path) -> None:
    control = build(painted)
    (finding,) = [one for one in recipe.stored_findings(control) if one.kind is FindingKind.GLIDING]
    assert finding.values == {"count": 2, "pairs": 2}
    for item in objects.parts(control, "layer"):
        assert 500 < len(item.data.vertices) < 5000


@pytest.mark.newest
def test_that_it_glides_is_news_and_no_warning(run: Run, painted: Path) -> None:
    arguments = ("-i", painted, "--order", "outermost-first", "-zf", "auto", "--no-render")
    for engine, begin in (("cycles", ""), ("sequencer", "Warning: ")):
        ran = run(*arguments, "--engine", engine, "--json", "done.json", "--overwrite")
        lines = [line for line in ran.lines if "painted again" in line]
        assert len(lines) == 1 and lines[0].startswith(f"{begin}2 of 2 inner images"), ran.lines
        warned = json.loads(Path("done.json").read_text(encoding="utf-8"))["warnings"]
        assert any("painted again" in one for one in warned) == bool(begin)
