"""Pages from the command line and the panel, and the pictures in them. Touches bpy."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.scene import zoom_level
from ai_ever_zoom_addon.scene.page import page_image
from tests import pictures
from tests.profiles import DISPLAY_P3, SRGB_CURVE, make_icc, seen
from tests.scene.command import PLAIN, Run, make_series

from .drawing import draw_panel
from .nested import write_series
from .test_ui import build

operators: Any = bpy.ops

pytestmark = pytest.mark.newest


def plan_in(page: Path) -> Any:
    (text,) = re.findall(r'id="plan" type="application/json">(.*)</script>', page.read_text())
    return json.loads(text)


def pictures_in(page: Path) -> dict[int, bytes]:
    found = re.findall(r'id="picture-(\d+)".*?;base64,([\w+/=]+)', page.read_text())
    return {int(number): base64.b64decode(data) for number, data in found}


def test_the_command_line_writes_a_page_instead_of_a_video(run: Run, series: Path) -> None:
    plain = "--no-align", "--no-match-colour"
    ran = run("-i", series, "-o", "zoom.html", "-zs", 10, *plain, "--json", "found.json")
    assert ran.status == 0
    assert ran.lines[-1] == f"Wrote a page to {Path('zoom.html').absolute()}."
    assert not any("Engine" in line for line in ran.lines)
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["found.json", "zoom.html"]
    found = json.loads(Path("found.json").read_text())
    assert found["output"] == str(Path("zoom.html").absolute()) and not found["is_video"]
    plan = plan_in(Path("zoom.html"))
    assert plan["levels"] == pytest.approx([number / 10 for number in range(21)])
    assert plan["ends"] == [0, 2] and plan["stops"] == [0, 1, 2]
    files = [(series / name).read_bytes() for name in found["order"]]
    assert pictures_in(Path("zoom.html")) == dict(enumerate(files))


def test_what_is_there_is_replaced_only_when_that_is_said(run: Run, series: Path) -> None:
    Path("zoom.html").write_text("mine")
    arguments = ("-i", series, "-o", "zoom.html", *PLAIN)
    assert "is there already: choose another name, or add --overwrite" in run(*arguments).error
    assert Path("zoom.html").read_text() == "mine"
    assert run(*arguments, "--no-render").status == 0
    assert Path("zoom.html").read_text() == "mine"
    folder = Path("zoom_pictures")
    folder.mkdir()
    (folder / "1.js").write_text("mine")
    Path("zoom.html").unlink()
    assert "zoom_pictures is there already" in run(*arguments, "--beside").error
    assert (folder / "1.js").read_text() == "mine" and not Path("zoom.html").exists()
    assert run(*arguments, "--overwrite", "--beside").status == 0
    assert (folder / "1.js").read_text() != "mine"
    names = sorted(path.name for path in Path.cwd().rglob("*"))
    assert names == ["1.js", "2.js", "zoom.html", "zoom_pictures"]
    assert list(pictures_in(Path("zoom.html"))) == [0]
    assert plan_in(Path("zoom.html"))["beside"] == "zoom_pictures"


@pytest.mark.newest
def test_pictures_that_a_page_does_not_use_any_more_go(run: Run, tmp_path: Path) -> None:
    arguments = ("-o", "zoom.html", "--beside", "--overwrite", *PLAIN)
    folder = Path("zoom_pictures")

    def names() -> list[str]:
        return sorted(path.name for path in folder.iterdir())

    assert run("-i", make_series(tmp_path / "five", 5), *arguments).status == 0
    assert names() == ["1.js", "2.js", "3.js", "4.js"]
    (folder / "3.js").write_text("mine")
    (folder / "5.js").write_text('picture = "data:";')  # the page does not list it
    assert run("-i", make_series(tmp_path / "three"), *arguments).status == 0
    assert names() == ["1.js", "2.js", "3.js", "5.js"]
    tampered = f'<script id="plan" type="application/json">{"[" * 100_000}</script>'
    Path("zoom.html").write_text(tampered)
    (folder / "3.js").unlink()
    (folder / "5.js").unlink()
    alone = [option for option in arguments if option != "--beside"]
    assert run("-i", tmp_path / "three", *alone).status == 0
    assert names() == ["1.js", "2.js"]  # of which that page knew nothing
    assert run("-i", tmp_path / "three", *arguments).status == 0
    assert run("-i", tmp_path / "three", *alone).status == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("-o", "zoom.html", "--frames", "0-3"),
        ("-o", "zoom.html", "--resume"),
        ("-o", "zoom.mp4", "--beside"),
        ("-o", "zoom.html", "--check", "zoom.html"),
        ("-o", "zoom.html", "--farm", "farm.blend"),
    ],
)
def test_what_is_not_for_a_page_is_refused(run: Run, series: Path, options: Any) -> None:
    assert options[2] in run("-i", series, *options, *PLAIN).error
    assert not list(Path.cwd().iterdir())


def test_the_file_beside_a_page_renders_a_video(run: Run, series: Path) -> None:
    saved = "--save-blend", "zoom.blend", "--engine", "workbench"
    assert run("-i", series, "-o", "zoom.html", *PLAIN, *saved).status == 0
    bpy.ops.wm.open_mainfile(filepath=str(Path("zoom.blend").absolute()))
    assert bpy.context.scene.render.filepath == "//zoom.mp4"


def test_the_button(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "series")
    assert not operators.ever_zoom.write_page.poll()
    control = build(tmp_path / "series")
    assert "ever_zoom.write_page" in draw_panel("EVERZOOM_PT_output").buttons
    counts = len(bpy.data.images), len(bpy.data.objects)
    page = tmp_path / "zoom.html"
    assert operators.ever_zoom.write_page(filepath=str(page)) == {"FINISHED"}
    assert (len(bpy.data.images), len(bpy.data.objects)) == counts
    assert len(pictures_in(page)) == 4
    # A curve that was edited counts.
    curve = zoom_level.curve_of(control)
    curve.keyframe_points[1].co.y = 0.5
    curve.update()
    operators.ever_zoom.write_page(filepath=str(page), check_existing=False)
    assert plan_in(page)["levels"][10] == pytest.approx(0.5)
    with pytest.raises(RuntimeError, match="is a folder"):
        operators.ever_zoom.write_page(filepath=str(tmp_path))
    mine = tmp_path / "new_pictures" / "1.js"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(RuntimeError, match="new_pictures, where the pictures would go, is there"):
        operators.ever_zoom.write_page(filepath=str(tmp_path / "new.html"), is_beside=True)
    assert mine.read_text() == "mine" and not (tmp_path / "new.html").exists()


def test_files_that_browsers_show_otherwise_become_what_blender_shows(tmp_path: Path) -> None:
    levels = pictures.levels(pictures.paint(pictures.waves(1), (60, 40)))
    image = Image.fromarray(levels)
    for ending in ("png", "jpg", "webp"):
        file = tmp_path / f"as_it_is.{ending}"
        image.save(file, quality=95)
        assert page_image(file).data == file.read_bytes()
        assert page_image(file).kind.endswith(ending.replace("jpg", "jpeg"))

    def shown(name: str, **options: Any) -> Any:
        file = tmp_path / name
        image.save(file, **options)
        made = page_image(file)
        assert made.kind == "image/png" and made.data != file.read_bytes()
        with Image.open(io.BytesIO(made.data)) as picture:
            return np.asarray(picture)

    assert (shown("other.tif") == levels).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    assert (shown("turned.png", exif=exif) == np.rot90(levels, -1)).all()
    icc = make_icc("Display P3", DISPLAY_P3, SRGB_CURVE)
    truth = 255 * seen(levels / 255.0, icc)
    assert np.abs(truth - levels).max() > 10
    assert np.abs(shown("wide.png", icc_profile=icc) - truth).max() <= 2
    image.convert("CMYK").save(tmp_path / "inks.jpg", quality=95)
    made = page_image(tmp_path / "inks.jpg")
    opened = bpy.data.images.load(str(tmp_path / "inks.jpg"))
    loaded: Any = opened.pixels
    values = np.array(loaded[:]).reshape(40, 60, 4)[::-1, :, :3]
    bpy.data.images.remove(opened)
    with Image.open(io.BytesIO(made.data)) as picture:
        assert picture.format == "PNG"
        assert np.abs(np.asarray(picture) - 255 * values).max() <= 1  # as the frames have it
    assert not [image for image in bpy.data.images if image.filepath]


def test_a_see_through_picture_keeps_its_opacity(tmp_path: Path) -> None:
    rgba = np.full((20, 30, 4), (200, 100, 50, 255), np.uint8)
    rgba[5:15, 5:15, 3] = 64
    Image.fromarray(rgba).save(tmp_path / "a.tif")
    with Image.open(io.BytesIO(page_image(tmp_path / "a.tif").data)) as picture:
        assert np.abs(np.asarray(picture).astype(int) - rgba).max() <= 1


def test_an_image_that_moves_is_refused(run: Run, series: Path) -> None:
    first = next(series.glob("*.png"))
    frames = series / first.stem
    for number in range(2):
        frames.mkdir(exist_ok=True)
        (frames / f"f_{number}.png").write_bytes(first.read_bytes())
    first.unlink()
    error = run("-i", series, "-o", "zoom.html", *PLAIN).error
    assert f"A page shows only still images, and {first.stem} moves" in error
