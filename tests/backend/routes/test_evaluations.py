"""Evaluations and their curves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from ssenet.curves import curve
from ssenet.histograms import EDGES, load_histograms, nearest_edge

EVALUATION = "/api/v1/evaluations/demo-ssenet-0"


def test_the_built_in_evaluation_is_listed_with_its_figures(client: TestClient, make: Any) -> None:
    [item] = client.get("/api/v1/evaluations?checkpoint=demo-ssenet&dataset=demo").json()["items"]
    assert item == client.get(EVALUATION).json()
    assert item["record"]["protocol"]["uses_ground_truth"] is True
    rows = {row["row"]: row for row in item["summary"]}
    for name, histogram in make.histograms().items():
        figures = curve(histogram)
        at = nearest_edge(0.2)
        assert rows[name]["miou_at_0_2"] == figures.miou[at]
        assert (rows[name]["best_alpha"], rows[name]["best_miou"]) == figures.best()
        assert rows[name]["undefined_at_0_2"] == figures.undefined[at]
    assert client.get("/api/v1/evaluations?checkpoint=other").json()["items"] == []


def test_curves_have_null_where_nothing_is_defined(client: TestClient, make: Any) -> None:
    curves = client.get(f"{EVALUATION}/curves").json()
    assert np.allclose(curves["alpha"], EDGES) and [row["row"] for row in curves["rows"]] == ["0.5", "MS"]
    figures = curve(make.histograms()["MS"])
    row = curves["rows"][1]
    assert row["iou"] is None and row["undefined"] == figures.undefined.tolist()
    for name in ("miou", "m_fn", "m_fp"):
        expected = [None if math.isnan(v) else v for v in getattr(figures, name)]
        assert row[name] == expected
    assert None in row["m_fn"]  # at α = 1 nothing is foreground


def test_curves_by_class(client: TestClient, make: Any) -> None:
    row = client.get(f"{EVALUATION}/curves?per_class=true").json()["rows"][0]
    assert list(row["iou"]) == ["background", *make.classes]
    figures = curve(make.histograms()["0.5"])
    assert np.allclose(row["iou"]["bird"], figures.iou[:, 1])


def test_the_counts_can_be_taken_home(client: TestClient, make: Any) -> None:
    answer = client.get(f"{EVALUATION}/histograms")
    loaded = load_histograms(answer.content)
    for name, histogram in make.histograms().items():
        assert np.array_equal(loaded[name].rows, histogram.rows)
    tag = answer.headers["ETag"]
    assert answer.headers["Cache-Control"] == "private, no-cache"  # an upgrade may bring another under this id
    assert client.get(f"{EVALUATION}/histograms", headers={"If-None-Match": tag}).status_code == 304


def test_unknown_evaluations(client: TestClient) -> None:
    for path in ("nope", "nope/curves", "nope/histograms", "..%2fx"):
        assert client.get(f"/api/v1/evaluations/{path}").status_code in (404, 422)
