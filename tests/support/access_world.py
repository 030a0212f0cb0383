"""An installation that people log in to, in which a user and the operator have one object of every kind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rankings import ranking
from sqlalchemy import select
from stage_results import do_all
from starlette.testclient import TestClient

from backend.access.caller import OPERATOR, Caller, acting_as
from backend.service import Service
from backend.store import images, pipelines, tokens
from backend.store.artifacts import image_key
from backend.store.database import Database
from backend.store.images import About
from backend.store.models import (
    AccessToken,
    Base,
    Checkpoint,
    Evaluation,
    Image,
    ImageSet,
    Job,
    Owned,
    Pipeline,
    Ranking,
    Score,
)
from ssenet.config import pipeline_preset

TABLES: dict[str, type[Any]] = {
    "image_id": Image,
    "job_id": Job,
    "checkpoint_id": Checkpoint,
    "evaluation_id": Evaluation,
    "set_id": ImageSet,
    "score_id": Score,
    "ranking_id": Ranking,
    "pipeline_id": Pipeline,
}
"""The table of each path parameter that names something owned."""
Headers = dict[str, str]


@dataclass
class World:
    """The running API and what is in it.

    Attributes:
        ids: by owner and path parameter, such as ``ids["bob"]["image_id"]``; the owner "" is everyone.
        headers: that log in: of a user, or as ``admin``, ``reader``, ``nothing``, ``expired``, ``revoked``.
        secrets: the same tokens themselves.
    """

    client: TestClient
    service: Service
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    headers: dict[str, Headers] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def bearer(secret: str) -> Headers:
    """The header that logs in with a token."""
    return {"Authorization": f"Bearer {secret}"}


def user(name: str) -> Caller:
    """An ordinary user."""
    return OPERATOR if name == "" else Caller(name, ("read", "run"))


def populate(world: World) -> None:
    """Let bob and then the operator have one of everything, and everyone a token."""
    for name in ("bob", ""):
        world.ids[name] = make_all(world.service, name)
    with acting_as(OPERATOR), world.service.database.write() as session:
        for label, owner, scopes in (
            ("alice", "alice", ("read", "run")),
            ("bob", "bob", ("read", "run")),
            ("admin", "root", ("admin",)),
            ("reader", "alice", ("read",)),
            ("expired", "alice", ("admin",)),
            ("revoked", "alice", ("admin",)),
            ("nothing", "alice", ("read",)),
        ):
            row, secret = tokens.create(session, owner, scopes=scopes, days=1, name=label)  # type: ignore[arg-type]
            world.headers[label], world.secrets[label] = bearer(secret), secret
            world.ids.setdefault(label, {})["token_id"] = row.id
            _spoil(row)


def _spoil(row: AccessToken) -> None:
    if row.name == "expired":
        row.expires_at = row.created_at - 1
    elif row.name == "revoked":
        row.revoked_at = row.created_at
    elif row.name == "nothing":
        row.scopes = []


def make_all(service: Service, owner: str) -> dict[str, str]:
    """One object of every kind that belongs to ``owner``; workers make the results, as they do in the product."""
    with acting_as(user(owner)):
        with service.database.write() as session:
            new = pipelines.NewPipeline(pipeline_preset("quick", last="pseudo_labels"), f"of {owner or 'all'}")
            pipelines.create(session, new, masked=True, max_attempts=3)
        add_image(service, owner)
    worker = Database(service.settings.database)
    try:
        do_all(worker)
        _add_ranking(worker, owner)
        return ids_of(worker, owner)
    finally:
        worker.dispose()


def add_image(service: Service, owner: str, seed: int | None = None) -> str:
    """A photograph of the present caller; the same ``seed`` gives the same pixels."""
    seed = sum(owner.encode()) if seed is None else seed
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    sha = images.store_pixels(service.artifacts, pixels)
    with service.database.write() as session:
        stored = service.artifacts.size(image_key(sha))
        return images.add(session, sha, (24, 32), About(f"of {owner or 'all'}", "upload"), stored=stored)[0].id


def _add_ranking(worker: Database, owner: str) -> None:
    with worker.write() as session:
        job = session.scalars(select(Job).where(Job.owner == owner)).first()
        checkpoint = session.scalars(select(Checkpoint).where(Checkpoint.owner == owner)).first()
        assert job is not None and checkpoint is not None
        record = ranking([]).model_dump(mode="json", exclude={"rows"})
        made = {"record": record, "rows_key": f"rankings/{job.id}.json", "created_at": 1.0}
        session.add(Ranking(id=uuid.uuid4().hex, checkpoint_id=checkpoint.id, dataset_id="demo", job_id=job.id, **made))


def ids_of(database: Database, owner: str) -> dict[str, str]:
    """The id of one object of every kind that belongs to ``owner``."""
    with database.read() as session:
        found = {
            name: session.scalars(select(table.id).where(table.owner == owner)).first()
            for name, table in TABLES.items()
        }
    missing = [name for name, row_id in found.items() if row_id is None]
    assert not missing, f"{owner!r} has no {missing}"
    return {name: str(row_id) for name, row_id in found.items()}


def owned_tables() -> set[type[Any]]:
    """Every table with an owner."""
    return {mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)}
