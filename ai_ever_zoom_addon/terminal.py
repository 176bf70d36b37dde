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
        errors: Where the last line goes if it says why nothing came of it.
        report_descriptor: Of standard output or standard error, if that is where the report goes.
    """

    stream: TextIO
    errors: TextIO
    report_descriptor: int | None = None
    line_open: bool = False
    tenth: int = -1

    def say(self, text: str) -> None:
        """Print a line, if anybody can read it."""
        self._end_line()
        self._print(text)

    def fail(self, text: str) -> None:
        """Print the line that says why nothing came of it."""
        self._end_line()
        self._print(text, stream=self.errors)

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

    def _print(self, text: str, end: str = "\n", stream: TextIO | None = None) -> None:
        stream = stream or self.stream
        try:
            print(text, end=end, file=stream, flush=True)
        except OSError:  # nobody reads on, or it goes to a full disk
            with Path(os.devnull).open("w", encoding="utf-8") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())


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


def _copied(descriptor: int) -> int:
    """Another descriptor of a standard stream; of nothing where it is closed."""
    try:
        return os.dup(descriptor)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _opened(descriptor: int, stream: TextIO | None) -> TextIO:
    """What is written to a standard stream goes here: nowhere if there was none from the start.

    What has its number may be any other file then.
    """
    target = os.devnull if stream is None else os.dup(descriptor)
    return open(target, "w", encoding="utf-8", errors="replace")  # noqa: PTH123  # a number


@contextlib.contextmanager
def own_terminal(report: str | None = None) -> Iterator[Terminal]:
    """Keep what Blender itself prints (a line for each frame, driver warnings) out of the way.

    Some of it is written by compiled code, so the file descriptors are redirected, and some by way
    of Python's streams.

    Args:
        report: The name of the file for the report. Where it is standard output, nothing else goes
            there: the lines go to standard error.
    """
    streams = sys.__stdout__, sys.__stderr__
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    number = standard_stream(report)
    kept = [_copied(1), _copied(2)]
    with (
        _opened(kept[0], streams[0]) as output,
        _opened(kept[1], streams[1]) as errors,
        Path(os.devnull).open("w", encoding="utf-8", errors="replace") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        terminal = Terminal(output, errors)
        if number is not None:
            is_open = streams[number - 1] is not None
            terminal.report_descriptor = kept[number - 1] if is_open else -1
            terminal.stream = terminal.errors = errors if number == 1 else output
        try:
            yield terminal
        finally:
            for target, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, target)
                os.close(saved)
