"""What the tests in Blender share. Touches bpy."""

from __future__ import annotations

import bpy
import pytest


@pytest.fixture(autouse=True)
def fresh_file() -> None:
    """Every test starts in a new, empty file with factory settings: one process runs them all."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
