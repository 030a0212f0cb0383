"""Sets of CAMs under other aggregations of their views."""

from __future__ import annotations

from frontend.transport import Transport, parse, part
from ssenet.analysis.aggregation import Aggregation, AggregationCounts


class AggregationCalls(Transport):
    """Counts and maps of a set under one aggregation."""

    def aggregation(self, set_id: str, how: Aggregation, first: int, images: int) -> AggregationCounts:
        """Exact counts of ``images`` photographs from number ``first`` on; counts of parts add up."""
        params = {**_params(how), "first": first, "images": images}
        return parse(AggregationCounts, self._send("GET", f"/sets/{part(set_id)}/aggregation", params=params))

    def aggregated_map(
        self, set_id: str, index: int, how: Aggregation, class_name: str | None, alpha: float, max_side: int
    ) -> bytes:
        """PNG of the aggregated map of one class over its photograph, with the α contour."""
        params = {**_params(how), "alpha": alpha, "max_side": max_side, **({"class": class_name} if class_name else {})}
        return self._send("GET", f"/sets/{part(set_id)}/items/{index}/aggregation", params=params).content


def _params(how: Aggregation) -> dict[str, str | float | bool | list[float]]:
    return how.model_dump(mode="json")
