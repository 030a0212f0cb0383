"""Promise R21: whatever is killed, paused, lost or repeated, every job ends once with all of its steps in order.

A failure prints the seed, the history and the violations; ``SSENET_CHAOS_SEED=N`` repeats that seed alone.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery_workers import alive
from installation import Slot
from nemesis import FAULTS
from run import PEACE_SECONDS, Run, Verdict

FAULT_SECONDS = 27.0
FIXED_SEEDS = (1, 8, 23)
Wait = Callable[..., object]
Measured = Callable[..., None]


def seeds() -> list[Any]:
    """The fixed ones and one nobody chose, or the one that was asked for."""
    given = os.environ.get("SSENET_CHAOS_SEED")
    if given:
        return [int(given)]
    return [*FIXED_SEEDS, pytest.param(None, id="random")]


def judge(verdict: Verdict, measured: Measured) -> None:
    """No violation, and faults that did hit."""
    trainings = [job for job in verdict.evidence.jobs if job.steps is not None]
    measured("faults that hit", sum(verdict.hits.values()))
    measured(f"kinds of fault among them, of {len(FAULTS)}", len(verdict.hits))
    measured("trainings accepted", len(trainings))
    measured("attempts", sum(job.fence for job in trainings))
    measured("late writes that a fence refused", verdict.refused_writes)
    if verdict.violations or verdict.unexpected:
        sys.stderr.write(f"\n{verdict.report}\n")
    measured("violations of the six rules", len(verdict.violations), "", limit=0)
    assert not verdict.unexpected, verdict.report
    measured("time until all was done after the last fault", verdict.peace_seconds, "s", limit=PEACE_SECONDS)


@pytest.mark.slow
@pytest.mark.promise("R21")
@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_lost_doubled_or_out_of_order(
    seed: int | None, tmp_path: Path, wait_until: Wait, measured: Measured, capfd: pytest.CaptureFixture[str]
) -> None:
    chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
    with capfd.disabled():  # also when it hangs, or is killed
        sys.stderr.write(f"\nSSENET_CHAOS_SEED={chosen}\n")
    with Run(tmp_path, chosen, wait_until) as run:
        run.suffer(FAULT_SECONDS)
        verdict = run.conclude()
    judge(verdict, measured)
    assert sum(verdict.hits.values()) >= 10, verdict.report
    assert len(verdict.evidence.jobs) >= 5, verdict.report


@pytest.mark.slow
@pytest.mark.promise("R21")
def test_what_a_replaced_worker_still_wants_to_write_is_refused(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    with Run(tmp_path, 0, wait_until) as run:
        run.clients.submit(12)
        slot = wait_until(lambda: at_work(run), timeout=60, what="a worker that has committed a step")
        assert isinstance(slot, Slot)
        [holder], [zombie] = slot.pool_child, slot.trainers
        holder.suspend()
        wait_until(lambda: run.highest_fence > 1, timeout=30, what="the next owner")
        assert alive([zombie]), "the process of the replaced worker goes on, as nobody looks after it"
        holder.resume()
        wait_until(lambda: run.installation.refused_writes, what="a refused write")
        wait_until(lambda: not alive([zombie]), what="the end of the replaced process")
        verdict = run.conclude()
    judge(verdict, measured)
    assert verdict.refused_writes >= 1, "the write was stopped by the fence, not by chance"


def at_work(run: Run) -> Slot | None:
    """The worker whose job has committed a step, when there is one."""
    committed = run.evidence.checkpoints
    return next((slot for slot in run.installation.slots if slot.trainers and committed), None)
