"""Pipelines on a real database: what starts when, what is shared, what is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from stage_results import claimed, dataset_row, do, do_all, leave_results, queued
from stored_pipelines import control, create, fail, job_ids, jobs_in_all, settings, stages, state

from backend.store import jobs, pipeline_control, pipelines, submission
from backend.store.database import Database
from backend.store.models import Checkpoint, ImageSet, Job
from backend.store.sweep import sweep

LABELS = ["train_cam", "infer_cam", "evaluate", "crf", "train_affinity", "random_walk", "pseudo_labels"]
"""The stages up to pseudo-labels, which most tests stop at."""
ORDER = [*LABELS, "train_segmentation", "evaluate_segmentation"]


@pytest.fixture
def lab(database: Database) -> Database:
    """A database with a data set."""
    with database.write() as session:
        session.add(dataset_row())
    return database


def test_all_stages_run_in_an_order_that_gives_each_what_it_takes(lab: Database) -> None:
    pipeline_id = create(lab, last="evaluate_segmentation")
    assert state(lab, pipeline_id) == "queued" and [job.kind for job in queued(lab)] == ["train_cam"]
    assert do_all(lab) == ORDER
    assert state(lab, pipeline_id) == "succeeded"
    assert set(stages(lab, pipeline_id).values()) == {("succeeded", False)}
    ids = job_ids(lab, pipeline_id)
    with lab.read() as session:
        walk = session.get_one(Job, ids["random_walk"])
        affinity = session.scalars(select(Checkpoint).where(Checkpoint.job_id == ids["train_affinity"])).one()
        cams = session.scalars(select(ImageSet).where(ImageSet.job_id == ids["infer_cam"])).one()
    assert (walk.settings["checkpoint"], walk.settings["cams"]) == (affinity.id, cams.id)
    assert (walk.dataset_id, walk.name) == ("demo", "mine"), "a stage that takes a set takes its data set"


def test_a_finished_training_of_a_pipeline_submits_no_evaluation_of_its_own(lab: Database) -> None:
    create(lab, last="infer_cam", masked=False)
    assert do_all(lab) == ["train_cam", "infer_cam"]


def test_a_pipeline_from_a_checkpoint_trains_none(lab: Database) -> None:
    create(lab, last="train_cam")
    do_all(lab)
    with lab.read() as session:
        checkpoint = session.scalars(select(Checkpoint.id)).one()
    create(lab, checkpoint=checkpoint, last="crf")
    assert do_all(lab) == ["infer_cam", "evaluate", "crf"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_the_next_stage_is_queued_leaves_neither_or_both(
    lab: Database, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The worker dies within the transaction: the stage is still running, and nothing follows it."""
    create(lab, last="crf")
    [training] = queued(lab)
    claim = claimed(lab, training.id)
    real = submission.submit

    def dying(*arguments: Any) -> Any:
        if moment == "after":
            real(*arguments)
        raise KeyboardInterrupt

    with lab.write() as session:
        leave_results(session, claim)
    with monkeypatch.context() as patch:
        patch.setattr(pipelines, "submit", dying)
        with pytest.raises(KeyboardInterrupt), lab.write() as session:
            jobs.finish(session, claim)
    with lab.read() as session:
        assert session.get_one(Job, training.id).state == "running"
    assert jobs_in_all(lab) == 1
    with lab.write() as session:
        following = jobs.finish(session, claim)
    assert [job.kind for job in following] == ["infer_cam"] and jobs_in_all(lab) == 2


def test_who_lost_the_job_starts_nothing(lab: Database, clock: Any) -> None:
    create(lab)
    [training] = queued(lab)
    old = claimed(lab, training.id)
    with lab.write() as session:
        leave_results(session, old)
    clock.now += 61
    new = claimed(lab, training.id)
    with pytest.raises(jobs.LeaseLost), lab.write() as session:
        jobs.finish(session, old)
    assert jobs_in_all(lab) == 1
    with lab.write() as session:
        assert len(jobs.finish(session, new)) == 1


def test_a_stage_whose_announcement_was_lost_is_announced_by_the_sweep(lab: Database) -> None:
    create(lab)
    [training] = queued(lab)
    [following] = do(lab, training.id)
    with lab.write() as session:
        assert sweep(session, 15).wake == [following.id]


def test_the_same_settings_again_compute_nothing(lab: Database) -> None:
    create(lab)
    do_all(lab)
    before = jobs_in_all(lab)
    again = create(lab)
    assert jobs_in_all(lab) == before and queued(lab) == []
    assert state(lab, again) == "succeeded"
    assert set(stages(lab, again).values()) == {("succeeded", True)}


def test_other_settings_of_a_late_stage_compute_from_there(lab: Database) -> None:
    create(lab)
    do_all(lab)
    again = create(lab, labels={"alpha": 0.3})
    assert do_all(lab) == ["pseudo_labels"]
    reused = [name for name, (_, shared) in stages(lab, again).items() if shared]
    assert reused == LABELS[:-1]


def test_a_data_set_that_changed_is_computed_anew(lab: Database) -> None:
    create(lab, last="infer_cam")
    do_all(lab)
    with lab.write() as session:
        session.merge(dataset_row(fingerprint="g"))
    create(lab, last="infer_cam")
    assert do_all(lab) == ["train_cam", "infer_cam"]


def test_two_identical_pipelines_at_once_share_their_jobs(lab: Database) -> None:
    barrier = Barrier(2)

    def start(_: int) -> str:
        barrier.wait(30)
        return create(lab)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(start, range(2))
    assert first != second and do_all(lab) == LABELS
    assert job_ids(lab, first) == job_ids(lab, second)
    assert state(lab, first) == state(lab, second) == "succeeded"
    shared = [reused for one in (first, second) for _, reused in stages(lab, one).values()]
    assert sorted(shared) == [False] * 7 + [True] * 7, "each job was submitted for one of them"


def test_a_repeated_submission_is_one_pipeline(lab: Database) -> None:
    first = create(lab, key="k")
    assert create(lab, key="k") == first and len(queued(lab)) == 1
    with pytest.raises(submission.IdempotencyConflict):
        create(lab, key="k", images=7)


def test_a_failure_keeps_what_is_done_and_resuming_starts_only_there(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="train_affinity")
    [affinity] = queued(lab)
    fail(lab, affinity.id)
    assert state(lab, pipeline_id) == "failed" and queued(lab) == []
    before = job_ids(lab, pipeline_id)
    [again] = control(lab, pipeline_id, pipeline_control.resume, 3)
    assert (again.kind, again.parent_id) == ("train_affinity", affinity.id)
    assert [job.id for job in queued(lab)] == [again.id] and state(lab, pipeline_id) == "running"
    assert do_all(lab) == LABELS[4:]
    after = job_ids(lab, pipeline_id)
    assert state(lab, pipeline_id) == "succeeded"
    assert {name for name in before if before[name] != after[name]} == {"train_affinity"}


def test_a_pipeline_with_a_failed_stage_starts_nothing_more(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="evaluate")
    # crf ran through as far as it could while the scoring of CAMs waited; now everything else is done
    [evaluate] = queued(lab)
    fail(lab, evaluate.id)
    assert state(lab, pipeline_id) == "failed"
    control(lab, pipeline_id, pipeline_control.resume, 3)
    assert do_all(lab) == ["evaluate"] and state(lab, pipeline_id) == "succeeded"


def test_what_still_runs_of_a_failed_pipeline_can_be_cancelled(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="infer_cam")
    do(lab, queued(lab)[0].id)
    evaluate, crf = sorted(queued(lab), key=lambda job: job.kind, reverse=True)
    claim = claimed(lab, crf.id)
    fail(lab, evaluate.id)
    assert state(lab, pipeline_id) == "failed"
    control(lab, pipeline_id, pipeline_control.cancel)
    with lab.write() as session:
        assert jobs.heartbeat(session, claim) is True


def test_a_retried_stage_takes_its_place_in_every_pipeline(lab: Database) -> None:
    first, second = create(lab), create(lab)
    [training] = queued(lab)
    fail(lab, training.id)
    with lab.write() as session:
        again = jobs.retry(session, training.id, 3)
    assert job_ids(lab, first) == job_ids(lab, second) == {"train_cam": again.id}
    assert do_all(lab) == LABELS
    assert state(lab, first) == state(lab, second) == "succeeded"


def test_a_stage_that_is_retried_twice_is_done_once(lab: Database) -> None:
    create(lab)
    [training] = queued(lab)
    fail(lab, training.id)
    for _ in range(2):
        with lab.write() as session:
            again = jobs.retry(session, training.id, 3)
        assert [job.id for job in queued(lab)] == [again.id]
    with lab.write() as session:
        jobs.request_cancel(session, again.id)
        third = jobs.retry(session, training.id, 3)
    assert [job.id for job in queued(lab)] == [third.id] != [again.id]


def test_cancelling_stops_what_only_this_pipeline_waits_for(lab: Database) -> None:
    pipeline_id = create(lab)
    do_all(lab, until="crf")
    [crf] = queued(lab)
    claim = claimed(lab, crf.id)
    control(lab, pipeline_id, pipeline_control.cancel)
    assert state(lab, pipeline_id) == "running", "until its job has stopped"
    with lab.write() as session:
        assert jobs.heartbeat(session, claim) is True
        jobs.stop(session, claim)
    assert state(lab, pipeline_id) == "cancelled"
    with pytest.raises(jobs.NotAllowed, match="cancelled"):
        control(lab, pipeline_id, pipeline_control.cancel)
    control(lab, pipeline_id, pipeline_control.resume, 3)
    assert do_all(lab) == LABELS[3:]
    assert state(lab, pipeline_id) == "succeeded"


def test_a_job_that_finished_in_spite_of_a_cancellation_starts_nothing(lab: Database) -> None:
    pipeline_id = create(lab)
    [training] = queued(lab)
    claim = claimed(lab, training.id)
    control(lab, pipeline_id, pipeline_control.cancel)
    with lab.write() as session:
        leave_results(session, claim)
        assert jobs.finish(session, claim) == []
    assert state(lab, pipeline_id) == "cancelled"
    control(lab, pipeline_id, pipeline_control.resume, 3)
    assert do_all(lab) == LABELS[1:]


def test_a_shared_job_goes_to_who_still_wants_it(lab: Database) -> None:
    first, second = create(lab), create(lab)
    [training] = queued(lab)
    control(lab, first, pipeline_control.cancel)
    assert state(lab, first) == "cancelled" and stages(lab, first)["train_cam"] == ("waiting", False)
    assert stages(lab, second)["train_cam"] == ("queued", False)
    control(lab, second, pipeline_control.cancel)
    with lab.read() as session:
        assert session.get_one(Job, training.id).state == "cancelled"


def test_a_job_that_somebody_submitted_is_taken_up_and_never_cancelled_with_the_pipeline(lab: Database) -> None:
    wanted = settings()
    train = {**wanted.train.model_dump(mode="json"), "train_images": 96, "val_images": 40} if wanted.train else {}
    with lab.write() as session:
        job = jobs.submit(session, jobs.NewJob("train_cam", train))[0]
    pipeline_id = create(lab)
    assert job_ids(lab, pipeline_id) == {"train_cam": job.id} and stages(lab, pipeline_id)["train_cam"][1] is True
    control(lab, pipeline_id, pipeline_control.cancel)
    assert [found.id for found in queued(lab)] == [job.id]
    control(lab, pipeline_id, pipeline_control.resume, 3)
    following = do(lab, job.id)
    assert sorted(found.kind for found in following) == ["evaluate", "infer_cam"], "the training's own evaluation too"
