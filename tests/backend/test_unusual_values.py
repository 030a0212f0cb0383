"""Numbers that are none, numbers that are too large, and texts that no keyboard makes are refused, never an error."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from described_requests import Description
from starlette.testclient import TestClient

JSON = {"Content-Type": "application/json"}
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "-" + "9" * 400, "1e-400", "9223372036854775808", "0x10")
TEXTS = ("\\ud800", "a\\u0000b", "\\u202e\\u0007\\ufffe\\uffff")
"""As escapes of JSON: a lone surrogate, NUL, and controls with what is no character."""

QUERIES = (
    "comparisons/objects?a=demo-ssenet-0&b=demo-ssenet-0&samples=100&small={}&medium=0.5",
    "rankings/x/rows?min={}",
    "analysis/curves?evaluations=demo-ssenet-0&samples=100&alpha={}",
    "evaluations/demo-ssenet-0/images?alpha={}",
    "jobs?limit={}",
    "datasets/demo/samples?offset={}",
    "checkpoints/demo-ssenet/cams?image=x&alpha={}",
)


@pytest.fixture
def description(client: TestClient) -> Description:
    return Description(client.get("/api/v1/openapi.json").json())


@pytest.mark.promise("S11")
def test_numbers_that_are_none_are_no_internal_error(client: TestClient) -> None:
    settings = {"train_cam": "lr", "infer_cam": "scales", "triage": "scales", "evaluate": "scales"}
    for number, (kind, field) in itertools.product(NUMBERS, settings.items()):
        value = f"[{number}]" if field == "scales" else number
        body = (
            f'{{"kind": "{kind}", "settings": {{"checkpoint": "demo-ssenet", "dataset": "demo", "{field}": {value}}}}}'
        )
        for path in ("jobs", "jobs/estimate"):
            answer = client.post(f"/api/v1/{path}", content=body, headers=JSON)
            assert answer.status_code in (400, 422), (kind, number, answer.text)
    for number, query in itertools.product(NUMBERS, QUERIES):
        answer = client.get(f"/api/v1/{query.format(number)}")
        assert answer.status_code in (200, 404, 409, 422), (query, number, answer.text)


@pytest.mark.promise("S11")
def test_texts_that_no_keyboard_makes_are_no_internal_error(client: TestClient, description: Description) -> None:
    leaves = [leaf for leaf in description.leaves() if leaf.where == "body" and not leaf.closed]
    for text, leaf in itertools.product(TEXTS, leaves):
        body = json.dumps(description.request(leaf, "THE TEXT")["json"]).replace("THE TEXT", text)
        answer = client.request(leaf.method, leaf.path, content=body, headers=JSON)
        assert answer.status_code < 500, (leaf.name, text, answer.text)


@pytest.mark.promise("S11")
def test_bodies_that_are_no_objects_are_no_internal_error(client: TestClient, description: Description) -> None:
    bodies: tuple[Any, ...] = (b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b'""', b"1")
    for path, item in description.document["paths"].items():
        if "application/json" in item.get("post", {}).get("requestBody", {}).get("content", {}):
            for body in bodies:
                answer = client.post(path, content=body, headers=JSON)
                assert answer.status_code in (400, 413, 422), (path, body[:20], answer.text)


@pytest.mark.promise("S11")
def test_plausible_requests_are_understood(client: TestClient, description: Description) -> None:
    """Else all of the above would be refused for another reason."""
    requests = {name: made for name, made in description.plain_requests() if made["method"] == "GET"}
    answers = {name: client.request(**request) for name, request in requests.items()}
    misunderstood = {name: answer.text for name, answer in answers.items() if answer.status_code == 422}
    assert misunderstood == {} and len(answers) > 40
