"""The HTTP interface as one ASGI application around one environment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from tre.environment import Environment
from tre.gateway.address import PublicAddress
from tre.gateway.events import HeadsNotPublished, emit
from tre.gateway.guard import Guard
from tre.gateway.line import Line
from tre.gateway.metrics import Metrics
from tre.gateway.openapi import with_schemas
from tre.gateway.pending import Pending
from tre.gateway.problems import install_handlers
from tre.gateway.readiness import Readiness
from tre.gateway.routes import (
    airlock,
    airlock_pages,
    catalogue,
    datasets,
    identity,
    public,
    questions,
    register,
)
from tre.gateway.traces import Nobody, Tracer

PUBLISHED_EVERY_SECONDS: Final = 60

AHEAD: Final = 4
"""Questions that are read and priced while every process has one to answer."""

THREADS: Final = 16
"""For all that is not a question. More would only take turns with one another."""

API_VERSION: Final = "1.0"
"""Of the addresses under `/v1`: the second number grows when something is added."""


def create_app(
    environment: Environment,
    *,
    inbox: Path | None = None,
    address: PublicAddress | None = None,
    tracer: Tracer | None = None,
) -> FastAPI:
    """The application. The caller opens and closes the environment.

    `inbox` has a folder for each controller, whose files manifests sent by its stewards
    may name; without one it onboards nothing. `address` is where people reach it, and
    nothing else is answered to; without one only this machine is.
    """
    public_address = address or PublicAddress()
    app = _Gateway(
        title="Trusted research environment",
        summary="Questions about people, answered under differential privacy.",
        version=API_VERSION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.environment = environment
    app.state.inbox = inbox
    app.state.line = Line(environment.at_a_time + AHEAD)
    app.state.pending = Pending(app.state.line)
    app.state.metrics = Metrics()
    app.state.readiness = Readiness()
    app.state.address = public_address
    app.add_middleware(
        Guard,
        metrics=app.state.metrics,
        address=public_address,
        tracer=tracer or Nobody(),
    )
    install_handlers(app)
    parts = (questions, datasets, catalogue, identity, register, public)
    for part in (*parts, airlock, airlock_pages):
        app.include_router(part.router)
    return app


class _Gateway(FastAPI):
    """FastAPI, with the schemas that its routes only name."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = with_schemas(super().openapi())
        return self.openapi_schema


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Heads are published while it runs; at its end, questions come to theirs.

    Nobody is listened to before every enclave process is ready for a question.
    """
    current_default_thread_limiter().total_tokens = THREADS
    await run_in_threadpool(app.state.environment.await_enclave)
    publishing = asyncio.create_task(_publish_heads(app.state.environment))
    yield
    publishing.cancel()
    await run_in_threadpool(app.state.line.close)
    await run_in_threadpool(_publish, app.state.environment)


async def _publish_heads(environment: Environment) -> None:
    while True:
        await run_in_threadpool(_publish, environment)
        await asyncio.sleep(PUBLISHED_EVERY_SECONDS)


def _publish(environment: Environment) -> None:
    """Publish the log's head, where a place was set; a log may say so, a reader not."""
    try:
        environment.log.publish()
    except Exception as error:  # noqa: BLE001 - answering goes on
        emit(HeadsNotPublished(type(error).__name__))
