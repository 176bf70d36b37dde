"""The zip in a real Blender: install, enable, disable, enable and disable again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Told, assert_only_what_was_installed


def test_comes_and_goes_cleanly(inside: Callable[..., Told]) -> None:
    told = inside("life")
    installed = told.value["installed"]
    for number in ("first", "second"):
        enabled, disabled = told.value[f"enabled, {number}"], told.value[f"disabled, {number}"]
        assert set(enabled["commands"]) - set(installed["commands"]) == {"ever_zoom"}
        for kind in ("types", "properties", "menus", "manuals"):
            assert set(enabled[kind]) > set(installed[kind]), kind
        assert disabled == installed
    assert told.value["enabled, first"] == told.value["enabled, second"]
    for word in ("Traceback", "Error", "Warning"):
        assert word.lower() not in told.printed.lower(), told.printed


def test_keeps_its_folder_to_itself(inside: Callable[..., Told], extension_zip: Path) -> None:
    assert_only_what_was_installed(inside("life"), extension_zip)
