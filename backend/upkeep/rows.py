"""Rows that nobody needs any more, and old logs."""

from __future__ import annotations

import os
import shutil

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import AccessToken, Job, JobEvent
from backend.store.sweep import tidy
from backend.store.transitions import TERMINAL
from backend.upkeep.house import DAY, House, older
from backend.upkeep.report import Report

_BULKY = ("metrics",)
_KEEP_TOKENS_DAYS = 30.0
_BATCH = 500


def forget_requests(house: House, _: Report) -> None:
    """CAM requests and workers that are long over."""
    if not house.dry_run:
        with house.database.write() as session:
            tidy(session)


def forget_tokens(house: House, report: Report) -> None:
    """Tokens that expired a month ago; until then the listing still says why they do not work."""
    with house.database.write() as session:
        gone = AccessToken.expires_at < now(session) - _KEEP_TOKENS_DAYS * DAY
        report.add("expired tokens", session.scalars(select(func.count()).where(gone)).one(), 0)
        if not house.dry_run:
            session.execute(delete(AccessToken).where(gone).execution_options(synchronize_session=False))


def thin_events(house: House, report: Report) -> None:
    """Of long finished jobs, figures over time are thinned to so many points; everything else that happened stays."""
    kept = house.settings.keep_metrics
    with house.database.read() as session:
        since = now(session) - house.settings.keep_metrics_days * DAY
        count = func.count(JobEvent.seq)
        query = select(JobEvent.job_id).join(Job).where(Job.state.in_(sorted(TERMINAL)), Job.finished_at < since)
        crowded = query.where(JobEvent.type.in_(_BULKY)).group_by(JobEvent.job_id).having(count > kept)
        ids = list(session.scalars(crowded))
    for job_id in ids:
        _thin(house, report, job_id, kept)


def _thin(house: House, report: Report, job_id: str, kept: int) -> None:
    of_job = (JobEvent.job_id == job_id, JobEvent.type.in_(_BULKY))
    with house.database.write() as session:
        numbers = list(session.scalars(select(JobEvent.seq).where(*of_job).order_by(JobEvent.seq)))
        spare = surplus(numbers, kept)
        report.add("figures of old jobs", len(spare), 0)
        if not house.dry_run:
            _delete(session, job_id, spare)


def _delete(session: Session, job_id: str, numbers: list[int]) -> None:
    for start in range(0, len(numbers), _BATCH):
        batch = JobEvent.seq.in_(numbers[start : start + _BATCH])
        session.execute(delete(JobEvent).where(JobEvent.job_id == job_id, batch))


def surplus(numbers: list[int], kept: int) -> list[int]:
    """What goes when ``kept`` of them stay, evenly spread, the first and the last among them."""
    last = len(numbers) - 1
    stay = {round(index * last / (kept - 1)) for index in range(kept)} if len(numbers) > kept else set(range(last + 1))
    return [number for index, number in enumerate(numbers) if index not in stay]


def trim_logs(house: House, report: Report) -> None:
    """Logs of processes that run for long are cut, keeping one older half; older halves go after a while.

    A process writes on at the end of its file (``O_APPEND``), so its file is copied and emptied, never replaced; a
    line that it writes between the two is lost.
    """
    folder = house.settings.data_dir / "logs"
    for path in [*folder.glob("*.1"), *folder.glob("*.1.log")]:
        if older(path, house.settings.keep_logs_days * DAY):
            house.remove_now(report, "old logs", path)
    for path in folder.glob("*.log"):
        size = path.stat().st_size
        if size > house.settings.log_bytes and not path.name.endswith(".1.log"):
            report.add("logs cut", 1, size)
            if not house.dry_run:
                shutil.copyfile(path, path.with_suffix(".1.log"))
                os.truncate(path, 0)
