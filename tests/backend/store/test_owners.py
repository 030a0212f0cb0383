"""Users see their own rows and the shared ones; what workers make belongs to whom the job belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased
from stage_results import card_of, dataset_row, do, do_all
from stored_pipelines import fail, job_ids, settings, stages, state

from backend.store import checkpoints, images, jobs, pipeline_control, pipelines
from backend.store.database import Database
from backend.store.images import About
from backend.store.job_records import checkpoint_row
from backend.store.models import Checkpoint, Evaluation, Image, ImageSet, Job, JobEvent, Pipeline, PipelineStage, Score
from backend.store.owners import INSTALLATION, Identity, SharedObject, check_change, everyone
from backend.store.submission import IdempotencyConflict
from backend.store.uses import in_use
from ssenet.config import CamTrainSettings

SHA = "a" * 64


class Stores:
    """One database, as its users see it, and as the workers do."""

    def __init__(self, installation: Database) -> None:
        self.installation = installation
        self._made: list[Database] = []

    def of(self, user: str) -> Database:
        """The database for a user."""
        url = self.installation.engine.url.render_as_string(hide_password=False)
        clock = self.installation._clock
        self._made.append(Database(url, clock, identity=lambda: Identity(user, sees_all=False)))
        return self._made[-1]

    def close(self) -> None:
        for made in self._made:
            made.dispose()


@pytest.fixture
def stores(database: Database) -> Iterator[Stores]:
    """An installation with a data set."""
    with database.write() as session:
        session.add(dataset_row())
    made = Stores(database)
    yield made
    made.close()


def train(database: Database, key: str | None = None, **changes: Any) -> str:
    """Submit a training; returns its id."""
    new = jobs.NewJob("train_cam", CamTrainSettings(**changes).model_dump(mode="json"), idempotency_key=key)
    with database.write() as session:
        return jobs.submit(session, new)[0].id


def photograph(database: Database, sha: str = SHA) -> tuple[str, bool]:
    """Register a photograph; returns its id, and whether it is new."""
    with database.write() as session:
        row, new = images.add(session, sha, (4, 4), About("one", "upload"))
        return row.id, new


def pipeline(database: Database, **changes: Any) -> str:
    """Submit a pipeline; returns its id."""
    with database.write() as session:
        new = pipelines.NewPipeline(settings(**changes))
        return pipelines.create(session, new, masked=True, max_attempts=3)[0].id


@contextmanager
def three(stores: Stores) -> Iterator[tuple[Any, str, str, str]]:
    """A session of alice, with the ids of her own, bob's and a shared photograph."""
    own, theirs = photograph(stores.of("alice"), "1" * 64)[0], photograph(stores.of("bob"), "2" * 64)[0]
    shared = photograph(stores.installation, "3" * 64)[0]
    with stores.of("alice").write() as session:
        yield session, own, theirs, shared


def test_every_way_of_looking_finds_the_own_and_the_shared_only(stores: Stores) -> None:
    with three(stores) as (session, own, theirs, shared):
        there = {own, shared}
        other = aliased(Image)
        for query in (
            select(Image.id),
            select(Image.id).where(Image.id.in_([own, theirs, shared])),
            select(other.id),
            select(Image.id).where(Image.id.in_(select(other.id))),
            select(Image.id).union_all(select(Image.id).where(Image.width < 0)),
        ):
            assert set(session.scalars(query)) == there, str(query)
        assert {row.id for row in session.query(Image)} == there
        assert session.scalars(select(func.count(Image.id))).one() == 2
        assert [session.get(Image, row_id) is not None for row_id in (own, theirs, shared)] == [True, False, True]
        assert session.get(Image, theirs, with_for_update=True) is None
    with stores.installation.read() as session:
        assert {own, theirs, shared} <= set(session.scalars(select(Image.id)))


def test_what_was_loaded_for_everyone_is_not_found_afterwards(stores: Stores) -> None:
    with three(stores) as (session, _own, theirs, _shared):
        with everyone(session):
            kept = session.get(Image, theirs)
            assert kept is not None
        assert session.get(Image, theirs) is None and kept in session
        session.expire(kept)
        assert theirs not in set(session.scalars(select(Image.id)))


def test_joins_keep_to_the_own_rows(stores: Stores) -> None:
    alice, bob = stores.of("alice"), stores.of("bob")
    train(bob)
    with stores.installation.write() as session:
        [job] = session.scalars(select(Job))
        row = checkpoint_row(card_of("ssenet", "w"), 1.0, size=1, weights_key="weights/w.safetensors")
        row.job_id, row.step = job.id, 1
        session.add(row)
    with alice.read() as session:
        assert session.execute(select(JobEvent, Job).outerjoin(Job, Job.id == JobEvent.job_id)).one()[1] is None
        assert session.execute(select(JobEvent.seq).join(Job, Job.id == JobEvent.job_id)).all() == []
    with bob.read() as session:
        assert session.scalars(select(Checkpoint.owner)).one() == "bob", "it is of the job's owner"


def test_only_the_own_rows_are_changed(stores: Stores) -> None:
    with three(stores) as (session, own, theirs, shared):
        assert session.execute(update(Image).values(name="mine")).rowcount == 1
        assert session.execute(delete(Image).where(Image.id.in_([theirs, shared]))).rowcount == 0
        with everyone(session):
            names = dict(session.execute(select(Image.id, Image.name)).all())
        assert names == {own: "mine", theirs: "one", shared: "one"}


def test_a_shared_row_is_for_looking_only(stores: Stores) -> None:
    with pytest.raises(SharedObject), three(stores) as (session, _own, _theirs, shared):
        session.get_one(Image, shared).name = "mine"
        session.flush()
    with pytest.raises(SharedObject), stores.of("alice").write() as session:
        session.delete(session.scalars(select(Image).where(Image.owner == "")).first())
    with stores.of("alice").write() as session:
        row = session.scalars(select(Image).where(Image.owner == "")).first()
        assert row is not None
        with pytest.raises(SharedObject):
            check_change(session, row)
    with stores.installation.write() as session:
        session.delete(session.scalars(select(Image).where(Image.owner == "")).first())


def test_a_sessions_identity_is_that_of_its_beginning(stores: Stores) -> None:
    who = [Identity("alice", sees_all=False)]
    url = stores.installation.engine.url.render_as_string(hide_password=False)
    changing = Database(url, stores.installation._clock, identity=lambda: who[0])
    photograph(stores.of("bob"))
    with changing.read() as session:
        who[0] = INSTALLATION
        assert session.scalars(select(Image.id)).all() == []
    with changing.read() as session:
        assert len(session.scalars(select(Image.id)).all()) == 1
    changing.dispose()


def test_two_users_and_all_may_have_the_same_photograph(stores: Stores) -> None:
    alice, bob = stores.of("alice"), stores.of("bob")
    mine, theirs = photograph(alice), photograph(bob)
    assert mine[1] and theirs[1] and mine[0] != theirs[0]
    assert photograph(alice) == (mine[0], False)
    shared = photograph(stores.installation)
    assert shared == (SHA[:32], True), "the id of a shared photograph is the start of its pixels' hash"
    assert photograph(stores.of("carol")) == (shared[0], False), "what is shared is there for all already"
    for user, last in ((alice, False), (bob, False), (stores.installation, True)):
        with user.write() as session:
            session.delete(
                session.scalars(select(Image).where(Image.owner == {alice: "alice", bob: "bob"}.get(user, ""))).one()
            )
            session.flush()
            assert images.unused(session, SHA) is last


def test_weights_stay_until_the_last_row_is_gone(stores: Stores) -> None:
    for user in ("alice", "bob"):
        with stores.of(user).write() as session:
            session.add(checkpoint_row(card_of("ssenet", "w"), 1.0, size=1, weights_key="weights/w.safetensors"))
    for user, left in (("alice", []), ("bob", ["weights/w.safetensors"])):
        with stores.of(user).write() as session:
            keys = checkpoints.delete(session, session.scalars(select(Checkpoint)).one())
            assert checkpoints.unused(session, keys) == left


def test_idempotency_keys_are_the_users_own(stores: Stores) -> None:
    alice, bob = stores.of("alice"), stores.of("bob")
    first = train(alice, "k")
    assert train(alice, "k") == first
    others = {train(bob, "k", epochs=2), train(stores.installation, "k", epochs=3)}
    assert len(others | {first}) == 3 and train(bob, "k", epochs=2) in others
    with pytest.raises(IdempotencyConflict):
        train(alice, "k", epochs=2)
    made = {pipeline_key(user) for user in (alice, bob, stores.installation, alice)}
    assert len(made) == 3


def pipeline_key(database: Database) -> str:
    with database.write() as session:
        new = pipelines.NewPipeline(settings(), None, "same key")
        return pipelines.create(session, new, masked=True, max_attempts=3)[0].id


def test_everything_that_a_pipeline_makes_belongs_to_its_user(stores: Stores) -> None:
    pipeline(stores.of("bob"))
    do_all(stores.installation)
    with stores.installation.read() as session:
        for table in (Job, Checkpoint, ImageSet, Evaluation, Score):
            owners = set(session.scalars(select(table.owner)))
            assert owners == {"bob"}, table.__tablename__
    with stores.of("alice").read() as session:
        assert not [
            table for table in (Job, Checkpoint, ImageSet, Evaluation, Score) if session.scalars(select(table.id)).all()
        ]


def test_an_evaluation_that_follows_a_training_belongs_to_its_user(stores: Stores) -> None:
    [following] = do(stores.installation, train(stores.of("bob")))
    assert following.owner == "bob"
    do(stores.installation, following.id)
    with stores.of("bob").read() as session:
        assert session.scalars(select(Evaluation.owner)).one() == "bob"


def test_a_retry_belongs_to_whom_the_job_belonged_to(stores: Stores) -> None:
    bob = stores.of("bob")
    failed = train(bob)
    fail(stores.installation, failed)
    with stores.installation.write() as session:  # an administrator's session sees all as well
        assert jobs.retry(session, failed, 3).owner == "bob"


def test_finished_work_is_taken_up_from_the_own_and_the_shared_only(stores: Stores) -> None:
    alice, bob = stores.of("alice"), stores.of("bob")
    first = pipeline(bob)
    do_all(stores.installation)
    second = pipeline(alice)
    assert stages(alice, second)["train_cam"] == ("queued", False), "bob's result is not there for alice"
    do_all(stores.installation)
    third = pipeline(stores.installation)
    assert stages(stores.installation, third)["train_cam"] == ("queued", False), "nor for the operator's pipelines"
    do_all(stores.installation)
    fourth = pipeline(stores.of("carol"))
    assert set(stages(stores.of("carol"), fourth).values()) == {("succeeded", True)}, "what is shared is"
    assert state(bob, first) == "succeeded"


def test_a_pipeline_that_waits_for_a_shared_job_leaves_it_alone(stores: Stores) -> None:
    alice = stores.of("alice")
    theirs = pipeline(stores.installation)
    mine = pipeline(alice)
    shared_job = job_ids(alice, mine)["train_cam"]
    assert shared_job == job_ids(stores.installation, theirs)["train_cam"]
    with alice.write() as session:
        pipeline_control.cancel(session, session.get_one(Pipeline, mine))
    with stores.installation.read() as session:
        assert session.get_one(Job, shared_job).state == "queued"


def test_a_shared_job_that_fails_is_done_anew_for_the_user(stores: Stores) -> None:
    alice = stores.of("alice")
    theirs, mine = pipeline(stores.installation), pipeline(alice)
    failed = job_ids(alice, mine)["train_cam"]
    fail(stores.installation, failed)
    with alice.write() as session:
        pipeline_control.resume(session, session.get_one(Pipeline, mine), 3)
    again = job_ids(alice, mine)["train_cam"]
    with stores.installation.read() as session:
        assert session.get_one(Job, again).owner == "alice"
    assert state(stores.installation, theirs) == "failed", "the operator's pipeline is the operator's to resume"


def test_an_own_job_that_was_handed_over_goes_on_when_its_heir_is_cancelled(stores: Stores) -> None:
    alice = stores.of("alice")
    theirs, mine = pipeline(stores.installation), pipeline(alice)
    shared_job = job_ids(alice, mine)["train_cam"]
    with stores.installation.write() as session:
        pipeline_control.cancel(session, session.get_one(Pipeline, theirs))
    assert stages(alice, mine)["train_cam"] == ("queued", False), "alice's pipeline still waits for it"
    with alice.write() as session:
        pipeline_control.cancel(session, session.get_one(Pipeline, mine))
    with stores.installation.read() as session:
        assert session.get_one(Job, shared_job).state == "queued", "it is the operator's to cancel"
        assert session.scalars(select(PipelineStage.job_id).where(PipelineStage.pipeline_id == mine)).first() is None


def test_a_result_that_an_administrators_job_uses_is_in_use(stores: Stores) -> None:
    bob = stores.of("bob")
    do(stores.installation, train(bob, epochs=1))
    with bob.read() as session:
        row = session.scalars(select(Checkpoint)).one()
    with stores.installation.write() as session:
        session.execute(update(Job).values(state="cancelled"))  # the evaluation that followed
        new = jobs.NewJob("infer_cam", {"checkpoint": row.id, "dataset": "demo"}, owner="root")
        jobs.submit(session, new)
    with bob.read() as session:
        assert in_use(session, session.get_one(Checkpoint, row.id))
        assert checkpoints.dependents(session, row).running_jobs == 1
