"""A lock is one process's, for as long as that lives and no longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ai_ever_zoom_addon.core.files.locking import is_held, take

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from ai_ever_zoom_addon.core.files.locking import take
lock = take(Path(sys.argv[1]))
print(lock is not None, flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that wants a lock, and says whether it has it."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_only_one_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    lock = take(path)
    assert lock is not None
    assert take(path) is None and is_held(path)
    with holder(path) as other:
        assert says(other) == "False"
        other.communicate()
    lock.release()
    lock.release()
    assert not is_held(path) and not path.exists()
    again = take(path)
    assert again is not None
    again.release()


def test_it_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as other:
        assert says(other) == "True"
        assert take(path) is None
        other.kill()
    assert path.exists()  # nobody has removed it
    lock = take(path)
    assert lock is not None
    lock.release()
    assert not path.exists()
