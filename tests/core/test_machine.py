"""How many processes render at once."""

from __future__ import annotations

import pytest

from ai_ever_zoom_addon.core import machine

GIBIBYTE = 1 << 30


@pytest.mark.parametrize(
    ("cores", "jobs"), [(0.5, 1), (1, 1), (2, 1), (3, 1), (4, 2), (6.5, 3), (16, 8), (128, 64)]
)
def test_each_has_two_cores(monkeypatch: pytest.MonkeyPatch, cores: float, jobs: int) -> None:
    monkeypatch.setattr(machine, "_free_memory", lambda: 1000 * GIBIBYTE)
    assert machine.suitable_jobs([(1024, 1024)] * 8, cores=cores) == jobs


@pytest.mark.parametrize(("free", "jobs"), [(1, 1), (4, 1), (16, 7), (None, 32)])
def test_all_fit_into_three_quarters_of_the_memory(
    monkeypatch: pytest.MonkeyPatch, free: int | None, jobs: int
) -> None:
    monkeypatch.setattr(machine, "_free_memory", lambda: free and free * GIBIBYTE)
    # Two of 4096 x 4096 pixels in each, 36 bytes for a pixel: 1.125 GiB, and 0.39 for Blender.
    sizes = [(64, 64), (4096, 4096), (4096, 4096)]
    assert machine.suitable_jobs(sizes, cores=64) == jobs


def test_here_is_at_least_a_part_of_a_core() -> None:
    assert machine.cores_here() > 0
    assert machine.suitable_jobs([(64, 64)]) >= 1
