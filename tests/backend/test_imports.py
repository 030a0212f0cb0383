"""The API loads neither torch nor anything of the other rooms."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from backend.app import create_app
import backend.openapi
create_app()
import backend.store.seed, backend.store.sweep, backend.weights_upload
found = [m for m in ("torch", "torchvision", "timm", "streamlit", "worker", "frontend") if m in sys.modules]
assert not found, found
"""


def test_the_api_is_free_of_torch() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
