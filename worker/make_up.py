"""What an earlier attempt told and its worker did not live to record."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.store.artifacts import ArtifactStore, attempt_key, job_folder
from backend.store.database import Database
from backend.store.models import Checkpoint
from backend.store.transitions import Claim
from ssenet.training.event_log import logged_events
from ssenet.training.notes import STATES, newest_whole
from worker.record import Recorder
from worker.results import ProtocolError

_log = logging.getLogger(__name__)


def make_up(database: Database, artifacts: ArtifactStore, claim: Claim, resume_from: str | None) -> None:
    """Record the events of an earlier attempt at this job, up to the state that the new one goes on from.

    The steps before that state are not done again, so nobody would tell of them any more.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    folder = Path(resume_from) if resume_from else None
    if folder is None or not folder.is_relative_to(artifacts.path(job_folder(claim.job_id)).absolute()):
        return  # nothing, or the attempt of a job that this one retries: its events are its own
    newest, _ = newest_whole(artifacts.path(attempt_key(claim.job_id, claim.fence)) / STATES)  # taken over from there
    recorder = Recorder(database, artifacts, claim, folder)
    recorder.look_back()
    known = _committed(database, claim.job_id)
    for event in logged_events(folder) if newest else []:
        if newest and event["step"] <= newest.step and not (event["type"] == "checkpoint" and event["step"] in known):
            recorder.take(event)
    try:
        recorder.flush(everything=True)
    except ProtocolError as error:
        _log.warning("job %s: attempt %s left something damaged: %s", claim.job_id, folder.name, error)


def _committed(database: Database, job_id: str) -> set[Any]:
    with database.read() as session:
        return set(session.scalars(select(Checkpoint.step).where(Checkpoint.job_id == job_id)))
