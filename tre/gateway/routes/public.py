"""What anybody may read: the log's signed head, health, counters."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from starlette.responses import PlainTextResponse

from tre.gateway import metrics as prometheus
from tre.gateway.asking import TheEnvironment, TheMetrics, TheReadiness
from tre.gateway.openapi import PROBLEMS
from tre.gateway.problems import Problem
from tre.gateway.wire import plain

Count = Annotated[int, Query(ge=0, lt=2**63)]

router: Final = APIRouter(tags=["public"], responses=PROBLEMS)


@router.get("/v1/audit/checkpoint", summary="The log's signed head")
def checkpoint(environment: TheEnvironment) -> dict[str, Any]:
    """Keep it: `tre audit verify --checkpoint` shows that nothing before it changed."""
    head: dict[str, Any] = plain(environment.checkpoint())
    return head


@router.get(
    "/v1/audit/checkpoint.txt",
    summary="The log's signed head, as a note",
    response_class=PlainTextResponse,
)
def note(environment: TheEnvironment) -> str:
    """C2SP's tlog-checkpoint: what other people's tools and witnesses read."""
    return environment.log.note().written()


@router.get(
    "/v1/audit/key", summary="The log's public key", response_class=PlainTextResponse
)
def key(environment: TheEnvironment) -> str:
    """The verifier key of notes; receipts are signed with the same."""
    return f"{environment.log.verifier_key()}\n"


@router.get("/v1/audit/inclusion", summary="The proof that a record is in the log")
def inclusion(
    environment: TheEnvironment, position: Count, size: Count | None = None
) -> dict[str, Any]:
    """Hashes from a record's leaf to the root of `size` records (RFC 9162)."""
    proof: dict[str, Any] = plain(environment.log.inclusion(position, size))
    return proof


@router.get("/v1/audit/consistency", summary="The proof that the log only grew")
def consistency(
    environment: TheEnvironment, earlier: Count, later: Count | None = None
) -> dict[str, Any]:
    """Hashes that show the first `earlier` records unchanged (RFC 9162)."""
    proof: dict[str, Any] = plain(environment.log.consistency(earlier, later))
    return proof


@router.get("/healthz", summary="Whether the server is running")
async def healthz() -> dict[str, str]:
    """Says nothing of what stands behind it."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether the server can answer questions")
def readyz(environment: TheEnvironment, ready: TheReadiness) -> dict[str, str]:
    """503 while no question could be charged and run.

    The database is written to, to see, and a process stands ready for what is asked.
    """
    try:
        ready.look(environment.check_ready)
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not ready
        raise Problem(
            503, "not_ready", "No question can be answered just now."
        ) from None
    return {"status": "ready"}


@router.get("/metrics", summary="Counters, as Prometheus text")
async def metrics(counters: TheMetrics) -> Response:
    """Requests by route and status, refusals by code."""
    return Response(counters.text(), media_type=prometheus.MEDIA_TYPE)
