"""How attempts end when something beside the training fails: disk, memory, broker, database, saved states."""

from __future__ import annotations

import errno
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fake_steps import save

from backend.queue import Doorbell
from backend.store import jobs
from backend.store.artifacts import ArtifactStore, attempt_key
from backend.store.datasets import register
from backend.store.models import Checkpoint, Job
from backend.store.transitions import Claim, LeaseLost
from ssenet.config import CamTrainSettings, DatasetSpec
from ssenet.training.event_log import EventLog
from ssenet.training.notes import STATES, newest_whole
from worker.context import Context
from worker.lease import Lease
from worker.make_up import make_up
from worker.prepare import prepare
from worker.record import Recorder
from worker.runner import JobRunner
from worker.trainer import Launch, Trainer

Make = Callable[..., JobRunner]
Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]


def folder(context: Context, job_id: str, fence: int) -> Path:
    """Where an attempt writes."""
    return context.artifacts.path(attempt_key(job_id, fence))


def claimed(context: Context, job_id: str, times: int = 1) -> Claim:
    """The right to a job that was given back so many times less one."""
    for attempt in range(times):
        with context.database.write() as session:
            claim = jobs.claim(session, job_id, "test", 60)
            assert claim is not None
            if attempt < times - 1:
                jobs.release(session, claim, "test")
    return claim


@pytest.mark.promise("R1")
@pytest.mark.parametrize("failing", ["the broker's client", "the database"])
def test_what_fails_after_the_end_undoes_nothing_and_keeps_nothing_from_being_done(
    failing: str, context: Context, runner: Make, submit: Submit, job: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    if failing == "the database":
        monkeypatch.setattr("backend.store.jobs.mark_dispatched", fail)
    else:
        monkeypatch.setattr(Doorbell, "wake", fail)
    job_id = submit()
    assert runner("work").run(job_id) == "done"
    assert job(job_id).state == "succeeded"
    assert {path.name for path in folder(context, job_id, 1).iterdir()} == {"log.txt", "run.json"}


def test_what_nobody_foresaw_costs_an_attempt_and_not_a_lease(
    runner: Make, submit: Submit, job: Read, events: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.runner.prepare", lambda *_: 1 / 0)
    job_id = submit()
    assert runner("work").run(job_id) == "crashed"
    assert (job(job_id).state, job(job_id).attempts, job(job_id).lease_owner) == ("queued", 1, None)
    assert "ZeroDivisionError" in events(job_id)[-1].data["message"]


@pytest.mark.promise("R10")
def test_a_store_without_space_ends_the_job_with_words_and_a_retry_goes_on(
    context: Context, runner: Make, submit: Submit, job: Read, monkeypatch: pytest.MonkeyPatch, measured: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    job_id = submit()
    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, "adopt", full)
        assert runner("work").run(job_id) == "user_error"
    assert (job(job_id).state, job(job_id).error["kind"]) == ("failed", "insufficient_storage")
    assert "Free some space" in job(job_id).error["message"]
    assert not list(context.artifacts.path("weights").glob("*"))
    with context.database.write() as session:
        again = jobs.retry(session, job_id, 3).id
    assert runner("work").run(again) == "done"
    measured("attempts that a full store cost before it was said", job(job_id).attempts, "", limit=1)


@pytest.mark.promise("R9")
def test_of_damaged_states_the_newest_whole_one_of_any_attempt_is_used_and_each_is_told_of_once(
    context: Context, submit: Submit, events: Read, measured: Any
) -> None:
    job_id = submit()
    claim = claimed(context, job_id, times=3)
    for fence, steps in ((1, (4, 5)), (2, (8, 9))):
        for step in steps:
            save(folder(context, job_id, fence), step)
    for name in ("attempt-2/states/step-00000008", "attempt-2/states/step-00000009", "attempt-1/states/step-00000005"):
        flip(context.artifacts.path(f"jobs/{job_id}/{name}.safetensors"))
    for _ in range(2):
        run = prepare(context.database, context.artifacts, claim, threads=1)
        assert run["resume_from"] == str(folder(context, job_id, 1).absolute())
    damaged = [event.data for event in events(job_id) if event.type == "damaged"]
    assert len(damaged) == 3 and all(event["message"].endswith("the job goes on after step 4.") for event in damaged)
    measured("damaged states that were passed over", len(damaged), "of 3")


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.promise("R1")
def test_what_a_dead_worker_did_not_record_is_made_up_for(context: Context, submit: Submit, events: Read) -> None:
    job_id = submit()
    claim = claimed(context, job_id, times=2)
    first = folder(context, job_id, 1)
    log = EventLog(first, lambda *_, **__: None)
    for step in (1, 2, 3):
        log("metrics", step=step, epoch=1.0, values={"loss": 1.0})
        if step < 3:
            save(first, step)
    prepare(context.database, context.artifacts, claim, threads=1)
    log("metrics", step=4, epoch=1.0, values={"loss": 1.0})
    save(first, 4)  # it was only paused, and goes on: the new attempt keeps to the state that it found
    for _ in range(2):
        make_up(context.database, context.artifacts, claim, str(first.absolute()))
    assert newest_whole(folder(context, job_id, 2) / STATES)[0] is not None
    steps = [event.data["step"] for event in events(job_id) if event.type == "metrics"]
    assert steps == [1, 2], "those before the state, once; the third is done again"


@pytest.mark.promise("R8")
def test_a_checkpoint_that_was_published_and_not_committed_is_made_up_for(
    context: Context, submit: Submit, checkpoints: Read
) -> None:
    job_id = submit()
    claim = claimed(context, job_id)
    run = {**prepare(context.database, context.artifacts, claim, threads=1), "resume_from": None}
    first = Path(run["output"])
    finished = process_of(run, "steps-quickly")
    assert finished == 0 and (first / STATES / "events.jsonl").is_file()
    with context.database.write() as session:
        jobs.release(session, claim, "its worker died and heard nothing")
        again = jobs.claim(session, job_id, "another", 60)
    assert again is not None and checkpoints(job_id) == []
    prepare(context.database, context.artifacts, again, threads=1)
    make_up(context.database, context.artifacts, again, str(first))
    assert [(row.epoch, row.step, row.final) for row in checkpoints(job_id)] == [(1, 20, False), (2, 40, True)]
    assert all(context.artifacts.exists(row.weights_key) for row in checkpoints(job_id))


def process_of(run: dict[str, Any], mode: str) -> int:
    """Let the stand-in child do a run while nobody listens; returns how it ended."""
    trainer = Trainer(Launch([sys.executable, str(Path(__file__).with_name("fake_child.py")), mode]), run)
    while not trainer.ended:
        trainer.next_event(0.2)
    return trainer.exit_status


@pytest.mark.slow
@pytest.mark.promise("R12")
def test_a_trainer_that_wants_more_memory_than_it_may_have_ends_alone_with_words(
    context: Context, job: Read, measured: Any
) -> None:
    with context.database.write() as session:
        register(session, DatasetSpec(name="demo", kind="demo"))
    settings = CamTrainSettings(dataset="demo", crop=1024, scale_min=1024, scale_max=1030, batch_size=16, seed=1)
    with context.database.write() as session:
        job_id = jobs.submit(session, jobs.NewJob("train_cam", settings.model_dump(mode="json"), max_attempts=2))[0].id
    limit = 2 * 2**30
    small = Context(
        context.settings.model_copy(update={"train_memory": limit}),
        context.database,
        context.artifacts,
        context.doorbell,
    )
    assert [JobRunner(small, "test").run(job_id) for _ in range(3)] == ["crashed", "crashed", None]
    assert job(job_id).state == "failed"
    assert job(job_id).error["kind"] == "out_of_memory", job(job_id).error
    assert "smaller batch" in job(job_id).error["message"]
    measured("trainer's memory limit that was kept", limit / 2**30, "GiB")


@pytest.mark.promise("R16")
def test_a_database_that_hangs_cannot_keep_a_lost_job_alive(context: Context, submit: Submit, measured: Any) -> None:
    """It neither answers nor fails, so the thread that keeps the lease is stuck: another one watches the time."""
    claim = claimed(context, submit())
    claim = Claim(**{**vars(claim), "ttl": 2.0})
    hung, struck = threading.Event(), threading.Event()
    lease = Lease(context.database, claim)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:

        def work() -> None:
            with lease.guarding(struck.set):
                hung.wait(30)

        working = pool.submit(work)
        assert struck.wait(20)
        measured("time until the trainer of a hung database was ended", time.monotonic() - began, "s", limit=2.0)
        hung.set()
        working.result(10)


@pytest.mark.promise("R3")
@pytest.mark.parametrize("when", ["before it looked", "after it looked and before the row"])
def test_who_was_replaced_leaves_no_file_in_the_store(
    when: str, context: Context, submit: Submit, monkeypatch: pytest.MonkeyPatch, measured: Any
) -> None:
    job_id = submit("evaluate", checkpoint=builtin(context), dataset="demo")
    claim = claimed(context, job_id)
    run = {**prepare(context.database, context.artifacts, claim, threads=1), "checkpoints": {}}
    assert process_of(run, "work") == 0
    recorder = Recorder(context.database, context.artifacts, claim, Path(run["output"]))
    recorder.take({"type": "evaluation", "record": "evaluation.json", "histograms": "histograms.npz"})

    def replace(*_: object) -> None:
        with context.database.write() as session:
            session.query(Job).filter_by(id=job_id).update({"fence": Job.fence + 1})

    before = stored(context)
    if when.startswith("before"):
        replace()
    else:
        monkeypatch.setattr("worker.results.fault", replace)
    with pytest.raises(LeaseLost):
        recorder.flush()
    measured(f"replaced {when}: files it left in the store", len(stored(context) - before), "", limit=0)


def builtin(context: Context) -> str:
    """A checkpoint to name."""
    with context.database.write() as session:
        row = Checkpoint(
            id="c" * 32, name="c", builtin=True, final=True, epoch=1, step=1, method="ssenet", dataset="demo",
            card={}, content_sha="0" * 64, weights_key="weights/c.safetensors", size=1, created_at=0.0,
        )  # fmt: skip
        session.add(row)
    return row.id


def stored(context: Context) -> set[str]:
    """Files of the store, but for the attempts' folders."""
    files = (path for path in context.artifacts.root.rglob("*") if path.is_file())
    return {str(path) for path in files if "/jobs/" not in str(path)}
