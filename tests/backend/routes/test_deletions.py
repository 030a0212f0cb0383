"""Deleting something at the very moment when somebody begins to use it: one is refused, and nothing is half there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.service import Service
from backend.store.artifacts import image_key
from ssenet.config import pipeline_preset

ROUNDS = 8
JOBS, PIPELINES, CHECKPOINTS, IMAGES = (f"/api/v1/{name}" for name in ("jobs", "pipelines", "checkpoints", "images"))


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """The answers to requests that are sent at the same instant."""
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(60) for future in [pool.submit(act, action) for action in actions]]


def uploaded(client: TestClient, make: Any, number: int) -> str:
    """Id of a new checkpoint."""
    weights = make.weights_of(10, dtype=np.float32)
    card = make.card_of(weights, name=f"Number {number}").model_dump_json().encode()
    answer = client.post(CHECKPOINTS, files={"weights": ("w.safetensors", weights), "card": ("card.json", card)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def wish(client: TestClient, use: str, checkpoint: str) -> Any:
    """Submit what needs a checkpoint."""
    if use == "job":
        settings: Any = {"dataset": "demo", "checkpoint": checkpoint}
        return client.post(JOBS, json={"kind": "infer_cam", "settings": settings})
    settings = pipeline_preset("quick", train=None, checkpoint=checkpoint).model_dump(mode="json")
    return client.post(PIPELINES, json={"name": "mine", "settings": settings})


@pytest.mark.promise("R18")
@pytest.mark.parametrize("use", ["job", "pipeline"])
def test_a_checkpoint_is_deleted_or_taken_up_and_never_both(
    use: str, client: TestClient, make: Any, measured: Any
) -> None:
    both, orders = 0, set()
    for number in range(ROUNDS):
        checkpoint = uploaded(client, make, number)
        path = f"{CHECKPOINTS}/{checkpoint}"
        confirm = client.get(f"{path}/dependents").json()["confirm"]

        def delete(path: str = path, confirm: str = confirm) -> Any:
            return client.delete(f"{path}?confirm={confirm}")

        def take_up(checkpoint: str = checkpoint) -> Any:
            return wish(client, use, checkpoint)

        deleted, used = at_once(*((delete, take_up) if number % 2 else (take_up, delete)))[:: 1 if number % 2 else -1]
        orders.add((deleted.status_code, used.status_code))
        assert (deleted.status_code, used.status_code) in {(204, 422), (409, 202)}, (deleted.text, used.text)
        both += deleted.status_code == 204 and used.status_code == 202
        there = client.get(f"{path}/weights")
        assert there.status_code == (404 if deleted.status_code == 204 else 200)
        if used.status_code == 202:
            client.post(f"{JOBS if use == 'job' else PIPELINES}/{used.json()['id']}/cancel")
    measured(f"checkpoint deleted and taken up by a {use} at once, {ROUNDS} times: both done", both, "", limit=0)


@pytest.mark.promise("R18")
def test_an_image_is_deleted_or_mapped_and_never_half_there(
    client: TestClient, service: Service, make: Any, measured: Any
) -> None:
    half = 0
    for number in range(ROUNDS):
        made = client.post(IMAGES, files={"file": ("p.png", make.file(make.picture(seed=number)))})
        assert made.status_code == 201, made.text
        image = made.json()["id"]
        sha = next(path.stem for path in (service.artifacts.root / "images").glob(f"{image}*"))

        def delete(image: str = image) -> Any:
            return client.delete(f"{IMAGES}/{image}")

        def look(image: str = image) -> Any:
            return client.get(f"{CHECKPOINTS}/demo-ssenet/cams", params={"image": image, "scales": 1, "wait": 0})

        deleted, asked = at_once(delete, look)
        row, pixels = client.get(f"{IMAGES}/{image}").status_code == 200, service.artifacts.exists(image_key(sha))
        assert deleted.status_code in (204, 409) and asked.status_code in (202, 404), (deleted.text, asked.text)
        half += row != pixels or row == (deleted.status_code == 204)
    measured(f"image deleted and mapped at once, {ROUNDS} times: half-deleted", half, "", limit=0)
