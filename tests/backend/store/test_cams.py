"""Requests for CAMs: one for all who wish the same, a bounded number, and an end."""

from __future__ import annotations

from typing import Any

import pytest

from backend.store import cams
from backend.store.database import Database
from backend.store.models import CamRequest, Worker
from backend.store.sweep import tidy
from ssenet.results import View


def wish(*keys: str) -> cams.Wish:
    return cams.Wish("c", "i", tuple(View(scale=1 + n) for n in range(len(keys))), keys)


def ask(database: Database, what: cams.Wish, room: int = 2) -> cams.Standing:
    with database.write() as session:
        return cams.request(session, what, room=room, deadline=60)


def settle(database: Database, what: cams.Wish, error: str | None) -> None:
    with database.write() as session:
        row = session.get(CamRequest, what.key)
        assert row is not None
        row.state, row.error = ("failed", error) if error else ("done", None)
        row.finished_at = database._clock() if database._clock else None


def test_equal_wishes_are_one_request(database: Database) -> None:
    assert ask(database, wish("a", "b")).state == "new"
    assert ask(database, wish("b", "a")).state == "pending"
    assert ask(database, wish("a")).state == "new"


def test_the_row_names_what_is_wanted(database: Database) -> None:
    ask(database, wish("a", "b"))
    with database.read() as session:
        row = session.get(CamRequest, wish("a", "b").key)
        assert row is not None and row.views == ["s1", "s2"]
        assert cams.image_in_use(session, "i") and cams.checkpoint_in_use(session, "c")
        assert not cams.image_in_use(session, "c") and not cams.checkpoint_in_use(session, "i")


def test_only_so_many_wait(database: Database) -> None:
    ask(database, wish("a"))
    ask(database, wish("b"))
    with pytest.raises(cams.QueueFull):
        ask(database, wish("c"))
    assert ask(database, wish("a")).state == "pending"  # joining takes no room
    settle(database, wish("a"), None)
    assert ask(database, wish("c")).state == "new"


def test_a_request_that_nobody_served_in_time_is_made_again(database: Database, clock: Any) -> None:
    ask(database, wish("a"))
    clock.now += 61
    assert ask(database, wish("a")).state == "new"


def test_a_request_that_no_worker_took_up_is_announced_again(database: Database, clock: Any) -> None:
    ask(database, wish("a"))
    clock.now += 9
    assert ask(database, wish("a")).state == "pending"
    clock.now += 2
    assert ask(database, wish("a")).state == "new"
    assert ask(database, wish("a")).state == "pending"
    clock.now += 11
    about = {"id": "w", "queue": "infer", "pid": 1, "host": "h", "state": "busy", "warm": True, "started_at": 0.0}
    with database.write() as session:
        session.add(Worker(**about, job_id=wish("a").key, heartbeat_at=clock.now))
    assert ask(database, wish("a")).state == "pending"


def test_a_request_that_is_done_is_made_again_if_its_maps_are_gone(database: Database) -> None:
    ask(database, wish("a"))
    settle(database, wish("a"), None)
    assert ask(database, wish("a")).state == "new"


def test_a_failure_is_told_for_a_while_and_then_tried_again(database: Database, clock: Any) -> None:
    ask(database, wish("a"))
    settle(database, wish("a"), "too large")
    with database.read() as session:
        assert cams.failure(session, wish("a").key) == "too large"
    assert ask(database, wish("a")) == cams.Standing("failed", "too large")
    clock.now += 11
    assert ask(database, wish("a")).state == "new"
    with database.read() as session:
        assert cams.failure(session, wish("a").key) is None


def test_old_requests_are_forgotten(database: Database, clock: Any) -> None:
    ask(database, wish("a"))
    clock.now += 4000
    ask(database, wish("b"))
    with database.write() as session:
        tidy(session)
    with database.read() as session:
        assert [row.key for row in session.query(CamRequest)] == [wish("b").key]
