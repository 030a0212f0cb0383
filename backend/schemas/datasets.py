"""Data sets and their samples."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.schemas.common import Answer
from backend.store.models import Dataset as Row


class Dataset(Answer):
    """A data set that the operator registered."""

    id: str
    name: str
    kind: str
    classes: list[str]
    splits: dict[str, int] = Field(description="Name of each split → number of images.")
    fingerprint: str
    label_source: str
    has_masks: bool
    masked_splits: list[str] = Field(description="Splits with a mask for every image.")
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> Dataset:
        """From its row."""
        values = {name: getattr(row, name) for name in cls.model_fields if name not in ("name", "kind")}
        return cls.model_validate({**values, "name": row.spec["name"], "kind": row.spec["kind"]})


class DatasetCheck(Answer):
    """What is wrong with a data set's files."""

    ok: bool
    problems: list[str]


class SampleItem(Answer):
    """A sample in a listing."""

    index: int
    id: str
    labels: list[str]


class SamplePage(Answer):
    """Samples from ``offset`` on."""

    items: list[SampleItem]
    total: int = Field(description="Samples of the split, or of those that show the class.")
