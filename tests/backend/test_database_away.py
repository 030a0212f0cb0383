"""While PostgreSQL is away the API says so, accepts nothing it cannot keep, and goes on by itself afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Cluster, running_cluster
from starlette.testclient import TestClient

from backend.app import create_app
from backend.settings import Settings
from backend.store.seed import DEMO, seed_dataset

pytestmark = [pytest.mark.slow, pytest.mark.promise("R16")]
JOB = {"kind": "train_cam", "settings": {"dataset": "demo"}}
ASKED = ("/jobs", "/images", "/checkpoints", "/workers", "/pipelines", "/datasets", "/evaluations", "/sets", "/scores")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server that this module may stop."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def api(server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The API on that server, with the demo data set and nothing else that is built in."""
    monkeypatch.setattr("backend.app.seed", lambda database, settings: seed_dataset(database, DEMO))
    settings = Settings(
        data_dir=tmp_path,
        database_url=server.url(server.create()),
        redis_url="redis+socket:///nowhere/valkey.sock",
        sweep_interval=0.2,
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def statuses(api: TestClient) -> dict[str, int]:
    """What every listing and a submission answer; each failure is a problem."""
    answers = {path: api.get(f"/api/v1{path}") for path in ASKED}
    answers["submission"] = api.post("/api/v1/jobs", json=JOB)
    for answer in answers.values():
        assert answer.is_success or answer.headers["Content-Type"] == "application/problem+json"
        assert answer.status_code != 503 or "Retry-After" in answer.headers
    return {path: answer.status_code for path, answer in answers.items()}


def test_the_api_says_that_it_is_away_and_recovers(
    server: Cluster, api: TestClient, wait_until: Callable[..., object], measured: Callable[..., None]
) -> None:
    before = statuses(api)
    assert set(before.values()) <= {200, 202}, before
    server.stop()
    away = statuses(api)
    measured("answers 500 while the database was away", sum(code == 500 for code in away.values()), "answers", limit=0)
    assert set(away.values()) == {503}, away
    assert api.get("/api/v1/healthz").status_code == 200
    ready = api.get("/api/v1/readyz")
    assert ready.status_code == 503 and ready.json()["database"] == "away"
    server.start()
    began = time.monotonic()
    wait_until(lambda: set(statuses(api).values()) <= {200, 202}, timeout=30, what="the API")
    measured("time until the API served again after the database came back", time.monotonic() - began, "s", limit=10)
    assert len(api.get("/api/v1/jobs").json()["items"]) >= 2, "what was accepted before is there, and more is accepted"


def test_a_locked_table_is_a_503_and_not_a_500(server: Cluster, api: TestClient, measured: Callable[..., None]) -> None:
    """Another program holds the table for longer than anyone should wait."""
    import psycopg

    service: Any = api.app.state.service  # type: ignore[attr-defined]
    name = service.database.engine.url.database
    with psycopg.connect(f"host={server.folder} dbname={name} user=ssenet") as other:
        other.execute("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        answer = api.post("/api/v1/jobs", json=JOB)
        waited = time.monotonic() - began
        other.rollback()
    assert answer.status_code == 503 and answer.headers["Content-Type"] == "application/problem+json", answer.text
    measured("time until a request to a locked table was refused", waited, "s", limit=15)
    assert api.post("/api/v1/jobs", json=JOB).status_code == 202
