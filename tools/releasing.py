"""`build.py release X.Y.Z`: all that a release and its listing need, or why there can be none.

Needs nothing but Python 3.9, as build.py.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import build
from tests import run
from tools import BPY
from tools.environments import NO_WISHES, bpy_environment

LISTING = build.DOCS / "listing"
CHANGES = build.ROOT / "CHANGELOG.md"
RULES = [  # by whole paths, since it may be started in another folder
    str(build.ROOT / "tests" / folder / f"test_{name}.py")
    for folder, name in (
        ("build", "listing"),
        ("install", "life"),
        ("install", "rules"),
        ("install", "zip"),
    )
]


def section(version: str) -> tuple[str, str]:
    """The change log's first heading, and what is below it."""
    parts = re.split(r"^## (.*)\n", CHANGES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if len(parts) < 3:
        raise build.BuildError(f"{CHANGES.name} has no section; add one, ## {version}.")
    return parts[1].strip(), parts[2].strip() + "\n"


def git(*arguments: str) -> str:
    """What git says; it has to be there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(build.ROOT), *arguments], capture_output=True, text=True
        )
    except OSError as error:
        raise build.BuildError("A release needs git, which is not installed.") from error
    if done.returncode:
        raise build.BuildError(f"This is no clone that git can read: {done.stderr.strip()}.")
    return done.stdout.strip()


def with_website(text: str, website: str) -> str:
    """A manifest's text with the project's address, instead of the one that it may have."""
    if not re.fullmatch(r'https://[^\s"\\]+', website):
        raise build.BuildError(f"{website} is no address of a website; give one like https://...")
    text = re.sub(r"^website = .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^(?=type = )", f'website = "{website}"\n', text, count=1, flags=re.MULTILINE)


def missing(version: str, text: str) -> Iterator[str]:
    """What is not as it must be, as far as can be told without building anything.

    Args:
        version: To be released.
        text: Of the manifest, as it is to be.
    """
    copy = build.ROOT / build.MANIFEST.name
    here = build.MANIFEST.read_text(encoding="utf-8")
    if not copy.exists() or copy.read_text(encoding="utf-8") != here:
        yield f"{copy.name} differs from the one in {build.PACKAGE.name}/: make them the same"
    if build.manifest_version() != version:
        yield f"{build.MANIFEST.name} has version {build.manifest_version()}: set {version}"
    if not re.search(r'^website = "https://[^"]+"$', text, re.MULTILINE):
        yield (
            f"{build.MANIFEST.name} has no website, which the listing asks for: give the address "
            "of the project with --website https://..."
        )
    heading, _ = section(version)
    if not re.fullmatch(rf"{re.escape(version)}( \(\d{{4}}-\d\d-\d\d\))?", heading):
        yield f'{CHANGES.name} begins with "{heading}": its first section has to be ## {version}'
    if changed := git("status", "--porcelain"):
        yield f"git has changes that are not committed: {changed.splitlines()[0].strip()} ..."
    if git("tag", "--list", f"v{version}"):
        yield f"git has the tag v{version} already: choose a higher version"


@contextlib.contextmanager
def manifests_with(text: str) -> Iterator[None]:
    """Both manifests have that text from then on, and their old one again if something fails."""
    before = {
        file: file.read_bytes() for file in (build.MANIFEST, build.ROOT / build.MANIFEST.name)
    }
    try:
        for file in before:
            file.write_text(text, encoding="utf-8")
        yield
    except BaseException:
        for file, content in before.items():
            file.write_bytes(content)
        raise


def validate(archive: Path) -> None:
    """Ask Blender's own validator."""
    _, python = bpy_environment(next(iter(BPY)), NO_WISHES)
    (site,) = python.parent.parent.glob("[Ll]ib/**/site-packages/bpy/*/scripts")
    tool = site / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    tags = site / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    command = [str(python), str(tool), "validate", "--valid-tags", str(tags), str(archive)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise build.BuildError(f"Blender does not accept the zip: {done.stdout.strip()}.")


def main(arguments: Sequence[str]) -> int:
    """Make the folder of a release; nothing is there if something is missing."""
    parser = argparse.ArgumentParser(
        prog="build.py release",
        allow_abbrev=False,
        description="Makes dist/ai_ever_zoom-X.Y.Z/ with all that a release needs, or says what is "
        "missing; see docs/listing/README.md.",
    )
    parser.add_argument("version", metavar="X.Y.Z", help="its version, which the manifest has")
    parser.add_argument(
        "--website",
        metavar="URL",
        help="address of the project, which is written into both manifests; commit them then",
    )
    options = parser.parse_args(arguments)
    version = options.version
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise build.BuildError(f"{version} is no version; name one like 1.0.0.")
    text = build.MANIFEST.read_text(encoding="utf-8")
    if options.website:
        text = with_website(text, options.website)
    if reasons := list(missing(version, text)):
        lines = "\n".join(f"- {reason}." for reason in reasons)
        raise build.BuildError(f"there can be no release {version} yet:\n{lines}")
    with manifests_with(text), tempfile.TemporaryDirectory() as name:
        if run.main(["--quick", *RULES]):
            raise build.BuildError("The tests of the rules fail: see above.")
        folder = Path(name) / "release"
        shutil.copytree(LISTING, folder / "listing", ignore=shutil.ignore_patterns("README.md"))
        archive = build.build_zip(folder)
        validate(archive)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        (folder / "SHA256SUMS").write_text(f"{digest}  {archive.name}\n", encoding="utf-8")
        (folder / "changes.md").write_text(section(version)[1], encoding="utf-8")
        target = build.ROOT / "dist" / archive.stem
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(folder, target)
    if options.website:
        print("Both manifests have the website now: commit them before you tag.")
    print(target)
    return 0
