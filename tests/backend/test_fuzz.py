"""Promise S11: the whole API under Schemathesis, with a token and without one. A seed repeats a run.

``SSENET_FUZZ_SEED`` names another one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from api_fuzz import HOST, Findings, fuzz
from fastapi import FastAPI, HTTPException
from schemathesis.python import asgi

from backend.access.caller import OPERATOR, acting_as
from backend.app import create_app
from backend.settings import Settings
from backend.store import tokens
from backend.store.database import Database
from backend.store.migrate import upgrade

SEED = 20261123
Measured = Callable[..., None]


class Away:
    """Stands in for a queue that is away, and says so at once."""

    def wake(self, _job_id: str) -> bool:
        return False

    def request_cam(self, _key: str, **_more: float) -> bool:
        return False

    def ping(self) -> bool:
        return False


@pytest.fixture
def app(settings: Settings, shared_decoders: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:  # noqa: ARG001
    """An API that everyone has to log in to; its broker is away. Schemathesis starts it, and reaches it in here."""
    monkeypatch.setattr("backend.service.Doorbell.of", lambda _settings: Away())
    often = {f"{kind}_per_minute": 10**6 for kind in ("reads", "writes", "failed_logins")}
    changed = {"hosts": HOST, "login": "always", "log_level": "ERROR", **often}
    yield create_app(settings.model_copy(update=changed))
    asgi.shutdown_lifespans()


@pytest.fixture
def token_of(settings: Settings) -> Callable[[str], tuple[str, str]]:
    """``token_of(user)``: id and secret of a new token with all scopes."""

    def make(user: str) -> tuple[str, str]:
        database = Database(settings.database)
        upgrade(database.engine)
        with acting_as(OPERATOR), database.write() as session:
            row, secret = tokens.create(session, user, scopes=tokens.SCOPES, days=1)
            token_id = row.id
        database.dispose()
        return token_id, secret

    return make


def seed_of_this_run(default: int) -> int:
    """The seed, printed so that a failure can be repeated."""
    seed = int(os.environ.get("SSENET_FUZZ_SEED", default))
    print(f"SSENET_FUZZ_SEED={seed}")  # noqa: T201
    return seed


def holds(findings: Findings) -> None:
    """Nothing failed, nothing was left out, and no answer was an internal error."""
    told = "\n\n".join(f"{name}\n{text[:2000]}" for name, text in sorted(findings.problems.items()))
    assert not findings.problems, f"SSENET_FUZZ_SEED={findings.seed} repeats this:\n{told}"
    assert findings.answers[500] == 0 and findings.operations == findings.everything


def fuzz_with_token(app: FastAPI, token_of: Any, seed: int, examples: int, *, coverage: bool) -> Findings:
    """With the token of an administrator, which no call may revoke: another one is there for that."""
    _, secret = token_of("fuzz")
    sacrifice, _ = token_of("sacrifice")
    return fuzz(
        app,
        seed,
        examples,
        headers={"Authorization": f"Bearer {secret}"},
        coverage=coverage,
        fixed={"revoke_token": {"token_id": sacrifice}},
    )


@pytest.mark.promise("S11")
def test_the_whole_api_keeps_to_its_description(app: FastAPI, token_of: Any, measured: Measured) -> None:
    found = fuzz_with_token(app, token_of, seed_of_this_run(SEED), 2, coverage=False)
    holds(found)
    assert found.answers[401] < sum(found.answers.values()) / 2
    measured("answers of the API to made-up requests, none of them wrong", sum(found.answers.values()))


@pytest.mark.promise("S11")
def test_nobody_is_let_in_without_a_token(app: FastAPI, measured: Measured) -> None:
    found = fuzz(app, seed_of_this_run(SEED), 2, coverage=False)
    holds(found)
    measured("answers without a token, all but those on its health a 401", sum(found.answers.values()))
    assert set(found.answers) <= {200, 401} and found.answers[401] > 10 * found.answers[200]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.promise("S11")
def test_boundaries_and_many_random_requests(app: FastAPI, token_of: Any, measured: Measured) -> None:
    found = fuzz_with_token(app, token_of, seed_of_this_run(secrets.randbelow(2**32)), 6, coverage=True)
    holds(found)
    measured("answers to boundary values and random requests, none of them wrong", sum(found.answers.values()))
    measured("internal errors", found.answers[500], limit=0)


def test_the_fuzzer_can_fail() -> None:
    broken = FastAPI()

    @broken.get("/thing")
    def crash(number: int) -> dict[str, int]:
        raise HTTPException(500, str(number))

    found = fuzz(broken, SEED, 5, coverage=False)
    assert found.answers[500]
    assert {name.split(": ")[1] for name in found.problems} >= {"not_a_server_error", "status_code_conformance"}
