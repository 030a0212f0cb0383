"""CAMs of a photograph, computed on demand and kept by content."""

from __future__ import annotations

import time
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from backend import cam_answer
from backend.cam_pending import PENDING, load_unless_trimmed, pending
from backend.cam_plan import Coarse, Plan, plan
from backend.cam_wait import wait_for
from backend.http_cache import matches, not_modified, revalidated
from backend.negotiation import choose
from backend.problems import Problem, responses
from backend.schemas.cams import CamQuery, Cams
from backend.service import Accept, Id, IfNoneMatch, Service, ServiceDep
from ssenet.results import View

router = APIRouter(prefix="/checkpoints", tags=["cams"])
JSON, PNG, NPY, NPZ = "application/json", "image/png", "application/x-npy", "application/x-npz"
OFFERED = (JSON, PNG, NPY, NPZ)
FORMS = {"content": {PNG: {}, NPY: {}, NPZ: {}}, "description": "In the form that was asked for."}


@router.get(
    "/{checkpoint_id}/cams", response_model=Cams, responses={200: FORMS, 202: PENDING, **responses(404, 406, 500)}
)
async def get_cams(
    service: ServiceDep,
    request: Request,
    checkpoint_id: Id,
    query: Annotated[CamQuery, Query()],
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Overlay (PNG), raw coarse logits in float16 (NPY of one view, NPZ of all), or what the maps say (JSON)."""
    started = time.perf_counter()
    media = choose(accept, OFFERED)
    wanted = await to_thread.run_sync(plan, service, checkpoint_id, query)
    if media == NPY and len(wanted.views) != 1:
        text = f"NPY holds one view, and {len(wanted.views)} are asked for: take one scale with flip=false, or {NPZ}."
        raise Problem(406, "not-acceptable", text)
    etag = ("W/" if media == JSON else "") + f'"{wanted.tag(media)}"'  # JSON tells how long it took
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag, Vary="Accept"))
    absent = await to_thread.run_sync(wanted.missing, service)
    missing = await wait_for(service, wanted, query.wait)
    coarse = None if missing else await to_thread.run_sync(load_unless_trimmed, wanted, service)
    if coarse is None:
        return pending(request, wanted, len(missing) or len(wanted.views))
    body, headers = await to_thread.run_sync(_body, service, wanted, coarse, media, absent, started)
    return Response(body, media_type=media, headers=revalidated(etag, Vary="Accept", **headers))


def _body(
    service: Service, wanted: Plan, coarse: Coarse, media: str, absent: list[View], started: float
) -> tuple[bytes, dict[str, str]]:
    if media == PNG:
        data, name = cam_answer.png(service, wanted, coarse)
        return data, {"X-CAM-Class": name.encode("ascii", "replace").decode()}
    if media == NPY:
        return cam_answer.npy(wanted, coarse), {}
    if media == NPZ:
        return cam_answer.npz(wanted, coarse), {}
    cams = cam_answer.described(wanted, coarse, absent, time.perf_counter() - started)
    return cams.model_dump_json(by_alias=True).encode(), {}
