"""What must be true of every run, whatever was done to it. Pure: evidence in, violations out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise

from evidence import CheckpointFact, EventFact, Evidence, JobFact
from history import Sample

from backend.store.transitions import TERMINAL

Violations = Iterator[str]
_CLOCK_SECONDS = 0.05  # two processes that read one clock
_NOTE_SECONDS = 0.5  # a kill is noted just before it is done


def check(evidence: Evidence) -> list[str]:
    """Every violation of the six rules, in words; an empty list means that all was well."""
    return [text for rule in RULES for text in rule(evidence)]


def every_job_has_one_end(evidence: Evidence) -> Violations:
    """Every accepted job reached exactly one terminal state, and nothing runs that nobody asked for."""
    by_id = {job.id: job for job in evidence.jobs}
    for key, job_id in evidence.accepted.items():
        if job_id not in by_id:
            yield f"lost: job {job_id} was accepted under {key} and is not there"
    for job in evidence.jobs:
        yield from _one_end(job, evidence.states_of(job.id))
        if job.parent is None and job.key not in evidence.unanswered and evidence.accepted.get(job.key or "") != job.id:
            yield f"doubled: job {job.id} under {job.key} is not the one that was accepted"


def _one_end(job: JobFact, states: list[EventFact]) -> Violations:
    ends = [event.data["state"] for event in states if event.data["state"] in TERMINAL]
    if job.state not in TERMINAL:
        yield f"no end: job {job.id} is {job.state}"
    elif ends != [job.state]:
        yield f"ends: job {job.id} is {job.state} and its events tell of {ends}"
    elif states[-1].data["state"] != job.state:
        yield f"after its end: job {job.id} became {states[-1].data['state']}"


def steps_are_committed_once_in_order(evidence: Evidence) -> Violations:
    """The committed steps of a job are 1..N, each once, in order; what has one result has it once."""
    for job in evidence.jobs:
        if job.kind == "evaluate" and job.state == "succeeded" and job.evaluations != 1:
            yield f"results: evaluation {job.id} has {job.evaluations} results"
        if job.steps is None or job.epochs is None:
            continue
        steps = [int(event.data["step"]) for event in evidence.events_of(job.id, "metrics")]
        epochs = [int(event.data["epoch"]) for event in evidence.events_of(job.id, "checkpoint")]
        rows = sorted(row.epoch for row in evidence.checkpoints if row.job_id == job.id)
        yield from _in_order(job, "metrics", steps, job.steps)
        yield from _in_order(job, "checkpoints", epochs, job.epochs)
        yield from _in_order(job, "rows of checkpoints", rows, job.epochs)


def _in_order(job: JobFact, what: str, found: list[int], wanted: int) -> Violations:
    if found != list(range(1, (wanted if job.state == "succeeded" else len(found)) + 1)):
        yield f"steps: {what} of job {job.id}, which is {job.state} and was to have {wanted}, are {found}"


def fences_only_grow(evidence: Evidence) -> Violations:
    """Fences never decrease, and no attempt wrote after a later one had, or before it was due.

    What an attempt told and its worker did not live to record, the next owner records before its own.
    """
    for job in evidence.jobs:
        events = evidence.events_of(job.id)
        if [event.seq for event in events] != list(range(1, len(events) + 1)):
            yield f"events: those of job {job.id} are numbered {[event.seq for event in events]}"
        for before, after in pairwise(events):
            if after.fence < before.fence:
                yield f"fence: job {job.id} fell from {before.fence} to {after.fence} at event {after.seq}"
        for before_s, after_s in pairwise(_samples_of(evidence, job.id)):
            if after_s.fence < before_s.fence:
                yield f"fence: job {job.id} was seen to fall from {before_s.fence} to {after_s.fence}"
        yield from _in_their_turn(evidence, job, events)


def _in_their_turn(evidence: Evidence, job: JobFact, events: list[EventFact]) -> Violations:
    rows = {row.id: row for row in evidence.checkpoints}
    written = [(event, writer) for event in events if (writer := _writer(event, rows)) is not None]
    for event, writer in written:
        if writer > event.fence:
            yield f"late write: attempt {writer} of job {job.id} wrote event {event.seq} under fence {event.fence}"
    for (_, before), (event, writer) in pairwise(written):
        if writer < before:
            yield f"late write: attempt {writer} of job {job.id} wrote event {event.seq} after attempt {before}"
    samples = _samples_of(evidence, job.id)
    for event in events:
        seen = max((sample.fence for sample in samples if sample.at < event.at - _CLOCK_SECONDS), default=0)
        if event.fence < seen:
            yield f"fence: event {event.seq} of job {job.id} has {event.fence}, and before it the row had {seen}"


def _writer(event: EventFact, rows: dict[str, CheckpointFact]) -> int | None:
    """The attempt whose process made what the event tells of, as it said itself; None when it did not say."""
    if event.type == "metrics" and "attempt" in event.data.get("values", {}):
        return int(event.data["values"]["attempt"])
    row = rows.get(event.data.get("checkpoint", "")) if event.type == "checkpoint" else None
    found = re.search(r"attempt-(\d+)", row.name) if row else None
    return int(found[1]) if found else None


def one_lease_at_a_time(evidence: Evidence) -> Violations:
    """Nobody claims a job while another one's lease lives."""
    for job in evidence.jobs:
        events = evidence.states_of(job.id)
        claims = [event for event in events if event.data["state"] == "running"]
        doubled = [fence for fence, times in Counter(claim.fence for claim in claims).items() if times > 1]
        if doubled:
            yield f"lease: fence {doubled[0]} of job {job.id} was claimed twice"
        for claim in claims:
            held = [s for s in _samples_of(evidence, job.id) if s.fence == claim.fence - 1 and s.state == "running"]
            given_back = any(e.fence == claim.fence - 1 and e.data["state"] == "queued" for e in events)
            since = min((one.at for one in claims if one.fence == claim.fence - 1), default=0.0)
            if held and not given_back and not _over(evidence, held[-1], since, claim.at):
                yield f"lease: job {job.id} was claimed while {held[-1].owner} held it under {held[-1].fence}"


def _over(evidence: Evidence, held: Sample, since: float, at: float) -> bool:
    """Whether a lease taken at ``since`` had expired at ``at``, or was ended because its holder was killed between."""
    if held.expires is None or held.expires <= at + _CLOCK_SECONDS:
        return True
    return any(owner == held.owner and since - _NOTE_SECONDS <= ended <= at for owner, ended in evidence.leases_ended)


def files_lie_in_their_attempt(evidence: Evidence) -> Violations:
    """No file lies outside of the folder of its attempt; every checkpoint's file is there and verifies."""
    fences = {job.id: job.fence for job in evidence.jobs}
    for file in evidence.files:
        found = re.fullmatch(r"([^/]+)/attempt-(\d+)/.+", file)
        if found is None or not 1 <= int(found[2]) <= fences.get(found[1], 0):
            yield f"file: {file} belongs to no attempt"
    for row in evidence.checkpoints:
        if row.found_sha != row.promised_sha:
            what = "is not there" if row.found_sha is None else "does not verify"
            yield f"checkpoint: the file of epoch {row.epoch} of job {row.job_id} {what}"


def no_process_outlives_its_job(evidence: Evidence) -> Violations:
    """When every job is over, no process of one lives."""
    return (f"process: {text} still runs" for text in evidence.leftovers)


def _samples_of(evidence: Evidence, job_id: str) -> list[Sample]:
    return sorted((s for s in evidence.samples if s.job_id == job_id), key=lambda sample: sample.at)


RULES: tuple[Callable[[Evidence], Violations], ...] = (
    every_job_has_one_end,
    steps_are_committed_once_in_order,
    fences_only_grow,
    one_lease_at_a_time,
    files_lie_in_their_attempt,
    no_process_outlives_its_job,
)


def violated(evidence: Evidence) -> list[str]:
    """The first word of each violation, without repetition: which rules were broken."""
    return [name for name, _ in groupby(sorted(text.split(":")[0] for text in check(evidence)))]
