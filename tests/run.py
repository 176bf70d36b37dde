"""`python3 build.py test`: every check and test, and a table of what they came to.

Needs nothing but Python 3.9, as build.py; the tests run in environments that it makes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools import BPY, ROOT, BuildError
from tools.environments import (
    Content,
    Wishes,
    add_options,
    bpy_content,
    get_python,
    is_whole,
    missing_python,
    named_python,
    pip_install,
    prepare,
    provide,
    wishes_of,
)
from tools.pythons import Python, find_python, lack_of_wheel, python_for
from tools.system import BROWSERS

TEST_OUTPUT = ROOT / "test-output"
TOOLS = Content(("tools",))


def sharing(number: int, blenders: int) -> dict[str, str]:
    """Variables for one of several Blenders, counted from 0, the newest: what tests it tries."""
    return {"EVER_ZOOM_SHARE": f"{number}/{blenders}"} if number else {}


@dataclass
class Result:
    """What one part of the tests came to."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


def run_shown(name: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command and show its output as it comes, each line led by the name."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"[{name}] {line.rstrip()}", flush=True)
    return process.returncode


def run_check(name: str, command: Sequence[str]) -> Result:
    """A check that passes or fails as a whole."""
    start = time.monotonic()
    good = run_shown(name, command, {}) == 0
    return Result(name, int(good), int(not good), 0, time.monotonic() - start)


def checks(tools: Path) -> list[Result]:
    """The code's style and types."""
    ruff, mypy = [str(tools), "-m", "ruff"], [str(tools), "-m", "mypy"]
    return [
        run_check("ruff", [*ruff, "check", "--output-format=concise", "."]),
        run_check("format", [*ruff, "format", "--check", "."]),
        run_check("mypy", mypy),
    ]


@dataclass
class Session:
    """One run of pytest."""

    name: str
    python: Path | Callable[[], Path]  # or what makes its environment, while others run already
    targets: list[str]
    environment: Mapping[str, str]
    is_patient: bool = True  # others go first

    def run(self, options: Sequence[str]) -> Result:
        """Run it; one that ends in another way than pytest's own has failed."""
        python = self.python() if callable(self.python) else self.python
        report = TEST_OUTPUT / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        start = time.monotonic()
        command = [str(python), "-m", "pytest", "-q", f"--junitxml={report}"]
        if self.is_patient and shutil.which("nice"):
            command = ["nice", "-n", "5", *command]
        # Sessions side by side share the cores: numpy's threads would wait for each other, busily.
        environment = {
            "EVER_ZOOM_SESSION": self.name,
            "OPENBLAS_NUM_THREADS": "1",
            **self.environment,
        }
        status = run_shown(self.name, [*command, *options, *self.targets], environment)
        result = Result(self.name, seconds=time.monotonic() - start)
        if report.exists():
            suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
            result.failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            result.skipped = int(suite.get("skipped", 0))
            result.passed = int(suite.get("tests", 0)) - result.failed - result.skipped
        if status == 5 and options:
            result.note = "no test was selected"
        elif status < 0:
            result.failed += 1
            result.note = f"crashed by signal {-status}"
        elif status != 0 and result.failed == 0:  # nothing was collected, as a rule
            result.failed = 1
            result.note = f"pytest ended with status {status}"
        return result


def shared_folder() -> Path | None:
    """The folder of test material beside (or in) the checkout, if it is there."""
    for folder in (ROOT.parent / "shared", ROOT / "shared"):
        if folder.is_dir():
            return folder.resolve()
    return None


def complete_blenders(executable: str | None) -> tuple[dict[str, dict[str, str]], str]:
    """Complete Blenders to test in: by its name, the variables that tests/window finds each by.

    Returns them and, where there are none, why.
    """
    if executable:
        return {"blender": {"EVER_ZOOM_BLENDER": str(shutil.which(executable))}}, ""
    shared = shared_folder()
    if shared is None or not (shared / "blender-gui" / "setup.sh").exists():
        return {}, "../shared/blender-gui is not there; name a Blender by --blender PATH"
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return {}, "../shared/blender-gui needs root on Debian; name a Blender by --blender PATH"
    found: dict[str, dict[str, str]] = {}
    suites = ("sid", "trixie")  # the newest first
    for number, suite in enumerate(suites):
        scripts = shared / "blender-gui"
        if run_shown(suite, ["bash", str(scripts / "setup.sh")], {"BG_SUITE": suite}) != 0:
            return {}, f"../shared/blender-gui/setup.sh failed for {suite}"
        variables = {"EVER_ZOOM_BLENDER_GUI": str(scripts / "run.sh"), "BG_SUITE": suite}
        found[f"blender-{suite}"] = variables | sharing(number, len(suites))
    return found, ""


def find_browser() -> str | None:
    """A browser for tests/browser."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def absent(name: str, reason: str) -> Result:
    """A part that cannot run here: skipped, and in CI a failure."""
    print(f"[{name}] NOT RUN: {reason}", flush=True)
    return Result(name, failed=int(in_ci()), skipped=int(not in_ci()), note=f"NOT RUN: {reason}")


def targets_in(folders: Sequence[str], paths: Sequence[str]) -> list[str]:
    """What to hand to pytest: the folders, or those of the named paths that lie in them."""
    if not paths:
        return list(folders)
    inside = [ROOT / folder for folder in folders]
    return [
        path
        for path in paths
        if any(Path(path.split("::")[0]).resolve().is_relative_to(folder) for folder in inside)
    ]


def interpreter(version: str, wishes: Wishes) -> Python | None:
    """CPython of that version: the first of the named ones that is, or one that is found."""
    return named_python(version, wishes) or find_python(version)


def interpreters(wishes: Wishes) -> tuple[dict[str, Python], dict[str, str]]:
    """What runs each series of bpy here, the newest first, and why some cannot be run."""
    versions = {version: interpreter(version, wishes) for version in map(python_for, BPY)}
    for version in versions if not any(versions.values()) else ():
        versions[version] = get_python(version, wishes)
        if versions[version]:
            break
    found: dict[str, Python] = {}
    reasons: dict[str, str] = {}
    for series in BPY:
        version = python_for(series)
        python = versions[version]
        lack = lack_of_wheel(series)
        if lack:
            reasons[series] = lack
        elif python is None:
            reasons[series] = f"no CPython {version} was found; name one by --python PATH"
        else:
            found[series] = python
    return found, reasons


def newest_bpy(base: Python, wishes: Wishes) -> Path:
    """The interpreter of an environment with the newest bpy that pip finds, looked for each time.

    That is for CPython as the newest tested one needs it: see python_for() for another.
    """
    python = prepare("bpy-newest", base, Content(("tests",), ("bpy",)), wishes)
    if reason := pip_install(python, ["--upgrade", "--pre", "bpy"], wishes):
        raise BuildError(f"pip could not install the newest bpy ({reason}). Check the network.")
    return python


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str], list[str]]:
    """Our options, the paths to test, and what else goes to pytest."""
    parser = argparse.ArgumentParser(
        prog="build.py test",
        allow_abbrev=False,
        usage="python3 build.py test [OPTIONS] [PYTEST OPTIONS AND PATHS]",
        description="Checks the code's style and types, then tests it without Blender, in every "
        "supported bpy wheel, in complete Blenders and in a browser. All other arguments go to "
        "pytest.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="the newest bpy that runs here, no window, no browser"
    )
    parser.add_argument("--checks", action="store_true", help="style and types only, no tests")
    parser.add_argument(
        "--newest-bpy",
        action="store_true",
        help="in the newest bpy that pip finds, previews too, instead of the tested ones",
    )
    parser.add_argument("--blender", metavar="PATH", help="a complete Blender to test in")
    add_options(parser)
    options, rest = parser.parse_known_args(arguments)
    paths = [a for a in rest if not a.startswith("-") and Path(a.split("::")[0]).exists()]
    return options, paths, [a for a in rest if a not in paths]


def main(arguments: Sequence[str]) -> int:
    """Run everything, or what the arguments choose; 0 if nothing failed."""
    options, paths, rest = parse(arguments)
    if options.blender and not shutil.which(options.blender):
        raise BuildError(f"--blender {options.blender} is not a program that can be run.")
    TEST_OUTPUT.mkdir(exist_ok=True)
    wishes = wishes_of(options)
    found, reasons = interpreters(wishes)
    # What needs no bpy is tested without, too: where there is no wheel for the system.
    base = next(iter(found.values()), None) or interpreter("3.13", wishes)
    base = base or interpreter("3.11", wishes)
    if base is None:
        needs = "the tests need CPython 3.13 (bpy 5.2) and 3.11 (bpy 4.5 and 4.2)"
        raise missing_python(needs, ["3.13", "3.11"], wishes)
    results = []
    sessions = []
    targets = targets_in(["tests/scene", "tests/install"], paths)
    everywhere = not (options.quick or options.newest_bpy)
    chosen = list(BPY) if everywhere else list(found)[:1] or list(BPY)[:1]
    chosen = chosen if targets and not options.checks else []
    contents = {series: bpy_content(BPY[series], ["tests"]) for series in chosen}
    running_here = {series: python for series, python in found.items() if series in chosen}
    page = targets_in(["tests/browser"], paths) if everywhere and not options.checks else []
    bases = [python for s, python in running_here.items() if not is_whole(f"bpy-{s}", contents[s])]
    bases += [] if is_whole("tools", TOOLS) else [base]
    provide(bases, wishes, running_here, browser=bool(page))
    tools = prepare("tools", base, TOOLS, wishes)
    if options.checks:
        return close(checks(tools))
    for number, (series, python) in enumerate(running_here.items()):
        # What is named is tried in all of them.
        variables = {} if paths else sharing(number, len(running_here))
        name, make = f"bpy-{series}", partial(prepare, f"bpy-{series}", python, contents[series])
        if options.newest_bpy:
            name, make = "bpy-newest", partial(newest_bpy, python)
        make = partial(make, wishes)
        sessions.append(Session(name, make, targets, variables, is_patient=number > 0))
    # Also of --quick it is said which Blenders could not be tested here.
    for series, reason in reasons.items():
        if series in chosen:
            results.append(absent(f"bpy-{series}", reason))
        elif not everywhere and targets:
            print(f"[bpy-{series}] not tried: {reason}", flush=True)
    core = targets_in(["tests/core", "tests/build"], paths)
    if core:
        sessions.append(Session("core", tools, core, {}))
    browser = find_browser() if page else None
    if browser:
        sessions.append(Session("browser", tools, page, {"EVER_ZOOM_BROWSER": browser}))
    elif page:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        results.append(absent("browser", reason))
    window = targets_in(["tests/window"], paths) if everywhere else []
    # All at once but the windows, which come one after the other. What takes longest, they and the
    # newest Blender, goes first: so both cores are busy to the end.
    with ThreadPoolExecutor(len(sessions) + 1) as pool, ThreadPoolExecutor(1) as screen:
        checking = [] if paths else [pool.submit(checks, tools)]
        running = [pool.submit(session.run, rest) for session in sessions]
        if window:
            blenders, reason = complete_blenders(options.blender)
            if not blenders:
                results.append(absent("window", reason))
            for name, variables in blenders.items():
                session = Session(name, tools, window, variables, is_patient=False)
                running.append(screen.submit(session.run, rest))
    for group in checking:
        results += group.result()
    results += [session.result() for session in running]
    return close(results)


def close(results: Sequence[Result]) -> int:
    """Print the closing table and line; the exit status."""
    print(f"\n{'':15}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for part in results:
        counts = f"{part.passed:8}{part.failed:8}{part.skipped:8}{part.seconds:9.0f}"
        print(f"{part.name:15}{counts}  {part.note}".rstrip())
    passed, failed, skipped = (
        sum(getattr(result, key) for result in results) for key in ("passed", "failed", "skipped")
    )
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return int(failed > 0 or passed == 0)
