"""Triage in a real browser with a real worker: measured, filtered, looked at by key, opened in Inspect, made again."""

from __future__ import annotations

import re
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from ssenet.cli import app
from ssenet.config import DatasetSpec
from ssenet.data import open_dataset

pytestmark = pytest.mark.browser

MEASURED = 240_000
IMAGES = 3
SETTINGS = f"triage_images={IMAGES}&triage_scales=0.5&triage_scales=1"


@pytest.fixture(scope="module")
def address(browser: Browser, product: object) -> Iterator[str]:
    """Address of a ranking of a few photographs that the page's own button made."""
    context = browser.new_context(base_url=product.ui, viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    context.set_default_timeout(60_000)
    page = context.new_page()
    open_at(page, f"/triage?{SETTINGS}")
    settled(page)
    expect(page.get_by_text("has not been measured with")).to_be_visible()
    whole_and_accessible(page)
    page.get_by_role("button", name=f"Measure {IMAGES} photographs").click()
    page.wait_for_url(re.compile("job="))
    expect(page.get_by_role("heading", name=f"The {IMAGES} most inconsistent")).to_be_visible(timeout=MEASURED)
    page.wait_for_url(re.compile("ranking="))
    yield page.url
    context.close()


def place(page: Page, number: int) -> None:
    """Wait until a place of the ranking is shown large."""
    page.wait_for_url(re.compile(f"place={number}(&|$)"))
    expect(page.get_by_text(f"{number} of {IMAGES}", exact=True)).to_be_visible()
    settled(page)  # a key that is pressed while buttons are drawn anew finds none


@pytest.mark.timeout(600)
def test_a_ranking_is_filtered_walked_through_by_key_and_opened_in_inspect(page: Page, address: str) -> None:
    open_at(page, address)
    first = page.get_by_role("button", name=re.compile(r"^.*1 · val_0000\d$"))
    expect(first).to_be_visible()
    maps = page.locator('img[alt$=", multi-scale"]')
    expect(maps).to_have_count(2 * IMAGES, timeout=MEASURED)
    expect(page.get_by_label("Protocol of the ranking")).to_contain_text("no ground truth used")
    first.click()
    place(page, 1)
    page.locator("body").press("ArrowRight")
    place(page, 2)
    expect(page.get_by_role("button", name="Previous", exact=False).first).to_be_enabled()
    page.locator("body").press("ArrowLeft")
    place(page, 1)
    settled(page)
    whole_and_accessible(page)
    page.locator("body").press("Enter")
    expect(page.get_by_role("heading", name="Inspect", level=1)).to_be_visible()
    page.wait_for_url(re.compile("image="))
    expect(page.get_by_text(re.compile(r"val_0000\d")).first).to_be_visible()
    open_at(page, address + "&rank_by=IoU+of+A+(uses+masks)")
    expect(page.get_by_role("heading", name=f"The {IMAGES} worst covered")).to_be_visible()
    expect(page.get_by_label("Protocol of the ranking")).to_contain_text("uses the ground truth")


@pytest.mark.timeout(600)
def test_the_exported_line_makes_the_ranking_again(page: Page, address: str, tmp_path: Path) -> None:
    open_at(page, address + "&rank_by=Disagreement+of+A+and+B")
    expect(page.get_by_role("heading", name=f"The {IMAGES} most disputed")).to_be_visible()
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        archive.extractall(tmp_path)
    line = re.search(r"ssenet triage .*", (tmp_path / "README.txt").read_text())
    assert line is not None
    words = [str(tmp_path / word) if word == "again" else word for word in shlex.split(line[0])]
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    made, again = ((tmp_path / name / "ranking.csv").read_text().splitlines() for name in (".", "again"))
    assert len(made) == len(again) == IMAGES + 1 and made[0] == again[0]
    ids = set(open_dataset(DatasetSpec(name="demo", kind="demo")).ids("val")[:IMAGES])
    for one, other in zip(made[1:], again[1:], strict=True):
        assert one.split(",")[:3] == other.split(",")[:3] and one.split(",")[1] in ids
        # Sums in the networks depend on the number of threads.
        numbers = [[float(x) for x in text.split(",")[3:] if x] for text in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], abs=0.01, rel=0.02)
