"""Names of files as Windows, macOS and Linux have them. Touches no disk, and never bpy.

What a path may be is told by its type: a `PureWindowsPath` is one of Windows, wherever this runs.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath, PurePosixPath, PureWindowsPath

NOT_IN_NAMES = '/\\<>:"|?*'  # on Windows; Linux and macOS have all but the first
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *", re.IGNORECASE)
_LITERAL = "\\\\?\\"  # before a path that Windows takes as it is
LONGEST_ON_WINDOWS = 259  # UTF-16 units of a path, without its end mark


def composed(name: str) -> str:
    """A name by which it is the same however its accents are written: macOS takes them apart."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """A name by which it is the same on disks that take capitals for small letters, too."""
    return composed(unicodedata.normalize("NFD", name).casefold())


def last_part(path: str) -> str:
    """What comes behind the last separator of a path of whatever system.

    Also of "//a.mp4", which is Blender's way to begin beside its file: on Windows Python takes that
    for a machine in the network.
    """
    return re.split(r"[/\\]", path)[-1]


def ending_of(path: str) -> str:
    """The ending of a path's last part, such as ".mp4", or ""."""
    return PurePosixPath(last_part(path)).suffix


def typed(path: str, system: str = os.name) -> str:
    """A path as it was typed, without what Blender would take for the folder of its file.

    On Linux and macOS //a.png is /a.png to everybody else; on Windows it is a machine's.
    """
    return path if system == "nt" else re.sub("^//+", "/", path)


def native(path: str, system: str = os.name) -> str:
    r"""A stored path as Blender reads it on this system, also where it was stored on Windows.

    On Linux and macOS Blender takes \ for /, and C:\a.png for /c/a.png.

    Args:
        path: Absolute, or what `bpy.path.abspath` made of it.
        system: As `os.name` has it.
    """
    if system == "nt":
        return path
    path = re.sub(r"^([A-Za-z]):(?=[/\\])", lambda drive: f"/{drive[1].lower()}", path)
    return path.replace("\\", "/")


def is_possible_on_windows(name: str) -> bool:
    """Whether Windows can have a file or folder that is called so.

    It cuts dots and spaces off at the end, takes what follows a colon for something else, and keeps
    some names for devices, whatever ending they have.
    """
    if name in (".", ".."):
        return True
    is_plain = all(sign >= " " and sign not in NOT_IN_NAMES for sign in name)
    is_kept = _DEVICES.fullmatch(name.partition(".")[0]) is not None
    return is_plain and not is_kept and not name.endswith((" ", "."))


def impossible_part(path: PurePath) -> str:
    r"""The first name in a path that its system, or Blender there, cannot have; "" if none is.

    Linux and macOS can have a \ in a name, but Blender takes it for the end of a folder's name.
    """
    if not isinstance(path, PureWindowsPath):
        return next((name for name in path.parts if "\\" in name), "")
    names = path.parts[1:] if path.anchor else path.parts
    is_literal = path.anchor.startswith(_LITERAL)
    return next((n for n in names if not (is_literal or is_possible_on_windows(n))), "")


def length_of(name: str, path: PurePath) -> int:
    """A name's length as the system of a path counts it: units of UTF-16 on Windows, else bytes."""
    if isinstance(path, PureWindowsPath):
        return len(name.encode("utf-16-le", "surrogatepass")) // 2
    return len(os.fsencode(name))


def is_too_long_for_windows(path: PurePath, room: int = 0) -> bool:
    """Whether a path is one of Windows that is longer than it takes unless it is told to.

    Args:
        path: An absolute path.
        room: How many signs are added to it.
    """
    return (
        isinstance(path, PureWindowsPath)
        and not path.anchor.startswith(_LITERAL)
        and length_of(str(path), path) + room > LONGEST_ON_WINDOWS
        and not _has_long_paths()
    )


def _has_long_paths() -> bool:
    """Whether Windows takes longer paths of this process: if it was told to, and Blender asks."""
    if os.name != "nt":
        return False
    import ctypes

    library = vars(ctypes)["WinDLL"]("ntdll")  # only there
    library.RtlAreLongPathsEnabled.restype = ctypes.c_ubyte
    return bool(library.RtlAreLongPathsEnabled())
