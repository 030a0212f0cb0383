"""What surrounds every request."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.app import create_app
from backend.service import Service
from backend.settings import Settings


@pytest.mark.promise("S7")
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example"])
def test_foreign_host_names_are_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/healthz", headers={"Host": host})
    assert answer.status_code == 400 and answer.json()["type"] == "/problems/host"


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:1", "LOCALHOST", "[::1]:80"])
def test_loopback_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/healthz", headers={"Host": host}).status_code == 200


def test_configured_names_are_served(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"hosts": "api, lab.example"}))
    client = TestClient(app, base_url="http://127.0.0.1")  # not started: this needs no database
    assert client.get("/api/v1/healthz", headers={"Host": "lab.example"}).status_code == 200
    assert client.get("/api/v1/healthz", headers={"Host": "other.example"}).status_code == 400


@pytest.mark.promise("S7")
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://["}],
)
def test_another_site_may_not_change_anything(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/jobs", json={}, headers=headers)
    assert answer.status_code == 403 and answer.json()["type"] == "/problems/origin"
    assert client.delete("/api/v1/images/x", headers=headers).status_code == 403
    assert client.get("/api/v1/jobs", headers=headers).status_code == 200


def test_pages_of_this_host_may(client: TestClient) -> None:
    answer = client.post("/api/v1/jobs", json={"kind": "rm"}, headers={"Origin": "http://localhost:8501"})
    assert answer.status_code == 422


def test_every_answer_has_the_security_headers_and_an_id(client: TestClient) -> None:
    for path in ("/api/v1/healthz", "/api/v1/nope", "/api/v1/checkpoints/demo-ssenet/weights", "/"):
        answer = client.get(path, headers={"X-Request-ID": "mine-1"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Request-ID"] == "mine-1"
    assert client.get("/", headers={"X-Request-ID": "a b{}"}).headers["X-Request-ID"] != "a b{}"


def test_unknown_addresses_and_methods_are_problems(client: TestClient) -> None:
    for method, path, status in (("GET", "/nope", 404), ("GET", "/api/v1/nope", 404), ("PATCH", "/api/v1/jobs", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["instance"] == answer.headers["X-Request-ID"]


def test_a_crash_tells_nothing_but_its_id(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash() -> Any:
        raise RuntimeError("secret details")

    monkeypatch.setattr(service.database, "read", crash)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/jobs")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.json()["instance"] == answer.headers["X-Request-ID"]
    assert answer.headers["X-Request-ID"] in caplog.text and "secret details" in caplog.text


def test_each_request_has_one_log_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="ssenet.access"):
        client.get("/api/v1/nope?token=secret", headers={"X-Request-ID": "r1"})
    [record] = [r for r in caplog.records if r.name == "ssenet.access"]
    line = vars(record)
    assert (line["request_id"], line["status"], line["path"]) == ("r1", 404, "/api/v1/nope")
    assert record.message.startswith("GET /api/v1/nope 404 in ")
    assert "secret" not in record.message


def test_bodies_are_bounded_in_both_framings(client: TestClient, service: Service) -> None:
    size = service.settings.body_bytes + 1
    declared = client.post("/api/v1/jobs", content=b" " * size, headers={"Content-Type": "application/json"})
    pieces = (b" " * 65536 for _ in range(size // 65536 + 1))
    chunked = client.post("/api/v1/jobs", content=pieces, headers={"Content-Type": "application/json"})
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert chunked.json()["type"] == "/problems/too-large"


@pytest.mark.parametrize("length", ["-1", "x", "1e9"])
def test_a_length_that_is_no_number_is_malformed(client: TestClient, length: str) -> None:
    answer = client.post("/api/v1/jobs", headers={"Content-Length": length})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("images/x", "DELETE, GET"), ("images", "GET, POST"), ("jobs/estimate", "POST"), ("capabilities", "GET")],
)
def test_an_answer_to_another_method_names_all_that_are_taken(client: TestClient, path: str, allowed: str) -> None:
    answer = client.patch(f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert allowed in answer.json()["detail"]
