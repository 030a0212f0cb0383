"""Who asks, and access tokens: making, listing, revoking."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request, Response
from sqlalchemy import select

from backend.access.caller import current
from backend.access.login import missing_scope
from backend.problems import not_found, responses
from backend.schemas.tokens import MadeToken, NewToken, Token, Tokens, WhoAmI
from backend.service import Id, ServiceDep
from backend.store import tokens
from backend.store.models import AccessToken as Row

router = APIRouter(tags=["access"])


@router.get("/whoami")
def get_caller(request: Request, response: Response) -> WhoAmI:
    """Whose token this is, and what it is good for."""
    caller = current()
    response.headers["Cache-Control"] = "no-store"
    return WhoAmI.model_validate(
        {
            "user": caller.user,
            "scopes": list(caller.scopes),
            "login_required": request.scope["login_required"],
            "expires_at": caller.expires_at,
        }
    )


def _admin_only() -> None:
    if not current().may("admin"):
        raise missing_scope("admin")


@router.post("/tokens", status_code=201, responses=responses(413), dependencies=[Depends(_admin_only)])
def create_token(service: ServiceDep, response: Response, wanted: Annotated[NewToken, Body()]) -> MadeToken:
    """Make an access token; needs the scope admin. Its secret is in this answer and nowhere else."""
    with service.database.write() as session:
        row, secret = tokens.create(session, wanted.user, scopes=wanted.scopes, days=wanted.days, name=wanted.name)
        made = Token.model_validate(row)
    response.headers["Cache-Control"] = "no-store"
    return MadeToken(**made.model_dump(), token=secret)


@router.get("/tokens")
def list_tokens(service: ServiceDep) -> Tokens:
    """Your access tokens, newest first; administrators see all."""
    query = select(Row).order_by(Row.created_at.desc(), Row.id.desc())
    caller = current()
    query = query if caller.may("admin") else query.where(Row.user == caller.user)
    with service.database.read() as session:
        return Tokens(items=[Token.model_validate(row) for row in session.scalars(query)])


@router.delete("/tokens/{token_id}", status_code=204, responses=responses(404))
def revoke_token(service: ServiceDep, token_id: Id) -> None:
    """Revoke a token of yours, at once; administrators any."""
    caller = current()
    with service.database.write() as session:
        row = session.get(Row, token_id)
        if row is None or not (caller.may("admin") or row.user == caller.user):
            raise not_found("token", token_id)
        tokens.revoke(session, row)
