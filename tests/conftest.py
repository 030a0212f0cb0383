"""What all tests share: waiting without sleeping blindly, and the browser the browser tests drive."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import ensure_browser
import pytest
from playwright.sync_api import Browser, sync_playwright

pytest_plugins = ["promise_report", "postgres_server"]


# A slow machine is no fault: this multiplies how long is waited for what will come. Promised times have limits of
# their own (``measured``).
PATIENCE = float(os.environ.get("SSENET_TEST_PATIENCE", "1"))


def _wait_until(condition: Callable[[], object], *, timeout: float = 20.0, what: str = "condition") -> object:
    """Poll ``condition`` until it is truthy and return its value; fail the test after ``timeout`` seconds."""
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {timeout:g} s")
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., object]:
    """``wait_until(condition, timeout=, what=)``: polls, and fails the test when time is up."""
    return _wait_until


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium that browser tests launch."""
    path = ensure_browser.find_browser()
    assert path, "a test that needs the browser carries the 'browser' mark"
    return str(path)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Headless Chromium, one for all tests: two at once would quarrel over the event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(ensure_browser.QUIET))
        yield launched
        launched.close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A browser test without a browser is skipped with the reason, and fails under ``CI=true``."""
    if item.get_closest_marker("browser") is None or ensure_browser.find_browser():
        return
    reason = "no Chromium: apt-get install chromium, or name one in SSENET_CHROMIUM"
    if ensure_browser.in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
