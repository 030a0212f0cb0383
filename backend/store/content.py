"""What a job's result depends on: its data set, and its content key. Equal keys mean equal results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.store.models import Checkpoint, Dataset, ImageSet
from ssenet.config import INPUTS, NETWORKS, STAGES, JobKind
from ssenet.lineage import content_key

Input = Checkpoint | ImageSet


@dataclass(frozen=True)
class Content:
    """The data set of a job, and the key of what it makes; None where something it names is not there."""

    dataset_id: str | None
    key: str | None


def named(kind: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, type[Checkpoint] | type[ImageSet], str]]:
    """The earlier results that settings name: field, table, id."""
    for field, wanted in INPUTS[cast(JobKind, kind)].items():
        if settings.get(field) is not None:
            yield field, Checkpoint if wanted[0] in NETWORKS else ImageSet, str(settings[field])


def inputs_of(session: Session, kind: str, settings: Mapping[str, Any]) -> dict[str, Input | None]:
    """The rows that settings name, by field; None for what is not there."""
    found: dict[str, Input | None] = {}
    for field, table, row_id in named(kind, settings):
        found[field] = cast(Input | None, session.get(table, row_id))
    return found


def content_of(session: Session, kind: str, settings: Mapping[str, Any]) -> Content:
    """The content of a job with these settings."""
    inputs = inputs_of(session, kind, settings)
    dataset_id = settings.get("dataset") or _dataset_of(inputs)
    dataset = session.get(Dataset, dataset_id) if dataset_id else None
    if dataset is None or None in inputs.values():
        return Content(dataset_id, None)
    known = {field: _sha(row) for field, row in inputs.items() if row is not None}
    try:
        model = STAGES[cast(JobKind, kind)].model_validate(settings)
    except ValidationError:  # a job of an earlier version, retried: it will say itself what is wrong
        return Content(dataset_id, None)
    return Content(dataset_id, content_key(cast(JobKind, kind), model, known, dataset.fingerprint))


def _dataset_of(inputs: Mapping[str, Input | None]) -> str | None:
    """A stage that takes a set takes its data set, too."""
    return next((row.dataset_id for row in inputs.values() if isinstance(row, ImageSet)), None)


def _sha(row: Input) -> str:
    return row.key if isinstance(row, ImageSet) else row.content_sha
