"""The α lab: curves with bands on common images, and the images behind a point of a curve."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Response

from backend import alpha_curves
from backend.alpha_curves import Scored
from backend.problems import responses
from backend.schemas.alpha import CurvesQuery, EvaluatedImage, EvaluatedImages, ImagesQuery
from backend.service import Id, Service, ServiceDep
from backend.store.models import Dataset
from ssenet.analysis.alpha import AlphaCurves
from ssenet.analysis.per_image import ImageCounts, ImageRows, image_counts, image_rows, ranked
from ssenet.errors import DatasetError
from ssenet.histograms import EDGES, nearest_edge

router = APIRouter(tags=["analysis"])
_AN_HOUR = "private, max-age=3600"


@router.get("/analysis/curves", responses=responses(404, 409))
async def get_analysis_curves(
    service: ServiceDep, query: Annotated[CurvesQuery, Query()], response: Response
) -> AlphaCurves:
    """mIoU against α with 95 % bands, best α, plateau, m_FN and m_FP, on the images that all evaluations scored."""
    made = await to_thread.run_sync(_curves, service, query, limiter=service.counting)
    response.headers["Cache-Control"] = _AN_HOUR
    return made


def _curves(service: Service, query: CurvesQuery) -> AlphaCurves:
    return alpha_curves.curves(alpha_curves.scored(service, query.evaluations), query)


@router.get("/evaluations/{evaluation_id}/images", responses=responses(404, 409))
async def list_evaluation_images(
    service: ServiceDep, evaluation_id: Id, query: Annotated[ImagesQuery, Query()]
) -> EvaluatedImages:
    """Images of an evaluation at one α: the worst first, the best, or those with most left out or covered in vain."""
    return await to_thread.run_sync(_images, service, evaluation_id, query, limiter=service.counting)


def _images(service: Service, evaluation_id: str, query: ImagesQuery) -> EvaluatedImages:
    others = [one for one in query.common if one != evaluation_id]
    one = alpha_curves.scored(service, [evaluation_id, *others])[0]
    counts = image_counts(one.histogram(query.row), query.alpha)
    rows = image_rows(counts, one.label(query.class_))
    order = ranked(rows, query.order)
    numbers = _numbers(service, one)
    shown = order[query.offset : query.offset + query.limit]
    return EvaluatedImages(
        dataset=one.dataset,
        split=one.record.protocol.split,
        row=query.row,
        alpha=round(float(EDGES[nearest_edge(query.alpha)]), 6),
        total=len(order),
        undefined=rows.undefined,
        items=[_item(one, numbers, counts, rows, int(i)) for i in shown],
    )


def _numbers(service: Service, one: Scored) -> dict[str, int]:
    """Numbers of the images in their split, as long as the data set is there with the contents that were scored."""
    with service.database.read() as session:
        row = session.get(Dataset, one.dataset)
    if row is None or row.fingerprint != one.record.protocol.dataset_fingerprint:
        return {}
    try:
        ids = service.datasets.get(row).ids(one.record.protocol.split)
    except DatasetError:
        return {}
    return {image: number for number, image in enumerate(ids)}


def _item(one: Scored, numbers: dict[str, int], counts: ImageCounts, rows: ImageRows, i: int) -> EvaluatedImage:
    name = one.image_ids[i]
    return EvaluatedImage(
        id=name,
        index=numbers.get(name),
        iou=float(rows.iou[i]),
        fn=int(rows.fn[i]),
        fp=int(rows.fp[i]),
        truth=int(rows.truth[i]),
        pixels=int(rows.pixels[i]),
        classes=[c for c, pixels in zip(one.record.classes, counts.truth[i, 1:], strict=True) if pixels],
    )
