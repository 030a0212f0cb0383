"""The Equivariance page with a real worker: presets, the figures, the link, the export and its command line."""

from __future__ import annotations

import csv
import io
import re
import shlex
import zipfile
from pathlib import Path

import httpx
import pytest
from browsing import open_at, settled, whole_and_accessible
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from ssenet.analysis.equivariance import Equivariance
from ssenet.cli import app
from ssenet.weights.builtin import DEMO, builtin_checkpoints

pytestmark = pytest.mark.browser

NETWORKS = {b.id: b.card.name for b in builtin_checkpoints() if b.id in DEMO}
MAPS = 90_000
PAGE = "/equivariance?class=hoofed&scales=0.5&scales=1"


def bison(product: object) -> str:
    """Id of a sample photograph with a large animal."""
    answer = httpx.get(f"{product.api}/api/v1/images?source=gallery", trust_env=False)  # type: ignore[attr-defined]
    return next(str(item["id"]) for item in answer.json()["items"] if item["name"] == "bison")


def errors(page: Page) -> list[float]:
    """The big numbers, one a network."""
    group = page.get_by_role("group", name="Equivariance error for hoofed")
    return [float(text) for text in group.locator("b").all_inner_texts()]


def told(page: Page, words: str) -> None:
    """Wait until the answer speaks of a transformation and everything is there."""
    expect(page.locator("p.sl-answer")).to_contain_text(words, timeout=MAPS)
    expect(page.get_by_role("button", name="Export")).to_be_visible(timeout=MAPS)
    settled(page)


def test_a_rotation_has_an_error_and_nothing_has_none(page: Page, product: object) -> None:
    open_at(page, f"{PAGE}&image={bison(product)}")
    page.get_by_role("radio", name="15° rotation").click()
    told(page, "Rotated 15° counter-clockwise")
    shown = errors(page)
    assert len(shown) == 2 and all(0 < error < 1 for error in shown)
    expect(page.locator("table.sl-eq img")).to_have_count(10)
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    for error, network in zip(shown, NETWORKS, strict=True):
        query = {"image": bison(product), "scale": 1, "rotation": 15, "classes": "hoofed", "scales": [0.5, 1]}
        path = f"{product.api}/api/v1/checkpoints/{network}/equivariance"  # type: ignore[attr-defined]
        answer = httpx.get(path, params=query, timeout=60, trust_env=False)
        report = Equivariance.model_validate({k: answer.json()[k] for k in Equivariance.model_fields})
        assert report.errors[0].error == pytest.approx(error, abs=0.005), "page and API say the same"
    print(f"15° rotation of the bison: {dict(zip(NETWORKS.values(), shown, strict=True))}")  # noqa: T201
    page.get_by_role("radio", name="Nothing").click()
    told(page, "changes nothing")
    assert errors(page) == [0, 0]


def test_a_link_copies_the_view_and_the_page_is_whole(page: Page, product: object) -> None:
    open_at(page, f"{PAGE}&image={bison(product)}")
    page.get_by_role("radio", name="Shift by 10 %").click()
    told(page, "Shifted 10 % right")
    page.wait_for_url(re.compile("shift_x=0.1"))
    before, address = errors(page), page.url
    whole_and_accessible(page)
    context = page.context.browser.new_context(viewport={"width": 1280, "height": 900})  # type: ignore[union-attr]
    try:
        other = context.new_page()
        open_at(other, address)
        told(other, "Shifted 10 % right")
        assert errors(other) == before
        assert re.search("image=[0-9a-f]+", other.url)
    finally:
        context.close()


def test_the_exports_command_line_gives_its_numbers_again(
    page: Page, product: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(
        page, f"{PAGE}&image={bison(product)}&scale=1&rotation=-15&mirror=true&checkpoints={NETWORKS['demo-ssenet']}"
    )
    told(page, "Rotated 15° clockwise, mirrored")
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        archive.extractall(tmp_path)
        rows = list(csv.DictReader(io.StringIO(archive.read("errors.csv").decode())))
        said = archive.read("manifest.json").decode()
    line = re.search(r'"(ssenet equivariance [^\n]*)"', said)
    assert line is not None
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, shlex.split(line[1].replace('\\"', '"'))[1:])
    assert result.exit_code == 0, result.output
    (written,) = tmp_path.glob("again/*/photograph.json")
    again = {one.name: one for one in Equivariance.model_validate_json(written.read_bytes()).errors}
    assert {row["class"] for row in rows} == set(again)
    for row in rows:
        assert float(row["equivariance_error"]) == pytest.approx(again[row["class"]].error, abs=0.005)
        assert float(row["raw_difference_logits"]) == pytest.approx(again[row["class"]].raw, rel=0.02)
