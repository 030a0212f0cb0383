"""The stand-in's comparisons: the library's own, on small pictures that SSENet sees better than the baseline."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from evaluations import pictures
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, compare_sizes
from ssenet.analysis.pair import Evaluated
from ssenet.histograms import AlphaHistogram
from ssenet.results import EvaluationRecord

QUALITY = {"demo-baseline": 0.75, "demo-ssenet": 0.85}


@lru_cache(maxsize=100)
def _pictures(checkpoint: str, row: int, images: int, classes: int) -> AlphaHistogram:
    return pictures(100 * len(checkpoint) + row, images, QUALITY.get(checkpoint, 0.8), classes=classes)


def loaded_rows(record: EvaluationRecord) -> dict[str, AlphaHistogram]:
    """Counts of an evaluation, row by row."""
    images, classes = len(record.image_ids), len(record.classes)
    return {name: _pictures(record.checkpoint, i, images, classes) for i, name in enumerate(record.rows)}


def _key(record: EvaluationRecord) -> str:
    return record.model_dump_json(exclude={"created_at"})


@lru_cache(maxsize=100)
def _computed(a: str, b: str, choice: SizeChoice, small: bool) -> str:
    """Computed once in all tests: a comparison of 120 images takes longer than a page."""
    records = (EvaluationRecord.model_validate_json(text) for text in (a, b))
    one, other = (Evaluated(record, loaded_rows(record)) for record in records)
    found: Comparison | SizeComparison = (
        compare_sizes(one, other, choice) if small else compare(one, other, choice.plain)
    )
    return found.model_dump_json()


def comparison_routes(fake: Any, app: FastAPI) -> None:
    """The two routes; ``fake.refuse_comparison`` makes them refuse."""

    def evaluation(evaluation_id: str) -> EvaluationRecord:
        record: EvaluationRecord = fake.record_of(
            next(key for key, value in fake.evaluated.items() if value == evaluation_id)
        )
        return record

    def answer(request: Request, small: bool) -> Response:
        query = dict(request.query_params)
        a, b = evaluation(query.pop("a")), evaluation(query.pop("b"))
        if fake.refuse_comparison:
            body = {"title": "Unprocessable content", "status": 422, "detail": fake.refuse_comparison, "errors": []}
            return JSONResponse(body, 422, media_type="application/problem+json")
        limits = (float(query.pop("small")), float(query.pop("medium"))) if "small" in query else None
        numbers = {name: int(query[name]) for name in ("samples", "seed") if name in query}
        choice = SizeChoice.model_validate({**query, **numbers, "limits": limits})
        fake.compared.append(choice)
        found = _computed(_key(a), _key(b), choice, small)
        return Response(found, media_type="application/json")

    @app.get("/api/v1/comparisons")
    def comparisons(request: Request) -> Response:
        return answer(request, False)

    @app.get("/api/v1/comparisons/objects")
    def objects(request: Request) -> Response:
        return answer(request, True)
