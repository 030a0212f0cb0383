"""The aggregation lab: one set of CAMs, its views put together in many ways, without the network."""

from __future__ import annotations

import hashlib
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Response

import ssenet
from backend import pictures, set_pictures
from backend.http_cache import matches, not_modified, revalidated
from backend.problems import not_found, responses
from backend.routes.datasets import Index
from backend.routes.images import PNG
from backend.routes.sets import find
from backend.schemas.aggregation import MapQuery, PartQuery
from backend.service import Id, IfNoneMatch, Service, ServiceDep
from backend.store import image_sets
from backend.store.models import ImageSet as Row
from ssenet import render
from ssenet.analysis.aggregation import Aggregation, AggregationCounts, aggregated, coarse_of, offered, score_part
from ssenet.data.images import encode_png

router = APIRouter(prefix="/sets", tags=["aggregation"])


@router.get("/{set_id}/aggregation", responses=responses(404, 409))
async def get_set_aggregation(
    service: ServiceDep,
    set_id: Id,
    query: Annotated[PartQuery, Query()],
    response: Response,
) -> AggregationCounts:
    """Exact counts of some photographs at every α under one aggregation; those of further photographs add up."""
    row = await to_thread.run_sync(find, service, set_id)
    counted = await to_thread.run_sync(_count, service, row, query, limiter=service.decoding)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return counted


def _count(service: Service, row: Row, query: PartQuery) -> AggregationCounts:
    image_set = image_sets.opened(row, service.artifacts)
    how = query.how(offered(image_set))
    photographs = set_pictures.photographs(service, row, image_set)
    if not photographs.have_masks:
        raise not_found("masks of split", row.split)
    return score_part(image_set, photographs, how, query.first, query.images)


@router.get("/{set_id}/items/{index}/aggregation", response_class=Response, responses={200: PNG, **responses(404, 409)})
async def get_set_item_aggregation(
    service: ServiceDep,
    set_id: Id,
    index: Index,
    query: Annotated[MapQuery, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The aggregated map of one class over its photograph, with the α contour."""
    row = await to_thread.run_sync(find, service, set_id)
    text = f"{row.id}|{row.key}|{index}|{query.model_dump_json()}|{ssenet.__version__}"
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:40]}"'
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag))
    data = await to_thread.run_sync(_draw, service, row, index, query, limiter=service.decoding)
    return Response(data, media_type="image/png", headers=revalidated(etag))


def _draw(service: Service, row: Row, index: int, query: MapQuery) -> bytes:
    image_set = image_sets.opened(row, service.artifacts)
    how: Aggregation = query.how(offered(image_set))
    if index >= len(image_set.ids):
        raise not_found(f"item of set {row.id}", str(index))
    classes, coarse = coarse_of(image_set, image_set.ids[index])
    names = [image_set.manifest.classes[k] for k in classes]
    if not names or (query.class_ is not None and query.class_ not in names):
        raise not_found(f"map of image {image_set.ids[index]}", query.class_ or "of any class")
    chosen = names.index(query.class_) if query.class_ is not None else 0
    sample = set_pictures.photographs(service, row, image_set).sample(image_set.ids[index])
    one = {view: maps[chosen : chosen + 1] for view, maps in coarse.items()}
    score = aggregated(one, (sample.image.shape[0], sample.image.shape[1]), how)
    photo = pictures.shrink(sample.image, query.max_side)
    fitted = render.upsample(score, (photo.shape[0], photo.shape[1]))[0]
    return encode_png(render.overlay(photo, fitted, alpha=query.alpha))
