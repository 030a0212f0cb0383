"""An image, a checkpoint and a network of plain arithmetic behind the map service, and requests for its maps."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from backend.store.artifacts import cam_artifact, image_key
from backend.store.cams import Wish, request
from backend.store.models import CamRequest, Checkpoint, Image
from ssenet.data.images import encode_png, pixels_sha
from ssenet.results import CheckpointCard, View, cam_key, views_of
from worker.context import Context
from worker.maps import Maps
from worker.model_cache import ModelCache

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
SHA = pixels_sha(PIXELS)
CARD = CheckpointCard(
    name="tiny",
    method="baseline",
    backbone="tf_efficientnet_lite0",
    stride=16,
    classes=("cat", "dog"),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    weights_sha256="0" * 64,
    code_version="0",
)


class Brightness:
    """A network of two classes: how bright a cell is, and how dark. Real arithmetic, no torch."""

    bytes = 10

    def __init__(self) -> None:
        self.calls: list[list[View]] = []
        self.fails: Callable[[Sequence[View]], None] = lambda views: None

    def coarse_logits(self, image: NDArray[np.uint8], views: Sequence[View]) -> dict[View, NDArray[np.float32]]:
        """(2, 3, 4) for each view."""
        self.calls.append(list(views))
        self.fails(views)
        cells = image.reshape(3, 8, 4, 8, 3).mean(axis=(1, 3, 4)).astype(np.float32)
        return {view: np.stack([cells, -cells]) * np.float32(view.scale) for view in views}


def map_service(context: Context, network: Brightness) -> Maps:
    """The service, with an image and a checkpoint in the store."""
    context.artifacts.put_bytes(image_key(SHA), encode_png(PIXELS))
    with context.database.write() as session:
        session.add(
            Image(id=SHA[:32], sha=SHA, width=32, height=24, name="a", source="upload", labels=[], created_at=0.0)
        )
        session.add(
            Checkpoint(
                id="tiny", name="tiny", builtin=False, final=True, method="baseline", card=CARD.model_dump(mode="json"),
                content_sha=CARD.content_sha, weights_key="weights/x.safetensors", size=1, created_at=0.0,
            )
        )  # fmt: skip
    return Maps(context.database, context.artifacts, ModelCache(100), lambda weights, card: network)


def wish(scales: Sequence[float] = (0.5, 1.0), *, flip: bool = False, image: str = SHA[:32], by: str = "tiny") -> Wish:
    """What a page asks for."""
    views = tuple(views_of(scales, flip))
    return Wish(by, image, views, tuple(map_key(view) for view in views))


def ask(context: Context, wanted: Wish, deadline: float = 60.0) -> str:
    """Insert a request as the API does; returns its key."""
    with context.database.write() as session:
        assert request(session, wanted, room=10, deadline=deadline).state == "new"
    return wanted.key


def map_key(view: View) -> str:
    """CAM key of a view of the image."""
    return cam_key(SHA, CARD.content_sha, view, "float16")


def row(context: Context, key: str) -> CamRequest:
    """The request as it is now."""
    with context.database.read() as session:
        found = session.get(CamRequest, key)
    assert found is not None
    return found


def stored(context: Context, view: View) -> NDArray[np.float16]:
    """The artifact of a view."""
    data = context.artifacts.read(cam_artifact(map_key(view)))
    return np.load(io.BytesIO(data), allow_pickle=False)
