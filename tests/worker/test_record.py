"""From events to rows: in order, each once, also when the database is away for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.store import jobs
from backend.store.database import Database
from backend.store.models import JobEvent
from backend.store.transitions import Claim, LeaseLost
from ssenet.histograms import AlphaHistogram
from ssenet.results import EvaluationRecord, ProtocolCard
from worker.context import Context
from worker.lease import DATABASE_AWAY
from worker.record import Pace, Recorder
from worker.results import ProtocolError
from worker.supervise import Stall


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def database(context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The installation's database, which does not wait long for a locked file."""
    monkeypatch.setattr("backend.store.database._BUSY_SECONDS", 0.05)
    opened = Database(context.settings.database)
    yield opened
    opened.dispose()


@pytest.fixture
def claim(database: Database, submit: Callable[..., str]) -> Claim:
    """A claimed job."""
    job_id = submit()
    with database.write() as session:
        claimed = jobs.claim(session, job_id, "me", 60)
    assert claimed is not None
    return claimed


@pytest.fixture
def recorder(context: Context, database: Database, claim: Claim, tmp_path: Path) -> Recorder:
    """Records the claim's events."""
    return Recorder(database, context.artifacts, claim, tmp_path)


def metrics(step: int) -> dict[str, Any]:
    """What a training reports after a step."""
    return {"type": "metrics", "step": step, "epoch": 0.0, "values": {"loss": 1.0}}


def record() -> EvaluationRecord:
    """What an evaluation leaves beside its histograms."""
    protocol = ProtocolCard(
        dataset="demo", dataset_fingerprint="f", split="val", images=1, label_source="given", scales=(1.0,), flip=False,
        relu_order="fast", alpha_rule="fixed 0.2", weights_sha256="0" * 64, code_version="0",
    )  # fmt: skip
    return EvaluationRecord(checkpoint="x", classes=("cat",), image_ids=("a",), rows=("1",), protocol=protocol)


def steps(context: Context) -> list[int]:
    """Steps of the committed metrics, in order."""
    with context.database.read() as session:
        rows = session.query(JobEvent).filter_by(type="metrics").order_by(JobEvent.seq)
        return [row.data["step"] for row in rows]


def test_metrics_are_committed_in_batches_about_once_a_second(context: Context, recorder: Recorder) -> None:
    recorder.take(metrics(0))
    recorder.flush()
    for step in range(1, 50):
        recorder.take(metrics(step))
        recorder.flush()
    assert steps(context) == [0], "the second is not over"
    recorder.flush(everything=True)
    assert steps(context) == list(range(50))


def test_while_the_database_is_away_nothing_is_lost_or_doubled(context: Context, recorder: Recorder) -> None:
    other = sqlite3.connect(context.settings.data_dir / "ssenet.db", isolation_level=None)
    recorder.take(metrics(1))
    recorder.flush(everything=True)
    other.execute("BEGIN IMMEDIATE")  # someone holds the write lock
    for step in (2, 3):
        recorder.take(metrics(step))
        with pytest.raises(DATABASE_AWAY):
            recorder.flush(everything=True)
    other.execute("ROLLBACK")
    recorder.take({"type": "progress", "done": 3, "total": 9, "unit": "steps"})
    recorder.flush(everything=True)
    recorder.flush(everything=True)
    assert steps(context) == [1, 2, 3]


def test_who_lost_the_job_commits_nothing(
    context: Context, database: Database, recorder: Recorder, claim: Claim
) -> None:
    with database.write() as session:
        jobs.fail(session, claim, "test", "over")
    for event in (metrics(1), {"type": "progress", "done": 1, "total": 2, "unit": "steps"}):
        recorder.take(event)
        with pytest.raises(LeaseLost):
            recorder.flush(everything=True)
    assert steps(context) == []


@pytest.mark.parametrize("name", ["../outside.json", "/etc/passwd", "missing.json"])
def test_files_outside_the_attempts_folder_are_refused(recorder: Recorder, tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "outside.json").touch()
    recorder.take({"type": "evaluation", "record": name, "histograms": name})
    with pytest.raises(ProtocolError, match="not in its folder"):
        recorder.flush()


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"type": "checkpoint", "epoch": 1, "step": 1, "final": True, "weights": "w", "card": "bad"}, "CheckpointCard"),
        ({"type": "evaluation", "record": "bad", "histograms": "w"}, "EvaluationRecord"),
        ({"type": "evaluation", "record": "record", "histograms": "w"}, "no histograms"),
    ],
)
def test_results_that_are_not_what_they_should_be_are_refused(
    recorder: Recorder, tmp_path: Path, event: dict[str, Any], text: str
) -> None:
    for name, content in (("bad", '{"name": "x"}'), ("w", "no weights"), ("record", record().model_dump_json())):
        (tmp_path / name).write_text(content)
    recorder.take(event)
    with pytest.raises(ProtocolError, match=text):
        recorder.flush()


def test_figures_are_computed_while_others_may_write(
    context: Context, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "record").write_text(record().model_dump_json())
    (tmp_path / "histograms").touch()
    seen: list[str] = []

    def load(_: bytes) -> dict[str, AlphaHistogram]:
        other = sqlite3.connect(context.settings.data_dir / "ssenet.db", isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()
        seen.append("computed")
        raise ProtocolError("enough seen")

    monkeypatch.setattr("worker.results.load_histograms", load)
    recorder.take({"type": "evaluation", "record": "record", "histograms": "histograms"})
    with pytest.raises(ProtocolError, match="enough seen"):
        recorder.flush()
    assert seen == ["computed"]


def test_steps_that_an_earlier_attempt_recorded_are_recorded_once(
    context: Context, database: Database, recorder: Recorder, claim: Claim, tmp_path: Path
) -> None:
    for step in (1, 2, 3):
        recorder.take(metrics(step))
    recorder.flush(everything=True)  # and then it dies, its last state being that of step 1
    with database.write() as session:
        jobs.release(session, claim, "test")
        second = jobs.claim(session, claim.job_id, "another", 60)
    assert second is not None
    resumed = Recorder(database, context.artifacts, second, tmp_path)
    resumed.look_back()
    for step in (2, 3, 4):
        resumed.take(metrics(step))
    resumed.flush(everything=True)
    assert steps(context) == [1, 2, 3, 4]


def test_unknown_events_are_ignored(context: Context, recorder: Recorder) -> None:
    recorder.take({"type": "something new"})
    recorder.flush(everything=True)
    assert steps(context) == []


def test_pace_leaves_out_loading_and_what_an_earlier_attempt_did() -> None:
    clock = Clock()
    pace = Pace(clock)
    clock.at = 30.0  # loading
    pace.count(100, "steps")
    clock.at = 40.0
    pace.count(120, "steps")
    assert pace.summary() == {"done": 20, "unit": "steps", "per_second": 2.0}


def test_pace_says_nothing_before_it_saw_anything() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.summary() == {}
    pace.count(1, "steps")
    assert pace.summary() == {}


def test_silence_counts_as_a_stall_after_ten_minutes_and_twenty_usual_pauses() -> None:
    clock = Clock()
    quick, slow = Stall(clock), Stall(clock)
    for _ in range(10):
        clock.at += 100
        slow.sign_of_life()
    quick.sign_of_life()
    clock.at += 599
    assert not quick.stalled and not slow.stalled
    clock.at += 2
    assert not slow.stalled  # 100 s between steps is its nature
    clock.at += 2000
    assert slow.stalled


def test_a_child_that_never_says_anything_stalls() -> None:
    clock = Clock()
    stall = Stall(clock)
    clock.at = 601
    assert stall.stalled
