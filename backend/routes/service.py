"""Health, readiness, version and workers."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

import ssenet
from backend.schemas.service import Alive, Capabilities, Capability, Readiness, Version, Workers
from backend.service import Service, ServiceDep
from backend.store.database import now
from backend.store.models import Worker as Row
from backend.worker_answers import worker_answers
from ssenet import crf
from ssenet.results import CAM_VERSION

router = APIRouter(tags=["service"])


@router.get("/healthz")
def get_health() -> Alive:
    """Whether the process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "A part is missing."}})
def get_readiness(service: ServiceDep, response: Response) -> Readiness:
    """Whether database, broker and workers answer, the inference worker with a network loaded; never cached."""
    response.headers["Cache-Control"] = "no-store"
    try:
        workers, database = living_workers(service), True
    except SQLAlchemyError:
        workers, database = [], False
    broker = service.doorbell.ping()
    counts = {queue: sum(w.queue == queue for w in workers) for queue in ("train", "infer")}
    warm = any(w.queue == "infer" and w.warm for w in workers)
    ready = database and broker and warm and all(counts.values())
    response.status_code = 200 if ready else 503
    return Readiness(
        ready=ready,
        status="ok" if ready else "degraded" if database else "away",
        database="ok" if database else "away",
        broker="ok" if broker else "away",
        workers=counts,
        infer_warm=warm,
    )


@router.get("/version")
def get_version() -> Version:
    """Versions of the program, its interface, and the CAM computation."""
    return Version(version=ssenet.__version__, api="v1", cam=CAM_VERSION)


@router.get("/capabilities")
def get_capabilities() -> Capabilities:
    """Which optional parts this installation has."""
    reason = crf.unavailable()
    return Capabilities(crf=Capability(available=reason is None, reason=reason))


@router.get("/workers")
def list_workers(service: ServiceDep) -> Workers:
    """Workers that gave a sign of life lately, and what each is doing."""
    rows = living_workers(service)
    with service.database.read() as session:
        return Workers(items=worker_answers(session, rows))


def living_workers(service: Service) -> list[Row]:
    """Rows of the workers whose heartbeat is recent enough."""
    with service.database.read() as session:
        since = now(session) - service.settings.worker_timeout
        return list(session.scalars(select(Row).where(Row.heartbeat_at >= since).order_by(Row.queue, Row.id)))
