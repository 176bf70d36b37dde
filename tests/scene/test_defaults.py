"""What a new zoom begins with. Touches bpy."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import ai_ever_zoom_addon
from ai_ever_zoom_addon.scene.output import gpu, output_settings
from ai_ever_zoom_addon.scene.planes import objects
from ai_ever_zoom_addon.scene.recipe import stored_settings
from ai_ever_zoom_addon.settings import Engine, Order
from ai_ever_zoom_addon.ui import defaults
from ai_ever_zoom_addon.ui.preferences import KEYMAP, SHORTCUTS

from .command import Run
from .drawing import draw_panel
from .nested import write_series
from .room import make_zoom

operators: Any = bpy.ops
GPU = "Maker's Best GPU"
OWN = {"order": "outermost-first", "engine": "workbench", "zoom_steps": 7}


@pytest.fixture
def preferences(addon: None) -> Iterator[Any]:
    """Those of the add-on, as where it is switched on in Blender's list."""
    addons = bpy.context.preferences.addons
    entry = addons.new()
    entry.module = defaults.ADDON
    yield entry.preferences
    addons.remove(entry)


def with_gpu(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    """As if this machine had such a GPU, or none."""
    for module in (gpu, defaults):
        monkeypatch.setattr(module, "gpu_name", lambda: name)


def said() -> str:
    return " ".join(draw_panel("EVERZOOM_PT_output").texts)


def test_a_script_without_a_window_has_the_same_engine_everywhere(
    addon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gpu(monkeypatch, GPU)
    assert bpy.context.scene.ever_zoom.engine == "cycles"


def test_the_engine_that_suits_the_machine_is_said_with_the_reason(
    addon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = bpy.context.scene.ever_zoom
    reasons = {
        (GPU, "eevee"): f"Suits this machine: it has a GPU, {GPU}",
        (None, "cycles"): "Suits this machine: no GPU was found; Fast 2D is faster",
        (None, "sequencer"): "Suits this machine: no GPU was found; Cycles is slower",
    }
    for name in (GPU, None):
        with_gpu(monkeypatch, name)
        assert defaults.suitable_engine() is (Engine.EEVEE if name else Engine.CYCLES)
        for engine in Engine:
            group.engine = engine.value
            reason = reasons.get((name, engine.value))
            assert reason in said() if reason else "Suits" not in said(), (name, engine)
    monkeypatch.setattr(gpu, "has_engine", lambda engine: engine is not Engine.CYCLES)
    assert defaults.suitable_engine() is Engine.EEVEE
    group.engine = "eevee"
    assert "no GPU was found, and Cycles is switched off" in said()


def test_a_zoom_that_is_there_keeps_its_engine(
    addon: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_zoom(tmp_path, bpy.context.scene, engine=Engine.WORKBENCH)
    with_gpu(monkeypatch, GPU)
    monkeypatch.setattr(defaults, "given", lambda: {"engine": defaults.suitable_engine()})
    assert bpy.context.scene.ever_zoom.engine == "workbench"
    other: Any = bpy.data.scenes.new("Other")
    assert other.ever_zoom.engine == "eevee"
    other.ever_zoom.crop = 0.7  # another choice is none of the engine
    monkeypatch.setattr(defaults, "given", dict)
    assert other.ever_zoom.engine == "cycles"
    assert output_settings.has_engine(Engine.CYCLES)


def shown(scene: Any) -> dict[str, Any]:
    return {name: getattr(scene.ever_zoom, name) for name in OWN}


def test_a_zoom_to_come_begins_with_the_preferences(preferences: Any, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    usual = shown(scene)
    assert usual == {"order": "auto", "engine": "cycles", "zoom_steps": 60}
    scene.ever_zoom.crop = 0.7
    for name, value in OWN.items():
        setattr(preferences, name, value)
    assert shown(scene) == OWN
    assert scene.ever_zoom.crop == pytest.approx(0.7)
    assert json.loads(scene.ever_zoom.draft) == {"crop": 0.7}  # the file has nothing of them
    scene.ever_zoom.zoom_steps = 8  # what is chosen for this one goes before
    preferences.zoom_steps = 9
    assert scene.ever_zoom.zoom_steps == 8

    write_series(tmp_path, 2)
    scene.ever_zoom.folder = str(tmp_path)
    scene.ever_zoom.is_factor_measured = scene.ever_zoom.align = False
    scene.ever_zoom.match_colour = False
    assert operators.ever_zoom.build() == {"FINISHED"}
    built = shown(scene)
    assert built == OWN | {"zoom_steps": 8}
    for name, value in usual.items():
        setattr(preferences, name, value)
    assert shown(scene) == built


def test_the_frame_rate_is_the_scenes_unless_the_preferences_have_one(preferences: Any) -> None:
    scene: Any = bpy.context.scene
    scene.render.fps = 50
    preferences.frames_per_second = 23.976
    assert scene.ever_zoom.frames_per_second == 50
    preferences.is_scenes_rate = False
    assert scene.ever_zoom.frames_per_second == pytest.approx(23.976)
    assert defaults.given()["frames_per_second"] == 23.976


def test_preferences_are_within_the_limits(preferences: Any) -> None:
    preferences.zoom_steps, preferences.frames_per_second = -5, 1e9
    assert (preferences.zoom_steps, preferences.frames_per_second) == (1, 1000.0)
    preferences.output_name = "../{folder}.mp4"
    assert preferences.output_name == "{folder}"


@pytest.mark.parametrize(
    ("folder", "name", "video"),
    [
        ("forest", "my {folder}", "my forest.mp4"),
        ("forest", "{folder}", "forest.mp4"),
        ("forest", "always", "always.mp4"),
        # The next build would take it for one of the images, which are sorted by their numbers.
        ("img_9", "{folder}", "img_9_zoom.mp4"),
        ("forest", "IMG_1", "forest_zoom.mp4"),
    ],
)
def test_a_new_zooms_video_is_called_as_the_preferences_say(
    preferences: Any, tmp_path: Path, folder: str, name: str, video: str
) -> None:
    preferences.output_name = name
    scene: Any = bpy.context.scene
    files = [tmp_path / folder / f"img_{number}.png" for number in (1, 2)]
    output_settings.set_first_output(scene, files, None, defaults.output_name())
    assert Path(scene.render.filepath) == tmp_path / folder / video
    # It follows the folder, also where the preferences are others by now.
    other = [tmp_path / "other" / file.name for file in files]
    output_settings.set_first_output(scene, other, tmp_path / folder, defaults.output_name())
    assert Path(scene.render.filepath).parent == tmp_path / "other"
    scene.render.filepath = "/mine.mp4"
    output_settings.set_first_output(scene, files, tmp_path / "other", defaults.output_name())
    assert scene.render.filepath == "/mine.mp4"


@pytest.mark.newest
def test_the_command_line_has_its_own_defaults(preferences: Any, run: Run, series: Path) -> None:
    for name, value in OWN.items():
        setattr(preferences, name, value)
    ran = run(
        "-i", series, "--no-align", "--no-match-colour", "--no-render", "--save-blend", "z.blend"
    )
    assert ran.status == 0
    settings = stored_settings(objects.controls(bpy.context.scene)[0])
    assert (settings.zoom_steps, settings.engine.value) == (60, "cycles")
    assert settings.order is Order.INNERMOST_FIRST


def keys_of_blender(name: str) -> set[tuple[Any, ...]]:
    """What Blender does at a press of which keys, wherever a 3D View is."""
    folder = Path(bpy.utils.preset_paths("keyconfig")[0]) / "keymap_data"
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        (item[1]["type"], *(bool(item[1].get(key)) for key in ("shift", "ctrl", "alt", "oskey")))
        for _, kind, content in module.generate_keymaps(module.Params())
        if kind["space_type"] in {"EMPTY", "VIEW_3D"} and not kind.get("modal")
        for item in content["items"]
    }


@pytest.mark.parametrize("name", ["blender_default", "industry_compatible_data"])
def test_the_shortcuts_are_free(name: str) -> None:
    taken = keys_of_blender(name)
    assert ("A", False, False, False, False) in taken
    keys = [
        (key["type"], *(key.get(name, False) for name in ("shift", "ctrl", "alt", "oskey")))
        for key in SHORTCUTS.values()
    ]
    assert len(set(keys)) == 2 and taken.isdisjoint(keys)


def own_keys() -> list[str]:
    keymaps: Any = bpy.context.window_manager.keyconfigs.addon.keymaps
    return [
        f"{item.idname} {item.to_string()}"
        for keymap in keymaps
        for item in keymap.keymap_items
        if item.idname in SHORTCUTS
    ]


def test_the_shortcuts_come_and_go_with_the_add_on() -> None:
    for _ in range(2):
        ai_ever_zoom_addon.register()
        assert own_keys() == ["ever_zoom.build Shift Alt B", "ever_zoom.preview Shift Alt P"]
        keys = bpy.context.window_manager.keyconfigs
        keys.update()
        mine = [item.idname for item in keys.user.keymaps[KEYMAP].keymap_items]
        assert SHORTCUTS.keys() <= set(mine)  # there the user changes them
        ai_ever_zoom_addon.unregister()
        assert own_keys() == []
