"""Work on several cores at once."""

from __future__ import annotations

import threading
import time

import pytest

from ai_ever_zoom_addon.core.parallel import MOST, each


def test_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    is_second_done = threading.Event()

    def slow_first(item: int) -> int:
        if item == 0:
            assert is_second_done.wait(60)
        if item == 1:
            is_second_done.set()
        return item**2

    assert [*each(slow_first, range(20), cores=2)] == [item**2 for item in range(20)]


@pytest.mark.parametrize(("cores", "most"), [(0.5, 1), (1, 1), (3, 3), (64, MOST)])
def test_as_many_are_worked_on_at_once_as_there_are_cores_but_only_a_few(
    cores: float, most: int
) -> None:
    all_there = threading.Barrier(most)
    lock = threading.Lock()
    at_once: list[int] = []
    seen = []

    def counted(item: int) -> None:
        with lock:
            at_once.append(item)
            seen.append(len(at_once))
        if item < most:
            all_there.wait(60)
        with lock:
            at_once.remove(item)

    assert [*each(counted, range(100), cores=cores)] == [None] * 100
    assert max(seen) == most


def test_an_error_is_raised_where_its_item_comes() -> None:
    results = each(lambda item: 1 / item, [2, 1, 0, 4])
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_whoever_stops_listening_ends_the_work() -> None:
    before = threading.active_count()
    begun = []

    def slow(item: int) -> None:
        begun.append(item)
        time.sleep(0.05)

    results = each(slow, range(1000), cores=2)
    next(results)
    results.close()
    assert len(begun) < 1000
    assert threading.active_count() == before
