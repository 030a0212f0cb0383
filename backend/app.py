"""The API: ``python -m backend.serving``, or under another ASGI server ``backend.app:create_app``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

import ssenet
from backend import allowed_methods, logs, problems
from backend.access.caller import OPERATOR, acting_as
from backend.access.login import Login, declare_login
from backend.access.rates import RateLimit, Rates
from backend.metrics.registry import CountRequests, Metrics
from backend.openapi_examples import add_examples
from backend.problems import ProblemDetails, responses
from backend.routes import (
    aggregation,
    alpha,
    bundles,
    cams,
    checkpoints,
    comparisons,
    crf,
    datasets,
    equivariance,
    evaluations,
    images,
    jobs,
    metrics,
    pipelines,
    rankings,
    scores,
    service,
    sets,
    tables,
    tokens,
)
from backend.security import BodyLimit, Guard, RequestContext
from backend.service import Service
from backend.settings import MEBI, Settings
from backend.slow_bodies import BodyTime, declare_timeouts
from backend.store.migrate import upgrade
from backend.store.seed import seed
from backend.sweeper import Sweeper

PREFIX = "/api/v1"
OPEN = f"{PREFIX}/healthz"
"""The only operation that needs no log-in."""
ROUTES = (
    service,
    metrics,
    images,
    datasets,
    checkpoints,
    cams,
    bundles,
    equivariance,
    crf,
    jobs,
    pipelines,
    evaluations,
    alpha,
    comparisons,
    sets,
    scores,
    rankings,
    tables,
    aggregation,
    tokens,
)
_DESCRIPTION = "Class activation maps at any scale, training of networks that keep them equal, and the proof."
_MULTIPART = 64 * 1024  # room for part headers around a file
_REFERENCE = "#/components/schemas/{model}"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API of an installation; without ``settings`` those of the environment."""
    settings = settings or Settings()
    logs.configure(settings, "api")
    app = FastAPI(
        title="SSENet Lab",
        version=ssenet.__version__,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings, app.state.metrics = settings, Metrics()
    app.include_router(_api())
    problems.install(app)
    allowed_methods.install(app, PREFIX, [module.router for module in ROUTES])
    _surround(app, settings)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    running = Service(app.state.settings, app.state.metrics)
    app.state.service = running
    with acting_as(OPERATOR):
        await to_thread.run_sync(prepare, running)
    running.decoders.warm()
    sweeper = Sweeper(running)
    sweeper.start()
    try:
        yield
    finally:
        await to_thread.run_sync(sweeper.stop)
        running.close()


def prepare(running: Service) -> None:
    """Bring the database up to date and add what comes with the product."""
    upgrade(running.database.engine)
    seed(running.database, running.settings)


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX, responses=responses(400, 401, 403, 422, 429, 500, 503, 507))
    for module in ROUTES:
        api.include_router(module.router)
    return api


def _surround(app: FastAPI, settings: Settings) -> None:
    """Middleware, the innermost first."""
    larger = {
        f"{PREFIX}/images": settings.image_bytes + _MULTIPART,
        f"{PREFIX}/checkpoints": settings.weights_bytes + MEBI + _MULTIPART,
    }
    rates = Rates(settings)
    app.add_middleware(BodyTime, seconds=settings.body_seconds)
    app.add_middleware(BodyLimit, limit=settings.body_bytes, larger=larger)
    app.add_middleware(RateLimit, rates=rates)
    app.add_middleware(Login, required=settings.login_required, open_path=OPEN, rates=rates)
    app.add_middleware(Guard, hosts=settings.allowed_hosts)
    app.add_middleware(RequestContext)
    app.add_middleware(CountRequests, metrics=app.state.metrics)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = schema["components"]["schemas"]
        problem = ProblemDetails.model_json_schema(ref_template=_REFERENCE)
        schemas |= problem.pop("$defs")
        schemas["ProblemDetails"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        add_examples(schema)
        declare_timeouts(schema)
        declare_login(schema, open_path=OPEN)
        app.openapi_schema = schema
    return app.openapi_schema
