"""How much and how often: quotas of one user, and rates of requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from access_world import World, add_image, bearer, user
from starlette.testclient import TestClient

from backend import job_stream
from backend.access.caller import acting_as
from backend.access.quotas import UserStreams, stored_bytes
from backend.access.rates import Rates, address_of
from backend.problems import Problem
from backend.settings import Settings
from backend.store.models import Image
from ssenet.config import CamTrainSettings

Enter = Callable[..., World]
JOB = {"kind": "train_cam", "settings": CamTrainSettings().model_dump(mode="json")}
WRONG = bearer("sslab_" + "A" * 43)


def submit(made: World, name: str | None, key: str | None = None) -> Any:
    headers = {**(made.headers[name] if name else {}), **({"Idempotency-Key": key} if key else {})}
    return made.client.post("/api/v1/jobs", json=JOB, headers=headers)


def test_a_user_has_as_many_jobs_as_allowed_at_a_time(entered: Enter) -> None:
    made = entered(jobs_per_user=3)
    jobs = [submit(made, "alice", key=f"k{i}") for i in range(3)]
    assert {job.status_code for job in jobs} == {202}
    over = submit(made, "alice")
    assert over.status_code == 429 and over.json()["type"] == "/problems/quota" and over.headers["Retry-After"] == "60"
    assert "3 waiting or running jobs" in over.json()["detail"]
    assert submit(made, "alice", key="k1").json()["id"] == jobs[1].json()["id"], "a repeated one is no new one"
    assert submit(made, "bob").status_code == 202, "each has their own"
    pipeline = {"settings": {"dataset": "demo", "split": "train", "checkpoint": "demo-ssenet"}}
    assert made.client.post("/api/v1/pipelines", json=pipeline, headers=made.headers["alice"]).status_code == 429
    cancelled = f"/api/v1/jobs/{jobs[0].json()['id']}"
    assert made.client.post(f"{cancelled}/cancel", headers=made.headers["alice"]).status_code == 202
    assert made.client.post(f"{cancelled}/retry", headers=made.headers["alice"]).status_code == 202
    assert submit(made, "alice").status_code == 429, "the retried one took the place"


def test_pipelines_that_wait_for_one_job_count_each(entered: Enter) -> None:
    made = entered(jobs_per_user=3)

    def start(iterations: int) -> int:
        settings = {"dataset": "demo", "split": "train", "checkpoint": "demo-ssenet"}
        different = {**settings, "crf": {"crf_iterations": iterations}}
        body = {"settings": different}
        return int(made.client.post("/api/v1/pipelines", json=body, headers=made.headers["alice"]).status_code)

    assert [start(n) for n in (1, 2, 3, 4)] == [202, 202, 429, 429], "one job, and a pipeline each"


def test_of_many_submissions_at_once_no_more_than_allowed_come_in(entered: Enter, measured: Any) -> None:
    made = entered(jobs_per_user=5)
    with ThreadPoolExecutor(12) as pool:
        statuses = [job.status_code for job in pool.map(lambda _: submit(made, "alice"), range(24))]
    assert sorted(set(statuses)) == [202, 429] and statuses.count(202) == 5
    measured("jobs that came in of 24 at once, where 5 may", statuses.count(202), "", limit=5)


def test_the_operator_on_this_machine_has_no_quota_and_no_rate(entered: Enter) -> None:
    made = entered(login="auto", jobs_per_user=1, reads_per_minute=1, writes_per_minute=1)
    assert {submit(made, None).status_code for _ in range(5)} == {202}
    answers = [made.client.get("/api/v1/version") for _ in range(5)]
    assert {one.status_code for one in answers} == {200} and "RateLimit-Limit" not in answers[0].headers


def test_uploads_count_until_they_are_deleted(entered: Enter, make: Any) -> None:
    one, other = (make.file(make.picture(40, 40, seed=seed)) for seed in (1, 2))
    made = entered(upload_bytes_per_user=7000)  # the canonical PNG of each takes about 4,900 bytes

    def upload(data: bytes, name: str = "alice") -> Any:
        return made.client.post("/api/v1/images", files={"file": ("a.png", data)}, headers=made.headers[name])

    first = upload(one)
    assert first.status_code == 201
    with acting_as(user("alice")), made.service.database.read() as session:
        kept = session.get_one(Image, first.json()["id"]).size
        assert stored_bytes(session, "alice") == kept > 4000
    over = upload(other)
    assert over.status_code == 429 and "Delete" in over.json()["detail"] and "Retry-After" not in over.headers
    assert upload(one).status_code == 200, "what is there already takes nothing more"
    assert upload(other, "bob").status_code == 201
    assert list((made.service.settings.artifacts / ".tmp").iterdir()) == []
    assert made.client.delete(f"/api/v1/images/{first.json()['id']}", headers=made.headers["alice"]).status_code == 204
    assert upload(other).status_code == 201


def test_weights_count_as_well(entered: Enter, make: Any) -> None:
    weights = make.weights_of(len(make.classes))
    made = entered(upload_bytes_per_user=len(weights))

    card = make.card_of(weights).model_dump_json().encode()

    def upload(data: bytes) -> Any:
        described = card if data == weights else make.card_of(data).model_dump_json().encode()
        files = {"weights": ("w.safetensors", data), "card": ("c.json", described)}
        return made.client.post("/api/v1/checkpoints", files=files, headers=made.headers["alice"])

    assert upload(weights).status_code == 201
    assert upload(weights).status_code == 200
    assert upload(make.weights_of(len(make.classes), dtype="float32")).status_code == 429


def test_photographs_opened_from_a_data_set_count_too(entered: Enter) -> None:
    made = entered(upload_bytes_per_user=1)
    opened = made.client.post("/api/v1/datasets/demo/samples/val/0/open", headers=made.headers["alice"])
    assert opened.status_code == 429


def test_what_nobody_else_has_goes_with_the_row_and_shared_bytes_stay(entered: Enter) -> None:
    made = entered()
    mine: list[str] = []
    theirs: list[str] = []
    for name, found in (("alice", mine), ("bob", theirs)):
        with acting_as(user(name)):
            found.append(add_image(made.service, name, seed=5))
    pixels = f"/api/v1/images/{theirs[0]}/pixels"
    assert made.client.delete(f"/api/v1/images/{mine[0]}", headers=made.headers["alice"]).status_code == 204
    assert made.client.get(pixels, headers=made.headers["bob"]).status_code == 200
    stored = list((made.service.settings.artifacts / "images").iterdir())
    assert made.client.delete(f"/api/v1/images/{theirs[0]}", headers=made.headers["bob"]).status_code == 204
    assert len(list((made.service.settings.artifacts / "images").iterdir())) == len(stored) - 1


def test_open_streams_are_counted_by_user_and_given_back() -> None:
    streams = UserStreams(2)
    with acting_as(user("alice")):
        taken = [streams.take(), streams.take()]
        with pytest.raises(Problem) as over:
            streams.take()
        streams.give_back(taken[0])
        streams.take()
    assert over.value.status == 429 and over.value.headers["Retry-After"] == "10"
    with acting_as(user("bob")):
        streams.take()
    with acting_as(user("")):
        assert [streams.take() for _ in range(9)] == [""] * 9


def test_a_stream_ends_and_no_longer_counts(world: World) -> None:
    path = f"/api/v1/jobs/{world.ids['bob']['job_id']}/events"
    headers = {**world.headers["bob"], "Accept": job_stream.MEDIA_TYPE}
    for _ in range(world.service.settings.streams_per_user + 2):
        answer = world.client.get(path, headers=headers)
        assert answer.status_code == 200 and "event: end" in answer.text
    with acting_as(user("bob")):
        taken = [world.service.user_streams.take() for _ in range(world.service.settings.streams_per_user)]
    over = world.client.get(path, headers=headers)
    assert over.status_code == 429 and over.headers["Retry-After"] == "10"
    assert world.client.get(path, headers=world.headers["bob"]).status_code == 200, "looking once is no stream"
    for name in taken:
        world.service.user_streams.give_back(name)


def test_requests_of_a_user_are_bounded_and_told_how_many_are_left(entered: Enter) -> None:
    made = entered(reads_per_minute=5, writes_per_minute=2)
    reads = [made.client.get("/api/v1/version", headers=made.headers["alice"]) for _ in range(7)]
    assert [one.status_code for one in reads] == [200] * 5 + [429] * 2
    assert [one.headers["RateLimit-Remaining"] for one in reads[:5]] == ["4", "3", "2", "1", "0"]
    assert reads[0].headers["RateLimit-Limit"] == "5" and reads[5].json()["type"] == "/problems/rate-limit"
    assert 1 <= int(reads[5].headers["Retry-After"]) <= 60 and reads[5].headers["RateLimit-Remaining"] == "0"
    writes = [submit(made, "alice").status_code for _ in range(3)]
    assert writes == [202, 202, 429], "what changes something is counted for itself"
    assert made.client.get("/api/v1/version", headers=made.headers["bob"]).status_code == 200
    assert {made.client.get("/api/v1/healthz").status_code for _ in range(9)} == {200}


def test_wrong_tokens_are_slowed_down_and_valid_ones_still_let_in(entered: Enter, measured: Any) -> None:
    made = entered()
    tries = [made.client.get("/api/v1/whoami", headers=WRONG) for _ in range(15)]
    assert [one.status_code for one in tries] == [401] * 10 + [429] * 5
    assert "Retry-After" in tries[-1].headers and "WWW-Authenticate" in tries[0].headers
    assert made.client.get("/api/v1/whoami", headers=made.headers["alice"]).status_code == 200
    assert made.client.get("/api/v1/whoami").status_code == 401, "to have no token is no attempt"
    measured("wrong tokens from one address before it is slowed down", 10, "a minute", limit=10)


def test_who_has_no_token_is_bounded_by_address(entered: Enter) -> None:
    made = entered(reads_per_minute=3)
    assert [made.client.get("/api/v1/version").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    elsewhere = TestClient(made.client.app, base_url="http://127.0.0.1", client=("192.0.2.9", 1))
    assert elsewhere.get("/api/v1/version").status_code == 401


def test_room_comes_back_gradually_in_the_minute_after(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1020.0]  # a minute begins
    monkeypatch.setattr("time.time", lambda: now[0])
    rates = Rates(Settings(reads_per_minute=2))
    assert [rates.hit("read", "a").allowed for _ in range(3)] == [True, True, False]
    now[0] += 59
    assert rates.hit("read", "a").allowed is False and rates.hit("read", "b").allowed
    now[0] += 32
    assert [rates.hit("read", "a").allowed for _ in range(3)] == [True, True, False], "the minute before counts less"
    now[0] += 120
    assert [rates.hit("read", "a").allowed for _ in range(3)] == [True, True, False]


def test_addresses_of_one_network_count_as_one() -> None:
    def of(host: str | None) -> str:
        return address_of({"client": None if host is None else (host, 1)})

    assert of("2001:db8::1") == of("2001:db8::ffff:2") != of("2001:db8:1::1")
    assert of("192.0.2.1") != of("192.0.2.2") and of(None) == ""


def test_addresses_that_no_longer_ask_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [1_000_000.0]
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: at[0])
    monkeypatch.setattr("limits.strategies.time.time", lambda: at[0])
    rates = Rates(Settings())
    storage: Any = rates.storage
    for number in range(500):
        rates.hit("failed log-in", f"10.0.{number // 250}.{number % 250}")
    assert len(storage.storage) >= 500
    at[0] += 600
    storage.timer.join()
    rates.hit("read", "user a")
    storage.timer.join()
    assert len(storage.storage) + len(storage.events) <= 2
