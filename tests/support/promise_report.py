"""What the tests measured of each promise, kept for ``scripts/reliability.py``.

With ``SSENET_PROMISES=FILE`` every test that carries ``@pytest.mark.promise`` leaves one JSON line in FILE.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Measured = Callable[..., None]


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """``measured(what, value, unit, limit=None)``: note a figure; it must not be above ``limit``."""

    def note(what: str, value: float, unit: str = "", limit: float | None = None) -> None:
        request.node.user_properties.append(("measured", {"what": what, "value": value, "unit": unit, "limit": limit}))
        assert limit is None or value <= limit, f"{what}: {value:g} {unit} is over {limit:g}"

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Write the line of a test that shows a promise, once it has ended."""
    report: Any = yield
    promises = [str(name) for mark in item.iter_markers("promise") for name in mark.args]
    path = os.environ.get("SSENET_PROMISES")
    if path and promises and (report.when == "call" or report.outcome != "passed"):
        figures = [value for key, value in item.user_properties if key == "measured"]
        line = {"test": item.nodeid, "promises": promises, "outcome": report.outcome, "measured": figures}
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123  (appended to by several runs)
            file.write(json.dumps({**line, "seconds": round(report.duration, 2)}) + "\n")
    return report
