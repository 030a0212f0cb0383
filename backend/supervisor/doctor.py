"""``ssenet-lab doctor``: what is installed and what works here."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from backend.settings import Settings
from backend.store import tokens
from backend.store.database import Database
from backend.store.migrate import is_current
from backend.supervisor import valkey
from ssenet.crf import unavailable
from ssenet.errors import UserError

_PACKAGES = ("ssenet-lab", "torch", "torchvision", "timm", "fastapi", "streamlit", "celery", "sqlalchemy")


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is good, and what was found."""

    subject: str
    good: bool
    text: str


def examine(settings: Settings) -> int:
    """Print all findings; returns 1 when something that is needed is missing."""
    table = Table("", "what", "found", box=None, pad_edge=False)
    findings = [check(settings) for check in CHECKS]
    for finding in findings:
        table.add_row("[green]ok[/]" if finding.good else "[red]no[/]", finding.subject, finding.text)
    Console(highlight=False).print(table)
    return 0 if all(finding.good for finding in findings) else 1


def python(_: Settings) -> Finding:
    """The interpreter and the packages."""
    missing, found = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    text = f"{platform.python_version()}, {', '.join(found)}" + (f"; missing: {', '.join(missing)}" if missing else "")
    return Finding("python", not missing, text)


def device(_: Settings) -> Finding:
    """What the science computes on; asked in a process of its own, since the service never loads torch."""
    code = (
        "import torch, torchvision\n"
        "cuda = torch.cuda.is_available()\n"
        "name = torch.cuda.get_device_name(0) if cuda else f'cpu, {torch.get_num_threads()} threads'\n"
        "import sys; sys.stdout.write(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    return Finding("device", done.returncode == 0, done.stdout or done.stderr.strip()[-200:])


def broker(settings: Settings) -> Finding:
    """The broker that is named, or the program that ``up`` would start."""
    if settings.redis_url:
        from backend.queue import Doorbell

        answers = Doorbell.of(settings).ping()
        return Finding(
            "broker", answers, "answers" if answers else "SSENET_REDIS_URL is set, but nothing answers there"
        )
    try:
        return Finding("broker", True, f"embedded: {valkey.find_server()}")
    except UserError as error:
        return Finding("broker", False, str(error))


def database(settings: Settings) -> Finding:
    """The database and its schema."""
    if settings.is_sqlite and not (settings.data_dir / "ssenet.db").exists() and not settings.database_url:
        return Finding("database", True, f"none yet; 'up' creates it in {settings.data_dir}")
    store = Database(settings.database)
    try:
        current = is_current(store.engine)
    except SQLAlchemyError as error:
        return Finding("database", False, str(error).splitlines()[0])
    finally:
        store.dispose()
    return Finding("database", True, store.url + ("" if current else "; 'ssenet-lab db upgrade' will migrate it"))


def access(settings: Settings) -> Finding:
    """Whether people log in, and whether anyone could."""
    wanted = f"the API wants {'a token of everyone' if settings.login_required else 'no token on this host'}"
    if settings.is_sqlite and not settings.database_url and not (settings.data_dir / "ssenet.db").exists():
        return Finding("access", not settings.login_required, f"{wanted}; there is no database and no token yet")
    store = Database(settings.database)
    try:
        with store.read() as session:
            living = tokens.living(session)
    except SQLAlchemyError as error:
        return Finding("access", False, f"{wanted}; tokens cannot be counted: {type(error).__name__}")
    finally:
        store.dispose()
    return Finding("access", bool(living) or not settings.login_required, f"{wanted}; {living} living tokens")


def disk(settings: Settings) -> Finding:
    """Room for checkpoints and maps."""
    folder = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free / 2**30
    return Finding("disk", free > 1, f"{free:.0f} GiB free for {settings.data_dir}")


def crf(_: Settings) -> Finding:
    """The dense CRF, which is optional."""
    reason = unavailable()
    return Finding("dense CRF", True, "built" if reason is None else f"not built, which is optional. {reason}")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (python, device, broker, database, access, disk, crf)
