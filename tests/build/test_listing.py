"""What the extensions platform asks for, see docs/listing/README.md, and what makes a release."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import build
from tests import run
from tools import releasing

# The platform's, for add-ons; Blender's validator knows them, too.
TAGS = {
    *("3D View", "Add Curve", "Add Mesh", "Animation", "Bake", "Camera", "Compositing"),
    *("Development", "Game Engine", "Geometry Nodes", "Grease Pencil", "Import-Export"),
    *("Lighting", "Material", "Mesh", "Modeling", "Node", "Object", "Paint", "Physics"),
    *("Pipeline", "Render", "Rigging", "Scene", "Sculpt", "Sequencer", "System"),
    *("Text Editor", "Tracking", "User Interface", "UV"),
}
MOST_LETTERS = 64  # of a tagline, and of a permission's reason
MOST_BYTES = 1_500_000  # of a picture: the page is to load at once


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return tomllib.loads(build.MANIFEST.read_text(encoding="utf-8"))


def test_the_manifest_is_as_asked_for(manifest: dict[str, Any]) -> None:
    assert set(manifest["tags"]) <= TAGS
    assert "Blender" not in manifest["name"]
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert all(re.fullmatch(r"\d{4}(-\d{4})? \S.*", owner) for owner in manifest["copyright"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["blender_version_min"])
    assert re.fullmatch(r"https://\S+", manifest.get("website", "https://not.known/yet"))
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert 0 < len(text) <= MOST_LETTERS and text[-1].isalnum()


def test_permissions_are_those_that_the_code_needs(manifest: dict[str, Any]) -> None:
    """No address is opened (tests/install/test_rules.py), and nothing is put on the clipboard."""
    assert set(manifest["permissions"]) == {"files"}
    for path in build.PACKAGE.rglob("*.py"):
        assert "clipboard" not in path.read_text(encoding="utf-8"), path.name


def pictures() -> list[Path]:
    found = sorted(releasing.LISTING.iterdir())
    return [path for path in found if path.suffix not in {".md", ""}]


def test_pictures_have_the_sizes_that_are_asked_for() -> None:
    sizes = {}
    for path in pictures():
        assert path.stat().st_size <= MOST_BYTES, path.name
        with Image.open(path) as image:
            image.load()
            sizes[path.name] = (image.format, image.size)
    assert sizes.pop("icon.png") == ("PNG", (256, 256))
    assert sizes.pop("featured.jpg") == ("JPEG", (1920, 1080))
    assert len(sizes) >= 5
    assert set(sizes.values()) == {("JPEG", (1920, 1080))}
    assert all(re.fullmatch(r"\d-[a-z-]+\.jpg", name) for name in sizes), "the order is not said"


def test_the_text_says_everything(manifest: dict[str, Any]) -> None:
    text = (releasing.LISTING / "text.md").read_text(encoding="utf-8")
    assert manifest["name"] in text
    plain = text.lower()
    for word in ("video", "order", "factor", "colour", "loop", "sound", "command line", "guide"):
        assert word in plain, word
    for word in ("network", "files", "opens no address"):  # what the permissions are for
        assert word in plain, word
    for word in ("cycles", "eevee", "workbench", "sequencer", "compositor", "farm", "browser"):
        assert word in plain, word
    assert not re.search(r"https?://|!\[", text), "a link or a picture, which the page has itself"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of which 9.8.7 can be released, as far as its tests are not asked."""
    folder = tmp_path / "checkout"
    package = folder / build.PACKAGE.name
    shutil.copytree(releasing.LISTING, folder / "docs" / "listing")
    package.mkdir()
    for name in build.NOTICES:
        shutil.copy(build.ROOT / name, folder)
    text = build.MANIFEST.read_text(encoding="utf-8")
    text = re.sub(r"^version = .*$", 'version = "9.8.7"', text, flags=re.MULTILINE)
    text = re.sub(r"^website = .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("\ntype =", '\nwebsite = "https://a.place"\ntype =')
    for place in (package, folder):
        (place / build.MANIFEST.name).write_text(text, encoding="utf-8")
    changes = "# Changes\n\n## 9.8.7 (2026-12-01)\n\nAll is new.\n\n## 0.1.0\n\nThe first.\n"
    (folder / "CHANGELOG.md").write_text(changes, encoding="utf-8")
    monkeypatch.setattr(build, "ROOT", folder)
    monkeypatch.setattr(build, "PACKAGE", package)
    monkeypatch.setattr(build, "MANIFEST", package / build.MANIFEST.name)
    monkeypatch.setattr(releasing, "CHANGES", folder / "CHANGELOG.md")
    monkeypatch.setattr(releasing, "LISTING", folder / "docs" / "listing")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(folder), *identity, *command], check=True)
    return folder


def test_a_release_has_everything(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(run, "main", lambda arguments: asked.append(arguments))
    monkeypatch.setattr(build, "guide", lambda wishes: {})
    monkeypatch.setattr(releasing, "validate", lambda archive: None)
    assert releasing.main(["9.8.7"]) == 0
    assert asked == [["--quick", *releasing.RULES]]
    made = checkout / "dist" / "ai_ever_zoom-9.8.7"
    archive = made / "ai_ever_zoom-9.8.7.zip"
    assert (made / "changes.md").read_text(encoding="utf-8") == "All is new.\n"
    assert {path.name for path in made.iterdir()} == {
        *("changes.md", "listing", "SHA256SUMS", archive.name)
    }
    listing = {path.name for path in (made / "listing").iterdir()}
    assert listing == {"text.md", *(path.name for path in pictures())}
    digest, name = (made / "SHA256SUMS").read_text(encoding="utf-8").split()
    assert (digest, name) == (hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("CHANGELOG.md", "(2026-12-01)", "(not released yet)", "its first section has to be"),
        ("CHANGELOG.md", "9.8.7", "9.8.6", "its first section has to be ## 9.8.7"),
        ("blender_manifest.toml", "9.8.7", "9.8.6", "make them the same"),
        ("BOTH", "9.8.7", "9.8.6", "has version 9.8.6: set 9.8.7"),
        ("BOTH", "https://a.place", "a.place", "no website"),
        ("UNKNOWN", "", "x", "not committed: ?? UNKNOWN"),
    ],
)
def test_a_release_is_refused(
    checkout: Path, file: str, old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = build.MANIFEST.name
    for place in (name, f"{build.PACKAGE.name}/{name}") if file == "BOTH" else (file,):
        path = checkout / place
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
    with pytest.raises(build.BuildError, match=re.escape(said)):
        releasing.main(["9.8.7"])
    assert not (checkout / "dist").exists()


def test_the_address_that_a_release_lacks_can_be_given(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests = [place / build.MANIFEST.name for place in (checkout, build.PACKAGE)]
    for file in manifests:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('website = "https://a.place"\n', ""), encoding="utf-8")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", "-C", str(checkout), *identity, "commit", "-qam", "no address"]
    subprocess.run(command, check=True)
    monkeypatch.setattr(run, "main", lambda arguments: 0)
    monkeypatch.setattr(build, "guide", lambda wishes: {})
    monkeypatch.setattr(releasing, "validate", lambda archive: None)
    with pytest.raises(build.BuildError, match="--website"):
        releasing.main(["9.8.7"])
    with pytest.raises(build.BuildError, match="no address of a website"):
        releasing.main(["9.8.7", "--website", "a.place"])
    monkeypatch.setattr(run, "main", lambda arguments: 1)
    with pytest.raises(build.BuildError, match="tests of the rules fail"):
        releasing.main(["9.8.7", "--website", "https://another.place/x"])
    assert releasing.git("status", "--porcelain") == ""  # and so it can be tried again
    monkeypatch.setattr(run, "main", lambda arguments: 0)
    assert releasing.main(["9.8.7", "--website", "https://another.place/x"]) == 0
    assert "commit them" in capsys.readouterr().out
    for file in manifests:
        held = tomllib.loads(file.read_text(encoding="utf-8"))
        assert held["website"] == "https://another.place/x"
    with zipfile.ZipFile(
        checkout / "dist" / "ai_ever_zoom-9.8.7" / "ai_ever_zoom-9.8.7.zip"
    ) as made:
        held = tomllib.loads(made.read(build.MANIFEST.name).decode("utf-8"))
    assert held["website"] == "https://another.place/x"


def test_a_version_is_released_once(checkout: Path) -> None:
    subprocess.run(["git", "-C", str(checkout), "tag", "v9.8.7"], check=True)
    with pytest.raises(build.BuildError, match=r"has the tag v9\.8\.7 already"):
        releasing.main(["9.8.7"])


def test_no_release_without_green_tests(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "main", lambda arguments: 1)
    with pytest.raises(build.BuildError, match="tests of the rules fail"):
        releasing.main(["9.8.7"])
    assert not (checkout / "dist").exists()
