"""Going on from an earlier attempt: nothing told is lost, whatever dies, is damaged, is slow or cannot be linked."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_steps import save

import worker.runner
from backend.store import jobs
from backend.store.artifacts import attempt_key
from backend.store.database import Database
from backend.store.transitions import Claim
from ssenet.training.event_log import EventLog
from ssenet.training.notes import STATES, newest_whole
from worker.context import Context
from worker.lease import Lease
from worker.make_up import make_up
from worker.prepare import prepare
from worker.record import Recorder
from worker.results import ProtocolError
from worker.runner import JobRunner
from worker.trainer import Launch, Trainer

Make = Callable[..., JobRunner]
Submit = Callable[..., str]
Read = Callable[[str], Any]
TTL = 60.0


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def claimed(context: Context, job_id: str) -> Claim:
    """The next attempt's right to a job, whoever had it before."""
    with context.database.write() as session:
        row = jobs.get(session, job_id)
        if row is not None and row.state == "running":
            row.lease_expires_at = 0.0
            session.flush()
        claim = jobs.claim(session, job_id, "test", TTL)
    assert claim is not None
    return claim


def folder(context: Context, claim: Claim) -> Path:
    """Where an attempt writes."""
    return context.artifacts.path(attempt_key(claim.job_id, claim.fence)).absolute()


def told(place: Path, *steps: int) -> None:
    """What a training tells of some steps, and its state after the last one."""
    log = EventLog(place, lambda *_, **__: None)
    for step in steps:
        log("metrics", step=step, epoch=1.0, values={"loss": 1.0})
    save(place, steps[-1])


def prepared(context: Context, claim: Claim) -> dict[str, Any]:
    return prepare(context.database, context.artifacts, claim, threads=1)


def recorded(events: Read, job_id: str) -> list[int]:
    """Steps that have metrics, in the order of their events."""
    return [event.data["step"] for event in events(job_id) if event.type == "metrics"]


@pytest.mark.promise("R1")
@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_workers_that_die_before_they_recorded_what_an_earlier_attempt_told_lose_nothing(
    deaths: int, context: Context, submit: Submit, events: Read, measured: Any
) -> None:
    job_id = submit()
    told(folder(context, claimed(context, job_id)), 1, 2, 3)
    for _ in range(deaths - 1):
        dying = claimed(context, job_id)
        assert prepared(context, dying)["resume_from"]
        with context.database.write() as session:
            jobs.release(session, dying, "test")  # uncharged
    last = claimed(context, job_id)
    make_up(context.database, context.artifacts, last, prepared(context, last)["resume_from"])
    lost = {1, 2, 3} - set(recorded(events, job_id))
    measured(f"steps lost by {deaths} deaths before the record", len(lost), "of 3", limit=0)
    assert recorded(events, job_id) == [1, 2, 3]


@pytest.mark.promise("R1")
def test_what_several_attempts_told_of_is_recorded_once_and_in_order(
    context: Context, submit: Submit, events: Read
) -> None:
    job_id = submit()
    first = claimed(context, job_id)
    told(folder(context, first), 1, 2, 3)
    EventLog(folder(context, first), lambda *_, **__: None)("metrics", step=4, epoch=1.0, values={})
    second = claimed(context, job_id)
    prepared(context, second)
    told(folder(context, second), 4, 5)
    last = claimed(context, job_id)
    make_up(context.database, context.artifacts, last, prepared(context, last)["resume_from"])
    assert recorded(events, job_id) == [1, 2, 3, 4, 5]


@pytest.mark.promise("R8")
def test_a_damaged_checkpoint_hides_nothing_that_was_told_after_it(
    context: Context, submit: Submit, events: Read, checkpoints: Read
) -> None:
    job_id = submit()
    first = claimed(context, job_id)
    child = Path(__file__).with_name("fake_child.py")
    trainer = Trainer(
        Launch([sys.executable, str(child), "steps-quickly"]), {**prepared(context, first), "resume_from": None}
    )
    while not trainer.ended:
        trainer.next_event(0.2)
    with (folder(context, first) / "epoch-1" / "weights.safetensors").open("ab") as file:
        file.write(b"!")
    last = claimed(context, job_id)
    make_up(context.database, context.artifacts, last, prepared(context, last)["resume_from"])
    assert recorded(events, job_id) == list(range(1, 41))
    assert [row.step for row in checkpoints(job_id)] == [40]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_disk_without_hard_links_resumes_all_the_same(
    number: int, context: Context, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit()
    first = claimed(context, job_id)
    told(folder(context, first), 1, 2)
    second = claimed(context, job_id)
    monkeypatch.setattr(os, "link", lambda *_: _raise(OSError(number, os.strerror(number))))
    for _ in range(2):
        prepared(context, second)
    save(folder(context, first), 3)  # it was only paused
    (folder(context, first) / STATES / "step-00000002.safetensors").unlink()
    newest, damaged = newest_whole(folder(context, second) / STATES)
    assert newest is not None and newest.step == 2 and not damaged


def test_a_state_that_could_not_be_copied_is_none(
    context: Context, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit()
    told(folder(context, claimed(context, job_id)), 1, 2)
    second = claimed(context, job_id)
    monkeypatch.setattr(os, "link", lambda *_: _raise(PermissionError(errno.EPERM, "no links")))
    monkeypatch.setattr("shutil.copyfile", lambda *_: _raise(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        prepared(context, second)
    assert list((folder(context, second) / STATES).iterdir()) == []


def _raise(error: Exception) -> None:
    raise error


def test_a_slow_preparation_leaves_the_trainer_a_lease_that_lasts(
    runner: Make, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, leases, overdue = Clock(), list[Lease](), list[bool]()

    def slow(part: Callable[..., Any]) -> Callable[..., Any]:
        def slowly(*given: Any, **named: Any) -> Any:
            clock.at += 0.7 * TTL
            return part(*given, **named)

        return slowly

    def lease(database: Database, claim: Claim) -> Lease:
        leases.append(Lease(database, claim, clock))
        return leases[-1]

    def trainer(*given: Any) -> Trainer:
        overdue.append(leases[0].overdue)
        return Trainer(*given)

    monkeypatch.setattr(worker.runner, "Lease", lease)
    monkeypatch.setattr(worker.runner, "Trainer", trainer)
    monkeypatch.setattr(worker.runner, "prepare", slow(prepare))
    monkeypatch.setattr(worker.runner, "make_up", slow(make_up))
    monkeypatch.setattr(Recorder, "look_back", slow(Recorder.look_back))
    assert runner("work").run(submit()) == "done"
    assert overdue == [False]


def test_a_renewal_by_a_result_is_one_that_the_guard_knows_of(context: Context, submit: Submit, tmp_path: Path) -> None:
    clock = Clock()
    claim = claimed(context, submit())
    lease = Lease(context.database, claim, clock)
    recorder = Recorder(context.database, context.artifacts, claim, tmp_path, lease)
    recorder.take({"type": "ranking", "record": "missing.json"})
    clock.at = 0.7 * TTL
    with pytest.raises(ProtocolError):
        recorder.flush()
    clock.at = 1.4 * TTL
    assert not lease.overdue
