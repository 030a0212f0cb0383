"""What a person does with the product, in a real browser against the real services."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from browsing import open_at, settled, whole_and_accessible
from PIL import Image
from playwright.sync_api import Page, expect

from ssenet.data.gallery import gallery, open_photograph
from ssenet.weights.builtin import DEMO, builtin_checkpoints

pytestmark = pytest.mark.browser

PAGES = ("/", "/train", "/pipeline", "/jobs", "/alpha_lab", "/tables")
BASELINE, SSENET = BUILT_IN = [b.card.name for b in builtin_checkpoints() if b.id in DEMO]
FIRST_MAPS = 90_000
TRAINING = 600_000


def maps_of(page: Page, checkpoint: str, column: str) -> None:
    """Wait for one picture of the strip."""
    image = page.locator(f'img[alt^="{checkpoint}: activation of"][alt$=" at {column}"]')
    expect(image).to_be_visible(timeout=FIRST_MAPS)


def mirrored_photograph(folder: Path) -> Path:
    """A JPEG the service has not seen: a sample photograph, mirrored."""
    with Image.open(io.BytesIO(open_photograph(gallery()[0].key))) as opened:
        path = folder / "mine.jpg"
        opened.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path, quality=92)
    return path


def upload(page: Page, path: Path) -> None:
    """Give a file to the uploader of the Inspect page."""
    page.get_by_role("button", name="Upload a photograph").click()
    page.locator('input[type="file"]').set_input_files(path)


def test_first_visit_shows_the_strip_of_a_real_photograph(page: Page) -> None:
    open_at(page, "/")
    for checkpoint in BUILT_IN:
        for column in ("scale 0.5", "scale 1", "scale 1.5", "scale 2", "multi-scale"):
            maps_of(page, checkpoint, column)
    photographs = page.get_by_role("radiogroup", name="Sample photographs").get_by_role("radio")
    expect(photographs).to_have_count(len(gallery()))


def test_uploaded_photograph_shows_maps_and_its_link_restores_it(page: Page, tmp_path: Path) -> None:
    open_at(page, "/")
    upload(page, mirrored_photograph(tmp_path))
    page.wait_for_url(re.compile("image="))
    expect(page.get_by_text("Photograph: mine.jpg")).to_be_visible(timeout=FIRST_MAPS)
    for checkpoint in BUILT_IN:
        for column in ("scale 0.5", "scale 1", "scale 1.5", "scale 2", "multi-scale"):
            maps_of(page, checkpoint, column)
    open_at(page, page.url)
    expect(page.get_by_text("Photograph: mine.jpg")).to_be_visible(timeout=FIRST_MAPS)


def test_another_sample_by_click_and_by_key(page: Page) -> None:
    open_at(page, "/")
    photographs = page.get_by_role("radiogroup", name="Sample photographs").get_by_role("radio")
    photographs.nth(2).click()
    page.wait_for_url(re.compile("image="))
    expect(photographs.nth(2)).to_have_attribute("aria-checked", "true")
    before = page.url
    photographs.nth(2).press("ArrowRight")
    page.wait_for_url(lambda url: url != before)
    expect(photographs.nth(3)).to_have_attribute("aria-checked", "true")


def test_refused_upload_says_why_and_keeps_the_picture(page: Page, tmp_path: Path) -> None:
    open_at(page, "/")
    maps_of(page, SSENET, "multi-scale")
    before = page.locator("table.sl-strip img").first.get_attribute("src")
    bad = tmp_path / "notes.png"
    bad.write_bytes(b"this is a text, not a picture")
    upload(page, bad)
    expect(page.get_by_text("The photograph was not taken.")).to_be_visible()
    assert page.locator("table.sl-strip img").first.get_attribute("src") == before


def test_raw_maps_can_be_downloaded(page: Page) -> None:
    open_at(page, "/")
    maps_of(page, SSENET, "multi-scale")
    with page.expect_download() as started:
        page.get_by_role("button", name="Raw maps").click()
    with np.load(started.value.path(), allow_pickle=False) as arrays:
        assert set(arrays.files) == {f"{c}/s{s}" for c in BUILT_IN for s in ("0.5", "1", "1.5", "2")}
        assert all(arrays[name].dtype == np.float16 and arrays[name].ndim == 3 for name in arrays.files)


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
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.get_by_label("Protocol of Fig. 4")).to_contain_text("demo")


@pytest.mark.parametrize("address", PAGES)
def test_page_is_whole_fits_and_is_accessible(page: Page, address: str) -> None:
    open_at(page, address)
    if address == "/":
        maps_of(page, SSENET, "multi-scale")
    settled(page)
    whole_and_accessible(page)


def test_pages_fetch_nothing_from_elsewhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_at(page, "/")
    maps_of(page, SSENET, "scale 0.5")
    elsewhere = [u for u in asked if not re.match(r"(http|ws)://127\.0\.0\.1[:/]|data:|blob:", u)]
    assert elsewhere == []
