"""Ctrl-C, and the signals by which a system ends a program: heeded where nothing is half-done."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Stop:
    """Whether the work is to end.

    Attributes:
        signal: The number of the signal that said so; 0: none has.
    """

    signal: int = 0

    def heed(self) -> None:
        """End the work, if that is wanted.

        Raises:
            KeyboardInterrupt: It is.
        """
        if self.signal:
            raise KeyboardInterrupt


_stops: list[Stop] = []


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Signals interrupt nothing meanwhile: whoever works heeds them at the next good moment.

    Inside of Blender's loop over frames an exception would get lost, and elsewhere it would leave
    things half-done. Ctrl-C for the second time ends the process at once. What is ignored, as by
    nohup, stays so.
    """
    if _stops or threading.current_thread() is not threading.main_thread():
        yield _stops[-1] if _stops else Stop()
        return
    stop = Stop()

    def note(number: int, _: object) -> None:
        if stop.signal and number == signal.SIGINT:
            os._exit(128 + number)
        stop.signal = number

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # not every system has all of them
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {
        number: signal.signal(number, note)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    _stops.append(stop)
    try:
        yield stop
    finally:
        _stops.remove(stop)
        for number, handler in before.items():
            # None: Blender's own, which Python cannot set again
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def heed() -> None:
    """End the work that is stoppable, if that is wanted; elsewhere nothing.

    Raises:
        KeyboardInterrupt: It is.
    """
    for stop in _stops:
        stop.heed()
