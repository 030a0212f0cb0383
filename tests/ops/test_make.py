"""The commands of the README, and that locks install the same everywhere."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-crf.lock")


def dry_run(*targets: str) -> str:
    """What make would do."""
    command = ["make", "--dry-run", "--always-make", *targets]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_default_suite_and_the_long_one_share_no_test() -> None:
    assert '-m "not slow and not gpu"' in dry_run("test")
    assert '-m "slow and not gpu"' in dry_run("test-full")


def test_run_makes_the_environment_from_the_hashed_lock_and_starts_everything() -> None:
    steps = dry_run("run")
    order = [
        steps.index(step) for step in ("-m venv", "pip sync", "--editable .", "requirements-crf.lock", "ssenet-lab up")
    ]
    assert order == sorted(order)
    assert "--require-hashes requirements.lock" in steps


def test_ci_runs_lint_then_both_suites_and_treats_skipped_browsers_as_failures() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^(?:make|twice) (\S+)$", script, re.MULTILINE) == ["lint", "test", "test-full"]
    assert "--last-failed-no-failures none" in script, "a run that broke off is no success"
    assert "set -euo pipefail" in script and "CI=true" in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_versions_and_hashes_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    requirements = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert requirements and all("==" in line and line.endswith("\\") for line in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)
    assert not re.search(r"https?://|file:|--index|--find-links", text)


def test_the_lock_of_one_tool_does_not_record_addresses_either() -> None:
    assert not (ROOT / "uv.lock").exists()
