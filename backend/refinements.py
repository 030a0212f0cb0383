"""Work on demand in processes of its own: how many at a time, and once for all who wish the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from backend.problems import busy

R = TypeVar("R")
W = TypeVar("W")
_LOOK = 0.25


class Refinements:
    """The dense CRF on demand.

    Its library holds the interpreter's lock while it works: in a thread it would hold up every other request.
    """

    def __init__(self, processes: int = 1) -> None:
        self._processes = CapacityLimiter(processes)
        self._turns: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """One at a time for each ``key``: who comes second finds what the first has made."""
        lock = self._turns.setdefault(key, anyio.Lock())
        async with lock:
            yield

    async def do(self, work: Callable[[W], R], item: W, gone: Callable[[], Awaitable[bool]]) -> R:
        """``work(item)`` in a process of its own, which is killed when ``gone`` says that nobody waits any more.

        Raises:
            Problem: 503, the process was killed, or nobody waits.
            Exception: whatever ``work`` raises.
        """
        made: list[R] = []
        failed: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_follow, gone, tasks.cancel_scope)
            try:
                made.append(await to_process.run_sync(work, item, cancellable=True, limiter=self._processes))
            except Exception as error:  # raised below: a task group would wrap it
                failed = error
            tasks.cancel_scope.cancel()
        if isinstance(failed, BrokenWorkerProcess):
            raise busy("The process that refines was killed, perhaps for want of memory. Try again.", 5) from failed
        if failed is not None:
            raise failed
        if not made:
            raise busy("Nobody waited for this refinement any more, so it was stopped. Ask again.")
        return made[0]


async def _follow(gone: Callable[[], Awaitable[bool]], scope: anyio.CancelScope) -> None:
    while not await gone():
        await anyio.sleep(_LOOK)
    scope.cancel()
