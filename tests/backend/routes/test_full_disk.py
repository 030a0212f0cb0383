"""A full disk: uploads are refused with the reason, nothing half is left, and the API goes on."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.service import Service
from backend.store.models import Checkpoint, Image

pytestmark = pytest.mark.promise("R10")


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow over 4 KiB: a write beyond fails as on a full disk (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def staged(service: Service) -> list[Path]:
    folder = service.artifacts.root / ".tmp"
    return list(folder.iterdir()) if folder.exists() else []


def refused(answer: Any) -> bool:
    return bool(
        answer.status_code == 507
        and answer.headers["Content-Type"] == "application/problem+json"
        and answer.json()["type"] == "/problems/insufficient-storage"
    )


def test_weights_that_find_no_room_are_refused(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(1000)
    card = make.card_of(weights, classes=tuple(f"c{n}" for n in range(1000)))
    files = {"weights": ("w.safetensors", weights), "card": ("card.json", card.model_dump_json())}
    with service.database.read() as session:
        before = session.query(Checkpoint).count()
    with no_room():
        answer = client.post("/api/v1/checkpoints", files=files)
    assert refused(answer), answer.text
    assert staged(service) == [] and client.get("/api/v1/healthz").status_code == 200
    with service.database.read() as session:
        assert session.query(Checkpoint).count() == before
    assert client.post("/api/v1/checkpoints", files=files).status_code == 201, "once there is room again"


def test_a_photograph_that_finds_no_room_is_refused(
    client: TestClient, service: Service, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = {"file": ("cat.png", make.file(make.picture(seed=5)))}
    with monkeypatch.context() as patch:
        patch.setattr(service.artifacts, "adopt", full)
        answer = client.post("/api/v1/images", files=file)
    assert refused(answer), answer.text
    assert staged(service) == []
    with service.database.read() as session:
        assert session.query(Image).filter_by(source="upload").count() == 0
    assert client.post("/api/v1/images", files=file).status_code == 201


def test_every_operation_may_answer_so(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert all("507" in operation["responses"] for path in paths.values() for operation in path.values())
