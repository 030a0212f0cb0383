"""Maps of turned and shifted photographs: a real small network behind the worker, against torch step by step."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pictures

from backend.store.artifacts import cam_artifact, image_key
from backend.store.cams import Wish, request
from backend.store.models import Checkpoint, Image
from ssenet.data.images import encode_png, pixels_sha
from ssenet.inference import Network
from ssenet.models.cam import build_cam_net
from ssenet.results import CheckpointCard, View, cam_key
from ssenet.transforms import Rotate, Shift
from worker.context import Context
from worker.maps import Maps
from worker.model_cache import ModelCache

PIXELS = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
SHA = pixels_sha(PIXELS)
CARD = CheckpointCard(
    name="tiny",
    method="baseline",
    backbone="mobilenetv2_050",
    stride=16,
    classes=("cat", "dog"),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.3, 0.4),
    weights_sha256="0" * 64,
    code_version="0",
)
VIEWS = (
    View(scale=1),
    View(scale=1, rotation=15),
    View(scale=1, flip=True, rotation=-40),
    View(scale=0.5, shift_x=0.25, shift_y=-0.125),
)


@pytest.fixture(scope="module")
def network() -> Network:
    """Random weights: its maps are noise, but noise of what it is shown."""
    torch.manual_seed(0)
    return Network(build_cam_net("mobilenetv2_050", 16, 2).eval(), CARD, torch.device("cpu"))


@pytest.fixture
def maps(context: Context, network: Network) -> Maps:
    """The service, with a photograph and a checkpoint in the store."""
    context.artifacts.put_bytes(image_key(SHA), encode_png(PIXELS))
    with context.database.write() as session:
        session.add(
            Image(id=SHA[:32], sha=SHA, width=96, height=64, name="a", source="upload", labels=[], created_at=0.0)
        )
        session.add(
            Checkpoint(
                id="tiny", name="tiny", builtin=False, final=True, method="baseline", card=CARD.model_dump(mode="json"),
                content_sha=CARD.content_sha, weights_key="weights/x.safetensors", size=1, created_at=0.0,
            )
        )  # fmt: skip

    def load(weights: Path, card: CheckpointCard) -> Network:
        assert (weights.name, card) == ("x.safetensors", CARD)
        return network

    return Maps(context.database, context.artifacts, ModelCache(2**30), load)


def key_of(view: View) -> str:
    return cam_key(SHA, CARD.content_sha, view, "float16")


def by_hand(network: Network, view: View) -> NDArray[np.float32]:
    """Scale, normalise, turn, shift, mirror; the network; mirror back."""
    size = round(96 * view.scale), round(64 * view.scale)
    scaled = Pictures.fromarray(PIXELS).resize(size, Pictures.Resampling.BICUBIC)
    x = torch.from_numpy(np.asarray(scaled).copy()).permute(2, 0, 1).float() / 255
    x = ((x - torch.tensor(CARD.mean)[:, None, None]) / torch.tensor(CARD.std)[:, None, None])[None]
    if view.rotation:
        x = Rotate(view.rotation).image(x)
    if view.shift_x or view.shift_y:
        x = Shift(view.shift_x, view.shift_y).image(x)
    with torch.inference_mode():
        y = network.model(x.flip(-1) if view.flip else x)[0]
    return (y.flip(-1) if view.flip else y).numpy()


def test_the_worker_computes_warped_views(context: Context, maps: Maps, network: Network) -> None:
    wish = Wish("tiny", SHA[:32], VIEWS, tuple(key_of(view) for view in VIEWS))
    with context.database.write() as session:
        assert request(session, wish, room=10, deadline=60).state == "new"
    assert maps.serve(wish.key)
    found = {}
    for view in VIEWS:
        data = context.artifacts.read(cam_artifact(key_of(view)))
        found[view] = np.load(io.BytesIO(data), allow_pickle=False)
        expected = by_hand(network, view)
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(found[view].astype(np.float32), expected, atol=2e-3 * scale)
    turned = np.abs(found[VIEWS[1]].astype(np.float32) - found[VIEWS[0]].astype(np.float32)).max()
    assert turned > 0.05 * np.abs(found[VIEWS[0]]).max(), "turning changes what the network sees"
