"""The installable zip, and what Blender's own tools say to it. Never starts Blender."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
from tools import ROOT


def official_tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the builder and validator that comes with this version of Blender."""
    spec = importlib.util.find_spec("bpy")
    assert spec is not None and spec.origin is not None
    (scripts,) = Path(spec.origin).parent.glob("*/scripts")
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    name, *rest = arguments
    command: list[str | Path] = [sys.executable, tool, name, "--valid-tags", tags, *rest]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_same_files_give_the_same_bytes(
    extension_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "elsewhere"
    for folder in (build.PACKAGE, build.DOCS, ROOT / "jobs"):
        shutil.copytree(folder, copy / folder.name)
    for name in (*build.NOTICES, "README.md"):
        shutil.copy(ROOT / name, copy)
    for number, path in enumerate(sorted(copy.rglob("*"))):
        os.utime(path, (1e9 + number, 1e9 + number))
    leftover = copy / build.PACKAGE.name / "core" / "__pycache__" / "series.cpython-399.pyc"
    leftover.parent.mkdir(exist_ok=True)
    leftover.write_bytes(b"not for the zip")
    (copy / build.PACKAGE.name / ".DS_Store").write_bytes(b"nor this")
    monkeypatch.setattr(build, "ROOT", copy)
    monkeypatch.setattr(build, "PACKAGE", copy / build.PACKAGE.name)
    monkeypatch.setattr(build, "DOCS", copy / build.DOCS.name)
    again = build.build_zip(tmp_path / "again")
    assert again.name == extension_zip.name
    assert again.read_bytes() == extension_zip.read_bytes()


def test_holds_the_package_the_guide_the_manifest_and_the_notices(extension_zip: Path) -> None:
    with zipfile.ZipFile(extension_zip) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        licence, others = (archive.read(name).decode() for name in ("LICENSE", "THIRD_PARTY.md"))
    sources = [file for kind in ("py", "html", "json") for file in build.PACKAGE.rglob(f"*.{kind}")]
    package = {path.relative_to(build.PACKAGE).as_posix() for path in sources}
    assert {"__init__.py", "cli.py"} <= package
    pages = {f"guide/{name}" for name in build.guide()}
    assert "guide/index.html" in pages
    assert names == package | pages | {"LICENSE", "THIRD_PARTY.md", "blender_manifest.toml"}
    assert "GNU GENERAL PUBLIC LICENSE" in licence and "Version 3" in licence
    notice = re.sub(r"\n> ?", "\n", others)
    assert "MIT License\n\nCopyright (c) 2023 Ingo Berg\n\nPermission is hereby granted" in notice
    assert "The above copyright notice and this permission notice shall be included" in notice


def test_official_validator_accepts_it(extension_zip: Path) -> None:
    done = official_tool("validate", extension_zip)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in (done.stdout + done.stderr).lower()


def test_official_validator_would_complain(tmp_path: Path) -> None:
    shutil.copytree(build.PACKAGE, tmp_path, dirs_exist_ok=True)
    text = build.MANIFEST.read_text(encoding="utf-8")
    (tmp_path / build.MANIFEST.name).write_text(
        text.replace('"Animation"', '"No Such Tag"'), encoding="utf-8"
    )
    done = official_tool("validate", tmp_path)
    assert done.returncode != 0
    assert "No Such Tag" in done.stdout + done.stderr


def test_official_builder_accepts_what_is_in_it(extension_zip: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with zipfile.ZipFile(extension_zip) as archive:
        archive.extractall(source)
    target = tmp_path / "official.zip"
    done = official_tool("build", "--source-dir", source, "--output-filepath", target)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(target) as official, zipfile.ZipFile(extension_zip) as ours:
        assert set(official.namelist()) == set(ours.namelist())
