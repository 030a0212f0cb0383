"""CAMs on demand; at the edge a thread plays the worker and writes the maps."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from cam_worker import CamWorker as Worker
from cam_worker import logits_of
from PIL import Image
from starlette.testclient import TestClient

from backend import cam_wait
from backend.service import Service
from backend.store.artifacts import cam_artifact, cam_cost_artifact
from backend.store.models import CamRequest, Checkpoint
from backend.store.models import Image as ImageRow
from ssenet import render
from ssenet.cost import ViewCost
from ssenet.results import View, cam_key

CAMS = "/api/v1/checkpoints/demo-ssenet/cams"


@pytest.fixture
def worker(service: Service, doorbell: Any) -> Iterator[Worker]:
    made = Worker(service)
    doorbell.on_cam = made.take
    yield made
    made.join()


@pytest.fixture
def image(client: TestClient) -> str:
    items = client.get("/api/v1/images?source=gallery").json()["items"]
    found: str = next(item["id"] for item in items if item["name"] == "bison")
    return found


@pytest.fixture
def get(client: TestClient, image: str) -> Callable[..., Any]:
    def ask(accept: str = "application/json", headers: dict[str, str] | None = None, **query: Any) -> Any:
        return client.get(CAMS, params={"image": image, **query}, headers={"Accept": accept, **(headers or {})})

    return ask


@pytest.mark.usefixtures("worker")
def test_what_the_maps_say(get: Callable[..., Any], make: Any) -> None:
    first = get(scales=[0.5, 1], flip=True)
    assert first.status_code == 200
    said = first.json()
    assert [view["name"] for view in said["views"]] == ["s0.5", "s0.5-flip", "s1", "s1-flip"]
    assert said["views"][2]["shape"] == [10, 8, 8]
    assert not any(view["cached"] for view in said["views"])
    expected = render.class_scores({View(scale=1): logits_of(View(scale=1), 10).astype(np.float32)})
    assert said["scores"][0]["class"] == make.classes[1]
    assert said["scores"][0]["score"] == pytest.approx(float(expected[1]), abs=1e-5)
    assert said["predicted"] == said["classes"] == said["labels"]["classes"] == [make.classes[1], make.classes[0]]
    assert (said["labels"]["source"], said["outside"]) == ("predicted", False)
    assert said["protocol"]["scales"] == [0.5, 1.0] and said["protocol"]["flip"] is True
    assert all(view["cached"] for view in get(scales=[0.5, 1], flip=True).json()["views"])


COST = ViewCost(gmac=1.5, input_size=(96, 128), device="abacus", batch=1, network_ms=20, encoding_ms=1)


def costs(said: Any) -> list[Any]:
    """What the views of an answer cost."""
    return [view["cost"] for view in said["views"]]


def test_what_the_views_cost_and_the_answer_took(
    get: Callable[..., Any], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = cam_wait._under_way

    def looked(*about: Any) -> bool:
        worker.cost_may_go.set()  # the maps are there, and the answer waits for what they cost
        return under_way(*about)

    monkeypatch.setattr(cam_wait, "_under_way", looked)
    worker.cost = COST
    worker.cost_may_go.clear()
    fresh = get(scales=[0.5, 1]).json()
    assert costs(fresh) == [COST.model_dump(mode="json")] * 2
    assert [view["cached"] for view in fresh["views"]] == [False, False]
    stages = fresh["timing"]["stages"]
    assert list(stages) == ["waiting", "reading", "aggregation", "encoding"] and stages["encoding"] == 0
    assert 0 < sum(stages.values()) <= 1000 * fresh["timing"]["seconds"] + 1
    assert [view["cached"] for view in get(scales=[0.5, 1]).json()["views"]] == [True, True]
    assert len(worker.computed) == 1


@pytest.mark.parametrize("damage", [None, b"", b"{}", b'{"gmac": -1}', b"\xff"])
def test_a_cost_that_is_not_there_or_cannot_be_read_is_null(
    get: Callable[..., Any], worker: Worker, damage: bytes | None
) -> None:
    worker.cost = damage
    assert costs(get(scales=1).json()) == [None]


def test_a_cost_that_comes_later_is_in_the_next_answer(get: Callable[..., Any], worker: Worker) -> None:
    first = get(scales=1)
    seen = {"If-None-Match": first.headers["ETag"]}
    assert costs(first.json()) == [None] and get(headers=seen, scales=1).status_code == 304
    key = first.json()["views"][0]["key"]
    worker.service.artifacts.put_bytes(cam_cost_artifact(key), COST.model_dump_json().encode())
    later = get(headers=seen, scales=1)
    assert later.status_code == 200 and costs(later.json())[0]["device"] == "abacus"


@pytest.mark.usefixtures("worker")
def test_the_bytes_of_a_view_are_those_that_travel(get: Callable[..., Any]) -> None:
    said = get(scales=[0.5, 2]).json()
    for view in said["views"]:
        assert view["bytes"] == len(get("application/x-npy", scales=view["scale"]).content)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("media", ["application/json", "image/png", "application/x-npy", "application/x-npz"])
def test_every_form_tells_the_browser_what_its_stages_took(get: Callable[..., Any], media: str) -> None:
    header = get(media, scales=1).headers["Server-Timing"]
    stages = dict(part.split(";dur=") for part in header.split(", "))
    made = {"application/json": ["aggregation"], "image/png": ["aggregation", "encoding"]}.get(media, ["encoding"])
    assert list(stages) == ["waiting", "reading", *made, "total"]
    assert sum(float(ms) for ms in list(stages.values())[:-1]) <= float(stages["total"]) + 1


@pytest.mark.usefixtures("worker")
def test_raw_logits_of_one_view_and_of_all(get: Callable[..., Any]) -> None:
    one = get("application/x-npy", scales=1.5)
    array = np.load(io.BytesIO(one.content), allow_pickle=False)
    assert array.dtype == np.float16 and np.array_equal(array, logits_of(View(scale=1.5), 10))
    many = np.load(io.BytesIO(get("application/x-npz", scales=[1, 2]).content), allow_pickle=False)
    assert {name: array.shape for name, array in many.items()} == {"s1": (10, 8, 8), "s2": (10, 16, 16)}
    refused = get("application/x-npy", scales=[1, 2])
    assert refused.status_code == 406 and "one view" in refused.json()["detail"]


@pytest.mark.usefixtures("worker")
def test_the_overlay_shows_the_first_class(get: Callable[..., Any], make: Any) -> None:
    answer = get("image/png", scales=1, max_side=200)
    overlay = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert overlay.shape == (150, 200, 3) and answer.headers["X-CAM-Class"] == make.classes[1]
    other = get("image/png", scales=1, max_side=200, classes=make.classes[5])
    assert other.headers["X-CAM-Class"] == make.classes[5] and other.content != answer.content
    for change in ({"alpha": 0.8}, {"colormap": "viridis"}, {"opacity": 0.1}, {"normalisation": "minmax"}):
        changed = get("image/png", scales=1, max_side=200, **change)
        assert changed.status_code == 200 and changed.headers["ETag"] != answer.headers["ETag"], change
        assert changed.content != answer.content, change


@pytest.mark.usefixtures("worker")
def test_labels(get: Callable[..., Any], make: Any) -> None:
    given = get(scales=1, labels="given").json()
    assert given["labels"] == {"source": "given", "classes": ["hoofed"]}  # what is known of the photograph
    named = get(scales=1, classes=["fish", "bird"]).json()
    assert named["labels"] == {"source": "given", "classes": ["fish", "bird"]} and named["classes"] == ["fish", "bird"]
    assert get(scales=1, labels="all").json()["classes"] == list(make.classes)


def test_a_photograph_outside_the_classes_is_said_to_be(get: Callable[..., Any], service: Service, image: str) -> None:
    with service.database.read() as session:
        row = session.get(ImageRow, image)
        checkpoint = session.get(Checkpoint, "demo-ssenet")
        assert row and checkpoint
    buffer = io.BytesIO()
    np.save(buffer, np.full((10, 4, 4), -5, np.float16))
    key = cam_key(row.sha, checkpoint.content_sha, View(scale=1), "float16")
    service.artifacts.put_bytes(cam_artifact(key), buffer.getvalue())
    said = get(scales=1).json()
    assert (said["outside"], said["predicted"], said["classes"]) == (True, [], [])
    assert get("image/png", scales=1).status_code == 200  # still shows what comes nearest


@pytest.mark.usefixtures("worker")
def test_entity_tags_come_from_the_content(get: Callable[..., Any]) -> None:
    for accept in ("image/png", "application/x-npy", "application/x-npz", "application/json"):
        first = get(accept, scales=1)
        tag = first.headers["ETag"]
        assert tag.startswith("W/") == (accept == "application/json")
        # The id of a built-in checkpoint may mean other weights after an upgrade.
        assert first.headers["Vary"] == "Accept" and first.headers["Cache-Control"] == "private, no-cache"
        again = get(accept, {"If-None-Match": tag}, scales=1)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "private, no-cache"
        assert get(accept, scales=0.5).headers["ETag"] != tag


def test_maps_that_take_long_are_asked_for_again(get: Callable[..., Any], worker: Worker) -> None:
    worker.may_go.clear()
    pending = get(scales=[1, 2], wait=0)
    assert pending.status_code == 202
    assert pending.json() == {"state": "pending", "missing": 2, "total": 2}
    assert pending.headers["Retry-After"] == "1" and pending.headers["Cache-Control"] == "no-store"
    assert pending.headers["Location"].startswith(CAMS + "?image=")
    worker.join()
    assert get(scales=[1, 2], wait=0).status_code == 200


def test_many_who_wish_the_same_cause_one_computation(get: Callable[..., Any], worker: Worker, doorbell: Any) -> None:
    worker.may_go.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(get, "image/png", scales=[0.5, 1], wait=30) for _ in range(8)]
        while not doorbell.cams:
            threading.Event().wait(0.01)
        worker.may_go.set()
        statuses = [answer.result(60).status_code for answer in answers]
    assert statuses == [200] * 8
    assert len(doorbell.cams) == len(worker.computed) == 1


def test_what_the_worker_says_went_wrong_reaches_who_asked(get: Callable[..., Any], worker: Worker) -> None:
    worker.error = "The image is too large for this device."
    answer = get(scales=1)
    assert answer.status_code == 500 and answer.json()["type"] == "/problems/cam-failed"
    assert answer.json()["detail"] == worker.error


def test_a_full_queue_refuses(get: Callable[..., Any], service: Service, doorbell: Any) -> None:
    with service.database.write() as session:
        for n in range(service.settings.cam_queue):
            session.add(
                CamRequest(
                    key=str(n),
                    checkpoint_id="c",
                    image_id="i",
                    views=[],
                    state="pending",
                    created_at=0,
                    announced_at=0,
                    expires_at=1e12,
                )
            )
    answer = get(scales=1)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert doorbell.cams == []


def test_a_queue_that_is_away_is_told_and_forgotten(get: Callable[..., Any], worker: Worker, doorbell: Any) -> None:
    doorbell.away, doorbell.on_cam = True, lambda key: None
    assert get(scales=1).status_code == 503
    doorbell.away, doorbell.on_cam = False, worker.take
    assert get(scales=1).status_code == 200


def test_maps_that_were_trimmed_are_computed_again(get: Callable[..., Any], worker: Worker, service: Service) -> None:
    assert get(scales=1).status_code == 200
    assert service.artifacts.trim("cams", 0) == 1
    worker.join()
    assert get(scales=1).status_code == 200
    assert len(worker.computed) == 2


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ({"scales": 99}, 422, "/query/scales/0"),
        ({"scales": 0}, 422, "/query/scales/0"),
        ({"scales": -1}, 422, "/query/scales/0"),
        ({"scales": "nan"}, 422, "/query/scales/0"),
        ({"scales": [1] * 17}, 422, "/query/scales"),
        ({"classes": "unicorn"}, 422, "/query/classes/0"),
        ({"alpha": 2}, 422, "/query/alpha"),
        ({"colormap": "../x"}, 422, "/query/colormap"),
        ({"wait": 31}, 422, "/query/wait"),
        ({"image": "../../etc/passwd"}, 422, "/query/image"),
        ({"image": "0" * 32}, 404, None),
        ({"surprise": 1}, 422, "/query/surprise"),
        ({"max_side": 5000}, 422, "/query/max_side"),
    ],
)
def test_impossible_wishes(
    get: Callable[..., Any], doorbell: Any, query: dict[str, Any], status: int, pointer: str | None
) -> None:
    answer = get(**query)
    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert doorbell.cams == []


def test_unknown_things_and_forms(client: TestClient, get: Callable[..., Any], image: str) -> None:
    assert client.get("/api/v1/checkpoints/nope/cams", params={"image": image}).status_code == 404
    refused = get("text/html", scales=1)
    assert refused.status_code == 406 and "image/png" in refused.json()["detail"]


def test_a_classifier_of_other_classes_needs_labels(client: TestClient, image: str, doorbell: Any) -> None:
    path = "/api/v1/checkpoints/imagenet-lite0/cams"
    answer = client.get(path, params={"image": image, "labels": "given"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/query/labels"
    assert doorbell.cams == []
