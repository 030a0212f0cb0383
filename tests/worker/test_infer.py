"""The infer worker as a real Celery worker with real networks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
import pytest

from backend.queue import Doorbell, redis_client
from backend.store.artifacts import cam_artifact, cam_cost_artifact, image_key
from backend.store.cams import Wish, request
from backend.store.models import CamRequest, Checkpoint, Image, Worker
from backend.store.seed import seed
from ssenet.cost import ViewCost
from ssenet.data.images import decode_image
from ssenet.results import CheckpointCard, cam_key, views_of
from worker.context import Context

Wait = Callable[..., Any]


@pytest.fixture
def installation(context: Context) -> Context:
    """With the gallery and the built-in checkpoints."""
    seed(context.database, context.settings)
    with redis_client(context.settings.broker) as client:
        client.flushall()
    return context


@pytest.fixture
def infer_worker(installation: Context) -> Iterator[subprocess.Popen[bytes]]:
    """A started worker, killed after the test."""
    settings = installation.settings
    places = {"SSENET_DATA_DIR": str(settings.data_dir), "SSENET_REDIS_URL": settings.redis_url}
    command = ["celery", "--app", "worker.infer", "worker", "--pool", "prefork", "--concurrency", "1"]
    with (settings.data_dir / "infer.log").open("wb") as log:
        popen = subprocess.Popen(
            [sys.executable, "-m", *command, "--queues", "infer"], env={**os.environ, **places}, stdout=log, stderr=log
        )
    yield popen
    popen.kill()
    popen.wait()


def warm(context: Context) -> list[Worker]:
    """Workers that have a network loaded."""
    with context.database.read() as session:
        return list(session.query(Worker).filter_by(queue="infer", warm=True))


def ask(context: Context, checkpoint: str, scales: tuple[float, ...]) -> Wish:
    """Ask for the maps of a sample photograph, as the API does."""
    with context.database.write() as session:
        image = session.query(Image).order_by(Image.created_at.desc()).first()
        row = session.get(Checkpoint, checkpoint)
        assert image is not None and row is not None
        views = tuple(views_of(scales, True))
        sha = CheckpointCard.model_validate(row.card).content_sha
        wish = Wish(checkpoint, image.id, views, tuple(cam_key(image.sha, sha, view, "float16") for view in views))
        assert request(session, wish, room=64, deadline=60).state == "new"
    assert Doorbell.of(context.settings).request_cam(wish.key, expires=60)
    return wish


def settled(context: Context, wish: Wish) -> bool:
    """Whether the request is over."""
    with context.database.read() as session:
        row = session.get(CamRequest, wish.key)
    assert row is not None and row.error is None, row and row.error
    return row.state == "done"


def check_maps(context: Context, wish: Wish, *, rtol: float, atol: float) -> None:
    """The artifacts of ``wish`` are float16, agree with the CPU's own computation, and their cost lies beside them."""
    from torch import device

    from ssenet.inference import load_network
    from ssenet.macs import multiply_accumulates
    from ssenet.weights.builtin import builtin

    source = builtin(wish.checkpoint_id)
    with context.database.read() as session:
        image = session.get(Image, wish.image_id)
    assert source is not None and image is not None
    pixels = decode_image(context.artifacts.read(image_key(image.sha)))
    network = load_network(source.weights, source.card, device("cpu"))
    expected = network.coarse_logits(pixels, list(wish.views))
    for view, key in zip(wish.views, wish.keys, strict=True):
        stored = np.load(io.BytesIO(context.artifacts.read(cam_artifact(key))), allow_pickle=False)
        assert stored.dtype == np.float16 and stored.shape[0] == len(source.card.classes)
        np.testing.assert_allclose(stored, expected[view], rtol=rtol, atol=atol)
        cost = ViewCost.model_validate_json(context.artifacts.read(cam_cost_artifact(key)))
        assert cost.input_size == network.input_size(pixels.shape[:2], view.scale)
        assert cost.gmac == multiply_accumulates(network.model, cost.input_size) / 1e9 > 0
        assert cost.network_ms > 0 and cost.device


def test_it_warms_up_computes_and_survives_the_loss_of_its_pool_child(
    installation: Context, infer_worker: subprocess.Popen[bytes], wait_until: Wait
) -> None:
    wait_until(lambda: warm(installation), timeout=120, what="a warm worker")
    assert warm(installation)[0].device
    for checkpoint in ("demo-ssenet", "imagenet-lite0"):
        wish = ask(installation, checkpoint, (0.5, 1.0))
        wait_until(lambda wished=wish: settled(installation, wished), timeout=60)
        check_maps(installation, wish, rtol=5e-3, atol=5e-2)

    psutil.Process(infer_worker.pid).children()[0].kill()
    wish = ask(installation, "demo-ssenet", (0.75,))
    wait_until(lambda: settled(installation, wish), timeout=120, what="an answer of a new pool child")


@pytest.mark.gpu
def test_on_a_card_it_names_it_and_its_maps_are_those_of_the_cpu(
    installation: Context, infer_worker: subprocess.Popen[bytes], wait_until: Wait
) -> None:
    import torch

    wait_until(lambda: warm(installation), timeout=180, what="a warm worker")
    assert infer_worker.poll() is None
    assert warm(installation)[0].device == torch.cuda.get_device_name(0)
    wish = ask(installation, "imagenet-lite0", (0.5, 1.0, 1.5, 2.0))
    wait_until(lambda: settled(installation, wish), timeout=60)
    check_maps(installation, wish, rtol=2e-2, atol=0.2)  # TF32 and other kernels
