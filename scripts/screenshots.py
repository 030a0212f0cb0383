"""Take the README's screenshots of a running product, into docs/images.

Start the product (``make run``), then: ``python scripts/screenshots.py --url http://127.0.0.1:8501``.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from ensure_browser import QUIET, find_browser

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (1280, 900)
MINUTES = 60_000


def main(
    url: Annotated[str, typer.Option(help="Address of the pages.")] = "http://127.0.0.1:8501",
    photograph: Annotated[str, typer.Option(help="Title of the sample photograph on the Inspect page.")] = "",
) -> None:
    """Take a picture of each page."""
    browser_path = find_browser()
    if browser_path is None:
        raise typer.BadParameter("no Chromium is installed")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(QUIET))
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, base_url=url, color_scheme="light")
        photograph_pages(page, photograph)
        train_page(page)
        jobs_page(page)
        workers_page(page)
        login_form(page)
        alpha_lab_page(page)
        for name in ("compare", "method"):
            plain_page(page, name)
        aggregation_page(page)
        triage_page(page)
        pipeline_pages(page)
        tables_page(page)
        browser.close()


def photograph_pages(page: Page, photograph: str) -> None:
    """Inspect, Equivariance and CRF of a sample photograph."""
    page.goto("/")
    if photograph:
        page.get_by_role("radio", name=photograph).click()
        page.wait_for_url(re.compile("image="))
    drawn(page)
    shoot(page, "inspect", photographs=True)
    page.goto("/equivariance?rotation=15")
    drawn(page)
    shoot(page, "equivariance", photographs=True)
    page.goto("/crf")
    drawn(page)
    shoot(page, "crf", photographs=True)


def drawn(page: Page) -> None:
    """Wait for the page's script to end and for every map."""
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=MINUTES)
    page.wait_for_timeout(1500)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible(
        timeout=3 * MINUTES
    )
    waiting = page.get_by_text(re.compile("computing…|being computed")).filter(visible=True)
    expect(waiting).to_have_count(0, timeout=3 * MINUTES)
    page.wait_for_timeout(1500)


def plain_page(page: Page, name: str) -> None:
    """A page that needs nothing but itself."""
    page.goto(f"/{name}")
    drawn(page)
    shoot(page, name)


def train_page(page: Page) -> None:
    """The three presets; a training is started when the product has had none, for the Jobs page."""
    page.goto("/train")
    expect(page.get_by_text("Estimated time")).to_be_visible(timeout=MINUTES)
    shoot(page, "train")
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible(timeout=MINUTES)
    page.wait_for_timeout(2000)
    if not page.get_by_role("button", name=re.compile("^quick-")).count():
        page.goto("/train")
        page.get_by_role("button", name="Start training").click(timeout=MINUTES)
        page.wait_for_url(re.compile("job="), timeout=MINUTES)
        expect(page.get_by_role("button", name="Open in Inspect")).to_be_visible(timeout=15 * MINUTES)


def jobs_page(page: Page) -> None:
    """The list, with a training opened."""
    page.goto("/jobs")
    page.get_by_role("button", name=re.compile("^quick-")).last.click(timeout=MINUTES)
    expect(page.locator(".js-plotly-plot").last).to_be_visible(timeout=MINUTES)
    shoot(page, "jobs")


def workers_page(page: Page) -> None:
    """Who does what, with a training under way and others that wait."""
    for _ in range(3):
        page.goto("/train")
        page.get_by_role("button", name="Start training").click(timeout=MINUTES)
        page.wait_for_url(re.compile("job="), timeout=MINUTES)
    page.goto("/workers")
    expect(page.get_by_text(re.compile(r"^CAM training, for"))).to_be_visible(timeout=3 * MINUTES)
    shoot(page, "workers")
    page.goto("/jobs?states=queued&states=running")
    while page.get_by_role("button", name=re.compile("^quick-")).count():
        page.get_by_role("button", name=re.compile("^quick-")).first.click()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Yes, cancel the job").click()
        expect(page.get_by_role("button", name="Retry")).to_be_visible(timeout=3 * MINUTES)
        page.goto("/jobs?states=queued&states=running")
        drawn(page)


def login_form(page: Page) -> None:
    """What people see first where they have to log in."""
    page.goto("/login")
    expect(page.get_by_label("Access token")).to_be_visible(timeout=MINUTES)
    shoot(page, "login")


def alpha_lab_page(page: Page) -> None:
    """Fig. 4, then Fig. 5."""
    page.goto("/alpha_lab")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=MINUTES)
    drawn(page)
    shoot(page, "alpha-lab")
    page.get_by_role("heading", name=re.compile("Fig. 5")).scroll_into_view_if_needed()
    page.mouse.wheel(0, 500)
    shoot(page, "alpha-lab-scales")


def aggregation_page(page: Page) -> None:
    """Two ways; a set of CAMs is computed when the product has none."""
    page.goto("/aggregation?b_combine=max&b_relu=fast")
    drawn(page)
    if page.get_by_text("There is no set of CAMs yet").count():
        page.get_by_role("button", name="Compute CAMs").click()
        expect(page.get_by_text("mIoU at α")).to_be_visible(timeout=15 * MINUTES)
        drawn(page)
    shoot(page, "aggregation", photographs=True)


def triage_page(page: Page) -> None:
    """A ranking; one is made when the product has none."""
    page.goto("/triage?triage_images=24")
    drawn(page)
    start = page.get_by_role("button", name=re.compile(r"^Measure \d+ photographs"))
    if start.count():
        start.click()
        expect(start).to_have_count(0, timeout=15 * MINUTES)
        expect(page.get_by_role("button", name=re.compile("· val_")).first).to_be_visible(timeout=15 * MINUTES)
    drawn(page)
    shoot(page, "triage", photographs=True)


def pipeline_pages(page: Page) -> None:
    """The newest finished pipeline at three of its stages; a quick one is run when there is none."""
    page.goto("/pipeline")
    expect(page.get_by_role("heading", name="Earlier pipelines")).to_be_visible(timeout=MINUTES)
    page.wait_for_timeout(2000)
    shoot(page, "pipeline-start")
    finished = page.locator('[data-testid="stHorizontalBlock"]:has(.sl-badge:text-is("succeeded"))').first
    if finished.count():
        finished.get_by_role("button").click()
    else:
        page.get_by_role("button", name="Start pipeline").click()
    page.wait_for_url(re.compile("pipeline="), timeout=MINUTES)
    figures = page.get_by_role("group", name="mIoU of each step").get_by_text(re.compile(r"\d %$"))
    expect(figures).to_have_count(3, timeout=30 * MINUTES)
    for title, name in (
        ("Dense CRF", "pipeline-crf"),
        ("Random walk", "pipeline-walk"),
        ("Segmentation test", "pipeline"),
    ):
        page.get_by_role("tab", name=re.compile(f"^{title}:")).click()
        expect(page.get_by_role("heading", name=title, level=3)).to_be_visible(timeout=MINUTES)
        expect(page.locator("figure img").first).to_be_visible(timeout=MINUTES)
        shoot(page, name, photographs=True)


def tables_page(page: Page) -> None:
    """Tables 1 to 3."""
    page.goto("/tables")
    expect(page.get_by_role("heading", name=re.compile("^Table 3"))).to_be_visible(timeout=MINUTES)
    shoot(page, "tables")


def shoot(page: Page, name: str, *, photographs: bool = False) -> None:
    """One screenshot; a palette makes it a third of the size, where no photograph would suffer from it."""
    page.mouse.move(SIZE[0] - 5, SIZE[1] - 5)
    page.wait_for_timeout(1500)
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        colours = taken.convert("RGB")
        kept = colours if photographs else colours.quantize(256, method=Image.Quantize.MEDIANCUT)
        kept.save(IMAGES / f"{name}.png", optimize=True)
    print(IMAGES / f"{name}.png")


if __name__ == "__main__":
    typer.run(main)
