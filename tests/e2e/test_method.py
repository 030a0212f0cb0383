"""The Method page in a real browser, its examples on maps of the real worker."""

from __future__ import annotations

import re

import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
FIRST_MAPS = 180_000


def cell(page: Page, row: str, column: int) -> Locator:
    """A cell of a table, by the first cell of its row."""
    return page.get_by_role("row", name=re.compile(f"^{re.escape(row)}")).first.get_by_role("cell").nth(column)


def number_of(page: Page, row: str, column: int) -> float:
    """The number in a cell."""
    return float(re.sub(r"[^0-9.]", "", cell(page, row, column).inner_text()))


def test_drawing_equations_and_examples(page: Page) -> None:
    open_at(page, "/method")
    expect(page.get_by_role("img", name=re.compile("The network of SSENet"))).to_be_visible()
    expect(page.get_by_text("On this photograph, R of")).to_be_visible(timeout=FIRST_MAPS)
    expect(page.locator(".katex-display")).to_have_count(6)
    assert page.locator(".katex-error").count() == 0
    ser, weighted, total = (number_of(page, "Demo SSENet", column) for column in (3, 4, 5))
    large, small = (number_of(page, "Demo SSENet", column) for column in (1, 2))
    assert ser > 0 and weighted == pytest.approx(ser, abs=2e-4)
    assert total == pytest.approx((large + small) / 2 + ser, abs=3e-4)
    page.get_by_role("slider", name="η, the weight of SER").press("End")
    page.wait_for_url(re.compile("eta=5"))
    expect(cell(page, "Demo SSENet", 4)).not_to_have_text(f"{weighted:.4f}")
    assert number_of(page, "Demo SSENet", 4) == pytest.approx(5 * ser, abs=3e-3)
    settled(page)
    whole_and_accessible(page)


def test_a_copied_link_shows_the_same(page: Page) -> None:
    open_at(page, "/method?toy_side=10&toy_second=false&ser_form=paper&alpha=0.5&checkpoints=Demo+SSENet")
    expect(page.get_by_text("M > 0.500")).to_be_visible(timeout=FIRST_MAPS)
    expect(page.get_by_text("The prediction is smaller than the object")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^small square")).get_by_text("undefined").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Toy masks. found: 100 pixels"))).to_be_visible()
    page.get_by_role("link", name="CRF").last.click()
    expect(page.get_by_role("heading", name="CRF", level=1)).to_be_visible()
