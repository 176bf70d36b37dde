"""What a script sets is honoured or refused, never passed over. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from ai_ever_zoom_addon.scene import recipe
from ai_ever_zoom_addon.scene.planes import objects
from tests.scene.nested import write_series

operators: Any = bpy.ops


def zoom_of(scene: Any) -> Any:
    (control,) = objects.controls(scene)
    return control


def names(control: Any) -> set[str]:
    """Of the folders that a zoom's pictures are in."""
    return {image.file.parent.name for image in recipe.stored_series(control).images}


def settings() -> Any:
    return bpy.context.scene.ever_zoom


@pytest.fixture
def folders(addon: None, tmp_path: Path) -> list[Path]:
    """Three folders; nothing is looked for in their pictures."""
    made = [tmp_path / name for name in ("a", "b", "c")]
    for folder in made:
        write_series(folder, 3)
    group = settings()
    group.is_factor_measured = group.align = group.match_colour = False
    group.order = "outermost-first"
    return made


def test_another_folder_is_built_from_then_on(folders: list[Path]) -> None:
    for folder in folders:
        settings().folder = str(folder)
        assert operators.ever_zoom.build() == {"FINISHED"}
        assert names(zoom_of(bpy.context.scene)) == {folder.name}


def test_each_new_zoom_is_of_the_folder_that_was_asked_for(folders: list[Path]) -> None:
    for folder in folders:
        settings().folder = str(folder)
        assert operators.ever_zoom.build(is_new=True) == {"FINISHED"}
    made = [control for scene in bpy.data.scenes for control in objects.controls(scene)]
    assert sorted(map(names, made), key=str) == [{"a"}, {"b"}, {"c"}]
    for control in made:  # and what was meant for the next one is not left with the one before
        assert {Path(control.ever_zoom.folder).name} == names(control)
        assert list(recipe.unbuilt(control)) == []


def test_the_zoom_of_the_scene_and_the_scene_say_the_same(folders: list[Path]) -> None:
    settings().folder = str(folders[0])
    operators.ever_zoom.build()
    control = zoom_of(bpy.context.scene)
    for group, other in (
        (settings(), control.ever_zoom),
        (control.ever_zoom, settings()),
    ):
        group.crop = 0.6 if group.crop > 0.7 else 0.8
        assert other.crop == group.crop
        assert recipe.stored_settings(control).crop == pytest.approx(group.crop)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"crop": 0.1, "feather": 0.25}, "A feather of"),
    ({"start_frame": -20}, "Start Frame is -20"),
    ({"crop": 7.0}, "Crop is 7"),
    ({"zoom_steps": 0}, "Zoom Steps is 0"),
    ({"roll": -5.0}, "Roll is -5"),
    ({"target": (0.0, 3.0)}, "Target is 0, 3"),
    ({"sound": "/nowhere/none.wav"}, "is not there"),
    ({"beats": "[9, 3]"}, "ascending"),
    ({"beats": "no list"}, "Beats"),
    ({"resolution": (1, 1)}, "Size is 1x1"),
    ({"shape": (1, 99)}, "at most 10 times"),
    ({"frames_per_second": float("nan")}, "Frame Rate is nan"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED)
@pytest.mark.parametrize("is_built", [True, False])
def test_what_is_refused_is_as_it_was_and_it_is_said_why(
    folders: list[Path], values: dict[str, Any], said: str, is_built: bool
) -> None:
    group = settings()
    group.folder = str(folders[0])
    if is_built:
        operators.ever_zoom.build()
    elif "feather" in values:
        return  # is found out when it is built
    *first, last = values.items()
    for name, value in first:
        setattr(group, name, value)
        assert group.problem == ""
    name, value = last
    before = getattr(group, name)
    before = tuple(before) if isinstance(value, tuple) else before
    setattr(group, name, value)
    assert said in group.problem
    after = getattr(group, name)
    assert (tuple(after) if isinstance(value, tuple) else after) == before
    group.delay = 0.5  # the next change is made, and nothing is wrong any more
    assert group.problem == ""
    assert group.delay == 0.5


def test_a_problem_is_not_told_again_when_the_file_is_opened(folders: list[Path]) -> None:
    settings().folder = str(folders[0])
    operators.ever_zoom.build()
    settings().start_frame = -20
    assert settings().problem
    blend = folders[0].parent / "zoom.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert settings().problem == ""


@pytest.mark.parametrize("name", ["align", "match_colour", "is_factor_measured"])
def test_what_needs_another_build_is_known_until_it_is_built(
    folders: list[Path], name: str
) -> None:
    """Nothing was measured: so there is nothing yet that could be put right."""
    settings().folder = str(folders[0])
    operators.ever_zoom.build()
    control = zoom_of(bpy.context.scene)
    assert list(recipe.unbuilt(control)) == []
    setattr(settings(), name, True)
    assert list(recipe.unbuilt(control)) == [name]
    operators.ever_zoom.build()
    assert list(recipe.unbuilt(control)) == []


def test_the_user_s_interpolation_stays(folders: list[Path]) -> None:
    settings().folder = str(folders[0])
    operators.ever_zoom.build()
    control = zoom_of(bpy.context.scene)
    nodes = [objects.image_node(layer) for layer in objects.parts(control, "layer")]
    for node in nodes:
        node.interpolation, node.extension = "Closest", "REPEAT"
    settings().crop = 0.6
    settings().engine = "eevee"
    assert [(node.interpolation, node.extension) for node in nodes] == [("Closest", "REPEAT")] * 3
