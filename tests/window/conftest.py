"""Fixtures for the tests in a complete Blender. Never touches bpy itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import build
from tests.conftest import failed_key

from .driver import Blender, Window, blender_of_the_environment
from .nested import NestedSeries


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built extension."""
    return build.build_zip(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def make_blender(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Blender]:
    """Makes a Blender with a factory-fresh configuration of its own."""

    def make() -> Blender:
        blender = blender_of_the_environment(tmp_path_factory.mktemp("blender"))
        if blender is None:
            pytest.skip("no complete Blender is named: see tests/window/driver.py")
        return blender

    return make


@pytest.fixture(scope="session")
def blender(make_blender: Callable[[], Blender], extension_zip: Path) -> Blender:
    """A complete Blender in which the built zip is installed and enabled."""
    made = make_blender()
    made.install(extension_zip)
    return made


@pytest.fixture
def window(
    blender: Blender, picture_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    """The window of that Blender, newly started, with the start-up file and no splash screen."""
    yield from started_window(blender, picture_folder, request)


def started_window(
    blender: Blender, picture_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Window]:
    """A window that is ended after the test, which fails if Blender printed a traceback."""
    if missing := blender.missing_programs():
        pytest.skip(f"the window needs {', '.join(missing)}")
    with ExitStack() as stack:
        started = Window(blender, picture_folder)
        stack.callback(started.stop)
        started.press("Escape")
        yield started
    if "Traceback" in blender.log():
        request.node.stash[failed_key] = True  # so that the pictures are kept
        pytest.fail(f"a traceback in Blender's console:\n{blender.log()}", pytrace=False)


@pytest.fixture(scope="session")
def series(tmp_path_factory: pytest.TempPathFactory) -> NestedSeries:
    """A small series; tests write nothing into its folder."""
    return NestedSeries(tmp_path_factory.mktemp("series") / "small")
