"""Saves .blend files that are whole. Touches bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...core.files.output import is_whole_blend
from ...core.files.writing import Writing, why_full
from ...errors import EverZoomError, reason_of
from ...texts import Text
from ..strips.storing import left_alone

_CUT_OFF = Text("it came out cut off")


def save(writing: Writing, file: Path, *, is_copy: bool) -> None:
    """Save the open file, and make sure that it can be opened again.

    Blender itself may say that it has saved what the disk had no room for.

    Args:
        writing: It gets its name with this.
        file: Where it comes to be; an older one becomes Blender's usual backup, NAME1.
        is_copy: The open file stays what it is, with its relative paths.

    Raises:
        EverZoomError: It could not be written whole.
        OSError: Its folder cannot be made.
    """
    keeps_backup = bpy.context.preferences.filepaths.save_version > 0
    backup = file.with_name(f"{file.name}1") if keeps_backup else None
    partial = writing.place(file, backup=backup)
    reason = _write(partial, is_copy=is_copy, relative_remap=not is_copy)
    if not reason:
        if _opens(partial):
            return
        reason = _CUT_OFF
    raise EverZoomError(
        "{file} cannot be written ({reason}): check the free space and the permissions, "
        "or choose another place.",
        file=file,
        reason=why_full(file.parent) or reason,
    )


def save_snapshot(file: Path) -> None:
    """Save a copy of the open file, for processes of ours, which find all files where they are.

    Raises:
        EverZoomError: It could not be written whole.
    """
    # Of a file that was never saved Blender would make all paths relative.
    reason = _write(file, is_copy=True, relative_remap=bool(bpy.data.filepath))
    if not reason:
        return
    raise EverZoomError(
        "A copy of the file for rendering cannot be written to {parent} ({reason}): check "
        "the free space of Blender's temporary folder.",
        parent=file.parent,
        reason=why_full(file.parent) or reason,
    )


def _write(file: Path, *, is_copy: bool, relative_remap: bool) -> str:
    """Save the open file to a place; why it is not whole there, in a few words, or ""."""
    try:
        with left_alone():
            bpy.ops.wm.save_as_mainfile(
                filepath=str(file),
                check_existing=False,
                copy=is_copy,
                relative_remap=relative_remap,
            )
    except RuntimeError as error:
        return reason_of(error)
    return "" if is_whole_blend(file) else _CUT_OFF


def _opens(file: Path) -> bool:
    """Whether Blender finds its way through a file, to its very end; nothing is loaded."""
    # Blender looks into no file of the name that the open one has.
    other = file.with_name(f"{file.stem}-check.blend")
    file.rename(other)
    try:
        libraries: Any = bpy.data.libraries
        with libraries.load(str(other)):
            return True
    except OSError:
        return False
    finally:
        other.rename(file)
