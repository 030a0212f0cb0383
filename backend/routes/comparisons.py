"""Two evaluations against each other: is the difference real, and does it depend on the size of objects?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from backend.problems import invalid, not_found, responses
from backend.routes.evaluations import find
from backend.schemas.comparisons import PairQuery, SizePairQuery
from backend.service import Service, ServiceDep
from backend.settings import MEBI
from backend.store.evaluations import histograms_file
from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, compare_sizes
from ssenet.analysis.pair import Choice, Evaluated
from ssenet.histograms import AlphaHistogram, load_histogram
from ssenet.results import EvaluationRecord

router = APIRouter(prefix="/comparisons", tags=["comparisons"])
MOST_BYTES = 256 * MEBI
"""Of the resampled counts that one comparison may hold; the figures that follow from them take about as much again."""
Stored = tuple[str, Path, int]
"""A record as JSON, the file of its counts, and when that file was changed: an upgrade may bring another."""
Answer = TypeVar("Answer", Comparison, SizeComparison)
C = TypeVar("C", Choice, SizeChoice)


@router.get("", responses=responses(404))
async def compare_evaluations(
    service: ServiceDep, query: Annotated[PairQuery, Query()], response: Response
) -> Comparison:
    """Differences B - A of mIoU, m_FN and m_FP in every row and of every class in one, with 95 % intervals.

    A paired bootstrap over the images that both evaluations scored.
    """
    response.headers["Cache-Control"] = "private, no-cache"
    return await _answer(service, query.a, query.b, query.choice, _compared)


@router.get("/objects", responses=responses(404))
async def compare_object_sizes(
    service: ServiceDep, query: Annotated[SizePairQuery, Query()], response: Response
) -> SizeComparison:
    """Both evaluations on small, medium and large objects, and how the best α of an object goes with its area."""
    try:
        choice = query.choice
    except ValidationError as error:
        raise invalid("/query/small", error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    except ValueError as error:
        raise invalid("/query/small", str(error)) from error
    response.headers["Cache-Control"] = "private, no-cache"
    return await _answer(service, query.a, query.b, choice, _compared_sizes)


async def _answer(
    service: Service, a: str, b: str, choice: C, compute: Callable[[Stored, Stored, C], Answer]
) -> Answer:
    """One computation at a time, beside the requests: whoever waits for the same one then finds it made."""
    stored_a = await to_thread.run_sync(_stored, service, a)
    stored_b = await to_thread.run_sync(_stored, service, b)
    _check_memory(stored_a, choice.samples)
    return await to_thread.run_sync(compute, stored_a, stored_b, choice, limiter=service.comparing)


def _check_memory(stored: Stored, samples: int) -> None:
    """Raise a 422 problem for resamples that would not fit: two networks, three counts, eight bytes each."""
    record = EvaluationRecord.model_validate_json(stored[0])
    each = 2 * 3 * 8 * len(record.rows) * (len(record.classes) + 1)
    if each * samples > MOST_BYTES:
        text = f"With so many classes and rows at most {MOST_BYTES // each:,} resamples fit into memory: ask for less."
        raise invalid("/query/samples", text)


def _stored(service: Service, evaluation: str) -> Stored:
    row = find(service, evaluation)
    path = histograms_file(row, service.artifacts)
    if not path.is_file():
        raise not_found("histogram file of evaluation", evaluation)
    return EvaluationRecord.model_validate(row.record).model_dump_json(), path, path.stat().st_mtime_ns


@lru_cache(maxsize=64)
def _compared(a: Stored, b: Stored, choice: Choice) -> Comparison:
    return compare(_loaded(a), _loaded(b), choice)


@lru_cache(maxsize=64)
def _compared_sizes(a: Stored, b: Stored, choice: SizeChoice) -> SizeComparison:
    return compare_sizes(_loaded(a), _loaded(b), choice)


class _Rows(Mapping[str, AlphaHistogram]):
    """The counts of an evaluation, each row read when it is looked at: all of VOC's at once take over 0.5 GB."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        self._path, self._names = path, names

    def __getitem__(self, name: str) -> AlphaHistogram:
        return load_histogram(self._path, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _loaded(stored: Stored) -> Evaluated:
    text, path, _ = stored
    record = EvaluationRecord.model_validate_json(text)
    return Evaluated(record, _Rows(path, record.rows))
