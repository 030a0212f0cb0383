"""A database in the middle of work, as a release leaves it, and its dump for the tests of later releases.

``python tests/support/older_release.py``, run with the code of a release, writes what its databases are like to
``tests/backend/store/older/<revision>.sqlite.sql`` and ``<revision>.postgresql.sql``. Commit both, and never make
those of an earlier release anew: only the code of that release can.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from postgres_server import Cluster, running_cluster
from rankings import ranking, ranking_row
from sqlalchemy.orm import Session
from stage_results import card_of, dataset_row, do, do_all, leave_results, queued

from backend.store import cams, images, job_records, jobs, pipelines
from backend.store.database import Database
from backend.store.evaluations import summarise
from backend.store.images import About
from backend.store.migrate import upgrade
from backend.store.models import CamRequest, Checkpoint, Evaluation, ImageSource, Job, Worker
from ssenet.config import CamInferSettings, CamTrainSettings, TriageSettings, pipeline_preset
from ssenet.lineage import stored_settings
from ssenet.results import View

OLDER = Path(__file__).parents[1] / "backend" / "store" / "older"
BEGAN = 1_760_000_000.0
NASTY = "Größe 'η' \"α\" 100 %s :name; -- \\ 猫\nsecond line"
BUILTIN = "/opt/ssenet-lab/weights/builtin/demo-ssenet"


class Clock:
    """Each look is a second later: a release's times are all different and always the same."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def fill(database: Database) -> None:
    """Everything that an installation has while its people are at work."""
    with database.write() as session:
        _installation(session)
    _finished_pipeline(database)
    trained = _finished_jobs(database)
    _broken_jobs(database)
    _jobs_under_way(database)
    with database.write() as session:
        _requests(session, trained)
        _workers(session)


def _installation(session: Session) -> None:
    session.add(dataset_row())
    sources: tuple[ImageSource, ...] = ("gallery", "upload", "dataset")
    for index, source in enumerate(sources):
        about = About(f"{source} {NASTY}", source, title=NASTY, author="N. N.", labels=("cat", "dog"))
        images.add(session, f"{index}" * 64, (24, 32), about)
    card = card_of("ssenet", "builtin")
    row = job_records.checkpoint_row(card, BEGAN, size=7, weights_path=f"{BUILTIN}.safetensors")
    row.id, row.builtin = "demo-ssenet", True
    session.add(row)
    session.flush()
    session.add(_builtin_evaluation())


def _builtin_evaluation() -> Evaluation:
    return Evaluation(
        id="demo-ssenet-0",
        checkpoint_id="demo-ssenet",
        dataset_id="demo",
        record={"rows": ["1"], "note": NASTY},
        summary=summarise({}),
        histograms_path=f"{BUILTIN}.evaluation.npz",
        created_at=BEGAN,
    )


def _finished_pipeline(database: Database) -> None:
    """One of every stage: sets, scores, affinity and segmentation networks, an evaluation."""
    new = pipelines.NewPipeline(pipeline_preset("quick", images=90), f"finished {NASTY}", "pipeline-key")
    with database.write() as session:
        pipelines.create(session, new, masked=True, max_attempts=3)
    do_all(database)


def _finished_jobs(database: Database) -> str:
    """A training by itself with several checkpoints, its evaluation, and a ranking; returns the network's id."""
    job_id = _submit(database, "train_cam", CamTrainSettings(seed=2), name=NASTY, idempotency_key="job-key")
    claim = _claimed(database, job_id)
    with database.write() as session:
        job_records.add_events(session, claim, [("metrics", {"step": n, "values": {"loss": 1 / n}}) for n in (1, 2)])
        card = card_of("ssenet", "early")
        key = f"weights/{card.weights_sha256}.safetensors"
        job_records.commit_checkpoint(session, claim, card, weights_key=key, size=1, epoch=1, step=0, final=False)
        job_records.progress(session, claim, 2, 2, "steps", NASTY)
        leave_results(session, claim)
        jobs.finish(session, claim, {"seconds": 12.5, "done": 2, "unit": "steps", "per_second": 0.25})
    do_all(database)
    with database.read() as session:
        network = session.query(Checkpoint).filter_by(job_id=job_id, final=True).one().id
    _ranking(database, network)
    return network


def _ranking(database: Database, network: str) -> None:
    claim = _claimed(database, _submit(database, "triage", TriageSettings(checkpoint=network, other="demo-ssenet")))
    with database.write() as session:
        made = ranking([ranking_row(0, NASTY)]).summary
        job_records.commit_ranking(session, claim, made, ranking_id="r", rows_key="rankings/r.json")
        jobs.finish(session, claim)


def _broken_jobs(database: Database) -> None:
    """Failed and tried again, cancelled while it waited, cancelled while it ran."""
    failed = _submit(database, "train_cam", CamTrainSettings(seed=3))
    claim = _claimed(database, failed)
    with database.write() as session:
        jobs.fail(session, claim, "crash", NASTY)
    for seed in (4, 5):
        cancelled = _submit(database, "train_cam", CamTrainSettings(seed=seed))
        stopped = _claimed(database, cancelled) if seed == 5 else None
        with database.write() as session:
            jobs.request_cancel(session, cancelled)
        if stopped is not None:
            with database.write() as session:
                jobs.stop(session, stopped)
    with database.write() as session:
        jobs.retry(session, failed, 3)
    [again] = queued(database)
    do(database, again.id)
    do_all(database)


def _jobs_under_way(database: Database) -> None:
    """Waiting, running at the second attempt, running and asked to stop, and a pipeline whose third stage waits."""
    new = pipelines.NewPipeline(pipeline_preset("quick", images=60), "under way")
    with database.write() as session:
        pipelines.create(session, new, masked=True, max_attempts=3)
    do(database, queued(database)[0].id)
    running = _submit(database, "train_cam", CamTrainSettings(seed=7), name="running")
    first = _claimed(database, running)
    with database.write() as session:
        jobs.release(session, first, "the worker shuts down")
    second = _claimed(database, running)
    with database.write() as session:
        job_records.progress(session, second, 30, 100, "steps", "epoch 1 of 2")
        job_records.add_events(session, second, [("metrics", {"step": 30, "values": {"loss": 0.5}})])
    stopping = _submit(database, "infer_cam", CamInferSettings(checkpoint="demo-ssenet", dataset="demo", split="val"))
    _claimed(database, stopping)
    with database.write() as session:
        jobs.request_cancel(session, stopping)
    waiting = _submit(database, "train_cam", CamTrainSettings(seed=8), name="waiting")
    with database.write() as session:
        jobs.mark_dispatched(session, waiting)


def _submit(database: Database, kind: str, settings: Any, **more: Any) -> str:
    with database.write() as session:
        return jobs.submit(session, jobs.NewJob(kind, stored_settings(settings), **more))[0].id


def _claimed(database: Database, job_id: str) -> jobs.Claim:
    with database.write() as session:
        claim = jobs.claim(session, job_id, "train@old-host:42", 60)
    assert claim is not None
    return claim


def _requests(session: Session, checkpoint: str) -> None:
    for name in ("pending", "done", "failed"):
        wish = cams.Wish(checkpoint, "0" * 32, (View(scale=0.5), View(scale=1, flip=True)), (name,))
        cams.request(session, wish, room=9, deadline=60)
        row = session.get_one(CamRequest, wish.key)
        row.state, row.error = name, NASTY if name == "failed" else None  # type: ignore[assignment]
        row.finished_at = None if name == "pending" else BEGAN + 500


def _workers(session: Session) -> None:
    running = session.query(Job).filter_by(name="running").one()
    for queue, job_id in (("train", running.id), ("infer", None)):
        session.add(
            Worker(id=f"{queue}@old-host:42", queue=queue, pid=42, host="old-host", state="busy" if job_id else "idle",
                   job_id=job_id, device="cpu", warm=True, started_at=BEGAN, heartbeat_at=BEGAN + 600)
        )  # fmt: skip


def dump_sqlite() -> tuple[str, str]:
    """The present revision, and the database as SQL for SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ssenet.db"
        _made(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as connection:
            [revision] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return revision, "\n".join(connection.iterdump()) + "\n"


def dump_postgres(cluster: Cluster) -> str:
    """The same as SQL for PostgreSQL."""
    name = cluster.create()
    _made(cluster.url(name))
    options = ["--inserts", "--column-inserts", "--no-owner", "--no-privileges", "--no-comments"]
    command = [cluster.program("pg_dump"), *options, "-h", str(cluster.folder), "-U", "ssenet", name]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cluster.drop(name)
    # What psql alone understands, and what says which server it was.
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("\\", "--")))


def _made(url: str) -> None:
    database = Database(url, Clock())
    upgrade(database.engine)
    fill(database)
    database.dispose()


def main() -> None:
    """Write both dumps of the present release."""
    revision, text = dump_sqlite()
    OLDER.mkdir(exist_ok=True)
    (OLDER / f"{revision}.sqlite.sql").write_text(text, encoding="utf-8")
    with running_cluster() as cluster:
        (OLDER / f"{revision}.postgresql.sql").write_text(dump_postgres(cluster), encoding="utf-8")
    sys.stdout.write(f"{OLDER} now has {revision}\n")


if __name__ == "__main__":
    main()
