"""Exports and costs in a real browser with real workers: the manifest is true, and its command line gives the same."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import httpx
import numpy as np
import pytest
from browsing import open_at, settled
from inspecting import FIRST_MAPS, all_maps
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from ssenet.cli import app

if TYPE_CHECKING:
    from conftest import Product

pytestmark = pytest.mark.browser


def test_a_downloaded_bundle_names_its_files_and_the_view_it_is_of(page: Page) -> None:
    open_at(page, "/?scales=0.5&scales=1")
    export = page.get_by_role("button", name="Export")
    expect(export).to_be_visible(timeout=FIRST_MAPS)  # once all maps are there
    settled(page)
    with page.expect_download() as started:
        export.click()
    assert re.fullmatch(r"inspect-[0-9a-f]{8}\.zip", started.value.suggested_filename)
    with ZipFile(started.value.path()) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert manifest["commands"] and manifest["protocol"]["scales"] == [0.5, 1.0]
    assert httpx.URL(manifest["address"]).path == "/" and "scales" in httpx.URL(manifest["address"]).params


def test_the_service_and_its_command_line_export_the_same_maps(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with httpx.Client(base_url=f"{product.api}/api/v1", trust_env=False, timeout=90) as api:
        image = next(one["id"] for one in api.get("/images?source=gallery").json()["items"] if one["name"] == "dog")
        query = {"image": image, "scales": [0.5, 1], "flip": "true", "wait": 30}
        answer = api.get("/checkpoints/demo-ssenet/bundle", params=query)
    assert answer.status_code == 200
    with ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    (line,) = json.loads(Path("manifest.json").read_text())["commands"]
    words = shlex.split(line)
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    with ZipFile(words[-1]) as archive, np.load(io.BytesIO(archive.read("cams.npz")), allow_pickle=False) as again:
        with np.load("cams.npz", allow_pickle=False) as exported:
            assert set(again.files) == set(exported.files) == {"s0.5", "s0.5-flip", "s1", "s1-flip"}
            for name in again.files:  # another number of threads rounds differently, in the last bits of a half
                np.testing.assert_allclose(again[name], exported[name], rtol=5e-3, atol=2e-2)
        assert {entry for entry in archive.namelist() if not entry.endswith(".json")} == {
            path.name for path in tmp_path.iterdir() if path.suffix not in (".json", ".zip")
        }


def test_the_open_cost_panel_says_what_the_maps_cost(page: Page) -> None:
    open_at(page, "/?cost=true")
    all_maps(page)
    table = page.get_by_role("region", name="Cost of every view")
    expect(table).to_be_visible()
    rows = table.get_by_role("row")
    expect(rows).to_have_count(1 + 2 * 5)  # two networks of four scales, and their sums
    works = [float(rows.nth(i).get_by_role("cell").nth(3).inner_text().replace(",", "")) for i in range(1, 5)]
    assert works == sorted(works) and works[-1] == pytest.approx(16 * works[0], rel=0.05), "work goes with the area"
