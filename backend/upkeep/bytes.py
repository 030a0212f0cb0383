"""Bytes that no row names, folders of attempts that nobody will resume, and caches over their size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.metrics.caches import size_of
from backend.store.artifacts import job_folder
from backend.store.attempts import needless
from backend.store.database import now
from backend.store.models import Checkpoint, Evaluation, Image, ImageSet, Job, Ranking, Score
from backend.store.outputs import LIVE
from backend.upkeep.house import DAY, House, older
from backend.upkeep.report import Report
from ssenet.sets import RESULT

_BATCH = 500
NAMED: dict[str, InstrumentedAttribute[Any]] = {
    "weights": Checkpoint.weights_key,
    "evaluations": Evaluation.histograms_key,
    "scores": Score.counts_key,
    "rankings": Ranking.rows_key,
    "images": Image.sha,
}
"""Which column names the artifacts of a folder."""


def trim_caches(house: House, report: Report) -> None:
    """Caches are cut to their size, the least recently used first."""
    settings = house.settings
    for name, limit in (("cams", settings.cam_cache_bytes), ("crf", settings.crf_cache_bytes)):
        before = size_of(house.artifacts.path(name))
        if before <= limit:
            continue
        if house.dry_run:
            report.add(f"files of the cache {name}, about", 1, before - limit)
        else:
            removed = house.artifacts.trim(name, limit)
            report.add(f"files of the cache {name}", removed, before - size_of(house.artifacts.path(name)))


def remove_staging(house: House, report: Report) -> None:
    """What a killed process left in the staging folder a day ago."""
    staging = house.artifacts.root / ".tmp"
    for path in list(staging.iterdir()) if staging.exists() else []:
        if older(path, DAY):
            house.remove_now(report, "staged files", path)


def remove_orphans(house: House, report: Report) -> None:
    """Artifacts that no row names, older than the grace period: their rows were deleted, or never came."""
    grace = house.settings.orphan_hours * 3600.0
    for prefix, column in NAMED.items():
        _remove_unnamed(house, report, prefix, column, grace)


def _named_as(path: Path) -> str:
    """What a column says of a file: images go by their hash, all others by their key."""
    return path.stem if path.parent.name == "images" else f"{path.parent.name}/{path.name}"


def _remove_unnamed(house: House, report: Report, prefix: str, column: Any, grace: float) -> None:
    folder = house.artifacts.path(prefix)
    found = [path for path in folder.iterdir() if older(path, grace)] if folder.exists() else []
    for start in range(0, len(found), _BATCH):
        keys = {_named_as(path): path for path in found[start : start + _BATCH]}
        with house.database.read() as session:
            named = set(session.scalars(select(column).where(column.in_(keys))))
        for key in keys.keys() - named:
            house.remove(report, f"orphaned {prefix}", keys[key], _unnamed(column, key))


def _unnamed(column: Any, key: str) -> Callable[[Session], bool]:
    return lambda session: session.scalars(select(column).where(column == key).limit(1)).first() is None


def remove_attempts(house: House, report: Report) -> None:
    """Folders of jobs that failed or were cancelled long ago, except what a set names or a retry goes on from."""
    with house.database.read() as session:
        since = now(session) - house.settings.keep_attempts_days * DAY
        ids = list(session.scalars(select(Job.id).where(*_over(since))))
    for job_id in ids:
        folder = house.artifacts.path(job_folder(job_id))
        for attempt in list(folder.iterdir()) if folder.is_dir() else []:
            house.remove(report, "attempts", attempt, _forgotten(house, job_id, attempt, since))


def _over(since: float) -> tuple[Any, ...]:
    return (Job.state.in_(("failed", "cancelled")), Job.finished_at < since)


def _forgotten(house: House, job_id: str, attempt: Path, since: float) -> Callable[[Session], bool]:
    key = house.artifacts.key(attempt)

    def forgotten(session: Session) -> bool:
        over = session.scalars(select(Job.id).where(Job.id == job_id, *_over(since))).first() is not None
        return over and not _holds_set(session, key) and not _retried(session, job_id, since)

    return forgotten


def _holds_set(session: Session, key: str) -> bool:
    """Whether a set lies in that folder."""
    inside = or_(ImageSet.folder == key, ImageSet.folder.startswith(key + "/", autoescape=True))
    return session.scalars(select(ImageSet.id).where(inside).limit(1)).first() is not None


def _retried(session: Session, job_id: str, since: float) -> bool:
    """Whether a retry of this job, or a retry of that, is at work or could itself be retried within the time."""
    ids, known = [job_id], {job_id}
    while ids:
        later = session.scalars(select(Job).where(Job.parent_id.in_(ids))).all()
        if any(job.state in LIVE or (job.state != "succeeded" and (job.finished_at or 0) >= since) for job in later):
            return True
        ids = [job.id for job in later if job.id not in known]
        known |= set(ids)
    return False


def remove_leftovers(house: House, report: Report) -> None:
    """What a job that succeeded long ago still has of its way there, and sets whose row was deleted.

    Workers and the API remove both at once, unless they are killed in between.
    """
    with house.database.read() as session:
        since = now(session) - house.settings.orphan_hours * 3600.0
        ids = list(session.scalars(select(Job.id).where(Job.state == "succeeded", Job.finished_at < since)))
    for job_id in ids:
        folder = house.artifacts.path(job_folder(job_id))
        for attempt in list(folder.iterdir()) if folder.is_dir() else []:
            for path in needless(attempt, result=False):
                house.remove(report, "leftovers of finished jobs", path, _left(house, path))


def _left(house: House, path: Path) -> Callable[[Session], bool]:
    """All of a job that succeeded, from where there is no way back, but the set that a row names."""
    key = house.artifacts.key(path)
    return lambda session: path.name != RESULT or not _holds_set(session, key)
