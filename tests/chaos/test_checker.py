"""The checker finds each kind of violation in a history that was doctored, and none in an honest one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from checker import check, violated
from evidence import CheckpointFact, EventFact, Evidence, JobFact
from history import Sample

SHA = "a" * 64
Doctor = Callable[[Evidence], Evidence]


def event(seq: int, fence: int, kind: str, **data: Any) -> EventFact:
    """What job ``j`` did at second ``seq``."""
    return EventFact("j", seq, fence, kind, data, float(seq))


def honest() -> Evidence:
    """A training of two steps: its first attempt committed one and lost its lease, the second did the rest."""
    events = (
        event(1, 0, "state", state="queued"),
        event(2, 1, "state", state="running", attempt=1),
        event(3, 1, "metrics", step=1, values={"attempt": 1}),
        event(4, 1, "checkpoint", epoch=1, checkpoint="c1"),
        event(5, 1, "state", step=1),
        event(8, 2, "state", state="running", attempt=2),
        event(9, 2, "metrics", step=2, values={"attempt": 2}),
        event(10, 2, "checkpoint", epoch=2, checkpoint="c2"),
        event(11, 2, "state", state="succeeded"),
    )
    numbered = tuple(replace(e, seq=seq) for seq, e in enumerate(events, 1))
    return Evidence(
        accepted={"k": "j"},
        jobs=(JobFact("j", "train_cam", "succeeded", 2, 2, None, "k", 2, 2, 0),),
        events=numbered,
        checkpoints=(
            CheckpointFact("c1", "j", 1, "fake 1 of attempt-1", SHA, SHA),
            CheckpointFact("c2", "j", 2, "fake 2 of attempt-2", SHA, SHA),
        ),
        files=("j/attempt-1/log.txt", "j/attempt-2/epoch-2/card.json"),
        samples=(
            Sample(1.5, "j", "queued", 0, 0, None, None),
            Sample(4.5, "j", "running", 1, 1, "train@h:1", 7.5),
            Sample(8.5, "j", "running", 2, 2, "train@h:2", 11.5),
            Sample(11.5, "j", "succeeded", 2, 2, None, None),
        ),
    )


def row(**changes: Any) -> Doctor:
    """With another row of the job."""
    return lambda e: replace(e, jobs=(replace(e.jobs[0], **changes),))


def events(change: Callable[[list[EventFact]], object]) -> Doctor:
    """With other events, numbered anew."""

    def doctored(e: Evidence) -> Evidence:
        changed = list(e.events)
        change(changed)
        return replace(e, events=tuple(replace(one, seq=seq) for seq, one in enumerate(changed, 1)))

    return doctored


def event_at(index: int, **changes: Any) -> Doctor:
    """With one event that is otherwise."""
    return events(lambda all_: all_.__setitem__(index, replace(all_[index], **changes)))


def swap(all_: list[EventFact], what: str, one: int, other: int) -> None:
    """Let two events tell of each other's step or epoch."""
    values = all_[one].data[what], all_[other].data[what]
    for index, value in ((one, values[1]), (other, values[0])):
        all_[index] = replace(all_[index], data={**all_[index].data, what: value})


def sample(index: int, **changes: Any) -> Doctor:
    """With one look at the row that saw something else."""
    return lambda e: replace(
        e, samples=(*e.samples[:index], replace(e.samples[index], **changes), *e.samples[index + 1 :])
    )


def checkpoint(index: int = 0, **changes: Any) -> Doctor:
    """With one checkpoint that is otherwise."""

    def doctored(e: Evidence) -> Evidence:
        changed = list(e.checkpoints)
        changed[index] = replace(changed[index], **changes)
        return replace(e, checkpoints=tuple(changed))

    return doctored


def second_job(**changes: Any) -> Doctor:
    """With a copy of the job beside it."""
    return lambda e: replace(e, jobs=(*e.jobs, replace(e.jobs[0], **{"id": "j2", "steps": None, **changes})))


def test_an_honest_history_violates_nothing() -> None:
    assert check(honest()) == []


@pytest.mark.parametrize(
    ("doctor", "rule"),
    [
        pytest.param(lambda e: replace(e, accepted={"k": "j", "k2": "gone"}), "lost", id="an accepted job is gone"),
        pytest.param(row(state="running"), "no end", id="a job never ended"),
        pytest.param(row(state="cancelled"), "ends", id="a row and its events tell of different ends"),
        pytest.param(events(lambda all_: all_.append(all_[-1])), "ends", id="a job ended twice"),
        pytest.param(
            events(lambda all_: all_.append(replace(all_[0], fence=2))),
            "after its end",
            id="queued after its end",
        ),
        pytest.param(second_job(), "doubled", id="one request made two jobs"),
        pytest.param(second_job(key=None), "doubled", id="a job that nobody asked for"),
        pytest.param(event_at(6, data={"step": 1}), "steps", id="metrics of a step twice"),
        pytest.param(events(lambda all_: all_.pop(2)), "steps", id="metrics of a step are missing"),
        pytest.param(checkpoint(epoch=2), "steps", id="two checkpoint rows of one step"),
        pytest.param(
            lambda e: replace(e, checkpoints=e.checkpoints[1:]), "steps", id="the row of a checkpoint is missing"
        ),
        pytest.param(row(steps=3), "steps", id="it succeeded a step too early"),
        pytest.param(events(lambda all_: swap(all_, "step", 2, 6)), "steps", id="metrics out of order"),
        pytest.param(events(lambda all_: swap(all_, "epoch", 3, 7)), "steps", id="checkpoints out of order"),
        pytest.param(
            second_job(kind="evaluate", parent="j", evaluations=2), "results", id="an evaluation with two results"
        ),
        pytest.param(lambda e: replace(e, events=e.events[1:]), "events", id="an event is missing"),
        pytest.param(event_at(4, fence=0), "fence", id="a fence fell"),
        pytest.param(sample(3, fence=1), "fence", id="a fence was seen to fall"),
        pytest.param(sample(0, fence=2), "fence", id="an event under a fence that the row had outgrown"),
        pytest.param(event_at(2, data={"step": 1, "values": {"attempt": 2}}), "late write", id="metrics too early"),
        pytest.param(
            events(lambda all_: all_.insert(8, replace(all_[2], fence=2))), "late write", id="metrics too late"
        ),
        pytest.param(checkpoint(name="fake 1 of attempt-2"), "late write", id="a checkpoint too early"),
        pytest.param(checkpoint(1, name="fake 2 of attempt-1"), "late write", id="a checkpoint too late"),
        pytest.param(event_at(5, fence=1), "lease", id="a fence was claimed twice"),
        pytest.param(sample(1, expires=8.5), "lease", id="claimed while another lease lived"),
        pytest.param(lambda e: replace(e, files=("j/epoch-1/x",)), "file", id="a file outside of every attempt"),
        pytest.param(lambda e: replace(e, files=("j/attempt-3/x",)), "file", id="a file of an attempt to come"),
        pytest.param(checkpoint(found_sha=None), "checkpoint", id="a checkpoint's file is missing"),
        pytest.param(checkpoint(found_sha="b" * 64), "checkpoint", id="a checkpoint's file is damaged"),
        pytest.param(lambda e: replace(e, leftovers=("7 sleeping",)), "process", id="a process outlived its job"),
    ],
)
def test_each_kind_of_violation_is_found(doctor: Doctor, rule: str) -> None:
    assert rule in violated(doctor(honest()))


def test_a_lease_may_end_early_when_it_was_given_back_or_its_holder_was_killed() -> None:
    early = sample(1, expires=9.0)(honest())
    assert violated(early) == ["lease"]
    assert check(replace(early, leases_ended=(("train@h:1", 6.0),))) == []
    assert violated(replace(early, leases_ended=(("train@h:2", 6.0),))) == ["lease"], "somebody else was killed"
    assert violated(replace(early, leases_ended=(("train@h:1", 8.2),))) == ["lease"], "it was killed afterwards"
    before = replace(early, leases_ended=(("train@h:1", 1.0),))
    assert violated(before) == ["lease"], "its pool child was killed earlier, and a new one took the job"
    assert check(replace(early, leases_ended=(("train@h:1", 1.0), ("train@h:1", 6.0)))) == []
    given_back = events(lambda all_: all_.insert(5, replace(all_[4], data={"state": "queued"})))(early)
    assert check(given_back) == []


def test_a_request_that_was_never_answered_may_have_made_a_job_or_not() -> None:
    silent = replace(honest(), accepted={}, unanswered=frozenset({"k", "k2"}))
    assert check(silent) == []


def test_what_an_attempt_could_not_record_its_successor_records_first() -> None:
    made_up = event_at(6, data={"step": 2, "values": {"attempt": 1}})(honest())
    assert check(made_up) == []
