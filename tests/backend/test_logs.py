"""Lines of the log: what each belongs to, in either format, and that no secret is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend import logs
from backend.service import Service
from backend.settings import Settings
from backend.store import jobs
from backend.store.job_records import events_after
from backend.store.job_views import request_of

TOKEN = "sslab_3fGh-k2_PqR.long"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """``written("json")``: logs go to the file that is returned; at the end logging is as it was."""
    root, made = logging.getLogger(), Settings(data_dir=tmp_path)
    level, handlers = root.level, list(root.handlers)

    def begin(log_format: str, **changes: str) -> Path:
        logs.configure(made.model_copy(update={"log_format": log_format, **changes}), "api", file=tmp_path / "log")
        return tmp_path / "log"

    yield begin
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_line_is_an_object_with_what_it_belongs_to(written: Callable[..., Path]) -> None:
    path = written("json")
    with logs.bound(request_id="r1"), logs.bound(job_id="j", fence=2, nothing=None):
        logging.getLogger("x").warning("two\nlines of %s", "η")
    logging.getLogger("x").info("outside", extra={"status": 404})
    within, outside = lines(path)
    assert within | {"timestamp": ""} == {
        "timestamp": "", "level": "WARNING", "logger": "x", "message": "two\nlines of η", "service": "api",
        "pid": within["pid"], "request_id": "r1", "job_id": "j", "fence": 2,
    }  # fmt: skip
    assert "request_id" not in outside and outside["status"] == 404


def test_text_is_for_people(written: Callable[..., Path]) -> None:
    path = written("text")
    with logs.bound(job_id="j", fence=2):
        logging.getLogger("x").warning("it went wrong")
    logging.getLogger("x").info("outside")
    first, second = path.read_text().splitlines()
    assert first.endswith("WARNING x: it went wrong [job_id=j fence=2]") and second.endswith("INFO x: outside")


def test_setting_up_twice_writes_each_line_once_and_leaves_other_handlers(written: Callable[..., Path]) -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    path = written("text")
    written("text")
    logging.getLogger("uvicorn.error").error("once")
    assert path.read_text().count("once") == 1 and other in logging.getLogger().handlers
    logging.getLogger().removeHandler(other)


@pytest.mark.promise("S10")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_written(written: Callable[..., Path], log_format: str, measured: Callable[..., None]) -> None:
    database, broker = "postgresql+psycopg://u:dbpass%2Fword@h/x", "redis://:brokerpass@h:6379/0"
    path = written(log_format, database_url=database, redis_url=broker)
    log = logging.getLogger("x")
    log.error("headers %s", {"Authorization": f"Bearer {TOKEN}", "authorization": "Basic dXNlcjpwYXNz"})
    log.error("raw %s", [(b"authorization", b"Bearer abcdefghijk")])
    log.error("Authorization: Bearer abc.def.ghi and Bearer zyxwvutsr alone; a token %s", TOKEN)
    log.error("cannot reach %s nor %s; FATAL: dbpass/word was refused", database, broker)
    log.error("password=hunter22 --requirepass: hunter33", extra={"note": TOKEN})
    try:
        raise RuntimeError(f"at {broker} with {TOKEN}")
    except RuntimeError:
        log.exception("it failed")
    text = path.read_text()
    secrets = ("3fGh", "dXNlcjpwYXNz", "abcdefghijk", "abc.def", "zyxwv", "dbpass", "brokerpass", "hunter")
    measured("secrets found in the log", sum(secret in text for secret in secrets), "secrets", limit=0)
    assert "cannot reach postgresql+psycopg://u:***@h/x" in text and "RuntimeError: at redis://:***@h" in text
    assert log_format == "text" or len(lines(path)) == 6, "what was blanked out leaves the JSON whole"


def test_a_request_is_on_every_line_it_causes_and_in_its_jobs_first_event(
    client: TestClient, service: Service, written: Callable[..., Path]
) -> None:
    path = written("json")
    body = {"kind": "infer_cam", "settings": {"checkpoint": "demo-ssenet", "dataset": "demo", "split": "val"}}
    answer = client.post("/api/v1/jobs", json=body, headers={"X-Request-ID": "r7"})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["id"]
    with service.database.read() as session:
        assert request_of(session, job_id) == "r7"
        assert events_after(session, job_id, 0, 1)[0].data == {"state": "queued", "request_id": "r7"}
    with service.database.write() as session:
        by_itself = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}))[0].id
        assert request_of(session, by_itself) is None
    access = [line for line in lines(path) if line["logger"] == "ssenet.access"]
    assert [(line["request_id"], line["status"], line["path"]) for line in access] == [("r7", 202, "/api/v1/jobs")]


def test_a_path_cannot_look_like_another_line(client: TestClient, written: Callable[..., Path]) -> None:
    path = written("text")
    client.get("/api/v1/x%0A2026-01-01 INFO forged")
    assert sum("ssenet.access" in line or line.startswith("2026-01-01") for line in path.read_text().splitlines()) == 1
