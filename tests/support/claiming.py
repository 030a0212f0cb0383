"""A process that claims one job over and over, with a clock of its own: ``claiming.py URL JOB SECONDS OFFSET``.

Its host's clock is OFFSET seconds off, as far as the program can see (``time.time``). Each time it owns the job it
notes from when until when, by a clock that all processes of this machine share (``time.monotonic``), commits one
event, and then either gives the job back or, one time in four, lets its lease run out as if it had been killed.
"""

from __future__ import annotations

import json
import random
import sys
import time

from backend.store import job_records, jobs
from backend.store.database import Database
from backend.store.transitions import LeaseLost

TTL = 0.25
HOLD = 0.02


def main() -> None:
    """Say ``ready``, wait for a line, claim until the time is up.

    Prints what was owned as JSON lines: [from, until, fence, abandoned, lost].
    """
    url, job_id, seconds, offset = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:5])
    real = time.time
    time.time = lambda: real() + offset
    database, chance = Database(url), random.Random(job_id + sys.argv[4])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        attempt(database, job_id, abandon=chance.random() < 0.25)


def attempt(database: Database, job_id: str, *, abandon: bool) -> None:
    """Try to own the job once."""
    with database.write() as session:
        claim = jobs.claim(session, job_id, f"claimer {time.time():.0f}", TTL)
    if claim is None:
        time.sleep(0.005)
        return
    since, lost = time.monotonic(), False
    time.sleep(HOLD)
    try:
        with database.write() as session:
            job_records.add_events(session, claim, [("metrics", {"fence": claim.fence})])
            until = time.monotonic()  # not later than the commit: the lease holds up to here
        if not abandon:
            with database.write() as session:
                jobs.release(session, claim, "next one")
    except LeaseLost:
        until, lost = time.monotonic(), True
    sys.stdout.write(json.dumps([since, until, claim.fence, abandon, lost]) + "\n")
    sys.stdout.flush()
    if abandon:
        time.sleep(TTL * 1.2)


if __name__ == "__main__":
    main()
