"""Figures: what they draw, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest

from ssenet import figures


def metrics(count: int) -> list[dict[str, Any]]:
    """Events of a training of ``count`` logged steps."""
    return [{"step": 10 * i, "values": {"loss": 1 / (i + 1), "lr": 0.1}} for i in range(count)]


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (1, 1), (999, 999), (1000, 1000), (1001, 1000), (80_000, 1000)])
def test_losses_of_a_long_training_are_thinned_between_its_ends(count: int, drawn: int) -> None:
    events = metrics(count)
    traces = figures.losses(events).data
    assert len(traces) == (2 if count else 1)
    for trace in traces:
        assert len(trace.x) == len(trace.y) == drawn
    if count:
        assert (traces[0].x[0], traces[0].x[-1]) == (0, events[-1]["step"])
        assert traces[0].y[-1] == events[-1]["values"]["loss"]
        gaps = {b - a for a, b in zip(traces[0].x, traces[0].x[1:], strict=False)}
        assert not gaps or max(gaps) - min(gaps) <= 10
