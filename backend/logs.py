"""Logs of every process of the product: one format, the request or job that each line belongs to, and no secrets.

Lines are text for people at a terminal, or JSON for whatever collects them (``SSENET_LOG_FORMAT``). What a request
or a job binds (``bound``) stands on each line that it causes, also in threads of the API, which copy the context.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

from pythonjsonlogger.json import JsonFormatter

from backend.settings import Settings

_HANDLERS = "ssenet"
_TEXT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s%(context)s"
_FILE_BYTES = 8 * 2**20
_FOREIGN = ("uvicorn", "uvicorn.error", "uvicorn.access")
_HIDDEN = "***"
_SECRETS = (
    # A header however it was printed: "Authorization: Bearer x", ('authorization', b'x'), {"authorization": "x"}.
    re.compile(
        r"(?i)(authorization[\\\"']*\s*[:=,]\s*(?:b(?=[\\\"']))?[\\\"']*(?:bearer|basic|token)?\s*)[^\s\"',\\})]+"
    ),
    re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{6,}"),
    re.compile(r"(\w+://[^\s:/@\"']*:)[^\s@/\"']+(?=@)"),
    re.compile(r"(?i)((?:password|passwd|secret|requirepass|api_?key)[\\\"']*\s*[:=]\s*[\\\"']*)[^\s\"',\\&})]+"),
    re.compile(r"(sslab_)\w[\w.-]*"),
)
_SHORTEST_SECRET = 6  # shorter ones would blank out ordinary words
_fields: ContextVar[Mapping[str, Any]] = ContextVar("ssenet_log_fields", default={})  # noqa: B039  (never changed in place)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Write ``fields`` on every line that is logged within; None leaves one out."""
    known = {name: value for name, value in fields.items() if value is not None}
    token = _fields.set({**_fields.get(), **known})
    try:
        yield
    finally:
        _fields.reset(token)


def current(name: str) -> Any:
    """What is bound to ``name`` here; None when nothing is."""
    return _fields.get().get(name)


def configure(settings: Settings, service: str, *, file: Path | None = None) -> None:
    """Send all logs of this process to its standard error, or to ``file``, in the format of the settings.

    May be called again: it replaces what it set up before, and nothing else.

    Args:
        settings: level, format, and the addresses whose passwords must not be written.
        service: which part of the product this process is, such as ``api``.
        file: written instead of standard error; one older file is kept.
    """
    handler: logging.Handler = _StandardError() if file is None else _file(file)
    handler.name = _HANDLERS
    handler.addFilter(_Context(service))
    handler.setFormatter(_Redacting(_formatter(settings.log_format), passwords(settings)))
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if one.name == _HANDLERS]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the supervisor asks several times a second
    for name in _FOREIGN:  # their own handlers would write each line once more, unfiltered
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """``text`` without tokens, Authorization headers, passwords in addresses, and ``secrets``."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: found[1] + _HIDDEN, text)
    return text


def passwords(settings: Settings) -> tuple[str, ...]:
    """The passwords of database and broker, as they are and as addresses spell them."""
    found = [urlsplit(url).password or "" for url in (settings.database_url, settings.redis_url)]
    return tuple({word for one in found for word in (one, unquote(one)) if len(word) >= _SHORTEST_SECRET})


def _file(path: Path) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8")


def _formatter(name: str) -> logging.Formatter:
    if name == "text":
        plain = logging.Formatter(_TEXT, "%Y-%m-%dT%H:%M:%S")
        plain.converter = time.gmtime
        return plain
    fields = {"levelname": "level", "name": "logger", "process": "pid"}
    reserved = {*_ATTRIBUTES, "context"}
    return JsonFormatter(
        "%(levelname)s %(name)s %(process)d %(message)s", rename_fields=fields, timestamp=True, reserved_attrs=reserved
    )


_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "color_message"}


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the time, not to what it was when logging was set up."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Context(logging.Filter):
    """Puts the bound fields on each record."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        fields = _fields.get()
        record.context = f" [{' '.join(f'{name}={value}' for name, value in fields.items())}]" if fields else ""
        record.service, record.process = self._service, os.getpid()
        for name, value in fields.items():
            if name not in _ATTRIBUTES:
                setattr(record, name, value)
        return True


class _Redacting(logging.Formatter):
    """Another formatter's text with secrets blanked out, those in tracebacks too."""

    def __init__(self, inner: logging.Formatter, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._inner, self._known = inner, secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._inner.format(record), self._known)
