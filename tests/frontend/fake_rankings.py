"""Rankings of the stand-in's data set."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from fastapi import FastAPI, Query, Response
from fastapi.responses import JSONResponse
from rankings import figures, protocol, ranking, ranking_row

from ssenet.analysis.ranking import Choice, available, csv_of, distribution, rank
from ssenet.analysis.triage_record import TriageRecord, suggested_alpha

if TYPE_CHECKING:
    from fake_api import FakeService

IMAGES = 30
CONTENT = {"dataset_fingerprint": "f" * 64}
"""Of the stand-in's data set."""


class ChoiceQuery(Choice):
    """As the service takes it."""

    from_text: ClassVar[bool] = True


class RowsQuery(ChoiceQuery):
    """The same with a part of the rows."""

    limit: int = 12
    offset: int = 0


def made(classes: tuple[str, ...], images: int = IMAGES, *, pair: bool = True, **changes: Any) -> TriageRecord:
    """A ranking in which the last photographs are the most inconsistent, and the third class has no value."""
    rows = []
    for i in range(images):
        b = figures(inconsistency=0.3, iou=0.8, fn_ratio=0.1, fp_ratio=0.2) if pair else None
        a = figures(
            inconsistency=None if i == 2 else round(0.1 + 0.02 * i, 6), iou=round(0.9 - 0.02 * i, 6),
            fn_ratio=0.5, fp_ratio=round(0.1 * i, 6),
        )  # fmt: skip
        more = {"disagreement": round(1 - 0.03 * i, 6), "disagreement_at_alpha": 0.4} if pair else {}
        name = classes[i % 2]
        rows.append(ranking_row(i, class_name=name, a=a, b=b, object_area=round(0.01 + 0.02 * i, 6), **more))
    values: dict[str, Any] = {
        "checkpoint": "demo-baseline", "other": "demo-ssenet" if pair else None, "classes": classes, "masks": True,
        "size_limits": (0.2, 0.4), "without_class": 2, "images": images + 2,
        "protocol": protocol(images=images + 2, **CONTENT),
        "protocol_b": protocol(weights_sha256="1" * 64, **CONTENT) if pair else None,
    }  # fmt: skip
    return ranking(rows, **{**values, **changes})


class FakeRankings:
    """Rankings by id, newest first; by default there is none."""

    def __init__(self, fake: FakeService) -> None:
        self.fake = fake
        self.records: dict[str, tuple[TriageRecord, str | None]] = {}

    def add(self, *, pair: bool = True, **changes: Any) -> str:
        """Put a ranking there, as if a job had left it."""
        ranking_id = f"rank-{len(self.records)}"
        record = made(self.fake.classes, pair=pair, **changes)
        self.records = {ranking_id: (record, "demo-ssenet" if pair else None), **self.records}
        return ranking_id

    def answer(self, ranking_id: str) -> dict[str, Any]:
        """As the service tells it."""
        record, other = self.records[ranking_id]
        return {
            "id": ranking_id, "checkpoint_id": "demo-baseline", "other_id": other, "dataset": "demo", "job_id": "j",
            "record": record.summary.model_dump(mode="json"), "sorts": available(record),
            "suggested_alpha": suggested_alpha(record.alphas, record.agreement), "suggested_alpha_b": None,
            "created_at": self.fake.start.isoformat(),
        }  # fmt: skip


def ranking_routes(fake: FakeService, app: FastAPI) -> None:
    """Listing, rows, CSV."""
    kept = fake.rankings

    @app.get("/api/v1/rankings")
    def rankings() -> dict[str, Any]:
        return {"items": [kept.answer(ranking_id) for ranking_id in kept.records], "next": None}

    @app.get("/api/v1/rankings/{ranking_id}", response_model=None)
    def one(ranking_id: str) -> Any:
        if ranking_id not in kept.records:
            return JSONResponse({"title": "Not found", "detail": f"There is no ranking {ranking_id}."}, 404)
        return kept.answer(ranking_id)

    @app.get("/api/v1/rankings/{ranking_id}/rows")
    def rows(ranking_id: str, query: Annotated[RowsQuery, Query()]) -> dict[str, Any]:
        found = rank(kept.records[ranking_id][0], query)
        edges, counts = distribution(found.values)
        items = found.rows[query.offset : query.offset + query.limit]
        return {
            "items": [row.model_dump(mode="json") for row in items], "total": len(found.rows),
            "undefined": found.undefined, "distribution": {"edges": edges, "counts": counts},
        }  # fmt: skip

    @app.get("/api/v1/rankings/{ranking_id}/ranking.csv")
    def table(ranking_id: str, choice: Annotated[ChoiceQuery, Query()]) -> Response:
        return Response(csv_of(rank(kept.records[ranking_id][0], choice).rows), media_type="text/csv")


def lines_of(data: bytes) -> list[dict[str, str]]:
    """The lines of a CSV."""
    return list(csv.DictReader(io.StringIO(data.decode())))
