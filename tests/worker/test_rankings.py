"""Rankings from a child to a row and a file: once, also when the child was killed inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from rankings import ranking, ranking_row
from sqlalchemy import select
from stage_results import card_of

from backend.store import jobs
from backend.store.artifacts import attempt_key
from backend.store.content import content_of
from backend.store.database import now
from backend.store.job_records import checkpoint_row
from backend.store.job_views import results_of
from backend.store.models import Job, JobEvent, Ranking
from backend.store.transitions import LeaseLost
from ssenet.analysis.triage_record import TriageRecord
from ssenet.config import TriageSettings
from ssenet.journal import JOURNAL, finished_in
from worker.context import Context
from worker.record import Recorder
from worker.results import ProtocolError
from worker.runner import JobRunner

Make = Callable[..., JobRunner]
Wait = Callable[..., object]


@pytest.fixture
def job_id(context: Context, submit: Callable[..., str]) -> str:
    """A triage of two networks that waits."""
    with context.database.write() as session:
        for name in ("a", "b"):
            row = checkpoint_row(card_of("ssenet", name), now(session), size=1, weights_key=f"weights/{name}")
            row.id = f"ck-{name}"
            session.add(row)
    return submit("triage", **TriageSettings(checkpoint="ck-a", other="ck-b").model_dump(mode="json"))


def kept(context: Context) -> list[Ranking]:
    with context.database.read() as session:
        return list(session.scalars(select(Ranking)))


def record_of(context: Context, row: Ranking) -> TriageRecord:
    return TriageRecord.model_validate_json(context.artifacts.read(row.rows_key))


def test_a_ranking_is_kept_with_its_rows(
    context: Context, runner: Make, job_id: str, job: Callable[[str], Job], events: Callable[[str], list[JobEvent]]
) -> None:
    assert runner("work").run(job_id) == "done"
    [row] = kept(context)
    assert (row.job_id, row.checkpoint_id, row.other_id, row.dataset_id) == (job_id, "ck-a", "ck-b", "demo")
    record = record_of(context, row)
    assert "rows" not in row.record and row.record == json.loads(record.summary.model_dump_json())
    assert [r.image_id for r in record.rows] == [f"{name} by attempt-1" for name in "abc"]
    assert job(job_id).state == "succeeded"
    assert [event.data for event in events(job_id) if event.type == "ranking"] == [{"ranking": row.id, "images": 3}]
    with context.database.read() as session:
        assert results_of(session, [job_id])[job_id].ranking == row.id
        assert job(job_id).content_key == content_of(session, "triage", job(job_id).settings).key
    folder = context.artifacts.path(attempt_key(job_id, 1))
    assert {path.name for path in folder.iterdir()} == {"log.txt", "run.json"}, "the rows lie in one place"


def test_a_triage_that_was_killed_goes_on_with_the_photographs_it_has(
    context: Context, runner: Make, job_id: str, job: Callable[[str], Job], wait_until: Wait
) -> None:
    first = context.artifacts.path(attempt_key(job_id, 1))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner("hang:triage").run, job_id)
        wait_until(lambda: finished_in(first) == 1 and job(job_id).progress_done is not None)
        [child] = [p for p in psutil.Process().children() if str(job_id) in " ".join(p.cmdline())]
        child.kill()
        assert running.result(30) == "crashed"
    assert kept(context) == [] and (first / JOURNAL).is_file()
    assert runner("hang:triage").run(job_id) == "done"
    [row] = kept(context)
    names = [r.image_id for r in record_of(context, row).rows]
    assert names == ["a by attempt-1", "b by attempt-2", "c by attempt-2"], "no photograph twice"
    assert not (first / JOURNAL).exists()


def test_a_retry_goes_on_where_the_cancelled_job_stopped(
    context: Context, runner: Make, job_id: str, wait_until: Wait
) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner("hang:triage").run, job_id)
        wait_until(lambda: finished_in(context.artifacts.path(attempt_key(job_id, 1))) == 1)
        with context.database.write() as session:
            jobs.request_cancel(session, job_id)
        assert running.result(30) == "cancelled"
    with context.database.write() as session:
        again = jobs.retry(session, job_id, 3).id
    assert runner("hang:triage").run(again) == "done"
    [row] = kept(context)
    journals = [r.image_id for r in record_of(context, row).rows]
    assert row.job_id == again and len(journals) == 3
    run = json.loads((context.artifacts.path(attempt_key(again, 1)) / "run.json").read_text())
    assert run["resume_from"].endswith(attempt_key(job_id, 1))


@pytest.fixture
def claim(context: Context, job_id: str) -> jobs.Claim:
    """The right to the job."""
    with context.database.write() as session:
        found = jobs.claim(session, job_id, "me", 60)
    assert found is not None
    return found


EVENT = {"type": "ranking", "record": "ranking.json"}


def test_a_ranking_that_is_committed_twice_stays_single(context: Context, claim: jobs.Claim, tmp_path: Path) -> None:
    (tmp_path / "ranking.json").write_text(ranking([ranking_row(0)]).model_dump_json())
    recorder = Recorder(context.database, context.artifacts, claim, tmp_path)
    recorder.take(EVENT)
    recorder.flush()
    with context.database.write() as session:  # it dies before it is done, and another one repeats it
        jobs.release(session, claim, "test")
        second = jobs.claim(session, claim.job_id, "another", 60)
    assert second is not None
    again = Recorder(context.database, context.artifacts, second, tmp_path)
    again.take(EVENT)
    again.flush()
    [row] = kept(context)
    assert [path.stem for path in context.artifacts.path("rankings").iterdir()] == [row.id], "no rows without a row"
    recorder.take(EVENT)
    with pytest.raises(LeaseLost):
        recorder.flush()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no TriageRecord: checkpoint"),
        (ranking([ranking_row(0)]).model_dump_json().replace('"measured":1', '"measured":2'), "1 rows, and 2"),
        (ranking([ranking_row(0)]).model_dump_json().replace('"index":0', '"index":7'), "does not have"),
        (None, "not in its folder"),
    ],
)
def test_a_ranking_that_is_none_is_refused(
    context: Context, claim: jobs.Claim, tmp_path: Path, text: Any, said: str
) -> None:
    if text is not None:
        (tmp_path / "ranking.json").write_text(text)
    recorder = Recorder(context.database, context.artifacts, claim, tmp_path)
    recorder.take(EVENT)
    with pytest.raises(ProtocolError, match=said):
        recorder.flush()
    assert kept(context) == []
