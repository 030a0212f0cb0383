"""Every operation of the API, taken from its description: who may not come in is kept out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from access_world import TABLES, World, owned_tables
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend import problems
from backend.access.login import Login
from backend.access.rates import Rates
from backend.app import OPEN
from backend.routes import images as image_routes
from backend.service import IDENTIFIER, Id, ServiceDep
from backend.store.models import Image
from backend.store.owners import everyone
from ssenet.config import INPUTS, STAGES

SHARED_PARAMETERS = {"dataset_id": "demo", "split": "val", "index": "0"}
"""Path parameters that name what belongs to the installation."""
NAMED_IN_QUERY = {
    "image": "image_id", "checkpoint": "checkpoint_id", "job": "job_id", "evaluations": "evaluation_id",
    "a": "evaluation_id", "b": "evaluation_id", "common": "evaluation_id",
}  # fmt: skip
"""Query parameters that name something owned; as filters of listings they find nothing of others."""
NEUTRAL_QUERY = {"dataset": "demo", "method": "ssenet"}
ADMIN_ONLY = {("post", "/api/v1/tokens")}
WRONG = {"Authorization": "Bearer sslab_" + "A" * 43}


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]

    @property
    def path_parameters(self) -> list[str]:
        return [p["name"] for p in self.parameters if p["in"] == "path"]

    @property
    def naming_parameters(self) -> dict[str, dict[str, Any]]:
        """Query parameters whose values are ids."""
        found = {p["name"]: p for p in self.parameters if p["in"] == "query"}
        return {name: p for name, p in found.items() if _is_id(p["schema"]) or name in NAMED_IN_QUERY}

    @property
    def safe(self) -> bool:
        return self.method == "get"

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def _is_id(schema: dict[str, Any]) -> bool:
    inner = [schema, *schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return any(one.get("pattern") == IDENTIFIER for one in inner)


def operations(app: FastAPI) -> Iterator[Operation]:
    """All that the description of an API names."""
    for path, item in app.openapi()["paths"].items():
        for method, described in item.items():
            yield Operation(method, path, tuple(described.get("parameters", ())))


def ask(world: World, client: TestClient, one: Operation, headers: dict[str, str], **named: str) -> Any:
    """Ask with the operator's objects in every place that ``named`` does not fill."""
    shared = {**SHARED_PARAMETERS, **world.ids[""], "token_id": world.ids["admin"]["token_id"]}
    path = one.path.format(**{name: named.get(name) or shared[name] for name in one.path_parameters})
    query = {}
    for name, parameter in one.naming_parameters.items():
        if parameter["required"] or name in named:
            query[name] = named.get(name) or NEUTRAL_QUERY.get(name) or shared[NAMED_IN_QUERY[name]]
    return client.request(one.method, path, params=query, headers=headers)


LOOK_BY_POST = {
    "/api/v1/jobs/estimate",
    "/api/v1/pipelines/estimate",
    "/api/v1/datasets/{dataset_id}/samples/{split}/{index}/open",
}
"""POSTs that people may send who only look."""


def refused_without_login(world: World, client: TestClient, one: Operation) -> list[str]:
    """What is wrong with how an operation treats who may not come in."""
    small = world.headers["nothing" if one.safe or one.path in LOOK_BY_POST else "reader"]
    small = world.headers["alice"] if (one.method, one.path) in ADMIN_ONLY else small
    cases = {
        "no token": ({}, 401), "a wrong token": (WRONG, 401), "an expired token": (world.headers["expired"], 401),
        "a revoked token": (world.headers["revoked"], 401), "too small a scope": (small, 403),
    }  # fmt: skip
    answers = {name: (ask(world, client, one, headers), wanted) for name, (headers, wanted) in cases.items()}
    wrong = [
        f"{one} with {name}: {got.status_code}" for name, (got, wanted) in answers.items() if got.status_code != wanted
    ]
    unnamed = [one for got, wanted in answers.values() if wanted == 401 and "WWW-Authenticate" not in got.headers]
    return wrong + [f"{other} does not say how to log in" for other in unnamed]


def shown_to_strangers(world: World, client: TestClient, one: Operation) -> list[str]:
    """What an operation tells alice of bob's objects, or lets her do to those of all."""
    wrong = []
    for name in one.path_parameters:
        if name in SHARED_PARAMETERS:
            continue
        theirs = world.ids["bob"][name]  # a KeyError here: a new kind of object needs one of bob's in ``access_world``
        got = ask(world, client, one, world.headers["alice"], **{name: theirs})
        if got.status_code != 404 or "There is no" not in got.json()["detail"]:
            wrong.append(f"{one} with bob's {name}: {got.status_code}")
        own = ask(world, client, one, world.headers["bob"], **{name: theirs}) if one.safe else None
        if own is not None and own.status_code == 404 and own.json()["detail"] == got.json()["detail"]:
            wrong.append(f"{one} does not even show bob his own {name}")
        if (
            not one.safe
            and name in TABLES
            and (got := ask(world, client, one, world.headers["alice"])).status_code != 403
        ):
            wrong.append(f"{one} with a {name} that belongs to all: {got.status_code}")
    return wrong


def named_by_strangers(world: World, client: TestClient, one: Operation) -> list[str]:
    """What an operation tells alice when she names bob's objects in its query."""
    wrong = []
    for name in set(one.naming_parameters) - set(NEUTRAL_QUERY):
        parameter = NAMED_IN_QUERY[name]  # a KeyError here: say in NAMED_IN_QUERY what the new parameter names
        got = ask(world, client, one, world.headers["alice"], **{name: world.ids["bob"][parameter]})
        nothing = got.status_code == 200 and got.json().get("items") == []
        if got.status_code != 404 and not nothing:
            wrong.append(f"{one} with bob's {name} in the query: {got.status_code}")
    return wrong


@pytest.mark.promise("S6")
def test_no_operation_answers_who_did_not_log_in(world: World, measured: Any) -> None:
    everything = [one for one in operations(world.client.app) if one.path != OPEN]  # type: ignore[arg-type]
    wrong = [line for one in everything for line in refused_without_login(world, world.client, one)]
    assert wrong == []
    assert len(everything) > 60, "the description names them all"
    measured("refusals checked: no token, wrong, expired, revoked, too small a scope", 5 * len(everything), "requests")
    measured("operations that answered without a valid token", len(wrong), f"of {len(everything)}", limit=0)


@pytest.mark.promise("S6")
def test_no_operation_shows_or_changes_what_belongs_to_another(world: World, measured: Any) -> None:
    everything = list(operations(world.client.app))  # type: ignore[arg-type]
    wrong = [line for one in everything for line in shown_to_strangers(world, world.client, one)]
    wrong += [line for one in everything for line in named_by_strangers(world, world.client, one)]
    assert wrong == []
    named = sum(
        len(set(one.path_parameters) - set(SHARED_PARAMETERS)) + len(one.naming_parameters) for one in everything
    )
    measured("places for another user's id that were tried", named, "")
    measured("of them that told or did anything", len(wrong), "", limit=0)


@pytest.mark.promise("S7")
def test_no_operation_serves_a_foreign_name_or_changes_anything_for_another_site(world: World, measured: Any) -> None:
    everything, reached = list(operations(world.client.app)), []  # type: ignore[arg-type]
    for one in everything:
        admin = world.headers["admin"]  # even with a valid token
        if ask(world, world.client, one, {**admin, "Host": "evil.example"}).status_code != 400:
            reached.append(f"{one} by a foreign name")
        sites = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
        for site in () if one.safe else sites:
            if ask(world, world.client, one, {**admin, **site}).json()["type"] != "/problems/origin":
                reached.append(f"{one} from {site}")
    assert reached == []
    measured("operations reached by a foreign host name or from another site", 0, f"of {len(everything)}", limit=0)


def test_every_table_with_an_owner_is_tried(world: World) -> None:
    assert set(TABLES.values()) == owned_tables()
    named = {name for one in operations(world.client.app) for name in one.path_parameters}  # type: ignore[arg-type]
    assert set(TABLES) <= named


def test_only_the_health_check_is_open(world: World) -> None:
    assert world.client.get(OPEN).json() == {"status": "ok"}
    for method, path in (
        ("POST", OPEN),
        ("HEAD", OPEN),
        ("GET", OPEN + "/"),
        ("OPTIONS", "/api/v1/jobs"),
        ("GET", "/"),
    ):
        assert world.client.request(method, path).status_code == 401, (method, path)
    assert world.client.get("/api/v1/openapi.json").status_code == 401
    declared = world.client.app.openapi()  # type: ignore[attr-defined]
    assert declared["security"] == [{"token": []}] and declared["paths"][OPEN]["get"]["security"] == []
    assert declared["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_no_listing_names_what_belongs_to_another(world: World) -> None:
    listings = [one for one in operations(world.client.app) if one.safe and not one.path_parameters]  # type: ignore[arg-type]
    theirs = set(world.ids["bob"].values())
    for one in listings:
        text = ask(world, world.client, one, world.headers["alice"]).text
        assert not [row_id for row_id in theirs if row_id in text], str(one)
    for name in ("images", "jobs", "checkpoints?all=true", "evaluations", "sets", "scores", "rankings", "pipelines"):
        for label, there in (("alice", False), ("bob", True), ("admin", True)):
            text = world.client.get(f"/api/v1/{name}", headers=world.headers[label]).text
            assert any(row_id in text for row_id in theirs) is there, (name, label)
            assert any(row_id in text for row_id in world.ids[""].values()), "what belongs to all is there for each"


@pytest.mark.parametrize("kind", [kind for kind in STAGES if INPUTS[kind]])
def test_no_job_takes_what_belongs_to_another(world: World, kind: Any) -> None:
    wanted = {"checkpoint": "checkpoint_id", "other": "checkpoint_id", "start": "checkpoint_id"}
    for field in INPUTS[kind]:
        settings = {f: world.ids[""][wanted.get(f, "set_id")] for f in INPUTS[kind]}
        theirs = world.ids["bob"][wanted.get(field, "set_id")]
        body = {"kind": kind, "settings": {**settings, field: theirs}}
        for path in ("/api/v1/jobs", "/api/v1/jobs/estimate"):
            got = world.client.post(path, json=body, headers=world.headers["alice"])
            assert got.status_code == 422, (path, field, got.text)
            [said] = [error for error in got.json()["errors"] if error["pointer"] == f"/settings/{field}"]
            assert said["message"].startswith("There is no") and theirs in said["message"]


def test_no_pipeline_and_no_export_takes_what_belongs_to_another(world: World) -> None:
    bob, shared, alice = world.ids["bob"], world.ids[""], world.headers["alice"]
    settings = {"dataset": "demo", "split": "train", "checkpoint": bob["checkpoint_id"], "train": None}
    for path in ("/api/v1/pipelines", "/api/v1/pipelines/estimate"):
        got = world.client.post(path, json={"settings": settings}, headers=alice)
        assert got.status_code == 422 and "There is no checkpoint" in got.json()["detail"], got.text
    for image, checkpoint in ((bob["image_id"], "demo-ssenet"), (shared["image_id"], bob["checkpoint_id"])):
        body = {"images": [image], "checkpoints": [checkpoint]}
        assert world.client.post("/api/v1/bundles", json=body, headers=alice).status_code == 404


def careless(world: World) -> FastAPI:
    """An API whose author forgot one thing in each of two operations, and nothing in the third."""
    app = FastAPI()
    rates = Rates(world.service.settings)
    app.add_middleware(Login, required=True, open_path="/api/v1/open", rates=rates)
    problems.install(app)

    @app.get("/api/v1/open")
    def get_open() -> str:
        return "everyone sees this"

    @app.get("/api/v1/loose/{image_id}")
    def get_loose(service: ServiceDep, image_id: Id) -> str:
        with service.database.read() as session, everyone(session):
            return session.get_one(Image, image_id).name

    @app.get("/api/v1/good/{image_id}")
    def get_good(service: ServiceDep, image_id: Id) -> str:
        return image_routes.find(service, image_id).name

    app.state.service = world.service
    return app


def test_an_operation_that_forgets_who_may_is_found(world: World) -> None:
    app = careless(world)
    unlocked, loose, good = operations(app)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert len(refused_without_login(world, client, unlocked)) == 5 + 4  # let in, and no word of a log-in
        assert shown_to_strangers(world, client, loose) == [f"{loose} with bob's image_id: 200"]
        for one in (loose, good):
            assert refused_without_login(world, client, one) == []
        assert shown_to_strangers(world, client, good) == []


def test_an_operation_on_a_new_kind_of_object_is_found(world: World) -> None:
    app = careless(world)

    @app.get("/api/v1/recipes/{recipe_id}")
    def get_recipe(recipe_id: Id) -> str:
        return recipe_id

    *_, new = operations(app)
    with TestClient(app, base_url="http://127.0.0.1") as client, pytest.raises(KeyError, match="recipe_id"):
        shown_to_strangers(world, client, new)
