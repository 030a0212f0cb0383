"""Results that a child announced: checked, moved into the artifact store, and made visible."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from zipfile import BadZipFile

import numpy as np
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from backend.store import job_records
from backend.store.artifacts import ArtifactStore, evaluation_key, ranking_key, score_key, weights_key
from backend.store.database import Database, take_turns
from backend.store.evaluations import summarise
from backend.store.transitions import Claim, LeaseLost
from ssenet.analysis.triage_record import TriageRecord
from ssenet.config import OUTPUTS, JobKind
from ssenet.errors import DatasetError
from ssenet.faults import fault
from ssenet.histograms import load_histograms
from ssenet.results import CheckpointCard, EvaluationRecord
from ssenet.scores import SegmentationRecord
from ssenet.sets import ImageSet, unpack
from worker.lease import Lease
from worker.trainer import Event

RESULTS = frozenset({"checkpoint", "evaluation", "set", "scores", "ranking"})
M = TypeVar("M", bound=BaseModel)

_BLOCK = 2**20


class ProtocolError(Exception):
    """The child announced something that is not there or not what it says."""


class _Known(Exception):  # noqa: N818  (it ends a transaction that changes nothing)
    """An earlier attempt committed the same result."""


@dataclass(frozen=True)
class Results:
    """Commits the results of one attempt. Bytes come first, rows second: a row never names bytes that are not there.

    Attributes:
        folder: the attempt's folder, that the paths in events are relative to.
        lease: the claim's, so that whoever watches it knows of its renewals; None when nobody does.
    """

    database: Database
    artifacts: ArtifactStore
    claim: Claim
    folder: Path
    lease: Lease | None = None

    def commit(self, event: Event) -> None:
        """Make the result of an event of ``RESULTS`` visible; a repetition changes nothing.

        Raises:
            LeaseLost: the job is no longer owned, and no row was written. Lost before the first look, nothing was
                written outside the attempt's folder; lost after it, weights may lie in the store that no row names,
                which keeping house removes.
            ProtocolError: the result is not what its event says.
        """
        commits = {
            "checkpoint": self._checkpoint,
            "evaluation": self._evaluation,
            "set": self._set,
            "scores": self._scores,
            "ranking": self._ranking,
        }
        lease = self.lease or Lease(self.database, self.claim)
        lease.renew()  # whoever was replaced learns it before it copies anything
        commits[event["type"]](event)

    def _checkpoint(self, event: Event) -> None:
        weights = self._file(event["weights"])
        card = self._described(CheckpointCard, event["card"])
        key = weights_key(card.weights_sha256)
        with self.artifacts.staging() as staged:
            _copy_checked(weights, staged, card.weights_sha256)
            with self.database.write() as session:
                take_turns(session)
                # Within the transaction: a deletion of other rows with the same weights comes before or after it.
                self.artifacts.adopt(key, staged)
                fault("before_row")
                job_records.commit_checkpoint(
                    session,
                    self.claim,
                    card,
                    weights_key=key,
                    size=weights.stat().st_size,
                    epoch=int(event["epoch"]),
                    step=int(event["step"]),
                    final=bool(event["final"]),
                )

    def _evaluation(self, event: Event) -> None:
        record = self._described(EvaluationRecord, event["record"])
        data = self._file(event["histograms"]).read_bytes()
        summary = _summary(data, event["histograms"])  # takes a while: not within the transaction
        evaluation_id = uuid.uuid4().hex
        key = evaluation_key(evaluation_id)
        with self._bytes_of_a_new_row(key, data) as session:
            new = job_records.commit_evaluation(
                session,
                self.claim,
                record,
                evaluation_id=evaluation_id,
                histograms_key=key,
                summary=summary,
            )
            if not new:
                raise _Known

    @contextmanager
    def _bytes_of_a_new_row(self, key: str, data: bytes) -> Iterator[Session]:
        """A transaction for the row that names ``data``; they go again when no row comes to name them.

        When the database goes away at the very end nobody knows whether the row is there: then they stay.
        """
        self.artifacts.put_bytes(key, data)
        fault("before_row")
        try:
            with self.database.write() as session:
                yield session
        except _Known:
            self.artifacts.delete(key)
        except LeaseLost:
            self.artifacts.delete(key)
            raise

    def _set(self, event: Event) -> None:
        """The set stays where it is, in the attempt's folder."""
        made = self._complete(self._path(event["folder"]))
        key, size = self.artifacts.key(made.folder), made.bytes
        fault("before_row")
        with self.database.write() as session:
            job_records.commit_set(session, self.claim, made.manifest, folder=key, size=size)

    def _complete(self, folder: Path) -> ImageSet:
        try:
            made = ImageSet(folder)
        except DatasetError as error:
            raise ProtocolError(f"the child announced a set that is none: {error}") from error
        if made.manifest.kind != OUTPUTS[cast(JobKind, self.claim.kind)]:
            raise ProtocolError(f"a job of {self.claim.kind} made a set of {made.manifest.kind}")
        lacking = [image_id for image_id in made.ids if not made.path(image_id).is_file()]
        if lacking:
            raise ProtocolError(f"the child announced a set without its item {lacking[0]!r}")
        return made

    def _scores(self, event: Event) -> None:
        record = self._described(SegmentationRecord, event["record"])
        data = self._file(event["counts"]).read_bytes()
        _check_counts(data, record)
        score_id = uuid.uuid4().hex
        key = score_key(score_id)
        with self._bytes_of_a_new_row(key, data) as session:
            if not job_records.commit_score(session, self.claim, record, score_id=score_id, counts_key=key):
                raise _Known

    def _ranking(self, event: Event) -> None:
        record = self._described(TriageRecord, event["record"])
        ranking_id = uuid.uuid4().hex
        key = ranking_key(ranking_id)
        with self._bytes_of_a_new_row(key, self._file(event["record"]).read_bytes()) as session:
            if not job_records.commit_ranking(session, self.claim, record.summary, ranking_id=ranking_id, rows_key=key):
                raise _Known

    def _described(self, model: type[M], name: str) -> M:
        """The card or record in a file of the child's."""
        try:
            return model.model_validate_json(self._file(name).read_bytes())
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "its text"
            raise ProtocolError(
                f"the child wrote {name!r}, which is no {model.__name__}: {where}: {problem['msg']}"
            ) from error

    def _file(self, name: str) -> Path:
        path = self._path(name)
        if not path.is_file():
            raise ProtocolError(f"the child announced a file that is not in its folder: {name!r}")
        return path

    def _path(self, name: str) -> Path:
        folder = self.folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise ProtocolError(f"the child announced a file that is not in its folder: {name!r}")
        return path


def _copy_checked(source: Path, target: Path, sha256: str) -> None:
    """Copy a file to the disk. Raises ProtocolError when it has another hash than announced."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as written:
        while block := read.read(_BLOCK):
            digest.update(block)
            written.write(block)
        written.flush()
        os.fsync(written.fileno())
    if digest.hexdigest() != sha256:
        raise ProtocolError(f"the child wrote {source.name!r}, whose hash differs from its card's")


def _summary(histograms: bytes, name: str) -> list[dict[str, Any]]:
    try:
        return summarise(load_histograms(histograms))
    except (ValueError, KeyError, OSError, BadZipFile) as error:
        raise ProtocolError(f"the child wrote {name!r}, which holds no histograms: {error}") from error


def _check_counts(data: bytes, record: SegmentationRecord) -> None:
    """One confusion matrix an image, which add up to the record's."""
    try:
        matrices = unpack(data)["matrices"]
    except (ValueError, KeyError, OSError, BadZipFile) as error:
        raise ProtocolError(f"the child wrote scores without confusion matrices: {error}") from error
    if len(matrices) != len(record.image_ids) or not np.array_equal(matrices.sum(0), record.counts):
        raise ProtocolError("the confusion matrices that the child wrote do not add up to its record")
