"""What must not be anywhere in the repository. Never starts Blender."""

from __future__ import annotations

import subprocess
from pathlib import Path

import build
from tools import ROOT

# Where packages come from is each machine's own business (a mirror, a proxy): name the package.
# Written so that this file does not name them itself.
PLACES = [
    "pypi" + ".org",
    "pypi" + ".python.org",
    "pythonhosted" + ".org",
    "anaconda" + ".org",
    "anaconda" + ".com",
    "npmjs" + ".",
    "crates" + ".io",
    "deb.debian" + ".org",
    "download.blender" + ".org",
    "astral" + ".sh",
]


def files() -> list[Path]:
    """All of the repository: those that git knows, and those that it would add."""
    command = ["git", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard"]
    try:
        names = subprocess.run(command, check=True, capture_output=True).stdout.split(b"\0")
        found = [ROOT / name.decode() for name in names if name]
    except (OSError, subprocess.CalledProcessError):  # no clone: what makes nothing by itself
        tops = (build.PACKAGE, build.DOCS, ROOT / "jobs", ROOT / "tests")
        found = [path for top in tops for path in top.rglob("*")] + list(ROOT.glob("*"))
    return [path for path in found if path.is_file()]


def test_names_packages_and_not_their_places() -> None:
    found = files()
    assert len(found) > 300
    for path in found:
        content = path.read_bytes().lower()
        for place in PLACES:
            assert place.encode() not in content, f"{path.relative_to(ROOT)}: {place}"
