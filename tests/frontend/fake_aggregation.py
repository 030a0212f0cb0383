"""The stand-in's aggregations: what is asked is kept, and a maximum over views scores a little lower."""

from __future__ import annotations

import io
from typing import Annotated, Any, ClassVar

import numpy as np
from fastapi import FastAPI, Query, Response
from PIL import Image

from ssenet.analysis.aggregation import GRID, Aggregation, AggregationCounts
from ssenet.results import ProtocolCard

TOTAL = 30
NAMES = ("bird", "fish")
PROTOCOL = ProtocolCard(
    dataset="demo", dataset_fingerprint="f" * 64, split="train", images=1, label_source="given", scales=(),
    flip=True, relu_order="fast", alpha_rule="every α; a best α is chosen on the scored images",
    weights_sha256="a" * 64, code_version="0", aggregation="as asked",
)  # fmt: skip


def counts_of(how: Aggregation, first: int, images: int, total: int = TOTAL) -> AggregationCounts:
    """Counts whose mIoU falls with α, and is lower for a maximum."""
    hits = np.linspace(900 if how.combine == "mean" else 700, 100, len(GRID)).astype(int)
    hit = np.stack([hits, hits, hits], axis=1) * images
    return AggregationCounts(
        how=how, first=first, images=images, total=total, classes=NAMES,
        truth=(1000 * images,) * 3, predicted=tuple(map(tuple, hit.tolist())), hit=tuple(map(tuple, hit.tolist())),
        protocol=PROTOCOL.model_copy(update={"images": images}),
    )  # fmt: skip


def aggregation_routes(app: FastAPI, asked: list[dict[str, Any]]) -> None:
    """Counts and maps; every request is appended to ``asked``."""

    @app.get("/api/v1/sets/{set_id}/aggregation")
    def counts(set_id: str, query: Annotated[_Part, Query()]) -> AggregationCounts:
        asked.append({"set": set_id, **query.model_dump()})
        return counts_of(
            Aggregation.model_validate(query.model_dump(exclude={"first", "images"})), query.first, query.images
        )

    @app.get("/api/v1/sets/{set_id}/items/{index}/aggregation")
    def drawn(set_id: str, index: int, combine: str, alpha: float) -> Response:
        asked.append({"set": set_id, "index": index, "combine": combine, "alpha": alpha})
        buffer = io.BytesIO()
        Image.new("RGB", (12, 9), (20 * index, 80, 120)).save(buffer, "PNG")
        return Response(buffer.getvalue(), media_type="image/png")


class _Part(Aggregation):
    from_text: ClassVar[bool] = True

    first: int
    images: int
