"""Exports of maps, one photograph or many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from backend.cam_bundle import batch_zip, bundle_of, zip_name
from backend.cam_pending import PENDING, load_unless_trimmed, pending
from backend.cam_plan import Plan, plan
from backend.cam_wait import wait_for
from backend.http_cache import matches, not_modified, revalidated
from backend.problems import Problem, responses
from backend.schemas.bundles import BundleQuery, BundleRequest
from backend.schemas.cams import CamPending
from backend.service import Id, IfNoneMatch, Service, ServiceDep
from ssenet.bundle import pack_bundle

router = APIRouter(tags=["cams"])
MEDIA = "application/zip"
ZIP = {"content": {MEDIA: {}}, "description": "A zip: pictures, figures, raw maps, tables, and their manifest."}


@router.get(
    "/checkpoints/{checkpoint_id}/bundle",
    response_class=Response,
    responses={200: ZIP, 202: PENDING, **responses(404, 500)},
)
async def get_bundle(
    service: ServiceDep,
    request: Request,
    checkpoint_id: Id,
    query: Annotated[BundleQuery, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Everything about one photograph's maps: what `ssenet cam … --bundle` writes, and what pages export."""
    wanted = await to_thread.run_sync(plan, service, checkpoint_id, query)
    tag = wanted.tag(f"{MEDIA} {request.url}")
    if matches(if_none_match, f'"{tag}"'):
        return not_modified(revalidated(f'"{tag}"'))
    missing = await wait_for(service, wanted, query.wait)
    coarse = None if missing else await to_thread.run_sync(load_unless_trimmed, wanted, service)
    if coarse is None:
        return pending(request, wanted, len(missing) or len(wanted.views))
    base, address = str(request.base_url).rstrip("/"), str(request.url)
    made = await to_thread.run_sync(
        bundle_of, service, [(wanted, coarse)], query, base, address, limiter=service.decoding
    )
    data = await to_thread.run_sync(pack_bundle, made)
    named = {"Content-Disposition": f'attachment; filename="{zip_name(made, tag)}"'}
    return Response(data, media_type=MEDIA, headers=revalidated(f'"{tag}"', **named))


@router.post(
    "/bundles",
    response_class=StreamingResponse,
    responses={200: ZIP, 202: {**PENDING, "description": "Maps are being computed: ask again."}, **responses(404, 500)},
)
async def make_bundles(service: ServiceDep, request: Request, wanted: BundleRequest) -> Response:
    """One zip of several photographs by several networks, a folder per photograph; at most 128 pairs.

    Maps that are not there are computed first; until then the answer is 202, and to ask again goes on.
    """
    plans = await to_thread.run_sync(_plans, service, wanted)
    missing = await _wait(service, [one for group in plans for one in group], wanted.wait)
    if missing:
        total = sum(len(one.views) for group in plans for one in group)
        body = CamPending(missing=missing, total=total).model_dump_json()
        return Response(body, 202, {"Retry-After": "1", "Cache-Control": "no-store"}, "application/json")
    base = str(request.base_url).rstrip("/")
    content = batch_zip(service, plans, wanted.query(wanted.images[0]), base)
    headers = {"Content-Disposition": 'attachment; filename="bundles.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=MEDIA, headers=headers)


def _plans(service: Service, wanted: BundleRequest) -> list[list[Plan]]:
    """For each photograph its plans by every network."""
    images, checkpoints = dict.fromkeys(wanted.images), dict.fromkeys(wanted.checkpoints)
    try:
        return [[plan(service, checkpoint, wanted.query(image)) for checkpoint in checkpoints] for image in images]
    except Problem as problem:
        for error in problem.errors:  # it was no query but a body
            error.pointer = error.pointer.removeprefix("/query")
        raise


async def _wait(service: Service, plans: Sequence[Plan], seconds: float) -> int:
    """Have maps computed, one plan after the other so that others' requests come between; views still missing."""
    until = time.monotonic() + seconds
    left = 0
    for one in plans:
        if left and time.monotonic() >= until:
            left += len(await to_thread.run_sync(one.missing, service))
        else:
            left += len(await wait_for(service, one, max(0.0, until - time.monotonic())))
    return left
