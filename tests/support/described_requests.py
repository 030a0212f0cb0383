"""Requests made up from the description of the API: every text that it takes, one at a time."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Schema = Mapping[str, Any]
IDS = {
    "checkpoint_id": "demo-ssenet",
    "checkpoint": "demo-ssenet",
    "checkpoints": ["demo-ssenet"],
    "dataset_id": "demo",
    "dataset": "demo",
    "split": "val",
    "evaluation_id": "demo-ssenet-0",
    "a": "demo-ssenet-0",
    "b": "demo-ssenet-0",
    "evaluations": ["demo-ssenet-0"],
    "user": "someone",
    "scopes": ["read"],
    "wait": 0,
    "small": 0.1,
    "medium": 0.3,
    "samples": 100,
    "source": "upload",
    "rows": ["MS"],
    "min": 0,
}
"""Values that lead somewhere on a fresh installation; others come from defaults and limits."""


@dataclass(frozen=True)
class Leaf:
    """A place of a request that takes a text.

    Attributes:
        where: path, query, header, body or file.
        steps: names and indices that lead to it, from the parameter or the top of the body.
        schema: what the description says of it.
        kind: of a body with alternatives, which one.
    """

    method: str
    path: str
    operation: str
    where: str
    steps: tuple[str | int, ...]
    schema: Schema
    kind: str = ""

    @property
    def name(self) -> str:
        """In words: ``submit_job body /settings/backbone``."""
        return f"{self.operation} {self.where} {'/'.join(map(str, (self.kind, *self.steps))).strip('/')}"

    @property
    def closed(self) -> bool:
        """Whether it takes one of a list only."""
        return "enum" in self.schema or "const" in self.schema


class Description:
    """An OpenAPI document that requests are made from."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.schemas: Schema = document["components"]["schemas"]

    def resolved(self, schema: Schema) -> Schema:
        """The schema that a reference means."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def leaves(self) -> Iterator[Leaf]:
        """Every text that a request may have."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                base = (method.upper(), path, operation["operationId"])
                for parameter in operation.get("parameters", []):
                    for steps, schema in self._texts(parameter["schema"]):
                        yield Leaf(*base, parameter["in"], (parameter["name"], *steps), schema)
                for media, content in operation.get("requestBody", {}).get("content", {}).items():
                    where = "body" if media == "application/json" else "file"
                    for kind, body in self.alternatives(content["schema"]):
                        yield from (Leaf(*base, where, steps, schema, kind) for steps, schema in self._texts(body))

    def alternatives(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """The bodies that an operation takes, by what tells them apart."""
        mapping = schema.get("discriminator", {}).get("mapping")
        if mapping is None:
            yield "", schema
        else:
            yield from ((kind, {"$ref": reference}) for kind, reference in mapping.items())

    def _texts(self, schema: Schema) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
        schema = self.resolved(schema)
        for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from self._texts(choice)
        if schema.get("type") == "string":
            yield (), schema
        if schema.get("type") == "array":
            yield from (((0, *steps), text) for steps, text in self._texts(schema.get("items", {})))
        for name, field in schema.get("properties", {}).items():
            yield from (((name, *steps), text) for steps, text in self._texts(field))

    def plain_requests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """A plausible request of every operation and every kind of its body, with all parameters that it has."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {"schema": {}})
                for kind, _ in self.alternatives(content["schema"]):
                    leaf = Leaf(method.upper(), path, operation["operationId"], "nowhere", ("",), {}, kind)
                    yield leaf.name, self.request(leaf, "")

    def request(self, leaf: Leaf, value: str) -> dict[str, Any]:
        """Arguments of ``client.request`` for an otherwise plausible request with ``value`` at ``leaf``."""
        operation = self.document["paths"][leaf.path][leaf.method.lower()]
        given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        for parameter in operation.get("parameters", []):
            if (
                (leaf.where == "nowhere" and parameter["name"] != "cursor")
                or parameter.get("required")
                or parameter["name"] == leaf.steps[0]
            ):
                given[parameter["in"]][parameter["name"]] = self.plausible(parameter["schema"], parameter["name"])
        if leaf.where in given:
            given[leaf.where][str(leaf.steps[0])] = [value] if len(leaf.steps) > 1 else value
        path = re.sub(r"{(\w+)}", lambda found: _quoted(given["path"][found[1]]), leaf.path)
        headers = {name: str(text).encode("utf-8", "surrogatepass") for name, text in given["header"].items()}
        made = {"method": leaf.method, "url": path, "params": given["query"], "headers": headers}
        return made | self._body(operation, leaf, value)

    def _body(self, operation: Schema, leaf: Leaf, value: str) -> dict[str, Any]:
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            fields = self.resolved(content["multipart/form-data"]["schema"])["properties"]
            return {"files": dict.fromkeys(fields, (value if leaf.where == "file" else "a", b"nothing"))}
        if "application/json" not in content:
            return {}
        alternatives = dict(self.alternatives(content["application/json"]["schema"]))
        body = self.plausible(alternatives[leaf.kind if leaf.kind in alternatives else next(iter(alternatives))])
        return {"json": self._with(body, leaf.steps, value) if leaf.where == "body" else body}

    def _with(self, body: Any, steps: tuple[str | int, ...], value: str) -> Any:
        changed = place = copy.deepcopy(body)
        for step, following in itertools.pairwise(steps):
            if isinstance(step, str) and place.get(step) in (None, []):
                place[step] = [None] if following == 0 else {}
            place = place[step]
        place[steps[-1]] = value
        return changed

    def plausible(self, schema: Schema, name: str = "") -> Any:
        """A value that the schema allows."""
        schema = self.resolved(schema)
        if name in IDS:
            return IDS[name]
        if "const" in schema or "default" in schema or "enum" in schema:
            return schema.get("const", schema.get("default", schema.get("enum", [None])[0]))
        if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            return self.plausible(choices[0], name)
        if schema.get("type") == "object":
            required = schema.get("required", ())
            return {key: self.plausible(schema["properties"][key], key) for key in required}
        if schema.get("type") == "array":
            return [self.plausible(schema["items"], name) for _ in range(schema.get("minItems", 0))]
        return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False}.get(
            schema.get("type", ""), "something"
        )


def _quoted(value: Any) -> str:
    """A part of a path, dots too: a client would resolve them itself."""
    return quote(str(value).encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")
