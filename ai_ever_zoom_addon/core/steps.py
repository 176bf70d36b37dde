"""Long work in short steps, so that a window stays alive, and the one way to run it at once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")

# Yields (fraction done, 0 to 1, what is being done).
Steps: TypeAlias = Generator[tuple[float, str], None, Result]
Progress: TypeAlias = Callable[[float, str], None]


def run(steps: Steps[Result], progress: Progress = lambda *_: None) -> Result:
    """Do work to its end, and return what it comes to.

    Args:
        steps: The work.
        progress: Is told what each step yields.
    """
    while True:
        try:
            progress(*next(steps))
        except StopIteration as finished:
            result: Result = finished.value
            return result


def within(steps: Steps[Result], fraction: float, text: str) -> Steps[Result]:
    """The steps of a part of some work, all told as the same point of the whole."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            result: Result = finished.value
            return result
        yield fraction, text
