"""Who asks: tokens, where none is needed, and how the rest of the program learns of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from access_world import World, bearer
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from backend.access.caller import OPERATOR, Caller, NobodyAsks, acting_as, current
from backend.access.login import Login
from backend.access.rates import Rates
from backend.store import tokens
from backend.store.database import Database
from backend.store.models import AccessToken, Image
from backend.store.tokens import BadToken

Enter = Callable[..., World]
WHOAMI = "/api/v1/whoami"
UNKNOWN = bearer("sslab_" + "A" * 43)


def test_scopes_include_the_smaller_ones() -> None:
    assert [Caller("a", (scope,)).may("read") for scope in tokens.SCOPES] == [True, True, True]
    assert [Caller("a", (scope,)).may("run") for scope in tokens.SCOPES] == [False, True, True]
    assert [Caller("a", (scope,)).may("admin") for scope in tokens.SCOPES] == [False, False, True]
    assert not Caller("a", ()).may("read")


def test_only_what_was_valid_once_is_said_to_have_expired(world: World) -> None:
    sent = {"expired": world.headers["expired"], "revoked": world.headers["revoked"], "unknown": UNKNOWN}
    said = {label: world.client.get(WHOAMI, headers=headers).json()["detail"] for label, headers in sent.items()}
    assert "expired" in said["expired"]
    assert said["revoked"] == said["unknown"] and "expired" not in said["unknown"]


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Token x", "Bearer sslab_", "Bearer " + "x" * 5000]
)
def test_what_is_no_token_does_not_open_anything(world: World, sent: str) -> None:
    answer = world.client.get(WHOAMI, headers={"Authorization": sent})
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert world.client.get(WHOAMI, params={"token": world.secrets["alice"]}).status_code == 401, "never in an address"
    assert world.client.get(WHOAMI, headers={"Cookie": f"token={world.secrets['alice']}"}).status_code == 401


def test_a_caller_is_told_who_they_are(world: World) -> None:
    me = world.client.get(WHOAMI, headers=world.headers["alice"])
    assert me.headers["Cache-Control"] == "no-store"
    assert me.json().items() >= {"user": "alice", "scopes": ["read", "run"], "login_required": True}.items()
    assert me.json()["expires_at"] is not None
    lower = {"authorization": world.headers["alice"]["Authorization"].replace("Bearer", "bearer")}
    assert world.client.get(WHOAMI, headers=lower).json()["user"] == "alice"


def test_on_this_machine_nobody_needs_a_token_and_a_presented_one_counts(entered: Enter) -> None:
    here = entered(login="auto")
    operator = {"user": "", "scopes": ["admin"], "login_required": False, "expires_at": None}
    assert here.client.get(WHOAMI).json() == operator
    assert here.client.get(WHOAMI, headers=here.headers["alice"]).json()["user"] == "alice"
    for headers in (UNKNOWN, {"Authorization": "Basic YTpi"}):
        assert here.client.get("/api/v1/jobs", headers=headers).status_code == 401
    made = here.client.post("/api/v1/datasets/demo/samples/val/0/open", headers=here.headers["alice"]).json()["id"]
    assert here.client.get(f"/api/v1/images/{made}", headers=here.headers["bob"]).status_code == 404
    assert here.client.get(f"/api/v1/images/{made}").status_code == 200, "the operator sees all"


def test_a_connection_from_outside_needs_a_token_whatever_settings_say(entered: Enter) -> None:
    there = entered(host="192.0.2.7", login="auto")
    there.client.headers["Host"] = "localhost"
    assert there.service.settings.login_required is False
    assert there.client.get("/api/v1/jobs").status_code == 401
    assert there.client.get("/api/v1/healthz").status_code == 200
    assert there.client.get(WHOAMI, headers=there.headers["bob"]).json()["login_required"] is True


def test_another_bind_or_the_setting_requires_a_log_in(settings: Any) -> None:
    here, elsewhere = ("127.0.0.1", "::1", "localhost", "127.0.0.9"), ("0.0.0.0", "::", "lab.example", "192.0.2.1")
    for host in (*here, *elsewhere):
        for login, required in (("auto", host in elsewhere), ("always", True)):
            changed = settings.model_copy(update={"api_host": host, "login": login})
            assert changed.login_required is required, (host, login)


def test_routes_in_threads_and_streams_know_who_asks_and_never_mix_them_up(world: World) -> None:
    app, both = FastAPI(), threading.Barrier(2, timeout=20)
    app.add_middleware(Login, required=True, open_path="/open", rates=Rates(world.service.settings))
    app.state.service = world.service

    @app.get("/thread")
    def in_a_thread() -> str:
        before = current().user
        both.wait()  # the other request is under way in another thread now
        return f"{before} {current().user}"

    @app.get("/stream")
    def streamed() -> StreamingResponse:
        return StreamingResponse(_thrice(both))

    with TestClient(app, base_url="http://127.0.0.1") as client, ThreadPoolExecutor(2) as pool:
        for path, wanted in (("/thread", "{0} {0}"), ("/stream", "{0}{0}{0}")):
            asked = {name: pool.submit(client.get, path, headers=world.headers[name]) for name in ("alice", "bob")}
            for name, answer in asked.items():
                assert wanted.format(name) in answer.result().text


def _thrice(both: threading.Barrier) -> Any:
    for _ in range(3):
        both.wait()
        yield current().user


def test_a_thread_that_does_not_say_for_whom_it_works_sees_nothing(world: World, service: Any) -> None:
    def look(database: Database) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(_first_image, database).exception()

    assert isinstance(look(world.service.database), NobodyAsks)
    assert look(service.database) is None, "where only the operator can be, it is the operator"
    with pytest.raises(NobodyAsks):
        current()
    with acting_as(OPERATOR):
        assert _first_image(world.service.database) is not None


def _first_image(database: Database) -> Image | None:
    with database.read() as session:
        return session.query(Image).first()


def test_a_database_that_is_away_is_no_reason_to_let_anyone_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(world.service.database, "read", away)
    answer = world.client.get("/api/v1/version", headers=world.headers["alice"])
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/busy")
    assert world.client.get("/api/v1/version").status_code == 401
    assert world.client.get("/api/v1/healthz").status_code == 200


def test_use_is_noted_at_most_once_a_minute(database: Database, clock: Any) -> None:
    with database.write() as session:
        row, _ = tokens.create(session, "alice", scopes=["read"], days=None)
    seen = []
    for seconds in (0, 59, 2, 30, 30):
        clock.now += seconds
        with database.write() as session:
            tokens.mark_used(session, row.id)
            seen.append(session.get_one(AccessToken, row.id).last_used_at)
    start = clock.now - 121
    assert seen == [start, start, start + 61, start + 61, start + 121]


def test_requests_note_the_use_and_do_not_wait_for_it(entered: Enter) -> None:
    made = entered()
    listed = [made.client.get("/api/v1/tokens", headers=made.headers["alice"]).json()["items"][0] for _ in range(2)]
    assert listed[0]["last_used_at"] is None and listed[1]["last_used_at"] is not None
    with acting_as(OPERATOR), made.service.database.write() as session:
        session.execute(update(AccessToken).values(last_used_at=None))
    again = made.client.get("/api/v1/tokens", headers=made.headers["alice"]).json()["items"][0]
    assert again["last_used_at"] is None, "not again within the minute"


def test_the_database_has_hashes_only(entered: Enter) -> None:
    made = entered()
    body = {"user": "carol", "scopes": ["read"], "days": 2, "name": "laptop"}
    answer = made.client.post("/api/v1/tokens", json=body, headers=made.headers["admin"])
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    secret = answer.json()["token"]
    assert made.client.get(WHOAMI, headers=bearer(secret)).json()["user"] == "carol"
    assert secret not in made.client.get("/api/v1/tokens", headers=made.headers["admin"]).text
    files = [path for path in made.service.settings.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in files if secret[6:].encode() in path.read_bytes()]


def test_people_see_and_revoke_their_own_tokens_and_administrators_all(entered: Enter) -> None:
    made = entered()
    users = {
        name: {item["user"] for item in made.client.get("/api/v1/tokens", headers=made.headers[name]).json()["items"]}
        for name in ("alice", "admin")
    }
    assert users == {"alice": {"alice"}, "admin": {"alice", "bob", "admin"}}
    mine, theirs = made.ids["alice"]["token_id"], made.ids["bob"]["token_id"]
    assert made.client.delete(f"/api/v1/tokens/{theirs}", headers=made.headers["alice"]).status_code == 404
    assert made.client.delete(f"/api/v1/tokens/{mine}", headers=made.headers["alice"]).status_code == 204
    assert made.client.get(WHOAMI, headers=made.headers["alice"]).status_code == 401
    assert made.client.delete(f"/api/v1/tokens/{theirs}", headers=made.headers["admin"]).status_code == 204
    assert made.client.get(WHOAMI, headers=made.headers["bob"]).status_code == 401


@pytest.mark.parametrize("user", ["", "Bob", "-a", "a/b", "a" * 65, "a\n", "a b", "ä"])
def test_impossible_users_are_refused(database: Database, user: str) -> None:
    with pytest.raises(BadToken), database.write() as session:
        tokens.create(session, user, scopes=["read"], days=1)


def test_a_token_lives_until_it_expires_or_is_revoked(database: Database, clock: Any) -> None:
    with database.write() as session:
        short, secret = tokens.create(session, "alice", scopes=["admin", "read"], days=1)
        lasting, other = tokens.create(session, "bob", scopes=["run"], days=None)
        with pytest.raises(BadToken):
            tokens.create(session, "bob", scopes=[], days=1)
    assert secret != other and len(secret) == len("sslab_") + 43 and short.scopes == ["read", "admin"]
    with database.write() as session:
        found = tokens.find(session, secret)
        assert found is not None and found.id == short.id
        assert tokens.find(session, secret[:-1]) is None and tokens.find(session, secret + "\n") is None
        assert (tokens.living(session), tokens.state(short, clock.now + 86399)) == (2, "living")
        clock.now += 86400
        assert (tokens.living(session), tokens.state(short, clock.now)) == (1, "expired")
        tokens.revoke(session, session.get_one(AccessToken, lasting.id))
        assert tokens.living(session) == 0
