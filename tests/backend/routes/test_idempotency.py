"""Promise R17: a request that is repeated while it is still being answered makes one job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.service import Service
from backend.store.models import Job

Measured = Callable[..., None]
TIMES = 20


@pytest.mark.promise("R17")
def test_twenty_at_once_under_one_key_are_one_job(client: TestClient, service: Service, measured: Measured) -> None:
    barrier = threading.Barrier(TIMES)
    body = {"kind": "train_cam", "settings": {"epochs": 2}, "name": "once"}

    def submit(_number: int) -> httpx.Response:
        barrier.wait(30)
        return client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "once"})

    began = time.monotonic()
    with ThreadPoolExecutor(TIMES) as pool:
        answers = list(pool.map(submit, range(TIMES)))
    seconds = time.monotonic() - began
    assert [answer.status_code for answer in answers] == [202] * TIMES, [answer.text for answer in answers]
    replayed = sum(answer.content == answers[0].content for answer in answers[1:])
    assert replayed == TIMES - 1, "every client is told of the same job in the same words"
    assert len({answer.headers["location"] for answer in answers}) == 1
    with service.database.read() as session:
        made = session.scalars(select(func.count()).select_from(Job)).one()
    measured("jobs made by 20 equal requests at once", made, "", limit=1)
    measured("replays of the same answer, of 19", replayed)
    measured("time until all 20 were answered", seconds, "s")

    other = client.post("/api/v1/jobs", json={**body, "settings": {"epochs": 3}}, headers={"Idempotency-Key": "once"})
    assert other.status_code == 422 and other.json()["type"] == "/problems/idempotency"
    assert other.json()["errors"][0]["pointer"] == "/header/idempotency-key"
