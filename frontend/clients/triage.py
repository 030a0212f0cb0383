"""Rankings of photographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from frontend.schemas.triage import RankedRows, Ranking
from frontend.transport import Pending, Problem, Transport, parse, part, retry_after
from ssenet.analysis.ranking import Choice


class TriageCalls(Transport):
    """Rankings and their rows."""

    def rankings(self, dataset: str | None = None) -> list[Ranking]:
        """Rankings, newest first; of one data set, or of all."""
        return list(self._all(Ranking, "/rankings", {"dataset": dataset} if dataset else {}))

    def ranking(self, ranking_id: str) -> Ranking:
        """One ranking without its rows."""
        return parse(Ranking, self._send("GET", f"/rankings/{part(ranking_id)}"))

    def ranked_rows(self, ranking_id: str, choice: Choice, limit: int, offset: int) -> RankedRows:
        """Photographs in the order of a choice, from ``offset`` on."""
        params = {**_query(choice), "limit": limit, "offset": offset}
        return parse(RankedRows, self._send("GET", f"/rankings/{part(ranking_id)}/rows", params=params))

    def ranking_csv(self, ranking_id: str, choice: Choice) -> bytes:
        """All rows of a choice as CSV."""
        path = f"/rankings/{part(ranking_id)}/ranking.csv"
        return self._send("GET", path, params=_query(choice), timeout=60.0).content

    def all_views(self, checkpoint: str, image: str, scales: Sequence[float], flip: bool) -> bytes:
        """npz of the raw coarse logits of all scales, in one request: a page asks for many photographs.

        Raises:
            Pending: some are being computed, or too many requests wait.
        """
        try:
            response = self._send(
                "GET",
                f"/checkpoints/{part(checkpoint)}/cams",
                params={"image": image, "scales": list(scales), "flip": flip, "labels": "all", "wait": 0},
                headers={"Accept": "application/x-npz"},
            )
        except Problem as problem:
            if problem.status == httpx.codes.SERVICE_UNAVAILABLE:
                raise Pending(1.0) from problem
            raise
        if response.status_code == httpx.codes.ACCEPTED:
            raise Pending(retry_after(response))
        return response.content


def _query(choice: Choice) -> dict[str, Any]:
    return choice.model_dump(mode="json", by_alias=True, exclude_none=True)
