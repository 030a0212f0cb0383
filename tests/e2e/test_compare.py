"""Compare in a real browser with the real service: verdict, address, an object's photograph, the export."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import httpx
import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from ssenet.analysis.comparison import Comparison
from ssenet.analysis.verdict import verdict
from ssenet.cli import app as command_line

pytestmark = pytest.mark.browser
BASELINE, SSENET = "Demo baseline", "Demo SSENet"
PAIR = "a=demo-baseline-0&b=demo-ssenet-0"
CHARTS = 120_000
"""Milliseconds until all figures are drawn, on a machine that has much else to do."""


def first(page: Page) -> Any:
    """The first sentence of the verdict, which is read out."""
    return page.locator('.sl-verdict[role="status"]').first.locator("p").first


def drawn(page: Page) -> None:
    """Wait for all figures, and for the page to rest."""
    expect(page.locator(".js-plotly-plot")).to_have_count(4, timeout=CHARTS)
    settled(page)


def query(page: Page) -> dict[str, list[str]]:
    """The parameters in the address."""
    return parse_qs(urlparse(page.url).query)


def test_the_verdict_is_what_the_service_measured_and_swapping_is_in_the_address(page: Page, product: Any) -> None:
    answer = httpx.get(f"{product.api}/api/v1/comparisons?{PAIR}&row=1&alpha_a=0.3&alpha_b=0.3", trust_env=False)
    found = Comparison.model_validate_json(answer.content)
    open_at(page, "/compare?row=1&class=predator&alpha=0.3")
    expect(first(page)).to_contain_text(verdict(found, "predator", BASELINE, SSENET)[0].text)
    page.get_by_role("button", name="Swap").click()
    expect(first(page)).to_contain_text(f"{BASELINE} covers less background than {SSENET}")
    drawn(page)
    assert (query(page)["a"], query(page)["b"]) == ([SSENET], [BASELINE])
    copied = page.url
    page.goto("about:blank")
    page.goto(copied)
    expect(first(page)).to_contain_text(f"{BASELINE} covers less background than {SSENET}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark")])
def test_the_page_is_whole_and_accessible(page: Page, width: int, scheme: Any) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=scheme)
    open_at(page, "/compare")
    drawn(page)
    whole_and_accessible(page)


def test_a_link_of_another_page_becomes_an_address_of_its_own(page: Page) -> None:
    open_at(page, f"/compare?checkpoints={SSENET}&checkpoints={BASELINE}&rows=2&alpha_rule=each its own best α")
    expect(first(page)).to_contain_text("at scale 2 and each at its own best α")
    expect(page.locator(".sl-verdict").first.get_by_text("uses the ground truth")).to_be_visible()
    drawn(page)
    found = query(page)
    assert (found["a"], found["b"], found["row"]) == ([SSENET], [BASELINE], ["2"])
    assert "checkpoints" not in found and "rows" not in found


def test_a_point_opens_the_photograph_of_its_object(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 4000})  # no part of the figure is out of sight
    open_at(page, "/compare?row=1")
    drawn(page)
    points = page.locator(".js-plotly-plot").nth(2).locator(".scatterlayer .point")
    box = points.last.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("% of the photograph, best α")).to_be_visible()
    page.get_by_role("button", name="Open in Inspect").click()
    expect(page.get_by_role("heading", name="Inspect", level=1)).to_be_visible()
    assert len(query(page)["image"][0]) >= 16


def test_the_line_in_the_export_gives_the_numbers_of_the_page(page: Page, tmp_path: Path) -> None:
    open_at(page, "/compare?row=1.5&class=fish&alpha=0.25")
    expect(first(page)).to_contain_text("For fish at scale 1.5")
    drawn(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        exported = {name: archive.read(name) for name in archive.namelist()}
    assert "row=1.5" in manifest["address"] and "classes.html" in exported
    (line,) = manifest["commands"]
    words = shlex.split(line)
    assert words[:4] == ["ssenet", "compare", "demo-baseline", "demo-ssenet"]
    result = CliRunner().invoke(command_line, [*words[1:-1], str(tmp_path / "again")])
    assert result.exit_code == 0, result.output
    for name in ("comparison.json", "object-sizes.csv", "objects.csv"):
        assert (tmp_path / "again" / name).read_bytes() == exported[name], name
