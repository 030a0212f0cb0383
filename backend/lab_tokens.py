"""``ssenet-lab token …``: who may log in."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from backend.lab_data import opened
from ssenet.errors import UserError

token_app = typer.Typer(no_args_is_help=True, help="Access tokens: who may log in.")
_console = Console(highlight=False, soft_wrap=True)
_WIDE = 200  # ids are to be copied: they are not cut off where the terminal ends


class TokenScope(StrEnum):
    """What a token is good for."""

    read = "read"
    run = "run"
    admin = "admin"


Scopes = Annotated[
    list[TokenScope],
    typer.Option("--scope", help="May be given several times: read, run (submit and change), admin (all of it)."),
]


@token_app.command("create")
def create(
    user: Annotated[str, typer.Argument(help="Whom it lets in; what they make belongs to this name.")],
    scope: Scopes = [TokenScope.read, TokenScope.run],  # noqa: B006  (typer reads it only)
    days: Annotated[float, typer.Option("--days", min=0.001, help="Until it expires.")] = 90,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", help="It never expires.")] = False,
    name: Annotated[str, typer.Option("--name", help="Label, to tell tokens apart.")] = "",
) -> None:
    """Make an access token and print it, this once."""
    from backend.store import tokens

    with opened() as database, database.write() as session:
        scopes: list[tokens.Scope] = [one.value for one in scope]
        row, secret = tokens.create(session, user, scopes=scopes, days=None if no_expiry else days, name=name)
    until = "never expires" if row.expires_at is None else f"expires on {_day(row.expires_at)}"
    _console.print(f"Token {row.id} of {escape(user)} ({', '.join(row.scopes)}), which {until}.")
    _console.print("Keep it now, it is not shown again:")
    typer.echo(secret)  # alone in its line, for scripts


@token_app.command("list")
def show() -> None:
    """List all tokens, newest first; secrets are not kept and not shown."""
    from sqlalchemy import select

    from backend.store import tokens
    from backend.store.database import now
    from backend.store.models import AccessToken

    columns = [Column(head, no_wrap=True) for head in ("id", "user", "name", "scopes", "state", "expires", "last used")]
    table = Table(*columns, box=None, pad_edge=False)
    with opened() as database, database.read() as session:
        at = now(session)
        for row in session.scalars(select(AccessToken).order_by(AccessToken.created_at.desc())):
            dates = [_day(row.expires_at), _day(row.last_used_at)]
            table.add_row(row.id, row.user, escape(row.name), ",".join(row.scopes), tokens.state(row, at), *dates)
    Console(highlight=False, width=max(_console.width, _WIDE)).print(table)


@token_app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the token, as 'token list' shows.")],
) -> None:
    """Let a token never let anyone in again."""
    from backend.store import tokens
    from backend.store.models import AccessToken

    with opened() as database, database.write() as session:
        row = session.get(AccessToken, token_id)
        if row is None:
            raise UserError(f"There is no token {token_id!r}: see 'ssenet-lab token list'.")
        tokens.revoke(session, row)
    _console.print(f"Token {row.id} of {escape(row.user)} is revoked.")


def _day(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
