"""Access of the stand-in: people, their tokens, and what each of them asked for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

ANNA, BERT, ROOT = "sslab_annas-own-token", "sslab_berts-own-token", "sslab_the-operators"
Next = Callable[[Request], Awaitable[Response]]


class FakeAccess:
    """Who may come in. Without ``required`` everybody is the operator."""

    def __init__(self) -> None:
        self.required = False
        self.people: dict[str, dict[str, Any]] = {
            ANNA: person("anna", "run"), BERT: person("bert", "read"), ROOT: person("root", "admin"),
        }  # fmt: skip
        self.seen: list[tuple[str, str]] = []
        self.authorizations: list[str] = []
        self.refuse_next: JSONResponse | None = None

    def asked_by(self, user: str) -> set[str]:
        """Paths that somebody asked for."""
        return {path for who, path in self.seen if who == user}

    def expire(self, token: str) -> None:
        """Let a token run out."""
        self.people[token]["expires_at"] = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


def person(user: str, *scopes: str) -> dict[str, Any]:
    """A token of somebody that is good for ten days."""
    now = datetime.now(UTC)
    return {
        "id": f"id-{user}", "user": user, "name": f"{user}'s laptop", "scopes": list(scopes), "revoked_at": None,
        "created_at": now.isoformat(), "expires_at": (now + timedelta(days=10)).isoformat(), "last_used_at": None,
    }  # fmt: skip


def refused(status: int, title: str, detail: str, **headers: str) -> JSONResponse:
    """A problem."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": []}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def access_routes(access: FakeAccess, app: FastAPI) -> None:
    """The check of every request, and the routes about tokens."""

    @app.middleware("http")
    async def check(request: Request, call_next: Next) -> Response:
        request.state.who = {"user": "", "scopes": ["admin"], "expires_at": None}
        given = request.headers.get("Authorization")
        if given is not None:
            access.authorizations.append(given)
            answer = _problem(access, given.removeprefix("Bearer "))
            if answer is not None:
                return answer
            request.state.who = access.people[given.removeprefix("Bearer ")]
        elif access.required:
            return refused(401, "Unauthorized", "Log in: send your access token.")
        who = request.state.who
        access.seen.append((who["user"], f"{request.method} {request.url.path}?{request.url.query}"))
        if request.method not in ("GET", "HEAD") and "read" in who["scopes"]:
            return refused(403, "Forbidden", "Your access token lacks the scope 'run'.")
        if access.refuse_next is not None and not request.url.path.endswith(("/whoami", "/readyz")):
            return access.refuse_next
        return await call_next(request)

    @app.get("/api/v1/whoami")
    def whoami(request: Request) -> dict[str, Any]:
        return {**request.state.who, "login_required": access.required}

    @app.get("/api/v1/tokens")
    def tokens(request: Request) -> dict[str, Any]:
        who = request.state.who
        admin = "admin" in who["scopes"]
        return {"items": [one for one in access.people.values() if admin or one["user"] == who["user"]]}

    @app.post("/api/v1/tokens", status_code=201)
    async def create(request: Request) -> dict[str, Any]:
        body = await request.json()
        made = person(body["user"], *body["scopes"]) | {"name": body["name"], "id": f"id-{len(access.people)}"}
        access.people[f"sslab_new-for-{body['user']}"] = made
        return made | {"token": f"sslab_new-for-{body['user']}"}

    @app.delete("/api/v1/tokens/{token_id}", status_code=204)
    def revoke(token_id: str) -> None:
        for one in access.people.values():
            if one["id"] == token_id:
                one["revoked_at"] = datetime.now(UTC).isoformat()


def _problem(access: FakeAccess, token: str) -> JSONResponse | None:
    known = access.people.get(token)
    if known is None or known["revoked_at"] is not None:
        return refused(401, "Unauthorized", "This access token is not valid. Ask the operator for another one.")
    if datetime.fromisoformat(known["expires_at"]) < datetime.now(UTC):
        return refused(401, "Unauthorized", "This access token has expired. Ask the operator for another one.")
    return None
