"""The worker with the real training process: tiny networks on the demo set."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.store.checkpoints import weights_file
from backend.store.datasets import register
from backend.store.models import Evaluation, Job
from ssenet.config import CamTrainSettings, DatasetSpec
from ssenet.results import CheckpointCard, View
from worker.context import Context
from worker.runner import JobRunner

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]

SMALL: dict[str, Any] = {
    "crop": 64,
    "rate": 0.5,
    "scale_min": 64,
    "scale_max": 80,
    "epochs": 2,
    "batch_size": 4,
    "train_images": 16,
    "val_images": 2,
    "save_every_steps": 1,
    "seed": 3,
}


@pytest.fixture
def demo(context: Context) -> None:
    """The real demo set."""
    with context.database.write() as session:
        register(session, DatasetSpec(name="demo", kind="demo"))


def training(**changes: Any) -> dict[str, Any]:
    """Settings of a training that takes seconds."""
    return CamTrainSettings(**{**SMALL, **changes}).model_dump(mode="json")


@pytest.mark.usefixtures("demo")
def test_a_training_and_its_evaluation_end_in_a_network_that_loads(
    context: Context, submit: Submit, job: Read, checkpoints: Read
) -> None:
    from ssenet.inference import load_network

    runner = JobRunner(context, "test")
    job_id = submit("train_cam", **training())
    assert runner.run(job_id) == "done", job(job_id).error
    rows = checkpoints(job_id)
    assert [row.final for row in rows] == [False, True]
    network = load_network(weights_file(rows[-1], context.artifacts), CheckpointCard.model_validate(rows[-1].card))
    maps = network.coarse_logits(np.zeros((64, 96, 3), np.uint8), [View(scale=1.0)])
    assert maps[View(scale=1.0)].shape == (10, 4, 6)

    with context.database.read() as session:
        follow_up = session.query(Job).filter_by(parent_id=job_id).one()
    assert runner.run(follow_up.id) == "done", job(follow_up.id).error
    with context.database.read() as session:
        evaluation = session.query(Evaluation).filter_by(job_id=follow_up.id).one()
    assert evaluation.checkpoint_id == rows[-1].id and evaluation.summary


@pytest.mark.slow
@pytest.mark.usefixtures("demo")
def test_settings_that_the_data_cannot_meet_fail_with_words(context: Context, submit: Submit, job: Read) -> None:
    job_id = submit("train_cam", **training(split="nowhere"))
    assert JobRunner(context, "test").run(job_id) == "user_error"
    assert "has no split 'nowhere'" in job(job_id).error["message"]


@pytest.mark.slow
@pytest.mark.usefixtures("demo")
def test_a_drained_training_ends_in_the_same_weights_as_an_uninterrupted_one(
    context: Context, submit: Submit, job: Read, checkpoints: Read, wait_until: Wait
) -> None:
    whole = submit("train_cam", **training())
    assert JobRunner(context, "test").run(whole) == "done"
    broken, stop = submit("train_cam", **training()), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(JobRunner(context, "test", stop.is_set).run, broken)
        wait_until(lambda: job(broken).progress_done, timeout=120)
        stop.set()
        assert running.result(120) == "drained"
    assert JobRunner(context, "test").run(broken) == "done"
    assert (job(broken).fence, job(broken).attempts) == (2, 1)
    keys = [[Path(row.weights_key).name for row in checkpoints(job_id)] for job_id in (whole, broken)]
    assert keys[0] == keys[1]
