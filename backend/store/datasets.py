"""Data sets that the operator registered. A client only ever names one by id."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.store.database import now
from backend.store.models import Dataset
from ssenet.config import DatasetSpec
from ssenet.data import Dataset as OpenDataset
from ssenet.data import open_dataset


def register(session: Session, spec: DatasetSpec, opened: OpenDataset | None = None) -> Dataset:
    """Add a data set under its name, or describe it anew.

    Args:
        opened: the data set, if it is open already: opening a large one takes a while, in which this
            transaction would keep all other writers waiting.

    Raises:
        DatasetError: it is missing, incomplete or inconsistent.
    """
    opened = opened or open_dataset(spec)
    known = session.get(Dataset, spec.name)
    row = known or Dataset(id=spec.name, created_at=now(session))
    row.spec = spec.model_dump(mode="json")
    row.classes = list(opened.classes)
    row.splits = dict(opened.splits)
    row.fingerprint = opened.fingerprint
    row.label_source = opened.label_source
    row.has_masks = opened.has_masks
    row.masked_splits = list(opened.masked_splits)
    if known is None:
        session.add(row)
    session.flush()
    return row


def spec_of(row: Dataset) -> DatasetSpec:
    """How to open it."""
    return DatasetSpec.model_validate(row.spec)
