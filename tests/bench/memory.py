"""How much memory a process has taken at most."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Of this process, since it runs this program.

    `ru_maxrss` will not do: in Linux it begins with what the parent had when it started the process
    (exec_mmap in fs/exec.c). VmHWM, see proc_pid_status(5), is of the program alone.
    """
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
