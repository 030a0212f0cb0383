"""Promise S5: nothing that a request says is an address to fetch, a path, a module or a command."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from described_requests import Description, Leaf
from starlette.testclient import TestClient

from backend.app import create_app
from backend.settings import Settings

ADDRESSES = (
    "http://127.0.0.1:8000/x", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//host/share",
    "/etc/passwd", "../../etc/passwd", "C:\\Windows\\win.ini", "hf-hub:someone/evil", "$(id)", "`id`", "a;id", "a|id",
    "s3://bucket/key", "data:text/plain,x",
)  # fmt: skip
LOOKED_UP = {
    r"query class$": "compared with the names of classes of a data set",
    r"query (row|rows/0)$": "compared with the rows of an evaluation",
    r"list_samples query split$": "compared with the splits of a data set",
    r"(query|body) classes/0$": "compared with the names of classes of a checkpoint",
    r"query cursor$": "unpacked to a number and an id, which are compared",
    r"query confirm$": "compared with a hash",
    r"header idempotency-key$": "hashed and compared",
    r"body .*name$": "shown to people",
    r" file \w+$": "a file; its name is shown to people",
}
"""Texts that may say anything, and why that is harmless."""
NAMES = re.compile(
    r"(^|_)(path|url|uri|file|folder|directory|dir|module|command|cmd|shell|callback|webhook|endpoint)(_|$)"
)


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(create_app(Settings()).openapi())


def is_open(leaf: Leaf) -> bool:
    """Whether the description lets an address in."""
    pattern = leaf.schema.get("pattern")
    return not leaf.closed and (pattern is None or any(re.search(pattern, address) for address in ADDRESSES))


@pytest.mark.promise("S5")
def test_every_text_is_one_of_a_list_or_has_a_pattern_or_a_reason(
    description: Description, measured: Callable[..., None]
) -> None:
    leaves = list(description.leaves())
    free = [leaf for leaf in leaves if is_open(leaf)]
    unexplained = [leaf.name for leaf in free if not any(re.search(name, leaf.name) for name in LOOKED_UP)]
    assert unexplained == []
    unbounded = [leaf.name for leaf in free if leaf.where not in ("file",) and not bounded(leaf)]
    assert unbounded == []
    unused = [name for name in LOOKED_UP if not any(re.search(name, leaf.name) for leaf in free)]
    assert unused == [], "remove what is not needed any more"
    measured("texts in requests that cannot hold an address", len(leaves) - len(free))
    measured("texts in requests that are only compared or shown", len(free))


def bounded(leaf: Leaf) -> bool:
    """Whether a text has a greatest length."""
    return "maxLength" in leaf.schema or bool(re.search(r"{\d+,\d+}\$$", leaf.schema.get("pattern", "")))


@pytest.mark.promise("S5")
def test_no_field_is_called_as_if_it_took_a_place(description: Description) -> None:
    steps = {str(step) for leaf in description.leaves() if leaf.where != "file" for step in leaf.steps}
    assert [step for step in steps if NAMES.search(step)] == []


@pytest.mark.promise("S5")
def test_bodies_take_no_unknown_fields(description: Description) -> None:
    for path, item in description.document["paths"].items():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for _, body in description.alternatives(content["schema"]) if content else ():
                assert description.resolved(body)["additionalProperties"] is False, path


@pytest.mark.promise("S5")
def test_no_job_takes_an_address(client: TestClient, description: Description, measured: Callable[..., None]) -> None:
    leaves = [leaf for leaf in description.leaves() if leaf.operation == "submit_job" and leaf.steps[0] == "settings"]
    tried = 0
    for leaf in leaves:
        for address in ADDRESSES[:6]:
            answer = client.request(**description.request(leaf, address))
            pointers = [error["pointer"] for error in answer.json()["errors"]]
            wanted = "/" + "/".join(map(str, leaf.steps))
            assert answer.status_code == 422 and wanted in pointers, (leaf.name, address, answer.text)
            tried += 1
    assert len({leaf.kind for leaf in leaves}) == 10 and client.get("/api/v1/jobs").json()["items"] == []
    measured("jobs with an address as a setting, all refused", tried)
