"""Pipelines, jobs of the later stages, tables and capabilities over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from stage_results import card_of, claimed, do, do_all, manifest_of, queued
from starlette.testclient import TestClient

from backend import pipeline_checks
from backend.routes import pipelines as routes
from backend.service import Service
from backend.store import job_records, jobs
from backend.store.job_records import checkpoint_row
from backend.store.models import Checkpoint, Dataset, Job
from ssenet import crf
from ssenet.config import CamInferSettings, pipeline_preset
from ssenet.lineage import Step, content_key, stored_settings

PIPELINES, JOBS = "/api/v1/pipelines", "/api/v1/jobs"


def quick(**changes: Any) -> dict[str, Any]:
    return pipeline_preset("quick", **changes).model_dump(mode="json")


def submit(client: TestClient, name: str | None = "mine", key: str | None = None, **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(PIPELINES, json={"name": name, "settings": quick(**changes)}, headers=headers)


def states(pipeline: Any) -> dict[str, str]:
    return {stage["name"]: stage["state"] for stage in pipeline["stages"]}


def test_a_pipeline_from_submission_to_its_last_score(client: TestClient, service: Service, doorbell: Any) -> None:
    answer = submit(client)
    assert answer.status_code == 202
    pipeline = answer.json()
    assert client.get(answer.headers["Location"]).json() == pipeline
    assert (pipeline["state"], pipeline["name"], pipeline["dataset"]) == ("queued", "mine", "demo")
    assert (pipeline["failed_stage"], pipeline["finished_at"]) == (None, None)
    [training] = [stage["job"] for stage in pipeline["stages"] if stage["job"] is not None]
    assert doorbell.jobs == [training["id"]] and training["pipeline_id"] == pipeline["id"]
    assert list(states(pipeline).values()) == ["queued"] + ["waiting"] * 8

    do_all(service.database)
    done = client.get(answer.headers["Location"]).json()
    assert done["state"] == "succeeded" and set(states(done).values()) == {"succeeded"}
    assert done["finished_at"] == max(stage["job"]["finished_at"] for stage in done["stages"])
    results = {stage["name"]: stage["result"] for stage in done["stages"]}
    walk = client.get(f"/api/v1/sets/{results['random_walk']['set']}").json()
    assert walk["kind"] == "walk"
    assert results["train_affinity"]["checkpoint"] and results["evaluate"]["evaluation"]
    last = client.get(f"/api/v1/scores/{results['evaluate_segmentation']['score']}").json()
    assert (last["subject"], last["checkpoint_id"]) == ("segmentation", results["train_segmentation"]["checkpoint"])
    roles = {role: client.get(f"/api/v1/checkpoints?role={role}").json()["items"] for role in ("cam", "affinity")}
    assert {item["role"] for item in roles["cam"]} == {"cam"} and len(roles["cam"]) == 3
    assert [item["id"] for item in roles["affinity"]] == [results["train_affinity"]["checkpoint"]]


def test_pipelines_are_listed_newest_first_in_pages(client: TestClient) -> None:
    ids = [submit(client, images=n).json()["id"] for n in (5, 6, 7)]
    first = client.get(f"{PIPELINES}?limit=2").json()
    rest = client.get(PIPELINES, params={"limit": 2, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1] and rest["next"] is None


def test_a_repeated_submission_is_one_pipeline(client: TestClient, doorbell: Any) -> None:
    first, second = submit(client, key="k").json(), submit(client, key="k").json()
    assert first["id"] == second["id"] and len(doorbell.jobs) == 1
    other = submit(client, key="k", images=7)
    assert other.status_code == 422 and other.json()["errors"][0]["pointer"] == "/header/idempotency-key"


def test_a_pipeline_that_is_in_is_never_refused(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away between the commit and the note that the workers were told."""

    def away(*_: Any) -> None:
        raise OperationalError("UPDATE job", {}, Exception("database is locked"))

    monkeypatch.setattr(jobs, "mark_dispatched", away)
    assert submit(client).status_code == 202 and len(queued(service.database)) == 1


def test_whoever_submits_takes_turns_before_it_locks_a_checkpoint(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round than a deletion, the two would wait for each other."""
    order: list[str] = []
    checked = pipeline_checks.check
    monkeypatch.setattr(routes, "take_turns", lambda _session: order.append("turn"))
    monkeypatch.setattr(pipeline_checks, "check", lambda *given: [order.append("lock"), checked(*given)][1])
    assert submit(client, checkpoint="demo-ssenet").status_code == 202
    assert order == ["turn", "lock"]


def test_the_same_again_is_done_at_once(client: TestClient, service: Service, doorbell: Any) -> None:
    submit(client)
    do_all(service.database)
    doorbell.jobs.clear()
    again = submit(client).json()
    assert again["state"] == "succeeded" and all(stage["reused"] for stage in again["stages"])
    assert again["finished_at"] >= again["created_at"] and doorbell.jobs == []


def test_a_failed_stage_is_named_and_resumed(client: TestClient, service: Service, doorbell: Any) -> None:
    path = submit(client).headers["Location"]
    do_all(service.database, until="infer_cam")
    [infer] = queued(service.database)
    claim = claimed(service.database, infer.id)
    with service.database.write() as session:
        jobs.fail(session, claim, "crash", "It crashed.")
    failed = client.get(path).json()
    assert (failed["state"], failed["failed_stage"]) == ("failed", "infer_cam") and failed["finished_at"]
    assert states(failed)["train_cam"] == "succeeded" and states(failed)["crf"] == "waiting"
    resumed = client.post(f"{path}/resume")
    assert resumed.status_code == 202 and resumed.json()["failed_stage"] is None
    [again] = queued(service.database)
    assert (again.kind, again.parent_id) == ("infer_cam", infer.id) and doorbell.jobs[-1] == again.id
    assert client.post(f"{path}/resume").status_code == 409
    assert client.get(f"{JOBS}/{infer.id}").json()["pipeline_id"] is None, "its place was taken"


def test_cancelling_and_forgetting(client: TestClient, service: Service) -> None:
    path = submit(client).headers["Location"]
    refused = client.delete(path)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/pipeline-state")
    cancelled = client.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert client.post(f"{path}/cancel").status_code == 409
    assert client.delete(path).status_code == 204 and client.get(path).status_code == 404
    with service.database.read() as session:
        assert session.scalars(select(Job.state)).all() == ["cancelled"]


def add(service: Service, row: Any) -> str:
    with service.database.write() as session:
        session.add(row)
    return str(row.id)


def network(service: Service, method: str, **card: Any) -> str:
    """A checkpoint of the demo classes."""
    with service.database.read() as session:
        classes = session.get_one(Dataset, "demo").classes
    made = card_of(method, method).model_copy(update={"classes": tuple(classes), **card})
    return add(service, checkpoint_row(made, 0.0, size=1, weights_key="weights/w.safetensors"))


def image_set(service: Service, kind: Any, subject: str = "", **manifest: Any) -> str:
    """A set that a job left, of the demo data set as it is registered."""
    with service.database.write() as session:
        fingerprint = session.get_one(Dataset, "demo").fingerprint
        job = jobs.submit(session, jobs.NewJob("crf", {"dataset": "demo"}))[0]
        claim = jobs.claim(session, job.id, "w", 60)
        assert claim is not None
        made = manifest_of(kind, subject=subject).model_copy(update={"dataset_fingerprint": fingerprint, **manifest})
        set_id = job_records.commit_set(session, claim, made, folder=f"jobs/{job.id}/attempt-1/result", size=1)
        jobs.finish(session, claim)
    return set_id


MISFITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"dataset": "nope"}, ["/settings/dataset"]),
    ({"split": "a", "val_split": "b"}, ["/settings/split", "/settings/val_split"]),
    ({"train": None, "checkpoint": "nope"}, ["/settings/checkpoint"]),
    ({"train": None, "checkpoint": "imagenet-lite0"}, ["/settings/checkpoint"]),
    ({"checkpoint": "demo-ssenet"}, ["/settings"]),
    ({"train": None, "checkpoint": "demo-ssenet", "last": "train_cam"}, ["/settings/last"]),
    ({"walk": {"beta": -1}}, ["/settings/walk/beta"]),
    ({"surprise": 1}, ["/settings/surprise"]),
]


def test_settings_that_do_not_fit_are_pointed_at(client: TestClient, doorbell: Any) -> None:
    for changes, pointers in MISFITS:
        for path in (PIPELINES, f"{PIPELINES}/estimate"):
            answer = client.post(path, json={"settings": {**quick(), **changes}})
            assert answer.status_code == 422, changes
            assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert doorbell.jobs == [] and client.get(PIPELINES).json()["items"] == []


def test_a_pipeline_starts_from_a_cam_network_only(client: TestClient, service: Service) -> None:
    checkpoint = network(service, "affinity")
    answer = client.post(PIPELINES, json={"settings": {**quick(), "train": None, "checkpoint": checkpoint}})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/settings/checkpoint"]


def test_without_the_library_the_crf_is_refused_where_it_is_asked_for(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/api/v1/capabilities").json() == {
        "crf": {"available": crf.unavailable() is None, "reason": crf.unavailable()}
    }
    monkeypatch.setattr(crf, "unavailable", lambda: "It is not installed.")
    assert client.get("/api/v1/capabilities").json() == {"crf": {"available": False, "reason": "It is not installed."}}
    pointers = {
        "/settings/crf/crf": {},
        "/settings/labels/crf": {"crf": {"crf": "off"}, "labels": {"crf": "psa"}},
        "/settings/test/crf": {"crf": {"crf": "off"}, "test": {"crf": "seam"}},
    }
    for pointer, changes in pointers.items():
        answer = submit(client, **changes)
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert submit(client, crf={"crf": "off"}).status_code == 202
    assert submit(client, last="infer_cam").status_code == 202, "it does not get as far as the CRF"
    cams = image_set(service, "cams")
    refused = client.post(JOBS, json={"kind": "crf", "settings": {"cams": cams}})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/settings/crf"]
    assert client.post(JOBS, json={"kind": "crf", "settings": {"cams": cams, "crf": "off"}}).status_code == 202


def test_every_stage_can_be_submitted_alone(client: TestClient, service: Service) -> None:
    cams, refined, walk = (image_set(service, kind) for kind in ("cams", "crf", "walk"))
    masks = image_set(service, "masks", "pseudo-labels")
    affinity, segmentation = network(service, "affinity"), network(service, "segmentation")
    bodies: dict[str, dict[str, Any]] = {
        "crf": {"cams": cams},
        "train_affinity": {"crf": refined, "start": "demo-ssenet"},
        "random_walk": {"checkpoint": affinity, "cams": cams},
        "pseudo_labels": {"maps": walk},
        "train_segmentation": {"labels": masks},
        "evaluate_segmentation": {"checkpoint": segmentation},
    }
    for kind, settings in bodies.items():
        answer = client.post(JOBS, json={"kind": kind, "settings": settings})
        assert answer.status_code == 202, answer.text
        assert client.post(f"{JOBS}/estimate", json={"kind": kind, "settings": settings}).json()["seconds"] > 0
        with service.database.read() as session:
            job = session.get_one(Job, answer.json()["id"])
        assert job.dataset_id == "demo" and job.content_key is not None


def test_results_of_another_kind_are_refused(client: TestClient, service: Service) -> None:
    cams, refined, walk = (image_set(service, kind) for kind in ("cams", "crf", "walk"))
    affinity, segmentation = network(service, "affinity"), network(service, "segmentation")
    misfits: list[tuple[str, str, str, dict[str, str]]] = [
        ("crf", "cams", walk, {}),
        ("crf", "cams", "nope", {}),
        ("pseudo_labels", "maps", refined, {}),
        ("train_segmentation", "labels", image_set(service, "masks", "segmentation"), {}),
        ("train_affinity", "crf", image_set(service, "crf", dataset_fingerprint="changed"), {}),
        ("train_affinity", "start", network(service, "ssenet", backbone="resnet38"), {"crf": refined}),
        ("random_walk", "checkpoint", "demo-ssenet", {"cams": cams}),
        ("infer_cam", "checkpoint", affinity, {}),
        ("evaluate", "checkpoint", segmentation, {}),
        ("evaluate_segmentation", "checkpoint", "demo-ssenet", {}),
        ("evaluate_segmentation", "checkpoint", network(service, "segmentation", classes=("a", "b")), {}),
    ]
    for kind, field, wrong, right in misfits:
        answer = client.post(JOBS, json={"kind": kind, "settings": {**right, field: wrong}})
        assert answer.status_code == 422, (kind, field)
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/settings/{field}"], (kind, field)


def test_a_set_is_scored_for_the_checkpoint_that_it_is_of(client: TestClient, service: Service) -> None:
    with service.database.read() as session:
        fingerprint = session.get_one(Dataset, "demo").fingerprint
        content = session.get_one(Checkpoint, "demo-ssenet").content_sha
    made_with = CamInferSettings(checkpoint="demo-ssenet", split="val")
    key = content_key("infer_cam", made_with, {"checkpoint": content}, fingerprint)
    step = Step(kind="infer_cam", key=key, settings=stored_settings(made_with))
    right, wrong = (image_set(service, "cams", key=k, lineage=(step,)) for k in (key, "1" * 64))
    for set_id, status in ((right, 202), (wrong, 422)):
        body = {"kind": "evaluate", "settings": {"checkpoint": "demo-ssenet", "cams": set_id}}
        answer = client.post(JOBS, json=body)
        assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/settings/cams"


def test_only_cam_networks_have_maps(client: TestClient, service: Service) -> None:
    image = client.get("/api/v1/images").json()["items"][0]["id"]
    answer = client.get(f"/api/v1/checkpoints/{network(service, 'segmentation')}/cams?image={image}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/checkpoint_id")


def test_a_checkpoint_of_a_pipeline_at_work_stays(client: TestClient, service: Service) -> None:
    submit(client)
    do_all(service.database, until="infer_cam")
    with service.database.read() as session:
        checkpoint = session.scalars(select(Checkpoint.id).where(Checkpoint.job_id.is_not(None))).one()
    found = client.get(f"/api/v1/checkpoints/{checkpoint}/dependents").json()
    assert "1 pipeline(s) at work need it" in found["text"]
    confirm = found["confirm"]
    refused = client.delete(f"/api/v1/checkpoints/{checkpoint}?confirm={confirm}")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/in-use")


def test_an_estimate_names_every_stage_and_what_it_rests_on(client: TestClient, service: Service) -> None:
    body = {"settings": quick()}
    estimate = client.post(f"{PIPELINES}/estimate", json=body).json()
    assert [stage["name"] for stage in estimate["stages"]] == list(states(submit(client).json()))
    assert estimate["seconds"] == pytest.approx(sum(stage["seconds"] for stage in estimate["stages"]))
    assert estimate["basis"] == "stated references"
    [training] = queued(service.database)
    do(service.database, training.id)
    with service.database.write() as session:
        row = session.get_one(Job, training.id)
        row.measured = {"seconds": 1000.0}
    learned = client.post(f"{PIPELINES}/estimate", json=body).json()
    assert learned["stages"][0]["seconds"] == pytest.approx(1000.0)
    assert "1 of 9 stages" in learned["basis"] and "the last run" in learned["stages"][0]["basis"]


def test_tables_of_a_data_set(client: TestClient) -> None:
    tables = client.get("/api/v1/tables?dataset=demo").json()
    assert tables["dataset"] == "demo" and {table["number"] for table in tables["tables"]} == {1, 2, 3}
    cells = [cell for table in tables["tables"] for row in table["rows"] for cell in row["cells"]]
    assert 47.3 in [cell["value"] for cell in cells if cell["source"] == "paper"]
    assert client.get("/api/v1/tables?dataset=nope").status_code == 404
    assert client.get("/api/v1/tables").status_code == 422


def test_unknown_pipelines(client: TestClient) -> None:
    for bad in ("nope", "..%2fx", "x" * 101):
        for method, suffix in (("GET", ""), ("POST", "/cancel"), ("POST", "/resume"), ("DELETE", "")):
            assert client.request(method, f"{PIPELINES}/{bad}{suffix}").status_code in (404, 422), bad
