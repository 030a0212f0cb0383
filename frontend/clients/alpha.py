"""Curves with bands, and the images behind a point of one."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.schemas.alpha import EvaluatedImages
from frontend.transport import Params, Transport, parse, part
from ssenet.analysis.alpha import AlphaCurves, Draws
from ssenet.analysis.per_image import Order

LONG = 120.0
"""Seconds that the bands of one row of a large data set may take."""


class AlphaCalls(Transport):
    """The α lab's routes."""

    def analysis_curves(
        self, evaluations: Sequence[str], rows: Sequence[str], classes: Sequence[str], alpha: float, draws: Draws
    ) -> AlphaCurves:
        """Rows of evaluations with bands, on the images that all of them scored."""
        params: Params = {
            "evaluations": list(evaluations),
            "rows": list(rows),
            "classes": list(classes),
            "alpha": alpha,
            "samples": draws.samples,
            "seed": draws.seed,
        }
        return parse(AlphaCurves, self._send("GET", "/analysis/curves", params=params, timeout=LONG))

    def evaluation_images(
        self,
        evaluation: str,
        row: str,
        alpha: float,
        class_name: str | None,
        order: Order,
        common: Sequence[str],
        offset: int,
        limit: int,
    ) -> EvaluatedImages:
        """Images of an evaluation in the order asked for, among those that all ``common`` evaluations scored."""
        params: dict[str, str | int | float | Sequence[str]] = {
            "row": row, "alpha": alpha, "order": order, "common": list(common), "offset": offset, "limit": limit,
        }  # fmt: skip
        named = params | ({"class": class_name} if class_name is not None else {})
        path = f"/evaluations/{part(evaluation)}/images"
        return parse(EvaluatedImages, self._send("GET", path, params=named, timeout=LONG))
