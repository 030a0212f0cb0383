"""Curves with bands, and rankings of images, from the counts of stored evaluations. What was computed is kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from backend.problems import conflict, invalid, not_found
from backend.schemas.alpha import CurvesQuery
from backend.service import Service
from backend.settings import MEBI
from backend.store.evaluations import histograms_file
from backend.store.models import Evaluation
from ssenet.analysis import alpha as lab
from ssenet.analysis.alpha import AlphaCurves, AlphaRow, Band, Draws, Exact, Limits
from ssenet.analysis.bands import GRID_ALPHA, Absent, Label
from ssenet.histograms import EDGES, AlphaHistogram, load_histogram, nearest_edge
from ssenet.results import EvaluationRecord

BACKGROUND = "background"
MOST_DRAWS = 400_000_000
"""Most images that are drawn for one answer, over all rows and resamples: some ten seconds of one processor."""


@dataclass(frozen=True)
class Source:
    """Where the counts of an evaluation are, and which of its images are looked at; None is all."""

    path: Path
    changed: int
    images: tuple[int, ...] | None


@dataclass(frozen=True)
class Scored:
    """An evaluation on the images it has in common with others."""

    id: str
    dataset: str
    record: EvaluationRecord
    source: Source

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The images that are looked at, in order."""
        ids = self.record.image_ids
        return ids if self.source.images is None else tuple(ids[i] for i in self.source.images)

    @property
    def absent(self) -> Absent:
        """What a class with neither truth nor prediction adds to mIoU."""
        return self.record.protocol.absent_classes

    def histogram(self, row: str) -> AlphaHistogram:
        """The counts of a row. Raises a 404 problem when there is none."""
        if row not in self.record.rows:
            raise not_found(f"row of evaluation {self.id}", row)
        return _histogram(self.source, row)

    def label(self, name: str | None) -> Label:
        """The number of a class, 0 for the background. Raises a 404 problem when there is none."""
        if name is None or name == BACKGROUND:
            return None if name is None else 0
        if name not in self.record.classes:
            raise not_found(f"class in evaluation {self.id}", name)
        return self.record.classes.index(name) + 1


def scored(service: Service, ids: Sequence[str]) -> list[Scored]:
    """Evaluations on their common images, which are in the order of the first.

    Raises:
        Problem: 404 for an unknown one, 422 when data or classes differ, 409 when no image is common.
    """
    with service.database.read() as session:
        rows = [session.get(Evaluation, one) for one in ids]
    found = [(row, EvaluationRecord.model_validate(row.record)) for row in rows if row is not None]
    if len(found) < len(ids):
        raise not_found("evaluation", next(one for one, row in zip(ids, rows, strict=True) if row is None))
    _check_alike([record for _, record in found])
    shared = set.intersection(*(set(record.image_ids) for _, record in found))
    if not shared:
        raise conflict("no-common-image", "These evaluations have no image in common. Evaluate one of them again.")
    order = [image for image in found[0][1].image_ids if image in shared]
    return [Scored(row.id, row.dataset_id, record, _source(service, row, record, order)) for row, record in found]


def _check_alike(records: Sequence[EvaluationRecord]) -> None:
    if len({(record.protocol.dataset_fingerprint, record.classes) for record in records}) > 1:
        text = "These evaluations are of different data sets, or of different classes. Choose evaluations of one."
        raise invalid("/query/evaluations", text)


def _source(service: Service, row: Evaluation, record: EvaluationRecord, order: Sequence[str]) -> Source:
    path = histograms_file(row, service.artifacts)
    if not path.is_file():
        raise not_found("histogram file of evaluation", row.id)
    position = {image: i for i, image in enumerate(record.image_ids)}
    images = tuple(position[image] for image in order)
    everything = images == tuple(range(len(record.image_ids)))
    return Source(path, path.stat().st_mtime_ns, None if everything else images)


def _histogram(source: Source, row: str) -> AlphaHistogram:
    return _KEPT.get((source, row), lambda: _read(source, row))


def _read(source: Source, row: str) -> AlphaHistogram:
    whole = load_histogram(source.path, row)
    return whole if source.images is None else whole.take(np.array(source.images, np.int64))


class _Kept:
    """The histograms that were used last: a row of the demo set takes 5 MB, one of 1,464 photographs of VOC 70 MB."""

    def __init__(self, most: int) -> None:
        self._lock, self._most = threading.Lock(), most
        self._found: OrderedDict[tuple[Source, str], AlphaHistogram] = OrderedDict()

    def get(self, key: tuple[Source, str], make: Callable[[], AlphaHistogram]) -> AlphaHistogram:
        """What was kept, or what ``make`` makes; the oldest go when all take more than ``most`` bytes."""
        with self._lock:
            found = self._found.get(key)
        found = make() if found is None else found
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while len(self._found) > 1 and sum(h.rows.nbytes for h in self._found.values()) > self._most:
                self._found.popitem(last=False)
        return found


_KEPT = _Kept(most=256 * MEBI)


def curves(found: Sequence[Scored], query: CurvesQuery) -> AlphaCurves:
    """Every row of every evaluation that has it, for the mean over classes and for the chosen classes.

    Raises:
        Problem: 404 for a class that is not there, or a row that none of the evaluations has.
    """
    known = {row for one in found for row in one.record.rows}
    for row in query.rows:
        if row not in known:
            raise not_found("row in these evaluations", row)
    _check_work(found, query)
    rows = [made for one in found for row in query.rows if row in one.record.rows for made in _rows(one, row, query)]
    return AlphaCurves(
        images=len(found[0].image_ids), draws=query.draws, alpha=[float(a) for a in GRID_ALPHA], rows=rows
    )


def _check_work(found: Sequence[Scored], query: CurvesQuery) -> None:
    """Raise a 422 problem for bands that would take minutes."""
    each = len(found[0].image_ids) * sum(row in one.record.rows for one in found for row in query.rows)
    if each * query.samples > MOST_DRAWS:
        text = (
            f"Bands of so many rows and images take at most {max(100, MOST_DRAWS // each):,} resamples: ask for less."
        )
        raise invalid("/query/samples", text)


def _rows(one: Scored, row: str, query: CurvesQuery) -> list[AlphaRow]:
    names = (None, *query.classes)
    labels = tuple(one.label(name) for name in names)
    bands = _grid(one.source, row, labels, query.draws, one.absent)
    limits = _limits(one.source, row, labels, nearest_edge(query.alpha), query.draws, one.absent)
    return [
        lab.alpha_row(
            _exact(one.source, row, label, one.absent),
            (one.id, row, name),
            query.alpha,
            bands[label],
            limits[label],
            one.record.agreed_alpha,
        )
        for name, label in zip(names, labels, strict=True)
    ]


@lru_cache(maxsize=64)
def _exact(source: Source, row: str, label: Label, absent: Absent) -> Exact:
    return Exact.of(_histogram(source, row), label, absent)


@lru_cache(maxsize=256)
def _grid(source: Source, row: str, labels: tuple[Label, ...], draws: Draws, absent: Absent) -> dict[Label, Band]:
    return lab.grid_bands(_histogram(source, row), labels, draws, absent)


@lru_cache(maxsize=512)
def _limits(
    source: Source, row: str, labels: tuple[Label, ...], edge: int, draws: Draws, absent: Absent
) -> dict[Label, Limits]:
    return lab.bands_at(_histogram(source, row), labels, float(EDGES[edge]), draws, absent)
