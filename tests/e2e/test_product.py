"""What a person does with the product, in a real browser against the real services."""

from __future__ import annotations

import re

import pytest
from browsing import open_at, settled, whole_and_accessible
from inspecting import BASELINE, FIRST_MAPS, SSENET, map_of
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = ("/", "/train", "/pipeline", "/jobs", "/alpha_lab", "/tables")
TRAINING = 600_000


@pytest.mark.timeout(900)
def test_quick_training_from_start_to_comparison(page: Page) -> None:
    open_at(page, "/train")
    settled(page)
    page.get_by_label("Name of the run").fill("from the browser")
    page.get_by_label("Name of the run").press("Enter")
    settled(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile("job="))
    expect(page.get_by_role("heading", name="from the browser")).to_be_visible()
    expect(page.locator(".js-plotly-plot").last).to_be_visible(timeout=TRAINING)
    expect(page.get_by_role("button", name="Open in Inspect")).to_be_visible(timeout=TRAINING)
    expect(page.get_by_text("Its evaluation is done")).to_be_visible(timeout=TRAINING)
    page.get_by_role("button", name=f"Compare with {BASELINE}").click()
    expect(page.get_by_role("heading", name="α lab", level=1)).to_be_visible()
    table = page.locator("table.sl-table")
    expect(table.get_by_role("cell", name="from the browser").first).to_be_visible()
    expect(table.get_by_role("cell", name=BASELINE).first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.get_by_label("Protocol of Fig. 4")).to_contain_text("demo")


@pytest.mark.parametrize("address", PAGES)
def test_page_is_whole_fits_and_is_accessible(page: Page, address: str) -> None:
    open_at(page, address)
    if address == "/":
        expect(map_of(page, SSENET, "multi-scale")).to_be_visible(timeout=FIRST_MAPS)
    settled(page)
    whole_and_accessible(page)


def test_pages_fetch_nothing_from_elsewhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_at(page, "/")
    expect(map_of(page, SSENET, "scale 0.5")).to_be_visible(timeout=FIRST_MAPS)
    elsewhere = [u for u in asked if not re.match(r"(http|ws)://127\.0\.0\.1[:/]|data:|blob:", u)]
    assert elsewhere == []
