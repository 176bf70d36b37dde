"""What is refused changes nothing; what fails in the middle of changing can be undone. bpy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from PIL import Image

from ai_ever_zoom_addon.core.steps import Steps
from ai_ever_zoom_addon.errors import EverZoomError
from ai_ever_zoom_addon.scene import recipe
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.ui.building import sample_folder
from ai_ever_zoom_addon.ui.reporting import LongOperator, Reporting
from ai_ever_zoom_addon.ui.work import Finish

from .drawing import draw_panels, shown_text
from .nested import write_series

operators: Any = bpy.ops
KINDS = ("scenes", "collections", "objects", "meshes", "cameras", "materials", "images", "sounds")


def state() -> Any:
    """All there is, what is shown, and what the panel of the shown scene says."""
    scene: Any = bpy.context.scene
    group = scene.ever_zoom
    plain = {
        item.identifier: getattr(group, item.identifier)
        for item in group.bl_rna.properties
        if item.type in {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}
        and not getattr(item, "is_array", False)
    }
    data = {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in KINDS}
    render = scene.render
    size = render.resolution_x, render.resolution_y, render.engine, render.filepath
    return scene.name, bpy.context.window.scene.name, plain, data, size


def add_cube() -> Any:
    """What stands in the way of a zoom, so that it gets a scene of its own."""
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(cube)
    return cube


def choose(folder: Path, **values: Any) -> None:
    group = bpy.context.scene.ever_zoom
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    for name, value in {"folder": str(folder), **values}.items():
        setattr(group, name, value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_series(tmp_path / "series")
    return tmp_path / "series"


# --- Refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_cube", [True, False])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_refused_build_leaves_everything(
    addon: None, folder: Path, has_cube: bool, is_new: bool
) -> None:
    if has_cube:
        add_cube()
    choose(folder, crop=0.3, feather=0.25)
    before = state()
    with pytest.raises(RuntimeError, match="make the feather smaller"):
        operators.ever_zoom.build(is_new=is_new)
    assert state() == before


def test_a_refused_second_zoom_leaves_the_first(addon: None, folder: Path) -> None:
    choose(folder)
    operators.ever_zoom.build()
    for number in (1, 2, 3):
        (folder / f"a_{number}.png").write_bytes(b"no image")
    before = state()
    with pytest.raises(RuntimeError, match=r"a_1\.png"):
        operators.ever_zoom.build(is_new=True)
    assert state() == before


def test_a_refused_import_leaves_the_panel(addon: None, folder: Path) -> None:
    (folder / "a_9.png").write_bytes(b"no image")
    files = [{"name": "a_0.png"}, {"name": "a_9.png"}]
    before = state()
    with pytest.raises(RuntimeError, match=r"a_9\.png"):
        operators.ever_zoom.import_series(
            directory=str(folder), files=files, crop=0.5, zoom_steps=7, order="outermost-first"
        )
    assert state() == before


def test_what_was_refused_has_not_been_chosen(addon: None, tmp_path: Path) -> None:
    """A draft holds what has been chosen; the rest follows the scene."""
    scene: Any = bpy.context.scene
    group = scene.ever_zoom
    group.crop = 0.6
    before = group.draft
    group.sound = str(tmp_path / "nowhere.wav")
    assert "nowhere.wav" in group.problem
    assert group.draft == before


def test_a_sample_is_refused_before_it_is_painted(addon: None) -> None:
    group = bpy.context.scene.ever_zoom
    group.crop, group.feather = 0.3, 0.25

    def painted() -> list[tuple[str, int]]:
        return [(file.name, file.stat().st_mtime_ns) for file in sample_folder().iterdir()]

    before = state(), painted()
    with pytest.raises(RuntimeError, match="make the feather smaller"):
        operators.ever_zoom.sample()
    assert (state(), painted()) == before


# --- A scene of its own ---------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["cycles", "keep"])
def test_frames_as_the_scene_are_as_large_as_the_users(
    addon: None, folder: Path, engine: str
) -> None:
    add_cube()
    mine: Any = bpy.context.scene
    mine.render.resolution_x, mine.render.resolution_y = 640, 360
    mine.render.resolution_percentage = 50
    choose(folder, resolution_from="scene", engine=engine)
    operators.ever_zoom.build()
    scene: Any = bpy.context.scene
    assert scene != mine
    render = scene.render
    assert (render.resolution_x, render.resolution_y) == (640, 360)
    assert render.resolution_percentage == 50


def test_a_script_without_a_window_gets_a_scene_of_its_own(addon: None, folder: Path) -> None:
    """As one that a timer calls."""
    cube = add_cube()
    context: Any = bpy.context
    mine = context.scene
    choose(folder)
    for count in (1, 2):
        with context.temp_override(window=None):
            assert operators.ever_zoom.build(is_new=True) == {"FINISHED"}
        others = [scene for scene in bpy.data.scenes if scene != mine]
        assert [len(objects.controls(scene)) for scene in others] == [1] * count
        assert bpy.context.window.scene in others
    assert list(mine.objects) == [cube]


# --- Failed while changing ------------------------------------------------------------------------


def make(name: str) -> None:
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(name, None))


class FailsLong(LongOperator, bpy.types.Operator):  # type: ignore[misc]
    """Fails where it is told to."""

    bl_idname = "test.long"
    bl_label = "Long"
    bl_options = {"REGISTER", "UNDO"}

    is_late: bpy.props.BoolProperty()
    is_ours: bpy.props.BoolProperty()

    def fail(self) -> None:
        raise EverZoomError("No: choose another.") if self.is_ours else KeyError("what")

    def steps(self, context: Any) -> Steps[Finish]:
        yield 0.5, "Working"
        if not self.is_late:
            self.fail()

        def finish() -> None:
            make("half done")
            self.fail()

        return finish


class FailsShort(Reporting, bpy.types.Operator):  # type: ignore[misc]
    """Fails after it has changed something, or is refused before."""

    bl_idname = "test.short"
    bl_label = "Short"
    bl_options = {"REGISTER", "UNDO"}

    is_refused: bpy.props.BoolProperty()

    def act(self, context: Any) -> None:
        if self.is_refused:
            raise EverZoomError("No: choose another.")
        make("half done")
        raise KeyError("what")


@pytest.fixture
def failing(addon: None) -> Iterator[None]:
    for kind in (FailsLong, FailsShort):
        bpy.utils.register_class(kind)
    yield
    for kind in (FailsLong, FailsShort):
        bpy.utils.unregister_class(kind)


def names() -> set[str]:
    return {item.name for item in bpy.context.scene.objects}


@pytest.mark.parametrize(
    ("button", "options", "is_changed", "words"),
    [
        ("long", {"is_late": True}, True, "undo it, and please report"),
        ("long", {"is_late": True, "is_ours": True}, True, "choose another"),
        ("long", {}, False, r"'what'\): please report"),
        ("long", {"is_ours": True}, False, "choose another"),
        ("short", {}, True, "undo it, and please report"),
        ("short", {"is_refused": True}, False, "choose another"),
    ],
)
def test_undo_takes_back_what_failed_and_nothing_else(
    failing: None, button: str, options: dict[str, bool], is_changed: bool, words: str
) -> None:
    bpy.ops.ed.undo_push(message="start")
    make("of the user's")
    bpy.ops.ed.undo_push(message="the user's")
    with pytest.raises(RuntimeError, match=words):
        getattr(operators.test, button)("EXEC_DEFAULT", True, **options)
    assert names() == ({"of the user's", "half done"} if is_changed else {"of the user's"})
    bpy.ops.ed.undo()
    assert names() == ({"of the user's"} if is_changed else set())


# --- Asked ----------------------------------------------------------------------------------------


def write_strangers(folder: Path, count: int = 3) -> None:
    """Pictures that have nothing in common."""
    folder.mkdir()
    generator = np.random.default_rng(8)
    for number in range(count):
        spots = generator.integers(0, 255, (12, 16, 3), np.uint8)
        Image.fromarray(spots).resize((128, 96), Image.Resampling.BICUBIC).save(
            folder / f"a_{number}.png"
        )


def test_what_cannot_be_known_is_asked_and_answered_with_one_click(
    addon: None, tmp_path: Path
) -> None:
    write_strangers(tmp_path / "strangers")
    group: Any = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path / "strangers")
    with pytest.raises(RuntimeError, match=r"None of the 3 images .* Place All in the Middle"):
        operators.ever_zoom.build()
    panel = draw_panels()["EVERZOOM_PT_main"]
    assert "None of the 3 images" in shown_text()
    assert "ever_zoom.build_otherwise" in panel.buttons
    group.zoom_factor = 5.0
    assert operators.ever_zoom.build_otherwise(choices='{"is_factor_measured": false}') == {
        "FINISHED"
    }
    (control,) = objects.controls(bpy.context.scene)
    series = recipe.stored_series(control)
    assert [image.file.name for image in series.images] == ["a_2.png", "a_1.png", "a_0.png"]
    assert [step.factor for step in series.steps] == [5.0, 5.0]
    assert control.ever_zoom.is_factor_measured is False
    panel = draw_panels()["EVERZOOM_PT_main"]
    assert "None of the 3 images lies in another one: each is placed" in shown_text()
    assert "ever_zoom.build_otherwise" not in panel.buttons


def test_another_folder_is_not_asked_about(addon: None, folder: Path, tmp_path: Path) -> None:
    write_strangers(tmp_path / "strangers")
    group: Any = bpy.context.scene.ever_zoom
    group.folder = str(tmp_path / "strangers")
    with pytest.raises(RuntimeError, match="None of the 3 images"):
        operators.ever_zoom.build()
    group.folder = str(folder)
    assert "None of the 3 images" not in shown_text()
