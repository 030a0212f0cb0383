"""Photographs opened from a data set count for whoever opens them, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from access_world import World

SAMPLES = "/api/v1/datasets/demo/samples/val"
Enter = Callable[..., World]


def files(made: World) -> set[Path]:
    """What lies in the store."""
    return {path for path in made.service.artifacts.root.rglob("*") if path.is_file()}


def test_a_sample_beyond_the_quota_leaves_no_file(entered: Enter) -> None:
    made = entered(upload_bytes_per_user=1)
    before = files(made)
    assert made.client.post(f"{SAMPLES}/0/open", headers=made.headers["alice"]).status_code == 429
    assert files(made) == before


def test_a_sample_that_is_known_costs_nothing_again(entered: Enter) -> None:
    made = entered()
    first = made.client.post(f"{SAMPLES}/0/open", headers=made.headers["alice"])
    assert first.status_code == 200
    made.service.settings = made.service.settings.model_copy(update={"upload_bytes_per_user": 1})
    again = made.client.post(f"{SAMPLES}/0/open", headers=made.headers["alice"])
    assert (again.status_code, again.json()) == (200, first.json())
    assert made.client.post(f"{SAMPLES}/1/open", headers=made.headers["alice"]).status_code == 429
