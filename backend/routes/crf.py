"""The dense CRF of one photograph, iteration by iteration, computed on demand and kept by content."""

from __future__ import annotations

import logging
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

import ssenet
from backend import crf_plan
from backend.cam_answer import present
from backend.cam_pending import PENDING, load_unless_trimmed, pending
from backend.cam_plan import Coarse, Plan, plan
from backend.cam_wait import wait_for
from backend.crf_plan import frames_artifact, report_artifact
from backend.http_cache import matches, not_modified, revalidated
from backend.negotiation import choose
from backend.problems import Problem, busy, not_found, responses
from backend.schemas.crf import CrfProtocol, CrfQuery, CrfSteps
from backend.service import Accept, Id, IfNoneMatch, Service, ServiceDep
from backend.truth import known_mask
from ssenet.config import WORKING_SIDE
from ssenet.crf import unavailable
from ssenet.files import no_space
from ssenet.refine.scrub_report import CrfReport
from ssenet.refine.scrub_work import CrfWork

_log = logging.getLogger(__name__)
router = APIRouter(prefix="/checkpoints", tags=["crf"])
JSON, NPZ = "application/json", "application/x-npz"
FORMS = {"content": {NPZ: {}}, "description": "Numbers of every iteration (JSON), or the label maps (npz)."}


@router.get(
    "/{checkpoint_id}/crf",
    response_model=CrfSteps,
    responses={200: FORMS, 202: PENDING, **responses(404, 406, 409, 500)},
)
async def get_crf(
    service: ServiceDep,
    request: Request,
    checkpoint_id: Id,
    query: Annotated[CrfQuery, Query()],
    accept: Accept = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Labels after 0, 1, … n iterations of the dense CRF: what changed (JSON), or the label maps themselves (npz)."""
    media = choose(accept, (JSON, NPZ))
    reason = unavailable()
    if reason:
        raise Problem(409, "crf-unavailable", reason)
    wanted = await to_thread.run_sync(plan, service, checkpoint_id, query.cams)
    missing = await wait_for(service, wanted, query.wait)
    coarse = None if missing else await to_thread.run_sync(load_unless_trimmed, wanted, service)
    if coarse is None:
        return pending(request, wanted, len(missing) or len(wanted.views))
    work = await to_thread.run_sync(_work, service, wanted, coarse, query)
    key = crf_plan.content_key(wanted, work)
    etag = ("W/" if media == JSON else "") + f'"{key[:40]}-{media[-4:]}"'
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag, Vary="Accept"))
    made = await _made(service, request, work, key)
    try:
        body = await to_thread.run_sync(_body, service, wanted, coarse, work, key, media, made)
    except FileNotFoundError:
        raise busy("The frames were trimmed from the cache in this moment. Ask again.") from None
    return Response(body, media_type=media, headers=revalidated(etag, Vary="Accept"))


def _work(service: Service, wanted: Plan, coarse: Coarse, query: CrfQuery) -> CrfWork:
    truth = known_mask(service, wanted.image_id, wanted.card.classes)
    return crf_plan.work_on(wanted, coarse, query.settings, truth, service.settings.artifacts)


async def _made(service: Service, request: Request, work: CrfWork, key: str) -> tuple[bytes, bytes] | None:
    """Frames and report, made now and kept; None when they are in the cache."""
    async with service.refinements.turn(key):
        if await to_thread.run_sync(_there, service, key):
            return None
        try:
            made = await service.refinements.do(crf_plan.packed, work, request.is_disconnected)
        except FileNotFoundError:
            raise not_found("file of image", work.photograph.stem) from None
        await to_thread.run_sync(_keep, service, key, *made)
        return made


def _there(service: Service, key: str) -> bool:
    return service.artifacts.exists(report_artifact(key)) and service.artifacts.exists(frames_artifact(key))


def _keep(service: Service, key: str, frames: bytes, report: bytes) -> None:
    """Into the cache; a full disk is no reason to withhold what is made."""
    try:
        service.artifacts.put_bytes(frames_artifact(key), frames)
        service.artifacts.put_bytes(report_artifact(key), report)
    except OSError as error:
        if not no_space(error):
            raise
        _log.warning("the disk is full, the frames of a CRF were not kept: %s", error)


def _body(
    service: Service,
    wanted: Plan,
    coarse: Coarse,
    work: CrfWork,
    key: str,
    media: str,
    made: tuple[bytes, bytes] | None,
) -> bytes:
    if media == NPZ:
        return made[0] if made else service.artifacts.read(frames_artifact(key))
    report = made[1] if made else service.artifacts.read(report_artifact(key))
    answer = CrfSteps(
        image=wanted.image_id,
        checkpoint=wanted.checkpoint_id,
        outside=not (wanted.named or present(wanted, coarse)),
        report=CrfReport.model_validate_json(report),
        protocol=_protocol(wanted, work),
        cached=made is None,
        key=key,
    )
    return answer.model_dump_json().encode()


def _protocol(wanted: Plan, work: CrfWork) -> CrfProtocol:
    return CrfProtocol(
        scales=sorted(set(wanted.query.scales)),
        flip=wanted.query.flip,
        working_side=WORKING_SIDE,
        label_source=wanted.label_source,
        method=wanted.card.method,
        backbone=wanted.card.backbone,
        weights_sha256=wanted.card.weights_sha256,
        crf=str(work.settings.parameters),
        uses_ground_truth=work.truth is not None or wanted.label_source == "given",
        code_version=ssenet.__version__,
    )
