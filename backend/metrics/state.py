"""The state of the installation for Prometheus: one transaction and one look at the broker, at most once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import redis
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.access.caller import OPERATOR, acting_as
from backend.queue import INFER_QUEUE, TRAIN_QUEUE, queue_lengths
from backend.store.database import Database, now
from backend.store.models import CamRequest, Job, Worker

_FRESH_SECONDS = 1.0
_QUEUES = (TRAIN_QUEUE, INFER_QUEUE)


@dataclass
class State:
    """Figures of one moment."""

    jobs: dict[tuple[str, str], int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, float] = field(default_factory=dict)
    workers: dict[tuple[str, str], int] = field(default_factory=dict)
    claims: int = 0
    attempts_lost: int = 0
    events: int = 0
    messages: dict[str, int] | None = None
    database: bool = False


def look(session: Session, worker_timeout: float) -> State:
    """What the database says, in six aggregate queries."""
    at = now(session)
    state = State(database=True)
    state.jobs = {(kind, one): count for kind, one, count in _rows(session, _jobs())}
    state.workers = {(queue, one): count for queue, one, count in _rows(session, _workers(at - worker_timeout))}
    queued = select(func.count(), func.min(Job.created_at)).where(Job.state == "queued")
    pending = select(func.count(), func.min(CamRequest.created_at))
    pending = pending.where(CamRequest.state == "pending", CamRequest.expires_at > at)
    for queue, query in ((TRAIN_QUEUE, queued), (INFER_QUEUE, pending)):
        count, oldest = session.execute(query).one()
        state.waiting[queue], state.oldest[queue] = count, max(0.0, at - oldest) if oldest is not None else 0.0
    [(state.claims, state.attempts_lost, state.events)] = _rows(session, _attempts())
    return state


def _rows(session: Session, query: Any) -> Iterable[Any]:
    return session.execute(query).all()


def _jobs() -> Any:
    return select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)


def _workers(since: float) -> Any:
    return select(Worker.queue, Worker.state, func.count()).where(Worker.heartbeat_at >= since).group_by(
        Worker.queue, Worker.state
    )  # fmt: skip


def _attempts() -> Any:
    """Claims; attempts that ended without a result (a crash, a killed worker, a lost lease); events.

    The attempt that runs, or that brought the job to its end, was not lost; a waiting job has lost all it had.
    """
    concluded = case((Job.state == "queued", 0), (Job.attempts == 0, 0), else_=1)
    lost = func.coalesce(func.sum(Job.attempts - concluded), 0)
    return select(func.coalesce(func.sum(Job.fence), 0), lost, func.coalesce(func.sum(Job.event_seq), 0))


class StateCollector(Collector):
    """Figures of the database and the broker; missing ones are left out while those are away.

    Args:
        database: of the installation, of which all rows count, whoever asks.
        broker: its address.
        worker_timeout: seconds after which a silent worker is gone.
    """

    def __init__(self, database: Database, broker: str, worker_timeout: float) -> None:
        self._database, self._broker, self._timeout = database, broker, worker_timeout
        self._lock = threading.Lock()
        self._state, self._taken = State(), float("-inf")

    def state(self) -> State:
        """The figures, not older than a second."""
        with self._lock:
            if time.monotonic() - self._taken > _FRESH_SECONDS:
                self._state, self._taken = self._look(), time.monotonic()
            return self._state

    def _look(self) -> State:
        try:
            with acting_as(OPERATOR), self._database.read() as session:
                state = look(session, self._timeout)
        except SQLAlchemyError:
            state = State()
        try:
            state.messages = queue_lengths(self._broker, _QUEUES)
        except (redis.RedisError, OSError):
            state.messages = None
        return state

    def describe(self) -> Iterable[Metric]:
        """Nothing: to register must not need the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures as metrics."""
        state = self.state()
        yield GaugeMetricFamily("ssenet_database_up", "Whether the database answers.", value=state.database)
        yield GaugeMetricFamily("ssenet_broker_up", "Whether the broker answers.", value=state.messages is not None)
        if state.messages is not None:
            yield _gauge("ssenet_queue_messages", "Messages in the broker.", "queue", state.messages)
        if not state.database:
            return
        yield _gauge(
            "ssenet_waiting", "Jobs, or requests for maps, that no worker has taken up.", "queue", state.waiting
        )
        yield _gauge("ssenet_oldest_waiting_seconds", "Age of the oldest of them; 0: none.", "queue", state.oldest)
        yield _pairs("ssenet_jobs", "Jobs there are.", ("kind", "state"), state.jobs)
        yield _pairs("ssenet_workers", "Workers that gave a sign of life.", ("queue", "state"), state.workers)
        yield CounterMetricFamily("ssenet_job_claims", "Attempts at jobs that began.", value=state.claims)
        lost = "Attempts that ended without a result: a crash, a killed worker, a lost lease."
        yield CounterMetricFamily("ssenet_job_attempts_lost", lost, value=state.attempts_lost)
        yield CounterMetricFamily("ssenet_job_events", "Events of jobs.", value=state.events)


def _gauge(name: str, text: str, label: str, values: dict[str, Any]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _pairs(name: str, text: str, labels: tuple[str, str], values: dict[tuple[str, str], int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
