"""What maps cost: measured once, beside the map, and never at the price of a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import map_requests
import pytest
from map_requests import Brightness, map_key, map_service, row, stored, wish

from backend.store.artifacts import cam_cost_artifact
from ssenet.cost import ViewCost
from ssenet.results import View, views_of
from worker.context import Context
from worker.cost import CostMeter, Instruments
from worker.maps import Maps

Counted = list[tuple[Any, tuple[int, int]]]
Ask = Callable[..., str]


@pytest.fixture
def network() -> Brightness:
    """The network that is loaded."""
    return Brightness()


@pytest.fixture
def counted() -> Counted:
    """Networks and sizes that were counted."""
    return []


@pytest.fixture
def ask(context: Context) -> Ask:
    """Insert a request as the API does; returns its key."""
    return partial(map_requests.ask, context)


@pytest.fixture
def metered(context: Context, network: Brightness, counted: Counted) -> Maps:
    """The service with instruments: a network of 1000 multiply-accumulates a pixel."""

    def count(measured: Any, size: tuple[int, int]) -> int:
        counted.append((measured, size))
        return 1000 * size[0] * size[1]

    def input_size(_: Any, size: tuple[int, int], scale: float) -> tuple[int, int]:
        return round(size[0] * scale), round(size[1] * scale)

    meter = CostMeter(context.artifacts, Instruments("abacus", input_size, count))
    return replace(map_service(context, network), meter=meter)


def cost_of(context: Context, view: View) -> ViewCost:
    """The cost that lies beside the map of a view."""
    return ViewCost.model_validate_json(context.artifacts.read(cam_cost_artifact(map_key(view))))


def test_each_view_has_its_cost_beside_it(context: Context, metered: Maps, ask: Ask) -> None:
    assert metered.serve(ask(wish((0.5, 1.0), flip=True)))
    for view in views_of((0.5, 1.0), True):
        cost = cost_of(context, view)
        side = (12, 16) if view.scale == 0.5 else (24, 32)
        assert (cost.input_size, cost.device, cost.batch) == (side, "abacus", 2)
        assert cost.gmac == pytest.approx(1000 * side[0] * side[1] / 1e9)
    assert len({cost_of(context, view).network_ms for view in views_of((1.0,), True)}) == 1, "shared evenly"


def test_a_network_is_counted_once_for_each_size(
    context: Context, metered: Maps, network: Brightness, counted: Counted, ask: Ask
) -> None:
    metered.serve(ask(wish((0.5, 1.0), flip=True)))
    assert counted == [(network, (12, 16)), (network, (24, 32))], "not again for the mirrored views"
    assert context.artifacts.trim("cams", 0) == 8, "four maps and their costs"
    forwards = len(network.calls)
    metered.serve(ask(wish((0.5,))))
    assert len(counted) == 2 and len(network.calls) == forwards + 1, "counting runs no network"


@pytest.mark.parametrize("part", ["count", "input_size"])
def test_a_cost_that_cannot_be_written_costs_no_map(
    context: Context, metered: Maps, ask: Ask, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert metered.meter is not None

    def fail(*_: object) -> Any:
        raise RuntimeError("no abacus")

    broken = replace(metered.meter.instruments, **{part: fail})
    key = ask(wish((1.0,)))
    assert replace(metered, meter=CostMeter(context.artifacts, broken)).serve(key)
    assert "cost of a map was not recorded" in caplog.text
    assert row(context, key).state == "done" and stored(context, View(scale=1.0)).shape == (2, 3, 4)


def test_when_a_later_scale_fails_the_cost_of_the_earlier_ones_is_known(
    context: Context, metered: Maps, network: Brightness, ask: Ask
) -> None:
    def never_fits(views: Sequence[View]) -> None:
        if views[0].scale > 1:
            raise MemoryError

    network.fails = never_fits
    assert not metered.serve(ask(wish((1.0, 2.0))))
    assert cost_of(context, View(scale=1.0)).batch == 1
    with pytest.raises(FileNotFoundError):
        cost_of(context, View(scale=2.0))


def test_views_that_went_one_by_one_say_so(context: Context, metered: Maps, network: Brightness, ask: Ask) -> None:
    def only_one_fits(views: Sequence[View]) -> None:
        if len(views) > 1:
            raise MemoryError

    network.fails = only_one_fits
    assert metered.serve(ask(wish((1.0,), flip=True)))
    assert {cost_of(context, view).batch for view in views_of((1.0,), True)} == {1}
