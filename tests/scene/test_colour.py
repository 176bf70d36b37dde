"""docs/colour.md: what view transforms do to pictures, and that it is told. Touches bpy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.core.sample import sample_image
from ai_ever_zoom_addon.scene import compat
from ai_ever_zoom_addon.scene.loading import write_png
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.sample import COUNT
from ai_ever_zoom_addon.ui.remarking import remarks_of
from tests import pictures
from tests.pictures import Array, read
from tests.scene.drawing import draw_panel
from tests.scene.nested import HEIGHT, WIDTH, write_series
from tools import ROOT

operators: Any = bpy.ops
GREY, WHITE, RED = (118,) * 3, (255,) * 3, (255, 0, 0)
SAID = "The view transform AgX changes the images' colours: Standard leaves them."


def table() -> dict[str, list[int]]:
    """The page's rows: grey, white, red, green and blue of red, mean and most."""
    page = (ROOT / "docs" / "colour.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| ([\w. ]+) \| (\d.*) \|$", page)
    return {name: [int(number) for number in re.findall(r"\d+", rest)] for name, rest in rows}


def swatches() -> Any:
    image: Any = bpy.data.images.new("Swatches", 3, 1)
    pixels = np.ones((3, 4), np.float32)
    pixels[:, :3] = np.array([GREY, WHITE, RED]) / 255.0
    image.pixels.foreach_set(pixels.ravel())
    return image


def seen(image: Any, file: Path, view: str) -> Array:
    """A picture as a view transform shows it, in steps of 255."""
    scene: Any = bpy.context.scene
    scene.view_settings.view_transform = view
    image.save_render(str(file), scene=scene)
    return 255.0 * read(file)


@pytest.fixture
def still() -> Iterator[Any]:
    """A scene that writes PNG files without dithering."""
    scene: Any = bpy.context.scene
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.dither_intensity = 0.0
    yield scene


@pytest.mark.newest
def test_what_view_transforms_do_to_known_colours(still: Any, tmp_path: Path) -> None:
    told, image = table(), swatches()
    assert len(told) == 6
    for view, numbers in told.items():
        grey, white, red = np.rint(seen(image, tmp_path / "a.png", view)[0])
        assert [grey[0], white[0], *red] == numbers[:5], view
    # By the Khronos Group's formula: below 0.8 only 0.04 is taken away, above it is compressed.
    linear = pictures.to_linear(np.array([118 / 255.0]))
    assert told["Khronos PBR Neutral"][0] == np.rint(255 * pictures.to_srgb(linear - 0.04))
    room = 1 - (0.8 - 0.04)
    peak = 1 - room**2 / (1 - 0.04 + room - (0.8 - 0.04))
    white = 255 * pictures.to_srgb(np.array([peak]))
    assert abs(told["Khronos PBR Neutral"][1] - white[0]) < 1
    assert told["Standard"] == [118, 255, *RED, 0, 0]


def test_openexr_is_light_without_the_view_transform(still: Any, tmp_path: Path) -> None:
    image = swatches()
    still.view_settings.view_transform = "AgX"
    still.render.image_settings.file_format = "OPEN_EXR"
    still.render.image_settings.color_depth = "32"
    image.save_render(str(tmp_path / "a.exr"), scene=still)
    light: Any = bpy.data.images.load(str(tmp_path / "a.exr"))
    pixels = np.empty(12, np.float32)
    light.pixels.foreach_get(pixels)
    wanted = pictures.to_linear(np.array([GREY, WHITE, RED]) / 255.0)
    assert np.allclose(pixels.reshape(3, 4)[:, :3], wanted, atol=1e-4)


@pytest.mark.newest
def test_displays_show_the_same_by_other_numbers(still: Any, tmp_path: Path) -> None:
    page, image = (ROOT / "docs" / "colour.md").read_text("utf-8"), swatches()
    for device in ("Display P3", "Rec.2020"):
        still.display_settings.display_device = device
        red = np.rint(seen(image, tmp_path / "a.png", "Standard")[0, 2]).astype(int)
        assert ", ".join(map(str, red)) in " ".join(page.split())
    still.display_settings.display_device = "Rec.2100-PQ"
    white = seen(image, tmp_path / "a.png", "Standard")[0, 1, 0]
    # SMPTE ST 2084, of 203 nits (ITU-R BT.2408).
    power = (203 / 10_000) ** 0.1593017578125
    wanted = 255 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    assert abs(white - wanted) < 1
    assert f"white is 203 nits, {white:.0f} of 255" in page


@pytest.mark.newest
def test_what_view_transforms_do_to_frames(addon: None, still: Any, tmp_path: Path) -> None:
    for number in (3, 4):  # 0 is the outermost
        picture = sample_image(number, count=COUNT, size=(256, 256))
        (tmp_path / "sample").mkdir(exist_ok=True)
        write_png(tmp_path / "sample" / f"{number}.png", picture)
    group = still.ever_zoom
    group.folder, group.engine = str(tmp_path / "sample"), "cycles"
    operators.ever_zoom.build()
    scene: Any = bpy.context.scene
    scene.frame_set((scene.frame_start + scene.frame_end) // 2)
    operators.render.render()
    frame: Any = bpy.data.images["Render Result"]
    plain = seen(frame, tmp_path / "a.png", "Standard")
    for view, (*_, mean, most) in table().items():
        change = np.abs(seen(frame, tmp_path / "a.png", view) - plain)
        assert abs(change.mean() - mean) < 3, view
        assert abs(change.max() - most) < 4, view


@pytest.mark.newest
@pytest.mark.parametrize("space", ["Linear Rec.2020", "ACEScg"])
def test_frames_are_the_same_in_any_working_space(addon: None, tmp_path: Path, space: str) -> None:
    operators.wm.set_working_color_space(working_space=space)
    assert compat.working_space() == space
    write_series(tmp_path / "forest", 2)
    group: Any = bpy.context.scene.ever_zoom
    group.folder, group.engine, group.crop = str(tmp_path / "forest"), "cycles", 0.75
    try:
        operators.ever_zoom.build()
        scene: Any = bpy.context.scene
        scene.frame_set(scene.frame_start)
        operators.render.render()
        bpy.data.images["Render Result"].save_render(str(tmp_path / "a.png"))
        whole = read(tmp_path / "forest" / "a_0.png")
        height, width = HEIGHT // 8, WIDTH // 8
        _, most = pictures.error(read(tmp_path / "a.png"), whole[height:-height, width:-width])
        assert most < 1.5
    finally:
        operators.wm.read_homefile(use_factory_startup=True, use_empty=True)
        operators.wm.set_working_color_space(working_space="Linear Rec.709")


def test_another_view_transform_is_told_until_it_is_put_back(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "forest", 3)
    group: Any = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path / "forest")
    operators.ever_zoom.build()
    scene: Any = bpy.context.scene

    def shown() -> str:
        return " ".join(draw_panel("EVERZOOM_PT_main").texts)

    assert SAID not in shown()
    scene.view_settings.view_transform = "AgX"
    assert SAID in shown()
    operators.ever_zoom.take_recipe()
    assert scene.view_settings.view_transform == "Standard"
    assert SAID not in shown()


def test_own_settings_with_another_view_transform_are_told(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "forest", 3)
    scene: Any = bpy.context.scene
    scene.view_settings.view_transform = "AgX"
    group = scene.ever_zoom
    group.folder, group.engine = str(tmp_path / "forest"), "keep"
    operators.ever_zoom.build()
    scene = bpy.context.scene
    (control,) = objects.controls(scene)
    assert scene.view_settings.view_transform == "AgX"
    assert SAID in [remark.text for remark in remarks_of(scene, control)[0]]
