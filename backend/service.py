"""What a running API holds on to, and how routes get at it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Header, Path, Query, Request
from prometheus_client.registry import Collector

from backend.access import caller
from backend.access.quotas import UserStreams
from backend.decoding.pool import DecodeLimits, Decoders
from backend.metrics.caches import CacheCollector
from backend.metrics.registry import Metrics
from backend.metrics.state import StateCollector
from backend.queue import Doorbell
from backend.refinements import Refinements
from backend.settings import Settings
from backend.store.artifacts import ArtifactStore
from backend.store.database import Database
from backend.store.datasets import spec_of
from backend.store.models import Dataset
from backend.store.owners import Identity
from ssenet.data import Dataset as OpenDataset
from ssenet.data import open_dataset
from ssenet.data.images import ImageLimits

_OPEN_DATASETS = 8
_Key = tuple[str, str]


class DatasetCache:
    """The data sets that were used last, opened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: OrderedDict[_Key, OpenDataset] = OrderedDict()
        self._opening: dict[_Key, threading.Lock] = {}

    def get(self, row: Dataset) -> OpenDataset:
        """The data set of ``row``. Opening one, which reads its lists, holds up those only who wait for the same.

        Raises:
            DatasetError: it cannot be opened.
        """
        spec = spec_of(row)
        key = (spec.model_dump_json(), row.fingerprint)
        with self._lock:
            turn = self._opening.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                opened = self._opened.get(key)
            return self._keep(key, opened or open_dataset(spec))

    def _keep(self, key: _Key, opened: OpenDataset) -> OpenDataset:
        with self._lock:
            self._opened[key] = opened
            self._opened.move_to_end(key)
            while len(self._opened) > _OPEN_DATASETS:
                oldest, _ = self._opened.popitem(last=False)
                self._opening.pop(oldest, None)
        return opened


class Service:
    """Database, artifacts and queue of an installation."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.settings, self.metrics = settings, metrics or Metrics()
        self.database = Database(settings.database, identity=self._identity)
        self.artifacts = ArtifactStore(settings.artifacts)
        self.doorbell = Doorbell.of(settings)
        self.datasets = DatasetCache()
        self.decoders = Decoders(_decode_limits(settings))
        # Decoded pixels, and maps of their size, take far more memory than the files they come from.
        self.decoding = CapacityLimiter(2)
        self.user_streams = UserStreams(settings.streams_per_user)
        self.streams = CapacityLimiter(settings.event_streams)
        # Statistics take seconds of a processor: one at a time of each kind, and pictures go on beside them.
        self.comparing = CapacityLimiter(1)
        self.counting = CapacityLimiter(1)
        self.refinements = Refinements()
        self._collectors = self._observe()

    def _observe(self) -> list[Collector]:
        """Let the metrics tell of this installation for as long as it is open."""
        settings = self.settings
        state = StateCollector(self.database, settings.broker, settings.worker_timeout)
        caches = CacheCollector({name: settings.artifacts / name for name in ("cams", "crf")})
        for collector in (state, caches):
            self.metrics.registry.register(collector)
        return [state, caches]

    def _identity(self) -> Identity:
        return caller.identity(login_required=self.settings.login_required)

    def close(self) -> None:
        """Let go of connections and processes."""
        for collector in self._collectors:
            self.metrics.registry.unregister(collector)
        self.decoders.close()
        self.database.dispose()


def _decode_limits(settings: Settings) -> DecodeLimits:
    image = ImageLimits(settings.image_bytes, settings.image_pixels, settings.image_side)
    return DecodeLimits(image, settings.decode_bytes, settings.decode_seconds, settings.decoders)


def _service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

ServiceDep = Annotated[Service, Depends(_service)]
Id = Annotated[str, Path(pattern=IDENTIFIER, description="An id, as listings give it.")]
IdQuery = Annotated[str | None, Query(pattern=IDENTIFIER)]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items of a page.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]
MaxSide = Annotated[int | None, Query(ge=16, le=16_384, description="Shrink to at most this side, in pixels.")]
Accept = Annotated[str | None, Header(include_in_schema=False)]
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]
