"""The aggregation lab in a real browser: a set computed by a real worker, two ways, their scores."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Browser, Page, expect

from .conftest import Product

pytestmark = pytest.mark.browser


def computed(product: Product, wait_until: Callable[..., object]) -> str:
    """Id of a set of CAMs of three photographs, made by the worker."""
    with httpx.Client(base_url=f"{product.api}/api/v1", trust_env=False, timeout=30) as api:
        settings = {"checkpoint": "demo-ssenet", "images": 3, "scales": [0.5, 1.0], "flip": False}
        job = api.post("/jobs", json={"kind": "infer_cam", "settings": settings, "name": "three"}).json()["id"]

        def made() -> str | None:
            answer = api.get(f"/jobs/{job}").json()
            assert answer["state"] not in ("failed", "cancelled"), answer
            return answer["result"]["set"] if answer["state"] == "succeeded" else None

        return str(wait_until(made, timeout=120, what="a set of CAMs"))


def test_two_ways_are_scored_and_the_address_holds_them(
    page: Page, product: Product, browser: Browser, wait_until: Callable[..., object]
) -> None:
    made = computed(product, wait_until)
    open_at(page, f"/aggregation?set={made}&b_combine=max")
    verdict = page.get_by_text(re.compile(r"on the first 3 of 3 photographs"))
    expect(verdict).to_be_visible()
    expect(page.locator("figure img")).to_have_count(4)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    before = verdict.inner_text()
    page.locator(".st-key-b_scales").get_by_text("0.5", exact=True).click()
    page.wait_for_url(re.compile("b_scales=1"))
    settled(page)
    expect(verdict).not_to_have_text(before)
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(re.compile("item=2"))
    settled(page)
    whole_and_accessible(page)
    after = verdict.inner_text()
    other = browser.new_context(base_url=product.ui).new_page()
    open_at(other, page.url)
    expect(other.get_by_text(after)).to_be_visible()
    expect(other.get_by_text("Photograph 2 of 3")).to_be_visible()
    other.context.close()
