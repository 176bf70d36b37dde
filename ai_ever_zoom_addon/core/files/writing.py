"""Writing files: whole or not at all, and never in the place of a device, a pipe or a link."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from pathlib import Path


def is_stream(path: Path) -> bool:
    """Whether a path leads to a device, a pipe or the like: something to write to, not to replace.

    False where nothing is.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def real_file(path: Path) -> Path:
    """The file that a path leads to through all links; it need not be there yet.

    Raises:
        OSError: The links lead in a circle, or into a folder that does not exist.
    """
    if not path.is_symlink():
        return path
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise OSError(errno.ELOOP, "the links lead in a circle", str(path))
    if not real.parent.is_dir():
        raise OSError(
            errno.ENOENT, f"its link leads to {real.parent}, which is not there", str(path)
        )
    return real


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole, or as it was before; a device or pipe just gets the content.

    Its folder must exist. Where a link leads to, the file is; the link stays.

    Raises:
        OSError: It cannot be written.
    """
    if is_stream(path):
        with path.open("wb") as stream:
            stream.write(content)
        return
    file = real_file(path)
    partial = file.with_name(f".{uuid.uuid4().hex}.partial")  # short, however long the name is
    try:
        partial.write_bytes(content)
        if file.exists():
            shutil.copymode(file, partial)
        partial.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
