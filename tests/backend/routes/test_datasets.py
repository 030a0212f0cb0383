"""Data sets: listing, checking, browsing."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.service import Service
from backend.store import datasets
from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.data.images import decode_image, voc_palette

DEMO = "/api/v1/datasets/demo"


@pytest.fixture
def own(client: TestClient, service: Service, tmp_path: Path, make: Any) -> Path:
    """A CSV data set of two images, registered as ``own``; returns its folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    for n in range(2):
        (folder / f"{n}.png").write_bytes(make.file(make.picture(seed=n)))
    (folder / "list.csv").write_text("image,labels,split\n0.png,cat,train\n1.png,cat;dog,train\n")
    (folder / "classes.txt").write_text("cat\ndog\n")
    spec = DatasetSpec(name="own", kind="csv", path=str(folder / "list.csv"), classes=("cat", "dog"), labels="csv")
    with service.database.write() as session:
        datasets.register(session, spec)
    assert client.get("/api/v1/datasets/own").status_code == 200
    return folder


def test_the_demo_set_is_listed(client: TestClient, make: Any) -> None:
    [demo] = client.get("/api/v1/datasets").json()["items"]
    assert demo == client.get(DEMO).json()
    assert (demo["id"], demo["kind"], demo["splits"]) == ("demo", "demo", {"train": 400, "val": 120})
    assert demo["classes"] == list(make.classes) and demo["masked_splits"] == ["train", "val"]


def test_samples_are_those_of_the_data_set(client: TestClient) -> None:
    opened = open_dataset(DatasetSpec(name="demo", kind="demo"))
    page = client.get(f"{DEMO}/samples?split=val&offset=3&limit=2").json()
    assert page["total"] == 120 and [item["index"] for item in page["items"]] == [3, 4]
    sample = opened.sample("val", 3)
    shown = [name for name, label in zip(opened.classes, sample.labels, strict=True) if label]
    assert page["items"][0] == {"index": 3, "id": sample.id, "labels": shown}
    image = client.get(f"{DEMO}/samples/val/3/image")
    assert np.array_equal(decode_image(image.content), sample.image)
    mask = Image.open(io.BytesIO(client.get(f"{DEMO}/samples/val/3/mask").content))
    assert sample.mask is not None and np.array_equal(np.asarray(mask), sample.mask)
    assert mask.getpalette()[:9] == voc_palette()[:3].ravel().tolist()
    small = Image.open(io.BytesIO(client.get(f"{DEMO}/samples/val/3/mask?max_side=64").content))
    assert max(small.size) == 64 and set(np.unique(small)) <= set(np.unique(sample.mask))
    tag = image.headers["ETag"]
    assert client.get(f"{DEMO}/samples/val/3/image", headers={"If-None-Match": tag}).status_code == 304


def test_samples_of_one_class(client: TestClient) -> None:
    page = client.get(f"{DEMO}/samples?split=val&class=bird&limit=5").json()
    assert 0 < page["total"] < 120
    assert all("bird" in item["labels"] for item in page["items"])
    rest = client.get(f"{DEMO}/samples?split=val&class=bird&offset={page['total'] - 1}").json()
    assert len(rest["items"]) == 1


@pytest.mark.usefixtures("own")
def test_listing_decodes_no_image(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: Any, **__: Any) -> None:
        raise AssertionError("an image was decoded for a listing")

    monkeypatch.setattr("ssenet.data.files.read_image", decoded)
    samples = "/api/v1/datasets/own/samples"
    items = client.get(samples).json()["items"]
    assert [(item["index"], item["labels"]) for item in items] == [(0, ["cat"]), (1, ["cat", "dog"])]
    assert client.get(f"{samples}?class=dog").json() == {"items": [items[1]], "total": 1}


def test_a_sample_becomes_a_photograph(client: TestClient) -> None:
    sample = client.get(f"{DEMO}/samples?split=val&limit=1").json()["items"][0]
    image = client.post(f"{DEMO}/samples/val/0/open")
    assert image.status_code == 200
    assert image.json()["source"] == "dataset" and image.json()["labels"] == sample["labels"]
    assert client.get("/api/v1/images?source=dataset").json()["items"] == [image.json()]
    assert client.post(f"{DEMO}/samples/val/0/open").json() == image.json()


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/demo/samples?split=nope",
        "/demo/samples?split=val&class=unicorn",
        "/demo/samples/val/120/image",
        "/demo/samples/nope/0/image",
        "/demo/samples/val/99999/mask",
        "/nope/check",
    ],
)
def test_what_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/v1/datasets{path}")
    assert answer.status_code == 404 and answer.json()["detail"]


@pytest.mark.parametrize("bad", ["..%2f..", "%2e%2e%2f", "a%00", "C:%5cx"])
def test_a_path_is_no_id(client: TestClient, bad: str) -> None:
    for path in (f"/{bad}", f"/{bad}/check", f"/{bad}/samples", f"/demo/samples/{bad}/0/image"):
        assert client.get(f"/api/v1/datasets{path}").status_code in (404, 422)
    assert client.get(f"{DEMO}/samples/val/-1/image").status_code == 422


@pytest.mark.usefixtures("own")
def test_a_set_without_masks(client: TestClient) -> None:
    assert client.get("/api/v1/datasets/own/check").json() == {"ok": True, "problems": []}
    assert client.get("/api/v1/datasets/own").json()["masked_splits"] == []
    assert client.get("/api/v1/datasets/own/samples/train/0/mask").status_code == 404
    body = {"kind": "evaluate", "settings": {"checkpoint": "demo-ssenet", "dataset": "own", "split": "train"}}
    pointers = [error["pointer"] for error in client.post("/api/v1/jobs", json=body).json()["errors"]]
    assert pointers == ["/settings/split", "/settings/checkpoint"]


def test_pictures_of_a_set_that_is_registered_anew_are_asked_for_again(
    client: TestClient, service: Service, own: Path, make: Any
) -> None:
    address = "/api/v1/datasets/own/samples/train/0/image"
    first = client.get(address)
    held = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert client.get(address, headers=held).status_code == 304
    (own / "list.csv").write_text("image,labels,split\n1.png,cat;dog,train\n")
    spec = DatasetSpec(name="own", kind="csv", path=str(own / "list.csv"), classes=("cat", "dog"), labels="csv")
    with service.database.write() as session:
        datasets.register(session, spec)
    fresh = client.get(address, headers=held)
    assert fresh.status_code == 200
    assert np.array_equal(decode_image(fresh.content), make.picture(seed=1))


def test_a_file_that_went_missing_is_a_problem(client: TestClient, own: Path) -> None:
    (own / "1.png").unlink()
    check = client.get("/api/v1/datasets/own/check")
    if check.status_code == 200:  # opened before the file was lost
        assert check.json()["ok"] is False and "1.png" in check.json()["problems"][0]
    else:
        assert check.status_code == 409 and "1.png" in check.json()["detail"]
    shutil.rmtree(own)
    answer = client.get("/api/v1/datasets/own/samples/train/1/image")
    assert answer.status_code == 409 and answer.json()["type"] == "/problems/dataset"
