"""Settings of the service, read from the environment (``SSENET_*``)."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBI = 2**20
_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "ssenet-lab"


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address; of names, only ``localhost`` counts."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """One installation: where it keeps things, whom it listens to, and its limits.

    Paths and addresses that are left empty follow from ``data_dir``: ``ssenet.db``, ``artifacts/`` and
    the socket of the embedded broker in ``run/``.
    """

    model_config = SettingsConfigDict(env_prefix="SSENET_", frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(default_factory=_default_data_dir, description="Folder of everything that is kept.")
    database_url: str = Field(default="", description="SQLAlchemy address; empty: SQLite in data_dir.")
    redis_url: str = Field(default="", description="Broker; empty: unix socket of the embedded Valkey.")
    artifacts_dir: Path | None = Field(default=None, description="Folder of images, weights and maps.")

    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=8000, ge=1, le=65535, description="Port of the API.")
    ui_port: int = Field(default=8501, ge=1, le=65535, description="Port of the pages.")
    hosts: str = Field(default="", description="More names, comma separated, that requests may be addressed to.")
    login: Literal["auto", "always"] = Field(
        default="auto",
        description="Whether the API wants a token: always; auto, when it listens beyond this host or has more hosts.",
    )
    jobs_per_user: int = Field(default=50, ge=1, description="Waiting and running jobs of one user.")
    upload_bytes_per_user: int = Field(
        default=20 * 1024 * MEBI, ge=1, description="Bytes of photographs and weights that one user may keep."
    )
    streams_per_user: int = Field(default=8, ge=1, description="Event streams that one user may have open.")
    reads_per_minute: int = Field(
        default=3000,
        ge=1,
        description="Requests a minute that only look, of one user, or of one address before log-in. Each API process "
        "counts for itself; health checks and the operator on this host are not counted.",
    )
    writes_per_minute: int = Field(default=120, ge=1, description="The same of requests that change something.")
    failed_logins_per_minute: int = Field(default=10, ge=1, description="Wrong tokens a minute from one address.")

    lease_ttl: float = Field(default=60.0, gt=0, description="Seconds after which a silent worker loses its job.")
    redispatch_after: float = Field(default=15.0, gt=0, description="Seconds until a waiting job is announced again.")
    sweep_interval: float = Field(default=5.0, gt=0, description="Seconds between two sweeps.")
    worker_timeout: float = Field(default=30.0, gt=0, description="Seconds after which a silent worker is gone.")
    max_attempts: int = Field(default=3, ge=1, le=100, description="Tries of one job before it fails.")
    train_threads: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 2) - 1), ge=1, description="CPU threads of a trainer."
    )
    train_memory: int = Field(
        default=0, ge=0, description="Bytes of memory that a trainer may allocate; 0: no limit. Linux only."
    )

    image_bytes: int = Field(default=25 * MEBI, ge=1, description="Largest image file.")
    image_pixels: int = Field(default=40_000_000, ge=1, description="Most pixels of an image.")
    image_side: int = Field(default=16_000, ge=1, description="Longest side of an image, in pixels.")
    decoders: int = Field(default=2, ge=1, le=64, description="Processes that decode uploaded images.")
    decode_seconds: float = Field(default=30.0, gt=0, description="Seconds that decoding one image may take.")
    decode_bytes: int = Field(
        default=1536 * MEBI, ge=256 * MEBI, description="Memory of a process that decodes; macOS does not enforce it."
    )
    body_seconds: float = Field(
        default=30.0, gt=0, description="Seconds that a request may be silent while its head or its body comes."
    )
    weights_bytes: int = Field(default=2048 * MEBI, ge=1, description="Largest weights file.")
    body_bytes: int = Field(default=1 * MEBI, ge=1, description="Largest other request body.")
    event_streams: int = Field(default=128, ge=1, description="Event streams of jobs that may be open at one time.")
    cam_queue: int = Field(default=64, ge=1, description="CAM requests that may wait at one time.")
    cam_deadline: float = Field(default=60.0, gt=0, description="Seconds after which a waiting CAM request is dropped.")
    cam_cache_bytes: int = Field(default=2048 * MEBI, ge=0, description="Size that the cache of CAMs is trimmed to.")
    crf_cache_bytes: int = Field(
        default=256 * MEBI, ge=0, description="Size that the cache of CRF frames is trimmed to."
    )
    keep_attempts_days: float = Field(
        default=14.0, ge=0, description="Days that files of failed and cancelled jobs are kept for a retry."
    )
    keep_metrics_days: float = Field(
        default=90.0, ge=0, description="Days after which the figures over time of finished jobs are thinned."
    )
    keep_metrics: int = Field(default=500, ge=2, description="Figures over time that are kept of each such job.")
    keep_logs_days: float = Field(default=30.0, ge=1, description="Days that the older half of a rotated log is kept.")
    log_bytes: int = Field(default=64 * MEBI, ge=1, description="Size at which the log of a running process is cut.")
    orphan_hours: float = Field(
        default=24.0, ge=0, description="Hours after which a file that no row names is removed."
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_format: str = Field(
        default="text",
        pattern="^(text|json)$",
        description="text, for people; json, one object a line, for collectors.",
    )

    @property
    def login_required(self) -> bool:
        """Whether the API lets nobody in without a token."""
        return self.login == "always" or self.exposed

    @property
    def exposed(self) -> bool:
        """Whether others may reach the API: it listens beyond this host, or has names that lead here from beyond."""
        return not is_loopback(self.api_host) or any(not is_loopback(name) for name in self.named_hosts)

    @property
    def named_hosts(self) -> list[str]:
        """What ``hosts`` names."""
        return [name for name in (part.strip() for part in self.hosts.split(",")) if name]

    @property
    def artifacts(self) -> Path:
        """Folder of the artifact store."""
        return self.artifacts_dir or self.data_dir / "artifacts"

    @property
    def database(self) -> str:
        """SQLAlchemy address of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ssenet.db'}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.database.startswith("sqlite")

    @cached_property
    def socket(self) -> Path:
        """Unix socket of the embedded broker: in data_dir unless that path is too long for a socket."""
        socket = self.data_dir / "run" / "valkey.sock"
        if len(os.fsencode(socket)) <= _SOCKET_PATH_LIMIT:
            return socket
        name = hashlib.sha256(os.fsencode(self.data_dir.absolute())).hexdigest()[:12]
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return base / f"ssenet-{os.getuid()}-{name}" / "valkey.sock"

    @property
    def broker(self) -> str:
        """Address of the broker."""
        return self.redis_url or f"redis+socket://{self.socket}"

    @property
    def allowed_hosts(self) -> list[str]:
        """Host names the API answers to: without the check, a web page could reach it by DNS rebinding."""
        own = [] if self.api_host in ("0.0.0.0", "::") else [self.api_host]
        return list(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", *own, *self.named_hosts]))
