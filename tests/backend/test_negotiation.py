"""Accept headers."""

from __future__ import annotations

import pytest

from backend.negotiation import choose
from backend.problems import Problem

OFFERED = ("application/json", "image/png", "application/x-npy")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("image/*", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("image/png;q=0.5, application/x-npy", "application/x-npy"),
        ("image/png;q=0.5, application/x-npy;q=0.4", "image/png"),
        ("*/*;q=0.1, image/png", "image/png"),
        ("application/json;q=0, */*", "image/png"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("application/*;q=0.3, application/x-npy;q=0.2, image/png;q=0.25", "application/json"),
        ("image/png; charset=x ; q=1.0", "image/png"),
        ("nonsense, image/png;q=0.1", "image/png"),
    ],
)
def test_the_best_of_what_is_offered(accept: str | None, expected: str) -> None:
    assert choose(accept, OFFERED) == expected


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png;q=0", "*/*;q=0", "image/png;q=2", "image/png;q=x", "garbage"]
)
def test_nothing_acceptable(accept: str) -> None:
    with pytest.raises(Problem) as raised:
        choose(accept, OFFERED)
    assert raised.value.status == 406 and "application/x-npy" in raised.value.detail
