"""Temporary folders of Blender's that this process uses, and what dead ones have left of theirs."""

from __future__ import annotations

import atexit
import contextlib
import shutil
from pathlib import Path

from .locking import Lock, take

_LOCK = "ever_zoom.lock"

_claims: dict[Path, Lock] = {}


def claim(folder: Path) -> Path:
    """Say that a folder is in use, for as long as this process lives.

    The first time, folders beside it go whose processes said so and are dead: killed, they could
    not tidy up.

    Args:
        folder: Of a session of Blender's, which is removed when Blender ends.

    Returns:
        The folder.
    """
    if folder not in _claims:
        with contextlib.suppress(OSError):  # nothing depends on it
            lock = take(folder / _LOCK)
            if lock is not None:
                _claims[folder] = lock
            _remove_abandoned(folder)
    return folder


def _remove_abandoned(folder: Path) -> None:
    for path in folder.parent.glob(f"blender_*/{_LOCK}"):
        lock = None if path.parent == folder else take(path)
        if lock is None:
            continue
        if lock.is_sure:
            shutil.rmtree(path.parent, ignore_errors=True)
        lock.release()
        if lock.is_sure:
            with contextlib.suppress(OSError):  # it is gone already, but for some systems
                path.parent.rmdir()


@atexit.register
def _let_go() -> None:
    """Blender removes its folder: some systems remove nothing that is open."""
    for lock in _claims.values():
        lock.release()
    _claims.clear()
