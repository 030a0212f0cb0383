"""Torch is for the job's own process and the infer pool child, never for what forks them."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["worker.train", "worker.infer", "backend.supervisor.up"])
def test_the_parent_processes_load_no_torch(module: str) -> None:
    code = f"import sys, {module}; print(*{{'torch', 'streamlit', 'fastapi'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
