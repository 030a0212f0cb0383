"""The train worker with the stand-in child: ``celery --app fake_train worker``.

FAKE_MODE says how the child behaves; ``real`` takes the real one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from backend.queue import TRAIN_QUEUE
from backend.settings import Settings
from worker.app import WorkerApp
from worker.runner import serve_jobs
from worker.trainer import Launch

child = Path(__file__).with_name("fake_child.py")
mode = os.environ["FAKE_MODE"]
launch = Launch() if mode == "real" else Launch([sys.executable, str(child), mode])
app = serve_jobs(WorkerApp(Settings(), TRAIN_QUEUE), launch)
