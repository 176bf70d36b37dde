"""What the tests in Blender share. Touches bpy."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import pytest

import ai_ever_zoom_addon


@pytest.fixture(autouse=True)
def fresh_file() -> None:
    """Every test starts in a new, empty file with factory settings: one process runs them all."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def addon(fresh_file: None) -> Iterator[None]:
    """The add-on's window half is there."""
    ai_ever_zoom_addon.register()
    yield
    ai_ever_zoom_addon.unregister()
