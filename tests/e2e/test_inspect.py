"""The Inspect page in a real browser with real workers: maps, α, coverage, links, samples, uploads, the export."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from browsing import open_at, settled, whole_and_accessible
from inspecting import BUILT_IN, FIRST_MAPS, SSENET, Messages, all_maps, answer, known_sample, map_of
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from frontend.components.truth import labels_of_png
from ssenet.analysis.coverage import balance, coverage, score_maps
from ssenet.data.gallery import gallery, open_photograph
from ssenet.results import View

if TYPE_CHECKING:
    from conftest import Product

pytestmark = pytest.mark.browser

SCALES = (0.5, 1.0, 1.5, 2.0)


def mirrored_photograph(folder: Path) -> Path:
    """A JPEG the service has not seen: a sample photograph, mirrored."""
    with Image.open(io.BytesIO(open_photograph(gallery()[0].key))) as opened:
        path = folder / "mine.jpg"
        opened.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path, quality=92)
    return path


def upload(page: Page, path: Path) -> None:
    """Give a file to the uploader."""
    page.get_by_role("button", name="Upload a photograph").click()
    page.locator('input[type="file"]').set_input_files(path)


def test_first_visit_shows_the_strip_of_a_real_photograph(page: Page) -> None:
    open_at(page, "/")
    all_maps(page)
    photographs = page.get_by_role("radiogroup", name="Sample photographs").get_by_role("radio")
    expect(photographs).to_have_count(len(gallery()))
    expect(answer(page)).to_contain_text("Coverage needs a mask")


def test_dragging_alpha_asks_nothing_until_it_is_let_go(page: Page) -> None:
    messages = Messages(page)
    open_at(page, "/")
    all_maps(page)
    settled(page)
    slider = page.get_by_label("Background threshold α")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    cam = page.locator(".cam")
    page.mouse.move(box["x"] + 8 + 0.2 * (box["width"] - 16), y)
    page.mouse.down()
    messages.sent.clear()
    looked_up = cam.get_attribute("data-lookups") or ""
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=10)
    expect(slider).not_to_have_value("0.2")
    expect(cam).not_to_have_attribute("data-lookups", looked_up)
    assert messages.sent == [] and "alpha=" not in page.url
    page.mouse.up()
    page.wait_for_url(re.compile(r"alpha=0\.[56]"))
    settled(page)
    assert len(messages.sent) == 1, "one update of the address"
    chosen = float(slider.input_value())
    expect(page.get_by_text(f"α = {chosen:.3f} labels as power")).to_be_visible()


def test_a_copied_link_shows_the_same_elsewhere(page: Page, browser: Browser, product: Product) -> None:
    open_at(page, "/")
    all_maps(page)
    known_sample(page, "fish").click()
    expect(answer(page)).to_contain_text("over-cover", timeout=FIRST_MAPS)
    page.get_by_text("Errors", exact=True).click()
    page.get_by_label("Background threshold α").press("ArrowRight")
    page.wait_for_url(re.compile("alpha=0.201"))
    page.get_by_label("Colours").select_option("viridis")
    page.wait_for_url(re.compile("colours=viridis"))
    expect(answer(page)).to_contain_text("α = 0.201")
    said = answer(page).inner_text()
    other = browser.new_context(base_url=product.ui, viewport={"width": 1280, "height": 900})
    try:
        fresh = other.new_page()
        open_at(fresh, page.url)
        expect(answer(fresh)).to_have_text(said, timeout=FIRST_MAPS)
        expect(fresh.get_by_label("Background threshold α")).to_have_value("0.201")
        expect(fresh.get_by_label("Colours")).to_have_value("viridis")
        expect(fresh.get_by_role("radio", name="Errors")).to_be_checked()
        settled(fresh)
        assert fresh.url == page.url
    finally:
        other.close()


def test_the_answer_is_what_the_service_s_maps_and_mask_say(page: Page, product: Product) -> None:
    open_at(page, "/")
    known_sample(page, "fruit").click()
    page.wait_for_url(re.compile("image="))
    all_maps(page)
    expect(answer(page)).to_contain_text("FP/TP", timeout=FIRST_MAPS)
    image = re.search(r"image=(\w+)", page.url)
    assert image
    with httpx.Client(base_url=f"{product.api}/api/v1", trust_env=False, timeout=60) as api:
        origin = api.get(f"/images/{image[1]}").json()["origin"]
        dataset, split, index = origin.split("/")
        mask = labels_of_png(api.get(f"/datasets/{dataset}/samples/{split}/{index}/mask").content)
        query = {"image": image[1], "scales": list(SCALES), "flip": "false"}
        for checkpoint, name in zip(("demo-baseline", "demo-ssenet"), BUILT_IN, strict=True):
            classes = api.get(f"/checkpoints/{checkpoint}").json()["card"]["classes"]
            answered = api.get(f"/checkpoints/{checkpoint}/cams", params=query, headers={"Accept": "application/x-npz"})
            with np.load(io.BytesIO(answered.content), allow_pickle=False) as arrays:
                logits = {View.parse(key): arrays[key].astype(np.float32) for key in arrays.files}
            k = classes.index("fruit")
            scores = score_maps(logits, mask.shape, k, SCALES)
            counts = {scale: coverage(scores[f"{scale:g}"], mask, k + 1, 0.2) for scale in SCALES}
            scale = balance(counts).scale
            assert scale is not None
            ends = f"at scale {scale:g} \\(FP/TP {counts[scale].over:.2f}\\)"
            expect(answer(page)).to_contain_text(re.compile(f"{name} (stops over-covering the fruit|does) {ends}"))


def test_any_sample_can_be_opened_by_class(page: Page) -> None:
    open_at(page, "/")
    page.get_by_role("button", name="Open a sample").click()
    page.get_by_label("Shows").click()
    page.get_by_role("option", name="flower").click()
    settled(page)
    samples = page.get_by_test_id("stPopoverBody").get_by_role("radio")
    expect(samples.first).to_have_attribute("title", re.compile("flower"))
    samples.first.click()
    page.wait_for_url(re.compile("image="))
    expect(page.get_by_text(re.compile(r"Photograph: val_\d+"))).to_be_visible()


def test_uploaded_photograph_shows_maps_and_its_link_restores_it(page: Page, tmp_path: Path) -> None:
    open_at(page, "/")
    upload(page, mirrored_photograph(tmp_path))
    page.wait_for_url(re.compile("image="))
    expect(page.get_by_text("Photograph: mine.jpg")).to_be_visible(timeout=FIRST_MAPS)
    all_maps(page)
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
    settled(page)
    before = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != before)
    expect(photographs.nth(4)).to_have_attribute("aria-checked", "true")


def test_refused_upload_says_why_and_keeps_the_picture(page: Page, tmp_path: Path) -> None:
    open_at(page, "/")
    expect(map_of(page, SSENET, "multi-scale")).to_be_visible(timeout=FIRST_MAPS)
    credit = page.get_by_text("Photograph: ")
    before = credit.inner_text()
    bad = tmp_path / "notes.png"
    bad.write_bytes(b"this is a text, not a picture")
    upload(page, bad)
    expect(page.get_by_text("The photograph was not taken.")).to_be_visible()
    assert credit.inner_text() == before


def test_everything_can_be_taken_away(page: Page) -> None:
    open_at(page, "/")
    all_maps(page)
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert {"photograph.png", "strip.png", "strip.svg", "cams.npz", "coverage.csv"} <= set(archive.namelist())
        with np.load(io.BytesIO(archive.read("cams.npz")), allow_pickle=False) as arrays:
            assert set(arrays.files) == {f"{c}/s{s}" for c in BUILT_IN for s in ("0.5", "1", "1.5", "2")}
            assert all(arrays[name].dtype == np.float16 and arrays[name].ndim == 3 for name in arrays.files)
    with page.expect_download() as started:
        page.get_by_role("button", name="Strip").click()
    with Image.open(started.value.path()) as sheet:
        assert sheet.format == "PNG" and sheet.width > 5 * 320


def test_dark_and_wide_is_whole_and_accessible(browser: Browser, product: Product) -> None:
    context = browser.new_context(base_url=product.ui, viewport={"width": 1920, "height": 1080}, color_scheme="dark")
    try:
        page = context.new_page()
        open_at(page, "/")
        all_maps(page)
        known_sample(page, "fruit").click()
        expect(answer(page)).to_contain_text("over-cover", timeout=FIRST_MAPS)
        settled(page)
        whole_and_accessible(page)
    finally:
        context.close()
