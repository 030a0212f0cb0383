"""Faults, drawn from a seed and done to real processes. Only what really hit something is told to the history."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

import psutil
import redis
from clients import Clients
from history import History
from installation import Installation, Slot
from sqlalchemy import select

from backend.queue import redis_client
from backend.store.models import Job
from worker.context import worker_id

_DUPLICATES = 10
_PAUSE_SECONDS = (1.0, 8.0)
_LOCK_SECONDS = (1.0, 3.0)
_OVERDUE_SECONDS = 3600.0
_QUEUE, _UNACKED, _INDEX = "ssenet:train", "ssenet:unacked", "ssenet:unacked_index"


class Nemesis:
    """Strikes an installation.

    Args:
        installation: the victim.
        clients: who is asked to cancel jobs.
        history: told of every hit.
        seed: of what is done, to whom, and for how long.
    """

    def __init__(self, installation: Installation, clients: Clients, history: History, seed: int) -> None:
        self._installation, self._clients, self._history = installation, clients, history
        self._random = random.Random(seed)
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._busy: set[str] = set()
        self._turns: list[Callable[[], bool]] = []
        self._kinds: tuple[Callable[[], bool], ...] = (
            self.kill_worker,
            self.kill_pool_child,
            self.kill_trainer,
            self.pause,
            self.pause,
            self.lose_broker,
            self.repeat_messages,
            self.redeliver,
            self.kill_api,
            self.drain,
            self.cancel,
            self.lock_database,
        )

    def strike(self) -> None:
        """One fault that hits, of a kind whose turn it is; a kind that finds nothing to hit waits for its next turn."""
        for _ in self._kinds:
            self._turns = self._turns or self._random.sample(self._kinds, len(self._kinds))
            kind = self._turns.pop()
            with suppress(psutil.NoSuchProcess):
                if kind():
                    return
            self._turns.insert(0, kind)

    def tick(self) -> None:
        """End the faults whose time is over; call often."""
        due = [entry for entry in self._later if entry[0] <= time.monotonic()]
        for entry in due:
            self._later.remove(entry)
            entry[1]()

    def relent(self) -> None:
        """End all faults now."""
        for _, undo in self._later:
            undo()
        self._later.clear()

    def kill_worker(self) -> bool:
        """SIGKILL for Celery's main process and its pool child; the kernel ends the job's process."""
        slot = self._slot()
        if not slot.main:
            return False
        self._hit("kill worker", slot)
        os.killpg(slot.worker.popen.pid, signal.SIGKILL)
        return True

    def kill_pool_child(self) -> bool:
        """SIGKILL for the process that holds the claim."""
        slot = self._slot()
        for child in slot.pool_child[:1]:
            self._hit("kill pool child", slot)
            child.kill()
            return True
        return False

    def kill_trainer(self) -> bool:
        """SIGKILL for a job's process."""
        slot = self._slot()
        for trainer in slot.trainers[:1]:
            self._hit("kill trainer", slot)
            trainer.kill()
            return True
        return False

    def pause(self) -> bool:
        """SIGSTOP for one to eight seconds, which is shorter or much longer than a lease."""
        slot = self._slot()
        part = self._random.choice(("main", "pool_child", "pool_child", "trainers"))
        for process in self._running(getattr(slot, part))[:1]:
            seconds = self._random.uniform(*_PAUSE_SECONDS)
            self._hit("pause", slot, part=part, seconds=round(seconds, 1))
            process.suspend()
            self._after(seconds, lambda process=process: _resume(process))
            return True
        return False

    def lose_broker(self) -> bool:
        """SIGKILL for the broker, which comes back empty after up to three seconds."""
        if "broker" in self._busy:
            return False
        self._busy.add("broker")
        self._hit("lose broker")
        self._installation.broker.kill()
        self._after(self._random.uniform(0, 3), self._broker_back)
        return True

    def _broker_back(self) -> None:
        self._installation.start_broker(empty=True)
        self._busy.discard("broker")

    def repeat_messages(self) -> bool:
        """Announce a job again and again that runs or waits."""
        found = self._live_job()
        if found is None:
            return False
        sent = sum(self._installation.doorbell.wake(found) for _ in range(_DUPLICATES))
        if sent:
            self._hit("repeat messages", job=found, times=sent)
        return sent > 0

    def redeliver(self) -> bool:
        """Let the broker deliver again what it counts as fetched ten minutes ago and never acknowledged."""
        with suppress(redis.RedisError, OSError), redis_client(self._installation.settings.broker) as client:
            fetched = cast(list[bytes], client.zrange(_INDEX, 0, -1))
            for tag in fetched:
                client.zincrby(_INDEX, -_OVERDUE_SECONDS, tag)
            waiting = cast(bytes | None, client.lindex(_QUEUE, 0))
            if waiting:
                self._count_as_fetched(client, json.loads(waiting))
            if fetched or waiting:
                self._hit("redeliver", fetched=len(fetched), waiting=bool(waiting))
            return bool(fetched or waiting)
        return False

    def _count_as_fetched(self, client: redis.Redis, message: dict[str, Any]) -> None:
        """Write down what a worker writes down that fetches a message, long ago, and leave the message where it is."""
        info, tag = message["properties"]["delivery_info"], f"chaos-{self._random.random()}"
        client.hset(_UNACKED, tag, json.dumps([message, info["exchange"], info["routing_key"]]))
        client.zadd(_INDEX, {tag: time.time() - _OVERDUE_SECONDS})

    def kill_api(self) -> bool:
        """SIGKILL for the API."""
        if not self._installation.api.alive:
            return False
        self._hit("kill API")
        self._installation.api.kill()
        return True

    def drain(self) -> bool:
        """SIGTERM for a worker, as a host that restarts sends it."""
        slot = self._slot()
        for main in self._running(slot.main):
            if f"drain {main.pid}" in self._busy:
                return False
            self._busy.add(f"drain {main.pid}")
            self._hit("drain", slot)
            main.terminate()
            return True
        return False

    def cancel(self) -> bool:
        """Somebody cancels a job."""
        found = self._live_job()
        if found is None:
            return False
        self._hit("cancel", job=found)
        self._clients.cancel(found)
        return True

    def lock_database(self) -> bool:
        """Another program holds SQLite's write lock for one to three seconds."""
        if "database" in self._busy:
            return False
        holder = sqlite3.connect(self._installation.folder / "ssenet.db", timeout=5, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            holder.close()
            return False
        self._busy.add("database")
        seconds = self._random.uniform(*_LOCK_SECONDS)
        self._hit("lock database", seconds=round(seconds, 1))
        self._after(seconds, lambda: self._unlock(holder))
        return True

    def _unlock(self, holder: sqlite3.Connection) -> None:
        holder.rollback()
        holder.close()
        self._busy.discard("database")

    def _slot(self) -> Slot:
        return self._random.choice(self._installation.slots)

    def _running(self, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
        return [process for process in processes if process.status() != psutil.STATUS_STOPPED]

    def _live_job(self) -> str | None:
        with self._installation.database.read() as session:
            query = select(Job.id).where(Job.state.in_(("queued", "running")), Job.cancel_requested_at.is_(None))
            found = sorted(session.scalars(query))
        return self._random.choice(found) if found else None

    def _hit(self, what: str, slot: Slot | None = None, **facts: object) -> None:
        if slot is not None:
            pid = slot.worker.popen.pid
            facts |= {"owner": worker_id("train").rsplit(":", 1)[0] + f":{pid}", "at work": bool(slot.trainers)}
        self._history.note(what, **facts)

    def _after(self, seconds: float, undo: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, undo))


def _resume(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()


FAULTS = (
    "kill worker",
    "kill pool child",
    "kill trainer",
    "pause",
    "lose broker",
    "repeat messages",
    "redeliver",
    "kill API",
    "drain",
    "cancel",
    "lock database",
)
"""What a run may suffer, as the history calls it."""
