"""Health, readiness, workers."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

import ssenet
from backend.service import Service
from backend.store.database import now
from backend.store.models import Worker


def beat(service: Service, queue: str, *, ago: float = 0.0, warm: bool = True) -> None:
    with service.database.write() as session:
        at = now(session) - ago
        session.merge(
            Worker(
                id=f"{queue}@host",
                queue=queue,
                pid=1,
                host="host",
                state="idle",
                warm=warm,
                started_at=at,
                heartbeat_at=at,
            )
        )


def test_health_and_version(client: TestClient) -> None:
    assert client.get("/api/v1/healthz").json() == {"status": "ok"}
    assert client.get("/api/v1/version").json()["version"] == ssenet.__version__


def test_readiness_is_about_every_part(client: TestClient, service: Service, doorbell: Any) -> None:
    def ready() -> tuple[int, dict[str, Any]]:
        answer = client.get("/api/v1/readyz")
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, answer.json()

    assert ready()[0] == 503
    beat(service, "train")
    beat(service, "infer", warm=False)
    status, body = ready()
    assert status == 503 and body["workers"] == {"train": 1, "infer": 1} and body["infer_warm"] is False
    beat(service, "infer")
    status, body = ready()
    assert status == 200
    assert body == {
        "ready": True,
        "database": "ok",
        "broker": "ok",
        "workers": {"train": 1, "infer": 1},
        "infer_warm": True,
    }
    assert [worker["id"] for worker in client.get("/api/v1/workers").json()["items"]] == ["infer@host", "train@host"]
    doorbell.away = True
    assert ready()[1]["broker"] == "away"
    doorbell.away = False
    beat(service, "train", ago=service.settings.worker_timeout + 1)
    assert ready()[1]["workers"]["train"] == 0


def test_readiness_without_a_database(client: TestClient, service: Service) -> None:
    service.database.dispose()
    database = service.settings.data_dir / "ssenet.db"
    database.rename(database.with_suffix(".away"))
    database.mkdir()  # SQLite cannot open a folder
    answer = client.get("/api/v1/readyz")
    assert answer.status_code == 503 and answer.json()["database"] == "away"
