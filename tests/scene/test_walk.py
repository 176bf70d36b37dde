"""Random walks of a user, each in a process of its own: see walk.py. Touches no bpy.

A part of one walk by default; EVER_ZOOM_WALKS=all takes all seeds, 300 steps each.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SEEDS = range(1, 13)
STEPS = 300
IS_ALL = os.environ.get("EVER_ZOOM_WALKS", "") == "all"


@pytest.mark.parametrize("seed", SEEDS if IS_ALL else SEEDS[:1])
def test_whatever_a_user_does_all_stays_right(seed: int) -> None:
    arguments = ["--seed", str(seed), "--steps", str(STEPS if IS_ALL else 60)]
    arguments += ["--render-every", "2" if IS_ALL else "4"]
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
