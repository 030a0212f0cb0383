"""How an attempt at a job ended: said once, in one transaction, and only then what follows from it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.store import jobs
from backend.store.transitions import Claim
from worker.context import Context
from worker.lease import Lease
from worker.prepare import discard_states
from worker.record import Recorder
from worker.supervise import Outcome

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Conclusion:
    """How an attempt ended, with what is needed to say so."""

    claim: Claim
    lease: Lease
    recorder: Recorder
    outcome: Outcome
    seconds: float

    def commit(self) -> list[str]:
        """Write it down.

        Returns:
            ids of the jobs that wait for a worker now.

        Raises:
            LeaseLost: the job is no longer owned; nothing was written.
        """
        if self.outcome == "done":
            return self._finish()
        if self.outcome == "user_error":
            self._fail("settings", "The job was refused without a reason.")
        elif self.outcome == "cancelled":
            # What it saved stays: a retry goes on from there.
            self.lease.write(lambda session: jobs.stop(session, self.claim))
        elif self.outcome == "drained":
            job = self.lease.write(lambda session: jobs.release(session, self.claim, "the worker shuts down"))
            return [job.id] if job.state == "queued" else []
        else:
            return self._crashed()
        return []

    def unrecorded(self, error: Exception) -> Conclusion:
        """What to write down instead when ``commit`` raised ``error``: an attempt that counts, and why it failed."""
        what = f"How the attempt ended ({self.outcome}) could not be recorded ({type(error).__name__}: {error})."
        self.recorder.blame(f"{what} The worker's log tells more.", "crash")
        return replace(self, outcome="crashed")

    def _finish(self) -> list[str]:
        measured = self.recorder.measured(self.seconds)
        following = self.lease.write(lambda session: jobs.finish(session, self.claim, measured))
        return [job.id for job in following]

    def _fail(self, kind: str, message: str) -> None:
        kind, message = self.recorder.error_kind or kind, self.recorder.error or message
        self.lease.write(lambda session: jobs.fail(session, self.claim, kind, message))

    def _crashed(self) -> list[str]:
        """Queue it again, this attempt counted; when it was the last one the job fails with what the log said."""
        claim, message = self.claim, self.recorder.error or ""
        if claim.attempts >= claim.max_attempts:
            self._fail("crash", "The process of this job crashed without a word.")
            return []
        job = self.lease.write(lambda session: jobs.give_back(session, claim, self.outcome, message))
        return [job.id] if job.state == "queued" else []


def follow_up(context: Context, end: Conclusion, waiting: Sequence[str]) -> None:
    """Announce the jobs that wait now, and remove what nobody needs any more.

    The job is over by now: whatever goes wrong here must neither undo that nor keep the rest from being done.
    """
    for job_id in waiting:
        try:
            _wake(context, job_id)
        except Exception:
            _log.warning("job %s was not announced; the next sweep does it", job_id, exc_info=True)
    if end.outcome == "done":
        try:
            discard_states(context.artifacts, end.claim)
        except OSError:
            _log.warning("states of job %s are left", end.claim.job_id, exc_info=True)


def _wake(context: Context, job_id: str) -> None:
    if context.doorbell.wake(job_id):
        with context.database.write() as session:
            jobs.mark_dispatched(session, job_id)
