"""What one request may cost, and how many do costly work at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend import alpha_curves, cam_bundle
from backend.problems import Problem
from backend.routes import comparisons
from backend.service import DatasetCache, Service
from backend.store.models import Dataset

CURVES = "/api/v1/analysis/curves?evaluations=demo-ssenet-0&rows=MS&rows=0.5&samples=100"


def test_curves_that_would_take_minutes_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpha_curves, "MOST_DRAWS", 200)  # two rows, 100 resamples, one image
    assert client.get(CURVES).status_code == 200
    refused = client.get(CURVES.replace("samples=100", "samples=101"))
    assert refused.status_code == 422 and refused.json()["errors"][0]["pointer"] == "/query/samples"


@pytest.mark.parametrize("path", ["", "/objects"])
def test_comparisons_that_would_fill_the_memory_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(comparisons, "MOST_BYTES", 2 * 3 * 8 * 2 * 11 * 100)  # two rows, ten classes and background
    query = f"/api/v1/comparisons{path}?a=demo-ssenet-0&b=demo-ssenet-0"
    assert client.get(f"{query}&samples=100").status_code == 200
    refused = client.get(f"{query}&samples=101")
    assert refused.status_code == 422 and "at most 100 resamples" in refused.json()["detail"]


def test_an_export_of_all_thousand_classes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cam_bundle.cam_answer, "shown", lambda *_: list(range(cam_bundle.MOST_CLASSES + 1)))
    with pytest.raises(Problem, match="100 classes at most"):
        cam_bundle.bundle_of(None, [(None, None)], None, "", "")  # type: ignore[arg-type, list-item]


def test_samples_are_decoded_two_at_a_time(client: TestClient, service: Service, monkeypatch: Any) -> None:
    at_work, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=20)
    opened = DatasetCache.get

    def counting(cache: DatasetCache, row: Dataset) -> Any:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        both.wait()  # two work at once, and a third never comes between
        with lock:
            at_work -= 1
        return opened(cache, row)

    monkeypatch.setattr(DatasetCache, "get", counting)
    paths = [f"/api/v1/datasets/demo/samples/val/{index}/image?max_side=16" for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(client.get, paths)} == {200}
    assert most == 2 == service.decoding.total_tokens


def test_opening_one_data_set_keeps_nobody_from_another(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, slow = DatasetCache(), threading.Event()
    with service.database.read() as session:
        row = session.get(Dataset, "demo")
    assert row is not None
    other = Dataset(**{c.name: getattr(row, c.name) for c in Dataset.__table__.columns} | {"fingerprint": "other"})
    calls: list[str] = []

    def opening(spec: Any) -> Any:
        calls.append(spec.name)
        if len(calls) == 1:
            assert slow.wait(20)
        return object()

    monkeypatch.setattr("backend.service.open_dataset", opening)
    with ThreadPoolExecutor(3) as pool:
        first, same = pool.submit(cache.get, row), pool.submit(cache.get, row)
        assert pool.submit(cache.get, other).result(20) is not None and not first.done()
        slow.set()
        assert first.result(20) is same.result(20)
    assert len(calls) == 2
