"""One job from claim to conclusion: let a child do it, commit what it achieved, say how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from celery import Celery
from sqlalchemy.orm import Session

from backend.queue import JOB_TASK
from backend.store import jobs
from backend.store.models import Job
from backend.store.outputs import output_of
from backend.store.transitions import Claim, LeaseLost, move_owned, note
from ssenet.errors import UserError
from worker.app import WorkerApp
from worker.context import Context
from worker.lease import Lease
from worker.prepare import attempt_folder, discard_states, run_file
from worker.record import Recorder
from worker.results import ProtocolError
from worker.supervise import Outcome, Supervision
from worker.trainer import Launch, Trainer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conclusion:
    """How an attempt ended, with what is needed to say so."""

    claim: Claim
    lease: Lease
    recorder: Recorder
    outcome: Outcome
    seconds: float


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
        try:
            return self._see_through(claim, lease, began)
        except LeaseLost as lost:
            _log.warning("job %s: %s", job_id, lost)
            return None

    def _see_through(self, claim: Claim, lease: Lease, began: float) -> Outcome:
        recorder = self._recorder(claim)
        try:
            outcome = self._attempt(claim, lease, recorder)
        except UserError as error:
            outcome, recorder.error = "user_error", str(error)
        self._conclude(Conclusion(claim, lease, recorder, outcome, time.monotonic() - began))
        return outcome

    def _claim(self, job_id: str) -> Claim | None:
        if self.draining():
            return None
        with self.context.database.write() as session:
            return jobs.claim(session, job_id, self.owner, self.context.settings.lease_ttl)

    def _recorder(self, claim: Claim) -> Recorder:
        folder = attempt_folder(self.context.artifacts, claim)
        return Recorder(self.context.database, self.context.artifacts, claim, folder)

    def _attempt(self, claim: Claim, lease: Lease, recorder: Recorder) -> Outcome:
        with self.context.database.read() as session:
            run = run_file(session, self.context.artifacts, claim, self.context.settings.train_threads)
        trainer = Trainer(self.launch, run)
        _log.info("job %s attempt %d: %s in process %d", claim.job_id, claim.fence, claim.kind, trainer.pid)
        try:
            outcome = Supervision(trainer, lease, recorder, self.draining).run()
        except ProtocolError as error:
            recorder.error = str(error)
            return "crashed"
        if outcome in ("crashed", "stalled"):
            recorder.error = _explain(outcome, trainer)
        if outcome == "done" and not self._left_its_result(claim):
            recorder.error = "The process ended as if it had succeeded, but announced no result."
            return "crashed"
        return outcome

    def _left_its_result(self, claim: Claim) -> bool:
        with self.context.database.read() as session:
            return output_of(session, session.get_one(Job, claim.job_id)) is not None

    def _conclude(self, end: Conclusion) -> None:
        if end.outcome == "done":
            self._finish(end)
        elif end.outcome == "user_error":
            self._fail(end, "settings", end.recorder.error or "The job was refused without a reason.")
        elif end.outcome == "cancelled":
            # What it saved stays: a retry goes on from there.
            end.lease.write(lambda session: jobs.stop(session, end.claim))
        elif end.outcome == "drained":
            end.lease.write(lambda session: jobs.release(session, end.claim, "the worker shuts down"))
            self._wake(end.claim.job_id)
        else:
            self._crashed(end)

    def _finish(self, end: Conclusion) -> None:
        measured = end.recorder.measured(end.seconds)
        following = end.lease.write(lambda session: jobs.finish(session, end.claim, measured))
        for job in following:
            self._wake(job.id)
        discard_states(self.context.artifacts, end.claim)

    def _fail(self, end: Conclusion, kind: str, message: str) -> None:
        end.lease.write(lambda session: jobs.fail(session, end.claim, kind, message))

    def _crashed(self, end: Conclusion) -> None:
        """Queue it again, this attempt counted; when it was the last one the job fails with what the log said."""
        claim, message = end.claim, end.recorder.error or ""
        if claim.attempts >= claim.max_attempts:
            self._fail(end, "crash", message)
            return

        def give_back(session: Session) -> None:
            move_owned(session, claim, "release", {Job.lease_owner: None, Job.lease_expires_at: None})
            note(session, claim.job_id, "state", {"state": "queued", "reason": end.outcome, "message": message})

        end.lease.write(give_back)
        self._wake(claim.job_id)

    def _wake(self, job_id: str) -> None:
        if self.context.doorbell.wake(job_id):
            with self.context.database.write() as session:
                jobs.mark_dispatched(session, job_id)


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
    def run_job(job_id: str) -> None:
        """A message names a job; the job's row says what there is to do."""
        runner = JobRunner(worker.context, worker.id, lambda: worker.status.draining, launch or Launch())
        with worker.busy_with(job_id):
            runner.run(job_id)

    return worker.celery
