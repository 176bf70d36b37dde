"""`build.py lock`: looks up by uv which versions of packages go together, and their hashes."""

from __future__ import annotations

import argparse
import subprocess
import sys

from . import BuildError
from .environments import LOCKS, NO_WISHES, SOURCES, Content, prepare, provide
from .pythons import own_python


def main(arguments: list[str]) -> int:
    """Make tools/locks/ anew: those named by the arguments, or all.

    What is in a lock already is kept where it suits SOURCES; of a lock whose file was removed
    everything is the newest.
    """
    parser = argparse.ArgumentParser(
        prog="build.py lock",
        description="Looks up all packages anew, for tools/locks/, or those of the locks named.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SOURCES))
    names = parser.parse_args(arguments).names or [*SOURCES]
    for name in names:
        if name not in SOURCES:
            raise BuildError(f"There is no lock {name}: name {', '.join(SOURCES)}.")
    base = own_python()
    if base is None:
        raise BuildError(f"{sys.executable} cannot run uv.")
    provide([base], NO_WISHES)
    python = prepare("uv", base, Content(("uv",)), NO_WISHES)
    for name in names:
        packages, version = SOURCES[name]
        target = LOCKS / f"{name}.txt"
        options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
        options += ["--no-emit-index-url", "--no-emit-find-links", "--python-version", version]
        if name == "benchmark":  # is installed beside the newest bpy
            options += ["--constraint", str(LOCKS / f"{next(iter(SOURCES))}.txt")]
        done = subprocess.run(
            [str(python), "-m", "uv", "pip", "compile", *options, "-o", str(target), "-"],
            input="\n".join(packages),
            text=True,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            raise BuildError(f"uv found no versions for {name} that go together; see above.")
        print(target, flush=True)
    return 0
