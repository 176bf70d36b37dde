"""`python3 build.py fuzz`: cases made from numbers, and what they came to. Touches bpy if it can.

Without Blender the kinds run that need none. The same numbers make the same cases again.
[--cases N] of each kind, 100 if not given; [--first N]: the first case's number;
[--kind decoding|files|options|pictures|presets]: only these.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fuzz import pictures, presets
from tests.fuzz.trial import HEADER, Case, Tally, run

AT_ONCE = 25  # cases between two lines of progress
PLAIN: dict[str, Case] = {"pictures": pictures.case, "presets": presets.case}
IN_BLENDER = ("decoding", "files", "options")


@contextmanager
def _prepared(kind: str) -> Iterator[Case]:
    if kind in PLAIN:
        yield PLAIN[kind]
    else:
        with importlib.import_module(f"tests.fuzz.{kind}").prepared() as case:
            yield case


def main(arguments: list[str]) -> int:
    """Run the kinds that are asked for; 1 if something was found."""
    there = [*PLAIN, *(IN_BLENDER if importlib.util.find_spec("bpy") else ())]
    parser = argparse.ArgumentParser(prog="build.py fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="of each kind (default: 100)")
    parser.add_argument("--first", type=int, default=0, help="the first case (default: 0)")
    parser.add_argument("--kind", choices=there, action="append", help="only these")
    options = parser.parse_args(arguments)
    tallies = []
    # What Blender prints goes nowhere; our lines go to standard output all the same.
    with os.fdopen(os.dup(1), "w", buffering=1) as ours, contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        for number in (1, 2):
            stack.callback(os.dup2, os.dup(number), number)
            os.dup2(nowhere.fileno(), number)
        for kind in options.kind or there:
            total = Tally(kind)
            with _prepared(kind) as case:
                while total.done < options.cases:
                    count = min(AT_ONCE, options.cases - total.done)
                    total.add(run(kind, case, count, options.first + total.done))
                    print(f"{total}", file=ours)
            tallies.append(total)
            for seed, finding in total.findings:
                print(f"{kind} {seed}: {finding}", file=ours)
        print(HEADER, *tallies, sep="\n", file=ours)
    return int(any(tally.findings for tally in tallies))


sys.exit(main(sys.argv[1:]))
