"""The description of the API is current, complete and true about errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from backend.app import create_app
from backend.openapi import document
from backend.settings import Settings

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    described: dict[str, Any] = create_app(Settings()).openapi()
    return described


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, op) for path, item in schema["paths"].items() for method, op in item.items()]


def test_the_committed_file_is_current() -> None:
    assert FILE.read_bytes() == document(), "run: python -m backend.openapi"


def test_it_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSENET_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SSENET_API_PORT", "1234")
    assert FILE.read_bytes() == document()


def test_operation_ids_are_unique(schema: dict[str, Any]) -> None:
    ids = [op["operationId"] for _, _, op in operations(schema)]
    assert len(ids) == len(set(ids))


def test_every_operation_declares_its_problems(schema: dict[str, Any]) -> None:
    for path, method, op in operations(schema):
        responses = op["responses"]
        assert {"400", "422", "500", "503"} <= set(responses), path
        if "{" in path:
            assert "404" in responses, path
        for status, response in responses.items():
            if status.startswith(("4", "5")) and (path, status) != ("/api/v1/readyz", "503"):
                assert list(response["content"]) == ["application/problem+json"], (path, method, status)


def test_all_references_lead_somewhere(schema: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}
    text = orjson.dumps(schema).decode()
    used = {part.split('"')[0] for part in text.split('"$ref":"')[1:]}
    assert used <= known


def test_no_field_takes_a_path_of_this_machine(schema: dict[str, Any]) -> None:
    """Only ids come in: no property of a request is called path, file name or url."""
    bodies = [name for name in schema["components"]["schemas"] if name.startswith(("Submit", "Cam", "Evaluate"))]
    for name in bodies:
        for field in schema["components"]["schemas"][name].get("properties", {}):
            assert not any(word in field for word in ("path", "url", "folder", "directory")), (name, field)
