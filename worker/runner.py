"""One job from claim to conclusion: let a child do it, commit what it achieved, say how it ended."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from celery import Celery

from backend import logs
from backend.queue import JOB_TASK
from backend.store import jobs
from backend.store.job_views import request_of
from backend.store.models import Job
from backend.store.outputs import output_of
from backend.store.transitions import Claim, LeaseLost
from ssenet.errors import StorageError, UserError
from ssenet.files import no_space
from worker.app import WorkerApp
from worker.conclude import Conclusion, follow_up
from worker.context import Context
from worker.lease import DATABASE_AWAY, Lease
from worker.make_up import make_up
from worker.prepare import attempt_folder, prepare
from worker.record import Recorder
from worker.results import ProtocolError
from worker.supervise import Outcome, Supervision
from worker.trainer import Launch, Trainer

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobRunner:
    """Does one job at a time.

    Args:
        context: database, artifacts and doorbell.
        owner: name of this worker, for people.
        draining: whether the worker shall finish.
        launch: how a child is started.
    """

    context: Context
    owner: str
    draining: Callable[[], bool] = lambda: False
    launch: Launch = field(default_factory=Launch)

    def run(self, job_id: str) -> Outcome | None:
        """Claim the job and see it through; None when there was nothing to claim or it was lost."""
        claim = self._claim(job_id)
        if claim is None:
            return None
        began, lease = time.monotonic(), Lease(self.context.database, claim)
        with logs.bound(job_id=job_id, fence=claim.fence, request_id=self._asked_by(job_id)):
            try:
                return self._see_through(claim, lease, began)
            except LeaseLost as lost:
                _log.warning("job %s: %s", job_id, lost)
                return None

    def _asked_by(self, job_id: str) -> str | None:
        """The request that submitted the job, for the log; not worth failing for."""
        with suppress(*DATABASE_AWAY), self.context.database.read() as session:
            return request_of(session, job_id)
        return None

    def _claim(self, job_id: str) -> Claim | None:
        if self.draining():
            return None
        try:
            with self.context.database.write() as session:
                return jobs.claim(session, job_id, self.owner, self.context.settings.lease_ttl)
        except DATABASE_AWAY as error:
            _log.warning("the database is away, job %s waits for the next sweep: %s", job_id, error)
            return None

    def _see_through(self, claim: Claim, lease: Lease, began: float) -> Outcome:
        folder = attempt_folder(self.context.artifacts, claim)
        recorder = Recorder(self.context.database, self.context.artifacts, claim, folder, lease)
        outcome = self._outcome(claim, lease, recorder)
        end = Conclusion(claim, lease, recorder, outcome, time.monotonic() - began)
        try:
            waiting = end.commit()
        except LeaseLost:
            raise
        except Exception as error:
            _log.exception("the end of job %s", claim.job_id)
            end = end.unrecorded(error)
            waiting = end.commit()
        follow_up(self.context, end, waiting)
        return end.outcome

    def _outcome(self, claim: Claim, lease: Lease, recorder: Recorder) -> Outcome:
        """How the attempt ended; what nobody foresaw is a crash, and costs neither the job nor the worker."""
        try:
            return self._attempt(claim, lease, recorder)
        except LeaseLost:
            raise
        except UserError as error:
            recorder.blame(str(error), error.kind)
            return "user_error"
        except Exception as error:
            if isinstance(error, OSError) and no_space(error):
                recorder.blame(str(StorageError()), StorageError.kind)
                return "user_error"
            _log.exception("job %s", claim.job_id)
            recorder.blame(f"The worker could not go on with this job ({type(error).__name__}: {error}).")
            return "crashed"

    def _attempt(self, claim: Claim, lease: Lease, recorder: Recorder) -> Outcome:
        run = self._prepared(claim, lease, recorder)
        trainer = Trainer(self.launch, run, self.context.settings.train_memory)
        _log.info("job %s attempt %d: %s in process %d", claim.job_id, claim.fence, claim.kind, trainer.pid)
        try:
            outcome = Supervision(trainer, lease, recorder, self.draining).run()
        except ProtocolError as error:
            recorder.blame(str(error))
            return "crashed"
        if outcome in ("crashed", "stalled") and recorder.error is None:
            recorder.blame(_explain(outcome, trainer))
        if outcome == "done" and not self._left_its_result(claim, lease):
            recorder.blame("The process ended as if it had succeeded, but announced no result.")
            return "crashed"
        return outcome

    def _prepared(self, claim: Claim, lease: Lease, recorder: Recorder) -> dict[str, Any]:
        """The run file's content. The lease is kept in between: states and weights take a while to hash and copy."""
        database, artifacts = self.context.database, self.context.artifacts
        threads = self.context.settings.train_threads
        run = lease.patiently(lambda: prepare(database, artifacts, claim, threads))
        lease.keep()
        lease.patiently(lambda: make_up(database, artifacts, claim, run["resume_from"], lease))
        lease.keep()
        lease.patiently(recorder.look_back)
        lease.keep()  # or the guard would end a trainer that has only just begun
        return run

    def _left_its_result(self, claim: Claim, lease: Lease) -> bool:
        return lease.write(lambda session: output_of(session, session.get_one(Job, claim.job_id)) is not None)


def _explain(outcome: Outcome, trainer: Trainer) -> str:
    status = trainer.exit_status
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    what = "did nothing for a long time and was stopped" if outcome == "stalled" else how
    hint = " Often the memory ran out: retry with smaller settings." if status == -9 and outcome != "stalled" else ""
    return f"The process of this job {what}.{hint} The end of its log:\n{trainer.log_tail()}"


def serve_jobs(worker: WorkerApp, launch: Launch | None = None) -> Celery:
    """Let ``worker`` serve the messages that announce jobs.

    Args:
        worker: the application; its pool child does the work.
        launch: how a job's process is started; None takes the real one.
    """

    @worker.celery.task(name=JOB_TASK)
    def run_job(job_id: object) -> None:
        """A message names a job; the job's row says what there is to do."""
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            _log.warning("dropped a message that names no job: %.80r", job_id)
            return
        runner = JobRunner(worker.context, worker.id, lambda: worker.draining, launch or Launch())
        with worker.busy_with(job_id):
            runner.run(job_id)

    return worker.celery
