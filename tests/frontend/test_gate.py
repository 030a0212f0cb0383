"""The gate in front of the pages: what passes it, and what does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from fake_access import ANNA
from fake_api import FakeService
from limits import strategies
from limits.storage import memory
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from frontend.access import doorman as doors
from frontend.access import gate, routes, tries
from frontend.access.doorman import Doorman
from frontend.access.form import local
from frontend.access.login import COOKIE, OUTSIDE, Login
from frontend.access.tries import TRIES, Tries, network_of

HERE = "http://testserver"
FRONTEND = Path(gate.__file__).parents[1]
SECRET = "what only people inside may read"
BEHIND = (
    "/",
    "/jobs",
    "/media/0123.png",
    "/app/static/own.js",
    "/static/%2e%2e/media/0123.png",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/nowhere",
)


async def inside(_request: Request) -> Response:
    return PlainTextResponse(SECRET)


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"outside": OUTSIDE in websocket.headers})
    await websocket.send_text(SECRET)
    await websocket.close()


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Doorman:
    """A doorman without a past, in all places."""
    fresh = Doorman()
    for module in (doors, gate, routes):
        monkeypatch.setattr(module, "DOORMAN", fresh)
    return fresh


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by which tries are counted: it stands still at the start of a minute, unless a test moves it."""
    now = [1_800_000_000.0]
    for module in (memory, strategies, tries):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now[0]))
    return now


@pytest.fixture
def browser(service: FakeService, door: Doorman, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser before pages that want a log-in."""
    service.access.required = True
    monkeypatch.setenv("SSENET_UI_LOGIN", "1")
    monkeypatch.setenv("SSENET_HOSTS", "testserver")
    catch_all = Route("/{path:path}", inside, methods=["GET", "POST", "PUT"])
    app = Starlette(
        routes=[*routes.ROUTES, WebSocketRoute("/_stcore/stream", stream), catch_all],
        middleware=[Middleware(gate.Gate, doorman=door)],
    )
    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        yield client


def log_in(browser: TestClient, token: str = ANNA, **fields: str) -> Response:
    return browser.post("/login", data={"token": token, **fields}, headers={"Origin": HERE})


@pytest.mark.promise("S6")
@pytest.mark.parametrize("address", BEHIND)
def test_nothing_passes_without_a_log_in(browser: TestClient, service: FakeService, address: str) -> None:
    for method in ("GET", "POST", "PUT"):
        answer = browser.request(method, address, headers={"Origin": HERE})
        assert answer.status_code == 401 and SECRET not in answer.text
    assert not service.access.seen, "the service was not even asked"


def test_streamlits_own_scripts_are_no_secret(browser: TestClient) -> None:
    assert browser.get("/static/js/index.js").status_code == 200
    assert browser.post("/static/js/index.js", headers={"Origin": HERE}).status_code == 401


def test_the_form_stands_in_the_place_of_the_page(browser: TestClient) -> None:
    answer = browser.get("/jobs?job=1&states=failed")
    assert '<input type="hidden" name="next" value="/jobs?job=1&amp;states=failed">' in answer.text
    assert 'type="password"' in answer.text and "ssenet-lab token create NAME" in answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer") and answer.headers["cache-control"] == "no-store"


def test_logging_in_sets_a_cookie_no_script_and_no_other_site_can_use(browser: TestClient) -> None:
    answer = log_in(browser, next="/jobs?job=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?job=1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie
    assert browser.get("/jobs").text == SECRET


def test_over_https_the_cookie_never_goes_over_http(browser: TestClient) -> None:
    answer = browser.post(
        "/login", data={"token": ANNA}, headers={"Host": "testserver", "Origin": "https://testserver"}
    )
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.usefixtures("clock")
def test_a_wrong_token_is_said_and_ten_of_them_are_enough(browser: TestClient, service: FakeService) -> None:
    for _ in range(TRIES):
        answer = log_in(browser, "sslab_guessed-wrongly")
        assert (
            answer.status_code == 401
            and "not valid" in answer.text
            and COOKIE not in answer.headers.get("set-cookie", "")
        )
    answer = log_in(browser, "sslab_guessed-wrongly")
    assert (
        answer.status_code == 429 and "Too many tries" in answer.text and 1 <= int(answer.headers["retry-after"]) <= 60
    )
    assert len(service.access.authorizations) == 1, "the service is not asked again about what it has just refused"
    assert log_in(browser).status_code == 303, "who guesses locks nobody else at this address out"


@pytest.mark.parametrize("path", ["/jobs", "/_stcore/host-config"])
def test_a_dead_cookie_is_taken_away_is_no_try_and_costs_the_service_one_question(
    browser: TestClient, service: FakeService, path: str
) -> None:
    cookie = f"{COOKIE}={Login.new('sslab_ended-long-ago').cookie}"
    for _ in range(TRIES + 2):
        answer = browser.get(path, headers={"Cookie": cookie})
        assert answer.status_code == 401 and f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert len(service.access.authorizations) == 1
    assert log_in(browser, "sslab_guessed-wrongly").status_code == 401
    assert log_in(browser).status_code == 303


def test_tries_are_forgotten_by_themselves(clock: list[float], wait_until: Callable[..., object]) -> None:
    counted = Tries()
    for number in range(500):
        counted.wrong(f"192.0.2.{number % 250}" if number % 2 else f"2001:db8:0:{number:x}::1")
    assert len(counted.storage.storage) > 300
    clock[0] += 121
    counted.wrong("198.51.100.1")
    kept = counted.storage
    wait_until(lambda: len(kept.storage) == len(kept.expirations) == 1, timeout=30, what="the old ones to be dropped")
    assert len(kept.locks) <= 2 and not kept.events


@pytest.mark.usefixtures("clock")
def test_who_has_a_whole_network_counts_once() -> None:
    counted = Tries()
    waits = [counted.wrong(f"2001:db8:1:2::{number:x}") for number in range(TRIES + 1)]
    assert waits[:TRIES] == [None] * TRIES and waits[TRIES] is not None
    assert counted.wrong("2001:db8:1:3::1") is None
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1" and network_of("") == ""


def test_a_stranger_pushes_nobodys_log_out_away(
    browser: TestClient, door: Doorman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "_MOST", 3)
    log_in(browser)
    kept = browser.cookies[COOKIE]
    browser.post("/logout", headers={"Origin": HERE})
    for number in range(5):
        made_up = Login.new(f"sslab_made-up-{number}").cookie
        answer = browser.post("/logout", headers={"Origin": HERE, "Cookie": f"{COOKIE}={made_up}"})
        assert "You are logged out." in answer.text
    browser.cookies.set(COOKIE, kept)
    assert browser.get("/").status_code == 401 and len(door._ended) == 1


def test_logging_out_needs_no_service_for_who_was_let_in(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(browser)
    kept = browser.cookies[COOKIE]
    monkeypatch.setenv("SSENET_API_URL", "http://127.0.0.1:9")
    browser.post("/logout", headers={"Origin": HERE})
    browser.cookies.set(COOKIE, kept)
    answer = browser.get("/")
    assert answer.status_code == 401 and "You are logged out." in answer.text


def test_an_expired_token_is_said(browser: TestClient, service: FakeService) -> None:
    service.access.expire(ANNA)
    answer = log_in(browser)
    assert answer.status_code == 401 and "has expired" in answer.text


@pytest.mark.parametrize("token", ["", "short", "with space in it", "ünïcode-tökén", "x" * 600, "a\r\nHost: b"])
def test_what_is_no_token_is_not_even_asked_about(browser: TestClient, service: FakeService, token: str) -> None:
    assert log_in(browser, token).status_code == 401
    assert not service.access.authorizations


def test_a_huge_form_is_cut_off(browser: TestClient) -> None:
    assert log_in(browser, "x" * 100_000).status_code == 413


@pytest.mark.parametrize("pause", [0.0, 0.02], ids=["silent", "drop by drop"])
def test_a_form_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch, pause: float) -> None:
    monkeypatch.setattr(routes, "PATIENCE", 0.2)

    async def drip() -> Message:
        await anyio.sleep(pause or 600)
        return {"type": "http.request", "body": b"t", "more_body": True}

    async def answer() -> Response:
        with anyio.fail_after(30):
            return await routes.log_in(Request({"type": "http", "method": "POST", "headers": []}, drip))

    given_up = anyio.run(answer)
    assert given_up.status_code == 408 and given_up.headers["connection"] == "close"


def test_an_absent_service_is_said_without_its_address(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSENET_API_URL", "http://127.0.0.1:9")
    answer = log_in(browser)
    assert answer.status_code == 503 and "does not answer" in answer.text and "127.0.0.1:9" not in answer.text


def test_a_cookie_of_a_token_that_ended_is_taken_away(browser: TestClient, service: FakeService) -> None:
    browser.cookies.set(COOKIE, Login.new(ANNA).cookie)
    service.access.expire(ANNA)
    answer = browser.get("/jobs")
    assert answer.status_code == 401 and "has expired" in answer.text
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]


def test_logging_out_ends_it_in_every_tab(browser: TestClient) -> None:
    log_in(browser)
    kept = browser.cookies[COOKIE]
    answer = browser.post("/logout", headers={"Origin": HERE})
    assert "You are logged out." in answer.text
    browser.cookies.set(COOKIE, kept)  # another tab, or somebody who copied it
    assert browser.get("/").status_code == 401


@pytest.mark.promise("S7")
def test_other_sites_can_do_nothing(browser: TestClient) -> None:
    log_in(browser)
    evil = {"Origin": "http://evil.example"}
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400
    for path in ("/login", "/logout", "/_stcore/upload_file/session/file"):
        assert browser.post(path, headers=evil).status_code == 403
        assert browser.post(path, headers={"Origin": "null"}).status_code == 403
        assert browser.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    for headers in (evil, {"Host": "evil.example"}, {"Origin": "null"}):
        with (
            pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)),
            browser.websocket_connect("/_stcore/stream", headers=headers),
        ):
            pass
    with browser.websocket_connect("/_stcore/stream", headers={"Origin": HERE}) as socket:
        assert socket.receive_json() == {"outside": False} and socket.receive_text() == SECRET


@pytest.mark.promise("S6")
def test_the_stream_wants_a_log_in_too(browser: TestClient) -> None:
    with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)), browser.websocket_connect("/_stcore/stream"):
        pass


def test_every_answer_carries_the_security_headers(browser: TestClient) -> None:
    for answer in (browser.get("/"), browser.get("/login"), browser.get("/", headers={"Host": "evil.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
    log_in(browser)
    policy = browser.get("/").headers["content-security-policy"]
    assert (
        "default-src 'self'" in policy and "unsafe-eval" not in policy and "script-src 'self' blob: 'sha256-" in policy
    )


def test_a_link_on_another_site_opens_although_the_cookie_stays_at_home(browser: TestClient) -> None:
    answer = browser.get("/jobs?job=1", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200 and 'content="0;url=/jobs?job=1"' in answer.text


@pytest.mark.parametrize(
    ("target", "where"),
    [("/jobs?job=1", "/jobs?job=1"), ("//evil.example", "/"), ("https://evil.example/", "/"), ("/\\evil.example", "/"),
     ("javascript:alert(1)", "/"), ("jobs", "/"), ("/a\tb", "/"), ("/logout", "/"), ("", "/")],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_logging_in(target: str, where: str) -> None:
    assert local(target) == where


def test_on_this_machine_nobody_has_to_log_in_but_names_are_checked(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSENET_UI_LOGIN")
    assert browser.get("/jobs").text == SECRET
    assert browser.get("/", headers={"Host": "192.0.2.7:8501"}).status_code == 400
    monkeypatch.setenv("SSENET_UI_LOGIN", "1")
    assert browser.get("/", headers={"Host": "192.0.2.7:8501"}).status_code == 401


@pytest.mark.promise("S6")
@pytest.mark.parametrize("address", ["http://192.0.2.7:8501", "http://[2001:db8::7]:8501"])
@pytest.mark.parametrize("host", [None, "localhost:8501"])
def test_a_connection_from_outside_is_locked_whatever_the_settings_say(
    service: FakeService, browser: TestClient, monkeypatch: pytest.MonkeyPatch, address: str, host: str | None
) -> None:
    monkeypatch.delenv("SSENET_UI_LOGIN")
    service.access.required = False  # the API takes whoever has no token for the operator
    said, ws = {} if host is None else {"Host": host}, address.replace("http", "ws") + "/_stcore/stream"
    with TestClient(browser.app, base_url=address, headers=said, follow_redirects=False) as stranger:
        answer = stranger.get("/jobs")
        assert answer.status_code == 401 and SECRET not in answer.text
        with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)), stranger.websocket_connect(ws):
            pass
        assert stranger.post("/login", data={"token": "sslab_guessed-wrongly"}).status_code == 401
        assert stranger.post("/login", data={"token": ANNA}).status_code == 303
        assert stranger.get("/jobs").text == SECRET
        with stranger.websocket_connect(ws, headers={"Cookie": f"{COOKIE}={stranger.cookies[COOKIE]}"}) as socket:
            assert socket.receive_json() == {"outside": True}


@pytest.mark.parametrize("address", ["http://127.0.0.1:8501", "http://[::1]:8501"])
def test_a_connection_within_this_machine_is_open(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delenv("SSENET_UI_LOGIN")
    with TestClient(browser.app, base_url=address) as here:
        assert here.get("/jobs").text == SECRET


def test_pages_started_by_hand_listen_on_this_machine_only() -> None:
    show = (
        f"from streamlit import config; config._main_script_path = {str(FRONTEND / 'server.py')!r};"
        "config.get_config_options(True, {}); print(config.get_option('server.address'))"
    )
    shown = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.split() == ["127.0.0.1"]


def test_a_code_for_the_cookie_works_once_and_soon(door: Doorman, browser: TestClient) -> None:
    code = door.hand_over(Login.new(ANNA))
    post = {"data": {"code": code}, "headers": {"Origin": HERE}}
    assert browser.post("/login", **post).status_code == 204 and browser.get("/").text == SECRET
    assert browser.post("/login", **post).status_code == 403
