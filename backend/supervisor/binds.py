"""What must be in order before a process listens beyond this host, or keeps its secrets elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from sqlalchemy.engine import make_url

from backend.settings import Settings, is_loopback
from ssenet.errors import UserError

_PLACEHOLDERS = frozenset(
    {"change-me", "changeme", "changethis", "default", "example", "password", "postgres", "redis", "secret", "ssenet"}
)
_NETWORK = ("redis", "rediss", "valkey", "valkeys", "sentinel")
_PATIENCE = 5.0


class Refused(UserError):  # noqa: N818
    """A start that would let strangers in."""


def check_secrets(settings: Settings) -> None:
    """Refuse passwords that everyone knows, and a broker on the network that has none.

    Raises:
        Refused: with what to do.
    """
    broker = urlsplit(settings.redis_url)
    if broker.scheme in _NETWORK and not broker.password and not is_loopback(broker.hostname or "localhost"):
        raise Refused(
            f"The broker at {broker.hostname} has no password: whoever reaches it could start and forge jobs. "
            "Give it one (requirepass) and write SSENET_REDIS_URL=redis://:PASSWORD@HOST:6379/0."
        )
    for name, password in (("REDIS", broker.password), ("DATABASE", make_url(settings.database).password)):
        if password is not None and str(password).lower() in _PLACEHOLDERS:
            raise Refused(
                f"The password in SSENET_{name}_URL is one that everyone knows. Take a random one: openssl rand -hex 24"
            )


def check_api(settings: Settings) -> None:
    """Refuse to listen beyond this host while nobody could log in.

    Raises:
        Refused: with what to do.
    """
    if not settings.exposed:
        return
    if living_tokens(settings) == 0:
        where = f"SSENET_DATA_DIR={settings.data_dir} " if settings.is_sqlite else ""
        raise Refused(
            f"Nobody could log in: before the API, on {settings.api_host}, is reached from beyond this host, there "
            f"must be an access token. Create one with: {where}ssenet-lab token create NAME. And let SSENET_HOSTS "
            "name what people type into their browsers, such as lab.example.org: requests for other names are refused."
        )


def check_pages(host: str, api_url: str) -> None:
    """Refuse to show pages beyond this host of an API that answers without a token.

    Raises:
        Refused: it does, or it cannot be asked.
    """
    if is_loopback(host):
        return
    url = f"{api_url.rstrip('/')}/api/v1/whoami"
    try:
        status = httpx.get(url, timeout=_PATIENCE, trust_env=False).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Refused(
            f"The pages are to listen on {host}, beyond this host, and the API at {api_url} cannot be asked whether it "
            f"wants a log-in ({error}). Start it first, and let SSENET_API_URL say where it is."
        ) from None
    if status != 401:
        raise Refused(
            f"The pages are to listen on {host}, beyond this host, but the API at {api_url} does not want a log-in "
            f"(status {status} without a token): everyone could use it. Start it with SSENET_LOGIN=always."
        )


def living_tokens(settings: Settings) -> int:
    """Number of access tokens that let someone in now."""
    from backend.lab_data import opened
    from backend.store import tokens

    with opened(settings) as database, database.read() as session:
        return tokens.living(session)


def hosts_notice(settings: Settings) -> str | None:
    """What to say when people would be refused by the name they type."""
    if is_loopback(settings.api_host) or settings.hosts:
        return None
    return (
        f"The API listens on {settings.api_host}, and answers to {', '.join(settings.allowed_hosts)} only. "
        "Let SSENET_HOSTS name what people type, comma separated."
    )
