"""Random walks of a user, each in a process of its own: see walk.py. Touches no bpy.

A part of one walk by default; EVER_ZOOM_CASES=all takes all seeds, 300 steps each.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import ALL_CASES

ROOT = Path(__file__).parents[2]

SEEDS = range(1, 13)
STEPS = 300


@pytest.mark.parametrize("seed", SEEDS if ALL_CASES else SEEDS[:1])
def test_whatever_a_user_does_all_stays_right(seed: int) -> None:
    arguments = ["--seed", str(seed), "--steps", str(STEPS if ALL_CASES else 60)]
    arguments += ["--render-every", "2" if ALL_CASES else "4"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.scene.walk", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=3600,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    compared = re.search(r"(\d+) pictures compared", done.stdout)
    assert compared is not None and int(compared[1]) > 0
