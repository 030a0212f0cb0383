"""Checkpoints: bringing in, taking out, and deleting with confirmation."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from backend.service import Service
from backend.store import cams, jobs
from backend.store.models import Checkpoint
from ssenet.config import AffinityTrainSettings, SegmentationTrainSettings
from ssenet.results import View

BASE = "/api/v1/checkpoints"


def upload(client: TestClient, weights: bytes, card: Any) -> Any:
    data = card if isinstance(card, bytes) else card.model_dump_json().encode()
    return client.post(BASE, files={"weights": ("w.safetensors", weights), "card": ("card.json", data)})


def left_behind(service: Service) -> list[Path]:
    staging = service.artifacts.root / ".tmp"
    return list(staging.iterdir()) if staging.exists() else []


def test_the_built_in_ones_are_listed_with_their_cards(client: TestClient) -> None:
    items = client.get(BASE).json()["items"]
    assert {item["id"] for item in items} == {"demo-ssenet", "imagenet-lite0"}
    assert all(item["builtin"] and item["final"] for item in items)
    only = client.get(f"{BASE}?method=ssenet&dataset=demo").json()["items"]
    assert [item["card"]["name"] for item in only] == ["Demo SSENet"]


def test_an_upload_comes_back_byte_by_byte(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    answer = upload(client, weights, make.card_of(weights))
    assert answer.status_code == 201
    made = answer.json()
    path = answer.headers["Location"]
    assert client.get(path).json() == made
    whole = client.get(f"{path}/weights")
    assert whole.content == weights and whole.headers["ETag"] == f'"{hashlib.sha256(weights).hexdigest()}"'
    assert "attachment" in whole.headers["Content-Disposition"]
    assert "immutable" in whole.headers["Cache-Control"]
    part = client.get(f"{path}/weights", headers={"Range": "bytes=5-14"})
    assert (part.status_code, part.content) == (206, weights[5:15])
    assert client.get(f"{path}/weights", headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert client.get(f"{path}/card").json() == made["card"]
    again = upload(client, weights, json.dumps(made["card"]).encode())
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    assert left_behind(service) == []


def test_an_upload_is_on_the_disk_before_others_have_to_wait(
    client: TestClient, service: Service, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []
    weights, real = make.weights_of(10, dtype=np.float32), os.fsync

    def fsync(descriptor: int) -> None:
        if os.fstat(descriptor).st_size == len(weights):
            flushed.append((os.fstat(descriptor).st_ino, others_may_write(service)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert upload(client, weights, make.card_of(weights)).status_code == 201
    assert flushed[0][1], "its bytes were written out within the transaction"
    assert len({number for number, _ in flushed}) == 1, "and it was copied no second time"


def others_may_write(service: Service) -> bool:
    """Whether nobody holds the database's write lock."""
    other = sqlite3.connect(service.settings.data_dir / "ssenet.db", isolation_level=None, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


class Canary:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_refused_and_never_loaded(client: TestClient, make: Any, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    weights = pickle.dumps(Canary(canary))
    answer = upload(client, weights, make.card_of(weights))
    assert answer.status_code == 422 and "safetensors" in answer.json()["detail"]
    assert not canary.exists()


def damaged(make: Any) -> dict[str, bytes]:
    good: bytes = make.weights_of(10)
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    header["classifier.weight"]["data_offsets"] = [0, 10**9]
    lying = json.dumps(header).encode()
    return {
        "empty": b"",
        "zip": b"PK\x03\x04" + bytes(100),
        "huge header": (2**63 - 1).to_bytes(8, "little") + good[8:],
        "header beyond the end": len(good).to_bytes(8, "little") + good[8:],
        "header is no JSON": good[:8] + b"x" * length + good[8 + length :],
        "cut off": good[:-1],
        "offsets beyond the end": len(lying).to_bytes(8, "little") + lying + good[8 + length :],
        "no classifier": make.weights_of(10, name="other"),
        "other number of classes": make.weights_of(9),
        "strings of bits": save({"classifier.weight": np.ones((10, 4, 1, 1), np.uint8)}),
    }


@pytest.mark.parametrize(
    "what",
    ["empty", "zip", "huge header", "header beyond the end", "header is no JSON", "cut off", "offsets beyond the end",
     "no classifier", "other number of classes", "strings of bits"],
)  # fmt: skip
def test_damaged_weights_are_refused(client: TestClient, service: Service, make: Any, what: str) -> None:
    weights = damaged(make)[what]
    answer = upload(client, weights, make.card_of(weights))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/weights"
    assert left_behind(service) == []
    assert len(client.get(BASE).json()["items"]) == 2
    assert list((service.artifacts.root / "weights").glob("*")) == []


@pytest.mark.parametrize(
    ("method", "name", "rows", "status"),
    [("affinity", "f9.weight", 448, 201), ("affinity", "classifier.weight", 10, 422),
     ("segmentation", "classifier.weight", 11, 201), ("segmentation", "classifier.weight", 10, 422)],
)  # fmt: skip
def test_other_networks_than_those_of_cams_come_in_and_are_told_apart(
    client: TestClient, make: Any, method: str, name: str, rows: int, status: int
) -> None:
    settings = {"affinity": AffinityTrainSettings(crf="set"), "segmentation": SegmentationTrainSettings(labels="set")}
    weights = make.weights_of(rows, name=name)
    answer = upload(client, weights, make.card_of(weights, method=method, settings=settings[method]))
    assert answer.status_code == status, answer.text
    listed = {role: client.get(f"{BASE}?role={role}").json()["items"] for role in ("cam", "affinity", "segmentation")}
    assert [item["card"]["method"] for item in listed[method]] == [method] * (status == 201)
    assert len(listed["cam"]) == 2


def test_a_segmentation_network_needs_its_settings(client: TestClient, make: Any) -> None:
    weights = make.weights_of(11)
    answer = upload(client, weights, make.card_of(weights, method="segmentation"))
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/card/settings"


def test_weights_and_card_must_match(client: TestClient, make: Any) -> None:
    weights = make.weights_of(10)
    answer = upload(client, weights, make.card_of(weights + b"x"))
    assert answer.status_code == 422 and "sha256" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surprise": 1}, "/card/surprise"),
        ({"stride": 7}, "/card/stride"),
        ({"classes": []}, "/card/classes"),
        ({"backbone": "hf_hub:someone/model"}, "/card/backbone"),
        ({"backbone": "../../x"}, "/card/backbone"),
        ({"weights_sha256": "../x"}, "/card/weights_sha256"),
    ],
)
def test_a_wrong_card_is_refused(client: TestClient, make: Any, change: dict[str, Any], pointer: str) -> None:
    weights = make.weights_of(10)
    card = json.loads(make.card_of(weights).model_dump_json()) | change
    answer = upload(client, weights, json.dumps(card).encode())
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_card_that_is_no_json_is_refused(client: TestClient, make: Any) -> None:
    assert upload(client, make.weights_of(10), b"{").status_code == 422


def test_built_in_weights_are_asked_for_again_each_time(client: TestClient) -> None:
    first = client.get(f"{BASE}/demo-ssenet/weights")
    again = client.get(f"{BASE}/demo-ssenet/weights", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"


def test_weights_in_another_format_are_not_offered(client: TestClient) -> None:
    assert client.get(f"{BASE}/imagenet-lite0/weights").status_code == 409
    assert client.get(f"{BASE}/demo-ssenet/weights").status_code == 200


def test_built_in_checkpoints_stay(client: TestClient) -> None:
    token = client.get(f"{BASE}/demo-ssenet/dependents").json()
    assert token["evaluations"] == 1
    assert client.delete(f"{BASE}/demo-ssenet?confirm={token['confirm']}").status_code == 409


def test_deleting_needs_a_fresh_confirmation(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    path = upload(client, weights, make.card_of(weights)).headers["Location"]
    refused = client.delete(path)
    token = client.get(f"{path}/dependents").json()["confirm"]
    assert refused.status_code == 409 and token in refused.json()["detail"]
    assert client.delete(f"{path}?confirm=stale").status_code == 409
    assert client.delete(f"{path}?confirm={token}").status_code == 204
    assert client.get(path).status_code == 404
    assert list((service.artifacts.root / "weights").glob("*")) == []


def test_weights_that_two_checkpoints_share_stay_until_both_are_gone(client: TestClient, make: Any) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    first = upload(client, weights, make.card_of(weights)).headers["Location"]
    second = upload(client, weights, make.card_of(weights, name="Same weights")).headers["Location"]
    assert first != second
    token = client.get(f"{first}/dependents").json()["confirm"]
    assert client.delete(f"{first}?confirm={token}").status_code == 204
    assert client.get(f"{second}/weights").content == weights


def test_weights_stay_when_the_deletion_is_not_committed(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    path = upload(client, weights, make.card_of(weights)).headers["Location"]
    token = client.get(f"{path}/dependents").json()["confirm"]

    def disk_full(_: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk is full"))

    event.listen(service.database.engine, "commit", disk_full)
    try:
        with suppress(OperationalError):
            assert client.delete(f"{path}?confirm={token}").status_code >= 500
    finally:
        event.remove(service.database.engine, "commit", disk_full)
    assert client.get(f"{path}/weights").content == weights


def test_weights_that_came_in_again_during_the_deletion_stay(
    client: TestClient, service: Service, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    path = upload(client, weights, make.card_of(weights)).headers["Location"]
    token = client.get(f"{path}/dependents").json()["confirm"]
    again: list[str] = []

    @contextmanager
    def between(write: Any = service.database.write) -> Iterator[Any]:
        """Someone uploads the same weights after the row is gone and before the bytes go."""
        with service.database.read() as session:
            gone = session.get(Checkpoint, path.rpartition("/")[2]) is None
        if gone and not again:
            again.append("")
            again[0] = upload(client, weights, make.card_of(weights)).headers["Location"]
        with write() as session:
            yield session

    monkeypatch.setattr(service.database, "write", between)
    assert client.delete(f"{path}?confirm={token}").status_code == 204
    assert len(again) == 1
    assert client.get(f"{again[0]}/weights").content == weights


def test_a_checkpoint_in_use_stays(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(10, dtype=np.float32)
    made = upload(client, weights, make.card_of(weights)).json()
    path = f"{BASE}/{made['id']}"
    with service.database.write() as session:
        new = jobs.NewJob("infer_cam", {"dataset": "demo", "checkpoint": made["id"]})
        job_id = jobs.submit(session, new)[0].id
    dependents = client.get(f"{path}/dependents").json()
    assert dependents["running_jobs"] == 1
    assert client.delete(f"{path}?confirm={dependents['confirm']}").status_code == 409
    client.post(f"/api/v1/jobs/{job_id}/cancel")
    with service.database.write() as session:
        cams.request(session, cams.Wish(made["id"], "i", (View(scale=1),), ("k",)), room=9, deadline=60)
    assert client.delete(f"{path}?confirm={dependents['confirm']}").status_code == 409


@pytest.mark.parametrize("bad", ["..%2f..%2fetc", "%2e%2e", "a%00b", "x" * 101, "-flag"])
def test_a_path_is_no_id(client: TestClient, bad: str) -> None:
    for suffix in ("", "/card", "/weights", "/dependents"):
        assert 400 <= client.get(f"{BASE}/{bad}{suffix}").status_code < 500
    assert 400 <= client.delete(f"{BASE}/{bad}").status_code < 500
