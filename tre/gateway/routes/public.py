"""What anybody may read: the log's signed head, health, counters."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response

from privacy.errors import Refused
from tre.gateway import metrics as prometheus
from tre.gateway.asking import TheEnvironment, TheMetrics
from tre.gateway.openapi import PROBLEMS
from tre.gateway.problems import Problem
from tre.gateway.wire import plain

router: Final = APIRouter(tags=["public"], responses=PROBLEMS)


@router.get("/v1/audit/checkpoint", summary="The log's signed head")
def checkpoint(environment: TheEnvironment) -> dict[str, Any]:
    """Keep it: `tre audit verify --checkpoint` shows that nothing before it changed."""
    head: dict[str, Any] = plain(environment.checkpoint())
    return head


@router.get("/v1/register", summary="The public register (not there yet)")
def register() -> None:
    """Who asked what, why, and under whose approval. Refuses until it is there."""
    raise Refused("not_there_yet", "The public register is not there yet.")


@router.get("/healthz", summary="Whether the server is running")
def healthz() -> dict[str, str]:
    """Says nothing of what stands behind it."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether the server can answer questions")
def readyz(environment: TheEnvironment) -> dict[str, str]:
    """503 while the control database cannot be read."""
    try:
        environment.datasets()
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not ready
        raise Problem(
            503, "not_ready", "The environment cannot be read just now."
        ) from None
    return {"status": "ready"}


@router.get("/metrics", summary="Counters, as Prometheus text")
def metrics(counters: TheMetrics) -> Response:
    """Requests by route and status, refusals by code."""
    return Response(counters.text(), media_type=prometheus.MEDIA_TYPE)
