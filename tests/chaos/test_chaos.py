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
from run import PEACE_SECONDS, Run, Verdict

FAULT_SECONDS = 35.0
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
    if verdict.violations or verdict.unexpected:
        pytest.fail(verdict.report, pytrace=False)
    trainings = [job for job in verdict.evidence.jobs if job.steps is not None]
    measured("violations of the six rules", len(verdict.violations), "", limit=0)
    measured("faults that hit", sum(verdict.hits.values()))
    measured("trainings accepted", len(trainings))
    measured("attempts", sum(job.fence for job in trainings))
    measured("late writes that a fence refused", verdict.refused_writes)
    measured("time until all was done after the last fault", verdict.peace_seconds, "s", limit=PEACE_SECONDS)


@pytest.mark.slow
@pytest.mark.promise("R21")
@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_lost_doubled_or_out_of_order(
    seed: int | None, tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
    sys.stderr.write(f"\nSSENET_CHAOS_SEED={chosen}\n")
    with Run(tmp_path, chosen, wait_until) as run:
        run.suffer(FAULT_SECONDS)
        verdict = run.conclude()
    sys.stderr.write(f"{verdict.hits}\n")
    judge(verdict, measured)
    assert sum(verdict.hits.values()) >= 10, verdict.report
    assert len(verdict.evidence.jobs) >= 5, verdict.report
