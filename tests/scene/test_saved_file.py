"""A saved file renders the same pixels in a Blender that has never heard of the add-on. bpy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from ai_ever_zoom_addon import cli
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene.output import rendering
from tests import pictures, series_maker
from tests.scene.command import PLAIN, Run, assert_shows, frames, make_series, view

# Renders each file as `blender -b FILE -a` does, with the file's own output settings.
STRANGER = """
import importlib.util, json, sys
import bpy
assert importlib.util.find_spec("ai_ever_zoom_addon") is None
for blend in json.loads(sys.argv[1]):
    bpy.ops.wm.open_mainfile(filepath=blend, use_scripts=False, load_ui=False)
    assert bpy.context.preferences.filepaths.use_scripts_auto_execute is False
    assert not bpy.app.autoexec_fail, bpy.app.autoexec_fail_message
    bpy.ops.render.render(animation=True)
"""

# As outside of the tests, where nothing has drawn before
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "MESA_EXTENSION_OVERRIDE"}
ROOT = Path(__file__).resolve().parents[2]

operators: Any = bpy.ops  # the add-on's are not in its stubs

NOT_FOUND = ("--no-align", "--no-match-colour")
FOUND = ()  # off centre and with other colours, so that all drivers have something to do
CASES: dict[str, tuple[str, ...]] = {
    "cycles": (*FOUND, "--engine", "cycles", "--mask", "ellipse"),
    "sequencer": (*FOUND, "--engine", "sequencer", "--centre", "fixed-point"),
    "workbench": (*NOT_FOUND, "--engine", "workbench"),
    "eevee": (*NOT_FOUND, "--engine", "eevee", "--frames", "1-1"),
    "reverse": (*NOT_FOUND, "--engine", "cycles", "-rev", "-fps", "4", "-d", "0.25"),
    "overlay": (*NOT_FOUND, "--engine", "cycles", "-dbg"),
    "packed": (*NOT_FOUND, "--engine", "cycles", "--pack"),
    "packed strips": (*NOT_FOUND, "--engine", "sequencer", "--pack"),
    "moved": (*NOT_FOUND, "--engine", "cycles"),
    "moved strips": (*NOT_FOUND, "--engine", "sequencer"),
}


def command_line(arguments: list[str], *, alone: bool) -> None:
    """Run the command line; `alone`: in a process in which nothing else has drawn before."""
    if not alone:
        assert cli.main(arguments) == 0
        return
    code = "import sys; from ai_ever_zoom_addon import cli; sys.exit(cli.main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=ENVIRONMENT)
    assert done.returncode == 0


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """For each case the frames of the command line and those of the stranger."""
    top = tmp_path_factory.mktemp("saved files é 猫")
    truth = series_maker.outpaint([2.0, 2.0], (160, 120), largest_offset=0.08, largest_gain=1.3)
    results, blends = {}, []
    for name, options in CASES.items():
        project = top / name
        for index, image in enumerate(truth.images):
            pictures.save(image.astype(np.float64), project / "images" / f"image {3 - index}.png")
        moves = name.startswith("moved")
        blend = project / ("zoom.blend" if moves else "scenes/zoom.blend")
        arguments = ["-i", str(project / "images"), "-o", str(project / "frames"), "-zs", "2"]
        command_line([*arguments, *options, "--save-blend", str(blend)], alone="eevee" in options)
        if name.startswith("packed"):
            shutil.rmtree(project / "images")
        ours = (project / "frames").rename(top / f"{name} ours")
        if moves:  # the output, which lies beside the file, too
            project = project.rename(top / f"{name} elsewhere")
            blend = project / blend.name
        blends.append(str(blend))
        results[name] = ours, project / "frames"
    done = subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, json.dumps(blends)],
        cwd=top,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return results


@pytest.mark.parametrize("name", CASES)
def test_a_stranger_renders_the_same_pixels(
    rendered: dict[str, tuple[Path, Path]], name: str
) -> None:
    ours, theirs = (frames(folder) for folder in rendered[name])
    if name == "eevee":
        theirs = theirs[1:2]
    assert len(ours) == len(theirs) == {"eevee": 1, "reverse": 7}.get(name, 5)
    for one, other in zip(ours, theirs, strict=True):
        assert pictures.error(one, other)[1] == 0.0
        assert one.std() > 0.02  # there is something to see
    if len(ours) > 1:
        assert pictures.error(ours[0], ours[-1])[0] > 5.0


def open_saved(run: Run, series: Path, *options: str) -> Any:
    blend = Path("zoom.blend").absolute()
    arguments = ("-i", series, "--no-render", "-zs", 2, *PLAIN[:2], "--save-blend", blend)
    assert run(*arguments, *options).status == 0
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return bpy.context.scene


def test_paths_are_relative(run: Run, series: Path) -> None:
    open_saved(run, series, "--engine", "cycles")
    paths = {image.filepath for image in bpy.data.images if image.source == "FILE"}
    assert paths == {f"//../series/image_{number}.png" for number in (1, 2, 3)}


@pytest.mark.parametrize("engine", ["cycles", "sequencer"])
def test_images_that_are_gone(run: Run, series: Path, engine: str, addon: None) -> None:
    scene = open_saved(run, series, "--engine", engine)
    (series / "image_3.png").unlink()
    with pytest.raises(EverZoomError, match=r"Images are missing: .*image_3\.png: put them back"):
        rendering.render_animation(scene, "out", 0, 4)
    with pytest.raises(RuntimeError, match=r"Images are missing: .*image_3\.png"):
        operators.ever_zoom.render()
    assert not Path("out").exists()
    assert_shows_again(series, scene)


def assert_shows_again(series: Path, scene: Any) -> None:
    """Put back, the images are there at once."""
    make_series(series)
    assert rendering.render_animation(scene, "out", 0, 4, sharp=False) == 5
    for number, picture in enumerate(frames(Path("out"))):
        assert_shows(picture, view(number / 2))


def test_trimmed_pictures_that_are_gone(run: Run, series: Path) -> None:
    scene = open_saved(run, series, "--engine", "sequencer")
    shutil.rmtree("zoom_strips")
    with pytest.raises(
        EverZoomError, match=r"Images are missing: .*image_2-\w+\.png, .*image_1-\w+\.png"
    ):
        rendering.render_animation(scene, "out", 0, 4)


def test_packed_images_may_be_gone(run: Run, series: Path) -> None:
    scene = open_saved(run, series, "--engine", "cycles", "--pack")
    shutil.rmtree(series)
    assert rendering.render_animation(scene, "out", 0, 4, sharp=False) == 5
