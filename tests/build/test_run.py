"""tests/run.py: what the closing table says and the exit status is. Never touches bpy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import run
from tools import ROOT

on_posix = pytest.mark.skipif(os.name != "posix", reason="does not apply: it uses signals")

Run = Callable[[str], run.Result]


@pytest.fixture
def run_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a file of tests with that text in a process of its own."""
    monkeypatch.setattr(run, "TEST_OUTPUT", tmp_path)
    monkeypatch.setattr(run, "ROOT", tmp_path)

    def run_(text: str) -> run.Result:
        (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
        session = run.Session("some", Path(sys.executable), ["test_it.py"], {})
        return session.run(["-p", "no:cacheprovider"])

    return run_


GOOD = "def test_good():\n    pass\n"


def test_counts_what_passes_fails_and_is_skipped(run_session: Run) -> None:
    bad = "def test_bad():\n    assert False\n"
    left_out = "import pytest\n@pytest.mark.skip\ndef test_left_out():\n    pass\n"
    result = run_session(GOOD + bad + left_out)
    assert (result.passed, result.failed, result.skipped, result.note) == (1, 1, 1, "")


@on_posix
def test_a_crash_fails_at_once(run_session: Run) -> None:
    crash = "import os, signal\ndef test_crash():\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
    result = run_session(GOOD + crash)
    assert (result.failed, result.note) == (1, "crashed by signal 11")


@on_posix
def test_a_crash_after_the_last_test_fails_too(run_session: Run) -> None:
    text = "import atexit, os, signal\natexit.register(os.kill, os.getpid(), signal.SIGSEGV)\n"
    result = run_session(text + GOOD)
    assert (result.passed, result.failed, result.note) == (1, 1, "crashed by signal 11")


def test_a_file_that_cannot_be_read_as_tests_fails(run_session: Run) -> None:
    assert run_session("import no_such_module\n").failed == 1


@pytest.mark.parametrize(("value", "failed"), [("true", 1), ("1", 1), ("", 0), ("false", 0)])
def test_what_cannot_run_is_skipped_but_fails_in_ci(
    value: str, failed: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", value)
    there = run.Result("core", passed=3)
    assert run.close([there, run.absent("window", "no screen")]) == failed
    printed = capsys.readouterr().out
    assert "[window] NOT RUN: no screen" in printed
    assert printed.splitlines()[-1] == f"3 passed, {failed} failed" + ", 1 skipped" * (not failed)


def test_nothing_passed_is_a_failure() -> None:
    assert run.close([run.Result("core")]) == 1
    assert run.close([run.Result("core", passed=1)]) == 0


def test_paths_go_where_they_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    core, scene = "tests/core/test_mask.py", "tests/scene/test_rig.py::test_x"
    options, paths, rest = run.parse(["-x", core, "--quick", "-k", "soft", scene])
    assert (options.quick, paths, rest) == (True, [core, scene], ["-x", "-k", "soft"])
    assert run.targets_in(["tests/core", "tests/build"], paths) == [core]
    assert run.targets_in(["tests/scene", "tests/install"], paths) == [scene]
    assert run.targets_in(["tests/window"], paths) == []
    assert run.targets_in(["tests/window"], []) == ["tests/window"]


def test_needs_nothing_but_python(tmp_path: Path) -> None:
    """And no package `tests` of somebody else's comes before ours."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('not ours')\n")
    done = subprocess.run(
        [sys.executable, "-S", str(ROOT / "build.py"), "test", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--quick" in done.stdout


def test_older_blenders_try_each_test_in_other_cases() -> None:
    def collected(**variables: str) -> set[str]:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/core"]
        environment = {**os.environ, "EVER_ZOOM_CASES": "", "EVER_ZOOM_SHARE": "", **variables}
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return {line for line in ran.stdout.splitlines() if "::" in line}

    everything = collected()
    first, second = (collected(**run.sharing(number, 3)) for number in (1, 2))
    assert collected(**run.sharing(0, 3)) == everything > first | second
    assert max(len(first), len(second)) < 0.5 * len(everything)

    def number_of_cases(chosen: set[str]) -> Counter[str]:
        return Counter(case.split("[")[0] for case in chosen)

    cases = number_of_cases(everything)
    assert not first & second
    assert number_of_cases(first | second).keys() == cases.keys()
    for name in number_of_cases(first).keys() ^ number_of_cases(second).keys():
        assert cases[name] == 1
    only = collected(**run.sharing(1, 2))
    assert number_of_cases(only).keys() == cases.keys()  # an only older one tries every test
