"""A fixed part of the fuzzed cases that need Blender; `build.py fuzz` runs as many as asked."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from tests.fuzz import decoding, files, options
from tests.fuzz.trial import Case, run


@pytest.mark.parametrize(
    ("name", "prepared", "count"),
    [
        ("decoding", decoding.prepared, 200),
        ("files", files.prepared, 40),
        pytest.param("options", options.prepared, 20, marks=pytest.mark.newest),
    ],
)
def test_no_case_finds_anything(
    name: str, prepared: type[AbstractContextManager[Case]], count: int
) -> None:
    with prepared() as case:
        tally = run(name, case, count)
    assert tally.done == count and not tally.findings, tally.findings
