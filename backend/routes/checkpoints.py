"""Checkpoints: listing, download, upload, deletion."""

from __future__ import annotations

import re
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, File, Query, Response, UploadFile
from sqlalchemy import ColumnElement, select
from starlette.responses import FileResponse

from backend import weights_upload
from backend.access.quotas import check_upload
from backend.http_cache import immutable, matches, not_modified, revalidated
from backend.problems import conflict, invalid, not_found, responses
from backend.schemas.checkpoints import Checkpoint, CheckpointDependents
from backend.schemas.common import Page
from backend.service import Cursor, Id, IdQuery, IfNoneMatch, Limit, Service, ServiceDep
from backend.store import checkpoints
from backend.store.artifacts import weights_key
from backend.store.database import now, take_turns
from backend.store.job_records import checkpoint_row
from backend.store.models import Checkpoint as Row
from backend.store.owners import check_change, usable
from backend.store.pages import page
from ssenet.config import NetworkRole
from ssenet.results import CheckpointCard
from ssenet.weights.installed import file_sha256

router = APIRouter(prefix="/checkpoints", tags=["checkpoints"])
FILE = {"content": {"application/octet-stream": {}}, "description": "safetensors."}


@router.get("")
def list_checkpoints(
    service: ServiceDep,
    dataset: IdQuery = None,
    method: IdQuery = None,
    role: Annotated[NetworkRole | None, Query(description="Only networks for this purpose.")] = None,
    all: Annotated[bool, Query(description="Also those of earlier epochs.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Checkpoint]:
    """Checkpoints, newest first; those that come with the product are the last."""
    query = select(Row)
    query = query.where(Row.dataset == dataset) if dataset else query
    query = query.where(Row.method == method) if method else query
    query = query.where(has_role(role)) if role else query
    query = query if all else query.where(Row.final)
    with service.database.read() as session:
        rows, following = page(session, query, Row, limit, cursor)
    return Page(items=[Checkpoint.model_validate(row) for row in rows], next=following)


@router.post("", status_code=201, responses={200: {"model": Checkpoint, "description": "Known."}, **responses(413)})
async def upload_checkpoint(
    service: ServiceDep,
    response: Response,
    weights: Annotated[UploadFile, File(description="safetensors.")],
    card: Annotated[UploadFile, File(description="Its card, JSON.")],
) -> Checkpoint:
    """Bring in weights that were trained elsewhere. They are checked without being loaded."""
    row, new = await to_thread.run_sync(_keep, service, weights, card)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/api/v1/checkpoints/{row.id}"
    return Checkpoint.model_validate(row)


def _keep(service: Service, weights: UploadFile, card_file: UploadFile) -> tuple[Row, bool]:
    card = weights_upload.read_card(card_file.file)
    with service.artifacts.staging() as staged:
        sha, size = weights_upload.copy_and_hash(weights.file, staged, service.settings.weights_bytes)
        weights_upload.check_weights(staged, size, card)
        if sha != card.weights_sha256:
            raise invalid("/weights", f"The weights have the sha256 {sha}, and their card says {card.weights_sha256}.")
        with service.database.write() as session:
            take_turns(session)
            same = select(Row).where(Row.weights_key == weights_key(sha), Row.content_sha == card.content_sha)
            for known in session.scalars(same.where(usable(session, Row))):
                if known.card == card.model_dump(mode="json"):
                    return known, False
            check_upload(session, service.settings, size)
            # Within the transaction: a deletion of other rows with the same weights comes before or after it.
            service.artifacts.adopt(weights_key(sha), staged)
            row = checkpoint_row(card, now(session), size=size, weights_key=weights_key(sha))
            session.add(row)
        return row, True


@router.get("/{checkpoint_id}", responses=responses(404))
def get_checkpoint(service: ServiceDep, checkpoint_id: Id) -> Checkpoint:
    """A checkpoint."""
    return Checkpoint.model_validate(find(service, checkpoint_id))


@router.get("/{checkpoint_id}/card", responses=responses(404))
def get_checkpoint_card(service: ServiceDep, response: Response, checkpoint_id: Id) -> CheckpointCard:
    """Its card, as a file."""
    row = find(service, checkpoint_id)
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(row)}.json"'
    return CheckpointCard.model_validate(row.card)


@router.get(
    "/{checkpoint_id}/weights",
    response_class=FileResponse,
    responses={200: FILE, 206: {**FILE, "description": "A part."}, **responses(404, 409)},
)
def get_checkpoint_weights(service: ServiceDep, checkpoint_id: Id, if_none_match: IfNoneMatch = None) -> Response:
    """Its weights, as safetensors; in parts, too. Damaged ones are not given out."""
    row = find(service, checkpoint_id)
    path = checkpoints.weights_file(row, service.artifacts)
    if path.suffix != ".safetensors":
        raise conflict("not-offered", "These weights come with an installed package, in a format of their own.")
    if not path.is_file():
        raise not_found("weights file of checkpoint", checkpoint_id)
    etag = f'"{row.card["weights_sha256"]}"'
    headers = revalidated(etag) if row.builtin else immutable(etag)  # an upgrade may bring other built-in ones
    if matches(if_none_match, etag):
        return not_modified(headers)
    if file_sha256(path) != row.card["weights_sha256"]:  # hashed once, and again when the file has changed
        raise conflict("damaged", "The weights of this checkpoint are damaged. Delete it, or bring it in again.")
    name = f"{_file_name(row)}.safetensors"
    return FileResponse(path, headers=headers, media_type="application/octet-stream", filename=name)


@router.get("/{checkpoint_id}/dependents", responses=responses(404))
def get_checkpoint_dependents(service: ServiceDep, checkpoint_id: Id) -> CheckpointDependents:
    """What depends on a checkpoint, and the token that confirms its deletion."""
    with service.database.read() as session:
        row = session.get(Row, checkpoint_id)
        if row is None:
            raise not_found("checkpoint", checkpoint_id)
        found = checkpoints.dependents(session, row)
    return CheckpointDependents(
        evaluations=len(found.evaluations),
        rankings=len(found.rankings),
        running_jobs=found.running_jobs,
        confirm=found.token,
        text=found.text,
    )


@router.delete("/{checkpoint_id}", status_code=204, responses=responses(404, 409))
def delete_checkpoint(
    service: ServiceDep,
    checkpoint_id: Id,
    confirm: Annotated[str | None, Query(max_length=64, description="`confirm` of the dependents.")] = None,
) -> None:
    """Delete a checkpoint with its evaluations and rankings, once what depends on it was seen and confirmed."""
    with service.database.write() as session:
        take_turns(session)  # a pipeline takes up a checkpoint that is there either before or not at all
        row = session.get(Row, checkpoint_id, with_for_update=True)
        if row is None:
            raise not_found("checkpoint", checkpoint_id)
        check_change(session, row)
        if row.builtin:
            raise conflict("builtin", "The checkpoints that come with the product cannot be deleted.")
        found = checkpoints.dependents(session, row)
        if found.running_jobs or found.open_requests:
            raise conflict("in-use", "A job or a CAM request uses this checkpoint. Cancel it or wait for its end.")
        if found.pipelines:
            raise conflict("in-use", "A pipeline at work needs this checkpoint. Cancel it or wait for its end.")
        if confirm != found.token:
            raise conflict("confirm", f"{found.text} To delete it, repeat the request with confirm={found.token}.")
        keys = checkpoints.delete(session, row)
    # Rows first, bytes second: a row never names bytes that are not there, also when the commit fails. In between,
    # an upload may have brought the same weights in again; a second transaction keeps others out meanwhile.
    with service.database.write() as session:
        take_turns(session)
        for key in checkpoints.unused(session, keys):
            service.artifacts.delete(key)


def has_role(role: NetworkRole) -> ColumnElement[bool]:
    """That a checkpoint is of a network for this purpose."""
    return Row.method == role if role != "cam" else Row.method.not_in(("affinity", "segmentation"))


def find(service: Service, checkpoint_id: str) -> Row:
    """The row of a checkpoint. Raises a 404 problem."""
    with service.database.read() as session:
        row = session.get(Row, checkpoint_id)
    if row is None:
        raise not_found("checkpoint", checkpoint_id)
    return row


def _file_name(row: Row) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", row.name).strip("-.") or row.id
