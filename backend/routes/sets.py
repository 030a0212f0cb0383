"""Sets of maps and of masks: listing, deletion, downloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from starlette.responses import StreamingResponse

from backend import set_downloads, set_pictures
from backend.http_cache import matches, not_modified, revalidated
from backend.problems import conflict, not_found, responses
from backend.routes.datasets import Index
from backend.routes.images import PNG
from backend.schemas.common import Page
from backend.schemas.sets import Picture, Set, SetDetail, Variant
from backend.service import Cursor, Id, IdQuery, IfNoneMatch, Limit, Service, ServiceDep
from backend.store import image_sets
from backend.store.database import take_turns
from backend.store.models import ImageSet as Row
from backend.store.owners import check_change
from backend.store.pages import page
from backend.store.uses import in_use
from ssenet.config import SetKind
from ssenet.sets import SetManifest

router = APIRouter(prefix="/sets", tags=["sets"])
ZIP = {"content": {"application/zip": {}}, "description": "A zip archive."}
GZIP = "application/gzip"
TGZ = {"content": {GZIP: {}}, "description": "A gzipped tar archive."}


@router.get("")
def list_sets(
    service: ServiceDep,
    kind: Annotated[SetKind | None, Query(description="What its items hold.")] = None,
    dataset: IdQuery = None,
    job: IdQuery = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Set]:
    """Sets, newest first."""
    query = select(Row)
    query = query.where(Row.kind == kind) if kind else query
    query = query.where(Row.dataset_id == dataset) if dataset else query
    query = query.where(Row.job_id == job) if job else query
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[_answer(row) for row in rows], next=following)


@router.get("/{set_id}", responses=responses(404))
def get_set(service: ServiceDep, set_id: Id) -> SetDetail:
    """A set, with the ids of its images."""
    row = find(service, set_id)
    return SetDetail(**_answer(row).model_dump(), image_ids=row.manifest["image_ids"])


@router.delete("/{set_id}", status_code=204, responses=responses(404, 409))
def delete_set(service: ServiceDep, set_id: Id) -> None:
    """Delete a set and its score. What was made of it stays."""
    with service.database.write() as session:
        take_turns(session)  # a pipeline takes up a set that is there either before or not at all
        row = session.get(Row, set_id, with_for_update=True)
        if row is None:
            raise not_found("set", set_id)
        check_change(session, row)
        if in_use(session, row):
            raise conflict("in-use", "A job or a pipeline at work needs this set. Cancel it or wait for its end.")
        folder, *counts = image_sets.delete(session, row)
    service.artifacts.delete_folder(folder)  # only now: a row never names files that are not there
    for key in counts:
        service.artifacts.delete(key)


@router.get("/{set_id}/items/{index}/picture", response_class=Response, responses={200: PNG, **responses(404, 409)})
async def get_set_picture(
    service: ServiceDep,
    set_id: Id,
    index: Index,
    what: Annotated[Picture, Query(description="The photograph, or what is drawn over it.")] = "labels",
    variant: Annotated[Variant, Query(description="Of a CRF set: under the strong or the weak background.")] = "low",
    class_: Annotated[
        str | None, Query(alias="class", max_length=200, description="Whose map; else the first.")
    ] = None,
    max_side: Annotated[int, Query(ge=16, le=4096, description="Longest side, in pixels.")] = 512,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """An item drawn over its photograph: labels in the colours of VOC, one class's map, or the ground truth."""
    row = await to_thread.run_sync(find, service, set_id)
    etag = f'"{row.id}-{row.key[:16]}-{index}-{what}-{variant}-{set_pictures.tag(class_)}-{max_side}"'
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag))
    wanted = set_pictures.Wanted(index, what, variant, class_, max_side)
    data = await to_thread.run_sync(set_pictures.draw, service, row, wanted, limiter=service.decoding)
    return Response(data, media_type="image/png", headers=revalidated(etag))


@router.get("/{set_id}/voc.zip", response_class=StreamingResponse, responses={200: ZIP, **responses(404, 409)})
def get_set_as_voc(service: ServiceDep, set_id: Id) -> Response:
    """A set of masks with its photographs, as a VOC folder in a zip archive."""
    row = _masks(service, set_id)
    image_set = image_sets.opened(row, service.artifacts)
    content = set_downloads.voc_zip(image_set, set_pictures.photographs(service, row, image_set))
    return _archive(content, f"{row.id}.zip", "application/zip")


@router.get("/{set_id}/server.tgz", response_class=StreamingResponse, responses={200: TGZ, **responses(404, 409)})
def get_set_for_server(service: ServiceDep, set_id: Id) -> Response:
    """Predictions of a segmentation network in the layout that the VOC server takes."""
    row = _masks(service, set_id)
    if row.manifest["subject"] != "segmentation":
        raise conflict("not-offered", f"Set {set_id} holds pseudo-labels; the server takes predictions.")
    return _archive(set_downloads.server_archive(image_sets.opened(row, service.artifacts)), "results.tgz", GZIP)


def _masks(service: Service, set_id: str) -> Row:
    row = find(service, set_id)
    if row.kind != "masks":
        raise conflict("not-offered", f"Set {set_id} is of the kind {row.kind}; only masks make an archive.")
    return row


def _archive(content: Iterator[bytes], name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


def find(service: Service, set_id: str) -> Row:
    """The row of a set. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, set_id)
    if row is None:
        raise not_found("set", set_id)
    return row


def _answer(row: Row) -> Set:
    manifest = SetManifest.model_validate(row.manifest)
    return Set(
        id=row.id,
        kind=row.kind,
        name=row.name,
        job_id=row.job_id,
        dataset=row.dataset_id,
        split=row.split,
        images=row.images,
        classes=list(manifest.classes),
        key=row.key,
        subject=manifest.subject or None,
        lineage=list(manifest.lineage),
        size=row.size,
        created_at=row.created_at,
    )
