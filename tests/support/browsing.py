"""What browser tests of the pages share."""

from __future__ import annotations

import json

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)  # the services share two cores with everything else that runs


def open_at(page: Page, address: str) -> None:
    """Open an address and wait for the page's own heading."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def settled(page: Page) -> None:
    """Wait until the running script has come to rest."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()


def whole_and_accessible(page: Page) -> None:
    """Fail when the page shows a fault, does not fit its window, or shuts people out."""
    words = page.locator("body").inner_text()
    assert "Traceback" not in words and "could not be shown" not in words
    width = page.evaluate("innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    grave = [v for v in violations if v["impact"] in ("serious", "critical")]
    assert not grave, json.dumps(grave, indent=1)[:4000]
