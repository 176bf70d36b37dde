"""Whether files are still as they were, by their dates and sizes. Never touches bpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ...errors import EverZoomError
from ..findings import listed

Stamps = Mapping[Path, tuple[int, int]]
"""When files were changed last, in nanoseconds, and how many bytes long they are."""


def stamps_of(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """The stamps of those files that are there."""
    stamps = {}
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        stamps[file] = state.st_mtime_ns, state.st_size
    return stamps


def check_unchanged(stamps: Stamps) -> None:
    """Make sure that nobody has put something else in the place of files.

    What is gone is another matter: whoever needs it says so.

    Raises:
        EverZoomError: Somebody has; the message names them.
    """
    now = stamps_of(stamps)
    changed = [file.name for file, stamp in now.items() if stamp != stamps[file]]
    if changed:
        raise EverZoomError(
            "{changed} changed while the zoom was made, which may show both: let the files "
            "be, and make it again.",
            changed=listed(changed, 3),
        )
