"""The log of a real worker: each line about a job says which one, which attempt, and who asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from celery_workers import workers_of

from backend import logs
from backend.settings import Settings
from backend.store.models import Job
from worker.context import Context


@pytest.mark.slow
def test_a_jobs_lines_lead_back_to_the_request(
    context: Context,
    tmp_path: Path,
    broker: str,
    submit: Callable[..., str],
    job: Callable[[str], Job],
    wait_until: Callable[..., object],
) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=broker)
    with logs.bound(request_id="r9"):
        job_id = submit()
        context.doorbell.wake(job_id)
    with workers_of(settings) as start:
        worker = start("work", environment={"SSENET_LOG_FORMAT": "json"})
        wait_until(lambda: job(job_id).state == "succeeded", timeout=60, what="the job")
    # Before it sets up its logs, Celery prints a banner and a warning about root.
    lines = [json.loads(line) for line in worker.log.read_text().splitlines() if line.startswith("{")]
    about = [line for line in lines if line.get("job_id") == job_id]
    assert about and {line["request_id"] for line in about} == {"r9"}
    assert {line["fence"] for line in about if line["logger"] == "worker.runner"} == {1}
    assert {line["service"] for line in lines} == {"train"}
