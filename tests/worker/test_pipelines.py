"""Pipelines by real processes: what a stage leaves is what the next one gets, and nothing finished is done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select
from stage_results import do, manifest_of, record_of

from backend.store import image_sets, jobs, pipelines
from backend.store.artifacts import attempt_key
from backend.store.content import content_of
from backend.store.models import ImageSet, Job, Pipeline, PipelineStage, Score
from backend.store.transitions import LeaseLost
from ssenet.config import pipeline_preset
from ssenet.sets import SetWriter, pack
from worker.context import Context
from worker.record import Recorder
from worker.results import ProtocolError
from worker.runner import JobRunner

BY_HAND = frozenset({"train_cam", "crf", "train_affinity", "train_segmentation"})
"""Stages that take or make nothing which another one does not, too: a process each would only take time."""
Make = Callable[..., JobRunner]
Wait = Callable[..., Any]


@pytest.fixture
def start(context: Context) -> Callable[..., str]:
    """``start(last)``: a pipeline up to a stage, without the scoring of CAMs."""

    def create(last: str, max_attempts: int = 3) -> str:
        new = pipelines.NewPipeline(pipeline_preset("quick", last=last))
        with context.database.write() as session:
            return pipelines.create(session, new, masked=False, max_attempts=max_attempts)[0].id

    return create


def queued(context: Context) -> list[str]:
    with context.database.read() as session:
        return list(session.scalars(select(Job.id).where(Job.state == "queued").order_by(Job.created_at)))


def stage_jobs(context: Context, pipeline_id: str) -> dict[str, Job]:
    with context.database.read() as session:
        query = select(Job).join(PipelineStage, PipelineStage.job_id == Job.id)
        return {job.kind: job for job in session.scalars(query.where(PipelineStage.pipeline_id == pipeline_id))}


def work_off(context: Context, runner: JobRunner, by_hand: frozenset[str] = frozenset()) -> int:
    """Do everything that waits and follows, kinds ``by_hand`` without a process; returns the number of attempts."""
    done = 0
    while waiting := queued(context):
        with context.database.read() as session:
            kind = session.get_one(Job, waiting[0]).kind
        if kind in by_hand:
            do(context.database, waiting[0])
        else:
            assert runner.run(waiting[0]) == "done"
        done += 1
    return done


def foreseen(context: Context, job: Job) -> str | None:
    """The content key that the job would be queued with."""
    with context.database.read() as session:
        return content_of(session, job.kind, job.settings).key


def attempt(context: Context, job: Job) -> Path:
    return context.artifacts.path(attempt_key(job.id, job.fence))


def test_every_stage_is_given_what_the_ones_before_it_left(
    context: Context, runner: Make, start: Callable[..., str]
) -> None:
    pipeline_id = start("evaluate_segmentation")
    assert work_off(context, runner("work"), BY_HAND) == 8
    done = stage_jobs(context, pipeline_id)
    assert {job.state for job in done.values()} == {"succeeded"} and len(done) == 8
    with context.database.read() as session:
        sets = {row.kind + row.manifest["subject"]: row for row in session.scalars(select(ImageSet))}
        scores = {row.subject: row for row in session.scalars(select(Score))}
    assert set(sets) == {"cams", "crf", "walk", "maskspseudo-labels", "maskssegmentation"}
    by_job = {row.job_id: row for row in sets.values()}
    for job in (job for kind, job in done.items() if kind not in BY_HAND):
        files = {path.name for path in attempt(context, job).iterdir()}
        assert files == {"log.txt", "run.json", "result"}
        opened = image_sets.opened(by_job[job.id], context.artifacts)
        assert len(list((opened.folder / "items").iterdir())) == len(opened.ids) == 3
        assert opened.manifest.key == by_job[job.id].key == foreseen(context, job), "store and stage mean the same"
    walk = json.loads((attempt(context, done["random_walk"]) / "run.json").read_text())
    assert walk["sets"]["cams"].endswith(sets["cams"].folder)
    assert walk["checkpoints"]["checkpoint"]["card"]["method"] == "affinity"
    assert scores["pseudo-labels"].set_id == sets["maskspseudo-labels"].id
    assert all(context.artifacts.exists(score.counts_key) for score in scores.values())
    lineage = [step["kind"] for step in sets["maskspseudo-labels"].manifest["lineage"]]
    assert lineage == ["train_affinity", "train_cam", "infer_cam", "random_walk", "pseudo_labels"]


def test_a_stage_that_was_killed_goes_on_with_the_items_it_has(
    context: Context, runner: Make, start: Callable[..., str], wait_until: Wait
) -> None:
    pipeline_id = start("infer_cam")
    do(context.database, *queued(context))
    [infer], first = queued(context), runner("hang:infer_cam")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first.run, infer)
        item = context.artifacts.path(f"{attempt_key(infer, 1)}/result/items/a.npz")
        wait_until(lambda: item.is_file() and stage_jobs(context, pipeline_id)["infer_cam"].progress_done is not None)
        written = (item.stat().st_ino, item.stat().st_mtime_ns)
        [child] = [p for p in psutil.Process().children() if str(infer) in " ".join(p.cmdline())]
        child.kill()
        assert running.result(30) == "crashed"
    assert work_off(context, first) == 1
    done = stage_jobs(context, pipeline_id)
    assert {kind: job.attempts for kind, job in done.items()} == {"train_cam": 1, "infer_cam": 2}
    kept = context.artifacts.path(f"{attempt_key(infer, 2)}/result/items/a.npz")
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == written, "taken over, not made again"
    assert not item.exists(), "of the earlier attempt only the log is left"
    with context.database.read() as session:
        assert [row.folder for row in session.scalars(select(ImageSet).where(ImageSet.job_id == infer))] == [
            f"{attempt_key(infer, 2)}/result"
        ]


def test_a_retry_goes_on_with_the_items_of_the_job_that_failed(
    context: Context, runner: Make, start: Callable[..., str], wait_until: Wait
) -> None:
    start("infer_cam")
    do(context.database, *queued(context))
    [infer] = queued(context)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner("hang:infer_cam").run, infer)
        item = context.artifacts.path(f"{attempt_key(infer, 1)}/result/items/a.npz")
        wait_until(item.is_file)
        with context.database.write() as session:
            jobs.request_cancel(session, infer)
        assert running.result(30) == "cancelled"
    with context.database.write() as session:
        again = jobs.retry(session, infer, 3).id
        assert session.scalars(select(Pipeline.cancel_requested_at)).one() is None
    assert runner("hang:infer_cam").run(again) == "done"
    kept = context.artifacts.path(f"{attempt_key(again, 1)}/result/items/a.npz")
    assert kept.stat().st_ino == item.stat().st_ino


def test_a_process_that_ends_without_its_result_has_not_succeeded(
    context: Context, runner: Make, start: Callable[..., str]
) -> None:
    pipeline_id = start("infer_cam", max_attempts=1)
    assert runner("mute").run(*queued(context)) == "crashed"
    job = stage_jobs(context, pipeline_id)["train_cam"]
    assert job.state == "failed" and "announced no result" in str(job.error)
    assert queued(context) == []


def test_a_stage_whose_input_was_deleted_says_so(context: Context, runner: Make, submit: Callable[..., str]) -> None:
    job_id = submit("crf", cams="gone", crf="off")
    assert runner("work").run(job_id) == "user_error"
    with context.database.read() as session:
        assert "'cams' names, gone, was deleted" in str(session.get_one(Job, job_id).error)


@pytest.fixture
def claim(context: Context, submit: Callable[..., str]) -> jobs.Claim:
    """A claimed job that makes masks."""
    job_id = submit("pseudo_labels", dataset="demo")
    with context.database.write() as session:
        found = jobs.claim(session, job_id, "me", 60)
    assert found is not None
    return found


@pytest.fixture
def recorder(context: Context, claim: jobs.Claim) -> Recorder:
    """Records the claim's events."""
    return Recorder(context.database, context.artifacts, claim, attempt(context, claim_job(context, claim)))


def claim_job(context: Context, claim: jobs.Claim) -> Job:
    with context.database.read() as session:
        return session.get_one(Job, claim.job_id)


def write_set(folder: Path, kind: Any = "masks", items: int = 2) -> None:
    writer = SetWriter(folder / "result", ".png" if kind == "masks" else ".npz", "k")
    for image_id in ("a", "b")[:items]:
        writer.put(image_id, b"item")
    writer.close(manifest_of(kind, subject="pseudo-labels" if kind == "masks" else ""))


def write_scores(folder: Path, matrices: Any = None) -> None:
    record = record_of()
    halves = [record.counts // 2, record.counts - record.counts // 2]
    (folder / "confusion.npz").write_bytes(pack({"matrices": halves if matrices is None else matrices}))
    (folder / "scores.json").write_text(record.model_dump_json())


SET = {"type": "set", "folder": "result"}
SCORES = {"type": "scores", "record": "scores.json", "counts": "confusion.npz"}


def test_a_set_and_its_score_that_are_committed_twice_stay_single(
    context: Context, claim: jobs.Claim, recorder: Recorder
) -> None:
    folder = attempt(context, claim_job(context, claim))
    write_set(folder)
    write_scores(folder)
    for event in (SET, SCORES):
        recorder.take(event)
    recorder.flush()
    with context.database.write() as session:  # it dies before it is done, and another one repeats it
        jobs.release(session, claim, "test")
        second = jobs.claim(session, claim.job_id, "another", 60)
    assert second is not None
    folder = attempt(context, claim_job(context, second))
    write_set(folder)
    write_scores(folder)
    again = Recorder(context.database, context.artifacts, second, folder)
    for event in (SET, SCORES):
        again.take(event)
        recorder.take(event)
    again.flush()
    with context.database.read() as session:
        [made], [score] = session.scalars(select(ImageSet)).all(), session.scalars(select(Score)).all()
    assert made.folder == f"{attempt_key(claim.job_id, 2)}/result" and score.set_id == made.id
    assert (made.images, made.size) == (2, 8)
    assert [path.stem for path in context.artifacts.path("scores").iterdir()] == [score.id], "no counts without a row"
    with pytest.raises(LeaseLost):
        recorder.flush()


@pytest.mark.parametrize(
    ("prepare", "event", "text"),
    [
        (lambda folder: None, {**SET, "folder": "../other"}, "not in its folder"),
        (lambda folder: None, SET, "a set that is none"),
        (lambda folder: write_set(folder, "cams"), SET, "made a set of cams"),
        (lambda folder: write_set(folder, items=1), SET, "without its item 'b'"),
        (lambda folder: write_scores(folder, [[[1]], [[2]]]), SCORES, "do not add up"),
        (lambda folder: write_scores(folder, [record_of().counts]), SCORES, "do not add up"),
        (lambda folder: (folder / "scores.json").write_text("{}"), SCORES, "no SegmentationRecord"),
    ],
)
def test_results_that_are_not_what_they_should_be_are_refused(
    context: Context, claim: jobs.Claim, recorder: Recorder, prepare: Any, event: dict[str, str], text: str
) -> None:
    folder = attempt(context, claim_job(context, claim))
    folder.mkdir(parents=True)
    prepare(folder)
    recorder.take(event)
    with pytest.raises(ProtocolError, match=text):
        recorder.flush()
    with context.database.read() as session:
        assert session.scalars(select(ImageSet)).all() == session.scalars(select(Score)).all() == []
