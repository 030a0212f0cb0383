"""Checkpoints: where their weights are, what depends on them, and how they go."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from backend.store import cams
from backend.store.artifacts import ArtifactStore
from backend.store.models import Checkpoint, Evaluation, Ranking
from backend.store.owners import everyone
from backend.store.uses import live_jobs, live_pipelines


@dataclass(frozen=True)
class Dependents:
    """What would be lost or broken with a checkpoint."""

    evaluations: tuple[str, ...]
    rankings: tuple[str, ...]
    running_jobs: int
    pipelines: int
    open_requests: bool
    token: str

    @property
    def text(self) -> str:
        """The same in words."""
        counts = {"evaluation": len(self.evaluations), "ranking": len(self.rankings)}
        named = [f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
        lost = f"{' and '.join(named)} of it will be deleted too"
        busy = f"; {self.running_jobs} waiting or running job(s) use it" if self.running_jobs else ""
        needed = f"; {self.pipelines} pipeline(s) at work need it" if self.pipelines else ""
        return (lost if named else "No evaluation and no ranking depends on it") + busy + needed + "."


def weights_file(row: Checkpoint, artifacts: ArtifactStore) -> Path:
    """The weights of a checkpoint."""
    return Path(row.weights_path) if row.weights_path is not None else artifacts.path(str(row.weights_key))


def dependents(session: Session, row: Checkpoint) -> Dependents:
    """What depends on a checkpoint, with a token that changes when that does."""
    with everyone(session):  # an administrator's go, too; the answer has their number only
        evaluations = tuple(session.scalars(select(Evaluation.id).where(Evaluation.checkpoint_id == row.id)))
        rankings = tuple(session.scalars(select(Ranking.id).where(_of(row))))
    token = hashlib.sha256("|".join([row.id, *sorted(evaluations), *sorted(rankings)]).encode()).hexdigest()[:16]
    return Dependents(
        evaluations=evaluations,
        rankings=rankings,
        running_jobs=len(live_jobs(session, row)),
        pipelines=len(live_pipelines(session, row)),
        open_requests=cams.checkpoint_in_use(session, row.id),
        token=token,
    )


def _of(row: Checkpoint) -> ColumnElement[bool]:
    """That a ranking shows maps of a checkpoint."""
    return or_(Ranking.checkpoint_id == row.id, Ranking.other_id == row.id)


def delete(session: Session, row: Checkpoint) -> list[str]:
    """Delete a checkpoint with its evaluations and rankings.

    Returns:
        artifact keys that nothing may refer to any more: delete those that are ``unused`` once this transaction is
        committed.
    """
    owned = select(Evaluation.histograms_key).where(Evaluation.checkpoint_id == row.id)
    with everyone(session):  # the database deletes all rows that refer to this one: their bytes go with them
        keys = [key for key in session.scalars(owned) if key is not None]
        keys += session.scalars(select(Ranking.rows_key).where(_of(row)))
    if row.weights_key is not None:
        keys.append(row.weights_key)
    session.delete(row)
    session.flush()
    return keys


def unused(session: Session, keys: Sequence[str]) -> list[str]:
    """Those of ``keys`` that no checkpoint, no evaluation and no ranking refers to."""
    weights = select(Checkpoint.weights_key).where(Checkpoint.weights_key.in_(keys))
    histograms = select(Evaluation.histograms_key).where(Evaluation.histograms_key.in_(keys))
    rows = select(Ranking.rows_key).where(Ranking.rows_key.in_(keys))
    with everyone(session):  # equal bytes are kept once, whoever brought them
        used = {*session.scalars(weights), *session.scalars(histograms), *session.scalars(rows)}
    return [key for key in keys if key not in used]
