"""docs/linking.md: which Blender opens whose files, tried with all that are set up here."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import pictures
from tests.scene.nested import write_series
from tools import BPY, ENVIRONMENTS, ROOT
from tools.environments import environment_python

PYTHONS = {series: environment_python(ENVIRONMENTS / f"bpy-{series}") for series in BPY}
SERIES = sorted(  # not those that are being set up at this moment
    series for series in BPY if (ENVIRONMENTS / f"bpy-{series}" / "installed").is_file()
)


def in_all(what: str, folder: Path) -> None:
    """Run tests/versions.py by each Blender, two at a time."""
    for some in itertools.batched(SERIES, 2) if hasattr(itertools, "batched") else [SERIES]:
        running = [
            subprocess.Popen(
                [str(PYTHONS[series]), "-m", "tests.versions", what, str(folder)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for series in some
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


@pytest.mark.skipif(len(SERIES) < 2, reason="needs the bpy of two versions in .env")
def test_which_blender_opens_whose_files(tmp_path: Path) -> None:
    write_series(tmp_path / "forest", 3)
    in_all("save", tmp_path)
    in_all("open", tmp_path)

    def same(one: str, other: str) -> bool:
        files = tmp_path / f"{one}.png", tmp_path / f"{other}.png"
        rms, _ = pictures.error(*map(pictures.read, files))
        return rms < 0.5  # Cycles' rounding

    seen = {}
    for opener in SERIES:
        came = json.loads((tmp_path / f"opened-in-{opener}.json").read_text("utf-8"))
        for saver in SERIES:
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
