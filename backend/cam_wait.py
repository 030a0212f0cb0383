"""Getting maps computed: ask the workers once for all who wish the same, and wait without a thread."""

from __future__ import annotations

import time

import anyio
from anyio import to_thread

from backend.cam_plan import Plan
from backend.problems import Problem, busy
from backend.service import Service
from backend.store import cams
from backend.store.database import now
from backend.store.models import CamRequest
from ssenet.results import View

_FIRST_LOOK = 0.02
_SLOWEST_LOOK = 0.25
_COSTS_SECONDS = 2.0


async def wait_for(service: Service, plan: Plan, seconds: float) -> list[View]:
    """Have missing maps computed and wait for them.

    Returns:
        the views that are still missing after ``seconds``; none when all maps are there.

    Raises:
        Problem: 503, too many requests wait or the queue is away; 500, the workers say that it cannot be done.
        QueueFull: too many requests wait.
    """
    until = time.monotonic() + seconds
    pause = _FIRST_LOOK
    missing = await to_thread.run_sync(plan.missing, service)
    service.metrics.count_maps(len(plan.views), len(missing))
    if missing:
        await to_thread.run_sync(_ask, service, plan)
    while missing and (left := until - time.monotonic()) > 0:
        await anyio.sleep(min(pause, left))
        pause = min(pause * 1.5, _SLOWEST_LOOK)
        missing = await to_thread.run_sync(_look, service, plan)
    return missing


async def costs_written(service: Service, plan: Plan, seconds: float) -> None:
    """Give the worker, who writes the maps first and then what they cost, the time to do so: a second or two."""
    until = time.monotonic() + min(seconds, _COSTS_SECONDS)
    while time.monotonic() < until and await to_thread.run_sync(_under_way, service, plan):
        await anyio.sleep(_FIRST_LOOK)


def _under_way(service: Service, plan: Plan) -> bool:
    with service.database.read() as session:
        row = session.get(CamRequest, plan.wish.key)
        return row is not None and row.state == "pending" and row.expires_at > now(session)


def _ask(service: Service, plan: Plan) -> None:
    settings, wish = service.settings, plan.wish
    with service.database.write() as session:
        # Workers write the maps first and then the row: if they just did, the maps are there by now.
        if not plan.missing(service):
            return
        standing = cams.request(session, wish, room=settings.cam_queue, deadline=settings.cam_deadline)
    if standing.state == "failed":
        raise _failed(standing.error)
    if standing.state == "new" and not service.doorbell.request_cam(wish.key, expires=settings.cam_deadline):
        _withdraw(service, wish.key)
        raise busy("The queue to the workers is away. Try again in a moment.", 5)


def _look(service: Service, plan: Plan) -> list[View]:
    missing = plan.missing(service)
    if missing:
        with service.database.read() as session:
            error = cams.failure(session, plan.wish.key)
        if error is not None:
            raise _failed(error)
    return missing


def _withdraw(service: Service, key: str) -> None:
    """Nobody was told of the request: let the next one who asks announce it."""
    with service.database.write() as session:
        row = session.get(CamRequest, key)
        if row is not None and row.state == "pending":
            row.expires_at = now(session)


def _failed(error: str | None) -> Problem:
    return Problem(500, "cam-failed", error or "The worker could not compute the maps.")
