"""Where the command line's own lines go, and what a script reads, while Blender is kept quiet."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .core.files.writing import write_whole
from .errors import EverZoomError

STANDARD_OUTPUT = "-"


@dataclass
class Terminal:
    """Our own lines; what Blender prints is not shown.

    Attributes:
        stream: Where the lines go.
        report_descriptor: Of standard output or standard error, if that is where the report goes.
    """

    stream: TextIO
    report_descriptor: int | None = None
    line_open: bool = False
    tenth: int = -1

    def say(self, text: str) -> None:
        """Print a line, if anybody can read it."""
        self._end_line()
        self._print(text)

    def progress(self, fraction: float, text: str) -> None:
        """One line that is written over where somebody watches, and ten lines where nobody does."""
        if self.stream.isatty():
            self._print(f"\r{fraction:4.0%}  {text}\033[K", end="")
            self.line_open = True
        elif int(fraction * 10) != self.tenth:
            self.tenth = int(fraction * 10)
            self.say(f"{fraction:4.0%}  {text}")

    def report(self, name: str, text: str) -> None:
        """Write the report that a script reads, to the file that is named so.

        Raises:
            EverZoomError: It cannot be written.
        """
        try:
            # A name that is no text gets the escapes that JSON knows.
            content = f"{text}\n".encode("utf-8", "backslashreplace")
            if self.report_descriptor is not None:
                with os.fdopen(os.dup(self.report_descriptor), "wb") as stream:
                    stream.write(content)
                return
            write_whole(Path(name).absolute(), content)
        except OSError as error:
            name = "Standard output" if name == STANDARD_OUTPUT else name
            raise EverZoomError(
                f"{name} cannot be written ({error.strerror}): choose another place."
            ) from error

    def _end_line(self) -> None:
        if self.line_open:
            self._print("")
            self.line_open = False

    def _print(self, text: str, end: str = "\n") -> None:
        try:
            print(text, end=end, file=self.stream, flush=True)
        except OSError:  # nobody reads on, or it goes to a full disk
            with Path(os.devnull).open("w", encoding="utf-8") as nothing:
                os.dup2(nothing.fileno(), self.stream.fileno())


def standard_stream(name: str | None) -> int | None:
    """1 or 2 if a file's name means standard output or standard error, in whatever way."""
    if not name:
        return None
    if name == STANDARD_OUTPUT:
        return 1
    for number in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(Path(name).stat(), os.fstat(number)):
                return number
    return None


@contextlib.contextmanager
def own_terminal(report: str | None = None) -> Iterator[Terminal]:
    """Keep what Blender itself prints (a line for each frame, driver warnings) out of the way.

    Some of it is written by compiled code, so the file descriptors are redirected, and some by way
    of Python's streams.

    Args:
        report: The name of the file for the report. Where it is standard output, nothing else goes
            there: the lines go to standard error.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    number = standard_stream(report)
    kept = [os.dup(1), os.dup(2)]
    with (
        os.fdopen(os.dup(kept[0]), "w", encoding="utf-8", errors="replace") as output,
        os.fdopen(os.dup(kept[1]), "w", encoding="utf-8", errors="replace") as errors,
        Path(os.devnull).open("w", encoding="utf-8", errors="replace") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        terminal = Terminal(output)
        if number is not None:
            terminal.report_descriptor = kept[number - 1]
            terminal.stream = errors if number == 1 else output
        try:
            yield terminal
        finally:
            for target, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, target)
                os.close(saved)
