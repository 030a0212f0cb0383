"""What earlier attempts told and their workers did not live to record."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.store.artifacts import ArtifactStore, attempt_key, job_folder
from backend.store.database import Database
from backend.store.models import Checkpoint
from backend.store.transitions import Claim
from ssenet.training.event_log import logged_events
from ssenet.training.notes import STATES, newest_whole
from worker.lease import Lease
from worker.record import Recorder
from worker.results import ProtocolError
from worker.trainer import Event

_log = logging.getLogger(__name__)


def make_up(
    database: Database, artifacts: ArtifactStore, claim: Claim, resume_from: str | None, lease: Lease | None = None
) -> None:
    """Record the events of all earlier attempts at this job, up to the state that the new one goes on from.

    The steps before that state are not done again, so nobody would tell of them any more. Who left the state need not
    be who told of them: an attempt may have taken it over and died before it was through with this.

    Args:
        resume_from: folder of the attempt that the new one goes on from.
        lease: the claim's, to be kept meanwhile.

    Raises:
        LeaseLost: the job is no longer owned.
    """
    own = artifacts.path(job_folder(claim.job_id)).absolute()
    if resume_from is None or not Path(resume_from).is_relative_to(own):
        return  # nothing, or the attempt of a job that this one retries: its events are its own
    newest, _ = newest_whole(artifacts.path(attempt_key(claim.job_id, claim.fence)) / STATES)  # taken over from there
    for fence in range(1, claim.fence) if newest else ():
        if lease is not None:
            lease.keep()
        folder = artifacts.path(attempt_key(claim.job_id, fence)).absolute()
        known = _committed(database, claim.job_id)
        events = (event for event in logged_events(folder) if newest and event["step"] <= newest.step)
        missing = (event for event in events if event["type"] != "checkpoint" or event["step"] not in known)
        _record(Recorder(database, artifacts, claim, folder, lease), missing, folder)


def _record(recorder: Recorder, events: Iterable[Event], folder: Path) -> None:
    """Record what is not recorded yet; something damaged is left out and hides nothing that came after it."""
    recorder.look_back()
    for event in events:
        recorder.take(event)
    while True:
        try:
            return recorder.flush(everything=True)
        except ProtocolError as error:
            _log.warning("%s left something damaged: %s", folder, error)
            recorder.drop()


def _committed(database: Database, job_id: str) -> set[Any]:
    with database.read() as session:
        return set(session.scalars(select(Checkpoint.step).where(Checkpoint.job_id == job_id)))
