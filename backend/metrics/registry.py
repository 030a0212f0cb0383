"""What this process counts for Prometheus, and the middleware that counts requests.

Labels have few values: addresses as their templates, methods and statuses of HTTP, queues, states and kinds.
"""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_REJECTED = frozenset({401, 403, 408, 409, 413, 415, 422, 429, 503, 507})


class Metrics:
    """The counters of one API process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "ssenet_http_requests", "Answered requests.", ("route", "method", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "ssenet_http_request_seconds", "Seconds until an answer began.", ("route", "method"),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.rejected = Counter(
            "ssenet_http_requests_rejected", "Requests that were refused, by status.", ("status",),
            registry=self.registry,
        )  # fmt: skip
        self.under_way = Gauge("ssenet_http_requests_under_way", "Requests not yet answered.", registry=self.registry)
        self.maps = Counter(
            "ssenet_cam_cache_requests", "Raw maps that were wanted: found in the cache, or not.", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self.sweeps = Counter("ssenet_sweeps", "Sweeps by this process.", registry=self.registry)
        self.swept = Counter(
            "ssenet_swept_jobs", "Jobs that a sweep by this process announced again or ended.", ("action",),
            registry=self.registry,
        )  # fmt: skip
        self.freed = Counter(
            "ssenet_upkeep_freed_bytes", "Bytes that upkeep removed, by what they were.", ("what",),
            registry=self.registry,
        )  # fmt: skip
        self.removed = Counter(
            "ssenet_upkeep_removed", "Files, folders and rows that upkeep removed.", ("what",), registry=self.registry
        )

    def text(self) -> bytes:
        """Everything in Prometheus' format."""
        return generate_latest(self.registry)

    def count_maps(self, wanted: int, missing: int) -> None:
        """A request wanted so many raw maps, of which so many had to be computed."""
        self.maps.labels("hit").inc(wanted - missing)
        self.maps.labels("miss").inc(missing)

    def count_sweep(self, announced: int, failed: int, cancelled: int) -> None:
        """A sweep announced so many jobs again, and ended so many."""
        self.sweeps.inc()
        for action, number in (("announced", announced), ("failed", failed), ("cancelled", cancelled)):
            self.swept.labels(action).inc(number)

    def count_removed(self, what: str, number: int, size: int) -> None:
        """Upkeep removed so many of a sort, and so many bytes."""
        self.removed.labels(what).inc(number)
        self.freed.labels(what).inc(size)

    def count_request(self, scope: Scope, status: int, seconds: float) -> None:
        """A request was answered; ``seconds`` until its answer began."""
        route, method = _route(scope), scope["method"] if scope["method"] in _METHODS else "other"
        self.requests.labels(route, method, str(status)).inc()
        self.latency.labels(route, method).observe(seconds)
        if status in _REJECTED:
            self.rejected.labels(str(status)).inc()


def _route(scope: Scope) -> str:
    """The template of an address below the interface's prefix, so that ids make no labels."""
    return str(getattr(scope.get("route"), "path", "other"))


class CountRequests:
    """Counts and times what the whole application answers; the outermost layer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, seconds = time.perf_counter(), 500, None

        async def watched(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
            await send(message)

        with self._metrics.under_way.track_inprogress():
            try:
                await self.app(scope, receive, watched)
            finally:
                taken = time.perf_counter() - began if seconds is None else seconds
                self._metrics.count_request(scope, status, taken)
