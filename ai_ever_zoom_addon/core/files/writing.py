"""Writing files: whole or not at all, and never in the place of a device, a pipe or a link."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import uuid
from pathlib import Path

from ...errors import EverZoomError
from ...texts import Text
from .locking import Lock, take

_PROBE_LENGTH = 1 << 16  # bytes

# Names of files that are being written, without their endings.
LONGEST_PARTIAL = 48  # bytes
PARTIAL = re.compile(r"\.[0-9a-f]{12}-[0-9a-f]{8}\.partial")


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
        raise OSError(errno.ELOOP, Text("the links lead in a circle"), str(path))
    if not real.parent.is_dir():
        raise OSError(
            errno.ENOENT,
            Text("its link leads to {folder}, which is not there", folder=real.parent),
            str(path),
        )
    return real


def digest_of(name: str) -> str:
    """A short name that stands for another one, of whatever length."""
    return hashlib.blake2b(os.fsencode(name), digest_size=6).hexdigest()


class Writing:
    """Files that are written together: all get their names in the end, or all is as it was before.

    Each is made beside its place, under a name of its own, so that nobody ever sees a part of it,
    and is locked, so that no other run writes it meanwhile. What fails leaves the older files, and
    nothing else: folders that were made for it go, too.
    """

    def __init__(self) -> None:
        self._locks: list[Lock] = []
        self._files: dict[Path, tuple[Path, Path | None]] = {}
        self._folders: list[Path] = []

    def __enter__(self) -> Writing:
        return self

    def folder(self, folder: Path) -> Path:
        """Make a folder and those that it lies in; a link to nothing gets what it leads to.

        Raises:
            OSError: It cannot be made.
        """
        folder = Path(os.path.realpath(folder))
        for place in reversed([folder, *folder.parents]):
            if not place.is_dir():
                with contextlib.suppress(FileExistsError):  # another run was faster
                    place.mkdir()
                    self._folders.append(place)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        return folder

    def place(self, path: Path, *, backup: Path | None = None) -> Path:
        """Where to write what is to have a name in the end; where a link leads, the file is.

        Args:
            path: The name. Its folder is made if need be.
            backup: Where the older file of that name goes, if there is one.

        Raises:
            EverZoomError: Another run is writing it.
            OSError: Its folder cannot be made, or its links lead nowhere.
        """
        file = real_file(path)
        if file in self._files:
            return self._files[file][0]
        self.folder(file.parent)
        digest = digest_of(file.name)
        self.lock(lock_of(file), path)
        for abandoned in file.parent.glob(f".{digest}-*.partial*"):  # by a run that was killed
            abandoned.unlink(missing_ok=True)
        # Short, however long the name is; Blender wants the usual endings, in small letters.
        name = f".{digest}-{uuid.uuid4().hex[:8]}.partial{path.suffix.lower()[:9]}"
        self._files[file] = file.with_name(name), backup
        return file.with_name(name)

    def lock(self, path: Path, what: Path) -> None:
        """Let no other run write something meanwhile.

        Args:
            path: The file of the lock.
            what: What is written, as the user calls it.

        Raises:
            EverZoomError: Another run is writing it.
            OSError: The file cannot be made.
        """
        lock = take(path)
        if lock is None:
            raise in_use(what)
        self._locks.append(lock)

    def __exit__(self, kind: object, *_: object) -> None:
        """Give all files their names, unless something has failed.

        Raises:
            OSError: One cannot have it.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self._undo)
            if kind is None:
                self._finish()
                undo.pop_all()
                self._release()

    def _release(self) -> None:
        for lock in self._locks:
            lock.release()

    def _undo(self) -> None:
        for partial, _ in self._files.values():
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        self._release()
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):  # there is something in it
                folder.rmdir()

    def _finish(self) -> None:
        for file, (partial, _) in self._files.items():
            if file.exists():
                shutil.copymode(file, partial)
        for file, (partial, backup) in self._files.items():
            if backup is not None and file.exists():
                with contextlib.suppress(OSError):
                    backup.unlink(missing_ok=True)
                    os.link(file, backup)  # so that the name never stands for nothing
            partial.replace(file)


def write_probe(folder: Path, length: int = 0) -> None:
    """Try whether something can be written to a folder; nothing is left of it.

    Python's own temporary files will not do: on Windows it tries 2,147,483,647 names before it says
    that a folder takes none (before Python 3.14; CPython, issue 66305).

    Args:
        folder: Where.
        length: How many bytes.

    Raises:
        OSError: It cannot.
    """
    file = folder / f".{uuid.uuid4().hex}.probe"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_TEMPORARY", 0)
    with os.fdopen(os.open(file, flags), "wb") as stream:
        if os.name == "posix":  # Windows removes it itself, as it is temporary
            file.unlink()
        stream.write(bytes(length))


def why_full(folder: Path) -> str:
    """Why nothing more can be written to a folder, in a few words; "" if something can."""
    try:
        write_probe(folder, _PROBE_LENGTH)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def lock_of(file: Path) -> Path:
    """The lock of a file that is written."""
    return file.with_name(f".{digest_of(file.name)}.lock")


def in_use(what: Path) -> EverZoomError:
    """What to say of something that another run is writing."""
    return EverZoomError(
        "Another run is writing {what}: wait until it has ended, or choose another name.", what=what
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole, or as it was before; a device or pipe just gets the content.

    Where a link leads to, the file is; the link stays.

    Raises:
        OSError: It cannot be written.
    """
    if is_stream(path):
        with path.open("wb") as stream:
            stream.write(content)
        return
    with Writing() as writing:
        partial = writing.place(path)
        partial.write_bytes(content)
        if partial.read_bytes() != content:
            raise OSError(errno.EIO, Text("it does not come back as it was written"), str(path))
