"""What upkeep removes, and what it must not touch."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.lab import cli
from backend.service import Service
from backend.settings import Settings
from backend.store import job_records, jobs
from backend.store.artifacts import ArtifactStore, attempt_key, image_key, weights_key
from backend.store.database import Database, now
from backend.store.migrate import upgrade
from backend.store.models import AccessToken, Image, ImageSet, Job, JobEvent
from backend.sweeper import Sweeper
from backend.upkeep import house as house_module
from backend.upkeep.keep import keep_house
from backend.upkeep.report import Report
from backend.upkeep.rows import surplus

DAY = 24 * 3600.0
LONG_AGO = 1_000.0


@pytest.fixture
def house(tmp_path: Path) -> tuple[Database, ArtifactStore, Settings]:
    settings = Settings(data_dir=tmp_path)
    database = Database(settings.database)
    upgrade(database.engine)
    return database, ArtifactStore(settings.artifacts), settings


def old(path: Path, days: float = 400) -> Path:
    """Make a file look as if it had lain there for long."""
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def job(database: Database, state: str, finished: float | None, parent: str | None = None) -> str:
    """A job in that state that ended then."""
    with database.write() as session:
        row = jobs.submit(session, jobs.NewJob("infer_cam", {"dataset": "demo"}, parent_id=parent))[0]
        row.state, row.finished_at, row.fence = state, finished, 1  # type: ignore[assignment]
        return row.id


def attempt(artifacts: ArtifactStore, job_id: str, name: str = "states/step-00000001.json") -> Path:
    """The folder of its first attempt, with something in it."""
    folder = artifacts.path(attempt_key(job_id, 1))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("{}")
    return folder


def test_attempts_go_unless_somebody_may_still_need_them(house: tuple[Database, ArtifactStore, Settings]) -> None:
    database, artifacts, settings = house
    recently = time.time() - DAY
    made = {
        "failed long ago": job(database, "failed", LONG_AGO),
        "cancelled long ago": job(database, "cancelled", LONG_AGO),
        "failed lately": job(database, "failed", recently),
        "succeeded": job(database, "succeeded", LONG_AGO),
        "waits": job(database, "queued", None),
        "is retried": job(database, "failed", LONG_AGO),
        "was retried, failed lately": job(database, "failed", LONG_AGO),
        "was retried with success": job(database, "failed", LONG_AGO),
        "left a set": job(database, "failed", LONG_AGO),
    }
    again = job(database, "failed", LONG_AGO, made["is retried"])
    job(database, "queued", None, again)
    job(database, "cancelled", recently, made["was retried, failed lately"])
    job(database, "succeeded", LONG_AGO, made["was retried with success"])
    folders = {what: attempt(artifacts, job_id) for what, job_id in made.items()}
    with database.write() as session:
        session.add(
            ImageSet(id="s", kind="cams", name="s", job_id=made["left a set"], dataset_id="demo", split="val", images=1,
                     key="k", folder=attempt_key(made["left a set"], 1) + "/result", manifest={}, size=1, created_at=0)
        )  # fmt: skip
    planned = keep_house(database, artifacts, settings, dry_run=True)
    assert all(folder.exists() for folder in folders.values()), "a dry run removes nothing"
    report = keep_house(database, artifacts, settings)
    assert {what for what, folder in folders.items() if not folder.exists()} == {
        "failed long ago", "cancelled long ago", "was retried with success"
    }  # fmt: skip
    assert report.shares["attempts"].number == 3 and report.shares["attempts"].size == 6
    assert report.size == planned.size


def test_a_job_that_succeeded_keeps_its_logs_and_its_set_only(
    house: tuple[Database, ArtifactStore, Settings],
) -> None:
    """A worker may be killed after the job's end and before it has tidied up, the API in the deletion of a set."""
    database, artifacts, settings = house
    made = {what: job(database, "succeeded", LONG_AGO) for what in ("with a set", "without")}
    made |= {"lately": job(database, "succeeded", time.time() - 3600.0), "failed": job(database, "failed", time.time())}
    files = ("log.txt", "run.json", "states/step-00000001.json", "epoch-0001/weights.safetensors", "result/items/1.npz")
    for job_id in made.values():
        for name in files:
            attempt(artifacts, job_id, name)
    with database.write() as session:
        session.add(
            ImageSet(id="s", kind="cams", name="s", job_id=made["with a set"], dataset_id="demo", split="val", images=1,
                     key="k", folder=attempt_key(made["with a set"], 1) + "/result", manifest={}, size=1, created_at=0)
        )  # fmt: skip
    report = keep_house(database, artifacts, settings)
    left = {what: contents(artifacts.path(attempt_key(job_id, 1))) for what, job_id in made.items()}
    assert left["lately"] == left["failed"] == sorted(files)
    assert left["without"] == ["log.txt", "run.json"]
    assert left["with a set"] == ["log.txt", "result/items/1.npz", "run.json"]
    assert report.shares["leftovers of finished jobs"].number == 5


def contents(folder: Path) -> list[str]:
    """Paths of the files in a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("dry_run", [False, True])
def test_folders_are_counted_and_deleted_while_others_may_write(
    house: tuple[Database, ArtifactStore, Settings], monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    database, artifacts, settings = house
    folder = attempt(artifacts, job(database, "failed", LONG_AGO))
    seen: list[str] = []

    def meanwhile(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*given: Any, **named: Any) -> Any:
            other = sqlite3.connect(settings.data_dir / "ssenet.db", isolation_level=None, timeout=0)
            other.execute("BEGIN IMMEDIATE")
            other.close()
            seen.append(name)
            return real(*given, **named)

        return slow

    monkeypatch.setattr(house_module, "size_of", meanwhile("count", house_module.size_of))
    monkeypatch.setattr(shutil, "rmtree", meanwhile("delete", shutil.rmtree))
    report = keep_house(database, artifacts, settings, dry_run=dry_run)
    assert seen == ["count"] if dry_run else seen == ["count", "delete"]
    assert report.shares["attempts"].number == 1 and folder.exists() is dry_run
    assert list((artifacts.root / ".tmp").glob("*")) == []


def test_files_that_no_row_names_go_after_the_grace_period(
    house: tuple[Database, ArtifactStore, Settings], make: type
) -> None:
    database, artifacts, settings = house
    kinds = ("weights/{}.safetensors", "evaluations/{}.npz", "scores/{}.npz", "rankings/{}.json", "images/{}.png")
    lost = [old(artifacts.put_bytes(kind.format("lost"), b"12345")) for kind in kinds]
    fresh = [artifacts.put_bytes(kind.format("fresh"), b"12345") for kind in kinds]
    card = make.card_of(b"w")  # type: ignore[attr-defined]
    kept = [old(artifacts.put_bytes(weights_key("named"), b"x")), old(artifacts.put_bytes(image_key("sha"), b"x"))]
    with database.write() as session:
        session.add(job_records.checkpoint_row(card, 0.0, size=1, weights_key=weights_key("named")))
        about = {"width": 1, "height": 1, "name": "i", "source": "upload", "labels": [], "created_at": 0.0}
        session.add(Image(id="i", sha="sha", **about))
    report = keep_house(database, artifacts, settings)
    assert not any(path.exists() for path in lost) and all(path.exists() for path in [*fresh, *kept])
    assert report.size == 25 and {what for what, share in report.shares.items() if share.number} == {
        f"orphaned {kind.split('/')[0]}" for kind in kinds
    }


def test_caches_staging_and_logs(house: tuple[Database, ArtifactStore, Settings]) -> None:
    database, artifacts, settings = house
    settings = settings.model_copy(update={"cam_cache_bytes": 10})
    for index in range(4):
        old(artifacts.put_bytes(f"cams/a{index}/map.npy", b"123456"), days=10 - index)
    (artifacts.root / ".tmp").mkdir(exist_ok=True)
    stale, young = artifacts.root / ".tmp" / "stale", artifacts.root / ".tmp" / "young"
    logs = settings.data_dir / "logs"
    logs.mkdir()
    for path in (stale, young, logs / "api.log", logs / "old.log.1", logs / "ui.1.log"):
        path.write_text("x")
    for path in (stale, logs / "old.log.1", logs / "ui.1.log", logs / "api.log"):
        old(path)
    keep_house(database, artifacts, settings)
    assert sorted(path.parent.name for path in artifacts.path("cams").rglob("*.npy")) == ["a3"]
    assert young.exists() and not stale.exists()
    assert [path.name for path in logs.iterdir()] == ["api.log"]


def test_the_log_of_a_process_that_runs_is_cut_and_goes_on(house: tuple[Database, ArtifactStore, Settings]) -> None:
    database, artifacts, settings = house
    log = settings.data_dir / "logs" / "api.log"
    log.parent.mkdir()
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        keep_house(database, artifacts, settings.model_copy(update={"log_bytes": 10}))
        writer.write(b"and on")
    assert log.read_bytes() == b"and on" and (log.parent / "api.1.log").stat().st_size == 100


def test_figures_of_old_jobs_are_thinned_and_what_happened_stays(
    house: tuple[Database, ArtifactStore, Settings],
) -> None:
    database, artifacts, settings = house
    settings = settings.model_copy(update={"keep_metrics": 5})
    ids = [job(database, "queued", None) for _ in range(2)]
    for job_id in ids:
        with database.write() as session:
            claim = jobs.claim(session, job_id, "w", 60)
            assert claim is not None
            steps = [("metrics", {"step": step}) for step in range(40)]
            job_records.add_events(session, claim, [*steps, ("epoch", {"step": 39})])
            jobs.stop(session, claim)
    with database.write() as session:
        session.get_one(Job, ids[0]).finished_at = LONG_AGO
    keep_house(database, artifacts, settings)
    with database.read() as session:
        kinds = {one: [e.type for e in job_records.events_after(session, one, 0, 999)] for one in ids}
        steps = [e.data["step"] for e in session.query(JobEvent).filter_by(job_id=ids[0], type="metrics")]
    assert kinds[ids[0]].count("metrics") == 5 and steps[0] == 0 and steps[-1] == 39
    assert [kind for kind in kinds[ids[0]] if kind != "metrics"] == ["state", "state", "epoch", "state"]
    assert kinds[ids[1]].count("metrics") == 40


@pytest.mark.parametrize(("there", "kept"), [(0, 5), (5, 5), (6, 5), (1000, 2)])
def test_so_many_figures_stay(there: int, kept: int) -> None:
    numbers = list(range(10, 10 + there))
    stay = sorted(set(numbers) - set(surplus(numbers, kept)))
    assert len(stay) == min(there, kept) and (not stay or (stay[0], stay[-1]) == (numbers[0], numbers[-1]))


def test_tokens_that_expired_long_ago_go(house: tuple[Database, ArtifactStore, Settings]) -> None:
    database, artifacts, settings = house
    with database.write() as session:
        at = now(session)
        for name, expires in (("old", at - 31 * DAY), ("lately", at - DAY), ("living", at + DAY), ("forever", None)):
            about = {"user": "u", "name": name, "sha256": name, "scopes": [], "created_at": 0.0}
            session.add(AccessToken(id=name, expires_at=expires, **about))
    keep_house(database, artifacts, settings)
    with database.read() as session:
        assert {row.id for row in session.query(AccessToken)} == {"lately", "living", "forever"}


@pytest.mark.parametrize("error", [OSError("the disk is away"), ValueError("not an artifact key")])
def test_a_chore_that_fails_keeps_no_other_from_being_done(
    house: tuple[Database, ArtifactStore, Settings], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    database, artifacts, settings = house
    lost = old(artifacts.put_bytes("scores/lost.npz", b"1"))

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(ArtifactStore, "trim", broken)
    keep_house(database, artifacts, settings.model_copy(update={"cam_cache_bytes": 0}))
    assert not lost.exists()


def test_the_command_says_what_would_go_and_how_much(
    house: tuple[Database, ArtifactStore, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, artifacts, settings = house
    lost = old(artifacts.put_bytes("weights/lost.safetensors", b"x" * 3 * 2**20))
    monkeypatch.setenv("SSENET_DATA_DIR", str(settings.data_dir))
    said = CliRunner().invoke(cli, ["upkeep", "--dry-run"])
    assert said.exit_code == 0 and "1 orphaned weights, 3.0 MiB" in said.output and lost.exists()
    assert "Would remove 3.0 MiB in all." in said.output
    done = CliRunner().invoke(cli, ["upkeep"])
    assert "Removed 3.0 MiB in all." in done.output and not lost.exists()


def test_the_sweeper_does_it_and_the_figures_tell(service: Service) -> None:
    lost = old(service.artifacts.put_bytes("scores/lost.npz", b"12345"))
    Sweeper(service)._tidy()
    text = service.metrics.text().decode()
    assert not lost.exists() and 'ssenet_upkeep_freed_bytes_total{what="orphaned scores"} 5.0' in text
    assert Report().text == "nothing"


def test_the_sweeper_outlives_whatever_goes_wrong(
    service: Service, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def broken(*_: object) -> None:
        calls.append("again")
        raise RuntimeError("a mistake")

    monkeypatch.setattr(Sweeper, "_sweep", broken)
    monkeypatch.setattr(service, "settings", service.settings.model_copy(update={"sweep_interval": 0.01}))
    sweeper = Sweeper(service)
    sweeper.start()
    try:
        wait_until(lambda: len(calls) > 2, timeout=30, what="another sweep after a mistake")
    finally:
        sweeper.stop()
    assert "a mistake" in caplog.text
