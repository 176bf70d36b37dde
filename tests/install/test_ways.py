"""Other ways of installing than the built zip on a fresh Blender."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import build
from tests import pictures

from .conftest import Told

COPY = build.ROOT / build.MANIFEST.name  # of the manifest, at the top


def source_zip(path: Path, prefix: str) -> Path:
    """What a host makes of the repository: of the files as they are here, if git has them."""
    if not (build.ROOT / ".git").exists():
        pytest.skip("does not apply: this is no clone")
    settings = ("user.name=test", "user.email=test", "safe.directory=*")
    git = ["git", "-C", str(build.ROOT), *(part for each in settings for part in ("-c", each))]
    changed = subprocess.run([*git, "stash", "create"], check=True, capture_output=True, text=True)
    commit = changed.stdout.strip() or "HEAD"
    subprocess.run([*git, "archive", f"--prefix={prefix}", "-o", str(path), commit], check=True)
    return path


@pytest.mark.parametrize("prefix", ["ai-ever-zoom-main/", ""], ids=["in a folder", "bare"])
def test_the_sources_zip_can_be_installed(
    prefix: str, inside: Callable[..., Told], tmp_path: Path
) -> None:
    told = inside("source", str(source_zip(tmp_path / "source.zip", prefix)))
    assert "ever_zoom" in told.value["commands"]
    assert "Scene.ever_zoom" in told.value["properties"]
    for word in ("Traceback", "Error", "Warning"):
        assert word not in told.printed, told.printed
    folder = told.resources / "extensions" / "user_default" / "ai_ever_zoom"
    assert (folder / "__init__.py").is_file() and not (folder / "tests").exists()


@pytest.mark.newest
def test_the_only_manifest_in_the_sources_zip_is_the_packages(tmp_path: Path) -> None:
    """Blender takes the folder of the only one, and none where there are several."""
    with zipfile.ZipFile(source_zip(tmp_path / "source.zip", "main/")) as archive:
        (manifest,) = (n for n in archive.namelist() if n.endswith("blender_manifest.toml"))
    assert manifest == f"main/{build.PACKAGE.name}/blender_manifest.toml"


@pytest.mark.newest
def test_the_manifest_at_the_top_is_the_packages() -> None:
    if COPY.exists():  # in a clone
        assert COPY.read_bytes() == build.MANIFEST.read_bytes()


def newer(extension_zip: Path, path: Path) -> Path:
    """A later version, which differs in a module that others import."""
    version = build.manifest_version()
    with zipfile.ZipFile(extension_zip) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == build.MANIFEST.name:
                line = f'\nversion = "{version}"\n'  # not that of the manifest's own form
                text = content.decode("utf-8").replace(line, '\nversion = "99.0.0"\n')
                assert tomllib.loads(text)["version"] == "99.0.0"
                content = text.encode("utf-8")
            elif name == "plain.py":
                content += b"\nIS_NEWER = True\n"
            new.writestr(name, content)
    return path


def test_a_newer_version_takes_over_in_a_running_blender(
    inside: Callable[..., Told], extension_zip: Path, tmp_path: Path
) -> None:
    for number in range(3):
        pictures.save(
            pictures.waves(number)(*pictures.grid((64, 48), (1, 0.75))),
            tmp_path / "in" / f"{number}.png",
        )
    told = inside(
        "upgrade", str(newer(extension_zip, tmp_path / "newer.zip")), str(tmp_path / "in")
    )
    assert told.value["is_newer"] is True
    assert told.value["after"] == told.value["before"]
    assert told.value["frame_end"] == 2 * 10
    assert not told.value["problem"] and told.value["built"] == ["FINISHED"]
    assert "Traceback" not in told.printed, told.printed
