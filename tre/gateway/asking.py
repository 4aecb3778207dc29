"""What every route may ask for: the environment, and who is speaking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from privacy.errors import Refused
from tre.environment import Environment
from tre.gateway.metrics import Metrics
from tre.gateway.pending import Pending

_bearer = HTTPBearer(
    auto_error=False, description="A token from `tre token issue`, shown once."
)


def _environment(request: Request) -> Environment:
    environment: Environment = request.app.state.environment
    return environment


def _inbox(request: Request) -> Path | None:
    inbox: Path | None = request.app.state.inbox
    return inbox


def _pending(request: Request) -> Pending:
    pending: Pending = request.app.state.pending
    return pending


def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


def _person(
    environment: Annotated[Environment, Depends(_environment)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    if credentials is None:
        raise Refused(
            "not_authenticated",
            "This address needs a token: send `Authorization: Bearer …`.",
        )
    return environment.authenticate(credentials.credentials)


TheEnvironment = Annotated[Environment, Depends(_environment)]
TheInbox = Annotated[Path | None, Depends(_inbox)]
ThePending = Annotated[Pending, Depends(_pending)]
TheMetrics = Annotated[Metrics, Depends(_metrics)]
Person = Annotated[str, Depends(_person)]
