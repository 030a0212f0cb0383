"""Maps of turned and shifted photographs, and what is measured of them, over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cam_worker import CamWorker, logits_of
from PIL import Image
from starlette.testclient import TestClient

from backend.service import Service
from ssenet.analysis.equivariance import Equivariance, measure, views_needed
from ssenet.analysis.warp import warp_photograph
from ssenet.results import View

PATH = "/api/v1/checkpoints/demo-ssenet"


@pytest.fixture
def worker(service: Service, doorbell: Any) -> Iterator[CamWorker]:
    made = CamWorker(service)
    doorbell.on_cam = made.take
    yield made
    made.join()


@pytest.fixture
def image(client: TestClient) -> dict[str, Any]:
    items = client.get("/api/v1/images?source=gallery").json()["items"]
    found: dict[str, Any] = next(item for item in items if item["name"] == "bison")
    return found


@pytest.fixture
def get(client: TestClient, image: dict[str, Any]) -> Callable[..., Any]:
    def ask(what: str = "equivariance", headers: dict[str, str] | None = None, **query: Any) -> Any:
        return client.get(f"{PATH}/{what}", params={"image": image["id"], **query}, headers=headers)

    return ask


@pytest.mark.usefixtures("worker")
def test_raw_maps_of_a_warped_photograph(get: Callable[..., Any]) -> None:
    asked = {"rotation": 15, "shift_x": -0.1, "scales": [0.5, 1], "flip": True}
    answer = get("cams", {"Accept": "application/x-npz"}, **asked)
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as arrays:
        assert arrays.files == [f"s{s}{f}-r15-x-0.1" for s in ("0.5", "1") for f in ("", "-flip")]
        assert all(np.array_equal(arrays[name], logits_of(View.parse(name), 10)) for name in arrays.files)
    said = get("cams", **asked).json()
    expected = {"name": "s0.5-r15-x-0.1", "flip": False, "rotation": 15, "shift_x": -0.1, "shift_y": 0, "cached": True}
    assert expected.items() <= said["views"][0].items()
    assert said["protocol"]["rotation"] == 15 and said["protocol"]["shift_x"] == -0.1
    plain = get("cams", scales=[0.5, 1], flip=True).json()
    assert not {view["key"] for view in said["views"]} & {view["key"] for view in plain["views"]}


@pytest.mark.usefixtures("worker")
def test_the_overlay_of_a_warped_view_lies_on_the_warped_photograph(
    get: Callable[..., Any], client: TestClient, image: dict[str, Any]
) -> None:
    drawn = get("cams", {"Accept": "image/png"}, scales=1, rotation=30, opacity=0, max_side=128)
    with Image.open(io.BytesIO(drawn.content)) as opened:
        found = np.asarray(opened)
    with Image.open(
        io.BytesIO(client.get(f"/api/v1/images/{image['id']}/pixels", params={"max_side": 128}).content)
    ) as opened:
        photograph = np.asarray(opened.convert("RGB"))
    assert np.array_equal(found, warp_photograph(photograph, View(scale=1, rotation=30), (0.5, 0.5, 0.5)))


@pytest.mark.usefixtures("worker")
def test_figures_are_those_of_the_pure_function(get: Callable[..., Any], image: dict[str, Any], make: Any) -> None:
    view, scales = View(scale=0.5, flip=True, rotation=15), (0.5, 1.0, 2.0)
    answer = get(scale=0.5, flip=True, rotation=15, alpha=0.3, classes=["hoofed", "bird"], scales=list(scales))
    assert answer.status_code == 200
    coarse = {one: logits_of(one, 10).astype(np.float32) for one in views_needed(view, scales)}
    size = (image["height"], image["width"])
    expected = measure(coarse, view, make.classes, size, alpha=0.3, scales=scales, classes=[1, 0])
    said = answer.json()
    assert Equivariance.model_validate({k: said[k] for k in Equivariance.model_fields}) == expected
    assert said["transformation"] == "scale 0.5, rotated 15° counter-clockwise, mirrored"
    assert [one["name"] for one in said["errors"]] == ["hoofed", "bird"]
    assert (said["image"], said["checkpoint"], said["outside"]) == (image["id"], "demo-ssenet", False)
    assert said["protocol"]["label_source"] == "named"


@pytest.mark.usefixtures("worker")
def test_by_default_half_the_size_and_the_predicted_classes(get: Callable[..., Any]) -> None:
    said = get().json()
    assert said["transformation"] == "scale 0.5" and said["alpha"] == 0.2
    assert [one["name"] for one in said["errors"]] == ["hoofed", "bird"]
    assert said["scales"] == [0.5, 1.0, 1.5, 2.0]
    assert said["protocol"]["label_source"] == "predicted"
    itself = get(scale=1).json()
    assert [itself["errors"][0][figure] for figure in ("error", "difference", "raw")] == [0, 0, 0]


def test_each_map_is_computed_once_and_awaited(get: Callable[..., Any], worker: CamWorker, doorbell: Any) -> None:
    worker.may_go.clear()
    waiting = get(scale=1, rotation=15, scales=[1, 2], wait=0)
    assert waiting.status_code == 202 and waiting.json() == {"state": "pending", "missing": 3, "total": 3}
    assert waiting.headers["Location"].startswith(f"{PATH}/equivariance?image=")
    worker.join()
    assert get(scale=1, rotation=15, scales=[1, 2], wait=0).status_code == 200
    assert get(scale=1, rotation=15, scales=[2], alpha=0.5, classes=["bird"], wait=0).status_code == 200
    assert len(doorbell.cams) == len(worker.computed) == 1


@pytest.mark.usefixtures("worker")
def test_tags_come_from_what_the_answer_depends_on(get: Callable[..., Any]) -> None:
    first = get(scale=1)
    tag = first.headers["ETag"]
    again = get(headers={"If-None-Match": tag}, scale=1)
    assert (again.status_code, again.content) == (304, b"")
    others = [{"alpha": 0.3}, {"scale": 2}, {"classes": "bird"}, {"scales": [1, 2]}]
    assert tag not in {get(**{"scale": 1, **change}).headers["ETag"] for change in others}


@pytest.mark.parametrize(
    ("query", "status", "pointer"),
    [
        ({"rotation": 181}, 422, "/query/rotation"),
        ({"shift_x": 0.6}, 422, "/query/shift_x"),
        ({"shift_y": "nan"}, 422, "/query/shift_y"),
        ({"scale": 0}, 422, "/query/scale"),
        ({"alpha": 1.5}, 422, "/query/alpha"),
        ({"classes": "unicorn"}, 422, "/query/classes/0"),
        ({"scales": [1] * 17}, 422, "/query/scales"),
        ({"surprise": 1}, 422, "/query/surprise"),
        ({"image": "0" * 32}, 404, None),
    ],
)
def test_impossible_wishes(
    get: Callable[..., Any], doorbell: Any, query: dict[str, Any], status: int, pointer: str | None
) -> None:
    answer = get(**query)
    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert doorbell.cams == []
