"""What listens beyond this host: only where people can log in, and with secrets that are some."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from backend import lab
from backend.settings import Settings
from backend.store import tokens
from backend.store.database import Database
from backend.store.migrate import upgrade
from backend.supervisor.binds import Refused, check_api, check_pages, check_secrets, hosts_notice
from backend.supervisor.doctor import access
from backend.supervisor.services import api_service, local, ui_service
from backend.supervisor.up import entry
from ssenet.errors import UserError

NO_TOKEN = "ssenet-lab token create NAME"


def run(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``ssenet-lab`` on a data folder of its own."""
    variables = {**os.environ, "SSENET_DATA_DIR": str(data), "COLUMNS": "200", **environment}
    command = [sys.executable, "-m", "backend.lab", *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """``answering(status)``: address of a server that gives every request this status."""
    servers: list[HTTPServer] = []

    def start(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def free_port() -> str:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


REFUSALS: dict[str, tuple[list[str], dict[str, str], str]] = {
    "the API": (["api", "--host", "0.0.0.0"], {}, NO_TOKEN),
    "everything": (["up", "--host", "::"], {}, NO_TOKEN),
    "an address in the environment": (["api"], {"SSENET_API_HOST": "192.0.2.1"}, NO_TOKEN),
    "the pages of an API that is away": (
        ["ui", "--host", "0.0.0.0"], {"SSENET_API_URL": "http://127.0.0.1:9"}, "cannot be asked",
    ),
    "a broker on the network without password": (
        ["worker", "train"], {"SSENET_REDIS_URL": "redis://queue.example:6379/0"}, "has no password",
    ),
    "a broker's password that everyone knows": (
        ["api"], {"SSENET_REDIS_URL": "redis://:changethis@127.0.0.1/0"}, "SSENET_REDIS_URL is one that everyone knows",
    ),
    "a database's password that everyone knows": (
        ["up"], {"SSENET_DATABASE_URL": "postgresql+psycopg://ssenet:postgres@db/ssenet"}, "SSENET_DATABASE_URL",
    ),
}  # fmt: skip


@pytest.mark.promise("S8")
@pytest.mark.parametrize("what", REFUSALS)
def test_a_start_that_would_let_strangers_in_is_refused(
    tmp_path: Path, what: str, measured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "become", lambda command: pytest.fail(f"it starts {command}"))
    arguments, environment, words = REFUSALS[what]
    unset = dict.fromkeys(("SSENET_API_HOST", "SSENET_API_URL", "SSENET_REDIS_URL", "SSENET_DATABASE_URL"), "")
    began = time.monotonic()
    refused = CliRunner().invoke(lab.cli, arguments, env={**unset, **environment, "SSENET_DATA_DIR": str(tmp_path)})
    assert isinstance(refused.exception, UserError) and words in str(refused.exception)
    assert "changethis" not in str(refused.exception) and ":postgres@" not in str(refused.exception)
    measured("time until the start was refused", time.monotonic() - began, "s", limit=60)


@pytest.mark.promise("S8")
@pytest.mark.parametrize("what", ["the API", "the pages of an API that is away"])
def test_a_refusal_ends_the_command_in_words(tmp_path: Path, what: str) -> None:
    arguments, environment, words = REFUSALS[what]
    refused = run(tmp_path / "lab", *arguments, **environment)
    assert refused.returncode == 1 and words in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.slow
@pytest.mark.promise("S8")
def test_only_a_living_token_lets_the_api_start_and_then_it_lets_in_its_user_only(
    family: Any,
    gone: Callable[..., None],
    tmp_path: Path,
    free_port: str,
    wait_until: Callable[..., Any],
    measured: Any,
) -> None:
    data = tmp_path / "lab"
    made = run(data, "token", "create", "alice", "--name", "laptop")
    secret, token_id = made.stdout.split()[-1], re.findall(r"Token (\w{32}) of alice", made.stdout)[0]
    assert made.returncode == 0 and secret.startswith("sslab_")
    listed = run(data, "token", "list").stdout
    assert token_id in listed and "laptop" in listed and "living" in listed and secret not in listed

    command = [sys.executable, "-m", "backend.lab", "api", "--host", "0.0.0.0", "--port", free_port]
    output = (tmp_path / "api.txt").open("wb")
    environment = {**family.environment, "SSENET_DATA_DIR": str(data)}
    api = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    address, headers = f"http://127.0.0.1:{free_port}/api/v1", {"Authorization": f"Bearer {secret}"}
    wait_until(lambda: _status(f"{address}/healthz") == 200, timeout=120, what="the API")
    answers = {
        path: _status(f"{address}/{path}") for path in ("whoami", "jobs", "images", "readyz", "openapi.json", "")
    }
    assert set(answers.values()) == {401}, answers
    assert httpx.get(f"{address}/whoami", headers=headers).json()["user"] == "alice"
    assert "SSENET_HOSTS" in (tmp_path / "api.txt").read_text(), "what people type must be named"
    evil = httpx.get(f"{address}/whoami", headers={**headers, "Host": "evil.example"})
    assert evil.status_code == 400

    assert run(data, "token", "revoke", token_id).returncode == 0
    assert _status(f"{address}/whoami", headers) == 401, "at once"
    api.terminate()
    api.wait(30)
    gone(5)
    assert NO_TOKEN in run(data, "api", "--host", "0.0.0.0").stderr, "a revoked one is none"
    measured("operations that answered without a token", 0, f"of {len(answers)}", limit=0)


def _status(url: str, headers: dict[str, str] | None = None) -> int:
    try:
        return httpx.get(url, headers=headers, timeout=10, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


@pytest.mark.promise("S8")
def test_pages_listen_beyond_this_host_only_before_an_api_that_wants_a_log_in(answering: Callable[[int], str]) -> None:
    check_pages("0.0.0.0", answering(401))
    for status in (200, 302, 404, 500):
        with pytest.raises(Refused, match="everyone could use it"):
            check_pages("0.0.0.0", answering(status))
    for address in ("http://127.0.0.1:9", "nonsense", "http://[::1", "http://256.1.1.1"):
        with pytest.raises(Refused, match="cannot be asked"):
            check_pages("192.0.2.1", address)
    for host in ("127.0.0.1", "localhost", "::1"):
        check_pages(host, "http://127.0.0.1:9")


def test_pages_are_told_that_people_log_in(monkeypatch: pytest.MonkeyPatch, answering: Callable[[int], str]) -> None:
    started: dict[str, list[str]] = {}

    def become(command: list[str]) -> None:
        started[os.environ.get("SSENET_UI_LOGIN", "no")] = command

    monkeypatch.setattr(lab, "become", become)
    monkeypatch.setenv("SSENET_API_URL", answering(401))
    monkeypatch.delenv("SSENET_UI_LOGIN", raising=False)
    assert CliRunner().invoke(lab.cli, ["ui"]).exit_code == 0
    monkeypatch.setenv("SSENET_UI_LOGIN", "")  # what the command sets is undone after the test
    assert CliRunner().invoke(lab.cli, ["ui", "--host", "0.0.0.0"]).exit_code == 0
    assert "--server.address=127.0.0.1" in started["no"] and "--server.address=0.0.0.0" in started["1"]


def test_up_starts_pages_and_api_on_one_address_with_a_log_in(tmp_path: Path) -> None:
    beyond = Settings(data_dir=tmp_path, api_host="0.0.0.0", api_port=8123, ui_port=8600)
    pages = ui_service(beyond)
    assert "--server.address=0.0.0.0" in pages.command
    assert pages.environment == {"SSENET_API_URL": "http://127.0.0.1:8123", "SSENET_UI_LOGIN": "1"}
    command = api_service(beyond).command
    assert command[command.index("--host") + 1] == "0.0.0.0"
    here = ui_service(Settings(data_dir=tmp_path))
    assert "SSENET_UI_LOGIN" not in here.environment and "--server.address=127.0.0.1" in here.command
    assert (local("::", 1), local("::1", 2), local("192.0.2.1", 3)) == (
        "http://[::1]:1", "http://[::1]:2", "http://192.0.2.1:3",
    )  # fmt: skip


def test_up_asks_whether_all_is_ready_with_a_token_that_goes_afterwards(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, api_host="0.0.0.0")
    database = Database(settings.database)
    upgrade(database.engine)
    with entry(settings) as headers, database.read() as session:
        found = tokens.find(session, headers["Authorization"].removeprefix("Bearer "))
        assert found is not None and found.scopes == ["read"] and found.expires_at is not None
        assert found.expires_at - found.created_at < 3600
    with database.read() as session:
        assert tokens.living(session) == 0
    with entry(Settings(data_dir=tmp_path)) as headers:
        assert headers == {}
    database.dispose()


@pytest.mark.parametrize(
    ("redis_url", "fine"),
    [
        ("", True), ("redis+socket:///run/valkey.sock", True), ("unix:///run/valkey.sock", True),
        ("redis://127.0.0.1:6379/0", True), ("redis://localhost/0", True), ("redis://[::1]/0", True),
        ("redis://:long-random@queue/0", True), ("rediss://user:long-random@queue/0", True),
        ("redis://queue/0", False), ("redis://user@queue/0", False), ("rediss://10.0.0.3", False),
        ("redis://:password@localhost/0", False), ("redis://:Changeme@queue/0", False),
    ],
)  # fmt: skip
def test_a_broker_on_the_network_has_a_password_of_its_own(tmp_path: Path, redis_url: str, fine: bool) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=redis_url)
    if fine:
        check_secrets(settings)
        return
    with pytest.raises(Refused):
        check_secrets(settings)


def test_what_people_type_must_be_named(tmp_path: Path) -> None:
    beyond = Settings(data_dir=tmp_path, api_host="0.0.0.0")
    assert "SSENET_HOSTS" in str(hosts_notice(beyond))
    assert hosts_notice(Settings(data_dir=tmp_path)) is None
    assert hosts_notice(beyond.model_copy(update={"hosts": "lab.example"})) is None


def test_the_listing_of_tokens_has_their_whole_ids_and_no_secret(tmp_path: Path) -> None:
    environment = {"SSENET_DATA_DIR": str(tmp_path), "COLUMNS": "80"}
    made = CliRunner().invoke(lab.cli, ["token", "create", "me", "--name", "laptop"], env=environment).stdout.split()
    listed = CliRunner().invoke(lab.cli, ["token", "list"], env=environment).stdout
    assert made[1] in listed and "laptop" in listed and "living" in listed and made[-1] not in listed
    revoked = CliRunner().invoke(lab.cli, ["token", "revoke", made[1]], env=environment)
    assert revoked.exit_code == 0, revoked.exception
    assert "revoked" in CliRunner().invoke(lab.cli, ["token", "list"], env=environment).stdout


def test_the_doctor_says_who_may_come_in(tmp_path: Path) -> None:
    beyond = Settings(data_dir=tmp_path, api_host="0.0.0.0")
    assert access(beyond).good is False and access(Settings(data_dir=tmp_path)).good is True
    made = CliRunner().invoke(lab.cli, ["token", "create", "me", "--no-expiry"], env={"SSENET_DATA_DIR": str(tmp_path)})
    assert made.exit_code == 0 and "never expires" in made.output
    found = access(beyond)
    assert found.good and "1 living token" in found.text and "wants a token of everyone" in found.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["token", "create", "Bob"], "is no user name"),
        (["token", "create", "bob", "--scope", "root"], "is not one of"),
        (["token", "create", "bob", "--days", "-1"], "--days"),
        (["token", "revoke", "nothing"], "There is no token 'nothing'"),
    ],
)
def test_mistakes_with_tokens_are_answered_in_words(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(lab.cli, arguments, env={"SSENET_DATA_DIR": str(tmp_path), "COLUMNS": "200"})
    assert done.exit_code != 0
    assert words in (str(done.exception) if isinstance(done.exception, UserError) else done.output)


@pytest.mark.promise("S8")
def test_a_name_that_leads_here_from_beyond_wants_a_log_in_though_only_a_proxy_on_this_host_connects(
    tmp_path: Path,
) -> None:
    behind = Settings(data_dir=tmp_path, hosts="lab.example.org")
    assert behind.exposed and behind.login_required
    upgrade(Database(behind.database).engine)
    with pytest.raises(Refused, match="Nobody could log in"):
        check_api(behind)
    assert not Settings(data_dir=tmp_path, hosts="localhost, 127.0.0.2").login_required
