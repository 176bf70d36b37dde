"""Fixtures for the tests in a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .driver import Browser


@pytest.fixture(scope="session")
def running_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = os.environ.get("EVER_ZOOM_BROWSER")  # `build.py test` sets it
    if not program:
        pytest.skip("no browser is named: set EVER_ZOOM_BROWSER to a Chromium")
    browser = Browser(program, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(running_browser: Browser) -> Iterator[Browser]:
    """A browser, of whose pages no script fails."""
    running_browser.errors.clear()
    yield running_browser
    running_browser.send("Emulation.setScriptExecutionDisabled", value=False)
    assert not running_browser.errors
