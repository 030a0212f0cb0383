"""On-demand maps: from a request's row to artifacts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import map_requests
import numpy as np
import pytest
from map_requests import PIXELS, SHA, Brightness, map_service, row, stored, wish

from backend.store.artifacts import image_key
from backend.store.cams import failure
from backend.store.models import Checkpoint, Image
from ssenet.errors import CheckpointError
from ssenet.results import CheckpointCard, View, views_of
from worker.context import Context
from worker.maps import Maps


@pytest.fixture
def network() -> Brightness:
    """The network that is loaded."""
    return Brightness()


@pytest.fixture
def maps(context: Context, network: Brightness) -> Maps:
    """The service, with an image and a checkpoint in the store."""
    return map_service(context, network)


@pytest.fixture
def ask(context: Context) -> Callable[..., str]:
    """Insert a request as the API does; returns its key."""
    return partial(map_requests.ask, context)


def test_each_view_becomes_a_float16_artifact_of_the_raw_logits(
    context: Context, maps: Maps, network: Brightness, ask: Any
) -> None:
    key = ask(wish(flip=True))
    assert maps.serve(key)
    assert row(context, key).state == "done" and row(context, key).finished_at is not None
    for view in views_of((0.5, 1.0), True):
        expected = Brightness().coarse_logits(PIXELS, [view])[view].astype(np.float16)
        assert stored(context, view).dtype == np.float16
        np.testing.assert_array_equal(stored(context, view), expected)
    assert [[view.scale for view in call] for call in network.calls] == [[0.5, 0.5], [1.0, 1.0]], "smallest first"


def test_what_is_there_already_is_not_computed_again(
    context: Context, maps: Maps, network: Brightness, ask: Any
) -> None:
    maps.serve(ask(wish((0.5, 1.0))))
    network.calls.clear()
    assert maps.serve(ask(wish((0.5, 1.0, 2.0))))
    assert network.calls == [[View(scale=2.0)]]
    network.calls.clear()
    assert maps.serve(ask(wish((1.0, 2.0)))) and network.calls == []
    assert stored(context, View(scale=2.0)).shape == (2, 3, 4)


def test_a_request_is_served_once(maps: Maps, network: Brightness, ask: Any) -> None:
    key = ask(wish((1.0,)))
    assert maps.serve(key)
    assert not maps.serve(key)
    assert len(network.calls) == 1


def test_an_expired_or_unknown_request_costs_nothing(maps: Maps, network: Brightness, ask: Any) -> None:
    key = ask(wish(), deadline=0.001)
    time.sleep(0.01)
    assert not maps.serve(key) and not maps.serve("0" * 64)
    assert network.calls == []


@pytest.mark.parametrize("gone", ["image", "checkpoint"])
def test_something_deleted_is_said(context: Context, maps: Maps, ask: Any, gone: str) -> None:
    key = ask(wish())
    with context.database.write() as session:
        session.delete(session.get(Image, SHA[:32]) if gone == "image" else session.get(Checkpoint, "tiny"))
    assert not maps.serve(key)
    with context.database.read() as session:
        assert "was deleted" in str(failure(session, key))


def test_pixels_that_are_gone_are_said(context: Context, maps: Maps, ask: Any) -> None:
    context.artifacts.delete(image_key(SHA))
    key = ask(wish())
    assert not maps.serve(key)
    assert "Upload it again" in str(row(context, key).error)


def test_damaged_weights_are_said_and_tried_again_next_time(
    context: Context, network: Brightness, maps: Maps, ask: Any
) -> None:
    def load(weights: Path, card: CheckpointCard) -> Brightness:
        raise CheckpointError(f"{card.name}: {weights.name} is damaged.")

    broken = Maps(context.database, context.artifacts, maps.cache, load)
    key = ask(wish())
    assert not broken.serve(key)
    assert row(context, key).error == "tiny: x.safetensors is damaged."
    assert len(maps.cache) == 0 and network.calls == []


def test_an_unexpected_error_is_for_the_log_and_its_request_does_not_hang(
    context: Context, maps: Maps, network: Brightness, ask: Any
) -> None:
    def fail(_: Sequence[View]) -> None:
        raise ZeroDivisionError("a secret path /x/y")

    network.fails = fail
    key = ask(wish())
    with pytest.raises(ZeroDivisionError):
        maps.serve(key)
    assert row(context, key).state == "failed" and "secret" not in str(row(context, key).error)


def test_when_memory_runs_out_others_leave_and_views_go_one_by_one(maps: Maps, network: Brightness, ask: Any) -> None:
    freed = []
    service = Maps(
        maps.database, maps.artifacts, maps.cache, maps.load, (MemoryError,), lambda: freed.append(len(maps.cache))
    )
    service.cache.get("another", Brightness)

    def only_one_fits(views: Sequence[View]) -> None:
        if len(views) > 1:
            raise MemoryError

    network.fails = only_one_fits
    key = ask(wish((1.0,), flip=True))
    assert service.serve(key)
    assert freed == [1], "memory was given back once the other network was gone"
    assert [len(call) for call in network.calls] == [2, 1, 1]


def test_when_even_one_view_does_not_fit_the_person_is_told_what_to_do(
    context: Context, maps: Maps, network: Brightness, ask: Any
) -> None:
    def never_fits(views: Sequence[View]) -> None:
        if views[0].scale > 1:
            raise MemoryError

    network.fails = never_fits
    key = ask(wish((1.0, 2.0)))
    assert not maps.serve(key)
    assert "Leave out the largest" in str(row(context, key).error)
    assert stored(context, View(scale=1.0)).shape == (2, 3, 4), "what was done is kept"
