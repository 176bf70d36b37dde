"""docs/scripting.md: every script runs as it stands, and its lists are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon.scene.planes import objects
from docs import make_reference
from tests import pictures
from tests.scene.command import Run
from tests.scene.nested import HEIGHT, WIDTH, write_series
from tools import ROOT

pytestmark = pytest.mark.newest

PAGE = ROOT / "docs" / "scripting.md"


def scripts(part: str) -> list[str]:
    """The scripts below a heading."""
    (text,) = (
        text for text in PAGE.read_text("utf-8").split("\n## ") if text.startswith(f"{part}\n")
    )
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run_script(part: str, folder: Path) -> None:
    """Run the first script of a passage, with another folder for the pictures."""
    script = scripts(part)[0].replace("/pictures", folder.as_posix())
    exec(compile(script, part, "exec"), {})


def zoom() -> Any:
    return bpy.context.scene.ever_zoom


def test_the_lists_are_those_of_the_code(addon: None) -> None:
    page = PAGE.read_text("utf-8")
    assert make_reference.filled(page) == page, "run .env/bpy-5.2/bin/python -m docs.make_reference"
    assert page.count("\n| `crop` |") == 2  # of all, and of one image


def test_what_is_for_a_window_only_is_there(addon: None) -> None:
    operators: Any = bpy.ops
    assert set(dir(operators.ever_zoom)) > make_reference.IN_A_WINDOW


def test_the_first_zoom(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "forest", 3)
    run_script("The first zoom", tmp_path)
    assert (tmp_path / "forest.blend").is_file()
    video: Any = bpy.data.images.load(str(tmp_path / "forest.mp4"))
    assert video.frame_duration == 2 * 12 + 1  # three pictures, and the first frame
    assert tuple(video.size) == (WIDTH * 3 // 4, HEIGHT * 3 // 4)
    shown = np.empty(WIDTH * 3 // 4 * HEIGHT * 3 // 4 * 4, np.float32)
    video.pixels.foreach_get(shown)
    seen = shown.reshape(HEIGHT * 3 // 4, -1, 4)[::-1, :, :3]  # the middle of the outermost
    whole = pictures.read(tmp_path / "forest" / "a_0.png")[HEIGHT // 8 :, WIDTH // 8 :]
    whole = whole[: HEIGHT * 3 // 4, : WIDTH * 3 // 4]
    rms, _ = pictures.error(seen.mean(2), whole.mean(2))  # H.264 halves the colours
    assert rms < 8.0  # 12 where it is a pixel off


def test_changes_after_a_build(addon: None, tmp_path: Path) -> None:
    write_series(tmp_path / "forest", 4)
    run_script("Changes after a build", tmp_path)
    (control,) = objects.controls(bpy.context.scene)
    rows: Any = control.ever_zoom
    assert [row.name for row in rows.images if row.is_used] == ["a_0.png", "a_2.png", "a_3.png"]
    assert json.loads(rows.of_images) == [{"image": "a_2.png", "hold": 2, "crop": 0.6}]
    # Two steps of 12 frames, half a second at each end, and two seconds on the way.
    rate = bpy.context.scene.render.fps
    first, last = bpy.context.scene.frame_start, bpy.context.scene.frame_end
    assert last - first == 2 * 12 + 2 * rate // 2 + 2 * rate
    assert zoom().problem == ""


def test_what_is_refused(
    addon: None, tmp_path: Path, capfd: pytest.CaptureFixture[str], run: Run
) -> None:
    capfd.readouterr()
    run_script("What is refused", tmp_path)
    printed = [line for line in capfd.readouterr().out.splitlines() if not line.startswith("Info")]
    (script,) = scripts("What is refused")
    told = [line.partition("  # ")[2] for line in script.splitlines() if "  # " in line]
    assert printed[0].replace("0.800000011920929", "0.8") == told[0]
    (said, _) = told[1].replace("/pictures", tmp_path.as_posix()).split(" ...")
    assert any(line.startswith(said) for line in printed[1:])
    with pytest.raises(TypeError):
        zoom().engine = "none"
    assert run("--nonsense").status == 1
    assert run("-i", tmp_path / "nothing").status == 1


def test_what_was_found(
    addon: None, tmp_path: Path, capfd: pytest.CaptureFixture[str], run: Run
) -> None:
    write_series(tmp_path / "forest", 3)
    assert zoom().report == ""
    run_script("What was found, for scripts", tmp_path)
    report = json.loads(zoom().report)
    assert "a_1.png lies in a_0.png at factor" in capfd.readouterr().out
    assert [pair["factor"] for pair in report["pairs"]] == pytest.approx([2, 2], rel=0.005)
    assert report["order"] == ["a_0.png", "a_1.png", "a_2.png"]
    ran = run("-i", tmp_path / "forest", "-as", "-zf", "auto", "--no-render", "--json", "a.json")
    told = json.loads(Path("a.json").read_text("utf-8"))
    assert ran.status == 0
    files = ("output", "is_video", "blend_file", "check_file", "farm_file", "frames", "zoom")
    assert told.keys() - report.keys() == set(files) - report.keys()
    assert told["pairs"] == report["pairs"]
    zoom().target = 0.5, 0.5  # further than the frame goes: what is seen now is in it
    (finding,) = json.loads(zoom().report)["findings"]
    assert finding["kind"] == "nearer-target"


def test_a_batch_over_folders(addon: None, tmp_path: Path) -> None:
    for name in ("forest", "castle"):
        write_series(tmp_path / name, 3)
    (tmp_path / "empty").mkdir()
    run_script("A batch over folders", tmp_path)
    assert {path.name for path in tmp_path.glob("*.blend")} == {"forest.blend", "castle.blend"}
    done = json.loads((tmp_path / "done.json").read_text("utf-8"))
    assert done.keys() == {"forest", "castle", "empty"}
    assert done["castle"] == done["forest"] == []
    assert "no image" in done["empty"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "castle.blend"))
    (control,) = objects.controls(bpy.context.scene)
    assert control.ever_zoom.image_count == 3


def test_ten_zooms_in_one_file(addon: None, tmp_path: Path) -> None:
    names = [f"series_{number}" for number in range(10)]
    for name in names:
        write_series(tmp_path / name, 2)
    run_script("Ten zooms in one file", tmp_path)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "all.blend"))
    made = {scene.name: scene for scene in bpy.data.scenes if objects.controls(scene)}
    assert sorted(made) == ["Scene", *names[1:]]
    for scene in made.values():
        assert (scene.frame_start, scene.frame_end) == (1, 25)
        assert scene.camera is not None
    assert len({scene.render.filepath for scene in made.values()}) == 10
