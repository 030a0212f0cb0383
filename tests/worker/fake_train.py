"""The train worker with the stand-in child: ``celery --app fake_train worker``; FAKE_MODE says how it behaves."""

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
app = serve_jobs(WorkerApp(Settings(), TRAIN_QUEUE), Launch([sys.executable, str(child), os.environ["FAKE_MODE"]]))
