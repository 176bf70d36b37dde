"""The zip in a real Blender: install, enable, disable, enable and disable again."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Told


def test_comes_and_goes_cleanly(inside: Callable[..., Told]) -> None:
    told = inside("life")
    installed = told.value["installed"]
    for number in ("first", "second"):
        enabled, disabled = told.value[f"enabled, {number}"], told.value[f"disabled, {number}"]
        assert set(enabled["commands"]) - set(installed["commands"]) == {"ever_zoom"}
        for kind in ("types", "properties", "menus"):
            assert set(enabled[kind]) > set(installed[kind]), kind
        assert disabled == installed
    assert told.value["enabled, first"] == told.value["enabled, second"]
    for word in ("Traceback", "Error", "Warning"):
        assert word not in told.printed, told.printed


def test_keeps_its_folder_to_itself(inside: Callable[..., Told]) -> None:
    told = inside("life")
    folder = told.resources / "extensions" / "user_default" / "ai_ever_zoom"
    assert {path.name for path in folder.iterdir()} >= {"__init__.py", "blender_manifest.toml"}
