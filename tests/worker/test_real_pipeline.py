"""The whole pipeline by real workers on real, tiny data: workers die inside stages and between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select
from tiny_sets import tiny_voc
from tiny_training import tiny_settings

from backend.queue import redis_client
from backend.store import image_sets, pipelines
from backend.store.artifacts import attempt_key
from backend.store.content import content_of
from backend.store.datasets import register
from backend.store.models import Evaluation, ImageSet, Job, Pipeline, PipelineStage, Score
from backend.store.pipeline_control import state_of
from ssenet.config import PipelineSettings
from ssenet.crf import unavailable
from worker.context import Context

Wait = Callable[..., Any]
Start = Callable[[], subprocess.Popen[bytes]]
SMALL = {"crop": 64, "batch_size": 2, "epochs": 2, "save_every_steps": 1}


def settings() -> PipelineSettings:
    crf = {"crf": "off"} if unavailable() else {"crf_iterations": 1, "processes": 1}
    return PipelineSettings.model_validate(
        {
            "dataset": "small",
            "train": {**tiny_settings().model_dump(), "epochs": 1},
            "cams": {"scales": (0.5, 1.0)},
            "crf": crf,
            "affinity": SMALL,
            "segmentation": {**SMALL, "head_channels": 16},
            "test": {"scales": (1.0,)},
        }
    )


@pytest.fixture
def pipeline_id(context: Context, tmp_path: Path) -> str:
    """All nine stages on 12 images, queued."""
    spec = tiny_voc(tmp_path / "voc", side=96, train=12, val=2)
    with context.database.write() as session:
        register(session, spec)
        new = pipelines.NewPipeline(settings())
        return pipelines.create(session, new, masked=True, max_attempts=5)[0].id


@pytest.fixture
def start(context: Context) -> Iterator[Start]:
    """``start()``: a real train worker, killed with all its family after the test."""
    with redis_client(context.settings.broker) as client:
        client.flushall()
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "SSENET_DATA_DIR": str(context.settings.data_dir),
        "SSENET_REDIS_URL": context.settings.redis_url,
        "SSENET_LEASE_TTL": "3",
        "SSENET_SWEEP_INTERVAL": "0.5",
        "SSENET_REDISPATCH_AFTER": "1",
        "SSENET_TRAIN_THREADS": "1",
    }
    command = ["celery", "--app", "worker.train", "worker", "--pool", "prefork", "--concurrency", "1"]

    def launch() -> subprocess.Popen[bytes]:
        with (context.settings.data_dir / "worker.log").open("ab") as log:
            popen = subprocess.Popen([sys.executable, "-m", *command, "--queues", "train"], env=environment,
                                     stdout=log, stderr=log)  # fmt: skip
        started.append(popen)
        return popen

    yield launch
    for popen in started:
        kill(popen)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """As the kernel does: no last words, for the worker, its pool child, and the stage."""
    with suppress(psutil.NoSuchProcess):
        for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
            process.kill()
    worker.wait()


def stages(context: Context, pipeline_id: str) -> dict[str, Job]:
    with context.database.read() as session:
        query = select(Job).join(PipelineStage, PipelineStage.job_id == Job.id)
        return {job.kind: job for job in session.scalars(query.where(PipelineStage.pipeline_id == pipeline_id))}


def state(context: Context, pipeline_id: str) -> str:
    with context.database.read() as session:
        pipeline = session.get_one(Pipeline, pipeline_id)
        found = pipelines.progress(session, pipeline)
    return state_of(pipeline, [(row, found.jobs.get(name)) for name, row in found.rows.items()])


def items(context: Context, job: Job) -> dict[str, int]:
    """When each finished item of the latest attempt was written."""
    folder = context.artifacts.path(attempt_key(job.id, job.fence)) / "result" / "items"
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*") if not path.name.endswith(".tmp")}


def count(context: Context, table: Any) -> int:
    with context.database.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_inside_stages_and_between_them_nothing_finished_is_done_again(
    context: Context, pipeline_id: str, start: Start, wait_until: Wait
) -> None:
    def inside(kind: str) -> Job | None:
        """The stage has begun, and some of its images are done."""
        job = stages(context, pipeline_id).get(kind)
        assert job is None or job.state != "failed", job.error
        return job if job is not None and job.state == "running" and items(context, job) else None

    worker = start()
    cams = wait_until(lambda: inside("infer_cam"), timeout=180, what="the first items of infer_cam")
    kill(worker)
    finished = items(context, cams)

    worker = start()
    wait_until(lambda: "train_affinity" in stages(context, pipeline_id), timeout=180, what="the end of crf")
    kill(worker)  # as soon as the next stage is queued
    before = stages(context, pipeline_id)

    worker = start()
    wait_until(lambda: state(context, pipeline_id) in ("succeeded", "failed"), timeout=400, what="the end")
    kill(worker)
    done = stages(context, pipeline_id)
    assert state(context, pipeline_id) == "succeeded", [job.error for job in done.values()]
    assert len(done) == 9 and count(context, Job) == 9, "no stage has a second job"
    kept = items(context, done["infer_cam"])
    assert finished and {name: kept[name] for name in finished} == finished and len(kept) == 12
    assert done["infer_cam"].attempts == 2
    for kind, job in before.items():
        if job.state == "succeeded":
            assert done[kind].fence == job.fence, f"{kind} was done already"
    assert max(job.attempts for kind, job in done.items() if kind not in ("infer_cam", *_interrupted(before))) == 1
    assert count(context, ImageSet) == 5 and count(context, Score) == 2 and count(context, Evaluation) == 1
    check_results(context)
    check_again(context)


def _interrupted(before: dict[str, Job]) -> list[str]:
    """Stages that the second kill may have met."""
    return [kind for kind, job in before.items() if job.state != "succeeded"]


def check_results(context: Context) -> None:
    """Every set is complete, under the key that the store foresaw."""
    with context.database.read() as session:
        jobs = session.execute(select(ImageSet, Job).join(Job, ImageSet.job_id == Job.id)).all()
        rows = [(row, content_of(session, job.kind, job.settings).key) for row, job in jobs]
        scores = {row.subject: row for row in session.scalars(select(Score))}
    for row, key in rows:
        made = image_sets.opened(row, context.artifacts)
        assert made.manifest.key == key and all(made.path(image_id).is_file() for image_id in made.ids)
    kinds = [step["kind"] for step in scores["segmentation"].record["lineage"]]
    assert kinds[0] == "train_cam" and set(kinds) >= {"random_walk", "pseudo_labels", "train_segmentation"}


def check_again(context: Context) -> None:
    """The same settings once more: everything is there."""
    with context.database.write() as session:
        again, new = pipelines.create(session, pipelines.NewPipeline(settings()), masked=True, max_attempts=3)
    assert new == [] and state(context, again.id) == "succeeded"
