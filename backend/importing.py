"""Bring in what a training on the command line left in its folder: checkpoints and their evaluations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore, evaluation_key, weights_key
from backend.store.database import Database, now, take_turns
from backend.store.evaluations import summarise
from backend.store.job_records import checkpoint_row
from backend.store.models import Checkpoint, Dataset, Evaluation
from backend.store.owners import usable
from ssenet.errors import CheckpointError
from ssenet.histograms import load_histograms
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard
from ssenet.training.notes import file_hash

CARD, WEIGHTS = "card.json", "weights.safetensors"
RECORD, HISTOGRAMS = "evaluation.json", "histograms.npz"


@dataclass(frozen=True)
class Imported:
    """What was brought in: ``new`` is False when it was there already, ``skipped`` says which evaluations were not."""

    checkpoint_id: str
    name: str
    new: bool
    evaluations: int
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class _Scores:
    """An evaluation as it lies in the folder, with its figures."""

    path: Path
    record: EvaluationRecord
    histograms: bytes
    summary: list[dict[str, Any]]


def import_run(database: Database, artifacts: ArtifactStore, run: Path, *, every: bool = False) -> list[Imported]:
    """Register the checkpoints under ``run``, the last one of each training only unless ``every``.

    Args:
        database: where rows go.
        artifacts: where weights and histograms go.
        run: a folder that ``ssenet train`` wrote, or one with a card and weights.
        every: also those of earlier epochs.

    Raises:
        CheckpointError: there is none, or one is damaged or does not match its card.
    """
    found = [(_card(path), path.parent) for path in sorted(run.rglob(CARD))]
    if not found:
        raise CheckpointError(f"No {CARD} in {run} or below: name a folder that 'ssenet train' wrote.")
    found.sort(key=lambda pair: (pair[0].step or 0, pair[0].created_at))
    last = {folder.parent: (card, folder) for card, folder in found}  # a training's epochs lie side by side
    return [_import(database, artifacts, run, card, folder) for card, folder in (found if every else last.values())]


def _card(path: Path) -> CheckpointCard:
    try:
        return CheckpointCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckpointError(f"{path} is not a checkpoint card: {error.errors()[0]['msg']}.") from None


def _import(database: Database, artifacts: ArtifactStore, run: Path, card: CheckpointCard, folder: Path) -> Imported:
    weights = folder / WEIGHTS
    check_weights(weights, card)
    key = weights_key(card.weights_sha256)
    scores, skipped = _scores_of(card, run)
    with artifacts.staged_copy(weights) as staged, database.write() as session:
        take_turns(session)
        if not artifacts.exists(key):  # within the transaction: their removal comes before or after it
            artifacts.adopt(key, staged)
        row, new = _row(session, card, key, weights.stat().st_size)
        problems = [_evaluation(session, artifacts, row, one) for one in scores]
        skipped += [problem for problem in problems if problem is not None]
        return Imported(row.id, row.name, new, problems.count(None), tuple(skipped))


def _scores_of(card: CheckpointCard, run: Path) -> tuple[list[_Scores], list[str]]:
    """The evaluations of a checkpoint in a folder, and why others were skipped."""
    scores: list[_Scores] = []
    skipped: list[str] = []
    if card.role != "cam":  # evaluations are of CAMs
        return scores, skipped
    for path in sorted(run.rglob(RECORD)):
        try:
            record = EvaluationRecord.model_validate_json(path.read_bytes())
            if record.protocol.weights_sha256 != card.weights_sha256:
                skipped.append(f"{path}: it is of other weights, those of {record.checkpoint!r}.")
                continue
            data = (path.parent / HISTOGRAMS).read_bytes()
            scores.append(_Scores(path, record, data, summarise(load_histograms(data))))
        except ValidationError as error:
            skipped.append(f"{path}: not an evaluation: {error.errors()[0]['msg']}.")
        except (ValueError, KeyError, OSError, BadZipFile) as error:
            skipped.append(f"{path}: {HISTOGRAMS} beside it cannot be read: {error}.")
    return scores, skipped


def check_weights(weights: Path, card: CheckpointCard) -> None:
    """Check that the file is safetensors and the one that the card describes; nothing is ever unpickled.

    Raises:
        CheckpointError: it is not.
    """
    if not weights.is_file():
        raise CheckpointError(f"{weights} is missing: a card without weights cannot be used.")
    try:
        with safe_open(weights, framework="numpy") as file:
            tensors = len(list(file.keys()))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{weights} is not a safetensors file ({error}).") from None
    if file_hash(weights) != card.weights_sha256 or not tensors:
        raise CheckpointError(f"{weights} is not the file that its card describes: the hashes differ.")


def _row(session: Session, card: CheckpointCard, key: str, size: int) -> tuple[Checkpoint, bool]:
    same = select(Checkpoint).where(Checkpoint.content_sha == card.content_sha, Checkpoint.name == card.name)
    known = session.scalars(same.where(usable(session, Checkpoint))).first()
    if known is not None:
        return known, False
    row = checkpoint_row(card, now(session), weights_key=key, size=size)
    session.add(row)
    session.flush()
    return row, True


def _evaluation(session: Session, artifacts: ArtifactStore, row: Checkpoint, scores: _Scores) -> str | None:
    """Register an evaluation unless it is there already or its data set is not known; says which it was."""
    record, dataset = scores.record, _dataset(session, scores.record.protocol)
    if dataset is None:
        name = record.protocol.dataset
        return f"{scores.path}: its data set {name!r} is not registered here; add it with 'ssenet-lab data add' first."
    earlier = session.scalars(select(Evaluation).where(Evaluation.checkpoint_id == row.id)).all()
    if any(EvaluationRecord.model_validate(other.record).created_at == record.created_at for other in earlier):
        return f"{scores.path}: it was there already."
    evaluation_id = uuid.uuid4().hex
    artifacts.put_bytes(evaluation_key(evaluation_id), scores.histograms)
    session.add(
        Evaluation(
            id=evaluation_id,
            checkpoint_id=row.id,
            dataset_id=dataset.id,
            record=record.model_dump(mode="json"),
            summary=scores.summary,
            histograms_key=evaluation_key(evaluation_id),
            created_at=record.created_at.timestamp(),
        )
    )
    return None


def _dataset(session: Session, protocol: ProtocolCard) -> Dataset | None:
    """The data set that was scored: by its content, whatever its name is here, or else by its name."""
    same = session.scalars(select(Dataset).where(Dataset.fingerprint == protocol.dataset_fingerprint)).all()
    named = session.get(Dataset, protocol.dataset)
    return named if named in same or not same else same[0]
