"""The train queue: ``celery --app worker.train worker`` serves it.

Neither the worker nor its pool child ever loads torch: a card that fails, or memory that runs out, takes the
job's own process and nothing else.
"""

from __future__ import annotations

from backend.queue import TRAIN_QUEUE
from backend.settings import Settings
from worker.app import WorkerApp
from worker.runner import serve_jobs

worker = WorkerApp(Settings(), TRAIN_QUEUE)
app = serve_jobs(worker)
