"""How small and how large a picture may be: known before one is decoded. Never touches bpy."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ...errors import UnusableError
from ...texts import Text

SHORTEST_SIDE = 8  # pixels: less has nothing that could be found in another picture
LONGEST_SIDE = 65_536
LONGEST_SHAPE = 20  # times as long as wide: thinner ones take minutes to look at

# Bytes for each pixel of a picture, by whether it has more than 8 bits for a value. While it is
# looked at: as Blender decodes it, and as copies in single precision on its way to encoded colours.
LOOKED_AT = {False: 48, True: 80}
# While frames are rendered: decoded, in the form that is shown sharp, and the engine's copy of it.
SHOWN = {False: 4 + 16 + 16, True: 16 + 16 + 16}
HELD = 2  # an image and the next one in it are in sight together

_GIBIBYTE = 1 << 30


def check_size(name: str, width: int, height: int, *, is_deep: bool = False) -> int:
    """Make sure that a picture can be used.

    Args:
        name: Of its file.
        width, height: In pixels.
        is_deep: Whether it has more than 8 bits for a value.

    Returns:
        How many bytes of memory it takes while it is in sight.

    Raises:
        UnusableError: It is too small, too thin or too large.
    """
    short, long = sorted((width, height))
    if short < SHORTEST_SIDE:
        raise UnusableError(
            name,
            Text(
                "has {width} x {height} pixels; use images of at least {least} x {least}",
                width=width,
                height=height,
                least=SHORTEST_SIDE,
            ),
        )
    if long > LONGEST_SIDE:
        raise UnusableError(
            name,
            Text(
                "has {width} x {height} pixels; use images of at most {most} a side: scale it down",
                width=width,
                height=height,
                most=LONGEST_SIDE,
            ),
        )
    if long > LONGEST_SHAPE * short:
        raise UnusableError(
            name,
            Text(
                "has {width} x {height} pixels; use images that are at most {most} times as long "
                "as wide: crop it",
                width=width,
                height=height,
                most=LONGEST_SHAPE,
            ),
        )
    check_memory([(name, width * height * LOOKED_AT[is_deep])])
    return width * height * SHOWN[is_deep]


def check_memory(pictures: Sequence[tuple[str, int]]) -> None:
    """Make sure that those pictures of a series fit into memory that are in sight together.

    Args:
        pictures: Of each, the name of its file, and how many bytes it takes.

    Raises:
        UnusableError: They do not.
    """
    largest = sorted(pictures, key=lambda picture: picture[1])[-HELD:]
    needed, there = sum(size for _, size in largest), memory()
    if there is not None and needed > there:
        raise UnusableError(
            largest[-1][0],
            Text(
                "is too large: it takes, with the one beside it, {needed:.3g} GiB of memory, and "
                "there are {there:.3g}; scale the images down"
                if len(largest) > 1
                else "is too large: it takes {needed:.3g} GiB of memory, and there are "
                "{there:.3g}; scale the images down",
                needed=needed / _GIBIBYTE,
                there=there / _GIBIBYTE,
            ),
        )


def memory() -> int | None:
    """Bytes of memory that this program may use; None where nothing says it."""
    found = (_physical(), _group_limit(), _process_limit())
    return min((size for size in found if size is not None), default=None)


def _physical() -> int | None:
    if sys.platform == "win32":
        return _physical_on_windows()
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _physical_on_windows() -> int | None:
    class _Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "b", "c", "d", "e", "f", "g")),
        ]

    status = _Status(length=ctypes.sizeof(_Status))
    kernel = vars(ctypes)["windll"].kernel32  # only there
    return int(status.total) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _group_limit() -> int | None:
    """Of the container that this runs in, on Linux."""
    with contextlib.suppress(OSError, ValueError):  # "max": none
        return int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    return None


def _process_limit() -> int | None:
    """What `ulimit -v` has left of it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            return max(0, limit - pages * resource.getpagesize())
    return None
