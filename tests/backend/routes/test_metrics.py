"""Figures for Prometheus: what they say, what they cost, and what they keep to themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event
from starlette.testclient import TestClient

from backend.metrics import state as state_module
from backend.service import Service
from backend.store import jobs
from backend.store.database import now
from backend.store.models import CamRequest, Worker

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "_FRESH_SECONDS", -1.0)


def figures(client: TestClient) -> Figures:
    """Every sample by name and sorted labels."""
    answer = client.get("/api/v1/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def of(found: Figures, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def test_requests_are_counted_by_template(client: TestClient) -> None:
    for image_id in ("a", "b", "c"):
        client.get(f"/api/v1/images/{image_id}")
    client.get("/no/such/address/17")
    client.request("BREW", "/api/v1/jobs")
    found = figures(client)
    route = {"route": "/images/{image_id}", "method": "GET"}
    assert of(found, "ssenet_http_requests_total", **route, status="404") == 3
    assert of(found, "ssenet_http_request_seconds_count", **route) == 3
    assert of(found, "ssenet_http_requests_total", route="other", method="GET", status="404") == 1
    assert {dict(labels)["method"] for name, labels in found if name == "ssenet_http_requests_total"} <= {
        "GET",
        "other",
    }
    assert of(found, "ssenet_http_requests_under_way") == 1, "this very request"


def test_refused_requests_are_counted(client: TestClient) -> None:
    client.post("/api/v1/jobs", json={"kind": "nonsense"})
    client.post("/api/v1/jobs", json={}, headers={"Origin": "http://evil.example"})
    found = figures(client)
    assert of(found, "ssenet_http_requests_rejected_total", status="422") == 1
    assert of(found, "ssenet_http_requests_rejected_total", status="403") == 1


def test_jobs_queues_and_workers(client: TestClient, service: Service) -> None:
    with service.database.write() as session:
        ids = [jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}))[0].id for _ in range(3)]
        at = now(session)
        jobs.get(session, ids[0]).created_at = at - 100  # type: ignore[union-attr]
        session.add(
            CamRequest(key="k", checkpoint_id="c", image_id="i", views=[], state="pending", created_at=at - 50,
                       announced_at=at, expires_at=at + 60)
        )  # fmt: skip
        for name, beat in (("new", at), ("old", at - 3600)):
            session.add(
                Worker(
                    id=name, queue="train", pid=1, host="h", state="busy", warm=True, started_at=at, heartbeat_at=beat
                )
            )
    for attempt in (1, 2):
        with service.database.write() as session:
            claim = jobs.claim(session, ids[1], "w", 60)
            assert claim is not None and claim.attempts == attempt
            session.flush()
            jobs.get(session, ids[1]).lease_expires_at = 1.0  # type: ignore[union-attr]
    found = figures(client)
    assert of(found, "ssenet_jobs", kind="infer_cam", state="queued") == 2
    assert of(found, "ssenet_jobs", kind="infer_cam", state="running") == 1
    assert (of(found, "ssenet_waiting", queue="train"), of(found, "ssenet_waiting", queue="infer")) == (2, 1)
    assert of(found, "ssenet_oldest_waiting_seconds", queue="train") == pytest.approx(100, abs=20)
    assert of(found, "ssenet_oldest_waiting_seconds", queue="infer") == pytest.approx(50, abs=20)
    assert of(found, "ssenet_workers", queue="train", state="busy") == 1
    assert of(found, "ssenet_job_claims_total") == 2
    assert of(found, "ssenet_job_attempts_lost_total") == 1, "the first lease was lost, the second one runs"
    assert (of(found, "ssenet_database_up"), of(found, "ssenet_broker_up")) == (1, 0)
    assert not any(name == "ssenet_queue_messages" for name, _ in found), "the broker is away: nobody knows"
    assert of(found, "process_open_fds") is not None
    assert of(found, "ssenet_cache_bytes", cache="cams") == 0


def test_it_answers_while_the_database_is_away(client: TestClient, service: Service) -> None:
    service.database.dispose()
    database = service.settings.data_dir / "ssenet.db"
    database.rename(database.with_suffix(".away"))
    database.mkdir()
    found = figures(client)
    assert of(found, "ssenet_database_up") == 0 and not any(name == "ssenet_jobs" for name, _ in found)


def test_it_is_cheap(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, measured: Callable[..., None]
) -> None:
    monkeypatch.setattr(state_module, "_FRESH_SECONDS", 60.0)
    begun: list[object] = []
    event.listen(service.database.engine, "begin", begun.append)
    for _ in range(10):
        figures(client)
    assert len(begun) == 1, "one transaction, then what was seen lately"
    began = time.perf_counter()
    figures(client)
    measured("time of /metrics from the cache", time.perf_counter() - began, "s")


def test_no_label_comes_from_users(client: TestClient, service: Service) -> None:
    with service.database.write() as session:
        jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, "my secret name", idempotency_key="key17"))
    client.get("/api/v1/images/secret-id", headers={"X-Request-ID": "secret-request"})
    text = client.get("/api/v1/metrics").text
    assert not any(word in text for word in ("secret", "key17", str(service.settings.data_dir)))


def test_maps_that_were_wanted_are_counted_as_hits_and_misses(client: TestClient, service: Service) -> None:
    before: Any = service.metrics
    before.count_maps(5, 2)
    found = figures(client)
    assert of(found, "ssenet_cam_cache_requests_total", result="hit") == 3
    assert of(found, "ssenet_cam_cache_requests_total", result="miss") == 2
