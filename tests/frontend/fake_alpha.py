"""The stand-in's curves with bands and rankings, from the counts that it also gives out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import FastAPI, Query

from ssenet.analysis.alpha import AlphaCurves, AlphaRow, Draws, Exact, alpha_row, bands_at, grid_bands
from ssenet.analysis.bands import GRID_ALPHA
from ssenet.analysis.per_image import Order, image_counts, image_rows, ranked
from ssenet.histograms import AlphaHistogram

if TYPE_CHECKING:
    from fake_api import FakeService

Many = Annotated[list[str], Query()]
NONE: Many = []


def alpha_routes(fake: FakeService, app: FastAPI) -> None:
    """Both routes; the same checkpoint always has the same counts, so that they are computed once for all tests."""

    def checkpoint_of(evaluation: str) -> str:
        return next(key for key, value in fake.evaluated.items() if value == evaluation)

    @app.get("/api/v1/analysis/curves")
    def curves(
        evaluations: Many, rows: Many, alpha: float, samples: int, seed: int, classes: Many = NONE
    ) -> dict[str, Any]:
        images = min(fake.scored_images.get(checkpoint_of(e), 120) for e in evaluations)
        labels = {None: None, "background": 0} | {name: k for k, name in enumerate(fake.classes, 1)}
        made = [
            _row(e, row, name, labels[name], images, alpha, Draws(samples=samples, seed=seed))
            for e in evaluations
            for row in rows
            for name in (None, *classes)
        ]
        draws = Draws(samples=samples, seed=seed)
        grid = [float(a) for a in GRID_ALPHA]
        return AlphaCurves(images=images, draws=draws, alpha=grid, rows=made).model_dump(mode="json")

    @app.get("/api/v1/evaluations/{evaluation}/images")
    def images(
        evaluation: str,
        row: str,
        alpha: float,
        order: Order,
        offset: int,
        limit: int,
        common: Many = NONE,
        class_: Annotated[str | None, Query(alias="class")] = None,
    ) -> dict[str, Any]:
        count = min(fake.scored_images.get(checkpoint_of(e), 120) for e in (evaluation, *common))
        counts = image_counts(_counted(row, count), alpha)
        label = None if class_ is None else ("background", *fake.classes).index(class_)
        figures = image_rows(counts, label)
        found = ranked(figures, order)
        items = [
            {
                "id": f"val-{i:04d}", "index": int(i), "iou": figures.iou[i], "fn": int(figures.fn[i]),
                "fp": int(figures.fp[i]), "truth": int(figures.truth[i]), "pixels": int(figures.pixels[i]),
                "classes": ["bird"],
            }
            for i in found[offset : offset + limit]
        ]  # fmt: skip
        answer = {"dataset": "demo", "split": "val", "row": row, "alpha": alpha, "total": len(found)}
        return answer | {"undefined": figures.undefined, "items": items}


@cache
def _counted(row: str, images: int) -> AlphaHistogram:
    from fake_api import histogram, record

    return histogram(record("any").rows.index(row), 120).take(np.arange(images))


@cache
def _row(
    evaluation: str, row: str, name: str | None, label: int | None, images: int, alpha: float, draws: Draws
) -> AlphaRow:
    """With the bands of 100 resamples whatever was asked for: tests look at what is shown, not at how wide it is."""
    few, counted = Draws(samples=100, seed=draws.seed), _counted(row, images)
    band, limits = grid_bands(counted, [label], few)[label], bands_at(counted, [label], alpha, few)[label]
    return alpha_row(Exact.of(counted, label), (evaluation, row, name), alpha, band, limits, 0.1)
