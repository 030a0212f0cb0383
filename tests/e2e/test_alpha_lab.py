"""The α lab in a real browser against the real services: curves, a class, the images behind a point, its link."""

from __future__ import annotations

import re

import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Locator, Page, expect

from ssenet.weights.builtin import DEMO, builtin_checkpoints

pytestmark = pytest.mark.browser

BUILT_IN = [b.card.name for b in builtin_checkpoints() if b.id in DEMO]
MAPS = 90_000
"""Milliseconds for what is computed for the first time: bands, and maps of a network that is loaded for them."""


def open_lab(page: Page, query: str) -> None:
    """Open the lab and wait until all of it is drawn; the first visit computes every row's bands."""
    open_at(page, f"/alpha_lab?{query}")
    expect(page.get_by_role("button", name="Export")).to_be_visible(timeout=MAPS)
    settled(page)


def figure(page: Page, number: int) -> Locator:
    """Fig. 4, Fig. 5 or the classes, drawn."""
    chart = page.locator(".js-plotly-plot").nth(number)
    expect(chart.locator(".plot-container")).to_be_visible()
    return chart


def click_point(page: Page, chart: Locator, trace: str, alpha: float) -> None:
    """Click on the point of a curve at an α, where plotly has drawn it."""
    chart.scroll_into_view_if_needed()
    x, y = chart.evaluate(
        """(plot, [name, alpha]) => {
            const trace = plot._fullData.find((t) => t.name === name);
            const at = trace.x.findIndex((x) => Math.abs(x - alpha) < 1e-6);
            const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
            return [box.x + xaxis._offset + xaxis.d2p(trace.x[at]), box.y + yaxis._offset + yaxis.d2p(trace.y[at])];
        }""",
        [trace, alpha],
    )
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    expect(chart.locator(".hoverlayer .hovertext").first).to_be_visible()  # a click selects what is hovered
    page.mouse.click(x, y)


def test_curves_a_class_and_the_images_behind_a_point(page: Page) -> None:
    open_lab(page, "samples=200")
    names = figure(page, 0).evaluate("plot => plot._fullData.filter(t => t.showlegend).map(t => t.name)")
    assert names == [f"{c} {row}" for c in BUILT_IN for row in ("0.5", "1", "1.5", "2", "MS")]
    click_point(page, figure(page, 0), f"{BUILT_IN[1]} 0.5", 0.3)  # the scale that costs least
    page.wait_for_url(re.compile("images=true"))
    labels = page.locator('img[alt^="Labels of Demo SSENet for"]')
    expect(labels).to_have_count(4, timeout=MAPS)
    for part in ("alpha=0.3", "of=Demo+SSENet", "row=0.5"):
        assert part in page.url.replace("%20", "+")
    settled(page)
    first = labels.first.get_attribute("alt")
    page.keyboard.press("n")
    expect(labels.first).not_to_have_attribute("alt", str(first), timeout=MAPS)
    expect(labels).to_have_count(4, timeout=MAPS)
    second = labels.first.get_attribute("alt")
    open_at(page, page.url)
    expect(labels).to_have_count(4, timeout=MAPS)
    expect(labels.first).to_have_attribute("alt", str(second))
    settled(page)
    whole_and_accessible(page)


def test_one_class_and_the_bounded_ratios_are_in_the_link(page: Page) -> None:
    open_lab(page, "class=bird&ratios=bounded&rows=1&rows=MS&samples=200")
    axis = "plot => [plot._fullLayout.yaxis.title.text, plot._fullData.filter(t => t.showlegend).length]"
    assert figure(page, 0).evaluate(axis) == ["IoU of bird (%)", 4]
    assert figure(page, 1).evaluate(axis) == ["FN / (TP + FN) of bird", 2]
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    assert started.value.suggested_filename.startswith("alpha-lab-")
