"""Celery as the doorbell: settings of the queue, and the two messages that the service sends.

Who owns a job is decided in SQL (``backend.store.jobs``). A message is a hint that may be lost, late or
doubled, and there is no result backend. So a message that was received is done (no acks_late: with it, a
visibility timeout would start long jobs twice), and nothing is fetched ahead of a running job.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis
from celery import Celery
from kombu import Queue as KombuQueue
from kombu.exceptions import OperationalError

from backend import logs
from backend.settings import Settings

TRAIN_QUEUE = "train"
INFER_QUEUE = "infer"
JOB_TASK = "ssenet.job"
CAM_TASK = "ssenet.cam"

_CONNECT_SECONDS = 2.0
_REQUEST_HEADER = "ssenet_request_id"
_PREFIX = "ssenet:"
_log = logging.getLogger(__name__)


def make_celery(broker: str, socket_timeout: float | None = None) -> Celery:
    """The Celery application that the API publishes with and that workers serve.

    Args:
        broker: ``redis://…``, or ``redis+socket://path`` of a unix socket.
        socket_timeout: seconds to wait for a broker that hangs; for publishers only, workers wait for messages.
    """
    app = Celery("ssenet", broker=broker, set_as_current=False)
    app.conf.update(
        task_acks_late=False,
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=1,
        task_ignore_result=True,
        result_backend=None,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_queues=(KombuQueue(TRAIN_QUEUE), KombuQueue(INFER_QUEUE)),
        task_default_queue=INFER_QUEUE,
        task_create_missing_queues=False,
        task_routes={JOB_TASK: {"queue": TRAIN_QUEUE}, CAM_TASK: {"queue": INFER_QUEUE}},
        task_time_limit=None,  # a training may take days; its supervisor watches it
        broker_connection_timeout=_CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # a broker hiccup must not end a 10 h run
        broker_transport_options=_transport_options(broker, socket_timeout),
        visibility_timeout=600,
        task_publish_retry=False,  # the sweep is the retry
        worker_soft_shutdown_timeout=30,
        worker_enable_soft_shutdown_on_idle=True,
        worker_send_task_events=True,
        task_send_sent_event=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def _transport_options(broker: str, socket_timeout: float | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": _PREFIX,
        "health_check_interval": 30,
        "retry_on_timeout": True,
        "max_retries": 1,
    }
    if socket_timeout is not None:
        # One more try at once: whoever submits a job does not wait for a broker to come back.
        options |= {"socket_timeout": socket_timeout, "retry_on_timeout": False, "interval_start": 0.1}
    if not broker.startswith("redis+socket"):  # a unix socket has neither
        options |= {"socket_keepalive": True, "socket_connect_timeout": _CONNECT_SECONDS}
    return options


def requested_by(app: Celery) -> str | None:
    """Id of the request that sent the message of the present task; None when there is none or the sweep sent it."""
    task = app.current_task
    found = getattr(task.request, _REQUEST_HEADER, None) if task is not None else None
    return found if isinstance(found, str) else None


def _headers() -> dict[str, str]:
    request_id = logs.current("request_id")
    return {_REQUEST_HEADER: request_id} if request_id else {}


def redis_client(broker: str) -> redis.Redis:
    """A plain client of the broker, with short timeouts."""
    url = broker.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_timeout=_CONNECT_SECONDS, socket_connect_timeout=_CONNECT_SECONDS, retry=None
    )


def queue_lengths(broker: str, queues: Sequence[str]) -> dict[str, int]:
    """Messages that wait in each queue.

    Raises:
        redis.RedisError: the broker is away.
    """
    with redis_client(broker) as client, client.pipeline(transaction=False) as pipe:
        for name in queues:
            pipe.llen(f"{_PREFIX}{name}")
        return dict(zip(queues, pipe.execute(), strict=True))


@dataclass(frozen=True)
class Doorbell:
    """Sends the two messages, at most once each and without waiting for a broker that is away."""

    app: Celery

    @classmethod
    def of(cls, settings: Settings) -> Doorbell:
        """The doorbell of an installation."""
        return cls(make_celery(settings.broker, _CONNECT_SECONDS))

    def wake(self, job_id: str) -> bool:
        """Announce a job to the workers; False when the broker is away (the sweep announces it again)."""
        return self._send(JOB_TASK, job_id, TRAIN_QUEUE, expires=None)

    def request_cam(self, key: str, *, expires: float) -> bool:
        """Announce a CAM request, to be dropped unread after ``expires`` seconds; False: the broker is away."""
        return self._send(CAM_TASK, key, INFER_QUEUE, expires=expires)

    def ping(self) -> bool:
        """Whether the broker answers."""
        try:
            with redis_client(str(self.app.conf.broker_url)) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    def _send(self, task: str, argument: str, queue: str, *, expires: float | None) -> bool:
        try:
            self.app.send_task(
                task,
                args=(argument,),
                queue=queue,
                expires=expires,
                retry=False,
                ignore_result=True,
                headers=_headers(),
            )
        except (OperationalError, redis.RedisError, OSError) as error:
            _log.warning("the broker is away, %s(%s) was not announced: %s", task, argument, error)
            return False
        return True
