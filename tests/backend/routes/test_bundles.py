"""Exports over HTTP: the same files as everywhere else, for one photograph and for many."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Callable, Iterator
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from cam_worker import CamWorker, logits_of
from starlette.testclient import TestClient

from backend import cam_bundle
from backend.openapi_examples import BODIES, EXAMPLES
from backend.service import Service
from backend.store.artifacts import image_key
from backend.store.models import Image
from ssenet.bundle import Look
from ssenet.bundle.cams import view_files
from ssenet.cams import Cams
from ssenet.data.gallery import open_photograph
from ssenet.data.images import decode_image, pixels_sha, working_image
from ssenet.results import CheckpointCard, View

BUNDLE = "/api/v1/checkpoints/demo-ssenet/bundle"
BUNDLES = "/api/v1/bundles"


@pytest.fixture
def worker(service: Service, doorbell: Any) -> Iterator[CamWorker]:
    """Computes maps at once."""
    made = CamWorker(service)
    doorbell.on_cam = made.take
    yield made
    made.join()


@pytest.fixture
def images(client: TestClient, make: Any) -> list[str]:
    """Ids of two small photographs: what is drawn of them is drawn quickly."""
    files = {f"{seed}.png": make.file(make.picture(48, 64, seed)) for seed in (1, 2)}
    answers = [client.post("/api/v1/images", files={"file": (name, data)}) for name, data in files.items()]
    return [answer.json()["id"] for answer in answers]


@pytest.fixture
def small(images: list[str]) -> str:
    """Id of one of them."""
    return images[0]


@pytest.fixture
def bison(client: TestClient) -> str:
    """Id of one of them."""
    items = client.get("/api/v1/images?source=gallery").json()["items"]
    return str(next(item["id"] for item in items if item["name"] == "bison"))


def opened(data: bytes) -> dict[str, bytes]:
    """Contents by name, in order."""
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.usefixtures("worker")
def test_the_files_are_those_that_python_and_the_command_line_make(client: TestClient, bison: str) -> None:
    answer = client.get(BUNDLE, params={"image": bison, "scales": [1, 2], "alpha": 0.3, "colormap": "viridis"})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    files = opened(answer.content)
    card = CheckpointCard.model_validate(client.get("/api/v1/checkpoints/demo-ssenet").json()["card"])
    pixels = decode_image(open_photograph("bison"))
    coarse = {View(scale=s): logits_of(View(scale=s), 10).astype(np.float32) for s in (1, 2)}
    same = Cams(working_image(pixels), pixels_sha(pixels), coarse, card, (card.classes[1], card.classes[0]))
    for name, data in view_files(same, Look(alpha=0.3, colours="viridis")).items():
        assert files[name] == data, name
    manifest = json.loads(files["manifest.json"])
    assert manifest["protocol"]["source"] == "gallery" and manifest["protocol"]["photograph"] == same.sha
    assert manifest["address"].endswith(f"?image={bison}&scales=1&scales=2&alpha=0.3&colormap=viridis")
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="bison-{bison[:8]}-')


@pytest.mark.usefixtures("worker")
def test_weights_that_do_not_come_with_the_product_are_fetched_first(client: TestClient, small: str) -> None:
    # The tiny checkpoint has the id of a built-in one and other weights.
    said = json.loads(opened(client.get(BUNDLE, params={"image": small, "scales": 1}).content)["manifest.json"])
    lines = [shlex.split(line) for line in said["commands"]]
    assert [line[0] for line in lines] == ["curl", "curl", "ssenet"]
    for line, end in zip(lines, ("card", "weights"), strict=False):
        assert line[-1] == f"{str(client.base_url).rstrip(chr(47))}/api/v1/checkpoints/demo-ssenet/{end}"
        assert client.get(line[-1]).status_code == 200
    assert lines[2][2:4] == ["demo-ssenet", "photograph.png"] and line[-2].startswith("demo-ssenet/")


@pytest.mark.usefixtures("worker")
def test_equal_questions_have_equal_bytes_and_a_tag(client: TestClient, small: str) -> None:
    first, again = (client.get(BUNDLE, params={"image": small, "scales": 1}) for _ in range(2))
    assert first.content == again.content and first.headers["ETag"] == again.headers["ETag"]
    tagged = {"If-None-Match": first.headers["ETag"]}
    assert client.get(BUNDLE, params={"image": small, "scales": 1}, headers=tagged).status_code == 304
    assert client.get(BUNDLE, params={"image": small, "scales": 1, "alpha": 0.5}, headers=tagged).status_code == 200


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("labels", "red"), [({}, False), ({"labels": "given"}, True), ({"classes": "fish"}, True)])
def test_given_labels_are_a_leak_that_the_manifest_names(
    client: TestClient, bison: str, labels: dict[str, str], red: bool
) -> None:
    answer = client.get(BUNDLE, params={"image": bison, "scales": 1, **labels})
    said = json.loads(opened(answer.content)["manifest.json"])
    assert bool(said["protocol"]["leaks"]) is red
    line = shlex.split(said["commands"][-1])
    assert ("--class" in line) is red and ("--labels" in line) is not red


def test_maps_that_are_not_there_are_asked_for_again(client: TestClient, small: str, worker: CamWorker) -> None:
    worker.may_go.clear()
    answer = client.get(BUNDLE, params={"image": small, "scales": [1, 2], "wait": 0})
    assert (answer.status_code, answer.json()["missing"]) == (202, 2) and "/bundle?" in answer.headers["Location"]
    worker.join()
    assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("bad", [{"rotation": 10}, {"alpha": 2}, {"scales": 99}, {"surprise": 1}])
def test_what_a_bundle_cannot_hold_is_refused(client: TestClient, small: str, bad: dict[str, Any]) -> None:
    assert client.get(BUNDLE, params={"image": small, **bad}).status_code == 422


# Several at once -----------------------------------------------------------------------------------
@pytest.fixture
def post(client: TestClient) -> Callable[..., Any]:
    """Ask for several bundles."""

    def ask(**body: Any) -> Any:
        return client.post(BUNDLES, json={"scales": [1], **body})

    return ask


@pytest.mark.usefixtures("worker")
def test_several_photographs_by_several_networks_come_in_one_zip(post: Callable[..., Any], images: list[str]) -> None:
    files = opened(post(images=[*images, images[0]], checkpoints=["demo-ssenet", "imagenet-lite0"]).content)
    assert list(files)[-1] == "manifest.json"
    said = json.loads(files["manifest.json"])
    assert [one["image"] for one in said["bundles"]] == images and said["failed"] == []
    for one in said["bundles"]:
        inside = files[f"{one['folder']}/manifest.json"]
        assert hashlib.sha256(inside).hexdigest() == one["manifest_sha256"]
        for entry in json.loads(inside)["files"]:
            data = files[f"{one['folder']}/{entry['name']}"]
            assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        scores = files[f"{one['folder']}/demo-ssenet/scores.csv"].decode()
        assert len(list(csv.DictReader(io.StringIO(scores)))) == 10


def test_until_all_maps_are_there_the_answer_is_to_ask_again(
    post: Callable[..., Any], images: list[str], worker: CamWorker
) -> None:
    worker.may_go.clear()
    answer = post(images=images, checkpoints=["demo-ssenet"], scales=[0.5, 1], wait=0)
    assert answer.status_code == 202 and answer.json() == {"state": "pending", "missing": 4, "total": 4}
    worker.may_go.set()
    assert post(images=images, checkpoints=["demo-ssenet"], scales=[0.5, 1]).status_code == 200
    assert len(worker.computed) == len(images)


@pytest.mark.usefixtures("worker")
def test_a_photograph_that_is_lost_on_the_way_is_named(
    post: Callable[..., Any], images: list[str], service: Service
) -> None:
    assert post(images=images, checkpoints=["demo-ssenet"]).status_code == 200
    with service.database.read() as session:
        lost = session.get(Image, images[0])
    assert lost is not None
    service.artifacts.delete(image_key(lost.sha))
    said = json.loads(opened(post(images=images, checkpoints=["demo-ssenet"]).content)["manifest.json"])
    assert [one["image"] for one in said["bundles"]] == images[1:]
    assert [one["image"] for one in said["failed"]] == images[:1] and "file of image" in said["failed"][0]["reason"]


@pytest.mark.usefixtures("worker")
def test_it_is_sent_while_it_is_made(
    post: Callable[..., Any], images: list[str], monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    assert post(images=images, checkpoints=["demo-ssenet"]).status_code == 200
    made: list[str] = []
    bundle_of = cam_bundle.bundle_of

    def seen(service: Any, found: Any, *rest: Any) -> Any:
        made.append(found[0][0].image_id)
        return bundle_of(service, found, *rest)

    monkeypatch.setattr(cam_bundle, "bundle_of", seen)
    chunks = cam_bundle.batch_zip(*_batch(client, images))
    assert next(chunks).startswith(b"PK") and made == images[:1]


def _batch(client: TestClient, images: list[str]) -> tuple[Any, ...]:
    from backend.routes.bundles import _plans
    from backend.schemas.bundles import BundleRequest

    service = client.app.state.service  # type: ignore[attr-defined]
    wanted = BundleRequest(images=images, checkpoints=["demo-ssenet"], scales=[1])
    return service, _plans(service, wanted), wanted.query(images[0]), "http://h"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"images": []}, 422),
        ({"images": ["../x"]}, 422),
        ({"images": ["0" * 32]}, 404),
        ({"checkpoints": ["nope"]}, 404),
        ({"images": [f"{i:032x}" for i in range(20)], "checkpoints": [f"c{i}" for i in range(7)]}, 422),
        ({"classes": ["unicorn"]}, 422),
        ({"colormap": "../x"}, 422),
        ({"surprise": 1}, 422),
    ],
)
def test_requests_that_cannot_be_met(
    post: Callable[..., Any], bison: str, body: dict[str, Any], status: int, doorbell: Any
) -> None:
    answer = post(**{"images": [bison], "checkpoints": ["demo-ssenet"], **body})
    assert answer.status_code == status and doorbell.cams == []
    assert not any(error["pointer"].startswith("/query") for error in answer.json()["errors"])


# Examples ------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("operation", ["get_cams", "get_bundle"])
def test_the_examples_of_the_description_answer(client: TestClient, bison: str, operation: str) -> None:
    examples = EXAMPLES[operation]
    assert bison in examples["image"].values()
    given = {name: next(iter(values.values())) for name, values in examples.items()}
    path = f"/api/v1/checkpoints/{given.pop('checkpoint_id')}/{operation.removeprefix('get_')}"
    assert client.get(path, params=given).status_code == 200


@pytest.mark.usefixtures("worker")
def test_the_examples_of_evaluations_and_batches_answer(client: TestClient) -> None:
    given = {name: next(iter(values.values())) for name, values in EXAMPLES["list_evaluations"].items()}
    assert client.get("/api/v1/evaluations", params=given).json()["items"]
    (body,) = BODIES["make_bundles"].values()
    answer = client.post(BUNDLES, json={**body, "checkpoints": ["demo-ssenet"]})
    assert answer.status_code == 200
