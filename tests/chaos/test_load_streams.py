"""Promise L3: many who watch a job. Nobody misses an event, also who was cut off, and nothing is left of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from history import History
from installation import Installation

from backend.store import jobs
from backend.store.database import Database
from backend.store.job_records import add_events

STREAMS, POLLING, RESTARTING, EVENTS = 100, 50, 20, 60
PERIOD_SECONDS = 0.15
SPARE = 10
"""Descriptors that one more thread's connection to the database may take; 100 streams that leak take 100."""
Wait = Callable[..., Any]
Measured = Callable[..., None]


@dataclass
class Watcher:
    """A client of an event stream.

    Attributes:
        leaves_after: number of events after which it closes its stream once, to come back with Last-Event-ID.
    """

    url: str
    leaves_after: int | None = None
    seqs: list[int] = field(default_factory=list)
    times: int = 0

    async def watch(self, http: httpx.AsyncClient) -> None:
        """Read until the stream says that it is over."""
        while not await self._read(http):
            self.leaves_after = None

    async def _read(self, http: httpx.AsyncClient) -> bool:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.seqs[-1] if self.seqs else 0)}
        self.times += 1
        async with http.stream("GET", self.url, headers=headers) as stream:
            assert stream.status_code == 200, await stream.aread()
            async for line in stream.aiter_lines():
                if line.startswith("id: "):
                    self.seqs.append(int(line.removeprefix("id: ")))
                if line == "event: end":
                    return True
                if self.leaves_after is not None and len(self.seqs) >= self.leaves_after:
                    return False
        return False


class Job(threading.Thread):
    """A job that tells something every few milliseconds, and fails in the end as it was told to."""

    def __init__(self, place: Installation, job_id: str) -> None:
        super().__init__(daemon=True)
        self.database, self.job_id = Database(place.settings.database), job_id

    def run(self) -> None:
        """The thread: a claim, events, an end."""
        with self.database.write() as session:
            claim = jobs.claim(session, self.job_id, "test", 600)
        assert claim is not None
        for step in range(1, EVENTS + 1):
            with self.database.write() as session:
                add_events(session, claim, [("metrics", {"step": step, "values": {"loss": 1 / step}})])
            time.sleep(PERIOD_SECONDS)
        with self.database.write() as session:
            jobs.fail(session, claim, "test", "It was told to.")
        self.database.dispose()


async def poll(http: httpx.AsyncClient, url: str, over: asyncio.Event) -> int:
    """Ask for a job twice a second until ``over``; returns how often."""
    times = 0
    while not over.is_set():
        answer = await http.get(url)
        assert answer.status_code == 200, answer.text
        times += 1
        await asyncio.sleep(0.5)
    return times


async def everybody(url: str, watchers: list[Watcher], polling: int) -> int:
    """All clients at once; returns how often it was polled."""
    over = asyncio.Event()
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as http:
        polls = [asyncio.create_task(poll(http, url, over)) for _ in range(polling)]
        await asyncio.gather(*(watcher.watch(http) for watcher in watchers))
        over.set()
        return sum(await asyncio.gather(*polls))


def watch_one_job(place: Installation, streams: int, polling: int, restarting: int) -> list[Watcher]:
    """A job from its claim to its end, with so many who look."""
    submitted = httpx.post(f"{place.address}/jobs", json={"kind": "train_cam", "settings": {}}, timeout=30)
    assert submitted.status_code == 202, submitted.text
    url = f"{place.address}/jobs/{submitted.json()['id']}"
    leaving = [5 + number for number in range(restarting)]
    watchers = [Watcher(f"{url}/events", leaving[n] if n < restarting else None) for n in range(streams)]
    job = Job(place, submitted.json()["id"])
    job.start()
    asyncio.run(everybody(url, watchers, polling))
    job.join(timeout=60)
    return watchers


@pytest.mark.slow
@pytest.mark.promise("L3")
def test_a_hundred_streams_miss_nothing_and_leave_nothing_behind(
    tmp_path: Path, wait_until: Wait, measured: Measured
) -> None:
    place = Installation(tmp_path, History(), workers=0)
    try:
        place.start(wait_until)
        assert place.api._popen is not None
        api = psutil.Process(place.api._popen.pid)
        # Pools of threads and connections are as large as they get: SQLite keeps a descriptor that it has closed for
        # the next connection, since to close one would end the locks of all.
        watch_one_job(place, STREAMS, 2 * POLLING, 0)
        wait_until(lambda: len(api.net_connections("tcp")) <= 1, timeout=60, what="the end of all connections")
        files, memory = api.num_fds(), api.memory_info().rss
        began = time.monotonic()
        watchers = watch_one_job(place, STREAMS, POLLING, RESTARTING)
        seconds = time.monotonic() - began
        wait_until(lambda: api.num_fds() <= files + SPARE, timeout=60, what="the end of all connections")
        left, gained = api.num_fds() - files, (api.memory_info().rss - memory) / 2**20
    finally:
        place.close()
    expected = list(range(1, EVENTS + 4))  # queued, running, the metrics, failed
    assert [watcher.times for watcher in watchers] == [2] * RESTARTING + [1] * (STREAMS - RESTARTING)
    measured("streams with a gap or a repetition, of 100", sum(w.seqs != expected for w in watchers), "", limit=0)
    measured("streams that went on with Last-Event-ID", RESTARTING)
    measured("time of a job that lasts 9 s until everybody knew its end", seconds, "s", limit=40)
    measured("file descriptors more than before", max(0, left), "", limit=SPARE)
    measured("memory gained", gained, "MiB", limit=50)
