"""Messages that come twice, late, again while their job runs, or that are none of ours; a broker that is away."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from celery_workers import CeleryWorker
from histories import states, steps

from backend.queue import Doorbell, make_celery, redis_client
from backend.supervisor.process import Process
from worker.context import Context

Submit = Callable[..., str]
Read = Callable[[str], Any]
Wait = Callable[..., Any]
QUEUE, UNACKED, UNACKED_INDEX = "ssenet:train", "ssenet:unacked", "ssenet:unacked_index"
_DONE = re.compile(r"Task ssenet\.job\[[^\]]+\] succeeded in ([0-9.e-]+)s")


def durations(worker: CeleryWorker) -> list[float]:
    """Seconds that a worker spent on each message that it is done with."""
    return [float(seconds) for seconds in _DONE.findall(worker.log.read_text())]


@pytest.mark.slow
@pytest.mark.promise("R4")
@pytest.mark.parametrize("how", ["published again 50 times", "given back by the broker"])
def test_a_repeated_message_of_a_running_job_ends_at_once_and_starts_nothing(
    how: str, context: Context, start: Any, submit: Submit, job: Read, events: Read, wait_until: Wait, measured: Any,
    idle: Any,
) -> None:  # fmt: skip
    job_id, bell = submit(), Doorbell.of(context.settings)
    assert bell.wake(job_id)
    with redis_client(context.settings.broker) as client:
        [message] = client.lrange(QUEUE, 0, -1)
        client.delete(QUEUE)
    workers = [start("steps", environment={"SSENET_REDISPATCH_AFTER": "600"}) for _ in range(2)]
    for worker in workers:
        idle(worker)
    assert bell.wake(job_id)
    wait_until(lambda: job(job_id).state == "running", timeout=60)
    [other] = [worker for worker in workers if not job(job_id).lease_owner.endswith(f":{worker.popen.pid}")]
    repeats = 50 if how.startswith("published") else 1
    if repeats == 50:
        assert all(bell.wake(job_id) for _ in range(repeats))
    else:
        give_back(context, message, wait_until)
    owners = set()

    def over() -> bool:
        row = job(job_id)
        owners.add((row.fence, row.lease_owner))
        return len(durations(other)) >= repeats

    wait_until(over, timeout=60, what="the end of the repetitions")
    assert job(job_id).state == "running", "all repetitions came while it ran"
    measured(f"{how}: longest repetition", max(durations(other)), "s", limit=1)
    measured(f"{how}: owners seen", len(owners), "", limit=1)
    wait_until(lambda: job(job_id).state == "succeeded", timeout=60)
    assert (job(job_id).fence, job(job_id).attempts) == (1, 1)
    assert steps(events(job_id)) == list(range(1, 41)) and states(events(job_id)).count("succeeded") == 1


def give_back(context: Context, message: bytes, wait_until: Wait) -> None:
    """Make the broker's book say that a message was fetched long ago and never acknowledged."""
    with redis_client(context.settings.broker) as client:
        wait_until(lambda: not client.zcard(UNACKED_INDEX), what="a message that was received being done")
        client.hset(UNACKED, "again", json.dumps([json.loads(message), "", "train"]))
        client.zadd(UNACKED_INDEX, {"again": time.time()})
        client.zincrby(UNACKED_INDEX, -3600, "again")  # older than any visibility timeout


@pytest.mark.slow
@pytest.mark.promise("R6")
@pytest.mark.parametrize("when", ["the worker started without a broker", "the broker left a worker that ran"])
def test_a_job_starts_when_the_broker_returns(
    when: str, own_valkey: Process, start: Any, submit: Submit, job: Read, wait_until: Wait, measured: Any, idle: Any
) -> None:
    if "without" in when:
        own_valkey.kill()
        worker = start("work")
        wait_until(lambda: "Cannot connect" in worker.log.read_text(), timeout=60, what="a worker in need of a broker")
    else:
        worker = start("work")
        idle(worker)
        own_valkey.kill()
    job_id = submit()
    own_valkey.start()
    returned = time.monotonic()
    wait_until(lambda: job(job_id).state == "succeeded", timeout=90, what="its success")
    measured(f"{when}: time from its return until the job was done", time.monotonic() - returned, "s", limit=60)
    assert job(job_id).attempts == 1 and worker.popen.poll() is None


def _celery_message(body: bytes, **headers: Any) -> str:
    """What kombu puts into a Redis list."""
    import base64

    kind = {"content-type": headers.pop("content_type", "application/json"), "content-encoding": "utf-8"}
    properties = {
        "correlation_id": "c", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "train"},
        "priority": 0, "body_encoding": "base64", "delivery_tag": "forged",
    }  # fmt: skip
    whole = {"lang": "py", "task": "ssenet.job", "id": "forged", **headers}
    return json.dumps({"body": base64.b64encode(body).decode(), **kind, "headers": whole, "properties": properties})


def _arguments(*args: Any) -> bytes:
    return json.dumps([list(args), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


FOREIGN: dict[str, Callable[[], str]] = {
    "pickle": lambda: _celery_message(b"\x80\x04cos\nsystem\n", content_type="application/x-python-serialize"),
    "yaml": lambda: _celery_message(b"!!python/object/apply:os.system ['true']", content_type="application/x-yaml"),
    "unknown task": lambda: _celery_message(_arguments("0" * 32), task="os.system"),
    "forged job id": lambda: _celery_message(_arguments("f" * 32)),
    "a path for an id": lambda: _celery_message(_arguments("../../etc/passwd")),
    "an object for an id": lambda: _celery_message(_arguments({"id": 1})),
    "no argument": lambda: _celery_message(_arguments()),
    "too many arguments": lambda: _celery_message(_arguments(*range(100))),
    "20 MB of argument": lambda: _celery_message(_arguments("x" * 20_000_000)),
    "arguments that are none": lambda: _celery_message(b'"text"'),
    "a body that is no JSON": lambda: _celery_message(b"{"),
    "a body of deep nesting": lambda: _celery_message(b"[" * 100_000),
    "no headers": lambda: json.dumps({"body": "e30=", "properties": {"body_encoding": "base64"}}),
    "no envelope": lambda: "not even JSON",
    "an envelope of another kind": lambda: "[1, 2, 3]",
    "an envelope of deep nesting": lambda: "[" * 100_000,
}


@pytest.mark.slow
@pytest.mark.promise("S9")
def test_messages_that_are_not_ours_are_dropped_and_the_worker_stays(
    context: Context, start: Any, submit: Submit, job: Read, wait_until: Wait, measured: Any, idle: Any
) -> None:
    worker = start("work")
    idle(worker)
    [pool_child] = worker.family
    with redis_client(context.settings.broker) as client:
        for name, message in FOREIGN.items():
            client.lpush(QUEUE, message())
            wait_until(lambda: not client.llen(QUEUE), timeout=60, what=f"the end of {name}")
            job_id = submit()
            assert Doorbell.of(context.settings).wake(job_id)
            wait_until(lambda job_id=job_id: job(job_id).state == "succeeded", timeout=60, what=f"a job after {name}")
            assert worker.popen.poll() is None, name
    assert psutil.Process(worker.popen.pid).children() == [pool_child], "not even the pool child was lost"
    measured("kinds of foreign messages that were dropped", len(FOREIGN), "of 16")


def test_only_json_is_accepted() -> None:
    assert make_celery("redis://localhost").conf.accept_content == ["json"]
