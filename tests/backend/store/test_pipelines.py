"""Pipelines on a real database: what starts when, what is shared, what is kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from stage_results import card_of, claimed, dataset_row, do, do_all, leave_results, queued

from backend.store import checkpoints, image_sets, job_records, jobs, pipeline_control, pipelines, submission
from backend.store.database import Database
from backend.store.models import Checkpoint, ImageSet, Job, Pipeline, PipelineStage
from backend.store.sweep import sweep
from backend.store.uses import in_use
from ssenet.config import PipelineSettings, pipeline_preset

LABELS = ["train_cam", "infer_cam", "evaluate", "crf", "train_affinity", "random_walk", "pseudo_labels"]
"""The stages up to pseudo-labels, which most tests stop at."""
ORDER = [*LABELS, "train_segmentation", "evaluate_segmentation"]


@pytest.fixture
def lab(database: Database) -> Database:
    """A database with a data set."""
    with database.write() as session:
        session.add(dataset_row())
    return database


def settings(**changes: Any) -> PipelineSettings:
    return pipeline_preset("quick", **{"last": "pseudo_labels", **changes})


def create(database: Database, masked: bool = True, key: str | None = None, **changes: Any) -> str:
    new = pipelines.NewPipeline(settings(**changes), "mine", key)
    with database.write() as session:
        return pipelines.create(session, new, masked=masked, max_attempts=3)[0].id


def stages(database: Database, pipeline_id: str) -> dict[str, tuple[str, bool]]:
    """State and reuse of each stage."""
    with database.read() as session:
        found = pipelines.progress(session, session.get_one(Pipeline, pipeline_id))
    return {
        name: (found.jobs[name].state if name in found.jobs else "waiting", row.reused)
        for name, row in found.rows.items()
    }


def job_ids(database: Database, pipeline_id: str) -> dict[str, str]:
    with database.read() as session:
        rows = session.scalars(select(PipelineStage).where(PipelineStage.pipeline_id == pipeline_id))
        return {row.name: row.job_id for row in rows if row.job_id is not None}


def state(database: Database, pipeline_id: str) -> str:
    with database.read() as session:
        pipeline = session.get_one(Pipeline, pipeline_id)
        found = pipelines.progress(session, pipeline)
        return pipeline_control.state_of(pipeline, [(row, found.jobs.get(name)) for name, row in found.rows.items()])


def jobs_in_all(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.count()).select_from(Job)).one()


def fail(database: Database, job_id: str) -> None:
    claim = claimed(database, job_id)
    with database.write() as session:
        jobs.fail(session, claim, "crash", "It crashed.")


def control(database: Database, pipeline_id: str, action: Callable[..., Any], *more: Any) -> Any:
    with database.write() as session:
        return action(session, session.get_one(Pipeline, pipeline_id), *more)


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


def test_a_retried_stage_takes_its_place_in_every_pipeline(lab: Database) -> None:
    first, second = create(lab), create(lab)
    [training] = queued(lab)
    fail(lab, training.id)
    with lab.write() as session:
        again = jobs.retry(session, training.id, 3)
    assert job_ids(lab, first) == job_ids(lab, second) == {"train_cam": again.id}
    assert do_all(lab) == LABELS
    assert state(lab, first) == state(lab, second) == "succeeded"


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
