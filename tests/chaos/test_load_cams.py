"""Promises L1 and L2: many who ask for maps at once, and more than can be served."""

from __future__ import annotations

import asyncio
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from load import Probe, Served, percentile, served

from backend.queue import redis_client

Wait = Callable[..., Any]
Measured = Callable[..., None]
OVERLOAD_SECONDS = float(os.environ.get("SSENET_OVERLOAD_SECONDS", "15"))


@dataclass(frozen=True)
class Answer:
    """What a client got, and after how long."""

    status: int
    seconds: float
    retry_after: str | None


async def ask(http: httpx.AsyncClient, url: str, query: dict[str, Any]) -> Answer:
    """One request for maps."""
    began = time.monotonic()
    got = await http.get(url, params=query, headers={"Accept": "application/x-npz"})
    return Answer(got.status_code, time.monotonic() - began, got.headers.get("retry-after"))


def asynchronous(clients: int) -> httpx.AsyncClient:
    """A client with a connection for each of so many."""
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    return httpx.AsyncClient(limits=limits, timeout=60, trust_env=False)


@pytest.mark.slow
@pytest.mark.promise("L1")
def test_who_wishes_the_same_at_the_same_time_shares_one_computation(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    with served(tmp_path, wait_until, pace=0.03) as service:
        wishes = [
            {"image": image, "scales": scale, "wait": 30} for image in service.images[:10] for scale in (0.5, 1, 1.5, 2)
        ]
        answers = asyncio.run(all_at_once(service.address, wishes * 5))
        executions = service.executions
    refused = [answer for answer in answers if answer.status != 200]
    assert len(wishes) == 40 and len(answers) == 200
    assert all(a.status in (429, 503) and a.retry_after for a in refused), Counter(a.status for a in answers)
    measured("computations for 200 requests of 40 different maps", executions, "", limit=40)
    measured("requests that were refused with Retry-After", len(refused))
    took = [answer.seconds for answer in answers]
    measured("p95 of 200 at once, with a network of 30 ms", percentile(took, 95), "s", limit=20)


async def all_at_once(url: str, wishes: list[dict[str, Any]]) -> list[Answer]:
    """Every wish by a client of its own."""
    async with asynchronous(len(wishes)) as http:
        return list(await asyncio.gather(*(ask(http, url, wish) for wish in wishes)))


@pytest.mark.slow
@pytest.mark.promise("L2")
def test_too_many_requests_are_refused_at_once_and_leave_nothing_behind(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    pace, room = 0.1, 16
    with served(tmp_path, wait_until, pace=pace, environment={"SSENET_CAM_QUEUE": str(room)}) as service:
        asyncio.run(overload(service, 3, 4 / pace, 0))  # connections and caches as they are under load
        wait_until(lambda: asyncio.run(one(service, -0.4)).status == 200, what="an idle worker")
        before = service.resident()
        probe, lengths = Probe(f"{service.installation.address}/healthz"), Lengths(service.installation.settings.broker)
        probe.start()
        lengths.start()
        answers = asyncio.run(overload(service, OVERLOAD_SECONDS, 4 / pace, 1000))
        ended = time.monotonic()
        wait_until(lambda: asyncio.run(one(service, -0.3)).status == 200, what="an answer after the load")
        recovered = time.monotonic() - ended
        probe.stop()
        lengths.stop()
        grown = service.resident() - before
    refused = [answer for answer in answers if answer.status in (429, 503)]
    assert Counter(answer.status for answer in answers).keys() <= {200, 202, 429, 503}
    assert len(refused) > len(answers) / 2 and all(answer.retry_after for answer in refused)
    measured("requests offered a second, of which 10 can be served", len(answers) / OVERLOAD_SECONDS, "1/s")
    measured("median time to be refused", statistics.median(a.seconds for a in refused), "s", limit=0.1)
    measured("messages that waited at most", max(lengths.seen), "", limit=room)
    measured("memory gained by API and worker", grown, "MiB", limit=80)
    measured("time until the next request was served after the load", recovered, "s", limit=5)
    measured("p99 of /healthz under the load", percentile(probe.took, 99), "s", limit=0.2)
    assert probe.failed == 0


async def overload(service: Served, seconds: float, rate: float, first: int) -> list[Answer]:
    """So many different requests a second, whether the earlier ones were answered or not."""
    image = service.images[0]
    tasks: list[asyncio.Task[Answer]] = []
    async with asynchronous(500) as http:
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < seconds:
            while len(tasks) < elapsed * rate:
                query = {"image": image, "scales": 1, "shift_x": (first + len(tasks)) / 10_000, "wait": 0}
                tasks.append(asyncio.create_task(ask(http, service.address, query)))
            await asyncio.sleep(0.01)
        return list(await asyncio.gather(*tasks))


async def one(service: Served, shift: float) -> Answer:
    """Somebody who waits for maps that nobody asked for before."""
    async with asynchronous(1) as http:
        return await ask(http, service.address, {"image": service.images[1], "scales": 1, "shift_x": shift, "wait": 5})


class Lengths(threading.Thread):
    """Counts the messages that wait for the infer worker, many times a second."""

    def __init__(self, broker: str) -> None:
        super().__init__(daemon=True)
        self.seen = [0]
        self._broker, self._over = broker, threading.Event()

    def run(self) -> None:
        """The thread."""
        with redis_client(self._broker) as client:
            while not self._over.wait(0.1):
                self.seen.append(int(client.llen("ssenet:infer")))

    def stop(self) -> None:
        """End."""
        self._over.set()
        self.join(timeout=5)
