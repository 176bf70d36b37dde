"""What all tests share. Never touches bpy itself."""

from __future__ import annotations

import os
import re
import shutil
import signal
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.cases import ALL_CASES

# Several test runs share the processor: threads of the linear algebra that wait for each other by
# spinning would take most of it. To be set before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What a shell starts in the background ignores Ctrl-C, and so would every process that a test
# starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is timed: machines may be slow, or busy with others.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
# A skip that is right everywhere, for what one version of Blender does not have, says so first.
DOES_NOT_APPLY = "does not apply"

failed_key = pytest.StashKey[bool]()


def _refuse_skip(report: Any) -> None:
    """In CI everything must run: a skip is a failure."""
    if not IN_CI or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(DOES_NOT_APPLY):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {reason}"


def _family(item: pytest.Item) -> tuple[object, ...]:
    """What the cases of one test have in common; those of different engines are no family."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return item.path, getattr(item, "originalname", item.name), parameters.get("engine")


def _share(cases: list[pytest.Item], number: int, blenders: int) -> list[pytest.Item]:
    """What the older Blender of that number, from 1, tries of the cases of one test."""
    if len(cases) == 1:
        turn = 1 + zlib.crc32(cases[0].nodeid.encode()) % (blenders - 1)
        return cases if number == turn else []
    return cases[number % len(cases) :: blenders]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Less is tried again in Blenders that are not the newest, unless all cases are asked for.

    What any Blender would show alike is not, and of the cases of one test each of them has its
    share, others than the other ones (EVER_ZOOM_SHARE=1/3: the first older one of three). A test
    of one case has one of them, by its name.
    """
    share = os.environ.get("EVER_ZOOM_SHARE", "")
    if not share or ALL_CASES:
        return
    number, blenders = map(int, share.split("/"))
    families: dict[tuple[object, ...], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if not item.get_closest_marker("newest"):
            families[_family(item)].append(item)
    tried = {item for cases in families.values() for item in _share(cases, number, blenders)}
    config.hook.pytest_deselected(items=[item for item in items if item not in tried])
    items[:] = [item for item in items if item in tried]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    if report.failed:
        item.stash[failed_key] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test material beside (or in) the checkout."""
    for folder in (ROOT.parent / "shared", ROOT / "shared"):
        if folder.is_dir():
            return folder.resolve()
    pytest.skip("../shared is not there")


@pytest.fixture
def picture_folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty folder for pictures to look at: it is kept, in test-output/, if the test fails."""
    session = os.environ.get("EVER_ZOOM_SESSION", "by-hand")
    name = re.sub(r"[^\w.-]+", "_", request.node.nodeid.removeprefix("tests/")).strip("_")
    folder = ROOT / "test-output" / session / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    if not request.node.stash.get(failed_key, False):
        shutil.rmtree(folder)
