"""Answers to methods that an address does not take: they name all that it does take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from backend.problems import Problem, render

Methods = Mapping[str, set[str]]


def install(app: FastAPI, prefix: str, routers: Iterable[APIRouter]) -> None:
    """Let 405 answers name every method of their address; the router names those of its first route only."""
    known = _by_path(prefix, routers)

    async def handle(request: Request, error: Exception) -> Response:
        found = methods(known, request.url.path)
        own = (error.headers or {}).get("Allow", "GET") if isinstance(error, HTTPException) else ""
        allowed = ", ".join(sorted(found)) if found else own
        text = f"This address does not take this method; it takes {allowed}."
        problem = Problem(405, "method-not-allowed", text, headers={"Allow": allowed})
        return render(problem, request.scope.get("request_id", ""))

    app.add_exception_handler(405, handle)


def _by_path(prefix: str, routers: Iterable[APIRouter]) -> Methods:
    known: dict[str, set[str]] = defaultdict(set)
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                known[prefix + route.path] |= route.methods or set()
    return dict(known)


def methods(known: Methods, path: str) -> set[str]:
    """The methods that are taken at ``path``, from those of every template of a path."""
    if path in known:  # it is no id of the addresses beside it, though it could be read as one
        return known[path]
    found = [methods for template, methods in known.items() if compile_path(template)[0].match(path)]
    return set().union(*found)
