"""Figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response

from backend.metrics.registry import MEDIA_TYPE
from backend.service import ServiceDep

router = APIRouter(tags=["service"])
_TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}


@router.get("/metrics", response_class=Response, responses={200: _TEXT})
def get_metrics(service: ServiceDep) -> Response:
    """Requests, jobs, queues, workers, caches and this process, for Prometheus. State is at most a second old."""
    return Response(service.metrics.text(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
