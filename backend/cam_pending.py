"""The answer of who asks for maps that are not there yet."""

from __future__ import annotations

from fastapi import Request, Response

from backend.cam_plan import Coarse, Plan
from backend.schemas.cams import CamPending
from backend.service import Service

PENDING = {"model": CamPending, "description": "The maps are being computed: ask again at Location."}


def pending(request: Request, plan: Plan, missing: int) -> Response:
    """202: ask again at the same address; ``missing`` of the plan's views are not there."""
    body = CamPending(missing=missing, total=len(plan.views)).model_dump_json()
    location = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    headers = {"Location": location, "Retry-After": "1", "Cache-Control": "no-store", "Vary": "Accept"}
    return Response(body, 202, headers, "application/json")


def load_unless_trimmed(plan: Plan, service: Service) -> Coarse | None:
    """Raw coarse logits by view; None when the cache was trimmed in this moment."""
    try:
        return plan.load(service)
    except FileNotFoundError:
        return None
