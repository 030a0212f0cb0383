"""Stands in for the worker that computes maps: a thread that writes them when it is let."""

from __future__ import annotations

import io
import threading

import numpy as np
from numpy.typing import NDArray

from backend.service import Service
from backend.store.artifacts import cam_artifact, cam_cost_artifact
from backend.store.models import CamRequest, Checkpoint
from backend.store.models import Image as ImageRow
from ssenet.cost import ViewCost
from ssenet.results import CheckpointCard, View, cam_key

Floats = NDArray[np.float16]


def logits_of(view: View, classes: int) -> Floats:
    """Logits that depend on the view; class 1 is there and class 0 a little less, the others are not."""
    side = max(1, round(8 * view.scale))
    out = np.full((classes, side, side), -3.0)
    out[0], out[1] = 0.5, 1.0 + view.scale
    out[:, : side // 2] *= 0.5
    return out.astype(np.float16)


class CamWorker:
    """Computes what is requested, when it is let."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.may_go = threading.Event()
        self.may_go.set()
        self.error: str | None = None
        self.cost: ViewCost | bytes | None = None
        self.cost_may_go = threading.Event()
        self.cost_may_go.set()
        self.computed: list[str] = []
        self.threads: list[threading.Thread] = []

    def take(self, key: str) -> None:
        thread = threading.Thread(target=self._serve, args=(key,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _serve(self, key: str) -> None:
        assert self.may_go.wait(30)
        with self.service.database.read() as session:
            request = session.get(CamRequest, key)
            assert request is not None
            image = session.get(ImageRow, request.image_id)
            checkpoint = session.get(Checkpoint, request.checkpoint_id)
            assert image and checkpoint
        card = CheckpointCard.model_validate(checkpoint.card)
        self.computed.append(key)
        views = [] if self.error else [View.parse(name) for name in request.views]
        keys = [cam_key(image.sha, card.content_sha, view, "float16") for view in views]
        for view, map_key in zip(views, keys, strict=True):
            buffer = io.BytesIO()
            np.save(buffer, logits_of(view, len(card.classes)))
            self.service.artifacts.put_bytes(cam_artifact(map_key), buffer.getvalue())
        self._write_costs(keys)
        with self.service.database.write() as session:
            row = session.get(CamRequest, key)
            assert row is not None
            row.state, row.error, row.finished_at = ("failed", self.error, 1e12) if self.error else ("done", None, 1e12)

    def _write_costs(self, keys: list[str]) -> None:
        assert self.cost_may_go.wait(30)
        if self.cost is not None:
            data = self.cost if isinstance(self.cost, bytes) else self.cost.model_dump_json().encode()
            for map_key in keys:
                self.service.artifacts.put_bytes(cam_cost_artifact(map_key), data)

    def join(self) -> None:
        self.may_go.set()
        self.cost_may_go.set()
        for thread in self.threads:
            thread.join(30)
