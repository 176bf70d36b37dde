"""Keeps what Blender prints out of the table."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def only_ours() -> Iterator[None]:
    """What Blender prints goes nowhere; our lines go to standard output all the same."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    with Path(os.devnull).open("w") as nowhere, os.fdopen(os.dup(1), "w") as ours:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        before, sys.stdout = sys.stdout, ours
        try:
            yield
        finally:
            sys.stdout = before
            for number, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, number)
                os.close(saved)
