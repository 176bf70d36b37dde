"""Fixtures for the tests of the installed extension. Never touches bpy itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import build

INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True)
class Told:
    """What a process with the installed extension said."""

    value: Any
    printed: str
    resources: Path


def assert_only_what_was_installed(told: Told, extension_zip: Path) -> None:
    """Nothing was written beside the code, but by Python itself, and nothing was changed."""
    folder = told.resources / "extensions" / "user_default" / "ai_ever_zoom"
    there = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(extension_zip) as archive:
        assert there == {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def extension_zip(tmp_path: Path) -> Path:
    """The built extension."""
    return build.build_zip(tmp_path / "dist")


@pytest.fixture
def inside(extension_zip: Path, tmp_path: Path) -> Callable[..., Told]:
    """Runs inside.py in a Blender whose configuration is fresh and of its own."""
    resources = tmp_path / "resources #1 of M\u00fcller"  # an address has to write it otherwise

    def run(what: str, *arguments: str) -> Told:
        done = subprocess.run(
            [sys.executable, str(INSIDE), what, str(extension_zip), *arguments],
            env={**os.environ, "BLENDER_USER_RESOURCES": str(resources)},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=180,
        )
        assert done.returncode == 0, done.stdout
        printed, _, last = done.stdout.rstrip().rpartition("\n")
        return Told(json.loads(last), printed, resources)

    return run
