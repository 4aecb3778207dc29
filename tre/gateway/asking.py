"""What every route may ask for: the environment, and who is speaking, for what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from privacy.errors import Refused
from tre.environment import Environment
from tre.gateway.address import PublicAddress
from tre.gateway.line import Line
from tre.gateway.metrics import Metrics
from tre.gateway.pending import Pending
from tre.gateway.readiness import Readiness
from tre.governance.scopes import Scope
from tre.identity.desk import Caller
from tre.identity.sessions import check_page_token

SESSION_COOKIE: Final = "__Host-tre"
PAGE_TOKEN: Final = "X-CSRF-Token"  # noqa: S105 - the name of a header
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(
    auto_error=False, description="A token from `tre token issue`, shown once."
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    description=f"A browser's session; changes need `{PAGE_TOKEN}` beside it.",
)


def _environment(request: Request) -> Environment:
    environment: Environment = request.app.state.environment
    return environment


def _inbox(request: Request) -> Path | None:
    inbox: Path | None = request.app.state.inbox
    return inbox


def _place(request: Request) -> str:
    """Where people reach us, as an address without a path."""
    address: PublicAddress = request.app.state.address
    return address.of(request.scope)


def _pending(request: Request) -> Pending:
    pending: Pending = request.app.state.pending
    return pending


def _line(request: Request) -> Line:
    line: Line = request.app.state.line
    return line


def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


def _readiness(request: Request) -> Readiness:
    readiness: Readiness = request.app.state.readiness
    return readiness


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _caller(
    request: Request,
    environment: Annotated[Environment, Depends(_environment)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """Who speaks. A token goes before a cookie, which needs a page's own token."""
    if credentials is not None:
        return environment.identity.bearer(credentials.credentials)
    if session is None:
        raise Refused(
            "not_authenticated",
            "This address needs a token: send `Authorization: Bearer …`.",
        )
    caller = environment.identity.session(session)
    if request.method not in _HARMLESS:
        check_page_token(session, request.headers.get(PAGE_TOKEN))
    return caller


def _for(scope: Scope) -> Callable[..., str]:
    def person(caller: Annotated[Caller, Depends(_caller)]) -> str:
        return caller.needs(scope)

    return person


TheEnvironment = Annotated[Environment, Depends(_environment)]
TheInbox = Annotated[Path | None, Depends(_inbox)]
ThePlace = Annotated[str, Depends(_place)]
TheLine = Annotated[Line, Depends(_line)]
ThePending = Annotated[Pending, Depends(_pending)]
TheReadiness = Annotated[Readiness, Depends(_readiness)]
TheMetrics = Annotated[Metrics, Depends(_metrics)]
Address = Annotated[str, Depends(_address)]
SessionCookie = Annotated[str | None, Depends(_cookie)]
TheCaller = Annotated[Caller, Depends(_caller)]


def _in_person(caller: Annotated[Caller, Depends(_caller)]) -> str:
    return caller.in_person()


InPerson = Annotated[str, Depends(_in_person)]
Reader = Annotated[str, Depends(_for(Scope.READ))]
Asker = Annotated[str, Depends(_for(Scope.ASK))]
Carrier = Annotated[str, Depends(_for(Scope.CARRY))]
Publisher = Annotated[str, Depends(_for(Scope.PUBLISH))]
Holder = Annotated[str, Depends(_for(Scope.ACCOUNT))]
