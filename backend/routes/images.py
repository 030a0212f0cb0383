"""Photographs: upload, listing, pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, File, Query, Response, UploadFile
from sqlalchemy import select

from backend import pictures
from backend.access.quotas import check_upload
from backend.decoding.pool import Decoded
from backend.http_cache import immutable, matches, not_modified
from backend.problems import Problem, conflict, not_found, responses
from backend.schemas.common import Page
from backend.schemas.images import Image
from backend.service import Cursor, Id, IfNoneMatch, Limit, MaxSide, Service, ServiceDep
from backend.store import cams, images
from backend.store.artifacts import image_key
from backend.store.database import take_turns
from backend.store.images import About
from backend.store.models import Image as Row
from backend.store.models import ImageSource
from backend.store.owners import check_change
from backend.store.pages import page

router = APIRouter(prefix="/images", tags=["images"])
PNG = {"content": {"image/png": {}}, "description": "PNG."}
_SOURCES = ("gallery", "upload", "dataset")


@router.post("", status_code=201, responses={200: {"model": Image, "description": "Known already."}, **responses(413)})
async def upload_image(
    service: ServiceDep, response: Response, file: Annotated[UploadFile, File(description="PNG, JPEG or WebP.")]
) -> Image:
    """Upload a photograph. It is turned upright and kept as RGB pixels; equal pixels are one image."""
    with service.artifacts.staging() as staged:
        found = await service.decoders.decode(file.file, staged)
        row, new = await to_thread.run_sync(_keep, service, file.filename, found, staged)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/api/v1/images/{row.id}"
    return Image.model_validate(row)


def _keep(service: Service, name: str | None, found: Decoded, staged: Path) -> tuple[Row, bool]:
    key = image_key(found.sha)
    with service.database.write() as session:
        take_turns(session)
        if images.known(session, found.sha) is None:
            check_upload(session, service.settings, staged.stat().st_size)
        if not service.artifacts.exists(key):  # within the transaction: a deletion comes before or after it
            service.artifacts.adopt(key, staged)
        about, stored = About(_display_name(name), "upload"), service.artifacts.size(key)
        return images.add(session, found.sha, (found.height, found.width), about, stored=stored)


def _display_name(name: str | None) -> str:
    """The file's name for people only: it never becomes part of a path."""
    base = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable())[:200] or "upload"


@router.get("", responses=responses(422))
def list_images(
    service: ServiceDep,
    source: Annotated[
        str | None, Query(pattern="^[a-z, ]{1,60}$", description="Any of gallery, upload, dataset, comma separated.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Image]:
    """Photographs, newest first."""
    query = select(Row)
    if source is not None:
        query = query.where(Row.source.in_(_sources(source)))
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[Image.model_validate(row) for row in rows], next=following)


def _sources(text: str) -> list[ImageSource]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in _SOURCES]
    if unknown:
        raise Problem(422, "invalid", f"There is no source {unknown[0]!r}; choose of {', '.join(_SOURCES)}.")
    return [name for name in _SOURCES if name in names]  # type: ignore[misc]


@router.get("/{image_id}", responses=responses(404))
def get_image(service: ServiceDep, image_id: Id) -> Image:
    """A photograph."""
    return Image.model_validate(find(service, image_id))


@router.get("/{image_id}/pixels", response_class=Response, responses={200: PNG, **responses(404)})
async def get_image_pixels(
    service: ServiceDep, image_id: Id, max_side: MaxSide = None, if_none_match: IfNoneMatch = None
) -> Response:
    """Its pixels as PNG."""
    row = await to_thread.run_sync(find, service, image_id)
    etag = f'"{row.sha}-{max_side or 0}"'
    if matches(if_none_match, etag):
        return not_modified(immutable(etag))
    try:
        made = (service.artifacts, row.sha, max_side)
        data = await to_thread.run_sync(pictures.stored_png, *made, limiter=service.decoding)
    except FileNotFoundError:
        raise not_found("file of image", image_id) from None
    return Response(data, media_type="image/png", headers=immutable(etag))


@router.delete("/{image_id}", status_code=204, responses=responses(404, 409))
def delete_image(service: ServiceDep, image_id: Id) -> None:
    """Delete a photograph. Those of the gallery stay, and those that a CAM is being computed of."""
    with service.database.write() as session:
        row = session.get(Row, image_id)
        if row is None:
            raise not_found("image", image_id)
        check_change(session, row)
        if row.source == "gallery":
            raise conflict("builtin", "The sample photographs cannot be deleted.")
        if cams.image_in_use(session, image_id):
            raise conflict("in-use", "A CAM of this image is being computed. Try again in a moment.")
        session.delete(row)
    # Row first, bytes second: a row never names bytes that are not there. In between, an upload may have brought the
    # same pixels in again; a second transaction keeps others out meanwhile.
    with service.database.write() as session:
        take_turns(session)
        if images.unused(session, row.sha):
            service.artifacts.delete(image_key(row.sha))


def find(service: Service, image_id: str) -> Row:
    """The row of an image. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, image_id)
    if row is None:
        raise not_found("image", image_id)
    return row
