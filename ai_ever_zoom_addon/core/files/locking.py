"""Locks between processes: the system lets them go however a process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import BinaryIO


class Lock:
    """A file that is locked until this is let go; it goes with the lock.

    Attributes:
        is_sure: Nobody else has it; otherwise that is not known.
    """

    def __init__(self, path: Path, handle: BinaryIO, *, is_sure: bool) -> None:
        self.is_sure = is_sure
        self._path = path
        self._handle = handle

    def release(self) -> None:
        """Let it go, and remove its file; once is enough."""
        if self._handle.closed:
            return
        # Whoever has opened it by now finds that it is gone, and takes another one. What is open
        # can be removed on some systems only, and what is not locked any more on those only safely.
        steps = [self._remove, self._handle.close]
        for step in steps if os.name == "posix" else reversed(steps):
            step()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()


def take(path: Path) -> Lock | None:
    """Lock a file, which is made for that; None if somebody else has it, in any process.

    Where a file system knows no locks, everybody gets them.

    Raises:
        OSError: The file cannot be made.
    """
    while True:
        handle = path.open("ab")
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            handle.close()
            return None
        except OSError:
            return Lock(path, handle, is_sure=False)
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                return Lock(path, handle, is_sure=True)
        handle.close()  # its holder has let it go, and removed the file, just now


def is_held(path: Path) -> bool:
    """Whether somebody has a lock, in any process."""
    if not path.exists():
        return False
    try:
        lock = take(path)
    except OSError:
        return False
    if lock is not None:
        lock.release()
    return lock is None


def _lock(handle: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
