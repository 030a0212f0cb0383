"""Data sets: listing, checking, and browsing of samples."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, cast

import numpy as np
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Response
from numpy.typing import NDArray
from sqlalchemy import select

from backend import pictures
from backend.access.quotas import check_upload
from backend.http_cache import matches, not_modified, revalidated
from backend.problems import not_found, responses
from backend.routes.images import PNG
from backend.schemas.common import Page
from backend.schemas.datasets import Dataset, DatasetCheck, SampleItem, SamplePage
from backend.schemas.images import Image
from backend.service import Cursor, Id, IfNoneMatch, Limit, MaxSide, Service, ServiceDep
from backend.store import images
from backend.store.database import take_turns
from backend.store.images import About
from backend.store.models import Dataset as Row
from backend.store.pages import page
from ssenet.data import Dataset as OpenDataset
from ssenet.data import Sample

router = APIRouter(prefix="/datasets", tags=["datasets"])
Split = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Name of a split.")]
Index = Annotated[int, Path(ge=0, le=2**31 - 1, description="Number of the sample in its split, from 0.")]


@router.get("")
def list_datasets(service: ServiceDep, limit: Limit = 100, cursor: Cursor = None) -> Page[Dataset]:
    """Data sets, newest first."""
    with service.database.read() as session:
        rows, following = page(session, select(Row), Row, limit, cursor)
    return Page(items=[Dataset.of(row) for row in rows], next=following)


@router.get("/{dataset_id}", responses=responses(404))
def get_dataset(service: ServiceDep, dataset_id: Id) -> Dataset:
    """A data set."""
    return Dataset.of(find(service, dataset_id))


@router.get("/{dataset_id}/check", responses=responses(404, 409))
def check_dataset(service: ServiceDep, dataset_id: Id) -> DatasetCheck:
    """Read every file of a data set and say what is wrong; a large set takes minutes."""
    problems = service.datasets.get(find(service, dataset_id)).check()
    return DatasetCheck(ok=not problems, problems=problems)


@router.get("/{dataset_id}/samples", responses=responses(404, 409, 422))
def list_samples(
    service: ServiceDep,
    dataset_id: Id,
    split: Annotated[str, Query(max_length=100)] = "train",
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 24,
    class_: Annotated[str | None, Query(alias="class", max_length=200, description="Only those that show it.")] = None,
) -> SamplePage:
    """Samples of a split, in its order."""
    row = find(service, dataset_id)
    opened = service.datasets.get(row)
    _known_split(row, split)
    if class_ is not None and class_ not in opened.classes:
        raise not_found(f"class in data set {dataset_id}", class_)
    ids = opened.ids(split)
    if class_ is None:
        total, numbers = len(ids), list(range(len(ids))[offset : offset + limit])
    else:
        showing = _showing(opened, split, opened.classes.index(class_))
        total, numbers = len(showing), showing[offset : offset + limit]
    return SamplePage(items=[_item(opened, split, number, ids[number]) for number in numbers], total=total)


def _showing(opened: OpenDataset, split: str, index: int) -> list[int]:
    return [n for n, shown in enumerate(_labels(cast(Any, opened), split)) if index in shown]


@lru_cache(maxsize=16)
def _labels(opened: Any, split: str) -> tuple[frozenset[int], ...]:
    """Classes of every sample of a split, read once and without decoding images."""
    labels = (opened.labels(split, number) for number in range(opened.splits[split]))
    return tuple(frozenset(int(k) for k in one.nonzero()[0]) for one in labels)


def _item(opened: OpenDataset, split: str, number: int, name: str) -> SampleItem:
    return SampleItem(index=number, id=name, labels=_names(opened, opened.labels(split, number)))


def _names(opened: OpenDataset, labels: NDArray[np.float32]) -> list[str]:
    return [name for name, label in zip(opened.classes, labels, strict=True) if label]


@router.get(
    "/{dataset_id}/samples/{split}/{index}/image",
    response_class=Response,
    responses={200: PNG, **responses(404, 409)},
)
async def get_sample_image(
    service: ServiceDep,
    dataset_id: Id,
    split: Split,
    index: Index,
    max_side: MaxSide = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A sample's image as PNG."""
    row = await to_thread.run_sync(find, service, dataset_id)
    etag = _etag(row, split, index, "image", max_side)
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag))
    data = await to_thread.run_sync(_image_png, service, row, split, index, max_side, limiter=service.decoding)
    return Response(data, media_type="image/png", headers=revalidated(etag))


@router.get(
    "/{dataset_id}/samples/{split}/{index}/mask",
    response_class=Response,
    responses={200: PNG, **responses(404, 409)},
)
async def get_sample_mask(
    service: ServiceDep,
    dataset_id: Id,
    split: Split,
    index: Index,
    max_side: MaxSide = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A sample's mask as PNG in the colours of VOC."""
    row = await to_thread.run_sync(find, service, dataset_id)
    etag = _etag(row, split, index, "mask", max_side)
    if matches(if_none_match, etag):
        return not_modified(revalidated(etag))
    data = await to_thread.run_sync(_mask_png, service, row, split, index, max_side, limiter=service.decoding)
    return Response(data, media_type="image/png", headers=revalidated(etag))


def _image_png(service: Service, row: Row, split: str, index: int, max_side: int | None) -> bytes:
    return pictures.png_of(_sample(service, row, split, index, with_mask=False).image, max_side)


def _mask_png(service: Service, row: Row, split: str, index: int, max_side: int | None) -> bytes:
    mask = _sample(service, row, split, index, with_mask=True).mask
    if mask is None:
        raise not_found("mask of sample", f"{split}/{index}")
    return pictures.mask_png_of(mask, max_side)


@router.post("/{dataset_id}/samples/{split}/{index}/open", responses=responses(404, 409))
async def open_sample(service: ServiceDep, dataset_id: Id, split: Split, index: Index) -> Image:
    """Make a photograph of a sample, with its labels, so that CAMs of it can be computed."""
    return await to_thread.run_sync(_open, service, dataset_id, split, index, limiter=service.decoding)


def _open(service: Service, dataset_id: str, split: str, index: int) -> Image:
    row = find(service, dataset_id)
    sample = _sample(service, row, split, index, with_mask=False)
    names = tuple(_names(service.datasets.get(row), sample.labels))
    about = About(sample.id, "dataset", title=sample.id, origin=f"{dataset_id}/{split}/{index}", labels=names)
    height, width = sample.image.shape[:2]
    with images.staged_png(service.artifacts, sample.image) as png, service.database.write() as session:
        take_turns(session)
        if images.known(session, png[0]) is None:
            check_upload(session, service.settings, png[1].stat().st_size)
        image, _ = images.keep(session, service.artifacts, png, (height, width), about)
    return Image.model_validate(image)


def find(service: Service, dataset_id: str) -> Row:
    """The row of a data set. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, dataset_id)
    if row is None:
        raise not_found("data set", dataset_id)
    return row


def _known_split(row: Row, split: str, index: int | None = None) -> None:
    if split not in row.splits:
        raise not_found(f"split in data set {row.id}", split)
    if index is not None and index >= row.splits[split]:
        raise not_found(f"sample in split {split} of data set {row.id}", str(index))


def _sample(service: Service, row: Row, split: str, index: int, *, with_mask: bool) -> Sample:
    _known_split(row, split, index)
    return service.datasets.get(row).sample(split, index, with_mask=with_mask)


def _etag(row: Row, split: str, index: int, what: str, max_side: int | None) -> str:
    return f'"{row.fingerprint[:32]}-{split}-{index}-{what}-{max_side or 0}"'
