"""Messages that are not ours must not end a worker.

Celery drops a message of an unknown task or in a format that it does not accept. Others, such as one whose body
is no list of arguments, raise in its consumer, which ends the worker; and since such a message was not
acknowledged, it comes back and ends the next one, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.worker.consumer import Consumer
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, Transport

_log = logging.getLogger(__name__)


class CarefulChannel(Channel):
    """Drops what is in the queue and is no message; it has left the queue by then."""

    connection_errors: tuple[type[Exception], ...]

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # the stubs lack it
        except Exception as error:
            if isinstance(error, (Empty, *self.connection_errors, *self.connection.channel_errors)):
                raise
            _log.warning("dropped something that is no message: %s", type(error).__name__)
            return True


class CarefulTransport(Transport):
    """The broker, read with care."""

    Channel = CarefulChannel


class CarefulConsumer(Consumer):
    """Drops messages that cannot be understood, for good."""

    connection_errors: tuple[type[Exception], ...]
    channel_errors: tuple[type[Exception], ...]

    def create_task_handler(self, *given: Any, **options: Any) -> Callable[[Any], None]:
        """What is called with every message."""
        handle = super().create_task_handler(*given, **options)

        def careful(message: Any) -> None:
            try:
                handle(message)
            except (*self.connection_errors, *self.channel_errors):
                raise
            except Exception as error:
                _log.warning("dropped a message that cannot be understood: %s", type(error).__name__)
                message.reject_log_error(_log, self.connection_errors)

        return careful


def take_care(conf: Any) -> None:
    """Let the worker with this configuration read its messages with care."""
    for name in ("redis", "rediss"):
        TRANSPORT_ALIASES[name] = f"{__name__}:{CarefulTransport.__name__}"
    conf.worker_consumer = f"{__name__}:{CarefulConsumer.__name__}"
