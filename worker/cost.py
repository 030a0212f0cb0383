"""What each map costs, measured as it is computed. A measurement that fails costs no map."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from backend.store.artifacts import ArtifactStore, cam_cost_artifact
from ssenet.cost import ViewCost
from ssenet.results import View

N = TypeVar("N")
Size = tuple[int, int]
_log = logging.getLogger(__name__)


@dataclass
class Stopwatch:
    """Milliseconds between two moments."""

    ms: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measures its own block, also one that fails."""
    watch, started = Stopwatch(), time.perf_counter()
    try:
        yield watch
    finally:
        watch.ms = 1000 * (time.perf_counter() - started)


@dataclass(frozen=True)
class Instruments(Generic[N]):
    """How costs are found out.

    Args:
        device: name of what computes.
        input_size: (H, W) that a network sees of a photograph of a size at a scale.
        count: multiply-accumulates of a network for an input of that size.
    """

    device: str
    input_size: Callable[[N, Size, float], Size]
    count: Callable[[N, Size], int]


@dataclass(frozen=True)
class Took:
    """What a view's stages took: the forward pass of all ``batch`` views of its scale, and its own encoding."""

    view: View
    batch: int
    network_ms: float
    encoding_ms: float


@dataclass(frozen=True)
class CostMeter(Generic[N]):
    """Writes what a map cost beside it, and counts each network once per input size."""

    artifacts: ArtifactStore
    instruments: Instruments[N]
    _counted: dict[tuple[str, Size], int] = field(default_factory=dict)

    def record(self, map_key: str, network: N, content_sha: str, photograph: Size, took: Took) -> None:
        """Write what the map with the CAM key ``map_key`` cost, or say in the log why not.

        Args:
            map_key: CAM key of the map.
            network: what computed it.
            content_sha: of the network; equal networks are counted once.
            photograph: its (H, W) at scale 1.
            took: what the stages took.
        """
        try:
            size = self.instruments.input_size(network, photograph, took.view.scale)
            cost = ViewCost(
                gmac=self._macs(network, content_sha, size) / 1e9,
                input_size=size,
                device=self.instruments.device,
                batch=took.batch,
                network_ms=round(took.network_ms / took.batch, 3),
                encoding_ms=round(took.encoding_ms, 3),
            )
            self.artifacts.put_bytes(cam_cost_artifact(map_key), cost.model_dump_json().encode())
        except Exception:
            _log.warning("the cost of a map was not recorded", exc_info=True)

    def _macs(self, network: N, content_sha: str, size: Size) -> int:
        key = (content_sha, size)
        if key not in self._counted:
            self._counted[key] = self.instruments.count(network, size)
        return self._counted[key]
