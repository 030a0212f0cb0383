"""Promise S1: weights that would run code when they are loaded are refused unread."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.service import Service

BASE = "/api/v1/checkpoints"


class Canary:
    """Unpickling it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def zipped(**files: bytes) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def arrays_with(canary: Canary) -> bytes:
    """An npy file with an object inside."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([canary], object), allow_pickle=True)
    return buffer.getvalue()


def headed(header: bytes, rest: bytes = b"") -> bytes:
    """A safetensors file with a header of one's own."""
    return len(header).to_bytes(8, "little") + header + rest


def described(**tensors: dict[str, Any]) -> bytes:
    """The JSON of a header."""
    return json.dumps(tensors).encode()


def hostile(canary: Canary, good: bytes) -> dict[str, bytes]:
    """Files by what they try."""
    pickled = {f"pickle {p}": pickle.dumps(canary, protocol=p) for p in range(pickle.HIGHEST_PROTOCOL + 1)}
    evil, huge = pickled["pickle 2"], 2**62
    return {
        **pickled,
        "torch zip": zipped(archive__data__pkl=evil, **{"archive__data.pkl": evil, "archive__version": b"3"}),
        "old torch": pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + evil,
        "npy": arrays_with(canary),
        "npz": zipped(**{"classifier.weight.npy": arrays_with(canary)}),
        "zip bomb": zipped(bomb=bytes(200 * 2**20)),
        "gzip bomb": zlib.compress(bytes(50 * 2**20), 9),
        "header of 2^63": (2**63).to_bytes(8, "little") + good[8:],
        "header of 2^64 - 1": b"\xff" * 8 + good[8:],
        "pickle behind a header": headed(b"{}", evil),
        "pickle as header": headed(evil),
        "tensor of 2^62 bytes": headed(described(w={"dtype": "F32", "shape": [huge], "data_offsets": [0, huge]})),
        "shape that overflows": headed(
            described(w={"dtype": "F32", "shape": [2**33, 2**33], "data_offsets": [0, 4]}), b"\0\0\0\0"
        ),
        "negative offsets": headed(described(w={"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}), b"\0\0\0\0"),
        "deep header": headed(b"[" * 100_000 + b"]" * 100_000),
        "pickle behind the weights": good + evil,
    }


@pytest.mark.promise("S1")
def test_hostile_weights_are_refused_and_run_nothing(
    client: TestClient, service: Service, make: Any, tmp_path: Path, measured: Callable[..., None]
) -> None:
    canary = tmp_path / "canary"
    before = client.get(BASE).json()
    files = hostile(Canary(canary), make.weights_of(10))
    for name, data in files.items():
        card = make.card_of(data).model_dump_json().encode()
        answer = client.post(BASE, files={"weights": ("good.safetensors", data), "card": ("card.json", card)})
        assert answer.status_code in (413, 415, 422), (name, answer.text)
        assert answer.json()["errors"][0]["pointer"] == "/weights", name
        assert not canary.exists(), name
    staging = service.artifacts.root / ".tmp"
    assert client.get(BASE).json() == before and not (staging.exists() and list(staging.iterdir()))
    measured("hostile files refused as weights, none of them run", len(files))
    pickle.loads(files["pickle 2"])
    assert canary.exists(), "the canary can be made"


@pytest.mark.promise("S1")
@pytest.mark.parametrize("data", [b"[" * 100_000, b"\x80\x04.", b"{" + b'"a":1,' * 10 + b"}", b"\xff\xfe", b"null"])
def test_hostile_cards_are_refused(client: TestClient, make: Any, data: bytes) -> None:
    files = {"weights": ("w.safetensors", make.weights_of(10)), "card": ("card.json", data)}
    answer = client.post(BASE, files=files)
    assert answer.status_code == 422 and answer.json()["type"] == "/problems/card"
