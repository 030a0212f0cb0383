"""The job state machine, step by step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from backend.store import job_records, jobs
from backend.store.database import Database
from backend.store.models import Checkpoint, Dataset, Job, Worker
from backend.store.sweep import Swept, sweep
from ssenet.config import CamTrainSettings

TTL = 60.0


def submitted(database: Database, kind: str = "infer_cam", **more: Any) -> str:
    settings = CamTrainSettings().model_dump(mode="json") if kind == "train_cam" else {"dataset": "demo"}
    with database.write() as session:
        return jobs.submit(session, jobs.NewJob(kind, settings, **more))[0].id


def claimed(database: Database, job_id: str, owner: str = "w", ttl: float = TTL) -> jobs.Claim:
    with database.write() as session:
        claim = jobs.claim(session, job_id, owner, ttl)
    assert claim is not None
    return claim


def job_of(database: Database, job_id: str) -> Job:
    with database.read() as session:
        found = session.get(Job, job_id)
    assert found is not None
    return found


def swept(database: Database, after: float = 15) -> Swept:
    with database.write() as session:
        return sweep(session, after)


def beat(database: Database, clock: Any, state: str, ago: float = 0.0) -> None:
    """A sign of life of a worker for jobs."""
    about = {"id": "t", "queue": "train", "pid": 1, "host": "h", "warm": True, "started_at": 0.0}
    with database.write() as session:
        session.merge(Worker(**about, state=state, heartbeat_at=clock.now - ago))


def test_a_queued_job_is_claimed_once(database: Database) -> None:
    job_id = submitted(database)
    claim = claimed(database, job_id)
    with database.write() as session:
        assert jobs.claim(session, job_id, "other", TTL) is None
    job = job_of(database, job_id)
    assert (job.state, job.fence, job.attempts, job.lease_owner) == ("running", 1, 1, "w")
    assert claim.fence == 1


def test_two_threads_race_for_one_job(database: Database) -> None:
    job_ids = [submitted(database) for _ in range(10)]
    barrier = Barrier(2)

    def take(owner: str) -> list[str | None]:
        won = []
        for job_id in job_ids:
            barrier.wait(30)
            with database.write() as session:
                claim = jobs.claim(session, job_id, owner, TTL)
            won.append(claim.owner if claim else None)
        return won

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(take, ["a", "b"])
    assert [(a is None) + (b is None) for a, b in zip(first, second, strict=True)] == [1] * len(job_ids)


def test_an_expired_lease_is_taken_over_and_fences_the_old_owner(database: Database, clock: Any) -> None:
    job_id = submitted(database)
    old = claimed(database, job_id)
    clock.now += TTL + 1
    new = claimed(database, job_id, "successor")
    assert (new.fence, new.attempts) == (2, 2)
    late_writes = [
        lambda s: jobs.heartbeat(s, old),
        lambda s: jobs.release(s, old, "late"),
        lambda s: jobs.finish(s, old),
        lambda s: jobs.fail(s, old, "crash", "late"),
        lambda s: jobs.stop(s, old),
        lambda s: job_records.progress(s, old, 1, 2, "steps"),
        lambda s: job_records.add_events(s, old, [("metrics", {})]),
    ]
    before = job_of(database, job_id)
    for write in late_writes:
        with pytest.raises(jobs.LeaseLost), database.write() as session:
            write(session)
    after = job_of(database, job_id)
    assert (after.state, after.fence, after.event_seq) == (before.state, before.fence, before.event_seq)


def test_an_owner_whose_lease_expired_may_not_write_although_nobody_took_over(database: Database, clock: Any) -> None:
    claim = claimed(database, submitted(database))
    clock.now += TTL + 1
    with pytest.raises(jobs.LeaseLost), database.write() as session:
        jobs.finish(session, claim)


def test_heartbeats_keep_a_lease(database: Database, clock: Any) -> None:
    claim = claimed(database, submitted(database))
    for _ in range(5):
        clock.now += TTL / 2
        with database.write() as session:
            assert jobs.heartbeat(session, claim) is False
    with database.write() as session:
        assert jobs.claim(session, claim.job_id, "thief", TTL) is None


def test_a_release_does_not_count_as_an_attempt(database: Database) -> None:
    job_id = submitted(database, max_attempts=1)
    for fence in range(1, 5):
        claim = claimed(database, job_id)
        assert (claim.fence, claim.attempts) == (fence, 1)
        with database.write() as session:
            assert jobs.release(session, claim, "drain").state == "queued"


def test_a_cancelled_queued_job_never_starts(database: Database) -> None:
    job_id = submitted(database)
    with database.write() as session:
        assert jobs.request_cancel(session, job_id).state == "cancelled"
    with database.write() as session:
        assert jobs.claim(session, job_id, "w", TTL) is None
    with pytest.raises(jobs.NotAllowed), database.write() as session:
        jobs.request_cancel(session, job_id)


def test_the_owner_learns_of_a_cancel_and_stops(database: Database) -> None:
    claim = claimed(database, submitted(database))
    for _ in range(2):  # asking twice is no error
        with database.write() as session:
            assert jobs.request_cancel(session, claim.job_id).state == "running"
    with database.write() as session:
        assert jobs.heartbeat(session, claim) is True
        jobs.stop(session, claim)
    assert job_of(database, claim.job_id).state == "cancelled"


def test_a_job_that_is_released_while_it_shall_stop_is_cancelled(database: Database) -> None:
    claim = claimed(database, submitted(database))
    with database.write() as session:
        jobs.request_cancel(session, claim.job_id)
    with database.write() as session:
        assert jobs.release(session, claim, "drain").state == "cancelled"


def test_a_sweep_announces_a_queued_job_once_in_a_while(database: Database, clock: Any) -> None:
    job_id = submitted(database)
    assert swept(database).wake == [job_id]
    assert swept(database).wake == []
    clock.now += 16
    beat(database, clock, "idle")
    assert swept(database).wake == [job_id]
    with database.write() as session:
        jobs.mark_dispatched(session, job_id)
    assert swept(database).wake == []


def test_a_job_that_waits_behind_busy_workers_is_announced_seldom(database: Database, clock: Any) -> None:
    job_id = submitted(database)
    assert swept(database).wake == [job_id]

    clock.now += 16
    beat(database, clock, "busy")
    assert swept(database).wake == []
    beat(database, clock, "idle")
    assert swept(database).wake == [job_id]
    clock.now += 15 * 20 + 1
    beat(database, clock, "busy")  # and its message may be lost
    assert swept(database).wake == [job_id]


def test_a_job_that_waits_while_no_worker_lives_is_announced_seldom_until_one_comes(
    database: Database, clock: Any
) -> None:
    job_id, hours = submitted(database), 8
    announced = 0
    for _ in range(hours * 3600 // 15):
        clock.now += 15
        announced += len(swept(database).wake)
    assert 1 < announced <= hours * 12 + 1, "its message may be lost; otherwise it waits in the queue already"

    clock.now += 16
    beat(database, clock, "idle", ago=31)
    assert swept(database).wake == []
    beat(database, clock, "idle")
    assert swept(database).wake == [job_id]


def test_the_sweep_goes_by_the_time_after_which_a_silent_worker_is_gone(database: Database, clock: Any) -> None:
    job_id = submitted(database)
    assert swept(database).wake == [job_id]
    beat(database, clock, "idle")
    clock.now += 16
    with database.write() as session:
        assert sweep(session, 15, worker_timeout=10).wake == []
        assert sweep(session, 15, worker_timeout=20).wake == [job_id]


def test_a_sweep_leaves_an_owned_job_alone(database: Database, clock: Any) -> None:
    claimed(database, submitted(database))
    clock.now += TTL - 1
    assert swept(database) == Swept()


def test_a_job_whose_workers_die_is_given_up_after_its_attempts(database: Database, clock: Any) -> None:
    job_id = submitted(database, max_attempts=3)
    for _ in range(3):
        claimed(database, job_id)
        clock.now += TTL + 1
    assert swept(database).failed == [job_id]
    job = job_of(database, job_id)
    assert job.state == "failed" and job.error is not None and job.error["kind"] == "worker_lost"
    assert job.finished_at == clock.now and job.lease_owner is None


def test_an_unowned_job_that_shall_stop_is_cancelled_by_the_sweep(database: Database, clock: Any) -> None:
    claim = claimed(database, submitted(database))
    with database.write() as session:
        jobs.request_cancel(session, claim.job_id)
    clock.now += TTL + 1
    assert swept(database).cancelled == [claim.job_id]
    assert job_of(database, claim.job_id).state == "cancelled"


def test_events_are_numbered_without_gaps(database: Database) -> None:
    claim = claimed(database, submitted(database))
    with database.write() as session:
        job_records.add_events(session, claim, [("metrics", {"step": n}) for n in range(5)])
    with pytest.raises(RuntimeError), database.write() as session:
        job_records.add_events(session, claim, [("metrics", {"step": 99})])
        raise RuntimeError
    with database.write() as session:
        jobs.fail(session, claim, "crash", "it crashed")
    with database.read() as session:
        events = job_records.events_after(session, claim.job_id, 0, 100)
        later = job_records.events_after(session, claim.job_id, 6, 100)
    assert [event.seq for event in events] == list(range(1, 9))
    assert [event.data.get("step") for event in events if event.type == "metrics"] == [0, 1, 2, 3, 4]
    assert [event.seq for event in later] == [7, 8]
    assert events[-1].data == {"state": "failed", "kind": "crash", "message": "it crashed"}


def test_a_repeated_commit_of_a_step_changes_nothing(database: Database, clock: Any, make: Any) -> None:
    job_id = submitted(database, "train_cam")
    card = make.card_of(b"w")
    first = claimed(database, job_id)
    commit = {"weights_key": "weights/a.safetensors", "size": 1, "epoch": 1, "step": 10, "final": False}
    with database.write() as session:
        made = job_records.commit_checkpoint(session, first, card, **commit)
    clock.now += TTL + 1
    second = claimed(database, job_id)
    with database.write() as session:
        assert job_records.commit_checkpoint(session, second, card, **commit) == made
    with pytest.raises(jobs.LeaseLost), database.write() as session:
        job_records.commit_checkpoint(session, first, card, **{**commit, "step": 20})
    with database.read() as session:
        assert session.scalars(select(Checkpoint.id)).all() == [made]


def trained(database: Database, make: Any, masked: list[str]) -> tuple[jobs.Claim, str]:
    job_id = submitted(database, "train_cam", name="mine")
    claim = claimed(database, job_id)
    with database.write() as session:
        session.add(
            Dataset(
                id="demo",
                spec={},
                classes=[],
                splits={"val": 9},
                fingerprint="f",
                label_source="masks",
                has_masks=bool(masked),
                masked_splits=masked,
                created_at=0.0,
            )
        )
        checkpoint = job_records.commit_checkpoint(
            session, claim, make.card_of(b"w"), weights_key="weights/a.safetensors", size=1, epoch=8, step=9, final=True
        )
    return claim, checkpoint


def test_a_finished_training_submits_its_evaluation(database: Database, make: Any) -> None:
    claim, checkpoint = trained(database, make, ["val"])
    with database.write() as session:
        [follow_up] = jobs.finish(session, claim, {"seconds": 3.0})
    evaluation = job_of(database, follow_up.id)
    assert (evaluation.kind, evaluation.state, evaluation.parent_id) == ("evaluate", "queued", claim.job_id)
    assert evaluation.settings["checkpoint"] == checkpoint
    assert (evaluation.settings["dataset"], evaluation.settings["split"], evaluation.name) == ("demo", "val", "mine")
    assert job_of(database, claim.job_id).measured == {"seconds": 3.0}


def test_a_trained_checkpoint_goes_by_the_name_of_its_run(database: Database, make: Any) -> None:
    _, checkpoint = trained(database, make, [])
    with database.read() as session:
        assert session.get_one(Checkpoint, checkpoint).name == "mine"


def test_a_training_without_masks_ends_without_evaluation(database: Database, make: Any) -> None:
    claim, _ = trained(database, make, [])
    with database.write() as session:
        assert jobs.finish(session, claim) == []
    assert job_of(database, claim.job_id).state == "succeeded"


def test_a_training_without_final_checkpoint_does_not_finish(database: Database) -> None:
    claim = claimed(database, submitted(database, "train_cam"))
    with pytest.raises(ValueError, match="no final checkpoint"), database.write() as session:
        jobs.finish(session, claim)
    assert job_of(database, claim.job_id).state == "running"


def test_one_idempotency_key_makes_one_job_in_a_race(database: Database) -> None:
    barrier = Barrier(8)

    def submit(_: int) -> tuple[str, bool]:
        barrier.wait(30)
        with database.write() as session:
            job, new = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, idempotency_key="k"))
            return job.id, new

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(8)))
    assert len({job_id for job_id, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1
    with pytest.raises(jobs.IdempotencyConflict), database.write() as session:
        jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "voc"}, idempotency_key="k"))


def test_a_retry_is_a_new_job_of_the_same_settings(database: Database) -> None:
    claim = claimed(database, submitted(database, name="mine"))
    with pytest.raises(jobs.NotAllowed), database.write() as session:
        jobs.retry(session, claim.job_id, 3)
    with database.write() as session:
        jobs.fail(session, claim, "crash", "it crashed")
        again = jobs.retry(session, claim.job_id, 3)
    assert again.id != claim.job_id
    assert (again.state, again.parent_id, again.name) == ("queued", claim.job_id, "mine")
    assert again.settings == job_of(database, claim.job_id).settings
