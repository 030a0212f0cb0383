"""On-demand CAMs: from a request's row to raw coarse logits in the artifact store."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.store.artifacts import ArtifactStore, cam_artifact, image_key
from backend.store.checkpoints import weights_file
from backend.store.database import Database, now
from backend.store.models import CamRequest, Checkpoint, Image
from ssenet.data.images import ImageLimits, decode_image, working_image
from ssenet.errors import ImageError, UserError
from ssenet.results import CheckpointCard, View, cam_key
from worker.cost import CostMeter, Took, stopwatch
from worker.model_cache import ModelCache

Rgb = NDArray[np.uint8]
Batch = dict[View, NDArray[np.float32]]
_STORED = ImageLimits(size=2**31, pixels=2**31, side=2**31)
"""What is in the store was checked when it came in; as PNG it may be larger than the file it came as."""
_log = logging.getLogger(__name__)


class CamNetwork(Protocol):
    """What is needed of ``ssenet.inference.Network``."""

    @property
    def bytes(self) -> int:
        """Memory of the weights."""
        ...

    def coarse_logits(self, image: Rgb, views: Sequence[View]) -> Batch:
        """Raw logits (K, h, w) of each view."""
        ...


@dataclass(frozen=True)
class Wish:
    """A request with everything that it names."""

    key: str
    image_sha: str
    views: tuple[View, ...]
    weights: Path
    card: CheckpointCard


@dataclass(frozen=True)
class Maps:
    """Serves CAM requests one at a time.

    Args:
        database: holds the requests.
        artifacts: holds images, weights and maps.
        cache: networks that stay loaded.
        load: makes a network from weights and card.
        out_of_memory: exceptions that mean that the device's memory ran out.
        free: gives memory of dropped networks back to the device.
        meter: writes down what each map cost; None writes nothing.
    """

    database: Database
    artifacts: ArtifactStore
    cache: ModelCache[CamNetwork]
    load: Callable[[Path, CheckpointCard], CamNetwork]
    out_of_memory: tuple[type[BaseException], ...] = (MemoryError,)
    free: Callable[[], None] = lambda: None
    meter: CostMeter[CamNetwork] | None = None

    def serve(self, key: str) -> bool:
        """Compute what the request asks for; False when it is over, expired or failed.

        Why it failed is in the request's row, in words for the person who asked.
        """
        wish = self._accept(key)
        if wish is None:
            return False
        try:
            self._compute(wish)
        except UserError as error:
            self._settle(key, str(error))
            return False
        except self.out_of_memory:
            _log.exception("CAM request %s", key)
            self._settle(key, "The image is too large for this device's memory at these scales. Leave out the largest.")
            return False
        except Exception:
            _log.exception("CAM request %s", key)
            self._settle(key, "The worker could not compute the maps; its log says why.")
            raise
        self._settle(key, None)
        return True

    def _accept(self, key: str) -> Wish | None:
        """The request, unless nobody waits for it any more; a request for something deleted is refused."""
        with self.database.read() as session:
            request = session.get(CamRequest, key)
            if request is None or request.state != "pending" or request.expires_at < now(session):
                return None
            image = session.get(Image, request.image_id)
            checkpoint = session.get(Checkpoint, request.checkpoint_id)
        if image is None or checkpoint is None:
            self._settle(key, "The image or the checkpoint was deleted in the meantime.")
            return None
        card = CheckpointCard.model_validate(checkpoint.card)
        views = tuple(_view(value) for value in request.views)
        return Wish(key, image.sha, views, weights_file(checkpoint, self.artifacts), card)

    def _compute(self, wish: Wish) -> None:
        missing = [view for view in wish.views if not self.artifacts.exists(cam_artifact(_key(wish, view)))]
        if not missing:
            return
        network = self.cache.get(wish.card.content_sha, lambda: self.load(wish.weights, wish.card))
        image = self._image(wish.image_sha)
        ordered = sorted(missing, key=lambda view: (view.scale, view.flip))
        took: list[Took] = []
        try:
            # Scale by scale, smallest first: whoever waits sees the first map while the last is computed.
            for _, group in groupby(ordered, key=lambda view: view.scale):
                took += self._one_scale(wish, network, image, list(group))
        finally:
            self._write_costs(wish, network, image, took)

    def _one_scale(self, wish: Wish, network: CamNetwork, image: Rgb, views: list[View]) -> Iterator[Took]:
        for batch, network_ms in self._forward(wish, network, image, views):
            for view, logits in batch.items():
                with stopwatch() as encoding:
                    data = npy_bytes(logits.astype(np.float16))
                self.artifacts.put_bytes(cam_artifact(_key(wish, view)), data)
                yield Took(view, len(batch), network_ms, encoding.ms)

    def _write_costs(self, wish: Wish, network: CamNetwork, image: Rgb, took: Sequence[Took]) -> None:
        """After the maps: to count a network takes as long as a small map, and nobody shall wait for it."""
        if self.meter is None:
            return
        for one in took:
            self.meter.record(_key(wish, one.view), network, wish.card.content_sha, image.shape[:2], one)

    def _forward(self, wish: Wish, network: CamNetwork, image: Rgb, views: list[View]) -> Iterator[tuple[Batch, float]]:
        """One scale, with its milliseconds; when memory runs out, once more without other networks, view by view."""
        try:
            whole = _timed(network, image, views)
        except self.out_of_memory as error:
            dropped = self.cache.evict_others(wish.card.content_sha)
            _log.warning("out of memory (%s); %d other networks dropped, trying view by view", error, dropped)
        else:
            yield whole
            return
        self.free()
        for view in views:
            yield _timed(network, image, [view])

    def _image(self, sha: str) -> Rgb:
        try:
            return working_image(decode_image(self.artifacts.read(image_key(sha)), limits=_STORED))
        except FileNotFoundError:
            raise ImageError("The image's pixels are not in the artifact store any more. Upload it again.") from None

    def _settle(self, key: str, error: str | None) -> None:
        with self.database.write() as session:
            request = session.get(CamRequest, key)
            if request is not None and request.state == "pending":
                request.state = "done" if error is None else "failed"
                request.error, request.finished_at = error, now(session)


def npy_bytes(array: NDArray[Any]) -> bytes:
    """``array`` as an npy file, C order, never pickled."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _view(value: Any) -> View:
    return View.parse(value) if isinstance(value, str) else View.model_validate(value)


def _timed(network: CamNetwork, image: Rgb, views: list[View]) -> tuple[Batch, float]:
    with stopwatch() as watch:
        batch = network.coarse_logits(image, views)  # they are on the CPU: the device is done
    return batch, watch.ms


def _key(wish: Wish, view: View) -> str:
    return cam_key(wish.image_sha, wish.card.content_sha, view, "float16")
