"""Pages of a listing by keyset, newest first: a page stays right while rows are added."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import orjson
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from backend.store.models import Checkpoint, Dataset, Evaluation, Image, ImageSet, Job, Pipeline, Ranking, Score

T = TypeVar("T")
Listed = Image | Dataset | Checkpoint | Job | Evaluation | ImageSet | Score | Ranking | Pipeline


class BadCursor(ValueError):  # noqa: N818
    """A cursor that this service did not make."""


def page(
    session: Session, query: Select[T], table: type[Listed], limit: int, cursor: str | None
) -> tuple[list[T], str | None]:
    """Up to ``limit`` rows after ``cursor``, and the cursor of what follows (None at the end).

    Raises:
        BadCursor: not a cursor of a listing.
    """
    keys = tuple_(table.created_at, table.id)
    if cursor is not None:
        query = query.where(keys < _decode(cursor))
    ordered = query.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)
    rows = list(session.scalars(ordered))
    if len(rows) <= limit:
        return rows, None
    last: Any = rows[limit - 1]
    return rows[:limit], _encode(last.created_at, last.id)


def _encode(created_at: float, row_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([created_at, row_id])).decode().rstrip("=")


def _decode(cursor: str) -> tuple[float, str]:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        created_at, row_id = values
        return float(created_at), str(row_id)
    except (binascii.Error, orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise BadCursor("the cursor is not one that a listing returned") from error
