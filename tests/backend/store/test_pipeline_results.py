"""Results of pipelines that are deleted, changed or in use, and pipelines that are forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from stage_results import card_of, claimed, dataset_row, do, do_all, leave_results, queued
from stored_pipelines import control, create, fail, job_ids, jobs_in_all, stages, state

from backend.store import checkpoints, image_sets, job_records, jobs, pipeline_control
from backend.store.database import Database
from backend.store.models import Checkpoint, ImageSet, Job, PipelineStage
from backend.store.uses import in_use


@pytest.fixture
def lab(database: Database) -> Database:
    """A database with a data set."""
    with database.write() as session:
        session.add(dataset_row())
    return database


def test_what_a_pipeline_at_work_needs_is_in_use(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="pseudo_labels")
    with lab.read() as session:
        rows = [*session.scalars(select(ImageSet)), *session.scalars(select(Checkpoint))]
        assert all(in_use(session, row) for row in rows) and len(rows) == 5
    control(lab, pipeline_id, pipeline_control.cancel)
    with lab.read() as session:
        assert not any(in_use(session, row) for row in rows)


def test_a_checkpoint_that_a_pipeline_starts_from_is_in_use(lab: Database) -> None:
    create(lab, last="train_cam")
    do_all(lab)
    with lab.read() as session:
        checkpoint = session.scalars(select(Checkpoint)).one()
    create(lab, checkpoint=checkpoint.id)
    do_all(lab, until="crf")
    with lab.read() as session:
        assert in_use(session, checkpoint) and checkpoints.dependents(session, checkpoint).pipelines == 1


def delete_set(database: Database, job_id: str) -> None:
    with database.write() as session:
        image_sets.delete(session, session.scalars(select(ImageSet).where(ImageSet.job_id == job_id)).one())


def test_a_deleted_result_is_computed_when_it_is_asked_for_again(lab: Database) -> None:
    first = create(lab)
    do_all(lab)
    delete_set(lab, job_ids(lab, first)["random_walk"])
    again = create(lab)
    assert do_all(lab) == ["random_walk"], "what follows is there, under the same content"
    assert state(lab, again) == state(lab, first) == "succeeded"


def test_resuming_makes_what_was_deleted_only_where_it_is_needed(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="random_walk")
    [walk] = queued(lab)
    fail(lab, walk.id)
    ids = job_ids(lab, pipeline_id)
    delete_set(lab, ids["infer_cam"])
    delete_set(lab, ids["crf"])
    control(lab, pipeline_id, pipeline_control.resume, 3)
    assert do_all(lab)[:2] == ["infer_cam", "random_walk"], "no second crf: the network that it was for is there"
    assert state(lab, pipeline_id) == "succeeded"


def test_resuming_follows_what_was_deleted_to_its_beginning(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="crf")
    [crf] = queued(lab)
    fail(lab, crf.id)
    delete_set(lab, job_ids(lab, pipeline_id)["infer_cam"])
    with lab.write() as session:
        checkpoints.delete(session, session.scalars(select(Checkpoint)).one())
    control(lab, pipeline_id, pipeline_control.resume, 3)
    assert do_all(lab)[:3] == ["train_cam", "infer_cam", "crf"]
    assert state(lab, pipeline_id) == "succeeded"


def test_a_checkpoint_that_no_job_made_is_not_in_use_for_stages_that_wait(lab: Database) -> None:
    create(lab)
    with lab.write() as session:
        uploaded = job_records.checkpoint_row(card_of("ssenet", "w"), 0.0, size=1, weights_key="weights/w.safetensors")
        session.add(uploaded)
    with lab.read() as session:
        assert not in_use(session, uploaded)


def test_what_was_made_of_data_that_changed_is_not_taken_for_what_was_asked(lab: Database) -> None:
    create(lab, last="infer_cam")
    for _ in range(2):  # the network and its CAMs, each of other data than was registered when its job was queued
        [job] = queued(lab)
        claim = claimed(lab, job.id)
        with lab.write() as session:
            leave_results(session, claim, key="1" * 64)
            jobs.finish(session, claim)
    create(lab, last="infer_cam")
    assert do_all(lab) == ["train_cam", "infer_cam"]


def test_a_job_of_a_forgotten_pipeline_goes_to_who_still_wants_it(lab: Database) -> None:
    first, second = create(lab), create(lab)
    do(lab, queued(lab)[0].id)
    do(lab, queued(lab)[0].id)
    evaluate, crf = sorted(queued(lab), key=lambda job: job.kind, reverse=True)
    fail(lab, evaluate.id)
    owner, other = sorted((first, second), key=lambda one: stages(lab, one)["crf"][1])
    control(lab, owner, pipeline_control.forget)
    assert stages(lab, other)["crf"] == ("queued", False)
    control(lab, other, pipeline_control.resume, 3)
    control(lab, other, pipeline_control.cancel)
    with lab.read() as session:
        assert session.get_one(Job, crf.id).state == "cancelled"


def test_forgetting_a_pipeline_keeps_what_it_made(lab: Database) -> None:
    pipeline_id = create(lab)
    with pytest.raises(jobs.NotAllowed, match="queued"):
        control(lab, pipeline_id, pipeline_control.forget)
    do_all(lab)
    control(lab, pipeline_id, pipeline_control.forget)
    with lab.read() as session:
        assert session.scalars(select(func.count()).select_from(PipelineStage)).one() == 0
        assert session.scalars(select(func.count()).select_from(ImageSet)).one() == 4
    assert jobs_in_all(lab) == 7
