"""Depth maps in the panel and as files of all kinds, as a user meets them. Touches bpy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.scene import loading, recipe
from ai_ever_zoom_addon.scene.planes import objects

from .command import Run
from .drawing import draw_panel
from .nested import write_series

pytestmark = pytest.mark.newest

operators: Any = bpy.ops
GREY = np.linspace(0.0, 1.0, 128 * 96, dtype=np.float64).reshape(96, 128)
PANEL = "EVERZOOM_PT_depth"


def write_map(file: Path, kind: str = "8 bits") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if kind == "16 bits":
        Image.fromarray(np.rint(GREY * 65535).astype(np.uint16)).save(file)
    elif kind == "float":
        image: Any = bpy.data.images.new("depth", 128, 96, float_buffer=True, is_data=True)
        values = np.repeat(GREY[::-1, :, None] * 30 + 2, 4, axis=2).astype(np.float32)
        image.pixels.foreach_set(values.ravel())
        image.file_format, image.filepath_raw = "OPEN_EXR", str(file)
        image.save()
        bpy.data.images.remove(image)
    else:
        picture = Image.fromarray(np.rint(GREY * 255).astype(np.uint8))
        if kind == "colours":
            picture = picture.convert("RGB")
        picture.save(file)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.png", "8 bits"), ("a.png", "16 bits"), ("a.png", "colours")),
        *(("a.jpg", "8 bits"), ("a.exr", "float")),
    ],
)
def test_values_are_those_of_the_file(name: str, kind: str, tmp_path: Path) -> None:
    write_map(tmp_path / name, kind)
    values = loading.read_depth(tmp_path / name)
    expected = GREY * 30 + 2 if kind == "float" else GREY
    if kind == "float":  # Blender writes half floats
        assert values == pytest.approx(expected, rel=2e-3)
    else:
        assert values == pytest.approx(expected, abs=1e-5 if kind == "16 bits" else 2.6 / 255)


def test_what_cannot_be_used_is_named_and_its_picture_stays_flat(run: Run, tmp_path: Path) -> None:
    files = write_series(tmp_path / "series", 9)
    maps = [file.with_name(f"{file.stem}_depth.png") for file in files]
    write_map(maps[0])
    maps[1].write_bytes(b"no picture")
    maps[2].write_bytes(b"")
    maps[3].write_bytes(maps[0].read_bytes()[: maps[0].stat().st_size // 2])
    with Image.open(maps[0]) as picture:
        picture.resize((128, 50)).save(maps[4])
    Image.new("L", (128, 96), 200).save(maps[5])
    grey = np.rint(GREY * 255).astype(np.uint8)
    Image.fromarray(np.dstack([grey, grey, grey, 0 * grey])).save(maps[6])
    write_map(tmp_path / "series" / "depth" / "a_7.png")
    write_map(tmp_path / "series" / "depth" / "a_77.png")
    own = {"images": [{"image": f"a_{n}.png", "depth": 0.1} for n in (7, 8)]}
    Path("own.json").write_text(json.dumps(own), encoding="utf-8")
    ran = run(
        *("-i", tmp_path / "series", "--order", "outermost-first", "--no-align", "-zs", 2),
        *(
            "--no-match-colour",
            "--engine",
            "workbench",
            "--save-blend",
            "zoom.blend",
            "--no-render",
        ),
        *("--timing", "own.json", "--json", "report.json"),
    )
    assert ran.status == 0, ran.lines
    assert "Depth maps: 2 of 9 images." in ran.lines
    warnings = [line.removeprefix("Warning: ") for line in ran.lines if "depth map" in line.lower()]
    assert warnings[1:] == [
        "Without effect where there is no depth map: depth of a_8.png in --timing.",
        "Depth maps belong to no image: a_77.png; name each as its image is.",
        "Depth maps cannot be read as still pictures, and their images stay flat: a_1_depth.png, "
        "a_2_depth.png, a_3_depth.png.",
        "Depth maps have another shape than their images, and their images stay flat: "
        "a_4_depth.png.",
        "Depth maps have no depth in them, and their images stay flat: a_5_depth.png, "
        "a_6_depth.png.",
    ]
    bpy.ops.wm.open_mainfile(filepath="zoom.blend")
    (control,) = objects.controls(bpy.context.scene)
    layers = objects.numbered(control, "layer")
    deep = [n for n in range(9) if layers[n].data.shape_keys is not None]
    assert set(deep) <= {0, 6, 7} and 0 in deep


@pytest.mark.parametrize(
    ("content", "options", "is_deep"),
    [
        ("map", (), True),
        ("map", ("--depth-strength", 0), False),
        ("map", ("--timing", "flat.json"), False),
        ("broken", (), False),
        ("none", (), False),
    ],
)
def test_the_engine_shows_the_depth_that_there_is(
    run: Run, tmp_path: Path, content: str, options: tuple[object, ...], is_deep: bool
) -> None:
    files = write_series(tmp_path / "series", 2)
    file = files[0].with_name("a_0_depth.png")
    if content == "map":
        write_map(file)
    elif content == "broken":
        file.write_bytes(b"no picture")
    Path("flat.json").write_text('{"images": [{"image": "a_0.png", "depth": 0}]}')
    ran = run("-i", tmp_path / "series", "--no-align", "--farm", "farm.blend", *options)
    assert ran.status == 0, ran.lines
    (engine,) = (line for line in ran.lines if line.startswith("Engine: "))
    assert engine.startswith("Engine: cycles " if is_deep else "Engine: sequencer ")


def test_a_folder_that_is_wrong_is_said(run: Run, tmp_path: Path) -> None:
    write_series(tmp_path / "series", 3)
    write_map(tmp_path / "maps" / "other.png")
    reasons = {
        "none": "is not there",
        "maps": "holds no depth map of these",
        "maps/other.png": "other.png is a file: choose the folder of the depth maps",
    }
    for folder, reason in reasons.items():
        ran = run("-i", tmp_path / "series", "--depth", tmp_path / folder, "-o", "out")
        assert reason in ran.error


def test_in_the_panel(addon: None, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    files = write_series(tmp_path / "series", 3)
    group = scene.ever_zoom
    group.folder, group.zoom_steps = str(tmp_path / "series"), 4
    group.engine = "workbench"
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert "Depth maps" not in " ".join(draw_panel("EVERZOOM_PT_main").texts)
    assert "depth_strength" not in draw_panel(PANEL).order  # there is nothing to be strong
    for file in files:
        write_map(tmp_path / "maps" / file.name)
    group.depth_folder = str(tmp_path / "maps")
    assert "Not built yet: Depth Maps" in " ".join(draw_panel("EVERZOOM_PT_main").texts)
    assert operators.ever_zoom.build() == {"FINISHED"}
    assert "Depth maps: 3 of 3 images" in draw_panel("EVERZOOM_PT_main").texts
    assert {"depth_strength", "is_near_black"} <= set(draw_panel(PANEL).order)
    (control,) = objects.controls(scene)
    layer = objects.numbered(control, "layer")[1]

    def highest() -> float:
        keys = layer.data.shape_keys
        return max(point.co.z for point in keys.key_blocks["Relief"].data) if keys else 0.0

    before = highest()
    assert before > 0.0
    group.depth_strength = 0.01
    assert 0.0 < highest() < before
    # A single picture has its own.
    row = control.ever_zoom.images[1]
    assert row.has_depth
    row.depth = 0.0
    assert highest() == 0.0 and recipe.stored_settings(control).of_image(row.name).depth == 0.0
    operators.ever_zoom.as_all(row=1)
    assert highest() > 0.0
    # The maps are needed for nothing else.
    shutil.rmtree(tmp_path / "maps")
    group.crop = 0.7
    assert not group.problem and highest() > 0.0
    group.folder = str(shutil.move(tmp_path / "series", tmp_path / "away"))
    assert operators.ever_zoom.build() == {"FINISHED"}  # what the maps said is still known
    assert "Depth maps: 3 of 3 images" in draw_panel("EVERZOOM_PT_main").texts
    assert highest() > 0.0
    # The sequencer shows none, and says so with a way out.
    group.engine = "sequencer"
    main = draw_panel("EVERZOOM_PT_main")
    assert "shows the pictures flat" in " ".join(main.texts)
    assert "ever_zoom.choose" in main.buttons


def test_a_change_of_the_list_reads_the_maps_of_a_new_folder(addon: None, tmp_path: Path) -> None:
    """Of all images, not only of those that it adds: the panel says then that nothing waits."""
    files = write_series(tmp_path / "series", 3)
    group = bpy.context.scene.ever_zoom
    group.folder, group.zoom_steps = str(tmp_path / "series"), 4
    assert operators.ever_zoom.build() == {"FINISHED"}
    for file in files:
        write_map(tmp_path / "maps" / file.name)
    group.depth_folder = str(tmp_path / "maps")
    assert operators.ever_zoom.reverse_images() == {"FINISHED"}
    texts = draw_panel("EVERZOOM_PT_main").texts
    assert "Depth maps: 3 of 3 images" in texts
    assert "Not built yet" not in " ".join(texts)
