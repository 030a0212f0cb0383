"""Equivariance of a network on a photograph: f(Ax) against A f(x), and scale against scale, without ground truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

import ssenet
from backend.cam_pending import PENDING, load_unless_trimmed, pending
from backend.cam_plan import Coarse, Plan, plan
from backend.cam_wait import wait_for
from backend.http_cache import matches, not_modified, revalidated
from backend.problems import responses
from backend.schemas.equivariance import EquivarianceAnswer, EquivarianceProtocol, EquivarianceQuery
from backend.service import Id, IfNoneMatch, Service, ServiceDep
from ssenet.analysis.equivariance import PLAIN, measure, views_needed
from ssenet.config import WORKING_SIDE
from ssenet.render import class_scores, predicted
from ssenet.results import CAM_VERSION

router = APIRouter(prefix="/checkpoints", tags=["equivariance"])


@router.get(
    "/{checkpoint_id}/equivariance", response_model=EquivarianceAnswer, responses={202: PENDING, **responses(404, 500)}
)
async def get_equivariance(
    service: ServiceDep,
    request: Request,
    checkpoint_id: Id,
    query: Annotated[EquivarianceQuery, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """How much of each class's map does not follow a transformation, and how maps of all scales differ."""
    wanted = await to_thread.run_sync(_plan, service, checkpoint_id, query)
    etag = f'"{wanted.tag(f"equivariance {query.view.name} {query.alpha!r}")}"'
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag))
    missing = await wait_for(service, wanted, query.wait)
    coarse = None if missing else await to_thread.run_sync(load_unless_trimmed, wanted, service)
    if coarse is None:
        return pending(request, wanted, len(missing) or len(wanted.views))
    answer = await to_thread.run_sync(_measured, wanted, coarse, query, limiter=service.decoding)
    return Response(answer.model_dump_json(), media_type="application/json", headers=revalidated(etag))


def _plan(service: Service, checkpoint_id: str, query: EquivarianceQuery) -> Plan:
    named = plan(service, checkpoint_id, query.cams)
    return replace(named, views=views_needed(query.view, query.scales))


def _measured(wanted: Plan, coarse: Coarse, query: EquivarianceQuery) -> EquivarianceAnswer:
    names, exclusive = wanted.card.classes, wanted.exclusive
    report = measure(
        coarse,
        query.view,
        names,
        wanted.size,
        alpha=query.alpha,
        scales=query.scales,
        classes=wanted.named or None,
        exclusive=exclusive,
    )
    return EquivarianceAnswer(
        **dict(report),
        image=wanted.image_id,
        checkpoint=wanted.checkpoint_id,
        outside=not predicted(class_scores({PLAIN: coarse[PLAIN]}, exclusive=exclusive), exclusive=exclusive),
        protocol=_protocol(wanted),
    )


def _protocol(wanted: Plan) -> EquivarianceProtocol:
    return EquivarianceProtocol(
        label_source="named" if wanted.named else "predicted",
        working_side=WORKING_SIDE,
        method=wanted.card.method,
        backbone=wanted.card.backbone,
        weights_sha256=wanted.card.weights_sha256,
        cam_version=CAM_VERSION,
        code_version=ssenet.__version__,
    )
