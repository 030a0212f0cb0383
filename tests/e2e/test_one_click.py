"""One click on a fresh installation: photographs to a segmentation mIoU on two cores in under ten minutes."""

from __future__ import annotations

import re

import pytest
from browsing import open_at, settled
from playwright.sync_api import Page, expect

TEN_MINUTES = 600

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(TEN_MINUTES + 300)]


def test_one_click_goes_to_a_segmentation(page: Page) -> None:
    open_at(page, "/pipeline")
    settled(page)
    page.get_by_role("button", name="Start pipeline").click()
    page.wait_for_url(re.compile("pipeline="))
    figures = page.get_by_role("group", name="mIoU of each step").get_by_text(re.compile(r"^\d+\.\d %$"))
    expect(figures).to_have_count(3, timeout=TEN_MINUTES * 1000)
    cam, labels, segmentation = (float(text.removesuffix(" %")) for text in figures.all_inner_texts())
    assert labels > cam
    assert segmentation > 20
