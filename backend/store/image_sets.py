"""Sets: where their items are, and how they go."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore
from backend.store.models import ImageSet, Score
from backend.store.owners import everyone
from ssenet.sets import ImageSet as OpenSet


def opened(row: ImageSet, artifacts: ArtifactStore) -> OpenSet:
    """The set on disk.

    Raises:
        DatasetError: its folder holds no complete set.
    """
    return OpenSet(artifacts.path(row.folder))


def delete(session: Session, row: ImageSet) -> list[str]:
    """Delete a set and its score.

    Returns:
        artifact keys to delete once this transaction is committed, the set's folder first.
    """
    with everyone(session):  # the database deletes all scores of the set: their bytes go with them
        counts = session.scalars(select(Score.counts_key).where(Score.set_id == row.id)).all()
    session.delete(row)
    session.flush()
    return [row.folder, *counts]
