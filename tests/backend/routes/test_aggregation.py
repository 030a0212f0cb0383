"""Aggregations of a set of CAMs over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tiny_sets import SCALES, tiny_set

from backend.service import Service
from backend.store import image_sets, job_records, jobs
from backend.store.artifacts import attempt_key
from backend.store.models import ImageSet as Row
from ssenet.analysis.aggregation import Aggregation, AggregationCounts, score_part
from ssenet.config import DatasetSpec, SetKind
from ssenet.data import open_dataset
from ssenet.refine.photographs import Photographs

DEMO = DatasetSpec(name="demo", kind="demo")
Make = Callable[[SetKind], str]


@pytest.fixture
def made(service: Service) -> Make:
    """``made(kind)``: a set of two images that a job left; returns its id."""

    def make(kind: SetKind) -> str:
        with service.database.write() as session:
            job = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, None))[0]
            claim = jobs.claim(session, job.id, "w", 60)
        assert claim is not None
        key = f"{attempt_key(job.id, 1)}/result"
        image_set = tiny_set(service.artifacts.path(key), kind, spec=DEMO)
        with service.database.write() as session:
            set_id = job_records.commit_set(session, claim, image_set.manifest, folder=key, size=image_set.bytes)
            jobs.finish(session, claim)
        return set_id

    return make


def opened(service: Service, set_id: str) -> Any:
    with service.database.read() as session:
        return image_sets.opened(session.get_one(Row, set_id), service.artifacts)


def test_counts_are_those_of_the_library_and_parts_add_up(client: TestClient, service: Service, made: Make) -> None:
    cams = made("cams")
    url = f"/api/v1/sets/{cams}/aggregation"
    asked = {"scales": [1.0], "flip": False, "combine": "max", "relu": "coarse"}
    parts = [client.get(url, params={**asked, "first": i, "images": 1}) for i in range(2)]
    whole = AggregationCounts.model_validate_json(client.get(url, params=asked).content)
    found = [AggregationCounts.model_validate_json(part.content) for part in parts]
    assert found[0].plus(found[1]) == whole and whole.images == whole.total == 2
    how = Aggregation(scales=(1.0,), flip=False, combine="max", relu="coarse")
    expected = score_part(opened(service, cams), Photographs(open_dataset(DEMO), "train"), how, 0, 2)
    assert whole == expected


def test_what_is_left_out_is_as_the_set_was_made(client: TestClient, made: Make) -> None:
    answer = client.get(f"/api/v1/sets/{made('cams')}/aggregation", params={"combine": "max"}).json()
    usual = {"scales": list(SCALES), "flip": True, "combine": "max", "relu": "fast", "normalise": "after"}
    assert answer["how"] == usual
    assert answer["protocol"]["uses_ground_truth"] and "max over views" in answer["protocol"]["aggregation"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"relu": "after", "normalise": "each"}, 422, "contains its ReLU"),
        ({"scales": [0.25]}, 422, "s0.25"),
        ({"first": 2}, 422, "photographs 0 to 1"),
        ({"images": 65}, 422, "64"),
        ({"relu": "sideways"}, 422, "fast"),
    ],
)
def test_what_cannot_be_is_said_in_words(client: TestClient, made: Make, query: Any, status: int, words: str) -> None:
    answer = client.get(f"/api/v1/sets/{made('cams')}/aggregation", params=query)
    assert answer.status_code == status and words in answer.text


def test_only_sets_of_cams_have_views(client: TestClient, made: Make) -> None:
    answer = client.get(f"/api/v1/sets/{made('masks')}/aggregation")
    assert answer.status_code == 422 and "no views" in answer.text
    assert client.get("/api/v1/sets/nope/aggregation").status_code == 404


def test_the_map_of_one_photograph_is_drawn(client: TestClient, made: Make) -> None:
    url = f"/api/v1/sets/{made('cams')}/items/0/aggregation"
    answer = client.get(url, params={"max_side": 64})
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    first = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert max(first.shape[:2]) == 64
    other = client.get(url, params={"max_side": 64, "scales": [0.5], "combine": "max"})
    assert not np.array_equal(first, np.asarray(Image.open(io.BytesIO(other.content))))
    assert (
        client.get(url, params={"max_side": 64}, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    )
    assert client.get(url, params={"class": "unicorn"}).status_code == 404
    assert client.get(url.replace("items/0", "items/2")).status_code == 404
