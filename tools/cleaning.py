"""`build.py clean`: removes what build.py and its tests made, and nothing else."""

from __future__ import annotations

import argparse
import contextlib
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


def size_of(path: Path) -> int:
    """Bytes of a file, or of all in a folder; of a link its own."""
    if path.is_dir() and not path.is_symlink():
        return sum(size_of(inner) for inner in path.iterdir())
    return path.lstat().st_size


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
    found = [ROOT / name for name in MADE]
    for folder in ("", *(f.name for f in ROOT.iterdir() if f.is_dir() and f.name not in MADE)):
        if folder and not folder.startswith(".") and not (ROOT / folder).is_symlink():
            found += (ROOT / folder).rglob("__pycache__")
    found.append(ROOT / "__pycache__")
    total = 0
    with contextlib.ExitStack() as stack:
        if ENVIRONMENTS.is_dir() and not ENVIRONMENTS.is_symlink() and not options.dry_run:
            for lock in sorted([*ENVIRONMENTS.glob("*.lock"), *ENVIRONMENTS.glob("*.use")]):
                stack.enter_context(environments.locked(lock))
        for path in found:
            if path.exists() or path.is_symlink():
                size = size_of(path)
                total += size
                if path.parent == ROOT and path.name != "__pycache__":
                    print(f"{path}: {size / 1e6:.1f} MB", flush=True)
                if not options.dry_run:
                    environments.remove(path)
    print(f"{'Would free' if options.dry_run else 'Freed'} {total / 1e6:.1f} MB.")
    return 0
