"""One question, five clicks: where SSENet stops over-covering an object, and whether the difference is real."""

from __future__ import annotations

import re

import pytest
from browsing import open_at
from inspecting import FIRST_MAPS, answer, known_sample
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

AT_MOST = 5


class Hand:
    """Clicks, and counts them."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, target: Locator) -> None:
        """One click."""
        self.clicks += 1
        target.click()


def test_where_ssenet_stops_over_covering_and_whether_the_difference_is_real(page: Page) -> None:
    hand = Hand()
    open_at(page, "/")
    hand.click(known_sample(page, "fruit"))
    stops = re.compile(r"SSENet stops over-covering the fruit at scale ([\d.]+) \(FP/TP \d+\.\d\d\)")
    expect(answer(page)).to_have_text(stops, timeout=FIRST_MAPS)
    found = stops.search(answer(page).inner_text())
    assert found

    hand.click(page.get_by_role("link", name="Is the difference to the baseline real?"))
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    verdict = page.get_by_role("status", name="Is the difference real?")
    expect(verdict).to_contain_text(f"For fruit at scale {found[1]} and α = 0.2")
    expect(verdict).to_contain_text(
        re.compile(r"FP/TP .* difference [+−]?[\d.]+ \(95 % interval .+ to .+, \d+ images\)")
    )
    expect(verdict).to_contain_text(re.compile("the difference is real|this could be chance"))

    assert hand.clicks <= AT_MOST
    print(f"answered in {hand.clicks} clicks: scale {found[1]}; {verdict.inner_text()}")  # noqa: T201
