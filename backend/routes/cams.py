"""CAMs of a photograph, computed on demand and kept by content."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from backend import cam_answer
from backend.cam_pending import PENDING, load_unless_trimmed, pending
from backend.cam_plan import Coarse, Plan, plan
from backend.cam_wait import costs_written, wait_for
from backend.http_cache import matches, not_modified, revalidated
from backend.negotiation import choose
from backend.problems import Problem, responses
from backend.schemas.cams import CamQuery, Cams
from backend.service import Accept, Id, IfNoneMatch, Service, ServiceDep
from backend.timing import Timing
from ssenet.data.images import encode_png
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
    timing = Timing()
    media = choose(accept, OFFERED)
    wanted = await to_thread.run_sync(plan, service, checkpoint_id, query)
    if media == NPY and len(wanted.views) != 1:
        text = f"NPY holds one view, and {len(wanted.views)} are asked for: take one scale with flip=false, or {NPZ}."
        raise Problem(406, "not-acceptable", text)
    etag = await to_thread.run_sync(_tag, service, wanted, media)
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag, Vary="Accept"))
    absent = await to_thread.run_sync(wanted.missing, service)
    with timing.stage("waiting"):
        missing = await wait_for(service, wanted, query.wait)
        if absent and not missing and media == JSON:
            await costs_written(service, wanted, query.wait)
    with timing.stage("reading"):
        coarse = None if missing else await to_thread.run_sync(load_unless_trimmed, wanted, service)
    if coarse is None:
        return pending(request, wanted, len(missing) or len(wanted.views))
    body, headers = await to_thread.run_sync(_body, service, wanted, coarse, media, absent, timing)
    etag = await to_thread.run_sync(_tag, service, wanted, media)
    headers = revalidated(etag, Vary="Accept", **headers, **{"Server-Timing": timing.header})
    return Response(body, media_type=media, headers=headers)


def _tag(service: Service, wanted: Plan, media: str) -> str:
    """JSON tells how long it took, so its tag is weak, and what views cost where that is known by now."""
    if media != JSON:
        return f'"{wanted.tag(media)}"'
    known = "".join("0" if cost is None else "1" for cost in wanted.costs(service).values())
    return f'W/"{wanted.tag(media)}-{known}"'


def _body(
    service: Service, wanted: Plan, coarse: Coarse, media: str, absent: list[View], timing: Timing
) -> tuple[bytes, dict[str, str]]:
    if media == JSON:
        cams = cam_answer.described(wanted, coarse, absent, wanted.costs(service), timing)
        return cams.model_dump_json(by_alias=True).encode(), {}
    if media == PNG:
        with timing.stage("aggregation"):
            picture, name = cam_answer.overlay(service, wanted, coarse)
        with timing.stage("encoding"):
            return encode_png(picture), {"X-CAM-Class": name.encode("ascii", "replace").decode()}
    with timing.stage("encoding"):
        return (cam_answer.npy if media == NPY else cam_answer.npz)(wanted, coarse), {}
