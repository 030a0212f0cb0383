"""``ssenet-lab``: run the product, and what its operator does beside."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from backend.lab_data import data_app, import_run
from backend.lab_tokens import token_app
from backend.upkeep.command import upkeep
from ssenet.errors import UserError

if TYPE_CHECKING:  # the commands import what they need: help answers at once
    from backend.settings import Settings

cli = typer.Typer(
    name="ssenet-lab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="SSENet Lab, the service.",
)
db_app = typer.Typer(no_args_is_help=True, help="The database.")
worker_app = typer.Typer(no_args_is_help=True, help="The two Celery workers.")
cli.add_typer(db_app, name="db")
cli.add_typer(data_app, name="data")
cli.add_typer(token_app, name="token")
cli.command(name="import")(import_run)
cli.command()(upkeep)

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of everything that is kept.")]
Host = Annotated[
    str | None, typer.Option("--host", help="Address to listen on. Beyond this host people log in, with access tokens.")
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port of the API; taken: the next free one.")
]
UiPort = Annotated[int | None, typer.Option("--ui-port", min=1, max=65535, help="Port of the pages.")]


def app() -> None:
    """Run a command; what a person can act on is printed without a traceback."""
    try:
        cli()
    except UserError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        sys.exit(1)


@cli.command()
def up(
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    ui_port: UiPort = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Leave out the pages.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Copy every log to the terminal.")] = False,
) -> None:
    """Start everything on this machine and print the address; Ctrl-C stops it all."""
    from backend.supervisor.up import run

    settings = configure(data_dir=data_dir, api_host=host, api_port=port, ui_port=ui_port)
    refuse_strangers(settings)
    raise typer.Exit(run(settings, ui=not no_ui, verbose=verbose))


@cli.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run the API alone, in this process."""
    from backend.supervisor.services import api_command

    settings = configure(api_host=host, api_port=port)
    refuse_strangers(settings)
    become(api_command(settings))


@cli.command()
def ui(host: Host = None, port: UiPort = None) -> None:
    """Run the pages alone, in this process; SSENET_API_URL says where the API is."""
    from backend.settings import is_loopback
    from backend.supervisor.binds import check_pages
    from backend.supervisor.services import UI_LOGIN, api_address, ui_command

    settings, host = configure(ui_port=port), host or "127.0.0.1"
    check_pages(host, os.environ.get("SSENET_API_URL") or api_address(settings))
    if settings.exposed or not is_loopback(host):
        os.environ[UI_LOGIN] = "1"
    become(ui_command(settings, host))


@cli.command()
def worker(queue: Annotated[str, typer.Argument(help="train or infer", metavar="QUEUE")]) -> None:
    """Run one Celery worker, in this process."""
    from backend.settings import Settings
    from backend.supervisor.binds import check_secrets
    from backend.supervisor.services import worker_command

    if queue not in ("train", "infer"):
        raise typer.BadParameter("there are the queues train and infer")
    settings = Settings()
    check_secrets(settings)
    become(worker_command("train" if queue == "train" else "infer", settings))


@cli.command()
def doctor() -> None:
    """Say what is installed and what works here."""
    from backend.settings import Settings
    from backend.supervisor.doctor import examine

    raise typer.Exit(examine(Settings()))


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Create or migrate the database, and add what is built in."""
    from backend.settings import Settings
    from backend.supervisor.up import add_builtins, migrate

    settings = Settings()
    migrate(settings)
    add_builtins(settings)


def configure(**changes: Any) -> Settings:
    """Settings from the environment with the given ones changed, for this process and all it starts."""
    from backend.settings import Settings

    for name, value in changes.items():
        if value is not None:
            os.environ[f"SSENET_{name.upper()}"] = str(value.absolute() if isinstance(value, Path) else value)
    return Settings()


def refuse_strangers(settings: Settings) -> None:
    """Start nothing that would let strangers in.

    Raises:
        UserError: there is no token to log in with, or a secret that is none.
    """
    from backend.supervisor import binds

    binds.check_secrets(settings)
    binds.check_api(settings)
    if (notice := binds.hosts_notice(settings)) is not None:
        typer.secho(notice, err=True, fg=typer.colors.YELLOW)


def become(command: list[str]) -> NoReturn:
    """Replace this process, so that signals reach the real one."""
    os.execv(command[0], command)


if __name__ == "__main__":
    app()
