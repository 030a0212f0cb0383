"""Rankings over HTTP: submitted, listed, sorted and filtered, gone with their checkpoint."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from rankings import figures, protocol, ranking, ranking_row
from sqlalchemy import select
from starlette.testclient import TestClient

from backend.service import Service
from backend.store import job_records, jobs
from backend.store.artifacts import ranking_key
from backend.store.models import Job
from backend.store.models import Ranking as Row
from ssenet.analysis.ranking import HEADER, Choice, distribution, rank
from ssenet.analysis.triage_record import TriageRecord
from ssenet.config import TriageSettings
from ssenet.lineage import stored_settings

RANKINGS, JOBS, CHECKPOINTS = "/api/v1/rankings", "/api/v1/jobs", "/api/v1/checkpoints"
SETTINGS = {"checkpoint": "demo-ssenet", "dataset": "demo"}
RECORD = ranking(
    [
        ranking_row(0, object_area=0.02, disagreement=0.3),
        ranking_row(0, class_name="dog", a=figures(inconsistency=0.9, iou=0.4), object_area=0.5, disagreement=0.1),
        ranking_row(1, object_area=0.2, disagreement=0.8),
        ranking_row(2, class_name="dog", a=figures(inconsistency=None), disagreement=0.5),
        ranking_row(4, object_area=0.04, disagreement=None),
    ],
    other="B", masks=True, size_limits=(0.05, 0.25), without_class=1, protocol_b=protocol(),
)  # fmt: skip
Keep = Callable[..., str]


@pytest.fixture
def keep(service: Service) -> Keep:
    """``keep()``: a ranking that a job left; returns its id."""

    def make(record: TriageRecord = RECORD, **settings: Any) -> str:
        new = jobs.NewJob("triage", stored_settings(TriageSettings.model_validate({**SETTINGS, **settings})))
        with service.database.write() as session:
            job_id = jobs.submit(session, new)[0].id
            claim = jobs.claim(session, job_id, "w", 60)
        assert claim is not None
        ranking_id = f"r-{job_id}"
        service.artifacts.put_bytes(ranking_key(ranking_id), record.model_dump_json().encode())
        with service.database.write() as session:
            key = ranking_key(ranking_id)
            assert job_records.commit_ranking(session, claim, record.summary, ranking_id=ranking_id, rows_key=key)
            jobs.finish(session, claim)
        return ranking_id

    return make


def rows(client: TestClient, ranking_id: str, **query: Any) -> Any:
    answer = client.get(f"{RANKINGS}/{ranking_id}/rows", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rankings_are_listed_without_their_rows(client: TestClient, keep: Keep) -> None:
    first, second = keep(), keep(alpha=0.3)
    listed = client.get(RANKINGS).json()["items"]
    assert [item["id"] for item in listed] == [second, first]
    assert listed[1] == client.get(f"{RANKINGS}/{first}").json() and "rows" not in listed[0]["record"]
    assert listed[0]["sorts"][0] == "inconsistency" and "iou_b" in listed[0]["sorts"]
    assert (listed[0]["suggested_alpha"], listed[0]["suggested_alpha_b"]) == (0.4, None)
    assert client.get(f"{RANKINGS}?checkpoint=demo-ssenet&dataset=demo").json()["items"] == listed
    assert client.get(f"{RANKINGS}?checkpoint=other").json()["items"] == []
    job = client.get(f"{JOBS}/{listed[1]['job_id']}").json()
    assert job["result"]["ranking"] == first and job["state"] == "succeeded"
    assert [i["id"] for i in client.get(f"{RANKINGS}?job={job['id']}").json()["items"]] == [first]


@pytest.mark.parametrize(
    "query",
    [
        {}, {"order": "ascending"}, {"sort": "disagreement"}, {"class": "dog"}, {"size": "small"},
        {"sort": "disagreement", "min": 0.2, "max": 0.6}, {"sort": "iou"}, {"sort": "object_area", "class": "cat"},
    ],
)  # fmt: skip
def test_rows_come_in_the_order_that_is_asked_for(client: TestClient, keep: Keep, query: dict[str, Any]) -> None:
    found, expected = rows(client, keep(), **query), rank(RECORD, Choice.model_validate(query))
    assert [(r["index"], r["class_name"]) for r in found["items"]] == [(r.index, r.class_name) for r in expected.rows]
    edges, counts = distribution(expected.values)
    assert found["distribution"] == {"edges": edges, "counts": counts}
    assert (found["total"], found["undefined"]) == (len(expected.rows), expected.undefined)


def test_rows_come_page_by_page(client: TestClient, keep: Keep) -> None:
    made = keep()
    whole = rows(client, made)
    assert whole["total"] == 3 and whole["undefined"] == 1
    pages = [rows(client, made, limit=1, offset=offset) for offset in range(4)]
    assert [page["items"] for page in pages] == [*([row] for row in whole["items"]), []]
    assert {page["total"] for page in pages} == {3}


def test_the_csv_has_the_same_rows_with_every_figure(client: TestClient, keep: Keep) -> None:
    made = keep()
    answer = client.get(f"{RANKINGS}/{made}/ranking.csv?sort=disagreement&class=cat")
    assert answer.headers["content-type"].startswith("text/csv") and made in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["index"] for line in lines] == ["1", "0"] and tuple(lines[0]) == HEADER


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sort=beauty", "sort"), ("limit=0", "limit"), ("min=nan", "min"), ("class=cow", "There is no class 'cow'"),
        ("surprise=1", "surprise"),
    ],
)  # fmt: skip
def test_what_cannot_be_ranked_is_said(client: TestClient, keep: Keep, query: str, said: str) -> None:
    answer = client.get(f"{RANKINGS}/{keep()}/rows?{query}")
    assert answer.status_code == 422 and said in answer.text


def test_without_masks_there_is_no_iou_and_no_size(client: TestClient, keep: Keep) -> None:
    made = keep(ranking([ranking_row(0)]))
    assert client.get(f"{RANKINGS}/{made}").json()["sorts"] == ["inconsistency", "score", "area"]
    for query in ("sort=iou", "sort=disagreement", "size=small"):
        assert client.get(f"{RANKINGS}/{made}/rows?{query}").status_code == 422


def test_unknown_rankings(client: TestClient, keep: Keep, service: Service) -> None:
    for path in ("nope", "nope/rows", "nope/ranking.csv", "..%2fx"):
        assert client.get(f"{RANKINGS}/{path}").status_code in (404, 422)
    made = keep()
    service.artifacts.delete(ranking_key(made))
    assert client.get(f"{RANKINGS}/{made}/rows").status_code == 404


def test_a_ranking_is_deleted_with_its_rows_and_its_job_stays(client: TestClient, keep: Keep, service: Service) -> None:
    made = keep()
    job = client.get(f"{RANKINGS}/{made}").json()["job_id"]
    assert client.delete(f"{RANKINGS}/{made}").status_code == 204
    assert client.delete(f"{RANKINGS}/{made}").status_code == 404
    assert not service.artifacts.exists(ranking_key(made))
    assert client.get(f"{JOBS}/{job}").json()["result"] is None


@pytest.mark.parametrize("field", ["checkpoint", "other"])
def test_rankings_go_with_either_of_their_checkpoints(
    client: TestClient, keep: Keep, service: Service, make: Any, field: str
) -> None:
    weights = make.weights_of(10)
    files = {"weights": weights, "card": make.card_of(weights, name="Mine").model_dump_json()}
    mine = client.post(CHECKPOINTS, files=files).json()["id"]
    stays, goes = keep(), keep(**{field: mine})
    found = client.get(f"{CHECKPOINTS}/{mine}/dependents").json()
    assert found["rankings"] == 1 and "1 ranking of it will be deleted too" in found["text"]
    assert client.delete(f"{CHECKPOINTS}/{mine}?confirm={found['confirm']}").status_code == 204
    assert [item["id"] for item in client.get(RANKINGS).json()["items"]] == [stays]
    assert service.artifacts.exists(ranking_key(stays)) and not service.artifacts.exists(ranking_key(goes))
    with service.database.read() as session:
        assert session.scalars(select(Row.id)).all() == [stays]


# Submitting ----------------------------------------------------------------------------------------
def submit(client: TestClient, **settings: Any) -> Any:
    return client.post(JOBS, json={"kind": "triage", "settings": {**SETTINGS, **settings}})


def test_a_triage_is_submitted_and_estimated(client: TestClient, service: Service, make: Any) -> None:
    weights = make.weights_of(10)
    files = {"weights": weights, "card": make.card_of(weights, name="Mine").model_dump_json()}
    mine = client.post(CHECKPOINTS, files=files).json()["id"]
    answer = submit(client, other=mine, images=3)
    assert answer.status_code == 202, answer.text
    with service.database.read() as session:
        job = session.get_one(Job, answer.json()["id"])
        assert job.dataset_id == "demo" and job.content_key is not None
    seconds = [
        client.post(f"{JOBS}/estimate", json={"kind": "triage", "settings": {**SETTINGS, **more}}).json()["seconds"]
        for more in ({"images": 1}, {"images": 3}, {"images": 3, "other": mine}, {"images": 3, "flip": True})
    ]
    one, three, both, flipped = (value - 10 for value in seconds)  # 10 s to start
    assert three == pytest.approx(3 * one) and both == flipped == pytest.approx(2 * three)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"checkpoint": "nope"}, "/settings/checkpoint"),
        ({"other": "nope"}, "/settings/other"),
        ({"other": "imagenet-lite0"}, "/settings/other"),
        ({"checkpoint": "imagenet-lite0", "labels": "given"}, "/settings/checkpoint"),
        ({"split": "nope"}, "/settings/split"),
        ({"dataset": "nope"}, "/settings/dataset"),
        ({"other": "demo-ssenet"}, "/settings"),
        ({"scales": [1]}, "/settings"),
        ({"labels": "all"}, "/settings/labels"),
    ],
)
def test_what_cannot_be_measured_is_refused(client: TestClient, changes: dict[str, Any], pointer: str) -> None:
    answer = submit(client, **changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_classes_need_not_be_the_data_sets_when_they_are_predicted(client: TestClient) -> None:
    assert submit(client, checkpoint="imagenet-lite0").status_code == 202
