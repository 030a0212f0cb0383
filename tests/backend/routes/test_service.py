"""Health, readiness, workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

import ssenet
from backend.service import Service
from backend.store import job_records, jobs
from backend.store.database import now
from backend.store.models import CamRequest, Image, Worker


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
        "status": "ok",
        "database": "ok",
        "broker": "ok",
        "workers": {"train": 1, "infer": 1},
        "infer_warm": True,
    }
    assert [worker["id"] for worker in client.get("/api/v1/workers").json()["items"]] == ["infer@host", "train@host"]
    doorbell.away = True
    assert (ready()[1]["broker"], ready()[1]["status"]) == ("away", "degraded")
    body = {"kind": "infer_cam", "settings": {"checkpoint": "demo-ssenet", "dataset": "demo", "split": "val"}}
    assert client.post("/api/v1/jobs", json=body).status_code == 202, "it waits for the queue to come back"
    doorbell.away = False
    beat(service, "train", ago=service.settings.worker_timeout + 1)
    assert ready()[1]["workers"]["train"] == 0


def test_readiness_without_a_database(client: TestClient, service: Service) -> None:
    service.database.dispose()
    database = service.settings.data_dir / "ssenet.db"
    database.rename(database.with_suffix(".away"))
    database.mkdir()  # SQLite cannot open a folder
    answer = client.get("/api/v1/readyz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["status"]) == ("away", "away")


def test_workers_show_what_each_is_doing(client: TestClient, service: Service) -> None:
    with service.database.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, "overnight"))[0].id
        first = jobs.claim(session, job_id, "train@host", 60)
        assert first is not None
        jobs.release(session, first, "the worker shuts down")
        claim = jobs.claim(session, job_id, "train@host", 60)
        assert claim is not None
        job_records.progress(session, claim, 3, 10, "images", "the third")
        photograph = session.query(Image).first()
        assert photograph is not None
        session.add(
            CamRequest(key="k", checkpoint_id="c", image_id=photograph.id, views=[], state="pending", created_at=9.0,
                       announced_at=9.0, expires_at=99.0)
        )  # fmt: skip
    with service.database.read() as session:
        happened = job_records.events_after(session, job_id, 0, 99)
        began = next(event.at for event in happened if event.fence == claim.fence)
    for queue, doing in (("train", job_id), ("infer", "k"), ("other", None)):
        beat(service, queue)
        with service.database.write() as session:
            session.get_one(Worker, f"{queue}@host").job_id = doing
    infer, other, train = client.get("/api/v1/workers").json()["items"]
    assert {"id", "queue", "host", "pid", "state", "device", "warm", "started_at", "heartbeat_at"} <= set(train)
    since = train["work"].pop("since")
    assert datetime.fromisoformat(since).timestamp() == pytest.approx(began, abs=1e-3)
    progress = {"done": 3, "total": 10, "unit": "images", "message": "the third"}
    assert train["work"] == {"id": job_id, "kind": "infer_cam", "name": "overnight", "progress": progress}
    assert infer["work"]["kind"] == "cams" and infer["work"]["name"] == photograph.name
    assert other["work"] is None
