"""Rankings of photographs."""

from __future__ import annotations

from typing import Any

from frontend.schemas.triage import RankedRows, Ranking
from frontend.transport import Transport, parse, part
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


def _query(choice: Choice) -> dict[str, Any]:
    return choice.model_dump(mode="json", by_alias=True, exclude_none=True)
