"""The pipeline in a real browser against the real services: started from the page, watched, stopped, run to its end."""

from __future__ import annotations

import io
import re
import zipfile
from urllib.parse import urlencode

import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Locator, Page, expect

from ssenet.config import pipeline_preset

pytestmark = pytest.mark.browser

STARTING = 60_000
PIPELINE = 900_000
WEAK = pipeline_preset("quick", checkpoint="demo-ssenet").crf.alpha_high
TINY = {
    "quick.data.images": "4",
    "quick.data.val_images": "3",
    "quick.cams.scales": "1",
    "quick.cams.flip": "false",
    "quick.crf.crf_iterations": "1",
    "quick.crf.alpha_low": "3",
    "quick.affinity.crop": "96",
    "quick.affinity.epochs": "1",
    "quick.segmentation.crop": "64",
    "quick.segmentation.epochs": "1",
    "quick.segmentation.head_channels": "16",
    "quick.test.flip": "false",
}
"""Settings of the page's own form that run in a few minutes; changed ones stand in the address."""


def start(page: Page, name: str, **changes: str) -> str:
    """Start a pipeline from the page; its address."""
    open_at(page, "/pipeline?" + urlencode({**TINY, **changes}))
    settled(page)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Name", exact=True).press("Enter")
    settled(page)
    page.get_by_role("button", name="Start pipeline").click()
    page.wait_for_url(re.compile("pipeline="))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return page.url


def stage(page: Page, title: str) -> Locator:
    """A stage in the rail."""
    return page.get_by_role("tab", name=re.compile(f"^{title}:"))


def choose(page: Page, title: str) -> None:
    """Show a stage."""
    stage(page, title).click()
    expect(page.get_by_role("heading", name=title, level=3)).to_be_visible()


def shown(page: Page, *titles: str) -> None:
    """Wait for pictures that are really drawn."""
    for title in titles:
        picture = page.locator(f'figure:has(b:text-is("{title}")) img').first
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 20")


def test_pipeline_starts_from_the_page_shows_its_stage_and_can_be_cancelled(page: Page) -> None:
    start(page, "soon over", **{"quick.data.images": "100"})
    expect(page.get_by_role("tab")).to_have_count(8)
    expect(stage(page, "CAMs")).to_have_attribute("aria-label", re.compile("queued|running"))
    expect(page.get_by_role("heading", name="CAMs", level=3)).to_be_visible()
    expect(stage(page, "CAMs")).to_have_attribute("aria-label", re.compile(r"running \d+ %"), timeout=STARTING)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Yes, cancel the pipeline").click()
    expect(page.get_by_role("button", name="Resume at CAMs")).to_be_visible(timeout=STARTING)
    expect(stage(page, "Dense CRF")).to_have_attribute("aria-label", re.compile("waiting|cancelled"))
    settled(page)
    whole_and_accessible(page)
    page.get_by_role("button", name="All pipelines").click()
    expect(page.get_by_role("button", name="soon over")).to_be_visible()


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_pipeline_runs_to_its_figures_pictures_and_tables(page: Page) -> None:
    address = start(page, "all of it")
    figures = page.get_by_role("group", name="mIoU of each step")
    expect(figures.get_by_text(re.compile(r"^\d+\.\d %$"))).to_have_count(3, timeout=PIPELINE)
    expect(page.get_by_text("Fig. 6 of the paper")).to_be_visible()
    shown(page, "val_00000", "Ground truth", "Prediction")
    choose(page, "CAMs")
    shown(page, "Photograph", "Labels, α = 0.2", "Ground truth")
    choose(page, "Dense CRF")
    shown(page, "Photograph", "Ground truth", "CAM, α = 0.2", "CRF, power 3", f"CRF, power {WEAK:g}")
    choose(page, "Random walk")
    shown(page, "CAM, α = 0.2", "Walked labels")
    another_image(page)
    choose(page, "Pseudo-labels")
    shown(page, "Random walk", "Pseudo-labels")
    exported(page)
    whole_and_accessible(page)
    choose(page, "AffinityNet")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)  # that of the stage before has gone
    open_at(page, "/tables")
    expect(page.get_by_role("region", name=re.compile("Table 3")).get_by_text("(1 run)").first).to_be_visible()
    reused(page, address)


def another_image(page: Page) -> None:
    """The next image by button and by key; the address names it."""
    first = page.locator("figure img").first.get_attribute("src")
    page.get_by_role("button", name="Next").click()
    page.wait_for_url(re.compile("image=2"))
    expect(page.locator("figure img").first).not_to_have_attribute("src", str(first))
    page.locator("body").press("ArrowRight")
    page.wait_for_url(re.compile("image=3"))


def exported(page: Page) -> None:
    """The pseudo-labels as a VOC folder."""
    with page.expect_download() as started:
        page.get_by_role("button", name="VOC folder").click()
    with zipfile.ZipFile(io.BytesIO(started.value.path().read_bytes())) as archive:
        masks = [name for name in archive.namelist() if "SegmentationClass" in name and name.endswith(".png")]
        assert len(masks) == 4 and archive.testzip() is None


def reused(page: Page, earlier: str) -> None:
    """The same once more: nothing runs again."""
    again = start(page, "once more")
    assert again != earlier
    expect(page.get_by_role("group", name="mIoU of each step").get_by_text(re.compile("%$"))).to_have_count(3)
    for tab in page.get_by_role("tab").all():
        expect(tab).to_have_attribute("aria-label", re.compile("reused"))
