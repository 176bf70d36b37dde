"""`build.py clean`: removes what build.py and its tests made, and nothing else."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from . import ENVIRONMENTS, ROOT, environments

# Of the checkout; what was rendered is yours and stays.
MADE = (
    ENVIRONMENTS.name,
    "dist",
    "test-output",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
)

CODE = ("ai_ever_zoom_addon", "docs", "tests", "tools")  # where Python keeps what it compiled


def size_of(path: Path) -> int:
    """Bytes of a file, or of all in a folder; of a link its own."""
    if path.is_dir() and not path.is_symlink():
        return sum(size_of(inner) for inner in path.iterdir())
    return path.lstat().st_size


def _locks() -> list[Path]:
    return sorted([*ENVIRONMENTS.glob("*.lock"), *ENVIRONMENTS.glob("*.use")])


def main(arguments: list[str]) -> int:
    """Remove it and say what and how much that was."""
    parser = argparse.ArgumentParser(
        prog="build.py clean",
        description="Removes the environments in .env, dist, test-output and caches, but for what "
        "you rendered.",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be removed, and its size"
    )
    options = parser.parse_args(arguments)
    found = [ROOT / name for name in (*MADE, "__pycache__")]
    found += [cache for folder in CODE for cache in (ROOT / folder).rglob("__pycache__")]
    locks: Sequence[Path] = []
    with contextlib.ExitStack() as stack:
        if ENVIRONMENTS.is_dir() and not ENVIRONMENTS.is_symlink() and not options.dry_run:
            locks = stack.enter_context(environments.all_locked(_locks))
        sizes = {path: size_of(path) for path in found if path.exists() or path.is_symlink()}
        for path, size in sizes.items():
            if path.parent == ROOT and path.name != "__pycache__":
                print(f"{path}: {size / 1e6:.1f} MB", flush=True)
        if not options.dry_run:
            for path in set(ENVIRONMENTS.iterdir()) - set(locks) if locks else ():
                environments.remove(path)
            if os.name == "nt":  # which removes no file that is open
                stack.close()
            for path in sizes:
                environments.remove(path)
    total = sum(sizes.values()) / 1e6
    print(f"{'Would free' if options.dry_run else 'Freed'} {total:.1f} MB.")
    return 0
