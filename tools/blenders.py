"""Installed Blenders, where they usually lie: the way out where no bpy can be had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import BPY
from .pythons import home_folder, matches, numbers

OLDEST = min(BPY, key=numbers)


def places() -> Iterator[Path]:
    """Programs that may be a Blender; not all exist."""
    on_path = shutil.which("blender")
    if on_path:
        yield Path(on_path)
    home = home_folder()
    steam = Path("steamapps", "common", "Blender")
    if sys.platform == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMW6432", "PROGRAMFILES(X86)"):
            folder = Path(os.environ.get(variable, home))
            yield from matches(folder, "Blender Foundation/Blender*/blender.exe")
            yield folder / "Steam" / steam / "blender.exe"
    elif sys.platform == "darwin":
        for folder in (Path("/Applications"), home / "Applications"):
            for app in matches(folder, "Blender*.app"):
                yield app / "Contents" / "MacOS" / "Blender"
        app = home / "Library" / "Application Support" / "Steam" / steam / "Blender.app"
        yield app / "Contents" / "MacOS" / "Blender"
    else:
        for folder in (Path("/opt"), home, home / "Applications", home / "bin"):
            yield from matches(folder, "[bB]lender*/blender")
        yield Path("/snap/bin/blender")
        for flatpak in (Path("/var/lib/flatpak"), home / ".local" / "share" / "flatpak"):
            yield flatpak / "exports" / "bin" / "org.blender.Blender"
        of_flatpak = home / ".var" / "app" / "com.valvesoftware.Steam" / "data" / "Steam"
        for folder in (home / ".steam" / "steam", home / ".local/share/Steam", of_flatpak):
            yield folder / steam / "blender"


def version_of(program: Path) -> str | None:
    """What a program says of its version, like "5.2.2", if it is a Blender that starts."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"^Blender (\d+\.\d+(\.\d+)?)", done.stdout, re.MULTILINE)
    return match[1] if match else None


def installed_blenders() -> list[tuple[str, Path]]:
    """The versions and programs of all that are found, the newest first."""
    found: dict[Path, tuple[str, Path]] = {}
    for program in places():
        if os.path.exists(program) and program.resolve() not in found:  # noqa: PTH110
            version = version_of(program)
            if version:
                found[program.resolve()] = version, program
    return sorted(found.values(), key=lambda item: numbers(item[0]), reverse=True)


def find_blender() -> tuple[str, Path] | None:
    """The newest installed Blender that is new enough, and its version."""
    newest = next(iter(installed_blenders()), None)
    return newest if newest and numbers(newest[0]) >= numbers(OLDEST) else None
