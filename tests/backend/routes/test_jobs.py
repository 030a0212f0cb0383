"""Jobs over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from backend.service import Service
from backend.store import job_records, jobs
from ssenet.config import train_preset

JOBS = "/api/v1/jobs"
TRAIN = {"kind": "train_cam", "settings": {"epochs": 1}}
EVALUATE = {"kind": "evaluate", "settings": {"checkpoint": "demo-ssenet"}}


def submit(client: TestClient, body: dict[str, Any], **headers: str) -> Any:
    return client.post(JOBS, json=body, headers=headers)


def claimed(service: Service, job_id: str) -> jobs.Claim:
    with service.database.write() as session:
        claim = jobs.claim(session, job_id, "w", 60)
    assert claim is not None
    return claim


def test_a_submitted_job_is_kept_with_all_its_settings(client: TestClient, doorbell: Any) -> None:
    answer = submit(client, {**TRAIN, "name": "mine"})
    assert answer.status_code == 202
    job = answer.json()
    assert (job["state"], job["name"], job["attempts"], job["result"]) == ("queued", "mine", 0, None)
    assert job["settings"]["epochs"] == 1 and job["settings"]["crop"] == 256
    assert client.get(answer.headers["Location"]).json() == job
    assert doorbell.jobs == [job["id"]]


def test_every_preset_of_the_pages_is_accepted(client: TestClient) -> None:
    for name in ("quick", "demo", "paper"):
        settings = train_preset(name).model_dump(mode="json")  # type: ignore[arg-type]
        assert submit(client, {"kind": "train_cam", "settings": settings}).status_code == 202


def test_a_job_is_accepted_while_the_queue_is_away(client: TestClient, doorbell: Any, service: Service) -> None:
    doorbell.away = True
    job = submit(client, TRAIN).json()
    assert client.get(f"{JOBS}/{job['id']}").json()["state"] == "queued"
    with service.database.read() as session:
        row = jobs.get(session, job["id"])
        assert row is not None and row.dispatched_at is None  # so that the next sweep announces it


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"kind": "train_cam", "settings": {"crop": 130, "surprise": 1}}, ["/settings/crop", "/settings/surprise"]),
        ({"kind": "train_cam", "settings": {"dataset": "../../etc"}}, ["/settings/dataset"]),
        ({"kind": "train_cam", "settings": {"dataset": "nope"}}, ["/settings/dataset"]),
        (
            {"kind": "train_cam", "settings": {"split": "a", "val_split": "b"}},
            ["/settings/split", "/settings/val_split"],
        ),
        ({"kind": "train_cam", "settings": {"scale_min": 400, "scale_max": 300}}, ["/settings"]),
        ({"kind": "train_cam", "settings": {"backbone": "/etc/passwd"}}, ["/settings/backbone"]),
        ({"kind": "evaluate", "settings": {"checkpoint": "nope"}}, ["/settings/checkpoint"]),
        ({"kind": "evaluate", "settings": {"checkpoint": "../x"}}, ["/settings/checkpoint"]),
        ({"kind": "evaluate", "settings": {"checkpoint": "imagenet-lite0"}}, ["/settings/checkpoint"]),
        ({"kind": "evaluate", "settings": {"checkpoint": "demo-ssenet", "scales": [99, 1]}}, ["/settings/scales/0"]),
        ({"kind": "evaluate", "settings": {}}, ["/settings/checkpoint"]),
        ({"kind": "infer_cam", "settings": {"checkpoint": "imagenet-lite0"}}, ["/settings/checkpoint"]),
        ({"kind": "rm", "settings": {}}, ["/kind"]),
        ({"settings": {}}, ["/kind"]),
        ({"kind": "train_cam", "settings": {}, "path": "/x"}, ["/path"]),
        ({"kind": "train_cam", "settings": {}, "name": ""}, ["/name"]),
        ({"kind": "train_cam", "settings": {}, "name": "a\x00b"}, ["/name"]),
        ({"kind": "train_cam", "settings": {"lr": float("inf")}}, ["/settings/lr"]),
    ],
)
def test_settings_that_do_not_fit_are_pointed_at(
    client: TestClient, doorbell: Any, body: dict[str, Any], pointers: list[str]
) -> None:
    for path in (JOBS, f"{JOBS}/estimate"):
        answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert doorbell.jobs == [] and client.get(JOBS).json()["items"] == []


def test_predicted_labels_need_no_common_classes(client: TestClient) -> None:
    settings = {"checkpoint": "imagenet-lite0", "labels": "predicted"}
    assert submit(client, {"kind": "infer_cam", "settings": settings}).status_code == 202


def test_bodies_that_are_no_request_are_refused(client: TestClient) -> None:
    kind = {"Content-Type": "application/json"}
    answer = client.post(JOBS, content=b"{", headers=kind)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")
    for content in (b"[" * 100_000, b"null", b"[]", b"1", b"\xff", b'{"kind": "\\ud800"}', b""):
        assert client.post(JOBS, content=content, headers=kind).status_code in (400, 422), content[:20]


def test_numbers_beyond_64_bits_are_numbers(client: TestClient) -> None:
    body = {"kind": "train_cam", "settings": {"train_images": 10**30}}
    job = submit(client, body, **{"Idempotency-Key": "big"})
    assert job.status_code == 202 and job.json()["settings"]["train_images"] == 10**30


def test_a_repeated_submission_is_one_job(client: TestClient, doorbell: Any) -> None:
    key = {"Idempotency-Key": "abc"}
    barrier = Barrier(10)

    def send(_: int) -> Any:
        barrier.wait(30)
        return submit(client, TRAIN, **key)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(doorbell.jobs) == 1
    other = submit(client, EVALUATE, **key)
    assert other.status_code == 422 and other.json()["errors"][0]["pointer"] == "/header/idempotency-key"


def test_a_repetition_is_answered_although_the_checkpoint_is_gone(client: TestClient, service: Service) -> None:
    first = submit(client, EVALUATE, **{"Idempotency-Key": "k"}).json()
    with service.database.write() as session:
        session.execute(text("DELETE FROM checkpoint"))
    assert submit(client, EVALUATE, **{"Idempotency-Key": "k"}).json()["id"] == first["id"]
    assert submit(client, EVALUATE).status_code == 422


def test_progress_and_remaining_time(client: TestClient, service: Service) -> None:
    job_id = submit(client, TRAIN).json()["id"]
    claim = claimed(service, job_id)
    with service.database.write() as session:
        job_records.progress(session, claim, 100, 400, "steps", "epoch 1")
    with service.database.write() as session:
        row = jobs.get(session, job_id)
        assert row is not None and row.progress_at is not None
        row.base_done, row.base_at = 50, row.progress_at - 10.0  # 50 steps in 10 s, 300 to go
    job = client.get(f"{JOBS}/{job_id}").json()
    assert job["progress"] == {"done": 100, "total": 400, "unit": "steps", "message": "epoch 1"}
    assert 55 < job["eta_seconds"] <= 60


def test_what_a_training_made(client: TestClient, service: Service, make: Any) -> None:
    job_id = submit(client, TRAIN).json()["id"]
    claim = claimed(service, job_id)
    with service.database.write() as session:
        ids = [
            job_records.commit_checkpoint(
                session,
                claim,
                make.card_of(b"w"),
                weights_key=f"weights/{n}.safetensors",
                size=1,
                epoch=n,
                step=n,
                final=n == 2,
            )
            for n in (1, 2)
        ]
        [follow_up] = jobs.finish(session, claim)
    evaluation = claimed(service, follow_up.id)
    with service.database.write() as session:
        job_records.commit_evaluation(
            session,
            evaluation,
            make.record_of(make.card_of(b"w")),
            evaluation_id="e1",
            histograms_key="evaluations/e1.npz",
            summary=[],
        )
        jobs.finish(session, evaluation)
    made = {"checkpoints": ids, "evaluation": "e1", "set": None, "score": None, "ranking": None}
    assert client.get(f"{JOBS}/{job_id}").json()["result"] == made
    child = client.get(f"{JOBS}/{follow_up.id}").json()
    assert (child["parent_id"], child["result"]["evaluation"]) == (job_id, "e1")
    final = client.get("/api/v1/checkpoints").json()["items"]
    every = client.get("/api/v1/checkpoints?all=true").json()["items"]
    assert ids[1] in [item["id"] for item in final] and ids[0] not in [item["id"] for item in final]
    assert set(ids) <= {item["id"] for item in every}


def test_cancel_and_retry(client: TestClient, doorbell: Any) -> None:
    job = submit(client, TRAIN).json()
    path = f"{JOBS}/{job['id']}"
    assert client.post(f"{path}/retry").status_code == 409
    cancelled = client.post(f"{path}/cancel")
    assert cancelled.status_code == 202 and cancelled.json()["state"] == "cancelled"
    assert client.post(f"{path}/cancel").status_code == 409
    again = client.post(f"{path}/retry")
    assert again.status_code == 202 and again.json()["parent_id"] == job["id"]
    assert doorbell.jobs == [job["id"], again.json()["id"]]


def test_a_running_job_is_asked_to_stop(client: TestClient, service: Service) -> None:
    job_id = submit(client, TRAIN).json()["id"]
    claim = claimed(service, job_id)
    answer = client.post(f"{JOBS}/{job_id}/cancel").json()
    assert (answer["state"], answer["cancel_requested"]) == ("running", True)
    with service.database.write() as session:
        jobs.fail(session, claim, "crash", "It crashed.")
    failed = client.get(f"{JOBS}/{job_id}").json()
    assert (failed["state"], failed["error"]) == ("failed", {"kind": "crash", "message": "It crashed."})


def test_events_go_on_where_they_were_left(client: TestClient, service: Service) -> None:
    job_id = submit(client, TRAIN).json()["id"]
    claim = claimed(service, job_id)
    with service.database.write() as session:
        job_records.add_events(session, claim, [("metrics", {"step": n}) for n in range(3)])
    path = f"{JOBS}/{job_id}/events"
    first = client.get(path, params={"limit": 3}).json()
    assert [event["seq"] for event in first["items"]] == [1, 2, 3] and first["next"] == 3
    rest = client.get(path, params={"after": first["next"]}).json()
    assert [event["data"] for event in rest["items"]] == [{"step": 1}, {"step": 2}]
    assert client.get(path, params={"after": 5}).json() == {"items": [], "next": 5}


def test_a_stream_resumes_without_a_gap_and_ends_with_the_job(client: TestClient, service: Service) -> None:
    job_id = submit(client, TRAIN).json()["id"]
    claim = claimed(service, job_id)
    with service.database.write() as session:
        job_records.add_events(session, claim, [("metrics", {"step": n}) for n in range(3)])
        jobs.fail(session, claim, "crash", "text")
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "2"}
    answer = client.get(f"{JOBS}/{job_id}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.text.splitlines()
    assert [line for line in lines if line.startswith("id:")] == ["id: 3", "id: 4", "id: 5", "id: 6"]
    assert [line for line in lines if line.startswith("event:")][-1] == "event: end"
    assert client.get(f"{JOBS}/{job_id}/events", headers={"Accept": "image/png"}).status_code == 406


def test_listing_by_state_and_kind(client: TestClient) -> None:
    first, second = submit(client, TRAIN).json()["id"], submit(client, EVALUATE).json()["id"]
    client.post(f"{JOBS}/{first}/cancel")

    def ids(query: str) -> list[str]:
        return [job["id"] for job in client.get(f"{JOBS}?{query}").json()["items"]]

    assert ids("") == [second, first]
    assert ids("state=cancelled") == ids("kind=train_cam") == [first]
    assert client.get(f"{JOBS}?state=lost").status_code == 422


def finished_training(client: TestClient, service: Service, make: Any, **measured: float) -> None:
    claim = claimed(service, submit(client, TRAIN).json()["id"])
    with service.database.write() as session:
        job_records.progress(session, claim, 25, 25, "steps")
        job_records.commit_checkpoint(
            session, claim, make.card_of(b"w"), weights_key="weights/1.safetensors", size=1, epoch=1, step=1, final=True
        )
        jobs.finish(session, claim, measured)


def test_an_estimate_learns_from_earlier_runs(client: TestClient, service: Service, make: Any) -> None:
    def estimate(**settings: Any) -> Any:
        body = {"kind": "train_cam", "settings": {"epochs": 1, **settings}}
        return client.post(f"{JOBS}/estimate", json=body).json()

    reference = estimate()
    assert "reference" in reference["basis"]
    finished_training(client, service, make, seconds=40.0, per_second=10.0)  # 2.5 s of work: too short to tell
    assert estimate() == reference
    finished_training(client, service, make, seconds=35.0, per_second=1.0)  # 25 s of work, and 10 s to start
    assert estimate()["seconds"] == pytest.approx(35.0) and "the last run" in estimate()["basis"]
    assert estimate(epochs=2)["seconds"] == pytest.approx(60.0)
    assert "reference" in estimate(backbone="resnet38")["basis"]
    finished_training(client, service, make, seconds=75.0)
    assert estimate(epochs=2)["seconds"] == pytest.approx(100.0 + 5.0) and "2 runs" in estimate()["basis"]


@pytest.mark.parametrize("bad", ["nope", "..%2fx", "a%00", "x" * 101])
def test_unknown_jobs(client: TestClient, bad: str) -> None:
    for method, suffix in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")):
        assert client.request(method, f"{JOBS}/{bad}{suffix}").status_code in (404, 422)


def test_a_database_that_is_locked_is_said_to_be_busy(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service.database.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=0")
    raw = service.database.engine.raw_connection()
    try:
        raw.cursor().execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("backend.store.database._BUSY_SECONDS", 0.1)
        for connection in [service.database.engine.connect() for _ in range(3)]:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
            connection.close()
        answer = submit(client, TRAIN)
    finally:
        raw.rollback()
        raw.close()
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert submit(client, TRAIN).status_code == 202
