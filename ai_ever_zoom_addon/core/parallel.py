"""Work on several cores at once: numpy lets other threads run while it calculates. No bpy."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .machine import cores_here

MOST = 4  # threads: each holds what it works with in memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    function: Callable[[Item], Result], items: Iterable[Item], *, cores: float | None = None
) -> Generator[Result, None, None]:
    """What a function says of each item, in their order, as `map` does, but on several cores.

    Whoever stops listening ends the work: it waits only for what has been begun.

    Args:
        function: It neither touches what the others change nor depends on what was done before.
        items: All of them are taken at once.
        cores: Of the machine; without it they are counted.
    """
    count = int(min(MOST, cores_here() if cores is None else cores))
    # Threads: they calculate with numpy and read files. None touches bpy, and whoever asked waits
    # for all of them; Blender's main thread is not let go before.
    pool = ThreadPoolExecutor(max_workers=max(1, count))
    try:
        for future in [pool.submit(function, item) for item in items]:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)
