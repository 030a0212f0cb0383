"""Promise L4, in short: ``scripts/soak.py`` for less than a minute."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from soak import Soak

Measured = Callable[..., None]


@pytest.mark.slow
@pytest.mark.promise("L4")
@pytest.mark.timeout(900)
def test_after_a_while_of_faults_nothing_is_lost_and_nothing_is_left(tmp_path: Path, measured: Measured) -> None:
    soak = Soak(tmp_path, 3)
    outcome = soak.run(45)
    assert outcome.passed, f"{soak.history}\n{json.dumps(outcome.line, indent=1)}\n{outcome.violations}"
    for figure in outcome.figures:
        measured(figure["what"], figure["value"], figure["unit"], figure["limit"])
    assert sum(outcome.faults.values()) >= 3 and outcome.jobs.get("succeeded", 0) >= 2, outcome
