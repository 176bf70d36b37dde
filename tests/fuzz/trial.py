"""Runs cases made from numbers, and knows what may come of one. Never touches bpy.

A case is a function of a random generator. It may be refused, by an `EverZoomError` of one
sentence, or go well; everything else is a finding: another error, time without end (a watchdog
interrupts what does not come back), and memory without end (a limit makes asking for it an error).
"""

from __future__ import annotations

import contextlib
import faulthandler
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ai_ever_zoom_addon.errors import EverZoomError

LONGEST_SENTENCE = 600  # characters: names of files are in it
STANDARD_ERROR = 2
MORE_MEMORY = 6 << 30  # bytes of address space beyond what the process has when cases begin

Case = Callable[[random.Random], None]


class HangError(BaseException):
    """A case that did not come back in time."""


@dataclass
class Tally:
    """What some cases came to.

    Attributes:
        name: Of the kind of case.
        done, refused: How many ran, and how many of them ended with a sentence.
        findings: (seed, what was wrong).
        seconds: How long they took.
    """

    name: str
    done: int = 0
    refused: int = 0
    findings: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Count others of the same kind, too."""
        self.done += other.done
        self.refused += other.refused
        self.findings += other.findings
        self.seconds += other.seconds

    def __str__(self) -> str:
        counts = f"{self.done:7}{self.refused:9}{len(self.findings):10}{self.seconds:9.0f}"
        return f"{self.name:12}{counts}"


HEADER = f"{'':12}{'cases':>7}{'refused':>9}{'findings':>10}{'seconds':>9}"


def run(name: str, case: Case, count: int, first: int = 0, longest: float = 300.0) -> Tally:
    """Run cases.

    Args:
        name: Of their kind.
        case: Makes and tries one.
        count: How many.
        first: The first one's seed; the others follow it.
        longest: Seconds that one may take, on a machine that is busy with others, too.
    """
    tally = Tally(name)
    start = time.monotonic()
    with memory_limit():
        for seed in range(first, first + count):
            try:
                with _watchdog(longest):
                    case(random.Random(f"{name} {seed}"))
            except EverZoomError as error:
                tally.refused += 1
                if not is_sentence(str(error)):
                    tally.findings.append((seed, f"no sentence: {str(error)[:1000]!r}"))
            except HangError:
                tally.findings.append((seed, f"no end within {longest:g} seconds"))
            except Exception:
                tally.findings.append((seed, traceback.format_exc()))
            tally.done += 1
    tally.seconds = time.monotonic() - start
    return tally


def is_sentence(text: str) -> bool:
    """Whether a text is one line that can be shown as an error."""
    is_one_line = bool(text) and text.splitlines() == [text] and text.endswith(".")
    return is_one_line and len(text) <= LONGEST_SENTENCE


@contextlib.contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # What is deep in compiled code is not interrupted: then the process ends, and says where.
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=STANDARD_ERROR)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """What needs much more memory than there is in use now is told that there is none.

    On Windows there is no limit.
    """
    if sys.platform == "win32":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(
        resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_MEMORY, before[1])
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
