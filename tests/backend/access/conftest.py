"""One installation with a log-in for all tests of access: what they do leaves it as it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from access_world import World, bearer, populate
from starlette.testclient import TestClient

import backend.store.seed as seeding
from backend.access.caller import OPERATOR, acting_as
from backend.app import create_app
from backend.settings import Settings
from backend.store import tokens
from ssenet.data.gallery import gallery

PLENTY = 1_000_000


def open_settings(data_dir: Path, **changes: Any) -> Settings:
    """Of an installation that people log in to, with room for a test's many requests."""
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "redis_url": "redis+socket:///nowhere/valkey.sock",
        "sweep_interval": 3600,
        "login": "always",
        "decoders": 1,
        "reads_per_minute": PLENTY,
        "writes_per_minute": PLENTY,
        "failed_logins_per_minute": PLENTY,
    }
    return Settings(**{**values, **changes})


@pytest.fixture(scope="session")
def world(installed: tuple[Path, list[Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everyone's objects behind a log-in."""
    data = tmp_path_factory.mktemp("access") / "data"
    shutil.copytree(installed[0], data)
    app = create_app(open_settings(data))
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:  # for the start only: others of this session want the real ones
            patch.setattr(seeding, "builtin_checkpoints", lambda: installed[1])
            patch.setattr(seeding, "gallery", lambda: gallery()[:2])
            client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
            running.enter_context(client)
        made = World(client, app.state.service)
        populate(made)
        yield made


@pytest.fixture
def entered(
    settings: Settings,
    installed: tuple[Path, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    shared_decoders: None,  # noqa: ARG001
) -> Iterator[Callable[..., World]]:
    """``entered(**settings)``: an API of the test's own, with tokens of alice, bob and an administrator."""
    monkeypatch.setattr(seeding, "builtin_checkpoints", lambda: installed[1])
    monkeypatch.setattr(seeding, "gallery", lambda: gallery()[:2])
    with ExitStack() as stack:

        def enter(host: str = "127.0.0.1", **changes: Any) -> World:
            app = create_app(settings.model_copy(update={"login": "always", **changes}))
            client = TestClient(app, base_url=f"http://{host}", raise_server_exceptions=False)
            made = World(stack.enter_context(client), app.state.service)
            with acting_as(OPERATOR), made.service.database.write() as session:
                for name, scopes in (("alice", ("read", "run")), ("bob", ("read", "run")), ("admin", ("admin",))):
                    row, secret = tokens.create(session, name, scopes=scopes, days=1)  # type: ignore[arg-type]
                    made.headers[name], made.secrets[name] = bearer(secret), secret
                    made.ids[name] = {"token_id": row.id}
            return made

        yield enter
