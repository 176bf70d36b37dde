"""docs/linking.md: which Blender opens whose files, tried with all that are set up here."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests import pictures
from tests.conftest import IN_CI
from tests.scene.nested import write_series
from tools import BPY, ENVIRONMENTS, ROOT
from tools.environments import environment_python

PYTHONS = {series: environment_python(ENVIRONMENTS / f"bpy-{series}") for series in BPY}
SET_UP_SECONDS = 600


def blenders() -> list[str]:
    """Those that are set up here; in CI all are, and what is being set up is waited for."""
    notes = {series: ENVIRONMENTS / f"bpy-{series}" / "installed" for series in BPY}
    deadline = time.monotonic() + SET_UP_SECONDS * IN_CI
    while not all(note.is_file() for note in notes.values()) and time.monotonic() < deadline:
        time.sleep(1.0)
    return sorted(series for series, note in notes.items() if note.is_file())


def in_all(series: list[str], what: str, folder: Path) -> None:
    """Run tests/versions.py by each Blender, two at a time."""
    for some in (series[n : n + 2] for n in range(0, len(series), 2)):
        running = [
            subprocess.Popen(
                [str(PYTHONS[one]), "-m", "tests.versions", what, str(folder)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for one in some
        ]
        for process in running:
            output, _ = process.communicate(timeout=240)
            assert process.returncode == 0, output.decode(errors="replace")[-3000:]


def told() -> dict[tuple[str, str], str]:
    """The page's table: (saved in, opened in) -> what it says."""
    page = (ROOT / "docs" / "linking.md").read_text("utf-8")
    (table,) = re.findall(r"(?m)^\| saved in .*\n\|[-|]+\n((?:\|.*\n)+)", page)
    (heads,) = re.findall(r"(?m)^\| saved in \| (.*) \|$", page)
    columns = re.findall(r"opened in (\d\.\d)", heads)
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
    return {(row[0], name): row[n + 1] for row in rows for n, name in enumerate(columns)}


def test_which_blender_opens_whose_files(tmp_path: Path) -> None:
    series = blenders()
    if len(series) < 2:
        pytest.skip("needs the bpy of two versions in .env")
    write_series(tmp_path / "forest", 3)
    in_all(series, "save", tmp_path)
    in_all(series, "open", tmp_path)

    def same(one: str, other: str) -> bool:
        files = tmp_path / f"{one}.png", tmp_path / f"{other}.png"
        rms, _ = pictures.error(*map(pictures.read, files))
        return rms < 0.5  # Cycles' rounding

    seen = {}
    for opener in series:
        came = json.loads((tmp_path / f"opened-in-{opener}.json").read_text("utf-8"))
        for saver in series:
            problem = came[f"{saver}-planes"]
            assert problem == came[f"{saver}-sequencer"] or "Failed to read" in problem
            if problem is not None:
                assert "blend" in problem
                seen[saver, opener] = "no"
                continue
            for kind in ("planes", "sequencer"):
                own = f"{saver}-{kind}"
                assert same(f"{own}-built-in-{opener}", own)  # built again it is always right
            assert same(f"{saver}-planes-in-{opener}", f"{saver}-planes")
            plays = same(f"{saver}-sequencer-in-{opener}", f"{saver}-sequencer")
            seen[saver, opener] = "yes" if plays else "yes, *Fast 2D* after *Build Again*"
            # Filters are each version's own, and there again once they were removed and added.
            assert same(f"{saver}-filters-built-in-{opener}", f"{opener}-filters")
            if saver == opener:
                assert same(f"{saver}-filters-in-{opener}", f"{opener}-filters")
    expected = told()
    assert expected.keys() == {(one, other) for one in BPY for other in BPY}
    assert seen == {pair: expected[pair] for pair in seen}
